//! Deployments that are verified healthy at the edge: good places to go back to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::domain::ids::{DeploymentId, EnvId, ServiceId, Sha};
use crate::domain::operation::{OpKind, OpState};

impl Store {
    /// Remembers that a deployment was verified healthy. The first sighting stays.
    ///
    /// # Errors
    /// When it is not on the disk.
    pub async fn mark_verified(
        &self,
        service: &ServiceId,
        deployment: &DeploymentId,
        sha: &Sha,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.stands()?;
        let insert =
            "insert into verified (env, service, deployment, sha, at) values (?, ?, ?, ?, ?) on conflict do nothing";
        let insert = sqlx::query(insert).bind(service.env.as_str()).bind(&*service.name).bind(deployment.as_str());
        let done = insert.bind(sha.as_str()).bind(at.to_string()).execute(&self.pool).await;
        done.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Every deployment that was verified healthy, and its commit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn verified(&self) -> Result<BTreeSet<(ServiceId, DeploymentId, Sha)>, StoreError> {
        self.stands()?;
        let query =
            sqlx::query_as::<_, (String, String, String, String)>("select env, service, deployment, sha from verified");
        let found = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        let one = |(env, name, deployment, sha): (String, String, String, String)| {
            (ServiceId::new(env, &name), DeploymentId::from(deployment), Sha::from(sha))
        };
        Ok(found.into_iter().map(one).collect())
    }

    /// How long the last operations of a kind took in an environment, those that ended well, in seconds.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn durations(&self, kind: OpKind, env: &EnvId) -> Result<Vec<i64>, StoreError> {
        let all = self.operations(50).await?;
        let own = all.into_iter().filter(|one| one.kind == kind && one.env == *env && one.state == OpState::Done);
        Ok(own.filter_map(|one| Some(one.ended_at?.duration_since(one.started_at).as_secs())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn what_was_seen_is_remembered_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let backend = ServiceId::new("production", "backend");
        let (id, sha) = (DeploymentId::from("v41"), Sha::from("abc"));
        for _ in 0..2 {
            store.mark_verified(&backend, &id, &sha, Timestamp::UNIX_EPOCH).await.unwrap();
        }
        drop(store);
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        assert_eq!(store.verified().await.unwrap(), BTreeSet::from([(backend, id, sha)]));
    }
}
