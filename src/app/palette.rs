//! What the palette finds: every view and action, and by name every environment, service, release, run, probe and secret.

use crate::action::Entry;
use crate::app::dialogs::{Find, found};
use crate::app::layout::Named;
use crate::app::model::{Model, Place};
use crate::app::navigate::Jump;

/// Things that are listed at most: who looks for one types more of its name.
const MOST: usize = 100;
/// Releases of a service that are looked through, the newest first.
const RELEASES: usize = 50;

/// A row of the palette.
#[derive(Debug, Clone)]
pub enum Row {
    /// A view or an action, by its entry in the table.
    Action(&'static Entry),
    /// A thing: what it is, what it is called, and where it leads.
    Thing(&'static str, String, Jump),
}

/// The rows that hold what is typed: views and actions, the best first, then things in the order in which the screen has them. While nothing
/// is typed there are no things: there may be thousands.
#[must_use]
pub fn rows(model: &Model, find: &Find) -> Vec<Row> {
    let mut rows: Vec<Row> = found(model.screen.keys, find).into_iter().map(Row::Action).collect();
    let typed = find.text.to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    if !words.is_empty() && !model.screen.alone {
        // Every word, in any order: `v41 backend`.
        let holds = |(what, name): (&str, &str)| {
            let text = format!("{what} {name}").to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let things = things(model).filter(|(what, name, _)| holds((what, name)));
        rows.extend(things.take(MOST).map(|(what, name, jump)| Row::Thing(what, name, jump)));
    }
    rows
}

type Thing = (&'static str, String, Jump);

fn things(model: &Model) -> impl Iterator<Item = Thing> + '_ {
    let facts = &model.facts;
    let environments = facts.environments.iter().flat_map(|env| {
        let own = ("environment", env.id.to_string(), Jump::Place(Place::Env(env.id.clone())));
        let service = |id| Jump::Place(Place::Service(id));
        let services = env.services.iter().map(move |one| ("service", one.id.to_string(), service(one.id.clone())));
        std::iter::once(own).chain(services)
    });
    let releases = facts.releases.iter().flat_map(move |(service, list)| {
        list.iter().take(RELEASES).map(move |one| {
            let sha = one.sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
            let name = format!("{service} {}{sha} {}", one.label, facts.subject(one));
            ("release", name.trim_end().to_owned(), Jump::Deployment(service.clone(), one.id.clone()))
        })
    });
    let runs = facts.runs.iter().map(|run| {
        let name = format!("{} {} {}", run.name(), run.sha.short(), run.title);
        ("run", name.trim_end().to_owned(), Jump::Run(run.id))
    });
    let probes = facts.probes.iter().map(|one| {
        let name = format!("{} {}", one.id.env, one.id.name);
        ("probe", name, Jump::Probe(one.id.clone()))
    });
    let secrets = facts.secrets.iter().map(|row| ("secret", row.key.to_string(), Jump::Secret(row.key.clone())));
    let layouts = Named::ALL.into_iter().map(|one| ("layout", one.name().to_owned(), Jump::Layout(one)));
    environments.chain(layouts).chain(runs).chain(releases).chain(probes).chain(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{NEW, deployment, keys, model, run, tell};
    use crate::domain::environment::Status;
    use crate::domain::fact::Fact;
    use crate::domain::ids::ServiceId;
    use crate::domain::pipeline::RunState;

    #[test]
    fn things_are_found_by_words_of_their_names_in_any_order() {
        let mut model = model();
        let backend = ServiceId::new("production", "backend");
        tell(&mut model, Fact::Releases(backend.clone(), vec![deployment(&backend, NEW, 5, true)]));
        tell(&mut model, Fact::Pipeline(vec![run(137, RunState::Succeeded, Status::Ok)]));
        let things = |text: &str| {
            let all = rows(&model, &Find { text: text.to_owned(), at: 0 });
            let named = |row| match row {
                Row::Thing(what, name, _) => Some(format!("{what}: {name}")),
                Row::Action(_) => None,
            };
            all.into_iter().filter_map(named).collect::<Vec<_>>()
        };
        assert_eq!(things(""), Vec::<String>::new());
        assert_eq!(things("environment stag"), ["environment: staging"]);
        assert!(
            things("backend release")[0].starts_with("release: production/backend "),
            "{:?}",
            things("backend release")
        );
        assert_eq!(things(&NEW[..7]).len(), 2, "the run and the release of a commit: {:?}", things(&NEW[..7]));
        keys(&mut model, ":service staging/frontend\u{23ce}");
        let staging = Place::Service(ServiceId::new("staging", "frontend"));
        assert_eq!(model.screen.selection.place, Some(staging));
    }
}
