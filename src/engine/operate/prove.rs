//! The proof: the edge names the release that was asked for.

use super::{LOOK, Operator, PATIENCE};
use crate::domain::operation::PlanPart;
use crate::platform::observe;
use crate::sanitize::Text;

impl Operator {
    /// Asks the edge until it names the release that was asked for.
    pub(super) async fn prove(&self, part: &PlanPart) -> Result<Text, Text> {
        let rules = &self.settings.observe;
        let rule = rules.iter().find(|rule| rule.env == part.service.env && rule.service == part.service.name);
        let (Some(rule), Some(wanted)) = (rule, &part.to.1) else {
            return Ok(Text::from("nothing to observe it by is configured"));
        };
        let end = self.clock.mono() + PATIENCE;
        loop {
            let seen = observe::observe(&self.clients.http, rule).await;
            let says = match &seen {
                Ok(observed) if observed.sha.as_ref() == Some(wanted) => {
                    return Ok(Text::from(format!("OBSERVED {}", wanted.short())));
                }
                Ok(observed) => {
                    observed.sha.as_ref().map_or_else(|| "no commit".to_owned(), |sha| sha.short().to_owned())
                }
                Err(error) => error.to_string(),
            };
            if self.clock.mono() > end {
                return Err(Text::from(format!("{} still answers {says}", part.service)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
