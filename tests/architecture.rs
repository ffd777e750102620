//! The walls inside one crate: who may import whom, which crates a layer may know, and how long a file may grow.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/matches.rs"]
mod matches;
#[path = "architecture/model.rs"]
mod model;
#[path = "architecture/words.rs"]
mod words;

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
    ("config", &["action", "domain", "error", "sanitize"]),
    ("action", &["domain", "sanitize"]),
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

/// Every comment of the sources and the tests as one text a file, and where a fixture says that its bytes come from.
fn remarks() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["src", "tests", "benches", "assets"] {
        all_files(&root.join(dir), &mut found);
    }
    let of = |path: &PathBuf| {
        let text = fs::read_to_string(path).ok()?;
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let remark = match path.extension()?.to_str()? {
            "rs" => comments(&text, "//"),
            "sql" => comments(&text, "--"),
            "toml" => comments(&text, "#"),
            "json" => text.lines().filter(|line| line.contains("\"provenance\"")).collect(),
            _ => return None,
        };
        Some((name, remark))
    };
    found.iter().filter_map(of).collect()
}

fn all_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, into) } else { into.push(path) }
    }
}

/// The comments of a file without their marks, as one text: a citation may go on in the next line.
fn comments(text: &str, mark: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(mark));
    // A mark inside a text is an address.
    let own = lines.filter(|(before, _)| !before.ends_with(':') && before.matches('"').count() % 2 == 0);
    own.map(|(_, comment)| comment.trim_start_matches(['/', '!', '-']).trim()).collect::<Vec<_>>().join(" ")
}

/// Documents that a text names, each with what follows it.
fn cited(text: &str) -> Vec<(&str, &str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let ends = text.match_indices(".md").map(|(at, _)| at + ".md".len());
    let ends = ends.filter(|end| !text[*end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    let start = |end: usize| text[..end].rfind(|c: char| !part(c)).map_or(0, |at| at + 1);
    ends.map(|end| (&text[start(end)..end], &text[end..])).filter(|(name, _)| *name != ".md").collect()
}

/// The numbers of ` sections 3.1, 3.2 and 5` at the head of a text.
fn sections(rest: &str) -> Vec<&str> {
    let Some(list) = rest.trim_start_matches('`').strip_prefix(" section") else { return Vec::new() };
    let mut found = Vec::new();
    for word in list.strip_prefix('s').unwrap_or(list).split_whitespace().filter(|word| !matches!(*word, "and" | "to"))
    {
        let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
        found.push(number);
        // Whatever stands behind a number but a comma ends the list.
        if word != number && word.strip_suffix(',') != Some(number) {
            break;
        }
    }
    found
}

/// Whether a document has a heading with this number.
fn has_section(document: &str, number: &str) -> bool {
    let headings = document.lines().filter_map(|line| line.strip_prefix("## ").or(line.strip_prefix("### ")));
    headings
        .map(|heading| heading.split_whitespace().next().unwrap_or_default())
        .any(|first| first.trim_end_matches('.') == number)
}

/// Nobody can look a document up that is not here, and a section that is not in it says nothing.
#[test]
fn comments_cite_documents_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut looked_up = 0;
    for (file, remark) in remarks() {
        for (document, rest) in cited(&remark) {
            let Ok(text) = fs::read_to_string(root.join(document)) else {
                wrong.push(format!("{file} cites {document}, which is not in the repository"));
                continue;
            };
            for number in sections(rest) {
                looked_up += 1;
                if !has_section(&text, number) {
                    wrong.push(format!("{file} cites section {number} of {document}, which has none"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_up > 100, "only {looked_up} sections are cited: citations are not found any more");
}

#[test]
fn the_test_itself_can_fail() {
    let comment =
        comments("let a = \"https://x.dev\";\n//! As told (docs/a.md\n//! sections 3.1, 4 and 10). 20 of them\n", "//");
    assert_eq!(comment, "As told (docs/a.md sections 3.1, 4 and 10). 20 of them");
    let [(document, rest)] = cited(&comment)[..] else { panic!("one document is cited") };
    assert_eq!((document, sections(rest)), ("docs/a.md", vec!["3.1", "4", "10"]));
    assert!(has_section("## 4. Four\n### 3.1 One\n", "3.1") && !has_section("## 4. Four\n", "3"));
    assert_eq!(imports("use crate::engine::Engine;\n// crate::app\n"), ["engine"]);
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == "ui") else { panic!("ui is in the table") };
    assert!(!allowed.contains(&"engine"));
}
