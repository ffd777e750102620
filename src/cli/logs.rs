//! `flightdeck logs`: the lines of the services, merged by event time, for a pipe or a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Output;
use super::answers::{self, Gap, Line};
use super::resume::Position;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::log::{Level, LogBatch, LogLine};
use crate::engine::local::lines::Own;
use crate::engine::{Engine, Lanes, Scope};
use crate::error::{ExitCode, UserError};

/// Lines of different services are sorted within this window.
const WINDOW: Duration = Duration::from_millis(250);

/// Lines held at most while more come.
const MOST: usize = 20_000;

/// Windows after which the place is kept.
const KEPT: u32 = 4;

/// What was typed.
#[derive(Debug, Clone, clap::Args)]
pub struct LogsArgs {
    /// Only this environment.
    #[arg(long)]
    pub environment: Option<String>,
    /// Only this service.
    #[arg(long)]
    pub service: Option<String>,
    /// Go on as lines arrive.
    #[arg(long, short)]
    pub follow: bool,
    /// Only lines since then: `15m`, `2h`, or a time such as 2026-01-31T12:00:00Z.
    #[arg(long)]
    pub since: Option<String>,
    /// The lowest level: trace, debug, info, warn, error, fatal.
    #[arg(long, value_parser = level)]
    pub level: Option<Level>,
    /// Only lines with this text, without regard to case.
    #[arg(long, conflicts_with = "regex")]
    pub grep: Option<String>,
    /// Only lines that match this regular expression.
    #[arg(long)]
    pub regex: Option<String>,
    /// Only lines that do not match.
    #[arg(long)]
    pub not: bool,
    /// Go on where the last run with this file ended, and keep the place in it. No line twice; a gap is told.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<std::path::PathBuf>,
    /// The newest lines at most; without --follow only.
    #[arg(long, conflicts_with_all = ["follow", "resume"])]
    pub limit: Option<usize>,
}

fn level(text: &str) -> Result<Level, String> {
    Level::parse(text).ok_or_else(|| "a level is one of trace, debug, info, warn, error, fatal".to_owned())
}

/// What passes.
struct Filter {
    since: Option<Timestamp>,
    level: Level,
    pattern: Option<regex::Regex>,
    not: bool,
}

impl Filter {
    fn new(args: &LogsArgs, now: Timestamp) -> Result<Self, UserError> {
        let usage = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was read");
        let pattern = match (&args.grep, &args.regex) {
            (Some(text), _) => Some((regex::escape(text), true)),
            (None, Some(pattern)) => Some((pattern.clone(), false)),
            (None, None) => None,
        };
        let pattern = pattern.map(|(text, any)| regex::RegexBuilder::new(&text).case_insensitive(any).build());
        let pattern = pattern.transpose().map_err(|error| usage(format!("--regex cannot be understood: {error}")))?;
        let since = args.since.as_deref().map(|text| since(text, now)).transpose();
        let since = since.map_err(|()| {
            usage("--since is not a time".to_owned()).hint("write 15m, 2h30m, or 2026-01-31T12:00:00Z")
        })?;
        Ok(Self { since, level: args.level.unwrap_or(Level::Trace), pattern, not: args.not })
    }

    fn passes(&self, line: &LogLine) -> bool {
        let matches = |pattern: &regex::Regex| {
            let whole = line.raw.as_ref().is_some_and(|raw| pattern.is_match(raw.as_str()));
            whole || pattern.is_match(line.message.as_str())
        };
        line.level >= self.level
            && self.since.is_none_or(|since| line.at >= since)
            && self.pattern.as_ref().is_none_or(|pattern| matches(pattern) != self.not)
    }
}

fn since(text: &str, now: Timestamp) -> Result<Timestamp, ()> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let span: SignedDuration = text.parse().map_err(|_| ())?;
    now.checked_sub(span.abs()).map_err(|_| ())
}

