//! Fills the screen's own model once, for commands that answer and end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Output;
use crate::app::insight::train;
use crate::app::model::Model;
use crate::app::msg::{Msg, Now};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Settings;
use crate::domain::extent::Extent;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::ids::EnvId;
use crate::engine::{Engine, Scope};
use crate::error::ExitCode;

/// Counts that are asked for at most: each may be a request.
const COUNTS: usize = 20;

/// What was read.
pub(super) struct Reading {
    /// The screen's own model.
    pub(super) model: Model,
    /// The time ran out before every feed had answered.
    pub(super) late: bool,
}

impl Reading {
    /// Leaves nothing but what is about this environment, and what is about all of them.
    pub(super) fn narrow(&mut self, env: &EnvId) {
        self.model.narrow(env);
    }

    /// When the oldest of these feeds was read whole; `None` = one was not, or there is none.
    pub(super) fn basis(&self, matters: impl Fn(&FeedId) -> bool) -> Option<Timestamp> {
        let own = self.model.facts().feeds().iter().filter(|(id, _)| matters(id));
        own.map(|(id, status)| {
            let whole = self.model.facts().extents().get(id).is_none_or(|extent| *extent == Extent::Whole);
            status.last_ok().filter(|_| whole && !self.late && matches!(status.state, FeedState::Fresh(_)))
        })
        .min()
        .flatten()
    }

    /// Feeds that fail: which, why, and whether the token is at fault.
    pub(super) fn failing(&self) -> impl Iterator<Item = (&FeedId, &str, bool)> {
        self.model.facts().feeds().iter().filter_map(|(id, status)| match &status.state {
            FeedState::Failing { why, denied, .. } => Some((id, why.as_str(), *denied)),
            _ => None,
        })
    }

    /// The exit code of what is not known, if anything is not: of those feeds that matter to the answer.
    pub(super) fn incomplete(&self, output: Output, matters: impl Fn(&FeedId) -> bool) -> Option<ExitCode> {
        let failing: Vec<bool> = self.failing().filter(|(id, ..)| matters(id)).map(|(.., denied)| denied).collect();
        match () {
            () if failing.contains(&true) => Some(ExitCode::Auth),
            () if self.late => Some(output.late()),
            () if !failing.is_empty() => Some(ExitCode::Inconclusive),
            () => None,
        }
    }
}

/// Whether a feed is read again within the time because a platform asked for a short wait: its refusal is no answer.
fn postponed(status: &FeedStatus, deadline: Timestamp) -> bool {
    matches!(&status.state, FeedState::Failing { again: Some(again), .. } if *again < deadline)
}

/// Runs the engine until every feed has answered or failed once, or the time is over. A rate limit that ends within the time is
/// waited for.
pub(super) async fn read_once(settings: Arc<Settings>, clock: SharedClock, timeout: Duration) -> Reading {
    read(settings, clock, timeout, 0).await
}

/// The same, and how many commits lie between the environments.
pub(super) async fn read_counted(settings: Arc<Settings>, clock: SharedClock, timeout: Duration) -> Reading {
    read(settings, clock, timeout, COUNTS).await
}

async fn read(settings: Arc<Settings>, clock: SharedClock, timeout: Duration, counts: usize) -> Reading {
    let now = || Now { wall: clock.now(), mono: clock.mono() };
    let mut model = Model::new(&settings, now());
    for fact in crate::engine::recall(settings.keep(), clock.clone()).await {
        let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
    }
    let (engine, mut lanes) = Engine::start(settings, clock.clone(), Scope::State);
    let mut awaited: BTreeSet<FeedId> = engine.feeds().cloned().collect();
    let deadline = clock.now().checked_add(timeout).unwrap_or(Timestamp::MAX);
    let collect = async {
        while !awaited.is_empty() {
            let Some(fact) = lanes.control.recv().await else { break };
            if let Fact::Feed(id, status) = &fact
                && status.state != FeedState::Starting
                && !postponed(status, deadline)
            {
                awaited.remove(id);
            }
            let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
        }
    };
    let late = tokio::time::timeout(timeout, collect).await.is_err();
    // What is to be counted is known once it is known what runs where.
    let ends = train::countable(&model, now(), counts);
    if !late && !ends.is_empty() && engine.feeds().any(|id| *id == FeedId::Distances) {
        engine.count(ends);
        let counted = async {
            while let Some(fact) = lanes.control.recv().await {
                let over = matches!(&fact, Fact::Feed(FeedId::Distances, told) if told.state != FeedState::Starting);
                let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
                if over {
                    break;
                }
            }
        };
        // What is not counted in time is not known, and the rest is.
        let left = deadline.duration_since(clock.now()).try_into().unwrap_or_default();
        let _ = tokio::time::timeout(left, counted).await;
    }
    engine.shutdown().await;
    Reading { model, late }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::Text;

    #[test]
    fn a_rate_limit_that_ends_within_the_time_is_waited_for() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let failing = |again| FeedStatus {
            state: FeedState::Failing { last_ok: None, since: at(0), why: Text::default(), denied: false, again },
            interval: Duration::from_secs(2),
        };
        assert!(postponed(&failing(Some(at(10))), at(15)));
        assert!(!postponed(&failing(Some(at(20))), at(15)), "longer than there is time");
        assert!(!postponed(&failing(None), at(15)), "another failure is an answer");
    }
}
