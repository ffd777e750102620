//! `flightdeck info`: what a bug report needs. Where tokens come from, never what they are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::answers::{self, Info, Program};
use super::{Output, variable};
use crate::config::Settings;
use crate::config::load::{self, Flags};
use crate::domain::environment::Platform;
use crate::error::{ExitCode, UserError};

pub(super) fn run(flags: &Flags, output: Output) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable);
    let program = Program {
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        debug: cfg!(debug_assertions),
    };
    let configuration = settings.as_ref().map_or_else(|error| json!({"error": error.what}), configuration);
    let facts = Info { program, terminal: terminal(), configuration };
    if output.json {
        return super::print(&answers::line("info", facts));
    }
    let facts = json!(facts);
    let mut text = String::new();
    for (title, part) in facts.as_object().into_iter().flatten().filter(|(_, part)| part.is_object()) {
        let _ = writeln!(text, "{title}");
        lines(part, 1, &mut text);
    }
    super::print(&text)
}

fn lines(value: &Value, depth: usize, text: &mut String) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(_) => {
                let _ = writeln!(text, "{indent}{key}");
                lines(value, depth + 1, text);
            }
            Value::Array(all) => {
                let all: Vec<String> =
                    all.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
                let _ = writeln!(text, "{indent}{key:<16} {}", all.join("; "));
            }
            Value::String(plain) => {
                let _ = writeln!(text, "{indent}{key:<16} {plain}");
            }
            other => {
                let _ = writeln!(text, "{indent}{key:<16} {other}");
            }
        }
    }
}

fn terminal() -> Value {
    use std::io::IsTerminal as _;
    let set = |name: &str| variable(name).unwrap_or_default();
    let size = crossterm::terminal::size().map(|(columns, rows)| format!("{columns}x{rows}")).unwrap_or_default();
    json!({
        "TERM": set("TERM"), "COLORTERM": set("COLORTERM"), "TERM_PROGRAM": set("TERM_PROGRAM"),
        "NO_COLOR": variable("NO_COLOR").is_some(), "LANG": set("LANG"), "size": size,
        "multiplexer": variable("TMUX").is_some() || variable("STY").is_some(),
        "stdout is a terminal": std::io::stdout().is_terminal(),
        // For a terminal that something killed has left behind: nothing of ours runs then.
        "reset": crate::term::RESET_COMMAND,
    })
}

fn configuration(settings: &Settings) -> Value {
    let environments: Vec<String> = settings
        .environments
        .iter()
        .map(|env| {
            let names: Vec<&str> = env.services.iter().map(|one| &*one.id.name).collect();
            format!("{} ({}): {}", env.id, if env.writable { "write" } else { "read" }, names.join(", "))
        })
        .collect();
    let mut told = json!({
        "file": settings.origin.as_ref().map(|path| path.display().to_string()),
        "state": settings.state_dir.display().to_string(),
        "log": settings.state_dir.join("flightdeck.*.log").display().to_string(),
        "project": &*settings.project,
        "environments": environments,
        "warnings": settings.warnings,
    });
    for platform in Platform::CONFIGURED {
        told[platform.name()] = account(settings, platform);
    }
    told
}

/// Where a platform is asked, and where its token came from; null where it is not configured.
fn account(settings: &Settings, platform: Platform) -> Value {
    let Some((addresses, token)) = settings.asked_at(platform) else { return Value::Null };
    let addresses = addresses.into_iter().map(|(key, address)| (key.to_owned(), json!(address)));
    addresses.chain([("token from".to_owned(), json!(token.origin()))]).collect()
}
