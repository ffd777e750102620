//! Reads the logs that a configuration adds: a file, a command or an address.

use std::path::PathBuf;

use super::file::{Environment, Logs};
use super::{LogSource, address};
use crate::domain::ids::ServiceId;
use crate::domain::log::Input;

/// The source, or what is wrong with it.
pub(super) fn source(environment: &Environment, written: &Logs) -> Result<LogSource, String> {
    let input = match (&written.file, &written.command, &written.url) {
        (Some(file), None, None) => Input::File(PathBuf::from(file)),
        (None, Some(words), None) if words.first().is_some_and(|word| !word.trim().is_empty()) => {
            Input::Command(words.clone())
        }
        (None, None, Some(url)) => {
            address::read(url).map_err(|why| format!("url {why}"))?;
            Input::Address(url.clone())
        }
        (None, Some(_), None) => return Err("command is empty".to_owned()),
        _ => return Err("exactly one of file, command, url says where the lines come from".to_owned()),
    };
    let named = |name: &String| environment.services.iter().any(|service| service.name == *name);
    if let Some(name) = written.service.as_ref().filter(|name| !named(name)) {
        return Err(format!("service = \"{}\" is not a service of {}", name.escape_debug(), environment.name));
    }
    if named(&written.name) {
        return Err("a service has this name, and lines of its own".to_owned());
    }
    let id = |name: &str| ServiceId::new(environment.name.as_str(), name);
    Ok(LogSource { id: id(&written.name), input, service: written.service.as_deref().map(id) })
}
