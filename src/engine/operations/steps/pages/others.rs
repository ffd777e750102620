//! The builds of a frontend that others have made, and where they have pointed it.

use crate::clock::Timestamp;
use crate::domain::environment::{ServiceInfo, Status, Tier};
use crate::domain::operation::Operation;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::others::told::{minute, told};
use crate::engine::operations::past::not_before;
use crate::platform::PlatformError;
use crate::platform::vercel::{Vercel, VercelDeployment};

/// Builds that are looked at, the newest ones.
const ROWS: u32 = 20;

/// The builds that are under way, where they go live by themselves.
pub(super) async fn building(
    vercel: &Vercel,
    tier: Tier,
    info: &ServiceInfo,
    earlier: Option<&Operation>,
) -> Result<Option<String>, PlatformError> {
    let target = vercel_target(&info.id.env, tier);
    let project = vercel.project(&info.resource).await?;
    // Where production is pinned, what is built stays staged.
    if *target == *"production" && !project.auto_assign {
        return Ok(None);
    }
    let listed = vercel.deployments(&project.id, Some(&target), ROWS).await?;
    let own = |one: &VercelDeployment| {
        earlier.and_then(|earlier| earlier.follows.as_ref()).is_some_and(|id| id.as_str() == one.id)
    };
    let open = listed.iter().filter(|one| !own(one)).map(|one| one.deployment(&info.id, false));
    let open: Vec<String> = open.filter(|one| one.status == Status::Running).map(|one| told(&one)).collect();
    Ok((!open.is_empty()).then(|| open.join(", ")))
}

/// The deployment that a frontend was pointed at by somebody else: neither where it was nor where it was to go.
pub(super) async fn repointed(
    vercel: &Vercel,
    tier: Tier,
    info: &ServiceInfo,
    earlier: &Operation,
) -> Result<Option<String>, PlatformError> {
    let target = vercel_target(&info.id.env, tier);
    let project = vercel.project(&info.resource).await?;
    let Some(live) = vercel.live(&project, &target).await? else { return Ok(None) };
    let went = earlier.moves.iter().find(|one| one.service == info.id);
    let of = |one: &VercelDeployment| {
        one.sha.as_ref().zip(earlier.commit.as_ref()).is_some_and(|(sha, commit)| sha.same(commit))
    };
    let followed = earlier.follows.as_ref().is_some_and(|id| id.as_str() == live.id);
    if of(&live) || followed || went.is_some_and(|one| one.to.as_str() == live.id) {
        return Ok(None);
    }
    let job = project.last_alias_request.as_ref().filter(|job| job.to == live.id).and_then(|job| job.requested_at);
    let at = job.max(live.created_at);
    let moved = match (went, &earlier.commit) {
        (Some(went), _) => went.from.as_ref().is_some_and(|from| from.as_str() != live.id),
        (None, Some(commit)) => {
            let built = vercel.deployments_of(&project.id, project.scope(&target).0, commit).await?;
            let own = built.iter().filter(|one| of(one)).filter_map(|one| one.created_at);
            own.filter(|at| not_before(*at, vercel.ahead(), earlier.started_at))
                .max()
                .is_some_and(|own| at.is_some_and(|at| at > own))
        }
        (None, None) => false,
    };
    Ok(moved.then(|| pointed(&live, at)))
}

/// `dpl_b 3e60eac of ines is live since 2026-11-28 14:02Z`.
fn pointed(live: &VercelDeployment, at: Option<Timestamp>) -> String {
    let sha = live.sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
    let since = at.map_or_else(String::new, |at| format!(" since {}", minute(at)));
    let by = if live.author.is_empty() { String::new() } else { format!(" of {}", live.author) };
    format!("{}{sha}{by} is live{since}", live.id)
}
