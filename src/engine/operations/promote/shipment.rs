//! What ships with a commit and what speaks against it, read anew for the plan: the same for whoever asks, with a screen or without.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::judged::{Judged, Runs, judged};
use crate::config::Settings;
use crate::domain::amount::amount_does;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::feed::FeedId;
use crate::domain::finding::{self, Check};
use crate::domain::ids::{EnvId, Sha};
use crate::domain::operation::{Plan, Request};
use crate::domain::pipeline::{Job, Run};
use crate::domain::readiness::{self, Criterion, Rating};
use crate::domain::release::Commit;
use crate::domain::secret::Names;
use crate::domain::secret_matrix;
use crate::domain::shipment::{Point, Pull, Shipment, listed};
use crate::engine::feeds::{Clients, findings::FindingsFeed, secrets};
use crate::engine::operations::rollback::since;
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// The newest commits whose pull requests are asked for, one call each.
const PULLS: usize = 20;
/// Recent runs among which those of the commit are looked for; filtered lists lag behind (docs/platforms/github.md section 3).
const RUNS: u32 = 100;
/// What platforms say of themselves takes a while, and the plan lives for a minute.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was read for a plan.
pub(in crate::engine) struct Found {
    /// What ships, and what speaks for and against it.
    pub(in crate::engine) ships: Shipment,
    /// Why what the source runs cannot be promoted at all.
    pub(in crate::engine) cannot: Option<Text>,
    /// That the target runs it already.
    pub(in crate::engine) already: Option<Text>,
    /// Why what ships is not known, where the target does not run one commit.
    pub(in crate::engine) apart: Option<Text>,
}

/// Reads all of it.
pub(in crate::engine) async fn read(clients: &Clients, settings: &Settings, env: &EnvInfo, plan: &Plan) -> Found {
    let commit = plan.parts.iter().find_map(|part| part.to.1.as_ref());
    let staging = settings.promotions.source(&env.id).and_then(|from| settings.environment(from));
    // Read once for all who ask.
    let runs = match &clients.github {
        Some(github) => Some(github.current(RUNS).await),
        None => None,
    };
    let runs = runs.as_ref();
    let source = async {
        match staging {
            Some(staging) => Some((staging, judged(clients, settings, staging, runs).await)),
            None => None,
        }
    };
    let (built, names, source, target, stands) = tokio::join!(
        built(clients, settings, (env, runs), commit),
        names(clients, settings),
        source,
        judged(clients, settings, env, runs),
        stands(clients, settings, env),
    );
    let live = target.judgement.sha().filter(|_| !target.judgement.mixed);
    // Compared with one commit of two, what ships would be wrong for the other.
    let commits = plan.commits_out.as_deref().filter(|_| live.is_some());
    let (migrations, pulls) = tokio::join!(migrations(clients, live, commit), pulls(clients, commits));
    let mut authors: Vec<Text> = Vec::new();
    for commit in commits.unwrap_or_default() {
        if !authors.contains(&commit.author) {
            authors.push(commit.author.clone());
        }
    }
    let before = source.as_ref().map(|(env, judged)| Point::of(Criterion::Source, judged.healthy(env)));
    let candidate = Point::of(Criterion::Candidate, target.candidate(env, commit));
    let kept = Point::of(Criterion::Secrets, kept(settings, env, &names, &target));
    let now = Point::of(Criterion::Target, target.healthy(env));
    let stands = Point { asks: Criterion::of_platforms(now.status, stands.status), ..stands };
    let points = before.into_iter().chain([candidate, built, kept, now, stands]);
    // The answer to a gate is asked of the run that waits, whatever its source does since.
    let source = source.filter(|_| plan.request == Request::Promote);
    let cannot = source.and_then(|(env, judged)| readiness::cannot(&env.id, &judged.judgement)).map(Text::from);
    let there =
        commit.filter(|sha| plan.request == Request::Promote && readiness::runs_already(&target.judgement, sha));
    let already = there.map(|sha| Text::from(format!("{} runs {} already", env.id, sha.short())));
    let apart = live.is_none().then(|| Text::from(format!("{} is {}", env.id, target.judgement.words())));
    Found { ships: Shipment { authors, pulls, migrations, points: points.collect() }, cannot, already, apart }
}

