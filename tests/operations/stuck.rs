//! A step that stays silent, or goes on for too long, through a whole operation: marked on the screen while it is so, and not afterwards.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::model::Model;
use flightdeck::app::msg::{Msg, Now};
use flightdeck::app::update;
use flightdeck::clock::{Clock as _, SystemClock};
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::{OpId, ServiceId};
use flightdeck::domain::operation::{OpKind, OpState, Operation, PIPELINE, Request, StepKind, StepReport, StepState};
use flightdeck::domain::step_durations;
use flightdeck::sanitize::Text;
use flightdeck::store::Store;
use flightdeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use crate::world::{Ahead, PATIENCE, World, backend};

/// Operations of the past, one for each of these times that such a step took, in seconds.
async fn past(world: &World, kind: OpKind, (service, step): (&str, StepKind), took: &[u64]) {
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    for seconds in took {
        let end = SystemClock::new().now();
        let start = end - Duration::from_secs(*seconds);
        let id = OpId(uuid::Uuid::now_v7());
        let begun = Operation::begun(id, kind, "production".into(), Text::from("before"), start);
        let done = StepReport {
            service: ServiceId::new("production", service),
            kind: step,
            title: Text::default(),
            state: StepState::Done,
            detail: Text::default(),
            started_at: Some(start),
            spoke_at: Some(start),
            ended_at: Some(end),
            pace: None,
        };
        let ended = Operation { steps: vec![done], state: OpState::Done, ended_at: Some(end), ..begun };
        store.begin(&ended).await.unwrap();
        store.end(&ended).await.unwrap();
    }
}

/// The screen with an operation under way, at this moment.
fn screen(settings: &Settings, operation: &Operation, clock: &Ahead) -> String {
    let now = Now { wall: clock.now(), mono: clock.mono() };
    let mut model = Model::new(settings, now);
    drop(update(&mut model, Msg::Fact(Fact::Operation(Box::new(operation.clone()))), now));
    let mut terminal = Terminal::new(TestBackend::new(160, 45)).unwrap();
    let theme = Theme::load(&settings.ui);
    terminal.draw(|frame| drop(flightdeck::ui::draw(&model, &theme, frame, now))).unwrap();
    let buffer = terminal.backend().buffer();
    (0..160).map(|x| buffer[(x, 0)].symbol()).collect()
}

fn stuck(operation: &Operation, clock: &Ahead) -> Vec<StepKind> {
    let steps = operation.steps.iter();
    steps.filter(|step| step_durations::stuck(step, clock.now()).is_some()).map(|step| step.kind).collect()
}

fn settings(world: &World) -> Settings {
    parse(&world.sim.config_toml(), None, &Flags::default(), &|_| None).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_silent_for_longer_than_such_steps_take_is_marked_until_it_goes_on() {
    let world = World::start(20.0).await;
    past(&world, OpKind::Restart, ("backend", StepKind::RestartMachine), &[2, 3, 4, 5, 6, 20]).await;
    let clock = Ahead::shared();
    let mut console = world.console_at(Arc::clone(&clock), |text| text);
    let request = Request::Restart(backend());
    let plan = console.request("production", request, None).await.unwrap();
    let op = plan.op;
    // The platform does not say that the machine has started again.
    world
        .fault(&json!({"platform": "fly_machines", "route": "/wait", "count": 1, "kind": "latency", "ms": 86_400_000}))
        .await;
    console.begins(plan);
    let waits = async { while world.requests("fly_machines", "GET /v1/apps/{app}/machines/{id}/wait").await == 0 {} };
    tokio::time::timeout(PATIENCE, waits).await.unwrap();
    let under_way = console.until(|one| one.id == op && one.steps[0].state == StepState::Running).await;
    assert_eq!(under_way.steps[0].pace.map(|pace| (pace.seen, pace.p95.as_secs())), Some((6, 20)));
    let settings = settings(&world);
    clock.jump(Duration::from_secs(10));
    assert_eq!(stuck(&under_way, &clock), [], "such steps have taken as long");
    assert!(!screen(&settings, &under_way, &clock).contains("stuck?"));
    clock.jump(Duration::from_secs(11));
    assert_eq!(stuck(&under_way, &clock), [StepKind::RestartMachine]);
    assert!(screen(&settings, &under_way, &clock).contains("restart production stuck?"));
    // It goes on: the mark is gone.
    world.sim.shared().advance(Duration::from_secs(86_400));
    let next = console.until(|one| one.id == op && one.steps[1].state == StepState::Running).await;
    assert_eq!(stuck(&next, &clock), []);
    let done = console.until(|one| one.id == op && one.state.ended()).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert_eq!(stuck(&done, &clock), [], "what is over is not stuck");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_speaks_and_runs_for_twice_as_long_as_any_is_marked() {
    let world = World::start(1.0).await;
    past(&world, OpKind::Promote, (PIPELINE, StepKind::FollowRun), &[50, 50, 50, 50, 50]).await;
    world.sim.shared().world().github.environments.iter_mut().for_each(|one| one.reviewers.clear());
    let clock = Ahead::shared();
    let mut console = world.console_at(Arc::clone(&clock), |text| text);
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    let op = plan.op;
    console.begins(plan);
    let follows = |one: &Operation| {
        let step = one.steps.iter().find(|step| step.kind == StepKind::FollowRun);
        step.is_some_and(|step| step.state == StepState::Running && !step.detail.is_empty())
    };
    let first = console.until(|one| one.id == op && follows(one)).await;
    clock.jump(Duration::from_secs(49));
    assert_eq!(stuck(&first, &clock), []);
    clock.jump(Duration::from_secs(51));
    // Its jobs go on, so that it speaks again; it runs for too long all the same.
    let told = |one: &Operation| one.steps.iter().find(|step| step.kind == StepKind::FollowRun).unwrap().detail.clone();
    let before = told(&first);
    let mut spoke = None;
    for _ in 0..100 {
        world.sim.shared().advance(Duration::from_secs(1));
        // Of two looks the second began after that, and what the first told is in the lane.
        world.asked("github", "GET /repos/{owner}/{repo}/actions/runs/{id}/jobs", 2).await;
        while let Ok(fact) = console.lanes.control.try_recv() {
            let Fact::Operation(one) = fact else { continue };
            if one.id == op && follows(&one) && told(&one) != before {
                spoke = Some(one);
            }
        }
        if spoke.is_some() {
            break;
        }
    }
    let spoke = spoke.unwrap();
    let step = spoke.steps.iter().find(|step| step.kind == StepKind::FollowRun).unwrap();
    let silent = Duration::try_from(clock.now().duration_since(step.spoke_at.unwrap())).unwrap();
    assert!(silent < Duration::from_secs(50), "it spoke: {silent:?}");
    assert_eq!(stuck(&spoke, &clock), [StepKind::FollowRun]);
    assert!(screen(&settings(&world), &spoke, &clock).contains("stuck?"));
    console.stop().await;
}
