//! `flightdeck status`: the same model as the screen's, filled once and printed.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Output;
use super::read::read_once;

use crate::app::model::Model;
use crate::clock::{SharedClock, SystemClock};
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, Status};
use crate::error::{ExitCode, UserError};

pub(super) async fn run(settings: Settings, output: Output) -> Result<ExitCode, UserError> {
    let clock = SystemClock::shared();
    let reading = read_once(Arc::new(settings), clock.clone(), output.limit()).await;
    let failing: Vec<(String, String)> =
        reading.failing().map(|(id, why, _)| (id.to_string(), why.to_owned())).collect();
    let model = &reading.model;
    let text = if output.json { as_json(model, &failing, &clock) } else { as_text(model, &failing) };
    super::print(&text)?;
    Ok(exit_code(model, reading.incomplete(output, |_| true)))
}

/// What fails is said first; what is not known comes before what is well.
fn exit_code(model: &Model, incomplete: Option<ExitCode>) -> ExitCode {
    let worst = model.environments.iter().map(|env| model.judge(env).status).max();
    match (worst, incomplete) {
        (Some(Status::Fail), _) => ExitCode::Failed,
        (_, Some(code)) => code,
        (Some(Status::Unknown) | None, None) => ExitCode::Inconclusive,
        (Some(_), None) => ExitCode::Done,
    }
}

fn as_json(model: &Model, failing: &[(String, String)], clock: &SharedClock) -> String {
    let environments: Vec<Value> = model.environments.iter().map(|env| environment(model, env)).collect();
    let failing: Vec<Value> = failing.iter().map(|(feed, why)| json!({"feed": feed, "why": why})).collect();
    let value = json!({
        "schema": "flightdeck/status",
        "version": 1,
        "at": clock.now().to_string(),
        "project": &*model.project,
        "environments": environments,
        "failing": failing,
    });
    format!("{value}\n")
}

fn environment(model: &Model, env: &EnvInfo) -> Value {
    let judged = model.judge(env);
    let services: Vec<Value> = env
        .services
        .iter()
        .map(|info| {
            let judged = model.judge_service(&info.id);
            let state = model.services.get(&info.id);
            json!({
                "name": &*info.id.name,
                "platform": info.platform,
                "resource": &*info.resource,
                "status": judged.status,
                "words": judged.words,
                "declared": state.and_then(|state| state.declared.as_ref()),
                "observed": state.and_then(|state| state.observed.as_ref()),
            })
        })
        .collect();
    json!({
        "name": env.id.as_str(),
        "tier": env.tier,
        "status": judged.status,
        "words": judged.words,
        "sha": judged.sha,
        "services": services,
    })
}

fn as_text(model: &Model, failing: &[(String, String)]) -> String {
    let mut text = String::new();
    for env in &model.environments {
        let judged = model.judge(env);
        let sha = judged.sha.as_ref().map_or("-", |sha| sha.short()).to_owned();
        let _ = writeln!(text, "{:<14} {:<8} {:<40} {sha}", env.id, word(judged.status), words(&judged.words));
        for info in &env.services {
            let judged = model.judge_service(&info.id);
            let declared = model.services.get(&info.id).and_then(|state| state.declared.as_ref());
            let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
            let sha = judged.sha.as_ref().map_or("-", |sha| sha.short()).to_owned();
            let _ = writeln!(
                text,
                "  {:<12} {:<8} {:<40} {sha:<7}  {} {label}",
                info.id.name,
                word(judged.status),
                words(&judged.words),
                info.platform
            );
        }
    }
    for (feed, why) in failing {
        let _ = writeln!(text, "not read: {feed}: {why}");
    }
    text
}

/// As much as a column holds; `--json` has it all.
fn words(text: &str) -> String {
    crate::ui::text::cut(text, 40, "…")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Unknown => "unknown",
        Status::Paused => "paused",
        Status::Running => "running",
        Status::Warn => "warn",
        Status::Fail => "fail",
    }
}
