//! Databases that are asked directly: where their address comes from, and whose certificate is accepted.

use std::path::PathBuf;

use secrecy::SecretString;

use super::credentials::source::TokenSource;
use super::token::{self, Token};
use super::{DatabaseTls, file};

/// Finds the address; never one that stands in the configuration itself, which is shown and shared.
pub(super) fn url(
    place: &str,
    written: &file::Postgres,
    dry: bool,
    variable: impl Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Token {
    if written.withheld {
        return Token::fixed(None, token::WITHHELD);
    }
    if let Some(name) = &written.url_env {
        let found = variable(name).map(SecretString::from);
        let origin =
            if found.is_some() { format!("environment variable {name}") } else { format!("{name} is not set") };
        return Token::fixed(found, &origin);
    }
    let file = written.url_file.as_ref().map(|path| TokenSource::File(PathBuf::from(path)));
    let Some(source) = file.or_else(|| written.url_command.clone().map(TokenSource::Command)) else {
        return Token::fixed(None, "name one of url_env, url_file, url_command");
    };
    if let Some(unread) = source.unread(dry) {
        return unread;
    }
    match source.read() {
        Ok(found) => Token::from_source(found, source),
        Err(why) => {
            warnings.push(format!("{place}: {why}"));
            Token::fixed(None, &why)
        }
    }
}

/// The word of the configuration.
pub(super) fn tls(word: &str) -> Option<DatabaseTls> {
    match word {
        "verified" => Some(DatabaseTls::Verified),
        "unverified" => Some(DatabaseTls::Unverified),
        "off" => Some(DatabaseTls::Off),
        _ => None,
    }
}
