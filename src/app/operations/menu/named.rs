//! What the menu starts, with the name of what it is done to: for the palette.

use super::{Model, Place, services};
use crate::action::Choice;
use crate::app::navigate::Jump;
use crate::app::operations::dialog::{self, rollable};
use crate::domain::ids::Sha;

/// What is done to a service, by its row of the menu: the words before its name, and behind it.
const SERVICES: &[(Choice, &str, &str)] = &[
    (Choice::RollBack, "roll back", ""),
    (Choice::Redeploy, "redeploy", ""),
    (Choice::Restart, "restart the machines of", ""),
    (Choice::Scale, "scale", ""),
    (Choice::Unpin, "unpin", ""),
    (Choice::Pause, "pause or resume", ""),
    (Choice::Challenge, "challenge visitors of", ", or stop"),
    (Choice::Advance, "begin or advance a rolling release of", ""),
];

/// What is done to an environment.
const ENVIRONMENTS: &[(Choice, &str)] = &[
    (Choice::RollBack, "roll back"),
    (Choice::Promote, "promote to"),
    (Choice::SetSecret, "set a secret in"),
    (Choice::Lock, "lock or unlock"),
];

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
    fn new(choice: Choice, title: String, jump: Jump) -> Self {
        Self { letter: choice.letter(), title, about: Beside::default(), jump, towards: None }
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
        for (choice, does) in ENVIRONMENTS.iter().filter(|(choice, _)| *choice != Choice::Promote || targeted()) {
            named.push(Named::new(*choice, format!("{does} {}", env.id), place.clone()));
        }
        let goes_back = rollable(env);
        for service in &env.services {
            let place = Jump::Place(Place::Service(service.id.clone()));
            for (choice, does, more) in SERVICES.iter().filter(|(choice, ..)| services::can(*choice, env, service)) {
                named.push(Named::new(*choice, format!("{does} {}{more}", service.id), place.clone()));
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
                let row = Named::new(Choice::RollBack, format!("roll back {} to", service.id), place.clone());
                named.push(Named { about, towards: Some(choice.sha), ..row });
            }
        }
    }
    for run in &facts.runs {
        let place = Jump::Run(run.id);
        let mut can = Vec::new();
        if !run.gates.is_empty() {
            can.extend([(Choice::Approve, "approve"), (Choice::Reject, "reject")]);
        }
        can.push(if run.state.moving() { (Choice::Cancel, "cancel") } else { (Choice::Rerun, "rerun") });
        let row = |(choice, does)| {
            let about = Beside { ids: String::new(), subject: run.title.to_string() };
            Named { about, ..Named::new(choice, format!("{does} {}", run.name()), place.clone()) }
        };
        named.extend(can.into_iter().map(row));
    }
    named
}
