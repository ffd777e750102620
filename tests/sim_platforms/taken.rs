//! A client that dies between a call and its answer: the platform goes on, at every call that changes anything.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::{World, world};

impl World {
    /// Everything that a call can change; limits are not part of it.
    fn print(&self, platform: &str) -> String {
        let held = self.sim.shared().world();
        match platform {
            "fly" => {
                let mut fly = held.fly.clone();
                fly.buckets = Default::default();
                format!("{fly:?}")
            }
            "github" => {
                let mut github = held.github.clone();
                github.budgets = Default::default();
                format!("{github:?}")
            }
            "vercel" => {
                let mut vercel = held.vercel.clone();
                vercel.budgets = Default::default();
                format!("{vercel:?}")
            }
            _ => {
                let mut supabase = held.supabase.clone();
                supabase.budgets = Default::default();
                format!("{supabase:?}")
            }
        }
    }

    /// The calls of a platform that change something, in an order in which each of them is possible.
    fn changes(&self, platform: &str) -> Vec<(Method, String, Value)> {
        let held = self.sim.shared().world();
        let post = |path: String, body: Value| (Method::POST, path, body);
        match platform {
            "fly" => {
                let app = held.fly.app("maria-api").unwrap();
                let (machine, other) = (&app.machines[0], &app.machines[1]);
                let base = format!("{}/v1/apps/maria-api", self.sim.origins().fly_machines);
                let (one, two) = (format!("{base}/machines/{}", machine.id), format!("{base}/machines/{}", other.id));
                let web = self.sim.origins().fly_api.clone();
                let release = &app.releases.last().unwrap().id;
                let image = json!(app.images.last().unwrap().reference);
                vec![
                    post(one.clone(), json!({"config": machine.config})),
                    post(format!("{two}/cordon"), json!({})),
                    post(format!("{two}/uncordon"), json!({})),
                    post(format!("{two}/stop"), json!({})),
                    post(format!("{base}/machines"), json!({"config": machine.config, "region": "sin"})),
                    post(format!("{base}/secrets"), json!({"values": {"A": "1"}})),
                    (Method::DELETE, format!("{base}/secrets/A"), Value::Null),
                    post(format!("{two}/start"), json!({})),
                    post(format!("{one}/restart"), json!({})),
                    post(format!("{one}/lease?ttl=30"), json!({})),
                    post(format!("{web}/api/v1/releases"), json!({"app_name": "maria-api", "image": image})),
                    (Method::PATCH, format!("{web}/api/v1/releases/{release}"), json!({"status": "interrupted"})),
                    (Method::DELETE, format!("{two}?force=true"), Value::Null),
                ]
            }
            "github" => {
                let base = format!("{}/repos/acme/maria-ai-agent", self.sim.origins().github);
                let run = held.github.runs.iter().rev().find(|run| run.env.is_some()).unwrap().id;
                vec![
                    post(
                        format!("{base}/actions/workflows/deploy-production.yml/dispatches"),
                        json!({"ref": "main", "inputs": {}}),
                    ),
                    post(format!("{base}/actions/runs/{run}/rerun"), json!({})),
                    (Method::DELETE, format!("{base}/environments/production/secrets/DATABASE_URL"), Value::Null),
                ]
            }
            "vercel" => {
                let vercel = &held.vercel;
                let candidate = |n: usize| {
                    let mut all = vercel.deployments.iter().rev();
                    all.by_ref().filter(|one| flightdeck::sim::is_candidate(&held, one)).nth(n).unwrap().id.clone()
                };
                let (base, project) = (self.sim.origins().vercel.clone(), &vercel.project.id);
                let env = format!("{base}/v10/projects/{project}/env");
                let variable = json!({"key": "A", "value": "1", "type": "plain", "target": ["production"]});
                let challenge = json!({"projectId": project, "attackModeEnabled": true});
                let redeploy =
                    json!({"name": "maria-web", "deploymentId": candidate(0), "meta": {"action": "redeploy"}});
                let auto = json!({"autoAssignCustomDomains": true});
                vec![
                    post(format!("{base}/v9/projects/{project}/rollback/{}", candidate(0)), json!({})),
                    (Method::PATCH, format!("{base}/v9/projects/{project}"), auto),
                    post(format!("{base}/v10/projects/{project}/promote/{}", candidate(1)), json!({})),
                    post(
                        format!("{base}/v2/deployments/{}/aliases", candidate(2)),
                        json!({"alias": "www.maria.example.com"}),
                    ),
                    post(env, variable),
                    post(format!("{base}/v1/projects/{project}/pause"), json!({})),
                    post(format!("{base}/v1/projects/{project}/unpause"), json!({})),
                    post(format!("{base}/v1/security/attack-mode"), challenge),
                    post(format!("{base}/v13/deployments"), redeploy),
                ]
            }
            _ => {
                let base =
                    format!("{}/v1/projects/{}", self.sim.origins().supabase, held.supabase.projects[1].reference);
                let ssl = json!({"requestedConfig": {"database": false}});
                vec![
                    post(format!("{base}/secrets"), json!([{"name": "A", "value": "1"}])),
                    (Method::DELETE, format!("{base}/secrets"), json!(["A"])),
                    (Method::PUT, format!("{base}/ssl-enforcement"), ssl),
                    post(format!("{base}/pause"), json!({})),
                    post(format!("{base}/restore"), json!({})),
                ]
            }
        }
    }

