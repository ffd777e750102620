//! Who decides by which pane, platform, operation or feed it is. One more of these is to have one place: a file that begins to decide
//! by them is a decision, and a line here.

use super::sources;

/// An enumeration of the house, and the files that may have an arm for each of its values.
const MATCHES: &[(&str, &[&str])] = &[
    (
        "Platform",
        &[
            // Where its token is, and its addresses.
            "config/credentials.rs",
            // How it is asked for its logs.
            "engine/feeds/logs.rs",
            // What operations ask of it.
            "engine/operations/steps.rs",
            // Its client, and what can be asked of a service on it.
            "platform/adapters.rs",
            // How it states its limits.
            "platform/http/limits.rs",
        ],
    ),
    ("Pane", &["app/panes.rs", "ui/panes.rs"]),
    ("OpKind", &["domain/operation/kind.rs"]),
    ("Act", &["domain/operation/plan.rs", "engine/operations.rs"]),
    // Readiness names the checks of each database.
    ("FeedId", &["app/insight/readiness.rs", "app/intake.rs", "app/feeds.rs", "domain/feed.rs"]),
];

/// Where `==` and `matches!` decide by the platform as an arm does: what the console acts on is asked for by what a platform has
/// (`domain/platform.rs`).
const ASKS: &[&str] = &["app/", "cli/", "engine/operations/", "ui/"];

/// Whether a line asks whether it is one platform.
fn asks_for_a_platform(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let pattern = code.split_once("matches!(").or_else(|| code.split_once("let (")).map(|(_, rest)| rest);
    ["== Platform::", "!= Platform::", "contains(&Platform::"].iter().any(|asked| code.contains(asked))
        || pattern.is_some_and(|pattern| pattern.contains("Platform::"))
}

/// Whether a line asks for one kind of operation: a row of `domain/operation/kind.rs` says what is to be known of each.
fn asks_for_a_kind(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["== OpKind::", "!= OpKind::"].iter().any(|asked| code.contains(asked))
}

/// Whether a line is an arm for a value of the enumeration.
fn arm(line: &str, name: &str) -> bool {
    let Some((pattern, _)) = line.split_once("=>") else { return false };
    let code = pattern.split("//").next().unwrap_or_default();
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        let own = code[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
        own && code[at + path.len()..].starts_with(|first: char| first.is_ascii_uppercase())
    })
}

#[test]
fn the_house_knows_who_decides_by_pane_platform_operation_and_feed() {
    let mut wrong = Vec::new();
    for (name, allowed) in MATCHES {
        for (_, file, text) in sources() {
            // The simulator has enumerations of its own; tests may look at any value.
            if file.starts_with("sim/") || file.contains("tests") || allowed.contains(&file.as_str()) {
                continue;
            }
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let asked = ASKS.iter().any(|folder| file.starts_with(folder));
            let decides = |line: &&str| match *name {
                "OpKind" => arm(line, name) || asks_for_a_kind(line),
                "Platform" => arm(line, name) || asked && asks_for_a_platform(line),
                _ => arm(line, name),
            };
            wrong.extend(code.lines().filter(decides).map(|line| format!("{file}: {}", line.trim())));
        }
    }
    assert!(wrong.is_empty(), "these files begin to decide by an enumeration of the house:\n{}", wrong.join("\n"));
}

#[test]
fn an_arm_is_known_from_a_value() {
    assert!(arm("            Platform::Fly => 1,", "Platform"));
    assert!(arm("    Pane::Logs | Pane::Health => {}", "Pane"));
    assert!(!arm("    let here = Platform::Fly;", "Platform"));
    assert!(!arm("    MyPlatform::Fly => 1,", "Platform"));
    assert!(!arm("    other => Platform::Fly,", "Platform"));
    assert!(!arm("    // Platform::Fly => 1", "Platform"));
    assert!(asks_for_a_kind("    if plan.kind == OpKind::RollBack {"));
    assert!(!asks_for_a_kind("    // kind == OpKind::RollBack"));
    assert!(asks_for_a_platform("    let own = all.filter(|one| one.platform == Platform::Fly);"));
    assert!(asks_for_a_platform("    if !matches!(one.platform, Platform::Fly | Platform::Vercel) {"));
    assert!(asks_for_a_platform("    let (Platform::Fly, Some(fly)) = (platform, fly) else { return };"));
    assert!(!asks_for_a_platform("        platform: Platform::Fly,"));
}
