//! The plan of a rollback. Every service of the environment is read anew, whatever the screen had: those that move, and those that stay
//! with why.

mod part;
pub(super) mod plan;
pub(super) mod since;

use futures_util::future::BoxFuture;

use crate::domain::spread::Spread;
use crate::engine::operations::{Ask, Plans, others};
use futures_util::future::join_all;

use self::part::{Aim, part};
use self::plan::{PartFacts, PlanFacts};
use crate::clock::Timestamp;
use crate::config::{ObserveSettings, Settings};
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::ids::{DeploymentId, EnvId, ServiceId, Sha};
use crate::domain::operation::{Act, Plan, Request, Target};
use crate::domain::proof::{Claim, Rest, Stays};
use crate::domain::strategy::Strategy;
use crate::domain::{live, spread};
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::past::{Past, absent, told};
use crate::platform::github::Comparison;
use crate::platform::{PlatformError, observe, probe};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) request: &'a Request,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move {
            let mut plan = roll_back(ask.clients, ask.settings, ask.env, self.request, ask.past, ask.now).await?;
            if !plan.parts.is_empty() {
                let (red, waits) = others::under_way(ask, &plan).await;
                plan.overrides.extend(red);
                plan.warnings.extend(waits);
            }
            Ok(plan)
        })
    }

    fn fell_short(&self, spread: Spread) -> &'static str {
        match spread {
            Spread::All => "is there and did not end well",
            _ => "did not go back",
        }
    }
}

