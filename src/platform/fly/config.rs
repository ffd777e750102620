//! A machine's configuration: whether it was read whole, and what may be written because it was.
//!
//! An update replaces the whole configuration, and nothing is merged (docs/platforms/fly.md section 3.3): what is written from a
//! configuration that was read in part takes the rest away. So what is sent can only be made of a [`WholeConfig`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::wire;
use crate::sanitize::Text;

/// Metadata that a release, a blue-green deploy or a scaling writes: it differs between two deploys of the same configuration.
const WRITTEN: [&str; 6] = [
    "fly_release_id",
    "fly_release_version",
    "fly_bluegreen_deployment_tag",
    "fly_flyctl_bluegreen_launch_id",
    "flightdeck_in_place_of",
    "flightdeck_new",
];

/// What was read of a machine's configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum MachineConfig {
    /// All of it.
    Whole(WholeConfig),
    /// Not all of it, and why: the machine takes part in no plan.
    Unreadable(Unread),
}

/// A configuration that was read whole.
#[derive(Clone, PartialEq)]
pub struct WholeConfig(Map<String, Value>);

/// Why a machine cannot be judged, and nothing may be written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    gap: Option<Gap>,
    /// `host_status`, where it is not `ok`.
    host: Option<Text>,
    /// It is on its way out, and vanishes by itself.
    leaving: bool,
}

impl Unread {
    /// Keeps whether it is on its way out still.
    pub(super) fn leaves(&mut self, leaving: bool) {
        self.leaving = leaving;
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving
    }
}

/// What is wrong with what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// `config` is null or absent.
    Missing,
    /// `incomplete_config` stands in for it.
    Incomplete,
    /// A part of it has a form that it cannot have.
    Malformed(&'static str),
    /// No label says that deploys manage it, and the proxy may send it visitors.
    Detached,
    /// No `instance_id`: an update could not say what it was computed on.
    NoVersion,
    /// It is listed although it is destroyed.
    Destroyed,
    /// It is `destroying`, or has been for longer than that takes.
    Destroying,
}

/// A configuration to be sent: made of one that was read whole.
#[derive(Clone, PartialEq)]
pub struct NextConfig(Map<String, Value>);

impl MachineConfig {
    pub(super) fn read(machine: &wire::Machine) -> Self {
        let host = Some(machine.host_status.as_str()).filter(|word| !matches!(*word, "" | "ok"));
        let gone = match machine.state.as_str() {
            "destroyed" => Some(Gap::Destroyed),
            "destroying" => Some(Gap::Destroying),
            _ => None,
        };
        let gap = match &machine.config {
            _ if gone.is_some() => gone,
            Value::Null if machine.incomplete_config.is_null() => Some(Gap::Missing),
            _ if !machine.incomplete_config.is_null() => Some(Gap::Incomplete),
            _ if machine.instance_id.is_empty() => Some(Gap::NoVersion),
            Value::Object(fields) => {
                malformed(fields).map(Gap::Malformed).or_else(|| detached(fields).then_some(Gap::Detached))
            }
            _ => Some(Gap::Malformed("no fields")),
        };
        match (&machine.config, gap, host) {
            (Value::Object(fields), None, None) => Self::Whole(WholeConfig(fields.clone())),
            (_, gap, host) => Self::Unreadable(Unread { gap, host: host.map(Text::clean), leaving: false }),
        }
    }
}

/// Whether nothing says that deploys manage a machine which has a service: what visitors get of it is not known from the fleet.
fn detached(fields: &Map<String, Value>) -> bool {
    let label = |key: &str| fields.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
    let serves = fields.get("services").and_then(Value::as_array).is_some_and(|services| !services.is_empty());
    // A throw-away machine of a deploy has a group of its own.
    let own = label("fly_process_group").is_some_and(|group| group.starts_with("fly_app_"));
    serves && !own && label("fly_platform_version").is_none()
}

