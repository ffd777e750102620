//! Settings of Supabase (docs/platforms/supabase.md sections 3.1, 3.2 and 3.6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::word;
use crate::sim::world::World;

/// The states of a project.
const STATES: [&str; 15] = [
    "INACTIVE",
    "ACTIVE_HEALTHY",
    "ACTIVE_UNHEALTHY",
    "COMING_UP",
    "UNKNOWN",
    "GOING_DOWN",
    "INIT_FAILED",
    "REMOVED",
    "RESTORING",
    "UPGRADING",
    "PAUSING",
    "RESTORE_FAILED",
    "RESTARTING",
    "PAUSE_FAILED",
    "RESIZING",
];
const HEALTH: [&str; 3] = ["COMING_UP", "ACTIVE_HEALTHY", "UNHEALTHY"];

/// `resource` is an environment or the reference of a project.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Which project.
    pub resource: String,
    /// One of its states, where it stays.
    #[serde(default)]
    pub state: Option<String>,
    /// What services say of themselves: `{"db": "UNHEALTHY"}`.
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// What is wrong with the services that are not well.
    #[serde(default)]
    pub error: Option<String>,
    /// The database refuses changes.
    #[serde(default)]
    pub read_only: Option<bool>,
    /// Percent of the disk that are used.
    #[serde(default)]
    pub disk: Option<u64>,
    /// Names of the security advisor's errors.
    #[serde(default)]
    pub lints: Option<Vec<String>>,
    /// Preview branches are switched on, or off.
    #[serde(default)]
    pub branching: Option<bool>,
}

impl World {
    pub(super) fn set_supabase(&mut self, setting: &Setting) -> Result<(), String> {
        let env = self.product.find(&setting.resource);
        let mut all = self.supabase.projects.iter_mut();
        let project = all.find(|one| one.reference == setting.resource || Some(one.env) == env);
        let project = project.ok_or_else(|| format!("there is no project '{}'", setting.resource))?;
        for (name, status) in &setting.services {
            let status = word(&HEALTH, status)?;
            let service = project.services.iter_mut().find(|(known, _)| known == name);
            let service = service.ok_or_else(|| format!("there is no service '{name}'"))?;
            let wrong = || setting.error.clone().unwrap_or_else(|| "Failed to retrieve service health".to_owned());
            service.1 = (status == "UNHEALTHY").then(wrong);
            project.coming_up.retain(|one| one != name);
            if status == "COMING_UP" {
                project.coming_up.push(name.clone());
            }
        }
        if let Some(state) = &setting.state {
            word(&STATES, state)?.clone_into(&mut project.status);
            project.walk.clear();
        }
        project.read_only = setting.read_only.unwrap_or(project.read_only);
        project.disk_percent = setting.disk.unwrap_or(project.disk_percent).min(100);
        if let Some(lints) = &setting.lints {
            project.lints.clone_from(lints);
        }
        match setting.branching {
            Some(true) => drop(project.branches.get_or_insert_default()),
            Some(false) => project.branches = None,
            None => {}
        }
        Ok(())
    }
}
