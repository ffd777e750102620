//! Reads findings about a project: its domains, and how far a rolling release has come (docs/platforms/vercel.md sections 7 and
//! 10).

use serde::Deserialize;

use super::Vercel;
use crate::domain::environment::Status;
use crate::domain::extent::Extent;
use crate::domain::posture::{Looked, Posture};
use crate::platform::PlatformError;
use crate::platform::http::segment;
use crate::platform::lenient::or_default;

/// Domains whose DNS is looked at.
const LOOKED_AT: usize = 30;

#[derive(Deserialize)]
struct DnsConfig {
    #[serde(default, deserialize_with = "or_default")]
    misconfigured: bool,
}

impl Vercel {
    /// Every check, each for itself.
    pub async fn posture(&self, project: &str, environment: &str) -> Vec<Looked<PlatformError>> {
        let (domains, rolling) = tokio::join!(self.domain_health(project, environment), self.rolling(project));
        vec![("domains", domains), ("rolling release", rolling)]
    }

    /// `GET /v9/projects/{id}/domains` and `GET /v6/domains/{domain}/config`: verified and not misconfigured.
    async fn domain_health(&self, project: &str, environment: &str) -> Result<Posture, PlatformError> {
        let state = self.recent_project(project, std::time::Duration::from_secs(10)).await?;
        let (_, custom) = state.scope(environment);
        let all = self.domains(project).await?;
        let mine = all.iter().filter(|one| one.environment.as_deref() == custom && one.branch.is_none());
        let mine: Vec<_> = mine.collect();
        let extent = Extent::of(mine.len().min(LOOKED_AT), u32::try_from(mine.len()).ok(), false);
        for domain in mine.iter().take(LOOKED_AT) {
            if !domain.verified {
                return Ok(Posture::new("domains", Status::Fail, format!("{} is not verified", domain.name)));
            }
            let path = format!("/v6/domains/{}/config", segment(domain.name.as_str()));
            let dns: DnsConfig = self.get(&path).query("projectIdOrName", project).read().await?;
            if dns.misconfigured {
                return Ok(Posture::new(
                    "domains",
                    Status::Fail,
                    format!("the DNS of {} points elsewhere", domain.name),
                ));
            }
        }
        // Nothing bad in a part says nothing of the rest.
        let (status, count) = match extent.whole() {
            true => (Status::Ok, mine.len().to_string()),
            false => (Status::Warn, format!("{} of {}, the others were not looked at,", LOOKED_AT, mine.len())),
        };
        Ok(Posture::new("domains", status, format!("{count} verified, DNS points here")))
    }

    /// How far a rolling release has come.
    async fn rolling(&self, project: &str) -> Result<Posture, PlatformError> {
        Ok(match self.rolling_release(project).await? {
            None => Posture::new("rolling release", Status::Ok, "none is under way"),
            Some(one) => Posture::new("rolling release", Status::Running, one.words()),
        })
    }
}
