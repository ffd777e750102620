//! Everything known of one thing, as rows of a label and a text. Made from the model when it is drawn, so it stays true.

use jiff::Timestamp;

use super::{actor, brought, train};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::config::effective::Applies;
use crate::domain::environment::{EnvInfo, ServiceInfo, Status};
use crate::domain::health::{Anatomy, ProbeId};
use crate::domain::ids::{DeploymentId, EnvId, ServiceId};
use crate::domain::log::LogLine;
use crate::domain::release::Presence;
use crate::domain::state::State;
use crate::sanitize::Text;

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A log line by its number, counted from the first ever taken in.
    Line(u64),
    /// A probe.
    Probe(ProbeId),
    /// An environment.
    Env(EnvId),
    /// A service.
    Service(ServiceId),
    /// A deployment.
    Deployment(ServiceId, DeploymentId),
    /// A run.
    Run(u64),
    /// A secret.
    Secret(Text),
    /// A row of the journal.
    Row(i64),
    /// A setting, by its key.
    Setting(Text),
}

/// Rows of label and text.
pub type Rows = Vec<(String, String)>;

/// The rows; empty when the thing has gone.
#[must_use]
pub fn rows(model: &Model, subject: &Subject, now: Now) -> Rows {
    let mut rows = Rows::new();
    match subject {
        Subject::Line(number) => {
            if let Some(one) = model.logs.lines.line(*number) {
                line(&one, &mut rows);
                for part in model.logs.lines.trace(*number) {
                    put(&mut rows, "  trace", &part.message);
                }
            }
        }
        Subject::Probe(id) => probe(model, id, &mut rows),
        Subject::Env(id) => {
            if let Some(env) = model.facts.env(id) {
                environment(model, env, now, &mut rows);
            }
        }
        Subject::Service(id) => {
            let info = model.facts.env(&id.env).and_then(|env| env.services.iter().find(|one| one.id == *id));
            if let Some(info) = info {
                service(model, info, now, &mut rows);
            }
        }
        Subject::Deployment(service, id) => deployment(model, service, id, &mut rows),
        Subject::Run(id) => run(model, *id, now.wall, &mut rows),
        Subject::Secret(key) => secret(model, key, &mut rows),
        Subject::Setting(key) => {
            if let Some(row) = model.facts.in_force.rows.iter().find(|row| row.now.key == *key) {
                put(&mut rows, "key", &row.now.key);
                put(&mut rows, "value", &row.now.value);
                put(&mut rows, "from", &row.now.origin);
                put_some(&mut rows, "after a restart", row.next.as_ref());
                let used = match row.now.applies {
                    Applies::AtOnce => "as soon as it is written",
                    Applies::Restarted => "when the console is started again",
                };
                put(&mut rows, "another is used", used);
            }
        }
        Subject::Row(id) => {
            if let Some(row) = model.facts.history.rows.iter().find(|row| row.id == *id) {
                put(&mut rows, "row", row.id);
                put(&mut rows, "at", row.at.map(|at| at.to_string()).unwrap_or_default());
                put(&mut rows, "operation", &row.op);
                put(&mut rows, "event", &row.event);
                put(&mut rows, "says", &row.says);
            }
        }
    }
    rows
}

/// Its title.
#[must_use]
pub fn title(subject: &Subject) -> String {
    match subject {
        Subject::Line(_) => "Log line".to_owned(),
        Subject::Probe(id) => format!("Probe {} {}", id.env, id.name),
        Subject::Env(id) => format!("Environment {id}"),
        Subject::Service(id) => format!("Service {id}"),
        Subject::Deployment(service, _) => format!("Deployment of {service}"),
        Subject::Run(_) => "Run".to_owned(),
        Subject::Secret(key) => format!("Secret {key}"),
        Subject::Row(_) => "Journal".to_owned(),
        Subject::Setting(key) => format!("Setting {key}"),
    }
}

fn put(rows: &mut Rows, label: &str, text: impl std::fmt::Display) {
    rows.push((label.to_owned(), text.to_string()));
}

fn put_some(rows: &mut Rows, label: &str, text: Option<impl std::fmt::Display>) {
    if let Some(text) = text {
        put(rows, label, text);
    }
}

fn at(at: Timestamp) -> String {
    // A platform that gives no time gives the beginning of time.
    if at == Timestamp::UNIX_EPOCH { "—".to_owned() } else { at.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string() }
}

