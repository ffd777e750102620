//! What is written to GitHub and Vercel beside deployments: dispatches, sealed secrets, variables.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use flightdeck::sim::world::{Env, ids};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, body, world};

const REPO: &str = "/repos/acme/maria-ai-agent";

/// Status and message of a dispatch.
async fn dispatch(world: &World, file: &str, version: &str, sent: Value) -> (u16, Value) {
    let path = format!("{REPO}/actions/workflows/{file}/dispatches");
    let call = world.on_github(Method::POST, &path).header("x-github-api-version", version);
    let answer = call.json(&sent).send().await.unwrap();
    (answer.status().as_u16(), body(answer).await)
}

#[tokio::test]
async fn a_dispatch_names_its_run_when_asked_to_and_always_in_the_newer_version() {
    let world = world("calm").await;
    let (old, new, file) = ("2022-11-28", "2026-03-10", "deploy-production.yml");
    assert_eq!(dispatch(&world, file, old, json!({"ref": "main"})).await, (204, Value::Null));
    for (version, sent) in [
        (old, json!({"ref": "main", "return_run_details": true})),
        (new, json!({"ref": "refs/heads/main"})),
        (new, json!({"ref": "main", "return_run_details": true})),
    ] {
        let (status, named) = dispatch(&world, file, version, sent.clone()).await;
        assert_eq!(status, 200, "{version} {sent}");
        let run = named["workflow_run_id"].as_u64().unwrap();
        assert_eq!(world.github(&format!("/actions/runs/{run}")).await["event"], "workflow_dispatch");
    }
    world.sim.stop().await;
}

#[tokio::test]
async fn a_dispatch_that_cannot_be_is_refused_in_three_ways() {
    let world = world("calm").await;
    let head = world.github("/commits/main").await["sha"].as_str().unwrap().to_owned();
    for (file, sent, says) in [
        ("deploy-staging.yml", json!({"ref": "main"}), "Workflow does not have 'workflow_dispatch' trigger".to_owned()),
        ("deploy-production.yml", json!({"ref": "nope"}), "No ref found for: nope".to_owned()),
        ("deploy-production.yml", json!({"ref": head}), format!("No ref found for: {head}")),
        (
            "deploy-production.yml",
            json!({"ref": "main", "inputs": {"nonce": "1", "sha": head}}),
            "Unexpected inputs provided: [\"nonce\"]".to_owned(),
        ),
    ] {
        let (status, answer) = dispatch(&world, file, "2022-11-28", sent).await;
        assert_eq!((status, &answer["message"]), (422, &json!(says)));
    }
    world.sim.stop().await;
}

#[tokio::test]
async fn a_secret_of_github_is_taken_sealed_to_the_key_of_its_place_alone() {
    let world = world("calm").await;
    let keys = [
        world.github("/actions/secrets/public-key").await,
        world.github("/environments/production/secrets/public-key").await,
        world.github("/environments/staging/secrets/public-key").await,
    ];
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "each place has its own");
    let sealed = |key: &Value, value: &str| {
        let bytes: [u8; 32] = STANDARD.decode(key["key"].as_str().unwrap()).unwrap().try_into().unwrap();
        STANDARD.encode(PublicKey::from(bytes).seal(&mut OsRng, value.as_bytes()).unwrap())
    };
    let put = async |path: &str, sent: &Value| {
        let answer = world.on_github(Method::PUT, &format!("{REPO}{path}")).json(sent).send().await.unwrap();
        (answer.status().as_u16(), body(answer).await["message"].clone())
    };
    let path = "/environments/production/secrets/new_key";
    let good = json!({"encrypted_value": sealed(&keys[1], "hush"), "key_id": keys[1]["key_id"]});
    assert_eq!(put(path, &good).await, (201, Value::Null));
    assert_eq!(put(path, &good).await, (204, Value::Null));
    let kept = world.github("/environments/production/secrets/NEW_KEY").await;
    assert_eq!(kept["name"], "NEW_KEY", "in capitals: {kept}");
    assert_eq!(kept.as_object().unwrap().len(), 3, "the value is not readable");
    let wrong = "Bad request - validation failed due to an improperly encrypted secret";
    let stale = json!({"encrypted_value": sealed(&keys[1], "hush"), "key_id": keys[2]["key_id"]});
    let foreign = json!({"encrypted_value": sealed(&keys[0], "hush"), "key_id": keys[1]["key_id"]});
    let plain = json!({"encrypted_value": STANDARD.encode("hush"), "key_id": keys[1]["key_id"]});
    for sent in [stale, foreign, plain] {
        assert_eq!(put(path, &sent).await, (422, json!(wrong)));
    }
    let keyless = json!({"encrypted_value": sealed(&keys[1], "hush")});
    assert_eq!(put(path, &keyless).await, (422, json!("Invalid request.\n\n\"key_id\" wasn't supplied.")));
    assert_eq!(put("/environments/production/secrets/GITHUB_X", &good).await.0, 422);
    let remove = || world.on_github(Method::DELETE, &format!("{REPO}{path}")).send();
    assert_eq!(remove().await.unwrap().status(), 204);
    assert_eq!(remove().await.unwrap().status(), 404);
    world.sim.stop().await;
}

