//! The plan of a rollback. Every service of the environment is read anew, whatever the screen had: those that move, and those that stay
//! with why.

pub(super) mod aim;
mod brings;
mod choice;
pub(super) mod plan;
pub(super) mod since;
mod stays;

use futures_util::future::BoxFuture;

use crate::domain::spread::Spread;
use crate::engine::operations::{Ask, Plans};
use futures_util::future::join_all;

pub(in crate::engine) use self::brings::brings;
use self::choice::Chosen;
use self::plan::{PartFacts, PlanFacts};
use self::stays::{Look, alone, look, stays};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::ids::{EnvId, Sha};
use crate::domain::operation::{Plan, Request};
use crate::domain::proof::{Claim, Rest, Stays};
use crate::engine::feeds::Clients;
use crate::engine::operations::past::{Past, absent, told};
use crate::engine::operations::steps;
use crate::engine::operations::steps::releases::Way;
use crate::platform::github::Comparison;
use crate::platform::probe;
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) request: &'a Request,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move { roll_back(ask.clients, ask.settings, ask.env, self.request, ask.past, ask.now).await })
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
    let (between, told, applied) = tokio::join!(
        between(clients, pair, &mut warnings),
        since::told(clients, info, &parts),
        since::applied(clients, info)
    );
    let mut since = told.0;
    since.extend(between.iter().flat_map(|between| since::migrations(between, &applied)));
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
    let host = steps::host(clients, service.platform);
    if !service.platform.has_releases() {
        return Ok(Found::Stays(rest(Stays::NotMoved, None, host.stays().to_owned()), None));
    }
    let releases = host.releases().ok_or_else(|| absent(service, "no client for this platform is configured"));
    let rule = settings.observe.iter().find(|rule| rule.env == service.id.env && rule.service == service.id.name);
    let Some((aim, strategy)) = chosen.aim(service, past) else {
        let live = async { releases?.live(service, info.tier).await };
        let (live, seen) = tokio::join!(live, look(clients, rule));
        return Ok(Found::Stays(alone(&rest, live, &seen), None));
    };
    let way = Way { aim: &aim, strategy: &strategy, past };
    let read = async { releases?.back(service, info.tier, way).await };
    let (read, seen) = tokio::join!(read, look(clients, rule));
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
        deployment: facts.claimed.clone(),
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
            unread.extend(since::cut(&comparison, "leave"));
            Some(comparison)
        }
        Err(error) => {
            unread.push(Text::from(format!("commits going out are unknown: {error}")));
            None
        }
    }
}
