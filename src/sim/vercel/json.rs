//! Vercel's objects as its API writes them.

use serde_json::{Value, json};

use crate::sim::world::World;
use crate::sim::world::checks::Verdict;
use crate::sim::world::traffic::LogLine;
use crate::sim::world::vercel::{Custom, VercelAlias, VercelDeployment, VercelVariable, VercelWorld};

/// Where a deployment is shown; each place has fields of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In a list: `uid`, and what a picker needs.
    List,
    /// By itself: `id`, its aliases and its source.
    Single,
    /// Inside a project: short.
    Short,
}

/// A deployment in one of its forms.
pub fn deployment_json(world: &World, one: &VercelDeployment, form: Form) -> Value {
    let vercel = &world.vercel;
    let (state, now) = (one.state(world.now), world.now);
    let names: Vec<&str> =
        vercel.aliases.iter().filter(|alias| alias.deployment == one.id).map(|alias| alias.alias.as_str()).collect();
    let ready = one.ready_at(now).map(jiff::Timestamp::as_millisecond);
    let mut value = json!({
        "name": vercel.project.name,
        "url": one.url,
        "createdAt": one.created_at.as_millisecond(),
        "readyState": state,
        "target": vercel.is_production(one.env).then_some("production"),
        "creator": {"uid": "u1", "username": one.creator},
        "meta": meta(world, one),
        "type": "LAMBDAS",
    });
    // The description has it always: until the build starts, when it was asked for.
    value["buildingAt"] = json!(one.building_at(now).unwrap_or(one.created_at).as_millisecond());
    if let Some(code) = one.blocked {
        value["seatBlock"] = json!({"blockCode": code});
    }
    if state == "READY" {
        let rolling = vercel.rolling().is_some_and(|release| release.canary == one.id);
        let word = if one.promoted { "PROMOTED" } else { "STAGED" };
        value["readySubstate"] = json!(one.substate.unwrap_or(if rolling { "ROLLING" } else { word }));
    }
    let assigned = one.promoted || !names.is_empty();
    match form {
        Form::List => {
            if one.blocked.is_some() {
                // What is never built has no address.
                value["url"] = Value::Null;
            }
            value["uid"] = json!(one.id);
            value["created"] = json!(one.created_at.as_millisecond());
            value["state"] = json!(state);
            value["creator"]["email"] = json!(format!("{}@acme.dev", one.creator));
            value["isRollbackCandidate"] = json!(candidate(world, one));
            value["aliasAssigned"] = if assigned { json!(ready) } else { json!(false) };
        }
        Form::Single => {
            value["id"] = json!(one.id);
            value["ownerId"] = json!(vercel.team_id);
            // Vercel's own tool refuses to touch a deployment whose team is another one (docs/platforms/vercel.md section 13).
            value["team"] = json!({"id": vercel.team_id, "name": "Acme", "slug": vercel.team_slug});
            value["status"] = json!(state);
            value["alias"] = json!(names);
            value["aliasAssigned"] = json!(assigned);
            value["gitSource"] = json!({
                "type": "github", "sha": world.sha(one.commit), "ref": world.github.branch, "repoId": 91,
            });
            let now = value["createdAt"].clone();
            fill(
                &mut value,
                &json!({
                    "bootedAt": now, "build": {"env": []}, "buildSkipped": false, "createdIn": "sfo1", "env": [],
                    "isInConcurrentBuildsQueue": false, "isInSystemBuildsQueue": false, "plan": vercel.plan,
                    "projectSettings": {"framework": "nextjs", "nodeVersion": "22.x"}, "public": false, "regions": ["iad1"],
                    "routes": null, "version": 2,
                }),
            );
        }
        Form::Short => {
            value["id"] = json!(one.id);
            value["alias"] = json!(names);
            value["aliasAssigned"] = if assigned { json!(ready) } else { json!(false) };
            if ready.is_some() {
                value["readyAt"] = json!(ready);
            }
            value["creator"]["email"] = json!(format!("{}@acme.dev", one.creator));
            fill(
                &mut value,
                &json!({
                    "createdIn": "sfo1", "deploymentHostname": one.url, "plan": vercel.plan, "private": false,
                }),
            );
            return value;
        }
    }
    value["projectId"] = json!(vercel.project.id);
    // Absent rather than null until it is so.
    if ready.is_some() {
        value["ready"] = json!(ready);
    }
    if let (verdict, Some(since)) = vercel.verdict(&one.id, "deployment-alias", now) {
        let state = match verdict {
            Verdict::Pending => "pending",
            Verdict::Passed => "succeeded",
            Verdict::Failed => "failed",
        };
        value["checks"] = json!({"deployment-alias": {"state": state, "startedAt": since.as_millisecond()}});
    }
    value["source"] = json!("git");
    let place = one.id.trim_start_matches("dpl_");
    value["inspectorUrl"] = json!(format!("https://vercel.com/acme/{}/{place}", vercel.project.name));
    if let Some(custom) = vercel.custom(one.env) {
        value["customEnvironment"] = self::custom(world, custom);
        if form == Form::List {
            value["customEnvironment"] = json!({"id": custom.id, "slug": custom.slug});
        }
    }
    if let Some(error) = one.build_error.as_ref().filter(|_| state == "ERROR") {
        value["errorCode"] = json!("BUILD_FAILED");
        value["errorMessage"] = json!(error);
    }
    value
}

