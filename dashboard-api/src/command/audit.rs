//! `nhip audit verify`: whether the record of access is whole, beside a running server or without one.
//!
//! Not here: how it is written (`serve::access::audit`).

use std::path::Path;

use clap::{Args, Subcommand};

use super::token::Place;
use super::{Failure, print};
use crate::serve::access::audit::head::Mark;
use crate::serve::access::audit::{self, head, writer};

#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Follow the chain from its first line to its signed head; status 1 and where, if it does not hold
    Verify {
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(arguments: &AuditArguments) -> Result<u8, Failure> {
    let Action::Verify { place } = &arguments.action;
    print(&verified(&place.folder()?)?)?;
    Ok(0)
}

/// Follows the record of access in `folder`: what was found.
///
/// # Errors
/// A sentence saying where it does not hold together.
pub(super) fn verified(folder: &Path) -> Result<String, Failure> {
    let folder = folder.join(audit::FOLDER);
    // The head first: what is written in between stands behind it and is no contradiction.
    let head = head::read(&folder, Mark::Head).map_err(Failure::broken)?;
    let cut = head::read(&folder, Mark::Cut).map_err(Failure::broken)?.map_or(0, |cut| cut.number);
    let bytes = audit::bytes(&folder).map_err(Failure::broken)?;
    let end = writer::check(&folder, head.as_ref(), &bytes).map_err(Failure::broken)?;
    let signed = head.as_ref().map_or(0, |head| head.number);
    let key = head.as_ref().map_or("none yet", |head| head.public_key());
    let gone = match cut {
        0 => String::new(),
        cut => format!("records 1 to {cut} were cut off, as signed: they were older than is kept\n"),
    };
    Ok(format!(
        "{} records hold together, {signed} of them under the signed head\n{gone}last hash {}\npublic key {key}\n",
        end.number, end.hash
    ))
}