/// What became of a service when it was read.
enum Found {
    /// It moves.
    Moves(Box<PartFacts>, Claim, Option<Text>),
    /// It stays, and what has to be seen of it at the end.
    Stays(Rest, Option<Claim>),
    /// It cannot go there.
    Cannot(Rest, Text),
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn roll_back(
    clients: &Clients,
    settings: &Settings,
    info: &EnvInfo,
    request: &Request,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let chosen = Chosen::of(request);
    if let Some(unknown) = chosen.unknown(info) {
        return Err(Text::from(format!("no service {unknown}")));
    }
    let read = join_all(info.services.iter().map(|service| found(clients, settings, info, (service, &chosen), past)));
    let (read, red) = tokio::join!(read, red(clients, settings, &info.id));
    let (mut parts, mut rest, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    let (mut refusals, mut warnings) = (Vec::new(), Vec::new());
    for found in read {
        match found? {
            Found::Moves(facts, claim, warning) => {
                parts.push(*facts);
                claims.push(claim);
                warnings.extend(warning);
            }
            Found::Stays(one, claim) => {
                rest.push(one);
                claims.extend(claim);
            }
            Found::Cannot(one, why) => {
                rest.push(one);
                refusals.push(why);
            }
        }
    }
    // Nothing is claimed of what was never reached: a plan of nothing but unread services is none.
    if claims.is_empty()
        && refusals.is_empty()
        && let Some(unread) = rest.iter().find(|one| one.state == Stays::Unread)
    {
        return Err(Text::from(format!("{}: {}", unread.service, unread.words)));
    }
    if parts.is_empty() && refusals.is_empty() && past.continues.is_none() {
        let says: Vec<String> = rest.iter().map(|one| format!("{} {}", one.service.name, one.words)).collect();
        refusals.push(Text::from(format!("nothing would move: {}", says.join("; "))));
    }
    let pair = parts.iter().find_map(|part| part.to.sha.clone().zip(part.from.1.clone()));
    let (between, told) = tokio::join!(between(clients, pair, &mut warnings), since::told(clients, info, &parts));
    let mut since = told.0;
    since.extend(between.iter().flat_map(since::migrations));
    warnings.extend(told.1);
    warnings.extend(apart(&parts, &rest));
    let nothing = parts.is_empty();
    let commits = if nothing { Some(Vec::new()) } else { between.map(|between| between.commits) };
    let facts = PlanFacts { env: info.clone(), parts, commits, since, unread: warnings };
    let mut plan = plan::plan(facts, now);
    plan.refusals.splice(0..0, refusals);
    // What is left of it is not what was asked for.
    Ok(Plan { request: request.clone(), rest, claims, red, ..plan })
}

/// What runs beside each other afterwards, where a service that was chosen alone leaves the others at another commit.
fn apart(parts: &[PartFacts], rest: &[Rest]) -> Option<Text> {
    let moved = parts.first().zip(parts.first()?.to.sha.as_ref());
    let (part, sha) = moved?;
    let others = rest.iter().filter(|one| one.state == Stays::Alone);
    let others = others.filter_map(|one| Some((one, one.sha.as_ref().filter(|of| !of.same(sha))?)));
    let others: Vec<String> = others.map(|(one, of)| format!("{} {}", one.service.name, of.short())).collect();
    let (env, name) = (&part.service.id.env, &part.service.id.name);
    (!others.is_empty())
        .then(|| Text::from(format!("{env} then runs two commits: {name} {}, {}", sha.short(), others.join(", "))))
}

/// What the person chose.
enum Chosen<'a> {
    Targets(&'a [Target]),
    Commit(&'a Sha, Option<&'a ServiceId>, &'a Strategy, &'a [(ServiceId, DeploymentId)]),
}

impl<'a> Chosen<'a> {
    fn of(request: &'a Request) -> Self {
        match request {
            Request::RollBackTo { commit, alone, strategy, named } => {
                Self::Commit(commit, alone.as_ref(), strategy, named)
            }
            Request::RollBack(targets) => Self::Targets(targets),
            _ => Self::Targets(&[]),
        }
    }

    /// A service that the environment has not.
    fn unknown(&self, info: &EnvInfo) -> Option<&ServiceId> {
        let there = |id: &&ServiceId| info.services.iter().all(|service| service.id != **id);
        match self {
            Self::Targets(targets) => targets.iter().map(|target| &target.service).find(there),
            Self::Commit(_, alone, ..) => alone.filter(there),
        }
    }

    /// Where a service is to go; `None` = another one was chosen alone.
    fn aim(&self, service: &ServiceInfo, past: &'a Past) -> Option<(Aim<'a>, Strategy)> {
        match self {
            Self::Targets(targets) => {
                let target = targets.iter().find(|target| target.service == service.id)?;
                Some((Aim::Deployment(&target.deployment), target.strategy.clone()))
            }
            Self::Commit(sha, alone, strategy, named) => {
                if alone.is_some_and(|alone| *alone != service.id) {
                    return None;
                }
                // After a crash it goes where it was going, whatever has come to be of the same commit since.
                let earlier = past.earlier.iter().flat_map(|one| &one.moves).find(|one| one.service == service.id);
                let earlier: Option<&DeploymentId> = earlier.map(|one| &one.to);
                let strategy =
                    if service.platform == Platform::Fly { (*strategy).clone() } else { Strategy::default() };
                let named = named.iter().find(|(of, _)| *of == service.id).map(|(_, deployment)| deployment);
                let aim = match named.filter(|_| earlier.is_none()) {
                    Some(deployment) => Aim::Deployment(deployment),
                    None => Aim::Commit(sha, earlier),
                };
                Some((aim, strategy))
            }
        }
    }
}

async fn found(
    clients: &Clients,
    settings: &Settings,
    info: &EnvInfo,
    (service, chosen): (&ServiceInfo, &Chosen<'_>),
    past: &Past,
) -> Result<Found, Text> {
    let rest = |state, sha: Option<Sha>, words: String| Rest {
        service: service.id.clone(),
        state,
        sha,
        words: Text::from(words),
    };
    if !matches!(service.platform, Platform::Fly | Platform::Vercel) {
        let words = match service.platform {
            Platform::Supabase => "schema and rows are never rolled back",
            _ => "it has no deployments of its own",
        };
        return Ok(Found::Stays(rest(Stays::NotMoved, None, words.to_owned()), None));
    }
    let rule = settings.observe.iter().find(|rule| rule.env == service.id.env && rule.service == service.id.name);
    let Some((aim, strategy)) = chosen.aim(service, past) else {
        let (live, seen) = tokio::join!(live(clients, service, info), look(clients, rule));
        return Ok(Found::Stays(alone(&rest, live, &seen), None));
    };
    let (read, seen) = tokio::join!(part(clients, service, info.tier, (&aim, &strategy), past), look(clients, rule));
    let mut facts = match read {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            let words = aim.words();
            let way = format!("{}: {words}; another service can be rolled back alone", service.id.name);
            return Ok(Found::Cannot(rest(Stays::NotMoved, None, words), Text::from(way)));
        }
        // Of what was named one by one nothing is left out; of a release, what can be read goes back.
        Err(error) if matches!(chosen, Chosen::Targets(_)) => return Err(told(error)),
        // What goes on with an operation leaves nothing of it behind: the next one would not know of it any more.
        Err(error) if past.earlier.iter().any(|one| one.concerns(&service.id)) => return Err(told(error)),
        Err(error) => {
            let words = format!("could not be read: {error}");
            return Ok(Found::Stays(rest(Stays::Unread, None, words), None));
        }
    };
    if past.saw(&facts.to) {
        facts.to.verified = Some(true);
    }
    let sha = facts.to.sha.clone();
    let claim = Claim {
        service: service.id.clone(),
        platform: service.platform,
        resource: Text::from(&*service.resource),
        sha: sha.clone(),
        image: facts.to.image.clone(),
        deployment: (service.platform == Platform::Vercel).then(|| facts.to.id.clone()),
    };
    if facts.already {
        let runs = facts.to.sha.as_ref().map_or_else(|| facts.to.label.to_string(), |sha| sha.short().to_owned());
        let (state, mut words) = stays(&runs, facts.to.sha.as_ref(), &seen);
        let prefix = format!("{}: ", service.id.name);
        for more in &facts.unread {
            words = format!("{words}; {}", more.as_str().trim_start_matches(&prefix));
        }
        return Ok(Found::Stays(rest(state, sha, words), Some(claim)));
    }
    let warning = match (&facts.declared, &seen) {
        (Some(declared), Look::Commit(seen)) if !seen.same(declared) => {
            let (declared, seen) = (declared.short(), seen.short());
            Some(Text::from(format!("{}: declared {declared}, observed {seen}: differ", service.id.name)))
        }
        _ => None,
    };
    Ok(Found::Moves(Box::new(facts), claim, warning))
}

/// What the edge of a service said just now.
enum Look {
    Commit(Sha),
    Challenged,
    NotConfigured,
    Failed(Text),
}

async fn look(clients: &Clients, rule: Option<&ObserveSettings>) -> Look {
    let Some(rule) = rule else { return Look::NotConfigured };
    match observe::ask(&clients.http, &rule.url, &rule.at).await {
        Ok(asked) if asked.challenged => Look::Challenged,
        Ok(asked) => match asked.sha {
            Some(sha) => Look::Commit(sha),
            None => Look::Failed(asked.why_not.unwrap_or_else(|| Text::from(format!("HTTP {}", asked.status)))),
        },
        Err(error) => Look::Failed(Text::from(error.to_string())),
    }
}

/// A service that is declared to be where it was to go.
fn stays(runs: &str, commit: Option<&Sha>, seen: &Look) -> (Stays, String) {
    match (seen, commit) {
        (Look::Commit(seen), Some(sha)) if seen.same(sha) => {
            (Stays::Already, format!("already runs {runs}: declared and observed"))
        }
        (Look::Commit(seen), _) => (Stays::Differs, format!("declared {runs}, observed {}: differ", seen.short())),
        (Look::Challenged, _) => (Stays::Already, format!("already runs {runs}: declared; not observed: attack mode")),
        (Look::NotConfigured, _) => {
            (Stays::Already, format!("already runs {runs}: declared; no way to observe it is configured"))
        }
        (Look::Failed(why), _) => (Stays::Unread, format!("declared {runs}; could not be observed: {why}")),
    }
}

/// A service beside the one that was chosen alone.
fn alone(
    rest: &impl Fn(Stays, Option<Sha>, String) -> Rest,
    live: Result<(Text, Option<Sha>), PlatformError>,
    seen: &Look,
) -> Rest {
    match (live, seen) {
        (Ok((label, sha)), seen) => {
            let commit = sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
            let observed = match (seen, &sha) {
                (Look::Commit(seen), Some(sha)) if seen.same(sha) => String::new(),
                (Look::Commit(seen), _) => format!(", observed {}: differ", seen.short()),
                (Look::Failed(why), _) => format!("; could not be observed: {why}"),
                (Look::Challenged, _) => "; not observed: attack mode".to_owned(),
                (Look::NotConfigured, _) => String::new(),
            };
            rest(Stays::Alone, sha, format!("left as it is: {label}{commit}{observed}"))
        }
        (Err(error), _) => rest(Stays::Alone, None, format!("left as it is; could not be read: {error}")),
    }
}

/// What is live of a service: label and commit. Machines of two commits are named as two.
async fn live(clients: &Clients, service: &ServiceInfo, info: &EnvInfo) -> Result<(Text, Option<Sha>), PlatformError> {
    match (service.platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => {
            let declared = fly.declared(&service.resource).await?;
            Ok(match live::fleet(&declared.instances) {
                Some((words, _)) => (Text::from(words), None),
                None => (declared.label, declared.sha),
            })
        }
        (Platform::Vercel, _, Some(vercel)) => {
            let project = vercel.project(&service.resource).await?;
            let target = vercel_target(&service.id.env, info.tier);
            let live = vercel.live(&project, &target).await?;
            let live = live.ok_or_else(|| absent(service, "nothing is live there"))?;
            let all = vercel.pointers(&project, &target).await?;
            // Domains at several places are never told as one.
            let pointer = DeploymentId::from(live.id.as_str());
            match spread::judged(spread::Live { deployment: &pointer, sha: live.sha.as_ref() }, &all) {
                Some((_, words)) => Ok((Text::from(words), None)),
                None => Ok((Text::from(live.id.as_str()), live.sha)),
            }
        }
        _ => Err(absent(service, "no client for this platform is configured")),
    }
}

/// What a plan that brings a commit to an environment has to show at its end: every service at the commit. A plan on the platforms
/// themselves has no part for those that are there already.
pub(in crate::engine) async fn brings(
    clients: &Clients,
    settings: &Settings,
    info: &EnvInfo,
    commit: &Sha,
    mut plan: Plan,
) -> Plan {
    let piped = plan.parts.iter().any(|part| part.platform == Platform::Github);
    for service in &info.services {
        let part = plan.parts.iter().find(|part| part.service == service.id);
        let rest = |state, words: String| Rest {
            service: service.id.clone(),
            state,
            sha: (state != Stays::NotMoved).then(|| commit.clone()),
            words: Text::from(words),
        };
        if !matches!(service.platform, Platform::Fly | Platform::Vercel) {
            let words = if piped { "only its workflow migrates the database" } else { "nothing is migrated by it" };
            plan.rest.push(rest(Stays::NotMoved, words.to_owned()));
            continue;
        }
        let image = part.and_then(|part| part.act.image().cloned());
        let built = part.filter(|part| matches!(part.act, Act::VercelPromote { .. })).map(|part| part.to_id.clone());
        plan.claims.push(Claim {
            service: service.id.clone(),
            platform: service.platform,
            resource: Text::from(&*service.resource),
            sha: Some(commit.clone()),
            image,
            deployment: built,
        });
        if part.is_none() && !piped {
            let rule = settings.observe.iter().find(|rule| rule.env == info.id && rule.service == service.id.name);
            let (state, words) = stays(commit.short(), Some(commit), &look(clients, rule).await);
            plan.rest.push(rest(state, words));
        }
    }
    plan.red = red(clients, settings, &info.id).await;
    plan
}

/// The probes of an environment that fail now.
async fn red(clients: &Clients, settings: &Settings, env: &EnvId) -> Vec<Text> {
    let own = settings.probes.iter().filter(|probe| probe.env == *env);
    let asked = join_all(own.map(|one| async {
        let sample = probe::probe(&clients.http, one).await;
        sample.failure.map(|_| Text::from(&*one.name))
    }));
    asked.await.into_iter().flatten().collect()
}

/// Commits that are live now and will not be.
async fn between(clients: &Clients, pair: Option<(Sha, Sha)>, unread: &mut Vec<Text>) -> Option<Comparison> {
    let (to, from) = pair?;
    let github = clients.github.as_ref()?;
    match github.compare(to.as_str(), from.as_str()).await {
        Ok(comparison) => {
            unread.extend(since::cut(&comparison, "go out"));
            Some(comparison)
        }
        Err(error) => {
            unread.push(Text::from(format!("commits going out are unknown: {error}")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_is_aimed_at_and_an_operation_that_was_cut_short_goes_where_it_was_going() {
        let service = |name: &str| ServiceInfo {
            id: ServiceId::new("production", name),
            platform: Platform::Fly,
            resource: "app".into(),
            url: None,
        };
        let named = vec![(ServiceId::new("production", "backend"), DeploymentId::from("row-v41"))];
        let request =
            Request::RollBackTo { commit: "9df49c2".into(), alone: None, strategy: Strategy::default(), named };
        let (chosen, past) = (Chosen::of(&request), Past::default());
        let aim = |name: &str, past| match chosen.aim(&service(name), past) {
            Some((Aim::Deployment(id), _)) => id.as_str().to_owned(),
            Some((Aim::Commit(_, earlier), _)) => format!("of the commit {}", earlier.map_or("", |id| id.as_str())),
            None => String::new(),
        };
        assert_eq!(aim("backend", &past), "row-v41", "and never another one of its commit");
        assert_eq!(aim("worker", &past), "of the commit ");
    }
}
