//! Answers that are longer than a page, or that say less than they seem to.

use flightdeck::clock::ManualClock;
use flightdeck::domain::extent::Extent;
use flightdeck::domain::finding::Finding;
use flightdeck::domain::pipeline::RunState;
use flightdeck::platform::PlatformError;
use flightdeck::platform::github::JobLog;
use serde_json::Value;
use wiremock::matchers::query_param_is_missing;

use super::*;

fn job(number: u32) -> Value {
    let bad = number == 256;
    json!({"id": number, "name": format!("test ({number})"), "status": "completed",
        "conclusion": if bad { "failure" } else { "success" }})
}

/// Pages of a hundred jobs of a run that has 256.
async fn paged(server: &MockServer, pages: u32) {
    let at = "/repos/acme/shop/actions/runs/1/jobs";
    for page in 1..=3_u32 {
        let list: Vec<Value> = match page {
            _ if page > pages => Vec::new(),
            3 => (201..=256).map(job).collect(),
            _ => (page * 100 - 99..=page * 100).map(job).collect(),
        };
        let asked = Mock::given(method("GET")).and(path(at));
        let asked = match page {
            1 => asked.and(query_param_is_missing("page")),
            _ => asked.and(query_param("page", page.to_string())),
        };
        asked.respond_with(json_answer(json!({"total_count": 256, "jobs": list}))).mount(server).await;
    }
}

#[tokio::test]
async fn the_job_that_failed_beyond_the_first_page_is_seen() {
    let server = MockServer::start().await;
    paged(&server, 3).await;
    let jobs = github(&server).jobs(1).await.unwrap();
    assert_eq!((jobs.items.len(), jobs.extent), (256, Extent::Whole));
    assert_eq!(jobs.items.last().unwrap().state, RunState::Failed);
    assert_eq!(requests(&server).await, 3);
}

#[tokio::test]
async fn jobs_that_are_not_given_are_told_as_not_read() {
    let server = MockServer::start().await;
    paged(&server, 1).await;
    let jobs = github(&server).jobs(1).await.unwrap();
    assert_eq!(jobs.extent, Extent::Part { read: 100, of: Some(256) });
    assert_eq!(jobs.extent.missing("jobs").unwrap(), "156 more jobs not read");
    assert_eq!(requests(&server).await, 2, "it is asked for once, not for ever");
}

/// The checks of a repository whose features answer so; everything else is not there.
async fn looked(answers: &[(&str, ResponseTemplate)]) -> Vec<(&'static str, Result<Finding, PlatformError>)> {
    let server = MockServer::start().await;
    for (what, answer) in answers {
        on(&server, "GET", &format!("/repos/acme/shop/{what}"), answer.clone()).await;
    }
    github(&server).findings("production").await
}

#[tokio::test]
async fn alerts_beyond_what_is_read_are_told_and_nothing_bad_in_a_part_is_not_well() {
    let alert = json!({"security_vulnerability": {"severity": "low"}, "security_advisory": {"summary": "s"}});
    let page = json_answer(json!(vec![alert; 100]));
    let link = "<http://elsewhere.test/alerts?per_page=100&after=next>; rel=\"next\"";
    let found = looked(&[("dependabot/alerts", page.insert_header("link", link))]).await;
    let alerts = found[0].1.as_ref().unwrap();
    assert_eq!(alerts.status, Status::Unknown, "{alerts:?}");
    assert_eq!(alerts.says.as_str(), "300+ open, 0 critical, 0 high (more alerts not read)");
}

