//! One request: built by an adapter, sent with the rules of the client.

use std::pin::Pin;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

use super::{BODY_CAP, Http, REQUEST_TIMEOUT, fault};
use crate::domain::environment::Platform;
use crate::platform::{ErrorKind, PlatformError};

/// A read waits this long at most when a platform says when to come back; longer is the feed's business.
const PATIENCE: Duration = Duration::from_secs(5);
/// Redirects followed where the contract knows them.
const HOPS: usize = 3;

/// A body as it arrives.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, PlatformError>> + Send>>;

/// A successful answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`BODY_CAP`].
    pub body: Bytes,
}

/// A request under construction.
pub struct Call {
    http: Http,
    platform: Platform,
    method: Method,
    url: Result<Url, String>,
    headers: HeaderMap,
    body: Option<Bytes>,
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
            return self.attempt().await;
        }
        let schedule = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(150))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(2);
        (|| self.attempt())
            .retry(schedule)
            .when(PlatformError::worth_retrying)
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
    /// As [`Call::answer`]; [`ErrorKind::Garbage`] when the body is not what the contract says.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, PlatformError> {
        let platform = self.platform;
        let answer = self.answer().await?;
        serde_json::from_slice(&answer.body).map_err(|error| fault::unreadable(platform, &answer, &error))
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
        let opened = tokio::time::timeout(self.timeout, self.send(None)).await;
        let response = opened.map_err(|_| fault(platform, ErrorKind::Timeout, "no answer in time"))??;
        if !response.status().is_success() {
            let answer = self.gather(response).await?;
            return Err(fault::refusal(platform, &answer, self.http.redactor()));
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
        let response = self.send(None).await?;
        self.gather(response).await
    }

    async fn attempt(&self) -> Result<Answer, PlatformError> {
        let key = self.url.as_ref().map_or("", Url::as_str);
        let held = if self.conditional { self.http.cached(key) } else { None };
        let response = self.send(held.as_ref().map(|(etag, _)| etag.as_str())).await?;
        if let (StatusCode::NOT_MODIFIED, Some((_, body))) = (response.status(), held) {
            return Ok(Answer { status: 200, headers: response.headers().clone(), body });
        }
        let success = response.status().is_success();
        let answer = self.gather(response).await?;
        if !success {
            return Err(fault::refusal(self.platform, &answer, self.http.redactor()));
        }
        if self.conditional
            && let Some(etag) = answer.headers.get("etag").and_then(|etag| etag.to_str().ok())
        {
            self.http.remember(key, etag, &answer.body);
        }
        Ok(answer)
    }

    async fn send(&self, etag: Option<&str>) -> Result<Response, PlatformError> {
        let refuse = |words: String| fault(self.platform, ErrorKind::Refused, &words);
        let mut url = self.url.clone().map_err(refuse)?;
        let client = self.http.client().map_err(refuse)?;
        let mut headers = self.headers.clone();
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert("if-none-match", etag);
        }
        for _ in 0..=HOPS {
            let mut request = client.request(self.method.clone(), url.clone()).headers(headers.clone());
            if !self.streaming {
                request = request.timeout(self.timeout);
            }
            if let Some(body) = &self.body {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| fault::transport(self.platform, &error))?;
            self.http.note_limits(self.platform, response.headers());
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
        from.join(response.headers().get("location")?.to_str().ok()?).ok()
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
