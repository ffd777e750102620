//! How many commits lie between two ends of the way to customers: of a branch that goes on, or of two commits, between which that never
//! changes.

use super::ids::Sha;
use crate::sanitize::Text;

/// What commits are counted to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// The newest commit of the repository's default branch, whichever that is now.
    DefaultBranch,
    /// This commit.
    Commit(Sha),
}

/// Two ends, between which commits are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ends {
    /// What runs already.
    pub base: Sha,
    /// What is to come.
    pub head: Head,
}

/// How far one end is ahead of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distance {
    /// Commits of the head that the base lacks.
    pub ahead: u32,
    /// Commits of the base that the head lacks.
    pub behind: u32,
}

impl Distance {
    /// In a few letters: `3`, `-2` where the base has commits that the head lacks, `+3 -2` where both have.
    #[must_use]
    pub fn short(self) -> String {
        match (self.ahead, self.behind) {
            (ahead, 0) => ahead.to_string(),
            (0, behind) => format!("-{behind}"),
            (ahead, behind) => format!("+{ahead} -{behind}"),
        }
    }
}

/// What a repository says of its commits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distances {
    /// The name of its default branch.
    pub branch: Text,
    /// What was counted.
    pub counted: Vec<(Ends, Distance)>,
    /// Between what nobody can count, because the repository does not know one of both.
    pub unknown: Vec<Ends>,
}

impl Distances {
    /// How far these ends are from each other; `None` = not read.
    #[must_use]
    pub fn between(&self, ends: &Ends) -> Option<Distance> {
        self.counted.iter().find(|(known, _)| known == ends).map(|(_, distance)| *distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_told_apart() {
        let said = [(3, 0), (0, 0), (0, 2), (3, 2)].map(|(ahead, behind)| Distance { ahead, behind }.short());
        assert_eq!(said, ["3", "0", "-2", "+3 -2"]);
    }

    #[test]
    fn what_was_not_counted_is_not_known() {
        let ends = |head| Ends { base: "9df49c2".into(), head };
        let counted = vec![(ends(Head::DefaultBranch), Distance { ahead: 1, behind: 0 })];
        let known = Distances { counted, ..Distances::default() };
        assert!(known.between(&ends(Head::DefaultBranch)).is_some());
        assert_eq!(known.between(&ends(Head::Commit("f00dfee".into()))), None);
    }
}
