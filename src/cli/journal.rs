//! `flightdeck journal`: what was done, newest first, and whether the chain holds.

use std::fmt::Write as _;

use serde_json::json;

use super::Output;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::amount::amount;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Failed, error.to_string()).now("what was done is not known")
}

/// An empty journal, or an empty part of it, in words.
fn nothing(height: Option<i64>, wanted: Option<&str>) -> String {
    match (height, wanted) {
        (None, _) => "no journal: nothing was ever done or kept here".to_owned(),
        (Some(0), _) => "an empty journal: no operation was begun, no lock taken, no commit marked".to_owned(),
        (Some(height), Some(id)) => {
            let rows = amount(usize::try_from(height).unwrap_or(usize::MAX), "row");
            format!("no row of an operation {}, among {rows}", Text::clean(id))
        }
        (Some(_), None) => "no row was asked for".to_owned(),
    }
}

pub(super) async fn run(
    settings: Settings,
    output: Output,
    verify: bool,
    limit: u32,
    operation: Option<String>,
) -> Result<ExitCode, UserError> {
    // Who only looks makes nothing.
    let store = Store::peek(&settings.state_dir, SystemClock::shared()).await.map_err(failed)?;
    if verify {
        let found = match &store {
            Some(store) => store.verify().await.map_err(failed)?,
            None => Ok(0),
        };
        if output.json {
            let (rows, broken) = match &found {
                Ok(rows) => (Some(rows), None),
                Err(broken) => (None, Some(json!({"row": broken.row, "why": broken.why}))),
            };
            let holds = broken.is_none();
            let value = json!({"schema": "flightdeck/journal-verify", "version": 1, "holds": holds, "rows": rows, "broken": broken});
            super::print(&format!("{value}\n"))?;
        }
        return match found {
            Ok(_) if output.json => Ok(ExitCode::Done),
            Ok(rows) => {
                let rows = amount(usize::try_from(rows).unwrap_or(usize::MAX), "row");
                super::print(&format!("the chain of {rows} holds\n"))
            }
            Err(broken) => Err(UserError::new(
                ExitCode::Failed,
                format!("the journal breaks at row {}: {}", broken.row, broken.why),
            )
            .now("the rows before it are as they were written")
            .hint("keep the file as evidence and name another folder in [state] dir")),
        };
    }
    let wanted = operation.as_deref();
    // Rows of one operation may lie far apart: all are looked through.
    let rows = match &store {
        Some(store) => store.list(if wanted.is_some() { u32::MAX } else { limit }).await.map_err(failed)?,
        None => Vec::new(),
    };
    let rows = rows.into_iter().filter(|row| wanted.is_none_or(|id| row.op.ends_with(id)));
    let rows: Vec<_> = rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let mut text = String::new();
    if rows.is_empty() && !output.json {
        let height = match &store {
            Some(store) => Some(store.height().await.map_err(failed)?),
            None => None,
        };
        let place = Text::clean(&settings.state_dir.display().to_string());
        let at = SystemClock::shared().now().strftime("%H:%M:%SZ");
        let _ = writeln!(text, "{}; read at {at} in {place}", nothing(height, wanted));
    } else if output.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| json!({"id": row.id, "at": row.at, "op": row.op, "event": row.event, "body": row.body}))
            .collect();
        let _ = writeln!(text, "{}", json!({"schema": "flightdeck/journal", "version": 1, "rows": rows}));
    } else {
        for row in rows {
            let at: String = row.at.chars().take(19).collect();
            let op = row.op.get(row.op.len().saturating_sub(8)..).unwrap_or_default();
            let _ = writeln!(text, "{:>6} {at}Z {op} {:<8} {}", row.id, row.event, row.says());
        }
    }
    super::print(&text)?;
    super::open::warn(&settings, output.json).await?;
    Ok(ExitCode::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_journal_says_what_is_empty() {
        assert!(nothing(None, None).starts_with("no journal"));
        assert!(nothing(Some(0), Some("abcd")).starts_with("an empty journal"));
        assert_eq!(nothing(Some(7), Some("abcd")), "no row of an operation abcd, among 7 rows");
    }
}
