//! What is kept of runs, who may deploy from where, checks that hold a promotion, and the smaller doors of Supabase.

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, body, header, world};

impl World {
    async fn send(&self, method: Method, url: String, token: &str, sent: Option<Value>) -> (u16, Value) {
        let call = self.http.request(method, url).bearer_auth(token).header("user-agent", "tests");
        let call = if let Some(sent) = sent { call.json(&sent) } else { call };
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), body(answer).await)
    }

    async fn to_supabase(&self, method: Method, path: &str, sent: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1{}{path}", self.sim.origins().supabase, self.project());
        self.send(method, url, &self.supabase, sent).await
    }

    async fn to_vercel(&self, method: Method, path: &str, sent: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.sim.origins().vercel);
        self.send(method, url, &self.vercel, sent).await
    }
}

#[tokio::test]
async fn pushes_and_pull_requests_are_checked_by_backend_and_frontend() {
    let world = world("calm").await;
    let runs = async || world.github("/actions/workflows/ci.yml/runs?per_page=100").await["workflow_runs"].clone();
    let seeded = runs().await;
    let seeded = seeded.as_array().unwrap();
    let of = |event: &str| seeded.iter().filter(|run| run["event"] == event).count();
    assert_eq!((of("push"), of("push") < of("pull_request") * 2), (12, true));
    let pull = seeded.iter().find(|run| run["event"] == "pull_request").unwrap();
    assert_ne!(pull["head_branch"], "main");
    assert!(pull["pull_requests"][0]["number"].is_u64(), "{pull}");
    assert!(seeded.iter().any(|run| run["conclusion"] == "failure"), "one was red before its fix");

    let push = json!({"kind": "push", "service": ["frontend"], "healthy": false});
    let events = format!("{}/_sim/events", world.sim.control());
    assert_eq!(world.http.post(events).json(&push).send().await.unwrap().status(), 200);
    world.advance(20.0).await;
    let run = runs().await[0].clone();
    assert_eq!((&run["status"], &run["event"]), (&json!("in_progress"), &json!("push")));
    let early = world.repo(&format!("/actions/runs/{}/logs", run["id"])).send().await.unwrap();
    assert_eq!(early.status(), 404, "a run that is not over has no archive");
    world.advance(60.0).await;
    let run = runs().await[0].clone();
    assert_eq!(run["conclusion"], "failure");
    let jobs = world.github(&format!("/actions/runs/{}/jobs", run["id"])).await["jobs"].clone();
    assert_eq!((&jobs[0]["conclusion"], &jobs[1]["conclusion"]), (&json!("success"), &json!("failure")));
    let steps = jobs[1]["steps"].as_array().unwrap();
    let failing: Vec<&Value> = steps.iter().filter(|step| step["conclusion"] == "failure").collect();
    assert_eq!((failing.len(), &failing[0]["name"]), (1, &json!("Type check")));
    let redirect = world.repo(&format!("/actions/jobs/{}/logs", jobs[1]["id"])).send().await.unwrap();
    let log = world.http.get(header(&redirect, "location")).send().await.unwrap().text().await.unwrap();
    let line = log.lines().find(|line| line.contains("error TS2339")).unwrap();
    assert_eq!(line.split(' ').next().unwrap().len(), "2026-11-20T09:00:00.0000000Z".len(), "{line}");
    assert!(log.ends_with("##[error]Process completed with exit code 1.\n"));

    let redirect = world.repo(&format!("/actions/runs/{}/logs", run["id"])).send().await.unwrap();
    assert_eq!(redirect.status(), 302);
    let archive = world.http.get(header(&redirect, "location")).send().await.unwrap().bytes().await.unwrap();
    let holds = |name: &str| archive.windows(name.len()).any(|part| part == name.as_bytes());
    assert!(archive.starts_with(b"PK\x03\x04") && holds("1_frontend.txt") && holds("frontend/6_Type check.txt"));
    let artifacts = world.github(&format!("/actions/runs/{}/artifacts", run["id"])).await;
    assert_eq!(
        (&artifacts["total_count"], &artifacts["artifacts"][0]["name"]),
        (&json!(1), &json!("backend-test-results"))
    );
    world.sim.stop().await;
}

