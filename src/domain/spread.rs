//! What the machines or the domains of a service are at, one by one: two commits side by side are never told as one.

use std::collections::BTreeMap;

use super::amount::amount;
use super::environment::{Declared, Instance, Pointed};
use super::ids::{DeploymentId, Sha};
use super::state::State;

/// What machines run, region by region: `fra runs 340f57f, iad runs 7f49b8b`. Those that no visitor reaches are told apart.
#[must_use]
pub fn machines(instances: &[Instance]) -> String {
    let reached = regions(instances.iter().filter(|one| !one.cordoned));
    let out = instances.iter().filter(|one| one.cordoned);
    if out.clone().next().is_none() {
        return reached;
    }
    let count = amount(out.clone().count(), "machine");
    let reached = if reached.is_empty() { "no machine is in the proxy".to_owned() } else { reached };
    format!("{reached}; {count} out of the proxy: {}", regions(out))
}

fn regions<'a>(instances: impl Iterator<Item = &'a Instance>) -> String {
    let mut regions: BTreeMap<&str, Vec<(String, usize)>> = BTreeMap::new();
    for one in instances {
        let what = runs(one);
        let here = regions.entry(one.region.as_str()).or_default();
        match here.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += 1,
            None => here.push((what, 1)),
        }
    }
    let told = regions.into_iter().map(|(region, all)| {
        let several = all.len() > 1;
        let words = all.into_iter().map(|(what, count)| if several { format!("{what} on {count}") } else { what });
        format!("{region} runs {}", words.collect::<Vec<_>>().join(" and "))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A machine by its image's commit; a label alone is no proof of what it runs.
fn runs(one: &Instance) -> String {
    if let Some(why) = &one.unread {
        return format!("what could not be read ({why})");
    }
    let what = match (&one.sha, &one.release) {
        (Some(sha), _) => sha.short().to_owned(),
        (None, Some(release)) => format!("an unknown commit (labelled {release})"),
        (None, None) => "an unknown commit".to_owned(),
    };
    if one.state.as_str() == "started" { what } else { format!("{what} ({})", one.state) }
}

/// Where domains point: `a.app and b.app point at 340f57f (dpl_1), c.app points at 7f49b8b (dpl_2)`.
#[must_use]
pub fn domains(all: &[Pointed]) -> String {
    named(all, usize::MAX)
}

/// The same, with so many names at most for each place.
fn named(all: &[Pointed], most: usize) -> String {
    let mut places: Vec<(String, Vec<&str>)> = Vec::new();
    for one in all {
        let at = place(one);
        match places.iter_mut().find(|(known, _)| *known == at) {
            Some((_, names)) => names.push(one.domain.as_str()),
            None => places.push((at, vec![one.domain.as_str()])),
        }
    }
    let told = places.into_iter().map(|(at, names)| {
        let verb = if names.len() == 1 { "points" } else { "point" };
        let more = names.len().saturating_sub(most);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.into_iter().take(most).collect::<Vec<_>>().join(" and ");
        format!("{names}{more} {verb} at {at}")
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Domains at one place that a verdict names.
const NAMED: usize = 3;

/// What it says of a service where its domains point, beside the deployment that its platform calls live: failing where nothing serves one,
/// mixed where they and it are at several commits, unknown where that cannot be told. `None` = as far as is known that deployment stands
/// for all.
#[must_use]
pub fn judged(live: Live<'_>, all: &[Pointed]) -> Option<(State, String)> {
    let at_live = |one: &Pointed| one.deployment == *live.deployment;
    // What is live is named where no domain serves it: the names of the domains do not tell it.
    let told = || {
        let words = named(all, NAMED);
        let mut looked_up = all.iter().filter(|one| one.unread.is_none()).peekable();
        let same = |one: &Pointed| one.sha.as_ref().zip(live.sha).is_some_and(|(sha, live)| sha.same(live));
        let elsewhere = looked_up.peek().is_some() && !looked_up.any(|one| at_live(one) || same(one));
        match (elsewhere, live.deployment.as_str().is_empty(), live.sha) {
            (false, ..) => words,
            (_, true, _) => format!("{words}; the platform names no live deployment"),
            (.., Some(sha)) => format!("{words}; the platform says {} ({}) is live", sha.short(), live.deployment),
            (.., None) => format!("{words}; the platform says {} is live", live.deployment),
        }
    };
    // Who comes there gets nothing, whatever the other ones serve.
    if all.iter().any(unserved) {
        return Some((State::Failing, told()));
    }
    let known = |one: &Pointed| one.sha.clone().filter(|_| one.unread.is_none());
    let mut commits = live.sha.cloned().into_iter().chain(all.iter().filter_map(known));
    let first = commits.next();
    if first.is_some_and(|first| commits.any(|other| !other.same(&first))) {
        return Some((State::Mixed, told()));
    }
    // Another deployment without a commit, or beside one without, is as good as unread.
    let dark = |one: &Pointed| one.unread.is_some() || !at_live(one) && (one.sha.is_none() || live.sha.is_none());
    all.iter().any(dark).then(|| (State::Unknown, told()))
}

/// The deployment that a platform calls live.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// Its identity; empty = none is named.
    pub deployment: &'a DeploymentId,
    /// Its commit, where known.
    pub sha: Option<&'a Sha>,
}

impl<'a> Live<'a> {
    /// What is declared.
    #[must_use]
    pub fn of(declared: &'a Declared) -> Self {
        Self { deployment: &declared.deployment, sha: declared.sha.as_ref() }
    }
}

/// Whether a domain was looked up and nothing serves it.
#[must_use]
pub fn unserved(one: &Pointed) -> bool {
    one.unread.is_none() && one.deployment.as_str().is_empty()
}

/// The commit that the visitors of a service are led to by its platform: what all its domains serve, else what is live.
#[must_use]
pub fn led(declared: &Declared) -> Option<&Sha> {
    let mut known = declared.pointed.iter().filter(|one| one.unread.is_none()).filter_map(|one| one.sha.as_ref());
    let first = known.next().filter(|first| known.all(|other| other.same(first)));
    first.or(declared.sha.as_ref()).filter(|_| declared.routed)
}

/// Whether every domain was looked up and all of them point at one deployment.
#[must_use]
pub fn settled(all: &[Pointed]) -> bool {
    all.iter().all(|one| one.unread.is_none() && all.first().is_some_and(|first| first.deployment == one.deployment))
}

fn place(one: &Pointed) -> String {
    match (&one.unread, &one.sha) {
        (Some(why), _) => format!("what could not be read ({why})"),
        (None, _) if unserved(one) => "no deployment".to_owned(),
        (None, Some(sha)) => format!("{} ({})", sha.short(), one.deployment),
        (None, None) => format!("an unknown commit ({})", one.deployment),
    }
}

/// Whether several places are where they were to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// All of them.
    All,
    /// Some of them.
    Some,
    /// None of them.
    None,
    /// Not all of them could be read, and none of those that were is there; or the commit is not known.
    Unknown,
}

/// Where the commits of several places stand to the one that was wanted; `None` among them = not known.
#[must_use]
pub fn spread<'a>(places: impl Iterator<Item = Option<&'a Sha>>, wanted: Option<&Sha>) -> Spread {
    let Some(wanted) = wanted else { return Spread::Unknown };
    let (mut there, mut elsewhere, mut unknown) = (0_usize, 0_usize, 0_usize);
    for place in places {
        match place {
            Some(sha) if sha.same(wanted) => there += 1,
            Some(_) => elsewhere += 1,
            None => unknown += 1,
        }
    }
    match (there, elsewhere, unknown) {
        (0, 0, _) | (0, _, 1..) => Spread::Unknown,
        (_, 0, 0) => Spread::All,
        (0, _, 0) => Spread::None,
        _ => Spread::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::Text;

    fn machine(region: &str, sha: Option<&str>, state: &str) -> Instance {
        Instance {
            id: "m".into(),
            region: region.into(),
            state: state.into(),
            digest: None,
            release: Some("v41".into()),
            sha: sha.map(Sha::from),
            checks: (1, 1),
            failing_since: None,
            unread: None,
            cordoned: false,
        }
    }

    #[test]
    fn machines_that_no_visitor_reaches_are_told_apart() {
        let (one, two) = (Some("7f49b8b0000"), Some("340f57f0000"));
        let out = |region, sha| Instance { cordoned: true, ..machine(region, sha, "started") };
        let both = [machine("iad", one, "started"), out("iad", two), out("fra", two)];
        let told = machines(&both);
        assert_eq!(told, "iad runs 7f49b8b; 2 machines out of the proxy: fra runs 340f57f, iad runs 340f57f");
        assert!(crate::domain::live::fleet(&both).is_none(), "visitors meet one commit");
        assert!(machines(&[out("fra", one)]).starts_with("no machine is in the proxy; 1 machine out"));
    }

    #[test]
    fn two_commits_are_told_for_each_region() {
        let told = |instances: Vec<Instance>| machines(&instances);
        let (one, two) = (Some("7f49b8b0000"), Some("340f57f0000"));
        assert_eq!(
            told(vec![machine("iad", one, "started"), machine("fra", two, "started")]),
            "fra runs 340f57f, iad runs 7f49b8b"
        );
        assert_eq!(
            told(vec![machine("iad", one, "started"), machine("iad", two, "started"), machine("iad", one, "started")]),
            "iad runs 7f49b8b on 2 and 340f57f on 1"
        );
        assert_eq!(
            told(vec![machine("iad", None, "started"), machine("fra", one, "stopped")]),
            "fra runs 7f49b8b (stopped), iad runs an unknown commit (labelled v41)"
        );
    }

    #[test]
    fn domains_are_told_by_where_they_point() {
        let at = |domain: &str, id: &str, sha: Option<&str>| Pointed {
            domain: domain.into(),
            deployment: id.into(),
            sha: sha.map(Sha::from),
            unread: None,
        };
        let unread = Pointed { unread: Some(Text::from("502")), ..at("d.app", "", None) };
        let all = [
            at("a.app", "dpl_1", Some("340f57f0000")),
            at("b.app", "dpl_1", Some("340f57f0000")),
            at("c.app", "dpl_2", Some("7f49b8b0000")),
            unread,
        ];
        assert_eq!(
            domains(&all),
            "a.app and b.app point at 340f57f (dpl_1), c.app points at 7f49b8b (dpl_2), d.app points at what could not be \
             read (502)"
        );
    }

    #[test]
    fn domains_at_two_commits_are_mixed_and_one_that_was_not_read_is_unknown() {
        let at = |id: &str, sha: Option<&str>| Pointed {
            domain: "a.app".into(),
            deployment: id.into(),
            sha: sha.map(Sha::from),
            unread: None,
        };
        let (one, two) = (at("dpl_1", Some("340f57f0000")), at("dpl_2", Some("7f49b8b0000")));
        let unread = Pointed { unread: Some(Text::from("502")), ..at("", None) };
        let pointer = DeploymentId::from("dpl_1");
        let live = Live { deployment: &pointer, sha: one.sha.as_ref() };
        let state = |all: &[Pointed]| judged(live, all).map(|(state, _)| state);
        assert_eq!(state(&[one.clone(), two.clone(), unread.clone()]), Some(State::Mixed));
        assert_eq!(state(&[one.clone(), unread.clone()]), Some(State::Unknown));
        assert_eq!(state(&[one.clone(), at("dpl_3", None)]), Some(State::Unknown), "a commit that nobody knows");
        assert_eq!(state(&[one.clone(), at("dpl_9", Some("340f57f0000"))]), None, "the same commit, built twice");
        assert_eq!(state(&[]), None);
        // All at one place is no answer where that is not what is live.
        let told = judged(live, &[two.clone(), two.clone()]).unwrap();
        assert_eq!(told.0, State::Mixed);
        assert_eq!(told.1, "a.app and a.app point at 7f49b8b (dpl_2); the platform says 340f57f (dpl_1) is live");
        assert_eq!(state(&[at("dpl_3", None), at("dpl_3", None)]), Some(State::Unknown), "elsewhere, at whatever");
        let dark = Live { sha: None, ..live };
        assert_eq!(judged(dark, std::slice::from_ref(&two)).map(|one| one.0), Some(State::Unknown));
        assert_eq!(judged(dark, &[at("dpl_1", None)]), None, "one deployment for all, whatever its commit");
        let nowhere = DeploymentId::from("");
        let told = judged(Live { deployment: &nowhere, sha: None }, std::slice::from_ref(&one)).unwrap();
        assert_eq!(
            told,
            (State::Unknown, "a.app points at 340f57f (dpl_1); the platform names no live deployment".into())
        );
        // Nobody who comes to it gets anything, and the worse world has no better word.
        for all in
            [vec![at("", None)], vec![one.clone(), at("", None)], vec![unread.clone(), two.clone(), at("", None)]]
        {
            assert_eq!(state(&all), Some(State::Failing), "{all:?}");
            assert_eq!(judged(dark, &all).map(|one| one.0), Some(State::Failing));
        }
        assert!(settled(&[one.clone(), one.clone()]) && settled(&[]));
        assert!(!settled(&[one.clone(), two]) && !settled(&[one.clone(), unread.clone()]));
        // Of a hundred domains a line names a few.
        let many: Vec<Pointed> = vec![one.clone(); 99].into_iter().chain([unread]).collect();
        let told = judged(live, &many).unwrap().1;
        assert!(told.starts_with("a.app and a.app and a.app and 96 more point at 340f57f (dpl_1), "), "{told}");
        assert!(told.ends_with("a.app points at what could not be read (502)"), "{told}");
    }

    #[test]
    fn some_is_neither_all_nor_none_and_what_was_not_read_is_not_ruled_out() {
        let (one, two) = (Sha::from("7f49b8b0000"), Sha::from("340f57f0000"));
        let told = |places: &[Option<&Sha>]| spread(places.iter().copied(), Some(&one));
        assert_eq!(told(&[Some(&one), Some(&one)]), Spread::All);
        assert_eq!(told(&[Some(&one), Some(&two)]), Spread::Some);
        assert_eq!(told(&[Some(&one), None]), Spread::Some);
        assert_eq!(told(&[Some(&two), Some(&two)]), Spread::None);
        assert_eq!(told(&[Some(&two), None]), Spread::Unknown);
        assert_eq!(told(&[]), Spread::Unknown);
        assert_eq!(spread([Some(&one)].into_iter(), None), Spread::Unknown);
    }
}
