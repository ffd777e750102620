//! GitHub's objects as its API writes them.

pub mod logs;
pub mod parts;
mod pull;

use serde_json::{Value, json};

use parts::{api, node, person, repository};
pub use pull::pull;

use crate::sim::world::World;
use crate::sim::world::commits::Commit;
use crate::sim::world::github::{GithubDeployment, GithubEnvironment, Job, Run, Workflow};

pub(crate) fn html(world: &World, path: &str) -> String {
    format!("https://github.com/{}/{}/{path}", world.github.owner, world.github.repo)
}

/// The branch that a run is of.
pub fn head_branch<'a>(world: &'a World, run: &'a Run) -> &'a str {
    run.head.as_ref().map_or(world.github.branch.as_str(), |(branch, _)| branch)
}

/// The commit that a run is of.
pub fn head_sha<'a>(world: &'a World, run: &'a Run) -> &'a str {
    run.head.as_ref().map_or_else(|| world.sha(run.commit), |(_, sha)| sha)
}

/// A pull request as runs hold it.
fn short_pull(world: &World, run: &Run, number: u64) -> Value {
    let url = api(world, "");
    let repo = json!({"id": 91, "url": url.trim_end_matches('/'), "name": world.github.repo});
    let base = run.commit.saturating_sub(1);
    json!({
        "id": 2_100_000_000 + number, "number": number, "url": api(world, &format!("pulls/{number}")),
        "head": {"ref": head_branch(world, run), "sha": head_sha(world, run), "repo": repo},
        "base": {"ref": world.github.branch, "sha": world.sha(base), "repo": repo},
    })
}

/// A workflow run.
pub fn run_json(world: &World, run: &Run) -> Value {
    let progress = run.progress(world.now);
    let workflow = world.github.workflows.iter().find(|one| one.id == run.workflow);
    let title = world.commits.get(run.commit).map(|commit| &commit.message);
    let own = |rest: &str| api(world, &format!("actions/runs/{}{rest}", run.id));
    let previous = (run.attempt > 1).then(|| own(&format!("/attempts/{}", run.attempt - 1)));
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
        "head_branch": head_branch(world, run),
        "head_sha": head_sha(world, run),
        "actor": person(&run.actor, "User"),
        "triggering_actor": person(&run.actor, "User"),
        "created_at": run.created_at,
        "run_started_at": run.started_at,
        "updated_at": run.updated_at(world.now),
        "html_url": html(world, &format!("actions/runs/{}", run.id)),
        "node_id": node("WFR", run.id),
        "check_suite_id": run.id + 7,
        "check_suite_node_id": node("CS", run.id + 7),
        "pull_requests": run.pull.map(|number| short_pull(world, run, number)).into_iter().collect::<Vec<_>>(),
        "referenced_workflows": [],
        "previous_attempt_url": previous,
        "repository": repository(world),
        "head_repository": repository(world),
        "head_commit": world.commits.get(run.commit).map(|one| short_commit(one, head_sha(world, run))),
        "url": own(""), "jobs_url": own("/jobs"), "logs_url": own("/logs"), "artifacts_url": own("/artifacts"),
        "cancel_url": own("/cancel"), "rerun_url": own("/rerun"),
        "check_suite_url": api(world, &format!("check-suites/{}", run.id + 7)),
        "workflow_url": api(world, &format!("actions/workflows/{}", run.workflow)),
    })
}

/// A commit as runs hold it.
fn short_commit(one: &Commit, sha: &str) -> Value {
    let person = json!({"name": one.author, "email": email(one)});
    json!({
        "id": sha, "tree_id": sha, "message": one.message, "timestamp": one.at, "author": person,
        "committer": person,
    })
}

