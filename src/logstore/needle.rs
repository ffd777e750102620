//! One text or regular expression, made ready to be looked for in many lines.
//!
//! A line knows nothing of its neighbours, so an expression is made to match within one line only, as `grep` does: it can then be
//! looked for in the text of a whole block, and every match stands in the line that has it.

use std::ops::Range;

use regex_automata::Input;
use regex_automata::meta::{Builder, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

use super::find::Term;

/// Memory that a regular expression may take: one that a person types at a prompt needs no more.
const LARGEST: usize = 4 << 20;

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
        let syntax = syntax::Config::new().case_insensitive(true).multi_line(true).unicode(unicode).utf8(false);
        let escapes = ["\\x", "\\u", "\\U"].iter().any(|escape| text.contains(escape));
        let hir = within(&syntax::parse_with(&text, &syntax).ok()?, text.is_ascii() && !escapes);
        let config = Config::new().utf8_empty(false).which_captures(WhichCaptures::Implicit);
        let config = config.nfa_size_limit(Some(LARGEST)).hybrid_cache_capacity(LARGEST);
        Builder::new().configure(config).build_from_hir(&hir).ok().map(Self)
    }

    /// Whether a line has it.
    #[must_use]
    pub fn is_in(&self, line: &[u8]) -> bool {
        self.0.is_match(line)
    }

    /// A place in the first line from a place on that has it, or the end of that line; `from` begins a line.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let input = Input::new(text).range(from..).earliest(true);
        self.0.search_half(&input).map(|hit| hit.offset())
    }

    /// Where it stands in a text that is shown; empty matches are none.
    pub fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let hits = self.0.find_iter(text.as_bytes()).map(|hit| hit.range()).filter(|hit| !hit.is_empty());
        hits.filter(|hit| text.is_char_boundary(hit.start) && text.is_char_boundary(hit.end))
    }
}

/// The same expression within a line: what would match a line break matches nothing, and the ends of a line are those of a text.
/// `ascii`: it was written in plain letters.
fn within(hir: &Hir, ascii: bool) -> Hir {
    let all = |hirs: &[Hir]| hirs.iter().map(|hir| within(hir, ascii)).collect();
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => Hir::class(Class::Unicode(plain(class, ascii))),
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start | Look::StartCRLF) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End | Look::EndCRLF) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(one) => {
            Hir::repetition(Repetition { sub: Box::new(within(&one.sub, ascii)), ..one.clone() })
        }
        // What a group has matched is never asked for.
        HirKind::Capture(group) => within(&group.sub, ascii),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
    }
}

/// A class without the line break; and where plain letters were written, without the two foreign ones that are the other case of `k`
/// and `s`: nobody means them, and a word with an `s` is looked for much faster without.
fn plain(class: &ClassUnicode, ascii: bool) -> ClassUnicode {
    let range = |from, to| ClassUnicodeRange::new(from, to);
    let mut class = class.clone();
    class.difference(&ClassUnicode::new([range('\n', '\n')]));
    for (letter, foreign) in [('k', '\u{212a}'), ('s', '\u{17f}')] {
        let upper = letter.to_ascii_uppercase();
        let folded = ClassUnicode::new([range(upper, upper), range(letter, letter), range(foreign, foreign)]);
        if ascii && class == folded {
            class = ClassUnicode::new([range(upper, upper), range(letter, letter)]);
        }
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str, regex: bool) -> Term {
        Term { text: text.to_owned(), regex, ..Term::default() }
    }

    fn has(text: &str, line: &str) -> bool {
        Needle::new(&term(text, true)).is_some_and(|needle| needle.is_in(line.as_bytes()))
    }

    #[test]
    fn a_broken_expression_is_none() {
        assert!(Needle::new(&term("a(", true)).is_none());
        assert!(Needle::new(&term("a(", false)).is_some_and(|needle| needle.is_in(b"fA(x")));
        assert!(Needle::new(&term("grün", false)).is_some_and(|needle| needle.is_in("GRÜN".as_bytes())));
        assert!(Needle::new(&term("(a{1000}){1000}", true)).is_none(), "too large");
    }

    #[test]
    fn letters_of_any_alphabet_are_found_in_either_case() {
        assert!(has("^status ok$", "STATUS oK"));
        assert!(has("^[^x]+é\\w$", "grüß Éß"));
        assert!(has("ſ", "aſb") && has(r"\x{17f}", "aſb"), "what is typed is found");
        assert!(has("[[:alpha:]]\\d+", "k7") && !has("^.{2}$", "日"));
    }

    #[test]
    fn the_ends_of_a_line_are_those_of_a_text() {
        let needle = Needle::new(&term(r"\Ab\z", true)).unwrap();
        assert_eq!(needle.next(b"a\nb\n", 0), Some(3));
        assert_eq!(Needle::new(&term(r"a\nb", true)).unwrap().next(b"a\nb\n", 0), None);
    }
}
