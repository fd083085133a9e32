"""Makes the requests of Schemathesis reach the code behind the proof of the sender.

TRUNKLINE_SOURCES names a file with the configured sources: a list of objects with `source`, `kinds`, `token` (the path
token, or null), `headers` (what proves the vendor in every request) and `nxcloud` (uuid and secret, where requests are
signed). Most requests get a source that has their kind, its path token and its proof; the others stay as they were made.
"""

import hashlib
import json
import os
import time
import zlib

import requests
import schemathesis

with open(os.environ["TRUNKLINE_SOURCES"], encoding="utf-8") as file:
    SOURCES = json.load(file)


class Proof(requests.auth.AuthBase):
    """Proves the sender, over the bytes as they go out."""

    def __init__(self, source):
        self.source = source

    def __call__(self, request):
        request.headers.update(self.source["headers"])
        if nxcloud := self.source["nxcloud"]:
            body = request.body or b""
            body = body.encode() if isinstance(body, str) else body
            created, number = str(int(time.time())), "request-1"
            parts = [nxcloud["secret"].encode(), b"&body=", body]
            parts += [f"&createTs={created}&requestID={number}&uuid={nxcloud['uuid']}".encode()]
            sign = hashlib.md5(b"".join(parts)).hexdigest().upper()
            request.headers.update({"uuid": nxcloud["uuid"], "createTs": created, "requestID": number, "sign": sign})
        return request


def source_of(path):
    """The source for a path, as the document has it; None when no source has its kind."""
    *before, last = path.split("/")
    if before[-1] == "{source}" and last in ("token", "calls"):
        return next((source for source in SOURCES if last in source["kinds"]), None)
    with_token = before[-1] == "{token}"
    fits = lambda source: last in source["kinds"] and bool(source["token"]) == with_token
    return next((source for source in SOURCES if fits(source)), None)


@schemathesis.hook
def before_call(context, case, kwargs):
    path = context.operation.path
    source = source_of(path) if "{source}" in path else None
    if source is None:
        return
    # By what was made, so that a run can be repeated; other methods always, because a source that is not there has none.
    made = json.dumps([case.path_parameters, case.query], default=str, sort_keys=True)
    if case.method.upper() == "POST" and zlib.crc32(made.encode()) % 8 == 0:
        return
    case.path_parameters["source"] = source["source"]
    if source["token"]:
        case.path_parameters["token"] = source["token"]
    # Some stay unproven. For dialers a check of its own sees to that.
    if not path.endswith("/calls") and zlib.crc32(made.encode()) % 8 > 2:
        kwargs["auth"] = Proof(source)
