//! The dialog of an operation: pick a release or write a comment, see the plan, type the environment's name, follow the steps. Confirmation is a state:
//! enter does nothing but what the state says, and a late answer to an earlier question is dropped.

use std::collections::BTreeSet;

use super::confirm::{Answer, Confirm};
use super::effect::Effect;
use super::geometry::SMALLEST;
use super::model::{Model, Place};
use super::msg::{Key, KeyCode, Now};
use super::note::Note;
use super::scale::{self, Scaling};
use super::secret::{self, Entry};
use super::{follow, fresh, readiness};
use crate::domain::candidates::{self, Choice};
use crate::domain::consent::Level;
use crate::domain::environment::{EnvInfo, Platform, Status};
use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, OpId, ReqId, ServiceId, Sha};
use crate::domain::manner::{Manner, Strategy};
use crate::domain::operation::{PLAN_LIFE, Plan, Wish};
use crate::domain::overrides::Override;
use crate::sanitize::Text;

/// What a comment is written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// An operation.
    Wish(Wish),
    /// A claim on the environment.
    Lock,
    /// A commit is to be marked bad.
    Mark(Sha),
}

/// Where the dialog stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Rollback {
    /// Choosing.
    Pick {
        /// Where.
        env: EnvId,
        /// One service alone.
        alone: Option<ServiceId>,
        /// What there is, newest first; read when the dialog opens, and again whenever it is read while it is open.
        choices: Vec<Choice>,
        /// The chosen commit; `None` until the person moves, unless one was verified.
        chosen: Option<Sha>,
        /// A person has moved: nothing is proposed any more.
        by_hand: bool,
        /// How machines are moved.
        manner: Manner,
    },
    /// Writing the comment that goes with it.
    Commenting {
        /// Where.
        env: EnvId,
        /// What is asked for.
        asks: Asks,
        /// The comment.
        note: Box<Note>,
    },
    /// Entering a secret.
    Entering(Entry),
    /// Choosing how many machines.
    Scaling(Scaling),
    /// The plan is being computed, of this wish.
    Preflighting(ReqId, EnvId, Wish),
    /// The plan, and what is done to confirm it.
    Ready(Box<Plan>, Confirm),
    /// No plan could be made, and why.
    Refused(Text),
    /// Under way, or over.
    Following(OpId),
}

/// Opens the dialog for the selected place, or says why it cannot, and has read anew what there is to choose from.
pub(super) fn open(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(env) = model.selected_env().cloned() else { return Vec::new() };
    // What is under way, or was cut short there, comes first: a second one would act on a world in motion.
    let first = model.running().or_else(|| model.interrupted().find(|operation| operation.env == env.id));
    if let Some(operation) = first {
        model.rollback = Some(Rollback::Following(operation.id));
        return Vec::new();
    }
    let services = services(model, &env);
    if let Some(why) = unread(model, &services, now) {
        model.rollback = Some(Rollback::Refused(why));
        return Vec::new();
    }
    let alone = match &model.selection.place {
        Some(Place::Service(id)) => Some(id.clone()),
        _ => None,
    };
    let (choices, chosen) = (Vec::new(), None);
    model.rollback =
        Some(Rollback::Pick { env: env.id, alone, choices, chosen, by_hand: false, manner: Manner::default() });
    renewed(model);
    let feeds = |id: ServiceId| [FeedId::Releases(id.clone()), FeedId::Declared(id.clone()), FeedId::Observed(id)];
    vec![Effect::Refresh(services.into_iter().flat_map(feeds).collect())]
}

/// What there is to choose from was read: the open dialog shows it. What a person chose stays chosen.
pub(super) fn renewed(model: &mut Model) {
    let Some(Rollback::Pick { env, alone, .. }) = &model.rollback else { return };
    let Some(env) = model.env(env) else { return };
    let services = alone.clone().map_or_else(|| rollable(env), |alone| vec![alone]);
    let of = |id: &ServiceId| model.releases.get(id).map(Vec::as_slice).unwrap_or_default();
    let observed = |id: &ServiceId| model.services.get(id)?.observed.as_ref()?.sha.as_ref();
    let found = candidates::choices(&services, of, observed);
    let Some(Rollback::Pick { choices, chosen, by_hand, .. }) = &mut model.rollback else { return };
    let there = chosen.as_ref().is_some_and(|chosen| found.iter().any(|choice| choice.sha == *chosen));
    if !*by_hand || !there {
        *chosen = candidates::proposed(&found).map(|choice| choice.sha.clone());
    }
    *choices = found;
}

