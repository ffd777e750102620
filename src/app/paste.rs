//! Handles pasted text: where it goes and how much of it is taken. A paste never confirms anything.

use super::model::Model;
use crate::app::dialogs::{Find, Overlay};
use crate::app::line::Line;
use crate::app::logs::keys;
use crate::app::operations::dialog::OperationDialog;
use crate::domain::notice::Notice;

/// Characters that a field of one line takes: more than anybody looks for or explains, and little enough to be drawn at each key.
pub(in crate::app) const ONE_LINE: usize = 1000;
/// Bytes of a pasted value: what the platforms take at most.
const VALUE: usize = 64 * 1024;

/// Takes pasted text to where letters go.
pub(super) fn paste(model: &mut Model, pasted: &str) {
    model.screen.notice = None;
    let told = match model.dialog.overlay.as_mut() {
        Some(Overlay::Prompt(text)) => {
            let whole = text.paste(pasted);
            let text = text.text();
            keys::set_filter(model, &text);
            told(whole)
        }
        Some(Overlay::Help(find)) => search(find, pasted),
        Some(Overlay::Palette(palette)) => {
            let told = search(&mut palette.find, pasted);
            palette.narrow();
            told
        }
        Some(Overlay::Operation(OperationDialog::Commenting { comment, .. })) => {
            let room = ONE_LINE.saturating_sub(comment.text().as_str().chars().count());
            let taken: String = pasted.chars().take(room).collect();
            comment.paste(&taken);
            told(taken.len() == pasted.len())
        }
        Some(Overlay::Operation(OperationDialog::Entering(entry))) => {
            if pasted.len() + entry.value.expose().len() > VALUE {
                // The beginning of a value is another value.
                Some("that is longer than a secret may be: nothing of it was taken")
            } else {
                entry.paste(pasted);
                None
            }
        }
        Some(Overlay::Operation(OperationDialog::Ready(..))) => Some("a paste confirms nothing: it is typed"),
        _ => None,
    };
    model.screen.notice = told.map(Notice::refused).or(model.screen.notice.take());
}

fn search(find: &mut Find, pasted: &str) -> Option<&'static str> {
    find.at = 0;
    let mut line = Line::from(std::mem::take(&mut find.text));
    let whole = line.paste(pasted);
    find.text = line.text();
    told(whole)
}

fn told(whole: bool) -> Option<&'static str> {
    (!whole).then_some("the paste was longer than 1000 characters: its beginning was taken")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::effect::Effect;
    use crate::app::msg::{Key, KeyCode, Msg, Now};
    use crate::app::operations::dialog::{Asks, Opened};
    use crate::app::palette::Palette;
    use crate::app::update;
    use crate::domain::confirmation::Level;
    use crate::domain::operation::{Plan, Request};

    const NOW: Now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_secs(9) };

    fn model() -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\naccess = \"write\"\n";
        let flags = crate::config::load::Flags::default();
        Model::new(&crate::config::load::parse(text, None, &flags, &|_| None).unwrap(), NOW)
    }

    fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
        update(model, Msg::Paste(text.to_owned()), NOW)
    }

    #[test]
    fn a_line_takes_its_beginning_and_says_so() {
        let mut model = model();
        model.dialog.overlay = Some(Overlay::Prompt("a".to_owned().into()));
        pasted(&mut model, &"b\u{1b}".repeat(5_000_000));
        let Some(Overlay::Prompt(text)) = &model.dialog.overlay else { panic!("{:?}", model.dialog.overlay) };
        assert_eq!(text.text().len(), ONE_LINE);
        assert!(model.screen.notice.as_ref().is_some_and(|told| told.as_str().contains("its beginning was taken")));
        model.dialog.overlay = Some(Overlay::Palette(Palette::default()));
        pasted(&mut model, &"é".repeat(ONE_LINE));
        assert_eq!(model.screen.notice, None, "it fits");
        for c in "xy".chars() {
            update(&mut model, Msg::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false, repeat: false }), NOW);
        }
        let Some(Overlay::Palette(Palette { find, .. })) = &model.dialog.overlay else {
            panic!("{:?}", model.dialog.overlay)
        };
        assert_eq!(find.text.chars().count(), ONE_LINE, "nor is more of it typed");
        model.dialog.overlay = None;
        let asks = Asks::Request(Request::Review { run: 1, approve: true });
        let opened = Opened::now(&model, &"production".into(), None, NOW);
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Commenting {
            env: "production".into(),
            asks,
            told: Vec::new(),
            opened,
            comment: Box::default(),
        }));
        pasted(&mut model, &"word ".repeat(1_000_000));
        let Some(OperationDialog::Commenting { comment, .. }) = model.dialog.operation() else {
            panic!("{:?}", model.dialog.operation())
        };
        assert!(comment.text().as_str().len() <= ONE_LINE && model.screen.notice.is_some());
    }

    fn asked(level: Level) -> Model {
        let mut model = model();
        model.screen.size = (100, 30);
        let plan = Plan { level, ..Plan::of(Request::Promote, "production".into(), Vec::new(), NOW.wall) };
        let confirm = crate::app::operations::confirm::Confirm::default();
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Ready(Box::new(plan), confirm)));
        let laid = Some(crate::app::geometry::Laid { top: 0, room: 9, all: 9, must: 9 });
        model.set_geometry(crate::app::geometry::Geometry { dialog: laid, ..Default::default() });
        model
    }

    #[test]
    fn a_paste_never_confirms_whether_the_terminal_says_that_it_is_one_or_not() {
        let key = |code| Key { code, ctrl: false, alt: false, repeat: false };
        for (level, text) in [(Level::Critical, "production"), (Level::Moderate, "y"), (Level::Severe, "HIKX")] {
            let mut told = asked(level);
            assert!(pasted(&mut told, &format!("{text}\n")).is_empty());
            assert!(told.screen.notice.is_some(), "{level:?}");
            let mut burst = asked(level);
            for code in text.chars().map(KeyCode::Char).chain([KeyCode::Enter]) {
                assert!(update(&mut burst, Msg::Hurried(key(code)), NOW).is_empty(), "{level:?} {code:?}");
                assert!(!matches!(burst.dialog.operation(), Some(OperationDialog::Following(_))));
            }
        }
        // The letters stand there; an enter that comes by itself is a person's.
        let mut model = asked(Level::Critical);
        for code in "production".chars().map(KeyCode::Char).chain([KeyCode::Enter]) {
            update(&mut model, Msg::Hurried(key(code)), NOW);
        }
        assert!(model.screen.notice.is_some());
        let effects = update(&mut model, Msg::Key(key(KeyCode::Enter)), NOW);
        assert!(matches!(effects.as_slice(), [Effect::Operate(..)]), "{effects:?}");
    }

    #[test]
    fn letters_of_the_menu_that_are_no_action_stay_there() {
        let mut model = model();
        model.dialog.overlay = Some(Overlay::Menu(0));
        for c in "hello".chars() {
            let key = Key { code: KeyCode::Char(c), ctrl: false, alt: false, repeat: false };
            assert!(update(&mut model, Msg::Key(key), NOW).is_empty(), "{c}");
            assert!(matches!(model.dialog.overlay, Some(Overlay::Menu(_))), "{c}");
            assert!(
                model.screen.notice.as_ref().is_some_and(|told| told.as_str().starts_with(c)),
                "{c}: {:?}",
                model.screen.notice
            );
        }
    }
}
