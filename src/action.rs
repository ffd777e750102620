//! The one table of actions: what each does, its keys, and where it works. The help, the hints and `docs/keys.md` are generated
//! from it.

/// Something a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Show or hide the help.
    Help,
    /// Back; at the top, quit.
    Back,
    /// Leave the innermost transient state.
    Escape,
    /// The menu of dangerous actions.
    Menu,
    /// Suspend the process.
    Suspend,
    /// Type a filter of the log lines.
    Filter,
    /// Next pane.
    NextPane,
    /// Previous pane.
    PreviousPane,
    /// A view by its number.
    View(u8),
    /// Zoom the focused pane.
    Zoom,
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// To the first line.
    First,
    /// To the last line; logs follow again.
    Last,
    /// Pause or follow the log lines.
    Pause,
    /// Read the focused pane's feeds now.
    Refresh,
    /// Read everything now.
    RefreshAll,
    /// Raise the lowest level shown.
    Level,
    /// Copy the identity of the selected thing.
    Copy,
    /// Copy the address of the selected thing.
    CopyAddress,
    /// Open the selected thing in the browser.
    Open,
    /// Open the selected thing: everything known of it.
    Enter,
    /// Every view and action by name.
    Palette,
    /// An action of the menu, by its letter there.
    Start(char),
    /// Why the selected environment is red.
    Why,
    /// The timeline.
    Timeline,
    /// The journal.
    Journal,
    /// The next line that matches.
    NextMatch,
    /// The previous line that matches.
    PreviousMatch,
    /// The next error.
    NextError,
    /// The previous error.
    PreviousError,
    /// Long lines over several rows, or cut.
    Wrap,
    /// Another form of the times of lines.
    Stamps,
    /// Sources of lines, shown or hidden.
    Sources,
    /// Measure time from this line.
    Mark,
    /// Go to a time among the lines.
    GoTo,
    /// Patterns of lines.
    Patterns,
    /// Errors over time.
    Chart,
    /// Stack traces as one line, or whole.
    Fold,
    /// Save the lines that are shown.
    Save,
    /// Open the lines that are shown in the pager.
    Pager,
    /// Move long lines back to the right.
    Left,
    /// Move long lines to the left.
    Right,
    /// A filtered line among its neighbours.
    Context,
    /// Hide what must not be seen on a shared screen.
    Privacy,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it asks for.
    pub action: Action,
    /// Its keys as people write them.
    pub keys: &'static [&'static str],
    /// What it does, a few words.
    pub title: &'static str,
    /// One word for the hint line; empty = not shown there.
    pub hint: &'static str,
}

const fn entry(action: Action, keys: &'static [&'static str], title: &'static str, hint: &'static str) -> Entry {
    Entry { action, keys, title, hint }
}

