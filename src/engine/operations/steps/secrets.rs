//! What operations ask of a platform on which secrets can be set.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::operation::PlanPart;
use crate::domain::secret::{Digest, SecretEntry};
use crate::domain::secret_value::SecretValue;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::{self, Revisions};
use crate::engine::operations::sought::Trace;
use crate::platform::PlatformError;
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

/// Where a secret stands.
#[derive(Clone, Copy)]
pub(in crate::engine) struct At<'a> {
    /// App, project, or the environment's name on GitHub.
    pub(in crate::engine) resource: &'a str,
    /// The environment as the platform calls it.
    pub(in crate::engine) environment: &'a str,
    pub(in crate::engine) key: &'a str,
}

/// What the setting of a secret was planned on, beside the secret itself.
#[derive(Default)]
pub(in crate::engine) struct Around {
    pub(in crate::engine) revisions: Revisions,
    pub(in crate::engine) refusals: Vec<Text>,
    pub(in crate::engine) warnings: Vec<Text>,
}

/// Secrets that can be set.
pub(in crate::engine) trait Secrets: Send + Sync {
    /// What an environment is called there; `resource` is what the secrets of the service stand in.
    fn environment(&self, env: &EnvInfo, resource: &str) -> Text;

    /// What the place is called in a plan.
    fn place(&self, at: At<'_>) -> Text {
        Text::from(at.resource)
    }

    /// When a new value takes effect.
    fn takes_effect(&self, service: &ServiceId) -> String;

    /// Whether a secret has this value, where the platform shows a digest that can be compared.
    fn has(&self, _: &SecretEntry, _: &SecretValue) -> Option<bool> {
        None
    }

    /// The secrets that stand there.
    fn listed<'a>(&'a self, at: At<'a>, env: &'a EnvId) -> Asked<'a, Vec<SecretEntry>>;

    /// What a plan has to know beside it.
    fn around<'a>(&'a self, _: At<'a>) -> Asked<'a, Around> {
        ready(Ok(Around::default())).boxed()
    }

    /// Sees that nobody has changed it meanwhile, and sends the value once.
    fn send<'a>(&'a self, setting: Setting<'a>) -> BoxFuture<'a, Result<(), Trouble>>;
}

/// The secret as it is now; `None` = there is none of that name.
pub(in crate::engine) async fn seen(
    secrets: &dyn Secrets,
    at: At<'_>,
    env: &EnvId,
) -> Result<Option<SecretEntry>, PlatformError> {
    let all = secrets.listed(at, env).await?;
    Ok(all.into_iter().find(|one| one.key.as_str() == at.key))
}

/// When it was last set, as a revision; where the platform tells no date, its digest.
pub(in crate::engine) fn revision(key: &str, seen: Option<&SecretEntry>) -> (Text, Text) {
    let digest = |one: &SecretEntry| match &one.digest {
        Digest::Opaque(digest) | Digest::Keyed(digest) => format!("set to {digest}"),
        Digest::Hidden => "set".to_owned(),
    };
    let at = seen.map(|one| one.updated_at.map_or_else(|| digest(one), |at| at.to_string()));
    (Text::from(key), Text::from(at.unwrap_or_else(|| "not set".to_owned())))
}

/// A secret that gets a value.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Setting<'a> {
    pub(in crate::engine) operator: &'a Operator,
    pub(in crate::engine) part: &'a PlanPart,
    pub(in crate::engine) at: At<'a>,
    pub(in crate::engine) value: &'a SecretValue,
}

impl Setting<'_> {
    /// Reads it just before it is set: what somebody else has set since the plan was made is not overwritten.
    pub(in crate::engine) async fn unmoved(self) -> Result<(), Trouble> {
        let now = self.operator.look(|| self.operator.revisions(self.part)).await?;
        if revisions::same(&now, &self.part.revisions) { Ok(()) } else { Err(self.moved()) }
    }

    /// It was changed: nothing is sent.
    pub(in crate::engine) fn moved(self) -> Trouble {
        let text = format!("{} was changed since the plan was made; nothing was sent", self.at.key);
        Trouble::Failed(Text::from(text))
    }

    /// Sends the value once. Where the answer is lost, the list of the platform says what became of it.
    pub(in crate::engine) async fn call<F>(
        self,
        secrets: &dyn Secrets,
        call: &str,
        send: impl Fn() -> F,
    ) -> Result<(), Trouble>
    where
        F: Future<Output = Result<(), PlatformError>>,
    {
        self.operator.change_or_find(call, send, || self.shown(secrets)).await
    }

    /// What the list shows of a call that was to set it, against what was read just before the call.
    async fn shown(self, secrets: &dyn Secrets) -> Result<Trace<()>, PlatformError> {
        let seen = seen(secrets, self.at, &self.operator.plan.env).await?;
        Ok(match seen.as_ref().map(|one| secrets.has(one, self.value)) {
            Some(Some(true)) => Trace::Taken(()),
            // Without a digest that can be compared nothing tells whose value it has.
            Some(None) if !self.part.revisions.contains(&revision(self.at.key, seen.as_ref())) => Trace::Changed,
            // It is as it was, or another value is known to be there.
            Some(_) | None => Trace::Nothing,
        })
    }
}
