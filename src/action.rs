//! The one table of actions: what each does, its keys, and where it works. The help, the hints and `docs/keys.md` are generated
//! from it.

pub mod dialogs;

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
    /// The next of the named arrangements of panes.
    Layout,
    /// Hide the focused pane.
    Hide,
    /// Every pane, with the room that it needs.
    Natural,
    /// The left column narrower.
    Narrower,
    /// The left column wider.
    Wider,
    /// The focused pane taller.
    Taller,
    /// The focused pane less tall.
    Shorter,
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
    /// Give the mouse to the terminal, which selects text with it, or take it.
    Mouse,
}

/// What actions belong to, in the order in which the help tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The selected row.
    Row,
    /// Changes of the world or of the store.
    Change,
    /// What is shown.
    Views,
    /// The selection.
    Moving,
    /// The log lines.
    Logs,
    /// The console itself.
    Console,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 6] = [Self::Row, Self::Change, Self::Views, Self::Moving, Self::Logs, Self::Console];

    /// Its heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Row => "The selected row",
            Self::Change => "Changes: a plan or a question comes first",
            Self::Views => "Views and panes",
            Self::Moving => "Moving",
            Self::Logs => "Log lines",
            Self::Console => "The console",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it belongs to.
    pub group: Group,
    /// What it asks for.
    pub action: Action,
    /// Its keys as people write them.
    pub keys: &'static [&'static str],
    /// What it does, a few words.
    pub title: &'static str,
}

const fn entry(group: Group, action: Action, keys: &'static [&'static str], title: &'static str) -> Entry {
    Entry { group, action, keys, title }
}

/// Every action, group by group.
pub const TABLE: &[Entry] = &[
    entry(Group::Row, Action::Enter, &["enter"], "open: all that is known of it"),
    entry(Group::Row, Action::Why, &["X"], "why is this red"),
    entry(Group::Row, Action::Open, &["o"], "open in the browser"),
    entry(Group::Row, Action::Copy, &["y"], "copy its identity"),
    entry(Group::Row, Action::CopyAddress, &["Y"], "copy its address"),
    entry(Group::Row, Action::Refresh, &["r"], "refresh this pane"),
    entry(Group::Change, Action::Menu, &["!"], "every action, and why not"),
    entry(Group::Change, Action::Start('!'), &["!!"], "roll back what the alarm names"),
    entry(Group::Change, Action::Start('R'), &["!R"], "roll back"),
    entry(Group::Change, Action::Start('P'), &["!P"], "promote"),
    entry(Group::Change, Action::Start('A'), &["!A"], "approve a gate"),
    entry(Group::Change, Action::Start('J'), &["!J"], "reject a gate"),
    entry(Group::Change, Action::Start('C'), &["!C"], "cancel a run"),
    entry(Group::Change, Action::Start('E'), &["!E"], "rerun a run"),
    entry(Group::Change, Action::Start('G'), &["!G"], "rerun what failed of a run"),
    entry(Group::Change, Action::Start('D'), &["!D"], "redeploy"),
    entry(Group::Change, Action::Start('M'), &["!M"], "restart machines"),
    entry(Group::Change, Action::Start('N'), &["!N"], "scale"),
    entry(Group::Change, Action::Start('U'), &["!U"], "unpin a frontend"),
    entry(Group::Change, Action::Start('Z'), &["!Z"], "pause or resume a frontend"),
    entry(Group::Change, Action::Start('T'), &["!T"], "challenge visitors, or stop"),
    entry(Group::Change, Action::Start('W'), &["!W"], "rolling release: begin, advance"),
    entry(Group::Change, Action::Start('V'), &["!V"], "rolling release: complete"),
    entry(Group::Change, Action::Start('Y'), &["!Y"], "rolling release: abort"),
    entry(Group::Change, Action::Start('L'), &["!L"], "lock or unlock an environment"),
    entry(Group::Change, Action::Start('B'), &["!B"], "mark a commit bad, or not"),
    entry(Group::Change, Action::Start('S'), &["!S"], "set a secret"),
    entry(Group::Change, Action::Start('F'), &["!F"], "freeze at certain times"),
    entry(Group::Change, Action::Start('O'), &["!O"], "show the last operation"),
    entry(Group::Views, Action::View(1), &["1"], "dashboard"),
    entry(Group::Views, Action::View(2), &["2"], "releases"),
    entry(Group::Views, Action::View(3), &["3"], "pipeline: runs, jobs, gates"),
    entry(Group::Views, Action::View(4), &["4"], "logs"),
    entry(Group::Views, Action::View(5), &["5"], "health"),
    entry(Group::Views, Action::View(6), &["6"], "secrets"),
    entry(Group::Views, Action::View(7), &["7", "T"], "timeline"),
    entry(Group::Views, Action::View(8), &["8", "@"], "journal"),
    entry(Group::Views, Action::View(9), &["9"], "readiness for a promotion"),
    entry(Group::Views, Action::NextPane, &["tab"], "next pane"),
    entry(Group::Views, Action::PreviousPane, &["shift-tab"], "previous pane"),
    entry(Group::Views, Action::Zoom, &["z"], "zoom the pane"),
    entry(Group::Views, Action::Layout, &["v"], "next layout of panes"),
    entry(Group::Views, Action::Hide, &["H"], "hide the pane"),
    entry(Group::Views, Action::Natural, &["="], "every pane, as it needs room"),
    entry(Group::Views, Action::Narrower, &["["], "left column narrower"),
    entry(Group::Views, Action::Wider, &["]"], "left column wider"),
    entry(Group::Views, Action::Taller, &["+"], "pane taller"),
    entry(Group::Views, Action::Shorter, &["-"], "pane less tall"),
    entry(Group::Moving, Action::Down, &["j", "down"], "down"),
    entry(Group::Moving, Action::Up, &["k", "up"], "up"),
    entry(Group::Moving, Action::PageDown, &["pgdn"], "page down"),
    entry(Group::Moving, Action::PageUp, &["pgup"], "page up"),
    entry(Group::Moving, Action::HalfDown, &["ctrl-d"], "half a page down"),
    entry(Group::Moving, Action::HalfUp, &["ctrl-u"], "half a page up"),
    entry(Group::Moving, Action::First, &["g", "home"], "first"),
    entry(Group::Moving, Action::Last, &["G", "end"], "last; logs follow again"),
    entry(Group::Logs, Action::Filter, &["/"], "filter; tab keeps it, esc ends it"),
    entry(Group::Logs, Action::NextMatch, &["n"], "next match"),
    entry(Group::Logs, Action::PreviousMatch, &["N"], "previous match"),
    entry(Group::Logs, Action::NextError, &["e"], "next error"),
    entry(Group::Logs, Action::PreviousError, &["E"], "previous error"),
    entry(Group::Logs, Action::Pause, &["space"], "pause or follow logs"),
    entry(Group::Logs, Action::Level, &["l"], "lowest level shown"),
    entry(Group::Logs, Action::Sources, &["s"], "sources of lines"),
    entry(Group::Logs, Action::Patterns, &["c"], "patterns; new since deploy"),
    entry(Group::Logs, Action::Chart, &["h"], "errors over time, deploys; jump"),
    entry(Group::Logs, Action::Context, &["x"], "a filtered line among the others"),
    entry(Group::Logs, Action::GoTo, &[">"], "go to a time: 12:30, or 15m ago"),
    entry(Group::Logs, Action::Mark, &["m"], "measure time from this line"),
    entry(Group::Logs, Action::Wrap, &["w"], "wrap or cut long lines"),
    entry(Group::Logs, Action::Left, &["left"], "long lines: back to the left"),
    entry(Group::Logs, Action::Right, &["right"], "long lines: more of the right"),
    entry(Group::Logs, Action::Stamps, &["t"], "times: UTC, local, age, none"),
    entry(Group::Logs, Action::Fold, &["f"], "fold stack traces, or not"),
    entry(Group::Logs, Action::Save, &["ctrl-s"], "save the lines shown"),
    entry(Group::Logs, Action::Pager, &["|"], "the lines shown in $PAGER"),
    entry(Group::Console, Action::Help, &["?"], "help"),
    entry(Group::Console, Action::Palette, &[":"], "every view, action, service, release, run by name"),
    entry(Group::Console, Action::RefreshAll, &["R"], "refresh everything"),
    entry(Group::Console, Action::Privacy, &["p"], "privacy for a shared screen"),
    entry(Group::Console, Action::Mouse, &["M"], "mouse: selects text, or clicks"),
    entry(Group::Console, Action::Escape, &["esc"], "leave filter, help, zoom"),
    entry(Group::Console, Action::Back, &["q", "ctrl-c"], "back; at the top quit"),
    entry(Group::Console, Action::Suspend, &["ctrl-z"], "suspend; fg returns"),
];

