//! Tables of what the criteria come to.

use jiff::Timestamp;

use super::*;
use crate::domain::environment::Tier;
use crate::domain::extent::Extent;
use crate::domain::health::{Anatomy, ProbeId, Sample};
use crate::domain::pipeline::RunState;
use crate::domain::secret::{Contract, Rule, SecretFinding};

const SHA: &str = "3e60eac000000000000000000000000000000000";

fn production() -> EnvInfo {
    EnvInfo { id: "production".into(), tier: Tier::Production, services: Vec::new(), writable: false }
}

fn judged(state: State) -> Judgement {
    Judgement { state, why: String::new(), commits: vec![SHA.into()], ..Judgement::unread() }
}

fn probe(failure: Option<&str>) -> ProbeState {
    let at = Timestamp::UNIX_EPOCH;
    let id = ProbeId { env: "production".into(), name: "/health".into() };
    let mut probe = ProbeState::new(id, Text::default(), at);
    probe.push(Sample { at, failure: failure.map(Text::from), anatomy: Anatomy::default() });
    probe
}

#[test]
fn what_needs_a_reason_is_the_same_for_every_way_in_which_an_environment_is_not_well() {
    let table = [
        (State::Healthy, None, Status::Ok, Means::Clear, None),
        (State::Degraded, None, Status::Warn, Means::Clear, None),
        (State::Flapping, None, Status::Warn, Means::Blocks, None),
        (State::Deploying, None, Status::Running, Means::Blocks, None),
        (State::Waiting, None, Status::Paused, Means::Blocks, None),
        (State::Paused, None, Status::Fail, Means::Blocks, Some(false)),
        (State::Mixed, None, Status::Fail, Means::Blocks, Some(false)),
        (State::Failing, None, Status::Fail, Means::Blocks, Some(false)),
        (State::Unknown, None, Status::Unknown, Means::Unread, Some(true)),
        // It fails now, though not for long enough to be called failing.
        (State::Healthy, Some("503"), Status::Fail, Means::Blocks, Some(false)),
        (State::Unknown, Some("503"), Status::Unknown, Means::Unread, Some(true)),
    ];
    for (state, failure, status, means, reason) in table {
        let rating = healthy(&production(), &judged(state), &BTreeMap::new(), &[probe(failure)]);
        assert_eq!((rating.status, rating.means), (status, means), "{state:?} {failure:?}");
        let needs = against(Criterion::Target, rating.status, &rating.says);
        let unread = needs.map(|one| matches!(one, Override::RedGate { unread: true, .. }));
        assert_eq!(unread, reason, "{state:?} {failure:?}");
    }
    let unprobed = healthy(&production(), &judged(State::Healthy), &BTreeMap::new(), &[]);
    assert_eq!((unprobed.status, unprobed.says.as_str()), (Status::Warn, "production: healthy, and nothing probes it"));
}

#[test]
fn an_unread_source_is_promoted_by_nobody_and_what_is_mixed_runs_nothing_already() {
    let (from, sha) = ("staging".into(), SHA.into());
    for (state, refused, already) in [
        (State::Healthy, false, true),
        (State::Failing, false, true),
        (State::Unknown, true, false),
        (State::Mixed, true, false),
        (State::Paused, true, true),
    ] {
        assert_eq!(cannot(&from, &judged(state)).is_some(), refused, "{state:?}");
        assert_eq!(runs_already(&judged(state), &sha), already, "{state:?}");
    }
    // Another trouble outranks the pair, which is there all the same.
    let hidden = Judgement { mixed: true, ..judged(State::Failing) };
    assert!(cannot(&from, &hidden).is_some() && !runs_already(&hidden, &sha));
}

fn row(key: &str, env: &str, blocks: bool) -> SecretRow {
    let status = if blocks { Status::Fail } else { Status::Warn };
    let says = Text::from(format!("missing in {env}"));
    let finding = SecretFinding { rule: Rule::Missing, envs: vec![env.into()], status, blocks, says };
    let (key, contract) = (Text::from(key), Contract::Required);
    SecretRow { key, contract, entries: Vec::new(), unread: Vec::new(), findings: vec![finding] }
}

