//! The kinds of operations: a row for each says what it is called, how it is confirmed, what becomes of commits, and what it has to do with
//! a run.

use serde::{Deserialize, Serialize};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// Back to an earlier deployment.
    RollBack,
    /// What staging runs goes to production.
    Promote,
    /// A gate is opened.
    Approve,
    /// A gate is closed for good.
    Reject,
    /// A run is stopped.
    Cancel,
    /// Jobs of a run that is over are run again.
    Rerun,
    /// The same commit is deployed anew, with the secrets and variables of now.
    Redeploy,
    /// The machines of a service are started anew.
    Restart,
    /// New builds of a frontend go live by themselves again.
    Unpin,
    /// A frontend answers nobody.
    Pause,
    /// A paused frontend answers again.
    Resume,
    /// Every visitor is challenged.
    Challenge,
    /// Visitors are let in again without a challenge.
    Unchallenge,
    /// A part of the visitors gets a new deployment.
    RollOut,
    /// A larger part of them does.
    Advance,
    /// All of them do.
    Complete,
    /// None of them does any more.
    Abort,
    /// A secret gets a value.
    SetSecret,
    /// A service gets more machines, or fewer.
    Scale,
}

/// What a kind takes from an environment: by it the confirmation is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// What is live goes, or answers nobody as before.
    TakesAway,
    /// It is about a run, whose gates ask by themselves.
    OfARun,
    /// Anything else that is changed.
    Changes,
}

/// What becomes of commits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brings {
    /// Commits ship.
    Ships,
    /// A commit goes somewhere, and none ships.
    Goes,
    /// An earlier commit serves again.
    GoesBack,
    /// Something on its way is stopped.
    Stops,
    /// Every commit stays where it is.
    Nothing,
}

/// What it has to do with a run of the pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OfRun {
    /// It follows one, which may wait at a gate.
    Follows,
    /// It says something to one that another operation follows.
    Answers,
    /// Nothing.
    None,
}

/// What is to be known of a kind.
struct Row {
    /// What people call it, and what is said when it is done.
    words: (&'static str, &'static str),
    weight: Weight,
    brings: Brings,
    run: OfRun,
}

const fn row(words: (&'static str, &'static str), weight: Weight, brings: Brings, run: OfRun) -> Row {
    Row { words, weight, brings, run }
}

impl OpKind {
    /// Each of them.
    pub const ALL: [Self; 19] = [
        Self::RollBack,
        Self::Promote,
        Self::Approve,
        Self::Reject,
        Self::Cancel,
        Self::Rerun,
        Self::Redeploy,
        Self::Restart,
        Self::Unpin,
        Self::Pause,
        Self::Resume,
        Self::Challenge,
        Self::Unchallenge,
        Self::RollOut,
        Self::Advance,
        Self::Complete,
        Self::Abort,
        Self::SetSecret,
        Self::Scale,
    ];

    fn row(self) -> Row {
        use Brings::{Goes, GoesBack, Nothing, Ships, Stops};
        use OfRun::{Answers, Follows, None};
        use Weight::{Changes, OfARun, TakesAway};
        match self {
            Self::RollBack => row(("roll back", "restored"), TakesAway, GoesBack, None),
            Self::Promote => row(("promote", "promoted"), Changes, Ships, Follows),
            Self::Approve => row(("approve", "approved"), OfARun, Ships, Answers),
            Self::Reject => row(("reject", "rejected"), OfARun, Stops, Answers),
            Self::Cancel => row(("cancel", "cancelled"), OfARun, Stops, Answers),
            Self::Rerun => row(("rerun", "run again"), OfARun, Goes, Follows),
            Self::Redeploy => row(("redeploy", "deployed anew"), Changes, Goes, None),
            Self::Restart => row(("restart", "restarted"), Changes, Nothing, None),
            Self::Unpin => row(("unpin", "unpinned"), Changes, Nothing, None),
            Self::Pause => row(("pause", "paused"), TakesAway, Nothing, None),
            Self::Resume => row(("resume", "resumed"), Changes, Nothing, None),
            Self::Challenge => row(("challenge visitors", "visitors are challenged"), TakesAway, Nothing, None),
            Self::Unchallenge => row(("end the challenge", "the challenge ended"), Changes, Nothing, None),
            Self::RollOut => row(("roll out", "rolling out"), Changes, Ships, None),
            Self::Advance => row(("advance", "advanced"), Changes, Ships, None),
            Self::Complete => row(("complete", "completed"), Changes, Ships, None),
            Self::Abort => row(("abort", "aborted"), TakesAway, Stops, None),
            Self::SetSecret => row(("set secret", "set"), Changes, Nothing, None),
            Self::Scale => row(("scale", "scaled"), Changes, Nothing, None),
        }
    }

    /// What people call it: `roll back`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().words.0
    }

    /// What programs call its answers.
    #[must_use]
    pub fn answers_as(self) -> &'static str {
        match self {
            Self::RollBack => "rollback",
            other => other.name(),
        }
    }

    /// What is said when it is done: `restored`.
    #[must_use]
    pub fn done(self) -> &'static str {
        self.row().words.1
    }

    /// What it takes from an environment.
    #[must_use]
    pub fn weight(self) -> Weight {
        self.row().weight
    }

    /// Whether commits ship by it, rather than go out.
    #[must_use]
    pub fn ships(self) -> bool {
        self.row().brings == Brings::Ships
    }

    /// Whether it brings a commit somewhere, so that a mark on the commit speaks against it: not what stops something on its
    /// way, and not what leaves the commit where it is.
    #[must_use]
    pub fn goes(self) -> bool {
        matches!(self.row().brings, Brings::Ships | Brings::Goes | Brings::GoesBack)
    }

    /// Whether an earlier commit serves again by it: then it is said what does not go back.
    #[must_use]
    pub fn goes_back(self) -> bool {
        self.row().brings == Brings::GoesBack
    }

    /// What is said of what it leaves as it is.
    #[must_use]
    pub fn leaves(self) -> &'static str {
        if self.goes_back() { "does not go back" } else { "stays as it is" }
    }

    /// Whether it opens a gate that commits wait at.
    #[must_use]
    pub fn opens_gate(self) -> bool {
        self.answers() && self.ships()
    }

    /// Whether it only stops something, which changes nothing of what a freeze protects.
    #[must_use]
    pub fn stops(self) -> bool {
        self.row().brings == Brings::Stops
    }

    /// Whether it keeps visitors out or lets them in and leaves every commit where it is: the way out of an emergency, which waits for
    /// nothing.
    #[must_use]
    pub fn holds_visitors(self) -> bool {
        matches!(self, Self::Pause | Self::Resume | Self::Challenge | Self::Unchallenge)
    }

    /// Whether it follows a run, which may wait at a gate.
    #[must_use]
    pub fn gated(self) -> bool {
        self.row().run == OfRun::Follows
    }

    /// Whether it belongs to an operation that waits for it, and may run beside it.
    #[must_use]
    pub fn answers(self) -> bool {
        self.row().run == OfRun::Answers
    }
}
