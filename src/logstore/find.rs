//! What is looked for in lines: texts and regular expressions, which must be there or must not.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

/// Memory that a regular expression may take: one that a person types at a prompt needs no more.
const LARGEST: usize = 4 << 20;

/// One thing looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Term {
    /// The text, or the regular expression.
    pub text: String,
    /// Lines that do not have it.
    pub inverse: bool,
    /// It is a regular expression.
    pub regex: bool,
}

impl Term {
    /// Whether it can be looked for: half of a regular expression cannot.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.text.is_empty() || Needle::new(self).is_some()
    }
}

/// A term that can be looked for. Case does not count.
#[derive(Debug, Clone)]
pub struct Needle(Regex);

impl Needle {
    /// Makes one; `None` when the expression is not one.
    #[must_use]
    pub fn new(term: &Term) -> Option<Self> {
        if term.text.is_empty() {
            return None;
        }
        let text = if term.regex { term.text.clone() } else { regex::escape(&term.text) };
        // Without Unicode the search is faster, and for plain letters it finds the same.
        let unicode = term.regex || !term.text.is_ascii();
        let mut builder = RegexBuilder::new(&text);
        builder.case_insensitive(true).multi_line(true).unicode(unicode).size_limit(LARGEST).dfa_size_limit(LARGEST);
        builder.build().ok().map(Self)
    }

    /// Whether a line has it.
    #[must_use]
    pub fn is_in(&self, line: &[u8]) -> bool {
        self.0.is_match(line)
    }

    /// Where it stands in a text that is shown; empty matches are none.
    pub fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let hits = self.0.find_iter(text.as_bytes()).map(|hit| hit.range()).filter(|hit| !hit.is_empty());
        hits.filter(|hit| text.is_char_boundary(hit.start) && text.is_char_boundary(hit.end))
    }
}

/// All the terms of a filter.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    wanted: Vec<Needle>,
    unwanted: Vec<Needle>,
    /// Lines of a stack trace do not pass.
    fold: bool,
}

impl Matcher {
    /// Makes one of terms; those that are no expression are left out.
    #[must_use]
    pub fn new<'t>(terms: impl Iterator<Item = &'t Term>) -> Self {
        let mut all = Self::default();
        for term in terms {
            if let Some(needle) = Needle::new(term) {
                if term.inverse { all.unwanted.push(needle) } else { all.wanted.push(needle) }
            }
        }
        all
    }

    /// The same, without the lines of stack traces or with them.
    #[must_use]
    pub fn folding(self, fold: bool) -> Self {
        Self { fold, ..self }
    }

    /// Whether every line passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty() && !self.fold
    }

    /// Whether a line passes.
    #[must_use]
    pub fn passes(&self, line: &[u8]) -> bool {
        !(self.fold && continues(line))
            && self.wanted.iter().all(|needle| needle.is_in(line))
            && !self.unwanted.iter().any(|needle| needle.is_in(line))
    }

    /// Numbers of the lines of a text that pass, ascending: the rarest case, few hits in much text, is looked for in the whole
    /// text and not line by line.
    pub fn rows(&self, text: &[u8], found: &mut Vec<u32>) {
        let Some(first) = self.wanted.first() else {
            let lines = lines(text).enumerate().filter(|(_, line)| self.passes(line));
            found.extend(lines.filter_map(|(row, _)| u32::try_from(row).ok()));
            return;
        };
        let (mut from, mut row) = (0, 0);
        while from < text.len() {
            let Some(hit) = first.0.find_at(text, from) else { break };
            // Never before `from`, where a line begins: an expression may match the break before it.
            let at = hit.start().max(from);
            let begin = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |at2| from + at2 + 1);
            row += memchr::memchr_iter(b'\n', &text[from..begin]).count();
            if begin == text.len() {
                break;
            }
            let end = memchr::memchr(b'\n', &text[begin..]).map_or(text.len(), |len| begin + len);
            if self.passes(&text[begin..end]) {
                found.extend(u32::try_from(row).ok());
            }
            (from, row) = (end + 1, row + 1);
        }
    }
}

/// Whether a line belongs to the entry beside it: the frames of a trace, and what leads to them. The line that names the
/// exception stays: behind the frames in Python, before them elsewhere.
#[must_use]
pub fn continues(line: &[u8]) -> bool {
    const HEADS: [&[u8]; 6] = [
        b"Traceback (most recent call last)",
        b"Caused by: ",
        b"stack backtrace:",
        b"During handling of the above exception",
        b"The above exception was the direct cause",
        b"note: run with `RUST_BACKTRACE",
    ];
    match line.first() {
        None => false,
        Some(b' ' | b'\t') => !line.trim_ascii().is_empty(),
        Some(b'T' | b'C' | b's' | b'D' | b'n') => HEADS.iter().any(|head| line.starts_with(head)),
        Some(_) => false,
    }
}

/// The lines of a text; what follows the last line break is one too.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = (!text.is_empty()).then(|| whole.split(|byte| *byte == b'\n'));
    lines.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn term(text: &str, inverse: bool, regex: bool) -> Term {
        Term { text: text.to_owned(), inverse, regex }
    }

    #[test]
    fn a_broken_expression_is_none() {
        assert!(Needle::new(&term("a(", false, true)).is_none());
        assert!(Needle::new(&term("a(", false, false)).is_some_and(|needle| needle.is_in(b"fA(x")));
        assert!(Needle::new(&term("grün", false, false)).is_some_and(|needle| needle.is_in("GRÜN".as_bytes())));
    }

    proptest! {
        /// The search over the whole text finds what asking each line finds, also with expressions that match line breaks.
        #[test]
        fn the_fast_search_finds_the_same_lines(
            text in "[ab\nx]{0,300}",
            words in proptest::collection::vec((proptest::sample::select(&["a", "ab", "bx", "xx", "a\\sb", "\\s", "^a", "b$", "x*"][..]), any::<bool>(), any::<bool>()), 1..4),
        ) {
            let terms: Vec<Term> = words.iter().map(|(text, inverse, regex)| term(text, *inverse, *regex)).collect();
            let matcher = Matcher::new(terms.iter());
            let mut fast = Vec::new();
            matcher.rows(text.as_bytes(), &mut fast);
            let slow: Vec<u32> = lines(text.as_bytes()).enumerate()
                .filter(|(_, line)| matcher.passes(line)).map(|(row, _)| u32::try_from(row).unwrap()).collect();
            prop_assert_eq!(fast, slow);
        }
    }
}
