//! Times at which nothing is to be changed: recurring windows in a zone of their own, such as the weekend of the team.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use super::ids::EnvId;
use crate::sanitize::Text;

/// A window. One whose end is not after its beginning ends on the next day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The days on which it begins; empty = every day.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: Time,
    /// When it ends; midnight is the end of the day.
    pub to: Time,
    /// The zone in which this is meant.
    pub zone: TimeZone,
    /// Why.
    pub reason: Text,
}

impl Freeze {
    /// The end of the window that `now` is in.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned_datetime(self.zone.clone()).date();
        // A window of yesterday may reach into today.
        [today, today.yesterday().ok()?]
            .into_iter()
            .find_map(|day| self.of(day).filter(|(from, to)| (*from..*to).contains(&now)))
            .map(|(_, to)| to)
    }

    fn of(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.is_empty() && !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.checked_add(1.day()).ok()? };
        // In autumn an hour comes twice, in spring one does not come at all: a freeze may be too long then, never too short.
        let at = |day: Date, time: Time| self.zone.to_ambiguous_zoned_datetime(day.to_datetime(time));
        let (from, to) = (at(day, self.from).earlier().ok()?, at(last, self.to).later().ok()?);
        Some((from.timestamp(), to.timestamp()))
    }
}

/// A window that an environment is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Frozen {
    /// When it ends.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub until: Timestamp,
    /// The same as its people read it: `Fri 18:30 UTC`.
    pub end: Text,
    /// Why.
    pub reason: Text,
}

impl Frozen {
    /// In one line: `it is frozen until Fri 18:30 UTC: the quarter ends`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("it is frozen until {}: {}", self.end, self.reason)
    }
}

/// The window that an environment is in now, the one that ends last; `None` = it is not frozen.
#[must_use]
pub fn frozen(windows: &[(EnvId, Freeze)], env: &EnvId, now: Timestamp) -> Option<Frozen> {
    let own = windows.iter().filter(|(of, _)| of == env);
    let (window, until) = own.filter_map(|(_, one)| Some((one, one.until(now)?))).max_by_key(|(_, until)| *until)?;
    let end = until.to_zoned_datetime(window.zone.clone()).strftime("%a %H:%M %Z").to_string();
    Some(Frozen { until, end: Text::clean(&end), reason: window.reason.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[Weekday], from: (i8, i8), to: (i8, i8), zone: &str) -> Freeze {
        let time = |(hour, minute)| Time::constant(hour, minute, 0, 0);
        let zone = TimeZone::get(zone).expect("a zone");
        Freeze { days: days.to_vec(), from: time(from), to: time(to), zone, reason: Text::from("quiet") }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_window_holds_on_its_days_in_its_zone() {
        // Friday from four in the afternoon to midnight, where New York is.
        let friday = window(&[Weekday::Friday], (16, 0), (0, 0), "America/New_York");
        assert_eq!(friday.until(at("2026-11-20T20:59:59Z")), None);
        assert_eq!(friday.until(at("2026-11-20T21:00:00Z")), Some(at("2026-11-21T05:00:00Z")));
        assert_eq!(friday.until(at("2026-11-21T04:59:59Z")), Some(at("2026-11-21T05:00:00Z")));
        assert_eq!(friday.until(at("2026-11-21T05:00:00Z")), None);
        assert_eq!(friday.until(at("2026-11-19T22:00:00Z")), None, "Thursday is no Friday");
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = window(&[Weekday::Saturday], (22, 0), (6, 0), "UTC");
        assert_eq!(night.until(at("2026-11-22T05:00:00Z")), Some(at("2026-11-22T06:00:00Z")), "Sunday morning");
        assert_eq!(night.until(at("2026-11-21T05:00:00Z")), None, "Saturday morning");
    }

    #[test]
    fn the_longest_is_told_in_its_own_zone() {
        let all = [window(&[], (0, 0), (12, 0), "UTC"), window(&[], (10, 0), (18, 30), "UTC")];
        let all = all.map(|one| (EnvId::from("production"), one));
        let frozen = |env: &str, now: &str| frozen(&all, &env.into(), at(now));
        let told = frozen("production", "2026-11-20T11:00:00Z");
        assert_eq!(told.map(|told| told.words()).as_deref(), Some("it is frozen until Fri 18:30 UTC: quiet"));
        assert_eq!(frozen("production", "2026-11-20T20:00:00Z"), None);
        assert_eq!(frozen("staging", "2026-11-20T11:00:00Z"), None);
    }

    #[test]
    fn the_hour_that_does_not_exist_makes_no_hole() {
        // Clocks go forward at two in the night of 29 March 2026 in Berlin.
        let night = window(&[], (1, 0), (4, 0), "Europe/Berlin");
        assert_eq!(night.until(at("2026-03-29T01:30:00Z")), Some(at("2026-03-29T02:00:00Z")));
        // Both of its ends lie in that hour: it holds from the one side of the gap to the other.
        let inside = window(&[], (2, 15), (2, 45), "Europe/Berlin");
        assert_eq!(inside.until(at("2026-03-29T01:20:00Z")), Some(at("2026-03-29T01:45:00Z")));
    }

    #[test]
    fn the_hour_that_comes_twice_is_frozen_to_its_second_end() {
        // Clocks go back at three in the night of 25 October 2026 in Berlin: 02:30 is at 00:30Z and again at 01:30Z.
        let night = window(&[Weekday::Sunday], (0, 0), (2, 30), "Europe/Berlin");
        let end = Some(at("2026-10-25T01:30:00Z"));
        for frozen in ["2026-10-24T22:00:00Z", "2026-10-25T00:45:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:29:59Z"] {
            assert_eq!(night.until(at(frozen)), end, "{frozen}");
        }
        assert_eq!(night.until(at("2026-10-25T01:30:00Z")), None);
        let inside = window(&[], (2, 15), (2, 45), "Europe/Berlin");
        assert_eq!(inside.until(at("2026-10-25T00:14:59Z")), None);
        for frozen in ["2026-10-25T00:15:00Z", "2026-10-25T00:50:00Z", "2026-10-25T01:44:59Z"] {
            assert_eq!(inside.until(at(frozen)), Some(at("2026-10-25T01:45:00Z")), "{frozen}");
        }
        assert_eq!(inside.until(at("2026-10-25T01:45:00Z")), None);
        let told = |now: &str| frozen(&[("production".into(), night.clone())], &"production".into(), at(now));
        let summer = told("2026-10-25T00:45:00Z");
        assert_eq!(summer.map(|one| one.words()).as_deref(), Some("it is frozen until Sun 02:30 CET: quiet"));
    }
}
