//! Secrets: wiped from memory when dropped, never printed, several active at a time, re-read from their files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use arc_swap::{ArcSwap, Guard};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text. Neither `Debug` nor an error ever shows it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself: for computing with it, never for showing it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A text that every document calls a secret: whoever handles a configuration knows what to hide, and so do the tests.
impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-classification": "secret" })
    }
}

/// Compares in a time that depends on the lengths only, which are public.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Compares a secret with what somebody shows, in a time that does not even tell whether the lengths are the same: of
/// both the SHA-256 is compared.
pub fn shown(secret: &[u8], sent: &[u8]) -> bool {
    equal(&Sha256::digest(secret), &Sha256::digest(sent))
}

/// A file that should hold secrets and does not.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is nothing in it.
    #[error("{0} holds no secret: write one per line")]
    Empty(PathBuf),
}

/// The place of the secret that fits. Every one is looked at, so that the time does not tell which.
pub fn matching(secrets: &[Secret], fits: impl Fn(&Secret) -> bool) -> Option<usize> {
    let places = secrets.iter().enumerate();
    places.fold(None, |found, (place, secret)| if fits(secret) { found.or(Some(place)) } else { found })
}

/// Places of active secrets that are told apart, in the order of [`Secrets::active`]: values of the label `place`.
pub const PLACES: [&str; 3] = ["first", "second", "further"];

/// The secrets a source accepts now: those written in the configuration, and those of its files.
///
/// A file holds one secret per line, so that the old and the new one are both accepted while a vendor's console is
/// being changed. [`Secrets::reload`] re-reads the files; a file that has become unreadable keeps its last content.
#[derive(Clone)]
pub struct Secrets {
    inline: Vec<Secret>,
    files: Vec<PathBuf>,
    active: Arc<ArcSwap<Vec<Secret>>>,
    /// Unix seconds of the last change of a file; 0 when there is none, or it is not known.
    written: Arc<AtomicI64>,
    proofs: Arc<[AtomicU64; PLACES.len()]>,
}

impl Secrets {
    /// Reads the files once; a start with an unreadable file is refused.
    pub fn load(inline: Vec<Secret>, files: Vec<PathBuf>) -> Result<Self, FileError> {
        let secrets = Self { inline, files, active: Arc::default(), written: Arc::default(), proofs: Arc::default() };
        secrets.active.store(Arc::new(secrets.read()?));
        Ok(secrets)
    }

    /// Secrets that never change: for demonstrations and tests.
    pub fn fixed(secrets: &[&str]) -> Self {
        let inline: Vec<_> = secrets.iter().map(|text| Secret::new(*text)).collect();
        Self::load(inline, Vec::new()).expect("there is no file")
    }

    /// Re-reads the files. Returns whether anything changed.
    pub fn reload(&self) -> Result<bool, FileError> {
        let fresh = self.read()?;
        let old = self.active.load();
        let is_same = |(old, fresh): (&Secret, &Secret)| equal(old.expose().as_bytes(), fresh.expose().as_bytes());
        let same = old.len() == fresh.len() && old.iter().zip(&fresh).all(is_same);
        if !same {
            self.active.store(Arc::new(fresh));
        }
        Ok(!same)
    }

    /// The secrets accepted now, in the order of the configuration.
    pub fn active(&self) -> Guard<Arc<Vec<Secret>>> {
        self.active.load()
    }

    /// Whether `fits` holds for an active secret, which then has [`proved`](Self::proved) something. Every secret is
    /// compared, so that the time does not tell which one was close.
    pub fn prove(&self, fits: impl Fn(&Secret) -> bool) -> bool {
        let place = matching(&self.active.load(), fits);
        place.into_iter().for_each(|place| self.proved(place));
        place.is_some()
    }

    /// Notes that the active secret at `place` proved who sends.
    pub fn proved(&self, place: usize) {
        self.proofs[place.min(PLACES.len() - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// How often the secrets at [`PLACES`] proved something since the start, whichever stood there.
    pub fn proofs(&self) -> [u64; PLACES.len()] {
        std::array::from_fn(|place| self.proofs[place].load(Ordering::Relaxed))
    }

    /// Unix time, seconds, at which a file was written last; `None` without files, or where the system does not tell.
    pub fn written(&self) -> Option<i64> {
        Some(self.written.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }

    fn read(&self) -> Result<Vec<Secret>, FileError> {
        let mut all = self.inline.clone();
        for path in &self.files {
            all.extend(read_file(path)?);
        }
        let written = self.files.iter().filter_map(|path| std::fs::metadata(path).ok()?.modified().ok()).max();
        let seconds = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs());
        self.written.store(seconds as i64, Ordering::Relaxed);
        Ok(all)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} active)", self.active.load().len())
    }
}

/// The secrets in a file, one per line; blank lines and the blanks around a secret do not count.
pub fn read_file(path: &Path) -> Result<Vec<Secret>, FileError> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| FileError::Unreadable { path: path.to_owned(), error })?;
    let secrets: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Secret::new).collect();
    if secrets.is_empty() { Err(FileError::Empty(path.to_owned())) } else { Ok(secrets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(format!("{:?}", Secrets::fixed(&["hunter2"])), "Secrets(1 active)");
    }

    #[test]
    fn what_is_shown_is_the_secret_or_not() {
        assert!(shown(b"hunter2", b"hunter2") && shown(b"", b""));
        for other in ["", "hunter", "hunter22", "Hunter2", "hunter3"] {
            assert!(!shown(b"hunter2", other.as_bytes()), "{other}");
        }
    }

    /// A comparison that stops at the first difference tells how much of a secret was right. `Secret` has no `==` of its own;
    /// this is for its text.
    #[test]
    fn no_secret_is_compared_but_in_constant_time() {
        fn look(folder: &Path, found: &mut Vec<String>, files: &mut usize) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() && !path.ends_with("tests") {
                    look(&path, found, files);
                }
                if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("tests.rs") {
                    continue;
                }
                *files += 1;
                let text = std::fs::read_to_string(&path).expect("readable");
                for (number, line) in text.lines().enumerate().take_while(|(_, line)| !line.starts_with("mod tests {"))
                {
                    if compares(line) {
                        found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                    }
                }
            }
        }
        fn compares(line: &str) -> bool {
            let early = ["==", "!=", ".eq(", ".ne(", ".cmp("];
            line.contains("expose()") && early.iter().any(|way| line.contains(way))
        }
        for line in ["if sent == token.expose() {", "tokens.iter().any(|token| token.expose().eq(sent))"] {
            assert!(compares(line), "{line}");
        }
        let (mut found, mut files) = (Vec::new(), 0);
        look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found, &mut files);
        assert!(files > 150, "the sources are looked at: {files}");
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn files_are_read_again_and_a_lost_file_keeps_the_last_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "old\n").expect("written");
        let secrets = Secrets::load(vec![Secret::new("inline")], vec![path.clone()]).expect("loads");
        let texts = || secrets.active().iter().map(|secret| secret.expose().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(), ["inline", "old"]);
        assert!(!secrets.reload().expect("reads"));

        std::fs::write(&path, "new\n\n  old \n").expect("written");
        assert!(secrets.reload().expect("reads"));
        assert_eq!(texts(), ["inline", "new", "old"]);

        std::fs::remove_file(&path).expect("removed");
        assert!(secrets.reload().is_err());
        assert_eq!(texts(), ["inline", "new", "old"]);
    }

    #[test]
    fn an_empty_file_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = Secrets::load(Vec::new(), vec![file.path().to_owned()]).expect_err("refused");
        assert!(error.to_string().contains("one per line"));
    }
}
