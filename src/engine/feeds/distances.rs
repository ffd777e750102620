//! How many commits lie between the stations of the release train (docs/platforms/github.md section 6). What lies between two commits never
//! changes and is read once; the default branch goes on and is read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::distance::{Distance, Distances, Ends, Head};
use crate::domain::fact::Fact;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::github::Github;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// How often the branch is read: a push is no emergency.
const EVERY: Duration = Duration::from_secs(60);

/// What is to be counted, as it was asked for last.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Counting(Arc<Mutex<Vec<Ends>>>);

impl Counting {
    /// Asks for these in place of those before.
    pub(in crate::engine) fn ask(&self, ends: Vec<Ends>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ends;
    }

    fn asked(&self) -> Vec<Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts commits.
pub(in crate::engine) struct DistancesFeed {
    github: Github,
    counting: Counting,
    branch: Option<Text>,
    /// Between two commits; `None` = the repository does not know one of them.
    fixed: HashMap<Ends, Option<Distance>>,
}

impl DistancesFeed {
    pub(super) fn new(github: Github, counting: Counting) -> Self {
        Self { github, counting, branch: None, fixed: HashMap::new() }
    }

    async fn count(&mut self, ends: &Ends, branch: &Text) -> Result<Option<Distance>, PlatformError> {
        if let Some(known) = self.fixed.get(ends) {
            return Ok(*known);
        }
        let head = match &ends.head {
            Head::DefaultBranch => branch.as_str(),
            Head::Commit(sha) => sha.as_str(),
        };
        let found = match self.github.distance(ends.base.as_str(), head).await {
            Ok(found) => Some(found),
            // What runs there was never pushed, or its branch is gone: nobody can count to it.
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if ends.head != Head::DefaultBranch {
            self.fixed.insert(ends.clone(), found);
        }
        Ok(found)
    }
}

impl Feed for DistancesFeed {
    /// A commit that the repository did not know may have been pushed meanwhile.
    fn wake(&mut self) {
        self.fixed.retain(|_, found| found.is_some());
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let asked = self.counting.asked();
        if asked.is_empty() {
            return Ok(Rhythm::Calm);
        }
        let branch = match &self.branch {
            Some(known) => known.clone(),
            None => self.branch.insert(self.github.default_branch().await?).clone(),
        };
        self.fixed.retain(|ends, _| asked.contains(ends));
        let mut counted = Vec::new();
        for ends in asked {
            if let Some(distance) = self.count(&ends, &branch).await? {
                counted.push((ends, distance));
            }
        }
        outbox.tell(Fact::Distances(Distances { branch, counted })).await;
        Ok(Rhythm::After(EVERY))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::json;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Access;
    use crate::config::token::Token;
    use crate::engine::lanes;
    use crate::platform::http::Http;
    use crate::redact::Redactor;

    #[tokio::test]
    async fn two_commits_are_compared_once_the_branch_each_time_and_what_is_not_known_is_no_nought() {
        let server = MockServer::start().await;
        let on = async |at: &str, body, times: u64| {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(path(at)).respond_with(answer).expect(times).mount(&server).await;
        };
        on("/repos/acme/shop", json!({"default_branch": "trunk"}), 1).await;
        on("/repos/acme/shop/compare/9df49c2...f00dfee", json!({"ahead_by": 2, "behind_by": 0}), 1).await;
        on("/repos/acme/shop/compare/f00dfee...trunk", json!({"ahead_by": 3, "behind_by": 0}), 2).await;
        let token = Token::fixed(Some(SecretString::from("t0ken")), "test");
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        let github = Github::new(http, Access { base: server.uri(), token }, "acme/shop");
        let counting = Counting::default();
        let (outbox, mut lanes) = lanes::open();
        let mut feed = DistancesFeed::new(github, counting.clone());
        feed.read(&outbox).await.unwrap();
        assert!(lanes.control.try_recv().is_err(), "nothing is asked of anybody");
        let ends = |base: &str, head| Ends { base: base.into(), head };
        let to = |sha: &str| Head::Commit(sha.into());
        let (first, next) = (ends("f00dfee", Head::DefaultBranch), ends("9df49c2", to("f00dfee")));
        let lost = ends("0123456", to("f00dfee"));
        counting.ask(vec![first.clone(), next.clone(), lost.clone()]);
        for _ in 0..2 {
            feed.read(&outbox).await.unwrap();
            let Ok(Fact::Distances(told)) = lanes.control.try_recv() else { panic!("it tells what it counted") };
            assert_eq!(told.branch.as_str(), "trunk");
            let said = [&first, &next, &lost].map(|ends| told.between(ends).map(Distance::short));
            assert_eq!(said, [Some("3".to_owned()), Some("2".to_owned()), None]);
        }
    }
}
