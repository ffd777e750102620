//! Fills the screen's own model once, for commands that answer and end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::app::model::Model;
use crate::app::msg::{Msg, Now};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::engine::{Engine, Scope};

/// Runs the engine until every feed has answered or failed once; true when the time ran out before.
pub(super) async fn read_once(settings: Arc<Settings>, clock: SharedClock, timeout: Duration) -> (Model, bool) {
    let now = || Now { wall: clock.now(), mono: clock.mono() };
    let mut model = Model::new(&settings, now());
    let (engine, mut lanes) = Engine::start(settings, clock.clone(), Scope::State);
    let mut awaited: BTreeSet<FeedId> = engine.feeds().cloned().collect();
    let collect = async {
        while !awaited.is_empty() {
            let Some(fact) = lanes.control.recv().await else { break };
            if let Fact::Feed(id, _) = &fact {
                awaited.remove(id);
            }
            let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
        }
    };
    let late = tokio::time::timeout(timeout, collect).await.is_err();
    engine.shutdown().await;
    (model, late)
}
