//! GitHub's objects as its API writes them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::world::World;
use super::world::commits::Commit;
use super::world::github::{GithubDeployment, GithubEnvironment, Job, Run, Workflow};

fn html(world: &World, path: &str) -> String {
    format!("https://github.com/{}/{}/{path}", world.github.owner, world.github.repo)
}

/// A workflow run.
pub fn run_json(world: &World, run: &Run) -> Value {
    let progress = run.progress(world.now);
    let workflow = world.github.workflows.iter().find(|one| one.id == run.workflow);
    let title = world.commits.get(run.commit).map(|commit| &commit.message);
    json!({
        "id": run.id,
        "name": workflow.map(|one| &one.name),
        "display_title": title,
        "path": workflow.map(|one| &one.path),
        "workflow_id": run.workflow,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": progress.status,
        "conclusion": progress.conclusion,
        "head_branch": world.github.branch,
        "head_sha": world.sha(run.commit),
        "actor": {"login": run.actor},
        "triggering_actor": {"login": run.actor},
        "created_at": run.created_at,
        "run_started_at": run.created_at,
        "updated_at": run.updated_at(world.now),
        "html_url": html(world, &format!("actions/runs/{}", run.id)),
    })
}

/// A job with its steps.
pub fn job_json(world: &World, run: &Run, job: &Job) -> Value {
    let progress = job.progress(run.canceled_at, world.now);
    let steps: Vec<Value> = job
        .steps
        .iter()
        .map(|step| {
            let at = job.step_progress(step, run.canceled_at, world.now);
            json!({
                "number": step.number, "name": step.name, "status": at.status, "conclusion": at.conclusion,
                "started_at": at.started_at, "completed_at": at.completed_at,
            })
        })
        .collect();
    json!({
        "id": job.id,
        "run_id": run.id,
        "run_attempt": run.attempt,
        "name": job.name,
        "status": progress.status,
        "conclusion": progress.conclusion,
        // A job that has not begun has its creation here: it means nothing.
        "started_at": progress.started_at.unwrap_or(run.created_at),
        "completed_at": progress.completed_at,
        "created_at": run.created_at,
        "head_sha": world.sha(run.commit),
        // No steps until a runner has the job.
        "steps": if progress.started_at.is_some() { steps } else { Vec::new() },
        "html_url": html(world, &format!("actions/runs/{}/job/{}", run.id, job.id)),
        "runner_name": progress.started_at.map(|_| "GitHub Actions 7"),
    })
}

/// The log of a job that has ended.
pub fn job_log(world: &World, run: &Run, job: &Job) -> Option<String> {
    job.progress(run.canceled_at, world.now).completed_at?;
    let start = job.starts_at?;
    let mut text = String::from('\u{feff}');
    for step in &job.steps {
        let at = start + step.offset;
        let _ = writeln!(text, "{at} ##[group]Run {}", step.name);
        let _ = writeln!(text, "{at} \u{1b}[36;1m{} {}\u{1b}[0m", step.name, world.sha(run.commit));
        let _ = writeln!(text, "{at} ##[endgroup]");
        if step.fails {
            let _ = writeln!(text, "{} ##[error]Process completed with exit code 1.", at + step.takes);
        }
    }
    Some(text)
}

/// Whether the token's person may answer a gate of a run.
pub fn may_review(world: &World, run: &Run, environment: &GithubEnvironment) -> bool {
    let me = &world.github.login;
    environment.reviewers.contains(me) && !(environment.prevent_self_review && run.actor == *me)
}

/// What holds a run.
pub fn pending(world: &World, run: &Run) -> Value {
    let held =
        run.canceled_at.is_none() && run.jobs.iter().any(|job| job.starts_at.is_none() && job.rejected_at.is_none());
    let environment = world.github.environments.iter().find(|one| held && Some(one.env) == run.env);
    let row = environment.map(|one| {
        let may = may_review(world, run, one);
        let reviewers: Vec<Value> =
            one.reviewers.iter().map(|login| json!({"type": "User", "reviewer": {"login": login}})).collect();
        json!({
            "environment": {"id": one.id, "name": one.env.name()},
            "wait_timer": one.wait_minutes,
            "wait_timer_started_at": null,
            "current_user_can_approve": may,
            "reviewers": reviewers,
        })
    });
    row.into_iter().collect()
}

