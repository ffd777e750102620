//! A plan at the keyboard: what is asked, what confirms it, what makes it anew.

use std::time::Duration;

use super::*;
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedState, FeedStatus};
use crate::domain::readiness::Criterion;
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
    model.screen.size = (120, 30);
    model.screen.geometry.dialog = Some(crate::app::geometry::Laid { top: 0, room: 20, all: 20, must: 20 });
    model
}

fn plan(refusals: Vec<Text>) -> Box<Plan> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Box::new(Plan {
        refusals,
        level: Level::Critical,
        ..Plan::of(Request::RollBack(Vec::new()), "production".into(), Vec::new(), now)
    })
}

/// A key, on what the frame before shows.
fn press(model: &mut Model, code: KeyCode, at: Now) -> Vec<Effect> {
    model.set_geometry(model.screen.geometry.clone());
    key(model, Key { code, ctrl: false, alt: false, repeat: false }, at)
}

#[test]
fn only_the_whole_name_confirms_and_only_once() {
    let mut model = model();
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Ready(plan(Vec::new()), Confirm::default())));
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
    model.dialog.overlay =
        Some(Overlay::Operation(OperationDialog::Ready(plan(vec![Text::from("read-only")]), typed.clone())));
    assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Ready(plan(Vec::new()), typed)));
    let later = Now { wall: jiff::Timestamp::from_second(61).unwrap(), ..now() };
    assert!(press(&mut model, KeyCode::Enter, later).is_empty());
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Ready(..))), "it stays to be read");
}

#[test]
fn one_key_makes_a_plan_anew_that_is_too_old_or_that_fell() {
    let mut model = model();
    let question = || Question::new("production".into(), Request::Promote);
    let again = |model: &mut Model, second: i64| press(model, KeyCode::Char('r'), at(second));
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Preflighting(ReqId(0), question())));
    planned(&mut model, ReqId(0), Ok(plan(Vec::new())), now());
    assert!(again(&mut model, 60).is_empty(), "a letter of the name while it may be confirmed");
    let effects = again(&mut model, 61);
    let [Effect::Preflight(req, env, Request::Promote, None)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(env.as_str(), "production");
    planned(&mut model, *req, Err(Text::from("no answer")), at(61));
    assert!(matches!(&again(&mut model, 62)[..], [Effect::Preflight(..)]), "what could not be read is read again");
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Refused(Text::from("nothing to ask again"), None)));
    assert!(again(&mut model, 63).is_empty());
}

#[test]
fn a_plan_that_was_made_anew_says_so_and_may_be_confirmed_again() {
    let mut model = model();
    let moderate = |second: i64| {
        let computed_at = at(second).wall;
        Box::new(Plan { level: Level::Moderate, computed_at, ..*plan(Vec::new()) })
    };
    let question = || Question::new("production".into(), Request::Promote);
    model.screen.notice = None;
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Preflighting(ReqId(0), question())));
    planned(&mut model, ReqId(0), Ok(moderate(0)), at(0));
    assert_eq!(model.screen.notice, None);
    assert!(press(&mut model, KeyCode::Enter, at(61)).is_empty());
    let told = model.screen.notice.take().unwrap();
    assert!(told.as_str().contains("older than a minute: r makes it anew"), "{told:?}");
    let effects = press(&mut model, KeyCode::Char('r'), at(62));
    let [Effect::Preflight(req, ..)] = &effects[..] else { panic!("{effects:?}") };
    planned(&mut model, *req, Ok(moderate(63)), at(63));
    let told = model.screen.notice.take().unwrap();
    assert!(told.as_str().contains("made anew: 60 s"), "{told:?}");
    // Which time is left for what is refused is of no use, and what could not be read before was no plan.
    model.dialog.overlay =
        Some(Overlay::Operation(OperationDialog::Preflighting(ReqId(90), Question { anew: true, ..question() })));
    planned(&mut model, ReqId(90), Ok(plan(vec![Text::from("read-only")])), at(63));
    assert_eq!(model.screen.notice, None);
    model.dialog.overlay =
        Some(Overlay::Operation(OperationDialog::Refused(Text::from("no answer"), Some(question()))));
    let effects = press(&mut model, KeyCode::Char('r'), at(63));
    let [Effect::Preflight(req, ..)] = &effects[..] else { panic!("{effects:?}") };
    planned(&mut model, *req, Ok(moderate(63)), at(63));
    assert_eq!(model.screen.notice, None, "the first plan there is");
    // One that takes no name is made anew whenever a person asks.
    assert!(matches!(press(&mut model, KeyCode::Char('r'), at(70))[..], [Effect::Preflight(..)]));
}

