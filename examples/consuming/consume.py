"""Reads trunkline.events and keeps what is true now of every fact.

    python consume.py --brokers localhost:9092

Needs confluent-kafka and jsonschema (requirements.txt).
"""

import argparse
import json
import sys

from confluent_kafka import Consumer, KafkaException
from jsonschema import Draft202012Validator

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--brokers", default="localhost:9092")
arguments.add_argument("--topic", default="trunkline.events")
arguments.add_argument("--group", default="consuming-python")
arguments.add_argument("--schema", default="schemas/event.json")
arguments.add_argument("--count", type=int, default=0, help="end after so many events; 0 goes on for ever")
options = arguments.parse_args()

with open(options.schema, encoding="utf-8") as file:
    schema = Draft202012Validator(json.load(file))

consumer = Consumer(
    {
        "bootstrap.servers": options.brokers,
        "group.id": options.group,
        # Events of transactions that were aborted are not for you.
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        # Committed below, when the event is safe with us.
        "enable.auto.commit": False,
    }
)
consumer.subscribe([options.topic])

facts: dict[str, dict] = {}  # your database: event key -> latest event
invalid = 0
read = 0
try:
    while options.count == 0 or read < options.count:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        event = json.loads(message.value())
        read += 1
        # Reported and taken all the same: a newer trunkline may say things an older schema does not know.
        for error in schema.iter_errors(event):
            invalid += 1
            print(f"not as the schema says: {error.json_path}: {error.message}", file=sys.stderr)
        # The highest revision of a fact replaces the others. That also makes it harmless to read an event twice,
        # which happens when this program dies before its commit.
        known = facts.get(event["key"])
        if known is None or event["revision"] > known["revision"]:
            facts[event["key"]] = event
            print(event["type"], event["subject"], f"r{event['revision']}", event.get("outcome") or "-", flush=True)
        consumer.commit(message, asynchronous=False)
finally:
    consumer.close()
print(f"{read} events, {len(facts)} facts, {invalid} not as the schema says")
sys.exit(1 if invalid else 0)