fn email(one: &Commit) -> String {
    format!("{}@acme.dev", one.login)
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
        "started_at": progress.started_at.unwrap_or(run.started_at),
        "completed_at": progress.completed_at,
        "created_at": run.started_at,
        "head_sha": head_sha(world, run),
        // No steps until a runner has the job.
        "steps": if progress.started_at.is_some() { steps } else { Vec::new() },
        "html_url": html(world, &format!("actions/runs/{}/job/{}", run.id, job.id)),
        "node_id": node("CR", job.id),
        "url": api(world, &format!("actions/jobs/{}", job.id)),
        "run_url": api(world, &format!("actions/runs/{}", run.id)),
        "check_run_url": api(world, &format!("check-runs/{}", job.id)),
        "head_branch": head_branch(world, run),
        "workflow_name": world.github.workflows.iter().find(|one| one.id == run.workflow).map(|one| &one.name),
        "labels": ["ubuntu-latest"],
        "runner_id": progress.started_at.map(|_| 7),
        "runner_name": progress.started_at.map(|_| "GitHub Actions 7"),
        "runner_group_id": progress.started_at.map(|_| 0),
        "runner_group_name": progress.started_at.map(|_| "GitHub Actions"),
    })
}

/// Whether the token's person may answer a gate of a run.
pub fn may_review(world: &World, run: &Run, environment: &GithubEnvironment) -> bool {
    let me = &world.github.login;
    environment.reviewers.contains(me) && !(environment.prevent_self_review && run.actor == *me)
}

/// What holds a run.
pub fn pending(world: &World, run: &Run) -> Value {
    let held = run.held(world.now);
    let environment = world.github.environments.iter().find(|one| Some(one.env) == run.env);
    let row = held.zip(environment).map(|(gate, one)| {
        let may = gate.review && gate.approved_at.is_none() && may_review(world, run, one);
        let reviewers: Vec<Value> =
            one.reviewers.iter().map(|login| json!({"type": "User", "reviewer": person(login, "User")})).collect();
        json!({
            "environment": {"id": one.id, "name": one.name},
            "wait_timer": gate.timer.as_mins(),
            "wait_timer_started_at": Some(gate.opens_at).filter(|_| world.now < gate.timer_ends()),
            "current_user_can_approve": may,
            "reviewers": reviewers,
        })
    });
    row.into_iter().collect()
}

/// An environment with its protection rules.
pub fn environment(world: &World, one: &GithubEnvironment) -> Value {
    let mut rules = Vec::new();
    if !one.reviewers.is_empty() {
        let reviewers: Vec<Value> =
            one.reviewers.iter().map(|login| json!({"type": "User", "reviewer": person(login, "User")})).collect();
        rules.push(json!({
            "id": one.id + 1, "node_id": node("GA", one.id + 1), "type": "required_reviewers", "prevent_self_review": one.prevent_self_review,
            "reviewers": reviewers,
        }));
    }
    if one.wait_minutes > 0 {
        rules.push(json!({
            "id": one.id + 2, "node_id": node("GA", one.id + 2), "type": "wait_timer", "wait_timer": one.wait_minutes,
        }));
    }
    if !one.branches.is_empty() {
        rules.push(json!({"id": one.id + 3, "node_id": node("GA", one.id + 3), "type": "branch_policy"}));
    }
    let policy = json!({"protected_branches": false, "custom_branch_policies": true});
    let policy = (!one.branches.is_empty()).then_some(policy);
    let (name, made) = (&one.name, world.start);
    let page = html(world, &format!("deployments/activity_log?environments_filter={name}"));
    json!({
        "id": one.id, "name": name, "protection_rules": rules, "deployment_branch_policy": policy,
        "node_id": node("EN", one.id), "url": api(world, &format!("environments/{name}")), "html_url": page,
        "created_at": made, "updated_at": made,
    })
}

