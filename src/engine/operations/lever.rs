//! Plans for the switches of a frontend: un-pin, pause, challenge, and the stages of a rolling release (docs/platforms/vercel.md
//! sections 6, 10 and 11). Each is one call, seen to have taken.

pub(super) mod perform;

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, Tier};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::names;
use crate::domain::operation::{Act, Operation, Plan, PlanPart, ProjectSwitch, Request, StepKind};
use crate::domain::release::Presence;
use crate::engine::feeds::Clients;
use crate::engine::operations::past::{Past, told};
use crate::engine::operations::{Ask, Plans};
use crate::platform::vercel::{RollingRelease, Vercel, VercelProject};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
    pub(in crate::engine) lever: &'a ProjectSwitch,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask.clients, ask.env, (self.service, self.lever), ask.past, ask.now))
    }
}

/// What was read for a switch.
struct Seen {
    project: VercelProject,
    rolling: Option<RollingRelease>,
    /// The commit of the deployment that visitors would get: the new one, or after an end without it the old one.
    commit: Option<Sha>,
}

/// What a switch does, in words.
struct Effect {
    from: String,
    to: String,
    step: &'static str,
    stays: String,
    warning: String,
    /// It is so already, and what is seen of it.
    arrived: Option<String>,
    /// Why it cannot be thrown.
    refusal: Option<String>,
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    (service, lever): (&ServiceId, &ProjectSwitch),
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let info = env.services.iter().find(|one| one.id == *service && one.platform.has_frontends());
    let (Some(info), Some(vercel)) = (info, &clients.vercel) else {
        return Err(Text::from(format!("{service} is not a frontend on Vercel: it cannot be {}", lever.kind().done())));
    };
    // The switches are the project's: of its custom environments none has its own.
    if env.tier != Tier::Production {
        return Err(Text::from(format!("this acts on the whole project: select {} in production", service.name)));
    }
    let seen = seen(vercel, &info.resource, lever).await?;
    let lever = &named(lever, seen.rolling.as_ref());
    let mut effect = effect(&seen, lever, service);
    if let (true, None, Some(earlier)) = (stages(lever), &seen.rolling, &past.earlier) {
        (effect.arrived, effect.refusal) = ended(&seen.project, lever, earlier);
    }
    let part = PlanPart {
        service: service.clone(),
        platform: Platform::Vercel,
        resource: Text::from(&*info.resource),
        from: (Text::from(effect.from), None),
        from_id: None,
        to: (Text::from(effect.to), seen.commit.clone()),
        to_id: lasts(seen.rolling.as_ref(), lever).into(),
        act: Act::VercelSwitch(lever.clone()),
        revisions: revisions(&seen.project, seen.rolling.as_ref(), lever),
        presence: Presence::Unknown,
        steps: vec![StepKind::Throw.step(effect.step)],
    };
    Ok(Plan {
        stays: vec![Text::from(effect.stays)],
        refusals: effect.refusal.map(Text::from).into_iter().collect(),
        arrived: effect.arrived.map(Text::from),
        warnings: Some(effect.warning).filter(|text| !text.is_empty()).map(Text::from).into_iter().collect(),
        ..Plan::of(Request::Throw(service.clone(), lever.clone()), env.id.clone(), vec![part], now)
    })
}

/// The deployment that everybody gets by the end of a rolling release, where a switch may bring that.
fn lasts<'a>(rolling: Option<&'a RollingRelease>, lever: &ProjectSwitch) -> &'a str {
    match (rolling, lever) {
        (Some(one), ProjectSwitch::Advance(_) | ProjectSwitch::Complete) => &one.canary,
        (Some(one), ProjectSwitch::Abort) => &one.current,
        _ => "",
    }
}

