//! The keys of dialogs and lists over the panes: the other part of the table of actions. What takes text is no part of it.

/// What lies over the panes and takes keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialog {
    /// Any list of which a row is chosen.
    List,
    /// Any text that is longer than its dialog.
    Text,
    /// The help.
    Help,
    /// Everything known of one thing.
    Detail,
    /// The sources of log lines.
    Sources,
    /// The patterns of log lines.
    Patterns,
    /// Errors over time.
    Chart,
    /// The list of releases to go back to.
    Releases,
    /// How many machines there are to be.
    Machines,
    /// A plan, or why there is none.
    Plan,
    /// A question that takes yes or no.
    Question,
    /// The steps of an operation.
    Operation,
    /// An operation that waits for a person's word.
    Held,
    /// What a project file asks for.
    ProjectFile,
}

impl Dialog {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::List,
        Self::Text,
        Self::Help,
        Self::Detail,
        Self::Sources,
        Self::Patterns,
        Self::Chart,
        Self::Releases,
        Self::Machines,
        Self::Plan,
        Self::Question,
        Self::Operation,
        Self::Held,
        Self::ProjectFile,
    ];

    /// Its heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "In every list over the panes",
            Self::Text => "In every text over the panes",
            Self::Help => "In the help",
            Self::Detail => "In a detail",
            Self::Sources => "In the sources of lines",
            Self::Patterns => "In the patterns of lines",
            Self::Chart => "In the errors over time",
            Self::Releases => "In the list of releases to go back to",
            Self::Machines => "While machines are counted",
            Self::Plan => "In a plan",
            Self::Question => "In a question",
            Self::Operation => "In an operation that was cut short or ended half-way",
            Self::Held => "In an operation that waits for a word",
            Self::ProjectFile => "Before what a project file asks for",
        }
    }
}

/// What a key asks for there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Leave it.
    Close,
    /// Go where the chosen row leads.
    Go,
    /// Show or hide the chosen row.
    Toggle,
    /// Show all.
    All,
    /// The next deployment.
    Deployment,
    /// Copy all of it.
    Copy,
    /// How machines are moved.
    Strategy,
    /// Which region goes first.
    Region,
    /// One more.
    More,
    /// One fewer.
    Fewer,
    /// Make the plan anew.
    Again,
    /// Yes.
    Yes,
    /// No.
    No,
    /// Carry out a severe plan.
    Carry,
    /// Finish it.
    Finish,
    /// Undo it.
    Undo,
    /// Leave it as it is.
    Leave,
    /// Switch over.
    Switch,
    /// Destroy what is new.
    Destroy,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Where it works.
    pub dialog: Dialog,
    /// What it asks for.
    pub own: Own,
    /// Its keys as people write them.
    pub keys: &'static [&'static str],
    /// What it does, a few words.
    pub title: &'static str,
}

const fn bound(dialog: Dialog, own: Own, keys: &'static [&'static str], title: &'static str) -> Bound {
    Bound { dialog, own, keys, title }
}

