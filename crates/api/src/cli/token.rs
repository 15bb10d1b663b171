//! `taskhub token`.

use clap::Args;
use taskhub_auth::{Grant, Kind};
use taskhub_domain::tenant;

use super::{operator, say};
use crate::{config::Settings, state::StartError};

/// The longest that such a token is good: a year.
const LONGEST: i64 = 366 * 86_400;

#[derive(Args, Debug)]
pub(super) struct Token {
    /// For a service of this tenant, by its slug
    #[arg(long, required_unless_present = "operator")]
    tenant: Option<String>,
    /// For an operator, who has no tenant
    #[arg(long, conflicts_with_all = ["tenant", "scope"])]
    operator: bool,
    /// What the service may do, as tasks:read,tasks:write,projects:read
    #[arg(long, value_delimiter = ',')]
    scope: Vec<String>,
    /// Seconds that the token is good
    #[arg(long, default_value = "3600", value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    seconds: i64,
}

impl Token {
    pub(super) async fn run(self, settings: Settings) -> Result<(), StartError> {
        let (state, system) = operator(settings, "making a token").await?;
        let tenant = match &self.tenant {
            Some(slug) => Some(tenant::by_slug(&state.store, &system, slug).await?.id),
            None => None,
        };
        let grant = Grant {
            kind: if self.operator { Kind::Operator } else { Kind::Service },
            id: system.now().token_id(),
            tenant,
            role: None,
            scopes: (!self.operator).then_some(self.scope),
            session: None,
            lifetime: self.seconds,
        };
        let token = state.mint_grant(&grant).map_err(|problem| StartError::Setting(problem.to_string()))?;
        say(token);
        Ok(())
    }
}
