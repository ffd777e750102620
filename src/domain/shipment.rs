//! What a promotion brings, and what speaks for and against it, as it was read when the plan was made. The same for the screen and the
//! commands without one.

use serde::Serialize;

use super::environment::Status;
use super::overrides::Override;
use super::readiness::{self, Criterion, Rating};
use crate::sanitize::Text;

/// Names that are listed; of the rest the count.
const LISTED: usize = 5;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: Text,
    /// Who opened it.
    pub author: Text,
}

/// One point that speaks for or against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Point {
    /// What is asked.
    #[cfg_attr(test, schemars(with = "&'static str"))]
    pub asks: Criterion,
    /// How it stands.
    pub status: Status,
    /// What is known.
    pub says: Text,
}

impl Point {
    /// A point.
    #[must_use]
    pub fn new(asks: Criterion, status: Status, says: impl AsRef<str>) -> Self {
        Self { asks, status, says: Text::clean(says.as_ref()) }
    }

    /// A criterion with its rating.
    #[must_use]
    pub fn of(asks: Criterion, rating: Rating) -> Self {
        Self { asks, status: rating.status, says: rating.says }
    }
}

/// What ships.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Shipment {
    /// Who wrote the commits.
    pub authors: Vec<Text>,
    /// The pull requests that brought them; `None` = not read.
    pub pulls: Option<Vec<Pull>>,
    /// The migrations that they add; `None` = not read, or not all of them.
    pub migrations: Option<Vec<Text>>,
    /// What speaks for and against it.
    pub points: Vec<Point>,
}

impl Shipment {
    /// What stands against it, each as a reason that a person may override by one of their own.
    pub fn red(&self) -> impl Iterator<Item = Override> + '_ {
        self.points.iter().filter_map(|point| readiness::against(point.asks, point.status, &point.says))
    }

    /// Line by line, with how each is drawn.
    #[must_use]
    pub fn lines(&self) -> Vec<(Status, String)> {
        let mut lines = Vec::new();
        if !self.authors.is_empty() {
            lines.push((Status::Ok, format!("written by {}", listed(self.authors.iter().map(Text::to_string)))));
        }
        lines.push(match &self.pulls {
            None => (Status::Unknown, "pull requests: not read".to_owned()),
            Some(pulls) if pulls.is_empty() => (Status::Ok, "pull requests: none".to_owned()),
            Some(pulls) => {
                let name = |pull: &Pull| format!("#{} {} ({})", pull.number, pull.title, pull.author);
                (Status::Ok, format!("pull requests: {}", listed(pulls.iter().map(name))))
            }
        });
        lines.push(match &self.migrations {
            None => (Status::Unknown, "migrations: not known".to_owned()),
            Some(names) if names.is_empty() => (Status::Ok, "migrations: none".to_owned()),
            // What was applied is not taken back by a rollback.
            Some(names) => (Status::Warn, format!("migrations: {}", listed(names.iter().map(Text::to_string)))),
        });
        let point = |point: &Point| {
            let not = if point.status == Status::Fail { "not met: " } else { "" };
            (point.status, format!("{not}{}: {}", point.asks, point.says))
        };
        lines.extend(self.points.iter().map(point));
        lines
    }
}

/// The first names, and how many more there are.
pub fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown: Vec<String> = names.take(LISTED).collect();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_red_is_a_reason_against_it_and_what_was_not_read_is_no_none() {
        let shipment = Shipment {
            points: vec![
                Point::new(Criterion::Pipeline, Status::Fail, "CI #7 failure: test, step pytest"),
                Point::new(Criterion::Secrets, Status::Unknown, "not read"),
                Point::new(Criterion::Target, Status::Unknown, "production: unknown: not read"),
            ],
            migrations: Some(Vec::new()),
            ..Shipment::default()
        };
        let red: Vec<String> = shipment.red().map(|one| one.words()).collect();
        let pipeline = "not met: its pipeline passed: CI #7 failure: test, step pytest";
        // Nobody changes what they cannot see without saying why.
        assert_eq!(red, [pipeline, "not known: the target is healthy now: production: unknown: not read"]);
        let lines: Vec<String> = shipment.lines().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines[..2], ["pull requests: not read", "migrations: none"]);
    }

    #[test]
    fn a_long_list_is_counted() {
        assert_eq!(listed((1_u8..=7).map(|n| n.to_string())), "1, 2, 3, 4, 5 and 2 more");
    }
}
