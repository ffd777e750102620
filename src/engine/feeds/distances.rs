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

/// How long other ends have stood before they are counted.
const REST: Duration = Duration::from_millis(500);
/// Counts between two commits that are kept: they never change, and who looks through many ways comes back.
const KEPT: usize = 256;

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
    /// What was counted last.
    last: Vec<Ends>,
    /// Between two commits; `None` = the repository does not know one of them.
    fixed: HashMap<Ends, Option<Distance>>,
}

impl DistancesFeed {
    pub(super) fn new(github: Github, counting: Counting) -> Self {
        Self { github, counting, branch: None, last: Vec::new(), fixed: HashMap::new() }
    }

    /// What is asked for, once it has stood for a moment where it is not what was counted last: who looks through many ways asks for where
    /// they stop.
    async fn settled(&self) -> Vec<Ends> {
        let mut asked = self.counting.asked();
        while !self.last.is_empty() && asked != self.last {
            tokio::time::sleep(REST).await;
            let now = self.counting.asked();
            if now == asked {
                break;
            }
            asked = now;
        }
        asked
    }

    /// How far these ends are from each other; `None` = the repository does not know one of them: what runs there was never pushed, or the
    /// branch has gone.
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
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if ends.head != Head::DefaultBranch {
            self.fixed.insert(ends.clone(), found);
        }
        Ok(found)
    }

    /// The name of the default branch, as it was read last.
    async fn branch(&mut self) -> Result<Text, PlatformError> {
        Ok(match &self.branch {
            Some(known) => known.clone(),
            None => self.branch.insert(self.github.default_branch().await?).clone(),
        })
    }
}

impl Feed for DistancesFeed {
    /// A commit that the repository did not know may have been pushed meanwhile; and who asks again for the same may know that the branch
    /// has another name.
    fn wake(&mut self) {
        self.fixed.retain(|_, found| found.is_some());
        if self.counting.asked() == self.last {
            self.branch = None;
        }
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let asked = self.settled().await;
        if asked.is_empty() {
            return Ok(Rhythm::Calm);
        }
        self.last.clone_from(&asked);
        if self.fixed.len() > KEPT {
            self.fixed.retain(|ends, _| asked.contains(ends));
        }
        let mut told = Distances { branch: self.branch().await?, ..Distances::default() };
        for ends in asked {
            let mut found = self.count(&ends, &told.branch).await?;
            if found.is_none() && ends.head == Head::DefaultBranch {
                // Another branch may be the default one now.
                self.branch = None;
                let branch = self.branch().await?;
                if branch != told.branch {
                    found = self.count(&ends, &branch).await?;
                    told.branch = branch;
                }
            }
            match found {
                Some(distance) => told.counted.push((ends, distance)),
                None => told.unknown.push(ends),
            }
        }
        outbox.tell(Fact::Distances(told)).await;
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

    fn ends(base: &str, head: Head) -> Ends {
        Ends { base: base.into(), head }
    }

    fn feed(server: &MockServer, counting: &Counting) -> DistancesFeed {
        let token = Token::fixed(Some(SecretString::from("t0ken")), "test");
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        DistancesFeed::new(Github::new(http, Access { base: server.uri(), token }, "acme/shop"), counting.clone())
    }

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
        let counting = Counting::default();
        let (outbox, mut lanes) = lanes::open();
        let mut feed = feed(&server, &counting);
        feed.read(&outbox).await.unwrap();
        assert!(lanes.control.try_recv().is_err(), "nothing is asked of anybody");
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
            assert_eq!(told.unknown, std::slice::from_ref(&lost));
        }
    }

    #[tokio::test]
    async fn a_branch_that_has_another_name_now_is_counted_by_that() {
        let server = MockServer::start().await;
        let on = async |at: &str, body, times: u64| {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(path(at)).respond_with(answer).up_to_n_times(times).mount(&server).await;
        };
        on("/repos/acme/shop", json!({"default_branch": "master"}), 1).await;
        on("/repos/acme/shop", json!({"default_branch": "main"}), 1).await;
        on("/repos/acme/shop/compare/f00dfee...master", json!({"ahead_by": 1, "behind_by": 0}), 1).await;
        on("/repos/acme/shop/compare/f00dfee...main", json!({"ahead_by": 2, "behind_by": 0}), 9).await;
        let (counting, (outbox, mut lanes)) = (Counting::default(), lanes::open());
        let mut feed = feed(&server, &counting);
        let first = ends("f00dfee", Head::DefaultBranch);
        counting.ask(vec![first.clone()]);
        for (branch, count) in [("master", "1"), ("main", "2"), ("main", "2")] {
            feed.read(&outbox).await.unwrap();
            let Ok(Fact::Distances(told)) = lanes.control.try_recv() else { panic!("it tells what it counted") };
            assert_eq!(told.branch.as_str(), branch);
            assert_eq!(told.between(&first).map(Distance::short).as_deref(), Some(count));
        }
        feed.wake();
        assert_eq!(feed.branch, None, "a person asks again");
    }

    #[tokio::test]
    async fn who_comes_back_to_a_way_finds_its_counts_and_who_passes_over_one_asks_nobody() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({"default_branch": "trunk"}));
        Mock::given(path("/repos/acme/shop")).respond_with(answer).expect(1).mount(&server).await;
        let way = |base: &str| vec![ends(base, Head::Commit("f00dfee".into()))];
        for (base, times) in [("aaaaaaa", 1), ("bbbbbbb", 0), ("ccccccc", 1)] {
            let answer = ResponseTemplate::new(200).set_body_json(json!({"ahead_by": 2, "behind_by": 0}));
            let at = format!("/repos/acme/shop/compare/{base}...f00dfee");
            Mock::given(path(at)).respond_with(answer).expect(times).mount(&server).await;
        }
        let (counting, (outbox, mut lanes)) = (Counting::default(), lanes::open());
        let mut feed = feed(&server, &counting);
        let mut goes_to = async |ways: &[&str]| {
            counting.ask(way(ways[0]));
            feed.wake();
            let passes = async {
                for base in &ways[1..] {
                    tokio::task::yield_now().await;
                    counting.ask(way(base));
                }
            };
            tokio::join!(feed.read(&outbox), passes).0.unwrap();
            let Ok(Fact::Distances(told)) = lanes.control.try_recv() else { panic!("it tells what it counted") };
            assert_eq!(told.counted.len(), 1);
            assert_eq!(told.counted[0].0, way(ways[ways.len() - 1])[0]);
        };
        goes_to(&["aaaaaaa"]).await;
        goes_to(&["bbbbbbb", "ccccccc"]).await;
        goes_to(&["aaaaaaa"]).await;
    }
}
