//! `nhip token`: keys of programs, made, listed and revoked beside a running server.
//!
//! Not here: what a role may see (`serve::access`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use compute::instant::Instant;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::{Failure, print};
use crate::serve::access::role::Role;
use crate::serve::access::{folder_in, now, prepare, tokens};

/// Days a token may be good for.
const DAYS_MAX: u32 = 366;
/// Bytes of a name, a unit or a source.
const TEXT_BYTES_MAX: usize = 256;

#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make one; its text is shown once and kept nowhere
    Add(AddArguments),
    /// One line each: id, state, role, units, source, expiry, name
    List {
        #[command(flatten)]
        place: Place,
    },
    /// End one for good; a running server refuses it within seconds
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Its id, as `nhip token list` shows it
        id: String,
    },
}

/// Where tokens lie.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The data folder of the server
    #[arg(long, value_name = "DIR", required_unless_present = "folder")]
    data: Option<PathBuf>,
    /// The folder of access, if the settings name one
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    folder: Option<PathBuf>,
}

impl Place {
    /// The folder of access, made if need be.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match (&self.data, &self.folder) {
            (_, Some(folder)) => folder.clone(),
            (Some(data), None) => {
                if !data.join("format").exists() {
                    return Err(Failure::question(format!(
                        "{} is no data folder yet; start the server once with it",
                        data.display()
                    )));
                }
                folder_in(data)
            }
            (None, None) => return Err(Failure::question("name the data folder: --data DIR")),
        };
        prepare(&folder).map_err(Failure::question)?;
        Ok(folder)
    }
}

#[derive(Debug, Args)]
struct AddArguments {
    #[command(flatten)]
    place: Place,
    /// What it is for
    #[arg(long)]
    name: String,
    /// What it may see and do: `nhip token add --role x` names the roles
    #[arg(long, value_parser = role)]
    role: Role,
    /// A unit whose subtree it covers; may be given again [default: all, where the role allows it]
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// The officer it stands for
    #[arg(long, value_name = "CODE")]
    officer: Option<String>,
    /// The one source a producer writes for
    #[arg(long)]
    source: Option<String>,
    /// The certificate a producer comes with (PEM), instead of a text; [access.tls] names who signs them
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Days until it expires
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    days: u32,
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.into_iter().filter(|role| *role != Role::Public);
    let names: Vec<&str> = known.map(Role::name).collect();
    Role::find(text)
        .filter(|role| *role != Role::Public)
        .ok_or_else(|| format!("{text:?} is no role; there are {}", names.join(", ")))
}

pub(super) fn run(arguments: &TokenArguments) -> Result<u8, Failure> {
    let refused = |error: tokens::TokenError| Failure::question(error.to_string());
    match &arguments.action {
        Action::Add(wanted) => add(wanted),
        Action::List { place } => list(&place.folder()?),
        Action::Revoke { place, id } => {
            tokens::revoke(&place.folder()?, id, now()).map_err(refused)?;
            print(&format!("{id} is revoked\n"))?;
            Ok(0)
        }
    }
}

fn add(wanted: &AddArguments) -> Result<u8, Failure> {
    check(wanted)?;
    let certificate = wanted.certificate.as_deref().map(certificate).transpose()?;
    let now = now();
    let expires = Instant::from_unix(now.unix_seconds() + i64::from(wanted.days) * 86_400, 0);
    let token = tokens::Wanted {
        name: wanted.name.clone(),
        role: wanted.role,
        units: wanted.units.clone(),
        officer: wanted.officer.clone(),
        source: wanted.source.clone(),
        expires,
        certificate,
    };
    let made = tokens::add(&wanted.place.folder()?, token, now);
    let (text, id) = made.map_err(|error| Failure::question(error.to_string()))?;
    let until = expires.to_local();
    if text.is_empty() {
        eprintln!("nhip: whoever comes with this certificate has the token {id}, until {until}");
        return Ok(0);
    }
    eprintln!("nhip: token {id} is good until {until}; this is the only time it is shown");
    print(&format!("{text}\n"))?;
    Ok(0)
}

/// The bytes of the first certificate of a file: a sender's own stands before those that signed it.
fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = CertificateDer::from_pem_file(path);
    let refused =
        |error| Failure::question(format!("{}: {error}; it must be a certificate, PEM", path.display()));
    read.map(|certificate| certificate.to_vec()).map_err(refused)
}

/// What a role needs and what it cannot use.
fn check(wanted: &AddArguments) -> Result<(), Failure> {
    let role = wanted.role.name();
    let refuse = |why: String| Err(Failure::question(why));
    let texts = wanted.units.iter().chain(&wanted.officer).chain(&wanted.source).chain([&wanted.name]);
    if texts
        .clone()
        .any(|text| text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control))
    {
        return refuse(format!(
            "names, units and sources are 1 to {TEXT_BYTES_MAX} bytes without control characters"
        ));
    }
    if wanted.role.needs_units() && wanted.units.is_empty() {
        return refuse(format!("the role {role} sees nothing without --unit CODE"));
    }
    if (wanted.role == Role::Officer) != wanted.officer.is_some() {
        return refuse("--officer CODE goes with --role officer, and with no other".to_owned());
    }
    if (wanted.role == Role::Producer) != wanted.source.is_some() {
        return refuse("--source SOURCE goes with --role producer, and with no other".to_owned());
    }
    // A browser shows a certificate to whoever asks: with another role, a page elsewhere could use it.
    if wanted.certificate.is_some() && wanted.role != Role::Producer {
        return refuse("--certificate FILE goes with --role producer, and with no other".to_owned());
    }
    Ok(())
}

fn list(folder: &Path) -> Result<u8, Failure> {
    let tokens = tokens::read(folder).map_err(|error| Failure::question(error.to_string()))?;
    let now = now();
    let mut told = String::new();
    for token in &tokens {
        let state = match (&token.revoked, token.is_good(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "good",
            (None, false) => "expired",
        };
        let units = if token.units.is_empty() { "*".to_owned() } else { token.units.join(",") };
        let source = token.source.as_deref().or(token.officer.as_deref()).unwrap_or("-");
        let (id, role, expires, name) = (&token.id, token.role.name(), &token.expires, &token.name);
        let _ = writeln!(told, "{id}\t{state}\t{role}\t{units}\t{source}\t{expires}\t{name}");
    }
    print(&told)?;
    Ok(0)
}
