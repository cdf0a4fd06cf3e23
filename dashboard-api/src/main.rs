//! The `nhip` binary: reads the command line, runs one command, ends with its status.
//!
//! Composition only: every command lives in `command`, the server in `serve`.

mod command;
mod portal;
mod reference_data;
mod serve;
mod settings;
mod telemetry;
mod tiles;
mod typeset;
mod view;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    match command::run(arguments) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("nhip: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
