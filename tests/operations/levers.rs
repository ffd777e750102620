//! Reruns, redeploys, promotions without a workflow, switches and rolling releases, each to its end over HTTP.

use flightdeck::clock::SystemClock;
use flightdeck::domain::confirmation::Level;
use flightdeck::domain::cut_short;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::{DeploymentId, OpId, ServiceId};
use flightdeck::domain::operation::{OpKind, OpState, Operation, Plan, ProjectSwitch, Request};
use flightdeck::store::Store;
use serde_json::{Value, json};

use crate::world::{Console, World};

fn frontend() -> ServiceId {
    ServiceId::new("production", "frontend")
}

/// A request carried out to its end.
async fn done(console: &mut Console, request: Request) -> Operation {
    let plan = console.request("production", request, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    done
}

/// The first reason why a request cannot be.
async fn refused(console: &mut Console, request: Request) -> String {
    let plan = console.request("production", request, None).await.unwrap();
    plan.refusals.first().map(ToString::to_string).unwrap_or_default()
}

async fn page(world: &World) -> reqwest::Response {
    let origins = world.sim.origins();
    reqwest::get(&origins.edge["production"].frontend).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_frontend_answers_nobody_until_it_is_resumed() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    assert_eq!(refused(&mut console, Request::Throw(frontend(), ProjectSwitch::Resume)).await, "it is not paused");
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Pause)).await;
    assert_eq!(page(&world).await.status().as_u16(), 503);
    let why = console
        .fact(|fact| match fact {
            Fact::Declared(id, declared) if id == frontend() && declared.switches.paused => Some(declared.held()),
            _ => None,
        })
        .await;
    assert_eq!(why, "PAUSED");
    assert_eq!(refused(&mut console, Request::Throw(frontend(), ProjectSwitch::Pause)).await, "it is paused already");
    // Who would roll back now is told that no visitor sees it.
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    let told = plan.warnings.iter().any(|one| one.as_str().contains("frontend is paused: visitors get 503"));
    assert!(told, "{:?}", plan.warnings);
    let staging = reqwest::get(&world.sim.origins().edge["staging"].frontend).await.unwrap();
    assert_eq!(staging.status().as_u16(), 200, "its other environments go on");
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Resume)).await;
    assert_eq!(page(&world).await.status().as_u16(), 200);
    console.stop().await;
}

/// Somebody pauses the frontend on Vercel while a rollback is cut short: its end could not be seen, so the way out of the pause is open.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_paused_beside_an_operation_that_was_cut_short_is_resumed_with_a_reason() {
    let world = World::start(20.0).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let (op, now) = (OpId(uuid::Uuid::now_v7()), SystemClock::shared().now());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), "production: backend v2 → v1".into(), now);
    store.begin(&begun).await.unwrap();
    world.sim.shared().world().vercel.project.paused = true;
    let mut console = world.console();
    let resume = || Request::Throw(frontend(), ProjectSwitch::Resume);
    let plan = console.request("production", resume(), None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let [told] = plan.overrides.as_slice() else { panic!("{:?}", plan.overrides) };
    let told = told.words();
    assert!(told.starts_with("not met: no operation of production is cut short: production: backend"), "{told}");
    assert!(told.contains(&format!("flightdeck leave {}", cut_short::name(op))), "{told}");
    console.engine.operate(plan, None);
    let without = console.until(|one| one.kind == OpKind::Resume && one.state.ended()).await;
    assert_eq!(without.state, OpState::Refused, "{without:#?}");
    assert_eq!(page(&world).await.status().as_u16(), 503);
    done(&mut console, resume()).await;
    assert_eq!(page(&world).await.status().as_u16(), 200);
    let open = store.interrupted().await.unwrap();
    assert_eq!(open.iter().map(|one| one.id).collect::<Vec<_>>(), [op], "it is as open as before");
    // Anything else comes after it.
    let unpin = refused(&mut console, Request::Throw(frontend(), ProjectSwitch::Unpin)).await;
    assert!(unpin.contains("comes first"), "{unpin}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_turns_programs_away_and_the_console_says_that_it_is_one() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Challenge)).await;
    assert_eq!(page(&world).await.headers()["x-vercel-mitigated"], "challenge");
    let why = console
        .fact(|fact| match fact {
            Fact::Feed(id, status) if id.to_string().contains("frontend") => match status.state {
                flightdeck::domain::feed::FeedState::Failing { why, .. } => Some(why.to_string()),
                _ => None,
            },
            _ => None,
        })
        .await;
    assert!(why.contains("attack mode"), "{why}");
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Unchallenge)).await;
    assert_eq!(page(&world).await.status().as_u16(), 200);
    console.stop().await;
}