/// Every key of every dialog. esc leaves each of them and is none of these.
pub const OWN: &[Bound] = &[
    bound(Dialog::List, Own::Down, &["down", "j"], "down"),
    bound(Dialog::List, Own::Up, &["up", "k"], "up"),
    bound(Dialog::List, Own::PageDown, &["pgdn"], "page down"),
    bound(Dialog::List, Own::PageUp, &["pgup"], "page up"),
    bound(Dialog::List, Own::HalfDown, &["ctrl-d"], "half a page down"),
    bound(Dialog::List, Own::HalfUp, &["ctrl-u"], "half a page up"),
    bound(Dialog::List, Own::First, &["home"], "first"),
    bound(Dialog::List, Own::Last, &["end"], "last"),
    bound(Dialog::List, Own::Close, &["q"], "leave it"),
    bound(Dialog::Text, Own::Down, &["down", "j"], "down"),
    bound(Dialog::Text, Own::Up, &["up", "k"], "up"),
    bound(Dialog::Text, Own::PageDown, &["pgdn", "space"], "page down"),
    bound(Dialog::Text, Own::PageUp, &["pgup"], "page up"),
    bound(Dialog::Text, Own::First, &["home"], "its beginning"),
    bound(Dialog::Text, Own::Last, &["end"], "its end"),
    bound(Dialog::Help, Own::Close, &["enter", "?"], "leave it"),
    bound(Dialog::Detail, Own::Close, &["enter", "q"], "leave it"),
    bound(Dialog::Detail, Own::Copy, &["y"], "copy all of it"),
    bound(Dialog::Detail, Own::First, &["g"], "its beginning"),
    bound(Dialog::Detail, Own::Last, &["G"], "its end"),
    bound(Dialog::Sources, Own::Toggle, &["space", "enter"], "show or hide one"),
    bound(Dialog::Sources, Own::All, &["a"], "show all"),
    bound(Dialog::Sources, Own::Close, &["s"], "leave it"),
    bound(Dialog::Patterns, Own::Go, &["enter"], "show its lines"),
    bound(Dialog::Patterns, Own::Close, &["c"], "leave it"),
    bound(Dialog::Chart, Own::Go, &["enter"], "go to that time"),
    bound(Dialog::Chart, Own::Deployment, &["d"], "the next deployment"),
    bound(Dialog::Chart, Own::Close, &["h"], "leave it"),
    bound(Dialog::Releases, Own::Go, &["enter"], "show the plan"),
    bound(Dialog::Releases, Own::Strategy, &["s"], "how machines are moved"),
    bound(Dialog::Releases, Own::Region, &["g"], "which region goes first"),
    bound(Dialog::Machines, Own::More, &["right", "+", "=", "l"], "one more"),
    bound(Dialog::Machines, Own::Fewer, &["left", "-", "h"], "one fewer"),
    bound(Dialog::Machines, Own::Go, &["enter"], "show the plan"),
    bound(Dialog::Plan, Own::Again, &["r"], "make it anew"),
    bound(Dialog::Plan, Own::Carry, &["K"], "carry a severe plan out"),
    bound(Dialog::Plan, Own::Yes, &["y"], "carry a moderate plan out"),
    bound(Dialog::Plan, Own::No, &["n", "N", "enter"], "leave a moderate plan"),
    bound(Dialog::Plan, Own::Close, &["q"], "leave what is no plan"),
    bound(Dialog::Question, Own::Yes, &["y"], "yes"),
    bound(Dialog::Question, Own::No, &["n", "N", "q", "enter"], "no"),
    bound(Dialog::Operation, Own::Finish, &["F"], "finish it"),
    bound(Dialog::Operation, Own::Undo, &["U"], "undo it"),
    bound(Dialog::Operation, Own::Leave, &["L"], "leave it as it is"),
    bound(Dialog::Operation, Own::Close, &["q"], "hide it"),
    bound(Dialog::Held, Own::Switch, &["G"], "switch over"),
    bound(Dialog::Held, Own::Destroy, &["X"], "destroy the new machines"),
    bound(Dialog::ProjectFile, Own::Yes, &["y"], "approve it"),
    bound(Dialog::ProjectFile, Own::Close, &["n", "q"], "leave it"),
];

/// What a key, written as in the table, asks for there.
#[must_use]
pub fn own(dialog: Dialog, key: &str) -> Option<Own> {
    OWN.iter().find(|one| one.dialog == dialog && one.keys.contains(&key)).map(|one| one.own)
}

/// The key that a sentence on the screen names: its first one.
#[must_use]
pub fn key(dialog: Dialog, own: Own) -> &'static str {
    let one = OWN.iter().find(|one| one.dialog == dialog && one.own == own);
    one.and_then(|one| one.keys.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_dialog() {
        for dialog in Dialog::ALL {
            // A list or a text keeps its own keys beside those of what it is.
            let rows = || OWN.iter().filter(|one| one.dialog == dialog);
            let mut keys: Vec<_> = rows().flat_map(|one| one.keys).collect();
            let all = keys.len();
            assert!(all > 0, "{dialog:?}");
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{dialog:?}");
            for one in rows() {
                assert_eq!(rows().filter(|other| other.own == one.own).count(), 1, "{dialog:?} {:?}", one.own);
            }
        }
    }

    /// Files that hand a key on as text, or name what a terminal sent.
    const TEXT: [&str; 5] = ["line.rs", "comment.rs", "secret.rs", "keys.rs", "testing.rs"];

    fn looked(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() && name != "tests" {
                looked(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" && !TEXT.contains(&name.as_str()) {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = code.lines().filter(|line| line.contains("KeyCode::Char('"));
                found.extend(lines.map(|line| format!("{}: {}", path.display(), line.trim())));
            }
        }
    }

    /// A letter that stands elsewhere is in no help and in no documentation.
    #[test]
    fn letters_stand_in_the_tables_alone() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for layer in ["app", "ui"] {
            looked(&root.join(layer), &mut found);
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}
