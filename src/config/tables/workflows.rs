//! `workflow` of an environment: what deploys it when it is dispatched.

use serde::Deserialize;

use crate::config::check::Check;
use crate::config::effective::Sheet;
use crate::domain::ids::EnvId;
use crate::error::UserError;

/// The workflow as it is written.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Workflow {
    pub file: String,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub input: Option<String>,
}

/// The workflow that deploys an environment when it is dispatched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowSettings {
    /// Which environment.
    pub env: EnvId,
    /// Its file below `.github/workflows`.
    pub file: String,
    /// Branch or tag that it runs on; default `main`.
    pub reference: String,
    /// Its input that takes the commit; default `sha`.
    pub input: String,
}

impl WorkflowSettings {
    pub(super) fn told(&self, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("environments.{}.workflow.{last}", self.env);
        sheet.add(key("file"), &self.file);
        sheet.add(key("ref"), &self.reference);
        sheet.add(key("input"), &self.input);
    }
}

impl Workflow {
    pub(super) fn settings(&self, env: &str, check: &Check<'_>) -> Result<WorkflowSettings, UserError> {
        let plain = |what: &str, text: Option<&str>, default: &str| -> Result<String, UserError> {
            Ok(check.plain(&format!("workflow.{what} of {env}"), text.unwrap_or(default))?.to_owned())
        };
        Ok(WorkflowSettings {
            env: EnvId::from(env),
            file: plain("file", Some(&self.file), "")?,
            reference: plain("ref", self.reference.as_deref(), "main")?,
            input: plain("input", self.input.as_deref(), "sha")?,
        })
    }
}