fn line(line: &LogLine, rows: &mut Rows) {
    put(rows, "at", at(line.at));
    // A log that is read alone belongs to no environment.
    put(rows, "service", line.service.to_string().trim_start_matches('/'));
    // The edge writes no lines: they came without a platform, from a file, a command or an address.
    put_some(rows, "platform", line.platform.configured().then_some(line.platform));
    let instance = format!("{} {}", line.instance, line.region);
    put_some(rows, "instance", Some(instance.trim()).filter(|text| !text.is_empty()));
    put(rows, "level", line.level.word().to_lowercase());
    put(rows, "message", &line.message);
    let Some(raw) = &line.raw else { return };
    match serde_json::from_str::<serde_json::Value>(raw.as_str()) {
        Ok(serde_json::Value::Object(fields)) => {
            for (key, value) in fields {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                put(rows, &format!("  {key}"), text);
            }
        }
        _ => put(rows, "whole line", raw),
    }
}

fn probe(model: &Model, id: &ProbeId, rows: &mut Rows) {
    let Some(probe) = model.facts.probes.get(id) else { return };
    put(rows, "asks", &probe.target);
    put_some(
        rows,
        "passes",
        model.facts.expects(id).map(|expects| format!("where it answers as configured: {expects}")),
    );
    put(rows, "state", format!("{} since {}", State::of(probe.status), at(probe.since)));
    let (passed, all) = probe.passed;
    put(rows, "passed", format!("{passed} of {all}"));
    let failed = probe.samples.iter().rev().find(|sample| sample.failure.is_some());
    if let Some(sample) = failed {
        put(rows, "last failure", at(sample.at));
        put_some(rows, "  why", sample.failure.as_ref());
        anatomy(&sample.anatomy, rows);
    }
    if let Some(sample) = probe.samples.back().filter(|sample| sample.failure.is_none()) {
        put(rows, "last pass", at(sample.at));
        anatomy(&sample.anatomy, rows);
    }
    for change in probe.changes.iter().rev() {
        put(rows, "changed", at(*change));
    }
}

fn anatomy(anatomy: &Anatomy, rows: &mut Rows) {
    let parts = [
        ("dns", anatomy.dns),
        ("connect", anatomy.connect),
        ("tls", anatomy.tls),
        ("whole answer", anatomy.first_byte),
    ];
    for (name, took) in parts {
        put_some(rows, &format!("  {name}"), took.map(|took| format!("{:.1} ms", took.as_secs_f64() * 1e3)));
    }
    put(rows, "  total", format!("{:.1} ms", anatomy.total.as_secs_f64() * 1e3));
    put_some(rows, "  status", anatomy.status);
    put_some(rows, "  release", anatomy.release.as_ref());
    put_some(rows, "  body", anatomy.snippet.as_ref());
}

fn environment(model: &Model, env: &EnvInfo, now: Now, rows: &mut Rows) {
    let judged = model.facts.judge(env, now);
    put(rows, "tier", format!("{:?}", env.tier).to_lowercase());
    put(rows, "access", if env.writable { "write" } else { "read-only" });
    put(rows, "state", judged.words());
    put_some(rows, "commit", (!judged.commits.is_empty()).then(|| judged.short()));
    put_some(rows, "to come", train::to_come(model, env, now).map(|to_come| to_come.words()));
    for info in &env.services {
        put(rows, &info.id.name, "");
        let mut own = Rows::new();
        service(model, info, now, &mut own);
        rows.extend(own.into_iter().map(|(label, text)| (format!("  {label}"), text)));
    }
}

/// A word where something is not as it should be; colours are not part of these rows.
fn mark(status: Status) -> &'static str {
    match status {
        Status::Fail => "FAIL ",
        Status::Warn => "WARN ",
        Status::Unknown => "UNKNOWN ",
        _ => "",
    }
}

fn service(model: &Model, info: &ServiceInfo, now: Now, rows: &mut Rows) {
    put(rows, "platform", format!("{} {}", info.platform, info.resource));
    put_some(rows, "address", info.url.as_deref());
    let judged = model.facts.judge_service(&info.id, now);
    put(rows, "state", judged.words());
    for check in model.facts.findings.get(&info.id).into_iter().flatten() {
        put(rows, &format!("  {}", check.name), format!("{}{}", mark(check.status()), check.says()));
    }
    let Some(state) = model.facts.services.get(&info.id) else { return };
    if let Some(declared) = &state.declared {
        let sha = declared.sha.as_ref().map_or("unknown commit", |sha| sha.as_str());
        put(rows, "declared", format!("{} {sha}: {}", declared.label, declared.words));
        // A database tells when its project was made, and not when its newest migration went live.
        let project = info.platform.has_databases();
        let since = if project { "created" } else { "since" };
        let when = |when| format!("{}{}", at(when), if project { " (the project)" } else { "" });
        put_some(rows, since, declared.created_at.map(when));
        put_some(rows, "PINNED", declared.pin.as_ref().map(|pin| actor::pin(model, &info.id, pin).words(now.wall)));
        put_some(rows, "PAUSED", declared.switches.paused.then_some("visitors get 503; ! Z resumes it"));
        put_some(rows, "ATTACK", declared.switches.challenged.then_some("every visitor is challenged; ! T ends it"));
        if let Some(rolling) = declared.switches.rolling {
            let next = rolling.next.map_or_else(|| "the last stage".to_owned(), |next| format!("next {next}%"));
            let waits = if rolling.waits { ", waits for approval: ! W" } else { "" };
            put(rows, "rolling", format!("{}% of visitors get the new one, {next}{waits}", rolling.percent));
        }
        for one in &declared.instances {
            let release = one.release.as_ref().map(|release| format!(" release {release}")).unwrap_or_default();
            let known = format!("{}/{} checks{release}", one.checks.0, one.checks.1);
            let known = one.unread.as_ref().map_or(known, |why| format!("unknown: {why}"));
            let says = format!("{} {} {known}", one.region, one.state);
            put(rows, &format!("  {}", one.id), says);
        }
    }
    if let Some(observed) = &state.observed {
        let sha = observed.sha.as_ref().map_or("no commit", |sha| sha.as_str());
        put(rows, "observed", format!("{sha} ({}) {}", observed.source, at(observed.at)));
    }
}

