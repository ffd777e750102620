//! Each client against canned answers: right shapes, every sort of failure, and the rules of the HTTP client.

#[path = "clients/answers.rs"]
mod answers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::config::token::Token;
use flightdeck::config::{Access, FlyAccess, ObserveAt, ObserveSettings, ProbeSettings};
use flightdeck::domain::environment::{Platform, Status};
use flightdeck::domain::extent::Extent;
use flightdeck::domain::feed::Budget;
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::log::{Level, LogKind};
use flightdeck::domain::secret::Digest;
use flightdeck::platform::ErrorKind;
use flightdeck::platform::fly::{Fly, WaitResult};
use flightdeck::platform::github::Github;
use flightdeck::platform::http::{Http, Stated};
use flightdeck::platform::supabase::Supabase;
use flightdeck::platform::vercel::Vercel;
use flightdeck::platform::{observe, probe};
use flightdeck::redact::Redactor;
use secrecy::SecretString;
use serde_json::json;
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

type Budgets = Arc<Mutex<Vec<(Platform, Budget)>>>;

fn http() -> (Http, Budgets) {
    let budgets: Budgets = Arc::default();
    let sink = Arc::clone(&budgets);
    let http = Http::new(
        SystemClock::shared(),
        Arc::new(Redactor::default()),
        Some(Arc::new(move |platform, stated| {
            if let Stated::Budget(budget) = stated {
                sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((platform, budget));
            }
        })),
    );
    (http, budgets)
}

fn token(value: Option<&str>, origin: &str) -> Token {
    Token::fixed(value.map(SecretString::from), origin)
}

fn access(server: &MockServer) -> Access {
    Access { base: server.uri(), token: token(Some("t0ken"), "test") }
}

fn fly(server: &MockServer) -> Fly {
    let token = token(Some("FlyV1 fm2_abc"), "test");
    Fly::new(http().0, FlyAccess { machines: server.uri(), api: server.uri(), token, drain: Duration::ZERO })
}

fn github(server: &MockServer) -> Github {
    Github::new(http().0, access(server), "acme/shop")
}

fn vercel(server: &MockServer) -> Vercel {
    Vercel::new(http().0, access(server), Some("team_1".into()))
}

fn supabase(server: &MockServer) -> Supabase {
    Supabase::new(http().0, access(server))
}