/// The services of an environment that can go back.
fn rollable(env: &EnvInfo) -> Vec<ServiceId> {
    let rollable = env.services.iter().filter(|one| matches!(one.platform, Platform::Fly | Platform::Vercel));
    rollable.map(|service| service.id.clone()).collect()
}

/// The services that the selected place stands for and that can go back.
pub(super) fn services(model: &Model, env: &EnvInfo) -> Vec<ServiceId> {
    match &model.selection.place {
        Some(Place::Service(id)) => vec![id.clone()],
        _ => rollable(env),
    }
}

/// Why a rollback may not be chosen now: what it is chosen from has not been read for too long (console.md section 3).
pub(super) fn unread(model: &Model, services: &[ServiceId], now: Now) -> Option<Text> {
    let feeds = |id: &ServiceId| [FeedId::Declared(id.clone()), FeedId::Releases(id.clone())];
    let why = fresh::stale(model, services.iter().flat_map(feeds), now)?;
    Some(Text::from(format!("{why}; esc, then R reads it again")))
}

/// Whether nothing but a reason is missing: what is refused is not asked for one.
fn needs_reason(plan: &Plan) -> bool {
    plan.refusals.is_empty() && !plan.overrides.is_empty()
}

/// A plan came, or the reason why there is none.
pub(super) fn planned(model: &mut Model, req: ReqId, plan: Result<Box<Plan>, Text>, now: Now) {
    match &model.rollback {
        Some(Rollback::Preflighting(awaited, ..)) if *awaited == req => {}
        _ => return,
    }
    model.rollback = Some(match plan {
        // What the plan found red, or somebody's, is overridden by a reason, which nobody was asked for yet.
        Ok(plan) if model.reason.is_none() && plan.continues.is_none() && needs_reason(&plan) => {
            let why = plan.overrides.first().map(Override::words).unwrap_or_default();
            model.notice = Some(Text::from(format!("a reason is needed: {why}")));
            Rollback::Commenting { env: plan.env.clone(), asks: Asks::Wish(plan.wish), note: Box::default() }
        }
        Ok(mut plan) => {
            // What overrides something red is asked as the worst is.
            if overridden(model, &plan.env, &plan.wish, now).is_some() {
                plan.level = Level::Critical;
            }
            let confirm = Confirm::shown(model, &plan, now);
            Rollback::Ready(plan, confirm)
        }
        Err(why) => Rollback::Refused(why),
    });
}

pub(super) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    if key.code == KeyCode::Esc {
        model.rollback = None;
        return Vec::new();
    }
    // Nothing is confirmed on a screen too small to show what is confirmed.
    let (columns, rows) = model.size;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        return Vec::new();
    }
    match model.rollback.as_mut() {
        Some(Rollback::Pick { env, choices, chosen, by_hand, manner, .. }) => {
            let machines = choices.iter().any(Choice::has_machines);
            let by: isize = match key.code {
                KeyCode::Down | KeyCode::Char('j') => 1,
                KeyCode::Up | KeyCode::Char('k') => -1,
                KeyCode::Enter => return preflight(model, now),
                KeyCode::Char('s') if machines => {
                    *manner = manner.next();
                    return Vec::new();
                }
                KeyCode::Char('g') if machines => {
                    let env = env.clone();
                    next_region(model, &env);
                    return Vec::new();
                }
                _ => return Vec::new(),
            };
            let at = chosen.as_ref().and_then(|sha| choices.iter().position(|choice| choice.sha == *sha));
            // Nobody begins by going to what runs.
            let first = choices.iter().position(|choice| !choice.live).unwrap_or(0);
            let last = choices.len().saturating_sub(1);
            let next = at.map_or(first, |at| at.saturating_add_signed(by).min(last));
            *by_hand = true;
            *chosen = choices.get(next).map(|choice| choice.sha.clone());
        }
        Some(Rollback::Ready(plan, confirm)) => match confirm.key(plan, key, model.hurried, now) {
            Answer::Yes => return confirmed(model, now),
            Answer::No => model.rollback = None,
            Answer::Open => {}
            Answer::Hurried => {
                let again = "that came faster than a person types, as a paste does: press it again to confirm";
                model.notice = Some(Text::from(again));
            }
        },
        Some(Rollback::Commenting { env, asks, note }) => {
            if key.code == KeyCode::Enter && !key.alt {
                let (env, asks, said) = (env.clone(), asks.clone(), note.text());
                return commented(model, env, asks, said, now);
            }
            note.key(key);
        }
        Some(Rollback::Entering(_)) => return secret::key(model, key, now),
        Some(Rollback::Scaling(_)) => return scale::key(model, key, now),
        Some(Rollback::Refused(_)) if key.code == KeyCode::Char('q') => model.rollback = None,
        Some(Rollback::Following(op)) => {
            let op = *op;
            return follow::key(model, op, key, now);
        }
        _ => {}
    }
    Vec::new()
}

