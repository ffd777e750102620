//! Says why something that was read cannot be relied upon now. Actions that need it are refused with these words.

use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::{FeedId, Freshness};
use crate::domain::span::age;
use crate::sanitize::Text;

/// Why what these feeds tell cannot be relied upon; `None` = all of it was read lately. A feed that does not run says nothing.
#[must_use]
pub fn stale(model: &Model, feeds: impl IntoIterator<Item = FeedId>, now: Now) -> Option<Text> {
    feeds.into_iter().find_map(|id| {
        let status = model.facts.feeds.get(&id)?;
        let why = status.why().map(|why| format!(": {why}")).unwrap_or_default();
        let words = match status.freshness(now.wall) {
            Freshness::Fresh(_) => return None,
            Freshness::Waiting => format!("{id}: not read yet"),
            Freshness::Stale(old) => format!("{id}: not read for {}{why}", age(old)),
            Freshness::Failed => format!("{id}: never read{why}"),
        };
        Some(Text::from(words))
    })
}
