//! The two lanes from the engine to the loop. Control carries facts and waits when it is full: no fact is ever dropped. Data
//! carries log batches and never waits: when it is full the batch is dropped, its lines are counted, and the count travels as
//! the gap of the next batch of that service.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::log::LogBatch;
use crate::sanitize::Text;

/// Facts that may wait for the loop.
const CONTROL: usize = 256;
/// Log batches that may wait for the loop.
const DATA: usize = 64;
/// Lines of one batch.
pub const BATCH: usize = 256;

/// The receiving ends.
#[derive(Debug)]
pub struct Lanes {
    /// Facts.
    pub control: mpsc::Receiver<Fact>,
    /// Log batches.
    pub data: mpsc::Receiver<LogBatch>,
}

/// The sending ends, cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    control: mpsc::Sender<Fact>,
    data: mpsc::Sender<LogBatch>,
    dropped: Arc<Mutex<HashMap<ServiceId, u64>>>,
}

/// Opens both lanes.
#[must_use]
pub fn open() -> (Outbox, Lanes) {
    let (control_in, control) = mpsc::channel(CONTROL);
    let (data_in, data) = mpsc::channel(DATA);
    (Outbox { control: control_in, data: data_in, dropped: Arc::default() }, Lanes { control, data })
}

impl Outbox {
    /// Tells a fact; waits while the loop is behind. Nothing happens when the loop has ended.
    pub async fn tell(&self, fact: Fact) {
        let _ = self.control.send(fact).await;
    }

    /// Tells a fact only if there is room now: for what will be told again anyway, such as budgets.
    pub fn tell_if_room(&self, fact: Fact) {
        let _ = self.control.try_send(fact);
    }

    /// Hands log lines over without waiting.
    pub fn log(&self, mut batch: LogBatch) {
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        let before = dropped.remove(&batch.service).unwrap_or(0);
        if before > 0 {
            batch.gap += before;
            batch.gap_why = Some(Text::from("the console was behind"));
        }
        if batch.lines.is_empty() && batch.gap == 0 {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(lost)) = self.data.try_send(batch) {
            let count = lost.gap + lost.lines.len() as u64;
            *dropped.entry(lost.service).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(gap: u64) -> LogBatch {
        LogBatch { service: ServiceId::new("production", "backend"), lines: Vec::new(), gap, gap_why: None }
    }

    #[tokio::test]
    async fn lines_dropped_by_a_full_lane_are_counted_in_the_next_batch() {
        let (outbox, mut lanes) = open();
        for _ in 0..DATA {
            outbox.log(batch(1));
        }
        outbox.log(batch(5));
        outbox.log(batch(7));
        while lanes.data.try_recv().is_ok() {}
        outbox.log(batch(1));
        let next = lanes.data.try_recv().expect("there is room again");
        assert_eq!(next.gap, 13);
        assert!(next.gap_why.is_some());
    }

    #[tokio::test]
    async fn a_batch_that_says_nothing_is_not_sent() {
        let (outbox, mut lanes) = open();
        outbox.log(batch(0));
        assert!(lanes.data.try_recv().is_err());
    }
}
