//! What is decided upon is a type: the same thing told in better words must not behave otherwise.

use super::sources;

/// Layers whose decisions are checked for display text.
const DECIDES: &[&str] = &["app", "engine", "cli", "ui", "domain"];

/// Looking for a word inside a text, which is how a decision comes to hang on a sentence that a person reads.
const LOOKS: &[&str] = &[
    ".starts_with(\"",
    ".ends_with(\"",
    ".contains(\"",
    ".strip_prefix(\"",
    ".strip_suffix(\"",
    "== \"",
    "!= \"",
    "\" ==",
    "\" !=",
];

/// Where a text is looked at and is none that was written for a person to read: file, a part of the line, why.
const DATA: &[(&str, &str, &str)] = &[
    ("cli/start.rs", "strip_prefix(\"~/\")", "a path as a person types it"),
    ("cli/start/recognised.rs", "starts_with(\"team_\")", "Vercel's mark of a team's id"),
    ("cli/start/recognised.rs", "[remote \\\"origin\\\"]", "git's own file"),
    ("cli/start/recognised.rs", "strip_prefix(\"url\")", "git's own file"),
    ("app/panes/health.rs", "word.starts_with(\"http\")", "the address inside a probe's target, for the browser"),
    ("app/logs/keys.rs", "text == \"@\"", "what a person types at the prompt"),
    ("cli/snapshot.rs", "::render(surface", "the ending of a file's name"),
    ("cli/terminal.rs", "\"\" =>", "TERM, as the system gives it"),
    ("cli/terminal.rs", "\"dumb\" | \"unknown\"", "TERM, as the system gives it"),
    ("cli/view.rs", "Some(\"-\")", "the argument is standard input"),
    ("cli/view.rs", "url.starts_with(\"http", "the argument is an address, or the name of a file"),
    ("domain/strategy.rs", "\"rolling\" =>", "a strategy as a person types it"),
    ("domain/strategy.rs", "\"immediate\" =>", "a strategy as a person types it"),
    ("domain/strategy.rs", "\"bluegreen\"", "a strategy as a person types it"),
    ("domain/strategy.rs", "strip_prefix(\"0.\")", "a share as a person types it"),
    ("domain/spread.rs", "state.as_str() == \"started\"", "Fly's word for a machine that runs"),
    ("engine/operations/steps/fly.rs", "state.as_str() == \"started\"", "Fly's word for a machine that runs"),
    ("engine/operations/blue_green/perform.rs", "state.as_str() == \"started\"", "Fly's word for a machine that runs"),
    (
        "engine/operations/blue_green/perform/gone.rs",
        "state.as_str() == \"started\"",
        "Fly's word for a machine that runs",
    ),
    (
        "engine/operations/blue_green/perform/gone.rs",
        "state.as_str() != \"destroyed\"",
        "Fly's word for a machine that is gone",
    ),
    ("engine/operations/blue_green/perform.rs", "state.as_str() == \"stopped\"", "Fly's word for a machine at rest"),
    ("engine/operations/steps/machine.rs", "\"destroying\" | \"destroyed\"", "Fly's words for a machine that goes"),
    ("engine/operations/restart.rs", "state.as_str() == \"restarting\"", "Fly's word for an app of machines under way"),
    ("engine/operations/steps/vercel.rs", "kind == \"promote\"", "Vercel's word for a job"),
    ("engine/operations/steps/vercel.rs", "Some(\"succeeded\")", "Vercel's word for a job that ended"),
    ("engine/operations/steps/vercel.rs", "Some(\"failed\" | \"skipped\")", "Vercel's words for a job that ended"),
    ("engine/operations/steps/vercel.rs", "\"READY\" if", "Vercel's word for a build"),
    ("engine/operations/steps/vercel.rs", "\"ERROR\" | \"CANCELED\"", "Vercel's words for a build"),
    ("engine/operations/steps/machines.rs", "\"started\"", "Fly's word for a machine that runs"),
    ("engine/operations/steps/machines.rs", "\"stopped\" | \"suspended\"", "Fly's words for a machine at rest"),
    ("engine/operations/steps/pages.rs", "at.starts_with(\"https://\")", "an address from the configuration"),
    ("engine/operations/steps/pages/back.rs", "kind.as_str() == \"rollback\"", "Vercel's word for a job"),
    ("engine/operations/lever.rs", "(\"\", _)", "no id of a deployment"),
    ("engine/operations/steps/pages/onward.rs", "kind.as_str() == \"promote\"", "Vercel's word for a job"),
    ("engine/operations/steps/pages/onward.rs", "state.as_str() == \"READY\"", "Vercel's word for a build"),
    ("engine/operations/steps/pages/build.rs", "environment == \"production\"", "Vercel's name of an environment"),
    ("engine/operations/pipeline/rerun.rs", "\"workflow_dispatch\"", "GitHub's name of an event"),
    ("engine/operations/pipeline/lane.rs", "\"workflow_dispatch\"", "GitHub's name of an event"),
    ("cli/schema.rs", "name == \"claim\"", "the name of a schema as it was typed"),
    ("engine/operations/scale.rs", "state.as_str() == \"started\"", "Fly's word for a machine that runs"),
    ("domain/secret_value.rs", "starts_with(\"GITHUB_\")", "the name of a secret, by the platform's rule"),
    ("domain/secret_value.rs", "starts_with(\"SUPABASE_\")", "the name of a secret, by the platform's rule"),
    ("engine/operations/rollback/since.rs", "contains(\"migrations/\")", "a path of a file in the repository"),
    ("engine/operations/rollback/since.rs", "ending == \"sql\"", "the name of a file"),
    ("engine/operations/rollback/since.rs", "path.starts_with(\"env.\")", "a key of a machine's configuration"),
    ("ui/panes/journal.rs", "event.as_str() == \"begin\"", "the journal's own word for a row"),
];