/// Opens the dialog for something that goes through the pipeline: a comment first where GitHub keeps one.
pub(super) fn wish(model: &mut Model, env: EnvId, wish: Wish, now: Now) -> Vec<Effect> {
    model.reason = None;
    if matches!(wish, Wish::Review { .. }) || overridden(model, &env, &wish, now).is_some() {
        model.rollback = Some(Rollback::Commenting { env, asks: Asks::Wish(wish), note: Box::default() });
        return Vec::new();
    }
    ask(model, env, wish)
}

/// Opens the dialog for a claim, whose reason is written first.
pub(super) fn claim(model: &mut Model, env: EnvId, asks: Asks) {
    model.rollback = Some(Rollback::Commenting { env, asks, note: Box::default() });
}

/// The comment is written: goes on with what it is for, unless a reason is needed and there is none.
fn commented(model: &mut Model, env: EnvId, asks: Asks, said: Text, now: Now) -> Vec<Effect> {
    let missing = match &asks {
        Asks::Wish(wish) => overridden(model, &env, wish, now).map(|one| one.words()),
        Asks::Lock | Asks::Mark(_) => Some("others will ask why".to_owned()),
    };
    if let Some(why) = missing.filter(|_| said.is_empty()) {
        model.notice = Some(Text::from(format!("a reason is needed: {why}")));
        return Vec::new();
    }
    match asks {
        Asks::Wish(wish) => {
            model.reason = Some(said).filter(|said| !said.is_empty());
            ask(model, env, wish)
        }
        Asks::Lock => {
            model.rollback = None;
            vec![Effect::Lock(env, Some(said))]
        }
        Asks::Mark(sha) => {
            model.rollback = None;
            vec![Effect::Mark(sha, Some(said))]
        }
    }
}

/// What is red, or somebody's, and would be overridden by doing it now.
#[must_use]
pub fn overridden(model: &Model, env: &EnvId, wish: &Wish, now: Now) -> Option<Override> {
    if let Some(frozen) = model.frozen(env, now).filter(|_| !wish.kind().stops()) {
        return Some(Override::Freeze(frozen));
    }
    let lock = model.history.locks.get(env).filter(|lock| *lock.who.as_str() != *model.who);
    if let Some(lock) = lock {
        return Some(Override::Lock(lock.clone()));
    }
    let ships = wish.kind().ships();
    let red = readiness::checks(model, now).into_iter().find(|check| ships && check.status == Status::Fail)?;
    Some(Override::RedGate { asks: Text::from(red.asks), says: red.says })
}

fn ask(model: &mut Model, env: EnvId, wish: Wish) -> Vec<Effect> {
    model.asked += 1;
    let req = ReqId(model.asked);
    model.rollback = Some(Rollback::Preflighting(req, env.clone(), wish.clone()));
    vec![Effect::Preflight(req, env, wish, None)]
}

