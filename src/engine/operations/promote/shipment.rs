//! What ships with a commit and what speaks against it, read anew for the plan: the same for whoever asks, with a screen or without.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::judged::{Runs, healthy};
use crate::config::Settings;
use crate::domain::amount::amount_does;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::ids::Sha;
use crate::domain::operation::Plan;
use crate::domain::pipeline::{Job, Run};
use crate::domain::posture::{self, Check};
use crate::domain::release::Commit;
use crate::domain::secret_matrix;
use crate::domain::shipment::{Point, Pull, Shipment, listed};
use crate::engine::feeds::{Clients, posture::PostureFeed, secrets};
use crate::engine::operations::pipeline;
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

/// Reads all of it.
pub(in crate::engine) async fn read(clients: &Clients, settings: &Settings, env: &EnvInfo, plan: &Plan) -> Shipment {
    let commit = plan.parts.iter().find_map(|part| part.to.1.as_ref());
    let commits = plan.commits_out.as_deref().unwrap_or_default();
    let staging = settings.promotions.source(&env.id).and_then(|from| settings.environment(from));
    // Read once for all who ask.
    let runs = match &clients.github {
        Some(github) => Some(github.current(RUNS).await),
        None => None,
    };
    let runs = runs.as_ref();
    let source = async {
        match staging {
            Some(staging) => Some(healthy(clients, settings, (staging, runs), "the source is healthy").await),
            None => None,
        }
    };
    let (migrations, pulls, built, kept, before, now, stands) = tokio::join!(
        migrations(clients, settings, env, commit),
        pulls(clients, plan.commits_out.as_deref()),
        built(clients, settings, (env, runs), commit),
        kept(clients, settings, env),
        source,
        healthy(clients, settings, (env, runs), "the target is healthy now"),
        stands(clients, settings, env),
    );
    let mut authors: Vec<Text> = Vec::new();
    for commit in commits {
        if !authors.contains(&commit.author) {
            authors.push(commit.author.clone());
        }
    }
    let stands = Point { asks: platforms(&now, &stands), ..stands };
    let points = before.into_iter().chain([built, kept, now, stands]);
    Shipment { authors, pulls, migrations, points: points.collect() }
}

async fn migrations(clients: &Clients, settings: &Settings, env: &EnvInfo, commit: Option<&Sha>) -> Option<Vec<Text>> {
    let (github, live) = (clients.github.as_ref()?, pipeline::observed(clients, settings, &env.id).await?);
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

/// The runs of the commit, the newest of each workflow. The one that brings it here is no judgement on it.
async fn built(
    clients: &Clients,
    settings: &Settings,
    (env, runs): (&EnvInfo, Runs<'_>),
    commit: Option<&Sha>,
) -> Point {
    const ASKS: &str = "its pipeline passed";
    let unknown = |why: &str| Point::new(ASKS, Status::Unknown, why);
    let (Some(github), Some(runs), Some(commit)) = (&clients.github, runs, commit) else {
        return unknown("no commit to ask about");
    };
    let runs = match runs {
        Ok(runs) => runs,
        Err(error) => return unknown(&format!("not read: {error}")),
    };
    let deploys = |run: &Run| settings.workflows.iter().any(|one| one.env == env.id && run.of_file(&one.file));
    let mut newest: Vec<&Run> = Vec::new();
    for run in runs.iter().filter(|run| run.sha.same(commit) && !deploys(run)) {
        if newest.iter().all(|one| one.file != run.file) {
            newest.push(run);
        }
    }
    let Some(worst) = newest.iter().map(|run| run.status).max() else {
        return unknown("none of the newest 100 runs is of this commit");
    };
    let told = join_all(newest.iter().map(|run| told(github, run))).await;
    Point::new(ASKS, worst, listed(told.into_iter()))
}

/// `CI #12 failure: job test, step pytest`.
async fn told(github: &Github, run: &Run) -> String {
    let head = format!("{} #{} {}", run.workflow, run.number.0, run.words);
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

/// The secrets of every environment against the contract and against each other.
async fn kept(clients: &Clients, settings: &Settings, env: &EnvInfo) -> Point {
    const ASKS: &str = "secrets are in place";
    let read = join_all(settings.environments.iter().map(|one| async {
        let entries = secrets::entries(one, clients).await;
        (one.id.clone(), entries)
    }));
    let mut entries = BTreeMap::new();
    for (id, found) in read.await {
        match found {
            Ok(found) => drop(entries.insert(id, found)),
            Err(error) if id == env.id => return Point::new(ASKS, Status::Unknown, format!("not read: {error}")),
            Err(_) => {}
        }
    }
    let environments: Vec<&EnvInfo> = settings.environments.iter().collect();
    let rules = &settings.secrets;
    let rows = secret_matrix::rows(&environments, &entries, |key| rules.contract(key), &rules.required_keys());
    let all = rows.iter().flat_map(|row| row.findings.iter().map(move |finding| (row, finding)));
    let own: Vec<_> = all.filter(|(_, finding)| finding.envs.contains(&env.id)).collect();
    let words = |blocks: bool| {
        let some = own.iter().filter(|(_, finding)| finding.blocks == blocks);
        some.map(|(row, finding)| format!("{} {}", row.key, finding.says)).collect::<Vec<_>>()
    };
    let (blocking, rest) = (words(true), words(false));
    match (blocking.is_empty(), rest.is_empty()) {
        (false, _) => Point::new(ASKS, Status::Fail, listed(blocking.into_iter())),
        (true, false) => Point::new(ASKS, Status::Warn, listed(rest.into_iter())),
        (true, true) => Point::new(ASKS, Status::Ok, "none is missing, none differs that should not"),
    }
}

/// Of whom it is told that nothing is wrong: of the target alone, and never beside a judgement that says otherwise.
fn platforms(target: &Point, stands: &Point) -> &'static str {
    match (target.status, stands.status) {
        (_, Status::Fail) | (Status::Ok, Status::Ok) => "the target's platforms report no problem",
        _ => "what the target's platforms say of themselves",
    }
}

/// What the platforms, the repository and the database say of themselves.
async fn stands(clients: &Clients, settings: &Settings, env: &EnvInfo) -> Point {
    const ASKS: &str = "what the target's platforms say of themselves";
    let database =
        |info: &crate::domain::environment::ServiceInfo| settings.databases.iter().find(|one| one.service == info.id);
    let feeds = env.services.iter().filter_map(|info| PostureFeed::new(info, env.tier, database(info), clients));
    let feeds = feeds.chain(PostureFeed::repository(env, clients));
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
        bad.extend(checks.iter().filter(|one| posture::rank(one.status()) > posture::rank(Status::Unknown)).map(told));
        let dark = checks.iter().filter(|one| one.status() == Status::Unknown && !one.denied());
        unread.extend(dark.map(|one| told(one).1));
    }
    bad.sort_by_key(|(status, _)| std::cmp::Reverse(posture::rank(*status)));
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
        let point = |status| Point::new("", status, "");
        let told = |target, stands| platforms(&point(target), &point(stands));
        assert_eq!(told(Status::Ok, Status::Ok), "the target's platforms report no problem");
        assert_eq!(
            told(Status::Fail, Status::Fail),
            "the target's platforms report no problem",
            "`not met` stands before it"
        );
        for (target, stands) in [
            (Status::Fail, Status::Ok),
            (Status::Unknown, Status::Ok),
            (Status::Ok, Status::Warn),
            (Status::Ok, Status::Unknown),
        ] {
            assert_eq!(told(target, stands), "what the target's platforms say of themselves", "{target:?} {stands:?}");
        }
    }
}
