//! `flightdeck rollback`: the same plan and the same execution as on the screen; `--confirm` stands for the typed name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::{self, Candidates};
use super::carry::carry_out;
use super::machines::{self, StrategyArgs};
use super::operation::{Confirmation, planned};
use super::signals::Signals;
use super::{Output, place};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::candidates::{self, Choice};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::history::saw;
use crate::domain::ids::{DeploymentId, EnvId, ServiceId, Sha};
use crate::domain::lock::Mark;
use crate::domain::operation::{Plan, Request};
use crate::domain::release::Deployment;
use crate::engine::{Engine, EngineHandle, Lanes, Scope};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::Store;

/// What was typed.
#[derive(Debug, Clone, clap::Args)]
pub struct RollbackArgs {
    /// Where; it is never guessed.
    #[arg(long)]
    pub environment: Option<String>,
    /// One service; without it, every service that can go back.
    #[arg(long)]
    pub service: Option<String>,
    /// To which release: the beginning of a commit, or a label such as v41; without it, the last one that was verified healthy.
    #[arg(long)]
    pub to: Option<String>,
    #[command(flatten)]
    pub strategy: StrategyArgs,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

pub(super) async fn run(settings: Settings, args: RollbackArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = place::named(&settings, args.environment.as_deref()).map_err(|error| error.now("nothing was changed"))?;
    let services = services(&settings, &env, args.service.as_deref())?;
    args.confirmation.check(&env)?;
    super::open::warn(&settings, output.json).await?;
    let settings = Arc::new(settings);
    let mut signals = Signals::listen()?;
    let (engine, mut lanes) = Engine::start(Arc::clone(&settings), SystemClock::shared(), Scope::State);
    let result = signals.or_end(prepared(&engine, &mut lanes, &settings, (&env, &services), &args, output)).await;
    let result = match result {
        Ok(Prepared::Plan(plan)) => carry_out(&engine, &mut lanes, *plan, &args.confirmation, output.json).await,
        Ok(Prepared::Nothing(choices)) => unverified(&env, &choices, output.json),
        Err(error) => Err(error),
    };
    engine.shutdown().await;
    result
}

fn services(settings: &Settings, env: &EnvId, only: Option<&str>) -> Result<Vec<ServiceId>, UserError> {
    let usage = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was changed");
    let all = settings.environment(env).into_iter().flat_map(|info| &info.services);
    let can = all.filter(|one| one.platform.has_releases());
    let names: Vec<&str> = can.clone().map(|one| &*one.id.name).collect();
    let chosen: Vec<ServiceId> =
        can.filter(|one| only.is_none_or(|name| &*one.id.name == name)).map(|one| one.id.clone()).collect();
    match (chosen.is_empty(), only) {
        (false, _) => Ok(chosen),
        (true, Some(only)) if !names.is_empty() => {
            let error = usage(format!("{env} has no service {} that can go back", Text::clean(only)));
            Err(error.hint(format!("there is {}", names.join(", "))))
        }
        (true, _) => Err(usage(format!("{env} has no service that can go back"))),
    }
}

/// What came of the question where to go.
enum Prepared {
    /// A plan.
    Plan(Box<Plan>),
    /// Nobody said where, and nothing was verified healthy.
    Nothing(Vec<Choice>),
}

type Lists = BTreeMap<ServiceId, Vec<Deployment>>;

async fn prepared(
    engine: &EngineHandle,
    lanes: &mut Lanes,
    settings: &Settings,
    (env, services): (&EnvId, &[ServiceId]),
    args: &RollbackArgs,
    output: Output,
) -> Result<Prepared, UserError> {
    let lists = lists(lanes, services, output).await?;
    let strategy = args.strategy.strategy();
    let request = match &args.to {
        // A label names one release of one service: another release of its commit is not what was named.
        Some(to) if let ([_], Some(one)) = (services, labelled(&lists, to).next()) => {
            Request::RollBack(vec![machines::target(&one.service, one, &strategy)])
        }
        Some(to) => match named(&lists, to)? {
            Named::Commit(commit, named) => Request::RollBackTo { commit, alone: None, strategy, named },
            // Its image names no commit: nothing joins other services to it.
            Named::Alone(one) => Request::RollBack(vec![machines::target(&one.service, one, &strategy)]),
        },
        None => {
            let choices = known(settings, services, lists).await?;
            let Some(found) = candidates::proposed(&choices) else { return Ok(Prepared::Nothing(choices)) };
            Request::RollBackTo { commit: found.sha.clone(), alone: None, strategy, named: Vec::new() }
        }
    };
    let request = match (request, &args.service, services) {
        (Request::RollBackTo { commit, strategy, named, .. }, Some(_), [one]) => {
            Request::RollBackTo { commit, alone: Some(one.clone()), strategy, named }
        }
        (request, ..) => request,
    };
    planned(engine, lanes, env, request, None, output).await.map(|plan| Prepared::Plan(Box::new(plan)))
}

/// The deployments of the services, read now.
async fn lists(lanes: &mut Lanes, services: &[ServiceId], output: Output) -> Result<Lists, UserError> {
    let read = async {
        let mut lists = Lists::new();
        while lists.len() < services.len() {
            match lanes.control.recv().await? {
                Fact::Releases(id, list) if services.contains(&id) => drop(lists.insert(id, list)),
                // A refused token is refused again: waiting helps nobody.
                Fact::Feed(
                    FeedId::Releases(id),
                    FeedStatus { state: FeedState::Failing { why, denied: true, .. }, .. },
                ) if services.contains(&id) => {
                    return Some(Err(UserError::new(ExitCode::Auth, why.to_string()).now("nothing was changed")));
                }
                _ => {}
            }
        }
        Some(Ok(lists))
    };
    let late = || {
        UserError::new(output.late(), "the list of releases did not come in time")
            .now("nothing was changed")
            .hint("flightdeck status says which platform does not answer; --timeout waits longer")
    };
    tokio::time::timeout(output.limit(), read).await.ok().flatten().ok_or_else(late)?
}

/// What `--to` names.
enum Named<'a> {
    /// A release, and the deployments of it that were named by their label.
    Commit(Sha, Vec<(ServiceId, DeploymentId)>),
    Alone(&'a Deployment),
}

fn labelled<'a>(lists: &'a Lists, to: &'a str) -> impl Iterator<Item = &'a Deployment> + Clone {
    lists.values().flatten().filter(move |one| one.label.as_str() == to)
}

/// By the beginning of a commit, or by the label of one service, whose commit joins the others.
fn named<'a>(lists: &'a Lists, to: &'a str) -> Result<Named<'a>, UserError> {
    let labelled = labelled(lists, to);
    if let Some(first) = labelled.clone().next() {
        let same =
            |one: &Deployment| one.sha.as_ref().zip(first.sha.as_ref()).is_some_and(|(one, first)| one.same(first));
        if let Some(other) = labelled.clone().skip(1).find(|one| !same(one)) {
            let commit = |one: &Deployment| one.sha.as_ref().map_or("an unknown commit", Sha::short).to_owned();
            let text = format!(
                "{to} is {} of {} and {} of {}",
                commit(first),
                first.service.name,
                commit(other),
                other.service.name
            );
            let error = UserError::new(ExitCode::Usage, text).now("nothing was changed");
            return Err(error.hint("--to with the commit, or --service, names one of them"));
        }
        let named = labelled.map(|one| (one.service.clone(), one.id.clone())).collect();
        return Ok(first.sha.clone().map_or(Named::Alone(first), |sha| Named::Commit(sha, named)));
    }
    let is = |sha: &&Sha| to.len() >= 4 && sha.as_str().starts_with(&to.to_lowercase());
    let mut found = lists.values().flatten().filter_map(|one| one.sha.as_ref()).filter(is);
    // Of two writings of one commit the longer names it better.
    let first = found.next().cloned();
    let Some(mut commit) = first else {
        // A commit in full needs no list: the plan looks for it on the platforms.
        let whole = to.len() == 40 && to.bytes().all(|byte| byte.is_ascii_hexdigit());
        let commit = || Named::Commit(to.to_lowercase().into(), Vec::new());
        return if whole { Ok(commit()) } else { Err(unknown(lists, to)) };
    };
    for other in found {
        if !other.same(&commit) {
            let text = format!("{to} names several commits: {}, {}", commit.short(), other.short());
            return Err(UserError::new(ExitCode::Usage, text).now("nothing was changed"));
        }
        if other.as_str().len() > commit.as_str().len() {
            commit = other.clone();
        }
    }
    Ok(Named::Commit(commit, Vec::new()))
}

fn unknown(lists: &Lists, to: &str) -> UserError {
    let names: Vec<&str> = lists.keys().map(|id| &*id.name).collect();
    UserError::new(ExitCode::Usage, format!("no release of {} is {}", names.join(" and "), Text::clean(to)))
        .now("nothing was changed")
        .hint("flightdeck releases lists them; a commit in full is looked for beyond that list")
}

/// The candidates, with what this store knows of them.
async fn known(settings: &Settings, services: &[ServiceId], mut lists: Lists) -> Result<Vec<Choice>, UserError> {
    let read = async {
        let store = Store::open(settings.keep(), SystemClock::shared()).await?;
        tokio::try_join!(store.verified(), store.marks())
    };
    let (verified, marks) = read.await.map_err(|error| {
        UserError::new(ExitCode::Refused, format!("the verified releases could not be read: {error}"))
            .now("nothing was changed")
    })?;
    for one in lists.values_mut().flatten() {
        one.verified = Some(saw(&verified, &one.service, &one.id, one.sha.as_ref()));
        one.bad = one.sha.as_ref().and_then(|sha| Mark::of(&marks, sha)).map(|(_, mark)| mark.words().into());
    }
    let of = |id: &ServiceId| lists.get(id).map(Vec::as_slice).unwrap_or_default();
    Ok(candidates::choices(services, of, |one| one.current))
}

/// A candidate in one line. Where only some services run it, those are named by their deployment.
fn row(choice: &Choice) -> String {
    let label = |one: &Deployment| match one.current && !choice.live {
        true => format!("{} (live)", one.label),
        false => one.label.to_string(),
    };
    let labels: Vec<String> = choice.deployments.iter().map(label).collect();
    let live = if choice.live { "  LIVE" } else { "" };
    // The release row of a machine names an image; the build of a frontend has the commit's own words.
    let says = |image: bool| {
        let own = choice.deployments.iter().filter(move |one| one.image.is_some() == image);
        own.map(|one| one.message.as_str()).find(|text| !text.is_empty())
    };
    let message = says(false).or_else(|| says(true));
    let bad = choice.deployments.iter().find_map(|one| one.bad.as_ref());
    let bad = bad.map(|words| format!("  marked bad: {words}")).unwrap_or_default();
    format!("{}  {}  {}{live}{bad}\n", choice.sha.short(), labels.join(" "), message.unwrap_or_default())
}

/// Nothing was verified healthy: what there is, and what to do.
fn unverified(env: &EnvId, choices: &[Choice], json: bool) -> Result<ExitCode, UserError> {
    let text = if json {
        answers::line("candidates", Candidates { environment: env, rows: choices })
    } else {
        choices.iter().map(row).collect()
    };
    super::print(&text)?;
    let why = candidates::unproposed(choices).unwrap_or_default();
    let why = format!("{env} has no release to propose: {why}, as far as this store knows");
    let error = UserError::new(ExitCode::Inconclusive, why).now("nothing was changed");
    let error = error.hint("verified healthy = an open console saw it well for ten seconds, or an operation proved it: one reading is too little");
    Err(error.hint("--to <commit> chooses one of these by hand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::deployment;

    const ONE: &str = "9df49c2000000000000000000000000000000000";
    const OTHER: &str = "3e60eac000000000000000000000000000000000";

    #[test]
    fn a_candidate_tells_its_mark_and_which_of_its_deployments_are_live() {
        let (backend, frontend) = (ServiceId::new("production", "backend"), ServiceId::new("production", "frontend"));
        let mut deployments = vec![deployment(&backend, ONE, 9, true), deployment(&frontend, ONE, 1, false)];
        let half = Choice { sha: ONE.into(), deployments: deployments.clone(), lacks: Vec::new(), live: false };
        assert!(
            row(&half).contains(&format!("{} (live) {}  ", deployments[0].label, deployments[1].label)),
            "{}",
            row(&half)
        );
        assert!(!row(&half).contains("LIVE") && !row(&half).contains("marked"), "{}", row(&half));
        deployments[1].current = true;
        deployments[0].bad = Some("corrupts rows".into());
        let whole = row(&Choice { deployments, live: true, ..half });
        assert!(whole.ends_with("  LIVE  marked bad: corrupts rows\n") && !whole.contains("(live)"), "{whole}");
    }

    #[test]
    fn a_label_that_was_named_is_the_release_that_is_gone_to_and_no_other_of_its_commit() {
        let (api, web) = (ServiceId::new("production", "api"), ServiceId::new("production", "web"));
        let rows = |id: &ServiceId, all: &[(&str, u64)]| {
            all.iter().map(|(sha, number)| deployment(id, sha, *number, false)).collect::<Vec<_>>()
        };
        let mut lists = Lists::new();
        lists.insert(api.clone(), rows(&api, &[(ONE, 43), (OTHER, 42), (ONE, 41)]));
        lists.insert(web.clone(), rows(&web, &[(ONE, 7)]));
        let Ok(Named::Commit(commit, of)) = named(&lists, "v41") else { panic!("v41 is a release") };
        assert_eq!((commit.as_str(), of), (ONE, vec![(api, "9df49c2-41".into())]));
        let Ok(Named::Commit(_, of)) = named(&lists, "9df49c2") else { panic!("a commit") };
        assert_eq!(of, [], "of a commit the plan says which one it takes");
        // A number that two services have is no name of one release.
        lists.insert(web.clone(), rows(&web, &[(OTHER, 41)]));
        let Err(error) = named(&lists, "v41") else { panic!("it names two") };
        assert_eq!(error.code, ExitCode::Usage);
        assert!(error.to_string().contains("v41 is 9df49c2 of api and 3e60eac of web"), "{error}");
        // The same commit in both: both are named.
        lists.insert(web.clone(), rows(&web, &[(ONE, 41)]));
        let Ok(Named::Commit(_, of)) = named(&lists, "v41") else { panic!("one commit") };
        assert_eq!(of.len(), 2);
    }
}
