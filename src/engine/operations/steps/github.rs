//! GitHub: answers to gates, promotions and reruns whose run is followed to its end, cancellations.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::environment::Status;
use crate::domain::extent::Listed;
use crate::domain::ids::Sha;
use crate::domain::operation::{Operation, PlanPart, StepKind, Wait};
use crate::domain::pipeline::{Run, RunState};
use crate::domain::span::age;
use crate::engine::operations::operator::{LOOK, Operator, PATIENCE, Trouble};
use crate::engine::operations::pipeline::lane;
use crate::engine::operations::pipeline::rerun::{Since, dispatched};
use crate::engine::operations::sought::Trace;
use crate::engine::operations::step_at::{PartSteps, StepAt};
use crate::platform::github::{Github, Review, Verdict};
use crate::platform::observe;
use crate::sanitize::Text;

/// Longest wait for a run: gates wait for people.
const RUN_PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// A run that was dispatched shows in the list within this time (docs/platforms/github.md section 4.4).
const SHOWS: Duration = Duration::from_secs(30);

impl Operator {
    /// Asks for the end of a run where that was not asked for yet, and sees it.
    pub(in crate::engine) async fn cancel(
        &self,
        github: &Github,
        (run, asked): (u64, bool),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        if !asked {
            let ask = async {
                let ended = || async {
                    let seen = github.run(run).await?;
                    // GitHub does not tell who cancelled a run.
                    let ended = (seen.over() && seen.state == RunState::Cancelled).then_some(());
                    Ok(Trace::known(ended, false))
                };
                self.turn_or_find(&format!("POST cancel of run {run}"), || github.cancel(run), ended).await?;
                Ok(((), Text::from("accepted")))
            };
            self.step(op, steps.at(StepKind::AskCancel), ask).await?;
        }
        let end = async { self.ends(github, run).await.map(|run| ((), run.words)) };
        self.step(op, steps.at(StepKind::FollowRun), end).await
    }

    /// Asks for jobs of a run again, and follows its next attempt.
    pub(in crate::engine) async fn run_again(
        &self,
        github: &Github,
        part: &PlanPart,
        (run, failed): (u64, bool),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let before = self.edge().await;
        let ask = async {
            let what = if failed { "rerun of what failed" } else { "rerun" };
            // Nothing that serves has changed by being asked for; whether it has in the end, the edge tells.
            let call = format!("POST {what} of run {run}");
            let begun = || async {
                let seen = github.run(run).await?;
                if !newer(&seen, part) {
                    return Ok(Trace::Nothing);
                }
                Ok(match me(github).await {
                    Some(me) if seen.actor != me => Trace::Changed,
                    me => Trace::known(Some(()), me.is_some()),
                })
            };
            self.change_or_find(&call, || github.rerun(run, failed), begun).await?;
            self.begins(github, run, part).await
        };
        let () = self.step(op, steps.at(StepKind::AskRerun), ask).await?;
        self.accompany(github, (run, before), op, steps.at(StepKind::FollowRun)).await
    }

    /// Follows a run that was started before.
    pub(in crate::engine) async fn followed(
        &self,
        github: &Github,
        run: u64,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let before = self.edge().await;
        self.accompany(github, (run, before), op, steps.at(StepKind::FollowRun)).await
    }

