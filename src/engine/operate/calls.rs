//! The calls of an operation. A change is written down before it is sent and after it was answered, and sent once; a read is
//! asked again while its platform has trouble, because a change that went before it must not be left half-done by that.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// How often a change that a rate limit refused is asked for again, with an intent of its own each time.
const REFUSALS: u32 = 4;

impl Operator {
    /// One journalled change: the intent is on the disk before the call, its outcome after. A rate limit is a plain no, so
    /// the change is asked for again when the platform says; nothing else is.
    pub(super) async fn change<T, F>(&self, call: &str, send: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let mut refused = 0;
        loop {
            let result = self.once(call, send()).await?;
            let wait = result.as_ref().err().filter(|error| error.kind == ErrorKind::RateLimited);
            match wait.map(|error| error.retry_after.unwrap_or(LOOK)) {
                Some(wait) if wait <= PATIENCE && refused < REFUSALS => {
                    refused += 1;
                    tokio::time::sleep(wait + Duration::from_millis(100)).await;
                }
                _ => return result.map_err(|error| Trouble::of_change(&error)),
            }
        }
    }

    async fn once<T>(
        &self,
        call: &str,
        sent: impl Future<Output = Result<T, PlatformError>>,
    ) -> Result<Result<T, PlatformError>, Trouble> {
        let journal = |error: crate::store::StoreError| Trouble::Failed(Text::from(error.to_string()));
        self.store.intent(self.plan.op, call).await.map_err(journal)?;
        let result = sent.await;
        let says = result.as_ref().map_or_else(ToString::to_string, |_| "accepted".to_owned());
        if let Err(error) = self.store.outcome(self.plan.op, call, &says).await {
            return Err(Trouble::Unknown(Text::from(format!(
                "{call}: {says}, but this could not be written down: {error}"
            ))));
        }
        Ok(result)
    }

    /// A change of what serves: from here on a failure is half-done.
    pub(super) async fn turn<T, F>(&self, call: &str, send: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let result = self.change(call, send).await;
        if !matches!(result, Err(Trouble::Failed(_))) {
            self.moved.store(true, Ordering::Relaxed);
        }
        result
    }

    /// A read, again and again while the platform has trouble, for two minutes at most.
    pub(super) async fn look<T, F>(&self, read: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let end = self.clock.mono() + PATIENCE;
        loop {
            match read().await {
                Ok(value) => return Ok(value),
                Err(error) if passing(error.kind) && self.clock.mono() < end => {
                    tokio::time::sleep(error.retry_after.unwrap_or(LOOK).min(PATIENCE / 4)).await;
                }
                Err(error) => return Err(Trouble::Failed(Text::from(error.to_string()))),
            }
        }
    }
}

/// Trouble that goes by.
fn passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Garbage | ErrorKind::RateLimited
    )
}
