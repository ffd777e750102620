//! Lines clustered into patterns as they come (Drain, He et al. 2017): lines of one service and level with as many words and the same first
//! word are of one pattern when most of their words agree, not counting what varies anyway; where they do not, the pattern has a gap.
//!
//! A line is compared by the hashes of its words, so that one of a known pattern allocates nothing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash as _, Hasher};

use super::line_words::LineWords;
use crate::domain::ids::ServiceId;
use crate::domain::log::Level;
use crate::redact::{MASK, Redactor};
use crate::sanitize::Text;

/// Patterns kept; what fits into none of them is counted.
const MOST: usize = 2000;
/// Words of a line that are looked at.
const WORDS: usize = 32;
/// Patterns among which the best is looked for.
const CANDIDATES: usize = 256;
/// What stands where lines differ.
pub const GAP: &str = "<*>";
/// The hash of a gap: no word has it but by an accident of one in 2^64.
const NONE: u64 = 0x9e37_79b9_7f4a_7c15;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Whose lines.
    pub service: ServiceId,
    words: Vec<Box<str>>,
    /// The same words as numbers.
    hashes: Vec<u64>,
    /// Words that stand one behind the other in the line itself.
    own: usize,
    /// Lines.
    pub count: u64,
    /// The level of its lines.
    pub level: Level,
    /// Event time of the first and of the last line, microseconds.
    pub times: (i64, i64),
}

impl Pattern {
    /// Whether its lines belong to a stack trace that another line heads.
    #[must_use]
    pub fn frame(&self) -> bool {
        const HEADS: [&str; 4] = ["File", "at", "Traceback", "raise"];
        self.words.first().is_some_and(|word| HEADS.contains(&&**word))
    }

    /// As it is shown.
    #[must_use]
    pub fn text(&self) -> String {
        self.words.join(" ")
    }

    /// A regular expression that finds its lines. Fields behind the message are left out: in the line they may stand otherwise.
    #[must_use]
    pub fn expression(&self) -> String {
        let words = self.words.iter().take(self.own).enumerate();
        let words = words.take_while(|(at, word)| *at == 0 || !word.contains('='));
        let any = |text: &str| text.replace(&regex::escape(GAP), r"\S+").replace(MASK, r"\S+");
        let words = words.map(|(_, word)| any(&regex::escape(word)));
        words.collect::<Vec<_>>().join(r"\s+")
    }

    /// Lines a minute between its first and its last one; `None` when all came at once.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let micros = self.times.1.checked_sub(self.times.0).filter(|micros| *micros > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "it is rounded for the screen")]
        let minutes = micros as f64 / 60e6;
        #[expect(clippy::cast_precision_loss, reason = "it is rounded for the screen")]
        let lines = (self.count - 1) as f64;
        Some(lines / minutes)
    }
}

/// The patterns of all lines so far.
#[derive(Debug, Default)]
pub struct Patterns {
    all: Vec<Pattern>,
    services: Vec<ServiceId>,
    /// By service, level, number of words and first word: a hash of them is the key.
    groups: HashMap<u64, Vec<usize>, BuildHasherDefault<Same>>,
    /// Hashes of the words of the line that is looked at.
    hashes: Vec<u64>,
    redactor: Redactor,
    /// Lines that fitted into none when there were too many.
    pub beyond: u64,
}

impl Patterns {
    /// Every pattern in the order in which they came up.
    #[must_use]
    pub fn all(&self) -> &[Pattern] {
        &self.all
    }

    /// Takes a clean line in.
    pub fn add(&mut self, service: &ServiceId, text: &str, at: i64, level: Level) {
        self.take(service, &LineWords::of_message(text), at, level);
    }

    /// Takes a line in as it was written.
    pub fn add_raw(&mut self, service: &ServiceId, line: &[u8], at: i64, level: Level) {
        self.take(service, &LineWords::of_line(line), at, level);
    }

    fn take(&mut self, service: &ServiceId, line_words: &LineWords<'_>, at: i64, level: Level) {
        let mut hashes = std::mem::take(&mut self.hashes);
        hashes.clear();
        hashes.extend(line_words.words().take(WORDS).map(|word| Word::of(word).hash));
        if let Some(first) = hashes.first() {
            let number = self.number(service);
            let mut key = Same(*first);
            (number, level, hashes.len()).hash(&mut key);
            self.place(key.0, &hashes, service, line_words, at, level);
        }
        self.hashes = hashes;
    }

    fn number(&mut self, service: &ServiceId) -> usize {
        let known = self.services.iter().position(|one| one == service);
        known.unwrap_or_else(|| {
            self.services.push(service.clone());
            self.services.len() - 1
        })
    }