#[test]
fn a_reason_is_shown_anew_where_the_plan_that_it_was_for_fell() {
    let mut model = model();
    model.dialog.reason = Some(Text::from("urgent"));
    let question = Question::new("production".into(), Request::Promote);
    model.dialog.overlay =
        Some(Overlay::Operation(OperationDialog::Refused(Text::from("locked by ali"), Some(question))));
    let effects = press(&mut model, KeyCode::Char('r'), now());
    let [Effect::Preflight(req, ..)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(model.dialog.reason, None, "it was given for what was known then");
    let lock = Lock { who: "ali".into(), why: "mine".into(), at: now().wall, until: None };
    let plan = Plan { overrides: vec![Override::Lock(lock)], ..*plan(Vec::new()) };
    planned(&mut model, *req, Ok(Box::new(plan)), now());
    let Some(OperationDialog::Commenting { comment, .. }) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.operation())
    };
    assert_eq!(comment.text().as_str(), "urgent");
}

#[test]
fn a_comment_is_no_reason_for_breaking_a_lock_that_came_after_it() {
    let mut model = model();
    model.dialog.reason = Some(Text::from("looks good"));
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Preflighting(
        ReqId(0),
        Question::new("production".into(), Request::Promote),
    )));
    planned(&mut model, ReqId(0), Ok(plan(Vec::new())), now());
    assert_eq!(
        model.dialog.reason.as_ref().map(Text::as_str),
        Some("looks good"),
        "it goes with what it was written for"
    );
    let again = |model: &mut Model, second: i64| {
        let effects = press(model, KeyCode::Char('r'), at(second));
        let [Effect::Preflight(req, ..)] = &effects[..] else { panic!("{effects:?}") };
        *req
    };
    let req = again(&mut model, 61);
    let free = Plan { computed_at: at(61).wall, ..*plan(Vec::new()) };
    planned(&mut model, req, Ok(Box::new(free)), at(61));
    assert_eq!(model.dialog.reason.as_ref().map(Text::as_str), Some("looks good"), "nothing is in its way");
    let req = again(&mut model, 122);
    let lock = Lock { who: "ali".into(), why: "mine".into(), at: now().wall, until: None };
    let locked = Plan { overrides: vec![Override::Lock(lock)], ..*plan(Vec::new()) };
    planned(&mut model, req, Ok(Box::new(locked)), at(122));
    let Some(OperationDialog::Commenting { comment, .. }) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.operation())
    };
    assert_eq!((comment.text().as_str(), &model.dialog.reason), ("looks good", &None));
}

/// A lock of ali.
fn lock(why: &str) -> Lock {
    Lock { who: "ali".into(), why: why.into(), at: now().wall, until: None }
}

#[test]
fn a_comment_is_a_reason_for_what_was_on_the_screen_when_it_was_written_and_for_nothing_else() {
    let mut model = model();
    let review = Request::Review { run: 7, approve: true };
    assert!(ask_for(&mut model, "production".into(), review, now()).is_empty());
    for letter in "fine".chars() {
        press(&mut model, KeyCode::Char(letter), now());
    }
    let asked = |effects: &[Effect]| match effects {
        [Effect::Preflight(req, ..)] => *req,
        other => panic!("{other:?}"),
    };
    let req = asked(&press(&mut model, KeyCode::Enter, now()));
    // The lock came behind the comment, before the first plan.
    let locked = |over: Vec<Override>| Box::new(Plan { overrides: over, ..*plan(Vec::new()) });
    let first = Override::Lock(lock("a migration"));
    planned(&mut model, req, Ok(locked(vec![first.clone()])), now());
    let Some(OperationDialog::Commenting { told, comment, .. }) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.operation())
    };
    assert_eq!((told.as_slice(), comment.text().as_str()), (std::slice::from_ref(&first), "fine"));
    assert_eq!(model.dialog.reason, None);
    // With it before one's eyes the same words are a reason.
    model.facts.history.locks.insert("production".into(), lock("a migration"));
    let req = asked(&press(&mut model, KeyCode::Enter, now()));
    planned(&mut model, req, Ok(locked(vec![first.clone()])), now());
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Ready(..))), "{:?}", model.dialog.operation());
    assert_eq!(model.dialog.reason.as_ref().map(Text::as_str), Some("fine"));
    // Another lock in its place is asked about again, also where it comes while one writes.
    model.dialog.overlay = None;
    assert!(
        ask_for(&mut model, "production".into(), Request::Restart(ServiceId::new("production", "backend")), now())
            .is_empty()
    );
    press(&mut model, KeyCode::Char('x'), now());
    model.facts.history.locks.insert("production".into(), lock("another one"));
    assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    assert!(
        model.screen.notice.as_ref().is_some_and(|told| told.as_str().contains("another one")),
        "{:?}",
        model.screen.notice
    );
    asked(&press(&mut model, KeyCode::Enter, now()));
}

