//! The scenarios that come with the program, by name.

/// The names of the scenarios, and their texts.
const SCENARIOS: [(&str, &str); 6] = [
    ("calm", include_str!("../../../assets/scenarios/calm.toml")),
    ("flood", include_str!("../../../assets/scenarios/flood.toml")),
    ("gated", include_str!("../../../assets/scenarios/gated.toml")),
    ("stuck-gate", include_str!("../../../assets/scenarios/stuck-gate.toml")),
    ("silent", include_str!("../../../assets/scenarios/silent.toml")),
    ("bad-deploy", include_str!("../../../assets/scenarios/bad-deploy.toml")),
];

/// Scenario names, as `--scenario` takes them.
pub const NAMES: [&str; 6] =
    [SCENARIOS[0].0, SCENARIOS[1].0, SCENARIOS[2].0, SCENARIOS[3].0, SCENARIOS[4].0, SCENARIOS[5].0];

/// The text of a scenario; `None` = there is none of this name.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a scenario is about, in one sentence; `None` = there is none of this name.
#[must_use]
pub fn title(name: &str) -> Option<String> {
    let written: toml::Table = toml::from_str(text(name)?).ok()?;
    Some(written.get("title")?.as_str()?.to_owned())
}