    fn place(
        &mut self,
        key: u64,
        hashes: &[u64],
        service: &ServiceId,
        line_words: &LineWords<'_>,
        at: i64,
        level: Level,
    ) {
        let full = self.all.len() >= MOST;
        // A full table takes no new group either: first words may be without number.
        if full && !self.groups.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let group = self.groups.entry(key).or_default();
        if let Some((place, whole)) = best(&self.all, group, hashes) {
            let index = group[place];
            // What is frequent is found first the next time.
            group.swap(place, place / 2);
            let pattern = &mut self.all[index];
            if !whole {
                pattern.open(hashes, line_words);
            }
            pattern.count += 1;
            pattern.times = (pattern.times.0.min(at), pattern.times.1.max(at));
        } else if full {
            self.beyond += 1;
        } else {
            group.push(self.all.len());
            let words = shown(line_words, &self.redactor);
            let own = line_words.own().min(words.len());
            let (service, hashes) = (service.clone(), hashes.to_vec());
            self.all.push(Pattern { service, words, hashes, own, count: 1, level, times: (at, at) });
        }
    }
}

/// The place in a group of the pattern that a line belongs to, and whether it has all of the line's words. More than half of the words
/// have to agree, but for those that differ from line to line in both: gaps agree with everything, and would draw ever more lines
/// into a pattern that says ever less.
fn best(all: &[Pattern], group: &[usize], hashes: &[u64]) -> Option<(usize, bool)> {
    let mut best = None;
    for (place, index) in group.iter().take(CANDIDATES).enumerate() {
        let (mut alike, mut gaps) = (0, 0);
        for (known, word) in all[*index].hashes.iter().zip(hashes) {
            alike += usize::from(known == word && *word != NONE);
            gaps += usize::from(*known == NONE && *word == NONE);
        }
        let telling = hashes.len() - gaps;
        if alike == telling {
            return Some((place, true));
        }
        if 2 * alike > telling && best.is_none_or(|(_, most)| alike > most) {
            best = Some((place, alike));
        }
    }
    let (place, _) = best?;
    let known = &all[*group.get(place)?].hashes;
    Some((place, known.iter().zip(hashes).all(|(known, word)| known == word || *known == NONE)))
}

impl Pattern {
    /// Makes gaps where a line differs.
    fn open(&mut self, hashes: &[u64], line_words: &LineWords<'_>) {
        for (index, word) in line_words.words().take(WORDS).enumerate() {
            if self.hashes[index] != NONE && self.hashes[index] != hashes[index] {
                let common = common(&self.words[index], word);
                self.hashes[index] = Word::of(&common).hash;
                self.words[index] = common;
            }
        }
    }
}

/// The words as they are shown: masked, clean, values left out.
fn shown(line_words: &LineWords<'_>, redactor: &Redactor) -> Vec<Box<str>> {
    let count = line_words.words().take(WORDS).count();
    let whole = redactor.mask(Text::from(line_words.words().collect::<Vec<_>>().join(" ")));
    let masked: Vec<&str> = whole.as_str().split_ascii_whitespace().take(WORDS).collect();
    // A mask that took a blank with it has moved the words: then each is masked alone.
    if masked.len() == count {
        return masked.into_iter().map(general).collect();
    }
    let alone = line_words.words().take(WORDS).map(|word| redactor.mask(Text::clean(word)));
    alone.map(|word| general(word.as_str())).collect()
}

/// What two words have in common: the key of `key=value`, or nothing.
fn common(one: &str, other: &str) -> Box<str> {
    match (one.split_once('='), other.split_once('=')) {
        (Some((key, _)), Some((same, _))) if key == same && !key.is_empty() => format!("{key}={GAP}").into(),
        _ => GAP.into(),
    }
}

/// A word with a digit is a value; of `key=value` the key stays.
fn general(word: &str) -> Box<str> {
    match Word::of(word) {
        Word { key: Some(len), .. } => format!("{}={GAP}", &word[..len]).into(),
        Word { hash: NONE, .. } => GAP.into(),
        _ => word.into(),
    }
}

/// A word as it is compared.
struct Word {
    hash: u64,
    /// Bytes of the key when what follows it is a value.
    key: Option<usize>,
}

impl Word {
    fn of(word: &str) -> Self {
        let bytes = word.as_bytes();
        if word == GAP {
            return Self { hash: NONE, key: None };
        }
        let Some(digit) = bytes.iter().position(u8::is_ascii_digit) else {
            let keyed = word.strip_suffix(GAP).and_then(|key| key.strip_suffix('=')).filter(|key| !key.is_empty());
            return keyed.map_or_else(|| Self { hash: hash(bytes), key: None }, |key| Self::keyed(bytes, key.len()));
        };
        match memchr::memchr(b'=', bytes).filter(|at| (1..digit).contains(at)) {
            Some(len) => Self::keyed(bytes, len),
            None => Self { hash: NONE, key: None },
        }
    }