#[test]
fn secrets_are_in_place_where_all_lists_were_read_and_nothing_is_found_about_the_target() {
    let target = "production".into();
    let said = |rows: &[SecretRow], unread: &[&str]| {
        let unread: Vec<String> = unread.iter().map(|one| (*one).to_owned()).collect();
        let rating = secrets(&target, rows, &unread);
        (rating.status, rating.says.to_string())
    };
    let (warns, blocks) = (row("DSN", "production", false), row("URL", "production", true));
    let well = (Status::Ok, "none is missing, none differs that should not".to_owned());
    assert_eq!(said(&[row("DSN", "staging", false)], &[]), well);
    assert_eq!(said(std::slice::from_ref(&warns), &[]), (Status::Warn, "DSN missing in production".to_owned()));
    assert_eq!(said(&[warns.clone(), blocks], &["x"]), (Status::Fail, "URL missing in production".to_owned()));
    assert_eq!(said(&[], &["staging: 503"]), (Status::Unknown, "staging: 503".to_owned()));
    let both = (Status::Unknown, "staging: 503; DSN missing in production".to_owned());
    assert_eq!(said(&[warns], &["staging: 503"]), both);
}

fn run(id: u64, file: &str, status: Status) -> Run {
    Run {
        id,
        workflow: Text::from(file),
        title: Text::default(),
        number: (id, 1),
        sha: SHA.into(),
        branch: Text::default(),
        actor: Text::default(),
        state: RunState::Succeeded,
        status,
        words: Text::from("ended"),
        event: Text::default(),
        file: Text::from(format!(".github/workflows/{file}.yml")),
        created_at: None,
        started_at: None,
        updated_at: None,
        url: Text::default(),
        jobs: Vec::new(),
        jobs_read: Extent::NOTHING,
        gates: Vec::new(),
        lanes: Vec::new(),
    }
}

#[test]
fn a_commit_is_judged_by_the_newest_run_of_each_workflow_but_the_one_that_deploys_it() {
    let all = [
        run(4, "deploy", Status::Fail),
        run(3, "ci", Status::Ok),
        run(2, "ci", Status::Fail),
        run(1, "tests", Status::Ok),
    ];
    let said = |runs: &[Run], commit: &str| {
        let found = runs_of(runs, &commit.into(), |run| run.of_file("deploy.yml"));
        let rating = passed(&found, found.iter().map(|run| told(run)));
        (rating.status, rating.says.to_string())
    };
    assert_eq!(said(&all, SHA), (Status::Ok, "ci #3 ended, tests #1 ended".to_owned()));
    assert_eq!(said(&all[2..], SHA), (Status::Fail, "ci #2 ended, tests #1 ended".to_owned()));
    let unknown = (Status::Unknown, "no recent run is of this commit".to_owned());
    assert_eq!(said(&all, "9df49c2000000000000000000000000000000000"), unknown);
    assert_eq!(said(&all[..1], SHA), unknown, "that it could not be deployed says nothing of the commit");
}

/// A run that does not tell its workflow's file may be the deploy, or a failure of another workflow than the run after it.
#[test]
fn a_run_that_tells_no_workflow_speaks_for_no_commit() {
    let placeless = |id, status| Run { file: Text::default(), ..run(id, "ci", status) };
    let rated = |all: &[Run]| {
        let found = runs_of(all, &SHA.into(), |run| run.of_file("deploy.yml"));
        passed(&found, found.iter().map(|run| told(run))).status
    };
    assert_eq!(rated(&[placeless(3, Status::Ok)]), Status::Unknown, "it may be the deploy itself");
    assert_eq!(rated(&[placeless(3, Status::Ok), placeless(2, Status::Fail)]), Status::Fail, "of two workflows");
    assert_eq!(rated(&[run(3, "ci", Status::Ok)]), Status::Ok);
}

#[test]
fn where_a_service_stays_behind_the_commit_is_not_there_already() {
    let (all, behind) = (judged(State::Healthy), Judgement { stays: true, ..judged(State::Healthy) });
    let sha = Sha::from(SHA);
    assert!(runs_already(&all, &sha) && !runs_already(&behind, &sha));
    let rated = |judged| candidate(&production(), (Some(&sha), judged), &BTreeMap::new(), &BTreeMap::new());
    assert_eq!((rated(&all).status, rated(&behind).status), (Status::Paused, Status::Warn));
}
