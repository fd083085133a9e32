//! Secrets: wiped from memory when dropped, never printed, several active at a time, re-read from their files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use schemars::JsonSchema;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text. Neither `Debug` nor an error ever shows it.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Secret(#[schemars(with = "String")] Zeroizing<String>);

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

/// Compares in a time that depends on the lengths only, which are public.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
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

/// The secrets a source accepts now: those written in the configuration, and those of its files.
///
/// A file holds one secret per line, so that the old and the new one are both accepted while a vendor's console is
/// being changed. [`Secrets::reload`] re-reads the files; a file that has become unreadable keeps its last content.
#[derive(Clone)]
pub struct Secrets {
    inline: Vec<Secret>,
    files: Vec<PathBuf>,
    active: Arc<ArcSwap<Vec<Secret>>>,
}

impl Secrets {
    /// Reads the files once; a start with an unreadable file is refused.
    pub fn load(inline: Vec<Secret>, files: Vec<PathBuf>) -> Result<Self, FileError> {
        let secrets = Self { inline, files, active: Arc::default() };
        secrets.active.store(Arc::new(secrets.read()?));
        Ok(secrets)
    }

    /// Secrets that never change: for demonstrations and tests.
    pub fn fixed(secrets: &[&str]) -> Self {
        let inline: Vec<_> = secrets.iter().map(|text| Secret::new(*text)).collect();
        Self { active: Arc::new(ArcSwap::from_pointee(inline.clone())), inline, files: Vec::new() }
    }

    /// Re-reads the files. Returns whether anything changed.
    pub fn reload(&self) -> Result<bool, FileError> {
        let fresh = self.read()?;
        let old = self.active.load();
        let same = old.len() == fresh.len() && old.iter().zip(&fresh).all(|(a, b)| a.expose() == b.expose());
        if !same {
            self.active.store(Arc::new(fresh));
        }
        Ok(!same)
    }

    /// The secrets accepted now, in the order of the configuration.
    pub fn active(&self) -> Guard<Arc<Vec<Secret>>> {
        self.active.load()
    }

    /// Whether `fits` holds for an active secret. Every secret is compared, so that the time does not tell which one was
    /// close.
    pub fn any(&self, fits: impl Fn(&Secret) -> bool) -> bool {
        self.active.load().iter().filter(|secret| fits(secret)).count() > 0
    }

    fn read(&self) -> Result<Vec<Secret>, FileError> {
        let mut all = self.inline.clone();
        for path in &self.files {
            all.extend(read_file(path)?);
        }
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
