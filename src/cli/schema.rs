//! `flightdeck schema` and `flightdeck config schema`: JSON schemas, derived of the types by a test and kept in `assets/schemas`.

use std::fmt::Write as _;

use super::answers;
use crate::domain::operation::OpKind;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// An answer: the name and version of its schema, the names of the answers that have it too, and its text.
struct Answer {
    name: &'static str,
    also: &'static [&'static str],
    version: u32,
    text: fn() -> &'static str,
}

/// The schema that is kept of an answer. A test reads it from its file, so that it can write one that is not there yet.
macro_rules! kept {
    ($name:literal) => {{
        #[cfg(not(test))]
        {
            include_str!(concat!("../../assets/schemas/", $name, ".json"))
        }
        #[cfg(test)]
        {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/schemas/", $name, ".json");
            std::fs::read_to_string(path).unwrap_or_default().leak()
        }
    }};
}

/// The table of answers, and for a test the types that their schemas are derived of.
macro_rules! answers {
    ($($name:literal $([$($also:literal),*])? $version:literal $of:ty),* $(,)?) => {
        const ANSWERS: &[Answer] = &[$(Answer {
            name: $name,
            also: &[$($($also),*)?],
            version: $version,
            text: || kept!($name),
        }),*];

        #[cfg(test)]
        fn types() -> Vec<fn(&Answer) -> serde_json::Value> {
            vec![$(tests::derived::<$of>),*]
        }
    };
}

// Every answer: its name, its version, its type. Those of all operations are one.
answers! {
    "approvals" 2 answers::Rows<answers::Approval<'static>>,
    "candidates" 1 answers::Candidates<'static>,
    "config-check" 1 answers::Understood<'static>,
    "config-show" 1 answers::Shown,
    "config-trust" 1 answers::Trusted<'static>,
    "config-trust-list" 1 answers::TrustedFiles,
    "cut-short" 2 answers::CutShort<'static>,
    "error" 1 answers::Failed,
    "health" 2 answers::Rows<answers::Health<'static>>,
    "info" 1 answers::Info,
    "journal" 1 answers::Journal<'static>,
    "journal-verify" 1 answers::Verified<'static>,
    "keys" 1 answers::Keys,
    "leave" 1 answers::Left<'static>,
    "lock" ["unlock", "mark", "unmark"] 1 answers::LockOrMark<'static>,
    "log" 1 answers::Line<'static>,
    "log-gap" 1 answers::Gap<'static>,
    "operation" 2 answers::Ended<'static>,
    "operation-step" 2 answers::Stepped<'static>,
    "plan" 1 answers::Planned<'static>,
    "releases" 1 answers::Rows<crate::domain::release::Deployment>,
    "secrets-diff" 1 answers::Rows<crate::domain::secret::SecretRow>,
    "status" 3 answers::Status<'static>,
    "stuck" 2 answers::Stuck<'static>,
    "switch" 1 answers::Switched<'static>,
    "wait" 2 answers::Waiting<'static>,
}

/// The end of an operation, whatever its kind, and a step of it.
const OPERATION: &str = "operation";
const STEP: &str = "operation-step";

/// The answer that calls itself so, with `flightdeck/` before its name or without.
fn find(name: &str) -> Option<&'static Answer> {
    let name = name.strip_prefix(answers::OURS).unwrap_or(name);
    let kind = |name: &str| OpKind::ALL.iter().any(|kind| kind.answers_as() == name);
    let name = match name.strip_suffix(answers::STEP) {
        Some(operation) if kind(operation) => STEP,
        _ if kind(name) => OPERATION,
        // What it was called before.
        None if name == "claim" => "lock",
        _ => name,
    };
    ANSWERS.iter().find(|answer| answer.name == name || answer.also.contains(&name))
}

/// The version of an answer's schema, which it says with its name.
pub(super) fn version(name: &str) -> u32 {
    find(name).map(|answer| answer.version).unwrap_or_default()
}

