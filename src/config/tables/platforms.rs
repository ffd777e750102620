//! `[platforms.*]`: where each platform is, and where its token comes from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Over as _, layered};
use crate::config::Settings;
use crate::config::check::Check;
use crate::config::effective::Sheet;
use crate::config::token::Token;
use crate::config::{address, credentials};
use crate::domain::environment::Platform;
use crate::error::UserError;

layered! {
    /// One platform: where it is and where its token comes from.
    pub struct Account {
        pub base: Option<String>,
        /// Fly only: the Machines API.
        pub machines: Option<String>,
        /// Fly only: GraphQL, logs, releases.
        pub api: Option<String>,
        /// Fly only: time for connections to end.
        pub drain: Option<String>,
        /// Vercel only: team id or slug.
        pub team: Option<String>,
        #[cfg_attr(test, schemars(with = "Option<String>"))]
        pub token: Option<secrecy::SecretString>,
        pub token_file: Option<String>,
        pub token_command: Option<Vec<String>>,
        /// Nobody has approved its addresses: it gets no token.
        #[serde(skip)]
        pub withheld: bool,
    }
}

/// The keys that mean nothing to a platform of this name.
pub(in crate::config) fn foreign(platform: &str) -> &'static [&'static str] {
    match platform {
        "fly" => &["base", "team"],
        "vercel" => &["machines", "api", "drain"],
        _ => &["machines", "api", "drain", "team"],
    }
}

impl Account {
    /// It says where its token is, whether or not one is found there.
    #[must_use]
    pub fn has_token_source(&self) -> bool {
        self.token.is_some() || self.token_file.is_some() || self.token_command.is_some()
    }

    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        self.token_file.iter_mut()
    }

    /// Lays it over that of another file. A token follows the address it was written for: a project that names another host, perhaps one
    /// that somebody else wrote, does not get the user's token sent there.
    pub(in crate::config) fn over_that_of(self, name: &str, mut below: Self, warnings: &mut Vec<String>) -> Self {
        let own = self.has_token_source();
        let moved = |top: &Option<String>, below: &Option<String>| top.is_some() && top != below;
        let elsewhere =
            moved(&self.base, &below.base) || moved(&self.machines, &below.machines) || moved(&self.api, &below.api);
        if !own && elsewhere && below.has_token_source() {
            warnings.push(format!(
                "platforms.{name}: the project names another address, so the token of the user's file is not sent there"
            ));
        }
        if own || elsewhere {
            (below.token, below.token_file, below.token_command) = (None, None, None);
        }
        self.over(below)
    }

    pub(in crate::config) fn told(&self, name: &str, settings: &Settings, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("platforms.{name}.{last}");
        let token = match settings.accesses.iter().find(|(platform, _)| platform.name() == name) {
            Some((_, access)) => {
                sheet.add(key("base"), &access.base);
                Some(&access.token)
            }
            None => settings.fly.as_ref().filter(|_| name == Platform::Fly.name()).map(|fly| {
                sheet.add(key("machines"), &fly.machines);
                sheet.add(key("api"), &fly.api);
                sheet.add(key("drain"), format!("{:?}", fly.drain));
                &fly.token
            }),
        };
        if let Some(team) = &self.team {
            sheet.add(key("team"), team);
        }
        if let Some(token) = token {
            sheet.secret(key("token"), token);
        }
    }

    fn token(&self, platform: Platform, at_home: bool, check: &Check<'_>, warnings: &mut Vec<String>) -> Token {
        credentials::find(platform, self, (at_home, check.flags.dry), check.env, warnings)
    }

    fn access(&self, platform: Platform, check: &Check<'_>, warnings: &mut Vec<String>) -> Result<Access, UserError> {
        let default = credentials::default_base(platform);
        let base = base(check, &format!("platforms.{platform}.base"), self.base.as_deref(), default)?;
        let token = self.token(platform, base == default, check, warnings);
        Ok(Access { base, token })
    }

    fn fly(&self, check: &Check<'_>, warnings: &mut Vec<String>) -> Result<FlyAccess, UserError> {
        let home = credentials::FLY_BASES;
        let machines = base(check, "platforms.fly.machines", self.machines.as_deref(), home[0])?;
        let api = base(check, "platforms.fly.api", self.api.as_deref(), home[1])?;
        let token = self.token(Platform::Fly, [&*machines, &*api] == home, check, warnings);
        let drain = check.duration("platforms.fly.drain", self.drain.as_deref(), 10)?;
        Ok(FlyAccess { machines, api, token, drain })
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A base URL and a token.
#[derive(Debug, Clone)]
pub struct Access {
    /// `https://api.github.com`, without a trailing slash.
    pub base: String,
    /// The token; without one the feed says which variable to set.
    pub token: Token,
}

/// Fly's three bases (docs/platforms/fly.md section 1).
#[derive(Debug, Clone)]
pub struct FlyAccess {
    /// Machines API, `https://api.machines.dev`.
    pub machines: String,
    /// Web API: `/graphql`, `/api/v1/apps/:app/logs`, release routes.
    pub api: String,
    /// The token text as found, scheme words and commas included.
    pub token: Token,
    /// How long connections get to end before a machine is stopped that others have taken the place of.
    pub drain: Duration,
}

/// Access to every platform that is named.
pub(in crate::config) struct Accesses {
    pub(in crate::config) accesses: BTreeMap<Platform, Access>,
    pub(in crate::config) fly: Option<FlyAccess>,
    pub(in crate::config) vercel_team: Option<Arc<str>>,
}

/// Finds the address and the token of each platform that is named.
pub(in crate::config) fn accesses(
    written: &BTreeMap<String, Account>,
    check: &Check<'_>,
    warnings: &mut Vec<String>,
) -> Result<Accesses, UserError> {
    let account = |platform: Platform| written.get(platform.name());
    let mut accesses = BTreeMap::new();
    for platform in Platform::CONFIGURED.into_iter().filter(|one| !credentials::default_base(*one).is_empty()) {
        if let Some(account) = account(platform) {
            accesses.insert(platform, account.access(platform, check, warnings)?);
        }
    }
    let fly = account(Platform::Fly).map(|account| account.fly(check, warnings)).transpose()?;
    let vercel_team = account(Platform::Vercel).and_then(|account| account.team.as_deref()).map(Into::into);
    Ok(Accesses { accesses, fly, vercel_team })
}

/// An address that a token is sent to: https, or loopback; paths are added to it, so it ends without a slash.
fn base(check: &Check<'_>, key: &str, url: Option<&str>, default: &str) -> Result<String, UserError> {
    let url = url.unwrap_or(default);
    let read = address::read(url).map_err(|why| check.bad_address(key, why))?;
    if !read.encrypted && !read.loopback {
        let what = format!("{key} would carry a token without encryption");
        return Err(check.refuse(&what, "use https:// (http:// is for this machine only)"));
    }
    if read.rest.contains(['?', '#']) {
        return Err(check.bad_address(key, "holds a query or a fragment"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}
