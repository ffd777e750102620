//! The plan of more machines, or fewer, per region (docs/platforms/fly.md section 11).

pub(super) mod perform;

use futures_util::future::BoxFuture;

use super::steps::fleet::{fleet, fly, part};
use crate::clock::Timestamp;
use crate::domain::amount::amount;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Act, Operation, Plan, Request, StepKind};
use crate::engine::feeds::Clients;
use crate::engine::operations::past::{Past, told};
use crate::engine::operations::{Ask, Plans};
use crate::platform::fly::{Machine, WholeConfig};
use crate::sanitize::Text;

/// Marks a machine that was made to be one more: while it is outside the proxy, it is not finished.
pub(in crate::engine) const NEW: &str = "flightdeck_new";
/// More than this in one region is a slip of the finger.
const MOST: u32 = 50;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
    pub(in crate::engine) counts: &'a [(Text, u32)],
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask.clients, ask.env, (self.service, self.counts), ask.past, ask.now))
    }
}

pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    (service, counts): (&ServiceId, &[(Text, u32)]),
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "scaled")?;
    let listed = fleet(fly, info).await?;
    let all = &listed.whole;
    let group = all.first().map(|machine| machine.process_group.clone()).unwrap_or_default();
    let mut refusals = Vec::new();
    if all.iter().any(|machine| machine.process_group != group) {
        refusals.push(Text::from("it has several process groups: scale it with fly scale count, group by group"));
    }
    let known = fly.regions().await.map_err(told)?;
    let (mut create, mut admit, mut destroy): (Vec<(Text, Text)>, Vec<&Machine>, Vec<&Machine>) = Default::default();
    let unfinished = |machine: &&Machine| machine.cordoned && machine.label(NEW).is_some();
    for (region, wanted) in counts {
        let mut there: Vec<&Machine> = all.iter().filter(|machine| machine.region == *region).collect();
        // One that cannot be read counts, and is neither copied nor destroyed from here.
        let unread = listed.unread.iter().filter(|machine| machine.region == *region).count();
        let (here, wanted_here) = (there.len() + unread, usize::try_from(*wanted).unwrap_or(usize::MAX));
        if *wanted > MOST {
            refusals.push(Text::from(format!("{wanted} machines in {region}: at most {MOST} are made from here")));
        } else if here == 0 && !known.iter().any(|one| one == region) {
            refusals.push(Text::from(format!("Fly has no region {region}")));
        } else if wanted_here < unread {
            let text =
                format!("{} in {region} that cannot be read: none is destroyed from here", amount(unread, "machine"));
            refusals.push(Text::from(text));
        } else if wanted_here > here {
            let like = model(all, region);
            admit.extend(there.iter().copied().filter(unfinished));
            create.extend((here..wanted_here).map(|_| (Text::from(like.id.as_str()), region.clone())));
            if like.whole().is_some_and(WholeConfig::has_volume) {
                refusals.push(Text::from(format!("machine {} has a volume: a copy of it has none", like.id)));
            }
        } else {
            // What serves nobody goes first; after a crash that is the one that was on its way out.
            there.sort_by_key(|machine| {
                (!machine.cordoned, machine.state.as_str() == "started", machine.checks.0, machine.id.clone())
            });
            let surplus = here - wanted_here;
            destroy.extend(there.iter().copied().take(surplus));
            admit.extend(there.into_iter().skip(surplus).filter(unfinished));
        }
    }
    if create.is_empty() && admit.is_empty() && destroy.is_empty() && refusals.is_empty() {
        let arrived = Some(Text::from(format!("{service} has as many machines there already")));
        let request = Request::Scale(service.clone(), counts.to_vec());
        return Ok(Plan { arrived, ..Plan::of(request, env.id.clone(), Vec::new(), now) });
    }
    if destroy.len() == listed.len() && create.is_empty() {
        refusals.push(Text::from("no machine would be left; that is not done from here"));
    }
    refusals.extend(past.earlier.as_ref().and_then(|earlier| beyond(earlier, (create.len(), destroy.len()))));
    let made = create
        .iter()
        .map(|(like, region)| format!("new machine in {region} like {like}: checks, into the proxy"))
        .enumerate()
        .map(|(index, title)| StepKind::CreateMachine.step_of(index.to_string(), title));
    let gone = destroy.iter().map(|one| {
        let title = format!("machine {} {}: out of the proxy, stop, destroy", one.id, one.region);
        StepKind::DestroyMachines.step_of(&one.id, title)
    });
    let entered = admit
        .iter()
        .map(|one| (one, format!("machine {} {}: checks, into the proxy", one.id, one.region)))
        .map(|(one, title)| StepKind::EnterProxy.step_of(&one.id, title));
    let steps = made.chain(entered).chain(gone).collect();
    let every = || all.iter().chain(&listed.unread);
    let left: Vec<&Machine> = every().filter(|one| destroy.iter().all(|gone| gone.id != one.id)).collect();
    let mut warnings = listed.warnings(&info.id.name);
    warnings.extend(listed.out_of_the_proxy(&info.id.name));
    if left.len() + create.len() == 1 {
        warnings.push(Text::from("one machine is left: nothing serves while it is deployed or restarted"));
    }
    let ids = |list: &[&Machine]| list.iter().map(|machine| Text::from(machine.id.as_str())).collect();
    let (admit, destroy) = (ids(&admit), ids(&destroy));
    let mut part = part(info, &listed, Act::FlyScale { create, admit, destroy }, steps);
    part.from = (spread(&every().collect::<Vec<_>>(), &[]), None);
    part.to = (spread(&left, counts), None);
    Ok(Plan {
        stays: vec![Text::from("image, secrets and machine settings")],
        refusals,
        warnings,
        ..Plan::of(Request::Scale(service.clone(), counts.to_vec()), env.id.clone(), vec![part], now)
    })
}

