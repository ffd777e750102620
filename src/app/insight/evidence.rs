//! Why is this red: the evidence about an environment in order of causality. What changed comes before what it broke, and what
//! is not known comes last.

use std::time::Duration;

use jiff::Timestamp;

use super::suspect::{Deploy, suspect};
use super::{actor, brought, fresh, timeline};
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::Now;
use crate::app::navigate::Jump;
use crate::app::operations::marking;
use crate::domain::amount::amount;
use crate::domain::environment::{EnvInfo, Instance, Status};
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::finding::{Check, Reading};
use crate::domain::ids::ServiceId;
use crate::domain::listed::Brought;
use crate::domain::live;
use crate::domain::release::Deployment;
use crate::domain::span::{age, since};
use crate::domain::state::State;
use crate::sanitize::Text;

/// A change this long before the trouble may have caused it, seconds.
const SUSPECT: i64 = 3600;

/// One line of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How it is drawn.
    pub status: Status,
    /// What is known.
    pub says: Text,
    /// Where it leads.
    pub jump: Option<Jump>,
}

fn evidence_of(status: Status, says: String, jump: Jump) -> Evidence {
    Evidence { status, says: Text::from(says), jump: Some(jump) }
}

/// The environment that the evidence is about: the selected one where it is in trouble or nothing rings, else the one that the alarm names.
#[must_use]
pub fn about(model: &Model) -> Option<&EnvInfo> {
    let selected = model.selected_env();
    let calm = selected.is_none_or(|env| !model.facts.trouble.contains_key(&env.id));
    let rings = model.facts.banner.as_ref().filter(|_| calm).and_then(|banner| model.facts.env(&banner.env));
    rings.or(selected)
}

/// The evidence about it.
#[must_use]
pub fn evidence(model: &Model, now: Now) -> Vec<Evidence> {
    let Some(env) = about(model) else { return Vec::new() };
    let mut found = Vec::new();
    verdict(model, env, now, &mut found);
    changes(model, env, now, &mut found);
    platforms(model, env, now, &mut found);
    let old = lines(model, env, now, &mut found);
    probes(model, env, now, &mut found);
    secrets(model, env, &mut found);
    findings(model, env, &mut found);
    found.extend(old);
    unread(model, env, now, &mut found);
    if found.is_empty() {
        let says = Text::from(format!("no evidence against {}", env.id));
        found.push(Evidence { status: Status::Ok, says, jump: None });
    }
    denied(model, env, &mut found);
    found
}

/// What the token may not read speaks against nothing, and is told: nobody knows it.
fn denied(model: &Model, env: &EnvInfo, found: &mut Vec<Evidence>) {
    for (id, checks) in model.facts.findings.iter().filter(|(id, _)| id.env == env.id) {
        for check in checks.iter().filter(|check| check.denied()) {
            let says = format!("{} {}: {}", id.name, check.name, check.says());
            found.push(evidence_of(Status::Unknown, says, Jump::Place(Place::Service(id.clone()))));
        }
    }
}

/// How it stands: said first whenever that is not well, so that there is always an answer.
fn verdict(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) {
    let judged = model.facts.judge(env, now);
    if judged.state != State::Healthy {
        // Where a service or a probe is named below, it gives the reason.
        let known = model.facts.known(now);
        let service = env.services.iter().any(|info| known.service(&info.id).state == judged.state);
        let mut probes = model.facts.probes.of(&env.id).iter().filter(|probe| probe.status >= Status::Warn);
        let told = service || probes.any(|probe| known.probe(probe).0 == judged.state);
        let span = model.facts.trouble.get(&env.id).filter(|trouble| trouble.calm.is_none());
        let span = span.map(|trouble| format!(", for {}", since(trouble.since, now.wall))).unwrap_or_default();
        let says = match told {
            true => format!("{} is {}{span}", env.id, judged.state),
            false => format!("{} is {}", env.id, judged.words()),
        };
        found.push(evidence_of(judged.state.tone(), says, Jump::Place(Place::Env(env.id.clone()))));
    }
}

