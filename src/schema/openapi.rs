//! OpenAPI 3.1 of both listeners.
//!
//! One path for each kind of callback. Vendors whose kinds share a name share the path, because templates may not
//! collide; the body is then any of theirs. What each vendor is answered is asked of its adapter.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use jiff::Timestamp;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::demo_sources;
use crate::dialer::Placing;
use crate::http::{problem, status};
use crate::reject::{Class, Reason};
use crate::source::Source;
use crate::vendor::{Answer, Kind, Unsigned, Vendor};

/// Where the schemas of bodies are.
const SCHEMAS: &str = "#/components/schemas/";

/// A kind as one vendor sends it.
struct Sent {
    source: Arc<Source>,
    kind: &'static Kind,
    body: Value,
}

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Map::new();
    let mut kinds: BTreeMap<&str, Vec<Sent>> = BTreeMap::new();
    for source in demo_sources().into_values() {
        for (kind, body) in source.vendor.kinds().iter().zip(bodies(source.vendor, &mut schemas)) {
            kinds.entry(kind.name).or_default().push(Sent { source: source.clone(), kind, body });
        }
    }
    schemas.insert("problem".to_owned(), problem_schema());
    let mut paths = Map::new();
    for (name, sent) in &kinds {
        for (path, token) in [
            (format!("/v1/callbacks/{{source}}/{name}"), false),
            (format!("/v1/callbacks/{{source}}/{{token}}/{name}"), true),
        ] {
            paths.insert(path, json!({ "parameters": path_parameters(token), "post": callback(name, sent, token) }));
        }
    }
    paths.insert("/v1/sources/{source}/token".to_owned(), token_path());
    paths.insert("/v1/sources/{source}/calls".to_owned(), calls_path(&mut schemas));
    paths.extend(admin_paths());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "trunkline",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": "Vendors POST their callbacks here. A success is answered in the vendor's own form, and only \
                            when every event is safe in Kafka.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{
            "url": "https://{host}",
            "description": "The callback listener (`http.listen`), as vendors reach it (`http.public_url`).",
            "variables": { "host": { "default": "callbacks.example.com" } },
        }],
        "tags": [
            { "name": "callbacks", "description": "What vendors call." },
            { "name": "dialers", "description": "What dialers tell about the calls they placed." },
            { "name": "admin", "description": "Probes and metrics, for the operator only." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problems(),
            "securitySchemes": { "dialer": {
                "type": "http", "scheme": "bearer", "description": "One of the source's `dialer_tokens`.",
            } },
        },
    })
}

/// The body of each kind of `vendor`; the schemas they refer to go to `schemas` under the vendor's name.
fn bodies(vendor: &dyn Vendor, schemas: &mut Map<String, Value>) -> Vec<Value> {
    let mut generator = component_generator();
    let mut bodies: Vec<Value> = vendor.kinds().iter().map(|kind| (kind.body)(&mut generator).to_value()).collect();
    bodies.iter_mut().for_each(|body| prefix_references(body, vendor.name()));
    for (name, mut schema) in generator.take_definitions(true) {
        prefix_references(&mut schema, vendor.name());
        schemas.insert(format!("{}.{name}", vendor.name()), schema);
    }
    bodies
}

fn component_generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// Two vendors may use one name for different things.
fn prefix_references(value: &mut Value, vendor: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member.as_str().and_then(|text| text.strip_prefix(SCHEMAS))) {
                    ("$ref", Some(target)) => *member = json!(format!("{SCHEMAS}{vendor}.{target}")),
                    _ => prefix_references(member, vendor),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prefix_references(item, vendor)),
        _ => {}
    }
}

fn path_parameters(token: bool) -> Value {
    let parameter = |name: &str, pattern: &str, description: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": { "type": "string", "pattern": pattern },
        })
    };
    let source = parameter("source", "^[a-z0-9-]{1,64}$", "Name of the configured source.");
    match token {
        false => json!([source]),
        true => json!([source, parameter("token", "^[A-Za-z0-9_-]{16,}$", "One of the source's `path_tokens`.")]),
    }
}

fn callback(name: &str, sent: &[Sent], token: bool) -> Value {
    let lines: Vec<String> = sent
        .iter()
        .map(|sent| format!("* [{}]({}): {}", sent.source.vendor.title(), sent.source.vendor.docs(), sent.kind.summary))
        .collect();
    let note = if token { "For sources that have `path_tokens`." } else { "For sources without `path_tokens`." };
    let mut responses = Map::new();
    for answer in [Answer::Accepted, Answer::TryAgain] {
        for (status, response) in vendor_answers(sent, answer) {
            responses.insert(status.as_str().to_owned(), response);
        }
    }
    for reason in Reason::ALL {
        let refused = matches!(reason.class(), Class::NotFound | Class::Unacceptable | Class::Unauthenticated);
        if refused {
            responses.insert(status(*reason).as_str().to_owned(), json!({ "$ref": reference(status(*reason)) }));
        }
    }
    json!({
        "operationId": format!("{name}{}", if token { "-with-token" } else { "" }),
        "tags": ["callbacks"],
        "summary": format!("A `{name}` callback"),
        "description": format!("{note}\n\n{}", lines.join("\n")),
        "parameters": signed_parameters(sent),
        "requestBody": { "required": true, "content": contents(sent) },
        "responses": responses,
    })
}