fn deployment(model: &Model, service: &ServiceId, id: &DeploymentId, rows: &mut Rows) {
    let list = model.facts.releases.get(service).into_iter().flatten();
    let Some(one) = list.into_iter().find(|one| one.id == *id) else { return };
    put(rows, "release", &one.label);
    put(rows, "id", &one.id);
    put_some(rows, "commit", one.sha.as_ref());
    put(rows, "message", &one.message);
    let by = actor::of(model, one);
    put(rows, "by", &by);
    put_some(rows, "platform's name", (one.author != by).then_some(&one.author));
    put(rows, "platform says", &one.words);
    let live = match (one.current, brought::runs(model, one)) {
        (_, true) => "yes",
        (true, false) => "it was when the list was read; another one is now",
        (false, false) => "no",
    };
    put(rows, "live", live);
    put(rows, "created", at(one.created_at));
    put_some(rows, "ran for", one.ran_for.map(|span| format!("{} min", span.as_secs() / 60)));
    let verified = if one.verified == Some(true) { "yes" } else { "not as far as this store knows" };
    put(rows, "verified healthy", verified);
    let presence = match one.presence {
        Presence::There => "still there",
        Presence::Gone => "GONE: it cannot be rolled back to",
        Presence::Unknown => "not known",
    };
    put(rows, "image or build", presence);
    put_some(rows, "image", one.image.as_ref());
    put_some(rows, "marked bad", one.bad.as_ref());
}

fn run(model: &Model, id: u64, now: Timestamp, rows: &mut Rows) {
    let Some(run) = model.facts.runs.iter().find(|run| run.id == id) else { return };
    put(rows, "workflow", format!("{} attempt {}", run.name(), run.number.1));
    put(rows, "commit", format!("{} on {}", run.sha, run.branch));
    put(rows, "title", &run.title);
    put(rows, "by", &run.actor);
    put(rows, "state", &run.words);
    put_some(rows, "started", run.started_at.map(at));
    put(rows, "page", &run.url);
    for gate in &run.gates {
        put(rows, &format!("gate {}", gate.env), format!("{} ({})", gate.words(run, now), gate.may()));
    }
    for words in run.lane_words() {
        put(rows, "concurrency", words);
    }
    put_some(rows, "jobs", run.jobs_read.missing("jobs").filter(|_| !run.jobs.is_empty()));
    for job in &run.jobs {
        put(rows, &format!("job {}", job.name), &job.words);
        for step in &job.steps {
            put(rows, &format!("  {}", step.number), format!("{} {:?}", step.name, step.status).to_lowercase());
        }
    }
}

fn secret(model: &Model, key: &Text, rows: &mut Rows) {
    let Some(row) = model.facts.secrets.iter().find(|row| row.key == *key) else { return };
    put(rows, "contract", format!("{:?}", row.contract).to_lowercase());
    for finding in &row.findings {
        put(rows, if finding.blocks { "BLOCKS" } else { "finding" }, &finding.says);
    }
    for entry in &row.entries {
        let set = entry.updated_at.map(|when| format!(" set {}", at(when))).unwrap_or_default();
        let note = entry.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        put(rows, &format!("{} {}", entry.env, entry.platform), format!("{}{set}{note}", entry.place));
    }
    for env in &row.unread {
        put(rows, env.as_str(), "not read: it may be there");
    }
    for (env, names) in &model.facts.secret_names {
        names.withheld(env).for_each(|says| put(rows, "withheld", says));
    }
}

/// The rows as text, for the clipboard.
#[must_use]
pub fn text(model: &Model, subject: &Subject, now: Now) -> String {
    rows(model, subject, now).into_iter().map(|(label, text)| format!("{label}: {text}\n")).collect()
}
