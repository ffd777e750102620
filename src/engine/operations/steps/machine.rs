//! One machine of a fleet: read again before it is written to, written to once, read back afterwards.

use std::sync::PoisonError;
use std::time::Duration;

use super::fleet::revision;
use crate::domain::operation::PlanPart;
use crate::engine::operations::leases::LEASE;
use crate::engine::operations::operator::{LOOK, Operator, PATIENCE, Trouble};
use crate::platform::fly::{Fly, Lease, Machine, Membership, NextConfig, WaitResult, WholeConfig};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// A machine that was updated.
pub(in crate::engine) struct Updated {
    /// Its id.
    pub(in crate::engine) id: String,
    /// The version that it got.
    pub(in crate::engine) version: String,
    /// What was sent to it.
    pub(in crate::engine) sent: NextConfig,
    /// It was at rest, and stays so.
    pub(in crate::engine) rests: bool,
}

/// A machine that is no longer what the plan saw, or cannot be read: nothing is written to it.
pub(in crate::engine) fn as_planned<'a>(part: &PlanPart, now: &'a Machine) -> Result<&'a WholeConfig, Trouble> {
    let refuse =
        |why: String| Trouble::Failed(Text::from(format!("machine {} {why}; nothing is written to it", now.id)));
    let whole = match (now.whole(), now.unread()) {
        (Some(whole), None) => whole,
        (_, why) => {
            let why = why.map(ToString::to_string).unwrap_or_default();
            return Err(refuse(format!("cannot be read: {why}")));
        }
    };
    if now.membership != Membership::Fleet {
        return Err(refuse("is not managed by deploys any more".to_owned()));
    }
    if !part.revisions.contains(&revision(now)) {
        return Err(refuse("was changed by somebody else: it is not what the plan saw".to_owned()));
    }
    Ok(whole)
}

