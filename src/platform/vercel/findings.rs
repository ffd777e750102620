//! Reads findings about a project: its domains, and how far a rolling release has come (docs/platforms/vercel.md sections 7 and
//! 10).

use serde::Deserialize;

use super::view::NEW;
use super::{VERCEL, Vercel, VercelProject};
use crate::domain::environment::Status;
use crate::domain::extent::Extent;
use crate::domain::finding::{Finding, Looked};
use crate::domain::ids::DeploymentId;
use crate::domain::spread::{self, Live};
use crate::domain::state::State;
use crate::platform::http::{fault, segment};
use crate::platform::lenient::or_default;
use crate::platform::{ErrorKind, PlatformError};

/// Domains whose DNS is looked at.
const LOOKED_AT: usize = 30;

#[derive(Deserialize)]
struct DnsConfig {
    #[serde(default, deserialize_with = "or_default")]
    misconfigured: bool,
}

impl Vercel {
    /// Every check, each for itself.
    pub async fn findings(&self, project: &str, environment: &str) -> Vec<Looked<PlatformError>> {
        let (domains, rolling) = tokio::join!(self.domain_health(project, environment), self.rolling(project));
        vec![("domains", domains), ("rolling release", rolling)]
    }

    /// `GET /v9/projects/{id}/domains` and `GET /v6/domains/{domain}/config`: verified and not misconfigured.
    async fn domain_health(&self, project: &str, environment: &str) -> Result<Finding, PlatformError> {
        let state = self.recent_project(project, std::time::Duration::from_secs(10)).await?;
        let (_, custom) = state.scope(environment);
        let all = self.domains(project).await?;
        let mine = all.iter().filter(|one| one.environment.as_deref() == custom && one.branch.is_none());
        let mine: Vec<_> = mine.collect();
        // The list tells it of every domain; the DNS is one request for each.
        if let Some(domain) = mine.iter().find(|one| !one.verified) {
            return Ok(Finding::new("domains", Status::Fail, format!("{} is not verified", domain.name)));
        }
        for domain in mine.iter().take(LOOKED_AT) {
            let path = format!("/v6/domains/{}/config", segment(domain.name.as_str()));
            let dns: DnsConfig = self.get(&path).query("projectIdOrName", project).read().await?;
            if dns.misconfigured {
                return Ok(Finding::new(
                    "domains",
                    Status::Fail,
                    format!("the DNS of {} points elsewhere", domain.name),
                ));
            }
        }
        // What is live is read as lately as where the domains point.
        let state = self.recent_project(project, NEW).await?;
        Ok(self.misled(&state, project, environment).await?.unwrap_or_else(|| well(mine.len())))
    }

    /// What visitors of the domains do not get: nothing serves one, or one serves another deployment than the live one.
    ///
    /// # Errors
    /// Where a domain could not be looked up.
    async fn misled(
        &self,
        state: &VercelProject,
        project: &str,
        environment: &str,
    ) -> Result<Option<Finding>, PlatformError> {
        let (routed, job) = (state.routes(environment), state.job(environment));
        // While they move they are at two places, and the service says so.
        if !routed || job.is_some_and(|job| self.stands(job).0 == Status::Running) {
            return Ok(None);
        }
        let live = self.live(state, environment).await?;
        let id = DeploymentId::from(live.as_ref().map(|live| live.id.as_str()).unwrap_or_default());
        let sha = live.as_ref().and_then(|live| live.sha.as_ref());
        let all = self.recent_pointed(state, (project, environment), id.as_str(), job).await;
        match spread::judged(Live { deployment: &id, sha }, &all) {
            None => Ok(None),
            Some((State::Failing, why)) => Ok(Some(Finding::new("domains", Status::Fail, why))),
            Some((State::Mixed, why)) => Ok(Some(Finding::new("domains", Status::Warn, why))),
            Some((_, why)) => Err(fault(VERCEL, ErrorKind::Server, &why)),
        }
    }

    /// How far a rolling release has come.
    async fn rolling(&self, project: &str) -> Result<Finding, PlatformError> {
        Ok(match self.rolling_release(project).await? {
            None => Finding::new("rolling release", Status::Ok, "none is under way"),
            Some(one) => Finding::new("rolling release", Status::Running, one.words()),
        })
    }
}

/// Nothing bad was found. That the DNS of some domains was not looked at is told beside it, and is no fault of the project's.
fn well(all: usize) -> Finding {
    let looked = all.min(LOOKED_AT);
    let extent = Extent::of(looked, u32::try_from(all).ok(), false);
    let says = match extent.missing("domains") {
        None => format!("{all} verified, DNS points here"),
        Some(rest) => format!("{all} verified, the DNS of {looked} points here, that of {rest}"),
    };
    Finding::new("domains", Status::Ok, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_domains_are_no_fault_and_what_was_not_looked_at_is_told() {
        let told = |all| {
            let findings = well(all);
            (findings.status, findings.says.to_string())
        };
        assert_eq!(told(30), (Status::Ok, "30 verified, DNS points here".to_owned()));
        assert_eq!(
            told(31),
            (Status::Ok, "31 verified, the DNS of 30 points here, that of 1 more domain not read".to_owned())
        );
    }
}
