//! Which act is done by which platform.

use super::blue_green;
use super::operator::{Operator, Trouble};
use super::steps::fly;
use crate::domain::operation::{Act, Operation, PlanPart};
use crate::sanitize::Text;

impl Operator {
    /// Does a part of the plan; `first` is the place of its first step. Each act has a place of its own in memory: one within another
    /// they would be more than the stack of a thread.
    pub(in crate::engine) async fn act(
        &self,
        part: &PlanPart,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        match (&part.act, &self.clients.fly, &self.clients.vercel, &self.clients.github) {
            (Act::FlyImage { image, waves, strategy, row, aside }, Some(fly), ..) => {
                let (image, strategy) = (image.as_str(), *strategy);
                let to = fly::Roll { image, waves, strategy, row: row.as_ref(), aside: aside.as_ref() };
                Box::pin(self.fly(fly, part, to, op, first)).await
            }
            (Act::FlySwap { image, blues, hold, row }, Some(fly), ..) => {
                let swap = blue_green::perform::Swap { image: image.as_str(), blues, hold: *hold, row: row.as_ref() };
                Box::pin(self.swap(fly, part, swap, op, first)).await
            }
            (Act::FlySwapBack { greens, blues, row }, Some(fly), ..) => {
                Box::pin(self.swap_back(fly, part, (blues, greens, row), op, first)).await
            }
            (Act::FlyScale { create, admit, destroy }, Some(fly), ..) => {
                Box::pin(self.scale(fly, part, (create, admit, destroy), op, first)).await
            }
            (Act::SetSecret { key, place }, ..) => Box::pin(self.set_secret(part, (key, place), op, first)).await,
            (Act::FlyRestart { machines }, Some(fly), ..) => {
                Box::pin(self.restart(fly, part, machines, op, first)).await
            }
            (Act::VercelLever(lever), _, Some(vercel), _) => Box::pin(self.throw(vercel, part, lever, op, first)).await,
            (Act::VercelBuild { .. }, _, Some(vercel), _) => Box::pin(self.build(vercel, part, op, first)).await,
            (Act::VercelRollback { asked }, _, Some(vercel), _) => {
                self.point(vercel, part, ("rollback", *asked), op, first).await
            }
            (Act::VercelPromote { asked }, _, Some(vercel), _) => {
                self.point(vercel, part, ("promote", *asked), op, first).await
            }
            (Act::VercelAliases(domains), _, Some(vercel), _) => {
                Box::pin(self.aliases(vercel, part, domains, op, first)).await
            }
            (
                Act::Review { .. }
                | Act::CancelRun { .. }
                | Act::Dispatch { .. }
                | Act::Rerun { .. }
                | Act::Follow { .. },
                ..,
                Some(github),
            ) => Box::pin(self.pipeline(github, part, op, first)).await,
            _ => Err(Trouble::Failed(Text::from("no client for this platform is configured"))),
        }
    }
}
