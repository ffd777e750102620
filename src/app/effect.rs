//! Everything that the application may ask of the world. Plain data; the runtime carries it out.

use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, OpId, ReqId};
use crate::domain::operation::{Plan, Target};
use crate::sanitize::Text;

/// One wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read these feeds now; empty = all.
    Refresh(Vec<FeedId>),
    /// Compute a plan; the answer is `Fact::Plan` with the same number. Reads only.
    Preflight {
        /// Joins the answer.
        req: ReqId,
        /// Where.
        env: EnvId,
        /// What the person chose.
        targets: Vec<Target>,
    },
    /// Carry a plan out. Its progress is `Fact::Operation`.
    Operate {
        /// The plan as confirmed.
        plan: Box<Plan>,
        /// The reason typed, if one was asked.
        reason: Option<Text>,
    },
    /// An interrupted operation is left as it is: note that in the journal.
    Abandon(OpId),
    /// An interrupted operation: read the world again and say where it stands.
    Reconcile(OpId),
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
