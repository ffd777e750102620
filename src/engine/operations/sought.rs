//! A change whose answer was lost is looked for where its platform shows it, before it is called unknown.

use std::time::Duration;

use super::operator::LOOK;
use crate::clock::Clock;
use crate::platform::PlatformError;

/// How long a platform may take to show a change that it has taken.
const LAG: Duration = Duration::from_secs(10);

/// What a look at the platform shows of a change.
#[derive(Debug)]
pub(in crate::engine) enum Trace<T> {
    /// It was taken.
    Taken(T),
    /// What was asked for is so, and another hand may have asked for the same.
    Alike(T),
    /// What was to change has changed, and nothing tells by whom.
    Changed,
    /// Nothing.
    Nothing,
}

impl<T> From<Option<T>> for Trace<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Self::Taken)
    }
}

impl<T> Trace<T> {
    /// What was found may be of another hand, unless it is known to be ours.
    pub(in crate::engine) fn known(found: Option<T>, ours: bool) -> Self {
        match found {
            Some(found) if ours => Self::Taken(found),
            Some(found) => Self::Alike(found),
            None => Self::Nothing,
        }
    }
}

/// Looks until the change is seen, or for ten seconds, and whether it is known to be ours; or says what is known of it.
pub(in crate::engine) async fn seek<T, S, G>(clock: &dyn Clock, find: impl Fn() -> G) -> Result<(T, bool), String>
where
    S: Into<Trace<T>>,
    G: Future<Output = Result<S, PlatformError>>,
{
    let start = clock.mono();
    // When nothing was seen last.
    let mut looked = None;
    loop {
        let failed = match find().await.map(Into::into) {
            Ok(Trace::Taken(found)) => return Ok((found, true)),
            Ok(Trace::Alike(found)) => return Ok((found, false)),
            Ok(Trace::Changed) => {
                let known = "it has changed since it was read before the call; by whom is not known";
                return Err(known.to_owned());
            }
            Ok(Trace::Nothing) => {
                looked = Some(clock.mono().saturating_sub(start));
                None
            }
            Err(error) => Some(error),
        };
        if clock.mono().saturating_sub(start) > LAG {
            return Err(unseen(looked, failed.as_ref()));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is known of a change that was not seen.
fn unseen(looked: Option<Duration>, failed: Option<&PlatformError>) -> String {
    match (looked, failed) {
        (None, Some(error)) => format!("it could not be looked for: {error}"),
        (Some(after), Some(error)) => {
            let seconds = after.as_secs();
            format!(
                "after {seconds} s nothing showed that it was taken, and then it could not be looked for any more: {error}"
            )
        }
        (_, None) => {
            format!("it was looked for, and after {} s nothing shows that it was taken", LAG.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::environment::Platform;
    use crate::platform::ErrorKind;

    fn dark() -> PlatformError {
        PlatformError {
            platform: Platform::Fly,
            kind: ErrorKind::Server,
            status: Some(502),
            code: None,
            message: "bad gateway".into(),
            request_id: None,
            retry_after: None,
            until: None,
        }
    }

    /// What is said where the n-th look, one each second, shows this.
    async fn after(look: impl Fn(u32) -> Result<Trace<u32>, PlatformError>) -> Result<(u32, bool), String> {
        let (clock, looks) = (ManualClock::new(jiff::Timestamp::UNIX_EPOCH), Cell::new(0));
        let find = || {
            looks.set(looks.get() + 1);
            clock.advance(LOOK);
            std::future::ready(look(looks.get()))
        };
        seek(&clock, find).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_looked_for_is_not_told_as_looked_for() {
        let never = after(|_| Err(dark())).await.unwrap_err();
        assert!(never.starts_with("it could not be looked for: ") && never.contains("bad gateway"), "{never}");
        let nothing = after(|_| Ok(Trace::Nothing)).await.unwrap_err();
        assert_eq!(nothing, "it was looked for, and after 10 s nothing shows that it was taken");
        let once = after(|look| if look == 3 { Ok(Trace::Nothing) } else { Err(dark()) }).await.unwrap_err();
        assert!(once.starts_with("after 3 s nothing showed") && once.contains("bad gateway"), "{once}");
        let back = after(|look| if look < 9 { Err(dark()) } else { Ok(Trace::Nothing) }).await.unwrap_err();
        assert_eq!(back, nothing, "it was looked at in the end");
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_by_another_hand_is_not_taken_for_ours() {
        assert_eq!(after(|look| if look < 5 { Err(dark()) } else { Ok(Trace::Taken(look)) }).await, Ok((5, true)));
        let ours = |ours| after(move |look| Ok(Trace::known((look > 1).then_some(look), ours)));
        assert_eq!((ours(true).await, ours(false).await), (Ok((2, true)), Ok((2, false))));
        let changed = after(|look| Ok(if look < 2 { Trace::Nothing } else { Trace::Changed })).await.unwrap_err();
        assert!(changed.ends_with("by whom is not known"), "{changed}");
    }
}
