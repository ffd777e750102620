//! Feeds: background reads that keep one thing fresh, and what the screen may say of their age.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::environment::Platform;
use super::ids::{EnvId, ServiceId};
use crate::sanitize::Text;

/// What a feed reads. One running task per value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedId {
    /// What the platform declares of a service.
    Declared(ServiceId),
    /// What the edge answers for a service.
    Observed(ServiceId),
    /// Deployments of a service, newest first.
    Releases(ServiceId),
    /// Log lines of a service.
    Logs(ServiceId),
    /// Lines of a service's build while it runs.
    Builds(ServiceId),
    /// Probes of an environment.
    Health(EnvId),
    /// Secret names and digests of an environment.
    Secrets(EnvId),
    /// Pipeline runs, jobs and gates of the repository.
    Pipeline,
    /// The journal on the disk, which other consoles may write as well.
    Journal,
    /// What a service's database says of its condition.
    Findings(ServiceId),
    /// The start-up check of a platform's token.
    Token(Platform),
    /// How many commits lie between the stations of the release train.
    Distances,
}

/// What a feed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About<'a> {
    Service(&'a ServiceId),
    Env(&'a EnvId),
    Platform(Platform),
    /// More than one environment.
    All,
}

/// What stands on what a feed reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bears {
    /// How an environment stands, and so whether a promotion is ready.
    State,
    /// Whether a promotion is ready.
    Readiness,
    /// Neither.
    Neither,
}

/// What is to be known of a feed.
struct Row<'a> {
    about: About<'a>,
    /// What it is called, behind what it is about.
    words: &'static str,
    bears: Bears,
}

/// What a feed may change the judgement of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judges<'a> {
    /// Nothing.
    Nothing,
    /// One environment.
    One(&'a EnvId),
    /// Any of them.
    All,
}

impl FeedId {
    fn row(&self) -> Row<'_> {
        use About::{All, Env, Service};
        use Bears::{Neither, Readiness, State};
        let row = |about, words, bears| Row { about, words, bears };
        match self {
            Self::Declared(of) => row(Service(of), "declared", State),
            Self::Observed(of) => row(Service(of), "observed", State),
            Self::Releases(of) => row(Service(of), "releases", State),
            Self::Logs(of) => row(Service(of), "logs", Neither),
            Self::Builds(of) => row(Service(of), "builds", Neither),
            Self::Health(env) => row(Env(env), "health", State),
            Self::Secrets(env) => row(Env(env), "secrets", Readiness),
            Self::Pipeline => row(All, "pipeline", State),
            Self::Journal => row(All, "journal", Readiness),
            Self::Findings(of) => row(Service(of), "checks", State),
            Self::Token(platform) => row(About::Platform(*platform), "token", Neither),
            // How many commits wait says nothing of what is live.
            Self::Distances => row(All, "commits", Neither),
        }
    }

    /// The environment that it is about; `None` = it is about more than one.
    #[must_use]
    pub fn env(&self) -> Option<&EnvId> {
        match self.row().about {
            About::Service(of) => Some(&of.env),
            About::Env(env) => Some(env),
            About::Platform(_) | About::All => None,
        }
    }

    /// What its answers may change the judgement of.
    #[must_use]
    pub fn judges(&self) -> Judges<'_> {
        match (self.row().bears, self.env()) {
            (Bears::State, Some(env)) => Judges::One(env),
            (Bears::State, None) => Judges::All,
            (Bears::Readiness | Bears::Neither, _) => Judges::Nothing,
        }
    }

    /// Whether the readiness of a promotion stands on it.
    #[must_use]
    pub fn readies(&self) -> bool {
        self.row().bears != Bears::Neither
    }
}

impl fmt::Display for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { about, words, .. } = self.row();
        match about {
            About::Service(of) => write!(f, "{of} {words}"),
            About::Env(env) => write!(f, "{env} {words}"),
            About::Platform(platform) => write!(f, "{platform} {words}"),
            About::All => f.write_str(words),
        }
    }
}

/// How a feed is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum FeedState {
    /// Started, no answer yet.
    Starting,
    /// Answered at this time.
    Fresh(Timestamp),
    /// The last try failed; reads go on with backoff.
    Failing {
        /// The last good answer, if there was one.
        last_ok: Option<Timestamp>,
        /// Since when it fails.
        since: Timestamp,
        /// Why, in words for the pane: what happened and what to do.
        why: Text,
        /// The token is missing, refused, or lacks a permission.
        denied: bool,
        /// When it is read again, where the platform asked for the wait (a rate limit).
        again: Option<Timestamp>,
    },
}

/// A feed's state and rhythm, from which freshness follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// How it is doing.
    pub state: FeedState,
    /// The interval of its reads while they succeed. While they fail it is tried less often, and grows old all the same.
    pub interval: Duration,
}

/// Nothing is stale sooner than this: logs are read many times a second, and a hiccup is no failure.
const SOONEST: Duration = Duration::from_secs(5);

/// What a pane may claim of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Freshness {
    /// No answer has come yet.
    Waiting,
    /// Fresh, with its age.
    Fresh(Duration),
    /// Not answered for three intervals: dim it, and refuse what depends on it.
    Stale(Duration),
    /// Never answered, and failing.
    Failed,
}

impl Freshness {
    /// How little may be claimed, and of equals the older one.
    #[must_use]
    pub fn rank(self) -> (u8, Duration) {
        match self {
            Self::Fresh(age) => (0, age),
            Self::Waiting => (1, Duration::ZERO),
            Self::Stale(age) => (2, age),
            Self::Failed => (3, Duration::ZERO),
        }
    }
}

impl FeedStatus {
    /// Freshness at `now`: stale after three intervals without an answer (docs/adr/0002-a-statement-needs-its-basis.md).
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let last = match &self.state {
            FeedState::Starting => return Freshness::Waiting,
            FeedState::Fresh(at) => *at,
            FeedState::Failing { last_ok: None, .. } => return Freshness::Failed,
            FeedState::Failing { last_ok: Some(at), .. } => *at,
        };
        let age = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        if age > self.horizon() { Freshness::Stale(age) } else { Freshness::Fresh(age) }
    }

    /// How old an answer may be before it is stale.
    #[must_use]
    pub fn horizon(&self) -> Duration {
        (self.interval * 3).max(SOONEST)
    }

    /// From when on its last answer is stale; `None` while there is none.
    #[must_use]
    pub fn stale_at(&self) -> Option<Timestamp> {
        self.last_ok()?.checked_add(self.horizon()).ok()
    }

    /// When it last answered.
    #[must_use]
    pub fn last_ok(&self) -> Option<Timestamp> {
        match &self.state {
            FeedState::Starting => None,
            FeedState::Fresh(at) => Some(*at),
            FeedState::Failing { last_ok, .. } => *last_ok,
        }
    }

    /// Why it fails, if it does.
    #[must_use]
    pub fn why(&self) -> Option<&Text> {
        match &self.state {
            FeedState::Failing { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Whether the token has never been allowed to read this: then it is no part of what is said, and listed as not read.
    #[must_use]
    pub fn never_allowed(&self) -> bool {
        matches!(self.state, FeedState::Failing { last_ok: None, denied: true, .. })
    }
}

/// What is left of a platform's request budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Requests left in the window.
    pub remaining: u32,
    /// Requests of the window.
    pub limit: u32,
    /// When it fills again.
    pub reset: Option<Timestamp>,
}
