//! How the panes of the dashboard are arranged by a person: which are hidden, and how much room each has. Shares are thousandths of what there
//! is, so that they mean the same on a screen of another size.

use serde::{Deserialize, Serialize};

use super::panes::{DASHBOARD, Pane};

/// The least and the greatest share that anything has.
const SHARE: (u16, u16) = (100, 900);

/// An arrangement that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Named {
    /// Every pane, each as tall as what it has to say.
    #[default]
    All,
    /// Without log lines: nothing moves while all is well.
    Calm,
    /// Environments and log lines.
    Logs,
}

impl Named {
    /// Every one, in the order in which a key goes through them.
    pub const ALL: [Self; 3] = [Self::All, Self::Calm, Self::Logs];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all panes",
            Self::Calm => "calm",
            Self::Logs => "logs",
        }
    }

    /// What it hides.
    fn hides(self) -> &'static [Pane] {
        match self {
            Self::All => &[],
            Self::Calm => &[Pane::Logs],
            Self::Logs => &[Pane::Health, Pane::Secrets],
        }
    }
}

/// A border that is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Between the panes and the log lines beside them.
    Column,
    /// Between the panes that stand side by side.
    Middle,
    /// Below the panes that stand above the log lines.
    Upper,
    /// Below a pane.
    Below(Pane),
}

/// The arrangement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arranged {
    hidden: Vec<Pane>,
    column: Option<u16>,
    middle: Option<u16>,
    upper: Option<u16>,
    rows: Vec<(Pane, u16)>,
}

/// The same as it is kept in a file.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    middle: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upper: Option<u16>,
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    rows: std::collections::BTreeMap<String, u16>,
}

fn named(pane: Pane) -> String {
    pane.listed().name().to_lowercase()
}

fn of_name(name: &str) -> Option<Pane> {
    DASHBOARD.into_iter().find(|pane| named(*pane) == name)
}

