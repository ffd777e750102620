//! Reads the body of an address as a stream of bytes, for logs that are served over HTTP and belong to no platform.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use tokio::runtime::Runtime;

use crate::config::proxy::{Proxy, Route};

/// A body that is being read. Each read waits on the thread that asks.
pub struct Body {
    runtime: Runtime,
    response: reqwest::Response,
    rest: Bytes,
    failed: Option<reqwest::Error>,
}

impl Body {
    /// Asks for an address and waits for the head of its answer.
    ///
    /// # Errors
    /// Words about what went wrong: unreachable, or an answer that is no success.
    pub fn open(url: &str, proxy: &Proxy) -> Result<Self, String> {
        let parsed = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
        if let Route::Barred(why) = super::route(proxy, &parsed) {
            return Err(why);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let asked = runtime.block_on(async {
            let client = super::build(proxy)?;
            let asked = client.get(parsed).header("accept", "application/x-ndjson, text/plain, */*").send().await;
            // An address may hold a token: it is not repeated.
            asked.map_err(|error| words(&error.without_url()))
        });
        let response = asked?;
        // A redirect is not followed: what is read is what was named.
        if !response.status().is_success() {
            return Err(format!("the answer was {}", response.status()));
        }
        Ok(Self { runtime, response, rest: Bytes::new(), failed: None })
    }
}

/// An error with its causes: what the library says first is not what went wrong.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        text = format!("{text}: {one}");
        cause = one.source();
    }
    text
}

impl Body {
    /// Whole chunks: the first is waited for, others are taken when they have come already.
    async fn gather(response: &mut reqwest::Response, failed: &mut Option<reqwest::Error>, most: usize) -> BytesMut {
        let mut all = BytesMut::new();
        while all.len() < most {
            let chunk = tokio::select! {
                biased;
                chunk = response.chunk() => chunk,
                () = turns(), if !all.is_empty() => return all,
            };
            match chunk {
                Ok(Some(chunk)) => all.extend_from_slice(&chunk),
                Ok(None) => return all,
                // What came before it is read first.
                Err(error) => {
                    *failed = Some(error);
                    return all;
                }
            }
        }
        all
    }
}

/// Lets the connection, which is a task of the same thread, take what the kernel holds.
async fn turns() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && self.failed.is_none() {
            let gathered = Self::gather(&mut self.response, &mut self.failed, into.len());
            self.rest = self.runtime.block_on(gathered).freeze();
        }
        if let Some(error) = self.failed.take_if(|_| self.rest.is_empty()) {
            return Err(io::Error::other(error));
        }
        let count = self.rest.len().min(into.len());
        into.get_mut(..count).unwrap_or_default().copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}