#[test]
fn another_persons_lock_is_taken_away_for_a_reason_and_as_it_was_shown() {
    let mut model = model();
    let lock = Lock { who: "maria".into(), why: "migration".into(), at: now().wall, until: None };
    claim(&mut model, "production".into(), Asks::Unlock(lock.clone()), now());
    assert!(press(&mut model, KeyCode::Enter, now()).is_empty(), "without a reason nothing is done");
    assert!(model.screen.notice.as_ref().is_some_and(|why| why.as_str().contains("maria will ask why")));
    for letter in "asleep".chars() {
        press(&mut model, KeyCode::Char(letter), now());
    }
    let effects = press(&mut model, KeyCode::Enter, now());
    let [Effect::Unlock(env, Some((taken, why)))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((env.as_str(), taken, why.as_str()), ("production", &lock, "asleep"));
    assert_eq!(model.dialog.operation(), None);
}

#[test]
fn nothing_is_confirmed_on_a_screen_too_small_to_show_it() {
    let mut model = model();
    model.dialog.overlay =
        Some(Overlay::Operation(OperationDialog::Ready(plan(Vec::new()), Confirm::typed("production"))));
    for size in [(59, 30), (120, 14)] {
        model.screen.size = size;
        assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    }
    model.screen.size = (60, 15);
    assert!(matches!(press(&mut model, KeyCode::Enter, now())[..], [Effect::Operate(..)]));
}

#[test]
fn what_was_not_read_for_three_intervals_offers_no_rollback() {
    let mut model = model();
    let backend = ServiceId::new("production", "backend");
    let status = FeedStatus { state: FeedState::Fresh(now().wall), interval: Duration::from_secs(10) };
    model.facts.feeds.insert(FeedId::Releases(backend.clone()), status);
    model.screen.selection.place = Some(Place::Service(backend.clone()));
    model
        .facts
        .releases
        .insert(backend.clone(), vec![deployment(&backend, "new", true), deployment(&backend, "old", false)]);
    assert!(matches!(&open(&mut model, at(30))[..], [Effect::Refresh(feeds)] if feeds.len() == 3), "it is read anew");
    assert!(
        matches!(model.dialog.operation(), Some(OperationDialog::Pick { chosen: Some(sha), .. }) if sha.as_str() == "old")
    );
    assert!(open(&mut model, at(31)).is_empty());
    let Some(OperationDialog::Refused(why, _)) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.operation())
    };
    assert!(why.as_str().contains("releases: not read for 31s"), "{why}");
}

#[test]
fn what_is_marked_bad_or_gone_is_never_proposed() {
    let backend = ServiceId::new("production", "backend");
    let bad = Deployment { bad: Some(Text::from("leaks")), ..deployment(&backend, "bad", false) };
    let gone = Deployment { presence: Presence::Gone, ..deployment(&backend, "gone", false) };
    for one in [bad, gone] {
        let mut model = model();
        model.screen.selection.place = Some(Place::Service(backend.clone()));
        model.facts.releases.insert(backend.clone(), vec![deployment(&backend, "new", true), one]);
        drop(open(&mut model, now()));
        assert!(
            matches!(model.dialog.operation(), Some(OperationDialog::Pick { chosen: None, .. })),
            "{:?}",
            model.dialog.operation()
        );
    }
}

