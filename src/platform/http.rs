//! The one HTTP client. It owns time-outs, retries of reads, body caps, error words, rate-limit budgets and a breaker for each
//! origin, so that the adapters only know paths and shapes. A request that changes something is sent once, never again.

mod answer;
pub mod body;
mod breaker;
mod cache;
mod call;
mod fault;
mod ledger;
mod limits;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, Response, Url};
use secrecy::ExposeSecret as _;

pub use answer::Answer;
pub use breaker::NOT_ASKED;
pub use call::{ByteStream, Call};
pub use fault::{CHALLENGED, PAUSED, TOO_LARGE};
pub(crate) use fault::{fault, garbage};
pub(crate) use ledger::CEILING as LONGEST_WAIT;

use crate::clock::SharedClock;
use crate::config::proxy::{Proxy, Route};
use crate::domain::environment::Platform;
use crate::domain::feed::Budget;
use crate::redact::Redactor;

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole request may take unless the call says otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body that is read, after decompression.
pub const BODY_CAP: usize = 8 * 1024 * 1024;

/// What a platform states about itself beside its answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stated {
    /// The tightest of its budgets.
    Budget(Budget),
    /// How far its clock is ahead of ours; told when it changes.
    Clock(SignedDuration),
}

/// Told whenever a platform states something about itself.
pub type StatedSink = Arc<dyn Fn(Platform, Stated) + Send + Sync>;

/// The client, cheap to clone. It opens no connection and reads no certificate before the first call.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    clock: SharedClock,
    redactor: Arc<Redactor>,
    stated: Option<StatedSink>,
    proxy: Proxy,
    client: OnceLock<Result<Client, String>>,
    breaker: Arc<breaker::Breaker>,
    cache: cache::Cache,
    ledger: ledger::Ledger,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// A client that goes straight to every host. `redactor` masks log lines and error words on the way in; `stated` hears of
    /// rate limits and clocks.
    #[must_use]
    pub fn new(clock: SharedClock, redactor: Arc<Redactor>, stated: Option<StatedSink>) -> Self {
        Self::through(Proxy::default(), clock, redactor, stated)
    }

    /// The same, through a proxy where the person named one.
    #[must_use]
    pub fn through(proxy: Proxy, clock: SharedClock, redactor: Arc<Redactor>, stated: Option<StatedSink>) -> Self {
        let (cache, ledger) = (cache::Cache::default(), ledger::Ledger::default());
        let breaker = Arc::default();
        Self(Arc::new(Inner { clock, redactor, stated, proxy, client: OnceLock::new(), breaker, cache, ledger }))
    }

    /// How a request to this address leaves the machine.
    pub(crate) fn route(&self, url: &Url) -> Route {
        route(&self.0.proxy, url)
    }

    /// The present time by a platform's own clock, for windows that it reckons by it.
    #[must_use]
    pub fn now_at(&self, platform: Platform) -> Timestamp {
        let now = self.0.clock.now();
        now.checked_add(self.0.ledger.ahead(platform)).unwrap_or(now)
    }

    /// How far a platform's clock is ahead of ours, by its last answers; zero while it agrees.
    #[must_use]
    pub fn ahead(&self, platform: Platform) -> SignedDuration {
        self.0.ledger.ahead(platform)
    }

    /// By how much reads of these platforms are to be stretched, because a budget runs out: 1 = not at all.
    #[must_use]
    pub fn stretch(&self, platforms: &[Platform]) -> f64 {
        self.0.ledger.stretch(platforms, self.0.clock.now())
    }

    /// A person wants to know now: a platform that does not answer is asked as soon as a second has passed.
    pub fn hurry(&self, platforms: &[Platform]) {
        self.0.breaker.hurry(platforms);
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

    /// A thing put in its place, whether there was one or not.
    #[must_use]
    pub fn put(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::PUT, url)
    }

    /// A removal.
    #[must_use]
    pub fn delete(&self, platform: Platform, url: &str) -> Call {
        Call::new(self.clone(), platform, Method::DELETE, url)
    }

    fn client(&self) -> Result<&Client, String> {
        self.0.client.get_or_init(|| build(&self.0.proxy)).as_ref().map_err(Clone::clone)
    }

    fn note(&self, platform: Platform, response: &Response) {
        let now = self.0.clock.now();
        let (budget, moved) = self.0.ledger.note(platform, response.url(), response.headers(), now);
        let Some(sink) = &self.0.stated else { return };
        let stated = budget.map(Stated::Budget).into_iter().chain(moved.map(Stated::Clock));
        stated.for_each(|stated| sink(platform, stated));
    }
}

/// The route to the host of an address.
fn route(proxy: &Proxy, url: &Url) -> Route {
    let port = url.port_or_known_default().unwrap_or(0);
    proxy.route(url.scheme() == "https", url.host_str().unwrap_or_default(), port)
}

/// Redirects are followed by [`Call`] itself, where a contract asks for it, so that a token never leaves its origin. The
/// library's own reading of the proxy variables is off: it sends plain requests, tokens in clear, to `HTTP_PROXY`.
fn build(proxy: &Proxy) -> Result<Client, String> {
    install_crypto();
    let named = proxy.clone();
    let tunnel = reqwest::Proxy::custom(move |url| match route(&named, url) {
        Route::Tunnel(through) => Some(through.expose_secret().to_owned()),
        // What is barred is refused before a request is made.
        Route::Direct | Route::Barred(_) => None,
    });
    Client::builder()
        .no_proxy()
        .proxy(tunnel)
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

/// The usual `Authorization`.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
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
