//! `nhip rejects`: what a running server set aside, listed, shown, mended and sent again.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Failure, ServerArgument, print};

#[derive(Debug, Args)]
pub(crate) struct RejectsArguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: ServerArgument,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// One line each: number, arrival, source, reason, field
    List {
        /// From this number on
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// All that is kept of one, as JSON
    Show {
        /// Its number
        number: u64,
    },
    /// Send one again: as it was kept, or mended
    Retry {
        /// Its number
        number: u64,
        /// A file with the mended event
        #[arg(long, value_name = "FILE")]
        with: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &RejectsArguments) -> Result<u8, Failure> {
    let server = &arguments.server;
    match &arguments.action {
        Action::List { from } => list(server, *from),
        Action::Show { number } => {
            let shown = read(&server.get(&format!("/api/v1/rejects/{number}"))?)?;
            print(&format!("{shown:#}\n"))?;
            Ok(0)
        }
        Action::Retry { number, with } => {
            let body = match with {
                None => Vec::new(),
                Some(file) => std::fs::read(file).map_err(|error| {
                    Failure::question(format!("{} cannot be read: {error}", file.display()))
                })?,
            };
            server.post(&format!("/api/v1/rejects/{number}/retry"), &body)?;
            print(&format!("{number} was taken\n"))?;
            Ok(0)
        }
    }
}

fn list(server: &ServerArgument, mut from: u64) -> Result<u8, Failure> {
    loop {
        let page = read(&server.get(&format!("/api/v1/rejects?from={from}"))?)?;
        let mut told = String::new();
        for reject in page["rejects"].as_array().into_iter().flatten() {
            let text = |name: &str| reject[name].as_str().unwrap_or("-");
            let (arrived, source, reason) = (text("arrived"), text("source"), text("reason"));
            let _ = writeln!(told, "{}\t{arrived}\t{source}\t{reason}\t{}", reject["number"], text("field"));
        }
        print(&told)?;
        match page["next"].as_u64() {
            Some(next) => from = next,
            None => return Ok(0),
        }
    }
}

fn read(answer: &str) -> Result<Value, Failure> {
    serde_json::from_str(answer)
        .map_err(|error| Failure::broken(format!("the server's answer is no JSON: {error}")))
}
