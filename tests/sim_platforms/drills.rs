//! Drills of what seldom happens: states that are set, lists that lag, calls whose answers never come.

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, body, header, world};

impl World {
    async fn control(&self, path: &str, sent: &Value) -> u16 {
        let url = format!("{}/_sim/{path}", self.sim.control());
        self.http.post(url).json(sent).send().await.unwrap().status().as_u16()
    }

    async fn set(&self, setting: Value) {
        assert_eq!(self.control("state", &setting).await, 200, "{setting}");
    }

    fn on_fly(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = format!("FlyV1 {}", self.sim.shared().world().fly.token);
        let url = format!("{}{path}", self.sim.origins().fly_machines);
        self.http.request(method, url).header("authorization", token)
    }

    async fn fly(&self, path: &str) -> Value {
        body(self.on_fly(Method::GET, path).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn a_machine_is_unreachable_without_a_configuration_destroyed_but_listed_or_in_any_state() {
    let world = world("calm").await;
    let list = async || {
        world.advance(1.0).await;
        world.fly("/v1/apps/maria-api/machines").await
    };
    world.set(json!({"platform": "fly", "resource": "production/0", "host": "unreachable", "dark": true})).await;
    let seen = list().await;
    assert_eq!((&seen[0]["host_status"], seen[0].get("config")), (&json!("unreachable"), None));
    assert!(seen[0]["incomplete_config"]["guest"].is_object());
    let edge = format!("{}/version", world.sim.origins().edge["production"].backend);
    let second = list().await[1]["id"].clone();
    for _ in 0..3 {
        assert_eq!(body(world.http.get(&edge).send().await.unwrap()).await["machine"], second, "the other one serves");
    }
    world.set(json!({"platform": "fly", "resource": "production/0", "host": "ok", "config": "null"})).await;
    assert_eq!(list().await[0].get("config"), Some(&Value::Null));
    world.set(json!({"platform": "fly", "resource": "production/0", "config": "hollow"})).await;
    assert_eq!(list().await[0]["created_at"], "1970-01-01T00:00:00Z");
    world.set(json!({"platform": "fly", "resource": "production/0", "config": "whole"})).await;
    assert!(list().await[0]["config"]["env"].is_object());
    for state in ["stopped", "failed", "suspended", "starting", "replacing", "launch_failed", "migrated"] {
        world.set(json!({"platform": "fly", "resource": "production/0", "state": state})).await;
        world.advance(60.0).await;
        assert_eq!(list().await[0]["state"], state, "it stays there");
    }
    world.set(json!({"platform": "fly", "resource": "production/1", "state": "destroyed", "listed": true})).await;
    assert_eq!(list().await[1]["state"], "destroyed");
    world.set(json!({"platform": "fly", "resource": "production/1", "listed": false})).await;
    assert_eq!(list().await.as_array().unwrap().len(), 1);
    let unknown = json!({"platform": "fly", "resource": "production/0", "state": "hibernated"});
    assert_eq!(world.control("state", &unknown).await, 400);
    world.sim.stop().await;
}

#[tokio::test]
async fn lists_lag_behind_a_deploy_while_what_is_live_has_moved() {
    let world = world("calm").await;
    world.set(json!({"platform": "fly", "resource": "production", "lag": 40})).await;
    world.set(json!({"platform": "vercel", "resource": "project", "lag": 40})).await;
    world.set(json!({"platform": "github", "resource": "runs", "lag": 40})).await;
    let newest = async || {
        let url = format!("{}/api/v1/apps/maria-api/releases?limit=1", world.sim.origins().fly_api);
        let token = format!("FlyV1 {}", world.sim.shared().world().fly.token);
        let rows = body(world.http.get(url).header("authorization", token).send().await.unwrap()).await;
        let deployed = world.vercel("/v7/deployments?target=production&limit=1").await["deployments"][0].clone();
        let run = world.github("/actions/runs?per_page=1").await["workflow_runs"][0]["id"].clone();
        (rows["releases"][0]["version"].clone(), deployed["uid"].clone(), run)
    };
    let before = newest().await;
    let deploy = json!({"kind": "deploy", "service": ["backend", "frontend"], "commit": "next"});
    assert_eq!(world.control("events", &deploy).await, 200);
    world.advance(20.0).await;
    assert_eq!(newest().await, before);
    let live = world.vercel("/v4/aliases/maria.example.com").await["deploymentId"].clone();
    let machines = world.fly("/v1/apps/maria-api/machines").await;
    assert_ne!(live, before.1, "the domain has moved");
    assert_eq!(machines[0]["config"]["metadata"]["fly_release_version"], "42");
    world.advance(30.0).await;
    let after = newest().await;
    assert_eq!((&after.0, &after.1), (&json!(42), &live));
    assert_ne!(after.2, before.2);
    world.sim.stop().await;
}

#[tokio::test]
async fn runs_have_256_jobs_every_word_silent_steps_and_logs_that_are_gone() {
    let world = world("bad-deploy").await;
    world.advance(24.0).await;
    world.set(json!({"platform": "github", "resource": "latest:production", "jobs": 256})).await;
    world.set(json!({"platform": "github", "resource": "latest:production", "job": "255", "fails": "Test"})).await;
    let run = world.github("/actions/workflows/deploy-production.yml/runs").await["workflow_runs"][0]["id"].clone();
    world.advance(20.0).await;
    let path = format!("/actions/runs/{run}/jobs?per_page=100");
    let first = world.repo(&path).send().await.unwrap();
    assert!(header(&first, "link").contains("page=3>; rel=\"last\""), "{}", header(&first, "link"));
    assert_eq!(body(first).await["total_count"], 256);
    let last = world.github(&format!("{path}&page=3")).await["jobs"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["conclusion"], &last["steps"][1]["conclusion"]), (&json!("failure"), &json!("failure")));
    assert_eq!(world.github(&format!("/actions/runs/{run}")).await["conclusion"], "failure");

    let odd = world.github("/actions/runs?per_page=x&page=-1").await;
    assert!(odd["workflow_runs"].as_array().unwrap().len() > 5, "odd paging counts as none");

    for (word, status) in [("timed_out", "completed"), ("startup_failure", "completed"), ("queued", "queued")] {
        world.set(json!({"platform": "github", "resource": run.to_string(), "state": word})).await;
        let seen = world.github(&format!("/actions/runs/{run}")).await;
        assert_eq!(seen["status"], status);
        assert!(seen["conclusion"] == word || seen["conclusion"].is_null(), "{seen}");
    }
    let job = world.github(&format!("/actions/runs/{run}/jobs")).await["jobs"][0]["id"].clone();
    let log = async || {
        let answer = world.repo(&format!("/actions/jobs/{job}/logs")).send().await.unwrap();
        match answer.status().as_u16() {
            302 => {
                let blob = world.http.get(header(&answer, "location")).send().await.unwrap();
                (blob.status().as_u16(), blob.text().await.unwrap().len())
            }
            status => (status, 0),
        }
    };
    assert!(log().await.1 > 100);
    for (logs, seen) in [("expired", (410, 0)), ("empty", (200, 0))] {
        world.set(json!({"platform": "github", "resource": run.to_string(), "logs": logs})).await;
        assert_eq!(log().await, seen);
    }

    let deploy = json!({"kind": "deploy", "environment": "staging", "commit": "next"});
    assert_eq!(world.control("events", &deploy).await, 200);
    world.advance(4.0).await;
    let silent =
        |on: bool| json!({"platform": "github", "resource": "latest:staging", "job": "deploy-backend", "silent": on});
    world.set(silent(true)).await;
    let jobs = async || {
        let run = world.github("/actions/workflows/deploy-staging.yml/runs").await["workflow_runs"][0]["id"].clone();
        world.github(&format!("/actions/runs/{run}/jobs")).await["jobs"][1].clone()
    };
    let before = jobs().await;
    world.advance(900.0).await;
    let after = jobs().await;
    assert_eq!((&after["status"], &after["steps"]), (&json!("in_progress"), &before["steps"]), "it says nothing");
    world.set(silent(false)).await;
    world.advance(10.0).await;
    assert_eq!(jobs().await["conclusion"], "success");
    world.sim.stop().await;
}

#[tokio::test]
async fn security_features_are_off_forbidden_or_full() {
    let world = world("calm").await;
    let alerts = async |feature: &str| {
        let answer = world.repo(&format!("/{feature}/alerts?state=open&per_page=100")).send().await.unwrap();
        (answer.status().as_u16(), header(&answer, "link").to_owned(), body(answer).await)
    };
    for (feature, state, status, words) in [
        ("dependabot", "off", 403, "disabled"),
        ("code-scanning", "off", 403, "must be enabled"),
        ("code-scanning", "never_ran", 404, "no analysis found"),
        ("secret-scanning", "off", 404, "disabled"),
        ("dependabot", "forbidden", 403, "not accessible"),
    ] {
        world.set(json!({"platform": "github", "resource": feature, "state": state})).await;
        let (code, _, said) = alerts(feature).await;
        assert_eq!(code, status);
        assert!(said["message"].as_str().unwrap().contains(words), "{said}");
    }
    world.set(json!({"platform": "github", "resource": "dependabot", "alerts": 230})).await;
    world.set(json!({"platform": "github", "resource": "secret-scanning", "alerts": 101})).await;
    let (_, link, page) = alerts("dependabot").await;
    assert_eq!(page.as_array().unwrap().len(), 100);
    let next = link.split(['<', '>']).nth(1).unwrap();
    let path = next.strip_prefix(&world.sim.origins().github).unwrap();
    let second = body(world.on_github(Method::GET, path).send().await.unwrap()).await;
    assert_eq!((second.as_array().unwrap().len(), &second[0]["number"]), (100, &json!(104)));
    let (_, link, page) = alerts("secret-scanning").await;
    assert!(link.contains("page=2") && page[0]["secret"].is_string(), "{link}");
    assert!(world.github("/secret-scanning/alerts?hide_secret=true").await[0].get("secret").is_none());
    world.sim.stop().await;
}

#[tokio::test]
async fn vercel_and_supabase_stand_in_any_documented_state() {
    let world = world("calm").await;
    for (state, substate) in [("READY", "STAGED"), ("BUILDING", "STAGED"), ("ERROR", "STAGED"), ("DELETED", "STAGED")] {
        let setting =
            json!({"platform": "vercel", "resource": "latest:production", "state": state, "substate": substate});
        world.set(setting).await;
        let seen = world.vercel("/v7/deployments?target=production&limit=1").await["deployments"][0].clone();
        assert_eq!(seen["readyState"], state);
        assert_eq!(seen["readySubstate"] == substate, state == "READY");
    }
    world.set(json!({"platform": "vercel", "resource": "latest:production", "state": "true"})).await;
    world.set(json!({"platform": "vercel", "resource": "project", "stuck_domains": ["www.maria.example.com"]})).await;
    let to = world.candidates().await.remove(0);
    world.on_vercel(Method::POST, &format!("/v9/projects/maria-web/rollback/{to}")).await;
    world.advance(5.0).await;
    assert_eq!(world.vercel("/v9/projects/maria-web").await["lastAliasRequest"]["jobStatus"], "failed");
    assert_eq!(world.vercel("/v4/aliases/maria.example.com").await["deploymentId"], json!(to));
    assert_ne!(world.vercel("/v4/aliases/www.maria.example.com").await["deploymentId"], json!(to));

    let project = world.project();
    for state in ["PAUSING", "RESTORE_FAILED", "RESIZING", "UNKNOWN", "ACTIVE_UNHEALTHY"] {
        world.set(json!({"platform": "supabase", "resource": "production", "state": state})).await;
        world.advance(600.0).await;
        assert_eq!(body(world.on_supabase(&project).await).await["status"], state);
    }
    let services = json!({"db": "UNHEALTHY", "rest": "COMING_UP"});
    let sick = json!({"platform": "supabase", "resource": "production", "services": services, "error": "no answer"});
    world.set(sick).await;
    let health = body(world.on_supabase(&format!("{project}/health?services=db,rest")).await).await;
    assert_eq!((&health[0]["error"], &health[1]["status"]), (&json!("no answer"), &json!("COMING_UP")));
    let lints =
        json!({"platform": "supabase", "resource": "production", "lints": ["rls_disabled_in_public"], "disk": 97});
    world.set(lints).await;
    let found = body(world.on_supabase(&format!("{project}/advisors/security")).await).await;
    assert_eq!(found["lints"][0]["level"], "ERROR");
    world.sim.stop().await;
}

#[tokio::test]
async fn a_call_is_taken_while_its_answer_never_comes_or_is_carried_out_later() {
    let world = world("calm").await;
    let machine = world.fly("/v1/apps/maria-api/machines").await[0]["id"].clone();
    let path = format!("/v1/apps/maria-api/machines/{}", machine.as_str().unwrap());
    let cordoned = || {
        let held = world.sim.shared().world();
        let app = held.fly.app("maria-api").unwrap();
        app.machines[0].cordoned
    };
    let call = |what: &str| world.on_fly(Method::POST, &format!("{path}/{what}")).send();
    let fault = |kind: &str| json!({"platform": "fly", "method": "POST", "kind": kind, "count": 1, "ms": 3_000});

    assert_eq!(world.control("faults", &json!({"platform": "fly", "kind": "taken", "count": 1})).await, 200);
    assert!(call("cordon").await.is_err(), "not a byte");
    assert!(cordoned(), "taken");
    assert_eq!(world.control("faults", &fault("dropped")).await, 200);
    assert!(call("uncordon").await.is_err());
    assert!(cordoned(), "never carried out");
    assert_eq!(world.control("faults", &fault("deferred")).await, 200);
    assert!(call("uncordon").await.is_err());
    assert!(cordoned(), "not yet");
    world.advance(3.1).await;
    while cordoned() {
        tokio::task::yield_now().await;
    }

    // The client dies before the answer: the change was made at once (late), or is made all the same (latency).
    for (kind, what) in [("late", "cordon"), ("latency", "uncordon")] {
        assert_eq!(world.control("faults", &fault(kind)).await, 200);
        let goal = what == "cordon";
        tokio::select! {
            _ = call(what) => panic!("no answer is due yet"),
            () = async {
                let url = "POST /v1/apps/{app}/machines/{id}/{action}";
                let before = if goal { 3 } else { 4 };
                while world.sim.shared().counts()["fly_machines"].get(url).copied().unwrap_or(0) <= before {
                    tokio::task::yield_now().await;
                }
                while goal && !cordoned() {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
        world.advance(3.1).await;
        while cordoned() != goal {
            tokio::task::yield_now().await;
        }
    }
    world.sim.stop().await;
}

#[tokio::test]
async fn a_platform_tells_in_any_form_when_to_come_back() {
    let world = world("calm").await;
    let limited = async |fault: Value| {
        assert_eq!(world.control("faults", &fault).await, 200);
        world.on_vercel(Method::GET, "/v9/projects/maria-web").await
    };
    let status = |more: Value| {
        let mut fault = json!({"platform": "vercel", "kind": "status", "status": 429, "count": 1});
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fault
    };
    let dated = limited(status(json!({"retry_in": 90}))).await;
    assert_eq!(header(&dated, "retry-after"), "Fri, 20 Nov 2026 09:01:30 GMT");
    let limit = body(dated).await["error"]["limit"].clone();
    assert_eq!((&limit["remaining"], limit["reset"].is_i64()), (&json!(0), true), "as the natural one");
    let long = limited(status(json!({"retry_after": 86_400, "reset": 86_400, "headers": {"x-more": "1"}}))).await;
    assert_eq!((header(&long, "retry-after"), header(&long, "x-more")), ("86400", "1"));
    assert_eq!(header(&long, "x-ratelimit-reset"), (1_795_165_200 + 86_400).to_string());
    let odd = limited(status(json!({"retry_after": "soon", "body": {"error": "as it stands"}}))).await;
    assert_eq!(header(&odd, "retry-after"), "soon");
    assert_eq!(body(odd).await, json!({"error": "as it stands"}));
    world.sim.stop().await;
}
