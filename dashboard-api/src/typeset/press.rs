//! Makes documents off the async threads, so many at once and no more.
//!
//! Not here: what is in them.

use std::time::Duration;

use tokio::sync::Semaphore;

use super::TypesetError;

/// Documents made at once.
const AT_ONCE_MAX: usize = 2;
/// How long a document waits for its turn.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE_MAX);

/// Makes a document when it is its turn.
pub(crate) async fn print(
    make: impl FnOnce() -> Result<Vec<u8>, TypesetError> + Send + 'static,
) -> Result<Vec<u8>, TypesetError> {
    let turn = tokio::time::timeout(TURN_PATIENCE, TURNS.acquire()).await;
    let _turn = turn.ok().and_then(Result::ok).ok_or(TypesetError::Busy)?;
    let printed = tokio::task::spawn_blocking(make).await;
    printed.map_err(|error| TypesetError::BrokenOff(error.to_string()))?
}
