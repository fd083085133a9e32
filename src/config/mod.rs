//! Configuration: a TOML file, overridden by environment variables `TRUNKLINE__SECTION__KEY`.
//!
//! Every complaint names the key, the file or variable the value came from, and the fix. The reference in
//! `docs/configuration.md` and `schemas/config.json` are generated from the types here.

mod dedup;
mod http;
mod kafka;
mod log;
mod poll;
mod source;
mod spool;
mod telemetry;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use schemars::JsonSchema;
use serde::Deserialize;

pub use dedup::Dedup;
pub use http::{Admin, ClientAuth, Http, HttpTls};
pub use kafka::{Kafka, Route, Sasl, Tls};
pub use log::{Log, LogFormat};
pub use poll::{Poll, SourcePoll, Sweep};
pub use source::{Numbers, Source, SourceSettings};
pub use spool::Spool;
pub use telemetry::Telemetry;

/// Prefix of the environment variables.
const ENV_PREFIX: &str = "TRUNKLINE__";

/// Everything but the sources' vendor settings.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sections {
    /// The listener vendors call.
    pub http: Http,
    /// The listener for probes and metrics.
    pub admin: Admin,
    /// The Kafka cluster and its topics.
    pub kafka: Kafka,
    /// Deliveries while Kafka is away.
    pub spool: Spool,
    /// Deduplication.
    pub dedup: Dedup,
    /// Asking vendors for results.
    pub poll: Poll,
    /// Logs.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// The configured entry points, by name (`[sources.nxcloud-prod]`).
    #[schemars(skip)]
    sources: Tables,
}

/// The sources as they were written, with secrets that are only told apart when a vendor reads them. `Debug` shows no more
/// than their names.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
struct Tables(BTreeMap<String, serde_json::Value>);

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The configuration and where each value came from.
#[derive(Clone)]
pub struct Config {
    sections: Sections,
    figment: Figment,
}

/// Without where each value came from: that holds them all, secrets too.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("sections", &self.sections).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Config {
    type Target = Sections;

    fn deref(&self) -> &Sections {
        &self.sections
    }
}

impl Config {
    /// Reads `file` (if any) and the environment, and checks every section. All complaints are returned at once.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<SettingsError>> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            if !path.is_file() {
                return Err(vec![SettingsError {
                    key: "--config".to_owned(),
                    origin: path.display().to_string(),
                    message: "is not a file: give the path of a TOML file (see `docs/configuration.md`)".to_owned(),
                }]);
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        Self::from_figment(figment.merge(Env::prefixed(ENV_PREFIX).split("__")))
    }

    /// Reads TOML text; the environment is left alone. For `trunkline dev` and tests.
    pub fn from_toml(text: &str) -> Result<Self, Vec<SettingsError>> {
        Self::from_figment(Figment::new().merge(Toml::string(text)))
    }

    fn from_figment(figment: Figment) -> Result<Self, Vec<SettingsError>> {
        let sections: Sections = figment
            .extract()
            .map_err(|errors| errors.into_iter().map(SettingsError::from_figment).collect::<Vec<_>>())?;
        let config = Self { sections, figment };
        let mut complaints = Vec::new();
        let mut complain = |key: &str, message: String| complaints.push(config.error(key, message));
        config.http.check(&mut complain);
        config.kafka.check(&mut complain);
        config.spool.check(config.kafka.max_message_bytes, config.http.answer_deadline_ms, &mut complain);
        config.dedup.check(&mut complain);
        config.poll.check(&mut complain);
        config.telemetry.check(&mut complain);
        // A delivery that is not understood goes to the rejected topic whole.
        let small = config.http.max_body_bytes + 20_000 <= config.kafka.max_message_bytes;
        if !small && config.kafka.max_message_bytes >= 10_000 {
            complain("http.max_body_bytes", "must be at least 20000 below kafka.max_message_bytes".into());
        }
        for name in config.kafka.routes.iter().flat_map(|route| &route.sources) {
            if !config.sections.sources.0.contains_key(name) {
                complain("kafka.routes", format!("names source `{name}`, which is not configured"));
            }
        }
        for name in config.source_names() {
            if !source::is_name(name) {
                complain(
                    &format!("sources.{name}"),
                    "is not a name: use lower-case letters, digits and hyphens".into(),
                );
            }
        }
        if complaints.is_empty() { Ok(config) } else { Err(complaints) }
    }

    /// The names of the configured sources, in alphabetical order.
    pub fn source_names(&self) -> impl Iterator<Item = &str> {
        self.sections.sources.0.keys().map(String::as_str)
    }

    /// Whether any source asks its vendor for results.
    pub fn polls(&self) -> bool {
        self.sections.sources.0.values().any(|source| source.get("poll").is_some())
    }

    /// The settings of one configured source.
    pub fn source<'a>(&'a self, name: &'a str) -> SourceSettings<'a> {
        SourceSettings { config: self, name }
    }

    /// A complaint about `key`, with the place its value came from; for a key that is not there, the place that
    /// lacks it.
    pub fn error(&self, key: &str, message: impl Into<String>) -> SettingsError {
        let place = std::iter::successors(Some(key), |key| Some(key.rsplit_once('.')?.0))
            .find_map(|place| Some((place, self.figment.find_metadata(place)?)));
        let origin = match place {
            Some((place, metadata)) if place == key => origin(metadata, key),
            Some((section, metadata)) => origin(metadata, &format!("{section}.*")),
            None => "not set".to_owned(),
        };
        SettingsError { key: key.to_owned(), origin, message: message.into() }
    }
}

