//! The confirmation of a plan: what is asked by its level, armed only after it was seen, and void when what it is about moves.

use std::time::Duration;

use super::dialog::OperationDialog;
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs::Overlay;
use crate::app::keys;
use crate::app::line;
use crate::app::model::Model;
use crate::app::msg::{Key, KeyCode, Now};
use crate::app::question::Question;
use crate::domain::confirmation::Level;
use crate::domain::cut_short;
use crate::domain::lock::Mark;
use crate::domain::operation::Plan;
use crate::domain::overrides::Override;
use crate::sanitize::Text;

/// A key that was on its way before the plan showed confirms nothing.
pub(super) const ARMED_AFTER: Duration = Duration::from_millis(400);

/// Bytes of a name that are taken: no environment is called by more.
const NAME: usize = 255;

/// What a person has done so far to confirm a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Confirm {
    /// What is typed of the environment's name.
    pub typed: String,
    /// When the plan showed, on the monotonic clock.
    shown: Duration,
    /// What was live when it showed.
    seen: Vec<Option<String>>,
    /// Rows of it, from the first one on, that have been on the screen beyond those that are there now.
    pub(in crate::app) rows: usize,
    /// What it answers, to be asked again.
    pub(in crate::app) question: Option<Question>,
}

/// What a key means for a plan.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::app) enum Reply {
    /// Carry it out.
    Yes,
    /// Leave it.
    No,
    /// Neither yet.
    Open,
    /// It was meant as a yes, and is none: why.
    Wrong(String),
    /// It would be a yes, and came faster than a person types.
    Hurried,
}

impl Confirm {
    /// A plan shows now.
    #[must_use]
    pub fn shown(model: &Model, plan: &Plan, now: Now) -> Self {
        Self { shown: now.mono, seen: live(model, plan), ..Self::default() }
    }

    /// Rows from the first one on that have been on the screen before.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.rows
    }

    /// Rows from this one on were on the screen; what was jumped over was not.
    pub(in crate::app) fn saw(&mut self, top: usize, room: usize) {
        if top <= self.rows {
            self.rows = self.rows.max(top + room);
        }
    }

    /// Nothing of it counts as seen.
    pub(in crate::app) fn unseen(&mut self) {
        self.rows = 0;
    }

    /// So much is typed.
    #[cfg(test)]
    pub(in crate::app) fn typed(text: &str) -> Self {
        Self { typed: text.to_owned(), ..Self::default() }
    }

    /// Takes a key. A held key is no deliberate act.
    pub(in crate::app) fn key(&mut self, plan: &Plan, key: Key, hurried: bool, now: Now) -> Reply {
        match self.asked(plan, key, now) {
            Reply::Yes if hurried => Reply::Hurried,
            answer => answer,
        }
    }

    fn asked(&mut self, plan: &Plan, key: Key, now: Now) -> Reply {
        if key.repeat || !plan.refusals.is_empty() {
            return Reply::Open;
        }
        let armed = now.mono.saturating_sub(self.shown) >= ARMED_AFTER;
        let own = keys::own(Dialog::Plan, key);
        match (plan.level, key.code) {
            (Level::Critical, KeyCode::Char(_) | KeyCode::Backspace)
                if self.typed.len() < NAME || !line::writes(key) =>
            {
                line::at_end(&mut self.typed, key);
            }
            (Level::Critical, KeyCode::Enter) if self.typed == plan.env.as_str() => return Reply::Yes,
            (Level::Critical, KeyCode::Enter) if self.typed.is_empty() => {
                return Reply::Wrong(format!("type {}, then enter", plan.env));
            }
            (Level::Critical, KeyCode::Enter) => {
                return Reply::Wrong(format!("type {}; you typed {}", plan.env, self.typed));
            }
            (Level::Severe, _) if own == Some(Own::Carry) => {
                return if armed {
                    Reply::Yes
                } else {
                    Reply::Wrong(format!("the plan has just come: {} again", letter()))
                };
            }
            (Level::Severe, KeyCode::Char(_) | KeyCode::Enter) => {
                return Reply::Wrong(format!("{} carries it out, esc leaves it", letter()));
            }
            (Level::Moderate, _) if own == Some(Own::Yes) && armed => return Reply::Yes,
            (Level::Moderate, _) if own == Some(Own::No) => return Reply::No,
            _ => {}
        }
        Reply::Open
    }

    /// What has moved since the plan showed.
    fn moved(&self, model: &Model, plan: &Plan) -> Option<Text> {
        let now = live(model, plan);
        let changed = |then: &Option<String>, now: &Option<String>| then.is_some() && now.is_some() && then != now;
        let index = self.seen.iter().zip(&now).position(|(then, now)| changed(then, now))?;
        let part = plan.parts.get(index)?;
        let name = if part.of_pipeline() { part.resource.to_string() } else { part.service.to_string() };
        Some(Text::from(format!("{name} moved while the plan was on the screen")))
    }
}

