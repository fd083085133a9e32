//! The reference pages of `docs/`, in Markdown.

use std::fmt::Write;

use serde_json::Value;

use super::{config, demo_sources, object};
use crate::event::Outcome;
use crate::http::status;
use crate::metrics::DESCRIPTIONS;
use crate::reject::{Class, Reason};
use crate::vendor::{Answer, REGISTRY};

/// Every key of the configuration.
pub(super) fn configuration() -> String {
    let schema = config::schema();
    let mut page = start(
        "configuration",
        "Configuration",
        "A TOML file (`--config FILE` or `TRUNKLINE_CONFIG`). A variable `TRUNKLINE__SECTION__KEY` overrides each key, as \
         in `TRUNKLINE__KAFKA__BROKERS=kafka:9092` or `TRUNKLINE__SOURCES__NXCLOUD-PROD__UUID='\"UID-01\"'`. Unknown keys \
         are refused. `trunkline check --config FILE` says what is wrong and how to mend it; `schemas/config.json` is \
         this page for editors.",
    );
    let mut sections: Vec<_> =
        object(&schema, "properties").into_iter().filter(|(name, _)| name != "sources").collect();
    // As somebody who sets it up comes across them; one that is not listed comes first, to be noticed.
    let order = ["http", "admin", "kafka", "spool", "dedup", "poll", "log", "telemetry"];
    sections.sort_by_key(|(name, _)| order.iter().position(|listed| listed == name));
    for (name, section) in &sections {
        let section = resolve(&schema, section);
        let _ = write!(page, "\n## `[{name}]`\n\n{}\n\n", text(&section, "description"));
        table(&mut page, &schema, &section, "", &|_| true);
    }
    let common = config::common();
    let is_common = |key: &str| common.get("properties").and_then(|keys| keys.get(key)).is_some();
    page.push_str(
        "\n## `[sources.NAME]`\n\nOne configured entry point each: a vendor account with its secrets. `NAME` (lower-case \
         letters, digits and hyphens) is part of the callback URL. These keys are the same for all vendors; those of the \
         vendor stand beside them.\n\n",
    );
    table(&mut page, &schema, &common, "", &|_| true);
    for vendor in REGISTRY {
        let source = resolve(&schema, &schema["$defs"][format!("source-{}", vendor.name())]);
        let _ = write!(page, "\n### `vendor = \"{}\"`\n\n[{}]({}).\n\n", vendor.name(), vendor.title(), vendor.docs());
        table(&mut page, &schema, &source, "", &|key| !is_common(key));
        let example =
            format!("[sources.{0}-demo]\nvendor = \"{0}\"\n{1}", vendor.name(), dedent(vendor.demo().settings));
        let _ = write!(page, "\n```toml\n{}\n```\n", example.trim_end());
    }
    page
}

/// Every metric.
pub(super) fn metrics() -> String {
    let mut page = start(
        "metrics",
        "Metrics",
        "Served at `/metrics` of the admin listener in the Prometheus text format. Labels come from closed sets or from \
         the configuration, never from a request. The process's own figures (`process_*`) come beside these.",
    );
    page.push_str("\n| name | kind | labels | meaning |\n|---|---|---|---|\n");
    for metric in DESCRIPTIONS {
        let kind = match metric.kind {
            kind if kind.starts_with("IntCounter") => "counter",
            kind if kind.starts_with("Histogram") => "histogram",
            _ => "gauge",
        };
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| `{}` | {kind} | {labels} | {} |", metric.name, cell(metric.help));
    }
    page
}

/// Every answer a vendor can get.
pub(super) fn answers() -> String {
    let mut page = start(
        "answers",
        "Answers",
        "What a vendor is answered. `accepted` and deliveries that are not understood get the vendor's own success form; \
         \"repeat\" answers carry `Retry-After` and the vendor's own failure form; all others are \
         `application/problem+json`. The result is the label `result` of `trunkline_deliveries_total`, the member `type` of \
         problem bodies (one wording for everything unauthenticated) and the header `trunkline_reason` of rejected \
         deliveries. Never a redirect, never 410.",
    );
    page.push_str("\n| result | class | status | should the vendor repeat it | meaning |\n|---|---|---|---|---|\n");
    page.push_str(
        "| `accepted` | accepted | 200 | no | Every event is in Kafka, acknowledged by all in-sync replicas, or in the spool. |\n",
    );
    for reason in Reason::ALL {
        let (class, repeat) = match reason.class() {
            Class::NotFound => ("not found", "after the URL or the configuration is corrected"),
            Class::Unacceptable => ("unacceptable", "no"),
            Class::Unauthenticated => ("unauthenticated", "after secret, URL or clock is corrected"),
            Class::NotUnderstood => ("not understood, kept in the rejected topic", "no"),
            Class::Unavailable => ("unavailable", "yes"),
        };
        let status = status(*reason).as_u16();
        let _ = writeln!(page, "| `{}` | {class} | {status} | {repeat} | {} |", reason.as_str(), reason.meaning());
    }
    page
}

