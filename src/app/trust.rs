//! The question whether a project file may do what it asks for. It is answered once all of it has stood on the screen.

use std::time::Duration;

use unicode_width::UnicodeWidthChar as _;

use super::effect::Effect;
use super::model::Model;
use super::msg::{Key, Now};
use crate::action::Action;
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs::{self, Overlay};
use crate::app::keys;
use crate::app::operations::menu;
use crate::domain::notice::Notice;
use crate::domain::trust::ProjectFile;
use crate::sanitize::Text;

/// A key that was on its way before the question showed answers nothing.
const ARMED_AFTER: Duration = Duration::from_millis(400);
/// Columns of a dialog at most, without its frame.
const WIDE: usize = 108;
/// Rows that are never the dialog's: header, alarm, hints, its frame, its last line and that line's second.
const TAKEN: usize = 7;

/// The question as it stands on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The first row that shows.
    pub top: usize,
    /// How far it has been read.
    seen: usize,
    /// When it showed, on the monotonic clock.
    since: Duration,
}

/// A project file was read that is not the one before, or that was approved meanwhile.
pub(super) fn found(model: &mut Model, file: ProjectFile, now: Now) -> Vec<Effect> {
    if model.facts.in_force.came_from(&file) {
        return taken_back(model, file);
    }
    model.facts.project_file = Some(file);
    model.facts.project_changed = true;
    // Who reads an older content begins anew: what is approved is what stood there.
    let asks = matches!(model.dialog.overlay, Some(Overlay::Trust(_)));
    if crate::app::navigate::covered(model) && !asks {
        let told =
            format!("flightdeck.toml has changed; the previous settings stay in use: {} asks about it", again(model));
        model.screen.notice = Some(Notice::refused(told));
    } else {
        ask(model, now);
    }
    Vec::new()
}

/// The project file is again as it is in use: nothing is to be asked of it, and one's own configuration counts again.
fn taken_back(model: &mut Model, file: ProjectFile) -> Vec<Effect> {
    let changed = std::mem::replace(&mut model.facts.project_changed, false);
    model.facts.project_file = Some(file);
    if matches!(model.dialog.overlay, Some(Overlay::Trust(_))) && open(model).is_none() {
        model.dialog.overlay = None;
    }
    if changed {
        model.screen.notice = Some(Notice::done("flightdeck.toml is again as it is in use"));
    }
    if model.facts.in_force.take_skipped() { vec![Effect::Reread] } else { Vec::new() }
}

/// Whether there is something to ask about the project file.
#[must_use]
pub fn open(model: &Model) -> Option<&ProjectFile> {
    model.facts.project_file.as_ref().filter(|file| model.facts.project_changed || file.withheld())
}

/// Puts the question on the screen.
pub(super) fn ask(model: &mut Model, now: Now) {
    if open(model).is_some() {
        model.dialog.overlay = Some(Overlay::Trust(Asked { top: 0, seen: 0, since: now.mono }));
    }
}

/// Everything that is said, in rows that fit the dialog.
#[must_use]
pub fn rows(model: &Model) -> Vec<String> {
    let Some(file) = open(model) else { return Vec::new() };
    let width = usize::from(model.screen.size.0).saturating_sub(4).clamp(8, WIDE);
    let mut said = vec![format!(" {}", Text::from(file.path.as_path())), format!(" sha256 {}", file.digest)];
    if model.facts.project_changed {
        said.push(
            " It has changed since this console started; the console goes on with the previous settings.".to_owned(),
        );
    }
    if file.withheld() {
        said.push(" It asks for the following; none of it is done before you approve it:".to_owned());
    }
    said.extend(file.wants.iter().map(|want| format!("   {} {}", want.key, want.says)));
    if file.wants.is_empty() {
        said.push(" It runs nothing and names no other address.".to_owned());
    }
    said.iter().flat_map(|line| broken(line, width)).collect()
}

/// Breaks at columns and not at words: in a command, blanks count.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            rows.push("   ".to_owned());
            used = 3;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
    }
    rows
}

/// Rows that show at once.
#[must_use]
pub fn room(model: &Model) -> usize {
    usize::from(model.screen.size.1).saturating_sub(TAKEN).max(1)
}

/// What can be done now.
#[must_use]
pub fn last(model: &Model, asked: Asked) -> String {
    if asked.seen.max(asked.top + room(model)) < rows(model).len() {
        return " j k, pgdn: there is more to read before it can be approved; esc leaves it".to_owned();
    }
    format!(" y approves this content and restarts with it; esc leaves it, {} asks again", again(model))
}

/// The keys that put the question: that of the menu, and its letter there.
fn again(model: &Model) -> String {
    format!("{} {}", model.screen.keys.of(Action::Menu), menu::PROJECT_FILE)
}

/// A key while the question stands.
pub(super) fn key(model: &mut Model, key: Key, mut asked: Asked, now: Now) -> Vec<Effect> {
    let (all, room) = (rows(model).len(), room(model));
    asked.seen = asked.seen.max(asked.top + room);
    if let Some(by) = dialogs::step(key) {
        asked.top = asked.top.saturating_add_signed(by).min(all.saturating_sub(room));
        // What was jumped over was not seen.
        if asked.top <= asked.seen {
            asked.seen = asked.seen.max(asked.top + room);
        }
        model.dialog.overlay = Some(Overlay::Trust(asked));
        return Vec::new();
    }
    match keys::own(Dialog::ProjectFile, key) {
        Some(Own::Close) => model.dialog.overlay = None,
        Some(Own::Yes) if !key.repeat && now.mono.saturating_sub(asked.since) >= ARMED_AFTER => {
            if asked.seen < all {
                return Vec::new();
            }
            if let Some(running) = model.facts.running() {
                model.screen.notice =
                    Some(Notice::refused(format!("{} is under way: it is read after its end", running.title)));
                return Vec::new();
            }
            let file = open(model).cloned();
            model.dialog.overlay = None;
            return file.map(|file| Effect::Approve(Box::new(file))).into_iter().collect();
        }
        _ => {}
    }
    Vec::new()
}

