//! What a plan and the operation that it becomes are called: `promote 3e60eac to production`, `approve Deploy production #137`. Every title
//! is made here.

use super::{Plan, PlanPart, ProjectSwitch, Request};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::request::PIPELINE;
use crate::sanitize::Text;

impl Plan {
    /// In one line, as a person would say it.
    #[must_use]
    pub fn title(&self) -> Text {
        let (env, kind) = (&self.env, self.kind.name());
        let run = || self.parts.first().map_or(PIPELINE, |part| part.resource.as_str());
        Text::from(match &self.request {
            Request::RollBack(_) | Request::RollBackTo { .. } => self.back(),
            Request::Promote => match self.commit() {
                Some(commit) => format!("promote {} to {env}", commit.short()),
                None => format!("promote to {env}"),
            },
            Request::Rerun { failed: true, .. } => format!("rerun what failed of {}", run()),
            Request::Review { .. } | Request::Cancel { .. } | Request::Rerun { .. } => format!("{kind} {}", run()),
            Request::Redeploy(service) | Request::Restart(service) => format!("{kind} {service}"),
            Request::Scale(service, counts) => {
                let counts: Vec<String> = counts.iter().map(|(region, count)| format!("{region} {count}")).collect();
                format!("scale {service} to {}", counts.join(", "))
            }
            Request::Throw(service, switch) => thrown(service, switch, kind),
            Request::SetSecret { service, key, .. } if &*service.name == PIPELINE => {
                format!("set {key} in the pipeline of {}", service.env)
            }
            Request::SetSecret { service, key, .. } => format!("set {key} in {service}"),
        })
    }

    /// The commit that is to be live by it, where it is one.
    fn commit(&self) -> Option<&Sha> {
        let claimed = self.claims.iter().filter_map(|claim| claim.sha.as_ref());
        let mut all = self.parts.iter().filter_map(|part| part.to.1.as_ref()).chain(claimed);
        let first = all.next()?;
        all.all(|other| other.same(first)).then_some(first)
    }

    /// A way back. Where several commits come back, each service says its own.
    fn back(&self) -> String {
        let place = match (&self.request, self.parts.as_slice()) {
            (Request::RollBackTo { alone: Some(service), .. }, _) => service.to_string(),
            (Request::RollBack(targets), [only]) if targets.len() == 1 => only.service.to_string(),
            _ => self.env.to_string(),
        };
        match (self.commit(), self.parts.is_empty()) {
            // Nothing is left to move of what was cut short: it is proven.
            (Some(commit), true) => format!("see that {place} runs {}", commit.short()),
            (Some(commit), false) => format!("roll back {place} to {}", commit.short()),
            (None, true) => format!("see that {place} runs what it was to run"),
            (None, false) => {
                let to: Vec<String> =
                    self.parts.iter().map(|part| format!("{} to {}", part.service.name, part.to.0)).collect();
                format!("roll back {place}: {}", to.join(", "))
            }
        }
    }
}

fn thrown(service: &ServiceId, switch: &ProjectSwitch, kind: &str) -> String {
    match switch {
        ProjectSwitch::Unpin | ProjectSwitch::Pause | ProjectSwitch::Resume => format!("{kind} {service}"),
        ProjectSwitch::Challenge | ProjectSwitch::Unchallenge => format!("{kind} of {service}"),
        ProjectSwitch::RollOut(to) => format!("roll out {to} on {service}"),
        ProjectSwitch::Advance(_) | ProjectSwitch::Complete | ProjectSwitch::Abort => {
            format!("{kind} the rolling release of {service}")
        }
    }
}

impl PlanPart {
    /// Whether it stands on the pipeline, for the whole environment: a run, or a secret of it.
    #[must_use]
    pub fn of_pipeline(&self) -> bool {
        self.platform.has_pipelines()
    }

    /// In one line: what happens to a run, or from where to where a service moves.
    #[must_use]
    pub fn words(&self, arrow: &str) -> String {
        if self.of_pipeline() {
            return self.run_words(arrow);
        }
        format!("{}: {} {arrow} {}", self.service, self.from.0, self.to.0)
    }

    /// What happens to a run, or by one that is dispatched: `Deploy production #137: waiting → approved`.
    #[must_use]
    pub fn run_words(&self, arrow: &str) -> String {
        let sha = self.to.1.as_ref().map(|sha| format!(" {}", sha.short())).unwrap_or_default();
        if self.act.dispatches() {
            return format!("{}: dispatched with{sha}, {}", self.resource, self.from.0);
        }
        format!("{}: {} {arrow} {}{sha}", self.resource, self.from.0, self.to.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::operation::Act;
    use crate::domain::release::Presence;

    fn part(name: &str, resource: &str, to: (&str, Option<&str>)) -> PlanPart {
        PlanPart {
            service: ServiceId::new("production", name),
            platform: Platform::Github,
            resource: Text::from(resource),
            from: (Text::from("waiting"), None),
            from_id: None,
            to: (Text::from(to.0), to.1.map(Sha::from)),
            to_id: "".into(),
            act: Act::Dispatch { workflow: "deploy.yml".into(), reference: "main".into(), input: "sha".into() },
            revisions: Vec::new(),
            presence: Presence::Unknown,
            steps: Vec::new(),
        }
    }

    fn titled(request: Request, parts: Vec<PlanPart>) -> String {
        Plan::of(request, "production".into(), parts, jiff::Timestamp::UNIX_EPOCH).title().to_string()
    }

    #[test]
    fn a_title_is_what_a_person_would_say() {
        let backend = ServiceId::new("production", "backend");
        let run = || vec![part(PIPELINE, "Deploy production #137", ("approved", Some("3e60eacd")))];
        let back = |alone| Request::RollBackTo {
            commit: "9df49c2a".into(),
            alone,
            strategy: crate::domain::strategy::Strategy::default(),
            named: Vec::new(),
        };
        let both = |second| {
            vec![part("backend", "shop", ("v41", Some("9df49c2a"))), part("frontend", "web", ("dpl_a", second))]
        };
        let value = crate::domain::secret_value::SecretValue::default();
        let secret = |service| Request::SetSecret { service, key: "API_KEY".into(), value: value.clone() };
        for (request, parts, title) in [
            (Request::Promote, run(), "promote 3e60eac to production"),
            (Request::Promote, Vec::new(), "promote to production"),
            (Request::Review { run: 7, approve: true }, run(), "approve Deploy production #137"),
            (Request::Review { run: 7, approve: false }, run(), "reject Deploy production #137"),
            (Request::Cancel { run: 7 }, run(), "cancel Deploy production #137"),
            (Request::Rerun { run: 7, failed: true }, run(), "rerun what failed of Deploy production #137"),
            (back(None), both(Some("9df49c2a")), "roll back production to 9df49c2"),
            (back(Some(backend.clone())), both(None), "roll back production/backend to 9df49c2"),
            (
                Request::RollBack(Vec::new()),
                both(Some("f00dfeed")),
                "roll back production: backend to v41, frontend to dpl_a",
            ),
            (Request::Restart(backend.clone()), Vec::new(), "restart production/backend"),
            (
                Request::Throw(backend.clone(), ProjectSwitch::Unchallenge),
                Vec::new(),
                "end the challenge of production/backend",
            ),
            (secret(backend), Vec::new(), "set API_KEY in production/backend"),
            (secret(ServiceId::new("production", PIPELINE)), Vec::new(), "set API_KEY in the pipeline of production"),
        ] {
            assert_eq!(titled(request, parts), title);
        }
    }
}
