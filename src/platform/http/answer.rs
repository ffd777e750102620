//! What a platform answered, read whole.

use bytes::Bytes;
use reqwest::header::HeaderMap;

/// A successful answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`BODY_CAP`](super::BODY_CAP).
    pub body: Bytes,
}
