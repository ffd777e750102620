//! A step that has been silent for too long, told while an operation is carried out without a screen.

use std::collections::BTreeSet;
use std::time::Duration;

use super::answers::{self, Stuck};
use crate::clock::Timestamp;
use crate::domain::operation::StepReport;
use crate::domain::span::age;
use crate::domain::step_durations;

/// How often a step under way is asked whether it is stuck.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Steps that were told, with when they spoke last.
pub(super) type Told = BTreeSet<(usize, Option<Timestamp>)>;

/// Steps that have been silent for too long, each told once until it speaks again.
pub(super) fn stuck(steps: &[StepReport], told: &mut Told, now: Timestamp, json: bool) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        let Some(silent) = step_durations::stuck(step, now).filter(|_| told.insert((index, step.spoke_at))) else {
            continue;
        };
        if json {
            let says = Stuck { index, silent_seconds: silent.as_secs(), step };
            text.push_str(&answers::line("stuck", says));
        } else {
            let (usual, silent) = (step.pace.map(|pace| format!(", usually {}", age(pace.usual))), age(silent));
            let usual = usual.unwrap_or_default();
            text.push_str(&format!("stuck?   {} · {}  silent for {silent}{usual}\n", step.service.name, step.title));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::ServiceId;
    use crate::domain::operation::{StepKind, StepState};
    use crate::sanitize::Text;

    #[test]
    fn a_silent_step_is_told_once_until_it_speaks_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut step = StepReport {
            service: ServiceId::new("production", "backend"),
            kind: StepKind::UpdateMachine,
            title: Text::from("machine 6921 iad"),
            state: StepState::Running,
            detail: Text::default(),
            started_at: Some(at(0)),
            spoke_at: Some(at(0)),
            ended_at: None,
            pace: None,
        };
        let mut told = BTreeSet::new();
        assert_eq!(stuck(std::slice::from_ref(&step), &mut told, at(60), false), "");
        let said = stuck(std::slice::from_ref(&step), &mut told, at(75), false);
        assert_eq!(said, "stuck?   backend · machine 6921 iad  silent for 1m15s\n");
        assert_eq!(stuck(std::slice::from_ref(&step), &mut told, at(80), false), "", "once");
        step.spoke_at = Some(at(100));
        let said = stuck(std::slice::from_ref(&step), &mut told, at(200), true);
        let line: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&line["schema"], &line["silent_seconds"]), (&json!("flightdeck/stuck"), &json!(100)));
    }
}
