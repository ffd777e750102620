//! Everything that the application may ask of the world. Plain data; the runtime carries it out.

use jiff::Timestamp;

use crate::config::{OwnTheme, PollSettings};
use crate::domain::distance::Ends;
use crate::domain::feed::FeedId;
use crate::domain::ids::{DeploymentId, EnvId, OpId, ReqId, ServiceId, Sha};
use crate::domain::lock::Lock;
use crate::domain::operation::{Plan, Request};
use crate::domain::trust::ProjectFile;
use crate::sanitize::Text;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read these feeds now; empty = all.
    Refresh(Vec<FeedId>),
    /// Count the commits between these, in place of what was counted before. The answers are `Fact::Distances`.
    Count(Vec<Ends>),
    /// Compute a plan; reads only. The answer is `Fact::Plan` with the same number. The last part is the operation it continues.
    Preflight(ReqId, EnvId, Request, Option<OpId>),
    /// Carry a plan out as it was confirmed, with the person's reason.
    Operate(Box<Plan>, Option<Text>),
    /// Remember that a deployment was verified healthy.
    Verified(ServiceId, DeploymentId, Sha),
    /// Lock an environment for a reason, until then; `None` = until it is given back.
    Lock(EnvId, Text, Option<Timestamp>),
    /// Give an environment back: one's own lock, or another person's as it was shown, for a reason.
    Unlock(EnvId, Option<(Lock, Text)>),
    /// Mark a commit bad for a reason, or take the mark away without one.
    Mark(Sha, Option<Text>),
    /// Let an operation that is held go on, or call it off.
    Answer(OpId, bool),
    /// Leave an interrupted operation as it is, and why.
    Leave(OpId, Text),
    /// Copy to the clipboard.
    Copy(String),
    /// Open in the browser.
    Open(String),
    /// Terminal title.
    Title(String),
    /// Bell and OSC 9 notification, once per transition.
    Alert(String),
    /// Write text to a file in the state directory; the answer is `Fact::Saved`.
    Save {
        /// File name without directory.
        name: String,
        /// Content, or the next part of it.
        text: String,
        /// The file is made anew; else the text is appended.
        first: bool,
    },
    /// Give the terminal to `$PAGER` with this file, and remove the file afterwards.
    Pager(String),
    /// Remember for this project how the panes are arranged.
    Arrange(String),
    /// Mouse capture on or off.
    Mouse(bool),
    /// Give the terminal back and stop (ctrl-z).
    Suspend,
    /// Approve a project file as it was read, and read the settings anew; the answer is `Fact::Approved`.
    Approve(Box<ProjectFile>),
    /// Read one's own configuration anew; the answer is `Msg::Settings`.
    Reread,
    /// Ask the terminal for its ground; the answer is `Msg::Ground`.
    AskGround,
    /// Watch the file of this theme from now on, in place of the one before; each other text of it is `Fact::Theme`.
    WatchTheme(Option<OwnTheme>),
    /// Read feeds in this rhythm from now on.
    Poll(PollSettings),
    /// Begin anew with the settings that were read.
    Restart,
    /// End.
    Quit,
}
