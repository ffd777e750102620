//! Reads what a plan needs, now and in parallel. It changes nothing.

use super::past::Past;
use super::{Ask, others, planner, prove, steps};

use futures_util::future::join_all;

use super::rollback::plan::{self};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::confirmation::Level;
use crate::domain::cut_short;
use crate::domain::ids::EnvId;
use crate::domain::keep;
use crate::domain::late;
use crate::domain::lock::Mark;
use crate::domain::operation::{Act, Plan, Request};
use crate::domain::overrides::Override;
use crate::domain::proof::Stays;
use crate::engine::feeds::Clients;
use crate::sanitize::Text;

/// Computes a plan, or says why there can be none.
pub(in crate::engine) async fn preflight(
    clients: &Clients,
    settings: &Settings,
    clock: &SharedClock,
    env: &EnvId,
    request: &Request,
    past: Past,
) -> Result<Plan, Text> {
    let info = settings.environment(env).ok_or_else(|| Text::from(format!("no environment {env}")))?;
    let (past, now) = (&past, clock.now());
    let ask = Ask { clients, settings, env: info, past, now };
    let mut plan = planner(request).plan(ask).await?;
    match plan.arrived.take() {
        // An operation that was cut short when everything was done has its end.
        Some(why) if past.continues.is_some() => {
            (plan.arrived, plan.parts) = (Some(why), Vec::new());
        }
        why => plan.refusals.extend(why),
    }
    // Whatever changes machines or builds itself runs into a deploy that does so, too.
    if plan.arrived.is_none() && plan.parts.iter().any(|part| part.act.in_place()) {
        let (red, waits) = others::under_way(ask, &plan).await;
        plan.overrides.extend(red);
        plan.warnings.extend(waits);
    }
    if let Some(earlier) = past.earlier.as_ref().filter(|_| plan.kind.goes() && plan.arrived.is_none()) {
        let moved = others::moved_since(clients, info, earlier).await;
        // Who takes production back may want to take that back too, and says why; anything else would never arrive, or undo it unsaid.
        if plan.kind.goes_back() {
            plan.overrides.extend(moved);
        } else {
            let left = |one: Override| Text::from(format!("{}; leave the operation as it is", one.words()));
            plan.refusals.extend(moved.into_iter().map(left));
        }
    }
    plan.refusals.splice(0..0, cut_short::against(&past.open, env, plan.kind, past.continues));
    plan.overrides.extend(cut_short::beside(&past.open, env, plan.kind, past.continues));
    plan.refusals.splice(0..0, info.read_only());
    plan.expected = plan::usual(past.durations.clone());
    plan.continues = past.continues;
    // What an operation cut short has changed may rest because of that: what it saw itself counts.
    plan.at_rest = match &past.earlier {
        Some(earlier) => earlier.at_rest.clone(),
        None => at_rest(clients, &plan).await,
    };
    let marked = Mark::against(&past.marks, plan.goes_to());
    plan.refusals.extend(marked);
    // Others' claims are broken by a reason, as a freeze is.
    plan.overrides.extend(past.claimed(&settings.who));
    if !plan.kind.stops() {
        plan.overrides.extend(settings.frozen(env, clock.now()).map(Override::Freeze));
    }
    // A part of an environment that moves alone ends in two commits: nobody does that without knowing it. What goes on after a crash was
    // asked when it began.
    if past.continues.is_none() && !plan.parts.is_empty() {
        let unread = plan.rest.iter().filter(|one| one.state == Stays::Unread);
        let gates = unread.map(|one| Override::Behind { service: one.service.clone(), says: one.words.clone() });
        plan.overrides.extend(gates.collect::<Vec<_>>());
    }
    if plan.kind.ships() {
        let found = crate::engine::operations::promote::shipment::read(clients, settings, info, &plan).await;
        // What is taken up again was allowed when it began.
        if past.continues.is_none() {
            plan.overrides.extend(found.ships.red());
            plan.refusals.extend(found.cannot);
        }
        // Taken up again, it is seen to have arrived; of what nothing was sent of, nothing is sent.
        if past.continues.is_none() || plan.parts.iter().any(|part| matches!(part.act, Act::Dispatch { .. })) {
            plan.refusals.extend(found.already);
        }
        if let Some(why) = found.apart {
            plan.warnings.push(Text::from(format!("what ships is not known: {why}")));
            plan.commits_out = None;
        }
        plan.ships = Some(Box::new(found.ships));
    }
    if plan.arrived.is_none() {
        plan.warnings.extend(keep::since(past.began, now));
    }
    plan.level = plan.level.max(Level::of(plan.kind, info.tier));
    if !plan.overrides.is_empty() {
        plan.level = Level::Critical;
    }
    if plan.arrived.is_some() {
        (plan.level, plan.overrides) = (Level::Moderate, Vec::new());
    }
    if let Some(earlier) = &past.earlier {
        plan.warnings.extend(late::warnings(earlier, now));
        // That everything is as it was to be says nothing of a call that lands after it.
        if let Some(open) = late::against(earlier, now) {
            plan.overrides.push(open);
            plan.level = Level::Critical;
        }
    }
    plan.proof = prove::steps(clients, settings, &plan);
    Ok(plan)
}

/// Instances of what is claimed that do not run now. Where they cannot be read none is known to be at rest, and each has to run at the end.
async fn at_rest(clients: &Clients, plan: &Plan) -> Vec<Text> {
    let read = join_all(plan.claims.iter().map(|claim| async {
        let host = steps::host(clients, claim.platform);
        host.resting(claim.resource.as_str()).await
    }));
    read.await.into_iter().flatten().flatten().collect()
}
