//! A run that is to end.

use crate::domain::environment::EnvInfo;
use crate::domain::operation::{Act, Operation, StepKind};
use crate::domain::pipeline::RunState;
use crate::engine::operations::past::Past;
use crate::engine::operations::pipeline::{self, Draft};
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::sanitize::Text;

pub(in crate::engine) async fn cancel(
    github: &Github,
    env: &EnvInfo,
    id: u64,
    past: &Past,
    refusals: &mut Vec<Text>,
) -> Result<Draft, PlatformError> {
    let run = github.run(id).await?;
    let name = format!("{} #{}", run.workflow, run.number.0);
    let to = (Text::from("cancelled"), Some(run.sha.clone()));
    if past.earlier.is_some() && run.over() && run.state == RunState::Cancelled {
        let part = pipeline::part(env, Some(&run), to, Act::CancelRun { run: id, asked: true }, Vec::new());
        return Ok(Draft::arrived(part, format!("{name} is cancelled")));
    }
    if run.over() {
        let way = if past.earlier.is_some() { "; it was not cancelled; leave the operation as it is" } else { "" };
        refusals.push(Text::from(format!("{name} is over: {}{way}", run.words)));
    }
    // A run takes a while to end after it was asked to.
    let asked = past.earlier.as_ref().is_some_and(Operation::sent);
    let ask = (!asked).then(|| StepKind::AskCancel.step("ask for the end of the run"));
    let steps = ask.into_iter().chain([StepKind::FollowRun.step("see it end")]).collect();
    let warnings = vec![Text::from("a deploy under way stops where it is: check what is live afterwards")];
    let stays = vec![Text::from("what its jobs have deployed already")];
    let part = pipeline::part(env, Some(&run), to, Act::CancelRun { run: id, asked }, steps);
    Ok(Draft::of(part, warnings, stays))
}