fn json_answer(body: serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

async fn on(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap_or_default().len()
}

#[tokio::test]
async fn a_read_is_tried_three_times_and_then_fails_in_the_platforms_words() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(503).set_body_json(json!({"message": "down for a moment"}));
    on(&server, "GET", "/v1/profile", answer.insert_header("x-request-id", "r-1")).await;
    let error = supabase(&server).check_token().await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Server, Some(503)));
    assert_eq!(error.message.as_str(), "down for a moment");
    assert_eq!(error.request_id.unwrap().as_str(), "r-1");
    assert_eq!(requests(&server).await, 3);
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_happens() {
    let server = MockServer::start().await;
    on(&server, "POST", "/v1/projects/prj_1/rollback/dpl_1", ResponseTemplate::new(500)).await;
    let error = vercel(&server).rollback("prj_1", "dpl_1", Some("bad")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Server);
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn what_is_not_data_is_called_so() {
    for (body, kind, says) in [
        ("<!doctype html><p>hi", "text/html", "web page"),
        ("", "application/json", "empty body"),
        ("[1, 2", "application/json", "unexpected data"),
        ("{\"surprise\": true}", "application/json", "unexpected data"),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, kind);
        on(&server, "GET", "/repos/acme/shop/actions/runs", answer).await;
        let error = github(&server).runs(5).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Garbage, "{body}");
        assert!(error.message.as_str().contains(says), "{}", error.message);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_names_no_token() {
    let gone = Access { base: "http://127.0.0.1:9".into(), token: token(Some("t0ken"), "test") };
    let error = Supabase::new(http().0, gone).check_token().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(!format!("{error:?}").contains("t0ken"));
}

#[tokio::test]
async fn a_missing_token_says_where_it_was_looked_for() {
    let none = Access { base: "http://127.0.0.1:9".into(), token: token(None, "set SUPABASE_ACCESS_TOKEN") };
    let error = Supabase::new(http().0, none).check_token().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.as_str().contains("SUPABASE_ACCESS_TOKEN"));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let spent = ResponseTemplate::new(403)
        .insert_header("x-ratelimit-remaining", "0")
        .set_body_json(json!({"message": "slow"}));
    let token = json!({"error": {"code": "forbidden", "message": "Not authorized", "invalidToken": true}});
    for (answer, kind) in [
        (ResponseTemplate::new(401), ErrorKind::Auth),
        (ResponseTemplate::new(403).set_body_json(json!({"message": "no"})), ErrorKind::Forbidden),
        (ResponseTemplate::new(403).set_body_json(token), ErrorKind::Auth),
        (spent, ErrorKind::RateLimited),
        (ResponseTemplate::new(404), ErrorKind::NotFound),
        (ResponseTemplate::new(409), ErrorKind::Conflict),
        (ResponseTemplate::new(422), ErrorKind::Refused),
        (ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/login"), ErrorKind::Garbage),
    ] {
        let server = MockServer::start().await;
        on(&server, "GET", "/v2/user", answer).await;
        assert_eq!(vercel(&server).check_token().await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn an_unchanged_answer_comes_from_memory_and_budgets_are_told() {
    let server = MockServer::start().await;
    let run = json!({"id": 7, "name": "deploy", "status": "completed", "conclusion": "failure", "head_sha": "a1b2c3d"});
    let first = json_answer(json!({"total_count": 1, "workflow_runs": [run]})).insert_header("etag", "W/\"1\"");
    let first = first.insert_header("x-ratelimit-limit", "5000").insert_header("x-ratelimit-remaining", "4999");
    let same = Mock::given(method("GET")).and(header("if-none-match", "W/\"1\""));
    same.respond_with(ResponseTemplate::new(304)).with_priority(1).expect(1).mount(&server).await;
    on(&server, "GET", "/repos/acme/shop/actions/runs", first).await;
    let (http, budgets) = http();
    let client = Github::new(http, access(&server), "acme/shop");
    let (fresh, held) = (client.runs(5).await.unwrap(), client.runs(5).await.unwrap());
    assert_eq!((fresh[0].status, &fresh), (Status::Fail, &held));
    let told = budgets.lock().unwrap();
    assert_eq!((told[0].0, told[0].1.remaining), (Platform::Github, 4999));
}

#[tokio::test]
async fn github_gates_and_comparisons_become_the_vocabulary() {
    let server = MockServer::start().await;
    let pending = json!([{
        "environment": {"id": 9, "name": "production"}, "wait_timer": 5, "wait_timer_started_at": null,
        "current_user_can_approve": true, "reviewers": [{"type": "User", "reviewer": {"login": "maria"}}, {"type": "Team", "reviewer": {"slug": "ops"}}],
    }]);
    on(&server, "GET", "/repos/acme/shop/actions/runs/7/pending_deployments", json_answer(pending)).await;
    let gates = github(&server).pending_deployments(7).await.unwrap();
    assert_eq!((gates[0].env.as_str(), gates[0].reviewers.len(), gates[0].may_approve), ("production", 2, true));

    let commit =
        json!({"sha": "f00dfee", "commit": {"message": "Fix it\n\nlong", "author": {"name": "Maria"}}, "author": null});
    let compared = json!({"status": "ahead", "ahead_by": 1, "behind_by": 0, "commits": [commit]});
    on(&server, "GET", "/repos/acme/shop/compare/a1b2c3d...f00dfee", json_answer(compared)).await;
    let compared = github(&server).compare("a1b2c3d", "f00dfee").await.unwrap();
    assert_eq!((compared.ahead_by, compared.commits[0].title.as_str()), (1, "Fix it"));
    assert_eq!(compared.commits[0].author.as_str(), "Maria");
    assert_eq!(compared.added.extent, Extent::NOTHING, "it names no files");
    for (count, whole) in [(299, true), (300, false)] {
        let file = |n: usize| json!({"filename": format!("supabase/migrations/{n}.sql"), "status": "added"});
        let files: Vec<_> = (0..count).map(file).collect();
        let answer = json!({"status": "ahead", "ahead_by": 1, "behind_by": 0, "commits": [], "files": files});
        on(&server, "GET", &format!("/repos/acme/shop/compare/a...{count}"), json_answer(answer)).await;
        let added = github(&server).compare("a", &count.to_string()).await.unwrap().added;
        assert_eq!((added.items.len(), added.extent.whole()), (count, whole));
    }
}

#[tokio::test]
async fn github_names_secrets_and_never_values() {
    let server = MockServer::start().await;
    let secrets = json!({"total_count": 1, "secrets": [{"name": "A", "updated_at": "2026-01-01T00:00:00Z"}]});
    on(&server, "GET", "/repos/acme/shop/environments/production/secrets", json_answer(secrets)).await;
    let variables = json!({"total_count": 1, "variables": [{"name": "B", "value": "plain-value"}]});
    on(&server, "GET", "/repos/acme/shop/actions/variables", json_answer(variables)).await;
    let env = EnvId::from("production");
    let entries = github(&server).secrets(Some("production"), &env).await.unwrap();
    assert_eq!((entries[0].key.as_str(), &entries[0].digest), ("A", &Digest::Hidden));
    let entries = github(&server).variables(None, &env).await.unwrap();
    assert!(!format!("{entries:?}").contains("plain-value"));
}

fn machine() -> serde_json::Value {
    json!({
        "id": "d8912345678901", "state": "started", "region": "iad", "instance_id": "01A", "host_status": "ok",
        "image_ref": {"registry": "registry.fly.io", "digest": "sha256:aa", "labels": {"GH_SHA": "a1b2c3d4"}},
        "config": {"image": "registry.fly.io/shop:deployment-01X",
            "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": "41"}},
        "checks": [{"name": "http", "status": "passing"}, {"name": "tcp", "status": "critical", "output": "refused"},
            {"name": "bg_deployments_compat_x", "status": "critical"}],
    })
}

#[tokio::test]
async fn fly_machines_are_read_leased_updated_and_waited_for() {
    let server = MockServer::start().await;
    let list =
        Mock::given(method("GET")).and(path("/v1/apps/shop/machines")).and(header("authorization", "FlyV1 fm2_abc"));
    list.respond_with(json_answer(json!([machine()]))).mount(&server).await;
    let client = fly(&server);
    let machines = client.machines("shop").await.unwrap();
    let one = &machines[0];
    assert_eq!((one.release_version, one.checks, one.in_fleet()), (Some(41), (1, 2), true));
    assert_eq!(one.sha.as_ref().unwrap().as_str(), "a1b2c3d4");

    let at = "/v1/apps/shop/machines/d8912345678901";
    let lease = json!({"status": "success", "data": {"nonce": "n0nce", "expires_at": 1_700_000_000, "owner": "me", "version": "01A"}});
    on(&server, "POST", &format!("{at}/lease"), ResponseTemplate::new(201).set_body_json(lease)).await;
    let lease = client.acquire_lease("shop", &one.id, (Duration::from_secs(13), "a test")).await.unwrap();
    assert!(!format!("{lease:?}").contains("n0nce"));

    let update = Mock::given(method("POST")).and(path(at)).and(header("fly-machine-lease-nonce", "n0nce"));
    let update = update.and(body_partial_json(
        json!({"current_version": "01A", "config": {"image": "old", "metadata": {"fly_platform_version": "v2"}}}),
    ));
    update.respond_with(json_answer(machine())).expect(1).mount(&server).await;
    client.update_machine("shop", one, &one.whole().unwrap().with_image("old"), &lease).await.unwrap();

    let wait = Mock::given(method("GET")).and(path(format!("{at}/wait"))).and(query_param("version", "01B"));
    wait.respond_with(ResponseTemplate::new(408).set_body_string("deadline_exceeded")).expect(1).mount(&server).await;
    let waited = client.wait("shop", &one.id, "01B", "started", Duration::from_secs(1)).await.unwrap();
    assert_eq!(waited, WaitResult::TimedOut);
}

#[tokio::test]
async fn a_machine_that_is_listed_twice_counts_once_and_one_told_in_two_ways_is_not_believed() {
    let listed = |second: serde_json::Value| async move {
        let server = MockServer::start().await;
        on(&server, "GET", "/v1/apps/shop/machines", json_answer(json!([machine(), second]))).await;
        fly(&server).machines("shop").await
    };
    assert_eq!(listed(machine()).await.unwrap().len(), 1);
    let mut stopped = machine();
    stopped["state"] = "stopped".into();
    let error = listed(stopped).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbage, "{error}");
}

#[tokio::test]
async fn a_fly_lease_that_somebody_holds_is_a_conflict_with_its_holder() {
    let server = MockServer::start().await;
    let words = "machine ID d89 lease currently held by 1@tokens.fly.io, expires at 2026-01-01T00:00:00Z";
    let held = ResponseTemplate::new(409).set_body_json(json!({"error": words})).insert_header("fly-request-id", "f-1");
    on(&server, "POST", "/v1/apps/shop/machines/d89/lease", held).await;
    let error = fly(&server).acquire_lease("shop", "d89", (Duration::from_secs(13), "a test")).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Conflict, words));
    assert_eq!(error.request_id.unwrap().as_str(), "f-1");
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn fly_releases_images_and_logs() {
    let server = MockServer::start().await;
    let row = |version: u64, status: &str| {
        json!({"id": format!("r{version}"), "version": version, "status": status, "user": "m@x.io",
        "created_at": "2026-01-01T00:00:00Z", "image_ref": "registry.fly.io/shop:deployment-01X"})
    };
    let releases = Mock::given(method("GET"))
        .and(path("/api/v1/apps/shop/releases"))
        .and(header("authorization", "Bearer fm2_abc"));
    let rows = json!({"releases": [row(40, "complete"), row(41, "running")]});
    releases.respond_with(json_answer(rows)).mount(&server).await;
    let client = fly(&server);
    let releases = client.releases("shop", 25).await.unwrap();
    let minute = "2026-01-01T00:01:00Z".parse().unwrap();
    let stands = |at| (releases[0].stands(at).0, releases[1].stands(at).0);
    assert_eq!((releases[0].version, stands(minute)), (41, (Status::Running, Status::Ok)));
    let tomorrow = "2026-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(stands(tomorrow), (Status::Unknown, Status::Ok));
    let words = releases[0].stands(tomorrow).1;
    assert_eq!(words.as_str(), "unknown (running since 2026-01-01 00:00Z)");

    let gone = json!({"data": {"app": {"image": null}}});
    on(&server, "POST", "/graphql", json_answer(gone)).await;
    assert!(!client.image_exists("shop", "registry.fly.io/shop:x").await.unwrap());

    let line = json!({"id": "1", "attributes": {"timestamp": "2026-01-01T00:00:00.123456789Z", "message": "\u{1b}[31mERROR\u{1b}[0m no",
        "level": "info", "instance": "d89", "region": "iad", "meta": {"event": {"provider": "app"}}}});
    let page = json!({"data": [line], "meta": {"next_token": 1_767_225_600_123_456_789_u64}});
    on(&server, "GET", "/api/v1/apps/shop/logs", json_answer(page)).await;
    let page = client.logs("shop", &ServiceId::new("staging", "backend"), None).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("1767225600123456789"));
    let (_, line) = &page.lines[0];
    assert_eq!((line.message.as_str(), line.level, line.kind), ("ERROR no", Level::Error, LogKind::App));
}

