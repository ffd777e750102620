//! Scrolling in a dialog that has more to say than it has room for. What was laid out by the last frame says how far there is to go.

use std::mem::{Discriminant, discriminant};

use super::geometry::Laid;
use super::model::Model;
use super::msg::Key;
use super::{keys, line};
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs::Overlay;
use crate::app::operations::dialog::OperationDialog;

/// Rows that one turn of the wheel moves by.
const WHEEL: isize = 3;

/// What stands over the panes, as far as its place is kept: another thing begins at its beginning.
pub(super) type Standing = (Option<Discriminant<Overlay>>, Option<Discriminant<OperationDialog>>);

/// What stands over the panes now.
pub(super) fn standing(model: &Model) -> Standing {
    (model.dialog.overlay.as_ref().map(discriminant), model.dialog.operation().map(discriminant))
}

/// Another thing stands there now: it shows from its beginning, and nothing of it has been drawn.
pub(super) fn begin(model: &mut Model) {
    model.dialog.scroll = None;
    model.screen.geometry.dialog = None;
}

/// Takes a key that scrolls; false when it is none. Letters scroll where none is typed.
pub(super) fn key(model: &mut Model, key: Key, letters: bool) -> bool {
    let page =
        model.screen.geometry.dialog.map_or(1, |laid| isize::try_from(laid.room).unwrap_or(1).saturating_sub(1).max(1));
    let asked = keys::own(Dialog::Text, key).filter(|_| letters || !line::writes(key));
    let by = match asked {
        Some(Own::Down) => 1,
        Some(Own::Up) => -1,
        Some(Own::PageDown) => page,
        Some(Own::PageUp) => -page,
        Some(Own::First) => isize::MIN / 2,
        Some(Own::Last) => isize::MAX / 2,
        _ => return false,
    };
    rows(model, by);
    true
}

/// Half a page down or up.
pub(super) fn half(model: &mut Model, down: bool) {
    let room = model.screen.geometry.dialog.map_or(2, |laid| laid.room);
    let by = isize::try_from(room / 2).unwrap_or(1).max(1);
    rows(model, if down { by } else { -by });
}

/// One turn of the wheel.
pub(super) fn wheel(model: &mut Model, down: bool) {
    rows(model, if down { WHEEL } else { -WHEEL });
}

fn rows(model: &mut Model, by: isize) {
    let Some(laid) = model.screen.geometry.dialog else { return };
    let top = model.dialog.scroll.unwrap_or(laid.top).min(laid.last());
    let next = top.saturating_add_signed(by).min(laid.last());
    model.dialog.scroll = Some(next);
}

/// A frame was shown: what of a plan stood on it was seen, and what a key has jumped over was not.
pub(super) fn shown(model: &mut Model) {
    if let (Some(OperationDialog::Ready(_, confirm)), Some(laid)) =
        (model.dialog.operation_mut(), model.screen.geometry.dialog)
    {
        confirm.saw(laid.top, laid.room);
    }
}

/// The screen has another size: rows of the old width say nothing about those of the new one, so that a plan begins at its beginning.
pub(super) fn resized(model: &mut Model) {
    if let Some(OperationDialog::Ready(_, confirm)) = model.dialog.operation_mut() {
        confirm.unseen();
        begin(model);
    }
}

