//! The plan of giving a secret a value, where a service or the pipeline of its environment reads it.

pub(super) mod perform;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;

use crate::engine::operations::{Ask, Plans};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, Tier};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::names;
use crate::domain::operation::{Act, Operation, PIPELINE, Plan, PlanPart, Request, StepKind};
use crate::domain::release::Presence;
use crate::domain::secret::{Digest, SecretEntry};
use crate::domain::secret_value::{SecretValue, unfit};
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::past::{Past, not_before, told};
use crate::platform::PlatformError;
use crate::platform::vercel::Slot;
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
    pub(in crate::engine) key: &'a Text,
    pub(in crate::engine) value: &'a SecretValue,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask.clients, ask.env, (self.service, self.key, self.value), ask.past, ask.now))
    }
}

/// Where a secret lives.
struct SecretScope {
    platform: Platform,
    /// App, project, or the environment's name on GitHub.
    resource: Text,
    /// The environment as the platform calls it.
    name: Text,
}

/// The place that a service stands for.
fn place(env: &EnvInfo, service: &ServiceId) -> Result<SecretScope, Text> {
    if &*service.name == PIPELINE {
        let name = Text::from(env.id.as_str());
        return Ok(SecretScope { platform: Platform::Github, resource: name.clone(), name });
    }
    let info = env.services.iter().find(|one| one.id == *service);
    let info = info.ok_or_else(|| Text::from(format!("no service {service}")))?;
    let name = match info.platform {
        Platform::Fly => env.id.to_string(),
        Platform::Vercel => vercel_target(&env.id, env.tier).to_string(),
        Platform::Supabase => info.resource.to_string(),
        other => return Err(Text::from(format!("secrets of {other} are not set from here; use its own tool"))),
    };
    Ok(SecretScope { platform: info.platform, resource: Text::from(&*info.resource), name: Text::from(name) })
}

/// The secret as it is now; `None` = there is none of that name.
pub(in crate::engine) async fn seen(
    clients: &Clients,
    env: &EnvId,
    (platform, resource, name): (Platform, &str, &str),
    key: &str,
) -> Result<Option<SecretEntry>, PlatformError> {
    let all = match (platform, &clients.fly, &clients.vercel, &clients.github, &clients.supabase) {
        (Platform::Fly, Some(fly), ..) => fly.secrets(resource, env).await?,
        (Platform::Vercel, _, Some(vercel), ..) => vercel.env(resource, Some(name), env).await?,
        (Platform::Github, .., Some(github), _) => github.secrets(Some(name), env).await?,
        (Platform::Supabase, .., Some(supabase)) => supabase.secrets(resource, env).await?,
        _ => Vec::new(),
    };
    Ok(all.into_iter().find(|one| one.key.as_str() == key))
}

/// When it was last set, as a revision; where the platform tells no date, its digest.
pub(in crate::engine) fn revision(key: &Text, seen: Option<&SecretEntry>) -> (Text, Text) {
    let digest = |one: &SecretEntry| match &one.digest {
        Digest::Opaque(digest) | Digest::Keyed(digest) => format!("set to {digest}"),
        Digest::Hidden => "set".to_owned(),
    };
    let at = seen.map(|one| one.updated_at.map_or_else(|| digest(one), |at| at.to_string()));
    (key.clone(), Text::from(at.unwrap_or_else(|| "not set".to_owned())))
}

