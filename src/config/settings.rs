//! Makes settings of what is written, each value checked once, so that the rest of the program may rely on them.

use super::check::Check;
use super::effective::{Effective, Origin, Sheet};
use super::file::File;
use super::inputs::{self, Env, Flags};
use super::proxy::Proxy;
use super::tables::environments::ByEnvironment;
use super::tables::ui::UiSettings;
use super::trust::Approvals;
use super::{Settings, person};
use crate::error::UserError;
use crate::sanitize::Text;

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
    let check = Check { name, flags, env, places: &file.places };
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
        lasting: None,
        twins: inputs::folder(env, "XDG_DATA_HOME", ".local/share").map(|home| home.join("flightdeck").join("stores")),
        write: flags.write && !flags.readonly,
        poll: file.poll.settings(&check, &mut warnings)?,
        proxy: Proxy::from_env(env),
        warnings,
        origin: None,
        own_file: None,
        effective: Vec::new(),
        project_file: None,
        approvals: Approvals::of(env),
    };
    for (service, platform) in settings.absent() {
        let what = format!("{name}: {service} is on {platform}, but [platforms.{platform}] is missing");
        settings.warnings.push(what);
    }
    settings.effective = effective(&settings, &file, &check);
    Ok(settings)
}

/// Every setting with where it came from.
fn effective(settings: &Settings, file: &File, check: &Check<'_>) -> Vec<Effective> {
    let mut sheet = Sheet::new(&file.places);
    sheet.add("project", &settings.project);
    sheet.add("repository", settings.repository.as_deref().unwrap_or("none"));
    settings.ui.told(&file.ui, check, &mut sheet);
    settings.poll.told(&mut sheet);
    file.state.told(settings, check, &mut sheet);
    sheet.put("who", &settings.who, person::origin(check.env));
    if let Some(words) = settings.proxy.words() {
        sheet.put("proxy", words, Origin::Elsewhere(Text::clean("environment variables")));
    }
    for (name, account) in &file.platforms {
        account.told(name, settings, &mut sheet);
    }
    file.secrets.told(&mut sheet);
    let by_environment = ByEnvironment::new(settings);
    file.environments.iter().for_each(|one| one.told(&by_environment, check, &mut sheet));
    sheet.rows()
}

/// The same, with its rows among the settings.
///
/// # Errors
/// When it says something impossible.
pub(super) fn told_looks(file: &File, flags: &Flags, env: Env<'_>) -> Result<(UiSettings, Vec<Effective>), UserError> {
    let check = Check { name: "configuration", flags, env, places: &file.places };
    let (ui, mut sheet) = (looks(file, flags, env)?, Sheet::new(&file.places));
    ui.told(&file.ui, &check, &mut sheet);
    Ok((ui, sheet.rows()))
}

/// How the screen looks, by its table alone.
///
/// # Errors
/// When it says something impossible.
pub(super) fn looks(file: &File, flags: &Flags, env: Env<'_>) -> Result<UiSettings, UserError> {
    let check = Check { name: "configuration", flags, env, places: &file.places };
    file.ui.settings(&check, &mut Vec::new())
}
