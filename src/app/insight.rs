//! What follows from what is known: the alarm, readiness, evidence, what needs a person, the timeline. Each is a function of the
//! model; nothing here changes it.

pub mod actor;
pub mod back;
pub mod banner;
pub mod brought;
pub mod detail;
pub mod evidence;
pub mod fresh;
pub mod live;
pub mod needs;
pub mod readiness;
pub mod spoken;
mod suspect;
pub mod timeline;
pub mod train;
pub mod verified;
pub mod watch;
