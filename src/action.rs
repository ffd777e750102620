//! THE table of actions: id, title, help, default keys, where they work, how dangerous they are. The help, the hint line,
//! the action menu and `docs/keys.md` are made from it.
