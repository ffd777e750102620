//! The body of an address as bytes that are read one after the other, for a log that is served by HTTP and by no platform of ours.

use std::io::{self, Read};

use tokio::runtime::Runtime;

/// A body that is being read. Each read waits on the thread that asks.
pub struct Body {
    runtime: Runtime,
    response: reqwest::Response,
    rest: bytes::Bytes,
}

impl Body {
    /// Asks for an address and waits for the head of its answer.
    ///
    /// # Errors
    /// Words about what went wrong: unreachable, or an answer that is no success.
    pub fn open(url: &str) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let asked = runtime.block_on(async {
            let client = super::build()?;
            let asked = client.get(url).header("accept", "application/x-ndjson, text/plain, */*").send().await;
            // An address may hold a token: it is not repeated.
            asked.map_err(|error| words(&error.without_url()))
        });
        let response = asked?;
        // A redirect is not followed: what is read is what was named.
        if !response.status().is_success() {
            return Err(format!("the answer was {}", response.status()));
        }
        Ok(Self { runtime, response, rest: bytes::Bytes::new() })
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

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.runtime.block_on(self.response.chunk()).map_err(io::Error::other)? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(into.len());
        let (now, later) = (self.rest.slice(..count), self.rest.slice(count..));
        into.get_mut(..count).unwrap_or_default().copy_from_slice(&now);
        self.rest = later;
        Ok(count)
    }
}
