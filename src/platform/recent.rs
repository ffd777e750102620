//! Shares a recent answer between feeds that need the same one, because platforms count requests. A change never uses it: it
//! reads again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::PlatformError;
use crate::clock::SharedClock;

/// An answer with the monotonic time of its question, or a failure with the time when it was known. The lock is held while it
/// is read: two feeds never read the same twice, and those that waited for a failure share it.
type Slot<T> = Arc<tokio::sync::Mutex<Option<(Duration, Result<Arc<T>, PlatformError>)>>>;

/// Answers by what was asked.
pub(super) struct Recent<T>(Mutex<HashMap<String, Slot<T>>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> std::fmt::Debug for Recent<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent")
    }
}

impl<T> Recent<T> {
    /// What is held for `key` is not good enough any more.
    pub(super) fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// What is held for `key`, and since when it is known; `None` also while it is read.
    pub(super) fn held(&self, key: &str) -> Option<(Duration, Arc<T>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(key)?.try_lock().ok()?;
        let (at, value) = held.as_ref()?;
        Some((*at, Arc::clone(value.as_ref().ok()?)))
    }

    /// What is held for other keys than this one, without those that are being read.
    pub(super) fn others(&self, key: &str) -> Vec<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = all.iter().filter(|(other, _)| other.as_str() != key);
        others.filter_map(|(_, held)| held.try_lock().ok()?.as_ref()?.1.as_ref().ok().map(Arc::clone)).collect()
    }

    /// The answer held for `key`, or a new one when that is `age` old.
    pub(super) async fn get(
        &self,
        key: &str,
        clock: &SharedClock,
        age: Duration,
        read: impl Future<Output = Result<T, PlatformError>>,
    ) -> Result<Arc<T>, PlatformError> {
        self.get_while(key, clock, |_| age, read).await
    }

    /// The same, where what is held tells how old it may be.
    pub(super) async fn get_while(
        &self,
        key: &str,
        clock: &SharedClock,
        age: impl Fn(&T) -> Duration,
        read: impl Future<Output = Result<T, PlatformError>>,
    ) -> Result<Arc<T>, PlatformError> {
        let began = clock.mono();
        let held = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key.to_owned()).or_default())
        };
        let mut held = held.lock().await;
        match &*held {
            Some((at, Ok(value))) if began.saturating_sub(*at) < age(value) => return Ok(Arc::clone(value)),
            Some((at, Err(error))) if *at > began => return Err(error.clone()),
            _ => {}
        }
        let result = read.await.map(Arc::new);
        let at = if result.is_ok() { began } else { clock.mono() };
        *held = Some((at, result.clone()));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::environment::Platform;
    use crate::platform::{ErrorKind, http};

    #[tokio::test]
    async fn an_answer_is_given_again_until_it_is_too_old() {
        let manual = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let clock: SharedClock = manual.clone();
        let (recent, five) = (Recent::default(), Duration::from_secs(5));
        assert_eq!(*recent.get("a", &clock, five, async { Ok(1) }).await.unwrap(), 1);
        manual.advance(Duration::from_secs(4));
        assert_eq!(*recent.get("a", &clock, five, async { Ok(2) }).await.unwrap(), 1);
        assert_eq!(*recent.get("b", &clock, five, async { Ok(3) }).await.unwrap(), 3);
        let fresh = recent.get("a", &clock, Duration::ZERO, async { Ok(4) }).await.unwrap();
        assert_eq!(*fresh, 4, "whoever wants it fresh gets it fresh");
        manual.advance(five);
        assert_eq!(*recent.get("a", &clock, five, async { Ok(5) }).await.unwrap(), 5);
        // What is held tells how old it may be.
        manual.advance(five);
        let long = |held: &i32| if *held == 5 { five * 3 } else { five };
        assert_eq!(*recent.get_while("a", &clock, long, async { Ok(6) }).await.unwrap(), 5);
        manual.advance(five * 2);
        assert_eq!(*recent.get_while("a", &clock, long, async { Ok(6) }).await.unwrap(), 6);
        manual.advance(five);
        assert_eq!(*recent.get_while("a", &clock, long, async { Ok(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn those_who_waited_for_a_failure_share_it_and_the_next_asks_anew() {
        let manual = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let clock: SharedClock = manual.clone();
        let recent = Recent::<u32>::default();
        let slow = async {
            tokio::task::yield_now().await;
            manual.advance(Duration::from_secs(10));
            Err(http::fault(Platform::Fly, ErrorKind::Timeout, "no answer"))
        };
        let (first, second) = tokio::join!(
            recent.get("a", &clock, Duration::ZERO, slow),
            recent.get("a", &clock, Duration::ZERO, async { Ok(2) })
        );
        assert!(first.is_err() && second.is_err());
        assert_eq!(*recent.get("a", &clock, Duration::ZERO, async { Ok(3) }).await.unwrap(), 3);
    }
}
