//! What a rollback reads of a service: which deployment it goes to, and what stands there.

use std::time::Duration;

use super::plan::{Left, PartFacts};
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::release::{Deployment, Presence};
use crate::domain::spread;
use crate::domain::strategy::{Strategy, StrategyKind};
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::blue_green;
use crate::engine::operations::others::{self, recorded};
use crate::engine::operations::past::{Past, absent};
use crate::engine::operations::steps::domains;
use crate::engine::operations::steps::fleet::Fleet;
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, Machine, carried};
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

/// Where a service is to go: a deployment that was named, or the one of a commit, of which an operation that was cut short may have
/// named the deployment.
pub(in crate::engine) enum Aim<'a> {
    Deployment(&'a DeploymentId),
    Commit(&'a Sha, Option<&'a DeploymentId>),
}

impl Aim<'_> {
    /// The deployment among those of a list that was read just now. Of several of one commit the live one, else the newest.
    fn find<'l>(&self, list: &'l [Deployment]) -> Option<&'l Deployment> {
        let named = |id: &DeploymentId| list.iter().find(|one| one.id == *id);
        match self {
            Self::Deployment(id) => named(id),
            Self::Commit(sha, earlier) => earlier.and_then(named).or_else(|| {
                let mut of = list.iter().filter(|one| one.sha.as_ref().is_some_and(|of| of.same(sha)));
                let live = of.clone().find(|one| one.current);
                live.or_else(|| of.find(|one| one.status == Status::Ok))
            }),
        }
    }

    /// Which deployment of the commit was taken, and why, where its list has others of it: `v43 is the newest of 9df49c2, of which there is
    /// v41 too`.
    fn why(&self, list: &[Deployment], taken: &Deployment) -> Option<String> {
        let Self::Commit(sha, earlier) = self else { return None };
        let of = |one: &&Deployment| one.sha.as_ref().is_some_and(|of| of.same(sha));
        let other = |one: &&Deployment| one.id != taken.id && (one.current || one.status == Status::Ok);
        // The same image is the same release, by whatever number.
        let apart = |one: &&Deployment| one.image.is_none() || one.image != taken.image;
        let others: Vec<&str> =
            list.iter().filter(of).filter(other).filter(apart).map(|one| one.label.as_str()).collect();
        let why = match () {
            () if earlier.is_some_and(|id| *id == taken.id) => "is what was begun with",
            () if taken.current => "is what is live",
            () => "is the newest",
        };
        let (label, commit) = (&taken.label, sha.short());
        (!others.is_empty()).then(|| format!("{label} {why} of {commit}, of which there is {} too", others.join(", ")))
    }

    pub(in crate::engine) fn words(&self) -> String {
        match self {
            Self::Deployment(id) => format!("{id} is not among its deployments"),
            Self::Commit(sha, _) => format!("it has no deployment of {} to go back to", sha.short()),
        }
    }
}

