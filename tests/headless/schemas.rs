//! What `--json` prints is what the schemas say, which the program itself prints too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boon::{Compiler, Schemas};
use flightdeck::clock::SystemClock;
use flightdeck::domain::ids::OpId;
use flightdeck::domain::operation::{OpKind, Operation};
use flightdeck::sim::{self, Options};
use flightdeck::store::Store;
use serde_json::{Value, json};

use super::{flightdeck, lines};

/// Answers that take a world of their own to come: a call that hangs, a stream that breaks, new machines that are held.
const RARE: [&str; 3] = ["stuck", "log-gap", "switch"];

/// The schemas that the program prints, by the names that answers give themselves.
struct Known(BTreeMap<String, Value>);

impl Known {
    async fn of(dir: &Path) -> Self {
        let list = flightdeck(dir, &["schema"]).await;
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        let mut all = BTreeMap::new();
        for name in list.lines().map(|line| line.split_whitespace().next().unwrap()) {
            let printed = flightdeck(dir, &["schema", name]).await;
            assert_eq!(printed.status.code(), Some(0), "{name}: {printed:?}");
            all.insert(name.to_owned(), serde_json::from_slice(&printed.stdout).unwrap());
        }
        Self(all)
    }

    /// The schema that allows an answer of this name.
    fn allows(&self, answer: &Value) -> (&str, &Value) {
        let own = |schema: &&Value| {
            let named = &schema["properties"]["schema"];
            named["const"] == *answer || named["enum"].as_array().is_some_and(|all| all.contains(answer))
        };
        let found = self.0.iter().find(|(_, schema)| own(schema));
        let (name, schema) = found.unwrap_or_else(|| panic!("no schema allows {answer}"));
        (name, schema)
    }
}

/// Why a value is not what a schema says; empty = it is.
fn wrong(schema: &Value, value: &Value) -> String {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("answer.json", schema.clone()).unwrap();
    let compiled = compiler.compile("answer.json", &mut schemas).unwrap();
    schemas.validate(value, compiled).map_or_else(|error| format!("{error:#}"), |()| String::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_what_its_schema_says() {
    let dir = tempfile::tempdir().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    // A gate waits there.
    let options = Options { listen, scenario: "stuck-gate".to_owned(), seed: 5, speed: 20.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let config = sim.config_toml();
    let path = dir.path().join("flightdeck.toml");
    std::fs::write(&path, &config).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let known = Known::of(dir.path()).await;
    let commit = "0123456789012345678901234567890123456789";
    let rollback = ["rollback", "--environment", "production", "--to", "v40"];
    let confirmed = [&rollback[..], &["--confirm=production", "--reason=drill"]].concat();
    let store = Store::open(&dir.path().join("state"), SystemClock::shared()).await.unwrap();
    let cut = || {
        Operation::begun(
            OpId(uuid::Uuid::now_v7()),
            OpKind::Restart,
            "staging".into(),
            "staging: restart backend".into(),
            SystemClock::shared().now(),
        )
    };
    let asked: Vec<Vec<&str>> = vec![
        vec!["status"],
        vec!["releases"],
        vec!["health"],
        vec!["secrets", "diff"],
        vec!["approvals"],
        vec!["wait", "--environment", "production", "--no-wait"],
        vec!["rollback", "--environment", "production"],
        rollback.to_vec(),
        confirmed,
        vec!["lock", "production", "--reason", "a migration"],
        vec!["lock", "production", "--reason", "a longer one", "--for", "2h"],
        vec!["unlock", "production"],
        vec!["mark", commit, "--reason", "corrupts rows"],
        vec!["mark", commit, "--reason", "leaks"],
        vec!["unmark", commit],
        vec!["logs", "--limit", "5"],
        vec!["info"],
        vec!["keys"],
        vec!["config", "check"],
        vec!["config", "show"],
        vec!["config", "trust"],
        vec!["config", "trust", "--list"],
        vec!["config", "trust", "--revoke"],
        vec!["leave", "--environment", "staging"],
        vec!["status"],
        vec!["leave", "--environment", "staging", "--confirm=staging"],
        vec!["journal"],
        vec!["journal", "--verify"],
        vec!["journal", "--environment", "prod"],
    ];
    let mut seen = BTreeSet::new();
    for arguments in &asked {
        if arguments[0] == "leave" && !seen.contains("cut-short") {
            store.begin(&cut()).await.unwrap();
        }
        let output = flightdeck(dir.path(), &[&arguments[..], &["--json"]].concat()).await;
        let answers = lines(&output);
        assert!(!answers.is_empty(), "{arguments:?}: {output:?}");
        for answer in &answers {
            let (name, schema) = known.allows(&answer["schema"]);
            assert_eq!(wrong(schema, answer), "", "{arguments:?}: {answer:#}");
            seen.insert(name.to_owned());
        }
    }
    let unseen: Vec<&str> = known.0.keys().map(String::as_str).filter(|name| !seen.contains(*name)).collect();
    let mut rare = RARE.to_vec();
    rare.sort_unstable();
    assert_eq!(unseen, rare, "each other answer was asked for");
    // The schemas can say no, and say it of the configuration too.
    let status = &known.0["status"];
    assert_ne!(wrong(status, &json!({"schema": "flightdeck/status", "version": 2})), "");
    let printed = flightdeck(dir.path(), &["config", "schema"]).await;
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let written: toml::Table = config.parse().unwrap();
    assert_eq!(wrong(&schema, &json!(written)), "");
    assert_ne!(wrong(&schema, &json!({"environments": [{"tier": "production"}]})), "an environment has a name");
    let none = flightdeck(dir.path(), &["schema", "nothing"]).await;
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    sim.stop().await;
}
