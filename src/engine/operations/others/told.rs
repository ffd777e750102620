//! What is said of what others did.

use crate::clock::Timestamp;
use crate::domain::environment::ServiceInfo;
use crate::domain::ids::Sha;
use crate::domain::operation::Operation;
use crate::domain::release::Deployment;
use crate::sanitize::Text;

/// `v43 3e60eac running, by ines since 2026-11-28 14:02Z`.
pub(in crate::engine) fn told(row: &Deployment) -> String {
    let sha = row.sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
    let by = if row.author.is_empty() { "somebody" } else { row.author.as_str() };
    format!("{}{sha} {}, by {by} since {}", row.label, row.words, minute(row.created_at))
}

pub(in crate::engine) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// Why a build or a release of a commit cannot be gone on with: another commit is live by now.
pub(in crate::engine) fn replaced(
    info: &ServiceInfo,
    (label, sha): (&str, Option<&Sha>),
    at: Option<Timestamp>,
    earlier: Option<&Operation>,
) -> Option<Text> {
    let wanted = earlier?.commit.as_ref()?;
    if sha.is_some_and(|sha| sha.same(wanted)) {
        return None;
    }
    let (sha, since) =
        (sha.map_or("an unknown commit", |sha| sha.short()), at.map(|at| format!(" since {}", minute(at))));
    let text = format!(
        "{}: {label} {sha} is live{}, not {} with which the operation began: somebody else has moved it; leave the operation as it is",
        info.id,
        since.unwrap_or_default(),
        wanted.short(),
    );
    Some(Text::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::ids::{OpId, ServiceId};
    use crate::domain::operation::OpKind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn another_commit_than_the_one_that_was_begun_with_is_never_built() {
        let info = ServiceInfo {
            id: ServiceId::new("production", "frontend"),
            platform: Platform::Vercel,
            resource: "project".into(),
            url: None,
        };
        let id = OpId(uuid::Uuid::nil());
        let begun = Operation::begun(id, OpKind::RollBack, "production".into(), Text::default(), at(1000));
        let begun = Operation { commit: Some(Sha::from("9df49c2aaaa")), ..begun };
        let says = |sha: &str| replaced(&info, ("dpl_b", Some(&Sha::from(sha))), Some(at(1200)), Some(&begun));
        assert_eq!(says("9df49c2aaaa"), None);
        let why = says("3e60eacbbbb").unwrap();
        assert!(
            why.as_str().starts_with("production/frontend: dpl_b 3e60eac is live since 1970-01-01 00:20Z, not 9df49c2"),
            "{why}"
        );
        assert_eq!(replaced(&info, ("dpl_b", None), None, None), None, "nothing is gone on with");
    }
}