/// A part that is there and is not what it must be. The image alone must be there.
fn malformed(fields: &Map<String, Value>) -> Option<&'static str> {
    if fields.get("image").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Some("no image");
    }
    let object = |value: &Value| value.is_object() || value.is_null();
    let list = |value: &Value| value.is_array() || value.is_null();
    let fits = |key: &str, value: &Value| match key {
        "services" | "mounts" => list(value),
        // A label of another form is lost with what it says: whether the machine is one of the fleet.
        "metadata" => value.is_null() || value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
        "checks" => object(value) || list(value),
        _ => object(value),
    };
    let parts = ["metadata", "env", "guest", "restart", "services", "mounts", "checks"];
    let odd = parts.into_iter().find(|key| fields.get(*key).is_some_and(|value| !fits(key, value)));
    odd.map(|key| match key {
        "metadata" => "odd metadata",
        "env" => "an odd env",
        "guest" => "an odd guest",
        "restart" => "an odd restart",
        "services" => "odd services",
        "mounts" => "odd mounts",
        _ => "odd checks",
    })
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = match self.gap {
            Some(Gap::Missing) => Some("no configuration".to_owned()),
            Some(Gap::Incomplete) => Some("incomplete configuration".to_owned()),
            Some(Gap::Malformed(what)) => Some(format!("its configuration has {what}")),
            Some(Gap::Detached) => Some("nothing says that deploys manage it, and it serves visitors".to_owned()),
            Some(Gap::NoVersion) => Some("no version".to_owned()),
            Some(Gap::Destroyed) => Some("destroyed, and still listed".to_owned()),
            Some(Gap::Destroying) if self.leaving => Some("being destroyed".to_owned()),
            Some(Gap::Destroying) => Some("being destroyed for more than 5 minutes".to_owned()),
            None => None,
        };
        let host = self.host.as_ref().map(|word| match word.as_str() {
            "unreachable" => "host does not answer".to_owned(),
            "unknown" => "state of its host unknown".to_owned(),
            other => format!("state of its host unknown ({other})"),
        });
        let words: Vec<String> = gap.into_iter().chain(host).collect();
        f.write_str(&words.join(", "))
    }
}

impl WholeConfig {
    /// The configuration with this image.
    #[must_use]
    pub fn with_image(&self, image: &str) -> NextConfig {
        let mut next = self.copy();
        next.0.insert("image".to_owned(), image.into());
        next
    }

    /// The configuration as it is, for one more machine.
    #[must_use]
    pub fn copy(&self) -> NextConfig {
        NextConfig(self.0.clone())
    }

    /// Whether it names checks: a machine that has just started may not have reported them yet.
    #[must_use]
    pub fn has_checks(&self) -> bool {
        let some = |of: Option<&Value>| match of {
            Some(Value::Object(all)) => !all.is_empty(),
            Some(Value::Array(all)) => !all.is_empty(),
            _ => false,
        };
        let services = self.0.get("services").and_then(Value::as_array).into_iter().flatten();
        some(self.0.get("checks")) || services.into_iter().any(|service| some(service.get("checks")))
    }

