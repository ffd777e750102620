//! Which act is done by which platform.

use super::{Operator, Trouble, fly};
use crate::domain::operation::{Act, Operation, PlanPart};
use crate::sanitize::Text;

impl Operator {
    /// Does a part of the plan; `first` is the place of its first step.
    pub(super) async fn act(&self, part: &PlanPart, op: &mut Operation, first: usize) -> Result<(), Trouble> {
        match (&part.act, &self.clients.fly, &self.clients.vercel, &self.clients.github) {
            (Act::FlyImage { image, machines, row }, Some(fly), ..) => {
                let to = fly::Roll { image: image.as_str(), machines, row: row.as_ref() };
                self.fly(fly, part, to, op, first).await
            }
            (Act::SetSecret { key, place }, ..) => self.set_secret(part, (key, place), op, first).await,
            (Act::FlyRestart { machines }, Some(fly), ..) => self.restart(fly, part, machines, op, first).await,
            (Act::VercelLever(lever), _, Some(vercel), _) => self.throw(vercel, part, lever, op, first).await,
            (Act::VercelBuild { .. }, _, Some(vercel), _) => self.build(vercel, part, op, first).await,
            (Act::VercelRollback { asked }, _, Some(vercel), _) => {
                self.point(vercel, part, ("rollback", *asked), op, first).await
            }
            (Act::VercelPromote { asked }, _, Some(vercel), _) => {
                self.point(vercel, part, ("promote", *asked), op, first).await
            }
            (Act::VercelAliases(domains), _, Some(vercel), _) => self.aliases(vercel, part, domains, op, first).await,
            (
                Act::Review { .. }
                | Act::CancelRun { .. }
                | Act::Dispatch { .. }
                | Act::Rerun { .. }
                | Act::Follow { .. },
                ..,
                Some(github),
            ) => self.pipeline(github, part, op, first).await,
            _ => Err(Trouble::Failed(Text::from("no client for this platform is configured"))),
        }
    }
}