#[tokio::test]
async fn a_gate_remembers_who_answered_and_an_environment_which_branches_it_takes() {
    let world = world("gated").await;
    world.advance(40.0).await;
    let run = world.github("/actions/workflows/deploy-production.yml/runs").await["workflow_runs"][0]["id"].clone();
    assert_eq!(world.github(&format!("/actions/runs/{run}/approvals")).await, json!([]));
    let pending = format!("/actions/runs/{run}/pending_deployments");
    let env = world.github(&pending).await[0]["environment"]["id"].clone();
    let answer = json!({"environment_ids": [env], "state": "approved", "comment": "ship it"});
    let sent = world.on_github(Method::POST, &format!("/repos/acme/maria-ai-agent{pending}")).json(&answer);
    assert_eq!(sent.send().await.unwrap().status(), 200);
    let said = world.github(&format!("/actions/runs/{run}/approvals")).await;
    assert_eq!((&said[0]["state"], &said[0]["comment"]), (&json!("approved"), &json!("ship it")));
    assert_eq!(
        (&said[0]["user"]["login"], &said[0]["environments"][0]["name"]),
        (&json!("inesduarte"), &json!("production"))
    );

    let place = world.github("/environments/production").await;
    assert_eq!(place["deployment_branch_policy"]["custom_branch_policies"], true);
    let policies = world.github("/environments/production/deployment-branch-policies").await;
    assert_eq!(policies["branch_policies"][0]["name"], "main");
    assert_eq!(world.github("/environments/staging/deployment-branch-policies").await["total_count"], 0);
    let rules = world.github("/environments/production/deployment_protection_rules").await;
    assert_eq!(rules, json!({"total_count": 0, "custom_deployment_protection_rules": []}));
    world.sim.stop().await;
}

#[tokio::test]
async fn every_address_of_github_leads_back_to_where_its_client_came_from() {
    let world = world("calm").await;
    let origin = world.sim.origins().github.clone();
    let port = origin.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let base = format!("http://{host}:{port}");
        let path = format!("{base}/repos/acme/maria-ai-agent/actions/runs?per_page=2");
        let answer = world.http.get(path).bearer_auth(&world.github).header("user-agent", "t").send().await.unwrap();
        assert!(header(&answer, "link").starts_with(&format!("<{base}/")), "{}", header(&answer, "link"));
        let text = answer.text().await.unwrap();
        assert!(!text.contains("https://api.github.com") && !text.contains(".000"), "{text}");
        let runs: Value = serde_json::from_str(&text).unwrap();
        let jobs = runs["workflow_runs"][0]["jobs_url"].as_str().unwrap();
        assert!(jobs.starts_with(&base), "{jobs}");
        let followed = world.http.get(jobs).bearer_auth(&world.github).header("user-agent", "t").send().await.unwrap();
        assert_eq!(body(followed).await["jobs"][0]["run_url"].as_str().map(|url| url.starts_with(&base)), Some(true));
    }
    world.advance(0.123_456).await;
    let made = json!({"ref": "main", "inputs": {}, "return_run_details": true});
    let path = "/repos/acme/maria-ai-agent/actions/workflows/deploy-production.yml/dispatches";
    let made = body(world.on_github(Method::POST, path).json(&made).send().await.unwrap()).await;
    let run = world.github(&format!("/actions/runs/{}", made["workflow_run_id"])).await;
    assert_eq!(run["created_at"], "2026-11-20T09:00:00Z", "whole seconds");
    world.sim.stop().await;
}

#[tokio::test]
async fn a_check_holds_a_promotion_until_it_is_well_and_unscoped_calls_are_the_default_teams() {
    let world = world("calm").await;
    let checks = "/v2/projects/maria-web/checks";
    let define = json!({"name": "flightdeck", "blocks": "deployment-promotion", "targets": ["production"]});
    let (status, check) = world.to_vercel(Method::POST, checks, Some(define)).await;
    assert_eq!((status, &check["blocks"], &check["timeout"]), (200, &json!("deployment-promotion"), &json!(300)));
    assert_eq!(world.to_vercel(Method::GET, checks, None).await.1["checks"], json!([check]));
    let odd = json!({"name": "odd", "blocks": "everything"});
    assert_eq!(world.to_vercel(Method::POST, checks, Some(odd)).await.0, 400);

    let to = world.candidates().await.remove(0);
    let runs = format!("/v2/deployments/{to}/check-runs");
    let begun = world.to_vercel(Method::POST, &runs, Some(json!({"checkId": check["id"]}))).await.1;
    assert_eq!((&begun["status"], begun.get("conclusion")), (&json!("queued"), None));
    let promote = format!("/v10/projects/maria-web/promote/{to}");
    assert_eq!(world.to_vercel(Method::POST, &promote, Some(json!({}))).await.0, 422, "held");
    let run = format!("{runs}/{}", begun["id"].as_str().unwrap());
    let done = json!({"status": "completed", "conclusion": "succeeded", "conclusionText": "approved by hand"});
    assert_eq!(world.to_vercel(Method::PATCH, &run, Some(done)).await.1["conclusion"], "succeeded");
    let logs = world.on_vercel(Method::GET, &format!("{run}/logs")).await.text().await.unwrap();
    assert!(logs.lines().last().unwrap().contains("\"eof\""), "{logs}");
    assert_eq!(world.to_vercel(Method::POST, &promote, Some(json!({}))).await.0, 201);
    let slow = world.to_vercel(Method::POST, &runs, Some(json!({"checkId": check["id"]}))).await.1;
    world.advance(301.0).await;
    let slow = world.to_vercel(Method::GET, &format!("{runs}/{}", slow["id"].as_str().unwrap()), None).await.1;
    assert_eq!(slow["conclusion"], "timeout");

    let (status, wrong) = world.to_vercel(Method::GET, "/v7/deployments?limit=many", None).await;
    assert_eq!((status, &wrong["error"]["code"]), (400, &json!("bad_request")));
    let alias = world.vercel(&format!("/v2/deployments/{to}/aliases")).await["aliases"][0]["created"].clone();
    assert_eq!(alias.as_str().map(str::len), Some("2026-11-20T09:00:00.700Z".len()), "{alias}");
    world.sim.shared().world().vercel.default_team = false;
    assert_eq!(world.to_vercel(Method::GET, "/v9/projects/maria-web", None).await.0, 404, "the personal scope");
    world.sim.stop().await;
}