/// Whether what has to be read before it is confirmed has been on the screen, from its first row on. What was not laid out yet has not.
pub(super) fn read(seen: usize, laid: Option<Laid>) -> bool {
    laid.is_some_and(|laid| seen >= laid.must)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::effect::Effect;
    use crate::app::geometry::Geometry;
    use crate::app::msg::{KeyCode, Mouse, MouseKind, Msg, Now};
    use crate::app::operations::confirm::Confirm;
    use crate::app::update;
    use crate::domain::confirmation::Level;
    use crate::domain::operation::{Plan, Request};
    use crate::sanitize::Text;

    const NOW: Now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_secs(9) };

    fn model(rollback: OperationDialog, must: usize) -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\naccess = \"write\"\n";
        let flags = crate::config::load::Flags::default();
        let mut model = Model::new(&crate::config::load::parse(text, None, &flags, &|_| None).unwrap(), NOW);
        let _ = update(&mut model, Msg::Resize(80, 24), NOW);
        model.dialog.overlay = Some(Overlay::Operation(rollback));
        model.set_geometry(Geometry { dialog: Some(Laid { top: 0, room: 10, all: 30, must }), ..Geometry::default() });
        model
    }

    fn ready(level: Level) -> OperationDialog {
        let plan = Plan::of(Request::Promote, "production".into(), Vec::new(), NOW.wall);
        OperationDialog::Ready(Box::new(Plan { level, ..plan }), Confirm::typed("production"))
    }

    /// The frame that answers a key.
    fn frame(model: &mut Model) {
        let mut geometry = model.screen.geometry.clone();
        if let Some(laid) = &mut geometry.dialog {
            laid.top = model.dialog.scroll.unwrap_or(laid.top);
        }
        model.set_geometry(geometry);
    }

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        let effects = update(model, Msg::Key(Key { code, ctrl: false, alt: false, repeat: false }), NOW);
        frame(model);
        effects
    }

    #[test]
    fn arrows_and_pages_scroll_as_far_as_there_is_text_and_letters_where_none_is_typed() {
        let mut dialog = model(OperationDialog::Refused(Text::from("why"), None), 0);
        for (code, top) in [
            (KeyCode::Down, 1),
            (KeyCode::Char('j'), 2),
            (KeyCode::PageDown, 11),
            (KeyCode::Char('k'), 10),
            (KeyCode::End, 20),
            (KeyCode::Down, 20),
            (KeyCode::Up, 19),
            (KeyCode::PageUp, 10),
            (KeyCode::Home, 0),
            (KeyCode::Up, 0),
        ] {
            press(&mut dialog, code);
            assert_eq!(dialog.dialog.scroll, Some(top), "{code:?}");
        }
        let wheel = Msg::Mouse(Mouse { kind: MouseKind::WheelDown, column: 0, row: 0 });
        let _ = update(&mut dialog, wheel, NOW);
        assert_eq!(dialog.dialog.scroll, Some(3));
        press(&mut dialog, KeyCode::Esc);
        assert_eq!(
            (dialog.dialog.scroll, dialog.screen.geometry.dialog),
            (None, None),
            "another thing begins at its beginning"
        );
        let mut typed = model(ready(Level::Critical), 0);
        press(&mut typed, KeyCode::Char('j'));
        press(&mut typed, KeyCode::Down);
        let Some(OperationDialog::Ready(_, confirm)) = typed.dialog.operation() else { panic!() };
        assert_eq!((confirm.typed.as_str(), typed.dialog.scroll), ("productionj", Some(1)));
    }

    #[test]
    fn nothing_is_confirmed_before_its_warnings_were_on_the_screen() {
        let mut plan = model(ready(Level::Critical), 25);
        assert!(press(&mut plan, KeyCode::Enter).is_empty());
        assert!(
            plan.screen.notice.as_ref().is_some_and(|said| said.as_str().contains("more to read")),
            "{:?}",
            plan.screen.notice
        );
        press(&mut plan, KeyCode::End);
        assert!(press(&mut plan, KeyCode::Enter).is_empty(), "its end shows, and nobody saw what comes before it");
        press(&mut plan, KeyCode::Home);
        assert!(press(&mut plan, KeyCode::Enter).is_empty(), "what was jumped over was not seen");
        for code in [KeyCode::PageDown, KeyCode::PageDown, KeyCode::PageDown, KeyCode::Home] {
            let _ = update(&mut plan, Msg::Key(Key { code, ctrl: false, alt: false, repeat: false }), NOW);
        }
        assert!(press(&mut plan, KeyCode::Enter).is_empty(), "no frame showed what these keys passed");
        press(&mut plan, KeyCode::PageDown);
        press(&mut plan, KeyCode::PageDown);
        press(&mut plan, KeyCode::Home);
        assert!(matches!(press(&mut plan, KeyCode::Enter)[..], [Effect::Operate(..)]), "it was seen before");
    }

    #[test]
    fn what_no_frame_showed_or_one_of_another_width_counts_as_unread() {
        let mut plan = model(ready(Level::Critical), 5);
        let laid = plan.screen.geometry.dialog.take();
        assert!(press(&mut plan, KeyCode::Enter).is_empty(), "no frame showed it");
        assert!(plan.screen.notice.as_ref().is_some_and(|said| said.as_str().contains("not been on the screen")));
        let laid = laid.map(|laid| Laid { must: 25, ..laid });
        plan.set_geometry(Geometry { dialog: laid, ..Geometry::default() });
        press(&mut plan, KeyCode::PageDown);
        press(&mut plan, KeyCode::PageDown);
        let _ = update(&mut plan, Msg::Resize(80, 24), NOW);
        assert!(plan.screen.geometry.dialog.is_some(), "it is as wide as before");
        let _ = update(&mut plan, Msg::Resize(70, 24), NOW);
        assert_eq!((plan.screen.geometry.dialog, plan.dialog.scroll), (None, None));
        let laid = Some(Laid { top: 0, room: 10, all: 40, must: 35 });
        plan.set_geometry(Geometry { dialog: laid, ..Geometry::default() });
        assert!(press(&mut plan, KeyCode::Enter).is_empty(), "28 rows of it were, when they were wider");
        for _ in 0..4 {
            press(&mut plan, KeyCode::PageDown);
        }
        assert!(matches!(press(&mut plan, KeyCode::Enter)[..], [Effect::Operate(..)]), "all of it is read");
    }
}