pub(super) async fn run(mut settings: Settings, args: LogsArgs, output: Output) -> Result<ExitCode, UserError> {
    let clock = SystemClock::shared();
    let filter = Filter::new(&args, clock.now())?;
    let mut place = Position::load(args.resume.as_deref())?;
    narrow(&mut settings, &args)?;
    // Beside the lines, which are for other programs.
    super::open::warn(&settings, false).await?;
    let colour = !output.json && !settings.ui.no_color && std::io::stdout().is_terminal();
    let printer = Printer { json: output.json, colour, filter };
    let own = crate::engine::local::attach(&settings.log_sources, &settings.proxy, Arc::clone(&clock))?;
    let mut own = Own::new(own, Arc::clone(&clock));
    let (engine, lanes) = Engine::start(Arc::new(settings), clock, Scope::Logs);
    let awaited: BTreeSet<FeedId> = engine.feeds().cloned().collect();
    let result = tokio::select! {
        result = read(lanes, &mut own, awaited, &args, &printer, output, &mut place) => result,
        code = super::simulate::signalled() => code,
    };
    engine.shutdown().await;
    // Also when a signal ended it: what was written is not written again.
    place.keep()?;
    result
}

/// Without `--follow` a platform that does not answer is not waited for for ever; with it only a limit that was asked for ends.
async fn time(args: &LogsArgs, output: Output) {
    match (args.follow, output.timeout) {
        (true, None) => std::future::pending().await,
        _ => tokio::time::sleep(output.limit()).await,
    }
}

/// Leaves only the services that were asked for.
fn narrow(settings: &mut Settings, args: &LogsArgs) -> Result<(), UserError> {
    if let Some(name) = &args.environment {
        super::place::known(settings, name).map_err(|error| error.now("nothing was read"))?;
    }
    settings.environments.retain(|env| args.environment.as_deref().is_none_or(|name| env.id.as_str() == name));
    for env in &mut settings.environments {
        env.services.retain(|one| args.service.as_deref().is_none_or(|name| &*one.id.name == name));
    }
    settings.log_sources.retain(|one| {
        args.environment.as_deref().is_none_or(|name| one.id.env.as_str() == name)
            && args.service.as_deref().is_none_or(|name| &*one.id.name == name)
    });
    if settings.environments.iter().all(|env| env.services.is_empty()) && settings.log_sources.is_empty() {
        return Err(UserError::new(ExitCode::Usage, "no such service is configured")
            .now("nothing was read")
            .hint("flightdeck config check lists them"));
    }
    Ok(())
}

async fn read(
    mut lanes: Lanes,
    own: &mut Own,
    mut awaited: BTreeSet<FeedId>,
    args: &LogsArgs,
    printer: &Printer,
    output: Output,
    place: &mut Position,
) -> Result<ExitCode, UserError> {
    let over = time(args, output);
    tokio::pin!(over);
    let mut held: Vec<LogLine> = Vec::new();
    let mut code = ExitCode::Done;
    let mut batches = Vec::new();
    let mut pause = tokio::time::interval(WINDOW);
    let (mut looks, mut ticks) = (0, 0_u32);
    loop {
        tokio::select! {
            biased;
            Some(fact) = lanes.control.recv() => {
                let Fact::Feed(id, status) = fact else { continue };
                if status.state == FeedState::Starting {
                    continue;
                }
                if let (FeedState::Failing { why, denied, again, .. }, true) = (&status.state, awaited.contains(&id)) {
                    super::complain(&format!("not read: {id}: {why}"));
                    if again.is_some() {
                        // The wait that a platform asked for ends by itself: it is no answer yet.
                        continue;
                    }
                    let worse = if *denied { ExitCode::Auth } else { ExitCode::Inconclusive };
                    code = if code == ExitCode::Auth { code } else { worse };
                }
                awaited.remove(&id);
            }
            _ = lanes.data.recv_many(&mut batches, 64) => {
                for mut batch in batches.drain(..) {
                    place.narrow(&mut batch);
                    printer.gap(&batch).await?;
                    printer.sift(batch, &mut held, place);
                }
            }
            came = own.next() => {
                let mut batch = match came {
                    Ok(batch) => batch,
                    Err((service, why)) => {
                        super::complain(&format!("{service}: {why}"));
                        continue;
                    }
                };
                place.narrow(&mut batch);
                printer.gap(&batch).await?;
                printer.sift(batch, &mut held, place);
                if !printer.relieve(&mut held, args.limit, place).await? {
                    return Ok(ExitCode::Done);
                }
            }
            _ = pause.tick() => {
                if args.follow {
                    if !printer.lines(&mut held, place).await? {
                        return Ok(ExitCode::Done);
                    }
                    ticks += 1;
                    if ticks % KEPT == 0 {
                        place.keep()?;
                    }
                } else if awaited.is_empty() {
                    // Once more: lines travel in another lane than the word that a feed has answered.
                    looks += 1;
                    if looks > 2 {
                        break;
                    }
                }
            }
            () = &mut over => {
                code = output.late();
                break;
            }
        }
    }
    if own.broken && code == ExitCode::Done {
        code = ExitCode::Inconclusive;
    }
    held.sort_by_key(|line| line.at);
    if let Some(limit) = args.limit {
        held.drain(..held.len().saturating_sub(limit));
    }
    printer.lines(&mut held, place).await?;
    Ok(code)
}

