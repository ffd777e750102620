//! `flightdeck journal`: what was done, newest first, and whether the chain holds.

use std::fmt::Write as _;

use serde_json::json;

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::error::{ExitCode, UserError};
use crate::store::{Store, StoreError};

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Failed, error.to_string())
}

pub(super) async fn run(settings: Settings, json: bool, verify: bool, limit: u32) -> Result<ExitCode, UserError> {
    let store = Store::open(&settings.state_dir, SystemClock::shared()).await.map_err(failed)?;
    if verify {
        return match store.verify().await.map_err(failed)? {
            Ok(rows) => super::print(&format!("the chain of {rows} rows holds\n")),
            Err(broken) => Err(UserError::new(
                ExitCode::Failed,
                format!("the journal breaks at row {}: {}", broken.row, broken.why),
            )
            .now("the rows before it are as they were written")
            .hint("keep the file as evidence and name another folder in [state] dir")),
        };
    }
    let rows = store.list(limit).await.map_err(failed)?;
    let mut text = String::new();
    if json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| json!({"id": row.id, "at": row.at, "op": row.op, "event": row.event, "body": row.body}))
            .collect();
        let _ = writeln!(text, "{}", json!({"schema": "flightdeck/journal", "version": 1, "rows": rows}));
    } else {
        for row in rows {
            let says = ["title", "call", "outcome"].iter().find_map(|key| row.body[*key].as_str()).unwrap_or_default();
            let result = row.body["result"].as_str().unwrap_or_default();
            let _ = writeln!(text, "{} {:<8} {says} {result}", row.at, row.event);
        }
    }
    super::print(&text)
}