/// The action that a key, written as in the table, asks for.
#[must_use]
pub fn by_key(key: &str) -> Option<Action> {
    TABLE.iter().find(|entry| entry.keys.contains(&key)).map(|entry| entry.action)
}

/// The key of an action that a hint names: its first one.
#[must_use]
pub fn key(action: Action) -> &'static str {
    let entry = TABLE.iter().find(|entry| entry.action == action);
    entry.and_then(|entry| entry.keys.first()).copied().unwrap_or_default()
}

/// Every key: where it works, how people write it, and what it does there.
pub fn keys() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    let own = TABLE.iter().map(|entry| (entry.group.name(), entry.keys, entry.title));
    own.chain(dialogs::OWN.iter().map(|one| (one.dialog.name(), one.keys, one.title)))
}

/// The table as the Markdown of `docs/keys.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("# Keys\n\nGenerated from the table of actions.\n");
    for group in Group::ALL {
        text.push_str(&format!("\n## {}\n\n| key | does |\n|---|---|\n", group.name()));
        for entry in TABLE.iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            text.push_str(&format!("| {} | {} |\n", keys.join(" "), entry.title));
        }
    }
    for dialog in dialogs::Dialog::ALL {
        text.push_str(&format!("\n## {}\n\n| key | does |\n|---|---|\n", dialog.name()));
        for one in dialogs::OWN.iter().filter(|one| one.dialog == dialog) {
            let keys: Vec<String> = one.keys.iter().map(|key| format!("`{key}`")).collect();
            text.push_str(&format!("| {} | {} |\n", keys.join(" "), one.title));
        }
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

    #[test]
    fn every_action_has_a_key_and_one_row() {
        for entry in TABLE {
            assert!(!entry.keys.is_empty() && !entry.title.is_empty(), "{:?}", entry.action);
            assert_eq!(TABLE.iter().filter(|one| one.action == entry.action).count(), 1, "{:?}", entry.action);
        }
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
