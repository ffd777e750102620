//! The simulator's Vercel, GitHub and Supabase over HTTP: what a client of the real platforms relies on, and their refusals.

#[path = "sim_platforms/branches.rs"]
mod branches;
#[path = "sim_platforms/drills.rs"]
mod drills;
#[path = "sim_platforms/limits.rs"]
mod limits;
#[path = "sim_platforms/pinned.rs"]
mod pinned;
#[path = "sim_platforms/records.rs"]
mod records;
#[path = "sim_platforms/taken.rs"]
mod taken;
#[path = "sim_platforms/writing.rs"]
mod writing;

use std::sync::Arc;

use crate::spec::{Mode, Spec};
use flightdeck::clock::{ManualClock, SharedClock, Timestamp};
use flightdeck::sim::{self, Options, Sim};
use reqwest::{Method, Response};
use serde_json::{Value, json};

struct World {
    sim: Sim,
    http: reqwest::Client,
    vercel: String,
    team: String,
    github: String,
    supabase: String,
}

async fn world(scenario: &str) -> World {
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let clock: SharedClock = Arc::new(ManualClock::new(start));
    let options =
        Options { listen: "127.0.0.1:0".parse().unwrap(), scenario: scenario.to_owned(), seed: 7, speed: 1.0 };
    let sim = sim::start(options, clock).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (vercel, team, github, supabase) = {
        let held = sim.shared().world();
        let (vercel, github) = (&held.vercel, &held.github);
        (vercel.token.clone(), vercel.team_id.clone(), github.token.clone(), held.supabase.token.clone())
    };
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    World { sim, http, vercel, team, github, supabase }
}

