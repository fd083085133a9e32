//! The folder of the spool. A file is written once, under a name that says it is not whole yet; made durable; renamed; and
//! deleted when Kafka has its records. A file with its final name is therefore whole, or damaged.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::batch::START;

const WHOLE: &str = "records";
const UNFINISHED: &str = "unfinished";
const DAMAGED: &str = "damaged";
/// What a file takes at least, and is rounded up to, on a disk.
const BLOCK: u64 = 4096;

/// A file: what its name tells, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Place in the order.
    pub sequence: u64,
    /// Number of records.
    pub records: u32,
    /// When it was written, Unix milliseconds.
    pub at: i64,
    /// Bytes on the disk.
    pub bytes: u64,
}

impl Entry {
    fn name(&self, ending: &str) -> String {
        format!("{:016}-{}-{}.{ending}", self.sequence, self.records, self.at)
    }

    fn parse(name: &str, size: u64) -> Option<Self> {
        let mut parts = name.strip_suffix(WHOLE)?.strip_suffix('.')?.splitn(3, '-');
        let sequence = parts.next()?.parse().ok()?;
        let records = parts.next()?.parse().ok()?;
        Some(Self { sequence, records, at: parts.next()?.parse().ok()?, bytes: on_disk(size) })
    }
}

/// What `size` bytes take on a disk.
pub(super) fn on_disk(size: u64) -> u64 {
    size.next_multiple_of(BLOCK)
}

/// Why a folder cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Another process has it.
    #[error("{} is in use by another process: stop it, or give each process a folder of its own", .0.display())]
    InUse(PathBuf),
    /// It is none, or its rights do not fit.
    #[error("{0}")]
    Broken(String),
}

/// The folder, locked for this process.
pub(super) struct Folder {
    path: PathBuf,
    /// The folder itself, to make names durable.
    handle: File,
    /// Released when the process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Opens the folder `path`. Returns what earlier processes left, oldest first; an error says what to do.
    pub fn open(path: &Path) -> Result<(Self, VecDeque<Entry>), Unusable> {
        if !path.is_dir() {
            let why = format!("{} is not a folder: create it, or mount a volume there", path.display());
            return Err(Unusable::Broken(why));
        }
        let failed = |error: io::Error| {
            let why = format!("{} cannot be used: {error}; give this user the right to write there", path.display());
            Unusable::Broken(why)
        };
        let lock = private(OpenOptions::new().create(true).truncate(false)).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Unusable::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let handle = File::open(path).map_err(failed)?;
        let folder = Self { path: path.to_owned(), handle, _lock: lock };
        let entries = folder.list().map_err(failed)?;
        Ok((folder, entries))
    }

    fn list(&self) -> io::Result<VecDeque<Entry>> {
        let mut entries = Vec::new();
        for found in fs::read_dir(&self.path)? {
            let found = found?;
            let name = found.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(UNFINISHED) {
                // Nobody was told that these are safe.
                fs::remove_file(found.path())?;
            } else if let Some(entry) = Entry::parse(name, found.metadata()?.len()) {
                entries.push(entry);
            }
        }
        entries.sort_by_key(|entry| entry.sequence);
        Ok(entries.into())
    }

    /// Writes `parts` as one file. It is durable when this returns; after an error nothing of it is left, if the disk lets us.
    pub fn write(&self, entry: &Entry, parts: &[&[u8]]) -> io::Result<()> {
        let (unfinished, whole) = (self.path.join(entry.name(UNFINISHED)), self.path.join(entry.name(WHOLE)));
        let written = self.write_new(&unfinished, parts).and_then(|()| {
            fs::rename(&unfinished, &whole)?;
            self.handle.sync_all()
        });
        if written.is_err() {
            let _ = fs::remove_file(unfinished);
            let _ = fs::remove_file(whole);
        }
        written
    }

    fn write_new(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = private(OpenOptions::new().create_new(true)).open(path)?;
        let mut whole = START.to_vec();
        parts.iter().for_each(|part| whole.extend_from_slice(part));
        file.write_all(&whole)?;
        file.sync_all()
    }

    /// The bytes of a file.
    pub fn read(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(entry.name(WHOLE)))
    }

    /// Deletes a file. Not made durable: a file that comes back is sent once more.
    pub fn remove(&self, entry: &Entry) -> io::Result<()> {
        fs::remove_file(self.path.join(entry.name(WHOLE)))
    }

    /// Keeps a file under a name that is not read again.
    pub fn set_aside(&self, entry: &Entry) -> io::Result<()> {
        fs::rename(self.path.join(entry.name(WHOLE)), self.path.join(entry.name(DAMAGED)))?;
        self.handle.sync_all()
    }

    /// The name of a file, for people.
    pub fn path(&self, entry: &Entry) -> PathBuf {
        self.path.join(entry.name(WHOLE))
    }
}

/// Records hold telephone numbers: for this user only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true).mode(0o600)
}