#[tokio::test]
async fn a_refused_check_takes_no_other_along_and_says_what_it_is() {
    let said = |status, words| ResponseTemplate::new(status).set_body_json(json!({"message": words}));
    let found = looked(&[
        ("code-scanning/alerts", said(404, "no analysis found")),
        ("dependabot/alerts", said(403, "Resource not accessible by personal access token")),
        ("secret-scanning/alerts", said(451, "blocked")),
        (
            "actions/workflows",
            json_answer(json!({"total_count": 1, "workflows": [{"name": "Deploy", "state": "active"}]})),
        ),
    ])
    .await;
    let of = |name: &str| &found.iter().find(|(one, _)| *one == name).unwrap().1;
    let told = |name: &str| of(name).as_ref().map(|one| (one.status, one.says.to_string())).unwrap();
    assert_eq!(told("code alerts"), (Status::Paused, "never ran: no analysis found".to_owned()));
    assert_eq!(of("dependency alerts").as_ref().unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(told("workflows"), (Status::Ok, "1 active".to_owned()));
    let withheld = of("leaked secrets").as_ref().unwrap_err();
    assert_eq!((withheld.status, withheld.message.as_str()), (Some(451), "blocked"));
}

#[tokio::test]
async fn a_log_that_has_expired_is_absent_or_empty_is_told_in_three_ways() {
    let service = ServiceId::new("production", "pipeline");
    let mut remarks = std::collections::BTreeSet::new();
    for (status, body, want) in [
        (410, "{\"message\": \"Gone\"}", JobLog::Expired),
        (404, "{\"message\": \"Not Found\"}", JobLog::Absent),
        (200, "", JobLog::Empty),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
        on(&server, "GET", "/repos/acme/shop/actions/jobs/7/logs", answer).await;
        let log = github(&server).job_log(7, &"build".into(), &service).await.unwrap();
        assert_eq!(log, want);
        assert_eq!(requests(&server).await, 1, "{status}: it is not asked for again");
        remarks.insert(log.remark());
    }
    assert_eq!(remarks.len(), 3);
}

/// A project that is in this state, with this answer about its health.
async fn project(server: &MockServer, status: &Value, health: ResponseTemplate) {
    let project = json!({"id": "abc", "ref": "abc", "name": "shop", "status": status});
    on(server, "GET", "/v1/projects/abc", json_answer(project)).await;
    on(server, "GET", "/v1/projects/abc/health", health).await;
}

#[tokio::test]
async fn a_project_that_is_being_paused_is_not_being_deployed_and_after_an_hour_it_is_stuck() {
    let server = MockServer::start().await;
    project(&server, &json!("PAUSING"), ResponseTemplate::new(404)).await;
    let clock = Arc::new(ManualClock::new("2026-11-28T08:00:00Z".parse().unwrap()));
    let http = Http::new(clock.clone(), Arc::new(Redactor::default()), None);
    let client = Supabase::new(http, access(&server));
    let first = client.declared("abc").await.unwrap();
    assert_eq!((first.status, first.words.as_str()), (Status::Paused, "PAUSING"));
    assert_eq!(first.label.as_str(), "migrations not read");
    clock.advance(Duration::from_secs(3_660));
    let later = client.declared("abc").await.unwrap();
    assert_eq!((later.status, later.words.as_str()), (Status::Paused, "PAUSING for 1h01m, stuck?"));
    // Nothing that has been in motion for too long is better than it was.
    for (word, status) in
        [("GOING_DOWN", Status::Paused), ("RESTORING", Status::Unknown), ("COMING_UP", Status::Unknown)]
    {
        let server = MockServer::start().await;
        project(&server, &json!(word), ResponseTemplate::new(404)).await;
        let client = Supabase::new(Http::new(clock.clone(), Arc::new(Redactor::default()), None), access(&server));
        client.declared("abc").await.unwrap();
        clock.advance(Duration::from_secs(3_660));
        let later = client.declared("abc").await.unwrap();
        assert_eq!((later.status, later.words.as_str()), (status, format!("{word} for 1h01m, stuck?").as_str()));
    }
}

#[tokio::test]
async fn a_state_that_is_not_given_is_not_a_state() {
    for (word, says) in
        [(json!(""), "no state given"), (json!(null), "no state given"), (json!("ON_FIRE"), "unknown (ON_FIRE)")]
    {
        let server = MockServer::start().await;
        project(&server, &word, ResponseTemplate::new(404)).await;
        let declared = supabase(&server).declared("abc").await.unwrap();
        assert_eq!((declared.status, declared.words.as_str()), (Status::Unknown, says), "{word}");
    }
}

#[tokio::test]
async fn an_error_inside_a_success_is_no_health_and_is_told_as_what_it_is() {
    let server = MockServer::start().await;
    let health = json_answer(json!({"error": "upstream", "message": "200 with an error inside"}));
    project(&server, &json!("ACTIVE_HEALTHY"), health).await;
    let error = supabase(&server).declared("abc").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reported);
    assert_eq!(error.to_string(), "supabase: reports an error: 200 with an error inside");
    let nested = MockServer::start().await;
    let body = json!({"error": {"name": "BadRequestException", "message": "it is PAUSING"}, "enabled": false});
    project(&nested, &json!("ACTIVE_HEALTHY"), ResponseTemplate::new(404)).await;
    on(&nested, "GET", "/v1/projects/abc/readonly", json_answer(body)).await;
    let found = supabase(&nested).findings("abc").await;
    let writable = found.iter().find(|(name, _)| *name == "writable").unwrap().1.as_ref().unwrap_err();
    assert_eq!((writable.kind, writable.message.as_str()), (ErrorKind::Reported, "it is PAUSING"));
}

