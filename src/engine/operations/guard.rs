//! What is read again right before the first call: a plan acts on what it was computed on, or not at all. What cannot be read
//! refuses.

use super::operator::Operator;
use super::revisions;
use crate::domain::cut_short;
use crate::domain::lock::Mark;
use crate::domain::operation::{OpState, Operation};
use crate::domain::overrides::Override;
use crate::sanitize::Text;
use crate::store::StoreError;

/// Ended operations that are read beside those without an end.
const OPERATIONS: u32 = 20;

impl Operator {
    /// Why the plan may not be carried out; `None` = it may.
    pub(in crate::engine) async fn refusal(&self) -> Option<Text> {
        if let Some(why) = self.plan.refusals.first() {
            return Some(why.clone());
        }
        if let Some(why) = self.plan.overrides.first().filter(|_| self.reason.is_none()) {
            return Some(Text::from(format!("{}; it is overridden by a reason alone", why.words())));
        }
        if self.plan.left(self.clock.now()).is_none() {
            return Some(Text::from("the plan is older than a minute; make it again"));
        }
        if let Some(why) = self.objection().await {
            return Some(why);
        }
        for part in &self.plan.parts {
            match self.revisions(part).await {
                Ok(now) if revisions::same(&now, &part.revisions) => {}
                Ok(_) => return Some(Text::from(format!("{} has moved since the plan was made", part.service))),
                Err(error) => return Some(Text::from(error.to_string())),
            }
        }
        // Asking the platforms took a moment: what people said meanwhile counts.
        self.objection().await
    }

    /// An operation of another console that began on the environment just before this one, unseen by it: of two the first goes on.
    pub(in crate::engine) async fn overtaken(&self) -> Option<Text> {
        match self.store.operations(OPERATIONS).await {
            Ok(all) => self.under_way(all.iter().take_while(|one| one.id != self.plan.op)),
            Err(error) => Some(Text::from(error.to_string())),
        }
    }

    /// What somebody said against it, or does there, that the plan did not know of.
    pub(in crate::engine) async fn objection(&self) -> Option<Text> {
        self.remembered().await.unwrap_or_else(|error| Some(Text::from(error.to_string())))
    }

    async fn remembered(&self) -> Result<Option<Text>, StoreError> {
        let (operations, mut locks, marks) =
            tokio::try_join!(self.store.operations(OPERATIONS), self.store.locks(), self.store.marks())?;
        let cut_short = || cut_short::against(&operations, &self.plan.env, self.plan.kind, self.plan.continues);
        let marked = || Mark::against(&marks, self.plan.goes_to());
        if let Some(why) = self.under_way(operations.iter()).or_else(cut_short).or_else(marked) {
            return Ok(Some(why));
        }
        if let Some(why) = self.decided().await? {
            return Ok(Some(why));
        }
        let lock = locks.remove(&self.plan.env).filter(|lock| lock.who.as_str() != &*self.settings.who);
        let frozen = self.settings.frozen(&self.plan.env, self.clock.now()).filter(|_| !self.plan.kind.stops());
        let beside = cut_short::beside(&operations, &self.plan.env, self.plan.kind, self.plan.continues);
        let against = lock.map(Override::Lock).into_iter().chain(frozen.map(Override::Freeze)).chain(beside);
        let new = against.into_iter().find(|one| !self.plan.overrides.contains(one));
        Ok(new.map(|one| Text::from(format!("{}, which the plan did not know; make it again", one.words()))))
    }

    /// Somebody's decision on the operation that the plan continues: it is no open question any more.
    pub(in crate::engine) async fn decided(&self) -> Result<Option<Text>, StoreError> {
        let Some(earlier) = self.plan.continues else { return Ok(None) };
        let earlier = self.store.one(earlier).await?;
        // Who finishes an operation leaves the old one too.
        let decided = earlier.state == OpState::Left;
        let text = || format!("it was finished or left meanwhile: {}: {}", earlier.title, earlier.outcome);
        Ok(decided.then(|| Text::from(text())))
    }

    /// Another operation on the environment that somebody carries out now. An answer to a gate belongs to the promotion that
    /// waits for it.
    fn under_way<'a>(&self, mut all: impl Iterator<Item = &'a Operation>) -> Option<Text> {
        let answers = self.plan.kind.answers();
        let other = all.find(|one| {
            let under_way = one.env == self.plan.env && !one.state.ended() && !one.interrupted;
            under_way && one.id != self.plan.op && !(answers && one.kind.gated())
        })?;
        Some(Text::from(format!("another operation is under way there: {}", other.title)))
    }
}
