//! The application: a model, a pure `update`, and effects as data.

pub mod banner;
pub mod effect;
mod facts;
pub mod geometry;
mod keys;
pub mod logbuf;
pub mod model;
pub mod msg;
pub mod rollback;

use effect::Effect;
use model::Model;
use msg::{Msg, Now};

/// One message in, effects out. Synchronous, without I/O, and it cannot fail.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => keys::key(model, key, now),
        Msg::Mouse(mouse) => keys::mouse(model, mouse),
        Msg::Paste(text) => {
            keys::paste(model, &text);
            Vec::new()
        }
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        Msg::Focus(_) | Msg::Tick => banner::judge(model, now),
        Msg::Fact(fact) => facts::fact(model, fact, now),
        Msg::Terminate => vec![Effect::Quit],
    }
}