/// What was read of a service; `None` = it has no such deployment.
pub(in crate::engine) async fn part(
    clients: &Clients,
    service: &ServiceInfo,
    tier: Tier,
    (aim, strategy): (&Aim<'_>, &Strategy),
    past: &Past,
) -> Result<Option<PartFacts>, PlatformError> {
    let continuing = past.continues.is_some();
    match (service.platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => fly_part(fly, service, (aim, strategy), past).await,
        (Platform::Vercel, _, Some(vercel)) => vercel_part(vercel, service, tier, (aim, strategy), continuing).await,
        _ => Err(absent(service, "no client for this platform is configured")),
    }
}

async fn fly_part(
    fly: &Fly,
    service: &ServiceInfo,
    (aim, strategy): (&Aim<'_>, &Strategy),
    past: &Past,
) -> Result<Option<PartFacts>, PlatformError> {
    let (app, continuing) = (&service.resource, past.continues.is_some());
    let (machines, listed) = tokio::try_join!(fly.listed(app), fly.deployments(app, &service.id, Duration::ZERO))?;
    let from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    let Some(to) = aim.find(&listed).cloned() else { return Ok(None) };
    let taken = aim.why(&listed, &to);
    // A row that is still open with the very image is what the operation cut short left behind.
    let open = listed.first().filter(|row| continuing && row.status == Status::Running);
    let version = |row: &Deployment| row.label.as_str().strip_prefix('v')?.parse().ok();
    let number = |row: &Deployment| Some((Text::from(row.id.as_str()), version(row)?));
    let left = open.and_then(number).map_or(Left::Nothing, |(id, version)| Left::Row(id, version));
    // One with another image ends with the way back, where the operation that is taken back has recorded it; and so does one that a
    // newer release hides.
    let aside = match &past.earlier {
        Some(earlier) => {
            let rows = others::open_rows(fly, app).await?;
            let its = |row: &&Deployment| {
                rows.iter().any(|id| row.id.as_str() == id) && recorded(earlier, row, (&listed, fly.ahead()))
            };
            let goes_on = |row: &&Deployment| open.is_some_and(|open| open.id == row.id && row.image == to.image);
            listed.iter().filter(|row| !goes_on(row)).find(its).and_then(number)
        }
        None => None,
    };
    let newest = carried(&machines);
    let listed = Fleet::of(machines);
    let mut told = listed.warnings(&service.id.name);
    told.extend(taken.map(|why| Text::from(format!("{}: {why}", service.id.name))));
    let fleet: Vec<&Machine> = listed.whole.iter().chain(&listed.unread).collect();
    let own = open.is_some_and(|row| row.image == to.image);
    let greens = blue_green::left(&fleet, &left, !own);
    told.extend(blue_green::outside(&fleet, (&service.id, strategy), greens.as_ref(), &past.open));
    let swaps = strategy.kind == StrategyKind::BlueGreen;
    let stays = |machine: &Machine| (swaps && machine.cordoned) || blue_green::held(machine, &fleet);
    let left = match aside {
        _ if own || greens.is_some() => left,
        Some((id, version)) => Left::Aside(id, version),
        None => Left::Nothing,
    };
    let there = fly.image(app, to.image.as_ref().map_or("", Text::as_str)).await?;
    let live = listed.whole.iter().find(|machine| machine.release_version == newest);
    let other = |machine: &&Machine| there.is_none() || machine.digest != there;
    let moving: Vec<_> = listed.whole.iter().filter(|machine| other(machine) && !stays(machine)).collect();
    let id = |machine: &Machine| Text::from(machine.id.as_str());
    let idle = moving.is_empty() && left == Left::Nothing;
    let mut against = blue_green::against(&fleet, strategy, greens.as_ref());
    if listed.len() == 0 {
        against.push(Text::from("no machine that deploys manage is listed"));
    }
    if let Some(part) = listed.part().filter(|_| idle) {
        let what = if listed.whole.is_empty() {
            "no machine can be read"
        } else {
            "every machine that can be read runs it already"
        };
        against.push(Text::from(format!("{what}: {part}")));
    }
    Ok(Some(PartFacts {
        service: service.clone(),
        from: (
            Text::from(newest.map_or_else(|| "?".to_owned(), |version| format!("v{version}"))),
            live.and_then(|machine| machine.sha.clone()),
        ),
        from_id,
        declared: live.and_then(|machine| machine.sha.clone()),
        domains: Vec::new(),
        against,
        greens,
        strategy: strategy.clone(),
        already: idle && listed.len() > 0 && listed.part().is_none(),
        machines: moving.iter().map(|machine| (id(machine), machine.region.clone())).collect(),
        unread: told,
        left,
        revisions: listed.revisions(),
        presence: if there.is_some() { Presence::There } else { Presence::Gone },
        to,
    }))
}

async fn vercel_part(
    vercel: &Vercel,
    service: &ServiceInfo,
    tier: Tier,
    (aim, strategy): (&Aim<'_>, &Strategy),
    continuing: bool,
) -> Result<Option<PartFacts>, PlatformError> {
    let environment = vercel_target(&service.id.env, tier);
    let project = vercel.project(&service.resource).await?;
    let live = vercel.live(&project, &environment).await?;
    let live = live.ok_or_else(|| absent(service, "nothing is live there"))?;
    let mut taken = None;
    let to = match aim {
        Aim::Deployment(id) => id.as_str().to_owned(),
        Aim::Commit(_, Some(earlier)) => earlier.as_str().to_owned(),
        Aim::Commit(sha, None) if live.sha.as_ref().is_some_and(|of| of.same(sha)) => live.id.clone(),
        Aim::Commit(sha, None) => {
            let (target, _) = project.scope(&environment);
            let listed = vercel.deployments_of(&project.id, target, sha).await?;
            let listed: Vec<Deployment> = listed.iter().map(|one| one.deployment(&service.id, false)).collect();
            let Some(found) = aim.find(&listed) else { return Ok(None) };
            taken = aim.why(&listed, found);
            found.id.as_str().to_owned()
        }
    };
    let to = vercel.deployment(&to).await?;
    let all = &vercel.pointers(&project, &environment).await?;
    if tier != Tier::Production && all.is_empty() {
        return Err(absent(service, "it has no domain of its own that could be pointed elsewhere"));
    }
    let candidate = to.deployment(&service.id, false);
    let job = project.last_alias_request.as_ref();
    let job = job.filter(|job| continuing && job.to == to.id && job.kind.as_str() == "rollback" && job.in_motion());
    let stands = job.map(|job| vercel.stands(job));
    let left = match &stands {
        Some((Status::Running, _)) => Left::Job,
        _ => Left::Nothing,
    };
    // One that was left open long ago is not followed: it moves nothing any more.
    let dead = stands.filter(|(status, _)| *status != Status::Running).map(|(_, says)| {
        format!("{}: the job that was asked for before is {says} and is not followed any more", service.id.name)
    });
    let there = live.id == to.id;
    let apart = domains::apart(all, |one| one.deployment.as_str() == to.id);
    // A job takes the pointer and every domain along; where the pointer is there already there is none, and none is needed.
    let one_by_one = tier != Tier::Production || (there && left == Left::Nothing);
    let (pointer, sha) = (DeploymentId::from(live.id.as_str()), live.sha.as_ref());
    let stood = spread::Live { deployment: &pointer, sha };
    let mut unread = domains::told(&service.id.name, all, stood, there && one_by_one);
    if tier == Tier::Production && project.paused {
        let told = format!("{} is paused: visitors get 503 until it is resumed, wherever it goes", service.id.name);
        unread.push(Text::from(told));
    }
    unread.extend(taken.map(|why| Text::from(format!("{}: {why}", service.id.name))));
    unread.extend(dead.map(Text::from));
    if one_by_one
        && apart.is_empty()
        && let Some(why) = domains::unread(all)
    {
        return Err(absent(service, &why));
    }
    let pointer = (Text::from(live.id.as_str()), live.sha.clone());
    let (from, from_id, revisions) = if one_by_one && !apart.is_empty() {
        // Only where all of them were at one deployment, there is a way back for all of them.
        let from_id = apart.first().filter(|_| apart.len() == all.len() && spread::settled(all));
        let from_id = from_id.filter(|_| tier != Tier::Production).map(|one| one.deployment.clone());
        (domains::from(&apart), from_id, domains::revisions(&apart))
    } else {
        let revision = (Text::from("production"), Text::from(live.id.as_str()));
        (pointer, Some(live.id.as_str().into()), vec![revision])
    };
    Ok(Some(PartFacts {
        strategy: strategy.clone(),
        greens: None,
        against: Vec::new(),
        service: service.clone(),
        from,
        from_id,
        declared: live.sha.clone(),
        already: left == Left::Nothing && one_by_one && apart.is_empty(),
        domains: apart.iter().filter(|_| one_by_one).map(|one| one.domain.clone()).collect(),
        left,
        presence: candidate.presence,
        to: candidate,
        machines: Vec::new(),
        unread,
        revisions,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::ids::ServiceId;

    fn row(label: &str, sha: &str, current: bool) -> Deployment {
        Deployment {
            service: ServiceId::new("production", "backend"),
            id: format!("row-{label}").into(),
            label: Text::from(label),
            sha: Some(sha.into()),
            image: Some(Text::from(format!("registry/app:{label}"))),
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: Timestamp::UNIX_EPOCH,
            ran_for: None,
            author: Text::default(),
            message: Text::default(),
            current,
            verified: None,
            presence: Presence::Unknown,
            bad: None,
        }
    }

    #[test]
    fn of_several_releases_of_a_commit_it_is_told_which_one_is_taken_and_why() {
        let (sha, earlier) = (Sha::from("9df49c2aaaa"), DeploymentId::from("row-v41"));
        let mut list =
            [row("v43", "9df49c2aaaa", false), row("v42", "3e60eacbbbb", true), row("v41", "9df49c2aaaa", false)];
        let told = |aim: &Aim<'_>, list: &[Deployment]| aim.why(list, aim.find(list).unwrap());
        let newest = Aim::Commit(&sha, None);
        assert_eq!(told(&newest, &list).unwrap(), "v43 is the newest of 9df49c2, of which there is v41 too");
        let begun = Aim::Commit(&sha, Some(&earlier));
        assert_eq!(told(&begun, &list).unwrap(), "v41 is what was begun with of 9df49c2, of which there is v43 too");
        assert_eq!(told(&Aim::Deployment(&earlier), &list), None, "it was named");
        list[2].image = list[0].image.clone();
        assert_eq!(told(&newest, &list), None, "one image");
    }
}