    /// Whether something starts it when it is needed and may put it to rest: the proxy, a schedule, or the machine that it stands by for
    /// (docs/platforms/fly.md sections 3.6 and 11).
    #[must_use]
    pub fn idles(&self) -> bool {
        let services = self.0.get("services").and_then(Value::as_array).into_iter().flatten();
        let stops = |service: &Value| match service.get("autostop") {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(word)) => word != "off",
            _ => false,
        };
        let listed = |key: &str| self.0.get(key).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        let scheduled = self.0.get("schedule").and_then(Value::as_str).is_some_and(|word| !word.is_empty());
        services.into_iter().any(stops) || listed("standbys") || scheduled
    }

    /// Whether a request starts it, whoever put it to rest.
    #[must_use]
    pub fn wakes(&self) -> bool {
        let services = self.0.get("services").and_then(Value::as_array).into_iter().flatten();
        services.into_iter().any(|service| service.get("autostart") == Some(&Value::Bool(true)))
    }

    /// Whether it has a volume.
    #[must_use]
    pub fn has_volume(&self) -> bool {
        self.0.get("mounts").and_then(Value::as_array).is_some_and(|all| !all.is_empty())
    }

    /// What it consists of, as 16 hex digits: the names of everything that is set, without the image, without what deploys write, and
    /// without any value.
    #[must_use]
    pub fn outline(&self) -> String {
        let mut hash = Sha256::new();
        for path in paths(&self.0).into_iter().filter(|path| !written(path)) {
            hash.update(path.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl NextConfig {
    /// The same with a value in its metadata.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        // Whoever made it saw that the metadata is an object, null, or not there.
        let metadata = self.0.entry("metadata").or_insert(Value::Null);
        if metadata.is_null() {
            *metadata = Value::Object(Map::new());
        }
        if let Value::Object(labels) = metadata {
            labels.insert(key.to_owned(), value.into());
        }
        self
    }

    /// The image that it names.
    #[must_use]
    pub fn image(&self) -> &str {
        self.0.get("image").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn body(&self) -> &Map<String, Value> {
        &self.0
    }

    /// What of it a configuration that was read back does not have, by name and never by value; `None` = it has all of it. A platform
    /// may write a value in another form, but the image, the variables and the metadata are text.
    #[must_use]
    pub fn lost_in(&self, back: &WholeConfig) -> Option<Text> {
        let mut lost: Vec<String> = Vec::new();
        if self.0.get("image") != back.0.get("image") {
            lost.push("image".to_owned());
        }
        for part in ["env", "metadata"] {
            let there = back.0.get(part).and_then(Value::as_object);
            let sent = self.0.get(part).and_then(Value::as_object).into_iter().flatten();
            let other = sent.filter(|(key, value)| there.and_then(|there| there.get(*key)) != Some(*value));
            lost.extend(other.map(|(key, _)| format!("{part}.{key}")));
        }
        let there = paths(&back.0);
        let text = |path: &str| ["image", "env.", "metadata."].iter().any(|part| path.starts_with(part));
        lost.extend(paths(&self.0).into_iter().filter(|path| !text(path) && !there.contains(path)));
        let more = lost.len().saturating_sub(LISTED);
        lost.truncate(LISTED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        (!lost.is_empty()).then(|| Text::clean(&format!("{}{more}", lost.join(", "))))
    }
}

/// Names that are listed; of the rest the count.
const LISTED: usize = 5;

/// The path of everything that is set. What is empty, zero or false is left out: a platform need not write it.
fn paths(fields: &Map<String, Value>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (key, value) in fields {
        walk(key.clone(), value, &mut all);
    }
    all
}

fn walk(path: String, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| walk(format!("{path}.{key}"), value, into)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, value)| walk(format!("{path}[{n}]"), value, into)),
        Value::Null | Value::Bool(false) => {}
        Value::String(text) if text.is_empty() => {}
        Value::Number(number) if number.as_f64() == Some(0.0) => {}
        _ => {
            into.insert(path);
        }
    }
}

fn written(path: &str) -> bool {
    path == "image" || path.strip_prefix("metadata.").is_some_and(|key| WRITTEN.contains(&key))
}

/// The metadata that was told, also of a configuration that was not told whole: what stands there is so, what does not may be.
pub(super) fn labels(machine: &wire::Machine) -> BTreeMap<String, String> {
    let of = |config: &Value| {
        let metadata = config.get("metadata").and_then(Value::as_object).into_iter().flatten();
        metadata.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect::<Vec<_>>()
    };
    of(&machine.incomplete_config).into_iter().chain(of(&machine.config)).collect()
}

/// Variables may hold secrets: only the outline is shown.
impl fmt::Debug for WholeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WholeConfig({})", self.outline())
    }
}

