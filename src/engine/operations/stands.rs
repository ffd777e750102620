//! What a part of a plan is at when it was given up: machine by machine, domain by domain, so that an end half-way says how it stands.

use super::operator::Operator;
use crate::domain::environment::{Platform, Pointed};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::operation::PlanPart;
use crate::domain::spread::{self, Spread};
use crate::engine::feeds::vercel_target;
use crate::platform::PlatformError;

/// How a service stands.
pub(in crate::engine) struct Stands {
    /// Which of its machines or domains are where they were to go.
    pub(in crate::engine) spread: Spread,
    /// The same for people: `fra runs 340f57f, iad runs 7f49b8b`.
    pub(in crate::engine) words: String,
}

impl Operator {
    /// What a part is at now; who is told to stop does not wait for it.
    pub(in crate::engine) async fn stands_now(&self, part: &PlanPart) -> Stands {
        let unread =
            |_| Stands { spread: Spread::Unknown, words: "stopped before it was read how it stands".to_owned() };
        self.unless_stopped(Box::pin(self.standing(part))).await.unwrap_or_else(unread)
    }

    /// What a part is at now. What goes through the pipeline stands by the services that were to get its commit.
    async fn standing(&self, part: &PlanPart) -> Stands {
        if part.platform != Platform::Github {
            let place = self.place(&part.service, part.platform, part.resource.as_str(), part.to.1.as_ref());
            return Box::pin(place).await;
        }
        let mut all = Vec::new();
        for claim in &self.plan.claims {
            let place = self.place(&claim.service, claim.platform, claim.resource.as_str(), claim.sha.as_ref());
            let one = Box::pin(place).await;
            all.push((&claim.service.name, one));
        }
        let words: Vec<String> = all.iter().map(|(name, one)| format!("{name}: {}", one.words)).collect();
        let count = |spread: Spread| all.iter().filter(|(_, one)| one.spread == spread).count();
        let spread = match (count(Spread::All), count(Spread::Some), count(Spread::None)) {
            (there, ..) if there == all.len() && there > 0 => Spread::All,
            (0, 0, not) if not == all.len() && not > 0 => Spread::None,
            (0, 0, _) => Spread::Unknown,
            _ => Spread::Some,
        };
        Stands { spread, words: words.join("; ") }
    }

    /// Read once: who gives up does not wait for platforms that do not answer.
    async fn place(&self, service: &ServiceId, platform: Platform, resource: &str, wanted: Option<&Sha>) -> Stands {
        let unread = |what: &str, error: &dyn std::fmt::Display| Stands {
            spread: Spread::Unknown,
            words: format!("{what} could not be read: {error}"),
        };
        match (platform, &self.clients.fly, &self.clients.vercel) {
            (Platform::Fly, Some(fly), _) => match Box::pin(fly.declared(resource)).await {
                Ok(declared) if declared.instances.is_empty() => {
                    Stands { spread: Spread::Unknown, words: "no machine that deploys manage is listed".to_owned() }
                }
                Ok(declared) => {
                    // What no visitor reaches is neither here nor there.
                    let reached = declared.instances.iter().filter(|one| !one.cordoned);
                    let commits = reached.map(|one| one.sha.as_ref().filter(|_| one.unread.is_none()));
                    let spread = spread::spread(commits, wanted);
                    Stands { spread, words: spread::machines(&declared.instances) }
                }
                Err(error) => unread("what its machines run", &error),
            },
            (Platform::Vercel, _, Some(vercel)) => {
                let tier = self.settings.environment(&service.env).map(|env| env.tier);
                let target = tier.map_or("production".into(), |tier| vercel_target(&service.env, tier));
                let pointed = async { vercel.pointers(&vercel.project(resource).await?, &target).await };
                match Box::pin(pointed).await {
                    Ok::<Vec<Pointed>, PlatformError>(pointed) if pointed.is_empty() => {
                        Stands { spread: Spread::Unknown, words: "no domain of its own is listed".to_owned() }
                    }
                    Ok(pointed) => {
                        let spread = spread::spread(pointed.iter().map(|one| one.sha.as_ref()), wanted);
                        Stands { spread, words: spread::domains(&pointed) }
                    }
                    Err(error) => unread("its domains", &error),
                }
            }
            _ => Stands { spread: Spread::Unknown, words: "what runs there was not read".to_owned() },
        }
    }
}