#[tokio::test]
async fn vercel_lists_with_uid_gets_with_id_and_shows_the_pin() {
    let server = MockServer::start().await;
    let item = json!({"uid": "dpl_1", "url": null, "state": "READY", "readyState": "READY", "readySubstate": "PROMOTED", "target": "production",
        "created": 1_700_000_000_000_i64, "aliasAssigned": 1_700_000_000_500_i64, "isRollbackCandidate": true,
        "meta": {"githubCommitSha": "a1b2c3d4", "githubCommitMessage": "Fix\n\nmore", "githubCommitAuthorLogin": "maria"}});
    let list = Mock::given(method("GET")).and(path("/v7/deployments")).and(query_param("teamId", "team_1"));
    list.respond_with(json_answer(json!({"deployments": [item], "pagination": {"next": null}}))).mount(&server).await;
    let client = vercel(&server);
    let list = client.deployments("prj_1", Some("production"), 20).await.unwrap();
    assert_eq!((list[0].id.as_str(), list[0].message.as_str(), list[0].alias_assigned), ("dpl_1", "Fix", true));

    let project = json!({"id": "prj_1", "name": "shop", "autoAssignCustomDomains": false, "targets": {"production": {"id": "dpl_0", "readyState": "READY"}},
        "lastAliasRequest": {"type": "rollback", "jobStatus": "in-progress", "toDeploymentId": "dpl_0", "requestedAt": 1_700_000_000_000_i64}});
    on(&server, "GET", "/v9/projects/prj_1", json_answer(project)).await;
    let project = client.project("prj_1").await.unwrap();
    assert!(!project.auto_assign);
    assert!(project.last_alias_request.unwrap().in_motion());
    assert_eq!(project.production.unwrap().id, "dpl_0");
}

