//! Fly: a new release with an old image, machine by machine (docs/platforms/fly.md section 7).

use futures_util::future::BoxFuture;

use super::fleet;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::{PartSteps, StepAt};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use futures_util::future::join_all;

use super::fleet::Fleet;
use super::machine::{Is, Updated};
use crate::domain::amount::{amount, amount_does};
use crate::domain::operation::{Operation, PlanPart, StepKind, StepState};
use crate::domain::strategy::StrategyKind;
use crate::engine::operations::operator::{LOOK, PATIENCE};
use crate::platform::fly::{Fly, FlyRelease, Machine};
use crate::sanitize::Text;

/// What a fleet is moved to.
pub(in crate::engine) struct Roll<'a> {
    /// The image.
    pub(in crate::engine) image: &'a str,
    /// Machines that do not run it yet, those of one wave side by side.
    pub(in crate::engine) waves: &'a [Vec<Text>],
    /// In which way.
    pub(in crate::engine) strategy: StrategyKind,
    /// A release row left open: id and version.
    pub(in crate::engine) row: Option<&'a (Text, u64)>,
    /// A row left open that nothing goes on with.
    pub(in crate::engine) aside: Option<&'a (Text, u64)>,
    /// Machines run the image before: it is the release that every one of them must be of at the end.
    pub(in crate::engine) anew: bool,
}

/// A release row that was left open: its id and version.
type LeftOpen<'r> = Option<&'r (Text, u64)>;

impl Performs for Roll<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.roll_out(on.operator.fly()?, on.part, self, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(fleet::now(operator, part))
    }
}

