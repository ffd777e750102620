//! Decides whether a message needs a frame now. Other messages only renew ages, which are drawn once a second anyway.

use super::model::Model;
use super::msg::Msg;
use crate::app::dialogs::Overlay;
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::finding::Check;

/// Whether a message wants a frame before the next second.
#[must_use]
pub fn stirs(model: &Model, msg: &Msg) -> bool {
    if matches!(msg, Msg::Work) {
        // Summing up shows nothing; a filter that looks on does.
        let watched =
            matches!(model.dialog.overlay, Some(Overlay::Patterns(_) | Overlay::Chart(_) | Overlay::Sources(_)));
        return watched || model.logs.lines.searching();
    }
    let Msg::Fact(fact) = msg else { return true };
    match fact {
        Fact::Feed(id, status) => {
            let known = model.facts.feeds.get(id);
            let kind = |state: &crate::domain::feed::FeedState| std::mem::discriminant(state);
            let begins = status.state == crate::domain::feed::FeedState::Starting;
            !begins && known.is_none_or(|known| kind(&known.state) != kind(&status.state))
        }
        Fact::Budget(..) => false,
        Fact::Declared(id, declared) => {
            let known = model.facts.services.get(id).and_then(|state| state.declared.as_ref());
            known.is_none_or(|known| *known != **declared)
        }
        Fact::Observed(id, observed) => {
            let known = model.facts.services.get(id).and_then(|state| state.observed.as_ref());
            known.is_none_or(|known| known.sha != observed.sha)
        }
        Fact::Probe(id, _, sample) => {
            let known = model.facts.probes.get(id);
            known.is_none_or(|known| known.status != Status::Ok || sample.failure.is_some())
        }
        Fact::Extent(id, extent) => model.facts.extents.get(id) != Some(extent),
        Fact::Releases(id, list) => model.facts.releases.get(id).is_none_or(|known| known.len() != list.len()),
        Fact::Findings(service, checks) => {
            let tones = |all: &[Check]| all.iter().map(Check::status).collect::<Vec<_>>();
            model.facts.findings.get(service).map(|known| tones(known)) != Some(tones(checks))
        }
        Fact::Secrets(env, names) => model.facts.secret_names.get(env) != Some(names),
        Fact::Pipeline(runs) => model.facts.runs != *runs,
        Fact::Distances(distances) => model.facts.distances != *distances,
        Fact::History(history) => model.facts.history != **history,
        Fact::Logs(batch) => !batch.lines.is_empty() || batch.gap > 0,
        Fact::Plan(..)
        | Fact::ProjectFile(_)
        | Fact::Theme(..)
        | Fact::Configuration
        | Fact::Approved(_)
        | Fact::Operation(_)
        | Fact::Left(..)
        | Fact::Notice(_)
        | Fact::Saved(_)
        | Fact::Clock(..) => true,
    }
}
