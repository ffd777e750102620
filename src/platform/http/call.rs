//! One request: built by an adapter, sent with the rules of the client.

use std::pin::Pin;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::breaker::{Failed, Leave};
use super::cache::Cache;
use super::{BODY_CAP, Http, REQUEST_TIMEOUT, fault};
use crate::config::address::inside;
use crate::config::proxy::Route;
use crate::config::token::Token;
use crate::domain::environment::Platform;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// A read waits this long at most when a platform says when to come back; longer is the feed's business.
const PATIENCE: Duration = Duration::from_secs(5);
/// Redirects followed where the contract knows them.
const HOPS: usize = 3;

/// A body as it arrives.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, PlatformError>> + Send>>;

/// Turns a token into a header.
type Scheme = fn(&str) -> String;

/// A request under construction.
pub struct Call {
    http: Http,
    platform: Platform,
    method: Method,
    url: Result<Url, String>,
    headers: HeaderMap,
    body: Option<Bytes>,
    signature: Option<(Token, Scheme)>,
    timeout: Duration,
    cap: usize,
    retried: bool,
    follow: bool,
    conditional: bool,
    streaming: bool,
}

impl Call {
    pub(super) fn new(http: Http, platform: Platform, method: Method, url: &str) -> Self {
        let retried = method == Method::GET;
        let url = Url::parse(url).map_err(|error| format!("{url:?} is not a URL: {error}"));
        Self {
            http,
            platform,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            signature: None,
            timeout: REQUEST_TIMEOUT,
            cap: BODY_CAP,
            retried,
            follow: false,
            conditional: false,
            streaming: false,
        }
    }

    /// Adds a header; one that HTTP does not allow is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Adds a header that never shows up in `Debug` or logs.
    #[must_use]
    pub fn secret(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Signs it with a token, which `scheme` turns into the `Authorization` header. A read whose token is refused is sent once
    /// more when the token's source has a newer one.
    #[must_use]
    pub fn signed(mut self, token: &Token, scheme: Scheme) -> Self {
        self.signature = Some((token.clone(), scheme));
        self
    }

    /// Adds one query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// Adds a query parameter when there is one.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.headers.insert("content-type", HeaderValue::from_static("application/json"));
        self.body = Some(body.to_string().into());
        self
    }

    /// Another time-out than [`REQUEST_TIMEOUT`], for the whole request or, for a stream, until its headers.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Another cap of the body than [`BODY_CAP`], in bytes.
    #[must_use]
    pub fn cap(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    /// A POST that only reads (GraphQL query): it may be tried again.
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.retried = true;
        self
    }

