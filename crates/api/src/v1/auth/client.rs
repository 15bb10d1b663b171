//! OAuth clients: service accounts that authenticate with a client id and a secret, in the body or
//! by HTTP Basic (RFC 6749 section 2.3.1).
//!
//! Invariant: a request names its client once. Which secret is valid is decided in
//! [`service_account`]; this module does not know it.

use actix_web::HttpResponse;
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use taskhub_domain::{
    Error, Result,
    service_account::{self, Client},
};
use utoipa::ToSchema;

use super::{
    super::App,
    shapes::{TokenPair, TokenRequest, at_most},
};
use crate::http::{
    answer::Answered,
    extract::{Basic, Origin},
};

/// The client credentials in a body.
pub(super) struct InBody {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretString>,
}

impl InBody {
    /// The client of a request, from the body or from HTTP Basic. A request with both is refused.
    pub(super) fn or(self, basic: Basic) -> Result<Option<Client>> {
        match (basic.0, self.client_id, self.client_secret) {
            (None, None, None) => Ok(None),
            (None, Some(id), Some(secret)) => Ok(Some(Client { id, secret })),
            (Some(client), None, None) => Ok(Some(client)),
            // Some clients repeat their id in the body. That adds nothing.
            (Some(client), Some(id), None) if client.id == id => Ok(Some(client)),
            (None, None, Some(_)) => {
                Err(Error::field("/client_id", "required", "A client_id is required with a client_secret."))
            }
            (None, Some(_), None) => Err(Error::field(
                "/client_secret",
                "required",
                "A client_secret is required with a client_id.",
            )),
            (Some(_), _, _) => {
                let message = "Must be absent when the client authenticates by HTTP Basic.";
                Err(Error::field("/client_id", "twice", message))
            }
        }
    }
}

/// A token to revoke (RFC 7009) or to introspect (RFC 7662).
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenHint {
    /// The token.
    #[garde(custom(at_most::<4096>))]
    #[schema(value_type = String, max_length = 4096, write_only)]
    pub(super) token: SecretString,
    /// The kind of the token. TaskHub accepts this field and ignores it.
    #[serde(default)]
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64, example = "access_token")]
    token_type_hint: Option<String>,
    /// The client id (the id of the service account), if the client does not use HTTP Basic.
    #[serde(default)]
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64)]
    client_id: Option<String>,
    /// The client secret, if the client does not use HTTP Basic.
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    client_secret: Option<SecretString>,
}

impl TokenHint {
    pub(super) fn parts(self) -> (SecretString, InBody) {
        (self.token, InBody { client_id: self.client_id, client_secret: self.client_secret })
    }
}

/// The grant `client_credentials`.
pub(super) async fn create_token(app: &App, origin: Origin, basic: Basic, request: TokenRequest) -> Answered {
    let (given, scope) = request.client()?;
    let required = || {
        Error::field(
            "/client_id",
            "required",
            "A client_id and a client_secret are required, in the body or by HTTP Basic.",
        )
    };
    let client = given.or(basic)?.ok_or_else(required)?;
    // A dry run uses the secret too, so that the last use is recorded.
    let system = app.repository.system("signing in a service account", origin.0.clone().in_earnest());
    let longest = app.settings.access_token_seconds;
    let granted = service_account::exchange(&app.repository, &system, client, scope, longest).await?;
    Ok(HttpResponse::Ok().json(TokenPair {
        access_token: origin.0.shown(&app.mint(&granted)?),
        token_type: "Bearer",
        expires_in: granted.grant.lifetime,
        refresh_token: None,
        scope: Some(granted.grant.scopes.unwrap_or_default().join(" ")),
    }))
}
