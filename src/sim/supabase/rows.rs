//! Answers in rows: logs with the columns that a query selects, and the little SQL of the read-only query
//! (docs/platforms/supabase.md sections 2 and 3.7).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{error, with};
use crate::sim::shared::Shared;
use crate::sim::world::supabase::SupabaseProject;
use crate::sim::world::traffic::LogLine;

/// What a query over the logs asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selected {
    /// Alias and column; empty = every column.
    columns: Vec<(String, Column)>,
    /// The only source; `None` = any.
    pub(super) source: Option<String>,
    /// So many rows.
    pub(super) limit: usize,
    /// Oldest first.
    pub(super) ascending: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Column {
    Named(String),
    Attribute(String),
}

const COLUMNS: [&str; 5] = ["id", "timestamp", "event_message", "severity_text", "source"];

/// The part of a text between two words, whatever their case.
fn between<'a>(text: &'a str, lower: &str, from: &str, to: &str) -> Option<&'a str> {
    let start = lower.find(from)? + from.len();
    let end = start + lower.get(start..)?.find(to)?;
    text.get(start..end)
}

impl Selected {
    /// Reads a query; `most` is the longest answer.
    ///
    /// # Errors
    ///
    /// Words as the platform's parser has them.
    pub(super) fn read(sql: &str, most: usize) -> Result<Self, String> {
        let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let lower = flat.to_lowercase();
        let list = between(&flat, &lower, "select ", " from ").ok_or("Syntax error: expected SELECT … FROM …")?;
        let mut columns = Vec::new();
        for part in list.split(',').map(str::trim) {
            if part == "*" {
                continue;
            }
            let split = part.to_lowercase().find(" as ").and_then(|at| Some((part.get(..at)?, part.get(at + 4..)?)));
            let (name, alias) = split.unwrap_or((part, part));
            let column = match name.strip_prefix("log_attributes['").and_then(|rest| rest.strip_suffix("']")) {
                Some(key) => Column::Attribute(key.to_owned()),
                None if COLUMNS.contains(&name) || name == "log_attributes" => Column::Named(name.to_owned()),
                None => return Err(format!("Unrecognized name: {name}")),
            };
            columns.push((alias.trim_matches('`').to_owned(), column));
        }
        let table = lower.split(" from ").nth(1).and_then(|rest| rest.split([' ', ';']).next()).unwrap_or_default();
        let quoted = between(&flat, &lower.replace("source = '", "source='"), "source='", "'");
        let named = flat.replace("source = '", "source='");
        let source = quoted.and(between(&named, &named.to_lowercase(), "source='", "'")).map(str::to_owned);
        let limit = lower.split(" limit ").nth(1).and_then(|rest| rest.split([' ', ';']).next());
        let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(most).min(most);
        Ok(Self {
            columns,
            source: if table == "logs" { source } else { Some(table.to_owned()) },
            limit,
            ascending: lower.contains("order by timestamp asc"),
        })
    }

    /// A line as a row.
    pub(super) fn row(&self, line: &LogLine) -> Value {
        let severity = match line.level {
            "error" => "ERROR",
            "warn" => "WARNING",
            _ => "LOG",
        };
        let attributes = json!({"parsed.error_severity": severity, "identifier": line.instance});
        let value = |column: &Column| match column {
            Column::Attribute(key) => attributes.get(key).cloned().unwrap_or_default(),
            Column::Named(name) => match name.as_str() {
                "id" => json!(line.id),
                "timestamp" => json!(line.at.as_microsecond()),
                "event_message" => json!(line.message),
                "severity_text" => json!(severity),
                "source" => json!("postgres_logs"),
                _ => attributes.clone(),
            },
        };
        let whole: Vec<(String, Column)> =
            COLUMNS.iter().map(|name| ((*name).to_owned(), Column::Named((*name).to_owned()))).collect();
        let columns = if self.columns.is_empty() { &whole } else { &self.columns };
        columns.iter().map(|(alias, column)| (alias.clone(), value(column))).collect::<Map<_, _>>().into()
    }
}

#[derive(Deserialize)]
struct Statement {
    query: String,
}

/// Runs a statement: what the simulator has no database for is an error in the words of Postgres.
pub(super) async fn read_only(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(Statement { query }) = serde_json::from_str(&body) else {
        return error(StatusCode::BAD_REQUEST, "query: Required");
    };
    let world = shared.world();
    with(&world, &reference, |project| match run(project, &query) {
        Ok(rows) => (StatusCode::CREATED, Json(rows)).into_response(),
        Err(why) => error(StatusCode::BAD_REQUEST, &format!("Failed to run sql query: ERROR:  {why}")),
    })
}

fn run(project: &SupabaseProject, query: &str) -> Result<Value, String> {
    let flat = query.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let flat = flat.trim_end_matches(';').trim();
    if flat == "select 1" {
        return Ok(json!([{"?column?": 1}]));
    }
    if flat.starts_with("select") && flat.contains("from supabase_migrations.schema_migrations") {
        let newest = flat.contains("order by version desc");
        let mut all: Vec<Value> =
            project.migrations.iter().map(|one| json!({"version": one.version, "name": one.name})).collect();
        if newest {
            all.reverse();
        }
        return Ok(all.into());
    }
    if !flat.starts_with("select") {
        return Err("25006: cannot execute this statement in a read-only transaction".to_owned());
    }
    let table = flat.split(" from ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("unknown");
    Err(format!("42P01: relation \"{table}\" does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_its_columns_its_source_and_its_length() {
        let sql = "select timestamp, log_attributes['parsed.error_severity'] as sev\nfrom logs where source = 'postgres_logs' limit 7";
        let selected = Selected::read(sql, 1_000).expect("it reads");
        let sev = Column::Attribute("parsed.error_severity".to_owned());
        assert_eq!(selected.columns[1], ("sev".to_owned(), sev));
        assert_eq!((selected.source.as_deref(), selected.limit), (Some("postgres_logs"), 7));
        let old = Selected::read("select id from edge_logs", 1_000).expect("it reads");
        assert_eq!((old.source.as_deref(), old.limit), (Some("edge_logs"), 1_000));
        assert!(Selected::read("select nonsense from logs", 1_000).unwrap_err().contains("nonsense"));
    }
}
