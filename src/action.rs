//! The one table of actions: what each does, its keys, and where it works. The help, the hints and `docs/keys.md` are generated
//! from it. A person may choose other keys ([`Keys`]).

mod choice;
pub mod dialogs;
mod keys;

pub use choice::Choice;
pub use keys::{Chosen, Keys, Refused, listed};

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
    /// A view by its number; 0 lists those that have no key of their own.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it belongs to.
    pub group: Group,
    /// What it asks for.
    pub action: Action,
    /// What it is called in `[ui.keys]` of a configuration.
    pub name: &'static str,
    /// Its keys as people write them; two that are pressed one after the other have a space between them.
    pub keys: &'static [&'static str],
    /// What it does, a few words.
    pub title: &'static str,
}

const fn entry(
    group: Group,
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    title: &'static str,
) -> Entry {
    Entry { group, action, name, keys, title }
}

/// Every action, group by group.
pub const TABLE: &[Entry] = &table();

const fn table() -> [Entry; ROW.len() + Choice::ALL.len() + REST.len()] {
    let mut all = [ROW[0]; ROW.len() + Choice::ALL.len() + REST.len()];
    let mut at = 0;
    while at < all.len() {
        let (choices, rest) = (ROW.len(), ROW.len() + Choice::ALL.len());
        all[at] = if at < choices {
            ROW[at]
        } else if at < rest {
            Choice::ALL[at - choices].entry()
        } else {
            REST[at - rest]
        };
        at += 1;
    }
    all
}

/// What is about the selected row.
const ROW: &[Entry] = &[
    entry(Group::Row, Action::Enter, "open", &["enter"], "open: all that is known of it"),
    entry(Group::Row, Action::Why, "why", &["X"], "why is this red"),
    entry(Group::Row, Action::Open, "browse", &["o"], "open in the browser"),
    entry(Group::Row, Action::Copy, "copy", &["y"], "copy its identity"),
    entry(Group::Row, Action::CopyAddress, "copy_address", &["Y"], "copy its address"),
    entry(Group::Row, Action::Refresh, "refresh", &["r"], "refresh this pane"),
    entry(Group::Change, Action::Menu, "menu", &["!"], "every action, and why not"),
];

