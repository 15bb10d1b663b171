//! `taskhub token`.

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{
    Error, error,
    input::Unchecked,
    service_account::{self, ServiceAccountInput},
};

use super::{operator, say, within};
use crate::{config::Settings, state::StartError};

/// The longest lifetime of such a token in seconds: a year.
const LONGEST: i64 = 366 * 86_400;

#[derive(Args, Debug)]
pub(super) struct Token {
    /// The slug of the tenant of the service account
    #[arg(long, requires = "service", required_unless_present = "operator")]
    tenant: Option<String>,
    /// The name of the service account; with --scope, a missing one is created with these scopes
    #[arg(long, requires = "tenant")]
    service: Option<String>,
    /// Create the token for an operator, who has no tenant
    #[arg(long, conflicts_with_all = ["tenant", "service", "scope"])]
    operator: bool,
    /// The scopes of the token, such as tasks:read,tasks:write; default: all scopes of the service
    /// account
    #[arg(long, value_delimiter = ',')]
    scope: Vec<String>,
    /// The lifetime of the token in seconds
    #[arg(long, default_value = "3600", value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    seconds: i64,
}

impl Token {
    pub(super) async fn run(self, settings: Settings) -> Result<(), StartError> {
        let (state, system) = operator(settings, "creating a token").await?;
        let token = match (&self.tenant, &self.service) {
            (Some(slug), Some(name)) => {
                let ctx = within(&state, &system, slug).await?;
                let body = json!({ "name": name, "scopes": self.scope });
                let body = Unchecked::<ServiceAccountInput>::new(body);
                let write = state.repository.write(&ctx, (body, self.seconds), |tx, (body, seconds)| {
                    Box::pin(service_account::ensure(tx, body, *seconds))
                });
                state.mint(&write.await.map_err(|error| unknown(error, name))?)
            }
            _ => state.mint_grant(&Grant {
                kind: Kind::Operator,
                id: system.now().token_id(),
                tenant: None,
                role: None,
                scopes: None,
                session: None,
                lifetime: self.seconds,
            }),
        };
        say(token?.expose_secret())
    }
}

/// Explains that the service account does not exist.
fn unknown(error: Error, name: &str) -> StartError {
    match error.kind() {
        error::Kind::NotFound => StartError::Setting(format!(
            "The tenant has no service account \"{name}\". To create it, give its scopes with --scope."
        )),
        _ => error.into(),
    }
}