#[test]
fn the_open_list_shows_what_is_read_meanwhile_and_what_a_person_chose_stays() {
    let mut model = model();
    let backend = ServiceId::new("production", "backend");
    model.screen.selection.place = Some(Place::Service(backend.clone()));
    drop(open(&mut model, now()));
    let told = |model: &mut Model, list: Vec<Deployment>| {
        drop(crate::app::update(model, crate::app::msg::Msg::Fact(Fact::Releases(backend.clone(), list)), now()));
    };
    let [older, old] = ["0000001", "0000002"].map(|sha| deployment(&backend, sha, false));
    let list = vec![deployment(&backend, "0000003", true), old.clone(), older.clone()];
    model.facts.history.verified =
        [&old, &older].map(|one| (backend.clone(), one.id.clone(), one.sha.clone().unwrap())).into();
    told(&mut model, list.clone());
    let chosen = |model: &Model| match model.dialog.operation() {
        Some(OperationDialog::Pick { chosen, .. }) => chosen.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen(&model), Some("0000002".into()), "proposed as soon as it is read");
    drop(press(&mut model, KeyCode::Char('j'), now()));
    assert_eq!(chosen(&model), Some("0000001".into()));
    told(&mut model, list);
    assert_eq!(chosen(&model), Some("0000001".into()));
    let effects = press(&mut model, KeyCode::Enter, now());
    let [Effect::Preflight(_, _, Request::RollBackTo { commit, alone: Some(alone), .. }, None)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((commit.as_str(), alone), ("0000001", &backend), "by its commit, and this service alone");
}

#[test]
fn a_late_answer_to_an_earlier_question_is_dropped() {
    let mut model = model();
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Preflighting(
        ReqId(2),
        Question::new("production".into(), Request::Promote),
    )));
    planned(&mut model, ReqId(1), Ok(plan(Vec::new())), now());
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Preflighting(..))));
    planned(&mut model, ReqId(2), Ok(plan(Vec::new())), now());
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Ready(..))));
}

#[test]
fn what_could_not_be_read_when_a_comment_was_begun_is_not_told_as_what_came_meanwhile() {
    let red = |asks| Override::RedGate { asks, says: Text::from("CI #7 failed"), unread: false };
    let opened = Opened { at: now().wall, unread: vec![Criterion::Pipeline] };
    assert!(!opened.since(&red(Criterion::Pipeline)), "it may have stood there");
    assert!(opened.since(&red(Criterion::Secrets)), "it was well, and is no more");
    let lock = |second: i64| Override::Lock(Lock { at: at(second).wall, ..lock("a migration") });
    assert!(!opened.since(&lock(-5)) && opened.since(&lock(5)), "a lock says since when it stands");
    // At the keyboard: nothing of the pipeline was read when the box opened, then a run that had failed before is.
    let mut model = model();
    let review = Request::Review { run: 7, approve: true };
    assert!(ask_for(&mut model, "production".into(), review, now()).is_empty());
    model.facts.history.locks.insert("production".into(), Lock { at: at(-5).wall, ..self::lock("a migration") });
    assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    let told = model.screen.notice.as_ref().map(Notice::as_str).unwrap_or_default();
    assert!(told.starts_with("that could not be read before: it is locked by"), "{told}");
}

#[test]
fn a_reason_that_is_still_missing_leaves_what_needs_it_on_the_screen() {
    let mut model = model();
    model.facts.history.locks.insert("production".into(), lock("a migration"));
    let restart = Request::Restart(ServiceId::new("production", "backend"));
    assert!(ask_for(&mut model, "production".into(), restart, now()).is_empty());
    assert!(press(&mut model, KeyCode::Enter, now()).is_empty());
    let Some(OperationDialog::Commenting { told, .. }) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.operation())
    };
    assert_eq!(told.as_slice(), [Override::Lock(lock("a migration"))], "the reason is still to be written");
    press(&mut model, KeyCode::Char('x'), now());
    let effects = press(&mut model, KeyCode::Enter, now());
    assert!(matches!(&effects[..], [Effect::Preflight(..)]), "it was shown all the time: {effects:?}");
}
