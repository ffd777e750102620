//! Makes settings of what is written, each value checked once, so that the rest of the program may rely on them.

use super::check::Check;
use super::file::File;
use super::inputs::{self, Env, Flags};
use super::proxy::Proxy;
use super::tables::ui::{Ui, UiSettings};
use super::trust::Approvals;
use super::{Settings, person};
use crate::error::UserError;

/// Checks a file. `name` says in messages where it came from.
///
/// # Errors
/// When it says something impossible.
pub(super) fn settings(
    file: File,
    name: &str,
    flags: &Flags,
    env: Env<'_>,
    mut warnings: Vec<String>,
) -> Result<Settings, UserError> {
    let check = Check { name, flags, env };
    let product = file.product(&check, &mut warnings)?;
    let platforms = file.accesses(&check, &mut warnings)?;
    let mut settings = Settings {
        project: check.plain("project", file.project.as_deref().unwrap_or("unnamed"))?.into(),
        repository: file.repository.as_deref().map(|text| check.repository(text)).transpose()?.map(Into::into),
        environments: product.environments,
        probes: product.probes,
        observe: product.observe,
        freezes: product.freezes,
        databases: product.databases,
        log_sources: product.log_sources,
        who: person::who(env).into(),
        promotions: product.promotions,
        workflows: product.workflows,
        accesses: platforms.accesses,
        fly: platforms.fly,
        vercel_team: platforms.vercel_team,
        secrets: file.secrets.rules(&mut warnings),
        ui: file.ui.settings(&check, &mut warnings)?,
        state_dir: file.state.folder(&check, &mut warnings),
        twins: inputs::folder(env, "XDG_DATA_HOME", ".local/share").map(|home| home.join("flightdeck").join("stores")),
        write: flags.write && !flags.readonly,
        poll: file.poll.settings(&check, &mut warnings)?,
        proxy: Proxy::from_env(env),
        warnings,
        origin: None,
        project_file: None,
        approvals: Approvals::of(env),
    };
    for (service, platform) in settings.absent() {
        let what = format!("{name}: {service} is on {platform}, but [platforms.{platform}] is missing");
        settings.warnings.push(what);
    }
    Ok(settings)
}

/// How the screen looks, by its table alone.
///
/// # Errors
/// When it says something impossible.
pub(super) fn looks(ui: &Ui, flags: &Flags, env: Env<'_>) -> Result<UiSettings, UserError> {
    ui.settings(&Check { name: "configuration", flags, env }, &mut Vec::new())
}
