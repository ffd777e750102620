//! What a plan was computed on, read again: it acts on that, or not at all.

use super::operator::Operator;
use super::work;
use crate::domain::operation::PlanPart;
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// What something is called, and at which revision it was seen.
pub(super) type Revisions = Vec<(Text, Text)>;

/// Whether nothing has moved: the order of a list is no change.
pub(super) fn same(now: &[(Text, Text)], then: &[(Text, Text)]) -> bool {
    now.len() == then.len() && then.iter().all(|one| now.contains(one))
}

impl Operator {
    /// The revisions of a part as they are now, in the plan's form.
    pub(super) async fn revisions(&self, part: &PlanPart) -> Result<Revisions, PlatformError> {
        if part.revisions.is_empty() {
            return Ok(Vec::new());
        }
        work(&part.act).revisions(self, part).await
    }
}
