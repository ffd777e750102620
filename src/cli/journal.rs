//! `flightdeck journal`: what was done, newest first, and whether the chain holds.

use std::fmt::Write as _;

use super::answers::{self, Journal, JournalRow, Verified};
use super::{Output, place};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::amount::amount;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::rows::{Asked, Entry};
use crate::store::{Store, StoreError};

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Failed, error.to_string()).now("what was done is not known")
}

/// A row as programs read it.
fn told(row: &Entry) -> JournalRow<'_> {
    JournalRow { id: row.id, at: &row.at, op: &row.op, event: &row.event, body: &row.body }
}

/// An empty journal, or an empty part of it, in words.
fn nothing(height: Option<i64>, asked: &Asked) -> String {
    let which = match (&asked.operation, &asked.environment) {
        (Some(id), None) => Some(format!("an operation {}", Text::clean(id))),
        (Some(id), Some(env)) => Some(format!("an operation {} in {env}", Text::clean(id))),
        (None, Some(env)) => Some(format!("{env}, nor a mark,")),
        (None, None) => None,
    };
    match (height, which) {
        (None, _) => "no journal: nothing was ever done or kept here".to_owned(),
        (Some(0), _) => "an empty journal: no operation was begun, no lock taken, no commit marked".to_owned(),
        (Some(height), Some(which)) => {
            format!("no row of {which} among {}", amount(usize::try_from(height).unwrap_or(usize::MAX), "row"))
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
    environment: Option<String>,
) -> Result<ExitCode, UserError> {
    let environment = environment.as_deref().map(|name| place::known(&settings, name)).transpose()?;
    let asked = Asked { operation, environment };
    // Who only looks makes nothing.
    let store = Store::peek(settings.keep(), SystemClock::shared()).await.map_err(failed)?;
    if verify {
        let found = match &store {
            Some(store) => store.verify().await.map_err(failed)?,
            None => Ok(0),
        };
        if output.json {
            let (rows, broken) = match &found {
                Ok(rows) => (Some(*rows), None),
                Err(broken) => (None, Some(broken)),
            };
            let says = Verified { holds: broken.is_none(), rows, broken };
            super::print(&answers::line("journal-verify", says))?;
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
    let rows = match &store {
        Some(store) => store.chosen(&asked, limit).await.map_err(failed)?,
        None => Vec::new(),
    };
    let mut text = String::new();
    if rows.is_empty() && !output.json {
        let height = match &store {
            Some(store) => Some(store.height().await.map_err(failed)?),
            None => None,
        };
        let place = Text::clean(&settings.state_dir.display().to_string());
        let at = SystemClock::shared().now().strftime("%H:%M:%SZ");
        let _ = writeln!(text, "{}; read at {at} in {place}", nothing(height, &asked));
    } else if output.json {
        text = answers::line("journal", Journal { rows: rows.iter().map(told).collect() });
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
        let of = |operation: Option<&str>, environment: Option<&str>| Asked {
            operation: operation.map(str::to_owned),
            environment: environment.map(Into::into),
        };
        assert!(nothing(None, &Asked::default()).starts_with("no journal"));
        assert!(nothing(Some(0), &of(Some("abcd"), None)).starts_with("an empty journal"));
        assert_eq!(nothing(Some(7), &of(Some("abcd"), None)), "no row of an operation abcd among 7 rows");
        assert_eq!(nothing(Some(1), &of(None, Some("prod"))), "no row of prod, nor a mark, among 1 row");
    }
}
