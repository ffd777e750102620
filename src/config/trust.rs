//! Which project files are approved. As with direnv, an approval is of one path and one content: a file that was changed asks
//! again. Approvals lie in the person's own state folder, wherever a project file wants the state to be.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::credentials::addresses;
use super::file::File;
use super::inputs::{self, Env};
use super::tables::platforms::Account;
use super::{address, files, text};
use crate::domain::environment::Platform;
use crate::domain::trust::{ProjectFile, Want};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// Bytes of an approval at most.
const LONGEST: u64 = 64 << 10;

/// The approvals of one person.
#[derive(Debug, Clone)]
pub struct Approvals {
    /// `None`: there is no home folder, and a folder that others may write to keeps no approval.
    dir: Option<PathBuf>,
}

/// A path whose content was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Where the file lies, as text.
    pub path: Text,
    /// SHA-256 of its content then.
    pub digest: String,
    /// When.
    pub at: Timestamp,
}

impl Approvals {
    /// The approvals in the state folder that the environment variables name.
    #[must_use]
    pub fn of(env: Env<'_>) -> Self {
        let named = env("FLIGHTDECK_STATE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let usual = || inputs::folder(env, "XDG_STATE_HOME", ".local/state").map(|home| home.join("flightdeck"));
        Self { dir: named.or_else(usual).map(|state| state.join("approved")) }
    }

    /// Whether this content of this file was approved. What cannot be read is no approval.
    #[must_use]
    pub fn hold(&self, path: &Path, digest: &str) -> bool {
        let Some(at) = self.place(path) else { return false };
        read(&at).is_some_and(|approval| approval.digest == digest)
    }

    /// Approves a file as it was read.
    ///
    /// # Errors
    /// When the approval cannot be kept.
    pub fn approve(&self, file: &ProjectFile, at: Timestamp) -> Result<(), UserError> {
        let failed = |why: String| {
            UserError::new(ExitCode::Usage, format!("the approval cannot be kept: {why}"))
                .now("nothing was approved")
                .hint("name the file instead: flightdeck --config FILE")
        };
        let place = self.place(&file.path).ok_or_else(|| failed("there is no home folder".to_owned()))?;
        let path = Text::from(file.path.as_path());
        let approval = Approval { path, digest: file.digest.clone(), at };
        let text = serde_json::to_string(&approval).map_err(|error| failed(error.to_string()))?;
        write(&place, &text).map_err(|error| failed(error.to_string()))
    }

    /// Takes an approval back; false when there was none.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn revoke(&self, path: &Path) -> Result<bool, UserError> {
        let Some(place) = self.place(path) else { return Ok(false) };
        match std::fs::remove_file(place) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(UserError::new(ExitCode::Failed, format!("the approval cannot be removed: {error}"))
                .now("the file is still approved")),
        }
    }

    /// Every approval, by path.
    #[must_use]
    pub fn all(&self) -> Vec<Approval> {
        let entries = self.dir.as_ref().and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten();
        let mut all: Vec<Approval> = entries.filter_map(|entry| read(&entry.ok()?.path())).collect();
        all.sort_by(|one, other| one.path.cmp(&other.path));
        all
    }

    /// An approval is named by the path, so that there is one of each.
    fn place(&self, path: &Path) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(digest(path.as_os_str().as_encoded_bytes())))
    }
}

fn read(place: &Path) -> Option<Approval> {
    serde_json::from_slice(&files::read(place, LONGEST).ok()??).ok()
}

/// Whole or not at all, for its owner alone.
fn write(place: &Path, text: &str) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    let (mut dirs, mut options) = (std::fs::DirBuilder::new(), std::fs::OpenOptions::new());
    dirs.recursive(true);
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        dirs.mode(0o700);
        options.mode(0o600);
    }
    dirs.create(folder)?;
    let draft = place.with_extension(format!("{}.draft", std::process::id()));
    io::Write::write_all(&mut options.open(&draft)?, text.as_bytes())?;
    std::fs::rename(draft, place)
}