/// A deployment.
pub fn deployment_json(world: &World, one: &GithubDeployment) -> Value {
    let url = api(world, &format!("deployments/{}", one.id));
    json!({
        "url": url,
        "statuses_url": format!("{url}/statuses"),
        "repository_url": api(world, "").trim_end_matches('/'),
        "node_id": node("DE", one.id),
        "payload": {},
        "description": null,
        "original_environment": world.product.name(one.env),
        "transient_environment": false,
        "id": one.id,
        "sha": world.sha(one.commit),
        "ref": world.github.branch,
        "task": "deploy",
        "environment": world.product.name(one.env),
        "production_environment": world.product.is_production(one.env),
        "creator": person(&one.creator, "User"),
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
        ("queued" | "pending", _) => "queued",
        _ => "in_progress",
    };
    let at = run.updated_at(world.now);
    let (id, deployment) = (one.id + 1, api(world, &format!("deployments/{}", one.id)));
    let job = run.jobs.iter().find(|job| job.env == Some(one.env)).map_or(0, |job| job.id);
    let log = html(world, &format!("actions/runs/{}/job/{job}", run.id));
    json!([{
        "id": id, "node_id": node("DES", id), "state": state, "environment": world.product.name(one.env), "created_at": at,
        "updated_at": at, "creator": person(&one.creator, "User"), "description": "", "environment_url": "",
        "target_url": log, "log_url": log, "url": format!("{deployment}/statuses/{id}"), "deployment_url": deployment,
        "repository_url": api(world, "").trim_end_matches('/'),
    }])
}

/// A workflow file.
pub fn workflow(world: &World, one: &Workflow) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "path": one.path,
        "state": one.state,
        "node_id": node("W", one.id),
        "created_at": world.start,
        "updated_at": world.start,
        "url": api(world, &format!("actions/workflows/{}", one.id)),
        "badge_url": html(world, &format!("workflows/{}/badge.svg", one.name)),
        "html_url": html(world, &format!("blob/{}/{}", world.github.branch, one.path)),
    })
}

/// A commit as lists have it.
pub fn commit(world: &World, one: &Commit) -> Value {
    let message = one.pull.map_or_else(|| one.message.clone(), |pull| format!("{} (#{pull})", one.message));
    let who = json!({"name": one.author, "email": email(one), "date": one.at});
    let at = world.commits.iter().position(|other| other.sha == one.sha).unwrap_or_default();
    let parent = at.checked_sub(1).and_then(|before| world.commits.get(before));
    let url = |sha: &str| api(world, &format!("commits/{sha}"));
    let git = |what: &str| api(world, &format!("git/{what}/{}", one.sha));
    json!({
        "sha": one.sha,
        "node_id": node("C", &one.sha),
        "url": url(&one.sha),
        "comments_url": format!("{}/comments", url(&one.sha)),
        "commit": {
            "message": message, "author": who, "committer": who, "comment_count": 0, "url": git("commits"),
            "tree": {"sha": one.sha, "url": git("trees")},
        },
        "author": person(&one.login, "User"),
        "committer": person(&one.login, "User"),
        "parents": parent.map(|one| json!({"sha": one.sha, "url": url(&one.sha)})).into_iter().collect::<Vec<_>>(),
        "html_url": html(world, &format!("commit/{}", one.sha)),
    })
}

/// A commit by itself, with its files.
pub fn whole_commit(world: &World, one: &Commit) -> Value {
    let mut value = commit(world, one);
    value["files"] = Value::Array(files(world, &[one]));
    value
}

fn files(world: &World, commits: &[&Commit]) -> Vec<Value> {
    let file = |one: &Commit, name: &String| {
        let added = one.migration.is_some();
        let (sha, page) = (&one.sha, |kind: &str| html(world, &format!("{kind}/{}/{name}", one.sha)));
        json!({
            "filename": name, "status": if added { "added" } else { "modified" }, "sha": sha,
            "additions": 12, "deletions": if added { 0 } else { 3 }, "changes": if added { 12 } else { 15 },
            "blob_url": page("blob"), "raw_url": page("raw"),
            "contents_url": api(world, &format!("contents/{name}?ref={sha}")),
        })
    };
    commits.iter().flat_map(|one| one.files.iter().map(|name| file(one, name))).collect()
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
    let range = format!("{}...{}", world.sha(base), world.sha(head));
    let merge_base = world.commits.get(base.min(head));
    json!({
        "status": status,
        "ahead_by": head.saturating_sub(base),
        "behind_by": base.saturating_sub(head),
        "total_commits": chosen.len(),
        "merge_base_commit": merge_base.map(|one| commit(world, one)),
        "base_commit": world.commits.get(base).map(|one| commit(world, one)),
        "url": api(world, &format!("compare/{range}")),
        "html_url": html(world, &format!("compare/{range}")),
        "permalink_url": html(world, &format!("compare/{range}")),
        "diff_url": html(world, &format!("compare/{range}.diff")),
        "patch_url": html(world, &format!("compare/{range}.patch")),
        "files": files(world, &chosen),
        "commits": chosen.into_iter().map(|one| commit(world, one)).collect::<Vec<_>>(),
    })
}
