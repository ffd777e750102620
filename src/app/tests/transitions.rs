//! What keys do, case by case: which view, which dialog, which effect, and that nothing else changes.

use std::collections::BTreeSet;

use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::insight::detail::Subject;
use crate::app::model::{Model, Pane, Place, View};
use crate::app::msg::KeyCode;
use crate::app::operations::dialog::OperationDialog;
use crate::app::testing::{NEW, OLD, at, deployment, fresh, keys, model, press, probed, run, runs, tell};
use crate::domain::environment::{Platform, Status};
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::history::{Chain, History, JournalRow};
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogBatch, LogKind, LogLine};
use crate::domain::pipeline::RunState;
use crate::domain::secret::{Digest, SecretEntry};
use crate::sanitize::Text;

/// A console in which every pane has rows: staging runs a newer commit than production.
pub(super) fn full() -> Model {
    let mut model = model();
    for (env, sha) in [("staging", NEW), ("production", OLD)] {
        for service in ["backend", "frontend"] {
            runs(&mut model, env, service, sha, Status::Ok);
            let id = ServiceId::new(env, service);
            let rows = vec![deployment(&id, sha, 5, true), deployment(&id, OLD, 1, false)];
            tell(&mut model, Fact::Releases(id.clone(), rows));
            fresh(&mut model, FeedId::Logs(id.clone()));
            for second in 0..30 {
                tell(
                    &mut model,
                    Fact::Logs(LogBatch { lines: vec![line(&id, second)], service: id.clone(), gap: 0, gap_why: None }),
                );
            }
        }
        let entry = |key: &str| SecretEntry {
            key: Text::from(key),
            env: env.into(),
            platform: Platform::Fly,
            place: Text::from("app"),
            digest: Digest::Keyed(Text::from(env)),
            updated_at: None,
            note: None,
        };
        tell(&mut model, Fact::Secrets(env.into(), vec![entry("DATABASE_URL"), entry("SENTRY_DSN")].into()));
        fresh(&mut model, FeedId::Secrets(env.into()));
        fresh(&mut model, FeedId::Health(env.into()));
    }
    for (env, name) in [("production", "/health"), ("production", "/login"), ("staging", "/health")] {
        probed(&mut model, env, name, None, 5);
    }
    let all = vec![run(3, RunState::Succeeded, Status::Ok), run(2, RunState::Failed, Status::Fail)];
    tell(&mut model, Fact::Pipeline(all));
    let row = |id: i64| JournalRow {
        id,
        at: Some(at(1).wall),
        op: Text::from("0198"),
        event: Text::from("begin"),
        says: Text::from("production: backend v42 to v41"),
    };
    let chain = Chain::Holds { row: 2, at: at(1).wall };
    let history = History { rows: vec![row(2), row(1)], height: 2, chain, ..History::default() };
    tell(&mut model, Fact::History(Box::new(history)));
    fresh(&mut model, FeedId::Pipeline);
    fresh(&mut model, FeedId::Journal);
    model
}

fn line(service: &ServiceId, second: u64) -> LogLine {
    LogLine {
        at: at(second).wall,
        service: service.clone(),
        platform: Platform::Fly,
        kind: LogKind::App,
        instance: "d8917eb0".into(),
        region: "iad".into(),
        level: if second % 10 == 3 { Level::Error } else { Level::Info },
        message: Text::from(format!("{} line {second}", if second % 10 == 3 { "no connection" } else { "fine" })),
        raw: None,
    }
}

/// What lies over the panes, by its name.
fn over(model: &Model) -> &'static str {
    match &model.dialog.overlay {
        Some(Overlay::Operation(OperationDialog::Pick { .. })) => "pick",
        Some(Overlay::Operation(OperationDialog::Commenting { .. })) => "comment",
        Some(Overlay::Operation(OperationDialog::Entering(_))) => "secret",
        Some(Overlay::Operation(OperationDialog::Scaling(_))) => "scale",
        Some(Overlay::Operation(OperationDialog::Preflighting(..))) => "preflight",
        Some(Overlay::Operation(OperationDialog::Ready(..))) => "plan",
        Some(Overlay::Operation(OperationDialog::Refused(..))) => "refused",
        Some(Overlay::Operation(OperationDialog::Sure(_))) => "sure",
        Some(Overlay::Operation(OperationDialog::Following(_))) => "operation",
        Some(Overlay::Help(_)) => "help",
        Some(Overlay::Palette(_)) => "palette",
        Some(Overlay::Menu(_)) => "menu",
        Some(Overlay::More(_)) => "more",
        Some(Overlay::Why(_)) => "why",
        Some(Overlay::Sources(_)) => "sources",
        Some(Overlay::Patterns(_)) => "patterns",
        Some(Overlay::Chart(_)) => "chart",
        Some(Overlay::Detail(_)) => "detail",
        Some(Overlay::Trust(_)) => "trust",
        Some(Overlay::Prompt(_)) => "prompt",
        None => "",
    }
}

