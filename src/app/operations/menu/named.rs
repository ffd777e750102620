//! What the menu starts, with the name of what it is done to: for the palette.

use super::{Model, Place, ROLL_BACK, services};
use crate::app::navigate::Jump;
use crate::app::operations::dialog::rollable;
use crate::domain::ids::Sha;

/// What is done to a service, by its letter.
const SERVICES: &[(char, &str)] = &[
    (ROLL_BACK, "roll back"),
    ('D', "redeploy"),
    ('M', "restart the machines of"),
    ('N', "scale"),
    ('U', "unpin"),
    ('Z', "pause or resume"),
    ('T', "challenge the visitors of, or not,"),
    ('W', "begin or advance a rolling release of"),
];

/// What is done to an environment.
const ENVIRONMENTS: &[(char, &str)] =
    &[(ROLL_BACK, "roll back"), ('P', "promote to"), ('S', "set a secret in"), ('L', "lock or unlock")];

/// The letter that starts it, its title, what has to be selected, and the commit that it is to lead to.
pub(in crate::app) type Named = (char, String, Jump, Option<Sha>);

/// Every action with every thing that it can be done to; of releases to go back to `most`, of all services together.
pub(in crate::app) fn named(model: &Model, most: usize) -> Vec<Named> {
    let facts = &model.facts;
    let mut named = Vec::new();
    let each = (most / facts.releases.len().max(1)).clamp(1, 50);
    for env in &facts.environments {
        let place = Jump::Place(Place::Env(env.id.clone()));
        let targeted = || facts.promotions.targets().any(|target| *target == env.id);
        for (letter, does) in ENVIRONMENTS.iter().filter(|(letter, _)| *letter != 'P' || targeted()) {
            named.push((*letter, format!("{does} {}", env.id), place.clone(), None));
        }
        let goes_back = rollable(env);
        for service in &env.services {
            let place = Jump::Place(Place::Service(service.id.clone()));
            for (letter, does) in SERVICES.iter().filter(|(letter, _)| services::can(*letter, env, service)) {
                named.push((*letter, format!("{does} {}", service.id), place.clone(), None));
            }
            if !goes_back.contains(&service.id) {
                continue;
            }
            let releases = facts.releases.get(&service.id).into_iter().flatten().filter(|one| !one.current);
            for one in releases.take(each) {
                let Some(sha) = &one.sha else { continue };
                let title = format!("roll back {} to {} {} {}", service.id, one.label, sha.short(), facts.subject(one));
                named.push((ROLL_BACK, title.trim_end().to_owned(), place.clone(), Some(sha.clone())));
            }
        }
    }
    for run in &facts.runs {
        let place = Jump::Run(run.id);
        let mut can = Vec::new();
        if !run.gates.is_empty() {
            can.extend([('A', "approve"), ('J', "reject")]);
        }
        can.push(if run.state.moving() { ('C', "cancel") } else { ('E', "rerun") });
        named.extend(
            can.into_iter()
                .map(|(letter, does)| (letter, format!("{does} {} {}", run.name(), run.title), place.clone(), None)),
        );
    }
    named
}
