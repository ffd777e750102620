//! Whether a feature of a repository is there at all. GitHub answers 403 and 404 for several reasons, which its documented messages
//! tell apart (docs/platforms/github.md section 8): switched off or never run is a choice, the others leave
//! something unknown.

use crate::domain::environment::Status;
use crate::domain::finding::Finding;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// A feature, asked for something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Feature<T> {
    /// It answered.
    On(T),
    /// It is switched off.
    Off(Text),
    /// It is on and was never run: there is nothing that it could have found.
    NeverRan(Text),
}

/// What the answer says of the feature. Every other failure stays one: that the token may not ask (403), and 404 without a reason, which
/// is off, absent, or not for this token.
pub(super) fn asked<T>(answer: Result<T, PlatformError>) -> Result<Feature<T>, PlatformError> {
    let error = match answer {
        Ok(found) => return Ok(Feature::On(found)),
        Err(error) => error,
    };
    let says = error.message.as_str().to_lowercase();
    let off =
        ["must be enabled", "is disabled", "are disabled", "not enabled"].iter().any(|words| says.contains(words));
    Ok(match error.kind {
        ErrorKind::Forbidden | ErrorKind::NotFound if off => Feature::Off(error.message),
        ErrorKind::NotFound if says.contains("no analysis found") => Feature::NeverRan(error.message),
        _ => return Err(error),
    })
}

impl<T> Feature<T> {
    /// What is said where it did not answer.
    pub(super) fn finding(self, name: &str) -> Finding {
        let (status, says) = match self {
            Self::Off(words) => (Status::Paused, format!("switched off: {words}")),
            Self::NeverRan(words) => (Status::Paused, format!("never ran: {words}")),
            Self::On(_) => (Status::Ok, "on".to_owned()),
        };
        Finding::new(name, status, says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::platform::http::fault;

    fn says(kind: ErrorKind, words: &str) -> Option<Finding> {
        asked::<()>(Err(fault(Platform::Github, kind, words))).ok().map(|one| one.finding("alerts"))
    }

    #[test]
    fn off_is_neutral_and_what_is_not_known_is_not_off() {
        for (kind, words) in [
            (ErrorKind::Forbidden, "Advanced Security must be enabled for this repository to use code scanning."),
            (ErrorKind::Forbidden, "Dependabot alerts are disabled for this repository."),
            (ErrorKind::NotFound, "Secret scanning is disabled on this repository."),
        ] {
            let told = says(kind, words).expect("told");
            assert!(told.status == Status::Paused && told.says.as_str().starts_with("switched off"), "{told:?}");
            assert!(!told.says.as_str().contains("token"), "{told:?}");
        }
        let told = says(ErrorKind::NotFound, "no analysis found").expect("told");
        assert!(told.status == Status::Paused && told.says.as_str().starts_with("never ran"), "{told:?}");
        for (kind, words) in [
            (ErrorKind::Forbidden, "Resource not accessible by personal access token"),
            (ErrorKind::NotFound, "Not Found"),
        ] {
            assert_eq!(says(kind, words), None, "{words} says nothing of the feature");
        }
        assert_eq!(says(ErrorKind::Refused, "blocked"), None, "451 stays what it is");
    }
}