/// The bodies by media type; those of several vendors are alternatives.
fn contents(sent: &[Sent]) -> Value {
    let mut contents: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for sent in sent {
        let known = ["application/json", "application/x-www-form-urlencoded", "application/xml", "text/xml"];
        let mut accepted: Vec<_> = known.into_iter().filter(|known| sent.source.adapter.accepts(known)).collect();
        if accepted.is_empty() {
            accepted.push("*/*");
        }
        for media_type in accepted {
            let bodies = contents.entry(media_type).or_default();
            if !bodies.contains(&&sent.body) {
                bodies.push(&sent.body);
            }
        }
    }
    let content = |(media_type, bodies): (&str, Vec<&Value>)| {
        let schema = if let [body] = bodies.as_slice() { (*body).clone() } else { json!({ "anyOf": bodies }) };
        (media_type.to_owned(), json!({ "schema": schema }))
    };
    contents.into_iter().map(content).collect::<Map<_, _>>().into()
}

/// The headers and query members vendors prove themselves with: those `trunkline sign` makes.
fn signed_parameters(sent: &[Sent]) -> Value {
    let mut parameters: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for Sent { source, kind, .. } in sent {
        let unsigned = Unsigned { kind, body: "{}", now: Timestamp::UNIX_EPOCH, nonce: "nonce" };
        let Some(signed) = source.adapter.sign(&unsigned) else { continue };
        let headers = signed.headers.iter().map(|(name, _)| ("header", (*name).to_owned()));
        let query = signed.query.split('&').filter_map(|part| Some(("query", part.split_once('=')?.0.to_owned())));
        for (place, name) in headers.chain(query) {
            // OpenAPI has other places for these.
            if !["content-type", "authorization", "accept"].contains(&name.to_ascii_lowercase().as_str()) {
                parameters.entry((place, name)).or_default().push(source.vendor.title());
            }
        }
    }
    let parameter = |((place, name), vendors): ((&str, String), Vec<&str>)| {
        let description = format!("Sent by {}.", vendors.join(", "));
        json!({ "name": name, "in": place, "description": description, "schema": { "type": "string" } })
    };
    parameters.into_iter().map(parameter).collect()
}

/// What the vendors of a kind are answered, by status.
fn vendor_answers(sent: &[Sent], answer: Answer) -> BTreeMap<StatusCode, Value> {
    let description = match answer {
        Answer::Accepted => {
            "Every event is safe in Kafka, or the delivery is not understood and kept whole: do not repeat it."
        }
        Answer::TryAgain => "Kafka or trunkline cannot take it now: repeat it.",
    };
    let mut responses = BTreeMap::new();
    for Sent { source, .. } in sent {
        let reply = source.adapter.answer(answer);
        let response = responses.entry(reply.status).or_insert_with(|| json!({ "description": description }));
        if answer == Answer::TryAgain {
            response["headers"]["Retry-After"] = json!({
                "description": "Seconds, once to twice `http.retry_after_seconds`.",
                "schema": { "type": "integer", "minimum": 0 },
            });
        }
        if !reply.body.is_empty() {
            let value = serde_json::from_str(&reply.body).unwrap_or_else(|_| json!(reply.body));
            response["content"][reply.content_type]["examples"][source.vendor.name()] =
                json!({ "summary": source.vendor.title(), "value": value });
        }
    }
    responses
}

/// Why there is no token.
const TOKEN_ERRORS: &[&str] = &["invalid_client", "invalid_request", "unsupported_grant_type"];

fn token_path() -> Value {
    let text = json!({ "type": "string" });
    let mut responses = json!({
        "200": {
            "description": "An access token: RFC 6749, section 5.1.",
            "headers": { "Cache-Control": { "schema": { "const": "no-store" } } },
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": {
                    "access_token": text, "token_type": { "const": "Bearer" }, "expires_in": { "type": "integer", "minimum": 1 },
                },
                "required": ["access_token", "token_type", "expires_in"],
            } } },
        },
    });
    for code in ["404", "405", "413", "503"] {
        responses[code] = json!({ "$ref": format!("#/components/responses/problem-{code}") });
    }
    // Whoever asks for a token is told why in the words of OAuth; whoever may not ask here at all, as everywhere.
    for code in ["400", "401"] {
        let error = json!({ "schema": {
            "type": "object", "properties": { "error": { "enum": TOKEN_ERRORS } }, "required": ["error"],
        } });
        let problem = json!({ "schema": { "$ref": format!("{SCHEMAS}problem") } });
        responses[code] = json!({
            "description": "No token: RFC 6749, section 5.2.",
            "content": { "application/json": error, "application/problem+json": problem },
        });
    }
    let any = json!({ "schema": {} });
    json!({
        "parameters": path_parameters(false),
        "post": {
            "operationId": "token",
            "tags": ["callbacks"],
            "summary": "An access token",
            "description": "For vendors that ask for a token before they call. Other sources answer 404.",
            "requestBody": {
                "required": true,
                "content": { "application/json": any, "application/x-www-form-urlencoded": any },
            },
            "responses": responses,
        },
    })
}