/// Whether a line is an arm of a match for a text: a literal stands in its pattern, and is no argument of what is called there.
fn arm(line: &str) -> bool {
    let Some((pattern, _)) = line.split_once("=>") else { return false };
    let pattern = pattern.split(" if ").next().unwrap_or_default().trim_start_matches(['|', ' ']);
    let bare = |text: &str| text.starts_with('"') || text.starts_with("Some(\"") || text.starts_with("Ok(\"");
    bare(pattern) || pattern.strip_prefix('(').is_some_and(|tuple| tuple.split(", ").any(bare))
}

/// Whether a line asks `matches!` about a text.
fn asks(line: &str) -> bool {
    line.match_indices("matches!(").any(|(at, call)| {
        let mut depth = 1_u32;
        let inside = line[at + call.len()..].chars().take_while(|c| {
            depth = match c {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            depth > 0
        });
        inside.collect::<String>().contains('"')
    })
}

/// Lines of a file that look into a text by a literal, its tests and comments left out.
fn looks(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::trim);
    lines.filter(|line| LOOKS.iter().any(|look| line.contains(look)) || arm(line) || asks(line)).collect()
}

#[test]
fn nothing_is_decided_by_a_text_that_a_person_reads() {
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for (layer, name, text) in sources() {
        // Files of tests alone.
        let tests = name.ends_with("/tests.rs") || name.contains("/tests/");
        if !DECIDES.contains(&layer.as_str()) || tests {
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

#[test]
fn each_way_of_deciding_by_a_text_is_found() {
    for line in [
        "step.detail.as_str().starts_with(\"held\")",
        "if one.words == \"waits\" {",
        "let held = \"waits\" != one.says;",
        "\"waits\" | \"held\" => true,",
        "Some(\"waits\") if held => true,",
        "(\"waits\", _) => true,",
        "(_, \"waits\") => true,",
        "let held = matches!(one.words.as_str(), \"waits\" | \"held\");",
    ] {
        let file = format!("fn f() {{\n    {line}\n}}\n#[cfg(test)]\nmod tests {{\n    x == \"y\"");
        assert_eq!(looks(&file), [line]);
    }
    for line in [
        "// one.words == \"waits\"",
        "Wait::Held => \"held\",",
        "let one = if matches!(asks, Asks::Request(_)) { \"plan\" } else { \"act\" };",
        "part(count(|one| matches!(one, Witness::Domain(_))), \"domain answers\")",
        "(status, says) => format!(\"{says}\"),",
    ] {
        assert_eq!(looks(line), Vec::<&str>::new());
    }
}
