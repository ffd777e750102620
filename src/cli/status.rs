//! `flightdeck status`: the same model as the screen's, filled once and printed.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;

use super::answers::{self, Environment, Failing, Judged, Need, Remembers, Service, Status, ToCome};
use super::args::Only;
use super::read::read_counted;
use super::{Output, place};

use crate::app::insight::needs::{self, Hands};
use crate::app::insight::train;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::finding::Check;
use crate::domain::keep;
use crate::domain::state::State;
use crate::domain::status::Judgement;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

pub(super) async fn run(settings: Settings, only: Only, output: Output) -> Result<ExitCode, UserError> {
    let only = only.environment.as_deref().map(|name| place::known(&settings, name)).transpose()?;
    let clock = SystemClock::shared();
    let mut reading = read_counted(Arc::new(settings), clock.clone(), output.limit()).await;
    only.iter().for_each(|env| reading.narrow(env));
    let failing: Vec<(String, String)> =
        reading.failing().map(|(id, why, _)| (id.to_string(), why.to_owned())).collect();
    let model = &reading.model;
    let now = Now { wall: clock.now(), mono: clock.mono() };
    let text = if output.json { as_json(model, &failing, now) } else { as_text(model, &failing, now) };
    super::print(&text)?;
    // How far environments are apart says nothing of how they stand.
    Ok(exit_code(model, reading.incomplete(output, |feed| *feed != FeedId::Distances), now))
}

/// What fails is said first; what is not known comes before what is well.
fn exit_code(model: &Model, incomplete: Option<ExitCode>, now: Now) -> ExitCode {
    let states = model.facts().environments().iter().map(|env| model.facts().judge(env, now).state);
    let worst = states.max_by_key(|state| state.weight());
    match (worst.map_or(ExitCode::Inconclusive, code), incomplete) {
        (ExitCode::Failed, _) => ExitCode::Failed,
        (_, Some(code)) => code,
        (code, None) => code,
    }
}

/// The exit code that a state stands for.
pub(super) fn code(state: State) -> ExitCode {
    match state {
        State::Healthy | State::Degraded => ExitCode::Done,
        State::Failing | State::Mixed | State::Flapping | State::Paused => ExitCode::Failed,
        State::Deploying | State::Waiting => ExitCode::Pending,
        State::Unknown => ExitCode::Inconclusive,
    }
}

pub(super) fn as_json(model: &Model, failing: &[(String, String)], now: Now) -> String {
    let says = Status {
        at: now.wall,
        project: model.facts().project(),
        environments: model.facts().environments().iter().map(|env| environment(model, env, now)).collect(),
        failing: failing.iter().map(|(feed, why)| Failing { feed, why }).collect(),
        cut_short: super::open::as_json(model),
        store: Remembers { began: model.facts().history().began, says: remembers(model, now) },
    };
    answers::line("status", says)
}

fn environment<'m>(model: &'m Model, env: &'m EnvInfo, now: Now) -> Environment<'m> {
    let service = |info: &'m ServiceInfo| {
        let state = model.facts().services().get(&info.id);
        Service {
            name: &info.id.name,
            platform: info.platform,
            judged: judged(&model.facts().judge_service(&info.id, now)),
            declared: state.and_then(|state| state.declared.as_ref()),
            observed: state.and_then(|state| state.observed.as_ref()),
            findings: findings(model.facts().findings().get(&info.id)),
        }
    };
    // What a person has to know of: gates, deploys, operations, locks, pins.
    let needs = needs::of(model, &env.id);
    let needs = needs.iter().filter_map(|need| needs::said(model, &env.id, need, now, Hands::Shell));
    Environment {
        name: &env.id,
        tier: env.tier,
        judged: judged(&model.facts().judge(env, now)),
        to_come: train::to_come(model, env, now).map(|one| ToCome {
            environment: one.from,
            ahead: one.count.map(|count| count.ahead),
            behind: one.count.map(|count| count.behind),
            read_at: one.read_at,
        }),
        services: env.services.iter().map(service).collect(),
        needs: needs.map(|said| Need { state: said.state, says: said.words }).collect(),
    }
}

/// What is said of anything: its state, why, what is live, and when the oldest fact behind it was read.
fn judged(judged: &Judgement) -> Judged {
    Judged {
        state: judged.state,
        why: judged.why.clone(),
        sha: judged.sha().cloned(),
        commits: judged.commits.clone(),
        platform_state: judged.platform_state.clone(),
        read_at: judged.basis,
    }
}

/// What a service says of its condition that is not well.
fn findings(all: Option<&Vec<Check>>) -> Vec<&Check> {
    let bad = |one: &&Check| crate::domain::finding::rank(one.status()) > 0;
    all.into_iter().flatten().filter(bad).collect()
}

fn as_text(model: &Model, failing: &[(String, String)], now: Now) -> String {
    let mut text = String::new();
    for env in model.facts().environments() {
        let judged = model.facts().judge(env, now);
        let _ = writeln!(text, "{:<14} {:<40} {}", env.id, words(&judged.words()), commits(&judged));
        for need in needs::of(model, &env.id) {
            if let Some(said) = needs::said(model, &env.id, &need, now, Hands::Shell) {
                let _ = writeln!(text, "  {}", said.words);
            }
        }
        for info in &env.services {
            let judged = model.facts().judge_service(&info.id, now);
            let declared = model.facts().services().get(&info.id).and_then(|state| state.declared.as_ref());
            let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
            let (said, commits) = (words(&judged.words()), commits(&judged));
            let _ = writeln!(text, "  {:<12} {said:<40} {commits:<7}  {} {label}", info.id.name, info.platform);
            for one in findings(model.facts().findings().get(&info.id)) {
                let _ = writeln!(text, "    {} {}: {}", one.state(), one.name, one.says());
            }
        }
    }
    for (feed, why) in failing {
        let _ = writeln!(text, "not read: {feed}: {why}");
    }
    if let Some(says) = remembers(model, now) {
        let _ = writeln!(text, "{says}");
    }
    for line in model.facts().interrupted().flat_map(crate::domain::cut_short::lines) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// What is to be told of a store that has no past: nobody's lock or mark of before is in it. One that cannot be read is told among what
/// fails.
fn remembers(model: &Model, now: Now) -> Option<Text> {
    let read =
        model.facts().feeds().get(&FeedId::Journal).is_some_and(|feed| matches!(feed.state, FeedState::Fresh(_)));
    keep::since(model.facts().history().began, now.wall).filter(|_| read)
}

fn commits(judged: &Judgement) -> String {
    if judged.commits.is_empty() { "-".to_owned() } else { judged.short() }
}

/// Columns of a verdict on a terminal.
const ROOM: usize = 40;

/// As much as a column of a terminal holds; whoever reads from a pipe gets it all.
fn words(text: &str) -> String {
    if std::io::stdout().is_terminal() { crate::ui::text::cut(text, ROOM, "…") } else { text.to_owned() }
}
