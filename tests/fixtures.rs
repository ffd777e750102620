//! Answers of the platforms by hand and from their own descriptions, with their provenance: the clients understand them, and the
//! simulator answers in the same words.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::config::token::Token;
use flightdeck::config::{Access, FlyAccess};
use flightdeck::domain::ids::ServiceId;
use flightdeck::platform::ErrorKind;
use flightdeck::platform::fly::Fly;
use flightdeck::platform::github::Github;
use flightdeck::platform::http::Http;
use flightdeck::platform::supabase::Supabase;
use flightdeck::platform::vercel::Vercel;
use flightdeck::redact::Redactor;
use secrecy::SecretString;
use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(value["provenance"].as_str().is_some_and(|text| text.len() > 20), "{name} says where it is from");
    value
}

/// A server that gives one fixture and nothing else, for as long as the process lives.
async fn serving(name: &str) -> &'static MockServer {
    let fixture = fixture(name);
    let server = MockServer::start().await;
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    let answer = ResponseTemplate::new(status).set_body_json(&fixture["answer"]);
    let asked = Mock::given(method(fixture["method"].as_str().unwrap())).and(path(fixture["path"].as_str().unwrap()));
    asked.respond_with(answer).mount(&server).await;
    Box::leak(Box::new(server))
}

fn http() -> Http {
    Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None)
}

fn access(server: &MockServer) -> Access {
    Access { base: server.uri(), token: Token::fixed(Some(SecretString::from("t0ken")), "test") }
}

fn github(server: &MockServer) -> Github {
    Github::new(http(), access(server), "acme/shop")
}

fn fly(server: &MockServer) -> Fly {
    let token = Token::fixed(Some(SecretString::from("FlyV1 fm2_abc")), "test");
    Fly::new(http(), FlyAccess { machines: server.uri(), api: server.uri(), token, drain: Duration::ZERO })
}

#[tokio::test]
async fn what_github_gives_as_examples_is_understood() {
    let jobs = github(serving("github_jobs").await).jobs(29_679_449).await.unwrap().items;
    assert_eq!((jobs[0].id, jobs[0].steps.len()), (399_444_496, 2));
    let gates = github(serving("github_pending").await).pending_deployments(1).await.unwrap();
    assert_eq!((gates[0].env.as_str(), gates[0].wait_minutes, gates[0].reviewers.len()), ("staging", 30, 2));
    let compared = github(serving("github_compare").await).compare("a", "b").await.unwrap();
    assert_eq!((compared.status.as_str(), compared.commits.len()), ("behind", 1));
    let runs = github(serving("github_runs").await).runs(20).await.unwrap();
    assert_eq!((runs[0].id, runs[0].number.0), (30_433_642, 562));
    let dispatch = github(serving("github_dispatch").await);
    let run = dispatch.dispatch("deploy.yml", "main", "sha", "abc").await.unwrap();
    assert!(run.is_some(), "the answer names the run");
    let secrets = github(serving("github_secrets").await).secrets(Some("production"), &"production".into()).await;
    assert_eq!(secrets.unwrap().len(), 2);
    let server = serving("github_dependabot").await;
    let findings = github(server).findings("production").await;
    let alerts = findings[0].1.as_ref().unwrap();
    assert!(alerts.says.as_str().contains("2 open"), "{alerts:?}");
}

#[tokio::test]
async fn the_others_words_are_understood() {
    let project = "abcdefghijklmnopqrst";
    let supabase = Supabase::new(http(), access(serving("supabase_project").await));
    assert_eq!(supabase.project(project).await.unwrap().postgres.as_str(), "17.6.1.111");
    let gone = Supabase::new(http(), access(serving("supabase_removed").await));
    let error = gone.project(project).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Refused, "Resource has been removed"));

    let (app, machine) = ("shop", "148e21eb713389");
    let lease =
        fly(serving("fly_lease").await).acquire_lease(app, machine, (Duration::from_secs(13), "a test")).await.unwrap();
    assert_eq!(lease.version.as_deref(), Some("01HEPA330HZ37A78TK080NAK1N"));
    let held = fly(serving("fly_leased").await).acquire_lease(app, machine, (Duration::from_secs(13), "a test")).await;
    let held = held.unwrap_err();
    assert!(held.kind == ErrorKind::Conflict && held.message.as_str().contains("1@tokens.fly.io"), "{held:?}");
    let service = ServiceId::new("production", "backend");
    let page = fly(serving("fly_logs").await).logs(app, &service, None).await.unwrap();
    assert_eq!((page.lines.len(), page.next.as_deref()), (1, Some("1763629200123456789")));

    let refused = Vercel::new(http(), access(serving("vercel_forbidden").await), None);
    assert_eq!(refused.project("shop").await.unwrap_err().kind, ErrorKind::Auth);
    let limited = Vercel::new(http(), access(serving("vercel_limited").await), None);
    assert_eq!(limited.project("shop").await.unwrap_err().kind, ErrorKind::RateLimited);
    let alias = Vercel::new(http(), access(serving("vercel_alias").await), None);
    assert!(alias.alias("shop.example.com").await.unwrap().starts_with("dpl_5WJW"));
}

/// Every field of an object, with the fields of what it holds, as paths.
fn fields(value: &Value, at: &str, all: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                all.insert(format!("{at}.{name}"));
                fields(value, &format!("{at}.{name}"), all);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| fields(value, &format!("{at}[]"), all)),
        _ => {}
    }
}

#[tokio::test]
async fn the_simulator_uses_no_field_that_the_examples_do_not_know() {
    use flightdeck::sim::{self, Options};
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: "calm".to_owned(), seed: 7, speed: 1.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let (token, run) = {
        let world = sim.shared().world();
        (world.github.token.clone(), world.github.runs.last().unwrap().id)
    };
    let base = format!("{}/repos/acme/maria-ai-agent", sim.origins().github);
    for (name, asked) in [
        ("github_jobs", format!("{base}/actions/runs/{run}/jobs")),
        ("github_secrets", format!("{base}/environments/production/secrets")),
    ] {
        let sent = reqwest::Client::new().get(asked).bearer_auth(&token).header("user-agent", "tests").send().await;
        let answer: Value = sent.unwrap().json().await.unwrap();
        let (mut ours, mut theirs) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        fields(&answer, "$", &mut ours);
        fields(&fixture(name)["answer"], "$", &mut theirs);
        // Fields that are newer than the examples; the description has them.
        let newer = ["$.jobs[].created_at", "$.jobs[].head_branch", "$.jobs[].run_attempt", "$.jobs[].workflow_name"];
        let invented: Vec<_> = ours.difference(&theirs).filter(|name| !newer.contains(&name.as_str())).collect();
        assert!(invented.is_empty(), "{name}: {invented:?}");
    }
    sim.stop().await;
}
