//! `nhip admin set-password`: the local account for when nothing else lets anybody in.
//!
//! Not here: signing in (`serve::access`).

use std::io::Read as _;

use clap::{Args, Subcommand};

use super::token::{Place, role};
use super::{Failure, print};
use crate::serve::access::accounts::{self, PASSWORD_BYTES_MAX};
use crate::serve::access::role::Role;

#[derive(Debug, Args)]
pub(crate) struct AdminArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make the account, or give it another password, read from standard input
    SetPassword {
        #[command(flatten)]
        place: Place,
        /// Its name
        #[arg(long, default_value = "quan-tri")]
        name: String,
        /// What it may do
        #[arg(long, default_value = "operator", value_parser = role)]
        role: Role,
    },
}

pub(super) fn run(arguments: &AdminArguments) -> Result<u8, Failure> {
    let Action::SetPassword { place, name, role } = &arguments.action;
    if role.needs_units() || *role == Role::Producer {
        return Err(Failure::question(format!("{} is no role for the local account", role.name())));
    }
    let mut text = String::new();
    let most = PASSWORD_BYTES_MAX as u64 + 2;
    let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|error| {
        Failure::question(format!("the password cannot be read from standard input: {error}"))
    })?;
    let password = text.trim_end_matches(['\r', '\n']);
    accounts::set(&place.folder()?, name, *role, password).map_err(Failure::question)?;
    print(&format!("{name} has a new password\n"))?;
    Ok(0)
}
