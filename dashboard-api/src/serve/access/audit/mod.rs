//! The record of access: who saw or took along what of dossiers and officers, who came in, who changed what.
//!
//! A line each, in one file that only grows; every line bears the hash of the one before (`chain`), and how far the file
//! goes is signed (`head`). A thread of its own writes behind a bounded queue (`writer`): whoever is to see something waits
//! until it is on disk that they do, and sees nothing when it cannot be. Not here: which routes are recorded (`table`).

pub(crate) mod chain;
mod cut;
pub(crate) mod head;
pub(super) mod recent;
pub(crate) mod search;
pub(crate) mod writer;

use std::fs;
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

/// The folder, in the folder of access.
pub(crate) const FOLDER: &str = "audit";
/// The file of lines.
pub(crate) const FILE: &str = "records.jsonl";
/// Entries that may wait for the disk.
const WAITING_MAX: usize = 1024;
/// How long somebody waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something that is written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// By what name they are known.
    pub(crate) who: String,
    pub(crate) role: &'static str,
    /// `seen`, `exported`, `changed`, `refused`, `signed_in`, …
    pub(crate) did: &'static str,
    /// The route.
    pub(crate) what: String,
    /// What the address named.
    pub(crate) of: Vec<(String, String)>,
}

impl Entry {
    fn told(&self, at: &str) -> Map<String, Value> {
        let of: Map<String, Value> = self.of.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
        let told = json!({
            "at": at, "who": self.who, "role": self.role, "did": self.did, "what": self.what, "of": of,
        });
        told.as_object().cloned().unwrap_or_default()
    }
}

/// An entry on its way, and who waits for it.
type Waiting = (Entry, oneshot::Sender<bool>);

/// The handle of the record.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    queue: SyncSender<Waiting>,
}

/// It could not be written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotRecorded;

impl Audit {
    /// Takes the record in `folder` up again where it ends; records older than `keep_days` are cut off day by day.
    ///
    /// # Errors
    /// A sentence when what is there does not hold together.
    pub(crate) fn start(folder: &Path, keep_days: Option<u32>) -> Result<Audit, String> {
        let folder = folder.join(FOLDER);
        super::prepare(&folder)?;
        let writer = writer::Writer::open(&folder, keep_days)?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let started = thread.spawn(move || writer.run(&waiting));
        started.map_err(|error| format!("the thread of the record cannot start: {error}"))?;
        Ok(Audit { queue })
    }

    /// Writes `entry` down, and comes back when it is on disk.
    pub(crate) async fn record(&self, entry: Entry) -> Result<(), NotRecorded> {
        let (done, written) = oneshot::channel();
        match self.queue.try_send((entry, done)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(NotRecorded),
        }
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(true)) => Ok(()),
            _ => Err(NotRecorded),
        }
    }
}

/// The bytes of the file; none when there is none.
pub(crate) fn bytes(folder: &Path) -> Result<Vec<u8>, String> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
