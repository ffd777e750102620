//! What others do where an operation is planned: deploys that are under way, and what was moved by somebody else since an operation that
//! is taken up again began.

pub(super) mod told;

use futures_util::future::join_all;

use self::told::minute;
use super::{Ask, steps};
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::operation::{Operation, Plan};
use crate::domain::overrides::Override;
use crate::domain::pipeline::Run;
use crate::domain::run_state::RunState;
use crate::engine::feeds::Clients;
use crate::sanitize::Text;

/// Runs among which those are looked for that are under way; all older ones that are not over are read beside them.
const RUNS: u32 = 100;

/// The deploys that are under way where a plan moves something: each needs a reason. What waits for a person is told beside them.
pub(in crate::engine) async fn under_way(ask: Ask<'_>, plan: &Plan) -> (Vec<Override>, Vec<Text>) {
    let own: Vec<&ServiceInfo> =
        ask.env.services.iter().filter(|info| plan.parts.iter().any(|part| part.service == info.id)).collect();
    let (runs, releases) = tokio::join!(runs(ask), join_all(own.into_iter().map(|info| release(ask, info))));
    let (mut red, told) = runs;
    red.extend(releases.into_iter().flatten());
    (red, told)
}

/// The runs of the workflow that deploys the environment.
async fn runs(ask: Ask<'_>) -> (Vec<Override>, Vec<Text>) {
    let Ask { clients, settings, env, past, .. } = ask;
    let workflow = settings.workflows.iter().find(|one| one.env == env.id);
    let (Some(github), Some(workflow)) = (&clients.github, workflow) else { return Default::default() };
    let asks = format!("no run deploys {}", env.id);
    let found = match github.current(RUNS).await {
        Ok(found) => found,
        Err(error) => return (vec![gate(asks, format!("the runs could not be read: {error}"))], Vec::new()),
    };
    let follows = past.earlier.as_ref().and_then(|earlier| earlier.follows.as_ref());
    let own = |run: &&Run| follows.is_some_and(|id| id.as_str() == run.id.to_string());
    let open: Vec<&Run> =
        found.iter().filter(|run| !run.over() && run.may_be_of(&workflow.file) && !own(run)).collect();
    let waits = |run: &&&Run| matches!(run.state, RunState::Gated | RunState::NeedsPerson);
    let moving: Vec<String> = open.iter().filter(|run| !waits(run)).map(|run| named(run)).collect();
    let told = open.iter().filter(waits).map(|run| {
        let may = if run.placeless() { "may deploy" } else { "deploys" };
        Text::from(format!("{}: once it is approved it {may} {} again", named(run), env.id))
    });
    let red = (!moving.is_empty()).then(|| gate(asks, moving.join(", ")));
    (red.into_iter().collect(), told.collect())
}

/// `Deploy production #137 in_progress, by ines since 2026-11-28 14:02Z`, and that nothing tells whether it deploys here.
fn named(run: &Run) -> String {
    let since = run.started_at.or(run.created_at).map_or_else(String::new, |at| format!(" since {}", minute(at)));
    let untold = if run.placeless() { ": its workflow's file is not told" } else { "" };
    format!("{} {}, by {}{since}{untold}", run.name(), run.words, run.actor)
}

fn gate(asks: String, says: String) -> Override {
    Override::Others { asks: Text::from(asks), says: Text::from(says) }
}

/// The release or the build of a service that is under way.
async fn release(ask: Ask<'_>, info: &ServiceInfo) -> Option<Override> {
    let host = steps::host(ask.clients, info.platform);
    let found = host.releases()?.under_way(info, ask.env.tier, ask.past.earlier.as_ref()).await;
    let asks = format!("no deploy of {} is under way", info.id.name);
    match found {
        Ok(says) => says.map(|says| gate(asks, says)),
        Err(error) => Some(gate(asks, format!("it could not be read: {error}"))),
    }
}

/// What somebody else has moved since an operation began, service by service: going on with it would take that away.
pub(in crate::engine) async fn moved_since(clients: &Clients, env: &EnvInfo, earlier: &Operation) -> Vec<Override> {
    let own = env.services.iter().filter(|info| earlier.concerns(&info.id) || earlier.commit.is_some());
    let found = join_all(own.map(|info| async {
        let host = steps::host(clients, info.platform);
        let found = host.releases()?.moved_since(info, env.tier, earlier).await;
        let asks = format!("nobody else has moved {} since this operation began", info.id.name);
        match found {
            Ok(says) => says.map(|says| gate(asks, says)),
            Err(error) => Some(gate(asks, format!("it could not be read: {error}"))),
        }
    }));
    found.await.into_iter().flatten().collect()
}
