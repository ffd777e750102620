//! Machines: reading, leasing, updating, waiting (docs/platforms/fly.md section 3).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    FLY, Fly, Lease, Machine, MachineConfig, Membership, NextConfig, TAG, TWIN, UPDATE_TIMEOUT, WAIT_MAX, WaitResult,
    config, wire,
};
use crate::domain::ids::Sha;
use crate::platform::http::garbage;
use crate::platform::{ErrorKind, PlatformError, lenient};
use crate::sanitize::Text;

pub(super) const NONCE: &str = "fly-machine-lease-nonce";

impl Fly {
    /// `GET /v1/apps/{app}/machines`, every machine that is listed and is to stay: those that are on their way out are left out.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn machines(&self, app: &str) -> Result<Vec<Machine>, PlatformError> {
        let mut machines = self.listed(app).await?;
        machines.retain(|machine| !machine.leaving());
        Ok(machines)
    }

    /// The same with those that are on their way out, but for those whose place another one has taken.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn listed(&self, app: &str) -> Result<Vec<Machine>, PlatformError> {
        let call = self.http.get(FLY, &format!("{}/machines", self.app_url(app)));
        let mut machines: Vec<wire::Machine> = self.machines_auth(call).read().await?;
        if let Some(twice) = once(&mut machines) {
            return Err(garbage(
                FLY,
                &format!("GET /v1/apps/{app}/machines lists machine {twice} twice, and not the same"),
            ));
        }
        let now = self.http.now_at(FLY);
        let aged = |wire: wire::Machine| {
            let leaves = leaving(&wire, now);
            let mut machine = Machine::from(wire);
            if let MachineConfig::Unreadable(why) = &mut machine.config {
                why.leaves(leaves);
            }
            machine
        };
        Ok(counted(machines.into_iter().map(aged).collect()))
    }

    /// `GET /v1/apps/{app}/machines/{id}`, the cheap poll.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn machine(&self, app: &str, id: &str) -> Result<Machine, PlatformError> {
        let machine: wire::Machine = self.machines_auth(self.http.get(FLY, &self.machine_url(app, id))).read().await?;
        Ok(machine.into())
    }

    /// `POST …/lease?ttl=`: claims a machine, and says what for. Sent once.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the holder's name when somebody else has it.
    pub async fn acquire_lease(
        &self,
        app: &str,
        id: &str,
        (ttl, description): (Duration, &str),
    ) -> Result<Lease, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/lease", self.machine_url(app, id)));
        // Fly's own tool sends the time in the address, its documentation in the body: either is read.
        let call = call.query("ttl", &ttl.as_secs().to_string());
        let call = call.json(&json!({ "ttl": ttl.as_secs(), "description": description }));
        Ok(self.machines_auth(call).read::<wire::LeaseAnswer>().await?.data.into())
    }

    /// Prolongs a lease that is held.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when it was lost.
    pub async fn refresh_lease(
        &self,
        app: &str,
        id: &str,
        lease: &Lease,
        ttl: Duration,
    ) -> Result<Lease, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/lease", self.machine_url(app, id)));
        let call = call.query("ttl", &ttl.as_secs().to_string()).secret(NONCE, lease.nonce.expose_secret());
        Ok(self.machines_auth(call).read::<wire::LeaseAnswer>().await?.data.into())
    }

    /// `GET …/lease`: the lease of a machine, whoever has it; `None` = it has none.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn held_lease(&self, app: &str, id: &str) -> Result<Option<Lease>, PlatformError> {
        let call = self.http.get(FLY, &format!("{}/lease", self.machine_url(app, id)));
        match self.machines_auth(call).read::<wire::LeaseAnswer>().await {
            Ok(wire::LeaseAnswer { data }) => Ok(Some(data.into())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `DELETE …/lease`: gives a lease back. One that is gone already counts as given back.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn release_lease(&self, app: &str, id: &str, lease: &Lease) -> Result<(), PlatformError> {
        let call = self.http.delete(FLY, &format!("{}/lease", self.machine_url(app, id)));
        match self.machines_auth(call.secret(NONCE, lease.nonce.expose_secret())).done().await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// `POST …/machines/{id}`: the whole configuration, made of the one that was read just now, guarded by the lease and by
    /// `current_version` (the `instance_id` of that reading). A machine that `rests` gets it and stays at rest (`skip_launch`); any other
    /// starts with it. Sent once; answers with the machine, whose new `instance_id` is the version to wait for.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when lease or revision do not hold; [`ErrorKind::Timeout`] means that it may have been taken.
    pub async fn update_machine(
        &self,
        app: &str,
        now: &Machine,
        config: &NextConfig,
        lease: &Lease,
    ) -> Result<Machine, PlatformError> {
        let call = self.http.post(FLY, &self.machine_url(app, &now.id)).timeout(UPDATE_TIMEOUT);
        let mut body = json!({ "config": config.body(), "current_version": now.instance_id });
        if now.rests() {
            body["skip_launch"] = true.into();
        }
        let call = call.json(&body);
        let call = call.secret(NONCE, lease.nonce.expose_secret());
        let machine: wire::Machine = self.machines_auth(call).read().await?;
        Ok(machine.into())
    }

    /// `POST …/machines/{id}/restart`: the same version again. Sent once.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when somebody else has the lease; a refusal when it is not started.
    pub async fn restart_machine(&self, app: &str, id: &str, lease: &Lease) -> Result<(), PlatformError> {
        let call = self.http.post(FLY, &format!("{}/restart", self.machine_url(app, id))).timeout(UPDATE_TIMEOUT);
        self.machines_auth(call.secret(NONCE, lease.nonce.expose_secret())).done().await
    }

    /// `GET …/wait`: a long poll of at most 60 s. Always with a version: without one, a machine that fell back to its old
    /// configuration would count as started (docs/platforms/fly.md section 3.5).
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words; the time-out is not one of them.
    pub async fn wait(
        &self,
        app: &str,
        id: &str,
        version: &str,
        state: &str,
        timeout: Duration,
    ) -> Result<WaitResult, PlatformError> {
        let timeout = timeout.clamp(Duration::from_secs(1), WAIT_MAX);
        let call = self.http.get(FLY, &format!("{}/wait", self.machine_url(app, id))).once();
        let call =
            call.query("state", state).query("version", version).query("timeout", &timeout.as_secs().to_string());
        match self.machines_auth(call.timeout(timeout + Duration::from_secs(5))).done().await {
            Ok(()) => Ok(WaitResult::Reached),
            Err(error) if error.status == Some(408) => Ok(WaitResult::TimedOut),
            Err(error) => Err(error),
        }
    }
}

/// What a check that does not pass says, the cause first and its own long name last. An HTTP check repeats its request before the answer.
fn cause(check: &wire::Check) -> Text {
    let output = check.output.trim();
    let asked = |request: &str| request.split_once(' ').is_some_and(|(_, url)| url.starts_with("http"));
    let answer = output.split_once(": ").filter(|(request, _)| asked(request)).map_or(output, |(_, answer)| answer);
    let answer = if answer.is_empty() { check.status.as_str() } else { answer };
    Text::clean(&format!("{answer} (check {}: {})", check.name, check.status))
}

impl From<wire::Machine> for Machine {
    fn from(wire: wire::Machine) -> Self {
        let (config, labels) = (MachineConfig::read(&wire), config::labels(&wire));
        let whole = matches!(config, MachineConfig::Whole(_));
        let label = |key: &str| labels.get(key).cloned();
        let group = label("fly_process_group").or_else(|| label("process_group")).unwrap_or_else(|| "app".to_owned());
        let of_deploys = label("fly_platform_version").map(|version| version == "v2");
        let membership = match of_deploys {
            _ if group.starts_with("fly_app_") => Membership::Apart,
            Some(true) => Membership::Fleet,
            Some(false) => Membership::Apart,
            None if whole => Membership::Apart,
            None => Membership::Unknown,
        };
        let checks: Vec<&wire::Check> =
            wire.checks.iter().filter(|check| !check.name.starts_with("bg_deployments_compat")).collect();
        let failing = || checks.iter().filter(|check| check.status != "passing");
        let words = failing().map(|check| cause(check));
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let passing = checks.iter().filter(|check| check.status == "passing").count();
        // A machine that cannot be read is never judged by what else was told of it (docs/platforms/fly.md section 3.1).
        let image = wire.config.get("image").and_then(Value::as_str).filter(|_| whole).unwrap_or_default().to_owned();
        let sha = labelled_sha(&wire.image_ref).filter(|_| whole).or_else(|| super::image_sha(&image));
        Self {
            sha,
            state: Text::clean(&wire.state),
            region: Text::clean(&wire.region),
            image: Text::clean(&image),
            digest: Some(wire.image_ref.digest)
                .filter(|digest| whole && !digest.is_empty())
                .map(|digest| Text::clean(&digest)),
            release_version: label("fly_release_version").filter(|_| whole).and_then(|version| version.parse().ok()),
            checks: if whole { (count(passing), count(checks.len())) } else { (0, 0) },
            check_words: if whole { words.collect() } else { Vec::new() },
            // One that does not say since when may have failed for long.
            failing_since: failing().map(|check| check.updated_at.unwrap_or_default()).min().filter(|_| whole),
            process_group: Text::clean(&group),
            membership,
            cordoned: wire.cordoned,
            updated_at: wire.updated_at,
            instance_id: wire.instance_id,
            id: wire.id,
            labels,
            config,
        }
    }
}

/// What Fly's own tool writes over the tag of an old machine whose place a new one has taken.
const RETIRED: &str = "safe_to_destroy";
/// How long a machine may take to be destroyed; one that takes longer is stuck (docs/platforms/fly.md section 3.2).
const DESTROYING: SignedDuration = SignedDuration::from_mins(5);

/// Leaves each machine once in a list that repeats some. The id of one that is told in two ways is returned: which of them holds is not known.
fn once(machines: &mut Vec<wire::Machine>) -> Option<String> {
    let mut seen: BTreeMap<String, wire::Machine> = BTreeMap::new();
    let mut order = Vec::new();
    for machine in machines.drain(..) {
        match seen.get(&machine.id) {
            Some(held) if *held == machine => {}
            Some(_) => return Some(machine.id),
            None => {
                order.push(machine.id.clone());
                seen.insert(machine.id.clone(), machine);
            }
        }
    }
    machines.extend(order.iter().filter_map(|id| seen.remove(id)));
    None
}

/// Leaves out the machines on their way out in whose place another one stands: an old one of a blue-green deploy, or a new one of a deploy
/// that was taken back.
fn counted(mut machines: Vec<Machine>) -> Vec<Machine> {
    let standing = || machines.iter().filter(|machine| !machine.leaving());
    let replaced = |machine: &Machine| {
        let retired = machine.label(TAG) == Some(RETIRED);
        let twin = |one: &Machine| one.label(TWIN) == Some(&machine.id) || machine.label(TWIN) == Some(&one.id);
        machine.leaving() && (retired || standing().any(twin))
    };
    let gone: Vec<String> = machines.iter().filter(|one| replaced(one)).map(|one| one.id.clone()).collect();
    machines.retain(|machine| !gone.contains(&machine.id));
    machines
}

/// Whether a machine has just been destroyed, or is about to be: it vanishes by itself. One whose state has said so for longer than that
/// takes, or at no known time, may be a machine that runs on.
fn leaving(machine: &wire::Machine, now: Timestamp) -> bool {
    let lately = machine.updated_at.map(|at| now.duration_since(at) < DESTROYING);
    match machine.state.as_str() {
        "destroying" => lately.unwrap_or(true),
        "destroyed" => lately.unwrap_or(false),
        _ => false,
    }
}

/// Builders write the commit into labels: the OCI name, or what CI passes on.
fn labelled_sha(image: &wire::ImageRef) -> Option<Sha> {
    let names = ["org.opencontainers.image.revision", "GH_SHA"];
    names.iter().find_map(|name| lenient::sha(image.labels.get(*name)?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of a fleet: its id, its state, when that changed, and its labels.
    fn machine(id: &str, state: &str, at: &str, labels: Value) -> Machine {
        let mut metadata = labels;
        metadata["fly_platform_version"] = "v2".into();
        let config = json!({"image": "registry/app:41", "metadata": metadata});
        let body = json!({"id": id, "state": state, "instance_id": "01", "updated_at": at, "config": config});
        let wire: wire::Machine = serde_json::from_value(body).unwrap();
        let leaves = leaving(&wire, "2026-11-28T12:00:00Z".parse().unwrap());
        let mut machine = Machine::from(wire);
        if let MachineConfig::Unreadable(why) = &mut machine.config {
            why.leaves(leaves);
        }
        machine
    }

    #[test]
    fn a_check_tells_its_cause_before_its_own_name() {
        let said = |output: &str| {
            let (name, status) = ("servicecheck-00-http-8080".to_owned(), "critical".to_owned());
            cause(&wire::Check { name, status, output: output.to_owned(), updated_at: None }).to_string()
        };
        let name = "(check servicecheck-00-http-8080: critical)";
        let http = "GET http://172.19.0.2:8080/health: 503 Service Unavailable Output: \"pool\"";
        assert_eq!(said(http), format!("503 Service Unavailable Output: \"pool\" {name}"));
        assert_eq!(said("connection refused: port 8080"), format!("connection refused: port 8080 {name}"));
        assert_eq!(said(""), format!("critical {name}"));
    }

    #[test]
    fn a_machine_on_its_way_out_is_listed_as_what_it_is_for_as_long_as_its_place_is_empty() {
        let (now, old) = ("2026-11-28T11:59:50Z", "2026-11-28T11:00:00Z");
        let told = |one: &Machine| one.unread().map(ToString::to_string).unwrap_or_default();
        let leaves = |state: &str, at: &str| {
            let one = machine("a", state, at, json!({}));
            (one.leaving(), one.in_fleet(), told(&one))
        };
        assert_eq!(leaves("destroying", now), (true, true, "being destroyed".to_owned()));
        assert_eq!(leaves("destroying", old), (false, true, "being destroyed for more than 5 minutes".to_owned()));
        assert_eq!(leaves("destroyed", now), (true, true, "destroyed, and still listed".to_owned()));
        assert_eq!(leaves("destroyed", old), (false, true, "destroyed, and still listed".to_owned()));
        assert_eq!(leaves("started", now), (false, true, String::new()));

        let ids = |all: Vec<Machine>| counted(all).into_iter().map(|one| one.id).collect::<Vec<_>>();
        let stays = machine("b", "started", now, json!({}));
        let leaving = |labels: Value| machine("a", "destroying", now, labels);
        assert_eq!(ids(vec![leaving(json!({})), stays.clone()]), ["a", "b"]);
        assert_eq!(ids(vec![leaving(json!({})), machine("b", "started", now, json!({TWIN: "a"}))]), ["b"]);
        assert_eq!(ids(vec![leaving(json!({TWIN: "b"})), stays.clone()]), ["b"], "a new one that is taken back");
        assert_eq!(ids(vec![leaving(json!({TAG: RETIRED})), stays.clone()]), ["b"], "Fly's own tool says so");
        let still = machine("a", "started", now, json!({TAG: RETIRED}));
        assert_eq!(ids(vec![still, stays]), ["a", "b"], "what runs counts");
    }
}
