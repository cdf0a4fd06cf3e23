//! Signing in at a provider of `OpenID` Connect: the code flow with PKCE, all of it on the server.
//!
//! `flow` is the way there and back, `provider` what is asked of the provider over HTTP, `token` whether a signed token is
//! good, `grants` what its claims make of somebody. A browser sees a code that is worth nothing without what the server
//! keeps, and never a token. Not here: sessions.

pub(in crate::serve) mod flow;
pub(crate) mod grants;
pub(in crate::serve) mod provider;
mod token;

use std::path::PathBuf;

use serde::Deserialize;

/// The table `[access.oidc]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The provider, as its tokens name it.
    pub(crate) issuer: String,
    /// The name this server has there.
    pub(crate) client_id: String,
    /// A file with this server's secret there; without it PKCE alone binds the code.
    #[serde(default)]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Who may have signed its certificate, PEM; without it the authorities browsers trust.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// What is asked for.
    #[serde(default = "scopes")]
    pub(crate) scopes: Vec<String>,
}

fn scopes() -> Vec<String> {
    ["openid", "profile"].map(str::to_owned).to_vec()
}
