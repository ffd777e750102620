//! Rate limits: GitHub, Vercel and Supabase count requests in fixed windows; Fly's limits refill steadily.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Requests per window.
    pub limit: u64,
    /// Requests left after this one.
    pub remaining: u64,
    /// When the next window begins, in seconds since the epoch.
    pub reset: i64,
    /// This request was one too many.
    pub spent: bool,
}

/// The counters of a platform, by endpoint or by whatever the platform counts.
#[derive(Debug, Clone, Default)]
pub struct Budgets(BTreeMap<String, (i64, u64)>);

impl Budgets {
    /// Charges one request to `key`, whose windows are `span` seconds long.
    pub fn charge(&mut self, key: &str, limit: u64, span: i64, now: Timestamp) -> Left {
        let left = self.look(key, limit, span, now);
        if left.remaining == 0 {
            return Left { spent: true, ..left };
        }
        if let Some((_, used)) = self.0.get_mut(key) {
            *used += 1;
        }
        Left { remaining: left.remaining - 1, ..left }
    }

    /// What is left, without a charge.
    pub fn look(&mut self, key: &str, limit: u64, span: i64, now: Timestamp) -> Left {
        let window = now.as_second().div_euclid(span.max(1));
        let entry = self.0.entry(key.to_owned()).or_default();
        if entry.0 != window {
            *entry = (window, 0);
        }
        let remaining = limit.saturating_sub(entry.1);
        Left { limit, remaining, reset: (window + 1) * span.max(1), spent: false }
    }

    /// Takes a charge back: the answer turned out to be free.
    pub fn refund(&mut self, key: &str) {
        if let Some((_, used)) = self.0.get_mut(key) {
            *used = used.saturating_sub(1);
        }
    }
}

/// Buckets that fill steadily: so many a second, and so many at once (docs/platforms/fly.md section 4).
#[derive(Debug, Clone, Default)]
pub struct Buckets(BTreeMap<String, (Timestamp, f64)>);

impl Buckets {
    /// Takes one out of the bucket of `key`; false = it is empty.
    pub fn take(&mut self, key: String, per_second: f64, burst: f64, now: Timestamp) -> bool {
        let (at, held) = self.0.entry(key).or_insert((now, burst));
        let passed = now.duration_since(*at).as_secs_f64().max(0.0);
        *held = (*held + passed * per_second).min(burst);
        *at = now;
        let full = *held >= 1.0;
        if full {
            *held -= 1.0;
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_window_is_spent_and_the_next_one_is_whole() {
        let mut budgets = Budgets::default();
        assert_eq!(budgets.charge("a", 2, 60, at(121)), Left { limit: 2, remaining: 1, reset: 180, spent: false });
        assert_eq!(budgets.charge("a", 2, 60, at(130)).remaining, 0);
        assert!(budgets.charge("a", 2, 60, at(179)).spent);
        assert_eq!(budgets.charge("b", 2, 60, at(179)).remaining, 1, "another endpoint has its own");
        assert_eq!(budgets.charge("a", 2, 60, at(180)).remaining, 1);
    }

    #[test]
    fn a_bucket_bears_a_burst_and_then_one_a_second() {
        let mut buckets = Buckets::default();
        let mut take = |second| buckets.take("list app".to_owned(), 1.0, 3.0, at(second));
        assert!(take(0) && take(0) && take(0) && !take(0));
        assert!(take(1) && !take(1));
        assert!(take(60) && take(60) && take(60) && !take(60), "it holds no more than the burst");
    }

    #[test]
    fn a_refund_gives_one_back() {
        let mut budgets = Budgets::default();
        budgets.charge("a", 2, 60, at(0));
        budgets.refund("a");
        assert_eq!(budgets.look("a", 2, 60, at(0)).remaining, 2);
    }
}
