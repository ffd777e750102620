//! `postgres` of a service: a database that is asked directly, where its address comes from, and whose certificate is accepted.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::config::check::Check;
use crate::config::credentials::source::TokenSource;
use crate::config::effective::Sheet;
use crate::config::token::{self, Token};
use crate::domain::ids::ServiceId;
use crate::error::UserError;

/// The database of a service, directly.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Postgres {
    /// A variable with the address.
    pub url_env: Option<String>,
    pub url_file: Option<String>,
    pub url_command: Option<Vec<String>>,
    /// `verified`, `unverified`, `off`.
    pub tls: String,
    pub ca_file: Option<String>,
    pub interval: Option<String>,
    /// It names a command that nobody has approved.
    #[serde(skip)]
    pub withheld: bool,
}

impl Default for Postgres {
    fn default() -> Self {
        let tls = "verified".to_owned();
        Self { url_env: None, url_file: None, url_command: None, tls, ca_file: None, interval: None, withheld: false }
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// A database that is looked at directly.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The service that it belongs to.
    pub service: ServiceId,
    /// `postgres://user:password@host:port/name`.
    pub url: Token,
    /// Whom to believe.
    pub tls: DatabaseTls,
    /// A root of one's own, PEM; Supabase has one.
    pub ca_file: Option<PathBuf>,
    /// How often; default a minute.
    pub interval: Duration,
}

/// How a connection to a database is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Encrypted, and the server is who it says it is.
    Verified,
    /// Encrypted; anybody may be at the other end.
    Unverified,
    /// Plain, on this machine only.
    Off,
}

impl DatabaseSettings {
    pub(super) fn told(&self, sheet: &mut Sheet<'_>) {
        let key =
            |last: &str| format!("environments.{}.services.{}.postgres{last}", self.service.env, self.service.name);
        sheet.secret(key(""), &self.url);
        let tls = match self.tls {
            DatabaseTls::Verified => "verified",
            DatabaseTls::Unverified => "unverified",
            DatabaseTls::Off => "off",
        };
        sheet.add(key(".tls"), tls);
        let roots = self.ca_file.as_ref().map(|path| path.display().to_string());
        sheet.add(key(".ca_file"), roots.as_deref().unwrap_or("none"));
        sheet.add(key(".interval"), format!("{:?}", self.interval));
    }
}

impl Postgres {
    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.url_file, &mut self.ca_file].into_iter().flatten()
    }

    pub(super) fn settings(
        &self,
        service: ServiceId,
        check: &Check<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<DatabaseSettings, UserError> {
        let place = format!("postgres of {service}");
        let tls = tls(&self.tls).ok_or_else(|| {
            let what = format!("{place}: tls = \"{}\" is not a known value", self.tls.escape_debug());
            check.refuse(&what, "write verified, unverified, or off (for a database on this machine)")
        })?;
        if tls == DatabaseTls::Unverified {
            warnings.push(format!("{place}: the server's certificate is not verified; name a ca_file instead"));
        }
        Ok(DatabaseSettings {
            url: self.url(&place, check, warnings),
            tls,
            ca_file: self.ca_file.as_ref().map(PathBuf::from),
            interval: check.interval(&format!("{place}: interval"), self.interval.as_deref(), 60)?,
            service,
        })
    }

    /// Finds the address; never one that stands in the configuration itself, which is shown and shared.
    fn url(&self, place: &str, check: &Check<'_>, warnings: &mut Vec<String>) -> Token {
        if self.withheld {
            return Token::fixed(None, token::WITHHELD);
        }
        if let Some(name) = &self.url_env {
            let found = check.variable(name).map(SecretString::from);
            let origin =
                if found.is_some() { format!("environment variable {name}") } else { format!("{name} is not set") };
            return Token::fixed(found, &origin);
        }
        let file = self.url_file.as_ref().map(|path| TokenSource::File(PathBuf::from(path)));
        let Some(source) = file.or_else(|| self.url_command.clone().map(TokenSource::Command)) else {
            return Token::fixed(None, "name one of url_env, url_file, url_command");
        };
        if let Some(unread) = source.unread(check.flags.dry) {
            return unread;
        }
        let asked = source.asked(true);
        let token = match source.read() {
            Ok(found) => Token::from_source(found, source),
            Err(why) => {
                warnings.push(format!("{place}: {why}"));
                Token::fixed(None, &why)
            }
        };
        token.asking(asked)
    }
}

/// The word of the configuration.
fn tls(word: &str) -> Option<DatabaseTls> {
    match word {
        "verified" => Some(DatabaseTls::Verified),
        "unverified" => Some(DatabaseTls::Unverified),
        "off" => Some(DatabaseTls::Off),
        _ => None,
    }
}