/// Why an operation that was cut short cannot be gone on with: it was to make, or to destroy, fewer machines than it would now. Somebody
/// else has scaled meanwhile, and going on would take that away.
fn beyond(earlier: &Operation, (create, destroy): (usize, usize)) -> Option<Text> {
    let steps = |kind| earlier.steps.iter().filter(|step| step.kind == kind).count();
    let over = |what: &str, now: usize, then: usize| {
        let text = format!(
            "it would {what} {} now, and had {then} to {what} when it began at {:.0}: somebody else has scaled since; leave it as it is, \
             then scale anew",
            amount(now, "machine"),
            earlier.started_at,
        );
        (now > then).then(|| Text::from(text))
    };
    let destroyed = over("destroy", destroy, steps(StepKind::DestroyMachines));
    destroyed.or_else(|| over("make", create, steps(StepKind::CreateMachine)))
}

/// What a new machine is a copy of: one of its region if there is one, of the image that most of them run. Fly's own tool copies the
/// newest release, which may be the one that failed.
fn model<'a>(all: &'a [Machine], region: &Text) -> &'a Machine {
    let alike = |machine: &Machine| all.iter().filter(|one| one.digest == machine.digest).count();
    let rank = |machine: &&Machine| (alike(machine), machine.region == *region, machine.state.as_str() == "started");
    // `fleet` gives at least one.
    all.iter().max_by_key(rank).unwrap_or(&all[0])
}

/// `fra 1, iad 2`: what is there, or what is wished where something is.
fn spread(machines: &[&Machine], wished: &[(Text, u32)]) -> Text {
    let mut counts = std::collections::BTreeMap::new();
    for machine in machines {
        *counts.entry(machine.region.to_string()).or_insert(0_u32) += 1;
    }
    for (region, count) in wished {
        counts.insert(region.to_string(), *count);
    }
    let words: Vec<String> = counts.into_iter().map(|(region, count)| format!("{region} {count}")).collect();
    Text::from(words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OpId;
    use crate::domain::operation::{OpKind, StepReport, StepState};

    #[test]
    fn an_operation_that_had_no_machine_to_destroy_destroys_none() {
        let step = |kind| StepReport {
            service: ServiceId::new("production", "backend"),
            kind,
            title: Text::default(),
            state: StepState::Todo,
            detail: Text::default(),
            started_at: None,
            spoke_at: None,
            ended_at: None,
            pace: None,
        };
        let (id, title) = (OpId(uuid::Uuid::nil()), Text::default());
        let begun = Operation::begun(id, OpKind::Scale, "production".into(), title, Timestamp::UNIX_EPOCH);
        let up = Operation { steps: vec![step(StepKind::CreateMachine), step(StepKind::CreateMachine)], ..begun };
        assert_eq!((beyond(&up, (2, 0)), beyond(&up, (0, 0))), (None, None));
        let why = beyond(&up, (0, 1)).unwrap();
        assert!(
            why.as_str().starts_with("it would destroy 1 machine now, and had 0 to destroy when it began at 1970"),
            "{why}"
        );
        assert!(beyond(&up, (3, 0)).is_some(), "somebody has destroyed some since");
    }
}
