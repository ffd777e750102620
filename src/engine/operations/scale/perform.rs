//! Machines made and destroyed, region by region (docs/platforms/fly.md section 11). A new one is judged outside the proxy first.

use futures_util::future::BoxFuture;

use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::PartSteps;
use crate::engine::operations::steps::fleet;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::collections::BTreeMap;

use super::NEW;
use crate::domain::operation::{Operation, PlanPart, StepKind};
use crate::engine::operations::steps::machine::{Is, as_planned};
use crate::platform::fly::{Fly, Machine, NextConfig};
use crate::sanitize::Text;

/// Machines that are made, let into the proxy, and destroyed.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) create: &'a [(Text, Text)],
    pub(in crate::engine) admit: &'a [Text],
    pub(in crate::engine) destroy: &'a [Text],
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let machines = (self.create, self.admit, self.destroy);
            on.operator.scale(on.operator.fly()?, on.part, machines, on.op, on.steps).await
        })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(fleet::now(operator, part))
    }

    // No commit changes by it.
    fn shows(&self, _: &PlanPart) -> bool {
        false
    }
}

impl Operator {
    pub(in crate::engine) async fn scale(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (create, admit, destroy): (&[(Text, Text)], &[Text], &[Text]),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        for (index, (like, region)) in create.iter().enumerate() {
            let at = steps.of(StepKind::CreateMachine, &index.to_string());
            self.step(op, at, self.another(fly, part, (like.as_str(), region.as_str()), index)).await?;
        }
        for id in admit.iter().map(Text::as_str) {
            let made = async {
                let machine = self.look(|| fly.machine(app, id)).await?;
                as_planned(part, &machine)?;
                self.admit(fly, app, &machine, None).await
            };
            self.step(op, steps.of(StepKind::EnterProxy, id), made).await?;
        }
        for id in destroy.iter().map(Text::as_str) {
            let away = async {
                let lease = self.lease(fly, app, id).await?;
                let mut leases = BTreeMap::from([(id.to_owned(), lease.clone())]);
                let gone = async {
                    let now = self.look(|| fly.machine(app, id)).await?;
                    as_planned(part, &now)?;
                    self.cordon(fly, app, &now, true, Some(&lease)).await?;
                    Box::pin(self.drains(fly, app, &mut leases)).await?;
                    Box::pin(self.destroyed(fly, app, &mut leases)).await.map(drop)
                }
                .await;
                for lease in leases.values().filter(|_| gone.is_err()) {
                    self.give_back(fly, app, id, lease).await;
                }
                gone.map(|()| ((), Text::from("destroyed")))
            };
            self.leased_step(op, steps.of(StepKind::DestroyMachines, id), &[id], Box::pin(away)).await?;
        }
        Ok(())
    }

    /// One more machine like another one.
    async fn another(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (like, region): (&str, &str),
        index: usize,
    ) -> Result<((), Text), Trouble> {
        let app = part.resource.as_str();
        let model = self.look(|| fly.machine(app, like)).await?;
        // By this it is found again when the answer is lost.
        let mark = format!("{} {index}", self.plan.op);
        let config = as_planned(part, &model)?.copy().label(NEW, &mark);
        let call = format!("POST machine in {region} like {like}");
        let made = || async { Ok(fly.machines(app).await?.into_iter().find(|one| one.label(NEW) == Some(&mark))) };
        let made = self.change_or_find(&call, || fly.create_machine(app, region, &config, true), made).await?;
        self.admit(fly, app, &made, Some(&config)).await
    }

    /// Lets a new machine into the proxy once it is well; one that is not is destroyed again.
    async fn admit(
        &self,
        fly: &Fly,
        app: &str,
        made: &Machine,
        sent: Option<&NextConfig>,
    ) -> Result<((), Text), Trouble> {
        let image = sent.map_or(made.image.as_str(), NextConfig::image);
        let well = self
            .settle(fly, app, &Is { id: &made.id, version: &made.instance_id, rests: false }, (image, sent), None)
            .await;
        let told = match well {
            Ok(told) => told,
            Err(Trouble::Failed(why)) => {
                let gone = self.destroy(fly, app, &made.id, None).await;
                let end = if gone.is_ok() { "it was destroyed again" } else { "it could NOT be destroyed" };
                return Err(Trouble::Failed(Text::from(format!("{why}; {end}"))));
            }
            Err(unknown) => return Err(unknown),
        };
        let now = self.look(|| fly.machine(app, &made.id)).await?;
        self.cordon(fly, app, &now, false, None).await?;
        Ok(((), Text::from(format!("{} {told}", made.id))))
    }
}