/// A line as programs read it.
fn record(line: &LogLine) -> Line<'_> {
    Line {
        schema: "flightdeck/log",
        version: 1,
        at: line.at,
        environment: line.service.env.as_str(),
        service: &line.service.name,
        platform: line.platform,
        kind: line.kind,
        instance: &line.instance,
        region: &line.region,
        level: line.level,
        message: &line.message,
        raw: line.raw.as_ref(),
    }
}

/// How a line is written.
struct Printer {
    json: bool,
    colour: bool,
    filter: Filter,
}

impl Printer {
    /// Holds the lines that pass.
    fn sift(&self, batch: LogBatch, held: &mut Vec<LogLine>, place: &mut Position) {
        for line in batch.lines {
            if self.filter.passes(&line) { held.push(line) } else { place.note(&line) }
        }
    }

    /// Keeps what is held small: of the newest lines that were asked for no more are kept, else the older half is written; false when
    /// nobody reads any more.
    async fn relieve(
        &self,
        held: &mut Vec<LogLine>,
        limit: Option<usize>,
        place: &mut Position,
    ) -> Result<bool, UserError> {
        // Many go at once, so that what is held is not sorted again for every few lines that come.
        let keep = limit.unwrap_or(MOST / 2);
        if held.len() < keep + keep.clamp(MOST / 2, MOST * 10) {
            return Ok(true);
        }
        held.sort_by_key(|line| line.at);
        let older = held.len().saturating_sub(keep);
        if limit.is_some() {
            held.drain(..older);
            return Ok(true);
        }
        let mut older: Vec<LogLine> = held.drain(..older).collect();
        self.lines(&mut older, place).await
    }

    /// Writes and forgets the lines, in the order of their times; false when nobody reads any more.
    async fn lines(&self, held: &mut Vec<LogLine>, place: &mut Position) -> Result<bool, UserError> {
        held.sort_by_key(|line| line.at);
        let mut text = String::new();
        held.iter().for_each(|line| self.line(line, &mut text));
        if !text.is_empty() && !super::stream(&text).await? {
            return Ok(false);
        }
        held.drain(..).for_each(|line| place.note(&line));
        Ok(true)
    }

    fn line(&self, line: &LogLine, into: &mut String) {
        if self.json {
            let written = serde_json::to_string(&record(line));
            into.extend(written.iter().flat_map(|record| [record.as_str(), "\n"]));
            return;
        }
        let (on, off) = match line.level {
            _ if !self.colour => ("", ""),
            Level::Fatal | Level::Error => ("\x1b[31m", "\x1b[0m"),
            Level::Warn => ("\x1b[33m", "\x1b[0m"),
            Level::Trace | Level::Debug => ("\x1b[2m", "\x1b[0m"),
            Level::Info => ("", ""),
        };
        let level = line.level.word();
        // Writing to a text cannot fail.
        let _ = writeln!(into, "{on}{:.3} {} {level:<5} {}{off}", line.at, line.service, line.message);
    }

    /// Missing lines are told where they are missing: in the stream for programs, beside it for people.
    async fn gap(&self, batch: &LogBatch) -> Result<(), UserError> {
        if batch.gap == 0 {
            return Ok(());
        }
        let why = batch.gap_why.clone().unwrap_or_default();
        if self.json {
            let (environment, service) = (&batch.service.env, &*batch.service.name);
            let says = Gap { environment, service, at_least: batch.gap, why: why.as_str() };
            super::stream(&answers::line("log-gap", says)).await?;
        } else {
            super::complain(&format!("{}: {} or more lines missing: {why}", batch.service, batch.gap));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_age_or_an_instant() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(since("15m", now), "2026-01-31T11:45:00Z".parse().map_err(|_| ()));
        assert_eq!(since("2h30m", now), "2026-01-31T09:30:00Z".parse().map_err(|_| ()));
        assert_eq!(since("2026-01-30T00:00:00Z", now), "2026-01-30T00:00:00Z".parse().map_err(|_| ()));
        assert!(since("soon", now).is_err());
    }
}
