//! Reading a log without a platform: a file, which is followed through rotation and truncation, or a stream of bytes.
//!
//! These are threads and no tasks: a read of a terminal's pipe blocks, and the whole of a file is looked through at the speed of
//! memory. They end with the process, or when nobody listens any more.

mod file;
mod merge;
pub mod source;
mod stream;

use std::io::Read;
use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::domain::ids::ServiceId;
use crate::error::{ExitCode, UserError};
use crate::logstore::Tape;
use crate::sanitize::Text;

/// Handfuls of pieces that may wait for the loop; who reads waits then.
const LANE: usize = 32;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file by its path.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// What an address answers, such as NDJSON.
    Address(String),
    /// What a command writes.
    Command(Vec<String>),
}

/// A log that is read.
#[derive(Debug)]
pub struct Viewing {
    /// What was read before anything was drawn.
    pub first: Vec<Tape>,
    /// What is read from then on.
    pub lane: mpsc::Receiver<Vec<Tape>>,
    /// Commands that are ended when nobody reads them any more.
    pub running: Vec<source::Running>,
}

/// Opens what is to be read, reads its beginning, and goes on in the background.
///
/// # Errors
/// When a file cannot be read.
pub fn open(inputs: &[Input]) -> Result<Viewing, UserError> {
    thread(crate::redact::warm)?;
    let (sender, lane) = mpsc::channel(LANE);
    let mut first = Vec::new();
    let mut parts = Vec::new();
    let mut running = Vec::new();
    for input in inputs {
        match input {
            Input::Stdin => stream::start(service("stdin"), input_of(std::io::stdin()), sender.clone())?,
            Input::Address(url) => {
                stream::start(service(host(url)), source::address(url), sender.clone())?;
            }
            Input::Command(words) => {
                let (child, streams) = source::command(words)?;
                running.push(child);
                let name = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or("command");
                for (stream, name) in streams.into_iter().zip([name.to_owned(), format!("{name} stderr")]) {
                    stream::start(service(&name), stream, sender.clone())?;
                }
            }
            Input::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                let refused = |error: std::io::Error| {
                    UserError::new(ExitCode::Usage, format!("{} cannot be read: {error}", path.display()))
                        .now("nothing was opened")
                };
                let file = std::fs::File::open(path).map_err(refused)?;
                let meta = file.metadata().map_err(refused)?;
                if meta.is_dir() {
                    return Err(refused(std::io::ErrorKind::IsADirectory.into()));
                }
                if meta.is_file() && inputs.len() > 1 {
                    parts.push(merge::Part::new(service(&name), path.clone(), file));
                } else if meta.is_file() {
                    let mut reader = file::Reader::new(service(&name), path.clone(), file);
                    first.extend(reader.begin());
                    let sender = sender.clone();
                    thread(move || reader.run(&sender))?;
                } else {
                    stream::start(service(&name), input_of(file), sender.clone())?;
                }
            }
        }
    }
    if !parts.is_empty() {
        thread(move || merge::run(parts, &sender))?;
    }
    Ok(Viewing { first, lane, running })
}

/// A stream that only ends.
fn input_of(from: impl Read + Send + 'static) -> source::Source {
    (Box::new(from), Box::new(|| Text::from("the input has ended")))
}

/// The host of an address, without the credentials that may stand before it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn service(name: &str) -> ServiceId {
    ServiceId::new("", Text::clean(name).as_str())
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<(), UserError> {
    let started = std::thread::Builder::new().name("reader".to_owned()).spawn(work);
    let refused = |error| UserError::new(ExitCode::Failed, format!("a thread cannot be started: {error}"));
    started.map(drop).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_is_told_and_no_credentials() {
        let all = ["https://u:p@logs.acme.dev:8443/x?t=1", "http://logs.acme.dev?token=x", "https://logs.acme.dev/a@b"];
        assert_eq!(all.map(host), ["logs.acme.dev:8443", "logs.acme.dev", "logs.acme.dev"]);
    }
}
