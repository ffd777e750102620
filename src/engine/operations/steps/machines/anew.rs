//! The machines of an app deployed anew.

use crate::domain::environment::{ServiceInfo, Status};
use crate::domain::operation::{Act, Plan, Request};
use crate::domain::release::{Deployment, Presence};
use crate::engine::operations::Ask;
use crate::engine::operations::others::told::replaced;
use crate::engine::operations::past::{not_before, told};
use crate::engine::operations::steps::fleet::{fleet, label, part, rolled, version};
use crate::platform::fly::{Fly, Machine};
use crate::sanitize::Text;

/// A release with the image that runs, so that secrets set since are taken up (docs/platforms/fly.md section 9).
pub(super) async fn plan(fly: &Fly, ask: Ask<'_>, info: &ServiceInfo) -> Result<Plan, Text> {
    let Ask { env, past, now, .. } = ask;
    let service = &info.id;
    let all = fleet(fly, info).await?;
    let mut fleet: Vec<_> = all.whole.iter().filter(|machine| !all.held(machine)).cloned().collect();
    // What visitors get is deployed anew.
    let live = all.live().or(fleet.first());
    let (carries, sha) = live.map(label).unwrap_or_default();
    let at = live.and_then(|machine| machine.updated_at);
    if let Some(why) = replaced(info, (carries.as_str(), sha.as_ref()), at, past.earlier.as_ref()) {
        return Err(why);
    }
    let image = live.map(|machine| machine.image.clone()).unwrap_or_default();
    let there = fly.image(&info.resource, image.as_str()).await.map_err(told)?;
    let mut row = None;
    if let Some(earlier) = &past.earlier {
        let listed = fly.deployments(&info.resource, service, std::time::Duration::ZERO).await.map_err(told)?;
        let own = |one: &&Deployment| {
            not_before(one.created_at, fly.ahead(), earlier.started_at) && one.image.as_ref() == Some(&image)
        };
        row = listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version);
        let newest = listed.iter().find(own).and_then(version).map(|(_, version)| version);
        let newer = |machine: &Machine| newest.is_some() && machine.release_version == newest;
        // Where its row was closed meanwhile another release is recorded, which every machine has to be of.
        if row.is_some() || fleet.iter().all(newer) {
            fleet.retain(|machine| !newer(machine));
        }
        if fleet.is_empty() && row.is_none() {
            if let Some(part) = all.part() {
                let text = format!("{service}: every machine that can be read is of the new release already: {part}");
                return Err(Text::from(text));
            }
            // Nothing is sent any more: the edge is asked, and the end written down.
            let part = part(info, &all, Act::FlyRestart { machines: Vec::new() }, Vec::new());
            let stays = vec![Text::from("every machine is of the new release already: only the edge is asked")];
            let request = Request::Redeploy(service.clone());
            return Ok(Plan { stays, ..Plan::of(request, env.id.clone(), vec![part], now) });
        }
    }
    // The image is the same, the release is another one, whose number the platform gives.
    let label =
        row.as_ref().map_or_else(|| Text::from("new release"), |(_, version)| Text::from(format!("v{version}")));
    let mut part = rolled(info, &all, &fleet, (image, row), ("the image that runs", true));
    part.to.0 = label;
    part.presence = if there.is_some() { Presence::There } else { Presence::Gone };
    let gone =
        there.is_none().then(|| Text::from(format!("{}: the image that runs is gone from the registry", info.id)));
    Ok(Plan {
        stays: vec![Text::from("image and machine settings")],
        refusals: gone.into_iter().collect(),
        warnings: all
            .warnings(&info.id.name)
            .into_iter()
            .chain(all.out_of_the_proxy(&info.id.name))
            .chain([Text::from("secrets that were set since the last release take effect on every machine")])
            .collect(),
        ..Plan::of(Request::Redeploy(service.clone()), env.id.clone(), vec![part], now)
    })
}
