//! A machine as the Machines API writes it (docs/platforms/fly.md section 3.1).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::world::fly::{CHECK_DELAY, FlyApp, Machine, Shown};
use crate::sim::world::host::Host;

/// The whole object.
pub fn machine_json(app: &FlyApp, machine: &Machine, now: Timestamp, leases: bool) -> Value {
    let labels = json!({"fly.app_name": app.name, "fly.version": "0.3.190"});
    let reference = app.image_of(machine).map(|image| image.reference.clone());
    // A machine goes on with an image that the registry has pruned.
    let asked = machine.config.get("image").and_then(Value::as_str).unwrap_or_default();
    let reference = reference.unwrap_or_else(|| asked.to_owned());
    let (name, tag) = reference.rsplit_once(':').unwrap_or((&reference, ""));
    let (registry, repository) = name.split_once('/').unwrap_or(("registry.fly.io", name));
    let mut value = json!({
        "id": machine.id,
        "name": machine.name,
        "state": machine.state,
        "region": machine.region,
        "instance_id": machine.instance_id,
        "version": machine.instance_id,
        "image_ref": {
            "registry": registry,
            "repository": repository,
            "tag": tag,
            "digest": machine.digest,
            "labels": labels,
        },
        "private_ip": format!("fdaa:0:47a1:a7b:{}:0:2", machine.id.get(..4).unwrap_or("0")),
        "created_at": machine.created_at,
        "updated_at": machine.updated_at,
        "config": machine.config,
        "checks": checks(app, machine, now),
        "events": machine.events,
        "host_status": "ok",
        "cordoned": machine.cordoned,
    });
    machine.host.veil(machine, &mut value);
    if leases && let Some(lease) = &machine.lease {
        value["lease"] = json!({
            "description": lease.description,
            "expires_at": lease.expires_at.as_second(),
            "owner": lease.owner,
        });
    }
    hide(&mut value, machine.shown);
    value
}

/// Leaves out what is not known of a machine (docs/platforms/fly.md section 3.1).
fn hide(value: &mut Value, shown: Shown) {
    let Some(map) = value.as_object_mut() else { return };
    let config = match shown {
        Shown::Whole => return,
        Shown::Null | Shown::Hollow => map.insert("config".to_owned(), Value::Null),
        Shown::Incomplete | Shown::Absent => map.remove("config"),
    };
    if shown == Shown::Incomplete {
        let part = config.as_ref().map(Host::part).unwrap_or_default();
        map.insert("incomplete_config".to_owned(), part);
        map.insert("image_ref".to_owned(), json!({}));
    }
    if shown == Shown::Hollow {
        for name in ["region", "instance_id", "version", "private_ip"] {
            map.insert(name.to_owned(), json!(""));
        }
        for name in ["checks", "image_ref", "events"] {
            map.insert(name.to_owned(), Value::Null);
        }
        map.insert("created_at".to_owned(), json!("1970-01-01T00:00:00Z"));
        map.insert("updated_at".to_owned(), json!("0001-01-01T00:00:00Z"));
    }
}

/// Its checks: none until the first has run after a start.
fn checks(app: &FlyApp, machine: &Machine, now: Timestamp) -> Vec<Value> {
    let age = now.duration_since(machine.started_at);
    if machine.state != "started" || age < CHECK_DELAY {
        return Vec::new();
    }
    let grace = app.image_of(machine).map_or(SignedDuration::ZERO, |image| image.health.grace);
    let (status, output, at) = if app.healthy(machine, now) {
        ("passing", "GET http://172.19.0.2:8080/health: 200 OK Output: \"ok\"".to_owned(), CHECK_DELAY)
    } else {
        let text = app.image_of(machine).map_or("", |image| image.health.error_text());
        let output = format!("GET http://172.19.0.2:8080/health: 503 Service Unavailable Output: \"{text}\"");
        ("critical", output, grace.max(CHECK_DELAY))
    };
    // `updated_at` is the last change of the status, not the last run (docs/platforms/fly.md section 10).
    let updated_at = machine.started_at + at;
    vec![json!({"name": "servicecheck-00-http-8080", "status": status, "output": output, "updated_at": updated_at})]
}