#[tokio::test]
async fn supabase_has_its_smaller_doors_and_logs_answer_what_was_selected() {
    let world = world("calm").await;
    let set = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    assert_eq!(world.to_supabase(Method::POST, "/secrets", Some(set)).await.0, 201);
    assert_eq!(world.to_supabase(Method::DELETE, "/secrets", Some(json!(["A", "nobody"]))).await, (200, Value::Null));
    let names = world.to_supabase(Method::GET, "/secrets", None).await.1.to_string();
    assert!(!names.contains("\"A\"") && names.contains("\"B\""), "{names}");

    let ssl = json!({"requestedConfig": {"database": false}});
    let off = world.to_supabase(Method::PUT, "/ssl-enforcement", Some(ssl)).await;
    assert_eq!(off, (200, json!({"currentConfig": {"database": false}, "appliedSuccessfully": true})));
    assert_eq!(
        world.to_supabase(Method::GET, "/network-restrictions", None).await.1["config"]["dbAllowedCidrs"][0],
        "0.0.0.0/0"
    );
    let narrow = json!({"dbAllowedCidrs": ["203.0.113.0/24"]});
    let (status, applied) = world.to_supabase(Method::POST, "/network-restrictions/apply", Some(narrow)).await;
    assert_eq!(
        (status, &applied["config"]),
        (201, &json!({"dbAllowedCidrs": ["203.0.113.0/24"], "dbAllowedCidrsV6": []}))
    );

    let query = async |sql: &str| {
        world.to_supabase(Method::POST, "/database/query/read-only", Some(json!({"query": sql}))).await
    };
    let (status, rows) =
        query("select version, name from supabase_migrations.schema_migrations order by version desc").await;
    assert_eq!((status, rows[0]["name"].is_string()), (201, true), "{rows}");
    let (status, refused) = query("delete from auth.users").await;
    assert!(status == 400 && refused["message"].as_str().unwrap().contains("25006"), "{refused}");

    world.advance(120.0).await;
    let logs = async |sql: &str| {
        let url = format!("{}/v1{}/analytics/endpoints/logs", world.sim.origins().supabase, world.project());
        body(world.http.get(url).query(&[("sql", sql)]).bearer_auth(&world.supabase).send().await.unwrap()).await
    };
    let some = logs("select timestamp, severity_text as level from logs where source='postgres_logs' limit 3").await;
    let rows = some["result"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0].as_object().unwrap().len(), rows[0]["level"].is_string()), (3, 2, true), "{some}");
    assert_eq!(logs("select id from logs where source='auth_logs'").await["result"], json!([]));
    let wrong = logs("select nonsense from logs").await;
    assert!(wrong["error"]["message"].as_str().unwrap().contains("nonsense"), "inside a 200: {wrong}");
    world.sim.stop().await;
}

#[tokio::test]
async fn fly_answers_a_wrong_method_in_its_own_form() {
    let world = world("calm").await;
    let token = format!("FlyV1 {}", world.sim.shared().world().fly.token);
    let call = |method, path: &str| {
        let url = format!("{}{path}", world.sim.origins().fly_machines);
        world.http.request(method, url).header("authorization", &token).send()
    };
    let wrong = call(Method::PUT, "/v1/apps").await.unwrap();
    assert_eq!((wrong.status().as_u16(), header(&wrong, "fly-request-id").is_empty()), (405, false));
    let said = body(wrong).await;
    assert_eq!((said["error"].is_string(), &said["status"]), (true, &json!("unknown")));
    let listed = call(Method::GET, "/v1/apps/maria-api/machines?summary=maybe").await.unwrap();
    assert_eq!(listed.status(), 400);
    assert!(body(listed).await["error"].is_string());
    world.advance(0.25).await;
    let stop = body(call(Method::GET, "/v1/apps/maria-api/machines").await.unwrap()).await[0]["id"].clone();
    call(Method::POST, &format!("/v1/apps/maria-api/machines/{}/stop", stop.as_str().unwrap())).await.unwrap();
    let machine = body(call(Method::GET, "/v1/apps/maria-api/machines").await.unwrap()).await[0].clone();
    assert_eq!(machine["updated_at"], "2026-11-20T09:00:00Z", "whole seconds");
    world.sim.stop().await;
}