/// What became of a rolling release that an operation cut short was about, and that is over: it was brought there, or it was not.
fn ended(project: &VercelProject, lever: &ProjectSwitch, earlier: &Operation) -> (Option<String>, Option<String>) {
    let live = project.production.as_ref().map_or("", |live| live.id.as_str());
    let wanted = match lever {
        // Not begun: it may be begun.
        ProjectSwitch::RollOut(id) if id.as_str() != live && !earlier.sent() => return (None, None),
        ProjectSwitch::RollOut(id) => id.as_str(),
        _ => earlier.follows.as_ref().map_or("", Text::as_str),
    };
    match (wanted, live) {
        ("", _) => {
            let text =
                "no rolling release is under way, and which one was meant is not known: leave the operation as it is";
            (None, Some(text.to_owned()))
        }
        (wanted, live) if wanted == live => {
            (Some(format!("no rolling release is under way: everybody gets {live}")), None)
        }
        (wanted, live) => {
            let live = if live.is_empty() { "no deployment" } else { live };
            let text = format!(
                "the rolling release is over, and everybody gets {live}, not {wanted}: leave the operation as it is"
            );
            (None, Some(text))
        }
    }
}

/// The stage that is meant by the next one.
fn named(lever: &ProjectSwitch, rolling: Option<&RollingRelease>) -> ProjectSwitch {
    match lever {
        ProjectSwitch::Advance(None) => ProjectSwitch::Advance(rolling.and_then(|one| Some(one.next?.0))),
        other => other.clone(),
    }
}

/// What must still hold when the switch is thrown: what is live, and where a rolling release stands.
pub(in crate::engine) fn revisions(
    project: &VercelProject,
    rolling: Option<&RollingRelease>,
    lever: &ProjectSwitch,
) -> Vec<(Text, Text)> {
    let live = project.production.as_ref();
    let live = live.map(|live| (Text::from("production"), Text::from(live.id.as_str())));
    let stage = rolling.map(|one| (Text::from("stage"), Text::from(format!("{} {}", one.canary, one.stage))));
    live.into_iter().chain(stage.filter(|_| stages(lever))).collect()
}

/// Whether it is about a rolling release.
pub(in crate::engine) fn stages(lever: &ProjectSwitch) -> bool {
    matches!(
        lever,
        ProjectSwitch::RollOut(_) | ProjectSwitch::Advance(_) | ProjectSwitch::Complete | ProjectSwitch::Abort
    )
}

async fn seen(vercel: &Vercel, resource: &str, lever: &ProjectSwitch) -> Result<Seen, Text> {
    let project = vercel.project(resource).await.map_err(told)?;
    let rolling = if stages(lever) { vercel.rolling_release(resource).await.map_err(told)? } else { None };
    let arrives = match (lever, &rolling) {
        (ProjectSwitch::Complete, Some(one)) => Some(one.canary.as_str()),
        (ProjectSwitch::Abort, Some(one)) => Some(one.current.as_str()),
        _ => None,
    };
    let commit = match arrives {
        Some(id) => vercel.deployment(id).await.map_err(told)?.sha,
        None => None,
    };
    Ok(Seen { project, rolling, commit })
}

fn effect(seen: &Seen, lever: &ProjectSwitch, service: &ServiceId) -> Effect {
    let (project, live) = (&seen.project, seen.project.production.as_ref());
    let live = live.map_or("no deployment", |live| live.id.as_str());
    let refused = |already: bool, why: &str| already.then(|| why.to_owned());
    let switch = |from: &str, to: &str, step, stays: String, warning: &str, arrived| Effect {
        from: from.to_owned(),
        to: to.to_owned(),
        step,
        stays,
        warning: warning.to_owned(),
        arrived,
        refusal: None,
    };
    match lever {
        ProjectSwitch::Unpin => switch(
            "pinned",
            "follows new builds",
            "switch automatic domains on, and see that they are",
            format!("what is live: {live} serves until the next build"),
            "the next production build goes live by itself; builds that are staged stay so",
            refused(project.auto_assign, "it is not pinned"),
        ),
        ProjectSwitch::Pause => switch(
            "serving",
            "paused",
            "pause the project, and see that it is",
            format!("domains and {live}: it serves again after a resume"),
            "EVERY visitor gets 503 until it is resumed; new builds do not go live by themselves",
            refused(project.paused, "it is paused already"),
        ),
        ProjectSwitch::Resume => switch(
            "paused",
            "serving",
            "resume the project, and see that it is",
            format!("what is live: {live}"),
            "it stays pinned where automatic domains were switched off: unpin it afterwards",
            refused(!project.paused, "it is not paused"),
        ),
        ProjectSwitch::Challenge => switch(
            "open",
            "challenged",
            "switch attack mode on for an hour, and see that it is",
            format!("what is live: {live}"),
            "EVERY visitor is challenged for an hour; programs that call the site are turned away",
            refused(project.challenged, "its visitors are challenged already"),
        ),
        ProjectSwitch::Unchallenge => switch(
            "challenged",
            "open",
            "switch attack mode off, and see that it is",
            format!("what is live: {live}"),
            "visitors are not challenged any more",
            refused(!project.challenged, "its visitors are not challenged"),
        ),
        _ => rolling(seen, lever, live, service),
    }
}

