//! What the console asks about a repository.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{GITHUB, Github};
use crate::domain::finding::Looked;
use crate::domain::ids::EnvId;
use crate::domain::secret::{Names, Withheld};
use crate::platform::capabilities::{Adapter, Asked};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// The repository, as far as it matters to one environment.
pub struct Repository {
    /// The client, which knows the repository.
    pub github: Github,
    /// The environment, which has its own rules and secrets there.
    pub env: EnvId,
}

impl Adapter for Repository {
    /// What the token may not list is told as withheld: that is no reason to show nothing of the places where the product runs. A repository
    /// that has no environment of this name has no secrets for it.
    fn secrets(&self) -> Option<Asked<'_, Names>> {
        let read = async move {
            let place = Some(self.env.as_str());
            let (secrets, variables) =
                tokio::join!(self.github.secrets(place, &self.env), self.github.variables(place, &self.env));
            let mut names = Names::default();
            let mut hidden = Vec::new();
            for (what, list) in [("secrets", secrets), ("variables", variables)] {
                match list {
                    Ok(entries) => names.entries.extend(entries),
                    Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => {
                        hidden.push((what, error));
                    }
                    Err(error) => return Err(error),
                }
            }
            // "Not found" is also said of what the token may not see.
            let absent = hidden.iter().any(|(_, error)| error.kind == ErrorKind::NotFound)
                && matches!(self.github.has_environment(self.env.as_str()).await, Ok(Some(false)));
            hidden.retain(|(_, error)| error.kind != ErrorKind::NotFound || !absent);
            names.unread = hidden
                .into_iter()
                .map(|(what, error)| Withheld { platform: GITHUB, what, why: Text::from(error.to_string()) })
                .collect();
            Ok(names)
        };
        Some(read.boxed())
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.github.findings(self.env.as_str()).boxed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use wiremock::matchers::path_regex;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Access;
    use crate::config::token::Token;
    use crate::platform::http::Http;
    use crate::redact::Redactor;

    /// What is told of production's names where the lists answer with this status, and the repository has these environments.
    async fn told(status: u16, environments: &[&str]) -> Names {
        let server = MockServer::start().await;
        let on = async |path: &str, answer| Mock::given(path_regex(path)).respond_with(answer).mount(&server).await;
        on("/environments/production/secrets$", ResponseTemplate::new(status)).await;
        let variables = json!({"total_count": 1, "variables": [{"name": "REGION"}]});
        on("/environments/production/variables$", ResponseTemplate::new(200).set_body_json(variables)).await;
        let named: Vec<_> = environments.iter().map(|name| json!({"name": name})).collect();
        let list = json!({"total_count": named.len(), "environments": named});
        on("/environments$", ResponseTemplate::new(200).set_body_json(list)).await;
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        let access =
            Access { base: server.uri(), token: Token::fixed(Some(secrecy::SecretString::from("t0ken")), "test") };
        let github = Github::new(http, access, "acme/shop");
        Repository { github, env: "production".into() }.secrets().unwrap().await.unwrap()
    }

    #[tokio::test]
    async fn names_that_the_token_may_not_list_are_withheld_and_those_of_no_environment_are_none() {
        for (status, environments, withheld) in
            [(403, &["staging"][..], true), (404, &["staging", "Production"], true), (404, &["staging"], false)]
        {
            let names = told(status, environments).await;
            assert_eq!(names.entries.len(), 1, "what is listed is kept");
            let said: Vec<String> = names.withheld(&"production".into()).collect();
            assert_eq!(said.len(), usize::from(withheld), "{status} {environments:?}: {said:?}");
            let named = said.iter().all(|one| one.starts_with("secrets of production on github not read: "));
            assert!(named, "{said:?}");
        }
    }
}