#[tokio::test]
async fn an_answer_that_leaves_out_what_was_asked_is_not_read_as_good_news() {
    let server = MockServer::start().await;
    let auth = json_answer(json!([{"name": "auth", "healthy": true, "status": "ACTIVE_HEALTHY"}]));
    project(&server, &json!("ACTIVE_HEALTHY"), auth).await;
    let declared = supabase(&server).declared("abc").await.unwrap();
    assert_eq!(declared.status, Status::Unknown, "{}", declared.words);
    assert!(declared.words.as_str().contains("nothing of the database"), "{}", declared.words);
    let well = |name: &str| json!({"name": name, "status": "ACTIVE_HEALTHY"});
    let asked = ["auth", "db", "pooler", "realtime", "rest", "storage"];
    for silent in ["storage", ""] {
        let server = MockServer::start().await;
        let told: Vec<Value> = asked.iter().filter(|name| **name != silent).map(|name| well(name)).collect();
        project(&server, &json!("ACTIVE_HEALTHY"), json_answer(json!(told))).await;
        let declared = supabase(&server).declared("abc").await.unwrap();
        let says = if silent.is_empty() {
            (Status::Ok, "ACTIVE_HEALTHY")
        } else {
            (Status::Unknown, "health: the platform says nothing of storage")
        };
        assert_eq!((declared.status, declared.words.as_str()), says);
    }
    let server = MockServer::start().await;
    for (path, body) in [
        ("advisors/security", json!({"lints": [{"title": "odd", "level": "FATAL", "detail": "new"}]})),
        ("config/disk/util", json!({"metrics": {"fs_size_bytes": 0, "fs_used_bytes": 0}})),
    ] {
        on(&server, "GET", &format!("/v1/projects/abc/{path}"), json_answer(body)).await;
    }
    let found = supabase(&server).findings("abc").await;
    let of = |name: &str| &found.iter().find(|(one, _)| *one == name).unwrap().1;
    assert_eq!(of("security advisor").as_ref().unwrap().status, Status::Unknown);
    assert_eq!(of("disk").as_ref().unwrap_err().kind, ErrorKind::Garbage);
    for empty in [json!({}), json!([])] {
        let server = MockServer::start().await;
        for path in ["readonly", "database/backups", "advisors/security", "upgrade/status", "config/disk/util"] {
            on(&server, "GET", &format!("/v1/projects/abc/{path}"), json_answer(empty.clone())).await;
        }
        let found = supabase(&server).findings("abc").await;
        for name in ["writable", "backups", "security advisor", "upgrade", "disk"] {
            let read = &found.iter().find(|(one, _)| *one == name).unwrap().1;
            assert_eq!(
                read.as_ref().map_err(|error| error.kind),
                Err(ErrorKind::Garbage),
                "{name} of {empty}: {read:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_rate_limit_tells_its_end_and_a_wait_of_a_day_is_not_granted() {
    let server = MockServer::start().await;
    let answer =
        ResponseTemplate::new(429).set_body_json(json!({"error": {"code": "rate_limited", "message": "slow down"}}));
    on(&server, "GET", "/v2/user", answer.insert_header("retry-after", "86400")).await;
    let clock = Arc::new(ManualClock::new("2026-11-28T08:30:00Z".parse().unwrap()));
    let http = Http::new(clock, Arc::new(Redactor::default()), None);
    let error = Vercel::new(http, access(&server), None).check_token().await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(300)));
    let says = "vercel: rate limited until 2026-11-29 08:30:00Z (asked again in 5 min): slow down";
    assert_eq!(error.to_string(), says);
}

#[tokio::test]
async fn a_platform_that_is_not_there_is_asked_by_one_and_told_to_the_others_and_a_change_goes_out() {
    let gone = Access { base: "http://127.0.0.1:9".into(), token: token(Some("t0ken"), "test") };
    let client = Vercel::new(http().0, gone, None);
    client.check_token().await.unwrap_err();
    let (one, other) = tokio::join!(client.project("a"), client.deployment("b"));
    let both = [one.unwrap_err(), other.unwrap_err()];
    let held: Vec<&PlatformError> = both.iter().filter(|error| error.not_asked()).collect();
    assert_eq!(held.len(), 1, "{both:?}");
    assert!(held[0].message.as_str().starts_with("not asked: vercel has not answered since "), "{}", held[0]);
    let change = client.rollback("prj_1", "dpl_1", None).await.unwrap_err();
    assert!(change.kind == ErrorKind::Unreachable && !change.not_asked(), "{change}");
}

#[tokio::test]
async fn every_domain_of_a_project_is_read_also_beyond_the_first_page() {
    let server = MockServer::start().await;
    let domains = |from: u32, to: u32| -> Vec<Value> {
        (from..=to).map(|n| json!({"name": format!("d{n}.example.com"), "verified": true})).collect()
    };
    let at = "/v9/projects/prj_1/domains";
    let first = json!({"domains": domains(1, 100), "pagination": {"count": 100, "next": 1_555, "prev": null}});
    let last = json!({"domains": domains(101, 120), "pagination": {"count": 20, "next": null, "prev": 1_555}});
    Mock::given(method("GET"))
        .and(path(at))
        .and(query_param_is_missing("until"))
        .respond_with(json_answer(first))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(at))
        .and(query_param("until", "1555"))
        .respond_with(json_answer(last))
        .mount(&server)
        .await;
    assert_eq!(vercel(&server).domains("prj_1").await.unwrap().len(), 120);
}

#[tokio::test]
async fn conclusions_are_told_by_their_words_and_success_is_one_of_them() {
    let server = MockServer::start().await;
    let words = ["timed_out", "startup_failure", "action_required", "neutral", "stale", "skipped", "brand_new_word"];
    let runs: Vec<Value> = words
        .iter()
        .enumerate()
        .map(|(n, word)| json!({"id": n + 1, "run_number": n + 1, "status": "completed", "conclusion": word, "head_sha": "a1b2c3d"}))
        .collect();
    on(&server, "GET", "/repos/acme/shop/actions/runs", json_answer(json!({"workflow_runs": runs}))).await;
    let runs = github(&server).runs(20).await.unwrap();
    let drawn: Vec<Status> = runs.iter().map(|run| run.status).collect();
    use Status::{Fail, Paused, Unknown, Warn};
    assert_eq!(drawn, [Fail, Fail, Paused, Paused, Warn, Paused, Unknown]);
    assert_eq!(runs[6].words.as_str(), "unknown (brand_new_word)");
    assert!(!runs[2].over() && runs[2].words.as_str().contains("waits for a person"));
}