/// The next region goes first: none, then each that has machines there.
fn next_region(model: &mut Model, env: &EnvId) {
    let all: BTreeSet<Text> = model
        .services
        .iter()
        .filter(|(id, _)| id.env == *env)
        .flat_map(|(_, state)| state.declared.iter().flat_map(|declared| &declared.instances))
        .map(|instance| instance.region.clone())
        .collect();
    let Some(Rollback::Pick { manner, .. }) = &mut model.rollback else { return };
    manner.first = match &manner.first {
        // One region is no choice.
        _ if all.len() < 2 || manner.strategy == Strategy::BlueGreen => None,
        None => all.first().cloned(),
        Some(now) => all.iter().find(|region| *region > now).cloned(),
    };
}

/// The release is wished for by its commit: what it consists of is read anew for the plan.
fn preflight(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(Rollback::Pick { env, alone, chosen: Some(commit), manner, .. }) = &model.rollback else {
        return Vec::new();
    };
    let env = env.clone();
    let asked = Wish::RollBackTo { commit: commit.clone(), alone: alone.clone(), manner: manner.clone() };
    wish(model, env, asked, now)
}

/// A plan that is fresh is carried out.
fn confirmed(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(Rollback::Ready(plan, _)) = &model.rollback else { return Vec::new() };
    let age = std::time::Duration::try_from(now.wall.duration_since(plan.computed_at)).unwrap_or_default();
    if age > PLAN_LIFE {
        model.rollback =
            Some(Rollback::Refused(Text::from("the plan is older than a minute: esc, then make it again")));
        return Vec::new();
    }
    let plan = plan.clone();
    model.own.insert(plan.op);
    model.rollback = Some(Rollback::Following(plan.op));
    vec![Effect::Operate(plan, model.reason.take())]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::fact::Fact;
    use crate::domain::feed::{FeedState, FeedStatus};
    use crate::domain::release::{Deployment, Presence};

    fn now() -> Now {
        Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO }
    }

    fn at(second: i64) -> Now {
        Now { wall: jiff::Timestamp::from_second(second).unwrap(), ..now() }
    }

    fn deployment(service: &ServiceId, sha: &str, current: bool) -> Deployment {
        Deployment {
            service: service.clone(),
            id: sha.into(),
            label: Text::from("v1"),
            sha: Some(sha.into()),
            image: None,
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            ran_for: None,
            author: Text::from("maria"),
            message: Text::from("change"),
            current,
            verified: Some(true),
            presence: Presence::There,
            bad: None,
        }
    }

    fn model() -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let mut model = Model::new(&settings, now());
        model.size = (120, 30);
        model
    }

    fn plan(refusals: Vec<Text>) -> Box<Plan> {
        let now = jiff::Timestamp::UNIX_EPOCH;
        Box::new(Plan {
            refusals,
            level: Level::Critical,
            ..Plan::of(Wish::RollBack(Vec::new()), "production".into(), Vec::new(), now)
        })
    }

    fn press(model: &mut Model, code: KeyCode, at: Now) -> Vec<Effect> {
        key(model, Key { code, ctrl: false, alt: false, repeat: false }, at)
    }

    #[test]
    fn only_the_whole_name_confirms_and_only_once() {
        let mut model = model();
        model.rollback = Some(Rollback::Ready(plan(Vec::new()), Confirm::default()));
        assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
        for c in "production".chars() {
            assert!(press(&mut model, KeyCode::Char(c), now()).is_empty());
        }
        assert!(matches!(press(&mut model, KeyCode::Enter, now())[..], [Effect::Operate(..)]));
        assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    }

    #[test]
    fn a_refused_or_old_plan_is_not_carried_out() {
        let mut model = model();
        let typed = Confirm::typed("production");
        model.rollback = Some(Rollback::Ready(plan(vec![Text::from("read-only")]), typed.clone()));
        assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
        model.rollback = Some(Rollback::Ready(plan(Vec::new()), typed));
        let later = Now { wall: jiff::Timestamp::from_second(61).unwrap(), ..now() };
        assert!(press(&mut model, KeyCode::Enter, later).is_empty());
        assert!(matches!(model.rollback, Some(Rollback::Refused(_))));
    }

    #[test]
    fn nothing_is_confirmed_on_a_screen_too_small_to_show_it() {
        let mut model = model();
        model.rollback = Some(Rollback::Ready(plan(Vec::new()), Confirm::typed("production")));
        for size in [(59, 30), (120, 14)] {
            model.size = size;
            assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
        }
        model.size = (60, 15);
        assert!(matches!(press(&mut model, KeyCode::Enter, now())[..], [Effect::Operate(..)]));
    }

    #[test]
    fn what_was_not_read_for_three_intervals_offers_no_rollback() {
        let mut model = model();
        let backend = ServiceId::new("production", "backend");
        let status = FeedStatus { state: FeedState::Fresh(now().wall), interval: Duration::from_secs(10) };
        model.feeds.insert(FeedId::Releases(backend.clone()), status);
        model.selection.place = Some(Place::Service(backend.clone()));
        model
            .releases
            .insert(backend.clone(), vec![deployment(&backend, "new", true), deployment(&backend, "old", false)]);
        assert!(
            matches!(&open(&mut model, at(30))[..], [Effect::Refresh(feeds)] if feeds.len() == 3),
            "it is read anew"
        );
        assert!(matches!(&model.rollback, Some(Rollback::Pick { chosen: Some(sha), .. }) if sha.as_str() == "old"));
        assert!(open(&mut model, at(31)).is_empty());
        let Some(Rollback::Refused(why)) = &model.rollback else { panic!("{:?}", model.rollback) };
        assert!(why.as_str().contains("releases: not read for 31s"), "{why}");
    }

    #[test]
    fn what_is_marked_bad_or_gone_is_never_proposed() {
        let backend = ServiceId::new("production", "backend");
        let bad = Deployment { bad: Some(Text::from("leaks")), ..deployment(&backend, "bad", false) };
        let gone = Deployment { presence: Presence::Gone, ..deployment(&backend, "gone", false) };
        for one in [bad, gone] {
            let mut model = model();
            model.selection.place = Some(Place::Service(backend.clone()));
            model.releases.insert(backend.clone(), vec![deployment(&backend, "new", true), one]);
            drop(open(&mut model, now()));
            assert!(matches!(model.rollback, Some(Rollback::Pick { chosen: None, .. })), "{:?}", model.rollback);
        }
    }

    #[test]
    fn the_open_list_shows_what_is_read_meanwhile_and_what_a_person_chose_stays() {
        let mut model = model();
        let backend = ServiceId::new("production", "backend");
        model.selection.place = Some(Place::Service(backend.clone()));
        drop(open(&mut model, now()));
        let told = |model: &mut Model, list: Vec<Deployment>| {
            drop(crate::app::update(model, crate::app::msg::Msg::Fact(Fact::Releases(backend.clone(), list)), now()));
        };
        let [older, old] = ["0000001", "0000002"].map(|sha| deployment(&backend, sha, false));
        let list = vec![deployment(&backend, "0000003", true), old.clone(), older.clone()];
        model.history.verified =
            [&old, &older].map(|one| (backend.clone(), one.id.clone(), one.sha.clone().unwrap())).into();
        told(&mut model, list.clone());
        let chosen = |model: &Model| match &model.rollback {
            Some(Rollback::Pick { chosen, .. }) => chosen.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(chosen(&model), Some("0000002".into()), "proposed as soon as it is read");
        drop(press(&mut model, KeyCode::Char('j'), now()));
        assert_eq!(chosen(&model), Some("0000001".into()));
        told(&mut model, list);
        assert_eq!(chosen(&model), Some("0000001".into()));
        let effects = press(&mut model, KeyCode::Enter, now());
        let [Effect::Preflight(_, _, Wish::RollBackTo { commit, alone: Some(alone), .. }, None)] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!((commit.as_str(), alone), ("0000001", &backend), "by its commit, and this service alone");
    }

    #[test]
    fn a_late_answer_to_an_earlier_question_is_dropped() {
        let mut model = model();
        model.rollback = Some(Rollback::Preflighting(ReqId(2), "production".into(), Wish::Promote));
        planned(&mut model, ReqId(1), Ok(plan(Vec::new())), now());
        assert!(matches!(model.rollback, Some(Rollback::Preflighting(..))));
        planned(&mut model, ReqId(2), Ok(plan(Vec::new())), now());
        assert!(matches!(model.rollback, Some(Rollback::Ready(..))));
    }
}
