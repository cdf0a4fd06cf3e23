//! Several processes for one province: workers that share the partitions of the topic of dossiers, and readers that add
//! their counts up.
//!
//! A share is the dossiers of one partition: `share` keeps and counts them and publishes what changed, `worker` has as
//! many shares as the group gives it; `mapping` makes events of exchange messages; `merged` adds the counts of all shares to what a reader counts itself, `reading`
//! brings them in; `asking` asks workers for lists and stories, which are `answering` in the words of `wire`; `told` says how all this stands. ADR 0013 says why. Not here: Kafka itself (`ingest::kafka`), the log
//! of a server that stands alone.

mod answering;
mod asking;
mod mapping;
mod merged;
mod reading;
mod share;
mod told;
mod wire;
mod worker;

pub(crate) use answering::Shown;
pub(super) use asking::Asking;
pub(crate) use merged::Merged;
pub(crate) use reading::Reading;
pub(crate) use told::{WorkerServer, worker_router};
pub(super) use told::{elsewhere, health, note_metrics};
pub(crate) use worker::{Working, WorkingSetup};
