//! Decides which lines pass a filter: by their text, and by what is known of them beside it.

use std::collections::BTreeSet;

use super::block::Meta;
use super::find::{Field, Matcher, Term};
use super::form;
use super::needle::Needle;
use super::row::Origin;
use crate::domain::ids::ServiceId;
use crate::domain::log::Level;

/// Which lines pass.
#[derive(Debug, Clone)]
pub struct LineFilter {
    /// By their text.
    pub matcher: Matcher,
    /// By their source, and by levels that were typed.
    pub named: Vec<Named>,
    /// By their level.
    pub level: Level,
    /// By their event time: from, until.
    pub window: Option<(i64, i64)>,
    /// By their source: those that are left out.
    pub hidden: BTreeSet<ServiceId>,
}

/// A term that looks at something beside the text.
#[derive(Debug, Clone)]
pub struct Named {
    field: Field,
    needle: Option<Needle>,
    level: Option<Level>,
    inverse: bool,
}

impl Named {
    /// Makes one; `None` for a term that looks at the text, or that says nothing yet.
    #[must_use]
    pub fn new(term: &Term) -> Option<Self> {
        if term.field == Field::Text {
            return None;
        }
        let level = form::word_level(term.text.as_bytes()).filter(|_| term.field == Field::Level);
        let needle = Needle::new(term).filter(|_| term.field != Field::Level);
        // A level that does not exist lets nothing pass, rather than everything.
        let says = level.is_some() || needle.is_some() || (term.field == Field::Level && !term.text.is_empty());
        says.then_some(Self { field: term.field, needle, level, inverse: term.inverse })
    }

    fn lets(&self, origin: &Origin, level: Level) -> bool {
        let has = |text: &str| self.needle.as_ref().is_some_and(|needle| needle.is_in(text.as_bytes()));
        let hit = match self.field {
            Field::Level if self.level.is_none() => return false,
            Field::Text => true,
            Field::Source => has(&origin.service.to_string()),
            Field::Instance => has(&origin.instance),
            Field::Region => has(&origin.region),
            Field::Level => self.level.is_none_or(|least| level >= least),
        };
        hit != self.inverse
    }
}

impl LineFilter {
    /// A filter that looks for one term, or for lines of a level.
    #[must_use]
    pub fn of(term: Option<&Term>, level: Level) -> Self {
        let named = term.into_iter().filter_map(Named::new).collect();
        Self { matcher: Matcher::new(term.into_iter()), named, level, window: None, hidden: BTreeSet::new() }
    }

    /// Whether only the text decides, which is looked through without reading times and levels out of it.
    #[must_use]
    pub fn by_text(&self) -> bool {
        self.named.is_empty() && self.hidden.is_empty() && self.level == Level::Trace && self.window.is_none()
    }

    /// Whether a line passes. Of a gap mark only the source counts.
    pub(super) fn lets(&self, origin: Option<&Origin>, meta: Meta, text: &[u8]) -> bool {
        let hidden = !self.hidden.is_empty() && origin.is_some_and(|one| self.hidden.contains(&one.service));
        if hidden || meta.gap {
            return !hidden;
        }
        let inside = self.window.is_none_or(|(from, until)| (from..=until).contains(&meta.at));
        meta.level >= self.level
            && inside
            && self.named.iter().all(|one| origin.is_none_or(|origin| one.lets(origin, meta.level)))
            && self.matcher.passes(text)
    }

    /// Whether lines of a source may pass at all.
    pub(super) fn may(&self, origin: &Origin) -> bool {
        let named = |one: &Named| one.field == Field::Level || one.lets(origin, Level::Trace);
        !self.hidden.contains(&origin.service) && self.named.iter().all(named)
    }
}
