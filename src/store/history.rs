//! Deployments that were seen healthy at the edge: good places to go back to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::domain::ids::{DeploymentId, ServiceId, Sha};

impl Store {
    /// Remembers that a deployment was seen healthy. The first sighting stays.
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
        let insert =
            "insert into verified (env, service, deployment, sha, at) values (?, ?, ?, ?, ?) on conflict do nothing";
        let insert = sqlx::query(insert).bind(service.env.as_str()).bind(&*service.name).bind(deployment.as_str());
        let done = insert.bind(sha.as_str()).bind(at.to_string()).execute(&self.pool).await;
        done.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Deployments of a service that were seen healthy.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn verified(&self, service: &ServiceId) -> Result<BTreeSet<DeploymentId>, StoreError> {
        let query = sqlx::query_scalar::<_, String>("select deployment from verified where env = ? and service = ?");
        let found = query.bind(service.env.as_str()).bind(&*service.name).fetch_all(&self.pool).await;
        Ok(found.map_err(|error| self.failed(&error))?.into_iter().map(DeploymentId::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn what_was_seen_is_remembered_once_and_per_service() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (backend, frontend) = (ServiceId::new("production", "backend"), ServiceId::new("production", "frontend"));
        let (id, sha) = (DeploymentId::from("v41"), Sha::from("abc"));
        for _ in 0..2 {
            store.mark_verified(&backend, &id, &sha, Timestamp::UNIX_EPOCH).await.unwrap();
        }
        drop(store);
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        assert_eq!(store.verified(&backend).await.unwrap(), BTreeSet::from([id]));
        assert!(store.verified(&frontend).await.unwrap().is_empty());
    }
}