async fn body(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

impl World {
    async fn advance(&self, seconds: f64) {
        let url = format!("{}/_sim/advance", self.sim.control());
        let sent = self.http.post(url).json(&json!({"seconds": seconds})).send().await.unwrap();
        assert_eq!(sent.status(), 200);
    }

    /// A path of Vercel with the team in the query.
    async fn on_vercel(&self, method: Method, path: &str) -> Response {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{mark}teamId={}", self.sim.origins().vercel, self.team);
        self.http.request(method, url).bearer_auth(&self.vercel).send().await.unwrap()
    }

    async fn vercel(&self, path: &str) -> Value {
        let response = self.on_vercel(Method::GET, path).await;
        assert_eq!(response.status(), 200, "{path}");
        body(response).await
    }

    /// A request to GitHub as a well-behaved client makes it.
    fn on_github(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.sim.origins().github);
        self.http.request(method, url).bearer_auth(&self.github).header("user-agent", "tests")
    }

    fn repo(&self, path: &str) -> reqwest::RequestBuilder {
        self.on_github(Method::GET, &format!("/repos/acme/maria-ai-agent{path}"))
    }

    async fn github(&self, path: &str) -> Value {
        let response = self.repo(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        body(response).await
    }

    async fn on_supabase(&self, path: &str) -> Response {
        let url = format!("{}/v1{path}", self.sim.origins().supabase);
        self.http.get(url).bearer_auth(&self.supabase).send().await.unwrap()
    }

    fn project(&self) -> String {
        format!("/projects/{}", self.sim.shared().world().supabase.projects[1].reference)
    }

    /// The rollback candidates, newest first.
    async fn candidates(&self) -> Vec<String> {
        let list = "/v6/deployments?projectId=maria-web&target=production&state=READY&rollbackCandidate=true";
        let list = self.vercel(list).await;
        list["deployments"].as_array().unwrap().iter().map(|one| one["uid"].as_str().unwrap().to_owned()).collect()
    }
}

/// Reads a stream until `enough` of its text.
async fn until(response: &mut Response, enough: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    while !enough(&text) {
        let Some(chunk) = response.chunk().await.unwrap() else { break };
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    text
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_vercel_rollback_is_accepted_empty_and_then_moves_alias_by_alias() {
    let world = world("calm").await;
    let project = world.vercel("/v9/projects/maria-web?rollbackInfo=true").await;
    let (from, id) = (project["targets"]["production"]["id"].clone(), project["id"].as_str().unwrap());
    assert_eq!((&project["autoAssignCustomDomains"], &project["lastAliasRequest"]), (&json!(true), &Value::Null));
    let to = world.candidates().await.remove(0);

    let path = format!("/v1/projects/{id}/rollback/{to}?description=api%20is%20down");
    let accepted = world.on_vercel(Method::POST, &path).await;
    assert_eq!((accepted.status().as_u16(), header(&accepted, "content-type")), (201, ""));
    assert_eq!(accepted.text().await.unwrap(), "");

    let mut seen = Vec::new();
    for _ in 0..16 {
        let project = world.vercel("/v9/projects/maria-web").await;
        let request = &project["lastAliasRequest"];
        assert_eq!((&request["toDeploymentId"], &request["fromDeploymentId"]), (&json!(to), &from));
        let apex = world.vercel("/v4/aliases/maria.example.com").await["deploymentId"] == json!(to);
        let www = world.vercel("/v4/aliases/www.maria.example.com").await["deploymentId"] == json!(to);
        let step = (request["jobStatus"].as_str().unwrap().to_owned(), apex, www);
        if seen.last() != Some(&step) {
            seen.push(step);
        }
        world.advance(0.1).await;
    }
    let status = |word: &str, apex, www| (word.to_owned(), apex, www);
    let expected = [
        status("pending", false, false),
        status("in-progress", false, false),
        status("in-progress", true, false),
        status("succeeded", true, true),
    ];
    assert_eq!(seen, expected);
    let project = world.vercel("/v9/projects/maria-web").await;
    assert_eq!(
        (&project["targets"]["production"]["id"], &project["autoAssignCustomDomains"]),
        (&json!(to), &json!(false))
    );
    assert_eq!(project["rollbackDescription"]["description"], "api is down");
    let outcomes = world.vercel(&format!("/v9/projects/{id}/rollback/aliases")).await;
    assert!(outcomes["aliases"].as_array().unwrap().iter().all(|one| one["status"] == "completed"));
    world.sim.stop().await;
}

#[tokio::test]
async fn after_a_vercel_rollback_a_new_build_stays_staged_until_it_is_promoted() {
    let world = world("bad-deploy").await;
    let to = world.candidates().await.remove(0);
    world.on_vercel(Method::POST, &format!("/v9/projects/maria-web/rollback/{to}")).await;
    world.advance(60.0).await;
    let newest =
        world.vercel("/v6/deployments?projectId=maria-web&target=production&limit=1").await["deployments"][0].clone();
    assert_eq!((&newest["readySubstate"], &newest["aliasAssigned"]), (&json!("STAGED"), &json!(false)), "{newest}");
    assert_eq!(world.vercel("/v9/projects/maria-web").await["targets"]["production"]["id"], json!(to));

    let promoted = format!("/v10/projects/maria-web/promote/{}", newest["uid"].as_str().unwrap());
    assert_eq!(world.on_vercel(Method::POST, &promoted).await.status(), 201);
    world.advance(5.0).await;
    let project = world.vercel("/v9/projects/maria-web").await;
    assert_eq!(
        (&project["targets"]["production"]["id"], &project["autoAssignCustomDomains"]),
        (&newest["uid"], &json!(true))
    );
    assert_eq!(world.on_vercel(Method::POST, &promoted).await.status(), 409, "it is current");

    let url = format!("{}/v9/projects/maria-web?teamId={}", world.sim.origins().vercel, world.team);
    let patch = world.http.patch(url).bearer_auth(&world.vercel).json(&json!({"autoAssignCustomDomains": false}));
    assert_eq!(body(patch.send().await.unwrap()).await["autoAssignCustomDomains"], false);
    world.sim.stop().await;
}

#[tokio::test]
async fn a_failed_alias_fails_the_job_and_hobby_reaches_the_previous_deployment_only() {
    let world = world("calm").await;
    world.sim.shared().world().vercel.plan = "hobby";
    let candidates = world.candidates().await;
    let rollback = |to: &str| format!("/v9/projects/maria-web/rollback/{to}");
    let refused = world.on_vercel(Method::POST, &rollback(&candidates[1])).await;
    assert_eq!(refused.status(), 402);
    assert_eq!(body(refused).await["error"]["code"], "payment_required");
    assert_eq!(world.on_vercel(Method::POST, &rollback(&candidates[0])).await.status(), 201);

    world.sim.shared().world().vercel.project.last_alias_request.as_mut().unwrap().aliases[1].fails = true;
    world.advance(5.0).await;
    let project = world.vercel("/v9/projects/maria-web").await;
    assert_eq!(project["lastAliasRequest"]["jobStatus"], "failed");
    let failed = world.vercel("/v9/projects/maria-web/rollback/aliases?failedOnly=true&limit=20").await;
    let failed = failed["aliases"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["alias"]["alias"]), (1, &json!("www.maria.example.com")));
    world.sim.stop().await;
}

#[tokio::test]
async fn vercel_refuses_in_its_own_words_and_states_its_limits() {
    let world = world("calm").await;
    let origin = world.sim.origins().vercel.clone();
    let wrong = world.http.get(format!("{origin}/v2/user")).bearer_auth("nope").send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), header(&wrong, "x-ratelimit-limit")), (403, "500"));
    assert_eq!(body(wrong).await["error"]["invalidToken"], true);
    let bare = world.http.get(format!("{origin}/v9/projects/maria-web")).bearer_auth(&world.vercel);
    assert_eq!(bare.send().await.unwrap().status(), 200, "the user's default team");
    let other = world.http.get(format!("{origin}/v9/projects/maria-web?teamId=team_x")).bearer_auth(&world.vercel);
    assert_eq!(body(other.send().await.unwrap()).await["error"]["code"], "team_unauthorized");
    for path in ["/v9/projects/nope", "/v13/deployments/dpl_nope", "/v9/nothing", "/nothing"] {
        let missing = world.on_vercel(Method::GET, path).await;
        assert_eq!(
            (missing.status().as_u16(), header(&missing, "x-ratelimit-limit").is_empty()),
            (404, false),
            "{path}"
        );
        assert_eq!(body(missing).await["error"]["code"], "not_found", "{path}");
    }
    let team = world.vercel("/teams/acme").await;
    assert_eq!((&team["id"], &team["billing"]["plan"]), (&json!(world.team), &json!("pro")));
    let custom = world.vercel("/v9/projects/maria-web/custom-environments").await;
    assert_eq!(custom["environments"][0]["slug"], "staging");
    let env = world.vercel("/v10/projects/maria-web/env?target=production").await;
    let secret = env["envs"].as_array().unwrap().iter().find(|one| one["type"] == "sensitive").unwrap();
    assert_eq!((&secret["value"], &secret["decrypted"]), (&json!(""), &json!(false)));
    world.sim.stop().await;
}