    fn keyed(bytes: &[u8], len: usize) -> Self {
        Self { hash: hash(&bytes[..len]) ^ NONE, key: Some(len) }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut state = Same(bytes.len() as u64);
    state.write(bytes);
    state.0
}

/// A hash that is quick for a few bytes. Nobody gains by lines that collide: they would fall into one pattern.
#[derive(Debug, Clone, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut parts = bytes.chunks_exact(8);
        for part in parts.by_ref() {
            self.write_u64(part.try_into().map_or(0, u64::from_le_bytes));
        }
        if !parts.remainder().is_empty() {
            let last = parts.remainder().iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            self.write_u64(last);
        }
    }

    fn write_u64(&mut self, part: u64) {
        let mixed = u128::from(self.0.rotate_left(23) ^ part ^ NONE) * u128::from(0xa076_1d64_78bd_642f_u64);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let folded = mixed as u64 ^ (mixed >> 64) as u64;
        self.0 = folded;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_that_differ_in_their_values_are_one_pattern() {
        let mut patterns = Patterns::default();
        let service = ServiceId::new("production", "backend");
        for n in 0..50i64 {
            patterns.add(&service, &format!("GET /api/{n} took {n}ms user=u{n}"), n, Level::Info);
            patterns.add(
                &service,
                &format!("cannot reach {} for order", ["db", "cache"][n as usize % 2]),
                n,
                Level::Error,
            );
        }
        let said: Vec<_> = patterns.all().iter().map(|one| (one.text(), one.count, one.level, one.times)).collect();
        assert_eq!(said[0], ("GET <*> took <*> user=<*>".to_owned(), 50, Level::Info, (0, 49)));
        assert_eq!(said[1], ("cannot reach <*> for order".to_owned(), 50, Level::Error, (0, 49)));
        assert_eq!(said.len(), 2);
        let finds = regex::Regex::new(&patterns.all()[0].expression()).unwrap();
        assert!(finds.is_match("x GET /api/7 took 7ms user=u7"));
    }

    #[test]
    fn gaps_do_not_draw_other_messages_in() {
        let mut patterns = Patterns::default();
        let service = ServiceId::new("", "x");
        let (places, modules) = (["fra", "iad", "nrt"], ["api.auth:", "db.pool:", "worker.billing:"]);
        let messages = ["webhook was delivered", "cache miss, loading", "rate limit hit"];
        for n in 0..810usize {
            let (place, module, message) = (places[n % 3], modules[n / 3 % 3], messages[n / 9 % 3]);
            let line = format!("app[{n:x}1] {place} [info] {module} {message} request_id={n} dur={n}ms seq={n}");
            patterns.add(&service, &line, 0, Level::Info);
        }
        let mut said: Vec<_> = patterns.all().iter().map(|one| (one.count, one.text())).collect();
        said.sort();
        let text = |message: &str| (270, format!("<*> <*> [info] <*> {message} request_id=<*> dur=<*> seq=<*>"));
        assert_eq!(said, [text("cache miss, loading"), text("rate limit hit"), text("webhook was delivered")]);
    }

    #[test]
    fn what_is_without_number_stays_bounded_and_is_counted() {
        let mut patterns = Patterns::default();
        let service = ServiceId::new("", "x");
        let word = |n: usize| n.to_string().bytes().map(|digit| char::from(digit + 49)).collect::<String>();
        for n in 0..3 * MOST {
            patterns.add(&service, &word(n), 0, Level::Info);
        }
        assert_eq!((patterns.all().len(), patterns.groups.len()), (MOST, MOST));
        assert_eq!(patterns.beyond, 2 * MOST as u64);
    }

    proptest! {
        #[test]
        fn every_line_is_counted_and_found_by_its_pattern(lines in proptest::collection::vec("[a-c1 =(]{0,20}", 0..100)) {
            let mut patterns = Patterns::default();
            let service = ServiceId::new("", "x");
            for line in &lines {
                patterns.add(&service, line, 1, Level::Info);
            }
            let counted: u64 = patterns.all().iter().map(|one| one.count).sum();
            prop_assert_eq!(counted, lines.iter().filter(|line| !line.trim().is_empty()).count() as u64);
            for one in patterns.all() {
                let finds = regex::Regex::new(&one.expression()).unwrap();
                let found = lines.iter().filter(|line| finds.is_match(line)).count() as u64;
                prop_assert!(found >= one.count, "{} finds {found} of {}", one.expression(), one.count);
            }
        }
    }
}
