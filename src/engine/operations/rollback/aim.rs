//! Which deployment a rollback goes to.

use crate::domain::environment::Status;
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::release::Deployment;

/// Where a service is to go: a deployment that was named, or the one of a commit, of which an operation that was cut short may have
/// named the deployment.
pub(in crate::engine) enum Aim<'a> {
    Deployment(&'a DeploymentId),
    Commit(&'a Sha, Option<&'a DeploymentId>),
}

impl Aim<'_> {
    /// The deployment among those of a list that was read just now. Of several of one commit the live one, else the newest.
    pub(in crate::engine) fn find<'l>(&self, list: &'l [Deployment]) -> Option<&'l Deployment> {
        let named = |id: &DeploymentId| list.iter().find(|one| one.id == *id);
        match self {
            Self::Deployment(id) => named(id),
            Self::Commit(sha, earlier) => earlier.and_then(named).or_else(|| {
                let mut of = list.iter().filter(|one| one.sha.as_ref().is_some_and(|of| of.same(sha)));
                let live = of.clone().find(|one| one.current);
                live.or_else(|| of.find(|one| one.status == Status::Ok))
            }),
        }
    }

    /// Which deployment of the commit was taken, and why, where its list has others of it: `v43 is the newest of 9df49c2, of which there is
    /// v41 too`.
    pub(in crate::engine) fn why(&self, list: &[Deployment], taken: &Deployment) -> Option<String> {
        let Self::Commit(sha, earlier) = self else { return None };
        let of = |one: &&Deployment| one.sha.as_ref().is_some_and(|of| of.same(sha));
        let other = |one: &&Deployment| one.id != taken.id && (one.current || one.status == Status::Ok);
        // The same image is the same release, by whatever number.
        let apart = |one: &&Deployment| one.image.is_none() || one.image != taken.image;
        let others: Vec<&str> =
            list.iter().filter(of).filter(other).filter(apart).map(|one| one.label.as_str()).collect();
        let why = match () {
            () if earlier.is_some_and(|id| *id == taken.id) => "is what was begun with",
            () if taken.current => "is what is live",
            () => "is the newest",
        };
        let (label, commit) = (&taken.label, sha.short());
        (!others.is_empty()).then(|| format!("{label} {why} of {commit}, of which there is {} too", others.join(", ")))
    }

    pub(in crate::engine) fn words(&self) -> String {
        match self {
            Self::Deployment(id) => format!("{id} is not among its deployments"),
            Self::Commit(sha, _) => format!("it has no deployment of {} to go back to", sha.short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::ids::ServiceId;
    use crate::domain::release::Presence;
    use crate::sanitize::Text;

    fn row(label: &str, sha: &str, current: bool) -> Deployment {
        Deployment {
            service: ServiceId::new("production", "backend"),
            id: format!("row-{label}").into(),
            label: Text::from(label),
            sha: Some(sha.into()),
            image: Some(Text::from(format!("registry/app:{label}"))),
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: Timestamp::UNIX_EPOCH,
            ran_for: None,
            author: Text::default(),
            message: Text::default(),
            current,
            verified: None,
            presence: Presence::Unknown,
            bad: None,
        }
    }

    #[test]
    fn of_several_releases_of_a_commit_it_is_told_which_one_is_taken_and_why() {
        let (sha, earlier) = (Sha::from("9df49c2aaaa"), DeploymentId::from("row-v41"));
        let mut list =
            [row("v43", "9df49c2aaaa", false), row("v42", "3e60eacbbbb", true), row("v41", "9df49c2aaaa", false)];
        let told = |aim: &Aim<'_>, list: &[Deployment]| aim.why(list, aim.find(list).unwrap());
        let newest = Aim::Commit(&sha, None);
        assert_eq!(told(&newest, &list).unwrap(), "v43 is the newest of 9df49c2, of which there is v41 too");
        let begun = Aim::Commit(&sha, Some(&earlier));
        assert_eq!(told(&begun, &list).unwrap(), "v41 is what was begun with of 9df49c2, of which there is v43 too");
        assert_eq!(told(&Aim::Deployment(&earlier), &list), None, "it was named");
        list[2].image = list[0].image.clone();
        assert_eq!(told(&newest, &list), None, "one image");
    }
}
