//! `freeze` of an environment: recurring times at which nothing is to be changed.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::freeze::Freeze;
use crate::sanitize::Text;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A recurring time at which nothing is to be changed.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FreezeWindow {
    /// `mon` … `sun`; none = every day.
    #[serde(default)]
    pub days: Vec<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub zone: Option<String>,
    pub reason: String,
}

impl FreezeWindow {
    /// The window, or what is wrong with it.
    pub(super) fn freeze(&self) -> Result<Freeze, String> {
        let day = |word: &String| {
            let found = DAYS.iter().find(|(name, _)| word.to_lowercase().starts_with(name));
            found.map(|(_, day)| *day).ok_or_else(|| format!("\"{}\" is not a day of the week", word.escape_debug()))
        };
        let zone = self.zone.as_deref().unwrap_or("UTC");
        Ok(Freeze {
            days: self.days.iter().map(day).collect::<Result<_, _>>()?,
            from: time(self.from.as_deref().unwrap_or("00:00"))?,
            to: time(self.to.as_deref().unwrap_or("24:00"))?,
            zone: TimeZone::get(zone).map_err(|_| format!("\"{}\" is not a time zone", zone.escape_debug()))?,
            reason: Text::clean(&self.reason),
        })
    }
}

fn time(text: &str) -> Result<Time, String> {
    if text == "24:00" {
        return Ok(Time::midnight());
    }
    let parts = text.split_once(':').and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)));
    let time = parts.and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
    time.ok_or_else(|| format!("\"{}\" is not a time of day", text.escape_debug()))
}
