//! Learning of a token (RFC 7662).

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
use crate::{
    answer::Answered,
    extract::{Basic, Caller, FormOrJson, Origin},
    problem::{Code, Problem},
};

/// What a token says (RFC 7662 section 2.2).
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether it is good at this moment, and the caller's to know of. If not, nothing else is said.
    active: bool,
    /// Its scopes, with a space between; absent when it is not narrowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tasks:read")]
    scope: Option<String>,
    /// The service account that it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<Uuid>,
    /// The name of the user whom it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ada")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, example = "Bearer")]
    token_type: Option<&'static str>,
    /// When it expires and was issued: seconds since the Unix epoch. Of a personal access token, until and since when this answer can be relied upon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// Whom it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "user:0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "taskhub")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://hub.example")]
    iss: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<Uuid>,
    /// The organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant: Option<Uuid>,
    /// The user's role.
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
/// What an access token, or a personal one, says and whether it is good at this moment (RFC 7662). The caller shows a bearer token of their
/// own, or is a client that says who it is, in the body or as Basic. Users learn of their own tokens; admins and service accounts of all of
/// their organisation's. JSON or a form.
#[utoipa::path(tag = "auth", security((), ("token" = []), ("basic" = [])), request_body(content((TokenHint = "application/json"), (TokenHint = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "What it says, when it is good.", body = Introspection),
))]
#[post("/token/introspect")]
pub(crate) async fn introspect_token(
    app: App,
    origin: Origin,
    caller: Option<Caller>,
    basic: Basic,
    body: FormOrJson<TokenHint>,
) -> Answered {
    let (token, given) = body.input.check()?.parts();
    let system = app.store.system("introspecting a token", origin.0.clone());
    let ctx = match (caller, given.or(basic)?) {
        (Some(caller), None) => Context::clone(&caller),
        (None, Some(client)) => service_account::authenticate(&app.store, &system, &client).await?,
        (None, None) => return Err(Code::Unauthenticated.into()),
        (Some(_), Some(_)) => {
            return Err(Problem::new(
                Code::InvalidHeader,
                "The caller says who it is twice: once is enough.",
            ));
        }
    };
    let mut told = Introspection::default();
    if let Some(token) = app.who(&token, &origin.0).await?
        && let Some(known) = session::known(&app.store, &ctx, &token).await?
    {
        told = Introspection::of(&app, &token, known);
    }
    Ok(HttpResponse::Ok().json(told))
}