fn calls_path(schemas: &mut Map<String, Value>) -> Value {
    let mut generator = component_generator();
    let body = generator.subschema_for::<Placing>().to_value();
    schemas.extend(generator.take_definitions(true));
    let mut responses = json!({
        "202": {
            "description": "The calls are durable: their results are asked for from now on.",
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": {
                    "accepted": { "type": "integer", "description": "How many calls are waited for." },
                    "calls": {
                        "type": "array", "items": { "type": "string" },
                        "description": "Their ids, as their events will have them for a subject.",
                    },
                    "events": { "type": "integer", "description": "How many facts were certain at once." },
                },
                "required": ["accepted", "calls", "events"],
            } } },
        },
        "422": {
            "description": "The body does not say which calls were placed; `detail` names the member and the fix.",
            "content": { "application/problem+json": { "schema": { "type": "object", "properties": {
                "type": { "const": "urn:trunkline:problem:calls_invalid" },
                "title": { "type": "string" },
                "status": { "const": 422 },
                "detail": { "type": "string" },
            } } } },
        },
    });
    for code in ["400", "401", "404", "405", "413", "415", "503"] {
        responses[code] = json!({ "$ref": format!("#/components/responses/problem-{code}") });
    }
    json!({
        "parameters": path_parameters(false),
        "post": {
            "operationId": "calls",
            "tags": ["dialers"],
            "summary": "Calls a dialer placed",
            "description": "For sources with `poll`. The same JSON, with `source` in it, can be written to the topic \
                            `calls`. Repeating a request changes nothing.",
            "security": [{ "dialer": [] }],
            "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
            "responses": responses,
        },
    })
}

fn admin_paths() -> Map<String, Value> {
    let server = json!([{
        "url": "http://{address}",
        "description": "The admin listener (`admin.listen`). Keep it off the Internet.",
        "variables": { "address": { "default": "127.0.0.1:9090" } },
    }]);
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    let operation = |id: &str, summary: &str, responses: &[(&str, &str)], parameters: Value| {
        let responses: Map<String, Value> = responses
            .iter()
            .map(|(code, description)| ((*code).to_owned(), json!({ "description": description, "content": text })))
            .collect();
        let get = json!({
            "operationId": id, "tags": ["admin"], "summary": summary, "parameters": parameters, "responses": responses,
        });
        (format!("/{id}"), json!({ "servers": server, "get": get }))
    };
    let verbose = json!([{
        "name": "verbose", "in": "query", "allowEmptyValue": true, "schema": { "type": "string" },
        "description": "List every condition.",
    }]);
    Map::from_iter([
        operation("livez", "Is the process alive (never asks Kafka)", &[("200", "It is.")], json!([])),
        operation("readyz", "Is traffic welcome", &[("200", "Ready."), ("503", "Not ready.")], verbose),
        operation("metrics", "Prometheus metrics", &[("200", "The Prometheus text format.")], json!([])),
    ])
}

fn reference(status: StatusCode) -> String {
    format!("#/components/responses/problem-{}", status.as_str())
}

/// A response for each status that is answered with a problem, with the reasons for it.
fn problems() -> Map<String, Value> {
    let mut responses = Map::new();
    for reason in Reason::ALL.iter().filter(|reason| reason.class() != Class::NotUnderstood) {
        let (name, title) = problem(*reason);
        let code = status(*reason);
        let response = responses.entry(format!("problem-{}", code.as_str())).or_insert_with(|| {
            json!({
                "description": format!("{}.", code.canonical_reason().unwrap_or_default()),
                "content": { "application/problem+json": {
                    "schema": { "$ref": format!("{SCHEMAS}problem") },
                    "examples": {},
                } },
            })
        });
        let example = name.rsplit(':').next().unwrap_or_default().to_owned();
        response["content"]["application/problem+json"]["examples"][example] =
            json!({ "value": { "type": name, "title": title, "status": code.as_u16() } });
        if reason == &Reason::MethodNotAllowed {
            response["headers"] = json!({ "Allow": { "schema": { "const": "POST" } } });
        }
    }
    responses
}

fn problem_schema() -> Value {
    let names: std::collections::BTreeSet<String> = Reason::ALL
        .iter()
        .filter(|reason| reason.class() != Class::NotUnderstood)
        .map(|reason| problem(*reason).0)
        .collect();
    json!({
        "description": "RFC 9457 problem details. All failures of authentication read the same.",
        "type": "object",
        "properties": {
            "type": { "type": "string", "enum": names },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
        },
        "required": ["type", "title", "status"],
    })
}
