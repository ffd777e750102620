//! The deploy that the errors of a service are counted from.

use jiff::Timestamp;

use super::{brought, timeline};
use crate::app::model::Model;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::listed::Brought;

/// The deploy that brought what is live in a service.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Deploy<'a> {
    service: &'a ServiceId,
    sha: Option<&'a Sha>,
    /// What it is called; where the edge alone tells of it, its commit.
    label: &'a str,
    /// When it was; `None` = it is newer than the list, and nothing tells when it was.
    at: Option<Timestamp>,
}

impl<'m> Deploy<'m> {
    pub(super) fn of(model: &'m Model, service: &'m ServiceId) -> Option<Self> {
        Some(match brought::of(model, service)? {
            Brought::Listed(one) => {
                Self { service, sha: one.sha.as_ref(), label: timeline::short(&one.label), at: Some(one.created_at) }
            }
            Brought::Unlisted(one) => {
                let named = one.label.map(timeline::short).or(one.sha.map(Sha::short));
                Self { service, sha: one.sha, label: named.unwrap_or("what runs"), at: one.made }
            }
        })
    }
}

/// When the deploy was that the errors of a service are counted from, and how it is named: its own where that brought the commit that was
/// deployed last, else the last one of all, with the service that it was of. Where nothing tells when that was, they cannot be counted.
pub(super) fn suspect(current: &[Deploy<'_>], service: &ServiceId) -> Option<(Option<Timestamp>, String)> {
    let last = current.iter().max_by_key(|one| (one.at.is_none(), one.at))?;
    let same = |one: &Deploy<'_>| one.sha.zip(last.sha).is_some_and(|(own, last)| own.same(last));
    let one = current.iter().find(|one| one.service == service && same(one)).unwrap_or(last);
    let label =
        if one.service == service { one.label.to_owned() } else { format!("{} {}", one.service.name, one.label) };
    Some((one.at, label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{NEW, OLD, at};

    #[test]
    fn errors_are_counted_from_the_own_deploy_of_a_service_or_tell_whose_deploy_it_was() {
        let (backend, frontend) = (ServiceId::new("production", "backend"), ServiceId::new("production", "frontend"));
        let (new, old) = (Sha::from(NEW), Sha::from(OLD));
        let deploy = |service, sha, second| Deploy { service, sha: Some(sha), label: "v", at: second };
        let (five, nine) = (Some(at(5).wall), Some(at(9).wall));
        let last = deploy(&frontend, &new, nine);
        let own = [deploy(&backend, &new, five), last.clone()];
        assert_eq!(suspect(&own, &backend), Some((five, "v".to_owned())));
        // The frontend alone went to another commit: it is what changed last, and is named.
        let other = [deploy(&backend, &old, five), last];
        assert_eq!(suspect(&other, &backend), Some((nine, "frontend v".to_owned())));
        // What is newer than its list comes last of all.
        let newer = [deploy(&backend, &old, five), deploy(&frontend, &new, None)];
        assert_eq!(suspect(&newer, &backend), Some((None, "frontend v".to_owned())));
        assert_eq!(suspect(&[], &backend), None);
    }
}
