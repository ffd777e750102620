//! Plans of what is done through the pipeline: a promotion, the answer to a gate, the end of a run.

pub(super) mod answer;
pub(super) mod cancel;
pub(super) mod lane;
pub(super) mod rerun;

use super::Ask;
use super::operator::Operator;
use super::revisions::Revisions;
use super::rollback;
use super::rollback::since;
use crate::config::Settings;
use crate::domain::confirmation::Level;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::operation::{Act, PIPELINE, Plan, PlanPart, PlanStep, Request};
use crate::domain::pipeline::Run;
use crate::domain::release::{Commit, Presence};
use crate::engine::feeds::Clients;
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::platform::observe;
use crate::sanitize::Text;

/// The client of the pipeline.
pub(in crate::engine) fn github(ask: Ask<'_>) -> Result<&Github, Text> {
    ask.clients.github.as_ref().ok_or_else(|| Text::from("GitHub is not configured: set repository"))
}

/// The attempt of a run that a part was computed on, as it is now.
pub(in crate::engine) async fn attempt(operator: &Operator, part: &PlanPart) -> Result<Revisions, PlatformError> {
    let (Some(github), Ok(id)) = (&operator.clients.github, part.to_id.as_str().parse()) else {
        return Ok(Vec::new());
    };
    let run = github.run(id).await?;
    Ok(vec![(Text::from("attempt"), Text::from(run.number.1.to_string()))])
}

/// Makes a plan of a draft.
pub(in crate::engine) async fn plan(
    ask: Ask<'_>,
    request: Request,
    draft: Draft,
    refusals: Vec<Text>,
) -> Result<Plan, Text> {
    let Ask { clients, settings, env, now, .. } = ask;
    let github = github(ask)?;
    let Draft { part, mut warnings, stays, level, arrived } = draft;
    let live = observed(clients, settings, &env.id).await;
    let commits = match (&live, &part.to.1, request.kind().ships()) {
        (Some(live), Some(to), true) => ships(github, live, to, &mut warnings).await,
        _ => None,
    };
    let commit = part.to.1.clone().filter(|_| request.kind().gated());
    let plan = Plan {
        level,
        commits_out: commits,
        stays,
        refusals,
        warnings,
        arrived,
        ..Plan::of(request, env.id.clone(), vec![part], now)
    };
    Ok(match commit {
        Some(commit) => rollback::brings(clients, settings, env, &commit, plan).await,
        None => plan,
    })
}

/// What one kind of request makes of itself; the rest of the plan is the same for all.
pub(in crate::engine) struct Draft {
    pub(in crate::engine) part: PlanPart,
    pub(in crate::engine) warnings: Vec<Text>,
    pub(in crate::engine) stays: Vec<Text>,
    /// What is asked at least.
    pub(in crate::engine) level: Level,
    /// It is so already, and how that was seen.
    pub(in crate::engine) arrived: Option<Text>,
}

impl Draft {
    pub(in crate::engine) fn of(part: PlanPart, warnings: Vec<Text>, stays: Vec<Text>) -> Self {
        Self { part, warnings, stays, level: Level::Moderate, arrived: None }
    }

    /// Nothing is left to do: it was seen to be so.
    pub(in crate::engine) fn arrived(part: PlanPart, why: String) -> Self {
        Self { arrived: Some(Text::from(why)), ..Self::of(part, Vec::new(), Vec::new()) }
    }
}

pub(in crate::engine) fn part(
    env: &EnvInfo,
    run: Option<&Run>,
    to: (Text, Option<Sha>),
    act: Act,
    steps: Vec<PlanStep>,
) -> PlanPart {
    let from = run.map_or_else(Text::default, |run| run.words.clone());
    let id = run.map(|run| run.id.to_string()).unwrap_or_default();
    // Another attempt of the run is another run.
    let revisions = run.map(|run| (Text::from("attempt"), Text::from(run.number.1.to_string()))).into_iter().collect();
    PlanPart {
        service: ServiceId::new(env.id.clone(), PIPELINE),
        platform: Platform::Github,
        resource: run.map_or_else(Text::default, |run| Text::from(run.name())),
        from: (from, None),
        from_id: None,
        to,
        to_id: id.into(),
        act,
        revisions,
        presence: Presence::Unknown,
        steps,
    }
}

/// The one commit that every observed service of an environment answers with.
pub(in crate::engine) async fn observed(clients: &Clients, settings: &Settings, env: &EnvId) -> Option<Sha> {
    let rules = settings.observe.iter().filter(|rule| rule.env == *env);
    let seen = futures_util::future::join_all(rules.map(|rule| observe::observe(&clients.http, rule))).await;
    let mut all = seen.into_iter().map(|seen| seen.ok()?.sha).collect::<Option<Vec<Sha>>>()?.into_iter();
    let first = all.next()?;
    // Edges cut commits; the longest says most.
    let mut longest = first.clone();
    for sha in all {
        if !sha.same(&first) {
            return None;
        }
        longest = if sha.as_str().len() > longest.as_str().len() { sha } else { longest };
    }
    Some(longest)
}

pub(in crate::engine) async fn ships(
    github: &Github,
    live: &Sha,
    to: &Sha,
    warnings: &mut Vec<Text>,
) -> Option<Vec<Commit>> {
    match github.compare(live.as_str(), to.as_str()).await {
        Ok(comparison) => {
            if comparison.behind_by > 0 {
                let lacks = match comparison.behind_by {
                    1 => "1 commit that is".to_owned(),
                    more => format!("{more} commits that are"),
                };
                warnings.push(Text::from(format!("it lacks {lacks} live now")));
            }
            warnings.extend(since::cut(&comparison, "ship"));
            Some(comparison.commits)
        }
        Err(error) => {
            warnings.push(Text::from(format!("commits that ship are unknown: {error}")));
            None
        }
    }
}
