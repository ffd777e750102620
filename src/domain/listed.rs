//! Whether the list of a service's releases holds what is live there. A list is read less often than what is declared and than the edge.

use jiff::Timestamp;

use super::environment::Declared;
use super::ids::Sha;
use super::release::Deployment;
use super::status::ServiceState;
use crate::sanitize::Text;

/// The deploy that brought what is live in a service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Brought<'a> {
    /// The row that the list calls current.
    Listed(&'a Deployment),
    /// What is declared, or answered by the edge; the list has no such row, or calls another one current.
    Unlisted(Unlisted<'a>),
}

/// What is live and not current in the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unlisted<'a> {
    /// What it is called; `None` = the edge alone tells of it.
    pub label: Option<&'a Text>,
    /// Its commit, where it is known.
    pub sha: Option<&'a Sha>,
    /// When it was deployed, where its platform says so.
    pub made: Option<Timestamp>,
    /// Since when it is seen; `None` = it was there before anybody looked.
    pub seen: Option<Timestamp>,
    /// The list has its row, and calls this one live.
    pub other: Option<&'a Text>,
}

/// A list of releases, newest first, and how it stands to what is declared.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Its rows.
    pub rows: &'a [Deployment],
    /// It was read after what is declared.
    pub newer: bool,
}

impl<'a> List<'a> {
    fn current(&self) -> Option<&'a Deployment> {
        self.rows.iter().find(|one| one.current)
    }

    /// What is declared, where that is not what the list calls current, and the list does not know better: a row that it knows and does not
    /// call current may have been left since that was read.
    fn against(&self, state: &'a ServiceState) -> Option<&'a Declared> {
        let declared = named(state.declared.as_ref())?;
        let current = self.current();
        let left = self.newer && current.is_some() && self.rows.iter().any(|one| is(declared, one));
        (!left && !current.is_some_and(|one| is(declared, one))).then_some(declared)
    }
}

/// The deploy that brought what is live, by what is known of a service and its list; `None` = neither tells.
#[must_use]
pub fn brought<'a>(state: Option<&'a ServiceState>, list: List<'a>) -> Option<Brought<'a>> {
    let unlisted = state.and_then(|state| unlisted(state, list)).map(Brought::Unlisted);
    unlisted.or_else(|| list.current().map(Brought::Listed))
}

/// Whether a deployment runs: the list says so, and neither what is declared nor the edge says something else.
#[must_use]
pub fn runs(one: &Deployment, state: Option<&ServiceState>, list: List<'_>) -> bool {
    let observed = state.and_then(|state| state.observed.as_ref()?.sha.as_ref());
    let answered = || observed.is_none_or(|seen| one.sha.as_ref().is_some_and(|sha| sha.same(seen)));
    one.current && state.is_none_or(|state| list.against(state).is_none()) && answered()
}

fn unlisted<'a>(state: &'a ServiceState, list: List<'a>) -> Option<Unlisted<'a>> {
    if let Some(declared) = list.against(state) {
        let (label, sha) = (Some(&declared.label), declared.sha.as_ref());
        let other = list.current().filter(|_| list.rows.iter().any(|one| is(declared, one))).map(|one| &one.label);
        return Some(Unlisted { label, sha, made: declared.created_at, seen: state.declared_at, other });
    }
    // An edge that lags behind answers a commit of the list. A row whose commit is not known may be any.
    let sha = state.observed.as_ref()?.sha.as_ref()?;
    let held = list.rows.iter().any(|one| one.sha.as_ref().is_none_or(|of| of.same(sha)));
    let answered = Unlisted { label: None, sha: Some(sha), made: None, seen: state.observed_at, other: None };
    (!held && !list.rows.is_empty()).then_some(answered)
}

/// What is declared, where that names a deployment or a commit.
fn named(declared: Option<&Declared>) -> Option<&Declared> {
    declared.filter(|one| !one.deployment.as_str().is_empty() || one.sha.is_some())
}

