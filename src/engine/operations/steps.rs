//! The steps of a platform, as more than one operation takes them.

pub(super) mod domains;
pub(super) mod fleet;
pub(super) mod fly;
pub(super) mod github;
pub(super) mod machine;
pub(super) mod vercel;
