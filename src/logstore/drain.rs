//! Lines clustered into patterns as they come (Drain, He et al. 2017): lines of one service and level with as many words and the same first
//! word are of one pattern when half of their words agree; where they do not, the pattern has a gap.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::ids::ServiceId;
use crate::domain::log::Level;

/// Patterns kept; what fits into none of them is counted.
const MOST: usize = 2000;
/// Words of a line that are looked at.
const WORDS: usize = 32;
/// Patterns among which the best is looked for.
const CANDIDATES: usize = 64;
/// What stands where lines differ.
pub const GAP: &str = "<*>";

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Whose lines.
    pub service: ServiceId,
    words: Vec<Box<str>>,
    /// Lines.
    pub count: u64,
    /// The level of its lines.
    pub level: Level,
    /// Event time of the first and of the last line, microseconds.
    pub times: (i64, i64),
}

impl Pattern {
    /// As it is shown.
    #[must_use]
    pub fn text(&self) -> String {
        self.words.join(" ")
    }

    /// A regular expression that finds its lines. Fields behind the message are left out: in the line they may stand otherwise.
    #[must_use]
    pub fn expression(&self) -> String {
        let words = self.words.iter().enumerate().take_while(|(at, word)| *at == 0 || !word.contains('='));
        let words = words.map(|(_, word)| regex::escape(word).replace(&regex::escape(GAP), r"\S+"));
        words.collect::<Vec<_>>().join(r"\s+")
    }
}

/// The patterns of all lines so far.
#[derive(Debug, Default)]
pub struct Patterns {
    all: Vec<Pattern>,
    /// By service, level, number of words and first word.
    groups: HashMap<(ServiceId, Level, usize, Box<str>), Vec<usize>>,
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
        let words: Vec<Cow<'_, str>> = text.split_whitespace().take(WORDS).map(general).collect();
        let Some(first) = words.first() else { return };
        let key = (service.clone(), level, words.len(), Box::from(&**first));
        // A full table takes no new group either: first words may be without number.
        if self.all.len() >= MOST && !self.groups.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let group = self.groups.entry(key).or_default();
        let alike = |index: &&usize| {
            let pattern = &self.all[**index];
            pattern.words.iter().zip(&words).filter(|(known, word)| ***known == ***word).count()
        };
        let best = group.iter().take(CANDIDATES).max_by_key(alike);
        if let Some(index) = best.filter(|index| 2 * alike(index) >= words.len()) {
            let pattern = &mut self.all[*index];
            for (known, word) in pattern.words.iter_mut().zip(&words) {
                if **known != **word {
                    *known = common(known, word);
                }
            }
            pattern.count += 1;
            pattern.times = (pattern.times.0.min(at), pattern.times.1.max(at));
        } else if self.all.len() < MOST {
            group.push(self.all.len());
            let words = words.iter().map(|word| Box::from(&**word)).collect();
            self.all.push(Pattern { service: service.clone(), words, count: 1, level, times: (at, at) });
        } else {
            self.beyond += 1;
        }
    }
}

/// What two words have in common: the key of `key=value`, or nothing.
fn common(one: &str, other: &str) -> Box<str> {
    match (one.split_once('='), other.split_once('=')) {
        (Some((key, _)), Some((same, _))) if key == same && !key.is_empty() => format!("{key}={GAP}").into(),
        _ => GAP.into(),
    }
}

/// A word with a digit is a value; of `key=value` the key stays.
fn general(word: &str) -> Cow<'_, str> {
    let digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    match word.split_once('=') {
        _ if !digit(word) => word.into(),
        Some((key, _)) if !digit(key) && !key.is_empty() => format!("{key}={GAP}").into(),
        _ => GAP.into(),
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
        for n in 0..50 {
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
