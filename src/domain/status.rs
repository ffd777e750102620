//! What is known of a service, and what may be said of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::environment::{Declared, Instance, Observed};
use super::ids::Sha;
use super::state::State;
use crate::sanitize::Text;

/// What is known of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceState {
    /// The platform's word.
    pub declared: Option<Declared>,
    /// The edge's answer.
    pub observed: Option<Observed>,
    /// When the deployment that is declared now was first seen: an older answer of the edge says nothing about it.
    pub declared_at: Option<Timestamp>,
    /// When the edge was first seen to answer another commit than before: an older list of the platform says nothing about it.
    pub observed_at: Option<Timestamp>,
    /// What machines ran when they were last read, by their ids: of one that cannot be read now it is all that is known.
    #[serde(skip)]
    pub ran: BTreeMap<Text, Sha>,
}

/// What may be said of a service or an environment, and on what it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The one word for it.
    pub state: State,
    /// Short words beside the state: `1 of 2 machines`, `not read for 47s, was healthy`; empty when there is nothing to add.
    pub why: String,
    /// Every commit that is live as far as is known, the edge's word before the platform's. Several when it is mixed.
    pub commits: Vec<Sha>,
    /// Whether two releases are live there, also where its state tells of something that outranks that.
    #[serde(skip)]
    pub mixed: bool,
    /// When the oldest fact that this needs was read; `None` = some of it never was.
    pub basis: Option<Timestamp>,
    /// The platform's own word, of a service.
    pub platform_state: Option<Text>,
}

impl Judgement {
    /// Nothing was read.
    #[must_use]
    pub fn unread() -> Self {
        Self {
            state: State::Unknown,
            why: "not read yet".to_owned(),
            commits: Vec::new(),
            mixed: false,
            basis: None,
            platform_state: None,
        }
    }

    /// The commit that is live; `None` when it is not known or there are several.
    #[must_use]
    pub fn sha(&self) -> Option<&Sha> {
        match &self.commits[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The state with why: `mixed: backend 9df49c2, frontend 3e60eac`.
    #[must_use]
    pub fn words(&self) -> String {
        if self.why.is_empty() { self.state.word().to_owned() } else { format!("{}: {}", self.state, self.why) }
    }

    /// The commits in seven letters each: `9df49c2`, `9df49c2+3e60eac`; empty when none is known.
    #[must_use]
    pub fn short(&self) -> String {
        self.commits.iter().map(Sha::short).collect::<Vec<_>>().join("+")
    }
}

impl ServiceState {
    /// Whether declared and observed name the same commit; `None` when either is not known.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let declared = self.declared.as_ref()?.sha.as_ref()?;
        let observed = self.observed.as_ref()?.sha.as_ref()?;
        Some(declared.same(observed))
    }

    /// Takes in what is declared now.
    pub fn declare(&mut self, declared: Declared, now: Timestamp) -> Option<Declared> {
        let changed = self.declared.as_ref().is_none_or(|known| known.deployment != declared.deployment);
        // The first one was there before we looked.
        if changed && self.declared.is_some() {
            self.declared_at = Some(now);
        }
        self.ran.retain(|id, _| declared.instances.iter().any(|one| one.id == *id));
        for one in &declared.instances {
            if let (Some(sha), None) = (&one.sha, &one.unread) {
                self.ran.insert(one.id.clone(), sha.clone());
            }
        }
        self.declared.replace(declared)
    }

    /// Takes in what the edge answers now.
    pub fn observe(&mut self, observed: Observed) {
        // It leaves what the platform declares. Where two commits answer in turn, each leaves the other, and that is no news.
        let agreed = self.agrees() == Some(true);
        self.observed = Some(observed);
        if agreed && self.agrees() == Some(false) {
            self.observed_at = self.observed.as_ref().map(|observed| observed.at);
        }
    }

    /// What a machine runs, or ran when it was last read.
    #[must_use]
    pub fn runs<'a>(&'a self, one: &'a Instance) -> Option<&'a Sha> {
        one.sha.as_ref().or_else(|| self.ran.get(&one.id).filter(|_| one.unread.is_some()))
    }
}
