//! The simulator over HTTP: Fly's state machines and errors, the edge that tells the truth, faults, determinism.

use std::sync::Arc;

use flightdeck::clock::{ManualClock, SharedClock, Timestamp};
use flightdeck::sim::{self, Options, Sim};
use serde_json::{Value, json};

const SEED: u64 = 7;

struct World {
    sim: Sim,
    http: reqwest::Client,
    token: String,
}

async fn world(scenario: &str) -> World {
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let clock: SharedClock = Arc::new(ManualClock::new(start));
    let options =
        Options { listen: "127.0.0.1:0".parse().unwrap(), scenario: scenario.to_owned(), seed: SEED, speed: 1.0 };
    let sim = sim::start(options, clock).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = sim.shared().world().fly.token.clone();
    World {
        sim,
        http: reqwest::Client::builder().user_agent("flightdeck-tests").no_proxy().build().unwrap(),
        token: format!("FlyV1 {token}"),
    }
}

impl World {
    async fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.header("authorization", &self.token).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    fn machines(&self, path: &str) -> String {
        format!("{}/v1/apps/maria-api/machines{path}", self.sim.origins().fly_machines)
    }

    async fn get(&self, url: &str) -> (u16, Value) {
        self.send(self.http.get(url)).await
    }

    async fn post(&self, url: &str, body: Value) -> (u16, Value) {
        self.send(self.http.post(url).json(&body)).await
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(&format!("{}/_sim/{path}", self.sim.control()), body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn advance(&self, seconds: f64) {
        self.control("advance", json!({"seconds": seconds})).await;
    }

    /// Asks, and lets simulated time pass step by step until the answer is there.
    async fn advancing(&self, step: f64, url: &str) -> (u16, Value) {
        let asked = self.get(url);
        tokio::pin!(asked);
        loop {
            tokio::select! {
                answer = &mut asked => return answer,
                () = self.advance(step) => {}
            }
        }
    }

    async fn state(&self) -> Value {
        self.get(&format!("{}/_sim/state", self.sim.control())).await.1
    }

    fn edge(&self, path: &str) -> String {
        format!("{}{path}", self.sim.origins().edge["production"].backend)
    }
}

#[tokio::test]
async fn every_origin_stands_on_its_own_and_the_ready_line_names_them() {
    let world = world("calm").await;
    let line = world.sim.ready_line(None);
    assert_eq!((line["schema"].as_str(), line["config"].is_null()), (Some("flightdeck/sim"), true));
    let origins = line["origins"].as_object().unwrap();
    let mut all: Vec<&str> = origins.values().filter_map(Value::as_str).collect();
    for env in ["staging", "production"] {
        all.extend(origins["edge"][env].as_object().unwrap().values().filter_map(Value::as_str));
    }
    all.push(line["control"].as_str().unwrap());
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 10, "{line}");
    let parsed: toml::Value = toml::from_str(&world.sim.config_toml()).unwrap();
    assert_eq!(parsed["environments"].as_array().unwrap().len(), 2);
    assert_eq!(parsed["platforms"]["fly"]["token"].as_str(), Some(world.token.as_str()));
    world.sim.stop().await;
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let (one, two) = (world("bad-deploy").await, world("bad-deploy").await);
    let mut states = Vec::new();
    for world in [&one, &two] {
        world.advance(40.0).await;
        let mut state = world.state().await;
        state.as_object_mut().unwrap().remove("requests");
        states.push(state);
    }
    assert_eq!(states[0], states[1]);
    one.sim.stop().await;
    two.sim.stop().await;
}

#[tokio::test]
async fn tokens_are_checked_as_fly_checks_them() {
    let world = world("calm").await;
    let url = format!("{}/v1/apps", world.sim.origins().fly_machines);
    let refused = world.http.get(&url).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("fly-request-id"));
    assert_eq!(world.get(&url).await.0, 200);
    let logs = format!("{}/api/v1/apps/maria-api/logs", world.sim.origins().fly_api);
    let bearer = world.token.replace("FlyV1", "Bearer");
    let refused = world.http.get(&logs).header("authorization", bearer).send().await.unwrap();
    assert_eq!(refused.status(), 401, "a macaroon under Bearer");
    assert_eq!(world.get(&logs).await.1["data"].as_array().unwrap().len(), 100);
    world.sim.stop().await;
}