/// SHA-256 in hex.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a project file anew, and whether it is approved. What cannot be understood asks for nothing: it will not be used.
///
/// # Errors
/// When it cannot be read.
pub fn look(path: &Path, approvals: &Approvals) -> Result<ProjectFile, UserError> {
    let bytes = text::bytes(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let file = toml::from_str::<File>(text.strip_prefix('\u{feff}').unwrap_or(&text)).unwrap_or_default();
    Ok(of(path, &bytes, &file, approvals))
}

/// What is known of a project file with this content.
pub(super) fn of(path: &Path, bytes: &[u8], file: &File, approvals: &Approvals) -> ProjectFile {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (digest, wants) = (digest(bytes), wants(file));
    let approved = wants.is_empty() || approvals.hold(&path, &digest);
    ProjectFile { path, digest, wants, approved }
}

/// Every setting that runs something, sends something to another address, asks an address that only this machine or its network reaches, or
/// decides where the journal lies. A probe of a public address carries no token and tells its author nothing that he could not ask himself.
#[must_use]
pub fn wants(file: &File) -> Vec<Want> {
    let mut all = Vec::new();
    let mut want = |key: String, says: String| all.push(Want { key: Text::from(key), says: Text::from(says) });
    for (platform, account) in accounts(file) {
        for (key, address) in elsewhere(platform, account) {
            want(format!("platforms.{platform}.{key}"), format!("sends requests, with a token, to {}", shown(address)));
        }
        if let Some(words) = &account.token_command {
            want(format!("platforms.{platform}.token_command"), format!("runs {}", command(words)));
        }
    }
    for env in &file.environments {
        for service in &env.services {
            let words = service.postgres.as_ref().and_then(|postgres| postgres.url_command.as_ref());
            if let Some(words) = words {
                let key = format!("environments.{}.services.{}.postgres.url_command", env.name, service.name);
                want(key, format!("runs {}", command(words)));
            }
            let key = |last: &str| format!("environments.{}.services.{}.{last}", env.name, service.name);
            if let Some(url) = service.url.as_ref().filter(|url| address::inside(url)) {
                want(key("url"), format!("asks {}", shown(url)));
            }
            if let Some(observe) = service.observe.as_ref().filter(|observe| address::inside(&observe.url)) {
                want(key("observe"), format!("asks {}", shown(&observe.url)));
            }
        }
        for probe in env.probes.iter().filter(|probe| address::inside(&probe.url)) {
            want(format!("environments.{}.probes.{}", env.name, probe.name), format!("asks {}", shown(&probe.url)));
        }
        for log in &env.logs {
            let key = |last: &str| format!("environments.{}.logs.{}.{last}", env.name, log.name);
            if let Some(words) = &log.command {
                want(key("command"), format!("runs {}", command(words)));
            }
            if let Some(url) = &log.url {
                want(key("url"), format!("reads {}", shown(url)));
            }
        }
    }
    if let Some(dir) = &file.state.dir {
        want("state.dir".to_owned(), format!("keeps journal and locks in {}", shown(dir)));
    }
    all
}

/// Takes all of that out. A platform at another address stays where it is, and gets no token: asking the usual address
/// about a product that lies elsewhere would tell of somebody else's.
pub(super) fn withhold(file: &mut File) {
    let moved: Vec<Platform> = accounts(file)
        .filter(|(platform, account)| !elsewhere(*platform, account).is_empty())
        .map(|(platform, _)| platform)
        .collect();
    for (name, account) in &mut file.platforms {
        account.withheld = moved.iter().any(|platform| platform.name() == name);
        account.token_command = None;
    }
    for env in &mut file.environments {
        env.logs.retain(|log| log.command.is_none() && log.url.is_none());
        env.probes.retain(|probe| !address::inside(&probe.url));
        for service in &mut env.services {
            service.url.take_if(|url| address::inside(url));
            service.observe.take_if(|observe| address::inside(&observe.url));
        }
        for postgres in env.services.iter_mut().filter_map(|service| service.postgres.as_mut()) {
            postgres.withheld = postgres.url_command.take().is_some();
        }
    }
    file.state.dir = None;
}

fn accounts(file: &File) -> impl Iterator<Item = (Platform, &Account)> {
    Platform::CONFIGURED.into_iter().filter_map(|platform| Some((platform, file.platforms.get(platform.name())?)))
}

/// The addresses of a platform that are not its usual ones.
fn elsewhere<'a>(platform: Platform, account: &'a Account) -> Vec<(&'static str, &'a str)> {
    let moved = |(key, address, usual): (&'static str, &'a Option<String>, &str)| {
        let address = address.as_deref()?;
        (address.trim_end_matches('/') != usual).then_some((key, address))
    };
    addresses(platform, account).into_iter().filter_map(moved).collect()
}

/// Text as it stands there, with what a person could not see written as an escape.
fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c == '\'' || c == '"' { vec![c] } else { c.escape_debug().collect() }).collect()
}

/// The words of a command as a list, so that their borders are seen.
fn command(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.escape_debug())).collect();
    format!("[{}]", words.join(", "))
}
