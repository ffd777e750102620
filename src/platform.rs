//! Clients of the outside platforms. Each adapter turns wire answers into domain types; none knows another.

pub mod adapters;
pub mod capabilities;
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
mod words;

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::environment::Platform;
use crate::domain::secret_value::SecretValue;
use crate::sanitize::Text;

/// What went wrong with one call, with the platform's own words.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{platform}: {kind}{}: {message}", ends(*.until, *.retry_after))]
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
    /// How long to wait before it is asked again: what the platform asks for, five minutes at most.
    pub retry_after: Option<Duration>,
    /// Until when a rate limit holds, by the platform's word.
    pub until: Option<Timestamp>,
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
    #[error("rate limited")]
    RateLimited,
    /// The request is not acceptable.
    #[error("refused")]
    Refused,
    /// An error inside a success: HTTP says 200, the body says what went wrong.
    #[error("reports an error")]
    Reported,
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
            ErrorKind::Unreachable if self.not_asked() => false,
            ErrorKind::Unreachable | ErrorKind::Server => true,
            ErrorKind::RateLimited => self.retry_after.is_some(),
            _ => false,
        }
    }

    /// True when it was not sent at all, because the platform does not answer just now.
    #[must_use]
    pub fn not_asked(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.as_str() == http::NOT_ASKED)
    }

    /// The same without a value that the platform may repeat.
    #[must_use]
    pub fn veiled(mut self, value: &SecretValue) -> Self {
        self.message = Text::from(crate::redact::without(value.expose(), self.message.as_str(), "•••"));
        self
    }

    /// What a person can do about it, one line.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self.code.as_ref().map(Text::as_str) {
            Some(http::PAUSED) => return "`flightdeck resume` ends the pause",
            Some(http::NOT_ASKED) => return "it is asked again automatically",
            Some(http::CHALLENGED) => return "`flightdeck challenge --end` ends the challenge",
            _ => {}
        }
        if self.status == Some(451) {
            return "the platform withholds it for legal reasons";
        }
        match self.kind {
            ErrorKind::Unreachable => "check the network and the address in the configuration",
            ErrorKind::Timeout | ErrorKind::Server => {
                "the platform may have an incident; reading goes on automatically"
            }
            ErrorKind::Auth => "check the token; `flightdeck config check` says where it came from",
            ErrorKind::Forbidden => "the token lacks a permission for this",
            ErrorKind::NotFound => {
                "check the name in the configuration; a token without permission gets the same answer"
            }
            ErrorKind::Conflict => "somebody else changed it; check its state before trying again",
            ErrorKind::RateLimited => "reading waits until then; r asks now",
            ErrorKind::Reported => {
                "the platform reports this error inside a successful answer; reading goes on automatically"
            }
            ErrorKind::Refused => "the platform does not accept this request",
            ErrorKind::Garbage => "check that the address in the configuration is the platform's API",
        }
    }
}

/// ` until 08:31:00Z`, and when it is asked again where that is sooner.
fn ends(until: Option<Timestamp>, after: Option<Duration>) -> String {
    let Some(until) = until else { return String::new() };
    if after.is_none_or(|after| after < http::LONGEST_WAIT) {
        return format!(" until {}", until.strftime("%H:%M:%SZ"));
    }
    let minutes = http::LONGEST_WAIT.as_secs() / 60;
    let end =
        if until == Timestamp::MAX { "further notice".to_owned() } else { until.strftime("%F %H:%M:%SZ").to_string() };
    format!(" until {end} (asked again in {minutes} min)")
}

/// Whose token it is, from a platform's cheapest call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The user or organization.
    pub who: Text,
    /// Something to know about the token: its scopes, its end.
    pub note: Option<Text>,
}
