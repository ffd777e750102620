//! What others do where an operation is planned: deploys that are under way, and what was moved by somebody else since an operation that
//! is taken up again began.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::Ask;
use super::past::not_before;
use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Status};
use crate::domain::ids::Sha;
use crate::domain::operation::{Operation, Plan};
use crate::domain::overrides::Override;
use crate::domain::pipeline::Run;
use crate::domain::release::Deployment;
use crate::domain::run_state::RunState;
use crate::engine::feeds::{Clients, vercel_target};
use crate::platform::PlatformError;
use crate::platform::fly::Fly;
use crate::platform::vercel::{Vercel, VercelDeployment};
use crate::sanitize::Text;

/// Runs among which those are looked for that are under way; all older ones that are not over are read beside them.
const RUNS: u32 = 100;
/// Release rows and builds that are looked at, the newest ones.
const ROWS: u32 = 20;

/// Whether an operation has recorded this release row: it went to that image, and the row is no older than it. `ahead` is by how much the
/// platform's clock is.
pub(in crate::engine) fn recorded(
    operation: &Operation,
    row: &Deployment,
    (listed, ahead): (&[Deployment], SignedDuration),
) -> bool {
    goes_there(operation, row, listed) && not_before(row.created_at, ahead, operation.started_at)
}

/// What an operation goes to: its deployment's image, or its commit.
fn goes_there(operation: &Operation, row: &Deployment, listed: &[Deployment]) -> bool {
    let went = operation.moves.iter().find(|one| one.service == row.service).map(|one| &one.to);
    let image = went.and_then(|to| listed.iter().find(|one| one.id == *to)).and_then(|one| one.image.as_ref());
    let same = |sha: &Sha| operation.commit.as_ref().is_some_and(|of| of.same(sha));
    row.image.is_some() && row.image.as_ref() == image || row.sha.as_ref().is_some_and(same)
}

/// The release rows that nobody has closed, also those that a newer one hides, by their ids.
pub(in crate::engine) async fn open_rows(fly: &Fly, app: &str) -> Result<Vec<String>, PlatformError> {
    let rows = fly.releases(app, ROWS).await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.stands(row.created_at.unwrap_or_default()).0 == Status::Running)
        .map(|row| row.id)
        .collect())
}

/// The deploys that are under way where a plan moves something: each needs a reason. What waits for a person is told beside them.
pub(in crate::engine) async fn under_way(ask: Ask<'_>, plan: &Plan) -> (Vec<Override>, Vec<Text>) {
    let own: Vec<&ServiceInfo> =
        ask.env.services.iter().filter(|info| plan.parts.iter().any(|part| part.service == info.id)).collect();
    let (runs, releases) = tokio::join!(runs(ask), join_all(own.into_iter().map(|info| release(ask, info))));
    let (mut red, told) = runs;
    red.extend(releases.into_iter().flatten());
    (red, told)
}

/// The runs of the workflow that deploys the environment.
async fn runs(ask: Ask<'_>) -> (Vec<Override>, Vec<Text>) {
    let Ask { clients, settings, env, past, .. } = ask;
    let workflow = settings.workflows.iter().find(|one| one.env == env.id);
    let (Some(github), Some(workflow)) = (&clients.github, workflow) else { return Default::default() };
    let asks = format!("no run deploys {}", env.id);
    let found = match github.current(RUNS).await {
        Ok(found) => found,
        Err(error) => return (vec![gate(asks, format!("the runs could not be read: {error}"))], Vec::new()),
    };
    let follows = past.earlier.as_ref().and_then(|earlier| earlier.follows.as_ref());
    let own = |run: &&Run| follows.is_some_and(|id| id.as_str() == run.id.to_string());
    let open: Vec<&Run> =
        found.iter().filter(|run| !run.over() && run.may_be_of(&workflow.file) && !own(run)).collect();
    let waits = |run: &&&Run| matches!(run.state, RunState::Gated | RunState::NeedsPerson);
    let moving: Vec<String> = open.iter().filter(|run| !waits(run)).map(|run| named(run)).collect();
    let told = open.iter().filter(waits).map(|run| {
        let may = if run.placeless() { "may deploy" } else { "deploys" };
        Text::from(format!("{}: once it is approved it {may} {} again", named(run), env.id))
    });
    let red = (!moving.is_empty()).then(|| gate(asks, moving.join(", ")));
    (red.into_iter().collect(), told.collect())
}

