//! The walls inside one crate: who may import whom, which crates a layer may know, and how long a file may grow.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the layers it may import. Order as in the crate documentation.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &["sanitize"]),
    ("clock", &[]),
    ("sanitize", &[]),
    ("redact", &["sanitize"]),
    ("telemetry", &[]),
    ("domain", &["sanitize", "error", "clock"]),
    ("logstore", &["domain", "sanitize", "redact"]),
    ("config", &["domain", "error", "sanitize"]),
    ("action", &["domain"]),
    ("platform", &["domain", "sanitize", "redact", "error", "clock", "config"]),
    ("store", &["domain", "sanitize", "error", "clock"]),
    ("engine", &["domain", "sanitize", "redact", "error", "clock", "config", "platform", "store", "logstore"]),
    ("app", &["domain", "sanitize", "logstore", "action", "config"]),
    ("ui", &["app", "domain", "sanitize", "action", "config"]),
    ("term", &["app", "sanitize"]),
    (
        "runtime",
        &[
            "app", "ui", "term", "engine", "domain", "sanitize", "logstore", "config", "clock", "error", "store",
            "action",
        ],
    ),
    ("sim", &["error", "clock"]),
    (
        "cli",
        &[
            "app",
            "action",
            "config",
            "domain",
            "engine",
            "error",
            "clock",
            "platform",
            "runtime",
            "sanitize",
            "sim",
            "store",
            "telemetry",
            "ui",
            "term",
            "redact",
        ],
    ),
];

/// Crates that a layer must not know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "reqwest", "ratatui", "crossterm", "sqlx", "axum"]),
    ("logstore", &["tokio", "reqwest", "ratatui", "crossterm", "sqlx", "axum", "std::fs"]),
    ("config", &["tokio", "reqwest", "ratatui", "crossterm", "sqlx", "axum"]),
    ("app", &["tokio", "reqwest", "ratatui", "crossterm", "sqlx", "axum"]),
    ("ui", &["tokio", "reqwest", "crossterm", "sqlx", "axum"]),
    ("platform", &["ratatui", "crossterm", "sqlx", "axum"]),
    ("engine", &["ratatui", "crossterm", "axum", "reqwest", "sqlx"]),
    ("sim", &["ratatui", "crossterm", "sqlx", "reqwest"]),
];

/// Lines of a source file, tests included.
const BUDGET: usize = 600;

fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let mut all = Vec::new();
    for path in found {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let layer = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        all.push((layer, name, fs::read_to_string(&path).unwrap()));
    }
    all
}

/// Layers named after `crate::` in the code of a file, comments left out.
fn imports(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let layer: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            named.push(layer);
        }
    }
    named
}

#[test]
fn layers_import_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for (layer, name, text) in sources() {
        let Some((_, allowed)) = LAYERS.iter().find(|(known, _)| *known == layer) else {
            assert!(layer == "lib" || layer == "main", "{name} belongs to no layer of the table");
            continue;
        };
        for import in imports(&text) {
            if import != layer && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layers_know_only_their_crates() {
    let mut wrong = Vec::new();
    for (layer, name, text) in sources() {
        for (_, crates) in FORBIDDEN.iter().filter(|(known, _)| *known == layer) {
            for forbidden in *crates {
                let used = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .any(|line| line.contains(&format!("{forbidden}::")));
                if used {
                    wrong.push(format!("{name} uses {forbidden}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small_and_finished() {
    let mut wrong = Vec::new();
    for (_, name, text) in sources() {
        let lines = text.lines().count();
        if lines > BUDGET {
            wrong.push(format!("{name} has {lines} lines; split it"));
        }
        if name.ends_with("/mod.rs") {
            wrong.push(format!("{name}: use a file beside the folder"));
        }
        if text.contains(concat!("todo", "!(")) || text.contains(concat!("unimplemented", "!(")) {
            wrong.push(format!("{name} is not finished"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Layers whose decisions are checked for display text.
const DECIDES: &[&str] = &["app", "engine", "cli", "ui"];

/// Looking for a word inside a text, which is how a decision comes to hang on a sentence that a person reads.
const LOOKS: &[&str] = &[
    ".starts_with(\"",
    ".ends_with(\"",
    ".contains(\"",
    ".strip_prefix(\"",
    ".strip_suffix(\"",
    "words.as_str() == \"",
    "says.as_str() == \"",
    "detail.as_str() == \"",
    "title == \"",
    "title.as_str() == \"",
];

/// Where a text is looked into and is none that was written for a person to read: file, a part of the line, why.
const DATA: &[(&str, &str, &str)] = &[
    ("app/keys.rs", "word.starts_with(\"http\")", "the address inside a probe's target, for the browser"),
    ("engine/preflight/since.rs", "contains(\"migrations/\")", "a path of a file in the repository"),
    ("engine/preflight/since.rs", "path.starts_with(\"env.\")", "a key of a machine's configuration"),
    ("engine/preflight/secret.rs", "starts_with(\"SUPABASE_\")", "the name of a secret, by the platform's rule"),
    ("engine/preflight/secret.rs", "starts_with(\"GITHUB_\")", "the name of a secret, by the platform's rule"),
    ("engine/operate/witness.rs", "at.starts_with(\"https://\")", "an address from the configuration"),
    ("cli/view.rs", "url.starts_with(\"http", "the argument is an address, or the name of a file"),
];

/// Lines of a file that look into a text by a literal, its tests and comments left out.
fn looks(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.filter(|line| LOOKS.iter().any(|look| line.contains(look))).map(str::trim).collect()
}

/// The same thing told in better words must not behave otherwise: what is decided upon is a type.
#[test]
fn nothing_is_decided_by_a_text_that_a_person_reads() {
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for (layer, name, text) in sources() {
        // Files of tests alone.
        if !DECIDES.contains(&layer.as_str()) || name.ends_with("/tests.rs") {
            continue;
        }
        for line in looks(&text) {
            match DATA.iter().position(|(file, part, _)| *file == name && line.contains(part)) {
                Some(at) => used.push(at),
                None => wrong.push(format!("{name}: {line}")),
            }
        }
    }
    assert!(wrong.is_empty(), "decide by a type, or say in DATA why this is no display text:\n{}", wrong.join("\n"));
    let unused: Vec<_> = (0..DATA.len()).filter(|at| !used.contains(at)).map(|at| DATA[at]).collect();
    assert!(unused.is_empty(), "these exceptions are needed no more: {unused:?}");
}

/// The only files that may say `unsafe`: what a handler of a signal does, and how one is set.
const UNSAFE: &[&str] = &["term/away.rs", "term/fatal.rs"];

/// Lines of a file that allow code which the compiler does not check.
fn unchecked(text: &str) -> usize {
    text.lines().filter(|line| line.contains("unsafe_code") || line.trim_start().starts_with("unsafe ")).count()
}

#[test]
fn two_files_are_unsafe() {
    let found: Vec<String> =
        sources().into_iter().filter(|(.., text)| unchecked(text) > 0).map(|(_, name, _)| name).collect();
    let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, UNSAFE, "unsafe code is a decision: say why in Cargo.toml and here");
}

#[test]
fn the_test_itself_can_fail() {
    let held =
        "fn f() {\n    step.detail.as_str().starts_with(\"held\")\n}\n#[cfg(test)]\nmod tests {\n    x.contains(\"y\")";
    assert_eq!(looks(held), ["step.detail.as_str().starts_with(\"held\")"]);
    assert_eq!(imports("use crate::engine::Engine;\n// crate::app\n"), ["engine"]);
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == "ui") else { panic!("ui is in the table") };
    assert!(!allowed.contains(&"engine"));
}
