//! What Vercel says of a project's domains and of a rolling release (vercel.md sections 7 and 10).

use serde::Deserialize;

use super::Vercel;
use crate::domain::environment::Status;
use crate::domain::posture::Posture;
use crate::platform::http::segment;
use crate::platform::lenient::{or_default, text};
use crate::platform::{ErrorKind, PlatformError};

/// Domains whose DNS is looked at.
const LOOKED_AT: usize = 8;

#[derive(Deserialize)]
struct DnsConfig {
    #[serde(default, deserialize_with = "or_default")]
    misconfigured: bool,
}

#[derive(Deserialize)]
struct Rolling {
    #[serde(default, rename = "rollingRelease", deserialize_with = "or_default")]
    release: Option<RollingRelease>,
}

#[derive(Deserialize)]
struct RollingRelease {
    #[serde(default, deserialize_with = "text")]
    state: String,
    #[serde(default, deserialize_with = "text")]
    substate: String,
    #[serde(default, rename = "activeStage", deserialize_with = "or_default")]
    stage: Option<Stage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    #[serde(default, deserialize_with = "or_default")]
    target_percentage: f64,
    #[serde(default, deserialize_with = "or_default")]
    require_approval: bool,
}

impl Vercel {
    /// Every check, each for itself.
    pub async fn posture(&self, project: &str, environment: &str) -> Vec<Result<Posture, PlatformError>> {
        let (domains, rolling) = tokio::join!(self.domain_health(project, environment), self.rolling(project));
        vec![domains, rolling]
    }

    /// `GET /v9/projects/{id}/domains` and `GET /v6/domains/{domain}/config`: verified and not misconfigured.
    async fn domain_health(&self, project: &str, environment: &str) -> Result<Posture, PlatformError> {
        let state = self.recent_project(project, std::time::Duration::from_secs(10)).await?;
        let (_, custom) = state.scope(environment);
        let all = self.domains(project).await?;
        let mine = all.iter().filter(|one| one.environment.as_deref() == custom && one.branch.is_none());
        let mine: Vec<_> = mine.take(LOOKED_AT).collect();
        for domain in &mine {
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
        Ok(Posture::new("domains", Status::Ok, format!("{} verified, DNS points here", mine.len())))
    }

    /// `GET /v1/projects/{id}/rolling-release?state=ACTIVE`; plans without them answer 402, 403 or 404.
    async fn rolling(&self, project: &str) -> Result<Posture, PlatformError> {
        let path = format!("/v1/projects/{}/rolling-release", segment(project));
        let found: Result<Rolling, _> = self.get(&path).query("state", "ACTIVE").read().await;
        let found = match found {
            Err(error) if error.kind == ErrorKind::NotFound || error.status == Some(402) => None,
            other => other?.release,
        };
        Ok(match found.filter(|one| one.state == "ACTIVE") {
            None => Posture::new("rolling release", Status::Ok, "none is under way"),
            Some(one) => {
                let stage = one.stage.as_ref();
                let percent = stage.map_or(0.0, |stage| stage.target_percentage);
                let waits = stage.is_some_and(|stage| stage.require_approval);
                let held = if waits || one.substate == "PAUSED" { ", waits for approval" } else { "" };
                Posture::new("rolling release", Status::Running, format!("{percent:.0}% on the new one{held}"))
            }
        })
    }
}
