//! While production is in trouble the log lines of productions come first: the others are hidden until the person asks for them, or until it is
//! over.

use std::collections::BTreeSet;

use crate::app::logs::buffer::Filter;
use crate::app::model::Model;
use crate::domain::environment::Tier;
use crate::domain::ids::{EnvId, ServiceId};

/// Takes in that an alarm began or ended since `before`.
pub(in crate::app) fn turn(model: &mut Model, before: Option<&EnvId>) {
    let alarm = model.facts.banner.as_ref().map(|banner| &banner.env);
    match (before, alarm) {
        (None, Some(_)) => first(model),
        (Some(_), None) => all(model),
        _ => {}
    }
}

/// Leaves the lines of productions, where there are some and the person looks for nothing else.
fn first(model: &mut Model) {
    let production = |env: &EnvId| model.facts.env(env).is_some_and(|info| info.tier == Tier::Production);
    let filter = model.logs.lines.filter();
    let plain = Filter { fold: filter.fold, ..Filter::default() } == *filter;
    let written = model.logs.lines.sources().iter().map(|source| &source.service);
    // Who has stopped at a line reads there.
    if !plain || !model.logs.lines.following() || !written.clone().any(|service| production(&service.env)) {
        return;
    }
    let configured = model.facts.environments.iter().flat_map(|env| &env.services).map(|info| &info.id);
    let others = configured.chain(written).filter(|service| !production(&service.env));
    let hidden: BTreeSet<ServiceId> = others.cloned().collect();
    if hidden.is_empty() {
        return;
    }
    let filter = Filter { hidden, ..filter.clone() };
    model.logs.alarmed = Some(filter.hidden.clone());
    model.logs.lines.set_filter(filter);
}

/// Shows every line again, unless the person has changed what is shown.
fn all(model: &mut Model) {
    let Some(hidden) = model.logs.alarmed.take() else { return };
    let filter = model.logs.lines.filter();
    let ours = Filter { hidden, fold: filter.fold, ..Filter::default() } == *filter;
    if ours {
        let filter = Filter { fold: filter.fold, ..Filter::default() };
        model.logs.lines.set_filter(filter);
    }
}

/// Whether what is hidden is hidden by the alarm.
#[must_use]
pub fn production_first(model: &Model) -> bool {
    model.logs.alarmed.as_ref().is_some_and(|hidden| *hidden == model.logs.lines.filter().hidden)
}

/// Whether that is all that is left out: the person looks for nothing.
pub(in crate::app) fn untouched(model: &Model) -> bool {
    let (lines, filter) = (&model.logs.lines, model.logs.lines.filter());
    let ours = Filter { hidden: filter.hidden.clone(), fold: filter.fold, ..Filter::default() } == *filter;
    production_first(model) && ours && !lines.beside() && lines.term().text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{keys, model, probed, tell};
    use crate::domain::environment::Platform;
    use crate::domain::fact::Fact;
    use crate::domain::log::{Level, LogBatch, LogKind, LogLine};
    use crate::sanitize::Text;

    fn writes(model: &mut Model, env: &str) {
        let service = ServiceId::new(env, "backend");
        let line = LogLine {
            at: crate::app::testing::at(1).wall,
            service: service.clone(),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "".into(),
            region: "".into(),
            level: Level::Info,
            message: Text::from("line"),
            raw: None,
        };
        tell(model, Fact::Logs(LogBatch { service, lines: vec![line], gap: 0, gap_why: None }));
    }

    /// A console that has seen lines of both environments, and whose production fails then.
    fn failing(before: &str) -> Model {
        let mut model = model();
        writes(&mut model, "staging");
        writes(&mut model, "production");
        keys(&mut model, before);
        probed(&mut model, "production", "backend", Some("HTTP 503"), 5);
        assert!(model.facts.banner.is_some());
        model
    }

    /// The alarm ends.
    fn over(model: &mut Model) {
        let before = model.facts.banner.take().map(|banner| banner.env);
        turn(model, before.as_ref());
    }

    #[test]
    fn the_lines_of_a_failing_production_come_first_and_esc_shows_all_of_them() {
        let mut model = failing("");
        assert!(production_first(&model));
        model.prime();
        assert_eq!(model.logs.lines.page(10).len(), 1);
        keys(&mut model, "4⎋");
        model.prime();
        assert_eq!(model.logs.lines.page(10).len(), 2);
        over(&mut model);
        assert!(!production_first(&model));
        assert_eq!(model.logs.lines.filter(), &Filter::default());
    }

    #[test]
    fn who_quits_does_not_have_to_take_back_what_nobody_asked_for() {
        let mut model = failing("");
        assert_eq!(keys(&mut model, "q"), [crate::app::effect::Effect::Quit]);
        let mut model = failing("");
        keys(&mut model, "/db\u{23ce}");
        assert!(keys(&mut model, "q").is_empty(), "the filter that was typed is left first");
    }

    #[test]
    fn they_are_all_shown_again_when_it_is_over() {
        let mut model = failing("");
        over(&mut model);
        model.prime();
        assert_eq!(model.logs.lines.page(10).len(), 2);
    }

    #[test]
    fn who_looks_for_something_keeps_what_is_looked_for() {
        let mut model = failing("4l");
        let own = model.logs.lines.filter().clone();
        assert!(own.hidden.is_empty() && !production_first(&model));
        over(&mut model);
        assert_eq!(model.logs.lines.filter(), &own);
    }
}
