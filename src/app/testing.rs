//! Builders for tests of transitions: a product of two environments, facts about it in a line each, and keys.

use std::time::Duration;

use super::effect::Effect;
use super::model::Model;
use super::msg::{Key, KeyCode, Msg, Now};
use crate::domain::environment::{Declared, Observed, Status};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::health::{Anatomy, ProbeId, Sample};
use crate::domain::ids::{OpId, ServiceId};
use crate::domain::operation::{Move, OpKind, OpState, Operation};
pub use crate::domain::testing::{NEW, OLD, deployment, run};
use crate::sanitize::Text;

const CONFIG: &str = r#"
[[environments]]
name = "staging"
tier = "staging"
access = "write"
services = [
  { name = "backend", platform = "fly", resource = "shop-staging" },
  { name = "frontend", platform = "vercel", resource = "web-staging" },
]

[[environments]]
name = "production"
tier = "production"
access = "write"
services = [
  { name = "backend", platform = "fly", resource = "shop" },
  { name = "frontend", platform = "vercel", resource = "web" },
]
"#;

/// The second second of the test, and so on.
pub fn at(second: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000 + i64::try_from(second).unwrap()).unwrap();
    Now { wall, mono: Duration::from_secs(second) }
}

/// A console that knows its settings, at a usual size.
pub fn model() -> Model {
    let flags = crate::config::load::Flags::default();
    let settings = crate::config::load::parse(CONFIG, None, &flags, &|_| None).unwrap();
    let mut model = Model::new(&settings, at(0));
    model.screen.notice = None;
    let _ = super::update(&mut model, Msg::Resize(120, 40), at(0));
    model
}

/// A fact comes.
pub fn tell(model: &mut Model, fact: Fact) -> Vec<Effect> {
    super::update(model, Msg::Fact(fact), at(1))
}

/// A key is pressed, a second after everything else: what shows is armed.
pub fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    super::update(model, Msg::Key(Key { code, ctrl: false, alt: false, repeat: false }), at(2))
}

/// Keys one after the other: letters, `⏎` for enter, `⎋` for escape, `⇥` for tab, `␣` for space, `↓` and `↑`.
pub fn keys(model: &mut Model, text: &str) -> Vec<Effect> {
    let code = |c: char| match c {
        '⏎' => KeyCode::Enter,
        '⎋' => KeyCode::Esc,
        '⇥' => KeyCode::Tab,
        '␣' => KeyCode::Char(' '),
        '↓' => KeyCode::Down,
        '↑' => KeyCode::Up,
        c => KeyCode::Char(c),
    };
    text.chars().flat_map(|c| press(model, code(c))).collect()
}

/// A service runs a commit, as its platform and its edge say.
pub fn runs(model: &mut Model, env: &str, service: &str, sha: &str, status: Status) {
    let id = ServiceId::new(env, service);
    let declared = Declared { created_at: Some(at(0).wall), ..crate::domain::testing::declared(Some(sha), status) };
    let observed =
        Observed { sha: Some(sha.into()), version: None, at: at(1).wall, source: Text::from("x"), edges: Vec::new() };
    tell(model, Fact::Declared(id.clone(), Box::new(declared)));
    tell(model, Fact::Observed(id.clone(), observed));
    for feed in [FeedId::Declared(id.clone()), FeedId::Observed(id.clone()), FeedId::Releases(id)] {
        fresh(model, feed);
    }
}

/// A feed was read just now.
pub fn fresh(model: &mut Model, id: FeedId) {
    let status = FeedStatus { state: FeedState::Fresh(at(1).wall), interval: Duration::from_secs(5) };
    tell(model, Fact::Feed(id, status));
}

/// A probe answered so many times.
pub fn probed(model: &mut Model, env: &str, name: &str, failure: Option<&str>, times: usize) {
    let id = ProbeId { env: env.into(), name: name.into() };
    for _ in 0..times {
        let sample = Sample { at: at(1).wall, anatomy: Anatomy::default(), failure: failure.map(Text::from) };
        tell(model, Fact::Probe(id.clone(), Text::from("GET https://shop.example.com/health"), sample));
    }
}

/// An operation that has ended.
pub fn operation(number: u128, kind: OpKind, env: &str, state: OpState, moves: Vec<Move>, to: &str) -> Operation {
    let id = OpId(uuid::Uuid::from_u128(number));
    let title = Text::from(format!("{} {env}", kind.name()));
    let ended_at = state.ended().then_some(at(1).wall);
    Operation {
        state,
        moves,
        ended_at,
        commit: Some(to.into()),
        ..Operation::begun(id, kind, env.into(), title, at(0).wall)
    }
}