/// Whether a row is what is declared. A machine names the number of its release, also where the row of that was not read yet.
fn is(declared: &Declared, row: &Deployment) -> bool {
    if declared.deployment.as_str().is_empty() { declared.label == row.label } else { declared.deployment == row.id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{Observed, Status};
    use crate::domain::ids::ServiceId;
    use crate::domain::testing::{NEW, OLD, declared, deployment};

    fn state(id: &str, label: &str, sha: &str) -> ServiceState {
        let declared = Declared { deployment: id.into(), label: label.into(), ..declared(Some(sha), Status::Ok) };
        ServiceState { declared: Some(declared), ..ServiceState::default() }
    }

    fn earlier(rows: &[Deployment]) -> List<'_> {
        List { rows, newer: false }
    }

    fn answers(state: ServiceState, sha: &str) -> ServiceState {
        let observed = Observed {
            sha: Some(sha.into()),
            version: None,
            at: Timestamp::UNIX_EPOCH,
            source: Text::default(),
            edges: Vec::new(),
        };
        ServiceState { observed: Some(observed), ..state }
    }

    #[test]
    fn what_is_declared_counts_before_a_list_that_was_read_earlier() {
        let backend = ServiceId::new("production", "backend");
        let list = [deployment(&backend, OLD, 5, true)];

        let same = state(list[0].id.as_str(), "v5", OLD);
        assert_eq!(brought(Some(&same), earlier(&list)), Some(Brought::Listed(&list[0])));
        assert!(runs(&list[0], Some(&same), earlier(&list)) && runs(&list[0], None, earlier(&list)));
        for id in ["new", ""] {
            let newer = state(id, "v9", NEW);
            let Some(Brought::Unlisted(one)) = brought(Some(&newer), earlier(&list)) else {
                panic!("{id}: v9 is in no row")
            };
            assert_eq!((one.label.map(Text::as_str), one.sha.map(Sha::as_str)), (Some("v9"), Some(NEW)));
            assert!(!runs(&list[0], Some(&newer), earlier(&list)));
        }
        // Its row is there, and another one is still called current.
        let list = [deployment(&backend, NEW, 9, false), deployment(&backend, OLD, 5, true)];
        let newer = state(list[0].id.as_str(), "v9", NEW);
        let Some(Brought::Unlisted(one)) = brought(Some(&newer), earlier(&list)) else { panic!("v5 is current") };
        assert_eq!(one.other.map(Text::as_str), Some("v5"));
        // What was declared before the list was read has been left since; of a row that it does not have the list knows nothing.
        let later = List { rows: &list, newer: true };
        assert_eq!(brought(Some(&newer), later), Some(Brought::Listed(&list[1])));
        assert!(runs(&list[1], Some(&newer), later) && !runs(&list[1], Some(&newer), earlier(&list)));
        assert!(matches!(brought(Some(&state("new", "v10", NEW)), later), Some(Brought::Unlisted(_))));
        // Where nothing is declared, the list is all that is known; a service without machines contradicts nothing.
        let none = Declared { sha: None, deployment: "".into(), ..declared(None, Status::Ok) };
        let none = ServiceState { declared: Some(none), ..ServiceState::default() };
        assert_eq!(brought(Some(&none), earlier(&list)), Some(Brought::Listed(&list[1])));
        assert_eq!(brought(None, earlier(&[])), None);
    }

    #[test]
    fn an_edge_that_answers_a_commit_of_no_row_is_ahead_of_the_list_and_one_that_lags_is_not() {
        let backend = ServiceId::new("production", "backend");

        let list = [deployment(&backend, OLD, 5, true)];
        let ahead = answers(state(list[0].id.as_str(), "v5", OLD), NEW);
        let Some(Brought::Unlisted(one)) = brought(Some(&ahead), earlier(&list)) else {
            panic!("no row is of that commit")
        };
        assert_eq!((one.label, one.made), (None, None));
        assert!(!runs(&list[0], Some(&ahead), earlier(&list)));
        let list = [Deployment { sha: None, ..list[0].clone() }];
        assert!(matches!(brought(Some(&ahead), earlier(&list)), Some(Brought::Listed(_))), "it may be that one");
        let list = [deployment(&backend, NEW, 9, true), deployment(&backend, OLD, 5, false)];
        let lags = answers(state(list[0].id.as_str(), "v9", NEW), OLD);
        assert_eq!(brought(Some(&lags), earlier(&list)), Some(Brought::Listed(&list[0])));
    }
}