impl Operator {
    /// A release with the image, wave after wave.
    async fn roll_out(
        &self,
        fly: &Fly,
        part: &PlanPart,
        to: &Roll<'_>,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        if let (Some(aside), true) = (to.aside, to.waves.is_empty() && to.row.is_none()) {
            return self.step(op, steps.at(StepKind::CloseRelease), self.row_ends(fly, app, aside)).await;
        }
        let begin = self.begun(fly, app, (to.image, to.strategy.word()), (to.row, to.aside));
        let row = self.step(op, steps.at(StepKind::OpenRelease), begin).await?;
        let rolled = self.roll(fly, part, (to, &row), op, steps).await;
        if let Err(trouble) = rolled {
            // Best effort: a row that stays `running` misleads everybody else. Where it is not known what happened, the
            // row stays open for whoever finishes it.
            return Err(self.row_failed(fly, app, &row, trouble).await);
        }
        // Every machine that the plan saw, also those that could not be read.
        let close = self.close(fly, part, &row, (to.image, to.anew), None);
        self.closed(op, steps.at(StepKind::CloseRelease), part, close).await
    }

    /// Wave after wave; what is sent to all at once is looked at afterwards.
    async fn roll(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (to, row): (&Roll<'_>, &(String, u64)),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let careful = to.strategy != StrategyKind::Immediate;
        let mut updated: Vec<Updated> = Vec::new();
        let kind = if careful { StepKind::UpdateMachine } else { StepKind::SendUpdate };
        for wave in to.waves {
            let own: Vec<(StepAt, &str)> = wave.iter().map(|id| (steps.of(kind, id.as_str()), id.as_str())).collect();
            for (at, _) in &own {
                self.begin_step(op, *at).await;
            }
            let work = wave.iter().map(|id| self.machine(fly, part, id.as_str(), (to.image, row), careful));
            let mut trouble = None;
            let ended = self.telling(op, &own, join_all(work)).await;
            for ((at, _), ended) in own.into_iter().zip(ended) {
                match ended {
                    Ok((one, told)) => {
                        updated.push(one);
                        self.end_step(op, at, StepState::Done, told).await;
                    }
                    Err(wrong) => {
                        self.fail_step(op, at, &wrong).await;
                        // What is not known weighs more than what failed.
                        if trouble.is_none() || matches!(wrong, Trouble::Unknown(_)) {
                            trouble = Some(wrong);
                        }
                    }
                }
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
        if careful {
            return Ok(());
        }
        let look = async {
            let app = part.resource.as_str();
            let settled = updated
                .iter()
                .map(async |one| self.settle(fly, app, &one.is(), (to.image, Some(&one.sent)), None).await);
            for told in join_all(settled).await {
                told?;
            }
            Ok(((), self.all_run(fly, part, to.image, &updated).await?))
        };
        self.step(op, steps.at(StepKind::JudgeFleet), look).await
    }

    /// Sees every machine of the plan run an image that was sent to all at once: also those to which it was sent before a crash, and that
    /// nobody has looked at since.
    async fn all_run(&self, fly: &Fly, part: &PlanPart, image: &str, updated: &[Updated]) -> Result<Text, Trouble> {
        let app = part.resource.as_str();
        let wanted = self.digest(fly, app, image).await?;
        let listed = self.look(|| fly.listed(app)).await?;
        let planned = |id: &str| part.revisions.iter().any(|(one, _)| one.as_str() == id);
        let own: Vec<&Machine> = listed.iter().filter(|one| one.in_fleet() && planned(&one.id)).collect();
        let sent = |one: &Machine| updated.iter().find(|its| its.id == one.id);
        // What no visitor reaches took no part, beside machines that serve.
        let reached = own.iter().any(|one| !one.cordoned);
        let all: Vec<&Machine> =
            own.into_iter().filter(|one| !reached || !one.cordoned || sent(one).is_some()).collect();
        let before = all.iter().filter(|one| one.whole().is_some() && sent(one).is_none());
        let looked = before.clone().map(async |one| {
            let is = Is { id: &one.id, version: &one.instance_id, rests: one.rests() };
            self.checks(fly, app, &is, (Some(&wanted), None), None).await
        });
        for told in join_all(looked).await {
            told?;
        }
        let rest = updated.iter().filter(|one| one.rests).count() + before.clone().filter(|one| one.rests()).count();
        let run = updated.len() + before.count() - rest;
        seen_to_run((run, rest), all.len().max(updated.len()))
    }

    /// Closes a row that was left open and that nothing goes on with, and records the release.
    pub(in crate::engine) async fn begun(
        &self,
        fly: &Fly,
        app: &str,
        to: (&str, &str),
        (row, aside): (LeftOpen<'_>, LeftOpen<'_>),
    ) -> Result<((String, u64), Text), Trouble> {
        let mut ended = String::new();
        if let Some(aside) = aside {
            ended = format!("; {}", self.row_ends(fly, app, aside).await?.1);
        }
        let (row, told) = self.row(fly, app, to, row).await?;
        Ok((row, Text::from(format!("{told}{ended}"))))
    }

    /// Records the release, or goes on with the row that was left open.
    async fn row(
        &self,
        fly: &Fly,
        app: &str,
        (image, strategy): (&str, &str),
        row: Option<&(Text, u64)>,
    ) -> Result<((String, u64), Text), Trouble> {
        if let Some((id, version)) = row {
            return Ok(((id.to_string(), *version), Text::from(format!("v{version}"))));
        }
        // What is deployed with it is the configuration of now; where no row tells one, none is made up.
        let definitions = self.look(|| fly.definitions(app)).await?;
        let newest = definitions.iter().map(|(version, _)| *version).max().unwrap_or_default();
        let known = definitions.into_iter().map(|(_, definition)| definition).find(serde_json::Value::is_object);
        let definition = known.unwrap_or(serde_json::Value::Null);
        let create = || fly.create_release(app, image, strategy, &definition);
        let made = || async {
            let rows = fly.releases(app, 10).await?;
            let ours = |row: &&FlyRelease| {
                row.version > newest
                    && row.image_ref.as_str() == image
                    && row.strategy.as_str().eq_ignore_ascii_case(strategy)
            };
            let mut ours = rows.iter().filter(ours);
            // Of two, one is somebody else's.
            Ok(ours.next().filter(|_| ours.next().is_none()).cloned())
        };
        let row = self.change_or_find(&format!("POST release of {app}"), create, made).await?;
        self.patch(fly, app, &row.id, "running").await?;
        Ok(((row.id, row.version), Text::from(format!("v{}", row.version))))
    }

    /// Closes a row that was left open and that nothing goes on with.
    async fn row_ends(&self, fly: &Fly, app: &str, (id, version): &(Text, u64)) -> Result<((), Text), Trouble> {
        self.patch(fly, app, id.as_str(), "interrupted").await?;
        Ok(((), Text::from(format!("v{version} ended as interrupted"))))
    }

    /// Closes the row of what failed; where that fails too, the row that stays open is told.
    pub(in crate::engine) async fn row_failed(
        &self,
        fly: &Fly,
        app: &str,
        (id, version): &(String, u64),
        trouble: Trouble,
    ) -> Trouble {
        let Trouble::Failed(why) = trouble else { return trouble };
        match self.patch(fly, app, id, "failed").await {
            Ok(()) => Trouble::Failed(why),
            Err(_) => {
                Trouble::Failed(Text::from(format!("{why}; release v{version} of {app} is not closed and stays open")))
            }
        }
    }

    /// Gives a release row a status.
    pub(in crate::engine) async fn patch(&self, fly: &Fly, app: &str, id: &str, status: &str) -> Result<(), Trouble> {
        let taken = || async {
            let rows = fly.releases(app, 20).await?;
            Ok(rows.into_iter().find(|row| row.id == id && row.status.as_str() == status))
        };
        let call = format!("PATCH release {id} {status}");
        self.change_or_find(&call, || fly.patch_release(id, status), taken).await.map(|_| ())
    }

    /// Judges the whole fleet by image and checks, and closes the release: what was well a minute ago may not be. Of the `planned`
    /// machines, which are all that the plan saw in the proxy where no number is given, every single one must be seen to run the image; where some cannot be read, that is no failure of the others, and what
    /// is told is how many.
    pub(in crate::engine) async fn close(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (id, version): &(String, u64),
        (image, anew): (&str, bool),
        planned: Option<usize>,
    ) -> Result<Closed, Trouble> {
        let app = part.resource.as_str();
        let wanted = self.digest(fly, app, image).await?;
        // What no visitor reaches took no part, or was seen by its own step: beside machines that serve it proves nothing.
        let planned_out = |one: &Machine| {
            one.cordoned && one.unread().is_none() && part.revisions.iter().any(|(id, _)| id.as_str() == one.id)
        };
        // Where the image is the same before and after, only its release tells what was updated.
        let before = |one: &Machine| anew && one.release_version != Some(*version);
        let other = |one: &Machine| one.digest.as_ref() != Some(&wanted) || before(one);
        let ill = |one: &Machine| one.state.as_str() == "started" && one.checks.0 < one.checks.1;
        // A check that fails once while connections move is no verdict, and a machine on its way out is gone in seconds.
        let end = self.clock.mono() + PATIENCE / 4;
        let mut out;
        let fleet = loop {
            let mut listed = self.look(|| fly.listed(app)).await?;
            let reached = listed.iter().any(|one| one.in_fleet() && !one.cordoned && !one.leaving());
            out = listed.iter().filter(|one| one.in_fleet() && reached && planned_out(one)).count();
            listed.retain(|one| !reached || !planned_out(one));
            let fleet = Fleet::of(listed);
            let open = fleet.whole.iter().any(ill) || !fleet.leaving.is_empty();
            let settled = fleet.whole.iter().any(other) || !open;
            if settled || self.clock.mono() > end {
                break fleet;
            }
            tokio::time::sleep(LOOK).await;
        };
        if let Some(machine) = fleet.whole.iter().find(|one| other(one) || ill(one)) {
            let _ = self.patch(fly, app, id, "failed").await;
            let words: Vec<String> = machine.check_words.iter().map(ToString::to_string).collect();
            let what = match (before(machine), other(machine)) {
                (true, _) => format!("it was not deployed anew: it is not of v{version}"),
                (false, true) => "it runs another image".to_owned(),
                (false, false) => words.join("; "),
            };
            return Err(Trouble::Failed(Text::from(format!("machine {}: {what}", machine.id))));
        }
        let planned = planned.unwrap_or_else(|| part.revisions.len().saturating_sub(out));
        let (seen, listed) = (fleet.whole.len(), fleet.total());
        if seen == planned && listed == planned && planned > 0 {
            self.patch(fly, app, id, "complete").await?;
            let rest = fleet.whole.iter().filter(|machine| machine.rests()).count();
            let rest = match rest {
                0 => String::new(),
                1 => ", of which 1 does not run".to_owned(),
                some => format!(", of which {some} do not run"),
            };
            return Ok(Closed::Whole(Text::from(format!("v{version} complete on {}{rest}", amount(seen, "machine")))));
        }
        let _ = self.patch(fly, app, id, "failed").await;
        let why = match fleet.part() {
            Some(part) => part,
            None => format!("{} listed, the plan was for {planned}", amount_does(seen, "machine", ("is", "are"))),
        };
        match (seen, fleet.part()) {
            (0, _) | (_, None) => Err(Trouble::Failed(Text::from(why))),
            (_, Some(_)) => Ok(Closed::Part(Text::from(format!("{} on {why}", part.to.0)))),
        }
    }

    /// Ends the step that closes a release.
    pub(in crate::engine) async fn closed(
        &self,
        op: &mut Operation,
        at: StepAt,
        part: &PlanPart,
        close: impl Future<Output = Result<Closed, Trouble>>,
    ) -> Result<(), Trouble> {
        self.begin_step(op, at).await;
        match close.await {
            Ok(Closed::Whole(told)) => self.end_step(op, at, StepState::Done, told).await,
            Ok(Closed::Part(told)) => {
                self.end_step(op, at, StepState::Failed, told.clone()).await;
                self.falls_short(part, &told);
            }
            Err(trouble) => {
                self.fail_step(op, at, &trouble).await;
                return Err(trouble);
            }
        }
        Ok(())
    }
}

/// What is said of machines that were looked at: so many run an image, so many have it and are at rest, of so many that should.
fn seen_to_run((run, rest): (usize, usize), all: usize) -> Result<Text, Trouble> {
    if run + rest == 0 {
        let none = if all == 0 { "no machine is there" } else { "none of them can be read" };
        return Err(Trouble::Failed(Text::from(format!("no machine is seen to run it: {none}"))));
    }
    let mut told = Vec::new();
    if run > 0 {
        let run = if run + rest == all {
            amount_does(run, "machine", ("runs", "run"))
        } else {
            format!("{run} of {} run", amount(all, "machine"))
        };
        told.push(format!("{run} it, checks pass"));
    }
    if rest > 0 {
        told.push(format!("{} it at rest", amount_does(rest, "machine", ("has", "have"))));
    }
    Ok(Text::from(told.join("; ")))
}

/// How a fleet ended.
pub(in crate::engine) enum Closed {
    /// On every machine.
    Whole(Text),
    /// On those that can be read: how many of how many, and why the others cannot.
    Part(Text),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_to_all_at_once_is_done_only_where_machines_are_seen_to_run_it() {
        let told = |seen, all| match seen_to_run(seen, all) {
            Ok(told) => told.to_string(),
            Err(Trouble::Failed(why)) => format!("failed: {why}"),
            Err(_) => String::new(),
        };
        assert_eq!(told((2, 0), 2), "2 machines run it, checks pass");
        assert_eq!(told((1, 0), 2), "1 of 2 machines run it, checks pass", "the other one is not read");
        assert_eq!(told((1, 1), 2), "1 machine runs it, checks pass; 1 machine has it at rest");
        assert_eq!(told((0, 0), 2), "failed: no machine is seen to run it: none of them can be read");
        assert_eq!(told((0, 0), 0), "failed: no machine is seen to run it: no machine is there");
    }
}