#[tokio::test]
async fn a_spent_endpoint_of_vercel_answers_429_and_the_others_go_on() {
    let world = world("calm").await;
    let path = "/v4/aliases/maria.example.com";
    for _ in 0..300 {
        assert_eq!(world.on_vercel(Method::GET, path).await.status(), 200);
    }
    let spent = world.on_vercel(Method::GET, path).await;
    assert_eq!((spent.status().as_u16(), header(&spent, "x-ratelimit-remaining")), (429, "0"));
    let wait: f64 = header(&spent, "retry-after").parse().unwrap();
    let error = body(spent).await["error"].clone();
    assert_eq!((&error["code"], &error["limit"]["total"]), (&json!("rate_limited"), &json!(300)));
    assert_eq!(world.on_vercel(Method::GET, "/v9/projects/maria-web").await.status(), 200);
    world.advance(wait).await;
    assert_eq!(world.on_vercel(Method::GET, path).await.status(), 200);
    world.sim.stop().await;
}

#[tokio::test]
async fn a_followed_build_log_streams_keeps_alive_and_ends_with_its_domains() {
    let world = world("bad-deploy").await;
    world.advance(25.3).await;
    let newest = world.vercel("/v6/deployments?projectId=maria-web&limit=1").await["deployments"][0].clone();
    assert_eq!(newest["readyState"], "BUILDING", "{newest}");
    let id = newest["uid"].as_str().unwrap().to_owned();
    let now = world.vercel(&format!("/v3/deployments/{id}/events")).await;
    let mut stream = world.on_vercel(Method::GET, &format!("/v3/deployments/{id}/events?follow=1&format=lines")).await;
    assert_eq!(header(&stream, "content-type"), "application/stream+json");
    let have = now.as_array().unwrap().len();
    let mut text = until(&mut stream, |text| text.lines().count() >= have).await;
    world.advance(1.1).await;
    let silence = until(&mut stream, |text| text.ends_with('\n')).await;
    assert_eq!(silence, "{}\n", "alive, and without `created`");
    world.advance(20.0).await;
    text.push_str(&until(&mut stream, |_| false).await);
    let all = objects(&text);
    assert_eq!(all.last().unwrap()["type"], "alias-assigned");
    assert!(all.len() > have && all.iter().any(|one| one["text"] == "Deploying outputs..."));

    let since = all[2]["created"].as_i64().unwrap();
    let again = world.vercel(&format!("/v3/deployments/{id}/events?since={since}")).await;
    assert_eq!(again[0]["id"], all[2]["id"]);
    let last = world.vercel(&format!("/v3/deployments/{id}/events?direction=backward&limit=1")).await;
    assert_eq!(last, json!([all.last().unwrap()]));
    world.sim.stop().await;
}

