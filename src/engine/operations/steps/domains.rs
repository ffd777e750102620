//! Where the domains of a frontend point, for a plan: one deployment does not stand for all of them.

use crate::domain::environment::Pointed;
use crate::domain::ids::Sha;
use crate::domain::spread::{self, Live};
use crate::sanitize::Text;

/// The domains that are known to point elsewhere. One that nothing serves is not moved: it never was a part.
pub(in crate::engine) fn apart(all: &[Pointed], there: impl Fn(&Pointed) -> bool) -> Vec<&Pointed> {
    let served = |one: &&Pointed| one.unread.is_none() && !one.deployment.as_str().is_empty();
    all.iter().filter(served).filter(|one| !there(one)).collect()
}

/// Why it is not known where all of them point.
pub(in crate::engine) fn unread(all: &[Pointed]) -> Option<String> {
    let why =
        |one: &Pointed| one.unread.as_ref().map(|why| format!("where {} points could not be read: {why}", one.domain));
    all.iter().find_map(why)
}

/// What a person has to know of them before they confirm: several places, what serves nothing, what could not be read, and that the
/// pointer of production is at the target already, where it is (`there`).
pub(in crate::engine) fn told(name: &str, all: &[Pointed], live: Live<'_>, there: bool) -> Vec<Text> {
    let mut told = Vec::new();
    let (none, served): (Vec<Pointed>, Vec<Pointed>) = all.iter().cloned().partition(spread::unserved);
    if let Some((_, what)) = spread::judged(live, &served) {
        let what = if there { spread::domains(&served) } else { what };
        told.push(match (there, spread::settled(&served)) {
            (true, _) => format!("{name}: its pointer is at {} already, its domains are not: {what}", live.deployment),
            (false, true) => format!("{name}: its domains are not where its pointer is: {what}"),
            (false, false) => format!("{name}: its domains are not at one place: {what}"),
        });
    }
    told.extend(none.iter().map(|one| format!("{name}: {} is listed, and nothing serves it", one.domain)));
    told.into_iter().map(Text::from).collect()
}

/// What those that move serve now: label and commit.
pub(in crate::engine) fn from(apart: &[&Pointed]) -> (Text, Option<Sha>) {
    let Some(first) = apart.first() else { return (Text::default(), None) };
    if apart.iter().all(|one| one.deployment == first.deployment) {
        return (Text::from(first.deployment.as_str()), first.sha.clone());
    }
    let mut ids: Vec<&str> = apart.iter().map(|one| one.deployment.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    (Text::from(ids.join(" and ")), None)
}

/// What must still hold of each when it is moved.
pub(in crate::engine) fn revisions(apart: &[&Pointed]) -> Vec<(Text, Text)> {
    apart.iter().map(|one| (one.domain.clone(), Text::from(one.deployment.as_str()))).collect()
}