/// A variable on Vercel as a plan saw it: a change of it changes the value for everything that it is for.
pub(in crate::engine) fn slot_revision(slot: &Slot) -> (Text, Text) {
    let seen = slot.held.as_ref().map_or_else(
        || "not there".to_owned(),
        |one| {
            let mut targets: Vec<&str> = one.targets.iter().map(Text::as_str).collect();
            targets.sort_unstable();
            let keeper = if one.managed { " by an integration" } else { "" };
            format!("{} for {}{keeper}", one.id, targets.join(", "))
        },
    );
    (Text::from("variable"), Text::from(seen))
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    (service, key, value): (&ServiceId, &Text, &SecretValue),
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let place = place(env, service)?;
    // GitHub keeps names in capitals.
    let key = if place.platform == Platform::Github { Text::from(key.as_str().to_uppercase()) } else { key.clone() };
    let there = (place.platform, place.resource.as_str(), place.name.as_str());
    let held = seen(clients, &env.id, there, key.as_str()).await.map_err(told)?;
    let (begun, ahead) = (past.earlier.as_ref(), clients.http.ahead(place.platform));
    let arrived = begun.map(|earlier| taken(&key, held.as_ref(), value, (earlier, ahead))).transpose()?.flatten();
    let mut revisions = vec![revision(&key, held.as_ref())];
    let mut refusals = if arrived.is_some() { Vec::new() } else { unfit(&key, value, place.platform) };
    if begun.is_some() && value.is_empty() && arrived.is_none() {
        let env = names::shell(env.id.as_str());
        let text =
            format!("leave this operation, then `flightdeck secrets set {key} --environment {env}` sets it anew");
        refusals.push(Text::from(text));
    }
    let mut warnings = vec![Text::from(takes_effect(place.platform, service))];
    if place.platform == Platform::Vercel
        && let Some(vercel) = &clients.vercel
    {
        let slot = vercel.slot(there.1, there.2, key.as_str()).await.map_err(told)?;
        revisions.push(slot_revision(&slot));
        let one = slot.held;
        refusals.extend(
            one.as_ref()
                .filter(|one| one.managed)
                .map(|_| Text::from(format!("{key} is kept by an integration: set it where that comes from"))),
        );
        if let Some(one) = one.filter(|one| one.targets.len() > 1) {
            let all: Vec<&str> = one.targets.iter().map(Text::as_str).collect();
            warnings.push(Text::from(format!("it is one variable for {}: the value changes for all", all.join(", "))));
        }
    }
    if value.expose().trim() != value.expose() {
        warnings.push(Text::from("the value begins or ends with white space, which is kept"));
    }
    if env.tier == Tier::Production && held.is_some() {
        warnings.push(Text::from("the old value cannot be read back by anybody"));
    }
    let from = match &held {
        Some(one) => one.updated_at.map_or_else(|| "set".to_owned(), |at| format!("set {}", at.strftime("%F %R"))),
        None => "not set".to_owned(),
    };
    let part = PlanPart {
        service: service.clone(),
        platform: place.platform,
        resource: if place.platform == Platform::Github {
            Text::from(format!("environment {} on GitHub", place.name))
        } else {
            place.resource
        },
        from: (Text::from(format!("{key} {from}")), None),
        from_id: None,
        to: (Text::from("a new value"), None),
        to_id: String::new().into(),
        act: Act::SetSecret { key: key.clone(), place: place.name },
        revisions,
        presence: Presence::Unknown,
        steps: vec![StepKind::SetSecret.step(format!("set {key}, and see that it is listed as changed"))],
    };
    let request = Request::SetSecret { service: service.clone(), key, value: value.clone() };
    Ok(Plan {
        stays: vec![Text::from("what runs: nothing is deployed or restarted")],
        arrived,
        refusals,
        warnings,
        ..Plan::of(request, env.id.clone(), vec![part], now)
    })
}

/// Whether a secret has this value, where the platform shows a digest that can be compared.
fn has(one: &SecretEntry, value: &SecretValue) -> Option<bool> {
    let (Platform::Supabase, Digest::Opaque(digest), false) = (one.platform, &one.digest, value.is_empty()) else {
        return None;
    };
    let ours: String = Sha256::digest(value.expose()).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(digest.as_str() == ours)
}

/// What a list shows of a call whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Shows {
    /// The secret has the value that was sent, by its digest.
    Ours,
    /// It is not what was read before the call; without a digest that can be compared nothing tells whose value it has.
    Changed,
    /// It is as it was, or another value is known to be there.
    Nothing,
}

/// What the list shows of a call that was to set it; `before` is what was read just before the call.
pub(in crate::engine) fn shows(
    key: &Text,
    seen: Option<&SecretEntry>,
    value: &SecretValue,
    before: &[(Text, Text)],
) -> Shows {
    match seen.map(|one| has(one, value)) {
        Some(Some(true)) => Shows::Ours,
        Some(None) if !before.contains(&revision(key, seen)) => Shows::Changed,
        Some(_) | None => Shows::Nothing,
    }
}

/// Whether an operation that was cut short has set it: by the digest of the value where the platform shows a comparable one, else by its
/// date, where the platform has accepted our call. A date that is newer says that somebody set it, and not who: that is the error.
fn taken(
    key: &Text,
    held: Option<&SecretEntry>,
    value: &SecretValue,
    (earlier, ahead): (&Operation, SignedDuration),
) -> Result<Option<Text>, Text> {
    let Some(one) = held else { return Ok(None) };
    if has(one, value) == Some(true) {
        return Ok(Some(Text::from(format!("{key} has this value by the digest that the platform lists"))));
    }
    let Some(at) = one.updated_at.filter(|at| not_before(*at, ahead, earlier.started_at)) else { return Ok(None) };
    match earlier.called && earlier.unknown_calls.is_empty() {
        true => Ok(Some(Text::from(format!("the platform accepted it, and lists {key} as set {at:.0}")))),
        false => Err(Text::from(format!(
            "{key} was set there {at:.0}; the platform does not say by whom, so whether by this is not known; leave the operation as it is"
        ))),
    }
}

fn takes_effect(platform: Platform, service: &ServiceId) -> String {
    let redeploys = names::command("redeploy", service);
    match platform {
        Platform::Fly => {
            format!("machines get it when they are deployed or restarted: {redeploys} deploys them all now")
        }
        Platform::Supabase => "edge functions get it at their next call".to_owned(),
        Platform::Vercel => format!("builds that come after it get it: {redeploys} rebuilds what is live"),
        _ => "jobs that start after it get it, also those that wait at a gate now".to_owned(),
    }
}