#[tokio::test]
async fn a_leased_machine_is_updated_by_the_holder_alone() {
    let world = world("calm").await;
    let machine = world.get(&world.machines("")).await.1[0].clone();
    let url = world.machines(&format!("/{}", machine["id"].as_str().unwrap()));
    let (status, lease) = world.post(&format!("{url}/lease?ttl=30"), json!({})).await;
    assert_eq!((status, lease["status"].as_str()), (201, Some("success")));
    let nonce = lease["data"]["nonce"].as_str().unwrap().to_owned();
    let body = json!({"config": machine["config"], "current_version": machine["instance_id"]});

    let (status, answer) = world.post(&url, body.clone()).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().contains("lease currently held by"), "{answer}");
    // One update a second, three at once.
    world.advance(1.0).await;

    let held = |body: &Value| world.http.post(&url).header("fly-machine-lease-nonce", &nonce).json(body);
    let stale = json!({"config": machine["config"], "current_version": "01OLD"});
    assert_eq!(world.send(held(&stale)).await.0, 412);
    let (status, updated) = world.send(held(&body)).await;
    assert_eq!((status, updated["state"].as_str()), (200, Some("replacing")));
    assert_ne!(updated["instance_id"], machine["instance_id"]);
    assert_eq!(world.send(held(&body)).await.0, 409, "a concurrent update");
    assert_eq!(world.send(held(&body)).await.0, 429, "too many");

    world.advance(31.0).await;
    assert_eq!(world.get(&format!("{url}/lease")).await.0, 404, "expired");
    world.sim.stop().await;
}

#[tokio::test]
async fn wait_times_out_and_succeeds_on_the_simulators_time() {
    let world = world("calm").await;
    let machine = world.get(&world.machines("")).await.1[0].clone();
    let url = world.machines(&format!("/{}", machine["id"].as_str().unwrap()));
    let (_, updated) = world.post(&url, json!({"config": machine["config"]})).await;
    let version = updated["instance_id"].as_str().unwrap();
    let wait = format!("{url}/wait?state=started&version={version}&timeout=1");

    let (status, answer) = world.advancing(0.25, &wait).await;
    assert_eq!(status, 408, "{answer}");
    assert!(answer["error"].as_str().unwrap().starts_with("deadline_exceeded"), "{answer}");

    let (status, answer) = world.advancing(0.25, &wait).await;
    assert_eq!((status, answer["version"].as_str()), (200, Some(version)));
    let (_, fresh) = world.get(&url).await;
    assert_eq!(fresh["checks"], json!([]), "unchecked is not passing");
    world.advance(1.0).await;
    assert_eq!(world.get(&url).await.1["checks"][0]["status"], "passing");
    world.sim.stop().await;
}

#[tokio::test]
async fn the_bad_deploy_is_mixed_then_broken_while_fly_calls_it_complete() {
    let world = world("bad-deploy").await;
    let before = world.http.get(world.edge("/health")).send().await.unwrap();
    assert_eq!(before.status(), 200);
    let old = before.headers()["x-release"].to_str().unwrap().to_owned();

    world.advance(25.5).await;
    let state = world.state().await;
    let backend = &state["environments"]["production"]["services"]["backend"];
    assert_eq!((backend["mixed"].as_bool(), backend["release"]["status"].as_str()), (Some(true), Some("running")));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let answer: Value = world.http.get(world.edge("/version")).send().await.unwrap().json().await.unwrap();
        seen.insert(answer["commit"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 2, "both versions answer during the roll");

    world.advance(15.0).await;
    let releases = format!("{}/api/v1/apps/maria-api/releases?limit=1", world.sim.origins().fly_api);
    let (_, answer) = world.get(&releases).await;
    assert_eq!(answer["releases"][0]["status"], "complete");
    // The broken backend is slow, too: simulated time has to pass before it answers.
    let client = world.http.clone();
    let asked = client.get(world.edge("/health")).send();
    tokio::pin!(asked);
    let health = loop {
        tokio::select! {
            answer = &mut asked => break answer.unwrap(),
            () = world.advance(0.2) => {}
        }
    };
    assert_eq!(health.status(), 503);
    assert_ne!(health.headers()["x-release"].to_str().unwrap(), old);
    let logs = format!("{}/api/v1/apps/maria-api/logs", world.sim.origins().fly_api);
    let (_, page) = world.get(&logs).await;
    assert!(page.to_string().contains("psycopg.OperationalError"));
    let staging = &world.state().await["environments"]["staging"]["services"]["backend"];
    assert_eq!(staging["healthy"], true);
    world.sim.stop().await;
}

#[tokio::test]
async fn graphql_lists_releases_and_says_which_images_are_gone() {
    let world = world("calm").await;
    let url = format!("{}/graphql", world.sim.origins().fly_api);
    let query = "query($name: String!) { app(name: $name) { releasesUnprocessed(first: 25) { nodes { version status imageRef } } } }";
    let (_, answer) = world.post(&url, json!({"query": query, "variables": {"name": "maria-api"}})).await;
    let nodes = answer["data"]["app"]["releasesUnprocessed"]["nodes"].as_array().unwrap();
    assert_eq!((nodes[0]["version"].as_u64(), nodes.len()), (Some(41), 6));
    let query = "query($name: String!, $ref: String!) { app(name: $name) { image(ref: $ref) { digest } } }";
    let mut found = Vec::new();
    for node in nodes {
        let variables = json!({"name": "maria-api", "ref": node["imageRef"]});
        let (_, answer) = world.post(&url, json!({"query": query, "variables": variables})).await;
        found.push(answer["data"]["app"]["image"].is_object());
    }
    assert_eq!(found, [true, true, true, true, true, false], "the oldest is pruned");
    let (_, answer) = world.post(&url, json!({"query": "{ app(name: \"maria-api\") { nonsense } }"})).await;
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("nonsense"));
    world.sim.stop().await;
}

