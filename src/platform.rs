//! Clients of the outside platforms. Each adapter turns wire answers into domain types; none knows another.

use std::time::Duration;

use crate::domain::environment::Platform;
use crate::sanitize::Text;

/// What went wrong with one call, with the platform's own words.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{platform}: {kind}: {message}")]
pub struct PlatformError {
    /// Who.
    pub platform: Platform,
    /// What sort.
    pub kind: ErrorKind,
    /// HTTP status, if one came.
    pub status: Option<u16>,
    /// The platform's code, if it has one.
    pub code: Option<Text>,
    /// The platform's message, or ours in words.
    pub message: Text,
    /// The platform's request id, for its support.
    pub request_id: Option<Text>,
    /// How long the platform asks us to wait.
    pub retry_after: Option<Duration>,
}

/// Sorts of failure, by what a person or the engine does about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No connection, name not found, reset.
    #[error("cannot be reached")]
    Unreachable,
    /// No answer in time. A mutation may have been taken.
    #[error("did not answer in time")]
    Timeout,
    /// No token, or it is not accepted.
    #[error("token refused")]
    Auth,
    /// The token may not do this.
    #[error("permission missing")]
    Forbidden,
    /// No such thing (or it is invisible to this token).
    #[error("not found")]
    NotFound,
    /// Somebody else holds it or it moved: lease, revision, already done.
    #[error("conflict")]
    Conflict,
    /// Too many requests.
    #[error("rate limit")]
    RateLimited,
    /// The request is not acceptable.
    #[error("refused")]
    Refused,
    /// 5xx.
    #[error("platform error")]
    Server,
    /// An answer that is not what the contract says.
    #[error("unreadable answer")]
    Garbage,
}