/// Adds fields that carry nothing for a release console, but that a strict reader expects.
fn fill(value: &mut Value, more: &Value) {
    if let (Some(value), Some(more)) = (value.as_object_mut(), more.as_object()) {
        value.extend(more.iter().map(|(name, field)| (name.clone(), field.clone())));
    }
}

/// A custom environment.
pub fn custom(world: &World, one: &Custom) -> Value {
    let made = world.start.as_millisecond() - 86_400_000;
    json!({
        "id": one.id, "slug": one.slug, "type": "preview", "createdAt": made,
        "updatedAt": made,
    })
}

/// What the pipeline wrote beside a deployment: texts only.
fn meta(world: &World, one: &VercelDeployment) -> Value {
    let mut meta = json!({
        "githubCommitSha": world.sha(one.commit),
        "githubCommitRef": world.github.branch,
        "githubOrg": world.github.owner,
        "githubRepo": world.github.repo,
    });
    if let Some(commit) = world.commits.get(one.commit) {
        meta["githubCommitMessage"] = json!(commit.message);
        meta["githubCommitAuthorName"] = json!(commit.author);
        meta["githubCommitAuthorLogin"] = json!(commit.login);
    }
    meta
}

/// A rollback may go to it: it served production once and does not now.
pub fn candidate(world: &World, one: &VercelDeployment) -> bool {
    let live = world.vercel.live_production().is_some_and(|live| live.id == one.id);
    world.vercel.is_production(one.env) && one.promoted && !live && one.state(world.now) == "READY"
}

/// The project with its production pointer.
pub fn project_json(world: &World) -> Value {
    let (vercel, project) = (&world.vercel, &world.vercel.project);
    let request = project.last_alias_request.as_ref().map(|request| {
        json!({
            "type": request.kind,
            "jobStatus": request.status(world.now),
            "fromDeploymentId": request.from,
            "toDeploymentId": request.to,
            "requestedAt": request.requested_at.as_millisecond(),
        })
    });
    let moving = request.as_ref().filter(|one| one["jobStatus"] == "in-progress" && one["type"] == "rollback");
    let newest = vercel.listed(world.now).rev().take(5).map(|one| deployment_json(world, one, Form::Short));
    let resources = json!({"functionDefaultRegions": ["iad1"]});
    let mut value = json!({
        "id": project.id,
        "name": project.name,
        "accountId": vercel.team_id,
        "framework": "nextjs",
        "live": true,
        "paused": project.paused,
        "security": {"attackModeEnabled": project.challenges(world.now)},
        "rollingRelease": project.rolling_config.as_ref().map(super::rolling::config_json),
        "targets": {"production": vercel.live_production().map(|one| deployment_json(world, one, Form::Short))},
        "latestDeployments": newest.collect::<Vec<_>>(),
        "autoAssignCustomDomains": project.auto_assign,
        "lastAliasRequest": request,
        // Only while a rollback is in transition: no sign of "is rolled back".
        "lastRollbackTarget": moving.map(|one| json!({"deploymentId": one["toDeploymentId"]})),
        "customEnvironments": project.customs.iter().map(|one| custom(world, one)).collect::<Vec<_>>(),
        "alias": [],
        "nodeVersion": "22.x",
        "directoryListing": false,
        "deploymentExpiration": {},
        "defaultResourceConfig": resources,
        "resourceConfig": resources,
        "link": {
            "type": "github",
            "org": world.github.owner,
            "repo": world.github.repo,
            "productionBranch": world.github.branch,
            "deployHooks": [],
            "gitCredentialId": "cred_1",
        },
    });
    // Absent rather than null.
    if let Some((text, at)) = &project.rollback_description {
        value["rollbackDescription"] = json!({
            "description": text, "userId": "u1", "username": vercel.username, "createdAt": at.as_millisecond(),
        });
    }
    value
}

