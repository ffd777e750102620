//! Clients of the outside platforms. Each adapter turns wire answers into domain types; none knows another.

pub mod fly;
pub mod github;
pub mod http;
mod lenient;
pub mod logparse;
pub mod observe;
pub mod postgres;
pub mod probe;
mod recent;
pub mod stream;
pub mod supabase;
pub mod vercel;

use std::time::Duration;

use crate::domain::environment::Platform;
use crate::domain::held::Held;
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

impl PlatformError {
    /// True when another try of a *read* may help. Time-outs are left to the feed's rhythm: three of them in a row would
    /// keep a pane waiting for half a minute.
    #[must_use]
    pub fn worth_retrying(&self) -> bool {
        match self.kind {
            ErrorKind::Unreachable | ErrorKind::Server => true,
            ErrorKind::RateLimited => self.retry_after.is_some(),
            _ => false,
        }
    }

    /// The same without a value that the platform may repeat.
    #[must_use]
    pub fn veiled(mut self, value: &Held) -> Self {
        self.message = Text::from(value.veil(self.message.as_str()));
        self
    }

    /// What a person can do about it, one line.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self.code.as_ref().map(Text::as_str) {
            Some(http::PAUSED) => return "! Z resumes it",
            Some(http::CHALLENGED) => return "! T ends the challenge",
            _ => {}
        }
        match self.kind {
            ErrorKind::Unreachable => "check the network and the address in the configuration",
            ErrorKind::Timeout | ErrorKind::Server => "the platform may have an incident; reads go on by themselves",
            ErrorKind::Auth => "check the token; `flightdeck config check` says where it came from",
            ErrorKind::Forbidden => "the token lacks a permission for this",
            ErrorKind::NotFound => "check the name in the configuration; a token without rights also sees nothing",
            ErrorKind::Conflict => "somebody else changed it; look again before trying again",
            ErrorKind::RateLimited => "reads slow down until the budget is full again",
            ErrorKind::Refused => "the platform does not accept this request",
            ErrorKind::Garbage => "check that the address in the configuration is the platform's API",
        }
    }
}

/// Whose token it is, from a platform's cheapest call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The user or organization.
    pub who: Text,
    /// Something to know about the token: its scopes, its end.
    pub note: Option<Text>,
}