    /// Tried once, although it is a read: long polls, probes, streams that their owner reopens.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.retried = false;
        self
    }

    /// Follows redirects of a read; credentials stay at home when the origin changes.
    #[must_use]
    pub fn follow(mut self) -> Self {
        self.follow = self.method == Method::GET;
        self
    }

    /// Sends `If-None-Match` with what was answered before; a 304 is answered from memory.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = self.method == Method::GET;
        self
    }

    /// Sends it and reads the answer whole.
    ///
    /// # Errors
    /// [`PlatformError`] for anything but a 2xx that arrived whole.
    pub async fn answer(self) -> Result<Answer, PlatformError> {
        if !self.retried {
            let tried = self.attempt().await;
            if tried.as_ref().is_err_and(|error| error.kind == ErrorKind::Auth) {
                // Nothing is sent again, but the next call shall have the newer token.
                self.renew().await;
            }
            return tried;
        }
        let schedule = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(150))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(2);
        (|| self.renewing())
            .retry(schedule)
            .when(|error: &PlatformError| error.worth_retrying() && !self.held())
            .adjust(|error: &PlatformError, planned| match (planned, error.retry_after) {
                (Some(_), Some(asked)) if asked > PATIENCE => None,
                (Some(planned), Some(asked)) => Some(planned.max(asked)),
                (planned, _) => planned,
            })
            .await
    }

    /// Sends it and decodes a JSON answer.
    ///
    /// # Errors
    /// As [`Call::answer`]; [`ErrorKind::Reported`] when the body of a success is an error, [`ErrorKind::Garbage`] when it is not what
    /// the contract says.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, PlatformError> {
        self.page().await.map(|(value, _)| value)
    }

    /// The same with the headers, which say whether there is another page.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub async fn page<T: DeserializeOwned>(self) -> Result<(T, HeaderMap), PlatformError> {
        let platform = self.platform;
        let (http, url) = (self.http.clone(), self.url.clone());
        let answer = self.answer().await?;
        let forget = || url.iter().for_each(|url| http.0.cache.forget(url));
        if let Some(error) = fault::inside(platform, &answer, http.redactor()) {
            forget();
            return Err(error);
        }
        let value = serde_json::from_slice(&answer.body).map_err(|error| {
            forget();
            fault::unreadable(platform, &answer, &error)
        })?;
        Ok((value, answer.headers))
    }

    /// Sends it; the body, if any, does not matter.
    ///
    /// # Errors
    /// As [`Call::answer`].
    pub async fn done(self) -> Result<(), PlatformError> {
        self.answer().await.map(drop)
    }

    /// Opens a stream: the time-out counts until the headers, then the reader watches for silence.
    ///
    /// # Errors
    /// As [`Call::answer`].
    pub async fn stream(mut self) -> Result<ByteStream, PlatformError> {
        let platform = self.platform;
        self.streaming = true;
        let (url, headers) = self.prepared()?;
        let leave = self.leave(&url).await?;
        let opened = tokio::time::timeout(self.timeout, self.send(url, headers, None)).await;
        let opened = opened.unwrap_or_else(|_| Err(fault(platform, ErrorKind::Timeout, "no answer in time")));
        let response = self.heard(leave, opened)?;
        if !response.status().is_success() {
            let error = self.refused(&self.gather(response).await?);
            if error.kind == ErrorKind::Auth {
                self.renew().await;
            }
            return Err(error);
        }
        let stream =
            response.bytes_stream().map(move |chunk| chunk.map_err(|error| fault::transport(platform, &error)));
        Ok(Box::pin(stream))
    }

    /// Sends it once and hands the answer over whatever its status is: a probe judges for itself.
    ///
    /// # Errors
    /// [`PlatformError`] when no whole answer came.
    pub async fn any_status(self) -> Result<Answer, PlatformError> {
        let (url, headers) = self.prepared()?;
        let leave = self.leave(&url).await?;
        let response = self.heard(leave, self.send(url, headers, None).await)?;
        self.gather(response).await
    }

    /// An attempt, and another one if the token was refused and a newer one is found.
    async fn renewing(&self) -> Result<Answer, PlatformError> {
        match self.attempt().await {
            Err(error) if error.kind == ErrorKind::Auth && self.renew().await => self.attempt().await,
            other => other,
        }
    }

    async fn renew(&self) -> bool {
        let Some((token, _)) = &self.signature else { return false };
        let Some(refused) = token.get() else { return false };
        let (source, now) = (token.clone(), self.http.clock().mono());
        // A file, or a command that may ask its owner something.
        let renewed = tokio::task::spawn_blocking(move || source.renew(&refused, now)).await.unwrap_or(false);
        if let (true, Some(newer)) = (renewed, token.get()) {
            self.http.redactor().learn(&newer);
        }
        renewed
    }

    async fn attempt(&self) -> Result<Answer, PlatformError> {
        let (url, headers) = self.prepared()?;
        let key = self.conditional.then(|| Cache::key(&url, &headers));
        let held = key.as_ref().and_then(|key| self.http.0.cache.get(key));
        let leave = self.leave(&url).await?;
        let sent = self.send(url, headers, held.as_ref().map(|held| held.etag.as_str())).await;
        let response = self.heard(leave, sent)?;
        if let (StatusCode::NOT_MODIFIED, Some(held)) = (response.status(), held) {
            let mut headers = response.headers().clone();
            // What has not changed has not become shorter, either.
            if let Some(link) = held.link {
                headers.entry("link").or_insert(link);
            }
            return Ok(Answer { status: 200, headers, body: held.body });
        }
        let success = response.status().is_success();
        let answer = self.gather(response).await?;
        if !success {
            return Err(self.refused(&answer));
        }
        if let (Some(key), Some(etag)) = (key, answer.headers.get("etag").and_then(|etag| etag.to_str().ok())) {
            self.http.0.cache.put(key, etag, &answer);
        }
        Ok(answer)
    }

    /// Leave of the breaker to send it. The edge is the product's: whether it answers is what is asked, so it has none.
    async fn leave(&self, url: &Url) -> Result<Option<Leave>, PlatformError> {
        if !self.platform.configured() {
            return Ok(None);
        }
        let change = self.method != Method::GET && !self.retried;
        self.http.0.breaker.leave(self.platform, url, change).await.map(Some)
    }

    /// Tells the breaker how it went.
    fn heard(&self, leave: Option<Leave>, sent: Result<Response, PlatformError>) -> Result<Response, PlatformError> {
        let Some(leave) = leave else { return sent };
        let now = self.http.0.clock.now();
        match &sent {
            Ok(response) if response.status().is_server_error() => {
                leave.failed(Failed::Path, &Text::from(format!("HTTP {}", response.status().as_u16())), now);
            }
            Ok(_) => leave.answered(),
            Err(error) => match error.kind {
                ErrorKind::Unreachable => leave.failed(Failed::Connection, &error.message, now),
                ErrorKind::Timeout => leave.failed(Failed::Path, &error.message, now),
                // It was not sent, or answered in a way of its own.
                _ => drop(leave),
            },
        }
        sent
    }

    /// Whether its platform is known to be down.
    fn held(&self) -> bool {
        let down = |url: &Url| self.http.0.breaker.down(self.platform, url);
        self.platform.configured() && self.url.as_ref().is_ok_and(down)
    }

    fn refused(&self, answer: &Answer) -> PlatformError {
        fault::refusal(self.platform, answer, self.http.redactor(), self.http.clock().now())
    }

    /// Address and headers as they go out.
    fn prepared(&self) -> Result<(Url, HeaderMap), PlatformError> {
        let url = self.url.clone().map_err(|words| fault(self.platform, ErrorKind::Refused, &words))?;
        let mut headers = self.headers.clone();
        if let Some((token, scheme)) = &self.signature {
            let none = || fault(self.platform, ErrorKind::Auth, &format!("no token: {}", token.origin()));
            let held = token.get().ok_or_else(none)?;
            let signed = HeaderValue::from_str(&scheme(held.expose_secret().trim()));
            let mut value = signed.map_err(|_| {
                fault(
                    self.platform,
                    ErrorKind::Auth,
                    "the token contains characters that an HTTP header may not contain",
                )
            })?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        Ok((url, headers))
    }

    async fn send(&self, mut url: Url, mut headers: HeaderMap, etag: Option<&str>) -> Result<Response, PlatformError> {
        let refuse = |words: String| fault(self.platform, ErrorKind::Refused, &words);
        let client = self.http.client().map_err(refuse)?;
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert("if-none-match", etag);
        }
        for _ in 0..=HOPS {
            if let Route::Barred(why) = self.http.route(&url) {
                return Err(fault(self.platform, ErrorKind::Unreachable, &why));
            }
            let mut request = client.request(self.method.clone(), url.clone()).headers(headers.clone());
            if !self.streaming {
                request = request.timeout(self.timeout);
            }
            if let Some(body) = &self.body {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| fault::transport(self.platform, &error))?;
            self.http.note(self.platform, &response);
            let Some(next) = self.next_hop(&url, &response) else { return Ok(response) };
            if next.origin() != url.origin() {
                headers.remove("authorization");
            }
            url = next;
        }
        Err(fault::garbage(self.platform, "it redirects in circles"))
    }

    fn next_hop(&self, from: &Url, response: &Response) -> Option<Url> {
        if !self.follow || !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
            return None;
        }
        let next = from.join(response.headers().get("location")?.to_str().ok()?).ok()?;
        // A public address does not send us where only this machine or its network reaches.
        let inwards = inside(next.as_str()) && !inside(from.as_str());
        (!inwards).then_some(next)
    }

    async fn gather(&self, response: Response) -> Result<Answer, PlatformError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = BytesMut::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| fault::transport(self.platform, &error))?;
            if body.len() + chunk.len() > self.cap {
                return Err(fault::too_large(self.platform, self.cap));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }
}