/// An environment with its protection rules.
pub fn environment(one: &GithubEnvironment) -> Value {
    let mut rules = Vec::new();
    if !one.reviewers.is_empty() {
        let reviewers: Vec<Value> =
            one.reviewers.iter().map(|login| json!({"type": "User", "reviewer": {"login": login}})).collect();
        rules.push(json!({
            "id": one.id + 1, "type": "required_reviewers", "prevent_self_review": one.prevent_self_review,
            "reviewers": reviewers,
        }));
    }
    if one.wait_minutes > 0 {
        rules.push(json!({"id": one.id + 2, "type": "wait_timer", "wait_timer": one.wait_minutes}));
    }
    json!({"id": one.id, "name": one.env.name(), "protection_rules": rules, "deployment_branch_policy": null})
}

/// A deployment.
pub fn deployment_json(world: &World, one: &GithubDeployment) -> Value {
    json!({
        "id": one.id,
        "sha": world.sha(one.commit),
        "ref": world.github.branch,
        "task": "deploy",
        "environment": one.env.name(),
        "production_environment": one.env == super::world::Env::Production,
        "creator": {"login": one.creator},
        "created_at": one.created_at,
        "updated_at": one.created_at,
    })
}

/// Its statuses, newest first.
pub fn statuses(world: &World, one: &GithubDeployment) -> Value {
    let Some(run) = world.github.run(one.run) else { return json!([]) };
    let progress = run.progress(world.now);
    let state = match (progress.status, progress.conclusion) {
        (_, Some("success")) => "success",
        (_, Some(_)) => "failure",
        ("waiting", _) => "waiting",
        ("queued", _) => "queued",
        _ => "in_progress",
    };
    let at = run.updated_at(world.now);
    json!([{"id": one.id + 1, "state": state, "environment": one.env.name(), "created_at": at, "updated_at": at}])
}

/// A workflow file.
pub fn workflow(world: &World, one: &Workflow) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "path": one.path,
        "state": "active",
        "html_url": html(world, &format!("blob/{}/{}", world.github.branch, one.path)),
    })
}

/// A commit as lists have it.
pub fn commit(world: &World, one: &Commit) -> Value {
    let message = one.pull.map_or_else(|| one.message.clone(), |pull| format!("{} (#{pull})", one.message));
    let person = json!({"name": one.author, "date": one.at});
    json!({
        "sha": one.sha,
        "commit": {"message": message, "author": person, "committer": person},
        "author": {"login": one.login},
        "html_url": html(world, &format!("commit/{}", one.sha)),
    })
}

/// A commit by itself, with its files.
pub fn whole_commit(world: &World, one: &Commit) -> Value {
    let mut value = commit(world, one);
    value["files"] = Value::Array(files(&[one]));
    value
}

fn files(commits: &[&Commit]) -> Vec<Value> {
    let named = commits.iter().flat_map(|one| one.files.iter().map(|name| (name, one.migration.is_some())));
    named.map(|(name, added)| json!({"filename": name, "status": if added { "added" } else { "modified" }})).collect()
}

/// What lies between two commits of the linear history.
pub fn compare(world: &World, base: usize, head: usize) -> Value {
    let between = world.commits.iter().take(head + 1).skip(base + 1);
    let chosen: Vec<&Commit> = between.collect();
    let status = match base.cmp(&head) {
        std::cmp::Ordering::Less => "ahead",
        std::cmp::Ordering::Equal => "identical",
        std::cmp::Ordering::Greater => "behind",
    };
    let merge_base = world.commits.get(base.min(head));
    json!({
        "status": status,
        "ahead_by": head.saturating_sub(base),
        "behind_by": base.saturating_sub(head),
        "total_commits": chosen.len(),
        "merge_base_commit": merge_base.map(|one| commit(world, one)),
        "files": files(&chosen),
        "commits": chosen.into_iter().map(|one| commit(world, one)).collect::<Vec<_>>(),
    })
}
