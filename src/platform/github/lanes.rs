//! Reads concurrency groups: which run holds one, and which runs wait (docs/platforms/github.md section 4.6).

use serde::Deserialize;

use super::Github;
use crate::domain::pipeline::LaneRun;
use crate::platform::PlatformError;
use crate::platform::http::segment;
use crate::platform::lenient::text;
use crate::sanitize::Text;

#[derive(Deserialize)]
struct Groups {
    concurrency_groups: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    group_name: String,
}

#[derive(Deserialize)]
struct Group {
    group_members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    run_id: u64,
    #[serde(default, deserialize_with = "text")]
    run_name: String,
    #[serde(default, deserialize_with = "text")]
    status: String,
}

impl Github {
    /// `GET R/actions/runs/{id}/concurrency_groups`: names of the groups that a run is in.
    ///
    /// # Errors
    /// [`PlatformError`]; 404 where the server does not know such groups yet (GHES up to 3.19).
    pub async fn lanes_of(&self, run: u64) -> Result<Vec<Text>, PlatformError> {
        let list: Groups = self.get(&format!("actions/runs/{run}/concurrency_groups")).read().await?;
        Ok(list.concurrency_groups.into_iter().map(|one| Text::clean(&one.group_name)).collect())
    }

    /// `GET R/actions/concurrency_groups/{name}`: who is in a group, the holder first.
    ///
    /// # Errors
    /// [`PlatformError`]; 404 when nobody is in it any more.
    pub async fn lane(&self, group: &str) -> Result<Vec<LaneRun>, PlatformError> {
        let mut group: Group = self.get(&format!("actions/concurrency_groups/{}", segment(group))).read().await?;
        group.group_members.sort_by_key(|one| one.status == "pending");
        let run = |one: Member| LaneRun { run: one.run_id, name: Text::clean(&one.run_name) };
        Ok(group.group_members.into_iter().map(run).collect())
    }
}
