//! The plan of giving a secret a value, where a service or the pipeline of its environment reads it.

pub(super) mod perform;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;

use super::steps;
use super::steps::secrets::{At, Secrets, revision, seen};
use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, Tier};
use crate::domain::ids::ServiceId;
use crate::domain::names;
use crate::domain::operation::{Act, Operation, PIPELINE, Plan, PlanPart, Request, StepKind};
use crate::domain::release::Presence;
use crate::domain::secret::SecretEntry;
use crate::domain::secret_value::{SecretValue, kept_as, unfit};
use crate::engine::feeds::Clients;
use crate::engine::operations::past::{Past, not_before, told};
use crate::engine::operations::{Ask, Plans};
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

/// The platform that keeps the secrets of a service, or of the pipeline of an environment, and what they stand in there.
fn place(env: &EnvInfo, service: &ServiceId) -> Result<(Platform, Text), Text> {
    if &*service.name == PIPELINE {
        return Ok((Platform::Github, Text::from(env.id.as_str())));
    }
    let info = env.services.iter().find(|one| one.id == *service);
    let info = info.ok_or_else(|| Text::from(format!("no service {service}")))?;
    if !info.platform.has_secrets() {
        return Err(Text::from(format!("secrets of {} are not set from here; use its own tool", info.platform)));
    }
    Ok((info.platform, Text::from(&*info.resource)))
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    (service, key, value): (&ServiceId, &Text, &SecretValue),
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (platform, resource) = place(env, service)?;
    let key = kept_as(key, platform);
    let host = steps::host(clients, platform);
    let secrets = host.secrets().ok_or_else(|| Text::from(format!("no client for {platform} is configured")))?;
    let environment = secrets.environment(env, resource.as_str());
    let at = At { resource: resource.as_str(), environment: environment.as_str(), key: key.as_str() };
    let held = seen(secrets, at, &env.id).await.map_err(told)?;
    let (begun, ahead) = (past.earlier.as_ref(), clients.http.ahead(platform));
    let set = |earlier| taken(secrets, &key, held.as_ref(), value, (earlier, ahead));
    let arrived = begun.map(set).transpose()?.flatten();
    let mut refusals = if arrived.is_some() { Vec::new() } else { unfit(&key, value, platform) };
    if begun.is_some() && value.is_empty() && arrived.is_none() {
        let env = names::shell(env.id.as_str());
        let text =
            format!("leave this operation, then `flightdeck secrets set {key} --environment {env}` sets it anew");
        refusals.push(Text::from(text));
    }
    let around = secrets.around(at).await.map_err(told)?;
    refusals.extend(around.refusals);
    let mut warnings = vec![Text::from(secrets.takes_effect(service))];
    warnings.extend(around.warnings);
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
        platform,
        resource: secrets.place(at),
        from: (Text::from(format!("{key} {from}")), None),
        from_id: None,
        to: (Text::from("a new value"), None),
        to_id: String::new().into(),
        act: Act::SetSecret { key: key.clone(), place: environment.clone() },
        revisions: std::iter::once(revision(at.key, held.as_ref())).chain(around.revisions).collect(),
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

/// Whether an operation that was cut short has set it: by the digest of the value where the platform shows a comparable one, else by its
/// date, where the platform has accepted our call. A date that is newer says that somebody set it, and not who: that is the error.
fn taken(
    secrets: &dyn Secrets,
    key: &Text,
    held: Option<&SecretEntry>,
    value: &SecretValue,
    (earlier, ahead): (&Operation, SignedDuration),
) -> Result<Option<Text>, Text> {
    let Some(one) = held else { return Ok(None) };
    if secrets.has(one, value) == Some(true) {
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
