//! Takes facts into the model.

use jiff::Timestamp;

use super::effect::Effect;
use super::model::Model;
use super::msg::Now;
use crate::app::dialogs::Overlay;
use crate::app::insight::brought;
use crate::app::insight::timeline;
use crate::app::insight::watch::{self, Touched};
use crate::app::logs::saving;
use crate::app::operations::confirm;
use crate::app::operations::dialog;
use crate::app::trust;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::health::ProbeState;
use crate::domain::history::History;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::lock::Mark;
use crate::domain::notice::Notice;
use crate::domain::release::Deployment;
use crate::logstore::{Chunk, Piece, form};
use crate::sanitize::Text;

/// Bytes of a log that is read without a platform.
pub(super) fn chunk(model: &mut Model, chunk: Chunk, now: Now) {
    if let Piece::End(why) = &chunk.piece {
        let of = if model.screen.alone { String::new() } else { format!("{}: ", chunk.service) };
        model.screen.notice = Some(Notice::refused(format!("{of}{why}")));
        model.logs.lines.ended(&chunk.service, why.clone());
    }
    let (before, _) = model.logs.lines.counts();
    let (service, newest) = (chunk.service.clone(), newest(&chunk.piece));
    model.logs.lines.chunk(chunk);
    let came = model.logs.lines.counts().0 - before;
    model.logs.lines.came(&service, usize::try_from(came).unwrap_or(usize::MAX), newest, now);
}

/// The time of the last line of what comes little by little. The rest is read when it is looked at.
fn newest(piece: &Piece) -> Option<Timestamp> {
    let Piece::Text(text) = piece else { return None };
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let last = text.rsplit(|byte| *byte == b'\n').next()?;
    Timestamp::from_microsecond(form::quick(last).0?).ok()
}

pub(super) fn fact(model: &mut Model, fact: Fact, now: Now) -> Vec<Effect> {
    let mut ended = None;
    let (touched, about) = (Touched::by(&fact), brought::about(&fact));
    match fact {
        Fact::Feed(id, status) => {
            model.facts.feeds.insert(id, status);
        }
        Fact::Declared(id, declared) => {
            let made = declared.created_at;
            let before = model.facts.services.entry(id.clone()).or_default().declare(*declared, now.wall);
            if before.and_then(|before| before.created_at) != made {
                model.facts.rebuild_secrets();
                // It tells what is live.
                timeline::rebuild(model);
            }
        }
        Fact::Observed(id, observed) => {
            model.facts.services.entry(id.clone()).or_default().observe(observed);
        }
        Fact::Extent(id, extent) => {
            model.facts.extents.insert(id, extent);
        }
        Fact::Releases(id, mut list) => {
            mark(&model.facts.history, &id, &mut list);
            if model.facts.releases.get(&id) != Some(&list) {
                model.facts.releases.insert(id, list);
                timeline::rebuild(model);
            }
        }
        Fact::Logs(batch) => {
            let newest = batch.lines.iter().map(|line| line.at).max();
            model.logs.lines.came(&batch.service, batch.lines.len(), newest, now);
            model.logs.lines.push(batch);
            return Vec::new();
        }
        Fact::Probe(id, target, sample) => {
            let changed = match model.facts.probes.get_mut(&id) {
                Some(probe) => probe.push(sample),
                None => {
                    let mut probe = ProbeState::new(id, target, now.wall);
                    probe.push(sample);
                    model.facts.probes.add(probe);
                    false
                }
            };
            if changed {
                timeline::rebuild(model);
            }
        }
        Fact::Secrets(env, names) => {
            model.facts.secret_names.insert(env, names);
            model.facts.rebuild_secrets();
        }
        Fact::Pipeline(runs) => {
            model.facts.runs = runs;
            timeline::rebuild(model);
        }
        Fact::Budget(platform, budget) => {
            model.facts.budgets.insert(platform, budget);
        }
        Fact::Distances(distances) => model.facts.distances = distances,
        Fact::Findings(service, checks) => {
            model.facts.findings.insert(service, checks);
        }
        Fact::Clock(platform, ahead) => {
            model.facts.clocks.insert(platform, ahead);
        }
        Fact::Plan(req, plan) => dialog::planned(model, req, plan, now),
        Fact::Operation(operation) => {
            let (id, interrupted) = (operation.id, operation.interrupted);
            let (env, over) = (operation.env.clone(), operation.state.ended() && !interrupted);
            let before = model.facts.operations.insert(id, *operation);
            let known = before.as_ref().is_some_and(|known| known.interrupted);
            if over && before.is_some_and(|before| !before.state.ended()) {
                ended = Some(env);
            }
            // Told in a dialog of its own, once, unless the person is in the middle of something: a filter that is typed, too.
            if interrupted && !known && model.dialog.overlay.is_none() {
                model.dialog.overlay = Some(Overlay::Operation(dialog::OperationDialog::Following(id)));
            }
            timeline::rebuild(model);
        }
        Fact::History(history) => {
            model.facts.history = *history;
            for (service, list) in &mut model.facts.releases {
                mark(&model.facts.history, service, list);
            }
        }
        Fact::ProjectFile(file) => return trust::found(model, *file, now),
        Fact::Theme(path, text) => model.facts.in_force.rewritten(&path, text),
        Fact::Configuration => {
            model.facts.in_force.written();
            return vec![Effect::Reread];
        }
        Fact::Approved(done) => return trust::approved(model, done),
        Fact::Saved(path) => return saving::written(model, path),
        Fact::Left(_, Ok(text)) => model.screen.notice = Some(Notice::done(text)),
        Fact::Left(_, Err(why)) => model.screen.notice = Some(Notice::failed(why)),
        Fact::Notice(notice) => model.screen.notice = Some(notice),
    }
    dialog::renewed(model);
    confirm::check(model, now);
    let mut effects = watch::renew(model, &touched, now);
    effects.extend(about.and_then(|(service, read)| brought::seek(model, service, read)));
    effects.extend(ended.map(|env| Effect::Refresh(of_environment(model, &env))));
    effects
}

/// The feeds that tell what runs in an environment: after an operation nobody should see for ten seconds what was before it.
fn of_environment(model: &Model, env: &EnvId) -> Vec<FeedId> {
    let mine = |id: &&FeedId| match id {
        FeedId::Declared(of) | FeedId::Observed(of) | FeedId::Releases(of) => of.env == *env,
        FeedId::Secrets(of) => of == env,
        FeedId::Pipeline => true,
        _ => false,
    };
    model.facts.feeds.keys().filter(mine).cloned().collect()
}

/// What the disk remembers as verified healthy or bad, on the deployments that are listed.
fn mark(history: &History, service: &ServiceId, list: &mut [Deployment]) {
    for one in list {
        one.verified = Some(history.saw(service, &one.id, one.sha.as_ref()));
        let mark = one.sha.as_ref().and_then(|sha| Mark::of(&history.marks, sha));
        one.bad = mark.map(|(_, mark)| Text::from(mark.words()));
    }
}