/// `Deploy production #137 in_progress, by ines since 2026-11-28 14:02Z`, and that nothing tells whether it deploys here.
fn named(run: &Run) -> String {
    let since = run.started_at.or(run.created_at).map_or_else(String::new, |at| format!(" since {}", minute(at)));
    let untold = if run.placeless() { ": its workflow's file is not told" } else { "" };
    format!("{} {}, by {}{since}{untold}", run.name(), run.words, run.actor)
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

fn gate(asks: String, says: String) -> Override {
    Override::Others { asks: Text::from(asks), says: Text::from(says) }
}

/// The release or the build of a service that is under way.
async fn release(ask: Ask<'_>, info: &ServiceInfo) -> Option<Override> {
    let earlier = ask.past.earlier.as_ref();
    let found = match (info.platform, &ask.clients.fly, &ask.clients.vercel) {
        (Platform::Fly, Some(fly), _) => {
            let listed = fly.deployments(&info.resource, &info.id, Duration::ZERO).await;
            listed.map(|listed| rolling(&listed, earlier, fly.ahead()).map(told))
        }
        (Platform::Vercel, _, Some(vercel)) => building(vercel, ask.env, info, earlier).await,
        _ => return None,
    };
    let asks = format!("no deploy of {} is under way", info.id.name);
    match found {
        Ok(says) => says.map(|says| gate(asks, says)),
        Err(error) => Some(gate(asks, format!("it could not be read: {error}"))),
    }
}

/// The newest release, while it is under way and is not what the operation itself has recorded.
fn rolling<'a>(listed: &'a [Deployment], earlier: Option<&Operation>, ahead: SignedDuration) -> Option<&'a Deployment> {
    let own = |row: &Deployment| earlier.is_some_and(|earlier| recorded(earlier, row, (listed, ahead)));
    listed.first().filter(|row| row.status == Status::Running && !own(row))
}

/// `v43 3e60eac running, by ines since 2026-11-28 14:02Z`.
fn told(row: &Deployment) -> String {
    let sha = row.sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
    let by = if row.author.is_empty() { "somebody" } else { row.author.as_str() };
    format!("{}{sha} {}, by {by} since {}", row.label, row.words, minute(row.created_at))
}

async fn building(
    vercel: &Vercel,
    env: &EnvInfo,
    info: &ServiceInfo,
    earlier: Option<&Operation>,
) -> Result<Option<String>, PlatformError> {
    let target = vercel_target(&info.id.env, env.tier);
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

/// What somebody else has moved since an operation began, service by service: going on with it would take that away.
pub(in crate::engine) async fn moved_since(clients: &Clients, env: &EnvInfo, earlier: &Operation) -> Vec<Override> {
    let own = env.services.iter().filter(|info| earlier.concerns(&info.id) || earlier.commit.is_some());
    let found = join_all(own.map(|info| async {
        let found = match (info.platform, &clients.fly, &clients.vercel) {
            (Platform::Fly, Some(fly), _) => {
                let listed = fly.deployments(&info.resource, &info.id, Duration::ZERO).await;
                listed.map(|listed| later(earlier, &listed, fly.ahead()).map(told))
            }
            (Platform::Vercel, _, Some(vercel)) => repointed(vercel, env, info, earlier).await,
            _ => return None,
        };
        let asks = format!("nobody else has moved {} since this operation began", info.id.name);
        match found {
            Ok(says) => says.map(|says| gate(asks, says)),
            Err(error) => Some(gate(asks, format!("it could not be read: {error}"))),
        }
    }));
    found.await.into_iter().flatten().collect()
}

/// The newest release that somebody else has made since: newer than what the operation recorded, or than what it began at where it
/// recorded none. `ahead` is by how much the platform's clock is.
fn later<'a>(operation: &Operation, listed: &'a [Deployment], ahead: SignedDuration) -> Option<&'a Deployment> {
    let service = &listed.first()?.service;
    let from = operation.moves.iter().find(|one| one.service == *service).and_then(|one| one.from.as_ref());
    let from = from.and_then(|id| listed.iter().position(|row| row.id == *id));
    let newer = listed.get(..from.unwrap_or(listed.len()))?;
    let since = |at: Timestamp| not_before(at, ahead, operation.started_at);
    match newer.iter().position(|row| recorded(operation, row, (listed, ahead))) {
        Some(own) => newer.get(..own)?.iter().find(|row| !goes_there(operation, row, listed)),
        None => {
            from.and_then(|_| newer.iter().find(|row| since(row.created_at) && !goes_there(operation, row, listed)))
        }
    }
}