#[tokio::test]
async fn vercel_rollback_is_accepted_with_an_empty_body() {
    let server = MockServer::start().await;
    let rollback = Mock::given(method("POST"))
        .and(path("/v1/projects/prj_1/rollback/dpl_1"))
        .and(query_param("description", "5xx"));
    rollback.respond_with(ResponseTemplate::new(201)).expect(1).mount(&server).await;
    vercel(&server).rollback("prj_1", "dpl_1", Some("5xx")).await.unwrap();

    let outcomes = json!({"aliases": [{"status": "failed", "alias": "a.example"}, {"status": "completed", "alias": {"alias": "b.example"}}]});
    on(&server, "GET", "/v9/projects/prj_1/rollback/aliases", json_answer(outcomes)).await;
    let outcomes = vercel(&server).moved_aliases("prj_1", "rollback", false).await.unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome.alias.as_str()).collect::<Vec<_>>(), ["a.example", "b.example"]);
}

#[tokio::test]
async fn vercel_build_events_in_both_shapes_and_without_keepalives() {
    let server = MockServer::start().await;
    let flat = json!({"type": "stderr", "created": 1, "date": 1_700_000_000_001_i64, "id": "1", "text": "one\ntwo\n", "level": "error"});
    let wrapped =
        json!({"type": "stdout", "created": 2, "payload": {"id": "2", "date": 1_700_000_000_002_i64, "text": "three"}});
    let events = json!([flat, {"type": "delimiter"}, wrapped, {"type": "alias-assigned", "created": 3, "date": 1_700_000_000_003_i64}]);
    on(&server, "GET", "/v3/deployments/dpl_1/events", json_answer(events)).await;
    let build = vercel(&server).build_events("dpl_1", &ServiceId::new("staging", "frontend"), None).await.unwrap();
    let texts: Vec<_> = build.lines.iter().map(|(_, line)| line.message.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert_eq!((build.aliased, build.last), (true, Some(1_700_000_000_003)));
    assert_eq!(build.lines[0].1.level, Level::Error);
}

#[tokio::test]
async fn vercel_runtime_stream_survives_what_it_cannot_read() {
    let server = MockServer::start().await;
    let record = json!({"rowId": "1", "timestampInMs": 1_700_000_000_000_i64, "level": "error", "message": "boom", "source": "serverless"});
    let body = format!(
        "{record}\n\nnot json\n{}",
        json!({"rowId": "", "level": "info", "message": "", "source": "delimiter"})
    );
    on(
        &server,
        "GET",
        "/v1/projects/prj_1/deployments/dpl_1/runtime-logs",
        ResponseTemplate::new(200).set_body_string(body),
    )
    .await;
    let mut logs =
        vercel(&server).runtime_logs("prj_1", "dpl_1", &ServiceId::new("staging", "frontend")).await.unwrap();
    let first = logs.next().await.unwrap().unwrap();
    assert_eq!((first.line.message.as_str(), first.line.level), ("boom", Level::Error));
    assert_eq!(logs.next().await.unwrap().unwrap().line.message.as_str(), "not json");
    assert_eq!(logs.next().await.unwrap(), None);
}

#[tokio::test]
async fn vercel_variables_show_no_value() {
    let server = MockServer::start().await;
    let envs = json!({"envs": [
        {"key": "A", "value": "hidden-value", "type": "sensitive", "target": ["production"], "updatedAt": 1_700_000_000_000_i64},
        {"key": "B", "value": "x", "type": "encrypted", "target": "preview"},
    ], "hiddenProductionEnvCount": 0});
    on(&server, "GET", "/v10/projects/prj_1/env", json_answer(envs)).await;
    let entries = vercel(&server).env("prj_1", Some("production"), &EnvId::from("production")).await.unwrap();
    assert_eq!((entries.len(), entries[0].key.as_str()), (1, "A"));
    assert!(!format!("{entries:?}").contains("hidden-value"));
}

#[tokio::test]
async fn supabase_project_health_migrations_and_secrets() {
    let server = MockServer::start().await;
    let project =
        json!({"id": "abc", "ref": "abc", "name": "shop", "status": "ACTIVE_HEALTHY", "database": {"version": "17.6"}});
    on(&server, "GET", "/v1/projects/abc", json_answer(project)).await;
    let health = json!([{"name": "db", "healthy": true, "status": "ACTIVE_HEALTHY"}, {"name": "auth", "status": "UNHEALTHY", "error": "no"}]);
    let asked = Mock::given(method("GET")).and(path("/v1/projects/abc/health")).and(query_param("services", "db"));
    asked.respond_with(json_answer(health)).mount(&server).await;
    on(
        &server,
        "GET",
        "/v1/projects/abc/database/migrations",
        json_answer(json!([{"version": "0002", "name": "b"}, {"version": "0001"}])),
    )
    .await;
    let digest = "a".repeat(64);
    let secrets = json!([{"name": "A", "value": digest}, {"name": "SUPABASE_URL", "value": digest}, {"name": "B", "value": "oops-a-value"}]);
    on(&server, "GET", "/v1/projects/abc/secrets", json_answer(secrets)).await;
    let client = supabase(&server);
    assert_eq!(client.project("abc").await.unwrap().drawn(), Status::Ok);
    let health = client.health("abc").await.unwrap();
    assert_eq!(
        (health[0].status, health[1].status, health[1].words.as_str()),
        (Status::Ok, Status::Fail, "UNHEALTHY no")
    );
    assert_eq!(client.migrations("abc").await.unwrap()[1].version.as_str(), "0002");
    let secrets = client.secrets("abc", &EnvId::from("production")).await.unwrap();
    assert_eq!((secrets.len(), &secrets[1].digest), (2, &Digest::Hidden));
}

#[tokio::test]
async fn supabase_logs_fail_in_words_although_the_status_is_good() {
    let server = MockServer::start().await;
    let at = "/v1/projects/abc/analytics/endpoints/logs.all";
    let refused = json!({"result": [], "error": {"message": "window too wide"}});
    on(&server, "GET", at, json_answer(refused)).await;
    let service = ServiceId::new("production", "database");
    let error = supabase(&server).logs("abc", &service, jiff::Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Reported, "window too wide"));
}