    /// Answers a gate, and sees it open or the run end.
    pub(in crate::engine) async fn review(
        &self,
        github: &Github,
        (run, gates, approve): (u64, &[u64], bool),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let comment = self.reason.as_ref().map_or("answered in flightdeck", Text::as_str);
        let word = if approve { "approve" } else { "reject" };
        let answer = async {
            let call = format!("POST pending_deployments of run {run}: {word}");
            let wanted = if approve { Verdict::Approved } else { Verdict::Rejected };
            // GitHub tells no time of answers: one more of this kind than before the call is the one that was lost.
            let env = self.plan.env.as_str();
            let before = self.look(|| github.reviews(run)).await?;
            let taken = || async {
                let (all, me) = (github.reviews(run).await?, me(github).await);
                let more = answers(&all, (env, me.as_ref()), wanted) > answers(&before, (env, me.as_ref()), wanted);
                Ok(Trace::known(more.then_some(()), me.is_some()))
            };
            self.turn_or_find(&call, || github.review(run, gates, approve, comment), taken).await?;
            Ok(((), Text::from("accepted")))
        };
        self.step(op, steps.at(StepKind::AnswerGate), answer).await?;
        let see = async {
            if !approve {
                return self.ends(github, run).await.map(|run| ((), run.words));
            }
            let end = self.clock.mono() + PATIENCE;
            loop {
                let held = self.look(|| github.pending_deployments(run)).await?;
                let Some(gate) = held.iter().find(|gate| gates.contains(&gate.env_number)) else {
                    return Ok(((), Text::from("the gate is open; the run goes on")));
                };
                // A timer goes on after the answer, and may for days: that is not waited for here.
                if let Some(left) = gate.timer_left(self.clock.now()).filter(|_| !gate.may_approve) {
                    let text = format!("accepted; the timer of {} still holds it for {}", gate.env, age(left));
                    return Ok(((), Text::from(text)));
                }
                if self.clock.mono() > end {
                    return Err(Trouble::Unknown(Text::from("the gate is still shown as waiting after 2 minutes")));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        self.step(op, steps.at(StepKind::SeeGate), see).await
    }

    async fn ends(&self, github: &Github, id: u64) -> Result<Run, Trouble> {
        let end = self.clock.mono() + PATIENCE;
        loop {
            let run = self.look(|| github.run(id)).await?;
            if run.over() {
                return Ok(run);
            }
            if self.clock.mono() > end {
                return Err(Trouble::Unknown(Text::from(format!("the run is still {} after 2 minutes", run.words))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Starts a run of a workflow with a commit, and follows it.
    pub(in crate::engine) async fn dispatch(
        &self,
        github: &Github,
        (workflow, reference, input): (&str, &str, &str),
        wanted: &Sha,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let before = self.edge().await;
        // Where the answer is lost, the one run that has come since tells it; of several, none is known to be ours. By their numbers: a
        // clock that is ahead makes older runs of others younger than the call.
        let newest = match self.look(|| github.runs(30)).await {
            Ok(runs) => runs.iter().map(|run| run.id).max().unwrap_or_default(),
            Err(trouble) => return self.step(op, steps.at(StepKind::Dispatch), async { Err(trouble) }).await,
        };
        // On disk with the step that begins, so that it is known after a crash.
        op.after_run = Some(newest);
        let since = Since::Run(newest);
        let ask = async {
            let call = format!("POST dispatch of {workflow} on {reference} with {wanted}");
            let begun = || async {
                let runs = github.runs(30).await?;
                let me = me(github).await;
                let mine = |run: &Run| me.as_ref().is_none_or(|me| run.actor == *me);
                let new = |run: &&Run| dispatched(run, workflow, since) && mine(run);
                let mut new = runs.iter().filter(new);
                let one = new.next().filter(|_| new.next().is_none()).map(|run| Some(run.id));
                Ok(Trace::known(one, me.is_some()))
            };
            let send = || github.dispatch(workflow, reference, input, wanted.as_str());
            let told = self.turn_or_find(&call, send, begun).await?;
            let run = match told {
                Some(run) => run,
                None => self.begun_since(github, workflow, since).await?,
            };
            Ok((run, Text::from(format!("run {run}"))))
        };
        let run = self.step(op, steps.at(StepKind::Dispatch), ask).await?;
        self.accompany(github, (run, before), op, steps.at(StepKind::FollowRun)).await
    }

    /// Follows a run to its end, and says by the edge whether anything has changed by it when it ends badly.
    async fn accompany(
        &self,
        github: &Github,
        (run, before): (u64, Vec<Option<Sha>>),
        op: &mut Operation,
        at: StepAt,
    ) -> Result<(), Trouble> {
        op.follows = Some(Text::from(run.to_string()));
        self.begin_step(op, at).await;
        let told = match self.follow(github, run, op, at).await {
            Ok(run) if run.status == Status::Ok => Ok(((), Text::from(format!("{} {}", run.name(), run.words)))),
            Ok(run) => {
                let (moved, still) = changed(&before, &self.edge().await);
                self.moved.store(moved, Ordering::Relaxed);
                Err(Trouble::Failed(Text::from(format!("{} ended: {}; {still}", run.name(), run.words))))
            }
            Err(trouble) => Err(trouble),
        };
        self.step(op, at, async { told }).await
    }

    /// Sees the next attempt of a run: until then the old one's end would be taken for its end.
    async fn begins(&self, github: &Github, id: u64, part: &PlanPart) -> Result<((), Text), Trouble> {
        let end = self.clock.mono() + SHOWS;
        loop {
            let run = self.look(|| github.run(id)).await?;
            if newer(&run, part) {
                return Ok(((), Text::from(format!("attempt {}", run.number.1))));
            }
            if self.clock.mono() > end {
                return Err(Trouble::Unknown(Text::from("it was accepted, and no new attempt shows after 30 s")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What every observed service of the environment answers now.
    async fn edge(&self) -> Vec<Option<Sha>> {
        let rules = self.settings.observe.iter().filter(|rule| rule.env == self.plan.env);
        let seen = rules.map(|rule| async { observe::observe(&self.clients.http, rule).await.ok()?.sha });
        futures_util::future::join_all(seen).await
    }

    /// The run that an older server did not name: the first of the workflow that was dispatched after the call.
    async fn begun_since(&self, github: &Github, workflow: &str, since: Since) -> Result<u64, Trouble> {
        let end = self.clock.mono() + SHOWS;
        loop {
            let runs = self.look(|| github.runs(30)).await?;
            if let Some(run) = runs.iter().rfind(|run| dispatched(run, workflow, since)) {
                return Ok(run.id);
            }
            if self.clock.mono() > end {
                let text = "the dispatch was accepted and its run is not in the list; look at it on GitHub";
                return Err(Trouble::Unknown(Text::from(text)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Follows a run to its end and tells where it stands.
    async fn follow(&self, github: &Github, id: u64, op: &mut Operation, at: StepAt) -> Result<Run, Trouble> {
        let end = self.clock.mono() + RUN_PATIENCE;
        loop {
            let mut run = self.look(|| github.run(id)).await?;
            if run.over() {
                // One that was called off before it began has no jobs, and that is how it ended.
                if run.state == RunState::Cancelled
                    && let Ok(Listed { items, extent }) = self.look(|| github.jobs(id)).await
                {
                    (run.jobs, run.jobs_read) = (items, extent);
                    run.settle(self.clock.now());
                }
                return Ok(run);
            }
            match self.stage(github, &run).await {
                (Some(wait), told) => self.waits(op, at, wait, told).await,
                (None, told) => self.note(op, at, told).await,
            }
            if self.clock.mono() > end {
                return Err(Trouble::Unknown(Text::from("the run did not end in four hours; it goes on without us")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Who is before a run in its concurrency groups: ` deploy-production, behind Deploy production #141`.
    async fn ahead(&self, github: &Github, run: u64) -> String {
        let mut text = String::new();
        for group in github.lanes_of(run).await.unwrap_or_default() {
            let members = github.lane(group.as_str()).await.unwrap_or_default();
            let ahead = members.iter().take_while(|one| one.run != run);
            text = format!("{text} {group}, behind {}", lane::named(github, ahead).await.join(", "));
        }
        text
    }

    /// What a run waits for, if it does, and where it stands in words.
    async fn stage(&self, github: &Github, run: &Run) -> (Option<Wait>, Text) {
        let (jobs, gates) = tokio::join!(github.jobs(run.id), github.pending_deployments(run.id));
        if let Some(gate) = gates.unwrap_or_default().first() {
            // No seconds here: what is said is written down each time that it changes.
            let (id, env) = (run.id, gate.env.clone());
            let (wait, whom) = match (gate.may_approve, gate.timer_left(self.clock.now())) {
                (true, _) => (Wait::Approval { run: id, env, mine: true }, "you may approve it".to_owned()),
                (false, Some(left)) => {
                    (Wait::Timer { run: id, env }, format!("its timer has {} min left", left.as_secs().div_ceil(60)))
                }
                (false, None) => {
                    let whom = match gate.reviewers.is_empty() {
                        true => "it names no reviewer",
                        false => "somebody else must approve it",
                    };
                    (Wait::Approval { run: id, env, mine: false }, whom.to_owned())
                }
            };
            let told = format!("{} waits for an approval of {}: {whom}", run.name(), gate.env);
            return (Some(wait), Text::from(told));
        }
        if run.state == RunState::Blocked {
            let told = format!("{} waits for its concurrency group{}", run.name(), self.ahead(github, run.id).await);
            return (Some(Wait::Lane { run: run.id }), Text::from(told));
        }
        let attempt = if run.number.1 > 1 { format!(" attempt {}", run.number.1) } else { String::new() };
        let mut run = run.clone();
        // That its jobs cannot be read just now says nothing of the run.
        let Ok(Listed { items: jobs, extent }) = jobs else {
            return (None, Text::from(format!("{}{attempt} {}: its jobs could not be read", run.name(), run.words)));
        };
        (run.jobs, run.jobs_read) = (jobs, extent);
        run.settle(self.clock.now());
        let count = |state: RunState| run.jobs.iter().filter(|job| job.state == state).count();
        let (done, failed) = (count(RunState::Succeeded), count(RunState::Failed));
        let bad = run.jobs.iter().find(|job| job.state == RunState::Failed);
        let bad = bad.map(|job| format!(", {failed} failed: {}", job.name)).unwrap_or_default();
        let now = run.jobs.iter().find(|job| job.state == RunState::Running);
        let now = now.map(|job| format!(", {}", job.name)).unwrap_or_default();
        let all = extent.count(run.jobs.len());
        (None, Text::from(format!("{}{attempt} {}: {done}/{all} jobs done{bad}{now}", run.name(), run.words)))
    }
}

/// As whom GitHub knows this token; `None` where it does not tell, as of an app's.
async fn me(github: &Github) -> Option<Text> {
    github.check_token().await.ok().map(|token| token.who).filter(|who| !who.is_empty())
}

/// How often the gate of an environment was answered so, by this person where they are known. A run may have gates of several
/// environments, each with answers of its own.
fn answers(all: &[Review], (env, by): (&str, Option<&Text>), wanted: Verdict) -> usize {
    let own = |one: &&Review| {
        let here = one.environments.iter().any(|name| name.as_str() == env);
        one.verdict == wanted && here && by.is_none_or(|by| one.by == *by)
    };
    all.iter().filter(own).count()
}

/// Whether a run has another attempt than the plan saw.
fn newer(run: &Run, part: &PlanPart) -> bool {
    part.revisions.first().is_none_or(|(_, attempt)| attempt.as_str() != run.number.1.to_string())
}

/// Whether what serves may have changed between two readings of the edge, and how that is said. An edge that was not read whole, before
/// or after, tells nothing: then a change is not ruled out.
fn changed(before: &[Option<Sha>], after: &[Option<Sha>]) -> (bool, &'static str) {
    let read = |edge: &[Option<Sha>]| !edge.is_empty() && edge.iter().all(Option::is_some);
    if !read(before) || !read(after) {
        return (true, "whether production changed is not known");
    }
    if before == after { (false, "the edge answers as before") } else { (true, "production has changed by it") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_another_gate_or_one_that_is_not_understood_is_not_ours() {
        let review = |env: &str, verdict| Review { environments: vec![env.into()], verdict, by: "maria".into() };
        let all = [
            review("production", Verdict::Rejected),
            review("staging", Verdict::Rejected),
            review("production", Verdict::Unknown),
            review("production", Verdict::Approved),
            review("staging", Verdict::Approved),
        ];
        let (ines, maria) = (Text::from("ines"), Text::from("maria"));
        assert_eq!(answers(&all, ("production", None), Verdict::Rejected), 1);
        assert_eq!(answers(&all, ("production", Some(&maria)), Verdict::Approved), 1);
        assert_eq!(
            answers(&all, ("production", Some(&ines)), Verdict::Approved),
            0,
            "a colleague's answer is not ours"
        );
        assert_eq!(answers(&all[1..3], ("production", None), Verdict::Rejected), 0);
    }

    #[test]
    fn an_edge_that_was_not_read_rules_no_change_out() {
        let (old, new) = (Some(Sha::from("9df49c2aaaa")), Some(Sha::from("3e60eacbbbb")));
        for (before, after) in [(vec![None], vec![None]), (vec![], vec![]), (vec![old.clone()], vec![None])] {
            assert_eq!(changed(&before, &after), (true, "whether production changed is not known"));
        }
        assert_eq!(
            changed(std::slice::from_ref(&old), std::slice::from_ref(&old)),
            (false, "the edge answers as before")
        );
        assert_eq!(changed(&[old], &[new]), (true, "production has changed by it"));
    }
}