impl fmt::Debug for NextConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NextConfig")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine(change: impl FnOnce(&mut Value)) -> wire::Machine {
        let mut machine = json!({
            "id": "d89", "state": "started", "instance_id": "01A", "host_status": "ok",
            "config": {"image": "old", "env": {"A": "s3cret", "B": "2"}, "guest": {"cpus": 1}, "restart": {"policy": "always"},
                "services": [{"internal_port": 8080, "checks": [{"type": "http"}]}],
                "metadata": {"fly_platform_version": "v2", "fly_release_version": "41"}},
        });
        change(&mut machine);
        serde_json::from_value(machine).unwrap()
    }

    fn whole(change: impl FnOnce(&mut Value)) -> WholeConfig {
        match MachineConfig::read(&machine(change)) {
            MachineConfig::Whole(whole) => whole,
            MachineConfig::Unreadable(why) => panic!("{why}"),
        }
    }

    #[test]
    fn only_what_was_told_whole_can_be_written() {
        let detached = "nothing says that deploys manage it, and it serves visitors";
        let rows: [(&str, Value, &str); 12] = [
            ("/config", Value::Null, "no configuration"),
            ("/config", json!("text"), "its configuration has no fields"),
            ("/config", json!({}), "its configuration has no image"),
            ("/config/metadata", json!([]), "its configuration has odd metadata"),
            ("/config/metadata/fly_platform_version", json!(1), "its configuration has odd metadata"),
            ("/config/metadata", json!({}), detached),
            ("/config/metadata", Value::Null, detached),
            ("/config/services", json!({}), "its configuration has odd services"),
            ("/instance_id", json!(""), "no version"),
            ("/host_status", json!("unreachable"), "host does not answer"),
            ("/host_status", json!("brand_new_word"), "state of its host unknown (brand_new_word)"),
            ("/state", json!("destroyed"), "destroyed, and still listed"),
        ];
        for (path, value, says) in rows {
            let read = MachineConfig::read(&machine(|one| *one.pointer_mut(path).unwrap() = value));
            let MachineConfig::Unreadable(why) = read else { panic!("{path}: {says}") };
            assert_eq!(why.to_string(), says);
        }
        let zombie = machine(|one| {
            one["incomplete_config"] = json!({"image": "old"});
            one["host_status"] = "unreachable".into();
        });
        let MachineConfig::Unreadable(why) = MachineConfig::read(&zombie) else { panic!("it was not told whole") };
        assert_eq!(why.to_string(), "incomplete configuration, host does not answer");
    }

    #[test]
    fn a_new_image_and_labels_leave_everything_else_as_it_was() {
        let next = whole(|_| {}).with_image("new").label("fly_release_version", "42");
        let mut wanted = serde_json::to_value(next.body()).unwrap();
        assert_eq!((&wanted["image"], &wanted["metadata"]["fly_release_version"]), (&json!("new"), &json!("42")));
        wanted["image"] = "old".into();
        wanted["metadata"]["fly_release_version"] = "41".into();
        assert_eq!(wanted, serde_json::to_value(&whole(|_| {}).0).unwrap());
    }

    #[test]
    fn the_outline_tells_what_is_set_and_no_value() {
        let outline = whole(|_| {}).outline();
        let other = |change: fn(&mut Value)| whole(change).outline() != outline;
        assert!(!other(|one| one["config"]["image"] = "new".into()));
        assert!(!other(|one| one["config"]["metadata"]["fly_release_version"] = "43".into()));
        assert!(!other(|one| one["config"]["env"]["A"] = "another".into()));
        assert!(other(|one| drop(one["config"]["env"].as_object_mut().unwrap().remove("A"))));
        assert!(other(|one| one["config"]["services"] = json!([])));
        assert!(other(|one| drop(one["config"].as_object_mut().unwrap().remove("guest"))));
        assert!(other(|one| one["config"]["metadata"]["team"] = "web".into()));
        assert!(!format!("{:?}", whole(|_| {})).contains("s3cret"));
    }

    #[test]
    fn what_is_read_back_must_hold_what_was_sent() {
        let sent = whole(|_| {}).with_image("new");
        assert_eq!(sent.lost_in(&whole(|one| one["config"]["image"] = "new".into())), None);
        let other_form = whole(|one| {
            one["config"]["image"] = "new".into();
            one["config"]["guest"]["cpus"] = "1".into();
            one["config"]["metadata"]["added"] = "later".into();
        });
        assert_eq!(sent.lost_in(&other_form), None, "written in another form, and more than was sent");
        let wiped = whole(|one| one["config"] = json!({"image": "new", "env": {"A": "other"}}));
        let lost = sent.lost_in(&wiped).unwrap();
        assert!(lost.as_str().starts_with("env.A, env.B, metadata.fly_platform_version"), "{lost}");
        assert!(lost.as_str().ends_with("more") && !lost.as_str().contains("s3cret"), "{lost}");
    }
}