/// It was approved and read, or why it could not be.
pub(super) fn approved(model: &mut Model, done: Result<(), Text>) -> Vec<Effect> {
    match done {
        Ok(()) => vec![Effect::Restart],
        Err(why) => {
            model.screen.notice = Some(Notice::failed(why));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::{KeyCode, Msg};
    use crate::app::update;
    use crate::domain::fact::Fact;
    use crate::domain::trust::Want;

    fn at(millis: u64) -> Now {
        Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_millis(millis) }
    }

    fn file(wants: usize) -> ProjectFile {
        let want =
            |n| Want { key: Text::from(format!("key.{n}")), says: Text::from("runs [\"sh\", \"-c\", \"true\"]") };
        ProjectFile {
            path: "/repo/flightdeck.toml".into(),
            digest: "abc".to_owned(),
            wants: (0..wants).map(want).collect(),
            approved: false,
        }
    }

    fn asked(wants: usize) -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let mut settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        settings.project_file = Some(file(wants));
        let mut model = Model::new(&settings, at(0));
        let _ = update(&mut model, Msg::Resize(80, 24), at(0));
        model
    }

    fn press(model: &mut Model, c: char, millis: u64) -> Vec<Effect> {
        let key = Key { code: KeyCode::Char(c), ctrl: false, alt: false, repeat: false };
        update(model, Msg::Key(key), at(millis))
    }

    #[test]
    fn what_is_withheld_is_asked_at_the_start_and_a_key_typed_before_answers_nothing() {
        let mut model = asked(2);
        assert!(matches!(model.dialog.overlay, Some(Overlay::Trust(_))));
        assert!(rows(&model).iter().any(|row| row.contains("key.1 runs [\"sh\"")));
        assert_eq!(press(&mut model, 'y', 100), []);
        assert_eq!(press(&mut model, 'y', 500), [Effect::Approve(Box::new(file(2)))]);
        assert_eq!(update(&mut model, Msg::Fact(Fact::Approved(Ok(()))), at(600)), [Effect::Restart]);
        let told = update(&mut model, Msg::Fact(Fact::Approved(Err(Text::from("no")))), at(600));
        assert!(told.is_empty() && model.screen.notice == Some(Notice::failed("no")));
    }

    #[test]
    fn all_of_it_has_to_be_seen_before_it_is_approved() {
        let mut model = asked(60);
        assert_eq!(press(&mut model, 'y', 500), []);
        assert!(matches!(model.dialog.overlay, Some(Overlay::Trust(_))), "it still stands there");
        for _ in 0..60 {
            press(&mut model, 'j', 500);
        }
        assert_eq!(press(&mut model, 'y', 500).len(), 1);
    }

    #[test]
    fn a_file_that_changed_asks_and_nothing_is_taken_over_by_itself() {
        let mut model = asked(0);
        assert!(model.dialog.overlay.is_none(), "it asks for nothing");
        let other = ProjectFile { digest: "def".to_owned(), ..file(0) };
        let changed = Msg::Fact(Fact::ProjectFile(Box::new(other)));
        assert!(update(&mut model, changed.clone(), at(0)).is_empty());
        assert!(matches!(model.dialog.overlay, Some(Overlay::Trust(_))));
        let said: String = rows(&model).iter().map(|row| row.trim_start_matches("   ")).collect();
        assert!(said.contains("goes on with the previous settings"), "{said}");
        press(&mut model, 'n', 500);
        assert!(model.dialog.overlay.is_none() && open(&model).is_some(), "the menu asks again");
        model.dialog.overlay = Some(Overlay::Help(dialogs::Find::default()));
        let _ = update(&mut model, changed, at(900));
        assert!(matches!(model.dialog.overlay, Some(Overlay::Help(_))) && model.screen.notice.is_some());
    }

    #[test]
    fn what_changes_while_it_is_asked_about_is_asked_anew() {
        let mut model = asked(60);
        for _ in 0..60 {
            press(&mut model, 'j', 500);
        }
        let other = ProjectFile { digest: "def".to_owned(), ..file(30) };
        let _ = update(&mut model, Msg::Fact(Fact::ProjectFile(Box::new(other))), at(1000));
        assert_eq!(press(&mut model, 'y', 1900), [], "nobody has read it");
        for _ in 0..60 {
            press(&mut model, 'j', 2000);
        }
        let approved = press(&mut model, 'y', 2100);
        assert!(matches!(&approved[..], [Effect::Approve(file)] if file.digest == "def"), "{approved:?}");
    }

    #[test]
    fn a_change_that_is_taken_back_asks_nothing_any_more() {
        let mut model = asked(0);
        let other = ProjectFile { digest: "def".to_owned(), ..file(0) };
        let _ = update(&mut model, Msg::Fact(Fact::ProjectFile(Box::new(other))), at(0));
        assert!(open(&model).is_some());
        assert_eq!(update(&mut model, Msg::Fact(Fact::ProjectFile(Box::new(file(0)))), at(900)), []);
        assert!(open(&model).is_none() && model.dialog.overlay.is_none());
        assert_eq!(model.screen.notice, Some(Notice::done("flightdeck.toml is again as it is in use")));
    }
}
