//! `nhip backup` and `nhip restore`: a data folder copied whole, and brought back.
//!
//! A running server makes the copy itself, between two of its steps, under the folder it was started with
//! (`--backups`); a stopped one's folder is copied directly. Every file of a backup is under a checksum.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use store::FolderSettings;

use super::{Failure, ServerArgument, print, serve};

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    server: ServerArgument,
    /// The data folder of a server that is stopped, instead of asking a running one
    #[arg(long, value_name = "DIR", requires = "to")]
    data: Option<PathBuf>,
    /// A new folder for the backup
    #[arg(long, value_name = "DIR", requires = "data")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A new folder, which `nhip serve --data` then takes
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(arguments: &BackupArguments) -> Result<u8, Failure> {
    if let (Some(data), Some(to)) = (&arguments.data, &arguments.to) {
        let folder = serve::open(data, FolderSettings::default())?;
        folder.backup(to).map_err(|error| Failure::broken(format!("{}: {error}", to.display())))?;
        folder.close().map_err(|error| Failure::broken(error.to_string()))?;
        print(&format!("{}\n", to.display()))?;
        return Ok(0);
    }
    let answer = arguments.server.post("/api/v1/backups", &[])?;
    let made: Value = serde_json::from_str(&answer).map_err(|error| Failure::broken(error.to_string()))?;
    print(&format!("{}\n", made["folder"].as_str().unwrap_or_default()))?;
    Ok(0)
}

pub(super) fn restore(arguments: &RestoreArguments) -> Result<u8, Failure> {
    store::restore(&arguments.from, &arguments.data)
        .map_err(|error| Failure::question(format!("{}: {error}", arguments.from.display())))?;
    print(&format!("restored; start it with: nhip serve --data {}\n", arguments.data.display()))?;
    Ok(0)
}
