//! The proof: the edge names the release that was asked for.

use super::{LOOK, Operator, PATIENCE};
use crate::config::ObserveSettings;
use crate::domain::environment::Platform;
use crate::domain::ids::Sha;
use crate::domain::operation::PlanPart;
use crate::platform::observe;
use crate::sanitize::Text;

impl Operator {
    /// Asks the edge until it names the release that was asked for.
    pub(super) async fn prove(&self, part: &PlanPart) -> Result<Text, Text> {
        let whole = part.platform == Platform::Github;
        let own =
            |rule: &&ObserveSettings| rule.env == part.service.env && (whole || rule.service == part.service.name);
        let rules: Vec<&ObserveSettings> = self.settings.observe.iter().filter(own).collect();
        let Some(wanted) = part.to.1.as_ref().filter(|_| !rules.is_empty()) else {
            return Ok(Text::from("nothing to observe it by is configured"));
        };
        for rule in rules {
            self.answers(rule, wanted).await?;
        }
        Ok(Text::from(format!("OBSERVED {}", wanted.short())))
    }

    /// Asks one service's edge until it names the commit.
    async fn answers(&self, rule: &ObserveSettings, wanted: &Sha) -> Result<(), Text> {
        let end = self.clock.mono() + PATIENCE;
        loop {
            let seen = observe::observe(&self.clients.http, rule).await;
            let says = match &seen {
                Ok(observed) if observed.sha.as_ref() == Some(wanted) => {
                    return Ok(());
                }
                Ok(observed) => {
                    observed.sha.as_ref().map_or_else(|| "no commit".to_owned(), |sha| sha.short().to_owned())
                }
                Err(error) => error.to_string(),
            };
            if self.clock.mono() > end {
                return Err(Text::from(format!("{}/{} still answers {says}", rule.env, rule.service)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