#[tokio::test]
async fn vercel_hides_what_may_not_be_seen_and_names_who_keeps_a_variable() {
    let world = world("calm").await;
    let path = "/v10/projects/maria-web/env";
    let all = world.vercel(path).await["envs"].as_array().unwrap().len();
    {
        let mut state = world.sim.shared().world();
        state.vercel.env[0].managed = Some("icfg_supabase".to_owned());
        state.vercel.project.hides_production = true;
        state.vercel.deployments.last_mut().unwrap().blocked = Some("COMMIT_AUTHOR_REQUIRED");
    }
    let some = world.vercel(path).await;
    let (shown, hidden) = (some["envs"].as_array().unwrap(), some["hiddenProductionEnvCount"].as_u64().unwrap());
    assert!(hidden > 0 && shown.len() as u64 + hidden == all as u64, "{some}");
    assert_eq!(shown[0]["configurationId"], "icfg_supabase", "{}", shown[0]);
    let list = world.vercel("/v7/deployments").await["deployments"].clone();
    let blocked = list.as_array().unwrap().iter().find(|one| one["readyState"] == "BLOCKED").unwrap();
    assert_eq!((&blocked["url"], &blocked["seatBlock"]["blockCode"]), (&Value::Null, &json!("COMMIT_AUTHOR_REQUIRED")));
    world.sim.stop().await;
}

#[tokio::test]
async fn a_list_of_variables_may_be_created_in_part_and_a_duplicate_alone_is_403() {
    let world = world("calm").await;
    let url = |rest: &str| format!("{}{rest}?teamId={}", world.sim.origins().vercel, world.team);
    let send = async |method: Method, path: &str, sent: &Value| {
        let call = world.http.request(method, url(path)).bearer_auth(&world.vercel);
        let answer = call.json(sent).send().await.unwrap();
        (answer.status().as_u16(), body(answer).await)
    };
    let new = |key: &str| json!({"key": key, "value": "hush", "type": "sensitive", "target": ["production"]});
    let path = "/v10/projects/maria-web/env";
    let (status, made) = send(Method::POST, path, &json!([new("A_KEY"), new("2FA"), new("VERCEL_X")])).await;
    assert_eq!((status, made["created"].as_array().unwrap().len()), (201, 1), "{made}");
    let codes: Vec<_> = made["failed"].as_array().unwrap().iter().map(|one| one["error"]["code"].clone()).collect();
    assert_eq!(codes, ["INVALID_KEY", "KEY_RESERVED"]);
    assert_eq!(made["created"][0]["value"], "", "what is sensitive is never readable");
    let (status, twice) = send(Method::POST, path, &new("A_KEY")).await;
    assert_eq!((status, &twice["error"]["code"]), (403, &json!("ENV_CONFLICT")), "{twice}");
    let id = made["created"][0]["id"].as_str().unwrap();
    let one = format!("/v9/projects/maria-web/env/{id}");
    assert_eq!(send(Method::PATCH, &one, &json!({"value": "other"})).await.0, 200);
    let digest = ids::digest16("other");
    let kept = |world: &World| {
        let state = world.sim.shared().world();
        state.vercel.env.iter().any(|one| one.key == "A_KEY" && one.env == Env::PRODUCTION && one.digest == digest)
    };
    assert!(kept(&world));
    assert_eq!(send(Method::PATCH, &one, &json!({"type": "plain"})).await.0, 400, "sealed stays sealed");
    assert_eq!(send(Method::DELETE, &one, &json!({})).await.0, 200);
    assert!(!kept(&world));
    assert_eq!(send(Method::PATCH, &one, &json!({"value": "x"})).await.0, 404);
    world.sim.stop().await;
}
