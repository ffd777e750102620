//! The last lines by what stream and history both say of them. Two lines may be alike to the millisecond, so they are counted, not
//! merely known.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::log::LogLine;
use crate::platform::logparse::RecordId;

/// How long a line is known.
const KNOWN: Duration = Duration::from_secs(180);

/// A line of the history with what tells it.
pub(super) type Known = (RecordId, LogLine);

#[derive(Default)]
struct Count {
    /// How many were handed over.
    given: u32,
    /// How many of these came from the history alone: the stream may yet bring them.
    ahead: u32,
}

/// The lines of the last minutes.
#[derive(Default)]
pub(super) struct Window {
    counts: HashMap<RecordId, Count>,
    order: VecDeque<(Timestamp, RecordId)>,
}

impl Window {
    /// Whether a line of the stream is to be handed over: not when the history has brought it already.
    pub(super) fn is_new(&mut self, same: Option<RecordId>, at: Timestamp) -> bool {
        let Some(same) = same else { return true };
        self.forget(at);
        let count = self.counts.entry(same).or_insert_with(|| {
            self.order.push_back((at, same));
            Count::default()
        });
        if count.ahead > 0 {
            count.ahead -= 1;
            return false;
        }
        count.given += 1;
        true
    }

    /// Of all lines of a span, those that were not handed over yet.
    pub(super) fn missed(&mut self, lines: Vec<Known>) -> Vec<LogLine> {
        let mut met: HashMap<RecordId, u32> = HashMap::new();
        let mut missed = Vec::new();
        for (same, line) in lines {
            let met = met.entry(same).or_default();
            *met += 1;
            let at = line.at;
            let count = self.counts.entry(same).or_insert_with(|| {
                self.order.push_back((at, same));
                Count::default()
            });
            if *met > count.given {
                count.given += 1;
                count.ahead += 1;
                missed.push(line);
            }
        }
        missed
    }

    /// Forgets what is older than any line that may still come twice.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some((at, oldest)) = self.order.front().copied() {
            if now.duration_since(at).unsigned_abs() < KNOWN || at > now {
                break;
            }
            self.order.pop_front();
            self.counts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::ids::ServiceId;
    use crate::domain::log::LogKind;
    use crate::platform::logparse::{Origin, line};
    use crate::redact::Redactor;

    fn known(ms: i64, text: &str) -> Known {
        let at = Timestamp::from_millisecond(ms).unwrap();
        let origin = Origin {
            service: ServiceId::new("production", "frontend"),
            platform: Platform::Vercel,
            kind: LogKind::App,
            at,
            instance: "".into(),
            region: "".into(),
            level: None,
        };
        (RecordId::of(format!("{ms} {text}").as_bytes()), line(origin, text, &Redactor::default()))
    }

    fn streamed(window: &mut Window, one: &Known) -> bool {
        window.is_new(Some(one.0), one.1.at)
    }

    #[test]
    fn a_line_that_came_by_the_stream_is_not_missed_and_twins_are_two() {
        let mut window = Window::default();
        let (a, b) = (known(1, "a"), known(2, "b"));
        assert!(streamed(&mut window, &a));
        let missed = window.missed(vec![a.clone(), a.clone(), b.clone()]);
        let texts: Vec<&str> = missed.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(texts, ["a", "b"], "one of the twins came, the other one is missing");
        assert!(window.missed(vec![a.clone(), a.clone(), b.clone()]).is_empty());
        assert!(!streamed(&mut window, &b), "the history was faster");
        assert!(streamed(&mut window, &b), "another one like it");
    }

    #[test]
    fn old_lines_are_forgotten() {
        let (mut stream, mut history) = (Window::default(), Window::default());
        for n in 0..1_000 {
            let tick = known(n * 1_000, "tick");
            assert!(streamed(&mut stream, &tick));
            let at = tick.1.at;
            assert_eq!(history.missed(vec![tick]).len(), 1);
            history.forget(at);
        }
        for window in [stream, history] {
            assert!(window.counts.len() <= 181 && window.counts.len() == window.order.len(), "{}", window.counts.len());
        }
    }
}
