//! `flightdeck schema` and `flightdeck config schema`: JSON schemas, derived of the types by a test and kept in `assets/schemas`.

use std::fmt::Write as _;

use crate::domain::operation::OpKind;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// A schema: its name, the answers that have it beside that, and its text.
type Schema = (&'static str, &'static [&'static str], &'static str);

macro_rules! schemas {
    ($($name:literal $([$($also:literal),*])?),* $(,)?) => {
        &[$(($name, &[$($($also),*)?], include_str!(concat!("../../assets/schemas/", $name, ".json")))),*]
    };
}

/// Every answer. Those of all operations are one.
const SCHEMAS: &[Schema] = schemas![
    "approvals",
    "candidates",
    "config-check",
    "config-show",
    "config-trust",
    "config-trust-list",
    "cut-short",
    "error",
    "health",
    "info",
    "journal",
    "journal-verify",
    "keys",
    "leave",
    "lock" ["unlock", "mark", "unmark"],
    "log",
    "log-gap",
    "operation",
    "operation-step",
    "plan",
    "releases",
    "secrets-diff",
    "status",
    "stuck",
    "switch",
    "wait",
];

/// The end of an operation, whatever its kind, and a step of it.
const OPERATION: &str = "operation";
const STEP: &str = "operation-step";

fn find(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix(super::answers::OURS).unwrap_or(name);
    let kind = |name: &str| OpKind::ALL.iter().any(|kind| kind.answers_as() == name);
    let name = match name.strip_suffix(super::answers::STEP) {
        Some(operation) if kind(operation) => STEP,
        _ if kind(name) => OPERATION,
        // What it was called before.
        None if name == "claim" => "lock",
        _ => name,
    };
    let own = |schema: &&Schema| schema.0 == name || schema.1.contains(&name);
    SCHEMAS.iter().find(own).map(|schema| schema.2)
}

/// Prints a schema, or the names of all.
pub(super) fn run(name: Option<&str>) -> Result<ExitCode, UserError> {
    match name {
        Some(name) => match find(name) {
            Some(schema) => super::print(schema),
            None => Err(UserError::new(ExitCode::Usage, format!("no answer is called {}", Text::clean(name)))
                .hint("flightdeck schema lists them")),
        },
        None => super::print(&list()),
    }
}

fn list() -> String {
    let kinds: Vec<&str> = OpKind::ALL.iter().map(|kind| kind.answers_as()).collect();
    let mut text = String::new();
    for (name, also, _) in SCHEMAS {
        let also = match *name {
            OPERATION => kinds.join(", "),
            STEP => format!("the same, each with {} behind it", super::answers::STEP),
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
    use crate::cli::answers::{self, Envelope};
    use crate::domain::release::Deployment;
    use crate::domain::secret::SecretRow;

    fn schema<T: JsonSchema>(contract: Contract) -> Schema {
        let mut settings = SchemaSettings::draft2020_12();
        settings.contract = contract;
        settings.into_generator().into_root_schema_for::<T>()
    }

    /// What is called so, by one name or several.
    fn called(value: &mut Value, title: &str, version: u32, names: &[String]) {
        let names: Vec<String> = names.iter().map(|name| format!("{}{name}", answers::OURS)).collect();
        value["title"] = json!(format!("{}{title}", answers::OURS));
        value["properties"]["schema"] = match &names[..] {
            [one] => json!({"const": one}),
            several => json!({"enum": several}),
        };
        value["properties"]["version"] = json!({"const": version});
    }

    fn answer<T: JsonSchema>(title: &'static str, version: u32, names: &[String]) -> (&'static str, Value) {
        let mut value = schema::<Envelope<T>>(Contract::Serialize).to_value();
        called(&mut value, title, version, names);
        (title, value)
    }

    fn derived() -> Vec<(&'static str, Value)> {
        use answers as a;
        fn one<T: JsonSchema>(name: &'static str, version: u32) -> (&'static str, Value) {
            answer::<T>(name, version, &[name.to_owned()])
        }
        let locks = ["lock", "unlock", "mark", "unmark"].map(str::to_owned);
        let kinds: Vec<String> = OpKind::ALL.iter().map(|kind| kind.answers_as().to_owned()).collect();
        let steps: Vec<String> = kinds.iter().map(|kind| format!("{kind}{}", a::STEP)).collect();
        let mut line = schema::<a::Line<'static>>(Contract::Serialize).to_value();
        called(&mut line, "log", 1, &["log".to_owned()]);
        let mut config = schema::<crate::config::file::File>(Contract::Deserialize).to_value();
        config["title"] = json!("flightdeck.toml");
        vec![
            one::<a::Rows<a::Approval<'static>>>("approvals", 2),
            one::<a::Candidates<'static>>("candidates", 1),
            one::<a::Understood<'static>>("config-check", 1),
            one::<a::Shown>("config-show", 1),
            one::<a::Trusted<'static>>("config-trust", 1),
            one::<a::TrustedFiles>("config-trust-list", 1),
            one::<a::CutShort<'static>>("cut-short", 2),
            one::<a::Failed>("error", 1),
            one::<a::Rows<a::Health<'static>>>("health", 2),
            one::<a::Info>("info", 1),
            one::<a::Journal<'static>>("journal", 1),
            one::<a::Verified<'static>>("journal-verify", 1),
            one::<a::Keys>("keys", 1),
            one::<a::Left<'static>>("leave", 1),
            answer::<a::LockOrMark<'static>>("lock", 1, &locks),
            ("log", line),
            one::<a::Gap<'static>>("log-gap", 1),
            answer::<a::Ended<'static>>("operation", 2, &kinds),
            answer::<a::Stepped<'static>>("operation-step", 2, &steps),
            one::<a::Planned<'static>>("plan", 1),
            one::<a::Rows<Deployment>>("releases", 1),
            one::<a::Rows<SecretRow>>("secrets-diff", 1),
            one::<a::Status<'static>>("status", 3),
            one::<a::Stuck<'static>>("stuck", 2),
            one::<a::Switched<'static>>("switch", 1),
            one::<a::Waiting<'static>>("wait", 2),
            ("config", config),
        ]
    }

    /// `FLIGHTDECK_WRITE_SCHEMAS=1 cargo test --lib schemas` writes them anew.
    #[test]
    fn the_schemas_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schemas");
        let mut names = Vec::new();
        for (name, value) in derived() {
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
        let known: Vec<String> = SCHEMAS.iter().map(|schema| format!("{}.json", schema.0)).collect();
        assert_eq!(known[..], names[..names.len() - 1], "each is listed, the configuration's apart");
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
            let schema: Value = serde_json::from_str(find(name).unwrap()).unwrap();
            assert_eq!(schema["title"], title, "{name}");
        }
        assert_eq!((find("nothing"), find("nothing-step")), (None, None));
        assert!(list().contains("lock               unlock, mark, unmark\n"), "{}", list());
    }
}
