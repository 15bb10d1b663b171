//! Token introspection (RFC 7662).
//!
//! Invariant: a token that the caller may not know about gets the same response as an invalid one.

use actix_web::{HttpResponse, post};
use serde::Serialize;
use taskhub_auth::{Kind, Principal};
use taskhub_domain::{
    Context, service_account,
    session::{self, Known},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{super::App, client::TokenHint};
use crate::http::{
    answer::Answered,
    extract::{Basic, Caller, FormOrJson, Origin},
    problem::{Code, Problem},
};

/// The state of a token and its claims (RFC 7662 section 2.2).
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether the token is valid now and the caller may know about it. If false, no other field
    /// is present.
    active: bool,
    /// The scopes of the token, separated by spaces. Absent if the token is not limited to scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tasks:read")]
    scope: Option<String>,
    /// The id of the service account that the token was issued to. Absent for a user's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<Uuid>,
    /// The username of the user. Absent for a service token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ada")]
    username: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, example = "Bearer")]
    token_type: Option<&'static str>,
    /// The time at which the token expires, in seconds since the Unix epoch. For a personal access
    /// token: the time until which this response is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// The time at which the token was issued, in seconds since the Unix epoch. For a personal
    /// access token: the time since which this response is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// The principal: `user:` or `service:` and an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "user:0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e")]
    sub: Option<String>,
    /// The audience of access tokens, as configured on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "taskhub")]
    aud: Option<String>,
    /// The issuer: the public URL of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://hub.example")]
    iss: Option<String>,
    /// The id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<Uuid>,
    /// The id of the organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant: Option<Uuid>,
    /// The role of the user: `admin`, `manager` or `member`. Absent for a service token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "member")]
    role: Option<String>,
}

impl Introspection {
    fn of(app: &App, token: &Principal, known: Known) -> Self {
        Self {
            active: true,
            scope: token.scopes().map(|scopes| scopes.join(" ")),
            client_id: (token.kind() == Kind::Service).then(|| token.id()),
            username: known.username,
            token_type: Some("Bearer"),
            exp: Some(token.expires_at()),
            iat: Some(token.issued_at()),
            sub: Some(format!("{}:{}", token.kind(), token.id())),
            aud: Some(app.settings.token_audience.clone()),
            iss: Some(app.public_url.clone()),
            jti: Some(token.token_id()),
            tenant: token.tenant(),
            role: token.role().map(str::to_owned),
        }
    }
}

/// Introspect a token
///
/// Reports whether an access token or a personal access token is valid now, and its claims
/// (RFC 7662). The caller authenticates with a bearer token or as a client, by HTTP Basic or in the
/// body. A user can introspect their own tokens. An admin and a service account can introspect all
/// tokens of the organisation. Any other token gets `{"active": false}`. A request with both a
/// bearer token and client credentials gets 400 `invalid_header`. The body is JSON or a form.
#[utoipa::path(
    tag = "auth",
    security((), ("token" = []), ("basic" = [])),
    request_body(content((TokenHint = "application/json"), (TokenHint = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The state of the token, and its claims if it is active.", body = Introspection),
    ),
)]
#[post("/token/introspect")]
pub(crate) async fn introspect_token(
    app: App,
    origin: Origin,
    caller: Option<Caller>,
    basic: Basic,
    body: FormOrJson<TokenHint>,
) -> Answered {
    let (token, given) = body.input.check()?.parts();
    let system = app.repository.system("introspecting a token", origin.0.clone());
    let ctx = match (caller, given.or(basic)?) {
        (Some(caller), None) => Context::clone(&caller),
        (None, Some(client)) => service_account::authenticate(&app.repository, &system, &client).await?,
        (None, None) => return Err(Code::Unauthenticated.into()),
        (Some(_), Some(_)) => {
            return Err(Problem::new(
                Code::InvalidHeader,
                "Authenticate with a bearer token or with client credentials, not with both.",
            ));
        }
    };
    let mut introspection = Introspection::default();
    if let Some(token) = app.who(&token, &origin.0).await?
        && let Some(known) = session::known(&app.repository, &ctx, &token).await?
    {
        introspection = Introspection::of(&app, &token, known);
    }
    Ok(HttpResponse::Ok().json(introspection))
}