fn probe_of(url: String) -> ProbeSettings {
    ProbeSettings {
        env: "production".into(),
        name: "backend /health".into(),
        url,
        status: Vec::new(),
        contains: None,
        json: None,
        max_latency: None,
        cors_origin: None,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
    }
}

#[tokio::test]
async fn probes_judge_status_body_and_cors_and_keep_their_anatomy() {
    let server = MockServer::start().await;
    on(&server, "GET", "/health", json_answer(json!({"status": "ok", "version": "a1b2c3d4"}))).await;
    on(&server, "GET", "/broken", ResponseTemplate::new(503).set_body_string("no database")).await;
    let http = http().0;
    let mut settings = probe_of(format!("{}/health", server.uri()));
    settings.json = Some(("/status".into(), json!("ok")));
    let sample = probe::probe(&http, &settings).await;
    assert_eq!(sample.failure, None);
    assert!(sample.anatomy.connect.is_some() && sample.anatomy.first_byte.is_some());
    assert_eq!(sample.anatomy.release.unwrap().as_str(), "a1b2c3d4");

    // Late is one thing and wrong another: what is wrong and late is wrong.
    settings.max_latency = Some(Duration::ZERO);
    let sample = probe::probe(&http, &settings).await;
    assert!(sample.anatomy.late && sample.failure.unwrap().as_str().starts_with("slow: "));
    let broken = ProbeSettings { max_latency: Some(Duration::ZERO), ..probe_of(format!("{}/broken", server.uri())) };
    let sample = probe::probe(&http, &broken).await;
    assert_eq!((sample.failure.unwrap().as_str(), sample.anatomy.late), ("HTTP 503", false));
    settings.max_latency = None;

    settings.cors_origin = Some("https://shop.example".into());
    let sample = probe::probe(&http, &settings).await;
    assert_eq!(sample.failure.unwrap().as_str(), "CORS refuses https://shop.example");

    let sample = probe::probe(&http, &probe_of(format!("{}/broken", server.uri()))).await;
    assert_eq!((sample.failure.unwrap().as_str(), sample.anatomy.status), ("HTTP 503", Some(503)));
    assert_eq!(sample.anatomy.snippet.unwrap().as_str(), "no database");
    let sample = probe::probe(&http, &probe_of("http://127.0.0.1:9/".into())).await;
    assert!(sample.failure.unwrap().as_str().starts_with("connect to"));
    assert_eq!(sample.anatomy.connect, None);
}

