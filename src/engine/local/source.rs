//! Streams other than a pipe: a command that is run, or an address that is read. Both report how they ended.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::proxy::Proxy;
use crate::error::{ExitCode, UserError};
use crate::platform::http::body::Body;
use crate::sanitize::Text;

/// Says how a stream ended.
pub(super) type Ending = Box<dyn FnOnce() -> Text + Send>;

/// A stream, and how it says that it ended.
pub(super) type Source = (Box<dyn Read + Send>, Ending);

/// A command that runs as long as it is read.
#[derive(Debug)]
pub struct Running(Arc<Mutex<Child>>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended by itself is not there to be ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Starts a command; what it writes to both of its outputs is read. With each the bytes that may gather in it.
///
/// # Errors
/// When it cannot be started.
pub(super) fn command(words: &[String]) -> Result<(Running, Vec<(Source, usize)>), UserError> {
    let (program, arguments) = words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        UserError::new(ExitCode::Usage, format!("{program} cannot be run: {error}")).now("nothing was opened")
    })?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let child = Arc::new(Mutex::new(child));
    let (name, held) = (program.to_owned(), Arc::clone(&child));
    let ended: Ending = Box::new(move || {
        let status = held.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
        match status {
            Ok(Some(status)) => Text::from(format!("{name} ended: {status}")),
            _ => Text::from(format!("{name} has closed its output")),
        }
    });
    let mut streams: Vec<(Source, usize)> = Vec::new();
    streams.extend(out.map(|out| {
        let room = super::roomy(&out);
        ((Box::new(out) as Box<dyn Read + Send>, ended), room)
    }));
    let quiet: Ending = Box::new(Text::default);
    streams.extend(err.map(|err| {
        let room = super::roomy(&err);
        ((Box::new(err) as Box<dyn Read + Send>, quiet), room)
    }));
    Ok((Running(child), streams))
}

/// An address whose body is read, once somebody reads.
struct Address {
    url: String,
    proxy: Proxy,
    body: Option<Body>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Read for Address {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.body {
            Some(body) => body.read(into),
            None => Body::open(&self.url, &self.proxy)
                .map_err(io::Error::other)
                .and_then(|body| self.body.insert(body).read(into)),
        };
        if let Err(error) = &read {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
        read
    }
}

/// Reads an address.
pub(super) fn address(url: &str, proxy: &Proxy) -> Source {
    let trouble = Arc::new(Mutex::new(None));
    let told = Arc::clone(&trouble);
    let ended: Ending = Box::new(move || {
        let trouble = told.lock().unwrap_or_else(PoisonError::into_inner).take();
        Text::from(trouble.map_or_else(|| "the answer has ended".to_owned(), |why| format!("reading ended: {why}")))
    });
    (Box::new(Address { url: url.to_owned(), proxy: proxy.clone(), body: None, trouble }), ended)
}