#[tokio::test]
async fn runtime_logs_are_a_live_stream_that_ends_with_the_simulator() {
    let world = world("calm").await;
    let project = world.vercel("/v9/projects/maria-web").await;
    let live = project["targets"]["production"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/projects/{}/deployments/{live}/runtime-logs", project["id"].as_str().unwrap());
    let mut stream = world.on_vercel(Method::GET, &path).await;
    assert_eq!((stream.status().as_u16(), header(&stream, "content-type")), (200, "application/stream+json"));
    world.advance(30.0).await;
    let rows = objects(&until(&mut stream, |text| text.ends_with('\n')).await);
    let from: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    assert!(rows.iter().all(|row| row["timestampInMs"].as_i64().unwrap() >= from.as_millisecond()), "from now on");
    assert!(rows.iter().all(|row| !row["rowId"].as_str().unwrap().is_empty() && row["message"].is_string()));
    world.sim.stop().await;
    until(&mut stream, |_| false).await;
}

#[tokio::test]
async fn github_enforces_its_headers_and_hides_what_is_not_there() {
    let world = world("calm").await;
    let user = format!("{}/user", world.sim.origins().github);
    let silent = world.http.get(&user).bearer_auth(&world.github).send().await.unwrap();
    assert_eq!(silent.status(), 403, "no User-Agent");
    let anonymous = world.http.get(&user).header("user-agent", "tests").send().await.unwrap();
    assert_eq!((anonymous.status().as_u16(), header(&anonymous, "x-ratelimit-used")), (401, "0"));
    assert_eq!(body(anonymous).await["message"], "Requires authentication");
    let wrong = world.http.get(&user).header("user-agent", "tests").bearer_auth("nope").send().await.unwrap();
    assert_eq!(body(wrong).await["message"], "Bad credentials");
    let version = |version: &str| world.on_github(Method::GET, "/user").header("x-github-api-version", version).send();
    assert_eq!(version("2021-01-01").await.unwrap().status(), 400);
    let known = version("2026-03-10").await.unwrap();
    assert_eq!(header(&known, "x-github-api-version-selected"), "2026-03-10");
    for path in ["/user/", "/repos/acme/other", "/repos/acme/other/actions/runs", "/repos/acme/maria-ai-agent/", "/x"] {
        let missing = world.on_github(Method::GET, path).send().await.unwrap();
        assert_eq!((missing.status().as_u16(), header(&missing, "x-ratelimit-limit")), (404, "5000"), "{path}");
        assert_eq!(body(missing).await["message"], "Not Found", "{path}");
    }
    world.sim.stop().await;
}

#[tokio::test]
async fn an_unchanged_answer_of_github_is_304_and_costs_nothing() {
    let world = world("bad-deploy").await;
    let first = world.repo("/actions/runs").send().await.unwrap();
    let (tag, left) = (header(&first, "etag").to_owned(), header(&first, "x-ratelimit-remaining").to_owned());
    assert!(tag.starts_with("W/\"") && left == "4999", "{tag} {left}");
    let ask = |path: &str| world.repo(path).header("if-none-match", &tag).send();
    let same = ask("/actions/runs").await.unwrap();
    assert_eq!((same.status().as_u16(), header(&same, "x-ratelimit-remaining")), (304, left.as_str()));
    assert_eq!(header(&same, "etag"), tag);
    assert_eq!(same.text().await.unwrap(), "");
    assert_eq!(ask("/actions/runs?per_page=5").await.unwrap().status(), 200, "another URL has another tag");
    world.advance(25.0).await;
    assert_eq!(ask("/actions/runs").await.unwrap().status(), 200, "a new run began");
    let limits = world.on_github(Method::GET, "/rate_limit").send().await.unwrap();
    assert_eq!(body(limits).await["resources"]["core"]["used"], 3, "asking for the limits is free");
    world.sim.stop().await;
}

#[tokio::test]
async fn lists_of_github_are_paged_by_links() {
    let world = world("calm").await;
    let (mut path, mut shas) = ("/repos/acme/maria-ai-agent/commits?per_page=4".to_owned(), Vec::new());
    loop {
        let response = world.on_github(Method::GET, &path).send().await.unwrap();
        let links = header(&response, "link").to_owned();
        let rows = body(response).await;
        shas.extend(rows.as_array().unwrap().iter().map(|one| one["sha"].as_str().unwrap().to_owned()));
        let next = links.split(", ").find(|link| link.ends_with("rel=\"next\""));
        let Some(next) = next else { break };
        let url = next.trim_start_matches('<').split('>').next().unwrap();
        path = url.strip_prefix(&world.sim.origins().github).unwrap().to_owned();
    }
    let known: Vec<String> = world.sim.shared().world().commits.iter().rev().map(|one| one.sha.clone()).collect();
    assert_eq!(shas, known);
    assert_eq!(header(&world.repo("/environments").send().await.unwrap(), "link"), "", "one page");
    let one = world.github(&format!("/commits/{}", &shas[0][..9])).await;
    assert_eq!((&one["sha"], world.github("/commits/main").await["sha"].clone()), (&json!(shas[0]), json!(shas[0])));
    let compared = world.github(&format!("/compare/{}...main", shas[3])).await;
    assert_eq!((&compared["ahead_by"], &compared["merge_base_commit"]["sha"]), (&json!(3), &json!(shas[3])));
    let runs = world.github("/actions/workflows/deploy-production.yml/runs").await;
    let all = runs["workflow_runs"].as_array().unwrap();
    assert!(!all.is_empty() && all.iter().all(|run| run["name"] == "Deploy production"));
    world.sim.stop().await;
}

#[tokio::test]
async fn the_log_of_a_job_is_behind_a_signed_address_for_a_minute() {
    let world = world("bad-deploy").await;
    world.advance(24.0).await;
    let run = world.github("/actions/runs?per_page=1").await["workflow_runs"][0]["id"].clone();
    let jobs = world.github(&format!("/actions/runs/{run}/jobs")).await["jobs"].clone();
    assert_eq!((&jobs[0]["status"], &jobs[1]["status"]), (&json!("completed"), &json!("in_progress")));
    let redirect = async |job: &Value| {
        let response = world.repo(&format!("/actions/jobs/{}/logs", job["id"])).send().await.unwrap();
        assert_eq!(response.status(), 302);
        header(&response, "location").to_owned()
    };
    let fetch = |url: String| world.http.get(url).send();
    let (done, running) = (redirect(&jobs[0]).await, redirect(&jobs[1]).await);
    assert!(!done.starts_with(&world.sim.origins().github), "another origin");
    let log = fetch(done.clone()).await.unwrap();
    assert!(log.text().await.unwrap().contains("##[group]Run Checkout"));
    let early = fetch(running).await.unwrap();
    assert_eq!(early.status(), 404);
    assert!(early.text().await.unwrap().contains("<Code>BlobNotFound</Code>"));
    let forged = done.replace(&jobs[0]["id"].to_string(), &jobs[1]["id"].to_string());
    assert_eq!(fetch(forged).await.unwrap().status(), 403);
    world.advance(61.0).await;
    assert_eq!(fetch(done).await.unwrap().status(), 403, "it is good for a minute");
    world.sim.stop().await;
}

#[tokio::test]
async fn supabase_counts_down_and_refuses_as_the_platform_does() {
    let world = world("calm").await;
    let project = world.project();
    let first = world.on_supabase("/projects").await;
    assert_eq!((header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")), ("120", "119"));
    assert_eq!(header(&first, "x-ratelimit-reset"), "60", "seconds that are left");
    let wrong = world.http.get(format!("{}/v1/profile", world.sim.origins().supabase)).bearer_auth("sbp_nope");
    let wrong = wrong.send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), header(&wrong, "x-ratelimit-limit")), (401, "120"));
    assert_eq!(body(wrong).await, json!({"message": "Unauthorized"}));
    assert_eq!(world.on_supabase(&format!("{project}/health")).await.status(), 400, "services are required");
    let health = body(world.on_supabase(&format!("{project}/health?services=db&services=rest")).await).await;
    assert_eq!(health.as_array().unwrap().len(), 2);
    let gone = world.on_supabase("/projects/aaaaaaaaaaaaaaaaaaaa").await;
    assert_eq!((gone.status().as_u16(), body(gone).await), (400, json!({"message": "Resource has been removed"})));
    let unknown = world.on_supabase(&format!("{project}/nothing")).await;
    assert_eq!((unknown.status().as_u16(), header(&unknown, "x-ratelimit-limit")), (404, "120"));

    let logs = format!("{project}/analytics/endpoints/logs");
    let day = "?iso_timestamp_start=2026-11-18T09:00:00Z&iso_timestamp_end=2026-11-20T09:00:00Z";
    let long = world.on_supabase(&format!("{logs}{day}")).await;
    assert_eq!((long.status().as_u16(), body(long).await["error"].is_null()), (200, false), "errors come inside a 200");
    let offset = "?iso_timestamp_start=2026-11-20T08:59:00%2B00:00";
    assert_eq!(world.on_supabase(&format!("{logs}{offset}")).await.status(), 400);
    for _ in 2..30 {
        assert_eq!(world.on_supabase(&logs).await.status(), 200);
    }
    assert_eq!(world.on_supabase(&logs).await.status(), 429);
    world.advance(60.0).await;
    assert_eq!(world.on_supabase(&logs).await.status(), 200);
    world.sim.stop().await;
}