    fn credential(&self, platform: &str) -> String {
        match platform {
            "fly" => format!("FlyV1 {}", self.sim.shared().world().fly.token),
            "github" => format!("Bearer {}", self.github),
            "vercel" => format!("Bearer {}", self.vercel),
            _ => format!("Bearer {}", self.supabase),
        }
    }
}

#[tokio::test]
async fn every_change_of_every_platform_is_made_though_its_answer_never_leaves() {
    let world = world("calm").await;
    for platform in ["fly", "github", "vercel", "supabase"] {
        for (method, url, sent) in world.changes(platform) {
            // States between two states pass, and limits begin anew.
            world.advance(15.0).await;
            let fault = json!({"platform": platform, "kind": "taken", "count": 1});
            let faults = format!("{}/_sim/faults", world.sim.control());
            assert_eq!(world.http.post(faults).json(&fault).send().await.unwrap().status(), 200);
            let before = world.print(platform);
            let mut call = world.http.request(method.clone(), &url).header("authorization", world.credential(platform));
            call = call.header("user-agent", "tests");
            let call = if sent.is_null() { call } else { call.json(&sent) };
            let answer = call.send().await;
            assert!(answer.is_err(), "{method} {url}: an answer came");
            assert_ne!(world.print(platform), before, "{method} {url} changed nothing");
        }
    }
    world.sim.stop().await;
}

/// The simulator as a process of its own, and a client that is gone the moment its last byte was sent.
#[tokio::test]
async fn a_simulator_by_itself_goes_on_when_its_client_dies() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("sim.toml");
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(["sim", "--listen", "127.0.0.1:0", "--scenario", "calm", "--write-config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let token = toml::from_str::<toml::Value>(&std::fs::read_to_string(&config).unwrap()).unwrap();
    let token = token["platforms"]["fly"]["token"].as_str().unwrap().to_owned();
    let (control, fly) = (ready["control"].as_str().unwrap(), ready["origins"]["fly_machines"].as_str().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let cordoned = async || {
        let state: Value = http.get(format!("{control}/_sim/state")).send().await.unwrap().json().await.unwrap();
        let machine = state["environments"]["production"]["services"]["backend"]["machines"][0].clone();
        (machine["id"].as_str().unwrap().to_owned(), machine["cordoned"] == true)
    };
    for (kind, action, goal) in [("late", "cordon", true), ("latency", "uncordon", false)] {
        let fault = json!({"platform": "fly", "kind": kind, "ms": 300, "count": 1});
        http.post(format!("{control}/_sim/faults")).json(&fault).send().await.unwrap();
        let id = cordoned().await.0;
        let host = fly.trim_start_matches("http://");
        let mut raw = tokio::net::TcpStream::connect(host).await.unwrap();
        let request = format!(
            "POST /v1/apps/maria-api/machines/{id}/{action} HTTP/1.1\r\nhost: {host}\r\nauthorization: {token}\r\ncontent-length: 0\r\n\r\n"
        );
        raw.write_all(request.as_bytes()).await.unwrap();
        drop(raw);
        let seen = async {
            while cordoned().await.1 != goal {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap();
    }
    child.kill().await.unwrap();
}
