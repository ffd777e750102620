//! Supabase: a project sleeps and wakes through the states between, and a branch's runs go step by step.

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, body, world};

async fn ask(world: &World, method: Method, path: &str, sent: Option<Value>) -> reqwest::Response {
    let call =
        world.http.request(method, format!("{}{path}", world.sim.origins().supabase)).bearer_auth(&world.supabase);
    let call = if let Some(sent) = sent { call.json(&sent) } else { call };
    call.send().await.unwrap()
}

#[tokio::test]
async fn a_project_sleeps_and_wakes_through_the_states_between() {
    let world = world("calm").await;
    let path = format!("/v1{}", world.project());
    let status = async || body(ask(&world, Method::GET, &path, None).await).await["status"].clone();
    assert_eq!(status().await, "ACTIVE_HEALTHY");
    let early = ask(&world, Method::POST, &format!("{path}/restore"), None).await;
    assert_eq!(early.status(), 400, "it is awake");
    let paused = ask(&world, Method::POST, &format!("{path}/pause"), None).await;
    assert_eq!((paused.status().as_u16(), paused.text().await.unwrap().as_str()), (200, ""));
    assert_eq!(status().await, "PAUSING");
    assert_eq!(ask(&world, Method::POST, &format!("{path}/pause"), None).await.status(), 400);
    world.advance(11.0).await;
    assert_eq!(status().await, "INACTIVE");
    assert_eq!(ask(&world, Method::POST, &format!("{path}/restore"), None).await.status(), 200);
    assert_eq!(status().await, "RESTORING");
    world.advance(11.0).await;
    assert_eq!(status().await, "ACTIVE_HEALTHY");
    world.sim.stop().await;
}

#[tokio::test]
async fn a_branch_runs_step_by_step_and_a_step_that_dies_ends_the_run() {
    let world = world("calm").await;
    let path = format!("/v1{}", world.project());
    let made = json!({"branch_name": "login", "git_branch": "feature/login"});
    let create = async || ask(&world, Method::POST, &format!("{path}/branches"), Some(made.clone())).await;
    assert_eq!(create().await.status(), 422, "branching is off");
    for project in &mut world.sim.shared().world().supabase.projects {
        project.branches = Some(Vec::new());
    }
    let branch = create().await;
    assert_eq!(branch.status(), 201);
    let id = body(branch).await["id"].as_str().unwrap().to_owned();
    assert_eq!(create().await.status(), 400, "the name is taken");
    let steps = async || {
        let runs = body(ask(&world, Method::GET, &format!("{path}/actions"), None).await).await;
        let steps = runs[0]["run_steps"].as_array().unwrap().clone();
        steps.iter().map(|step| step["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(steps().await[..2], ["RUNNING", "CREATED"]);
    world.advance(15.0).await;
    assert!(steps().await.iter().all(|status| status == "EXITED"));
    let pushed = ask(&world, Method::POST, &format!("/v1/branches/{id}/push"), Some(json!({}))).await;
    assert_eq!(pushed.status(), 201);
    let run = body(pushed).await["workflow_run_id"].as_str().unwrap().to_owned();
    for branch in
        world.sim.shared().world().supabase.projects.iter_mut().flat_map(|one| one.branches.iter_mut().flatten())
    {
        branch.runs.last_mut().unwrap().dies_at = Some("migrate");
    }
    world.advance(15.0).await;
    let found = body(ask(&world, Method::GET, &format!("{path}/actions/{run}"), None).await).await;
    assert_eq!(found["run_steps"][4]["status"], "DEAD");
    assert_eq!(found["run_steps"][5]["status"], "CREATED", "what comes after does not begin");
    let listed = body(ask(&world, Method::GET, &format!("{path}/branches"), None).await).await;
    assert_eq!(listed[0]["status"], "MIGRATIONS_FAILED");
    let log = ask(&world, Method::GET, &format!("{path}/actions/{run}/logs"), None).await.text().await.unwrap();
    assert!(log.contains("migrate DEAD"), "{log}");
    assert_eq!(ask(&world, Method::DELETE, &format!("/v1/branches/{id}?force=false"), None).await.status(), 200);
    let listed = body(ask(&world, Method::GET, &format!("{path}/branches"), None).await).await;
    assert!(listed[0]["deletion_scheduled_at"].is_string());
    assert_eq!(ask(&world, Method::DELETE, &format!("/v1/branches/{id}"), None).await.status(), 200);
    assert_eq!(ask(&world, Method::GET, &format!("/v1/branches/{id}"), None).await.status(), 400);
    world.sim.stop().await;
}
