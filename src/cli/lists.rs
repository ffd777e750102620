//! `releases`, `health`, `secrets diff` and `approvals`: one list each, from the screen's own model.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::answers::{self, Approval, Checked, Health, Probe, Row, Rows};
use super::args::Only;
use super::read::read_once;
use super::{Output, place, table};
use crate::app::insight::{actor, brought};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::feed::FeedId;
use crate::domain::finding::{Check, Reading};
use crate::domain::health::ProbeState;
use crate::domain::pipeline::Run;
use crate::domain::release::Presence;
use crate::domain::run_state::RunState;
use crate::domain::state::State;
use crate::error::{ExitCode, UserError};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Deployments of every service.
    Releases,
    /// Probes.
    Health,
    /// The matrix of secrets, names and findings only.
    Secrets,
    /// Gates that wait.
    Approvals,
}

pub(super) async fn run(settings: Settings, list: List, only: Only, output: Output) -> Result<ExitCode, UserError> {
    let only = only.environment.as_deref().map(|name| place::known(&settings, name)).transpose()?;
    let clock = SystemClock::shared();
    let mut reading = read_once(Arc::new(settings), clock.clone(), output.limit()).await;
    let untold = if list == List::Approvals { untold(reading.model.facts().runs()) } else { Vec::new() };
    only.iter().for_each(|env| reading.narrow(env));
    let model = &reading.model;
    let now = Now { wall: clock.now(), mono: clock.mono() };
    let (name, (rows, text), code) = match list {
        List::Releases => ("releases", tabled(&RELEASES, releases(model)), ExitCode::Done),
        List::Health => ("health", tabled(&HEALTH, health(model, now)), health_code(model, now)),
        List::Secrets => {
            let envs = model.facts().environments().iter().map(|env| env.id.as_str());
            let headers: Vec<&str> = std::iter::once("secret").chain(envs).collect();
            ("secrets-diff", tabled(&headers, secrets(model)), secrets_code(model))
        }
        List::Approvals => ("approvals", approvals(model, clock.now()).into_iter().unzip(), ExitCode::Done),
    };
    let matters = |id: &FeedId| match list {
        List::Releases => matches!(id, FeedId::Releases(_)),
        List::Health => matches!(id, FeedId::Health(_) | FeedId::Findings(_)),
        List::Secrets => matches!(id, FeedId::Secrets(_)),
        List::Approvals => matches!(id, FeedId::Pipeline),
    };
    // What a token may not list is no empty list.
    let withheld: Vec<String> = match list {
        List::Secrets => model.facts().secret_names().iter().flat_map(|(env, names)| names.withheld(env)).collect(),
        _ => Vec::new(),
    };
    let basis = reading.basis(matters).filter(|_| withheld.is_empty() && untold.is_empty());
    if output.json {
        super::print(&answers::line(name, Rows { at: clock.now(), read_at: basis, rows }))?;
    } else if rows.is_empty() {
        let read = model.facts().feeds().keys().any(matters);
        super::print(&format!("{}\n", nothing(list, read, basis)))?;
    } else {
        super::print(&text)?;
    }
    for (id, why, _) in reading.failing().filter(|(id, ..)| matters(id)) {
        super::complain(&format!("not read: {id}: {why}"));
    }
    withheld.iter().chain(&untold).for_each(|what| super::complain(what));
    for line in model.facts().interrupted().flat_map(crate::domain::cut_short::lines) {
        super::complain(&line);
    }
    let withheld = (!withheld.is_empty()).then_some(ExitCode::Auth);
    let untold = (!untold.is_empty()).then_some(ExitCode::Inconclusive);
    Ok(match (code, reading.incomplete(output, matters).or(withheld).or(untold)) {
        (ExitCode::Done, Some(incomplete)) => incomplete,
        (code, _) => code,
    })
}

/// The rows for programs, and all of them as a table for people.
fn tabled<'m>(headers: &[&str], rows: Vec<(Row<'m>, table::Row)>) -> (Vec<Row<'m>>, String) {
    let (rows, lines): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    (rows, table::text(headers, &lines))
}