/// Keys, and what lies over the panes then, with the pane that has the keys.
const OPENS: &[(&str, &str, Pane)] = &[
    ("?", "help", Pane::Environments),
    (":", "palette", Pane::Environments),
    ("!", "menu", Pane::Environments),
    ("X", "why", Pane::Environments),
    ("0", "more", Pane::Environments),
    ("0q", "", Pane::Environments),
    ("0⎋", "", Pane::Environments),
    ("0s", "", Pane::Settings),
    ("0⏎", "", Pane::Settings),
    ("0jks⏎", "detail", Pane::Settings),
    ("/", "prompt", Pane::Logs),
    (">", "prompt", Pane::Logs),
    ("c", "patterns", Pane::Environments),
    ("h", "chart", Pane::Environments),
    ("s", "sources", Pane::Environments),
    ("⏎", "detail", Pane::Environments),
    ("!R", "pick", Pane::Environments),
    ("!P", "preflight", Pane::Environments),
    ("!D", "preflight", Pane::Environments),
    ("!M", "preflight", Pane::Environments),
    ("!L", "comment", Pane::Environments),
    ("!B", "comment", Pane::Environments),
    ("!S", "secret", Pane::Environments),
    ("!Z", "preflight", Pane::Environments),
    ("!T", "preflight", Pane::Environments),
    ("3!E", "preflight", Pane::Pipeline),
    ("3j!G", "preflight", Pane::Pipeline),
    ("2⏎", "detail", Pane::Releases),
    ("3⏎", "detail", Pane::Pipeline),
    ("4⏎", "detail", Pane::Logs),
    ("5⏎", "detail", Pane::Health),
    ("6⏎", "detail", Pane::Secrets),
    ("8⏎", "detail", Pane::Journal),
    ("9⏎", "detail", Pane::Readiness),
    (":lock⏎", "comment", Pane::Environments),
    (":roll back⏎", "pick", Pane::Environments),
    (":patterns⏎", "patterns", Pane::Environments),
    (":why⏎", "why", Pane::Environments),
    ("!!", "menu", Pane::Environments),
    ("!h", "menu", Pane::Environments),
];