/// What is not about a row, and changes nothing of the world.
const REST: &[Entry] = &[
    entry(Group::Views, Action::View(1), "dashboard", &["1"], "dashboard"),
    entry(Group::Views, Action::View(2), "releases", &["2"], "releases"),
    entry(Group::Views, Action::View(3), "pipeline", &["3"], "pipeline: runs, jobs, gates"),
    entry(Group::Views, Action::View(4), "logs", &["4"], "logs"),
    entry(Group::Views, Action::View(5), "health", &["5"], "health"),
    entry(Group::Views, Action::View(6), "secrets", &["6"], "secrets"),
    entry(Group::Views, Action::View(7), "timeline", &["7", "T"], "timeline"),
    entry(Group::Views, Action::View(8), "journal", &["8", "@"], "journal"),
    entry(Group::Views, Action::View(9), "readiness", &["9"], "readiness for a promotion"),
    entry(Group::Views, Action::View(0), "more", &["0"], "further views"),
    entry(Group::Views, Action::View(10), "settings", &["0s"], "settings: every value, where it came from"),
    entry(Group::Views, Action::NextPane, "next_pane", &["tab"], "next pane"),
    entry(Group::Views, Action::PreviousPane, "previous_pane", &["shift-tab"], "previous pane"),
    entry(Group::Views, Action::Zoom, "zoom", &["z"], "zoom the pane"),
    entry(Group::Views, Action::Layout, "next_layout", &["v"], "next layout of panes"),
    entry(Group::Views, Action::Hide, "hide", &["H"], "hide the pane"),
    entry(Group::Views, Action::Natural, "natural", &["="], "every pane, as it needs room"),
    entry(Group::Views, Action::Narrower, "narrower", &["["], "left column narrower"),
    entry(Group::Views, Action::Wider, "wider", &["]"], "left column wider"),
    entry(Group::Views, Action::Taller, "taller", &["+"], "pane taller"),
    entry(Group::Views, Action::Shorter, "shorter", &["-"], "pane less tall"),
    entry(Group::Moving, Action::Down, "down", &["j", "down"], "down"),
    entry(Group::Moving, Action::Up, "up", &["k", "up"], "up"),
    entry(Group::Moving, Action::PageDown, "page_down", &["pgdn"], "page down"),
    entry(Group::Moving, Action::PageUp, "page_up", &["pgup"], "page up"),
    entry(Group::Moving, Action::HalfDown, "half_down", &["ctrl-d"], "half a page down"),
    entry(Group::Moving, Action::HalfUp, "half_up", &["ctrl-u"], "half a page up"),
    entry(Group::Moving, Action::First, "first", &["g", "home"], "first"),
    entry(Group::Moving, Action::Last, "last", &["G", "end"], "last; logs follow again"),
    entry(Group::Logs, Action::Filter, "filter", &["/"], "filter; tab keeps it, esc ends it"),
    entry(Group::Logs, Action::NextMatch, "next_match", &["n"], "next match"),
    entry(Group::Logs, Action::PreviousMatch, "previous_match", &["N"], "previous match"),
    entry(Group::Logs, Action::NextError, "next_error", &["e"], "next error"),
    entry(Group::Logs, Action::PreviousError, "previous_error", &["E"], "previous error"),
    entry(Group::Logs, Action::Pause, "pause", &["space"], "pause or follow logs"),
    entry(Group::Logs, Action::Level, "level", &["l"], "lowest level shown"),
    entry(Group::Logs, Action::Sources, "sources", &["s"], "sources of lines"),
    entry(Group::Logs, Action::Patterns, "patterns", &["c"], "patterns; new since deploy"),
    entry(Group::Logs, Action::Chart, "chart", &["h"], "errors over time, deploys; jump"),
    entry(Group::Logs, Action::Context, "context", &["x"], "a filtered line among the others"),
    entry(Group::Logs, Action::GoTo, "go_to", &[">"], "go to a time: 12:30, or 15m ago"),
    entry(Group::Logs, Action::Mark, "mark", &["m"], "measure time from this line"),
    entry(Group::Logs, Action::Wrap, "wrap", &["w"], "wrap or cut long lines"),
    entry(Group::Logs, Action::Left, "left", &["left"], "long lines: back to the left"),
    entry(Group::Logs, Action::Right, "right", &["right"], "long lines: more of the right"),
    entry(Group::Logs, Action::Stamps, "times", &["t"], "times: UTC, local, age, none"),
    entry(Group::Logs, Action::Fold, "fold", &["f"], "fold stack traces, or not"),
    entry(Group::Logs, Action::Save, "save", &["ctrl-s"], "save the lines shown"),
    entry(Group::Logs, Action::Pager, "pager", &["|"], "the lines shown in $PAGER"),
    entry(Group::Console, Action::Help, "help", &["?"], "help"),
    entry(Group::Console, Action::Palette, "palette", &[":"], "every view, action, service, release, run by name"),
    entry(Group::Console, Action::RefreshAll, "refresh_all", &["R"], "refresh everything"),
    entry(Group::Console, Action::Privacy, "privacy", &["p"], "privacy for a shared screen"),
    entry(Group::Console, Action::Mouse, "mouse", &["M"], "mouse: selects text, or clicks"),
    entry(Group::Console, Action::Escape, "escape", &["esc"], "leave filter, help, zoom"),
    entry(Group::Console, Action::Back, "back", &["q", "ctrl-c"], "back; at the top quit"),
    entry(Group::Console, Action::Suspend, "suspend", &["ctrl-z"], "suspend; fg returns"),
];

/// The action of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}

/// The keys in force as the Markdown of `docs/keys.md`.
#[must_use]
pub fn markdown(keys: Keys) -> String {
    let mut text = String::from(
        "# Keys\n\nGenerated from the table of actions. `[ui.keys]` in one's own configuration gives an action other keys by its name.\n",
    );
    for group in Group::ALL {
        text.push_str(&format!("\n## {}\n\n| key | does | name |\n|---|---|---|\n", group.name()));
        for entry in keys.entries().iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            text.push_str(&format!("| {} | {} | `{}` |\n", keys.join(" "), entry.title, entry.name));
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
            assert_eq!(TABLE.iter().filter(|one| one.name == entry.name).count(), 1, "{}", entry.name);
        }
    }

    /// Set `FLIGHTDECK_BLESS` to write the file anew.
    #[test]
    fn the_key_documentation_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
        if std::env::var_os("FLIGHTDECK_BLESS").is_some() {
            std::fs::write(&path, markdown(Keys::default())).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), markdown(Keys::default()));
    }
}