/// Another build of production that is ready and staged: a redeploy of a pinned project.
async fn staged(world: &World, console: &mut Console) -> DeploymentId {
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    assert_eq!(console.carry_out(plan).await.state, OpState::Done);
    let built = done(console, Request::Redeploy(frontend())).await;
    let truth = world.truth().await;
    assert_eq!(truth["environments"]["production"]["services"]["frontend"]["pinned"], true);
    DeploymentId::from(built.follows.unwrap().as_str())
}

async fn configure(world: &World, stages: &Value) {
    let origin = &world.sim.origins().vercel;
    let (token, team) = {
        let state = world.sim.shared().world();
        (state.vercel.token.clone(), state.vercel.team_id.clone())
    };
    let body = json!({"enabled": true, "advancementType": "manual-approval", "stages": stages});
    let url = format!("{origin}/v1/projects/maria-web/rolling-release/config?teamId={team}");
    let call = reqwest::Client::new().patch(url).bearer_auth(token);
    let answer = call.json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_release_is_started_advanced_and_aborted_or_completed() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let canary = staged(&world, &mut console).await;
    let start = || Request::Throw(frontend(), ProjectSwitch::RollOut(canary.clone()));
    let plan = console.request("production", start(), None).await.unwrap();
    let without = console.carry_out(plan).await;
    assert_eq!(without.state, OpState::Failed, "none is configured: {without:#?}");
    assert!(without.outcome.as_str().contains("not configured"), "{}", without.outcome);
    configure(&world, &json!([{"targetPercentage": 10}, {"targetPercentage": 50}, {"targetPercentage": 100}])).await;
    let advance = || Request::Throw(frontend(), ProjectSwitch::Advance(None));
    for lever in [ProjectSwitch::Advance(None), ProjectSwitch::Complete] {
        let none = console.request("production", Request::Throw(frontend(), lever), None).await.unwrap();
        let why = none.refusals[0].as_str();
        assert!(why.starts_with("no rolling release is under way: every visitor gets dpl_"), "{why}");
        let start = "flightdeck rolling start frontend --environment production --deployment dpl_…";
        assert!(why.ends_with(start) && none.warnings.iter().all(|one| !one.is_empty()), "{why}: {:?}", none.warnings);
        let (part, stays) = (&none.parts[0], none.stays[0].as_str());
        assert!(part.from == part.to && part.steps[0].title.as_str() == "nothing is sent", "{none:#?}");
        assert!(stays.ends_with("for every visitor"), "{stays}");
    }
    let begun = done(&mut console, start()).await;
    assert!(begun.steps[0].detail.as_str().starts_with("10%"), "{}", begun.steps[0].detail);
    assert!(refused(&mut console, start()).await.contains("under way"));
    let further = done(&mut console, advance()).await;
    assert!(further.steps[0].detail.as_str().starts_with("50%"), "{}", further.steps[0].detail);
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Abort)).await;
    assert!(refused(&mut console, advance()).await.starts_with("no rolling release is under way"));
    done(&mut console, start()).await;
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Complete)).await;
    let live = &world.truth().await["environments"]["production"];
    assert!(live.to_string().contains(canary.as_str()), "{live}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_release_that_moved_on_is_not_advanced_by_an_old_plan() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let canary = staged(&world, &mut console).await;
    configure(&world, &json!([{"targetPercentage": 10}, {"targetPercentage": 50}, {"targetPercentage": 100}])).await;
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::RollOut(canary))).await;
    let old =
        console.request("production", Request::Throw(frontend(), ProjectSwitch::Advance(None)), None).await.unwrap();
    done(&mut console, Request::Throw(frontend(), ProjectSwitch::Advance(None))).await;
    let refused = console.carry_out(old).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_deployed_anew_with_the_image_that_they_run() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let backend = ServiceId::new("production", "backend");
    let before = world.truth().await["environments"]["production"]["services"]["backend"].clone();
    let again = done(&mut console, Request::Redeploy(backend)).await;
    assert!(again.steps.iter().any(|step| step.title.as_str().starts_with("record a release")));
    let after = world.truth().await["environments"]["production"]["services"]["backend"].clone();
    assert_eq!(before["sha"], after["sha"], "{after}");
    assert_ne!(before["release"], after["release"], "{after}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_rejected_runs_again_and_what_cannot_run_again_says_why() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let promote = console.request("production", Request::Promote, None).await.unwrap();
    let promotion = promote.op;
    console.begins(promote);
    let (run, _) = crate::held(&mut console).await;
    let waiting = refused(&mut console, Request::Rerun { run, failed: false }).await;
    assert!(waiting.contains("not over yet"), "{waiting}");
    let reject = console.request("production", Request::Review { run, approve: false }, None).await.unwrap();
    let rejection = reject.op;
    console.begins(reject);
    let mut over = std::collections::BTreeMap::new();
    while over.len() < 2 {
        let one = console
            .fact(|fact| match fact {
                Fact::Operation(one) if one.state.ended() => Some(*one),
                _ => None,
            })
            .await;
        over.insert(one.id, one.state);
    }
    assert_eq!((over[&promotion], over[&rejection]), (OpState::Failed, OpState::Done));
    let plan = console.request("production", Request::Rerun { run, failed: true }, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let again = plan.op;
    console.begins(plan);
    let (held, _) = crate::held(&mut console).await;
    assert_eq!(held, run, "another attempt of the same run waits");
    let approve = console.request("production", Request::Review { run, approve: true }, None).await.unwrap();
    console.begins(approve);
    let ended = crate::ended(&mut console, again).await;
    assert_eq!(ended.state, OpState::Done, "{ended:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_workflow_image_and_build_are_promoted_on_the_platforms() {
    let world = World::start(20.0).await;
    let without = |text: String| {
        let kept = |line: &&str| !line.starts_with("workflow");
        text.lines().filter(kept).collect::<Vec<_>>().join("\n")
    };
    let mut console = world.console_with(world.state.path(), without);
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert_eq!(plan.parts.len(), 2, "{:#?}", plan.parts);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let truth = &world.truth().await["environments"];
    let commit = |env: &str, service: &str| truth[env]["services"][service]["sha"].clone();
    assert_eq!(commit("production", "backend"), commit("staging", "backend"));
    assert_eq!(commit("production", "frontend"), commit("staging", "frontend"));
    let again = console.request("production", Request::Promote, None).await.unwrap();
    let none =
        |plan: &Plan| ["already runs", "nothing would move"].iter().any(|why| plan.refusals[0].as_str().contains(why));
    assert!(none(&again), "as seen from outside, or by what the platforms say: {:?}", again.refusals);
    // More domains than are looked up stand in nobody's way.
    crate::domains::many(&world);
    let again = console.request("production", Request::Promote, None).await.unwrap();
    assert!(again.refusals[0].as_str().contains("nothing would move"), "{:?}", again.refusals);
    let told = |one: &flightdeck::sanitize::Text| one.as_str().starts_with("frontend");
    assert!(!again.warnings.iter().any(told), "all of them are known: {:?}", again.warnings);
    world.sim.shared().world().vercel.aliases.retain(|alias| !alias.alias.ends_with(".more.test"));
    // Backwards, to another commit than staging's, and pinned by it: the way forward asks for more, or for its own lever.
    let targets = console.targets().await;
    let back = console.plan(targets).await;
    assert_eq!(console.carry_out(back).await.state, OpState::Done);
    let over = console.request("production", Request::Promote, None).await.unwrap();
    assert_eq!(over.level, Level::Critical, "{over:#?}");
    configure(&world, &json!([{"targetPercentage": 10}, {"targetPercentage": 100}])).await;
    let why = console.request("production", Request::Promote, None).await.unwrap_err();
    assert!(why.as_str().contains("rolling releases"), "{why}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_the_proof_as_soon_as_platform_and_edge_tell_it() {
    let world = World::start(20.0).await;
    world.sim.shared().world().vercel.project.paused = true;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    assert!(plan.warnings.iter().any(|one| one.as_str().contains("is paused")), "{:?}", plan.warnings);
    let over = console.carry_out(plan).await;
    // It is there, and nobody is served: that is no end that went well, and no later look tells more.
    assert_eq!(over.state, OpState::ArrivedFailing, "{over:#?}");
    assert!(over.outcome.as_str().contains("is paused: every visitor gets 503"), "{}", over.outcome);
    let took = over.ended_at.unwrap().duration_since(over.started_at);
    assert!(took.as_secs() < 60, "{took:?}");
    console.stop().await;
}