/// Every action.
pub const TABLE: &[Entry] = &[
    entry(Action::NextPane, &["tab"], "next pane", "pane"),
    entry(Action::PreviousPane, &["shift-tab"], "previous pane", ""),
    entry(Action::View(1), &["1"], "dashboard", ""),
    entry(Action::View(2), &["2"], "releases", ""),
    entry(Action::View(3), &["3"], "pipeline: runs, jobs, gates", ""),
    entry(Action::View(4), &["4"], "logs", ""),
    entry(Action::View(5), &["5"], "health", ""),
    entry(Action::View(6), &["6"], "secrets", ""),
    entry(Action::Timeline, &["7", "T"], "timeline", ""),
    entry(Action::Journal, &["8", "@"], "journal", ""),
    entry(Action::View(9), &["9"], "readiness for a promotion", ""),
    entry(Action::Enter, &["enter"], "open: all that is known of it", "open"),
    entry(Action::Zoom, &["z"], "zoom the pane", "zoom"),
    entry(Action::Down, &["j", "down"], "down", ""),
    entry(Action::Up, &["k", "up"], "up", ""),
    entry(Action::PageDown, &["pgdn"], "page down", ""),
    entry(Action::PageUp, &["pgup"], "page up", ""),
    entry(Action::HalfDown, &["ctrl-d"], "half a page down", ""),
    entry(Action::HalfUp, &["ctrl-u"], "half a page up", ""),
    entry(Action::First, &["g", "home"], "first", ""),
    entry(Action::Last, &["G", "end"], "last; logs follow", ""),
    entry(Action::Filter, &["/"], "filter: !not ~regex @15m level: source:", "filter"),
    entry(Action::NextMatch, &["n"], "next match", ""),
    entry(Action::PreviousMatch, &["N"], "previous match", ""),
    entry(Action::NextError, &["e"], "next error", ""),
    entry(Action::PreviousError, &["E"], "previous error", ""),
    entry(Action::Pause, &["space"], "pause or follow logs", "pause"),
    entry(Action::Level, &["l"], "lowest level shown", ""),
    entry(Action::Wrap, &["w"], "wrap or cut long lines", ""),
    entry(Action::Left, &["left"], "long lines: back to the left", ""),
    entry(Action::Right, &["right"], "long lines: more of the right", ""),
    entry(Action::Context, &["x"], "a filtered line among the others", ""),
    entry(Action::Stamps, &["t"], "times: UTC, local, age, none", ""),
    entry(Action::Sources, &["s"], "sources of lines", ""),
    entry(Action::Mark, &["m"], "measure time from this line", ""),
    entry(Action::GoTo, &[">"], "go to a time: 12:30, or 15m ago", ""),
    entry(Action::Patterns, &["c"], "patterns; new since deploy", ""),
    entry(Action::Chart, &["h"], "errors over time, deploys; jump", ""),
    entry(Action::Fold, &["f"], "fold stack traces, or not", ""),
    entry(Action::Save, &["ctrl-s"], "save the lines shown", ""),
    entry(Action::Pager, &["|"], "the lines shown in $PAGER", ""),
    entry(Action::Refresh, &["r"], "refresh this pane", "refresh"),
    entry(Action::RefreshAll, &["R"], "refresh everything", ""),
    entry(Action::Menu, &["!"], "actions: promote, approve, roll back", "actions"),
    entry(Action::Start('R'), &["!R"], "roll back", ""),
    entry(Action::Start('P'), &["!P"], "promote", ""),
    entry(Action::Start('A'), &["!A"], "approve a gate", ""),
    entry(Action::Start('J'), &["!J"], "reject a gate", ""),
    entry(Action::Start('L'), &["!L"], "lock or unlock an environment", ""),
    entry(Action::Start('B'), &["!B"], "mark a commit bad, or not", ""),
    entry(Action::Start('S'), &["!S"], "set a secret", ""),
    entry(Action::Start('D'), &["!D"], "redeploy", ""),
    entry(Action::Start('M'), &["!M"], "restart machines", ""),
    entry(Action::Start('N'), &["!N"], "scale", ""),
    entry(Action::Start('C'), &["!C"], "cancel a run", ""),
    entry(Action::Start('E'), &["!E"], "rerun a run", ""),
    entry(Action::Start('O'), &["!O"], "show the last operation", ""),
    entry(Action::Why, &["X"], "why is this red", "why"),
    entry(Action::Palette, &[":"], "every view and action", "palette"),
    entry(Action::Copy, &["y"], "copy its identity", ""),
    entry(Action::CopyAddress, &["Y"], "copy its address", ""),
    entry(Action::Privacy, &["p"], "privacy for a shared screen", ""),
    entry(Action::Open, &["o"], "open in the browser", ""),
    entry(Action::Help, &["?"], "help", "help"),
    entry(Action::Escape, &["esc"], "leave filter, help, zoom", ""),
    entry(Action::Back, &["q", "ctrl-c"], "back; at the top quit", "back, quit"),
    entry(Action::Suspend, &["ctrl-z"], "suspend; fg returns", ""),
];

/// The action that a key, written as in the table, asks for.
#[must_use]
pub fn by_key(key: &str) -> Option<Action> {
    TABLE.iter().find(|entry| entry.keys.contains(&key)).map(|entry| entry.action)
}

/// The table as the Markdown of `docs/keys.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("# Keys\n\nGenerated from the table of actions.\n\n| key | does |\n|---|---|\n");
    for entry in TABLE {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
        text.push_str(&format!("| {} | {} |\n", keys.join(" "), entry.title));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let mut keys: Vec<_> = TABLE.iter().flat_map(|entry| entry.keys).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    /// Set `FLIGHTDECK_BLESS` to write the file anew.
    #[test]
    fn the_key_documentation_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
        if std::env::var_os("FLIGHTDECK_BLESS").is_some() {
            std::fs::write(&path, markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), markdown());
    }
}
