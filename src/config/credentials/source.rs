//! The places that a token can be read from, again if need be: a file, a command, and the files of the platforms' own tools.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::super::token::{Asked, Token};
use super::{LONGEST, check_private, command};
use crate::config::files;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// A place with a token in it.
#[derive(Debug, Clone)]
pub(in crate::config) enum TokenSource {
    /// The bare token.
    File(PathBuf),
    /// What a program prints.
    Command(Vec<String>),
    /// `gh auth token`, by the path of `gh` (docs/platforms/github.md section 9).
    Gh(PathBuf),
    /// `access_token` of `~/.fly/config.yml` (docs/platforms/fly.md section 1).
    Flyctl(PathBuf),
    /// `token` of `auth.json` in the data folder of Vercel's CLI (docs/platforms/vercel.md section 13).
    VercelCli(PathBuf),
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Flyctl(path) | Self::VercelCli(path) => write!(f, "file {}", path.display()),
            // Its arguments may be secret themselves.
            Self::Command(command) => {
                write!(f, "command {}", command.first().map_or("", String::as_str).escape_debug())
            }
            Self::Gh(_) => f.write_str("gh auth token"),
        }
    }
}

impl TokenSource {
    /// Stands for a token that only a command could give, while nothing is to be run.
    pub(in crate::config) fn unread(&self, dry: bool) -> Option<Token> {
        let asked = self.asked(false).filter(|_| dry)?;
        Some(Token::fixed(None, &format!("{self}, which was not run")).asking(Some(asked)))
    }

    /// The command, where it is one.
    pub(in crate::config) fn asked(&self, run: bool) -> Option<Asked> {
        let runs = matches!(self, Self::Command(_) | Self::Gh(_));
        runs.then(|| Asked { command: Text::from(self.to_string()), run })
    }

    /// Reads the token.
    ///
    /// # Errors
    /// In words for a warning.
    pub(in crate::config) fn read(&self) -> Result<SecretString, String> {
        let words = |error: UserError| format!("{}{}", error.what, advice(&error));
        match self {
            Self::File(path) => text(path).map(SecretString::from).map_err(words),
            Self::Command(line) => command::run(line, command::PATIENCE),
            Self::Gh(program) => {
                let program = program.to_string_lossy();
                let line = [program.as_ref(), "auth", "token", "--hostname", "github.com"].map(str::to_owned);
                command::run(&line, command::PATIENCE)
            }
            Self::Flyctl(path) => pick(path, &text(path).map_err(words)?, yaml),
            Self::VercelCli(path) => pick(path, &text(path).map_err(words)?, json),
        }
    }
}

fn pick(path: &Path, text: &str, find: fn(&str) -> Option<String>) -> Result<SecretString, String> {
    find(text).map(SecretString::from).ok_or_else(|| format!("{} holds no token", path.display()))
}

/// One key of the outermost level, plain or quoted: the tool writes no other form.
fn yaml(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("access_token:"))?.trim();
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn json(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.get("token")?.as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

fn advice(error: &UserError) -> String {
    error.hints.first().map(|hint| format!(" ({hint})")).unwrap_or_default()
}

fn text(path: &Path) -> Result<String, UserError> {
    check_private(path)?;
    let shown = path.display();
    let failed = |why: String| UserError::new(ExitCode::Usage, format!("{shown} {why}"));
    let file = files::open(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| failed(format!("cannot be read: {error}")))?;
    if text.trim().is_empty() {
        return Err(failed("is empty".to_owned()));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{json, yaml};

    #[test]
    fn the_tools_files_give_their_token_alone() {
        let file = "access_token: fm2_abc,fm2_def\nlast_login: 2026-01-01\nwire_guard_state:\n  access_token: no\n";
        assert_eq!(yaml(file).as_deref(), Some("fm2_abc,fm2_def"));
        assert_eq!(yaml("access_token: \"FlyV1 fm2_a\"\n").as_deref(), Some("FlyV1 fm2_a"));
        assert_eq!(yaml("access_token:\n"), None);
        assert_eq!(json("{\"token\": \"abc\", \"userId\": \"1\"}").as_deref(), Some("abc"));
        assert_eq!(json("[]"), None);
    }
}
