//! What may be claimed of a pane and of a platform, by the feeds that tell of it.

use std::collections::BTreeSet;

use super::model::Model;
use super::msg::Now;
use super::panes::Pane;
use crate::domain::environment::Platform;
use crate::domain::feed::{FeedId, FeedState, FeedStatus, Freshness};
use crate::domain::span;
use crate::domain::state::State;

impl Model {
    /// The feeds that a pane is made of.
    pub fn feeds_of(&self, pane: Pane) -> impl Iterator<Item = (&FeedId, &FeedStatus)> {
        self.facts.feeds.iter().filter(move |(id, _)| pane.listed().made_of(id))
    }

    /// What a pane may claim: the worst of its feeds, the oldest among equals.
    #[must_use]
    pub fn freshness(&self, pane: Pane, now: Now) -> Freshness {
        self.oldest(pane, now).map_or(Freshness::Waiting, |(_, freshness)| freshness)
    }

    /// The platforms that are asked, in the order of their names.
    #[must_use]
    pub fn platforms(&self) -> BTreeSet<Platform> {
        let asked = self.facts.feeds.keys().filter_map(|id| self.platform_of(id));
        asked.chain(self.facts.budgets.keys().copied()).filter(|platform| platform.configured()).collect()
    }

    /// The platform that a feed asks; `None` where it asks several, or none.
    fn platform_of(&self, id: &FeedId) -> Option<Platform> {
        match id {
            FeedId::Declared(of) | FeedId::Releases(of) | FeedId::Findings(of) => self.facts.homes.get(of).copied(),
            FeedId::Pipeline => Some(Platform::Github),
            FeedId::Token(platform) => Some(*platform),
            _ => None,
        }
    }

    /// What keeps a platform from being known: it refuses, it fails, or it has not answered for long.
    #[must_use]
    pub fn platform_trouble(&self, platform: Platform, now: Now) -> Option<(State, String)> {
        let own = self.facts.feeds.iter().filter(|(id, _)| self.platform_of(id) == Some(platform));
        let troubles = own.filter_map(|(_, status)| match (&status.state, status.freshness(now.wall)) {
            (FeedState::Failing { denied: true, .. }, _) => Some((3, State::Failing, "refuses".to_owned())),
            (FeedState::Failing { since, .. }, _) => {
                Some((2, State::Failing, format!("fails {}", span::since(*since, now.wall))))
            }
            (_, Freshness::Stale(age)) => Some((1, State::Unknown, format!("silent {}", span::age(age)))),
            _ => None,
        });
        troubles.max_by_key(|(rank, ..)| *rank).map(|(_, state, says)| (state, says))
    }

    /// The feed that decides what a pane may claim.
    #[must_use]
    pub fn oldest(&self, pane: Pane, now: Now) -> Option<(&FeedId, Freshness)> {
        let all = self.feeds_of(pane).map(|(id, status)| (id, status.freshness(now.wall)));
        all.max_by_key(|(_, freshness)| freshness.rank())
    }
}
