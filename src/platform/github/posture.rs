//! What GitHub says of a repository: open alerts, workflows that are switched off, the rules of an environment (github.md
//! sections 4, 5 and 8).

use serde::Deserialize;
use serde_json::Value;

use super::Github;
use crate::domain::environment::Status;
use crate::domain::posture::Posture;
use crate::platform::http::segment;
use crate::platform::lenient::{or_default, text};
use crate::platform::{ErrorKind, PlatformError};

#[derive(Deserialize)]
struct Vulnerable {
    #[serde(default, deserialize_with = "or_default")]
    security_vulnerability: Severity,
    #[serde(default, deserialize_with = "or_default")]
    security_advisory: Advisory,
}

#[derive(Deserialize, Default)]
struct Severity {
    #[serde(default, deserialize_with = "text")]
    severity: String,
}

#[derive(Deserialize, Default)]
struct Advisory {
    #[serde(default, deserialize_with = "text")]
    summary: String,
}

#[derive(Deserialize)]
struct Scanned {
    #[serde(default, deserialize_with = "or_default")]
    rule: Rule,
}

#[derive(Deserialize, Default)]
struct Rule {
    #[serde(default, deserialize_with = "text")]
    severity: String,
    #[serde(default, deserialize_with = "text")]
    security_severity_level: String,
    #[serde(default, deserialize_with = "text")]
    description: String,
}

/// The secret itself has no field here, whatever the answer holds.
#[derive(Deserialize)]
struct Leaked {
    #[serde(default, deserialize_with = "text")]
    secret_type_display_name: String,
}

#[derive(Deserialize)]
struct Workflows {
    #[serde(default, deserialize_with = "or_default")]
    workflows: Vec<Workflow>,
}

#[derive(Deserialize)]
struct Workflow {
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    state: String,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(default, deserialize_with = "or_default")]
    protection_rules: Vec<Value>,
}

impl Github {
    /// Every check, each for itself; a feature that is switched off is said to be so.
    pub async fn posture(&self, environment: &str) -> Vec<Result<Posture, PlatformError>> {
        let (dependencies, code, secrets) = tokio::join!(self.dependencies(), self.code(), self.leaks());
        let (workflows, rules) = tokio::join!(self.workflows(), self.rules(environment));
        vec![dependencies, code, secrets, workflows, rules]
    }

    /// `GET R/dependabot/alerts?state=open`, of what runs.
    async fn dependencies(&self) -> Result<Posture, PlatformError> {
        let name = "dependency alerts";
        let call =
            self.get("dependabot/alerts").query("state", "open").query("scope", "runtime").query("per_page", "100");
        let Some(list) = switched_on(call.read::<Vec<Vulnerable>>().await)? else { return Ok(off(name)) };
        let severe = |word: &str| list.iter().filter(|one| one.security_vulnerability.severity == word).count();
        let (critical, high) = (severe("critical"), severe("high"));
        let worst = list.iter().find(|one| matches!(one.security_vulnerability.severity.as_str(), "critical" | "high"));
        let worst = worst.map(|one| format!(": {}", one.security_advisory.summary)).unwrap_or_default();
        Ok(count(name, critical > 0, high > 0, format!("{} open, {critical} critical, {high} high{worst}", list.len())))
    }

    /// `GET R/code-scanning/alerts?state=open`.
    async fn code(&self) -> Result<Posture, PlatformError> {
        let name = "code alerts";
        let call = self.get("code-scanning/alerts").query("state", "open").query("per_page", "100");
        let Some(list) = switched_on(call.read::<Vec<Scanned>>().await)? else { return Ok(off(name)) };
        let bad = |one: &&Scanned| {
            matches!(one.rule.security_severity_level.as_str(), "critical" | "high") || one.rule.severity == "error"
        };
        let worst = list.iter().find(bad).map(|one| format!(": {}", one.rule.description)).unwrap_or_default();
        Ok(count(name, false, list.iter().any(|one| bad(&one)), format!("{} open{worst}", list.len())))
    }

    /// `GET R/secret-scanning/alerts?state=open&hide_secret=true`: without the last word the answer holds the secret.
    async fn leaks(&self) -> Result<Posture, PlatformError> {
        let name = "leaked secrets";
        let call = self.get("secret-scanning/alerts").query("state", "open").query("hide_secret", "true");
        let Some(list) = switched_on(call.query("per_page", "100").read::<Vec<Leaked>>().await)? else {
            return Ok(off(name));
        };
        let worst = list.first().map(|one| format!(": {}", one.secret_type_display_name)).unwrap_or_default();
        Ok(count(name, !list.is_empty(), false, format!("{} open{worst}", list.len())))
    }

    /// `GET R/actions/workflows`: one that is switched off deploys nothing.
    async fn workflows(&self) -> Result<Posture, PlatformError> {
        let found: Workflows = self.get("actions/workflows").query("per_page", "100").read().await?;
        let bad = found.workflows.iter().find(|one| one.state.starts_with("disabled"));
        Ok(match bad {
            Some(one) => {
                Posture::new("workflows", Status::Warn, format!("{} is {}", one.name, one.state.replace('_', " ")))
            }
            None => Posture::new("workflows", Status::Ok, format!("{} active", found.workflows.len())),
        })
    }

    /// `GET E`: what stands before a deployment.
    async fn rules(&self, environment: &str) -> Result<Posture, PlatformError> {
        let name = "protection";
        let call = self.get(&format!("environments/{}", segment(environment)));
        let Some(found) = switched_on(call.read::<Environment>().await)? else {
            return Ok(Posture::new(name, Status::Ok, "GitHub has no such environment"));
        };
        let rules = found.protection_rules.iter().filter_map(|rule| rule.get("type")?.as_str());
        let rules: Vec<String> = rules.map(|rule| rule.replace('_', " ")).collect();
        let says = if rules.is_empty() { "no rule stands before a deployment".to_owned() } else { rules.join(", ") };
        Ok(Posture::new(name, Status::Ok, says))
    }
}

/// A feature that is off, or that the token may not see, answers 404 or 403.
fn switched_on<T>(answer: Result<T, PlatformError>) -> Result<Option<T>, PlatformError> {
    match answer {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(None),
        other => other.map(Some),
    }
}

fn off(name: &str) -> Posture {
    Posture::new(name, Status::Paused, "switched off, or not for this token")
}

fn count(name: &str, fail: bool, warn: bool, says: String) -> Posture {
    let status = if fail {
        Status::Fail
    } else if warn {
        Status::Warn
    } else {
        Status::Ok
    };
    Posture::new(name, status, says)
}
