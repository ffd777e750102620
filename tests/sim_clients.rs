//! The console's own clients against the simulator: what one side writes, the other side reads.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::clock::{ManualClock, SharedClock, Timestamp};
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::{Platform, Status};
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::spread;
use flightdeck::domain::state::State;
use flightdeck::platform::fly::{Fly, WaitResult};
use flightdeck::platform::github::Github;
use flightdeck::platform::http::Http;
use flightdeck::platform::supabase::Supabase;
use flightdeck::platform::vercel::Vercel;
use flightdeck::platform::{observe, probe};
use flightdeck::redact::Redactor;
use flightdeck::sanitize::Text;
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::supabase::{Branch, BranchRun};
use flightdeck::sim::world::{Env, Health};
use flightdeck::sim::{self, Options, Sim};
use serde_json::json;

struct Deck {
    sim: Sim,
    settings: Settings,
    http: Http,
    clock: SharedClock,
}

async fn deck(scenario: &str) -> Deck {
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let clock: SharedClock = Arc::new(ManualClock::new(start));
    let options =
        Options { listen: "127.0.0.1:0".parse().unwrap(), scenario: scenario.to_owned(), seed: 7, speed: 1.0 };
    let sim = sim::start(options, Arc::clone(&clock)).await.unwrap();
    let settings = parse(&sim.config_toml(), None::<&Path>, &Flags::default(), &|name| {
        (name == "HOME").then(|| "/nobody".to_owned())
    })
    .unwrap();
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    let http = Http::new(Arc::clone(&clock), Arc::new(Redactor::default()), None);
    Deck { sim, settings, http, clock }
}

impl Deck {
    fn fly(&self) -> Fly {
        Fly::new(self.http.clone(), self.settings.fly.clone().unwrap())
    }

    fn vercel(&self) -> Vercel {
        Vercel::new(
            self.http.clone(),
            self.settings.accesses[&Platform::Vercel].clone(),
            self.settings.vercel_team.clone(),
        )
    }