/// An empty list in words: that there is nothing, and when all of it was read; or that nobody knows.
fn nothing(list: List, asked: bool, basis: Option<Timestamp>) -> String {
    let (none, of) = match list {
        List::Releases => ("no deployment is listed", "deployments"),
        List::Health => ("nothing is probed or checked", "health"),
        List::Secrets => ("no secret is listed", "secrets"),
        List::Approvals => ("no gate waits", "gates"),
    };
    match basis {
        Some(at) => format!("{none}: all of it read at {}", at.strftime("%H:%M:%SZ")),
        None if asked => format!("unknown: {of} were not read whole, so that there may be some"),
        None => format!("nothing is configured of which {of} could be read"),
    }
}

/// Runs that wait at a gate while the list of their gates is empty: one is there, and is not told.
fn untold(runs: &[Run]) -> Vec<String> {
    let waiting = runs.iter().filter(|run| run.state == RunState::Gated && run.gates.is_empty());
    waiting.map(|run| format!("{} waits, and GitHub lists no gate that holds it", run.name())).collect()
}

fn approvals(model: &Model, now: Timestamp) -> Vec<(Row<'_>, String)> {
    let gates = model.facts().runs().iter().flat_map(|run| run.gates.iter().map(move |gate| (run, gate)));
    gates
        .map(|(run, gate)| {
            let names: Vec<&str> = gate.reviewers.iter().map(crate::sanitize::Text::as_str).collect();
            let row = Approval {
                run: run.id,
                workflow: &run.workflow,
                number: run.number.0,
                commit: &run.sha,
                title: &run.title,
                by: &run.actor,
                url: &run.url,
                environment: &gate.env,
                reviewers: names,
                waiting_since: gate.since(run),
                timer_seconds_left: gate.timer_left(now).map(|left| left.as_secs()),
                may_approve: gate.may_approve,
                blocking: gate.blocks(run, now),
                lanes: &run.lanes,
            };
            let blocking = if gate.blocks(run, now) { " BLOCKING" } else { "" };
            let (number, sha, words) = (run.number.0, run.sha.short(), gate.words(run, now));
            let mut line = format!(
                "{:<14} run {} {} #{number} {sha} by {}: {words} ({}){blocking}\n",
                gate.env,
                run.id,
                run.workflow,
                run.actor,
                gate.may()
            );
            for words in run.lane_words() {
                let _ = writeln!(line, "{:<14} {words}", "");
            }
            (Row::Approval(Box::new(row)), line)
        })
        .collect()
}

/// The columns of `releases`.
const RELEASES: [&str; 8] = ["service", "release", "commit", "state", "", "made", "by", "subject"];

fn releases(model: &Model) -> Vec<(Row<'_>, table::Row)> {
    let all = model.facts().releases().values().flatten();
    all.map(|one| {
        let mark = match () {
            () if brought::runs(model, one) => "LIVE",
            () if one.current => "was live",
            () if one.bad.is_some() => "BAD",
            () if one.presence == Presence::Gone => "gone",
            () if one.verified == Some(true) => "verified healthy",
            () => "",
        };
        let cells = [
            one.service.to_string(),
            one.label.to_string(),
            one.sha.as_ref().map_or("-", |sha| sha.short()).to_owned(),
            one.word().to_owned(),
            mark.to_owned(),
            made(one.created_at),
            actor::of(model, one).to_string(),
            model.facts().subject(one).to_string(),
        ];
        (Row::Release(one), table::Row::of(cells))
    })
    .collect()
}

/// When a deployment was made; `-` where the platform gives no time.
fn made(at: Timestamp) -> String {
    if at == Timestamp::UNIX_EPOCH { "-".to_owned() } else { at.strftime("%Y-%m-%dT%H:%MZ").to_string() }
}

/// The columns of `health`.
const HEALTH: [&str; 5] = ["environment", "probe or check", "state", "took", "says"];