async fn migrations(clients: &Clients, live: Option<&Sha>, commit: Option<&Sha>) -> Option<Vec<Text>> {
    let (github, live) = (clients.github.as_ref()?, live?);
    let between = github.compare(live.as_str(), commit?.as_str()).await.ok()?;
    if !between.added.extent.whole() {
        return None;
    }
    Some(since::added(&between).into_iter().map(Text::from).collect())
}

async fn pulls(clients: &Clients, commits: Option<&[Commit]>) -> Option<Vec<Pull>> {
    let (github, commits) = (clients.github.as_ref()?, commits?);
    let asked = commits.iter().rev().take(PULLS).map(|commit| github.pulls_of(&commit.sha));
    let mut all: BTreeMap<u64, Pull> = BTreeMap::new();
    for found in join_all(asked).await {
        all.extend(found.ok()?.into_iter().map(|pull| (pull.number, pull)));
    }
    Some(all.into_values().collect())
}

/// The runs of the commit, the newest of each workflow, with what failed in them.
async fn built(
    clients: &Clients,
    settings: &Settings,
    (env, runs): (&EnvInfo, Runs<'_>),
    commit: Option<&Sha>,
) -> Point {
    let unknown = |why: &str| Point::new(Criterion::Pipeline, Status::Unknown, why);
    let (Some(github), Some(runs), Some(commit)) = (&clients.github, runs, commit) else {
        return unknown("no commit to ask about");
    };
    let runs = match runs {
        Ok(runs) => runs,
        Err(error) => return unknown(&format!("not read: {error}")),
    };
    let deploys = |run: &Run| settings.workflows.iter().any(|one| one.env == env.id && run.of_file(&one.file));
    let runs = readiness::runs_of(runs, commit, deploys);
    let told = join_all(runs.iter().map(|run| told(github, run))).await;
    Point::of(Criterion::Pipeline, readiness::passed(&runs, told.into_iter()))
}

/// `CI #12 failure: job test, step pytest`.
async fn told(github: &Github, run: &Run) -> String {
    let head = readiness::told(run);
    if run.status != Status::Fail {
        return head;
    }
    let failed = |job: &&Job| job.status == Status::Fail;
    match github.jobs(run.id).await {
        Ok(jobs) => match jobs.items.iter().find(failed) {
            Some(job) => {
                let step = job.steps.iter().find(|step| step.status == Status::Fail);
                let step = step.map(|step| format!(", step {}", step.name)).unwrap_or_default();
                format!("{head}: job {}{step}", job.name)
            }
            // The one that failed may be among those that were not read.
            None => {
                format!("{head}{}", jobs.extent.missing("jobs").map(|told| format!(": {told}")).unwrap_or_default())
            }
        },
        Err(error) => format!("{head}: which job is not known: {error}"),
    }
}

/// The names of secrets of every environment that holds some, and which could not be read.
async fn names(clients: &Clients, settings: &Settings) -> Vec<(EnvId, Result<Names, PlatformError>)> {
    let read = join_all(settings.environments.iter().map(|one| async {
        let names = secrets::names(one, clients).await;
        names.transpose().map(|names| (one.id.clone(), names))
    }));
    read.await.into_iter().flatten().collect()
}

/// The secrets of every environment against the contract and against each other.
fn kept(
    settings: &Settings,
    env: &EnvInfo,
    found: &[(EnvId, Result<Names, PlatformError>)],
    target: &Judged,
) -> Rating {
    let (mut names, mut unread) = (BTreeMap::new(), Vec::new());
    for (id, found) in found {
        match found {
            Ok(found) => {
                unread.extend(found.withheld(id));
                names.insert(id.clone(), found.clone());
            }
            Err(error) => unread.push(format!("{}: not read: {error}", FeedId::Secrets(id.clone()))),
        }
    }
    let environments: Vec<&EnvInfo> = settings.environments.iter().collect();
    let rules = &settings.secrets;
    let mut rows = secret_matrix::rows(&environments, &names, |key| rules.contract(key), &rules.required_keys());
    // Of the other environments the plan says nothing.
    secret_matrix::note_late(&mut rows, |id, platform| target.built(env, platform).filter(|_| *id == env.id));
    readiness::secrets(&env.id, &rows, &unread)
}

/// What the platforms, the repository and the database say of themselves.
async fn stands(clients: &Clients, settings: &Settings, env: &EnvInfo) -> Point {
    const ASKS: Criterion = Criterion::Condition;
    let database =
        |info: &crate::domain::environment::ServiceInfo| settings.databases.iter().find(|one| one.service == info.id);
    let feeds = env.services.iter().filter_map(|info| FindingsFeed::new(info, env.tier, database(info), clients));
    let feeds = feeds.chain(FindingsFeed::repository(env, clients));
    let looks = join_all(feeds.map(|mut feed| async move {
        let name = feed.service().name.to_string();
        (name, feed.once().await)
    }));
    let Ok(all) = tokio::time::timeout(PATIENCE, looks).await else {
        return Point::new(ASKS, Status::Unknown, "not all of it answered in 10 s");
    };
    let (mut bad, mut unread): (Vec<(Status, String)>, Vec<String>) = (Vec::new(), Vec::new());
    // What the token may not see has no verdict, and is named.
    let (mut count, mut denied) = (0, Vec::new());
    for (name, look) in all {
        let checks = look.unwrap_or_else(|error: PlatformError| {
            unread.push(format!("{name}: {error}"));
            Vec::new()
        });
        count += checks.len();
        let told = |one: &Check| (one.status(), format!("{name} {} {}", one.name, one.says()));
        denied.extend(checks.iter().filter(|one| one.denied()).map(|one| format!("{name} {}", one.name)));
        bad.extend(checks.iter().filter(|one| finding::rank(one.status()) > finding::rank(Status::Unknown)).map(told));
        let dark = checks.iter().filter(|one| one.status() == Status::Unknown && !one.denied());
        unread.extend(dark.map(|one| told(one).1));
    }
    bad.sort_by_key(|(status, _)| std::cmp::Reverse(finding::rank(*status)));
    let worst = bad.first().map(|(status, _)| *status);
    match worst {
        Some(status) => Point::new(ASKS, status, listed(bad.into_iter().map(|(_, words)| words))),
        None if !unread.is_empty() => Point::new(ASKS, Status::Unknown, listed(unread.into_iter())),
        None if denied.is_empty() => Point::new(ASKS, Status::Ok, amount_does(count, "check", ("is well", "are well"))),
        None => {
            let well = amount_does(count - denied.len(), "check", ("is well", "are well"));
            let denied = listed(denied.into_iter());
            Point::new(ASKS, Status::Ok, format!("{well}; not for this token: {denied}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_not_said_to_report_no_problem_beside_a_target_that_is_not_well() {
        let told = Criterion::of_platforms;
        assert_eq!(told(Status::Ok, Status::Ok), Criterion::Platforms);
        assert_eq!(told(Status::Fail, Status::Fail), Criterion::Platforms, "`not met` stands before it");
        for (target, stands) in [
            (Status::Fail, Status::Ok),
            (Status::Unknown, Status::Ok),
            (Status::Ok, Status::Warn),
            (Status::Ok, Status::Unknown),
        ] {
            assert_eq!(told(target, stands), Criterion::Condition, "{target:?} {stands:?}");
        }
    }
}
