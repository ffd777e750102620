//! The dialogs of the log reader: patterns of lines, and errors over time with the deployments among them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::effect::Effect;
use super::keys;
use super::model::{Model, Pane};
use super::msg::{Key, Now};
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs::{Overlay, chosen};
use crate::app::insight::brought;
use crate::app::logs::buffer::chart::{Bucket, Chart};
use crate::app::logs::buffer::{Filter, Source, Term};
use crate::app::navigate;
use crate::domain::ids::ServiceId;
use crate::domain::listed::Brought;
use crate::domain::log::Level;
use crate::domain::notice::Notice;
use crate::logstore::Pattern;
use crate::sanitize::Text;

/// Rows of the chart.
pub const ROWS: usize = 24;

/// A pattern and whether its service's live deployment is older than it.
pub type Listed<'m> = (bool, &'m Pattern);

/// When the live deployment of a service was made, by the clock that its lines are stamped with.
fn deployed(model: &Model, service: &ServiceId) -> Option<Timestamp> {
    live(model, service).map(|(at, _)| at)
}

/// A time of a platform as we count it, by that platform's own clock: its lines are stamped with that.
fn stamped(model: &Model, service: &ServiceId, at: Timestamp) -> Timestamp {
    let env = model.facts.env(&service.env).filter(|_| !model.facts.clocks.is_empty());
    let info = env.and_then(|env| env.services.iter().find(|info| info.id == *service));
    let ahead = info.and_then(|info| model.facts.clocks.get(&info.platform)).copied().unwrap_or_default();
    at.checked_add(ahead).unwrap_or(at)
}

/// When the live deployment was made of the service that writes these lines, or that they are told by, and what it is called; `None` = that is
/// not known, also where one is live that is newer than the list.
fn live<'m>(model: &'m Model, service: &ServiceId) -> Option<(Timestamp, &'m Text)> {
    let service = model.logs.told_by.get(service).unwrap_or(service);
    let (at, label) = match brought::of(model, service)? {
        Brought::Listed(one) => (one.created_at, &one.label),
        Brought::Unlisted(one) => (one.made?, one.label?),
    };
    Some((stamped(model, service, at), label))
}

/// What runs of which nothing tells since when: no pattern is told as new there.
#[must_use]
pub fn undated(model: &Model, now: Now) -> Vec<String> {
    let sources = model.logs.lines.sources().iter().map(|source| &source.service);
    let mut services: Vec<&ServiceId> = sources.map(|id| model.logs.told_by.get(id).unwrap_or(id)).collect();
    services.sort_unstable();
    services.dedup();
    let of = |id: &&ServiceId| brought::unlisted(model, id).filter(|one| one.made.is_none());
    services.iter().filter_map(|id| Some(brought::words(model, id, &of(id)?, now))).collect()
}

/// Patterns as they may be a cause: errors that came up since the deployment, the most severe first; then what else came up since; then old
/// errors; then the rest. Of equals the more frequent.
#[must_use]
pub fn patterns(model: &Model) -> Vec<Listed<'_>> {
    // Whoever has read nothing from before the deployment cannot say what is new.
    let mut begins: BTreeMap<&ServiceId, i64> = BTreeMap::new();
    for pattern in model.logs.lines.patterns().all() {
        let first = begins.entry(&pattern.service).or_insert(pattern.times.0);
        *first = pattern.times.0.min(*first);
    }
    let new = |pattern: &Pattern| {
        let since = deployed(model, &pattern.service).map(Timestamp::as_microsecond);
        let before = begins.get(&pattern.service).copied();
        since.is_some_and(|since| pattern.times.0 >= since && before.is_some_and(|before| before < since))
    };
    let mut all: Vec<Listed<'_>> =
        model.logs.lines.patterns().all().iter().map(|pattern| (new(pattern), pattern)).collect();
    all.sort_by_cached_key(|(new, one)| {
        let severe = if one.level >= Level::Warn { one.level } else { Level::Trace };
        // A frame of a stack trace is an error by its head alone, and there are many of them for one cause.
        std::cmp::Reverse((*new, severe, !one.frame(), one.count))
    });
    all
}

/// Longest time before and after a deployment that is compared.
const COMPARED: i64 = 3_600_000_000;

/// What became of a service's errors with its live deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub service: ServiceId,
    /// What the deployment is called.
    pub label: Text,
    /// When it was made.
    pub at: Timestamp,
    /// Lines and errors before it.
    pub before: Bucket,
    /// Lines and errors since, for as long.
    pub after: Bucket,
}

