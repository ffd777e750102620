//! Everything that the application may ask of the world. Plain data; the runtime carries it out.

use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, ReqId};
use crate::domain::operation::{Plan, Target};

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read these feeds now; empty = all.
    Refresh(Vec<FeedId>),
    /// Compute a plan; reads only. The answer is `Fact::Plan` with the same number.
    Preflight(ReqId, EnvId, Vec<Target>),
    /// Carry a plan out as it was confirmed.
    Operate(Box<Plan>),
    /// Copy to the clipboard.
    Copy(String),
    /// Open in the browser.
    Open(String),
    /// Terminal title.
    Title(String),
    /// Bell and OSC 9 notification, once per transition.
    Alert(String),
    /// Save text to a file in the state directory and say where.
    Save {
        /// File name without directory.
        name: String,
        /// Content.
        text: String,
    },
    /// Mouse capture on or off.
    Mouse(bool),
    /// Give the terminal back and stop (ctrl-z).
    Suspend,
    /// End.
    Quit,
}
