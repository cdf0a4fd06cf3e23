//! The settings file of `nhip serve`, overlaid by the environment: one place, one way to read it.
//!
//! Not here: what a setting means (whoever uses it says so), arguments of the command line.

use std::path::Path;

use ingest::kafka;
use toml::{Table, Value};

use crate::command::Failure;
use crate::serve::access;
use crate::tiles;

/// What was chosen.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Topics to consume; `None` when no brokers are named.
    pub(crate) kafka: Option<kafka::Settings>,
    /// Who gets in; `None` when nobody is asked.
    pub(crate) access: Option<access::settings::Settings>,
    /// Alerts and their channels.
    pub(crate) alerts: alerts::Settings,
    /// When periods are closed, and for how long units may object.
    pub(crate) editions: editions::schedule::Settings,
    /// Where agencies lie.
    pub(crate) map: tiles::Settings,
}

/// Reads the file, if one is named, and the environment.
pub(crate) fn read(path: Option<&Path>) -> Result<Settings, Failure> {
    let mut file = match path {
        None => Table::new(),
        Some(path) => {
            let failed = |problem: String| Failure::question(format!("{}: {problem}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
            text.parse::<Table>().map_err(|error| failed(error.to_string()))?
        }
    };
    let mut table = |name: &str| match file.remove(name) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table)),
        Some(_) => Err(Failure::question(format!("settings: {name} is a table: write [{name}]"))),
    };
    let (kafka, access, alerts) = (table("kafka")?, table("access")?, table("alerts")?);
    let (editions, map) = (table("editions")?, table("map")?);
    if let Some(name) = file.keys().next() {
        return Err(Failure::question(format!(
            "settings: {name} is not known; there are [kafka], [access], [alerts], [editions] and [map]"
        )));
    }
    let question = |error: &dyn std::fmt::Display| Failure::question(error.to_string());
    let access = access.map(access::settings::Settings::read).transpose();
    Ok(Settings {
        kafka: kafka::Settings::read(kafka, environment()).map_err(|error| question(&error))?,
        access: access.map_err(|error| question(&error))?,
        alerts: alerts::Settings::read(alerts).map_err(|error| question(&error))?,
        editions: editions::schedule::Settings::read(editions).map_err(|error| question(&error))?,
        map: tiles::Settings::read(map).map_err(|error| question(&error))?,
    })
}

/// Variables that are text.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}