#[tokio::test]
async fn logs_page_without_gaps_and_without_repeats() {
    let world = world("calm").await;
    let base = format!("{}/api/v1/apps/maria-api/logs", world.sim.origins().fly_api);
    let (_, first) = world.get(&base).await;
    let mut token = first["meta"]["next_token"].as_str().unwrap().to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..60 {
        world.advance(1.0).await;
        let (_, page) = world.get(&format!("{base}?next_token={token}")).await;
        for line in page["data"].as_array().unwrap() {
            assert!(seen.insert(line["id"].as_str().unwrap().to_owned()), "a line came twice");
        }
        token = page["meta"]["next_token"].as_str().unwrap().to_owned();
    }
    let all = {
        let held = world.sim.shared().world();
        let start = held.start;
        held.fly.app("maria-api").unwrap().logs.iter().filter(|line| line.at > start).count()
    };
    assert_eq!(seen.len(), all);
    assert!(all > 300, "{all} lines in a minute");
    world.sim.stop().await;
}

#[tokio::test]
async fn faults_happen_as_often_as_asked_and_requests_are_counted() {
    let world = world("calm").await;
    let url = format!("{}/v1/apps", world.sim.origins().fly_machines);
    world.control("faults", json!({"platform": "fly", "kind": "status", "status": 500, "count": 2})).await;
    let statuses = [world.get(&url).await.0, world.get(&url).await.0, world.get(&url).await.0];
    assert_eq!(statuses, [500, 500, 200]);

    world.control("faults", json!({"platform": "fly_machines", "route": "/v1/apps", "kind": "html", "count": 1})).await;
    let page = world.http.get(&url).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()),
        (502, "text/html; charset=utf-8")
    );

    world.control("faults", json!({"platform": "*", "kind": "reset", "count": 1})).await;
    let broken = world.http.get(&url).send().await;
    assert!(broken.is_err() || broken.unwrap().bytes().await.is_err());

    world.control("faults", json!({"platform": "edge", "kind": "status", "status": 429, "seconds": 5})).await;
    assert_eq!(world.get(&world.edge("/health")).await.0, 429);
    world.advance(6.0).await;
    assert_eq!(world.get(&world.edge("/health")).await.0, 200);

    let (status, _) = world.post(&format!("{}/_sim/faults", world.sim.control()), json!({"platform": "fly"})).await;
    assert_eq!(status, 400);
    let state = world.state().await;
    assert_eq!(state["requests"]["fly_machines"]["GET /v1/apps"], 5);
    world.sim.stop().await;
}

#[tokio::test]
async fn events_change_the_world_now() {
    let world = world("calm").await;
    let deploy = json!({"kind": "deploy", "environment": "production", "service": ["frontend"], "commit": "next"});
    world.control("events", deploy).await;
    world.control("events", json!({"kind": "secret_set", "name": "SENTRY_DSN", "value": "x"})).await;
    world.control("events", json!({"kind": "unhealthy", "environment": "staging", "error": "OOM"})).await;
    world.advance(12.0).await;
    let state = world.state().await;
    let services = |env: &str| state["environments"][env]["services"].clone();
    assert_eq!(services("production")["frontend"]["sha"], services("staging")["frontend"]["sha"]);
    assert_eq!(services("staging")["backend"]["healthy"], false);
    let names = state["environments"]["production"]["secrets"]["fly"].to_string();
    assert!(names.contains("SENTRY_DSN"), "{names}");
    world.sim.stop().await;
}

#[tokio::test]
async fn an_unknown_scenario_is_a_usage_error() {
    let clock: SharedClock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let options = Options { listen: "127.0.0.1:0".parse().unwrap(), scenario: "nope".to_owned(), seed: 1, speed: 1.0 };
    let error = sim::start(options, clock).await.err().unwrap();
    assert!(error.what.contains("known: calm, flood, gated, stuck-gate, silent, bad-deploy"), "{error}");
}