#[test]
fn keys_open_what_the_table_says_and_escape_leads_home_from_everywhere() {
    let mut wrong = Vec::new();
    for (text, opens, focus) in OPENS {
        let mut model = full();
        let effects = keys(&mut model, text);
        if (over(&model), model.screen.focus) != (*opens, *focus) {
            wrong.push((text, over(&model), model.screen.focus, model.screen.notice.clone()));
        }
        let operates = effects.iter().any(|effect| matches!(effect, Effect::Operate(..) | Effect::Quit));
        assert!(!operates, "{text}: {effects:?}");
        for _ in 0..4 {
            assert!(!press(&mut model, KeyCode::Esc).contains(&Effect::Quit), "{text}");
        }
        assert_eq!((over(&model), model.screen.view), ("", View::Dashboard), "{text}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_under_a_dialog_moves() {
    let dialogs = OPENS.iter().filter(|(_, opens, _)| *opens != "prompt");
    for (text, opens, _) in dialogs {
        let mut model = full();
        keys(&mut model, text);
        let before =
            (model.screen.view, model.screen.focus, model.screen.selection.clone(), model.logs.lines.filter().clone());
        for code in [KeyCode::Tab, KeyCode::Char('3'), KeyCode::Char('l'), KeyCode::Char('Q'), KeyCode::Left] {
            press(&mut model, code);
            let now = (
                model.screen.view,
                model.screen.focus,
                model.screen.selection.clone(),
                model.logs.lines.filter().clone(),
            );
            assert!(over(&model).is_empty() || now == before, "{text} ({opens}): {code:?}");
        }
    }
}

#[test]
fn enter_confirms_no_change() {
    for (text, opens, _) in OPENS {
        let mut model = full();
        keys(&mut model, text);
        let effects: Vec<Effect> = (0..3).flat_map(|_| press(&mut model, KeyCode::Enter)).collect();
        let changes = |effect: &Effect| {
            matches!(
                effect,
                Effect::Operate(..) | Effect::Lock(..) | Effect::Unlock(..) | Effect::Mark(..) | Effect::Answer(..)
            )
        };
        assert!(!effects.iter().any(changes), "{text} ({opens}): {effects:?}");
    }
}

#[test]
fn numbers_and_letters_open_views_and_back_leads_to_the_dashboard() {
    for (text, pane) in [
        ("2", Pane::Releases),
        ("3", Pane::Pipeline),
        ("4", Pane::Logs),
        ("5", Pane::Health),
        ("6", Pane::Secrets),
        ("7", Pane::Timeline),
        ("8", Pane::Journal),
        ("9", Pane::Readiness),
        ("T", Pane::Timeline),
        ("@", Pane::Journal),
        (":timeline⏎", Pane::Timeline),
        (":readiness⏎", Pane::Readiness),
        ("25", Pane::Health),
    ] {
        for back in ["1", "⎋", "q"] {
            let mut model = full();
            keys(&mut model, text);
            assert_eq!((model.screen.view, model.screen.focus), (View::Only(pane), pane), "{text}");
            assert!(keys(&mut model, back).is_empty(), "{text} {back}");
            assert_eq!(model.screen.view, View::Dashboard, "{text} {back}");
            assert!(crate::app::model::DASHBOARD.contains(&model.screen.focus), "the keys go to a pane that is seen");
        }
    }
    assert_eq!(keys(&mut full(), "q"), [Effect::Quit]);
    assert_eq!(keys(&mut full(), ":q⏎"), [Effect::Quit]);
}

#[test]
fn tab_goes_round_the_panes_and_z_shows_one_alone() {
    let order = [Pane::Environments, Pane::Logs, Pane::Health, Pane::Secrets, Pane::Environments];
    for (presses, pane) in order.into_iter().enumerate() {
        let mut model = full();
        (0..presses).for_each(|_| drop(press(&mut model, KeyCode::Tab)));
        assert_eq!(model.screen.focus, pane, "{presses}");
        keys(&mut model, "z");
        assert_eq!((model.screen.view, model.screen.focus), (View::Only(pane), pane));
        keys(&mut model, "z");
        assert_eq!((model.screen.view, model.screen.focus), (View::Dashboard, pane));
        (0..presses).for_each(|_| drop(press(&mut model, KeyCode::BackTab)));
        assert_eq!(model.screen.focus, Pane::Environments, "{presses}");
    }
}

#[test]
fn a_pane_is_refreshed_by_its_own_feeds() {
    for view in ['1', '2', '3', '4', '5', '6', '7', '8', '9'] {
        let mut model = full();
        keys(&mut model, &view.to_string());
        let effects = keys(&mut model, "r");
        let [Effect::Refresh(feeds)] = &effects[..] else { panic!("{view}: {effects:?}") };
        assert!(!feeds.is_empty(), "{view}: an empty list would be everything");
        let all: BTreeSet<&FeedId> =
            model.facts.feeds.keys().filter(|id| model.screen.focus.listed().made_of(id)).collect();
        assert_eq!(feeds.iter().collect::<BTreeSet<_>>(), all, "{view}");
        assert_eq!(keys(&mut model, "R"), [Effect::Refresh(Vec::new())], "{view}");
    }
}

#[test]
fn what_is_chosen_is_copied_by_the_name_that_its_platform_gives_it() {
    let first = format!("{}-5", &OLD[..7]);
    for (text, copied) in [
        ("y", OLD),
        ("2y", first.as_str()),
        ("3y", "3"),
        ("3jy", "2"),
        ("3Gy", "2"),
        ("5y", "/health"),
        ("5jy", "/login"),
        ("5jjjy", "/health"),
        ("5jgy", "/health"),
        ("6y", "DATABASE_URL"),
        ("6jy", "SENTRY_DSN"),
        ("8y", "2"),
        ("8jky", "2"),
        ("3Y", "https://github.example/run"),
        ("5Y", "https://shop.example.com/health"),
    ] {
        assert_eq!(keys(&mut full(), text), [Effect::Copy(copied.to_owned())], "{text}");
    }
    assert_eq!(keys(&mut full(), "3o"), [Effect::Open("https://github.example/run".to_owned())]);
    for text in ["6o", "8Y", "9o", "Y"] {
        let mut model = full();
        assert!(keys(&mut model, text).is_empty(), "{text}");
        assert!(model.screen.notice.is_some_and(|told| told.as_str().contains("no address")), "{text}");
    }
}

#[test]
fn the_selection_of_places_goes_down_the_list_and_stops_at_its_ends() {
    let env = |name: &str| Place::Env(name.into());
    let service = |env: &str, name: &str| Place::Service(ServiceId::new(env, name));
    for (text, place) in [
        ("k", env("production")),
        ("j", service("production", "backend")),
        ("jj", service("production", "frontend")),
        ("jjj", env("staging")),
        ("jjjk", service("production", "frontend")),
        ("G", service("staging", "frontend")),
        ("Gj", service("staging", "frontend")),
        ("Gg", env("production")),
        ("↓↓↑", service("production", "backend")),
    ] {
        let mut model = full();
        keys(&mut model, text);
        assert_eq!(model.screen.selection.place, Some(place), "{text}");
    }
}

#[test]
fn the_keys_of_the_log_reader_do_one_thing_each() {
    type Check = fn(&Model) -> bool;
    let cases: [(&str, Check); 21] = [
        ("4", |model| model.logs.lines.following()),
        ("4␣", |model| !model.logs.lines.following() && model.logs.lines.cursor().is_some()),
        ("4␣␣", |model| model.logs.lines.following()),
        ("4k", |model| !model.logs.lines.following()),
        ("4kG", |model| model.logs.lines.following()),
        ("4kj", |model| model.logs.lines.cursor().is_some() || model.logs.lines.following()),
        ("4g", |model| model.logs.lines.cursor() == Some(0)),
        ("4e", |model| selected_level(model) == Some(Level::Error)),
        ("e", |model| model.screen.focus == Pane::Logs && selected_level(model) == Some(Level::Error)),
        ("4l", |model| model.logs.lines.filter().level == Level::Warn),
        ("4ll", |model| model.logs.lines.filter().level == Level::Error),
        ("4lll", |model| model.logs.lines.filter().level == Level::Trace),
        ("4w", |model| model.logs.reading.wrap),
        ("4ww", |model| !model.logs.reading.wrap),
        ("4m", |model| model.logs.reading.mark.is_some()),
        ("4mm", |model| model.logs.reading.mark.is_none()),
        ("4f", |model| model.logs.lines.filter().fold != crate::app::logs::buffer::Filter::default().fold),
        ("4/no conn⏎", |model| {
            model.logs.lines.filter().term.text.contains("no conn") && model.dialog.overlay.is_none()
        }),
        ("4/no conn⎋", |model| {
            model.logs.lines.filter().term.text.is_empty() && !model.logs.lines.term().text.is_empty()
        }),
        ("4n", |model| {
            model.screen.notice.as_ref().is_some_and(|told| told.as_str().contains("nothing to search for"))
        }),
        ("4x", |model| model.screen.notice.as_ref().is_some_and(|told| told.as_str().contains("every line is shown"))),
    ];
    for (text, check) in cases {
        let mut model = full();
        keys(&mut model, text);
        assert!(check(&model), "{text}: {:?} {:?}", model.logs.lines.cursor(), model.screen.notice);
    }
}

fn selected_level(model: &Model) -> Option<Level> {
    Some(model.logs.lines.line(model.logs.lines.cursor()?)?.level)
}

#[test]
fn an_action_that_cannot_run_says_why_and_stays() {
    let mut wrong = Vec::new();
    for (text, why) in [
        ("!A", "no gate waits"),
        ("!J", "no gate waits"),
        ("!C", "no run is under way"),
        ("!E", "select a run in 3"),
        ("!U", "it is not pinned"),
        ("!W", "no build of it is staged"),
        ("!F", "write `freeze` into the configuration"),
        ("!N", "not known yet"),
        ("jj!M", "has no machines"),
        ("jj!N", "has no machines"),
        ("G!P", "runs it already"),
        ("G!Z", "select a frontend in production"),
        (":approve⏎", "no gate waits"),
        (":the last operation⏎", "nothing was begun here yet"),
        (":complete⏎", "no rolling release is under way"),
        ("!x", "is not an action"),
    ] {
        let mut model = full();
        // Staging runs what production runs, for the promotion that has nothing to do.
        if text == "G!P" {
            for service in ["backend", "frontend"] {
                runs(&mut model, "staging", service, OLD, Status::Ok);
            }
        }
        let effects = keys(&mut model, text);
        let told = model.screen.notice.as_ref().map(|told| told.as_str().to_owned()).unwrap_or_default();
        if !effects.is_empty() || model.dialog.operation().is_some() || !told.contains(why) {
            wrong.push((text, told, effects));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn points_of_readiness_and_events_lead_to_what_they_are_about() {
    for (text, opens, pane) in [
        ("9⏎", "detail", Pane::Readiness),
        ("9j⏎", "detail", Pane::Readiness),
        ("9jj⏎", "", Pane::Pipeline),
        ("9jjj⏎", "", Pane::Pipeline),
        ("9jjjj⏎", "detail", Pane::Readiness),
        ("9jjjjj⏎", "", Pane::Secrets),
        ("9jjjjjj⏎", "detail", Pane::Readiness),
        ("X⎋", "", Pane::Environments),
    ] {
        let mut model = full();
        keys(&mut model, text);
        assert_eq!((over(&model), model.screen.focus), (opens, pane), "{text}");
        assert_eq!(model.screen.selection.place, Some(Place::Env("production".into())), "{text}");
    }
    let mut model = full();
    keys(&mut model, "7⏎");
    assert_ne!((over(&model), model.screen.view), ("", View::Only(Pane::Timeline)));
}

#[test]
fn a_detail_is_left_by_the_keys_that_people_try() {
    for leaves in ["⎋", "⏎", "q"] {
        for view in ["1", "2", "3", "4", "5", "6", "8"] {
            let mut model = full();
            keys(&mut model, view);
            let before = (model.screen.view, model.screen.focus);
            keys(&mut model, "⏎");
            assert!(matches!(model.dialog.overlay, Some(Overlay::Detail(_))), "{view}");
            keys(&mut model, "jjkG");
            assert!(keys(&mut model, leaves).is_empty(), "{view} {leaves}");
            assert_eq!((over(&model), (model.screen.view, model.screen.focus)), ("", before), "{view} {leaves}");
        }
    }
    let mut line = full();
    keys(&mut line, "4⏎");
    assert!(matches!(line.dialog.overlay, Some(Overlay::Detail(Subject::Line(_)))));
}

#[test]
fn a_log_that_is_read_alone_opens_no_project() {
    for text in ["!", "2", "3", "5", "6", "7", "8", "9", "X", "r", "R", "z", "o", "@", "T", "⇥"] {
        let mut model = full();
        (model.screen.alone, model.screen.view, model.screen.focus) = (true, View::Only(Pane::Logs), Pane::Logs);
        assert!(keys(&mut model, text).is_empty(), "{text}");
        assert_eq!((over(&model), model.screen.focus), ("", Pane::Logs), "{text}");
        assert!(model.screen.notice.is_some_and(|told| told.as_str().contains("only a log is open here")), "{text}");
    }
}

#[test]
fn the_address_of_a_release_is_that_of_its_own_service() {
    let mut model = full();
    for info in model.facts.environments.iter_mut().flat_map(|env| &mut env.services) {
        info.url = Some(format!("https://{}.{}", info.id.name, info.id.env).into());
    }
    // The service's address leads to what is live.
    model.facts.releases.values_mut().flatten().for_each(|one| one.current = true);
    keys(&mut model, "2");
    let mut services = BTreeSet::new();
    for _ in 0..4 {
        let copied = keys(&mut model, "Yj");
        let (service, _) = model.screen.selection.deployment.clone().unwrap();
        services.insert(service.name.clone());
        assert!(matches!(&copied[..], [Effect::Copy(url)] if url.starts_with("https://")), "{copied:?}");
        let here = keys(&mut model, "Y");
        assert_eq!(here, [Effect::Copy(format!("https://{}.{}", service.name, service.env))]);
    }
    assert!(services.len() > 1, "{services:?}");
}