/// A setting that cannot be used, where it came from, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The key, as `section.key`.
    pub key: String,
    /// The file or variable, or `not set`.
    pub origin: String,
    /// What is wrong and the fix. Never a secret.
    pub message: String,
}

impl SettingsError {
    fn from_figment(error: figment::Error) -> Self {
        use figment::error::Kind;
        let mut key = error.path.join(".");
        let message = match &error.kind {
            // The path ends with the field already.
            Kind::UnknownField(field, known) => unknown(field, known.iter().copied()),
            Kind::MissingField(field) => {
                key = if key.is_empty() { field.to_string() } else { format!("{key}.{field}") };
                "is required and missing".to_owned()
            }
            // The value itself is not repeated: it can be a secret that ended up under the wrong key.
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                format!(
                    "has a value of the wrong kind, {expected} is needed (in a variable, quote texts: KEY='\"00123\"')"
                )
            }
            Kind::UnknownVariant(_, known) => format!("must be one of {}", known.join(", ")),
            // A TOML error shows the line it is about, which can hold a secret: only place and cause are kept.
            other => {
                let text = other.to_string();
                let told = text
                    .lines()
                    .filter(|line| !line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|'));
                told.collect::<Vec<_>>().join(", ")
            }
        };
        let origin = error.metadata.as_ref().map_or_else(|| "not set".to_owned(), |metadata| origin(metadata, &key));
        Self { key, origin, message }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file that cannot be read as a whole has no key.
        let key = if self.key.is_empty() { "configuration" } else { &self.key };
        write!(f, "{key} ({}): {}", self.origin, self.message)
    }
}

impl std::error::Error for SettingsError {}

fn origin(metadata: &figment::Metadata, key: &str) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment") => {
            format!("variable {ENV_PREFIX}{}", key.to_uppercase().replace('.', "__"))
        }
        _ => metadata.name.to_string(),
    }
}

/// Says that a key does not exist, and which one was probably meant.
fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    format!("is not a setting; {}", suggest(key, known))
}

/// For a name that does not exist: the one that was probably meant, or else all there are.
pub fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match known.clone().min_by_key(|candidate| distance(name, candidate)) {
        Some(near) if distance(name, near) <= 1 + name.len() / 3 => format!("did you mean `{near}`?"),
        Some(_) => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        None => "there are none".to_owned(),
    }
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