/// Nothing, where there is nothing of that name any more.
pub(in crate::engine) fn or_gone<T>(read: Result<T, PlatformError>) -> Result<Option<T>, PlatformError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Operator {
    /// Takes a machine out of the proxy, or lets it in, unless it is so already.
    pub(in crate::engine) async fn cordon(
        &self,
        fly: &Fly,
        app: &str,
        now: &Machine,
        cordoned: bool,
        lease: Option<&Lease>,
    ) -> Result<(), Trouble> {
        let id = now.id.as_str();
        if now.cordoned == cordoned {
            return Ok(());
        }
        let call = format!("{} machine {id}", if cordoned { "cordon" } else { "uncordon" });
        let taken = || async {
            let there = fly.machine(app, id).await?;
            Ok((there.unread().is_none() && there.cordoned == cordoned).then_some(()))
        };
        self.turn_or_find(&call, || fly.set_cordoned(app, id, cordoned, lease), taken).await
    }

    /// Destroys a machine that serves nobody.
    pub(in crate::engine) async fn destroy(
        &self,
        fly: &Fly,
        app: &str,
        id: &str,
        lease: Option<&Lease>,
    ) -> Result<(), Trouble> {
        let taken = || async {
            Ok(match or_gone(fly.machine(app, id).await)? {
                Some(there) => matches!(there.state.as_str(), "destroying" | "destroyed").then_some(()),
                None => Some(()),
            })
        };
        self.change_or_find(&format!("DELETE machine {id}"), || fly.destroy_machine(app, id, lease), taken).await
    }

    /// Stops or starts a machine.
    pub(in crate::engine) async fn run_or_rest(
        &self,
        fly: &Fly,
        (app, id): (&str, &str),
        run: bool,
        lease: Option<&Lease>,
    ) -> Result<(), Trouble> {
        let (word, states) = if run { ("start", ["starting", "started"]) } else { ("stop", ["stopping", "stopped"]) };
        let taken = || async {
            let there = fly.machine(app, id).await?;
            Ok(states.contains(&there.state.as_str()).then_some(()))
        };
        let send = || async {
            if run { fly.start_machine(app, id, lease).await } else { fly.stop_machine(app, id, lease).await }
        };
        self.turn_or_find(&format!("{word} machine {id}"), send, taken).await
    }

    /// Updates a machine to an image, and waits until it is well where that is asked for.
    pub(in crate::engine) async fn machine(
        &self,
        fly: &Fly,
        part: &PlanPart,
        id: &str,
        (image, row): (&str, &(String, u64)),
        careful: bool,
    ) -> Result<(Updated, Text), Trouble> {
        let app = part.resource.as_str();
        let mut lease = self.lease(fly, app, id).await?;
        let updated = async {
            let now = self.look(|| fly.machine(app, id)).await?;
            let (release, version) = row;
            let sent = as_planned(part, &now)?.with_image(image);
            let sent = sent.label("fly_release_id", release).label("fly_release_version", &version.to_string());
            let call = format!("update machine {id} to {image}");
            let taken = || async {
                let there = fly.machine(app, id).await?;
                let ours = there.instance_id != now.instance_id && there.label("fly_release_id") == Some(release);
                Ok(Some(there).filter(|there| ours && there.image.as_str() == image))
            };
            let machine = self.turn_or_find(&call, || fly.update_machine(app, &now, &sent, &lease), taken).await?;
            let updated = Updated { id: id.to_owned(), version: machine.instance_id, sent, rests: now.rests() };
            if updated.rests {
                self.rested.lock().unwrap_or_else(PoisonError::into_inner).insert(updated.id.clone());
            }
            if !careful {
                return Ok((updated, Text::from("updated")));
            }
            let told = self.settle(fly, app, &updated.is(), (image, Some(&updated.sent)), Some(&mut lease)).await?;
            Ok((updated, told))
        }
        .await;
        self.give_back(fly, app, id, &lease).await;
        updated
    }

    /// Waits for the version, then looks at what really runs: a machine may have fallen back to its old one. One that was at rest is
    /// waited for as that.
    pub(in crate::engine) async fn settle(
        &self,
        fly: &Fly,
        app: &str,
        is: &Is<'_>,
        (image, sent): (&str, Option<&NextConfig>),
        lease: Option<&mut Lease>,
    ) -> Result<Text, Trouble> {
        let Is { id, version, rests } = *is;
        let state = if rests { "settled" } else { "started" };
        let waited = self.look(|| fly.wait(app, id, version, state, Duration::from_secs(60))).await?;
        match waited {
            WaitResult::Reached => {}
            WaitResult::TimedOut => {
                let machine = self.look(|| fly.machine(app, id)).await?;
                if let Some(why) = machine.unread() {
                    return Err(unreadable(id, why));
                }
                if machine.instance_id != version {
                    return Err(Trouble::Failed(fell_back(id)));
                }
                let what = if rests { "come to rest again" } else { "start" };
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not {what} in 60 s"))));
            }
        }
        let wanted = self.digest(fly, app, image).await?;
        self.checks(fly, app, is, (Some(&wanted), sent), lease).await
    }

    /// The digest of an image: without it nothing tells what a machine runs.
    pub(in crate::engine) async fn digest(&self, fly: &Fly, app: &str, image: &str) -> Result<Text, Trouble> {
        let found = self.look(|| fly.image(app, image)).await?.filter(|digest| !digest.is_empty());
        found.ok_or_else(|| {
            let text = format!("the registry does not tell the digest of {image}: what the machines run is not known");
            Trouble::Unknown(Text::from(text))
        })
    }

    /// Waits until the checks of a machine pass, while it runs this version (and this image, and what was sent, where that is wanted).
    pub(in crate::engine) async fn checks(
        &self,
        fly: &Fly,
        app: &str,
        is: &Is<'_>,
        (wanted, sent): (Option<&Text>, Option<&NextConfig>),
        mut lease: Option<&mut Lease>,
    ) -> Result<Text, Trouble> {
        let Is { id, version, rests } = *is;
        let end = self.clock.mono() + PATIENCE;
        let mut prolong = self.clock.mono() + LEASE / 4;
        loop {
            if let Some(lease) = lease.as_deref_mut().filter(|_| self.clock.mono() > prolong) {
                self.prolong(fly, app, id, lease).await?;
                prolong = self.clock.mono() + LEASE / 4;
            }
            let machine = self.look(|| fly.machine(app, id)).await?;
            let Some(whole) = machine.whole() else {
                if self.clock.mono() > end {
                    let why = machine.unread().map(ToString::to_string).unwrap_or_default();
                    return Err(unreadable(id, &why));
                }
                tokio::time::sleep(LOOK).await;
                continue;
            };
            if machine.instance_id != version || (wanted.is_some() && machine.digest.as_ref() != wanted) {
                return Err(Trouble::Failed(fell_back(id)));
            }
            if let Some(lost) = sent.and_then(|sent| sent.lost_in(whole)) {
                let text = format!(
                    "machine {id} does not have what was sent to it: {lost}; its versions on Fly have the previous configuration"
                );
                return Err(Trouble::Failed(Text::from(text)));
            }
            if rests && machine.rests() {
                return Ok(Text::from(format!(
                    "has the image, and is at rest as before; {}",
                    at_rest(&machine, whole)
                )));
            }
            let (passing, all) = machine.checks;
            if all == 0 && !whole.has_checks() {
                return Ok(Text::from("started; no checks are configured"));
            }
            if all > 0 && passing == all {
                return Ok(Text::from(format!("{passing}/{all} checks pass")));
            }
            if self.clock.mono() > end {
                let words: Vec<String> = machine.check_words.iter().map(ToString::to_string).collect();
                return Err(Trouble::Failed(Text::from(match words.is_empty() {
                    true => format!("machine {id} has checks, and its platform does not tell how they are"),
                    false => format!("checks of machine {id} do not pass: {}", words.join("; ")),
                })));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A machine that is waited for.
pub(in crate::engine) struct Is<'a> {
    /// Its id.
    pub(in crate::engine) id: &'a str,
    /// The version that it must have.
    pub(in crate::engine) version: &'a str,
    /// It was at rest before, and need not start.
    pub(in crate::engine) rests: bool,
}

impl Updated {
    pub(in crate::engine) fn is(&self) -> Is<'_> {
        Is { id: &self.id, version: &self.version, rests: self.rests }
    }
}

/// How a machine rests: `stopped: it starts when it is needed`.
pub(in crate::engine) fn at_rest(machine: &Machine, whole: &WholeConfig) -> String {
    let then = match () {
        () if whole.idles() => "it starts when it is needed",
        // Its platform starts it, and does not put it to rest.
        () if whole.wakes() => "a request starts it",
        () => "nothing starts it by itself",
    };
    format!("{}: {then}", machine.state)
}

/// A machine that went back to its old configuration by itself.
fn fell_back(id: &str) -> Text {
    Text::from(format!(
        "machine {id} fell back to its old version: it does not run the image that was asked for, whatever its release row says"
    ))
}

/// A machine that was written to and cannot be read back.
fn unreadable(id: &str, why: &dyn std::fmt::Display) -> Trouble {
    Trouble::Unknown(Text::from(format!("machine {id} cannot be read back: {why}; what it runs is not known")))
}
