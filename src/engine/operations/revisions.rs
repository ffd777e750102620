//! What a plan was computed on, read again: it acts on that, or not at all.

use super::lever;
use super::operator::Operator;
use super::secret;
use super::steps::fleet::revision;
use crate::domain::environment::Platform;
use crate::domain::operation::{Act, PlanPart};
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// Whether nothing has moved: the order of a list is no change.
pub(in crate::engine) fn same(now: &[(Text, Text)], then: &[(Text, Text)]) -> bool {
    now.len() == then.len() && then.iter().all(|one| now.contains(one))
}

impl Operator {
    /// The revisions of a part as they are now, in the plan's form.
    pub(in crate::engine) async fn revisions(&self, part: &PlanPart) -> Result<Vec<(Text, Text)>, PlatformError> {
        let resource = part.resource.as_str();
        if part.revisions.is_empty() {
            return Ok(Vec::new());
        }
        match (part.platform, &self.clients.fly, &self.clients.vercel) {
            (platform, ..) if let Act::SetSecret { key, place } = &part.act => {
                let there = (platform, resource, place.as_str());
                let seen = secret::seen(&self.clients, &self.plan.env, there, key.as_str()).await?;
                let mut now = vec![secret::revision(key, seen.as_ref())];
                if let (Platform::Vercel, Some(vercel)) = (platform, &self.clients.vercel) {
                    now.push(secret::slot_revision(&vercel.slot(resource, place.as_str(), key.as_str()).await?));
                }
                Ok(now)
            }
            (Platform::Fly, Some(fly), _) => {
                let machines = fly.machines(resource).await?;
                Ok(machines.iter().filter(|machine| machine.in_fleet()).map(revision).collect())
            }
            // A job under way moves what is live by itself: there is nothing that must hold.
            (Platform::Vercel, ..)
                if matches!(part.act, Act::VercelRollback { asked: true } | Act::VercelPromote { asked: true }) =>
            {
                Ok(part.revisions.clone())
            }
            (Platform::Github, ..) => {
                let (Some(github), Ok(id)) = (&self.clients.github, part.to_id.as_str().parse()) else {
                    return Ok(Vec::new());
                };
                let run = github.run(id).await?;
                Ok(vec![(Text::from("attempt"), Text::from(run.number.1.to_string()))])
            }
            (Platform::Vercel, _, Some(vercel)) if matches!(part.act, Act::VercelAliases(_)) => {
                let mut now = Vec::new();
                for (domain, _) in &part.revisions {
                    now.push((domain.clone(), Text::from(vercel.alias(domain.as_str()).await?)));
                }
                Ok(now)
            }
            (Platform::Vercel, _, Some(vercel)) if let Act::VercelLever(lever) = &part.act => {
                let project = vercel.project(resource).await?;
                let rolling = if lever::stages(lever) { vercel.rolling_release(resource).await? } else { None };
                Ok(lever::revisions(&project, rolling.as_ref(), lever))
            }
            (Platform::Vercel, _, Some(vercel)) => {
                let live = vercel.project(resource).await?.production;
                Ok(live.map(|one| (Text::from("production"), Text::from(one.id.as_str()))).into_iter().collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}
