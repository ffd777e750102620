//! The application: a model, a pure `update`, and effects as data.

mod arrange;
pub mod dialogs;
pub mod effect;
pub mod facts;
mod feeds;
pub mod geometry;
pub mod hints;
pub mod insight;
mod intake;
pub mod keys;
pub mod layout;
pub mod line;
pub mod log_dialogs;
pub mod logs;
pub mod model;
pub mod more;
mod mouse;
pub mod msg;
pub mod navigate;
pub mod operations;
pub mod palette;
pub mod panes;
mod paste;
mod pose;
pub mod question;
pub mod redraw;
mod scroll;
pub mod settings;
pub mod start;
#[cfg(test)]
pub(crate) mod testing;
pub mod trust;
mod typed;

use crate::domain::fact::Fact;
use dialogs::Overlay;
use effect::Effect;
use insight::detail::Subject;
use model::Model;
use msg::{Msg, Now};

/// One message in, effects out. Synchronous, without I/O, and it cannot fail.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Effect> {
    let before = scroll::standing(model);
    // Lines of a log and the clock choose nothing.
    let chooses = !matches!(msg, Msg::Chunk(_) | Msg::Work | Msg::Tick | Msg::Fact(Fact::Logs(_)));
    let alarm = model.facts.banner.as_ref().map(|banner| banner.env.clone());
    let mut effects = taken(model, msg, now);
    logs::alarmed::turn(model, alarm.as_ref());
    if !matches!(model.dialog.overlay, Some(Overlay::Detail(Subject::Line(_)))) {
        model.logs.lines.unpeek();
    }
    if chooses {
        mouse::settle(model);
    }
    if scroll::standing(model) != before {
        scroll::begin(model);
    }
    effects.extend(arrange::keep(model));
    effects
}

fn taken(model: &mut Model, msg: Msg, now: Now) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => keys::key(model, key, now),
        Msg::Hurried(key) => {
            model.screen.hurried = true;
            let effects = keys::key(model, key, now);
            model.screen.hurried = false;
            effects
        }
        Msg::Mouse(mouse) => {
            model.screen.pending = None;
            mouse::mouse(model, mouse, now)
        }
        Msg::Paste(text) => {
            paste::paste(model, &text);
            Vec::new()
        }
        Msg::Resize(columns, rows) => {
            let before = std::mem::replace(&mut model.screen.size, geometry::bounded(columns, rows));
            if model.screen.size != before {
                scroll::resized(model);
            }
            Vec::new()
        }
        Msg::Suspend => {
            // Nobody tells when the mouse lets go meanwhile.
            model.screen.dragged = None;
            vec![Effect::Suspend]
        }
        Msg::Focus(_) => Vec::new(),
        Msg::Ground(light) => {
            model.facts.in_force.stands_on(light);
            Vec::new()
        }
        Msg::Tick => insight::watch::tick(model, now),
        Msg::Fact(fact) => intake::fact(model, fact, now),
        Msg::Chunk(chunk) => {
            intake::chunk(model, chunk, now);
            Vec::new()
        }
        Msg::Settings(read) => settings::read_anew(model, read),
        Msg::Work => {
            if let Some(sought) = model.logs.lines.work() {
                logs::keys::tell(model, sought);
            }
            Vec::new()
        }
        Msg::Terminate => vec![Effect::Quit],
    }
}

#[cfg(test)]
mod tests {
    mod chords;
    mod settings;
    mod targets;
    mod transitions;

    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::ids::{OpId, ServiceId};
    use crate::domain::log::{Level, LogBatch, LogKind, LogLine};
    use crate::domain::operation::{OpKind, Operation};
    use crate::sanitize::Text;
    use geometry::{Area, Geometry};
    use model::Pane;
    use msg::{Key, KeyCode, Mouse, MouseKind};