/// Since when something of it fails.
fn trouble(model: &Model, env: &EnvInfo) -> Option<Timestamp> {
    let own = model.facts.probes.of(&env.id).iter().filter(|probe| probe.status >= Status::Warn);
    own.map(|probe| probe.since).min()
}

fn changes(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) {
    let until = trouble(model, env).unwrap_or(now.wall);
    for service in &env.services {
        match brought::of(model, &service.id) {
            Some(Brought::Listed(one)) if until.duration_since(one.created_at).as_secs() <= SUSPECT => {
                found.push(went(model, one, now));
            }
            Some(Brought::Unlisted(one)) => {
                let recent = one.seen.is_some_and(|seen| now.wall.duration_since(seen).as_secs() <= SUSPECT);
                // What stood there before anybody looked tells nothing of one that is well.
                if recent || model.facts.state(env, now) != State::Healthy {
                    let says = brought::words(model, &service.id, &one, now);
                    found.push(evidence_of(Status::Warn, says, Jump::Place(Place::Service(service.id.clone()))));
                }
            }
            _ => {}
        }
    }
    for operation in model.facts.operations.values().filter(|one| one.env == env.id && one.open_question()) {
        let state = if operation.interrupted { "cut short" } else { operation.state.word() };
        let says = format!("{}: {state} {}", operation.title, operation.outcome);
        found.push(evidence_of(Status::Fail, says, Jump::Operation(operation.id)));
    }
}

/// A deployment that is in the list, as a change.
fn went(model: &Model, one: &Deployment, now: Now) -> Evidence {
    let list = model.facts.releases.get(&one.service).map(Vec::as_slice).unwrap_or_default();
    let sha = one.sha.as_ref().map_or("unknown commit", |sha| sha.short());
    let back = one.sha.as_ref().and_then(|sha| marking::between(list, sha));
    let says = format!(
        "{} went {} {} {sha} {} ago by {}: {}",
        one.service.name,
        if back.is_some() { "back to" } else { "to" },
        timeline::short(&one.label),
        since(one.created_at, now.wall),
        actor::of(model, one),
        model.facts.subject(one)
    );
    evidence_of(Status::Warn, says, Jump::Deployment(one.service.clone(), one.id.clone()))
}

/// Whether it is a probe alone that makes a service what it is: then the probe's line says so.
fn by_probe(model: &Model, id: &ServiceId, state: State, now: Now) -> bool {
    let known = model.facts.known(now);
    let declared = model.facts.services.get(id).and_then(|state| state.declared.as_ref());
    let well = declared.is_some_and(|declared| {
        let sick = |one: &Instance| one.unread.is_some() || one.checks.0 < one.checks.1;
        declared.status == Status::Ok && !declared.instances.iter().any(sick)
    });
    let mut own = model.facts.probes.of(&id.env).iter().filter(|probe| model.facts.aimed.get(&probe.id) == Some(id));
    well && own.any(|probe| probe.status >= Status::Warn && known.probe(probe).0 == state)
}

fn platforms(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) {
    for service in &env.services {
        let Some(state) = model.facts.services.get(&service.id) else { continue };
        let judged = model.facts.judge_service(&service.id, now);
        if judged.state != State::Healthy && !by_probe(model, &service.id, judged.state, now) {
            let says = format!("{} is {}", service.id.name, judged.words());
            found.push(evidence_of(judged.state.tone(), says, Jump::Place(Place::Service(service.id.clone()))));
        }
        let instances = || state.declared.iter().flat_map(|declared| &declared.instances);
        for one in instances() {
            let Some(why) = &one.unread else { continue };
            let says = format!("{}: machine {} {} {}: {why}", service.id.name, one.id, one.region, one.state);
            found.push(evidence_of(Status::Warn, says, Jump::Place(Place::Service(service.id.clone()))));
        }
        if state.declared.as_ref().is_some_and(|declared| live::fleet(&declared.instances).is_some()) {
            for one in instances() {
                let sha = one.sha.as_ref().map_or("an unknown commit", |sha| sha.short());
                let release = one.release.as_ref().map(|release| format!(" ({release})")).unwrap_or_default();
                let says = format!("{}: machine {} {} runs {sha}{release}", service.id.name, one.id, one.region);
                found.push(evidence_of(Status::Warn, says, Jump::Place(Place::Service(service.id.clone()))));
            }
        }
        for one in instances().filter(|one| one.checks.0 < one.checks.1) {
            let (passing, all) = one.checks;
            let says = format!(
                "{}: machine {} {} {}: {passing} of {all} checks pass",
                service.id.name, one.id, one.region, one.state
            );
            found.push(evidence_of(Status::Fail, says, Jump::Place(Place::Service(service.id.clone()))));
        }
    }
}

