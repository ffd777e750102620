//! Runs that wait while many newer ones begin and end.

use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::Request;
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::{Env, Health};

use crate::world::World;

/// More than any list of newest runs holds.
const NEWER: usize = 130;

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_stands_however_many_runs_are_newer_and_its_end_is_seen() {
    let world = World::start(20.0).await;
    let id = {
        let mut state = world.sim.shared().world();
        let (now, commit) = (state.now, state.commits.len() - 1);
        let id = state.deploy(Deploy {
            env: Env::PRODUCTION,
            commit,
            backend: true,
            frontend: true,
            health: Health::good(),
            gated: true,
            event: "workflow_dispatch".to_owned(),
            actor: Some("ines".to_owned()),
        });
        let run = state.github.run_mut(id).unwrap();
        // It has waited since yesterday.
        run.created_at = now - jiff::SignedDuration::from_hours(24);
        run.gate.as_mut().unwrap().opens_at = run.created_at;
        for _ in 0..NEWER {
            state.check_push(commit, None);
        }
        id
    };
    let mut console = world.console();
    let found = |fact: Fact| match fact {
        Fact::Pipeline(runs) => runs.into_iter().find(|run| run.id == id),
        _ => None,
    };
    let run = console.fact(found).await;
    assert_eq!(run.gates.len(), 1, "{run:#?}");
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    let told = |words: &str| plan.warnings.iter().any(|warning| warning.as_str().contains(words));
    assert!(told(&format!("#{}", run.number.0)), "a new run meets it: {:?}", plan.warnings);
    {
        let mut state = world.sim.shared().world();
        let now = state.now;
        state.github.run_mut(id).unwrap().canceled_at = Some(now);
    }
    console.fact(|fact| found(fact).filter(|run| run.over())).await;
    console.stop().await;
}