/// What a switch of rolling releases does where none is under way: one is started, or nothing is sent.
fn none_under_way(lever: &ProjectSwitch, live: &str, service: &ServiceId) -> Effect {
    let effect = |to: String, step, stays: String, warning: &str, refusal| Effect {
        from: live.to_owned(),
        to,
        step,
        stays,
        warning: warning.to_owned(),
        arrived: None,
        refusal,
    };
    if let ProjectSwitch::RollOut(id) = lever {
        return effect(
            format!("{id} for a part of the visitors"),
            "start the rolling release, and see its first stage",
            format!("{live} for the other visitors"),
            &format!(
                "the stages are those of the project's configuration; {} gives everybody the old one back",
                names::command("rolling abort", service)
            ),
            (id.as_str() == live).then(|| format!("everybody gets {live} already")),
        );
    }
    let start = names::command("rolling start", service);
    effect(
        live.to_owned(),
        "nothing is sent",
        format!("{live} for every visitor"),
        "",
        Some(format!(
            "no rolling release is under way: every visitor gets {live}; begin one with a deployment that is ready: {start} --deployment \
             dpl_…"
        )),
    )
}

fn rolling(seen: &Seen, lever: &ProjectSwitch, live: &str, service: &ServiceId) -> Effect {
    let Some(one) = &seen.rolling else { return none_under_way(lever, live, service) };
    let abort = names::command("rolling abort", service);
    let to = match (lever, one.next) {
        (ProjectSwitch::Advance(_), Some((_, percent))) => format!("{percent}%"),
        (ProjectSwitch::Complete, _) => "100%".to_owned(),
        (ProjectSwitch::Abort, _) => "0%".to_owned(),
        _ => one.words(),
    };
    let arrived = match lever {
        ProjectSwitch::Advance(Some(to)) if *to <= one.stage => Some(format!("it is at {}% already", one.percent)),
        ProjectSwitch::RollOut(id) if id.as_str() == one.canary => {
            Some(format!("its rolling release is under way: {}", one.words()))
        }
        _ => None,
    };
    let refusal = match lever {
        ProjectSwitch::RollOut(_) if arrived.is_some() => None,
        ProjectSwitch::RollOut(_) => Some(format!("a rolling release is under way: {}", one.words())),
        ProjectSwitch::Advance(_) if arrived.is_some() => None,
        ProjectSwitch::Advance(_) if one.next.is_none() => Some("this is its last stage".to_owned()),
        ProjectSwitch::Advance(_) if !one.waits => {
            Some(format!("it advances by itself; {abort} gives everybody the old one back"))
        }
        _ => None,
    };
    let (step, warning) = match lever {
        ProjectSwitch::Complete => {
            ("give everybody the new one, and see that nothing is left of the stages", "no stage is watched any more")
        }
        ProjectSwitch::Abort => (
            "give everybody the old one, and see the release end",
            "it is PINNED afterwards: new builds stay staged until a promote",
        ),
        _ => ("approve the next stage, and see it begin", "more visitors get the new one"),
    };
    Effect {
        from: format!("{}%", one.percent),
        to,
        step,
        stays: format!("{} for the other visitors", one.current),
        warning: warning.to_owned(),
        arrived,
        refusal,
    }
}
