//! Merges the configuration files into one: which are read, in which order, and which wins.
//!
//! A file named by the flag or the variable is read alone. Otherwise `flightdeck.toml` lies over the user's own file, key by
//! key, so that a taste in themes is written once and a project says only what it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::credentials;
use super::file::{self, Account, File};
use super::files;
use super::inputs::{Env, Flags};
use crate::error::{ExitCode, UserError};

/// The project file's name.
pub const PROJECT: &str = "flightdeck.toml";

/// Bytes of a configuration file at most: beyond it something else was named by mistake.
const LONGEST: u64 = 1 << 20;

/// Why a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The person named it, or it is the person's own.
    Own,
    /// It lies in the folder where we were started.
    Project,
}

/// The files to read, the strongest first.
///
/// # Errors
/// When nothing was named and nothing is there.
pub(super) fn find(flags: &Flags, env: Env<'_>) -> Result<Vec<(PathBuf, Origin)>, UserError> {
    if let Some(path) = &flags.config {
        return Ok(vec![(path.clone(), Origin::Own)]);
    }
    if let Some(path) = env("FLIGHTDECK_CONFIG").filter(|path| !path.is_empty()) {
        return Ok(vec![(path.into(), Origin::Own)]);
    }
    let user = folder(env, "XDG_CONFIG_HOME", ".config").map(|home| home.join("flightdeck").join("config.toml"));
    let project = (PathBuf::from(PROJECT), Origin::Project);
    let candidates = std::iter::once(project).chain(user.map(|path| (path, Origin::Own)));
    // What cannot be looked at is read all the same, so that the person hears why it does not count.
    let there: Vec<_> = candidates.filter(|(path, _)| path.try_exists().unwrap_or(true)).collect();
    if there.is_empty() {
        return Err(UserError::new(ExitCode::Usage, "no configuration found")
            .now("nothing was started; looked for flightdeck.toml here and config.toml in the user's configuration folder")
            .hint("try it without one: flightdeck demo")
            .hint("begin one: flightdeck config example > flightdeck.toml"));
    }
    Ok(there)
}

/// A folder of the XDG base directories; a relative one does not count, as the specification says.
pub(super) fn folder(env: Env<'_>, variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}

/// Reads a file as text.
///
/// # Errors
/// When it cannot be read, is too long, or is not UTF-8.
pub(super) fn read(path: &Path) -> Result<String, UserError> {
    text(path, bytes(path)?)
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read or is too long.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, UserError> {
    let shown = path.display();
    let unreadable = |why: String| {
        UserError::new(ExitCode::Usage, format!("{shown} cannot be read: {why}"))
            .now("nothing was started")
            .hint("name another file with --config FILE")
    };
    let bytes = files::read(path, LONGEST).map_err(|error| unreadable(error.to_string()))?;
    bytes.ok_or_else(|| unreadable("it is longer than 1 MiB, the limit for a configuration or a template".to_owned()))
}

/// The content of a file as text.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, UserError> {
    let shown = path.display();
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        UserError::new(ExitCode::Usage, format!("{shown}:{line}: the file is not UTF-8 text"))
            .now("nothing was started")
            .hint("save it as UTF-8")
    })?;
    // Editors of Windows put it there; it is no part of the first key.
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// Understands one file: its keys, the place of its first mistake, and paths that begin where the file stands.
///
/// # Errors
/// With line and column when the text cannot be understood, and when it holds a token that others may read.
pub(super) fn understand(
    text: &str,
    path: Option<&Path>,
    env: Env<'_>,
    warnings: &mut Vec<String>,
) -> Result<File, UserError> {
    let name = name(path);
    // Before anything is said about its content: a complaint must not be louder than the leak.
    let parsed = toml::from_str::<File>(text);
    if let (Ok(file), Some(path)) = (&parsed, path)
        && file.platforms.values().any(|account| account.token.is_some())
    {
        credentials::check_private(path)?;
    }
    let mut file = parsed.map_err(|error| syntax(&name, text, &error))?;
    warnings.extend(file::unknown_keys(text).into_iter().map(|warning| format!("{name}: {warning}")));
    if let Some(folder) = path.and_then(Path::parent) {
        anchor(&mut file, folder, env);
    }
    Ok(file)
}

/// The name of a file in messages.
pub(super) fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string())
}

