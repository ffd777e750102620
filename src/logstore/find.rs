//! What a filter searches for: texts and regular expressions that must occur, or must not.

use super::form;
use super::needle::Needle;

/// What of a line is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// Its text.
    #[default]
    Text,
    /// The environment and name of its service.
    Source,
    /// The machine or container that wrote it.
    Instance,
    /// The region of that.
    Region,
    /// Its level: that one or a worse one.
    Level,
}

impl Field {
    /// Every field that is named at the prompt, with its name.
    pub const NAMED: [(Self, &'static str); 4] =
        [(Self::Source, "source:"), (Self::Instance, "instance:"), (Self::Region, "region:"), (Self::Level, "level:")];

    /// As it is typed; the text has no name.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        Self::NAMED.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }
}

/// One thing looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Term {
    /// What is looked at.
    pub field: Field,
    /// The text, or the regular expression.
    pub text: String,
    /// Lines that do not have it.
    pub inverse: bool,
    /// It is a regular expression.
    pub regex: bool,
}

impl Term {
    /// Whether it can be looked for: half of a regular expression cannot, nor a level that does not exist.
    #[must_use]
    pub fn whole(&self) -> bool {
        match self.field {
            _ if self.text.is_empty() => true,
            Field::Level => form::word_level(self.text.as_bytes()).is_some(),
            _ => Needle::new(self).is_some(),
        }
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
    /// Makes one of the terms that look at the text; those that are no expression are left out.
    #[must_use]
    pub fn new<'t>(terms: impl Iterator<Item = &'t Term>) -> Self {
        let mut all = Self::default();
        for term in terms.filter(|term| term.field == Field::Text) {
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

    /// Whether a line passes, as it is seen: without what would colour it.
    #[must_use]
    pub fn passes(&self, line: &[u8]) -> bool {
        if self.is_empty() || memchr::memchr(ESCAPE, line).is_none() {
            return self.lets(line);
        }
        let mut plain = Vec::with_capacity(line.len());
        bare(line, &mut plain);
        self.lets(&plain)
    }

    fn lets(&self, line: &[u8]) -> bool {
        !(self.fold && continues(line))
            && self.wanted.iter().all(|needle| needle.is_in(line))
            && !self.unwanted.iter().any(|needle| needle.is_in(line))
    }

    /// Numbers of the lines of a text that pass, ascending: the rarest case, few hits in much text, is looked for in the whole
    /// text and not line by line. `plain` is memory that is used again.
    pub fn rows(&self, text: &[u8], plain: &mut Vec<u8>, found: &mut Vec<u32>) {
        if self.is_empty() || memchr::memchr(ESCAPE, text).is_none() {
            return self.rows_of(text, found);
        }
        // A word may be coloured in its middle: what is seen is looked through. Line breaks stay where they are.
        plain.clear();
        bare(text, plain);
        // A last line without its break is one also when nothing of it is seen.
        if text.last() != Some(&b'\n') {
            plain.push(b'\n');
        }
        self.rows_of(plain, found);
    }

    fn rows_of(&self, text: &[u8], found: &mut Vec<u32>) {
        let Some(first) = self.wanted.first() else {
            let lines = lines(text).enumerate().filter(|(_, line)| self.lets(line));
            found.extend(lines.filter_map(|(row, _)| u32::try_from(row).ok()));
            return;
        };
        let alone = self.wanted.len() == 1 && self.unwanted.is_empty() && !self.fold;
        let (mut from, mut row) = (0, 0);
        while from < text.len()
            && let Some(at) = first.next(text, from)
        {
            let begin = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |before| from + before + 1);
            row += memchr::memchr_iter(b'\n', &text[from..begin]).count();
            // A last line that does not end in a break is one, but behind the last break there is none.
            if begin == text.len() {
                break;
            }
            let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |len| at + len);
            if alone || self.lets(&text[begin..end]) {
                found.extend(u32::try_from(row).ok());
            }
            (from, row) = (end + 1, row + 1);
        }
    }
}

/// Begins a sequence that moves or colours instead of being seen.
const ESCAPE: u8 = 0x1b;

/// Appends lines without their escape sequences: what is seen of them when they are cleaned. No sequence goes beyond its line.
fn bare(text: &[u8], into: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(ESCAPE, rest) {
        into.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        let end = match after.first() {
            // CSI: up to its final byte.
            Some(b'[') => {
                after.iter().skip(1).position(|byte| (0x40..0x7f).contains(byte) || *byte == b'\n').map(|at| at + 1)
            }
            // OSC and the other strings: up to BEL or ST, whose second byte is taken as what follows an escape.
            Some(b']' | b'P' | b'X' | b'^' | b'_') => memchr::memchr3(0x07, ESCAPE, b'\n', after),
            Some(_) => Some(0),
            None => None,
        };
        let kept = |end: usize| matches!(after[end], b'\n' | ESCAPE);
        rest = end.map_or(&[][..], |end| &after[if kept(end) { end } else { end + 1 }..]);
    }
    into.extend_from_slice(rest);
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
        Term { text: text.to_owned(), inverse, regex, ..Term::default() }
    }

    #[test]
    fn a_word_that_is_coloured_in_its_middle_is_found_as_it_is_seen() {
        let text =
            "plain 31m\n\u{1b}[31mre\u{1b}[1;4md\u{1b}[0m line\n\u{1b}]0;red\u{7}title\n\u{1b}]8;;x\u{1b}\\link\n";
        let rows = |text: &str, word: &str| {
            let mut found = Vec::new();
            Matcher::new([term(word, false, true)].iter()).rows(text.as_bytes(), &mut Vec::new(), &mut found);
            found
        };
        assert_eq!(rows(text, "^red line$"), [1]);
        assert_eq!(rows(text, "31m"), [0]);
        assert_eq!(rows(text, "^(title|link)$"), [2, 3]);
        for line in text.lines() {
            let mut plain = Vec::new();
            bare(line.as_bytes(), &mut plain);
            assert_eq!(crate::sanitize::Text::clean(line).as_str().as_bytes(), plain);
        }
    }

    proptest! {
        /// The search over the whole text finds what asking each line finds, also with expressions that match line breaks.
        #[test]
        fn the_fast_search_finds_the_same_lines(
            text in "(a|b|é|\r|\n|x|\u{1b}\\[1m){0,300}",
            words in proptest::collection::vec((proptest::sample::select(&["a", "ab", "bx", "xx", "a\\sb", "\\s", "^a", "b$", "x*", "[^x]*b", "\\Aa", "b\\z", "a\\nb", "\\bx", "(?R)b$", "é\\w"][..]), any::<bool>(), any::<bool>()), 1..4),
        ) {
            let terms: Vec<Term> = words.iter().map(|(text, inverse, regex)| term(text, *inverse, *regex)).collect();
            let matcher = Matcher::new(terms.iter());
            let mut fast = Vec::new();
            matcher.rows(text.as_bytes(), &mut Vec::new(), &mut fast);
            let slow: Vec<u32> = lines(text.as_bytes()).enumerate()
                .filter(|(_, line)| matcher.passes(line)).map(|(row, _)| u32::try_from(row).unwrap()).collect();
            prop_assert_eq!(fast, slow);
        }
    }
}