/// Build events from `since` (milliseconds) on, and the end of the deploy.
pub fn events(world: &World, one: &VercelDeployment, since: i64) -> Vec<Value> {
    let lines = one.build_events(&world.github.repo, world.sha(one.commit), world.now);
    let mut all: Vec<Value> = lines
        .into_iter()
        .enumerate()
        .map(|(n, (at, kind, text))| {
            let at = at.as_millisecond();
            let serial = format!("{at}{n:04}");
            let mut event = json!({
                "type": kind, "created": at, "date": at, "deploymentId": one.id, "id": serial, "serial": serial,
                "text": text, "info": {"type": "build", "name": "bld_main", "entrypoint": "."},
            });
            if text.starts_with("Error") {
                event["level"] = json!("error");
            }
            event
        })
        .collect();
    let names: Vec<&str> = world
        .vercel
        .aliases
        .iter()
        .filter(|alias| alias.deployment == one.id)
        .map(|alias| alias.alias.as_str())
        .collect();
    if let Some(ready) = one.ready_at(world.now).filter(|_| !names.is_empty()) {
        let at = ready.as_millisecond() + 400;
        let event = json!({
            "type": "alias-assigned", "deploymentId": one.id, "date": at, "alias": names, "aliasError": null,
            "aliasWarning": null,
        });
        all.push(event);
    }
    all.retain(|event| event["date"].as_i64().is_some_and(|at| at >= since));
    all
}

/// A line of the live runtime log.
pub fn runtime_line(world: &World, line: &LogLine) -> Value {
    let domain = world.vercel.aliases.iter().find(|alias| alias.deployment == line.instance);
    let (method, path, status) = line.request.unwrap_or(("", "", 0));
    json!({
        "rowId": line.id,
        "timestampInMs": line.at.as_millisecond(),
        "level": if line.level == "warn" { "warning" } else { line.level },
        "message": line.message,
        "messageTruncated": false,
        "source": line.provider,
        "domain": domain.map(|alias| &alias.alias),
        "requestMethod": method,
        "requestPath": path,
        "responseStatusCode": status,
    })
}

/// A domain of the project.
pub fn domain(vercel: &VercelWorld, alias: &VercelAlias) -> Value {
    let custom = vercel.custom(alias.env).map(|one| &one.id);
    json!({
        "name": alias.alias,
        "apexName": "example.com",
        "projectId": vercel.project.id,
        "verified": true,
        "redirect": alias.redirect,
        "gitBranch": null,
        "customEnvironmentId": custom,
    })
}

/// Who serves a domain.
pub fn alias(vercel: &VercelWorld, alias: &VercelAlias) -> Value {
    let url = vercel.deployment(&alias.deployment).map(|one| &one.url);
    json!({
        "uid": alias.uid,
        "alias": alias.alias,
        "deploymentId": alias.deployment,
        "deployment": {"id": alias.deployment, "url": url},
        "projectId": vercel.project.id,
        "created": alias.updated_at,
        "updatedAt": alias.updated_at.as_millisecond(),
    })
}

/// A variable; only a plain one shows its value in a list.
pub fn variable(vercel: &VercelWorld, one: &VercelVariable) -> Value {
    let mut value = json!({
        "id": one.id,
        "key": one.key,
        "type": one.kind,
        "value": one.plain.as_deref().unwrap_or_default(),
        "decrypted": one.plain.is_some(),
        "target": [vercel.target_word(one.env)],
        "createdAt": one.created_at.as_millisecond(),
        "updatedAt": one.updated_at.as_millisecond(),
        "createdBy": "u1",
        "securityIssues": [],
    });
    if let Some(integration) = &one.managed {
        value["configurationId"] = json!(integration);
    }
    if let Some(custom) = vercel.custom(one.env) {
        value["customEnvironmentIds"] = json!([custom.id]);
    }
    value
}
