//! What may be said of a service and of an environment, from what the platforms declare, what the edge answers and what the
//! probes see. Pure, so that the screen and the commands without one say the same.

use serde::Serialize;

use super::environment::{Declared, EnvInfo, Observed, Status, Tier};
use super::health::ProbeState;
use super::ids::{ServiceId, Sha};

/// What is known of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceState {
    /// The platform's word.
    pub declared: Option<Declared>,
    /// The edge's answer.
    pub observed: Option<Observed>,
}

/// A status with its word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Drawn state.
    pub status: Status,
    /// `healthy`, `deploying 1/2`, `edge differs`.
    pub words: String,
    /// The commit that is live as far as is known: the edge's word before the platform's.
    pub sha: Option<Sha>,
}

impl ServiceState {
    /// Whether declared and observed name the same commit; `None` when either is not known.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let declared = self.declared.as_ref()?.sha.as_ref()?;
        let observed = self.observed.as_ref()?.sha.as_ref()?;
        Some(declared == observed)
    }

    /// The judgement on one service.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let observed = self.observed.as_ref().and_then(|observed| observed.sha.clone());
        let Some(declared) = &self.declared else {
            return Judgement { status: Status::Unknown, words: "not read yet".to_owned(), sha: observed };
        };
        let sha = observed.or_else(|| declared.sha.clone());
        let (status, words) = match (declared.rollout, self.agrees()) {
            (Some(rollout), _) if declared.status == Status::Running => {
                (Status::Running, format!("deploying {}/{}", rollout.done, rollout.total))
            }
            (Some(rollout), _) => (Status::Warn, format!("live on {}/{}", rollout.done, rollout.total)),
            (None, _) if declared.status == Status::Running => (Status::Running, "deploying".to_owned()),
            (None, Some(false)) => (Status::Warn, "edge differs".to_owned()),
            (None, Some(true)) if declared.status == Status::Ok => (Status::Ok, "observed".to_owned()),
            (None, _) => (declared.status, declared.words.to_string()),
        };
        Judgement { status, words, sha }
    }
}

/// The judgement on an environment: the worst of its services and probes; `Unknown` outweighs `Ok` but no trouble.
#[must_use]
pub fn judge_environment<'a>(
    env: &EnvInfo,
    service: impl Fn(&ServiceId) -> Option<&'a ServiceState>,
    probes: impl Iterator<Item = &'a ProbeState>,
) -> Judgement {
    let judged: Vec<Judgement> =
        env.services.iter().map(|info| service(&info.id).map_or_else(unread, ServiceState::judge)).collect();
    let sha = judged.iter().find_map(|judgement| judgement.sha.clone());
    let failing = probes.filter(|probe| probe.id.env == env.id).map(|probe| (probe.status, &probe.id.name));
    let worst_probe = failing.filter(|(status, _)| *status != Status::Unknown).max_by_key(|(status, _)| *status);
    let worst = judged.iter().max_by_key(|judgement| judgement.status);
    match (worst_probe, worst) {
        (Some((Status::Fail, name)), _) => Judgement { status: Status::Fail, words: format!("{name} fails"), sha },
        (_, Some(worst)) if worst.status == Status::Ok => {
            let words = if env.tier == Tier::Production { "healthy" } else { "ok" };
            match worst_probe {
                Some((Status::Warn, name)) => Judgement { status: Status::Warn, words: format!("{name} wavers"), sha },
                _ => Judgement { status: Status::Ok, words: words.to_owned(), sha },
            }
        }
        (_, Some(worst)) => Judgement { status: worst.status, words: worst.words.clone(), sha },
        (_, None) => unread(),
    }
}

fn unread() -> Judgement {
    Judgement { status: Status::Unknown, words: "not read yet".to_owned(), sha: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{Rollout, Switches};
    use crate::sanitize::Text;

    fn state(declared: &str, observed: Option<&str>, status: Status, rollout: Option<Rollout>) -> ServiceState {
        let at = jiff::Timestamp::UNIX_EPOCH;
        ServiceState {
            declared: Some(Declared {
                deployment: "d".into(),
                label: Text::from("v1"),
                sha: Some(declared.into()),
                status,
                words: Text::from("complete"),
                created_at: None,
                rollout,
                pin: None,
                switches: Switches::default(),
                instances: Vec::new(),
            }),
            observed: observed.map(|sha| Observed {
                sha: Some(sha.into()),
                version: None,
                at,
                source: Text::default(),
            }),
        }
    }

    #[test]
    fn the_edge_is_the_truth() {
        let judged = state("new", Some("old"), Status::Ok, None).judge();
        assert_eq!((judged.status, judged.sha), (Status::Warn, Some("old".into())));
        assert_eq!(state("new", Some("new"), Status::Ok, None).judge().words, "observed");
    }

    #[test]
    fn a_platforms_success_with_a_mixed_fleet_is_no_success() {
        let judged = state("a", Some("a"), Status::Ok, Some(Rollout { done: 1, total: 2 })).judge();
        assert_eq!((judged.status, judged.words.as_str()), (Status::Warn, "live on 1/2"));
    }

    #[test]
    fn nothing_read_is_unknown_and_never_healthy() {
        assert_eq!(ServiceState::default().judge().status, Status::Unknown);
    }
}
