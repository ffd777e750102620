//! What is known of a service, and what may be said of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::environment::{Declared, Instance, Observed};
use super::ids::Sha;
use super::state::State;
use crate::sanitize::Text;

/// How long a commit counts that the edge answered beside the one that is declared: where two answer in turn, the next answer takes nothing
/// back.
const HEARD: SignedDuration = SignedDuration::from_mins(3);
/// An edge may answer with the old commit for so long after the last machine or domain was moved.
const FOLLOWS: SignedDuration = SignedDuration::from_secs(10);
/// Commits of the edge that are kept.
const KEPT: usize = 8;

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
    pub ran: BTreeMap<Text, Ran>,
    /// Commits that the edge answered since what is declared stands, each with the time of its last answer.
    #[serde(skip)]
    pub heard: Vec<(Sha, Timestamp)>,
    /// When what is declared was last seen to move; `None` = it has stood since it was first read.
    #[serde(skip)]
    pub moved_at: Option<Timestamp>,
}

/// What a machine ran when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The commit, where it was known.
    pub sha: Option<Sha>,
    /// The image, by digest.
    pub digest: Option<Text>,
    /// When that was.
    pub at: Timestamp,
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
    /// Whether a service stays at an older commit that the newest deploy did not concern, as far as the lists of deployments tell
    /// (docs/adr/0001-one-release.md).
    #[serde(skip)]
    pub stays: bool,
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
            stays: false,
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
        if let Some(before) = self.declared.as_ref()
            && (changed || before.moves() || declared.moves() || self.other(before, &declared))
        {
            self.moved_at = Some(now);
            self.heard.clear();
        }
        self.ran.retain(|id, _| declared.instances.iter().any(|one| one.id == *id));
        for one in declared.instances.iter().filter(|one| one.unread.is_none()) {
            let ran = Ran { sha: one.sha.clone(), digest: one.digest.clone(), at: now };
            self.ran.insert(one.id.clone(), ran);
        }
        self.declared.replace(declared)
    }

    /// Whether machines or domains serve something else than when they were last read.
    fn other(&self, before: &Declared, declared: &Declared) -> bool {
        let machine = |one: &Instance| match self.ran.get(&one.id) {
            Some(ran) => ran.digest != one.digest || ran.sha != one.sha,
            None => true,
        };
        let gone = |one: &Instance| declared.instances.iter().all(|other| other.id != one.id);
        let read = |one: &&Instance| one.unread.is_none();
        before.pointed != declared.pointed
            || declared.instances.iter().filter(read).any(machine)
            || before.instances.iter().any(gone)
    }

    /// Takes in what the edge answers now.
    pub fn observe(&mut self, observed: Observed) {
        // It leaves what the platform declares. Where two commits answer in turn, each leaves the other, and that is no news.
        let agreed = self.agrees() == Some(true);
        let at = observed.at;
        let edges = observed.edges.iter().filter_map(|edge| edge.sha.clone());
        let answered: Vec<Sha> = observed.sha.iter().cloned().chain(edges).collect();
        self.observed = Some(observed);
        self.heard.retain(|(_, last)| at.duration_since(*last) <= HEARD);
        if self.moved_at.is_none_or(|moved| at.duration_since(moved) > FOLLOWS) {
            for sha in answered {
                self.heard.retain(|(known, _)| !known.same(&sha));
                self.heard.insert(0, (sha, at));
            }
            self.heard.truncate(KEPT);
        }
        if agreed && self.agrees() == Some(false) {
            self.observed_at = self.observed.as_ref().map(|observed| observed.at);
        }
    }

    /// What a machine runs, or ran when it was last read.
    #[must_use]
    pub fn runs<'a>(&'a self, one: &'a Instance) -> Option<&'a Sha> {
        match one.unread {
            Some(_) => self.last(one)?.sha.as_ref(),
            None => one.sha.as_ref(),
        }
    }

    /// What a machine that cannot be read now ran when it was last read.
    #[must_use]
    pub fn last(&self, one: &Instance) -> Option<&Ran> {
        self.ran.get(&one.id).filter(|_| one.unread.is_some())
    }

    /// A commit beside the declared one that the edge answered lately, and when: while two answer in turn, both are live.
    #[must_use]
    pub fn beside(&self) -> Option<(&Sha, Timestamp)> {
        let declared = self.declared.as_ref()?.sha.as_ref()?;
        self.heard.iter().find(|(sha, _)| !sha.same(declared)).map(|(sha, at)| (sha, *at))
    }
}
