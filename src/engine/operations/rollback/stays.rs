//! Services that stay where they are: what their edge says of it, and what is live beside one that moves alone.

use crate::config::ObserveSettings;
use crate::domain::ids::Sha;
use crate::domain::proof::{Rest, Stays};
use crate::engine::feeds::Clients;
use crate::platform::{PlatformError, observe};
use crate::sanitize::Text;

/// What the edge of a service said just now.
pub(super) enum Look {
    Commit(Sha),
    Challenged,
    NotConfigured,
    Failed(Text),
}

pub(super) async fn look(clients: &Clients, rule: Option<&ObserveSettings>) -> Look {
    let Some(rule) = rule else { return Look::NotConfigured };
    match observe::ask(&clients.http, &rule.url, &rule.at).await {
        Ok(asked) if asked.challenged => Look::Challenged,
        Ok(asked) => match asked.sha {
            Some(sha) => Look::Commit(sha),
            None => Look::Failed(asked.why_not.unwrap_or_else(|| Text::from(format!("HTTP {}", asked.status)))),
        },
        Err(error) => Look::Failed(Text::from(error.to_string())),
    }
}

/// A service that is declared to be where it was to go.
pub(super) fn stays(runs: &str, commit: Option<&Sha>, seen: &Look) -> (Stays, String) {
    match (seen, commit) {
        (Look::Commit(seen), Some(sha)) if seen.same(sha) => {
            (Stays::Already, format!("already runs {runs}: declared and observed"))
        }
        (Look::Commit(seen), _) => (Stays::Differs, format!("declared {runs}, observed {}: differ", seen.short())),
        (Look::Challenged, _) => (Stays::Already, format!("already runs {runs}: declared; not observed: attack mode")),
        (Look::NotConfigured, _) => {
            (Stays::Already, format!("already runs {runs}: declared; no way to observe it is configured"))
        }
        (Look::Failed(why), _) => (Stays::Unread, format!("declared {runs}; could not be observed: {why}")),
    }
}

/// A service beside the one that was chosen alone.
pub(super) fn alone(
    rest: &impl Fn(Stays, Option<Sha>, String) -> Rest,
    live: Result<(Text, Option<Sha>), PlatformError>,
    seen: &Look,
) -> Rest {
    match (live, seen) {
        (Ok((label, sha)), seen) => {
            let commit = sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
            let observed = match (seen, &sha) {
                (Look::Commit(seen), Some(sha)) if seen.same(sha) => String::new(),
                (Look::Commit(seen), _) => format!(", observed {}: differ", seen.short()),
                (Look::Failed(why), _) => format!("; could not be observed: {why}"),
                (Look::Challenged, _) => "; not observed: attack mode".to_owned(),
                (Look::NotConfigured, _) => String::new(),
            };
            rest(Stays::Alone, sha, format!("left as it is: {label}{commit}{observed}"))
        }
        (Err(error), _) => rest(Stays::Alone, None, format!("left as it is; could not be read: {error}")),
    }
}
