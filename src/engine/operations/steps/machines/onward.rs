//! How the machines of an app go on to a commit: those that do not run the image of staging yet get it.

use crate::domain::environment::{ServiceInfo, Status};
use crate::domain::ids::Sha;
use crate::domain::release::Deployment;
use crate::engine::operations::past::{Past, not_before, told};
use crate::engine::operations::steps::fleet::{Fleet, fleet, label, rolled, version};
use crate::engine::operations::steps::releases::{Onward, OnwardStep};
use crate::platform::fly::Fly;
use crate::sanitize::Text;

/// The image that staging runs, for the machines that do not run it yet.
pub(super) async fn step(
    fly: &Fly,
    Onward { from: (_, twin), to: (_, info), commit, past }: Onward<'_>,
) -> Result<OnwardStep, Text> {
    let (staging, all) = tokio::try_join!(fleet(fly, twin), fleet(fly, info))?;
    let source = source(fly, (info, twin), &staging, commit, past).await?;
    let mut fleet = all.whole.clone();
    fleet.retain(|machine| machine.digest.as_ref() != Some(&source.digest) && !all.held(machine));
    let listed = fly.deployments(&info.resource, &info.id, std::time::Duration::ZERO).await.map_err(told)?;
    let row = past.earlier.as_ref().and_then(|earlier| {
        let own = |one: &&Deployment| {
            not_before(one.created_at, fly.ahead(), earlier.started_at) && one.image.as_ref() == Some(&source.image)
        };
        listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version)
    });
    if fleet.is_empty() && row.is_none() {
        return match all.part() {
            None => Ok(OnwardStep::default()),
            Some(part) => {
                Err(Text::from(format!("{}: every machine that can be read runs it already: {part}", info.id)))
            }
        };
    }
    let mut part = rolled(info, &all, &fleet, (source.image, row), ("the image of staging", false));
    part.from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    part.to = source.label;
    part.to.0 = Text::from(format!("staging's {}", part.to.0));
    let mut warnings = all.warnings(&info.id.name);
    warnings.extend(all.out_of_the_proxy(&info.id.name));
    Ok(OnwardStep { part: Some(part), warnings, pinned: false })
}

/// An image of a commit, where it was found.
struct Source {
    image: Text,
    digest: Text,
    label: (Text, Option<Sha>),
}

/// The image of a commit: what a machine of staging runs; for an operation that was cut short also what a release of the app itself or of
/// staging names, because staging may have gone on.
async fn source(
    fly: &Fly,
    (info, twin): (&ServiceInfo, &ServiceInfo),
    staging: &Fleet,
    commit: &Sha,
    past: &Past,
) -> Result<Source, Text> {
    let of = |sha: Option<&Sha>| sha.is_some_and(|sha| sha.same(commit));
    let runs = staging.live().into_iter().chain(&staging.whole).find(|machine| of(machine.sha.as_ref()));
    if let Some(machine) = runs {
        let digest = machine.digest.clone().ok_or_else(|| {
            let text = format!(
                "machine {} of {} does not tell the digest of its image: what runs it already is not known",
                machine.id, twin.id
            );
            Text::from(text)
        })?;
        return Ok(Source { image: machine.image.clone(), digest, label: label(machine) });
    }
    for app in [info, twin].into_iter().filter(|_| past.earlier.is_some()) {
        let listed = fly.deployments(&app.resource, &app.id, std::time::Duration::ZERO).await.map_err(told)?;
        for row in listed.iter().filter(|row| of(row.sha.as_ref())) {
            let Some(image) = &row.image else { continue };
            let there = fly.image(&app.resource, image.as_str()).await.map_err(told)?;
            if let Some(digest) = there.filter(|digest| !digest.is_empty()) {
                return Ok(Source { image: image.clone(), digest, label: (row.label.clone(), row.sha.clone()) });
            }
        }
    }
    Err(Text::from(format!("no machine of {} runs {}", twin.id, commit.short())))
}
