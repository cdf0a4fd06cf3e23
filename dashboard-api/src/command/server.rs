//! Asking a running server from the command line.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::Failure;

/// Which server.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerArgument {
    /// The running server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7660", global = true)]
    server: String,
    /// A file with a token, for a server that asks; `NHIP_TOKEN` holds the token itself
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

impl ServerArgument {
    /// The body of `GET path`.
    pub(crate) fn get(&self, path: &str) -> Result<String, Failure> {
        let asked = agent().get(format!("{}{path}", self.server));
        self.read(self.with_token(asked)?.call())
    }

    /// The body of the answer to `POST path`.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<String, Failure> {
        let asked = agent().post(format!("{}{path}", self.server));
        self.read(self.with_token(asked)?.send(body))
    }

    /// The body of the answer to `POST path` with a body of a type.
    pub(crate) fn post_as(&self, path: &str, kind: &str, body: &[u8]) -> Result<String, Failure> {
        let url = format!("{}{path}", self.server);
        self.read(self.with_token(agent().post(url))?.header("content-type", kind).send(body))
    }

    fn with_token<Kind>(
        &self,
        asked: ureq::RequestBuilder<Kind>,
    ) -> Result<ureq::RequestBuilder<Kind>, Failure> {
        let token =
            match &self.token_file {
                None => std::env::var("NHIP_TOKEN").ok(),
                Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
                    Failure::question(format!("{} cannot be read: {error}", file.display()))
                })?),
            };
        Ok(match token.as_deref().map(str::trim).filter(|token| !token.is_empty()) {
            None => asked,
            Some(token) => asked.header("authorization", format!("Bearer {token}")),
        })
    }

    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<String, Failure> {
        let said = |error: ureq::Error| {
            Failure::question(format!(
                "{} does not answer ({error}); is nhip serve running there?",
                self.server
            ))
        };
        let mut answer = answer.map_err(said)?;
        let text = answer.body_mut().read_to_string().map_err(said)?;
        if answer.status().is_success() {
            return Ok(text);
        }
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        let detail = problem["detail_en"].as_str().unwrap_or("it did not say why");
        Err(Failure::question(format!("the server refused ({}): {detail}", answer.status().as_u16())))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_mins(10)))
        .build()
        .new_agent()
}