#[tokio::test]
async fn the_edge_says_what_it_runs() {
    let server = MockServer::start().await;
    let page = r#"<html><head><meta name="release" content="f00dfee1"></head></html>"#;
    let answer = ResponseTemplate::new(200).set_body_raw(page, "text/html").insert_header("x-release", "f00dfee1");
    on(&server, "GET", "/", answer).await;
    for at in [ObserveAt::Header("x-release".into()), ObserveAt::Meta("release".into())] {
        let settings = ObserveSettings { env: "production".into(), service: "frontend".into(), url: server.uri(), at };
        let observed = observe::observe(&http().0, &settings).await.unwrap();
        assert_eq!(observed.sha.unwrap().as_str(), "f00dfee1");
    }
    // What names no commit has not been observed to run anything, however long it is there.
    for (version, says) in [("", "its version is empty"), ("unknown", "but unknown"), ("9df49c", "but 9df49c")] {
        let server = MockServer::start().await;
        on(&server, "GET", "/", ResponseTemplate::new(200).set_body_json(json!({"commit": version}))).await;
        let (url, at) = (server.uri(), ObserveAt::Json("/commit".into()));
        let settings = ObserveSettings { env: "production".into(), service: "backend".into(), url, at };
        let error = observe::observe(&http().0, &settings).await.unwrap_err().to_string();
        assert!(error.contains("it names no commit") && error.contains(says), "{version}: {error}");
    }
}

#[tokio::test]
async fn the_permission_that_is_missing_is_named() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(403)
        .insert_header("x-accepted-github-permissions", "actions=read; actions=write")
        .set_body_json(json!({"message": "Resource not accessible by personal access token"}));
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let error = github(&server).runs(1).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.as_str().ends_with("(needs actions=read or actions=write)"), "{error}");
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(401).set_body_json(json!({"error": "Authenticate: token validation error"}));
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let error = fly(&server).logs("shop", &ServiceId::new("production", "backend"), None).await.unwrap_err();
    assert!(error.message.as_str().contains("deploy token"), "{error}");
}
