//! Platforms and databases: addresses that a token is sent to, and what is done without one.

use std::path::PathBuf;

use super::Check;
use crate::config::token::Token;
use crate::config::{Access, DatabaseSettings, DatabaseTls, FlyAccess, Settings, address, credentials, database, file};
use crate::domain::environment::Platform;
use crate::domain::ids::ServiceId;
use crate::error::UserError;

impl Check<'_> {
    pub(super) fn access(
        &self,
        platform: Platform,
        account: &file::Account,
        warnings: &mut Vec<String>,
    ) -> Result<Access, UserError> {
        let default = credentials::default_base(platform);
        let base = self.base(&format!("platforms.{platform}.base"), account.base.as_deref(), default)?;
        let token = self.token(platform, account, base == default, warnings);
        Ok(Access { base, token })
    }

    pub(super) fn fly(
        &self,
        account: Option<&file::Account>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<FlyAccess>, UserError> {
        let Some(account) = account else { return Ok(None) };
        let home = credentials::FLY_BASES;
        let machines = self.base("platforms.fly.machines", account.machines.as_deref(), home[0])?;
        let api = self.base("platforms.fly.api", account.api.as_deref(), home[1])?;
        let token = self.token(Platform::Fly, account, [&*machines, &*api] == home, warnings);
        let drain = self.duration("platforms.fly.drain", account.drain.as_deref(), 10)?;
        Ok(Some(FlyAccess { machines, api, token, drain }))
    }

    pub(super) fn token(
        &self,
        platform: Platform,
        account: &file::Account,
        at_home: bool,
        warnings: &mut Vec<String>,
    ) -> Token {
        credentials::find(platform, account, (at_home, self.flags.dry), self.env, warnings)
    }

    /// An address that a token is sent to: https, or loopback; paths are added to it, so it ends without a slash.
    pub(super) fn base(&self, key: &str, url: Option<&str>, default: &str) -> Result<String, UserError> {
        let url = url.unwrap_or(default);
        let read = address::read(url).map_err(|why| self.bad_address(key, why))?;
        if !read.encrypted && !read.loopback {
            let what = format!("{key} would carry a token without encryption");
            return Err(self.refuse(&what, "use https:// (http:// is for this machine only)"));
        }
        if read.rest.contains(['?', '#']) {
            return Err(self.bad_address(key, "holds a query or a fragment"));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    pub(super) fn databases(
        &self,
        environments: &[file::Environment],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<DatabaseSettings>, UserError> {
        let mut all = Vec::new();
        for (environment, service) in environments.iter().flat_map(|env| env.services.iter().map(move |one| (env, one)))
        {
            let Some(written) = &service.postgres else { continue };
            let place = format!("postgres of {}/{}", environment.name, service.name);
            let tls = database::tls(&written.tls).ok_or_else(|| {
                let what = format!("{place}: tls = \"{}\" is not a known value", written.tls.escape_debug());
                self.refuse(&what, "write verified, unverified, or off (for a database on this machine)")
            })?;
            if tls == DatabaseTls::Unverified {
                warnings.push(format!("{place}: the server's certificate is not verified; name a ca_file instead"));
            }
            all.push(DatabaseSettings {
                service: ServiceId::new(environment.name.as_str(), &service.name),
                url: database::url(&place, written, self.flags.dry, |name| self.variable(name), warnings),
                tls,
                ca_file: written.ca_file.as_ref().map(PathBuf::from),
                interval: self.interval(&format!("{place}: interval"), written.interval.as_deref(), 60)?,
            });
        }
        Ok(all)
    }

    pub(super) fn every_service_has_a_platform(&self, settings: &mut Settings) {
        for (service, platform) in settings.absent() {
            let what = format!("{}: {service} is on {platform}, but [platforms.{platform}] is missing", self.name);
            settings.warnings.push(what);
        }
    }
}
