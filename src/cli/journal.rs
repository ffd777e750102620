//! `flightdeck journal`: what was done, newest first, and whether the chain holds.

use std::fmt::Write as _;

use serde_json::json;

use super::Output;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::amount::amount;
use crate::error::{ExitCode, UserError};
use crate::store::{Store, StoreError};

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Failed, error.to_string()).now("what was done is not known")
}

pub(super) async fn run(
    settings: Settings,
    output: Output,
    verify: bool,
    limit: u32,
    operation: Option<String>,
) -> Result<ExitCode, UserError> {
    let store = Store::open(&settings.state_dir, SystemClock::shared()).await.map_err(failed)?;
    if verify {
        let found = store.verify().await.map_err(failed)?;
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
    let rows = store.list(if wanted.is_some() { u32::MAX } else { limit }).await.map_err(failed)?;
    let rows = rows.into_iter().filter(|row| wanted.is_none_or(|id| row.op.ends_with(id)));
    let rows: Vec<_> = rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let mut text = String::new();
    if output.json {
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