/// Prints a schema, or the names of all.
pub(super) fn run(name: Option<&str>) -> Result<ExitCode, UserError> {
    match name {
        Some(name) => match find(name) {
            Some(answer) => super::print((answer.text)()),
            None => Err(UserError::new(ExitCode::Usage, format!("no answer is called {}", Text::clean(name)))
                .hint("flightdeck schema lists them")),
        },
        None => super::print(&list()),
    }
}

fn list() -> String {
    let kinds: Vec<&str> = OpKind::ALL.iter().map(|kind| kind.answers_as()).collect();
    let mut text = String::new();
    for Answer { name, also, .. } in ANSWERS {
        let also = match *name {
            OPERATION => kinds.join(", "),
            STEP => format!("the same, each with {} behind it", answers::STEP),
            _ => also.join(", "),
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}", format!("{name:<18} {also}").trim_end());
    }
    text
}

/// Prints the schema of the configuration file.
pub(super) fn config() -> Result<ExitCode, UserError> {
    super::print(crate::config::file::SCHEMA)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemars::generate::{Contract, SchemaSettings};
    use schemars::{JsonSchema, Schema};
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::answers::Envelope;

    fn schema<T: JsonSchema>(contract: Contract) -> Schema {
        let mut settings = SchemaSettings::draft2020_12();
        settings.contract = contract;
        settings.into_generator().into_root_schema_for::<T>()
    }

    /// The schema of a type, with the names that its answers give themselves.
    pub(super) fn derived<T: JsonSchema>(answer: &Answer) -> Value {
        let kinds = || OpKind::ALL.iter().map(|kind| kind.answers_as().to_owned());
        let names: Vec<String> = match answer.name {
            OPERATION => kinds().collect(),
            STEP => kinds().map(|kind| format!("{kind}{}", answers::STEP)).collect(),
            name => [name].iter().chain(answer.also).map(|name| (*name).to_owned()).collect(),
        };
        let names: Vec<String> = names.iter().map(|name| format!("{}{name}", answers::OURS)).collect();
        // A line of a log says its name by itself.
        let mut value = match answer.name {
            "log" => schema::<T>(Contract::Serialize).to_value(),
            _ => schema::<Envelope<T>>(Contract::Serialize).to_value(),
        };
        value["title"] = json!(format!("{}{}", answers::OURS, answer.name));
        value["properties"]["schema"] = match &names[..] {
            [one] => json!({"const": one}),
            several => json!({"enum": several}),
        };
        value["properties"]["version"] = json!({"const": answer.version});
        value
    }

    /// `FLIGHTDECK_WRITE_SCHEMAS=1 cargo test --lib schemas` writes them anew.
    #[test]
    fn the_schemas_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas");
        let mut config = schema::<crate::config::file::File>(Contract::Deserialize).to_value();
        config["title"] = json!("flightdeck.toml");
        let all = ANSWERS.iter().zip(types()).map(|(answer, derived)| (answer.name, derived(answer)));
        let mut names = Vec::new();
        for (name, value) in all.chain([("config", config)]) {
            let path = folder.join(format!("{name}.json"));
            let text = format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
            if std::env::var_os("FLIGHTDECK_WRITE_SCHEMAS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == text,
                "{name}.json is not that of its type: FLIGHTDECK_WRITE_SCHEMAS=1 cargo test --lib schemas"
            );
            names.push(format!("{name}.json"));
        }
        let there = std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
        names.sort_unstable();
        let mut there: Vec<String> = there.collect();
        there.sort_unstable();
        assert_eq!(there, names);
    }

    #[test]
    fn an_answer_is_found_by_what_it_calls_itself() {
        for (name, title) in [
            ("status", "flightdeck/status"),
            ("flightdeck/unlock", "flightdeck/lock"),
            ("claim", "flightdeck/lock"),
            ("rollback", "flightdeck/operation"),
            ("set secret-step", "flightdeck/operation-step"),
        ] {
            let schema: Value = serde_json::from_str((find(name).unwrap().text)()).unwrap();
            assert_eq!(schema["title"], title, "{name}");
        }
        assert!(find("nothing").is_none() && find("nothing-step").is_none());
        assert!(list().contains("lock               unlock, mark, unmark\n"), "{}", list());
    }
}
