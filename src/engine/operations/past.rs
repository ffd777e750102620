//! What the store knows beside the platforms, and what a plan says of a failed read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::clock::Timestamp;
use crate::domain::environment::ServiceInfo;
use crate::domain::history::saw;
use crate::domain::ids::{DeploymentId, OpId, ServiceId, Sha};
use crate::domain::lock::{Lock, Mark};
use crate::domain::operation::Operation;
use crate::domain::overrides::Override;
use crate::domain::release::Deployment;
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// What the store knows beside the platforms.
#[derive(Debug, Default)]
pub(in crate::engine) struct Past {
    /// When what the store knows began; `None` = nothing was ever kept in it.
    pub(in crate::engine) began: Option<Timestamp>,
    /// How long such operations took here, seconds.
    pub(in crate::engine) durations: Vec<i64>,
    /// What was verified healthy.
    pub(in crate::engine) verified: BTreeSet<(ServiceId, DeploymentId, Sha)>,
    /// Who claims the environment.
    pub(in crate::engine) lock: Option<Lock>,
    /// Commits that are marked bad.
    pub(in crate::engine) marks: BTreeMap<Sha, Mark>,
    /// The operation that the plan continues.
    pub(in crate::engine) continues: Option<OpId>,
    /// That operation, as the journal tells it.
    pub(in crate::engine) earlier: Option<Operation>,
    /// Operations that were cut short, wherever.
    pub(in crate::engine) open: Vec<Operation>,
}

impl Past {
    /// Another person's lock.
    pub(in crate::engine) fn claimed(&self, who: &str) -> Option<Override> {
        let lock = self.lock.as_ref().filter(|lock| lock.who.as_str() != who)?;
        Some(Override::Lock(lock.clone()))
    }

    /// Whether this deployment, or another one of its commit there, was verified healthy.
    pub(in crate::engine) fn saw(&self, one: &Deployment) -> bool {
        saw(&self.verified, &one.service, &one.id, one.sha.as_ref())
    }
}

/// The clocks of two machines differ by so much without being known to.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Whether a platform's moment belongs to what began here at `start`, as it stands there or by our clock, which its own is so far `ahead` of:
/// taken for older, it would be done twice.
pub(in crate::engine) fn not_before(at: Timestamp, ahead: SignedDuration, start: Timestamp) -> bool {
    let since = at.duration_since(start);
    since.max(since - ahead) >= -SKEW
}

/// An error as a person reads it.
pub(in crate::engine) fn told(error: PlatformError) -> Text {
    Text::from(format!("{error}. {}", error.advice()))
}

/// Why a run of the pipeline could not be read. A run is named by whoever asks, and not by the configuration.
pub(in crate::engine) fn unread(error: PlatformError, run: u64) -> Text {
    match error.kind {
        crate::platform::ErrorKind::NotFound => Text::from(format!(
            "GitHub has no run {run} in this repository, or the token may not see it; flightdeck approvals lists those \
             that wait, and the last part of a run's address on GitHub is its id"
        )),
        _ => told(error),
    }
}

/// Something that has to be there is not.
pub(in crate::engine) fn absent(service: &ServiceInfo, what: &str) -> PlatformError {
    PlatformError {
        platform: service.platform,
        kind: crate::platform::ErrorKind::NotFound,
        status: None,
        code: None,
        message: Text::from(format!("{}: {what}", service.id)),
        request_id: None,
        retry_after: None,
        until: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ErrorKind;

    #[test]
    fn a_run_that_is_not_there_sends_nobody_to_the_configuration() {
        let info = ServiceInfo {
            id: ServiceId::new("production", "backend"),
            platform: crate::domain::environment::Platform::Github,
            resource: "shop".into(),
            url: None,
        };
        let missing = absent(&info, "Not Found");
        let says = unread(missing.clone(), 123).to_string();
        assert!(says.starts_with("GitHub has no run 123") && !says.contains("configuration"), "{says}");
        let refused = PlatformError { kind: ErrorKind::Auth, ..missing };
        assert_eq!(unread(refused.clone(), 123), told(refused), "what else is wrong is told as everywhere");
    }
}