    const NOW: Now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };

    fn model() -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        Model::new(&crate::config::load::parse(text, None, &flags, &|_| None).unwrap(), NOW)
    }

    fn press(c: char) -> Msg {
        Msg::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false, repeat: false })
    }

    fn under_way() -> Msg {
        let title = Text::from("production: backend");
        let id = OpId(uuid::Uuid::nil());
        Msg::Fact(Fact::Operation(Box::new(Operation::begun(
            id,
            OpKind::RollBack,
            "production".into(),
            title,
            NOW.wall,
        ))))
    }

    #[test]
    fn the_first_q_during_an_operation_explains_and_only_the_next_key_may_confirm_it() {
        let mut model = model();
        update(&mut model, under_way(), NOW);
        // What another console carries out goes on without this one.
        assert_eq!(update(&mut model, press('q'), NOW), [Effect::Quit]);
        model.facts.own.insert(OpId(uuid::Uuid::nil()));
        assert!(update(&mut model, press('q'), NOW).is_empty());
        assert!(model.screen.notice.is_some());
        update(&mut model, press('j'), NOW);
        assert!(update(&mut model, press('q'), NOW).is_empty(), "a press long forgotten is not the first");
        assert_eq!(update(&mut model, press('q'), NOW), [Effect::Quit]);
    }

    #[test]
    fn the_mouse_moves_nothing_under_a_dialog() {
        let mut model = model();
        model.set_geometry(Geometry {
            panes: vec![(Pane::Logs, Area { x: 0, y: 0, width: 9, height: 9 })],
            ..Geometry::default()
        });
        let click = Msg::Mouse(Mouse { kind: MouseKind::Click, column: 1, row: 1 });
        model.dialog.overlay = Some(Overlay::Menu(0));
        update(&mut model, click.clone(), NOW);
        assert_eq!(model.screen.focus, Pane::Environments);
        model.dialog.overlay = None;
        update(&mut model, click, NOW);
        assert_eq!(model.screen.focus, Pane::Logs);
    }

    fn code() -> impl Strategy<Value = KeyCode> {
        let named = vec![KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Up, KeyCode::PageDown, KeyCode::End];
        prop_oneof![
            any::<char>().prop_map(KeyCode::Char),
            "[ -~]".prop_map(|text| first(&text)),
            proptest::sample::select(named)
        ]
    }

    fn first(text: &str) -> KeyCode {
        text.chars().next().map_or(KeyCode::Enter, KeyCode::Char)
    }

    fn logs(second: i64, gap: u64) -> Msg {
        let service = ServiceId::new("production", "backend");
        let line = LogLine {
            at: jiff::Timestamp::from_second(second).unwrap(),
            service: service.clone(),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "".into(),
            region: "".into(),
            level: Level::Warn,
            message: Text::from("line"),
            raw: None,
        };
        Msg::Fact(Fact::Logs(LogBatch { service, lines: vec![line], gap, gap_why: None }))
    }

    fn message() -> impl Strategy<Value = Msg> {
        let mouse = |(wheel, column, row)| {
            let kind = if wheel { MouseKind::WheelUp } else { MouseKind::Click };
            Msg::Mouse(Mouse { kind, column, row })
        };
        prop_oneof![
            6 => (code(), any::<bool>(), any::<bool>())
                .prop_map(|(code, ctrl, repeat)| Msg::Key(Key { code, ctrl, alt: false, repeat })),
            1 => (any::<bool>(), 0u16..200, 0u16..60).prop_map(mouse),
            1 => any::<String>().prop_map(Msg::Paste),
            1 => any::<(u16, u16)>().prop_map(|(columns, rows)| Msg::Resize(columns, rows)),
            2 => (0i64..99, 0u64..3).prop_map(|(second, gap)| logs(second, gap)),
            1 => Just(Msg::Tick),
            1 => Just(under_way()),
        ]
    }

    proptest! {
        /// No plan was ever made, so nothing may be carried out either.
        #[test]
        fn no_sequence_of_messages_panics_or_acts_without_a_plan(
            messages in proptest::collection::vec(message(), 0..120),
        ) {
            let mut model = model();
            for message in messages {
                let effects = update(&mut model, message, NOW);
                prop_assert!(!effects.iter().any(|effect| matches!(effect, Effect::Operate(..))));
            }
        }
    }
}