/// Every vendor: what it sends where, what becomes of it, what it is answered.
pub(super) fn vendors() -> String {
    let mut page = start(
        "vendors",
        "Vendors",
        "What each vendor sends, to which URL, and which events become of it. `{source}` is the name in the \
         configuration; with `path_tokens` the URL is `/v1/callbacks/{source}/{token}/{kind}`. Settings are in \
         [configuration.md](configuration.md).",
    );
    for source in demo_sources().into_values() {
        let vendor = source.vendor;
        let _ = write!(
            page,
            "\n## {}\n\n`vendor = \"{}\"`, [the vendor's page]({}).\n\n",
            vendor.title(),
            vendor.name(),
            vendor.docs()
        );
        page.push_str("| callback URL | what the vendor reports | events |\n|---|---|---|\n");
        for kind in vendor.kinds() {
            let events = kind.events.iter().map(|event| format!("`{}`", event.as_str())).collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "| `/v1/callbacks/{{source}}/{}` | {} | {events} |", kind.name, cell(kind.summary));
        }
        page.push('\n');
        for table in vendor.codes() {
            let _ = writeln!(page, "Outcomes of `{}`; other codes are `unknown`:\n", table.interface);
            page.push_str("| outcome | codes |\n|---|---|\n");
            for outcome in Outcome::ALL {
                let of_it = table.rows.iter().filter(|(_, row)| row == outcome);
                let codes: Vec<_> = of_it.map(|(code, _)| format!("`{}`", cell(code))).collect();
                if !codes.is_empty() {
                    let _ = writeln!(page, "| `{}` | {} |", outcome.as_str(), codes.join(" "));
                }
            }
            page.push('\n');
        }
        for (case, answer) in [("Accepted", Answer::Accepted), ("Please repeat", Answer::TryAgain)] {
            let reply = source.adapter.answer(answer);
            let body = match reply.body.as_ref() {
                "" => "an empty body".to_owned(),
                body => format!("`{body}`"),
            };
            let _ = writeln!(page, "* {case}: {} with {body}", reply.status.as_u16());
        }
    }
    page
}

fn start(command: &str, title: &str, intro: &str) -> String {
    format!("<!-- Generated by `trunkline docs {command}`; do not edit. -->\n\n# {title}\n\n{intro}\n")
}

/// One row for each key of an object; the keys of objects in it follow with their path.
fn table(page: &mut String, root: &Value, section: &Value, prefix: &str, wanted: &dyn Fn(&str) -> bool) {
    if prefix.is_empty() {
        page.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
    }
    let required: Vec<&str> =
        section.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, written) in object(section, "properties").iter().filter(|(name, _)| wanted(name)) {
        let schema = resolve(root, written);
        let default = match written.get("default").or(schema.get("default")) {
            Some(default) => format!("`{default}`"),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        // What stands beside a reference is about this key, what it refers to about the type.
        let own = text(written, "description");
        let description = if own.is_empty() { text(&schema, "description") } else { own };
        let kind = kind(root, &schema);
        let _ = writeln!(
            page,
            "| `{prefix}{name}` | {kind} | {default} | {} |",
            cell(&format!("{description}{}", choices(&schema)))
        );
        if schema.get("properties").is_some() {
            table(page, root, &schema, &format!("{prefix}{name}."), &|_| true);
        }
        for (tag, word, form) in forms(&schema) {
            let more = if object(&form, "properties").len() > 1 { " Its keys follow." } else { "" };
            let description = cell(&text(&form, "description"));
            let _ = writeln!(page, "| `{prefix}{name}.{tag} = \"{word}\"` | | | {description}{more} |");
            table(page, root, &form, &format!("{prefix}{name}."), &|key| key != tag);
        }
    }
}

/// The forms of a table that has one key to say which of them it is: that key, its value, the form.
fn forms(schema: &Value) -> Vec<(String, String, Value)> {
    let branches = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let tagged = branches.filter_map(|form| {
        let (tag, word) = object(form, "properties").into_iter().find_map(|(name, key)| {
            let word = key.get("const")?.as_str()?.to_owned();
            Some((name.to_owned(), word))
        })?;
        Some((tag, word, form.clone()))
    });
    tagged.collect()
}

/// What a reference leads to.
fn resolve(root: &Value, schema: &Value) -> Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(pointer) => root.pointer(pointer.trim_start_matches('#')).cloned().unwrap_or_default(),
        None => schema.clone(),
    }
}

/// The type in words.
fn kind(root: &Value, schema: &Value) -> String {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let mut any: Vec<String> = Vec::new();
    for branch in branches {
        for word in kind(root, &resolve(root, branch)).split(" or ") {
            if !any.iter().any(|known| known == word) {
                any.push(word.to_owned());
            }
        }
    }
    match types.as_slice() {
        [] if !any.is_empty() => any.join(" or "),
        [] if !forms(schema).is_empty() => "table".to_owned(),
        ["array"] => match schema.get("items").map(|items| kind(root, &resolve(root, items))) {
            Some(items) if !items.is_empty() => format!("list of {items}"),
            _ => "list".to_owned(),
        },
        ["object"] => "table".to_owned(),
        [one] => (*one).to_owned(),
        [] if !names(schema).is_empty() => "string".to_owned(),
        other => other.join(" or "),
    }
}

/// The values of an enumeration, each with its meaning where there is one.
fn names(schema: &Value) -> Vec<String> {
    let list = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten();
    let plain = list("enum").filter_map(Value::as_str).map(|name| format!("`{name}`"));
    let described = list("oneOf").flat_map(|branch| {
        let names: Vec<&str> = match (branch.get("const"), branch.get("enum")) {
            (Some(name), _) => name.as_str().into_iter().collect(),
            (_, Some(Value::Array(names))) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let meaning = text(branch, "description");
        let meaning = meaning.trim_end_matches('.').to_owned();
        names
            .into_iter()
            .map(|name| if meaning.is_empty() { format!("`{name}`") } else { format!("`{name}` ({meaning})") })
            .collect::<Vec<_>>()
    });
    plain.chain(described).collect()
}

fn choices(schema: &Value) -> String {
    match names(schema) {
        names if names.is_empty() => String::new(),
        names => format!(" One of {}.", names.join(", ")),
    }
}

fn text(schema: &Value, member: &str) -> String {
    schema.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Text that stays in one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Without the indentation that a text has in the source.
fn dedent(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