/// Probes, and what databases and platforms say of themselves.
fn health(model: &Model, now: Now) -> Vec<(Row<'_>, table::Row)> {
    let probes = model.facts().probes().iter().map(|probe| probed(model, probe, now));
    let checks = model.facts().findings().iter().flat_map(|(id, all)| all.iter().map(move |one| (id, one)));
    let checks = checks.map(|(id, one)| {
        let state = one.state();
        // Nothing of the product is paused by a check that is switched off.
        let word = if state == State::Paused { "off" } else { state.word() };
        let row = Checked {
            environment: &id.env,
            service: &id.name,
            check: &one.name,
            state: word,
            why: one.says(),
            reading: one.read_how(),
        };
        let name = format!("{} {}", id.name, one.name);
        let cells = [id.env.to_string(), name, word.to_owned(), String::new(), one.says()];
        (Row::Health(Health::Check(row)), table::Row::of(cells))
    });
    probes.chain(checks).collect()
}

/// A probe.
fn probed<'m>(model: &'m Model, probe: &'m ProbeState, now: Now) -> (Row<'m>, table::Row) {
    let last = probe.samples.back();
    let (state, why) = model.facts().known(now).probe(probe);
    let millis = last.map_or(0, |sample| u64::try_from(sample.anatomy.total.as_millis()).unwrap_or(u64::MAX));
    let said = if why.is_empty() { "passes" } else { &why };
    // One that passes on an error does so because it was told to.
    let expects = model.facts().expects(&probe.id).map(|expects| format!(", {expects}")).unwrap_or_default();
    let name = probe.id.name.to_string();
    let (took, says) = (format!("{millis} ms"), format!("{said}{expects}"));
    let cells = [probe.id.env.to_string(), name, state.word().to_owned(), took, says];
    let row = Probe {
        environment: &probe.id.env,
        service: model.facts().aimed().get(&probe.id).map(|id| &*id.name),
        probe: &probe.id.name,
        target: &probe.target,
        state,
        why,
        passed: last.is_some_and(|sample| sample.failure.is_none()),
        latency_ms: millis,
        expects: model.facts().expected().get(&probe.id).map(Vec::as_slice).unwrap_or_default(),
    };
    (Row::Health(Health::Probe(row)), table::Row::of(cells))
}

/// One look is no hysteresis: a probe that fails now is unhealthy now.
fn health_code(model: &Model, now: Now) -> ExitCode {
    let states = model.facts().probes().iter().map(|probe| {
        let failed = probe.samples.back().is_some_and(|one| one.failure.is_some());
        match model.facts().known(now).probe(probe).0 {
            State::Unknown => State::Unknown,
            _ if failed => State::Failing,
            state => state,
        }
    });
    // What is switched off, not for this token, or told in words that no table knows says nothing of health. What could not be read may
    // be anything.
    let says = |one: &&Check| {
        matches!(one.reading, Reading::Unread { .. }) || !matches!(one.status(), Status::Unknown | Status::Paused)
    };
    let checks = model.facts().findings().values().flatten().filter(says).map(Check::state);
    let worst = states.chain(checks).max_by_key(|state| state.weight());
    worst.map_or(ExitCode::Done, |state| match super::status::code(state) {
        // What a platform does at rest is no state of health.
        ExitCode::Pending => ExitCode::Done,
        code => code,
    })
}

/// A column for each environment: the platforms that hold the secret there. What is found about it stands below.
fn secrets(model: &Model) -> Vec<(Row<'_>, table::Row)> {
    let line = |row: &crate::domain::secret::SecretRow| {
        let place = |env: &EnvInfo| {
            let here = row.entries.iter().filter(|entry| entry.env == env.id).map(|entry| entry.platform.name());
            let places: Vec<&str> = here.collect();
            match places.as_slice() {
                [] if row.unread.contains(&env.id) => "?".to_owned(),
                [] => "-".to_owned(),
                places => places.join("+"),
            }
        };
        let places = model.facts().environments().iter().map(place);
        let found = row.findings.iter().map(|finding| {
            let blocks = if finding.blocks { "BLOCKS: " } else { "" };
            format!("{blocks}{}", finding.says)
        });
        table::Row { cells: std::iter::once(row.key.to_string()).chain(places).collect(), below: found.collect() }
    };
    model.facts().secrets().iter().map(|row| (Row::Secret(row), line(row))).collect()
}

