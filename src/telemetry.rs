//! Writes diagnostics to a file in the state directory, never to the terminal, where one stray byte breaks the screen.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Starts writing diagnostics to `flightdeck.log` under `dir` (one file a day, three kept). The filter comes from
/// `FLIGHTDECK_LOG`, default `info`. Returns a guard that flushes when dropped; `None` when the file cannot be written or a
/// subscriber exists already: the console runs without diagnostics then, rather than not at all.
#[must_use]
pub fn start(dir: &Path) -> Option<WorkerGuard> {
    std::fs::create_dir_all(dir).ok()?;
    let appender = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("flightdeck")
        .filename_suffix("log")
        .max_log_files(3)
        .build(dir)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let filter = EnvFilter::try_from_env("FLIGHTDECK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).try_init().ok()?;
    Some(guard)
}