impl Turn {
    /// Errors in ten thousand lines, before and after.
    #[must_use]
    pub fn rates(&self) -> (u64, u64) {
        let rate = |bucket: Bucket| bucket.errors * 10_000 / bucket.lines.max(1);
        (rate(self.before), rate(self.after))
    }
}

/// The error rates around the live deployments whose lines are held, the one that got worst first.
#[must_use]
pub fn turns(model: &Model) -> Vec<Turn> {
    let Some(newest) = model.logs.lines.newest() else { return Vec::new() };
    let turn = |source: &Source| {
        let service = source.service.clone();
        let (at, label) = live(model, &service)?;
        let span = newest.as_microsecond().checked_sub(at.as_microsecond()).filter(|span| *span > 0)?.min(COMPARED);
        let (before, after) = model.logs.lines.around(&service, at.as_microsecond(), span);
        let label = label.clone();
        (after.lines > 0).then_some(Turn { service, label, at, before, after })
    };
    let mut all: Vec<Turn> = model.logs.lines.sources().iter().filter_map(turn).collect();
    all.sort_by_key(|turn| {
        let (before, after) = turn.rates();
        std::cmp::Reverse(after.saturating_sub(before))
    });
    all
}

/// Deployments within a chart: their row, when, and what they are called.
#[must_use]
pub fn deploys(model: &Model, chart: &Chart) -> Vec<(usize, Timestamp, String)> {
    let mut marks = Vec::new();
    for (service, list) in &model.facts.releases {
        for one in list {
            let at = stamped(model, &one.service, one.created_at);
            if let Some(row) = chart.bucket(at.as_microsecond()) {
                marks.push((row, at, format!("{} {}", service.name, one.label)));
            }
        }
    }
    marks.sort();
    marks
}

/// A key over the patterns: enter shows the lines of the chosen one, from the first that is held on.
pub(super) fn patterns_key(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    let count = model.logs.lines.patterns().all().len();
    if let Some(next) = chosen(model, key, at, count) {
        model.dialog.overlay = Some(Overlay::Patterns(next));
        return Vec::new();
    }
    match keys::own(Dialog::Patterns, key).or(keys::own(Dialog::List, key)) {
        Some(Own::Go) => {
            let all = patterns(model);
            let Some((_, pattern)) = all.get(at) else { return Vec::new() };
            let term = Term { text: pattern.expression(), regex: true, ..Term::default() };
            let first = Timestamp::from_microsecond(pattern.times.0).ok();
            model.dialog.overlay = None;
            model.logs.lines.set_filter(Filter { term, ..Filter::default() });
            navigate::show(model, Pane::Logs);
            // When it came up first is what says why.
            if let Some(first) = first {
                go(model, first);
            }
        }
        Some(Own::Close) => model.dialog.overlay = None,
        _ => {}
    }
    Vec::new()
}

/// A key over the chart: enter goes to the chosen time, `d` chooses the next deployment.
pub(super) fn chart_key(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    if let Some(next) = chosen(model, key, at, ROWS) {
        model.dialog.overlay = Some(Overlay::Chart(next));
        return Vec::new();
    }
    match keys::own(Dialog::Chart, key).or(keys::own(Dialog::List, key)) {
        Some(Own::Go) => {
            let chart = model.logs.lines.chart(ROWS);
            let deploy =
                chart.as_ref().and_then(|chart| deploys(model, chart).into_iter().find(|(row, ..)| *row == at));
            let moment = deploy.map(|(_, when, _)| when).or_else(|| chart?.begins(at));
            model.dialog.overlay = None;
            navigate::show(model, Pane::Logs);
            if let Some(moment) = moment {
                go(model, moment);
            }
        }
        Some(Own::Deployment) => {
            let marks = model.logs.lines.chart(ROWS).map(|chart| deploys(model, &chart)).unwrap_or_default();
            let next = marks.iter().find(|(row, ..)| *row > at).or(marks.first()).map_or(at, |(row, ..)| *row);
            model.dialog.overlay = Some(Overlay::Chart(next));
        }
        Some(Own::Close) => model.dialog.overlay = None,
        _ => {}
    }
    Vec::new()
}

/// Goes to a time among the lines.
pub(super) fn go(model: &mut Model, moment: Timestamp) {
    let page = model.screen.geometry.rows(Pane::Logs);
    if !model.logs.lines.go_to(moment, page) {
        model.screen.notice = Some(Notice::refused(format!("no line shown is later than {moment:.0}")));
    }
}
