//! The one HTTP client. It owns time-outs, retries of reads, body caps, error words and rate-limit budgets, so that the
//! adapters only know paths and shapes. A request that changes something is sent once, never again.

mod call;
mod fault;
mod limits;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Method};

pub use call::{Answer, ByteStream, Call};
pub use fault::TOO_LARGE;
pub(crate) use fault::{fault, garbage};

use crate::clock::SharedClock;
use crate::domain::environment::Platform;
use crate::domain::feed::Budget;
use crate::redact::Redactor;

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole request may take unless the call says otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body that is read, after decompression.
pub const BODY_CAP: usize = 8 * 1024 * 1024;
/// Answers held for conditional requests; when full the cache starts anew.
const CACHED: usize = 256;

/// Told whenever a platform states what is left of its budget.
pub type BudgetSink = Arc<dyn Fn(Platform, Budget) + Send + Sync>;

/// The client, cheap to clone. It opens no connection and reads no certificate before the first call.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    clock: SharedClock,
    redactor: Arc<Redactor>,
    budgets: Option<BudgetSink>,
    client: OnceLock<Result<Client, String>>,
    etags: Mutex<HashMap<String, (String, Bytes)>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// A client. `redactor` masks log lines and error words on the way in; `budgets` hears of rate limits.
    #[must_use]
    pub fn new(clock: SharedClock, redactor: Arc<Redactor>, budgets: Option<BudgetSink>) -> Self {
        let client = OnceLock::new();
        Self(Arc::new(Inner { clock, redactor, budgets, client, etags: Mutex::default() }))
    }

    /// The clock that stamps what carries no time of its own.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The masks applied to text from outside.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// A read. It is tried up to three times.
    #[must_use]
    pub fn get(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::GET, url)
    }

    /// A change (or a read that needs a body, see [`Call::reading`]).
    #[must_use]
    pub fn post(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::POST, url)
    }

    /// A change of a part.
    #[must_use]
    pub fn patch(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::PATCH, url)
    }

    /// A removal.
    #[must_use]
    pub fn delete(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::DELETE, url)
    }

    fn client(&self) -> Result<&Client, String> {
        self.0.client.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    fn cached(&self, url: &str) -> Option<(String, Bytes)> {
        self.0.etags.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    fn remember(&self, url: &str, etag: &str, body: &Bytes) {
        let mut etags = self.0.etags.lock().unwrap_or_else(PoisonError::into_inner);
        if etags.len() >= CACHED {
            etags.clear();
        }
        etags.insert(url.to_owned(), (etag.to_owned(), body.clone()));
    }

    fn note_limits(&self, platform: Platform, headers: &reqwest::header::HeaderMap) {
        if let Some(sink) = &self.0.budgets
            && let Some(budget) = limits::budget(platform, headers, self.0.clock.now())
        {
            sink(platform, budget);
        }
    }
}

/// Redirects are followed by [`Call`] itself, where a contract asks for it, so that a token never leaves its origin.
fn build() -> Result<Client, String> {
    install_crypto();
    Client::builder()
        .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .build()
        .map_err(|error| format!("the HTTP client cannot be built: {error}"))
}

/// Installs the TLS provider once per process; a second call changes nothing.
pub fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // The error means that another thread was first, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}

/// Percent-encodes one path segment: an environment or branch name may hold a slash.
#[must_use]
pub fn segment(raw: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_slash_in_a_name_does_not_make_a_path() {
        assert_eq!(segment("release/1 é"), "release%2F1%20%C3%A9");
        assert_eq!(segment("main-1.2_~"), "main-1.2_~");
    }
}
