//! Reads the store once, for commands that answer and end. It creates no file where nothing was ever written.

use super::memory::{LOOK, OPERATIONS};
use crate::clock::SharedClock;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::history::History;
use crate::domain::keep::Keep;
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

/// Locks, marks, what was verified healthy and operations, as the facts that the screen's own model is made of. A file that cannot be
/// read is the failure of the journal's feed.
pub async fn recall(keep: Keep, clock: SharedClock) -> Vec<Fact> {
    let now = clock.now();
    let (mut facts, state) = match read(keep, clock).await {
        Ok(facts) => (facts, FeedState::Fresh(now)),
        Err(error) => {
            let why = Text::from(error.to_string());
            (Vec::new(), FeedState::Failing { last_ok: None, since: now, why, denied: false, again: None })
        }
    };
    facts.push(Fact::Feed(FeedId::Journal, FeedStatus { state, interval: LOOK }));
    facts
}

async fn read(keep: Keep, clock: SharedClock) -> Result<Vec<Fact>, StoreError> {
    let Some(store) = Store::peek(keep, clock).await? else { return Ok(Vec::new()) };
    let (began, height) = tokio::try_join!(store.began(), store.height())?;
    let (verified, locks, marks, operations) =
        tokio::try_join!(store.verified(), store.locks(), store.marks(), store.operations(OPERATIONS))?;
    let history = History { verified, locks, marks, began, height, ..History::default() };
    let operations = operations.into_iter().map(|one| Fact::Operation(Box::new(one)));
    Ok(std::iter::once(Fact::History(Box::new(history))).chain(operations).collect())
}
