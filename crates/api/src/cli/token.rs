//! `taskhub token`.

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{
    input::Unchecked,
    service_account::{self, ServiceAccountInput},
    tenant,
};

use super::{operator, say};
use crate::{config::Settings, state::StartError};

/// The longest that such a token is good: a year.
const LONGEST: i64 = 366 * 86_400;

#[derive(Args, Debug)]
pub(super) struct Token {
    /// For a service of this tenant, by its slug
    #[arg(long, requires = "service", required_unless_present = "operator")]
    tenant: Option<String>,
    /// The service account's name; one that is not there is made, with the scopes that are named
    #[arg(long, requires = "tenant")]
    service: Option<String>,
    /// For an operator, who has no tenant
    #[arg(long, conflicts_with_all = ["tenant", "service", "scope"])]
    operator: bool,
    /// What the token may do of what the service may, as tasks:read,tasks:write; all of it when none is named
    #[arg(long, value_delimiter = ',')]
    scope: Vec<String>,
    /// Seconds that the token is good
    #[arg(long, default_value = "3600", value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    seconds: i64,
}

impl Token {
    pub(super) async fn run(self, settings: Settings) -> Result<(), StartError> {
        let (state, system) = operator(settings, "making a token").await?;
        let token = match (&self.tenant, &self.service) {
            (Some(slug), Some(name)) => {
                let ctx = system.within(tenant::by_slug(&state.repository, &system, slug).await?.id);
                let body = json!({ "name": name, "scopes": self.scope });
                let body = Unchecked::<ServiceAccountInput>::new(body);
                let write = state.repository.write(&ctx, (body, self.seconds), |tx, (body, seconds)| {
                    Box::pin(service_account::ensure(tx, body, *seconds))
                });
                state.mint(&write.await?)
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
        say(token.map_err(|problem| StartError::Setting(problem.to_string()))?.expose_secret())
    }
}
