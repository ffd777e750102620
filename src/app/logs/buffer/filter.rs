//! The filter of the log pane: which lines are shown.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ServiceId;
use crate::domain::log::Level;
use crate::logstore::{Field, LineFilter, Matcher, Named, Term};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What a line must have, or must not; an empty text = any.
    pub term: Term,
    /// The same, fixed before.
    pub chips: Vec<Term>,
    /// Without the lines that belong to a stack trace.
    pub fold: bool,
    /// From when until when.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The lowest level shown.
    pub level: Level,
    /// Sources that are not shown.
    pub hidden: BTreeSet<ServiceId>,
}

impl Default for Filter {
    fn default() -> Self {
        let (term, chips, hidden) = (Term::default(), Vec::new(), BTreeSet::new());
        Self { term, chips, fold: false, window: None, level: Level::Trace, hidden }
    }
}

impl Filter {
    /// Whether every row passes.
    #[must_use]
    pub fn passes_all(&self) -> bool {
        let texts = self.term.text.is_empty() && self.chips.is_empty();
        texts && !self.fold && self.window.is_none() && self.level == Level::Trace && self.hidden.is_empty()
    }

    pub(super) fn line_filter(&self) -> LineFilter {
        let terms = || self.chips.iter().chain(std::iter::once(&self.term));
        LineFilter {
            matcher: Matcher::new(terms()).folding(self.fold),
            named: terms().filter_map(Named::new).collect(),
            level: self.level,
            window: self.window.map(|(from, until)| (from.as_microsecond(), until.as_microsecond())),
            hidden: self.hidden.clone(),
        }
    }
}

/// What is typed at the prompt: `!` first = lines without it, `source:`, `instance:`, `region:` or `level:` = what is looked at,
/// `~` = a regular expression.
#[must_use]
pub fn typed(text: &str) -> Term {
    let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let named = Field::NAMED.iter().find_map(|(field, name)| Some((*field, text.strip_prefix(name)?)));
    let (field, text) = named.unwrap_or((Field::Text, text));
    let (regex, text) = text.strip_prefix('~').map_or((false, text), |rest| (true, rest));
    let some = !text.is_empty();
    Term { field, text: text.to_owned(), inverse: inverse && some, regex: regex && some }
}

/// A term as it is typed.
#[must_use]
pub fn typing(term: &Term) -> String {
    let (inverse, regex) = (if term.inverse { "!" } else { "" }, if term.regex { "~" } else { "" });
    format!("{inverse}{}{regex}{}", term.field.prefix(), term.text)
}

/// `@15m`: the last quarter of an hour before `newest`; `@12:00..12:30`: those of its day, UTC; `@…Z..…Z`: whole times.
#[must_use]
pub fn window(text: &str, newest: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let text = text.strip_prefix('@')?;
    if let Some((from, until)) = text.split_once("..") {
        let from = moment(from, newest)?;
        let until = if until.is_empty() { Timestamp::MAX } else { moment(until, newest)? };
        return (from <= until).then_some((from, until));
    }
    let span: SignedDuration = text.parse().ok()?;
    Some((newest.checked_sub(span.abs()).ok()?, Timestamp::MAX))
}

/// A whole time, or one of the day of another, UTC.
#[must_use]
pub fn moment(text: &str, day: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let time: jiff::civil::Time = text.parse().ok()?;
    let day = jiff::tz::TimeZone::UTC.to_datetime(day).date();
    jiff::tz::TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok()
}
