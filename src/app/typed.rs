//! What is typed to find something by name: in the help, and in the palette.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// From so many letters on, an identity is found by letters from its middle.
const INSIDE: usize = 4;
/// What a word counts that begins an identity, or is in it: more than one whose letters are scattered, and less than a word.
const IDENTITY: u32 = 40;

/// What is found by name.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::app) struct Found<'f> {
    /// Its name.
    pub title: &'f str,
    /// What of its text is looked through by letters.
    pub text: &'f str,
    /// Identities of it, between blanks: letters that mean nothing, and are found as they are written or not at all.
    pub ids: &'f str,
    /// Its keys.
    pub keys: &'f [&'f str],
    /// What it is called as well.
    pub also: &'f [&'f str],
}

/// What is typed.
pub(in crate::app) struct Typed<'t> {
    text: &'t str,
    words: Vec<(String, Atom)>,
    matcher: Matcher,
    letters: Vec<char>,
}

impl<'t> Typed<'t> {
    /// Every word counts, in any order; its letters may have others between them.
    pub(in crate::app) fn new(text: &'t str) -> Self {
        let text = text.trim();
        let atom = |word: &str| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
        let words = text.split_whitespace().map(|word| (word.to_lowercase(), atom(word))).collect();
        Self { text, words, matcher: Matcher::new(Config::DEFAULT), letters: Vec::new() }
    }

    /// How well something fits: whether a key, a name of it, or the whole title is what is typed, whatever else holds these letters; then how
    /// well they match. `None` = not at all.
    pub(in crate::app) fn rank(&mut self, found: Found<'_>) -> Option<(bool, u32)> {
        let named = || found.also.iter().any(|name| name.eq_ignore_ascii_case(self.text));
        let whole = found.title.eq_ignore_ascii_case(self.text) || found.keys.contains(&self.text) || named();
        let score = self.score(found);
        score.or(whole.then_some(0)).map(|score| (whole, score))
    }

    fn score(&mut self, found: Found<'_>) -> Option<u32> {
        let ids = found.ids.to_lowercase();
        let text = Utf32Str::new(found.text, &mut self.letters);
        let mut all = 0;
        for (word, atom) in &self.words {
            let inside = word.len() >= INSIDE && ids.contains(word.as_str());
            let named = inside || ids.split(' ').any(|id| id.starts_with(word.as_str()));
            let score = atom.score(text, &mut self.matcher).map(u32::from);
            all += score.max(named.then_some(IDENTITY))?;
        }
        Some(all)
    }
}
