//! Reads findings about an app beside its checks: the app's state, and machines that ran out of memory (docs/platforms/fly.md
//! sections 2 and 3.1).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{FLY, Fly, words};
use crate::domain::environment::Status;
use crate::domain::finding::{Finding, Looked};
use crate::platform::{PlatformError, lenient};

/// How far back exits count.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

impl Fly {
    /// Every check, each for itself.
    pub async fn findings(&self, app: &str) -> Vec<Looked<PlatformError>> {
        let (state, exits) = tokio::join!(self.app_state(app), self.exits(app));
        vec![("app", state), ("exits", exits)]
    }

    async fn app_state(&self, app: &str) -> Result<Finding, PlatformError> {
        let found = self.app(app).await?;
        let (status, words) = words::app(found.status.as_str());
        Ok(Finding::new("app", status, words.as_str()))
    }

    /// `GET /v1/apps/{app}/machines/{id}/events`: what ended within the hour, and of what.
    async fn exits(&self, app: &str) -> Result<Finding, PlatformError> {
        let machines = self.recent_machines(app, std::time::Duration::from_secs(30)).await?;
        let (mut killed, mut ended) = (Vec::new(), 0_usize);
        let fleet = || machines.iter().filter(|machine| machine.in_fleet() && !machine.leaving());
        let unread = fleet().filter(|machine| machine.unread().is_some()).count();
        for machine in fleet().filter(|machine| machine.unread().is_none()) {
            let url = format!("{}/events", self.machine_url(app, &machine.id));
            let events: Vec<Value> = self.machines_auth(self.http.get(FLY, &url)).read().await?;
            let since = self.http.now_at(FLY).checked_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH);
            for event in events
                .iter()
                .filter(|event| event.get("timestamp").and_then(lenient::time).is_some_and(|at| at >= since))
            {
                let exit =
                    event.pointer("/request/exit_event").or_else(|| event.pointer("/request/MonitorEvent/exit_event"));
                let Some(exit) = exit else { continue };
                let flag = |name: &str| exit.get(name).and_then(Value::as_bool) == Some(true);
                if flag("oom_killed") {
                    killed.push(machine.id.clone());
                } else if !flag("requested_stop") {
                    ended += 1;
                }
            }
        }
        Ok(match (killed.first(), ended) {
            (Some(id), _) => Finding::new(
                "exits",
                Status::Fail,
                format!("machine {id} ran out of memory, {} times in all within the hour", killed.len()),
            ),
            (None, 0) if unread > 0 => Finding::new(
                "exits",
                Status::Warn,
                format!("none on the machines that were read, {unread} of {} cannot be", fleet().count()),
            ),
            (None, 0) => Finding::new("exits", Status::Ok, "no machine exited in the last hour"),
            (None, ended) => Finding::new("exits", Status::Warn, format!("{ended} unexpected exits within the hour")),
        })
    }
}
