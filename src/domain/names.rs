//! Names where there is no room for them. A name that is cut must not look like another one: `prod/…` may be `prod-eu` or
//! `prod-us`, and one of them is about to be rolled back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::ids::{EnvId, ServiceId};

/// A name as a word of a shell: in quotes where it needs them.
#[must_use]
pub fn shell(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// How something is done to a service without a screen: `flightdeck unpin frontend --environment production`. Sentences that are read on
/// the screen and off it name this, and no key.
#[must_use]
pub fn command(verb: &str, service: &ServiceId) -> String {
    format!("flightdeck {verb} {} --environment {}", shell(&service.name), shell(service.env.as_str()))
}

/// Every environment and service that is configured, so that short forms of them are told apart.
#[derive(Debug, Default)]
pub struct Names {
    environments: Vec<EnvId>,
    services: Vec<Arc<str>>,
    /// The columns of the longest short forms, by room and mark: of hundreds of names they are not looked for in each frame.
    longest: Mutex<BTreeMap<Asked, (usize, usize)>>,
}

/// The room of an environment and of a service, and the mark where something is left out.
type Asked = ((usize, usize), String);

impl Names {
    /// Knows these environments, and services by their names within one.
    #[must_use]
    pub fn new(environments: Vec<EnvId>, services: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut services: Vec<_> = services.into_iter().collect();
        services.sort();
        services.dedup();
        Self { environments, services, longest: Mutex::default() }
    }

    /// Columns that the longest short form of an environment takes, and that of a service, where there is so much room for either.
    #[must_use]
    pub fn longest(&self, room: (usize, usize), mark: &str) -> (usize, usize) {
        let mut known = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry((room, mark.to_owned())).or_insert_with(|| {
            let environments = self.environments.iter().map(|env| self.environment(env, room.0, mark).width());
            let services = self.services.iter().map(|name| self.part(name, room.1, mark).width());
            (environments.max().unwrap_or_default(), services.max().unwrap_or_default())
        })
    }

    /// An environment in `room` columns, or in as many as tell it from the others.
    #[must_use]
    pub fn environment(&self, env: &EnvId, room: usize, mark: &str) -> String {
        shortest(env.as_str(), self.environments.iter().map(EnvId::as_str), room, mark)
    }

    /// The name of a service within its environment.
    #[must_use]
    pub fn part(&self, name: &str, room: usize, mark: &str) -> String {
        shortest(name, self.services.iter().map(|one| &**one), room, mark)
    }

    /// A service as `environment/name`: the environment gives way first.
    #[must_use]
    pub fn service(&self, id: &ServiceId, room: usize, mark: &str) -> String {
        let whole = id.to_string();
        if whole.width() <= room {
            return whole;
        }
        let left = room.saturating_sub(1 + id.name.width()).max(LEAST);
        let env = self.environment(&id.env, left, mark);
        let left = room.saturating_sub(1 + env.width()).max(LEAST);
        format!("{env}/{}", self.part(&id.name, left, mark))
    }
}

/// Shorter than this a name says nothing.
const LEAST: usize = 4;

/// The name whole where there is room; else its beginning, as much of it as no other name begins with; else its beginning and its
/// end, with a mark between them; else whole all the same.
#[must_use]
pub fn shortest<'n>(name: &'n str, all: impl Iterator<Item = &'n str> + Clone, room: usize, mark: &str) -> String {
    if name.width() <= room {
        return name.to_owned();
    }
    let others = || all.clone().filter(|other| *other != name);
    let head = beginning(name, room);
    if !head.is_empty() && !others().any(|other| other.starts_with(head)) {
        return head.to_owned();
    }
    // Two columns of the end say more than one.
    for tail in (2..room.saturating_sub(mark.width())).chain([1]) {
        let end = ending(name, tail);
        let head = beginning(name, room.saturating_sub(mark.width() + end.width()));
        let alike = |other: &str| other.starts_with(head) && other.ends_with(end);
        if !head.is_empty() && !others().any(alike) {
            return format!("{head}{mark}{end}");
        }
    }
    let longer = name.char_indices().map(|(at, c)| &name[..at + c.len_utf8()]).filter(|head| head.width() > room);
    let unique = longer.into_iter().find(|head| !others().any(|other| other.starts_with(head)));
    unique.unwrap_or(name).to_owned()
}

/// The longest beginning of at most so many columns.
fn beginning(name: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in name.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            return &name[..at];
        }
    }
    name
}

/// The longest ending of at most so many columns.
fn ending(name: &str, room: usize) -> &str {
    let mut used = 0;
    let mut from = name.len();
    for (at, c) in name.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        from = at;
    }
    &name[from..]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn names(environments: &[&str], services: &[&str]) -> Names {
        Names::new(environments.iter().map(|one| EnvId::from(*one)).collect(), services.iter().map(|one| (*one).into()))
    }

    #[test]
    fn two_productions_are_told_apart_in_four_columns() {
        let of = names(&["production", "staging"], &[]);
        assert_eq!(of.environment(&"production".into(), 4, "…"), "prod");
        let of = names(&["prod-eu", "prod-us", "prod", "staging"], &["backend", "database"]);
        let env = |name: &str| of.environment(&name.into(), 4, "…");
        assert_eq!([env("prod-eu"), env("prod-us"), env("prod"), env("staging")], ["p…eu", "p…us", "prod", "stag"]);
        let service = |env: &str| of.service(&ServiceId::new(env, "database"), 14, "…");
        assert_eq!(
            [service("prod-eu"), service("prod-us"), service("prod")],
            ["pr…eu/database", "pr…us/database", "prod/database"]
        );
    }

    #[test]
    fn a_beginning_that_is_the_whole_of_another_is_not_used() {
        let of = names(&["production", "prod", "prod-europe-west-1", "prod-europe-west-2"], &[]);
        assert_eq!(of.environment(&"production".into(), 4, "…"), "p…on");
        assert_eq!(of.environment(&"prod-europe-west-1".into(), 11, "…"), "prod-eur…-1");
    }

    proptest! {
        #[test]
        fn forms_differ_as_the_names_do(
            environments in proptest::collection::btree_set("[ab-]{1,7}", 1..8),
            services in proptest::collection::btree_set("[ab]{1,6}", 1..6),
            room in 0usize..12,
            mark in "…|~|\\.\\.\\.",
        ) {
            let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
            let services: Vec<&str> = services.iter().map(String::as_str).collect();
            let of = names(&environments, &services);
            let forms: BTreeSet<String> = environments.iter().map(|one| of.environment(&(*one).into(), room, &mark)).collect();
            prop_assert_eq!(forms.len(), environments.len(), "{:?} of {:?}", forms, environments);
            let ids = environments.iter().flat_map(|env| services.iter().map(move |name| ServiceId::new(*env, name)));
            let forms: BTreeSet<String> = ids.map(|id| of.service(&id, room, &mark)).collect();
            prop_assert_eq!(forms.len(), environments.len() * services.len(), "{:?}", forms);
        }
    }
}