/// The letter that confirms a severe plan: always the same, and it opens nothing, so that the keys that opened a plan never confirm it.
#[must_use]
pub fn letter() -> char {
    crate::action::dialogs::key(Dialog::Plan, Own::Carry).chars().next().unwrap_or_default()
}

/// What is live of each part, or where its run stands.
fn live(model: &Model, plan: &Plan) -> Vec<Option<String>> {
    let part = |part: &crate::domain::operation::PlanPart| {
        if part.of_pipeline() {
            let id: u64 = part.to_id.as_str().parse().ok()?;
            let run = model.facts.runs.iter().find(|run| run.id == id)?;
            return Some(format!("{} {}", run.number.1, run.words));
        }
        let declared = model.facts.services.get(&part.service)?.declared.as_ref()?;
        Some(format!("{} {}", declared.deployment, declared.held()))
    };
    plan.parts.iter().map(part).collect()
}

/// What somebody said against it, or began there, while it was on the screen.
fn objection(model: &Model, plan: &Plan, now: Now) -> Option<Text> {
    let marked = Mark::against(&model.facts.history.marks, plan.goes_to()).filter(|why| !plan.refusals.contains(why));
    let answers = plan.kind.answers();
    let cut_short = cut_short::against(model.facts.operations.values(), &plan.env, plan.kind, plan.continues)
        .filter(|why| !plan.refusals.contains(why));
    let under_way = model.facts.operations.values().find(|one| {
        let there = one.env == plan.env && one.id != plan.op && !one.state.ended() && !one.interrupted;
        there && !(answers && one.kind.gated())
    });
    let lock = model.facts.history.locks.get(&plan.env).filter(|lock| *lock.who.as_str() != *model.facts.who);
    let frozen = model.facts.frozen(&plan.env, now).filter(|_| !plan.kind.stops());
    let beside = cut_short::beside(model.facts.operations.values(), &plan.env, plan.kind, plan.continues);
    let against = lock.cloned().map(Override::Lock).into_iter().chain(frozen.map(Override::Freeze)).chain(beside);
    let new = against.into_iter().find(|one| !plan.overrides.contains(one)).map(|one| one.words());
    let under_way = under_way.map(|one| format!("another operation began there: {}", one.title));
    let why = marked.or(cut_short).map(|why| why.to_string()).or(under_way).or(new)?;
    Some(Text::from(format!("{}: {why}; that came while the plan was on the screen", plan.env)))
}