/// A difference is exit code 1, as with `diff`.
fn secrets_code(model: &Model) -> ExitCode {
    let differs =
        model.facts().secrets().iter().flat_map(|row| &row.findings).any(|finding| finding.status >= Status::Warn);
    if differs { ExitCode::Failed } else { ExitCode::Done }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_waits_without_a_gate_is_no_empty_list() {
        let run = |state| crate::domain::testing::run(137, state, Status::Paused);
        assert_eq!(untold(&[run(RunState::Gated)]), ["deploy #537 waits, and GitHub lists no gate that holds it"]);
        assert!(untold(&[run(RunState::Running), run(RunState::Succeeded)]).is_empty());
    }

    #[test]
    fn an_empty_list_says_that_there_is_nothing_and_when_it_was_read_or_that_nobody_knows() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(nothing(List::Approvals, true, Some(at)), "no gate waits: all of it read at 08:00:00Z");
        let unread = "unknown: gates were not read whole, so that there may be some";
        assert_eq!(nothing(List::Approvals, true, None), unread);
        assert!(nothing(List::Approvals, false, None).starts_with("nothing is configured"));
    }

    #[test]
    fn a_probe_that_passes_on_an_error_says_that_it_was_told_to() {
        let settings = "[[environments]]\nname = \"production\"\ntier = \"production\"\n[[environments.probes]]\nname = \"/off\"\n\
                        url = \"https://shop.example.com/off\"\nstatus = [503]\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(settings, None, &flags, &|_| None).unwrap();
        let now = Now { wall: Timestamp::UNIX_EPOCH, mono: std::time::Duration::ZERO };
        let mut model = Model::new(&settings, now);
        let id = crate::domain::health::ProbeId { env: "production".into(), name: "/off".into() };
        let anatomy = crate::domain::health::Anatomy { status: Some(503), ..Default::default() };
        let sample = crate::domain::health::Sample { at: now.wall, anatomy, failure: None };
        let fact = crate::domain::fact::Fact::Probe(id.clone(), "GET https://shop.example.com/off".into(), sample);
        let _ = crate::app::update(&mut model, crate::app::msg::Msg::Fact(fact), now);
        let (_, text) = tabled(&HEALTH, health(&model, now));
        assert!(text.trim_end().ends_with("expects 503"), "{text}");
        let told = crate::app::insight::detail::text(&model, &crate::app::insight::detail::Subject::Probe(id), now);
        assert!(told.contains("expects 503"), "{told}");
    }

    #[test]
    fn a_release_tells_who_made_it_and_what_it_is_about_in_our_words() {
        use crate::app::testing::{NEW, OLD, at, deployment, model, tell};
        let (mut model, backend) = (model(), crate::domain::ids::ServiceId::new("production", "backend"));
        let mut list = vec![deployment(&backend, NEW, 9, true), deployment(&backend, OLD, 1, false)];
        list[0].status = Status::Running;
        tell(&mut model, crate::domain::fact::Fact::Releases(backend, list));
        let (rows, text) = tabled(&RELEASES, releases(&model));
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let (made, then) = (made(at(9).wall), made(at(1).wall));
        assert_eq!(lines[0], ["service", "release", "commit", "state", "made", "by", "subject"]);
        let new = ["production/backend", "v9", "3e60eac", "deploying", "LIVE", &made, "maria", "New", "thing"];
        assert_eq!(lines[1], new);
        let old = ["production/backend", "v1", "9df49c2", "deployed", &then, "maria", "Old", "thing"];
        assert_eq!((lines[2].as_slice(), rows.len()), (&old[..], 2));
    }
}
