//! The calls of an operation. A change is written down before it is sent and after it was answered, and sent once; a read is
//! asked again while its platform has trouble, because a change that went before it must not be left half-done by that.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::operator::{LOOK, Operator, PATIENCE, Trouble};
use super::sought::{self, Trace};
use crate::clock::Timestamp;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;
use crate::store::StoreError;
use crate::store::journal::{About, CallOutcome};

/// How often a change that a rate limit refused is asked for again, with an intent of its own each time.
const REFUSALS: u32 = 4;

impl Operator {
    /// One journalled change: the intent is on the disk before the call, its outcome after. A rate limit is a plain no, so the change is
    /// asked for again when the platform says; nothing else is. Whether a change was taken whose answer was lost is looked for where the
    /// platform shows it, before it is called unknown.
    pub(in crate::engine) async fn change_or_find<T, S, F, G>(
        &self,
        call: &str,
        send: impl Fn() -> F,
        find: impl Fn() -> G,
    ) -> Result<T, Trouble>
    where
        S: Into<Trace<T>>,
        F: Future<Output = Result<T, PlatformError>>,
        G: Future<Output = Result<S, PlatformError>>,
    {
        let error = match self.sent(call, None, send, |_| None).await? {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Trouble::Unknown(why) = Trouble::of_change(&error) else { return Err(Trouble::of_change(&error)) };
        match self.unless_stopped(sought::seek(&*self.clock, find)).await {
            Ok(Ok((found, ours))) => {
                let says = if ours {
                    "the answer was lost; the platform shows that it was taken"
                } else {
                    "the answer was lost; the platform shows what was asked for, perhaps by another hand"
                };
                self.written(call, says, CallOutcome::Taken, None).await?;
                self.alike.fetch_or(!ours, Ordering::Relaxed);
                Ok(found)
            }
            Ok(Err(known)) => Err(Trouble::Unknown(Text::from(format!("{why}; {known}")))),
            // It was sent: who stops the operation now does not know either.
            Err(_) => Err(Trouble::Unknown(why)),
        }
    }

    /// The same as a change for what is taken, or given back, and ends by itself at a time that the answer tells. The error is the
    /// platform's own: what became of the call is for the caller to say.
    pub(in crate::engine) async fn sent<T, F>(
        &self,
        call: &str,
        about: Option<&About>,
        send: impl Fn() -> F,
        until: impl Fn(&T) -> Option<Timestamp>,
    ) -> Result<Result<T, PlatformError>, Trouble>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let mut refused = 0;
        loop {
            let result = self.once(call, about, send(), &until).await?;
            let wait = result.as_ref().err().filter(|error| error.kind == ErrorKind::RateLimited);
            match wait.map(|error| error.retry_after.unwrap_or(LOOK)) {
                Some(wait) if wait <= PATIENCE && refused < REFUSALS => {
                    refused += 1;
                    self.unless_stopped(tokio::time::sleep(wait + Duration::from_millis(100))).await?;
                }
                _ => return Ok(result),
            }
        }
    }

    async fn once<T>(
        &self,
        call: &str,
        about: Option<&About>,
        sent: impl Future<Output = Result<T, PlatformError>>,
        until: impl Fn(&T) -> Option<Timestamp>,
    ) -> Result<Result<T, PlatformError>, Trouble> {
        let journal = |error: StoreError| Trouble::Failed(Text::from(error.to_string()));
        if self.running.stopped().is_some() {
            return Err(Trouble::Stopped);
        }
        let (op, store) = (self.plan.op, &self.store);
        match about {
            Some(about) => store.intent_about(op, call, about).await.map_err(journal)?,
            None => store.intent(op, call).await.map_err(journal)?,
        }
        self.called.store(true, Ordering::Relaxed);
        let result = sent.await;
        let says = result.as_ref().map_or_else(ToString::to_string, |_| "accepted".to_owned());
        let answer = CallOutcome::of(result.is_ok(), result.as_ref().is_err_and(super::operator::lost));
        let until = result.as_ref().ok().and_then(until);
        self.written(call, &says, answer, until).await?;
        Ok(result)
    }

    /// Writes an outcome down.
    pub(in crate::engine) async fn written(
        &self,
        call: &str,
        says: &str,
        answer: CallOutcome,
        until: Option<Timestamp>,
    ) -> Result<(), Trouble> {
        let unwritten = |error: StoreError| {
            Trouble::Unknown(Text::from(format!("{call}: {says}, but this could not be written down: {error}")))
        };
        self.store.outcome(self.plan.op, call, says, answer, until).await.map_err(unwritten)
    }

    /// What changes nothing is dropped where it stands when the operation is to stop.
    pub(in crate::engine) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.running.stopping() => Err(Trouble::Stopped),
            done = work => Ok(done),
        }
    }

    /// A change of what serves: from here on a failure is half-done.
    pub(in crate::engine) async fn turn_or_find<T, S, F, G>(
        &self,
        call: &str,
        send: impl Fn() -> F,
        find: impl Fn() -> G,
    ) -> Result<T, Trouble>
    where
        S: Into<Trace<T>>,
        F: Future<Output = Result<T, PlatformError>>,
        G: Future<Output = Result<S, PlatformError>>,
    {
        let result = self.change_or_find(call, send, find).await;
        self.moves(&result);
        result
    }

    /// Keeps whether something that serves was changed.
    pub(in crate::engine) fn moves<T>(&self, result: &Result<T, Trouble>) {
        if !matches!(result, Err(Trouble::Failed(_) | Trouble::Stopped)) {
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    /// A read, again and again while the platform has trouble, for two minutes at most.
    pub(in crate::engine) async fn look<T, F>(&self, read: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let end = self.clock.mono() + PATIENCE;
        loop {
            match self.unless_stopped(read()).await? {
                Ok(value) => return Ok(value),
                Err(error) if passing(error.kind) && self.clock.mono() < end => {
                    let wait = error.retry_after.unwrap_or(LOOK).min(PATIENCE / 4);
                    self.unless_stopped(tokio::time::sleep(wait)).await?;
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