/// A plan on the screen whose world has moved is taken off it: it acts on what it showed, or not at all.
pub(in crate::app) fn check(model: &mut Model, now: Now) {
    let Some(OperationDialog::Ready(plan, confirm)) = model.dialog.operation() else { return };
    if let Some(why) = confirm.moved(model, plan).or_else(|| objection(model, plan, now)) {
        let question = confirm.question.clone();
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Refused(why, question)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Msg;
    use crate::domain::environment::Platform;
    use crate::domain::environment::{Declared, Status};
    use crate::domain::fact::Fact;
    use crate::domain::history::History;
    use crate::domain::lock::Lock;
    use crate::domain::operation::{Act, OpKind, Operation, PlanPart, Request};
    use crate::domain::release::Presence;
    use crate::domain::testing::declared;

    fn plan(level: Level) -> Plan {
        let at = jiff::Timestamp::UNIX_EPOCH;
        Plan { level, ..Plan::of(Request::Promote, "production".into(), Vec::new(), at) }
    }

    fn press(confirm: &mut Confirm, plan: &Plan, code: KeyCode, ms: u64, repeat: bool) -> Reply {
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_millis(ms) };
        confirm.key(plan, Key { code, ctrl: false, alt: false, repeat }, false, now)
    }

    #[test]
    fn a_severe_plan_takes_its_letter_alone_once_armed_and_never_a_held_key() {
        let (plan, mut confirm) = (plan(Level::Severe), Confirm::default());
        let yes = KeyCode::Char(letter());
        assert!(matches!(press(&mut confirm, &plan, yes, 399, false), Reply::Wrong(_)), "too soon");
        assert_eq!(press(&mut confirm, &plan, yes, 500, true), Reply::Open, "held down");
        for other in [KeyCode::Enter, KeyCode::Char('P'), KeyCode::Char('y')] {
            let said = press(&mut confirm, &plan, other, 500, false);
            assert_eq!(said, Reply::Wrong(format!("{} carries it out, esc leaves it", letter())));
        }
        assert_eq!(press(&mut confirm, &plan, yes, 500, false), Reply::Yes);
    }

    #[test]
    fn enter_means_no_to_a_moderate_plan() {
        let (plan, mut confirm) = (plan(Level::Moderate), Confirm::default());
        assert_eq!(press(&mut confirm, &plan, KeyCode::Enter, 900, false), Reply::No);
        assert_eq!(press(&mut confirm, &plan, KeyCode::Char('Y'), 900, false), Reply::Open);
        assert_eq!(press(&mut confirm, &plan, KeyCode::Char('y'), 900, false), Reply::Yes);
    }

    #[test]
    fn a_wrong_name_is_answered_with_what_was_typed() {
        let (plan, mut confirm) = (plan(Level::Critical), Confirm::default());
        let said = |confirm: &mut Confirm| match press(confirm, &plan, KeyCode::Enter, 900, false) {
            Reply::Wrong(said) => said,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(&mut confirm), "type production, then enter");
        confirm.typed.push_str("prodution");
        assert_eq!(said(&mut confirm), "type production; you typed prodution");
    }

    fn model() -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        Model::new(&settings, now)
    }

    fn part() -> PlanPart {
        PlanPart {
            service: crate::domain::ids::ServiceId::new("production", "backend"),
            platform: Platform::Fly,
            resource: Text::from("app"),
            from: Default::default(),
            from_id: None,
            to: Default::default(),
            to_id: String::new().into(),
            act: Act::FlyRestart { machines: Vec::new() },
            revisions: Vec::new(),
            presence: Presence::There,
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_plan_whose_world_moves_is_taken_off_the_screen() {
        let mut model = model();
        let id = crate::domain::ids::ServiceId::new("production", "backend");
        let live = |deployment: &str| Declared { deployment: deployment.into(), ..declared(None, Status::Ok) };
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let plan = Plan { parts: vec![part()], ..plan(Level::Critical) };
        let told = |model: &mut Model, deployment: &str| {
            let fact = Fact::Declared(id.clone(), Box::new(live(deployment)));
            drop(crate::app::update(model, Msg::Fact(fact), now));
        };
        told(&mut model, "a");
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Ready(
            Box::new(plan.clone()),
            Confirm::shown(&model, &plan, now),
        )));
        told(&mut model, "a");
        assert!(matches!(model.dialog.operation(), Some(OperationDialog::Ready(..))), "the same again is no move");
        told(&mut model, "b");
        let Some(OperationDialog::Refused(why, _)) = model.dialog.operation() else {
            panic!("{:?}", model.dialog.operation())
        };
        assert!(why.as_str().starts_with("production/backend moved"), "{why}");
    }

    #[test]
    fn a_plan_that_somebody_speaks_against_is_taken_off_the_screen_and_says_why() {
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let lock = |who: &str| Lock { who: who.into(), why: "migration".into(), at: now.wall, until: None };
        let bad = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now.wall };
        let to = |plan: Plan| {
            let part = PlanPart { to: ("v2".into(), Some("abcdef0".into())), ..part() };
            Plan { parts: vec![part], ..plan }
        };
        let fell = |plan: Plan, fact: Fact| {
            let mut model = model();
            model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Ready(Box::new(plan), Confirm::default())));
            drop(crate::app::update(&mut model, Msg::Fact(fact), now));
            match model.dialog.operation() {
                Some(OperationDialog::Refused(why, _)) => Some(why.to_string()),
                _ => None,
            }
        };
        let history = |history: History| Fact::History(Box::new(history));
        let locked = History { locks: [("production".into(), lock("maria"))].into(), ..History::default() };
        let why = fell(plan(Level::Severe), history(locked.clone())).unwrap();
        assert!(why.contains("locked by maria: migration") && why.contains("came while"), "{why}");
        let known = Plan { overrides: vec![Override::Lock(lock("maria"))], ..plan(Level::Severe) };
        assert_eq!(fell(known.clone(), history(locked)), None, "the reason that is given is about this lock");
        let other = History { locks: [("production".into(), lock("ali"))].into(), ..History::default() };
        assert!(fell(known, history(other)).unwrap().contains("ali"));
        let marked = History { marks: [("abcdef0".into(), bad)].into(), ..History::default() };
        assert!(fell(to(plan(Level::Severe)), history(marked)).unwrap().contains("corrupts rows (maria)"));
        let id = crate::domain::ids::OpId(uuid::Uuid::now_v7());
        let title = Text::from("production: frontend paused");
        let operation = Operation::begun(id, OpKind::Pause, "production".into(), title, now.wall);
        let why = fell(plan(Level::Severe), Fact::Operation(Box::new(operation))).unwrap();
        assert!(why.contains("frontend paused"), "{why}");
    }

    #[test]
    fn the_letter_opens_nothing_in_the_menu() {
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let menu = super::super::menu::items(&model(), now);
        assert!(menu.iter().all(|item| item.letter != letter()), "{menu:?}");
        assert!(crate::action::Keys::default().by_key(&letter().to_string()).is_none(), "nor does it elsewhere");
    }
}
