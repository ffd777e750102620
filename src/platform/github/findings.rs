//! Reads findings about a repository: open alerts, disabled workflows, the rules of an environment (docs/platforms/github.md
//! sections 4, 5 and 8).

use serde::Deserialize;
use serde_json::Value;

use super::Github;
use crate::domain::environment::Status;
use crate::domain::extent::Listed;
use crate::domain::finding::{Finding, Looked};
use crate::platform::PlatformError;
use crate::platform::http::segment;
use crate::platform::lenient::{or_default, text};
use feature::Feature;

mod feature;

/// Pages of alerts and of workflows that are read: what is beyond is counted as not read.
const PAGES: u32 = 3;

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
    #[serde(default)]
    total_count: Option<u32>,
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
    pub async fn findings(&self, environment: &str) -> Vec<Looked<PlatformError>> {
        let (dependencies, code, secrets) = tokio::join!(self.dependencies(), self.code(), self.leaks());
        let (workflows, rules) = tokio::join!(self.workflows(), self.rules(environment));
        vec![
            (DEPENDENCIES, dependencies),
            (CODE, code),
            (LEAKS, secrets),
            ("workflows", workflows),
            ("protection", rules),
        ]
    }

    /// `GET R/dependabot/alerts?state=open`, of what runs.
    async fn dependencies(&self) -> Result<Finding, PlatformError> {
        let call =
            || self.get("dependabot/alerts").query("state", "open").query("scope", "runtime").query("per_page", "100");
        let list: Listed<Vulnerable> = match feature::asked(self.linked(call, PAGES).await)? {
            Feature::On(list) => list,
            other => return Ok(other.finding(DEPENDENCIES)),
        };
        let severe = |word: &str| list.items.iter().filter(|one| one.security_vulnerability.severity == word).count();
        let (critical, high) = (severe("critical"), severe("high"));
        let bad = |one: &&Vulnerable| matches!(one.security_vulnerability.severity.as_str(), "critical" | "high");
        let worst = list.items.iter().find(bad);
        let worst = worst.map(|one| format!(": {}", one.security_advisory.summary)).unwrap_or_default();
        let says = format!("{critical} critical, {high} high{worst}");
        Ok(count(DEPENDENCIES, critical > 0, high > 0, &list, &says))
    }

    /// `GET R/code-scanning/alerts?state=open`.
    async fn code(&self) -> Result<Finding, PlatformError> {
        let call = || self.get("code-scanning/alerts").query("state", "open").query("per_page", "100");
        let list: Listed<Scanned> = match feature::asked(self.linked(call, PAGES).await)? {
            Feature::On(list) => list,
            other => return Ok(other.finding(CODE)),
        };
        let bad = |one: &&Scanned| {
            matches!(one.rule.security_severity_level.as_str(), "critical" | "high") || one.rule.severity == "error"
        };
        let severe = list.items.iter().filter(bad).count();
        let worst = list.items.iter().find(bad).map(|one| format!(": {}", one.rule.description)).unwrap_or_default();
        Ok(count(CODE, false, severe > 0, &list, &format!("{severe} severe{worst}")))
    }

    /// `GET R/secret-scanning/alerts?state=open&hide_secret=true`: without the last word the answer holds the secret.
    async fn leaks(&self) -> Result<Finding, PlatformError> {
        let call = || {
            let call = self.get("secret-scanning/alerts").query("state", "open").query("hide_secret", "true");
            call.query("per_page", "100")
        };
        let list: Listed<Leaked> = match feature::asked(self.linked(call, PAGES).await)? {
            Feature::On(list) => list,
            other => return Ok(other.finding(LEAKS)),
        };
        let worst = list.items.first().map(|one| one.secret_type_display_name.clone()).unwrap_or_default();
        Ok(count(LEAKS, !list.items.is_empty(), false, &list, &worst))
    }

    /// `GET R/actions/workflows`: one that is switched off deploys nothing.
    async fn workflows(&self) -> Result<Finding, PlatformError> {
        let name = "workflows";
        let open = |page: Workflows| (page.workflows, page.total_count);
        let found = self.numbered(|| self.get("actions/workflows"), (100, PAGES), open).await?;
        let listed = || found.items.iter().filter(|one| one.state != "deleted");
        if let Some(one) = listed().find(|one| one.state.starts_with("disabled_")) {
            return Ok(Finding::new(name, Status::Warn, format!("{} is {}", one.name, one.state.replace('_', " "))));
        }
        if let Some(one) = listed().find(|one| one.state != "active") {
            let word = crate::platform::words::unknown(&one.state);
            return Ok(Finding::new(name, Status::Unknown, format!("{}: {word}", one.name)));
        }
        let active = found.extent.count(listed().count());
        let missing = found.extent.missing("workflows").map(|missing| format!(", {missing}")).unwrap_or_default();
        let status = if found.extent.whole() { Status::Ok } else { Status::Unknown };
        Ok(Finding::new(name, status, format!("{active} active{missing}")))
    }

    /// `GET E`: what stands before a deployment.
    async fn rules(&self, environment: &str) -> Result<Finding, PlatformError> {
        let name = "protection";
        let call = self.get(&format!("environments/{}", segment(environment)));
        let found: Environment = match feature::asked(call.read().await)? {
            Feature::On(found) => found,
            other => return Ok(other.finding(name)),
        };
        let rules = found.protection_rules.iter().filter_map(|rule| rule.get("type")?.as_str());
        let rules: Vec<String> = rules.map(|rule| rule.replace('_', " ")).collect();
        let says = if rules.is_empty() { "no rule protects deployments".to_owned() } else { rules.join(", ") };
        Ok(Finding::new(name, Status::Ok, says))
    }
}

const DEPENDENCIES: &str = "dependency alerts";
const CODE: &str = "code alerts";
const LEAKS: &str = "leaked secrets";

/// `2 open, 1 critical, 0 high`. Nothing bad in a part says nothing of the rest.
fn count<T>(name: &str, fail: bool, warn: bool, list: &Listed<T>, says: &str) -> Finding {
    let status = match (fail, warn) {
        (true, _) => Status::Fail,
        (false, true) => Status::Warn,
        (false, false) if list.extent.whole() => Status::Ok,
        (false, false) => Status::Unknown,
    };
    let open = list.extent.count(list.items.len());
    let missing = list.extent.missing("alerts").map(|missing| format!(" ({missing})")).unwrap_or_default();
    let says = if says.is_empty() { String::new() } else { format!(", {says}") };
    Finding::new(name, status, format!("{open} open{says}{missing}"))
}
