//! What the menu of actions offers: its letter there, its keys, and what it is called. How each is done to what is selected stands in
//! `app/operations/menu.rs`.

use super::{Action, Entry, Group};

/// A row of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The way back of what the alarm line names.
    Alarm,
    /// What staging runs goes to production.
    Promote,
    /// A gate is opened.
    Approve,
    /// A gate is closed.
    Reject,
    /// The way back of what is selected.
    RollBack,
    /// The steps of the last operation.
    LastOperation,
    /// A run is stopped.
    Cancel,
    /// A run is run again.
    Rerun,
    /// The jobs of a run that failed are run again.
    RerunFailed,
    /// A commit is deployed anew.
    Redeploy,
    /// Machines are started anew.
    Restart,
    /// More machines, or fewer.
    Scale,
    /// New builds of a frontend go live by themselves again.
    Unpin,
    /// A frontend is paused, or answers again.
    Pause,
    /// Visitors are challenged, or no longer.
    Challenge,
    /// A rolling release begins, or advances.
    Advance,
    /// A rolling release is completed.
    Complete,
    /// A rolling release is aborted.
    Abort,
    /// An environment is locked, or unlocked.
    Lock,
    /// A commit is marked bad, or no longer.
    MarkBad,
    /// A secret gets a value.
    SetSecret,
    /// A freeze at certain times.
    Freeze,
}

/// What is to be known of a row.
struct Row {
    letter: char,
    keys: &'static [&'static str],
    name: &'static str,
    title: &'static str,
}

const fn row(letter: char, keys: &'static [&'static str], name: &'static str, title: &'static str) -> Row {
    Row { letter, keys, name, title }
}

impl Choice {
    /// Each of them, in the order of the menu.
    pub const ALL: [Self; 22] = [
        Self::Alarm,
        Self::Promote,
        Self::Approve,
        Self::Reject,
        Self::RollBack,
        Self::LastOperation,
        Self::Cancel,
        Self::Rerun,
        Self::RerunFailed,
        Self::Redeploy,
        Self::Restart,
        Self::Scale,
        Self::Unpin,
        Self::Pause,
        Self::Challenge,
        Self::Advance,
        Self::Complete,
        Self::Abort,
        Self::Lock,
        Self::MarkBad,
        Self::SetSecret,
        Self::Freeze,
    ];

    const fn row(self) -> Row {
        match self {
            Self::Alarm => row('!', &["!!"], "roll_back_alarm", "roll back what the alarm names"),
            Self::RollBack => row('R', &["!R"], "roll_back", "roll back"),
            Self::Promote => row('P', &["!P"], "promote", "promote"),
            Self::Approve => row('A', &["!A"], "approve", "approve a gate"),
            Self::Reject => row('J', &["!J"], "reject", "reject a gate"),
            Self::Cancel => row('C', &["!C"], "cancel", "cancel a run"),
            Self::Rerun => row('E', &["!E"], "rerun", "rerun a run"),
            Self::RerunFailed => row('G', &["!G"], "rerun_failed", "rerun what failed of a run"),
            Self::Redeploy => row('D', &["!D"], "redeploy", "redeploy"),
            Self::Restart => row('M', &["!M"], "restart", "restart machines"),
            Self::Scale => row('N', &["!N"], "scale", "scale"),
            Self::Unpin => row('U', &["!U"], "unpin", "unpin a frontend"),
            Self::Pause => row('Z', &["!Z"], "pause_frontend", "pause or resume a frontend"),
            Self::Challenge => row('T', &["!T"], "challenge_visitors", "challenge visitors, or stop"),
            Self::Advance => row('W', &["!W"], "advance_rolling", "rolling release: begin, advance"),
            Self::Complete => row('V', &["!V"], "complete_rolling", "rolling release: complete"),
            Self::Abort => row('Y', &["!Y"], "abort_rolling", "rolling release: abort"),
            Self::Lock => row('L', &["!L"], "lock", "lock or unlock an environment"),
            Self::MarkBad => row('B', &["!B"], "mark_bad", "mark a commit bad, or not"),
            Self::SetSecret => row('S', &["!S"], "set_secret", "set a secret"),
            Self::Freeze => row('F', &["!F"], "freeze", "freeze at certain times"),
            Self::LastOperation => row('O', &["!O"], "last_operation", "show the last operation"),
        }
    }

    /// The key that calls it in the menu.
    #[must_use]
    pub const fn letter(self) -> char {
        self.row().letter
    }

    /// The one with this letter.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.letter() == letter)
    }

    /// What starts it.
    #[must_use]
    pub const fn start(self) -> Action {
        Action::Start(self.letter())
    }

    /// Its row in the table of actions.
    pub(super) const fn entry(self) -> Entry {
        let Row { keys, name, title, .. } = self.row();
        super::entry(Group::Change, self.start(), name, keys, title)
    }
}
