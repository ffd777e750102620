//! What is said to a run that is under way: the answer to its gate, and its end. What was said by an operation that was cut short is not
//! said again; GitHub tells whether it was heard.

use futures_util::future::BoxFuture;

use super::Draft;
use super::lane;
use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::operation::{Act, Operation, StepKind};
use crate::domain::operation::{Plan, PlanPart, Request};
use crate::domain::pipeline::{Run, RunState};
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::past::Past;
use crate::engine::operations::past::unread;
use crate::engine::operations::pipeline;
use crate::engine::operations::pipeline::attempt;
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::{Ask, Plans};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::platform::github::{Github, Verdict};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner {
    pub(in crate::engine) run: u64,
    pub(in crate::engine) approve: bool,
}

impl Plans for Planner {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move {
            let (github, mut refusals) = (pipeline::github(ask)?, Vec::new());
            let asked = (self.run, self.approve);
            let draft = review(github, ask.env, asked, ask.past, ask.now, &mut refusals)
                .await
                .map_err(|error| unread(error, self.run))??;
            let request = Request::Review { run: self.run, approve: self.approve };
            pipeline::plan(ask, request, draft, refusals).await
        })
    }
}

/// A gate that is answered.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) run: u64,
    pub(in crate::engine) gates: &'a [u64],
    pub(in crate::engine) approve: bool,
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let asked = (self.run, self.gates, self.approve);
            on.operator.review(on.operator.github()?, asked, on.op, on.steps).await
        })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(attempt(operator, part))
    }

    fn done(&self, part: &PlanPart) -> String {
        format!("{} {}", part.resource, part.to.0)
    }

    // No commit changes by it.
    fn shows(&self, _: &PlanPart) -> bool {
        false
    }
}

/// The gate as it stands now: somebody else may have answered it.
pub(in crate::engine) async fn review(
    github: &Github,
    env: &EnvInfo,
    (id, approve): (u64, bool),
    past: &Past,
    now: Timestamp,
    refusals: &mut Vec<Text>,
) -> Result<Result<Draft, Text>, PlatformError> {
    let (run, gates) = tokio::try_join!(github.run(id), github.pending_deployments(id))?;
    let own: Vec<_> = gates.iter().filter(|gate| gate.env == env.id).collect();
    let name = run.name();
    let word = if approve { "approved" } else { "rejected" };
    let act = Act::Review { run: id, gates: own.iter().map(|gate| gate.env_number).collect(), approve };
    let to = (Text::from(word), Some(run.sha.clone()));
    if past.earlier.is_some() {
        // Whoever gave it: who answers a gate that is answered finds it so.
        let said = answers(github, &run, env).await?;
        let wanted = if approve { Verdict::Approved } else { Verdict::Rejected };
        match heard(said, wanted, !own.is_empty(), past.earlier.as_ref().is_some_and(Operation::sent)) {
            Heard::Arrived(by) => {
                let attempt = run.number.1;
                let Some(whose) = whose(&run, approve, &by) else {
                    let text = format!(
                        "{name} runs for the {attempt}. time, and GitHub tells no time of answers: whether this attempt was {word} is not \
                         known; nothing is sent again; look at it on GitHub, then leave the operation as it is"
                    );
                    return Ok(Err(Text::from(text)));
                };
                let part = pipeline::part(env, Some(&run), to, act, Vec::new());
                return Ok(Ok(Draft::arrived(part, format!("{name} was {word} for {}{whose}", env.id))));
            }
            Heard::Unsure => {
                let text = format!(
                    "{name} may have been {word}, and GitHub shows its gate as waiting; nothing is sent again; leave the operation as it is"
                );
                return Ok(Err(Text::from(text)));
            }
            Heard::Open => {}
        }
    }
    if own.is_empty() {
        let text = format!("{name} does not wait for {} any more: it was answered, or ended", env.id);
        return Ok(Err(Text::from(text)));
    }
    if own.iter().any(|gate| !gate.may_approve) {
        let why =
            "you may not review it: you are not among its reviewers, it is your own run, or it was reviewed already";
        let waits: Vec<String> = own.iter().map(|gate| gate.words(&run, now)).collect();
        refusals.push(Text::from(format!("{why}; it {}", waits.join("; "))));
    }
    let after = if approve { "see the gate open" } else { "see the run end" };
    let steps = vec![StepKind::AnswerGate.step(format!("answer the gate: {word}")), StepKind::SeeGate.step(after)];
    let mut warnings = lane::held_by(github, &run).await;
    if !approve {
        warnings.push(Text::from("this fails the run, which cannot be approved afterwards"));
    }
    let part = pipeline::part(env, Some(&run), to, act, steps);
    Ok(Ok(Draft::of(part, warnings, Vec::new())))
}

/// What became of an answer that an operation cut short was to give.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// No gate waits, and this person gave it.
    Arrived(Text),
    /// It may have been sent, and a gate waits.
    Unsure,
    /// It was not given.
    Open,
}

/// A gate that waits now was not opened by any answer of the past, whatever list it stands in.
fn heard(said: Option<(Verdict, Text)>, wanted: Verdict, waits: bool, sent: bool) -> Heard {
    match said {
        Some((verdict, by)) if verdict == wanted && !waits => Heard::Arrived(by),
        _ if waits && sent => Heard::Unsure,
        _ => Heard::Open,
    }
}

/// How an answer that stands in the list of a run was given: ` by ines`. The list has the answers to all attempts of a run, and no time of
/// them: of a later attempt its end alone tells that it was the one answered, and not by whom. `None` = nothing tells it.
fn whose(run: &Run, approve: bool, by: &Text) -> Option<String> {
    if run.number.1 <= 1 {
        return Some(format!(" by {by}"));
    }
    let so = run.over() && (run.status == Status::Ok) == approve && run.state != RunState::Cancelled;
    so.then(|| format!(", as its attempt {} shows; by whom is not known", run.number.1))
}

/// The one answer that was given for an environment, and by whom; `None` = there is none, or there are several that differ: GitHub tells
/// no time of them.
async fn answers(github: &Github, run: &Run, env: &EnvInfo) -> Result<Option<(Verdict, Text)>, PlatformError> {
    let all = github.reviews(run.id).await?;
    let mut own = all.into_iter().filter(|one| one.environments.iter().any(|name| name.as_str() == env.id.as_str()));
    let Some(first) = own.next() else { return Ok(None) };
    let one = own.all(|other| other.verdict == first.verdict);
    Ok(Some((first.verdict, first.by)).filter(|_| one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_past_is_none_to_a_gate_that_waits_now() {
        let by = || Text::from("ines");
        let said = || Some((Verdict::Approved, by()));
        assert_eq!(heard(said(), Verdict::Approved, false, true), Heard::Arrived(by()));
        assert_eq!(heard(said(), Verdict::Approved, true, true), Heard::Unsure, "a gate waits");
        assert_eq!(heard(said(), Verdict::Approved, true, false), Heard::Open, "nothing was sent: it is answered now");
        assert_eq!(heard(said(), Verdict::Rejected, false, true), Heard::Open, "it was the other answer");
        assert_eq!(heard(None, Verdict::Approved, true, true), Heard::Unsure);
    }
}
