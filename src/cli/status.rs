//! `flightdeck status`: the same model as the screen's, filled once and printed.

use std::fmt::Write as _;
use std::sync::Arc;

use super::answers::{self, Environment, Failing, Judged, Need, Remembers, Service, Status, ToCome};
use super::args::Only;
use super::read::read_counted;
use super::table::{self, Row};
use super::{Output, place};

use crate::app::insight::needs::{self, Hands};
use crate::app::insight::{actor, brought, train};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::clock::{SystemClock, Timestamp};
use crate::config::Settings;
use crate::domain::environment::{Declared, EnvInfo, ServiceInfo};
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::finding::Check;
use crate::domain::ids::Sha;
use crate::domain::keep;
use crate::domain::listed::Brought;
use crate::domain::span::since;
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

/// The columns; `since` and `by` are of the release that is live.
const HEADERS: [&str; 8] = ["environment", "state", "commit", "release", "since", "by", "platform", "held"];

fn as_text(model: &Model, failing: &[(String, String)], now: Now) -> String {
    let mut rows = Vec::new();
    for env in model.facts().environments() {
        rows.push(env_row(model, env, now));
        rows.extend(env.services.iter().map(|info| service_row(model, info, now)));
    }
    let mut text = if rows.is_empty() { String::new() } else { table::text(&HEADERS, &rows) };
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

fn env_row(model: &Model, env: &EnvInfo, now: Now) -> Row {
    let judged = model.facts().judge(env, now);
    // Since the newest of its parts arrived that is of the release which is live.
    let of = |at: &&Live| judged.sha().zip(at.sha.as_ref()).is_some_and(|(all, own)| all.same(own));
    let parts: Vec<Live> = env.services.iter().map(|info| live(model, info)).collect();
    let newest = parts.iter().filter(of).max_by_key(|part| part.at);
    let locked = model.facts().history().locks.contains_key(&env.id).then_some("LOCKED");
    let frozen = model.facts().frozen(&env.id, now).map(|_| "FROZEN");
    let held: Vec<&str> = locked.into_iter().chain(frozen).collect();
    let needs = needs::of(model, &env.id);
    let needs = needs.iter().filter_map(|need| needs::said(model, &env.id, need, now, Hands::Shell));
    let why = Some(judged.why.clone()).filter(|why| !why.is_empty());
    Row {
        cells: vec![
            env.id.to_string(),
            judged.state.word().to_owned(),
            commits(&judged),
            String::new(),
            newest.map(|part| part.since(now)).unwrap_or_default(),
            newest.map(|part| part.by.clone()).unwrap_or_default(),
            String::new(),
            held.join(" "),
        ],
        below: why.into_iter().chain(needs.map(|said| said.words)).collect(),
    }
}

fn service_row(model: &Model, info: &ServiceInfo, now: Now) -> Row {
    let judged = model.facts().judge_service(&info.id, now);
    let declared = model.facts().services().get(&info.id).and_then(|state| state.declared.as_ref());
    let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
    let (part, why) = (live(model, info), Some(judged.why.clone()).filter(|why| !why.is_empty()));
    let found = findings(model.facts().findings().get(&info.id));
    let found = found.into_iter().map(|one| format!("{} {}: {}", one.state(), one.name, one.says()));
    Row {
        cells: vec![
            format!("  {}", info.id.name),
            judged.state.word().to_owned(),
            commits(&judged),
            label,
            part.since(now),
            part.by,
            info.platform.to_string(),
            // The share of the visitors that the new build has, a pause, a pin.
            declared.map(Declared::held).unwrap_or_default(),
        ],
        below: why.into_iter().chain(found).collect(),
    }
}

/// The deploy of what is live in a service, as far as its list and its platform tell.
#[derive(Default)]
struct Live {
    sha: Option<Sha>,
    at: Option<Timestamp>,
    by: String,
}

impl Live {
    fn since(&self, now: Now) -> String {
        self.at.map(|at| format!("{} ago", since(at, now.wall))).unwrap_or_default()
    }
}

fn live(model: &Model, info: &ServiceInfo) -> Live {
    // What is never released, as a database, was made once.
    if !info.platform.has_releases() {
        return Live::default();
    }
    // A list that was read before the deploy names nobody who did it.
    match brought::of(model, &info.id) {
        Some(Brought::Listed(one)) => {
            Live { sha: one.sha.clone(), at: Some(one.created_at), by: actor::of(model, one).to_string() }
        }
        Some(Brought::Unlisted(one)) => Live { sha: one.sha.cloned(), at: one.made, by: String::new() },
        None => {
            let declared = model.facts().services().get(&info.id).and_then(|state| state.declared.as_ref());
            declared.map(|one| Live { sha: one.sha.clone(), at: one.created_at, by: String::new() }).unwrap_or_default()
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{NEW, at, deployment, model, tell};
    use crate::domain::environment;
    use crate::domain::fact::Fact;
    use crate::domain::ids::ServiceId;

    #[test]
    fn the_reason_stands_below_its_row_and_each_row_says_since_when_and_by_whom() {
        let mut model = model();
        for service in ["backend", "frontend"] {
            let row = deployment(&ServiceId::new("production", service), NEW, 1, true);
            let declared = Declared {
                deployment: row.id.clone(),
                label: row.label.clone(),
                created_at: Some(row.created_at),
                ..crate::domain::testing::declared(Some(NEW), environment::Status::Fail)
            };
            tell(&mut model, Fact::Declared(row.service.clone(), Box::new(declared)));
            tell(&mut model, Fact::Releases(row.service.clone(), vec![row]));
        }
        let text = as_text(&model, &[], at(63));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("environment") && lines[0].contains("by"), "{text}");
        let column = |header: &str| lines[0].find(header).unwrap();
        let backend =
            lines.iter().position(|line| line.starts_with("  backend  ") && line.contains("3e60eac")).unwrap();
        for (header, cell) in [("commit", "3e60eac"), ("release", "v1"), ("since", "1m02s ago"), ("by", "maria")] {
            assert!(lines[backend][column(header)..].starts_with(cell), "{header}: {text}");
        }
        assert!(lines[backend + 1].starts_with("    "), "why it is so: {text}");
        let production = lines.iter().find(|line| line.starts_with("production")).unwrap();
        assert!(production[column("since")..].starts_with("1m02s ago"), "{text}");
    }
}
