//! The releases of an app that others have made.

use jiff::SignedDuration;

use crate::clock::Timestamp;
use crate::domain::environment::Status;
use crate::domain::ids::Sha;
use crate::domain::operation::Operation;
use crate::domain::release::Deployment;
use crate::engine::operations::past::not_before;
use crate::platform::PlatformError;
use crate::platform::fly::Fly;

/// Release rows that are looked at, the newest ones.
const ROWS: u32 = 20;

/// Whether an operation has recorded this release row: it went to that image, and the row is no older than it. `ahead` is by how much the
/// platform's clock is.
pub(super) fn recorded(
    operation: &Operation,
    row: &Deployment,
    (listed, ahead): (&[Deployment], SignedDuration),
) -> bool {
    goes_there(operation, row, listed) && not_before(row.created_at, ahead, operation.started_at)
}

/// What an operation goes to: its deployment's image, or its commit.
fn goes_there(operation: &Operation, row: &Deployment, listed: &[Deployment]) -> bool {
    let went = operation.moves.iter().find(|one| one.service == row.service).map(|one| &one.to);
    let image = went.and_then(|to| listed.iter().find(|one| one.id == *to)).and_then(|one| one.image.as_ref());
    let same = |sha: &Sha| operation.commit.as_ref().is_some_and(|of| of.same(sha));
    row.image.is_some() && row.image.as_ref() == image || row.sha.as_ref().is_some_and(same)
}

/// The release rows that nobody has closed, also those that a newer one hides, by their ids.
pub(super) async fn open_rows(fly: &Fly, app: &str) -> Result<Vec<String>, PlatformError> {
    let rows = fly.releases(app, ROWS).await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.stands(row.created_at.unwrap_or_default()).0 == Status::Running)
        .map(|row| row.id)
        .collect())
}

/// The newest release, while it is under way and is not what the operation itself has recorded.
pub(super) fn rolling<'a>(
    listed: &'a [Deployment],
    earlier: Option<&Operation>,
    ahead: SignedDuration,
) -> Option<&'a Deployment> {
    let own = |row: &Deployment| earlier.is_some_and(|earlier| recorded(earlier, row, (listed, ahead)));
    listed.first().filter(|row| row.status == Status::Running && !own(row))
}

/// The newest release that somebody else has made since: newer than what the operation recorded, or than what it began at where it
/// recorded none. `ahead` is by how much the platform's clock is.
pub(super) fn later<'a>(
    operation: &Operation,
    listed: &'a [Deployment],
    ahead: SignedDuration,
) -> Option<&'a Deployment> {
    let service = &listed.first()?.service;
    let from = operation.moves.iter().find(|one| one.service == *service).and_then(|one| one.from.as_ref());
    let from = from.and_then(|id| listed.iter().position(|row| row.id == *id));
    let newer = listed.get(..from.unwrap_or(listed.len()))?;
    let since = |at: Timestamp| not_before(at, ahead, operation.started_at);
    match newer.iter().position(|row| recorded(operation, row, (listed, ahead))) {
        Some(own) => newer.get(..own)?.iter().find(|row| !goes_there(operation, row, listed)),
        None => {
            from.and_then(|_| newer.iter().find(|row| since(row.created_at) && !goes_there(operation, row, listed)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{DeploymentId, OpId, ServiceId};
    use crate::domain::operation::{Move, OpKind};
    use crate::domain::release::Presence;
    use crate::engine::operations::others::told::told;
    use crate::sanitize::Text;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn row(version: u64, image: &str, second: i64, status: Status) -> Deployment {
        Deployment {
            service: ServiceId::new("production", "backend"),
            id: format!("row-{version}").into(),
            label: Text::from(format!("v{version}")),
            sha: None,
            image: Some(Text::from(image)),
            status,
            words: Text::from("complete"),
            stage: None,
            created_at: at(second),
            ran_for: None,
            author: Text::from("ines"),
            message: Text::default(),
            current: false,
            verified: None,
            presence: Presence::Unknown,
            bad: None,
        }
    }

    /// Back from v41 to v40, begun at second 1000.
    fn operation() -> Operation {
        let to = |version: u64| DeploymentId::from(format!("row-{version}"));
        let service = ServiceId::new("production", "backend");
        let moves = vec![Move { service, from: Some(to(41)), to: to(40) }];
        let (id, title) = (OpId(uuid::Uuid::nil()), Text::default());
        Operation { moves, ..Operation::begun(id, OpKind::RollBack, "production".into(), title, at(1000)) }
    }

    #[test]
    fn a_release_that_came_after_what_the_operation_recorded_is_somebody_elses() {
        let before = || vec![row(41, "new", 500, Status::Ok), row(40, "old", 100, Status::Ok)];
        let found = |more: Vec<Deployment>, ahead: i64| {
            let listed: Vec<Deployment> = more.into_iter().chain(before()).collect();
            later(&operation(), &listed, SignedDuration::from_secs(ahead)).map(|row| row.label.to_string())
        };
        let (own, other) = (|| row(42, "old", 1001, Status::Running), |second| row(43, "newest", second, Status::Ok));
        assert_eq!(found(vec![], 0), None);
        assert_eq!(found(vec![own()], 0), None);
        assert_eq!(found(vec![other(1200), own()], 0), Some("v43".to_owned()));
        assert_eq!(found(vec![row(43, "old", 1200, Status::Ok), own()], 0), None, "it goes to the same");
        assert_eq!(found(vec![other(1200)], 0), Some("v43".to_owned()), "nothing was recorded");
        assert_eq!(found(vec![other(900)], 0), None, "it failed before the operation began");
        assert_eq!(found(vec![other(200)], -3_000), Some("v43".to_owned()), "the platform's clock is behind");
        assert_eq!(found(vec![row(42, "old", 200, Status::Ok)], -3_000), None, "its own, by a clock that is behind");
        let listed = [own(), row(41, "new", 500, Status::Ok), row(40, "old", 100, Status::Ok)];
        let same = SignedDuration::ZERO;
        assert!(rolling(&listed, Some(&operation()), same).is_none(), "its own");
        assert_eq!(told(rolling(&listed, None, same).unwrap()), "v42 complete, by ines since 1970-01-01 00:16Z");
    }

    #[test]
    fn what_an_operation_has_recorded_is_known_by_the_clock_of_the_platform() {
        let recorded = |second, ahead| {
            let (row, old) = (row(42, "old", second, Status::Running), row(40, "old", 100, Status::Ok));
            recorded(&operation(), &row.clone(), (&[row, old], SignedDuration::from_secs(ahead)))
        };
        assert!(recorded(1001, 0) && !recorded(900, 0));
        assert!(recorded(900, -200), "that clock is behind");
        assert!(!recorded(900, 200) && !recorded(700, -200), "another has made it before");
    }
}
