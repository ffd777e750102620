//! What the menu starts, with the name of what it is done to: for the palette.

use super::{Model, Place, ROLL_BACK, services};
use crate::app::navigate::Jump;
use crate::app::operations::dialog::{self, rollable};
use crate::domain::ids::Sha;

/// What is done to a service, by its letter: the words before its name, and behind it.
const SERVICES: &[(char, &str, &str)] = &[
    (ROLL_BACK, "roll back", ""),
    ('D', "redeploy", ""),
    ('M', "restart the machines of", ""),
    ('N', "scale", ""),
    ('U', "unpin", ""),
    ('Z', "pause or resume", ""),
    ('T', "challenge visitors of", ", or stop"),
    ('W', "begin or advance a rolling release of", ""),
];

/// What is done to an environment.
const ENVIRONMENTS: &[(char, &str)] =
    &[(ROLL_BACK, "roll back"), ('P', "promote to"), ('S', "set a secret in"), ('L', "lock or unlock")];

/// An action with what it is done to.
pub(in crate::app) struct Named {
    /// The letter that starts it.
    pub letter: char,
    /// What it does, and to what.
    pub title: String,
    /// Identities of that, and more about it.
    pub about: Beside,
    /// What has to be selected.
    pub jump: Jump,
    /// The commit that it is to lead to.
    pub towards: Option<Sha>,
}

/// What stands behind the name of a thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::app) struct Beside {
    /// Its identities, between blanks.
    pub ids: String,
    /// What it is about.
    pub subject: String,
}

impl Named {
    fn new(letter: char, title: String, jump: Jump) -> Self {
        Self { letter, title, about: Beside::default(), jump, towards: None }
    }
}

/// Every action with every thing that it can be done to; of releases to go back to `most`, of all services together.
pub(in crate::app) fn named(model: &Model, most: usize) -> Vec<Named> {
    let facts = &model.facts;
    let mut named = Vec::new();
    let each = (most / facts.releases.len().max(1)).clamp(1, 50);
    for env in &facts.environments {
        let place = Jump::Place(Place::Env(env.id.clone()));
        let targeted = || facts.promotions.targets().any(|target| *target == env.id);
        for (letter, does) in ENVIRONMENTS.iter().filter(|(letter, _)| *letter != 'P' || targeted()) {
            named.push(Named::new(*letter, format!("{does} {}", env.id), place.clone()));
        }
        let goes_back = rollable(env);
        for service in &env.services {
            let place = Jump::Place(Place::Service(service.id.clone()));
            for (letter, does, more) in SERVICES.iter().filter(|(letter, ..)| services::can(*letter, env, service)) {
                named.push(Named::new(*letter, format!("{does} {}{more}", service.id), place.clone()));
            }
            if !goes_back.contains(&service.id) {
                continue;
            }
            // What the dialog offers, and nothing that it would refuse.
            let offered = dialog::offered(model, std::slice::from_ref(&service.id));
            for choice in offered.into_iter().filter(|choice| !choice.live).take(each) {
                let Some(one) = choice.deployments.first() else { continue };
                let ids = format!("{} {}", one.label, choice.sha.short());
                let about = Beside { ids, subject: facts.subject(one).to_string() };
                let row = Named::new(ROLL_BACK, format!("roll back {} to", service.id), place.clone());
                named.push(Named { about, towards: Some(choice.sha), ..row });
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
        let row = |(letter, does)| {
            let about = Beside { ids: String::new(), subject: run.title.to_string() };
            Named { about, ..Named::new(letter, format!("{does} {}", run.name()), place.clone()) }
        };
        named.extend(can.into_iter().map(row));
    }
    named
}