#[tokio::test]
async fn supabase_shows_digests_masks_secret_keys_and_leaks_one_secret() {
    use sha2::{Digest as _, Sha256};
    let world = world("calm").await;
    let project = world.project();
    let secrets = body(world.on_supabase(&format!("{project}/secrets")).await).await;
    let digest = |name: &str| {
        let all = secrets.as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    let hex = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let host = format!("https://{}.supabase.co", project.trim_start_matches("/projects/"));
    assert_eq!(digest("SUPABASE_URL"), hex(&host));
    assert_eq!(digest("OPENAI_API_KEY"), hex("OPENAI_API_KEY-shared"));

    let settings = body(world.on_supabase(&format!("{project}/postgrest")).await).await;
    assert!(settings["jwt_secret"].as_str().is_some_and(|secret| secret.len() == 32), "readers have to drop it");
    let secret = async |query: &str| {
        let keys = body(world.on_supabase(&format!("{project}/api-keys{query}")).await).await;
        let all = keys.as_array().unwrap().clone();
        all.into_iter().find(|one| one["type"] == "secret").unwrap()["api_key"].as_str().unwrap().to_owned()
    };
    let (masked, whole) = (secret("").await, secret("?reveal=true").await);
    assert!(masked.contains('·') && !whole.contains('·') && whole.starts_with("sb_secret_"));
    let backups = body(world.on_supabase(&format!("{project}/database/backups")).await).await;
    assert_eq!(backups["backups"].as_array().unwrap().len(), 7);
    assert_eq!(backups["backups"][0]["inserted_at"], "2026-11-20T04:00:00Z");
    world.sim.stop().await;
}

#[tokio::test]
async fn answers_of_supabase_are_what_the_official_description_says() {
    let Some(spec) = Spec::of("supabase") else {
        // It has said so itself.
        return;
    };
    let world = world("calm").await;
    let own = world.project();
    let mut faults = Vec::new();
    for path in [
        "",
        "/health?services=db&services=auth",
        "/database/migrations",
        "/secrets",
        "/database/backups",
        "/api-keys",
        "/ssl-enforcement",
        "/network-restrictions",
    ] {
        let answer = body(world.on_supabase(&format!("{own}{path}")).await).await;
        let described = format!("/v1/projects/{{ref}}{}", path.split('?').next().unwrap());
        faults.extend(spec.faults(&described, &answer, Mode::Whole).into_iter().map(|fault| format!("{path} {fault}")));
    }
    for path in ["/profile", "/projects"] {
        let answer = body(world.on_supabase(path).await).await;
        faults.extend(spec.faults(&format!("/v1{path}"), &answer, Mode::Whole));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let wrong =
        spec.faults("/v1/profile", &json!({"gotrue_id": 1, "username": "a", "primary_email": "b"}), Mode::Whole);
    assert_eq!(wrong, ["$.gotrue_id: 1 is no string"], "the check can fail");
    world.sim.stop().await;
}

#[tokio::test]
async fn answers_of_github_invent_no_field() {
    let Some(spec) = Spec::of("github") else {
        // It has said so itself.
        return;
    };
    let world = world("bad-deploy").await;
    world.advance(24.0).await;
    let (run, deployment) = {
        let held = world.sim.shared().world();
        (held.github.runs.last().unwrap().id.to_string(), held.github.deployments.last().unwrap().id.to_string())
    };
    let mut faults = Vec::new();
    for path in [
        "",
        "/actions/runs",
        "/actions/runs/{run_id}",
        "/actions/runs/{run_id}/jobs",
        "/actions/workflows",
        "/actions/runs/{run_id}/pending_deployments",
        "/actions/secrets",
        "/actions/variables",
        "/environments",
        "/environments/{environment_name}/secrets",
        "/environments/{environment_name}/variables",
        "/deployments",
        "/deployments/{deployment_id}/statuses",
        "/commits",
        "/commits/{ref}",
        "/compare/{basehead}",
        "/actions/runs/{run_id}/approvals",
        "/actions/runs/{run_id}/artifacts",
        "/environments/{environment_name}",
        "/environments/{environment_name}/deployment-branch-policies",
        "/environments/{environment_name}/deployment_protection_rules",
        "/dependabot/alerts",
    ] {
        let asked = path.replace("{run_id}", &run).replace("{deployment_id}", &deployment);
        let asked = asked.replace("{environment_name}", "production").replace("{ref}", "main");
        let asked = asked.replace("{basehead}", "main...main");
        let answer = world.github(&asked).await;
        let described = format!("/repos/{{owner}}/{{repo}}{path}");
        faults.extend(spec.faults(&described, &answer, Mode::Whole).into_iter().map(|fault| format!("{path} {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut runs = world.github("/actions/runs").await;
    runs["workflow_runs"][0]["invented"] = json!(1);
    let wrong = spec.faults("/repos/{owner}/{repo}/actions/runs", &runs, Mode::Part);
    assert_eq!(wrong, ["$.workflow_runs[0].invented: not described"], "the check can fail");
    world.sim.stop().await;
}

#[tokio::test]
async fn answers_of_vercel_invent_no_field() {
    let Some(spec) = Spec::of("vercel") else {
        // It has said so itself.
        return;
    };
    let world = world("bad-deploy").await;
    let to = world.candidates().await.remove(0);
    world.on_vercel(Method::POST, &format!("/v9/projects/maria-web/rollback/{to}")).await;
    world.advance(40.0).await;
    {
        let mut held = world.sim.shared().world();
        let now = held.now;
        let check = sim::world::checks::Check {
            id: "chk_1".to_owned(),
            name: "gate".to_owned(),
            requires: "none",
            blocks: "deployment-promotion",
            targets: vec!["production".to_owned()],
            source: json!({"kind": "webhook"}),
            timeout: 300,
            rerequestable: false,
            created_at: now,
        };
        let run = sim::world::checks::CheckRun::new("r1".to_owned(), to.clone(), &check, now);
        held.vercel.checks.push(check);
        held.vercel.check_runs.push(run);
    }
    let mut faults = Vec::new();
    for path in [
        "/v2/user",
        "/v2/teams/{teamId}",
        "/v2/projects/{projectIdOrName}/checks",
        "/v2/deployments/{deploymentId}/check-runs",
        "/v9/projects/{idOrName}",
        "/v7/deployments",
        "/v13/deployments/{idOrUrl}",
        "/v3/deployments/{idOrUrl}/events",
        "/v10/projects/{idOrName}/env",
        "/v9/projects/{idOrName}/custom-environments",
        "/v9/projects/{idOrName}/domains",
        "/v4/aliases",
        "/v4/aliases/{idOrAlias}",
        "/v2/deployments/{id}/aliases",
    ] {
        let asked = path.replace("{teamId}", &world.team).replace("{idOrName}", "maria-web");
        let asked = asked.replace("{projectIdOrName}", "maria-web").replace("{deploymentId}", &to);
        let asked = asked.replace("{idOrUrl}", &to).replace("{idOrAlias}", "maria.example.com").replace("{id}", &to);
        let answer = world.vercel(&asked).await;
        faults.extend(spec.faults(path, &answer, Mode::Whole).into_iter().map(|fault| format!("{path} {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.sim.stop().await;
}