/// The deployment that a frontend was pointed at by somebody else: neither where it was nor where it was to go.
async fn repointed(
    vercel: &Vercel,
    env: &EnvInfo,
    info: &ServiceInfo,
    earlier: &Operation,
) -> Result<Option<String>, PlatformError> {
    let target = vercel_target(&info.id.env, env.tier);
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

/// Why a build or a release of a commit cannot be gone on with: another commit is live by now.
pub(in crate::engine) fn replaced(
    info: &ServiceInfo,
    (label, sha): (&str, Option<&Sha>),
    at: Option<Timestamp>,
    earlier: Option<&Operation>,
) -> Option<Text> {
    let wanted = earlier?.commit.as_ref()?;
    if sha.is_some_and(|sha| sha.same(wanted)) {
        return None;
    }
    let (sha, since) =
        (sha.map_or("an unknown commit", |sha| sha.short()), at.map(|at| format!(" since {}", minute(at))));
    let text = format!(
        "{}: {label} {sha} is live{}, not {} with which the operation began: somebody else has moved it; leave the operation as it is",
        info.id,
        since.unwrap_or_default(),
        wanted.short(),
    );
    Some(Text::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{DeploymentId, OpId, ServiceId};
    use crate::domain::operation::{Move, OpKind};
    use crate::domain::release::Presence;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn row(version: u64, image: &str, second: i64, status: Status) -> Deployment {
        Deployment {
            service: ServiceId::new("production", "backend"),
            id: format!("row-{version}").into(),
            label: Text::from(format!("v{version}")),
            sha: None,
            image: Some(Text::from(image)),
            status,
            words: Text::from("complete"),
            stage: None,
            created_at: at(second),
            ran_for: None,
            author: Text::from("ines"),
            message: Text::default(),
            current: false,
            verified: None,
            presence: Presence::Unknown,
            bad: None,
        }
    }

    /// Back from v41 to v40, begun at second 1000.
    fn operation() -> Operation {
        let to = |version: u64| DeploymentId::from(format!("row-{version}"));
        let service = ServiceId::new("production", "backend");
        let moves = vec![Move { service, from: Some(to(41)), to: to(40) }];
        let (id, title) = (OpId(uuid::Uuid::nil()), Text::default());
        Operation { moves, ..Operation::begun(id, OpKind::RollBack, "production".into(), title, at(1000)) }
    }

    #[test]
    fn a_release_that_came_after_what_the_operation_recorded_is_somebody_elses() {
        let before = || vec![row(41, "new", 500, Status::Ok), row(40, "old", 100, Status::Ok)];
        let found = |more: Vec<Deployment>, ahead: i64| {
            let listed: Vec<Deployment> = more.into_iter().chain(before()).collect();
            later(&operation(), &listed, SignedDuration::from_secs(ahead)).map(|row| row.label.to_string())
        };
        let (own, other) = (|| row(42, "old", 1001, Status::Running), |second| row(43, "newest", second, Status::Ok));
        assert_eq!(found(vec![], 0), None);
        assert_eq!(found(vec![own()], 0), None);
        assert_eq!(found(vec![other(1200), own()], 0), Some("v43".to_owned()));
        assert_eq!(found(vec![row(43, "old", 1200, Status::Ok), own()], 0), None, "it goes to the same");
        assert_eq!(found(vec![other(1200)], 0), Some("v43".to_owned()), "nothing was recorded");
        assert_eq!(found(vec![other(900)], 0), None, "it failed before the operation began");
        assert_eq!(found(vec![other(200)], -3_000), Some("v43".to_owned()), "the platform's clock is behind");
        assert_eq!(found(vec![row(42, "old", 200, Status::Ok)], -3_000), None, "its own, by a clock that is behind");
        let listed = [own(), row(41, "new", 500, Status::Ok), row(40, "old", 100, Status::Ok)];
        let same = SignedDuration::ZERO;
        assert!(rolling(&listed, Some(&operation()), same).is_none(), "its own");
        assert_eq!(told(rolling(&listed, None, same).unwrap()), "v42 complete, by ines since 1970-01-01 00:16Z");
    }

    #[test]
    fn what_an_operation_has_recorded_is_known_by_the_clock_of_the_platform() {
        let recorded = |second, ahead| {
            let (row, old) = (row(42, "old", second, Status::Running), row(40, "old", 100, Status::Ok));
            recorded(&operation(), &row.clone(), (&[row, old], SignedDuration::from_secs(ahead)))
        };
        assert!(recorded(1001, 0) && !recorded(900, 0));
        assert!(recorded(900, -200), "that clock is behind");
        assert!(!recorded(900, 200) && !recorded(700, -200), "another has made it before");
    }

    #[test]
    fn another_commit_than_the_one_that_was_begun_with_is_never_built() {
        let info = ServiceInfo {
            id: ServiceId::new("production", "frontend"),
            platform: Platform::Vercel,
            resource: "project".into(),
            url: None,
        };
        let begun = Operation { commit: Some(Sha::from("9df49c2aaaa")), ..operation() };
        let says = |sha: &str| replaced(&info, ("dpl_b", Some(&Sha::from(sha))), Some(at(1200)), Some(&begun));
        assert_eq!(says("9df49c2aaaa"), None);
        let why = says("3e60eacbbbb").unwrap();
        assert!(
            why.as_str().starts_with("production/frontend: dpl_b 3e60eac is live since 1970-01-01 00:20Z, not 9df49c2"),
            "{why}"
        );
        assert_eq!(replaced(&info, ("dpl_b", None), None, None), None, "nothing is gone on with");
    }
}