/// Errors among the lines held: those that came with the last deploy first, the more of them the sooner. What was written before it as often
/// is returned, marked as old: it explains nothing that began since.
fn lines(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) -> Vec<Evidence> {
    let current: Vec<Deploy<'_>> = env.services.iter().filter_map(|info| Deploy::of(model, &info.id)).collect();
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for source in model.logs.lines.sources().iter().filter(|source| source.service.env == env.id) {
        let Some(newest) = model.logs.lines.newest_error(&source.service) else { continue };
        let (name, errors) = (&source.service.name, model.logs.lines.errors(&source.service).unwrap_or(source.errors));
        let jump = Jump::Errors(source.service.clone());
        let said = |counts: String| Text::from(format!("{name}: {counts}; the newest: {}", newest.message));
        let suspect = suspect(&current, &source.service);
        let Some((Some(at), label)) = &suspect else {
            let since =
                suspect.map(|(_, label)| format!(", not known how many since {label} came")).unwrap_or_default();
            let says = said(format!("{errors} errors among the lines held{since}")).to_string();
            new.push((errors, evidence_of(Status::Warn, says, jump)));
            continue;
        };
        let span = now.wall.duration_since(*at).as_micros().try_into().unwrap_or(i64::MAX);
        let (before, after) = model.logs.lines.around(&source.service, at.as_microsecond(), span);
        // As many as before in as long a time, or none since: then the deploy brought none of them.
        if after.errors == 0 || before.errors * 2 >= after.errors {
            let says = said(format!(
                "old: {errors} errors, {} of them before the deploy of {label}",
                errors.saturating_sub(after.errors)
            ));
            old.push(evidence_of(Status::Unknown, says.to_string(), jump));
        } else {
            let was = match before.lines {
                0 => "no line from before it is held".to_owned(),
                lines => {
                    let span = age(Duration::from_micros(span.unsigned_abs()));
                    format!(
                        "{} among the {} held of the {span} before it",
                        before.errors,
                        amount(usize::try_from(lines).unwrap_or(usize::MAX), "line")
                    )
                }
            };
            let says = said(format!("{} errors since the deploy of {label}, {was}", after.errors));
            new.push((after.errors, evidence_of(Status::Warn, says.to_string(), jump)));
        }
    }
    new.sort_by_key(|(errors, _)| std::cmp::Reverse(*errors));
    found.extend(new.into_iter().map(|(_, one)| one));
    old
}

fn probes(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) {
    for probe in model.facts.probes.of(&env.id).iter().filter(|probe| probe.status >= Status::Warn) {
        let last = probe.samples.back().and_then(|sample| sample.failure.clone());
        let why = last.unwrap_or_else(|| Text::from("passing again, but not for long enough yet"));
        let word = if probe.status == Status::Fail { "fails" } else { "is degraded" };
        let says = format!("probe {} {word} for {}: {why}", probe.id.name, since(probe.since, now.wall));
        found.push(evidence_of(probe.status, says, Jump::Probe(probe.id.clone())));
    }
}

fn secrets(model: &Model, env: &EnvInfo, found: &mut Vec<Evidence>) {
    for row in &model.facts.secrets {
        let own = row.findings.iter().filter(|finding| finding.envs.contains(&env.id));
        for finding in own.filter(|finding| finding.status >= Status::Warn) {
            let says = format!("secret {}: {}", row.key, finding.says);
            found.push(evidence_of(finding.status, says, Jump::Secret(row.key.clone())));
        }
    }
}