fn syntax(name: &str, text: &str, error: &toml::de::Error) -> UserError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let written = text.lines().nth(line - 1).unwrap_or_default();
    // The parser repeats the value that it met. On a line about a token, that is the token.
    let message = if written.contains("token") {
        "this is neither a text in quotes (token, token_file) nor a list of them (token_command)".to_owned()
    } else {
        error.message().replace(char::is_control, " ")
    };
    UserError::new(ExitCode::Usage, format!("{name}:{line}:{column}: {message}"))
        .now("nothing was started")
        .hint("flightdeck config example shows every key with its form")
}

/// Relative paths begin at the folder of the file that names them, and `~/` at the home folder.
fn anchor(file: &mut File, folder: &Path, env: Env<'_>) {
    let home = env("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let place = |text: &mut String| {
        let whole = match (text.strip_prefix("~/"), &home) {
            (Some(below), Some(home)) => home.join(below),
            _ => folder.join(&*text),
        };
        *text = whole.to_string_lossy().into_owned();
    };
    file.platforms.values_mut().filter_map(|account| account.token_file.as_mut()).for_each(place);
    let logs = file.environments.iter_mut().flat_map(|environment| &mut environment.logs);
    logs.filter_map(|one| one.file.as_mut()).for_each(place);
    let services = file.environments.iter_mut().flat_map(|environment| &mut environment.services);
    let databases = services.filter_map(|service| service.postgres.as_mut());
    databases.flat_map(|one| [&mut one.url_file, &mut one.ca_file]).flatten().for_each(place);
    file.secrets.templates.values_mut().for_each(place);
    file.state.dir.as_mut().into_iter().for_each(place);
}

/// Lays one file over another. Environments come as a whole: half an environment from each file is no environment.
pub(super) fn over(top: File, below: File, warnings: &mut Vec<String>) -> File {
    let mut platforms = below.platforms;
    for (name, top) in top.platforms {
        let account = match platforms.remove(&name) {
            Some(below) => over_account(&name, top, below, warnings),
            None => top,
        };
        platforms.insert(name, account);
    }
    File {
        project: top.project.or(below.project),
        repository: top.repository.or(below.repository),
        platforms,
        environments: if top.environments.is_empty() { below.environments } else { top.environments },
        secrets: file::Secrets {
            required: over_map(top.secrets.required, below.secrets.required),
            optional: over_map(top.secrets.optional, below.secrets.optional),
            templates: over_map(top.secrets.templates, below.secrets.templates),
        },
        ui: file::Ui {
            theme: top.ui.theme.or(below.ui.theme),
            ascii: top.ui.ascii.or(below.ui.ascii),
            mouse: top.ui.mouse.or(below.ui.mouse),
            log_memory: top.ui.log_memory.or(below.ui.log_memory),
        },
        poll: file::Poll { fast: top.poll.fast.or(below.poll.fast), calm: top.poll.calm.or(below.poll.calm) },
        state: file::State { dir: top.state.dir.or(below.state.dir) },
    }
}

fn over_map<V>(top: BTreeMap<String, V>, mut below: BTreeMap<String, V>) -> BTreeMap<String, V> {
    below.extend(top);
    below
}

/// One platform. A token follows the address it was written for: a project that names another host, perhaps one that somebody
/// else wrote, does not get the user's token sent there.
fn over_account(name: &str, top: Account, below: Account, warnings: &mut Vec<String>) -> Account {
    let own = top.has_token_source();
    let moved = |top: &Option<String>, below: &Option<String>| top.is_some() && top != below;
    let elsewhere =
        moved(&top.base, &below.base) || moved(&top.machines, &below.machines) || moved(&top.api, &below.api);
    if !own && elsewhere && below.has_token_source() {
        warnings.push(format!(
            "platforms.{name}: the project names another address, so the token of the user's file is not sent there"
        ));
    }
    let inherit = !own && !elsewhere;
    Account {
        base: top.base.or(below.base),
        machines: top.machines.or(below.machines),
        api: top.api.or(below.api),
        drain: top.drain.or(below.drain),
        team: top.team.or(below.team),
        token: top.token.or(below.token.filter(|_| inherit)),
        token_file: top.token_file.or(below.token_file.filter(|_| inherit)),
        token_command: top.token_command.or(below.token_command.filter(|_| inherit)),
        withheld: top.withheld,
    }
}
