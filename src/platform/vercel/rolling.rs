//! Rolling releases: a new deployment for a share of the visitors, stage by stage (docs/platforms/vercel.md section 10).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{VERCEL, Vercel};
use crate::platform::http::{Call, garbage, segment};
use crate::platform::lenient::{or_default, text};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// A rolling release under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingRelease {
    /// The deployment that most visitors got before.
    pub current: String,
    /// The new one.
    pub canary: String,
    /// Which stage is active, from 0.
    pub stage: u32,
    /// Share of visitors that get the new one, percent.
    pub percent: u32,
    /// The next stage's index and share, where there is one.
    pub next: Option<(u32, u32)>,
    /// The stage goes on by a person's word alone.
    pub waits: bool,
}

impl RollingRelease {
    /// `25% on the new one, waits for approval`.
    #[must_use]
    pub fn words(&self) -> String {
        let held = if self.waits { ", waits for approval" } else { "" };
        format!("{}% on the new one{held}", self.percent)
    }
}

/// `null` says that there is none. What is not there, or cannot be read, says nothing.
#[derive(Deserialize)]
struct RollingBody {
    #[serde(rename = "rollingRelease")]
    release: Value,
}

/// The documented states.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Active,
    Complete,
    Aborted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, deserialize_with = "text")]
    substate: String,
    current_deployment: Side,
    canary_deployment: Side,
    #[serde(default, deserialize_with = "or_default")]
    active_stage: Option<Stage>,
    #[serde(default, deserialize_with = "or_default")]
    next_stage: Option<Stage>,
}

#[derive(Deserialize)]
struct Side {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    #[serde(default, deserialize_with = "or_default")]
    index: u32,
    #[serde(default, deserialize_with = "or_default")]
    target_percentage: f64,
    #[serde(default, deserialize_with = "or_default")]
    require_approval: bool,
}

impl Stage {
    fn percent(&self) -> u32 {
        // Clamped before, so that nothing is cut off.
        self.target_percentage.round().clamp(0.0, 100.0) as u32
    }
}

impl RollingBody {
    /// The release under way, if there is one.
    fn under_way(self) -> Result<Option<RollingRelease>, serde_json::Error> {
        // One that is over need not say more than that.
        #[derive(Deserialize)]
        struct Told {
            state: State,
        }
        if self.release.is_null() {
            return Ok(None);
        }
        match Told::deserialize(&self.release)?.state {
            State::Active => Ok(Some(Wire::deserialize(self.release)?.release())),
            State::Complete | State::Aborted => Ok(None),
        }
    }
}

impl Wire {
    fn release(self) -> RollingRelease {
        let id = |one: &Side| Text::clean(&one.id).to_string();
        let stage = self.active_stage.as_ref();
        RollingRelease {
            current: id(&self.current_deployment),
            canary: id(&self.canary_deployment),
            stage: stage.map_or(0, |stage| stage.index),
            percent: stage.map_or(0, Stage::percent),
            next: self.next_stage.as_ref().map(|stage| (stage.index, stage.percent())),
            waits: stage.is_some_and(|stage| stage.require_approval) || self.substate == "PAUSED",
        }
    }
}

impl Vercel {
    /// `GET /v1/projects/{id}/rolling-release?state=ACTIVE`; `None` also on plans without them (402, 404).
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words; [`ErrorKind::Garbage`] when what is told of one is not known to mean that it is over.
    pub async fn rolling_release(&self, project: &str) -> Result<Option<RollingRelease>, PlatformError> {
        let path = format!("/v1/projects/{}/rolling-release", segment(project));
        match self.get(&path).query("state", "ACTIVE").read::<RollingBody>().await {
            Err(error) if error.kind == ErrorKind::NotFound || error.status == Some(402) => Ok(None),
            answer => answer?.under_way().map_err(|error| {
                garbage(VERCEL, &format!("whether a rolling release is under way is not known: {error}"))
            }),
        }
    }

    fn rolling_call(&self, project: &str, action: &str, body: &Value) -> Call {
        let url = format!("{}/v1/projects/{}/rolling-release/{action}", self.access.base, segment(project));
        self.signed(self.http.post(VERCEL, &url).json(body))
    }

    /// `POST …/rolling-release/start`: the first stage gets this deployment. Idempotent for the same one; sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 409 while another one is under way, 422 when none is configured.
    pub async fn start_rolling(&self, project: &str, canary: &str) -> Result<(), PlatformError> {
        self.rolling_call(project, "start", &json!({ "canaryDeploymentId": canary })).done().await
    }

    /// `POST …/rolling-release/approve-stage`: the next stage. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; a refusal when the release has moved on, or advances by itself.
    pub async fn approve_stage(&self, project: &str, canary: &str, active: u32) -> Result<(), PlatformError> {
        let body = json!({ "nextStageIndex": active + 1, "canaryDeploymentId": canary });
        self.rolling_call(project, "approve-stage", &body).done().await
    }

    /// `POST …/rolling-release/complete`: everybody gets the new one now. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn complete_rolling(&self, project: &str, canary: &str) -> Result<(), PlatformError> {
        self.rolling_call(project, "complete", &json!({ "canaryDeploymentId": canary })).done().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: Value) -> Result<Option<RollingRelease>, String> {
        let answer = serde_json::from_value::<RollingBody>(answer).map_err(|error| error.to_string())?;
        answer.under_way().map_err(|error| error.to_string())
    }

    #[test]
    fn a_release_is_over_only_when_the_platform_says_so() {
        let told = |state: &str| json!({"rollingRelease": {"state": state}});
        assert_eq!(read(json!({"rollingRelease": null})), Ok(None));
        assert_eq!((read(told("COMPLETE")), read(told("ABORTED"))), (Ok(None), Ok(None)));
        let unknown = read(told("HELD")).unwrap_err();
        assert!(unknown.contains("HELD"), "{unknown}");
        assert!(read(json!({})).is_err(), "nothing is said of one");
        assert!(read(json!({"rollingRelease": "none"})).is_err());
        assert!(read(told("ACTIVE")).is_err(), "it does not say what is rolled out");
        let (current, canary, stage) = (json!({"id": "dpl_a"}), json!({"id": "dpl_b"}), json!({"index": 1}));
        let active = json!({"rollingRelease": {"state": "ACTIVE", "currentDeployment": current,
            "canaryDeployment": canary, "activeStage": stage}});
        assert_eq!(read(active).unwrap().map(|one| (one.canary, one.stage)), Some(("dpl_b".to_owned(), 1)));
    }
}
