//! Lines of a Fly app: polled pages with a cursor (docs/platforms/fly.md section 8).

use std::time::Duration;

use super::{Seen, hand_over};
use crate::domain::environment::{Platform, ServiceInfo};
use crate::domain::log::{LogBatch, LogLine};
use crate::engine::lanes::Outbox;
use crate::engine::poll::Rhythm;
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, LogPage};
use crate::platform::http::{Http, TOO_LARGE};
use crate::sanitize::Text;

/// Pause between two polls when the last page was empty.
const IDLE: Duration = Duration::from_secs(1);
/// Empty pages in a row after which a service counts as silent.
const QUIET: u32 = 20;
/// Lines of a page from which on it may have been full: 100 at most, less what was seen before.
const FULL: usize = 50;
/// Pause between two looks at a page that was left out, and how many there are.
const LOOK_BACK: Duration = Duration::from_secs(10);
const LOOKS: u32 = 12;

/// The place in the lines of one app.
pub(super) struct FlyLogs {
    fly: Fly,
    cursor: Option<String>,
    quiet: u32,
    left_out: Option<LeftOut>,
}

/// A page that was too large to be read. Reading goes on behind it; if it can be read later, its lines still come.
struct LeftOut {
    from: Option<String>,
    until: String,
    looks: u32,
    next: Duration,
}

impl FlyLogs {
    pub(super) fn new(fly: Fly) -> Self {
        Self { fly, cursor: None, quiet: 0, left_out: None }
    }

    pub(super) async fn read(
        &mut self,
        service: &ServiceInfo,
        seen: &mut Seen,
        http: &Http,
        outbox: &Outbox,
    ) -> Result<Rhythm, PlatformError> {
        let now = http.clock().mono();
        let back = self.left_out.as_ref().filter(|out| out.next <= now).map(|out| out.from.clone());
        let (page, back) = {
            let ask = async |cursor: Option<&str>| self.fly.logs(&service.resource, &service.id, cursor).await;
            let look_back = async {
                match &back {
                    Some(from) => Some(ask(from.as_deref()).await),
                    None => None,
                }
            };
            // Side by side: on a slow platform the lines of now must not wait for those of before.
            tokio::join!(ask(self.cursor.as_deref()), look_back)
        };
        if let Some(answer) = back {
            hand_over(outbox, &service.id, self.looked_back(answer, seen, now));
        }
        let page = match page {
            // A page that is never read would be asked for for ever.
            Err(error) if too_large(&error) => {
                self.leave_out(service, http, outbox);
                return Ok(Rhythm::After(IDLE));
            }
            page => page?,
        };
        self.cursor = page.next.or(self.cursor.take());
        let lines = seen.fresh(page.lines);
        // A page that may be full means that more is waiting.
        self.quiet = if lines.is_empty() { self.quiet.saturating_add(1) } else { 0 };
        let pause = match lines.len() {
            // Nobody has written for a while: a first line may be two seconds older than it need be.
            0 if self.quiet > QUIET => IDLE * 3,
            0 => IDLE,
            1..FULL => IDLE / 4,
            _ => IDLE / 20,
        };
        hand_over(outbox, &service.id, lines);
        Ok(Rhythm::After(pause))
    }

    fn leave_out(&mut self, service: &ServiceInfo, http: &Http, outbox: &Outbox) {
        let until = http.now_at(Platform::Fly).as_nanosecond().to_string();
        let from = self.cursor.replace(until.clone());
        // What was left out before and not come yet begins earlier.
        let from = self.left_out.take().map_or(from, |before| before.from);
        self.left_out = Some(LeftOut { from, until, looks: LOOKS, next: http.clock().mono() + LOOK_BACK });
        let why = Some(Text::from("a page of them was too large to be read"));
        outbox.log(LogBatch { service: service.id.clone(), lines: Vec::new(), gap: 1, gap_why: why });
    }

    /// Takes a page that was left out, or another of those after it up to where reading went on.
    fn looked_back(&mut self, answer: Result<LogPage, PlatformError>, seen: &mut Seen, now: Duration) -> Vec<LogLine> {
        let Some(out) = &mut self.left_out else { return Vec::new() };
        match answer {
            Ok(page) => {
                let lines = seen.fresh(page.lines);
                // Nanoseconds since the epoch: as many digits, so text compares as the numbers do.
                let done = lines.is_empty() || page.next.as_ref().is_none_or(|next| *next >= out.until);
                out.from = page.next;
                if done {
                    self.left_out = None;
                }
                lines
            }
            Err(_) => {
                out.looks -= 1;
                out.next = now + LOOK_BACK;
                if out.looks == 0 {
                    self.left_out = None;
                }
                Vec::new()
            }
        }
    }
}

fn too_large(error: &PlatformError) -> bool {
    error.code.as_ref().is_some_and(|code| code.as_str() == TOO_LARGE)
}
