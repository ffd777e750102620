//! Strategies of moving a fleet to another image (docs/platforms/fly.md section 6): how many machines at once, and which region
//! first.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sanitize::Text;

/// In which way machines get another image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StrategyKind {
    /// In waves; each machine's checks pass before the next wave begins.
    #[default]
    Rolling,
    /// All at once; what they do is looked at afterwards.
    Immediate,
    /// New machines beside the old ones, which are replaced once the new ones are well.
    BlueGreen,
}

/// How many machines are updated side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AtOnce {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up.
    Percent(u32),
}

/// How a fleet is moved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Strategy {
    /// In which way.
    #[serde(default, alias = "strategy")]
    pub kind: StrategyKind,
    /// How many side by side: `max_unavailable`.
    #[serde(default)]
    pub at_once: AtOnce,
    /// The region whose machines go before all others.
    #[serde(default)]
    pub first: Option<Text>,
    /// Blue-green: a person says when the new machines take over.
    #[serde(default)]
    pub hold: bool,
}

impl StrategyKind {
    /// Fly's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::Immediate => "immediate",
            Self::BlueGreen => "bluegreen",
        }
    }
}

impl FromStr for StrategyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rolling" => Ok(Self::Rolling),
            "immediate" => Ok(Self::Immediate),
            "bluegreen" | "blue-green" => Ok(Self::BlueGreen),
            _ => Err("rolling, immediate or bluegreen".to_owned()),
        }
    }
}

impl Default for AtOnce {
    /// One by one: slower than Fly's third of the fleet, and the least that can be lost.
    fn default() -> Self {
        Self::Count(1)
    }
}

impl AtOnce {
    /// How many of so many machines, at least one.
    #[must_use]
    pub fn of(self, machines: usize) -> usize {
        let count = match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => machines.saturating_mul(usize::try_from(percent).unwrap_or(100)).div_ceil(100),
        };
        count.clamp(1, machines.max(1))
    }
}

impl FromStr for AtOnce {
    type Err = String;

    /// `2`, `33%`, or a fraction below one as Fly takes it: `0.33`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a count such as 2, a share such as 33% or 0.33".to_owned();
        if let Some(percent) = text.strip_suffix('%') {
            return percent.parse().ok().filter(|part| (1..=100).contains(part)).map(Self::Percent).ok_or_else(wrong);
        }
        if let Some(hundredths) = text.strip_prefix("0.").or_else(|| text.strip_prefix('.')) {
            let padded = format!("{hundredths:0<2}");
            let percent = padded.get(..2).and_then(|two| two.parse().ok()).filter(|part| *part > 0);
            let digits = hundredths.bytes().all(|byte| byte.is_ascii_digit());
            return percent.filter(|_| digits).map(Self::Percent).ok_or_else(wrong);
        }
        text.parse().ok().filter(|count| *count > 0).map(Self::Count).ok_or_else(wrong)
    }
}

impl Strategy {
    /// The machines (id, region) in waves: those of one wave go side by side, and the first region's before all others.
    #[must_use]
    pub fn waves(&self, machines: &[(Text, Text)]) -> Vec<Vec<Text>> {
        let (first, rest): (Vec<_>, Vec<_>) =
            machines.iter().partition(|(_, region)| self.first.as_ref() == Some(region));
        let size = match self.kind {
            StrategyKind::Immediate => machines.len().max(1),
            StrategyKind::Rolling | StrategyKind::BlueGreen => self.at_once.of(machines.len()),
        };
        let waves = |part: Vec<&(Text, Text)>| -> Vec<Vec<Text>> {
            part.chunks(size).map(|wave| wave.iter().map(|(id, _)| id.clone()).collect()).collect()
        };
        waves(first).into_iter().chain(waves(rest)).collect()
    }

    /// `rolling, one at a time, iad first`.
    #[must_use]
    pub fn words(&self) -> String {
        let how = match (self.kind, self.at_once) {
            (StrategyKind::Rolling, AtOnce::Count(1)) => "rolling, one at a time".to_owned(),
            (StrategyKind::Rolling, AtOnce::Count(count)) => format!("rolling, {count} at a time"),
            (StrategyKind::Rolling, AtOnce::Percent(percent)) => format!("rolling, {percent}% at a time"),
            (StrategyKind::Immediate, _) => "immediate: all at once, checks afterwards".to_owned(),
            (StrategyKind::BlueGreen, _) if self.hold => "blue-green, switched by hand".to_owned(),
            (StrategyKind::BlueGreen, _) => "blue-green".to_owned(),
        };
        match &self.first {
            Some(region) if self.kind != StrategyKind::BlueGreen => format!("{how}, {region} first"),
            _ => how,
        }
    }

    /// The next of the strategies that the console offers; the first region stays.
    #[must_use]
    pub fn next(&self) -> Self {
        let (strategy, at_once, hold) = match (self.kind, self.at_once) {
            (StrategyKind::Rolling, AtOnce::Count(1)) => (StrategyKind::Rolling, AtOnce::Percent(33), false),
            (StrategyKind::Rolling, _) => (StrategyKind::Immediate, AtOnce::default(), false),
            (StrategyKind::Immediate, _) => (StrategyKind::BlueGreen, AtOnce::default(), true),
            (StrategyKind::BlueGreen, _) => (StrategyKind::Rolling, AtOnce::default(), false),
        };
        // Blue-green switches all regions together.
        let first = self.first.clone().filter(|_| strategy != StrategyKind::BlueGreen);
        Self { kind: strategy, at_once, hold, first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(regions: &[&str]) -> Vec<(Text, Text)> {
        regions.iter().enumerate().map(|(n, region)| (Text::from(format!("m{n}")), Text::from(*region))).collect()
    }

    fn sizes(strategy: &Strategy, regions: &[&str]) -> Vec<usize> {
        strategy.waves(&machines(regions)).iter().map(Vec::len).collect()
    }

    #[test]
    fn waves_are_as_large_as_asked_and_never_span_the_first_region() {
        let all = ["iad", "fra", "iad", "fra", "fra"];
        let rolling = Strategy::default();
        assert_eq!(sizes(&rolling, &all), [1; 5]);
        let third = Strategy { at_once: "33%".parse().unwrap(), first: Some(Text::from("iad")), ..Strategy::default() };
        assert_eq!(sizes(&third, &all), [2, 2, 1]);
        assert_eq!(third.waves(&machines(&all))[0], [Text::from("m0"), Text::from("m2")]);
        let immediate = Strategy { kind: StrategyKind::Immediate, ..Strategy::default() };
        assert_eq!(sizes(&immediate, &all), [5]);
        assert_eq!(sizes(&immediate, &[]), [0; 0]);
    }

    #[test]
    fn shares_are_read_as_fly_writes_them() {
        let read = |text: &str| text.parse::<AtOnce>().ok();
        assert_eq!(read("2"), Some(AtOnce::Count(2)));
        assert_eq!(read("0.33"), Some(AtOnce::Percent(33)));
        assert_eq!(read("0.5"), Some(AtOnce::Percent(50)));
        assert_eq!(read("50%"), Some(AtOnce::Percent(50)));
        assert!(["0", "0.0", "101%", "x", "-1", "0.x"].iter().all(|text| read(text).is_none()));
    }
}
