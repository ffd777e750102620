//! Counts the held lines over time, and finds the way to a time.

use jiff::Timestamp;

use super::LogBuf;
use crate::domain::ids::ServiceId;
use crate::domain::log::Level;
use crate::logstore::block::UNTIMED;

/// One stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Lines in it.
    pub lines: u64,
    /// Lines of level error and above.
    pub errors: u64,
}

/// Lines and errors over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Where it begins, microseconds.
    pub from: i64,
    /// How long a bucket is, microseconds.
    pub step: i64,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// Rows whose times are not known yet.
    pub unread: u64,
}

impl Chart {
    /// When a bucket begins.
    #[must_use]
    pub fn begins(&self, bucket: usize) -> Option<Timestamp> {
        let bucket = i64::try_from(bucket).ok()?;
        Timestamp::from_microsecond(self.from.checked_add(self.step.checked_mul(bucket)?)?).ok()
    }

    /// The bucket of a time.
    #[must_use]
    pub fn bucket(&self, at: i64) -> Option<usize> {
        let after = at.checked_sub(self.from).filter(|after| *after >= 0)?;
        usize::try_from(after / self.step).ok().filter(|bucket| *bucket < self.buckets.len())
    }
}

impl LogBuf {
    /// Blocks by their first position.
    fn segments(&self) -> impl Iterator<Item = u64> + '_ {
        let mut at = self.store.base();
        std::iter::from_fn(move || {
            let start = (at < self.store.end()).then_some(at)?;
            at = self.store.segment(start).end;
            Some(start)
        })
    }

    /// Lines and errors held, in so many stretches of time; `None` while no time is known. A block within one stretch is told by its
    /// sum, so that only those between two are opened.
    #[must_use]
    pub fn chart(&self, buckets: usize) -> Option<Chart> {
        let mut ends: Option<(i64, i64)> = None;
        for summary in self.segments().filter_map(|start| self.store.summary(start, false)) {
            let Some((first, last)) = summary.times else { continue };
            let (from, until) = ends.unwrap_or((first, last));
            ends = Some((from.min(first), until.max(last)));
        }
        let (from, until) = ends?;
        let count = i64::try_from(buckets.max(1)).ok()?;
        let step = (until.saturating_sub(from) / count).saturating_add(1);
        let mut chart = Chart { from, step, buckets: vec![Bucket::default(); buckets.max(1)], unread: 0 };
        for start in self.segments() {
            let Some(summary) = self.store.summary(start, false) else {
                let segment = self.store.segment(start);
                chart.unread += segment.end - segment.start;
                continue;
            };
            let Some((first, last)) = summary.times else { continue };
            match (chart.bucket(first), chart.bucket(last)) {
                (Some(one), Some(other)) if one == other => {
                    let sum = |from: usize| summary.levels[from..].iter().map(|count| u64::from(*count)).sum::<u64>();
                    chart.buckets[one].lines += sum(0);
                    chart.buckets[one].errors += sum(Level::Error as usize);
                }
                _ => self.store.each(start, |_, meta, _| {
                    if let Some(bucket) = chart.bucket(meta.at).filter(|_| !meta.gap && meta.at != UNTIMED) {
                        chart.buckets[bucket].lines += 1;
                        chart.buckets[bucket].errors += u64::from(meta.level >= Level::Error);
                    }
                }),
            }
        }
        Some(chart)
    }

    /// Lines and errors of a service in a span of time before a moment, and from that moment on for as long.
    #[must_use]
    pub fn around(&self, service: &ServiceId, moment: i64, span: i64) -> (Bucket, Bucket) {
        let (from, until) = (moment.saturating_sub(span), moment.saturating_add(span));
        let mut sums = (Bucket::default(), Bucket::default());
        let mut add = |at: i64, lines: u64, errors: u64| {
            if at != UNTIMED && (from..until).contains(&at) {
                let bucket = if at < moment { &mut sums.0 } else { &mut sums.1 };
                (bucket.lines, bucket.errors) = (bucket.lines + lines, bucket.errors + errors);
            }
        };
        for start in self.segments() {
            let Some((first, last, lines, errors)) = self.store.sums(start, service) else { continue };
            let side = |at: i64| (at < from, at < moment, at < until);
            if side(first) == side(last) {
                add(first, lines, errors);
                continue;
            }
            self.store.each(start, |_, meta, _| {
                if !meta.gap && self.store.service(meta.source) == Some(service) {
                    add(meta.at, 1, u64::from(meta.level >= Level::Error));
                }
            });
        }
        sums
    }

    /// Selects the first shown line at or after a time; false when there is none.
    pub fn go_to(&mut self, at: Timestamp, page: usize) -> bool {
        let at = at.as_microsecond();
        let mut found = None;
        for start in self.segments() {
            let over =
                self.store.summary(start, true).and_then(|summary| summary.times).is_none_or(|(_, last)| last < at);
            if over {
                continue;
            }
            self.store.each(start, |position, meta, _| {
                if found.is_none() && !meta.gap && meta.at >= at && self.shows(position) {
                    found = Some(position);
                }
            });
            if found.is_some() {
                break;
            }
        }
        let Some(position) = found else { return false };
        self.lost = 0;
        self.go(self.shown_before(position), page, page / 3);
        true
    }
}