    fn pass(&self, seconds: u64) {
        self.sim.shared().advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn every_token_of_the_written_configuration_is_accepted() {
    let deck = deck("calm").await;
    let github = Github::new(
        deck.http.clone(),
        deck.settings.accesses[&Platform::Github].clone(),
        deck.settings.repository.as_deref().unwrap(),
    );
    let supabase = Supabase::new(deck.http.clone(), deck.settings.accesses[&Platform::Supabase].clone());
    deck.fly().check_token().await.unwrap();
    deck.vercel().check_token().await.unwrap();
    github.check_token().await.unwrap();
    supabase.check_token().await.unwrap();
    deck.sim.stop().await;
}

fn deploys(deck: &Deck, gated: bool) -> u64 {
    let (env, health, event) = (Env::PRODUCTION, Health::good(), "workflow_dispatch".to_owned());
    let deploy = Deploy { env, commit: 3, backend: true, frontend: true, health, gated, event, actor: None };
    deck.sim.shared().world().deploy(deploy)
}

#[tokio::test]
async fn a_gate_counts_its_timer_down_and_its_lane_tells_who_waits() {
    let deck = deck("calm").await;
    let repository = deck.settings.repository.clone().unwrap();
    let github = Github::new(deck.http.clone(), deck.settings.accesses[&Platform::Github].clone(), &repository);
    deck.sim.shared().world().github.environments[1].wait_minutes = 30;
    let (held, waiting) = (deploys(&deck, true), deploys(&deck, false));
    assert!(github.pending_deployments(held).await.unwrap().is_empty(), "it is still built");
    deck.pass(2 + 10 * 60);
    let gates = github.pending_deployments(held).await.unwrap();
    assert_eq!(gates[0].timer_left(deck.sim.shared().world().now), Some(Duration::from_secs(20 * 60)));
    assert!(gates[0].may_approve);
    let words = async |id: u64| github.run(id).await.unwrap().words.to_string();
    assert_eq!((&*words(held).await, &*words(waiting).await), ("waiting", "pending"));
    assert!(github.jobs(waiting).await.unwrap().items.is_empty(), "it has no jobs yet");
    let groups = github.lanes_of(waiting).await.unwrap();
    assert_eq!(groups.iter().map(Text::as_str).collect::<Vec<_>>(), ["deploy-production"]);
    let members = github.lane("DEPLOY-production").await.unwrap();
    assert_eq!(members.iter().map(|one| one.run).collect::<Vec<_>>(), [held, waiting]);

    github.review(held, &[gates[0].env_number], true, "go").await.unwrap();
    let again = github.review(held, &[gates[0].env_number], true, "go").await.unwrap_err();
    assert_eq!(again.status, Some(422), "{again}");
    let gates = github.pending_deployments(held).await.unwrap();
    assert!(!gates[0].may_approve, "reviewed; the timer still runs");
    deck.pass(20 * 60 + 1);
    assert!(github.pending_deployments(held).await.unwrap().is_empty());
    assert_eq!(words(held).await, "in_progress");
    deck.pass(60);
    assert_eq!((&*words(held).await, &*words(waiting).await), ("success", "waiting"), "its own timer");
    deck.pass(3_600);
    assert_eq!(github.lane("deploy-production").await.unwrap_err().status, Some(404), "nobody is in it");
    deck.sim.stop().await;
}

#[tokio::test]
async fn a_fly_rollback_step_by_step_is_observed_at_the_edge() {
    let deck = deck("bad-deploy").await;
    let (fly, app) = (deck.fly(), "maria-api");
    let before = fly.machines(app).await.unwrap();
    deck.pass(45);
    let releases = fly.releases(app, 10).await.unwrap();
    assert_eq!((releases[0].version, releases[1].version), (42, 41));
    let good = &releases[1];
    assert!(fly.image_exists(app, good.image_ref.as_str()).await.unwrap());

    let row = fly.create_release(app, good.image_ref.as_str(), "rolling", &json!({})).await.unwrap();
    fly.patch_release(&row.id, "running").await.unwrap();
    for machine in fly.machines(app).await.unwrap() {
        let lease = fly.acquire_lease(app, &machine.id, (Duration::from_secs(30), "a test")).await.unwrap();
        let config = machine.whole().unwrap().with_image(good.image_ref.as_str());
        let config = config.label("fly_release_version", &row.version.to_string());
        let updated = fly.update_machine(app, &machine, &config, &lease).await.unwrap();
        deck.pass(4);
        let wait = fly.wait(app, &machine.id, &updated.instance_id, "started", Duration::from_secs(5)).await.unwrap();
        assert_eq!(wait, WaitResult::Reached);
        assert_eq!(fly.machine(app, &machine.id).await.unwrap().checks, (1, 1));
        fly.release_lease(app, &machine.id, &lease).await.unwrap();
    }
    fly.patch_release(&row.id, "complete").await.unwrap();
    let after = fly.machines(app).await.unwrap();
    assert_eq!(after[0].digest, before[0].digest);

    let backend =
        deck.settings.observe.iter().find(|one| one.env.as_str() == "production" && &*one.service == "backend");
    let observed = observe::observe(&deck.http, backend.unwrap()).await.unwrap();
    assert_eq!(observed.sha, before[0].sha.clone().or(after[0].sha.clone()));
    for settings in &deck.settings.probes {
        let result = probe::probe(&deck.http, settings).await;
        assert!(result.failure.is_none(), "{} is not well: {result:?}", settings.name);
    }
    deck.sim.stop().await;
}

#[tokio::test]
async fn a_vercel_rollback_moves_every_alias_and_pins() {
    let deck = deck("bad-deploy").await;
    let vercel = deck.vercel();
    let before = vercel.project("maria-web").await.unwrap().production.unwrap();
    deck.pass(45);
    let project = vercel.project("maria-web").await.unwrap();
    assert_ne!(project.production.as_ref().unwrap().id, before.id);
    assert!(project.auto_assign);

    vercel.rollback("maria-web", &before.id, Some("api is down")).await.unwrap();
    let request = vercel.last_alias_request("maria-web").await.unwrap().unwrap();
    assert_eq!((request.kind.as_str(), request.job_status.as_str()), ("rollback", "pending"));
    deck.pass(1);
    let request = vercel.last_alias_request("maria-web").await.unwrap().unwrap();
    assert_eq!(request.job_status.as_str(), "in-progress", "one of two aliases has moved");
    deck.pass(2);
    let project = vercel.project("maria-web").await.unwrap();
    assert_eq!(project.last_alias_request.unwrap().job_status.as_str(), "succeeded");
    assert_eq!((project.production.unwrap().id, project.auto_assign), (before.id.clone(), false));
    for outcome in vercel.moved_aliases("maria-web", "rollback", false).await.unwrap() {
        assert_eq!(outcome.status.as_str(), "completed");
        assert_eq!(vercel.alias(outcome.alias.as_str()).await.unwrap(), before.id);
    }
    deck.sim.stop().await;
}

#[tokio::test]
async fn while_a_job_has_not_ended_well_each_domain_tells_where_it_points() {
    let deck = deck("bad-deploy").await;
    let vercel = deck.vercel();
    let before = vercel.project("maria-web").await.unwrap().production.unwrap();
    deck.pass(45);
    let settled = vercel.declared("maria-web", "production").await.unwrap();
    assert!(settled.pointed.is_empty(), "{:?}", settled.pointed);
    vercel.rollback("maria-web", &before.id, None).await.unwrap();
    deck.sim.shared().world().vercel.project.last_alias_request.as_mut().unwrap().aliases[1].fails = true;
    deck.pass(5);
    // A client of its own has nothing in mind from before.
    let declared = deck.vercel().declared("maria-web", "production").await.unwrap();
    let mut places: Vec<&str> = declared.pointed.iter().map(|one| one.deployment.as_str()).collect();
    assert_eq!(places.len(), 2, "{:?}", declared.pointed);
    assert!(places.contains(&before.id.as_str()), "one has moved: {places:?}");
    places.dedup();
    assert_eq!(places.len(), 2, "and one has not: {places:?}");
    assert!(declared.pointed.iter().all(|one| one.sha.is_some() && one.unread.is_none()), "{:?}", declared.pointed);
    deck.sim.stop().await;
}

/// The worse a world is, the worse is the word for it; and the check of the domains says no other one.
#[tokio::test]
async fn domains_that_nothing_serves_or_that_all_are_elsewhere_are_not_well() {
    let deck = deck("calm").await;
    let (live, old) = {
        let world = deck.sim.shared().world();
        let live = world.vercel.live_production().unwrap().id.clone();
        let mut own = world.vercel.deployments.iter().filter(|one| one.env == Env::PRODUCTION);
        (live.clone(), own.find(|one| one.id != live).unwrap().id.clone())
    };
    let (first, second) = ("maria.example.com", "www.maria.example.com");
    let point = |point: serde_json::Value| {
        let setting = json!({"platform": "vercel", "resource": "project", "point": point, "pointer_stays": true});
        deck.sim.shared().world().set(&serde_json::from_value(setting).unwrap()).unwrap();
    };
    let told = async |env: &str| {
        // A client of its own has nothing in mind from before.
        let vercel = deck.vercel();
        let declared = vercel.declared("maria-web", env).await.unwrap();
        assert!(declared.routed);
        let judged = spread::judged(spread::Live::of(&declared), &declared.pointed).map(|(state, _)| state);
        let check = vercel.findings("maria-web", env).await.remove(0).1.unwrap();
        (judged, check.status, check.says.to_string())
    };
    let (judged, status, says) = told("production").await;
    assert_eq!((judged, status, says.as_str()), (None, Status::Ok, "2 verified, DNS points here"));
    for all in [json!({second: ""}), json!({first: "", second: ""})] {
        point(all);
        let (judged, status, says) = told("production").await;
        assert_eq!((judged, status), (Some(State::Failing), Status::Fail), "{says}");
        assert!(says.contains("no deployment"), "{says}");
        assert_eq!(deck.vercel().project("maria-web").await.unwrap().production.unwrap().id, live);
        let truth = deck.sim.shared().world().truth(Env::PRODUCTION);
        assert_eq!(truth.services["frontend"].state, sim::world::truth::State::Failing);
    }
    point(json!({first: old, second: old}));
    let (judged, status, says) = told("production").await;
    assert_eq!((judged, status), (Some(State::Mixed), Status::Warn), "{says}");
    assert!(says.ends_with(&format!("({live}) is live")), "{says}");
    // A custom environment has a domain of its own.
    let own =
        deck.sim.shared().world().vercel.aliases.iter().find(|one| one.env == Env::STAGING).unwrap().alias.clone();
    let candidates = async || {
        let staging = ServiceId::new("staging", "frontend");
        let all = deck.vercel().candidates("maria-web", "staging", &staging, Duration::ZERO).await.unwrap();
        assert!(!all.is_empty());
        all.into_iter().filter(|one| one.current).count()
    };
    assert_eq!(candidates().await, 1);
    point(json!({own: ""}));
    assert_eq!(told("staging").await.0, Some(State::Failing));
    assert_eq!(candidates().await, 0, "nothing serves it: none of them is live");
    // Once something is promoted the pointer follows it again.
    let vercel = deck.vercel();
    vercel.promote("maria-web", &old).await.unwrap();
    deck.pass(5);
    assert_eq!(told("production").await.0, None);
    assert_eq!(vercel.project("maria-web").await.unwrap().production.unwrap().id, old);
    deck.sim.stop().await;
}

#[tokio::test]
async fn an_app_without_machines_carries_no_release() {
    let deck = deck("calm").await;
    deck.sim.shared().world().fly.apps.iter_mut().for_each(|app| app.machines.clear());
    let declared = deck.fly().declared("maria-api").await.unwrap();
    assert_eq!((declared.status, declared.label.as_str(), declared.sha), (Status::Fail, "no machine", None));
    assert_eq!(declared.words.as_str().split(';').next(), Some("there is no machine: no visitor is answered"));
    assert_eq!(declared.claimed, None, "nothing runs that a release could be held against");
    deck.sim.stop().await;
}

#[tokio::test]
async fn logs_variables_pipelines_and_databases_are_readable() {
    let deck = deck("bad-deploy").await;
    deck.pass(24);
    let (production, backend) = (EnvId::from("production"), ServiceId::new("production", "backend"));
    let fly = deck.fly();
    let page = fly.logs("maria-api", &backend, None).await.unwrap();
    assert_eq!(page.lines.len(), 100);
    assert!(!fly.secrets("maria-api", &production).await.unwrap().is_empty());

    let vercel = deck.vercel();
    let newest = &vercel.deployments("maria-web", Some("production"), 5).await.unwrap()[0];
    let events = vercel.build_events(&newest.id, &backend, None).await.unwrap();
    assert!(!events.lines.is_empty() && !events.aliased);
    assert!(!vercel.env("maria-web", Some("preview"), &production).await.unwrap().is_empty());
    assert_eq!(vercel.domains("maria-web").await.unwrap().len(), 3);

    let repository = deck.settings.repository.as_deref().unwrap();
    let github = Github::new(deck.http.clone(), deck.settings.accesses[&Platform::Github].clone(), repository);
    let runs = github.runs(10).await.unwrap();
    assert_eq!(runs[0].words.as_str(), "in_progress");
    let jobs = github.jobs(runs[0].id).await.unwrap();
    assert_eq!((jobs.items.len(), jobs.items[0].words.as_str()), (3, "success"));
    assert!(github.pending_deployments(runs[0].id).await.unwrap().is_empty());
    let range = github.compare(runs[1].sha.as_str(), runs[0].sha.as_str()).await.unwrap();
    assert_eq!(range.commits.len() as u32, range.ahead_by);
    assert_eq!(github.secrets(Some("production"), &production).await.unwrap().len(), 1);
    assert!(!github.variables(None, &production).await.unwrap().is_empty());
    assert!(!github.deployments(Some("production"), 5).await.unwrap().is_empty());

    let supabase = Supabase::new(deck.http.clone(), deck.settings.accesses[&Platform::Supabase].clone());
    let reference = deck.sim.shared().world().supabase.projects[1].reference.clone();
    assert_eq!(supabase.project(&reference).await.unwrap().status.as_str(), "ACTIVE_HEALTHY");
    assert!(supabase.health(&reference).await.unwrap().iter().all(|service| service.status == Status::Ok));
    assert!(supabase.migrations(&reference).await.unwrap().len() >= 3);
    assert!(!supabase.secrets(&reference, &production).await.unwrap().is_empty());
    assert!(!supabase.logs(&reference, &backend, deck.clock.now()).await.unwrap().is_empty());
    deck.sim.stop().await;
}

#[tokio::test]
async fn each_service_declares_what_the_edge_runs_and_lists_where_it_could_go_back_to() {
    let deck = deck("bad-deploy").await;
    let (fly, vercel) = (deck.fly(), deck.vercel());
    for (env, app) in [("production", "maria-api"), ("staging", "maria-api-staging")] {
        let backend = deck.settings.observe.iter().find(|one| one.env.as_str() == env && &*one.service == "backend");
        let observed = observe::observe(&deck.http, backend.unwrap()).await.unwrap();
        let declared = fly.declared(app).await.unwrap();
        assert_eq!(declared.sha, observed.sha, "{env}");
        let service = ServiceId::new(EnvId::from(env), "backend");
        let list = fly.deployments(app, &service, Duration::ZERO).await.unwrap();
        let current: Vec<_> = list.iter().filter(|one| one.current).collect();
        assert_eq!(current.len(), 1);
        assert_eq!((&current[0].label, &current[0].sha), (&declared.label, &declared.sha));

        let frontend = deck.settings.observe.iter().find(|one| one.env.as_str() == env && &*one.service == "frontend");
        let observed = observe::observe(&deck.http, frontend.unwrap()).await.unwrap();
        let declared = vercel.declared("maria-web", env).await.unwrap();
        assert_eq!(declared.sha, observed.sha, "{env}");
        let list = vercel.candidates("maria-web", env, &service, Duration::ZERO).await.unwrap();
        assert_eq!(list.iter().find(|one| one.current).map(|one| &one.id), Some(&declared.deployment));
        assert!(!vercel.env("maria-web", Some(env), &EnvId::from(env)).await.unwrap().is_empty(), "{env}");
    }
    let reference = deck.settings.environments.iter().flat_map(|env| &env.services);
    let reference = reference.filter(|service| &*service.id.name == "database").map(|service| service.resource.clone());
    let supabase = Supabase::new(deck.http.clone(), deck.settings.accesses[&Platform::Supabase].clone());
    for reference in reference {
        let declared = supabase.declared(&reference).await.unwrap();
        assert_ne!(declared.label.as_str(), "no migration");
    }
    deck.sim.stop().await;
}

#[tokio::test]
async fn runs_of_branches_are_read_beyond_the_first_page_and_what_is_not_read_is_not_well() {
    let deck = deck("calm").await;
    let at = deck.clock.now();
    let run = |n: usize, dies_at| BranchRun {
        id: format!("run-{n}"),
        created_at: at - jiff::SignedDuration::from_secs(60 * i64::try_from(n).unwrap() + 60),
        dies_at,
    };
    let branch = |id: &str, runs: Vec<BranchRun>| Branch {
        id: id.to_owned(),
        name: format!("{id}-branch"),
        git_branch: None,
        reference: "abcdefghijklmnopqrst".to_owned(),
        persistent: false,
        created_at: at,
        deletion_at: None,
        runs,
    };
    let supabase = Supabase::new(deck.http.clone(), deck.settings.accesses[&Platform::Supabase].clone());
    let reference = deck.sim.shared().world().supabase.projects[1].reference.clone();
    let told = async |busy: usize| {
        // The quiet branch's only run, which died, is older than all of the busy one's.
        let all = vec![
            branch("busy", (1..=busy).rev().map(|n| run(n, None)).collect()),
            branch("quiet", vec![run(busy + 1, Some("migrate"))]),
        ];
        deck.sim.shared().world().supabase.projects[1].branches = Some(all);
        let looked = supabase.findings(&reference).await;
        looked.into_iter().find(|(name, _)| *name == "branches").unwrap().1.unwrap()
    };
    let dead = told(130).await;
    assert_eq!((dead.status, dead.says.as_str()), (Status::Warn, "quiet-branch: migrate DEAD"));
    let part = told(1_001).await;
    assert_eq!((part.status, part.says.as_str()), (Status::Unknown, "2 of them; more runs not read"));
    deck.sim.stop().await;
}
