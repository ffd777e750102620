//! Reading a log without a platform: a file, which is followed through rotation and truncation, or a stream of bytes.
//!
//! These are threads and no tasks: a read of a terminal's pipe blocks, and the whole of a file is looked through at the speed of
//! memory. They end with the process, or when nobody listens any more.

pub mod beat;
mod file;
pub mod lines;
mod merge;
mod pipe;
pub mod source;
mod stream;

use std::io::Read;

use tokio::sync::mpsc;

use crate::clock::SharedClock;
use crate::config::LogSource;
use crate::config::proxy::Proxy;
use crate::domain::ids::ServiceId;
pub use crate::domain::log::Input;
use crate::error::{ExitCode, UserError};
use crate::logstore::{Chunk, Piece};
use crate::sanitize::Text;

use beat::Beat;
use stream::Stream;

/// Handfuls of pieces that may wait for the loop; who reads waits then.
const LANE: usize = 32;

/// Reading that has not begun.
type Start = Box<dyn FnOnce() -> Result<(), UserError> + Send>;

/// A log that is read.
pub struct Viewing {
    /// What was read before anything was drawn.
    pub first: Vec<Chunk>,
    /// What is read from then on.
    pub lane: mpsc::Receiver<Vec<Chunk>>,
    /// Who draws frames says here when the next is due.
    pub beat: Beat,
    /// Commands that are ended when nobody reads them any more.
    pub running: Vec<source::Running>,
    later: Vec<Start>,
}

impl Viewing {
    /// Begins to read all of what only the beginning was read of. The first frame is drawn before: reading at full speed takes the
    /// memory and the cores that it needs.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(&mut self) -> Result<(), UserError> {
        self.later.drain(..).try_for_each(|start| start())
    }
}

/// Opens what is to be read, reads its beginning, and goes on in the background.
///
/// # Errors
/// When a file cannot be read.
pub fn open(inputs: &[Input], proxy: &Proxy, clock: SharedClock) -> Result<Viewing, UserError> {
    thread(crate::redact::warm)?;
    let (sender, lane) = mpsc::channel(LANE);
    let mut first = Vec::new();
    let mut parts = Vec::new();
    let mut running = Vec::new();
    let mut later: Vec<Start> = Vec::new();
    let beat = Beat::new(clock);
    let begin = |service, source, room, shared| {
        stream::start(Stream { service, source, room, shared }, sender.clone(), beat.clone())
    };
    let several = inputs.len() > 1;
    for input in inputs {
        match input {
            Input::Stdin => {
                let room = roomy(std::io::stdin());
                begin(service("stdin"), input_of(std::io::stdin()), room, several)?;
            }
            Input::Address(url) => begin(service(host(url)), source::address(url, proxy), ROOM, several)?,
            Input::Command(words) => {
                let (child, streams) = source::command(words)?;
                running.push(child);
                let name = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or("command");
                for ((stream, room), name) in streams.into_iter().zip([name.to_owned(), format!("{name} stderr")]) {
                    begin(service(&name), stream, room, true)?;
                }
            }
            Input::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                let refused = |error: std::io::Error| {
                    UserError::new(ExitCode::Usage, format!("{} cannot be read: {error}", path.display()))
                        .now("nothing was opened")
                };
                let file = pipe::open(path).map_err(refused)?;
                let meta = file.metadata().map_err(refused)?;
                if meta.is_dir() {
                    return Err(refused(std::io::ErrorKind::IsADirectory.into()));
                }
                if meta.is_file() && several {
                    parts.push(merge::Part::new(service(&name), path.clone(), file));
                } else if meta.is_file() {
                    let mut reader = file::Reader::new(service(&name), path.clone(), file);
                    first.extend(reader.begin());
                    let sender = sender.clone();
                    later.push(Box::new(move || thread(move || reader.run(&sender))));
                } else {
                    let room = roomy(&file);
                    begin(service(&name), input_of(pipe::Awaited::new(file)), room, several)?;
                }
            }
        }
    }
    if !parts.is_empty() {
        merge::run(parts, sender)?;
    }
    Ok(Viewing { first, lane, beat, running, later })
}

/// Opens the logs that a configuration names, which are read beside those of the platforms. What cannot be read says so among the
/// lines.
///
/// # Errors
/// When no thread can be started.
pub fn attach(sources: &[LogSource], proxy: &Proxy, clock: SharedClock) -> Result<Option<Viewing>, UserError> {
    if sources.is_empty() {
        return Ok(None);
    }
    let (sender, lane) = mpsc::channel(LANE);
    let beat = Beat::new(clock);
    let (mut first, mut parts, mut running) = (Vec::new(), Vec::new(), Vec::new());
    let begin = |service: &ServiceId, (source, room)| {
        let stream = Stream { service: service.clone(), source, room, shared: true };
        stream::start(stream, sender.clone(), beat.clone())
    };
    for LogSource { id, input, .. } in sources {
        match input {
            Input::Stdin => {}
            Input::Address(url) => begin(id, (source::address(url, proxy), ROOM))?,
            // What is not there yet is waited for; a pipe would be read by whoever opens it first, and is no file that can be followed.
            Input::File(path) if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) => {
                let told = format!("{} is not a file; a pipe is read by a command: [\"cat\", \"…\"]", path.display());
                first.push(Chunk { service: id.clone(), piece: Piece::End(Text::clean(&told)) });
            }
            Input::File(path) => parts.push(merge::Part::newest(id.clone(), path.clone())),
            Input::Command(words) => match source::command(words) {
                Ok((child, streams)) => {
                    running.push(child);
                    streams.into_iter().try_for_each(|stream| begin(id, stream))?;
                }
                Err(error) => first.push(Chunk { service: id.clone(), piece: Piece::End(Text::clean(&error.what)) }),
            },
        }
    }
    if !parts.is_empty() {
        merge::run(parts, sender.clone())?;
    }
    Ok(Some(Viewing { first, lane, beat, running, later: Vec::new() }))
}

/// Bytes that a pipe may hold while they are gathered for a frame: as many as Linux lets anybody ask for.
const ROOM: usize = 1 << 20;
/// Bytes that a pipe holds where it does not tell.
const USUAL: usize = 1 << 16;

/// Lets a pipe hold more, so that its writer need not wait for our frames; what it holds then. What is no pipe stays as it is.
fn roomy(pipe: impl std::os::fd::AsFd) -> usize {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe, ROOM);
        rustix::pipe::fcntl_getpipe_size(&pipe).unwrap_or(USUAL)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = pipe;
        USUAL
    }
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
    fn a_pipe_in_the_place_of_a_file_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let id = ServiceId::new("production", "app");
        let source = LogSource { id, input: Input::File(path), service: None };
        let viewing = attach(&[source], &Proxy::default(), crate::clock::SystemClock::shared()).unwrap().unwrap();
        let Piece::End(told) = &viewing.first[0].piece else { panic!("an end") };
        assert!(told.as_str().contains("is not a file"), "{told}");
    }

    #[test]
    fn the_host_of_an_address_is_told_and_no_credentials() {
        let all = ["https://u:p@logs.acme.dev:8443/x?t=1", "http://logs.acme.dev?token=x", "https://logs.acme.dev/a@b"];
        assert_eq!(all.map(host), ["logs.acme.dev:8443", "logs.acme.dev", "logs.acme.dev"]);
    }
}
