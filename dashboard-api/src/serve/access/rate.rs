//! How often somebody may ask: a bucket that fills steadily and is emptied by asking.
//!
//! The instant is an argument. Buckets are few (one a token or account), and bounded. Not here: what a refusal says
//! (`problem`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Buckets kept; when there are more, the fullest go first, which loses nothing.
const BUCKETS_MAX: usize = 8192;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// Buckets by name.
#[derive(Debug)]
pub(crate) struct Rate {
    a_second: f64,
    at_once: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Rate {
    /// So many a second in the long run, so many at once.
    pub(crate) fn new(a_second: f64, at_once: u32) -> Rate {
        Rate { a_second, at_once: f64::from(at_once), buckets: Mutex::default() }
    }

    /// Takes one for `name`; when it is not there, how long until it is.
    pub(crate) fn take(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(name) {
            let is_full = |bucket: &Bucket| {
                bucket.left + now.duration_since(bucket.at).as_secs_f64() * self.a_second >= self.at_once
            };
            buckets.retain(|_, bucket| !is_full(bucket));
        }
        let (all, at) = (self.at_once, now);
        let bucket = buckets.entry(name.to_owned()).or_insert(Bucket { left: all, at });
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + since * self.a_second).min(self.at_once);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(((1.0 - bucket.left) / self.a_second).min(3600.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_so_many_a_second_each_for_themselves() {
        let rate = Rate::new(2.0, 3);
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        for _ in 0..3 {
            assert_eq!(rate.take("a", start), Ok(()));
        }
        assert_eq!(rate.take("a", start), Err(Duration::from_millis(500)));
        assert_eq!(rate.take("b", start), Ok(()), "another has its own");
        assert_eq!(rate.take("a", after(500)), Ok(()));
        assert!(rate.take("a", after(600)).is_err());
    }
}
