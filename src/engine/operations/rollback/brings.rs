//! What a plan that brings a commit somewhere has to show at its end, however the commit gets there.

use super::red;
use super::stays::{look, stays};
use crate::config::Settings;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::Sha;
use crate::domain::operation::{Act, Plan, PlanPart};
use crate::domain::proof::{Claim, Rest, Stays};
use crate::engine::feeds::Clients;
use crate::sanitize::Text;

/// What a plan that brings a commit to an environment has to show at its end: every service at the commit. A plan on the platforms
/// themselves has no part for those that are there already.
pub(in crate::engine) async fn brings(
    clients: &Clients,
    settings: &Settings,
    info: &EnvInfo,
    commit: &Sha,
    mut plan: Plan,
) -> Plan {
    let piped = plan.parts.iter().any(PlanPart::of_pipeline);
    for service in &info.services {
        let part = plan.parts.iter().find(|part| part.service == service.id);
        let rest = |state, words: String| Rest {
            service: service.id.clone(),
            state,
            sha: (state != Stays::NotMoved).then(|| commit.clone()),
            words: Text::from(words),
        };
        if !service.platform.has_releases() {
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