impl Arranged {
    /// An arrangement from the text of a file; what it names that is no pane, and shares that leave no room, are left out.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let kept: Kept = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let share = |share: &u16| (SHARE.0..=SHARE.1).contains(share);
        let mut hidden: Vec<Pane> = kept.hidden.iter().filter_map(|name| of_name(name)).collect();
        hidden.dedup();
        if DASHBOARD.iter().all(|pane| hidden.contains(pane)) {
            hidden.clear();
        }
        let rows = kept.rows.iter().filter(|(_, rows)| share(rows));
        Ok(Self {
            hidden,
            column: kept.column.filter(share),
            middle: kept.middle.filter(share),
            upper: kept.upper.filter(share),
            rows: rows.filter_map(|(name, rows)| Some((of_name(name)?, *rows))).collect(),
        })
    }

    /// The text that [`Arranged::read`] takes.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = Kept {
            hidden: self.hidden.iter().copied().map(named).collect(),
            column: self.column,
            middle: self.middle,
            upper: self.upper,
            rows: self.rows.iter().map(|(pane, rows)| (named(*pane), *rows)).collect(),
        };
        toml::to_string(&kept).unwrap_or_default()
    }

    /// The arrangement of this name.
    #[must_use]
    pub fn of(name: Named) -> Self {
        Self { hidden: name.hides().to_vec(), ..Self::default() }
    }

    /// Hides what this one hides, and nothing else; what a person has moved stays.
    pub fn hide_only(&mut self, other: &Self) {
        self.hidden.clone_from(&other.hidden);
    }

    /// The name that comes after what is hidden now.
    #[must_use]
    pub fn next(&self) -> Named {
        let at = Named::ALL.iter().position(|name| name.hides() == self.hidden);
        at.map_or(Named::All, |at| Named::ALL[(at + 1) % Named::ALL.len()])
    }

    /// Whether a pane of the dashboard shows.
    #[must_use]
    pub fn shows(&self, pane: Pane) -> bool {
        DASHBOARD.contains(&pane) && !self.hidden.contains(&pane)
    }

    /// The pane that stands below the environments where there is room for one: the one that has the keys, else the log lines.
    #[must_use]
    pub fn second(&self, focus: Pane) -> Option<Pane> {
        let others = [focus, Pane::Logs, Pane::Health, Pane::Secrets].into_iter();
        others.filter(|pane| *pane != Pane::Environments).find(|pane| self.shows(*pane))
    }

    /// A pane of the dashboard that shows, this one where it does.
    #[must_use]
    pub fn shown(&self, pane: Pane) -> Pane {
        let all = std::iter::once(pane).chain(DASHBOARD);
        all.into_iter().find(|one| self.shows(*one)).unwrap_or(Pane::Environments)
    }

    /// Hides a pane; false where it is the last that shows.
    pub fn hide(&mut self, pane: Pane) -> bool {
        let last = DASHBOARD.into_iter().filter(|one| self.shows(*one)).count() < 2;
        if last || !self.shows(pane) {
            return false;
        }
        self.hidden.push(pane);
        // In one order, so that a named arrangement is known again.
        self.hidden.sort();
        true
    }

    /// The share of a border, where a person has moved it.
    #[must_use]
    pub fn share(&self, edge: Edge) -> Option<u16> {
        match edge {
            Edge::Column => self.column,
            Edge::Middle => self.middle,
            Edge::Upper => self.upper,
            Edge::Below(pane) => self.rows.iter().find(|(one, _)| *one == pane).map(|(_, rows)| *rows),
        }
    }

    /// Cells that a border leaves before it, of so many.
    #[must_use]
    pub fn cells(&self, edge: Edge, all: u16) -> Option<u16> {
        let cells = (u32::from(self.share(edge)?) * u32::from(all) + 500) / 1000;
        u16::try_from(cells).ok()
    }

    /// Moves a border, so that it leaves so many cells of so many before it.
    pub fn put(&mut self, edge: Edge, cells: u16, all: u16) {
        let share = u32::from(cells) * 1000 / u32::from(all.max(1));
        let share = u16::try_from(share).unwrap_or(SHARE.1).clamp(SHARE.0, SHARE.1);
        match edge {
            Edge::Column => self.column = Some(share),
            Edge::Middle => self.middle = Some(share),
            Edge::Upper => self.upper = Some(share),
            Edge::Below(pane) => {
                self.rows.retain(|(one, _)| *one != pane);
                self.rows.push((pane, share));
                self.rows.sort();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_arrangement_is_the_same_when_it_was_written_and_read() {
        let mut one = Arranged::of(Named::Logs);
        one.put(Edge::Column, 80, 200);
        one.put(Edge::Upper, 20, 46);
        one.put(Edge::Below(Pane::Health), 12, 46);
        assert_eq!(Arranged::read(&one.text()).unwrap(), one);
        assert_eq!(Arranged::read("").unwrap(), Arranged::default());
        assert_eq!((one.cells(Edge::Column, 200), one.cells(Edge::Upper, 46)), (Some(80), Some(20)));
    }

    #[test]
    fn a_file_cannot_hide_every_pane_nor_leave_one_without_room() {
        let all =
            "hidden = [\"environments\", \"logs\", \"health\", \"secrets\", \"no such\"]\ncolumn = 5\nupper = 1000";
        assert_eq!(Arranged::read(all).unwrap(), Arranged::default());
        assert!(Arranged::read("column = \"wide\"").is_err() && Arranged::read("colunm = 300").is_err());
        let mut one = Arranged::default();
        assert!(one.hide(Pane::Logs) && one.hide(Pane::Health) && one.hide(Pane::Environments));
        assert!(!one.hide(Pane::Secrets), "the last one stays");
        assert!(!one.hide(Pane::Journal), "it is no pane of the dashboard");
    }

    #[test]
    fn a_key_goes_through_the_named_ones_and_from_anything_else_to_all_panes() {
        let mut one = Arranged::default();
        let mut names = Vec::new();
        for _ in 0..4 {
            let next = one.next();
            names.push(next.name());
            one = Arranged::of(next);
        }
        assert_eq!(names, ["calm", "logs", "all panes", "calm"]);
        one.hide(Pane::Secrets);
        assert_eq!(one.next(), Named::All);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_shows_something(text in "[a-z =0-9\\[\\]\",\n]{0,60}") {
            if let Ok(one) = Arranged::read(&text) {
                prop_assert!(DASHBOARD.into_iter().any(|pane| one.shows(pane)));
            }
        }
    }
}
