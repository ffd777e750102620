//! Asks before something in the store changes that no plan stands for: a lock that is given back, a mark that is taken off, a mark on a
//! commit of which nothing says that it fails, an operation that nobody is to go on with. Yes is a key of its own, taken once the question has been there for a moment, so that a
//! key pressed twice changes nothing.

use std::time::Duration;

use super::confirm::ARMED_AFTER;
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::keys;
use crate::app::model::Model;
use crate::app::msg::{Key, Now};
use crate::app::operations::dialog::OperationDialog;
use crate::domain::ids::{EnvId, OpId, Sha};
use crate::domain::lock::{Lock, Mark};
use crate::domain::notice::Notice;
use crate::domain::operation::Operation;
use crate::sanitize::Text;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// One's own lock on an environment ends.
    Unlock(EnvId, Lock),
    /// A commit may be gone to again.
    Unmark(Sha, Mark),
    /// Nothing goes to a commit any more, for a reason, though something runs it well.
    Mark(Sha, Text, Vec<String>),
    /// Nobody goes on with an operation of an environment any more, with what runs there now.
    Leave(EnvId, OpId, Vec<String>),
}

/// A question that takes yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sure {
    /// What it is about.
    pub about: About,
    /// When it showed, on the monotonic clock.
    shown: Duration,
}

/// Asks.
pub(in crate::app) fn ask(model: &mut Model, about: About, now: Now) {
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Sure(Sure { about, shown: now.mono })));
}

/// Takes a key: `y` does it, `n`, `q` and enter leave it, another one does nothing.
pub(in crate::app) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Sure(sure)) = model.dialog.operation() else { return Vec::new() };
    let armed = !key.repeat && !model.screen.hurried && now.mono.saturating_sub(sure.shown) >= ARMED_AFTER;
    match keys::own(Dialog::Question, key) {
        Some(Own::Yes) if armed => {}
        Some(Own::Yes) => {
            model.screen.notice = Some(Notice::refused("the question has just come: y again"));
            return Vec::new();
        }
        Some(Own::No) => {
            (model.dialog.overlay, model.screen.notice) = (None, Some(Notice::refused("nothing was changed")));
            return Vec::new();
        }
        _ => return Vec::new(),
    }
    let about = sure.about.clone();
    model.dialog.overlay = None;
    if let Some(why) = changed(model, &about) {
        model.screen.notice = Some(Notice::refused(why));
        return Vec::new();
    }
    vec![match about {
        About::Unlock(env, _) => Effect::Unlock(env, None),
        About::Unmark(sha, _) => Effect::Mark(sha, None),
        About::Mark(sha, why, _) => Effect::Mark(sha, Some(why)),
        About::Leave(_, op, live) => Effect::Leave(op, Text::from(format!("left as it is: {}", live.join("; ")))),
    }]
}

/// What was asked about is no longer as it was shown: then the answer is none to what there is now.
fn changed(model: &Model, about: &About) -> Option<String> {
    match about {
        About::Unlock(env, lock) => (model.facts.history.locks.get(env) != Some(lock))
            .then(|| format!("the lock on {env} has changed meanwhile: nothing was done")),
        About::Unmark(sha, mark) => (model.facts.history.marks.get(sha) != Some(mark))
            .then(|| format!("the mark on {} has changed meanwhile: nothing was done", sha.short())),
        About::Mark(..) => None,
        About::Leave(_, op, _) => {
            let open = model.facts.operations.get(op).is_some_and(Operation::open_question);
            (!open).then(|| "it was finished or left meanwhile: nothing was done".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::{KeyCode, Msg};
    use crate::app::update;
    use crate::domain::fact::Fact;
    use crate::domain::history::History;

    const WHO: &str = "maria";

    fn at(ms: u64) -> Now {
        Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_millis(ms) }
    }

    fn lock(why: &str) -> Lock {
        Lock { who: WHO.into(), why: why.into(), at: at(0).wall, until: None }
    }

    fn tell(model: &mut Model, lock: Lock) {
        let mark = Mark { who: WHO.into(), why: "corrupts rows".into(), at: at(0).wall };
        let (locks, marks) = ([("production".into(), lock)].into(), [(Sha::from("9df49c2"), mark)].into());
        let _ =
            update(model, Msg::Fact(Fact::History(Box::new(History { locks, marks, ..History::default() }))), at(0));
    }

    fn model() -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\naccess = \"write\"\n";
        let flags = crate::config::load::Flags::default();
        let mut model = Model::new(&crate::config::load::parse(text, None, &flags, &|_| None).unwrap(), at(0));
        model.facts.who = WHO.into();
        tell(&mut model, lock("migration"));
        model
    }

    fn press(model: &mut Model, code: KeyCode, ms: u64, repeat: bool) -> Vec<Effect> {
        update(model, Msg::Key(Key { code, ctrl: false, alt: false, repeat }), at(ms))
    }

    #[test]
    fn a_lock_is_given_back_by_a_key_of_its_own_and_not_by_the_same_keys_twice() {
        let mut model = model();
        for (code, ms) in [('!', 0), ('L', 10), ('!', 900), ('L', 910), ('!', 920), ('L', 930)] {
            assert!(press(&mut model, KeyCode::Char(code), ms, false).is_empty(), "{code} at {ms}");
        }
        assert!(matches!(model.dialog.operation(), Some(OperationDialog::Sure(_))), "{:?}", model.dialog.operation());
        assert!(press(&mut model, KeyCode::Char('y'), 950, true).is_empty(), "a held key");
        let effects = press(&mut model, KeyCode::Char('y'), 960, false);
        assert_eq!(effects, [Effect::Unlock("production".into(), None)]);
        assert_eq!(model.dialog.operation(), None);
    }

    #[test]
    fn a_yes_that_was_on_its_way_before_the_question_and_every_no_change_nothing() {
        let mut model = model();
        for no in [KeyCode::Char('n'), KeyCode::Char('q'), KeyCode::Enter, KeyCode::Esc] {
            press(&mut model, KeyCode::Char('!'), 0, false);
            press(&mut model, KeyCode::Char('L'), 0, false);
            assert!(press(&mut model, KeyCode::Char('y'), 399, false).is_empty());
            assert!(matches!(model.dialog.operation(), Some(OperationDialog::Sure(_))));
            assert!(press(&mut model, no, 900, false).is_empty(), "{no:?}");
            assert_eq!(model.dialog.operation(), None, "{no:?}");
        }
    }

    #[test]
    fn a_yes_is_none_to_another_lock_than_the_one_that_was_shown() {
        let mut model = model();
        press(&mut model, KeyCode::Char('!'), 0, false);
        press(&mut model, KeyCode::Char('L'), 0, false);
        tell(&mut model, lock("another thing"));
        assert!(press(&mut model, KeyCode::Char('y'), 900, false).is_empty());
        assert!(
            model.screen.notice.as_ref().is_some_and(|told| told.as_str().contains("has changed")),
            "{:?}",
            model.screen.notice
        );
    }

    #[test]
    fn a_mark_is_taken_off_by_the_same_question() {
        let mut model = model();
        let mark = model.facts.history.marks[&Sha::from("9df49c2")].clone();
        ask(&mut model, About::Unmark("9df49c2".into(), mark), at(0));
        assert_eq!(press(&mut model, KeyCode::Char('y'), 900, false), [Effect::Mark("9df49c2".into(), None)]);
    }
}