/// What a database says of itself: locks and connections explain more than the service that waits for them.
fn findings(model: &Model, env: &EnvInfo, found: &mut Vec<Evidence>) {
    for (id, checks) in model.facts.findings.iter().filter(|(id, _)| id.env == env.id) {
        let tells = |check: &&Check| {
            matches!(check.status(), Status::Warn | Status::Fail) || matches!(check.reading, Reading::Unread { .. })
        };
        for check in checks.iter().filter(tells) {
            let says = format!("{} {}: {}", id.name, check.name, check.says());
            found.push(evidence_of(check.status(), says, Jump::Place(Place::Service(id.clone()))));
        }
    }
}

fn unread(model: &Model, env: &EnvInfo, now: Now, found: &mut Vec<Evidence>) {
    let mine = |id: &&FeedId| *id != &FeedId::Distances && id.env().is_none_or(|of| *of == env.id);
    for (id, status) in model.facts.feeds.iter().filter(|(id, _)| mine(id)) {
        let old = || fresh::stale(model, [id.clone()], now).filter(|_| status.last_ok().is_some());
        let why = match &status.state {
            FeedState::Failing { why, .. } => old().unwrap_or_else(|| Text::from(format!("{id}: {why}"))),
            _ => match old() {
                Some(why) => why,
                None => continue,
            },
        };
        let shows = Pane::ALL.into_iter().find(|pane| pane.listed().made_of(id));
        let pane = shows.unwrap_or(Pane::Environments);
        found.push(evidence_of(Status::Unknown, why.to_string(), Jump::Pane(pane)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::{Contract, Rule, SecretFinding, SecretRow};

    #[test]
    fn a_deploy_that_is_not_in_the_list_yet_is_told_and_the_one_before_it_is_blamed_for_nothing() {
        use crate::app::testing::{NEW, OLD, at, deployment, fresh, model, tell};
        use crate::domain::environment::{Declared, Observed, Platform};
        use crate::domain::fact::Fact;
        use crate::domain::ids::Sha;
        use crate::domain::log::{Level, LogBatch, LogKind, LogLine};
        let (mut model, backend) = (model(), ServiceId::new("production", "backend"));
        model.screen.selection.place = Some(Place::Env("production".into()));
        let old = deployment(&backend, OLD, 1, true);
        let declares = |model: &mut Model, row: &Deployment, made: Option<Timestamp>| {
            let declared = crate::domain::testing::declared(row.sha.as_ref().map(Sha::as_str), Status::Ok);
            let (deployment, label) = (row.id.clone(), row.label.clone());
            let declared = Declared { deployment, label, created_at: made, ..declared };
            tell(model, Fact::Declared(row.service.clone(), Box::new(declared)));
        };
        declares(&mut model, &old, Some(old.created_at));
        fresh(&mut model, FeedId::Releases(backend.clone()));
        tell(&mut model, Fact::Releases(backend.clone(), vec![old.clone()]));
        let lines = [4, 7, 8, 9].map(|second| LogLine {
            at: at(second).wall,
            service: backend.clone(),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "".into(),
            region: "".into(),
            level: if second > 6 { Level::Error } else { Level::Info },
            message: Text::from("line"),
            raw: None,
        });
        tell(&mut model, Fact::Logs(LogBatch { service: backend.clone(), lines: lines.into(), gap: 0, gap_why: None }));
        let says = |model: &Model| {
            let all = evidence(model, at(10)).into_iter().map(|one| one.says.to_string());
            all.filter(|says| says.contains("backend")).collect::<Vec<_>>().join("\n")
        };
        assert!(says(&model).contains("3 errors since the deploy of v1"), "{}", says(&model));
        // The edge answers another commit before its platform says so: nothing tells when it came.
        let observed = Observed {
            sha: Some(NEW.into()),
            version: None,
            at: at(6).wall,
            source: Text::default(),
            edges: Vec::new(),
        };
        tell(&mut model, Fact::Observed(backend.clone(), observed));
        let edge = says(&model);
        assert!(edge.contains("the edge of backend answers 3e60eac"), "{edge}");
        assert!(edge.contains("3 errors among the lines held, not known how many since 3e60eac came"), "{edge}");
        let new = deployment(&backend, NEW, 6, true);
        declares(&mut model, &new, Some(new.created_at));
        let told = says(&model);
        assert!(told.contains("backend runs v6 3e60eac, deployed 4s ago; the list of its releases"), "{told}");
        assert!(told.contains("3 errors since the deploy of v6"), "{told}");
        assert!(!told.contains("went to") && !told.contains("v1"), "{told}");
        tell(&mut model, Fact::Releases(backend.clone(), vec![new, Deployment { current: false, ..old }]));
        assert!(says(&model).contains("backend went to v6 3e60eac"), "{}", says(&model));
    }

    #[test]
    fn a_release_of_a_commit_that_had_run_before_is_told_as_a_way_back() {
        use crate::app::testing::{NEW, OLD, at, deployment, model, tell};
        use crate::domain::fact::Fact;
        let (mut model, backend) = (model(), ServiceId::new("production", "backend"));
        model.screen.selection.place = Some(Place::Env("production".into()));
        let said = |model: &Model, what: &str| {
            evidence(model, at(10)).iter().any(|one| one.says.as_str().contains(&format!("backend went {what}")))
        };
        let row = |sha, second, current| deployment(&backend, sha, second, current);
        tell(
            &mut model,
            Fact::Releases(backend.clone(), vec![row(OLD, 9, true), row(NEW, 5, false), row(OLD, 1, false)]),
        );
        assert!(said(&model, "back to "), "{:?}", evidence(&model, at(10)));
        tell(&mut model, Fact::Releases(backend.clone(), vec![row(NEW, 9, true), row(OLD, 5, false)]));
        assert!(said(&model, "to ") && !said(&model, "back to "), "{:?}", evidence(&model, at(10)));
    }

    #[test]
    fn beside_the_alarm_it_is_about_what_the_alarm_names_unless_the_selected_environment_is_in_trouble_too() {
        use crate::app::testing::{NEW, model, probed, runs};
        let mut model = model();
        for env in ["staging", "production"] {
            for service in ["backend", "frontend"] {
                runs(&mut model, env, service, NEW, Status::Ok);
            }
        }
        let of = |model: &Model| about(model).map(|env| env.id.to_string());
        model.screen.selection.place = Some(Place::Env("staging".into()));
        assert_eq!(of(&model).as_deref(), Some("staging"), "nothing rings");
        probed(&mut model, "production", "/health", Some("HTTP 503"), 5);
        assert!(model.facts.banner.is_some(), "{:?}", model.facts.trouble);
        assert_eq!(of(&model).as_deref(), Some("production"));
        probed(&mut model, "staging", "/health", Some("HTTP 503"), 5);
        assert_eq!(of(&model).as_deref(), Some("staging"));
    }

    #[test]
    fn a_finding_is_evidence_about_its_own_environment_whatever_its_name_begins_with() {
        let env = |name: &str| format!("[[environments]]\nname = \"{name}\"\ntier = \"production\"\n");
        let flags = crate::config::load::Flags::default();
        let text = env("prod") + &env("prod-eu");
        let settings = crate::config::load::parse(&text, None, &flags, &|_| None).unwrap();
        let now = Now { wall: Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let mut model = Model::new(&settings, now);
        let says = Text::from("missing in prod-eu");
        let envs = vec!["prod-eu".into()];
        let finding = SecretFinding { rule: Rule::Missing, envs, status: Status::Fail, blocks: true, says };
        let (key, contract) = (Text::from("DSN"), Contract::Required);
        model.facts.secrets =
            vec![SecretRow { key, contract, entries: Vec::new(), unread: Vec::new(), findings: vec![finding] }];
        for (name, told) in [("prod", false), ("prod-eu", true)] {
            model.screen.selection.place = Some(Place::Env(name.into()));
            let found = evidence(&model, now);
            assert_eq!(found.iter().any(|one| one.says.as_str().contains("secret DSN")), told, "{name}: {found:?}");
        }
    }
}
