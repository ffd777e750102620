//! The place at which `flightdeck logs` ended, so that the next run goes on behind it: the newest line of each service, and which
//! lines near it were written, for platforms give them again and not always in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::log::{LogBatch, LogLine};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// How late a line may come and still be written, microseconds.
const LATE: i64 = 30_000_000;

/// One service's place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Mark {
    /// Event time of its newest line, microseconds.
    newest: i64,
    /// Lines near it: event time, and a hash of the line.
    near: Vec<(i64, u64)>,
}

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    schema: String,
    services: BTreeMap<String, Mark>,
}

const SCHEMA: &str = "flightdeck/logs-place/1";

/// The place of a run.
#[derive(Debug, Default)]
pub(super) struct Position {
    path: Option<PathBuf>,
    /// Where the run before ended, with the lines that may come again, and how often.
    before: BTreeMap<String, (i64, HashMap<u64, u32>)>,
    marks: BTreeMap<String, Mark>,
    /// Services that have had a batch in this run.
    begun: BTreeSet<String>,
    changed: bool,
}

impl Position {
    /// Reads the place of the run before; a file that is not there yet is an empty one.
    ///
    /// # Errors
    /// When the file cannot be read, or is another one.
    pub(super) fn load(path: Option<&Path>) -> Result<Self, UserError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let refused = |why: String| {
            UserError::new(ExitCode::Usage, format!("--resume {}: {why}", path.display()))
                .now("nothing was read")
                .hint("name a file that such a run wrote, or one that does not exist yet")
        };
        // Reading a pipe would wait for its writer.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(refused("it is not a file".to_owned()));
        }
        let kept: Kept = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Kept { schema: SCHEMA.to_owned(), ..Kept::default() }
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        if kept.schema != SCHEMA {
            return Err(refused(format!("it is not a file of --resume but {}", Text::clean(&kept.schema))));
        }
        let before = kept.services.iter().map(|(service, mark)| {
            let mut near = HashMap::new();
            mark.near.iter().for_each(|(_, hash)| *near.entry(*hash).or_insert(0) += 1);
            (service.clone(), (mark.newest, near))
        });
        Ok(Self { path: Some(path.to_owned()), before: before.collect(), marks: kept.services, ..Self::default() })
    }

    /// Leaves out of a batch what the run before wrote. The first batch of a service tells with a gap mark when it does not reach
    /// back to where that run ended.
    pub(super) fn narrow(&mut self, batch: &mut LogBatch) {
        if self.path.is_none() || batch.lines.is_empty() {
            return;
        }
        let (service, count) = (batch.service.to_string(), batch.lines.len());
        let oldest = batch.lines.iter().map(|line| line.at.as_microsecond()).min().unwrap_or(i64::MAX);
        let ended = self.before.get(&service).map(|(newest, _)| *newest);
        batch.lines.retain(|line| self.fresh(&service, line));
        let first = self.begun.insert(service);
        if let Some(ended) = ended.filter(|ended| first && batch.lines.len() == count && oldest > *ended) {
            let since = Timestamp::from_microsecond(ended).unwrap_or_default();
            let why = format!("the platform gives none back to {since:.0}, where the last run ended");
            batch.gap = batch.gap.max(1);
            batch.gap_why = Some(Text::from(why));
        }
    }

    /// Takes note of a line that was written, or that a filter has left out.
    pub(super) fn note(&mut self, line: &LogLine) {
        if self.path.is_none() {
            return;
        }
        let mark = self.marks.entry(line.service.to_string()).or_default();
        let at = line.at.as_microsecond();
        mark.newest = mark.newest.max(at);
        mark.near.push((at, hash(line)));
        self.changed = true;
    }

    fn fresh(&mut self, service: &str, line: &LogLine) -> bool {
        let Some((newest, near)) = self.before.get_mut(service) else { return true };
        if line.at.as_microsecond() < newest.saturating_sub(LATE) {
            return false;
        }
        match near.get_mut(&hash(line)).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                false
            }
            None => true,
        }
    }

    /// Writes the place down, once its lines are written: whoever is killed between the two gets a few lines again and misses none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn keep(&mut self) -> Result<(), UserError> {
        let Some(path) = self.path.as_ref().filter(|_| self.changed) else { return Ok(()) };
        for mark in self.marks.values_mut() {
            let from = mark.newest.saturating_sub(LATE);
            mark.near.retain(|(at, _)| *at >= from);
        }
        let kept = Kept { schema: SCHEMA.to_owned(), services: self.marks.clone() };
        let beside = path.with_extension("part");
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::other)
            .and_then(|bytes| std::fs::write(&beside, bytes))
            .and_then(|()| std::fs::rename(&beside, path));
        self.changed = false;
        written.map_err(|error| {
            UserError::new(ExitCode::Failed, format!("--resume {}: {error}", path.display()))
                .now("the lines so far are written; the place is not, so that the next run writes some of them again")
        })
    }
}

fn hash(line: &LogLine) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.at.as_nanosecond().hash(&mut hasher);
    line.instance.hash(&mut hasher);
    line.raw.as_ref().unwrap_or(&line.message).as_str().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::ids::ServiceId;
    use crate::domain::log::{Level, LogKind};

    fn batch(seconds: &[i64]) -> LogBatch {
        let line = |second: &i64| LogLine {
            at: Timestamp::from_second(*second).unwrap(),
            service: ServiceId::new("production", "backend"),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "a".into(),
            region: "".into(),
            level: Level::Info,
            message: Text::from("x"),
            raw: None,
        };
        let lines = seconds.iter().map(line).collect();
        LogBatch { service: ServiceId::new("production", "backend"), lines, gap: 0, gap_why: None }
    }

    fn narrowed(place: &mut Position, seconds: &[i64]) -> (Vec<i64>, u64) {
        let mut batch = batch(seconds);
        place.narrow(&mut batch);
        batch.lines.iter().for_each(|line| place.note(line));
        (batch.lines.iter().map(|line| line.at.as_second()).collect(), batch.gap)
    }

    #[test]
    fn the_next_run_goes_on_where_the_last_one_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("place");
        let mut place = Position::load(Some(&path)).unwrap();
        assert_eq!(narrowed(&mut place, &[100, 101, 101]), (vec![100, 101, 101], 0));
        place.keep().unwrap();
        let mut place = Position::load(Some(&path)).unwrap();
        // Twins are two lines; what is late is written, what is far too late is not.
        assert_eq!(narrowed(&mut place, &[20, 99, 100, 101, 101, 101, 102]), (vec![99, 101, 102], 0));
        assert_eq!(narrowed(&mut place, &[200]), (vec![200], 0));
        place.keep().unwrap();
        let mut place = Position::load(Some(&path)).unwrap();
        assert_eq!(narrowed(&mut place, &[300, 301]), (vec![300, 301], 1), "nobody knows what was before 300");
        assert_eq!(narrowed(&mut place, &[400]), (vec![400], 0), "told once");
    }

    #[test]
    fn another_file_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        std::fs::write(&path, "{\"schema\":\"x\",\"services\":{}}").unwrap();
        assert!(Position::load(Some(&path)).is_err_and(|error| error.to_string().contains("not a file of --resume")));
        std::fs::write(&path, "hello").unwrap();
        assert!(Position::load(Some(&path)).is_err());
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(Position::load(Some(&pipe)).is_err_and(|error| error.to_string().contains("not a file")));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
    }
}