#[tokio::test]
async fn a_dispatched_production_run_waits_for_an_approval_and_then_deploys() {
    let mut world = world("calm").await;
    let (token, sha) = {
        let held = world.sim.shared().world();
        (held.github.token.clone(), held.commits[10].sha.clone())
    };
    let repo = format!("{}/repos/acme/maria-ai-agent", world.sim.origins().github);
    assert_eq!(world.get(&format!("{repo}/actions/runs")).await.0, 401, "Fly's token is no token of GitHub");
    world.token = format!("Bearer {token}");
    let url = format!("{repo}/actions/workflows/deploy-production.yml/dispatches");
    assert_eq!(world.post(&url, json!({"ref": "main", "inputs": {"sha": sha}})).await.0, 204);
    world.advance(30.0).await;
    let (_, runs) = world.get(&format!("{repo}/actions/runs?per_page=1")).await;
    let run = &runs["workflow_runs"][0];
    assert_eq!((run["status"].as_str(), run["head_sha"].as_str()), (Some("waiting"), Some(sha.as_str())));
    assert_eq!(world.state().await["environments"]["production"]["gates"].as_array().unwrap().len(), 1);

    let pending = format!("{repo}/actions/runs/{}/pending_deployments", run["id"]);
    let (_, gates) = world.get(&pending).await;
    assert_eq!(gates[0]["current_user_can_approve"], true);
    let answer = json!({"environment_ids": [gates[0]["environment"]["id"]], "state": "approved", "comment": "go"});
    assert_eq!(world.post(&pending, answer.clone()).await.0, 200);
    assert_eq!(world.post(&pending, answer).await.0, 422, "answered already");
    world.advance(30.0).await;
    let state = world.state().await;
    let services = &state["environments"]["production"]["services"];
    assert_eq!((services["backend"]["sha"].as_str(), services["frontend"]["sha"].as_str()), (Some(&*sha), Some(&*sha)));
    assert_eq!(services["backend"]["healthy"], true);
    world.sim.stop().await;
}

#[tokio::test]
async fn the_truth_is_what_visitors_find_and_its_history_is_exact_through_jumps() {
    let world = world("bad-deploy").await;
    let truth = async |seconds: u32| {
        let url = format!("{}/_sim/truth?seconds={seconds}", world.sim.control());
        world.get(&url).await.1
    };
    let production = |truth: &Value| truth["environments"]["production"].clone();
    let calm = production(&truth(0).await);
    assert_eq!((&calm["state"], &calm["under_way"]), (&json!("healthy"), &json!(false)), "{calm}");
    // One jump over the whole deploy.
    world.advance(60.0).await;
    let after = truth(60).await;
    let history = after["history"].as_array().unwrap();
    let of = |service: Value| -> Vec<String> {
        let mine = history.iter().filter(|one| one["environment"] == "production" && one["service"] == service);
        mine.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    };
    // The first machine fails while the second is replaced; then the proxy sends everybody to the second, until that fails too.
    assert_eq!(of(json!("backend")), ["healthy", "deploying", "failing", "degraded", "failing"]);
    assert_eq!(of(json!("frontend")), ["healthy"], "domains move at once when a build is done");
    assert_eq!(of(Value::Null).last().unwrap(), "failing");
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let failed = history.iter().rfind(|one| one["service"] == "backend" && one["state"] == "failing").unwrap();
    let failed: Timestamp = failed["at"].as_str().unwrap().parse().unwrap();
    {
        let held = world.sim.shared().world();
        let best = |from| held.best_since(sim::world::Env::PRODUCTION, Some("backend"), from);
        assert_eq!(best(held.now), sim::world::truth::State::Failing);
        assert_eq!(best(failed), sim::world::truth::State::Failing, "since that very moment");
        let before = failed - std::time::Duration::from_nanos(1);
        assert_eq!(best(before), sim::world::truth::State::Degraded);
        assert_eq!(best(start), sim::world::truth::State::Healthy);
    }

    // A platform that calls it a success while the machines went back, and the frontend did not.
    let world = self::world("calm").await;
    world.control("events", json!({"kind": "fallback"})).await;
    let deploy = json!({"kind": "deploy", "service": ["backend", "frontend"], "commit": "next"});
    world.control("events", deploy).await;
    world.advance(30.0).await;
    let truth = world.get(&format!("{}/_sim/truth", world.sim.control())).await.1;
    let after = production(&truth);
    assert_eq!((&after["state"], &after["services_state"]), (&json!("mixed"), &json!("healthy")), "{after}");
    assert_eq!(after["services"]["backend"]["platform_state"], "complete");
    let domains = json!({"platform": "vercel", "resource": "project", "paused": true});
    world.control("state", domains).await;
    let paused = production(&world.get(&format!("{}/_sim/truth", world.sim.control())).await.1);
    assert_eq!((&paused["state"], &paused["services"]["frontend"]["paused"]), (&json!("failing"), &json!(true)));
    world.sim.stop().await;
}
