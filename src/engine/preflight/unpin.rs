//! Letting new builds of a frontend go live by themselves again, which a rollback has switched off (vercel.md section 6).

use super::Past;
use crate::clock::SharedClock;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::ids::{OpId, ServiceId};
use crate::domain::operation::{Act, OpKind, Plan, PlanPart};
use crate::domain::release::Presence;
use crate::engine::feeds::Clients;
use crate::engine::plan;
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// Computes the plan, or says why there can be none.
pub(super) async fn plan(
    clients: &Clients,
    clock: &SharedClock,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
) -> Result<Plan, Text> {
    let info = env.services.iter().find(|one| one.id == *service && one.platform == Platform::Vercel);
    let (Some(info), Some(vercel)) = (info, &clients.vercel) else {
        return Err(Text::from(format!("{service} is nothing that could be pinned")));
    };
    let told = |error: PlatformError| Text::from(format!("{error}. {}", error.advice()));
    let project = vercel.project(&info.resource).await.map_err(told)?;
    let mut refusals: Vec<Text> = env.read_only().into_iter().collect();
    if project.auto_assign {
        refusals.push(Text::from(format!("{service} is not pinned")));
    }
    let live = project.production.as_ref();
    let label = Text::from(live.map_or("no deployment", |live| live.id.as_str()));
    let part = PlanPart {
        service: service.clone(),
        platform: Platform::Vercel,
        resource: Text::from(&*info.resource),
        from: (Text::from("pinned"), None),
        from_id: None,
        to: (Text::from("follows new builds"), None),
        to_id: String::new().into(),
        act: Act::VercelUnpin,
        revisions: live.map(|live| (Text::from("production"), Text::from(live.id.as_str()))).into_iter().collect(),
        presence: Presence::Unknown,
        steps: vec![Text::from("switch automatic domains on, and see that they are")],
    };
    Ok(Plan {
        op: OpId(uuid::Uuid::now_v7()),
        kind: OpKind::Unpin,
        env: env.id.clone(),
        parts: vec![part],
        commits_out: None,
        stays: vec![Text::from(format!("what is live: {label} serves until the next build"))],
        refusals,
        overrides: Vec::new(),
        warnings: vec![Text::from("the next production build goes live by itself; builds that are staged stay so")],
        expected: plan::usual(past.durations.clone()),
        computed_at: clock.now(),
        continues: None,
    })
}
