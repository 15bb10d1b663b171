//! Requests and responses of `/api/v1/auth`.

use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use taskhub_auth::Principal;
use taskhub_domain::{Error, Result, user::Login};
use utoipa::ToSchema;
use uuid::Uuid;

use super::client::InBody;

/// A garde rule: the most characters of a secret. The hasher checks the strength of a new password.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(super) fn at_most<const MOST: usize>(secret: &SecretString, _: &()) -> garde::Result {
    if secret.expose_secret().chars().nth(MOST).is_none() {
        Ok(())
    } else {
        Err(garde::Error::new(format!("must be at most {MOST} characters")))
    }
}

/// The credentials of a user or of a service account.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// `password` for a user, `client_credentials` for a service account. Default: `password`.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "password")]
    grant_type: Option<GrantType>,
    /// The email address of the user. Required unless `username` is given.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: Option<String>,
    /// The username, or the email address. Required unless `email` is given.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254)]
    username: Option<String>,
    /// The password of the user. Required for the grant `password`.
    #[serde(default)]
    #[garde(inner(custom(at_most::<128>)))]
    #[schema(value_type = Option<String>, format = Password, max_length = 128, write_only, example = "wide-green-rivers")]
    password: Option<SecretString>,
    /// The slug of the organisation. Required if the credentials match in several organisations.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
    /// A code of the authenticator, or a recovery code. Required if the user has a second factor.
    #[serde(default)]
    #[garde(inner(custom(at_most::<64>)))]
    #[schema(value_type = Option<String>, max_length = 64, write_only, example = "123456")]
    code: Option<SecretString>,
    /// The client id: the id of the service account. For the grant `client_credentials`, unless the
    /// client uses HTTP Basic.
    #[serde(default)]
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64)]
    client_id: Option<String>,
    /// The client secret. For the grant `client_credentials`, unless the client uses HTTP Basic.
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    client_secret: Option<SecretString>,
    /// The requested scopes, separated by spaces, for the grant `client_credentials`. Default: all
    /// scopes of the service account.
    #[serde(default)]
    #[garde(length(chars, max = 1000))]
    #[schema(max_length = 1000)]
    scope: Option<String>,
}

/// The login of a user and what proves it.
pub(super) struct Credentials {
    pub(super) login: Login,
    pub(super) password: SecretString,
    pub(super) code: Option<SecretString>,
}

/// The OAuth 2 grant type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    Password,
    ClientCredentials,
}

/// Refuses the fields of one grant in a request for another.
fn none_of<const N: usize>(fields: [(&str, bool); N]) -> Result<()> {
    match fields.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Error::field(format!("/{name}"), "other_grant", "Must be absent with this grant_type."))
        }
    }
}

impl TokenRequest {
    pub(super) fn is_a_client_s(&self) -> bool {
        self.grant_type == Some(GrantType::ClientCredentials)
    }

    /// The client credentials in the body, and the requested scopes.
    pub(super) fn client(self) -> Result<(InBody, String)> {
        if !self.is_a_client_s() {
            let message = "Must be client_credentials when the client authenticates by HTTP Basic.";
            return Err(Error::field("/grant_type", "other_grant", message));
        }
        none_of([
            ("email", self.email.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("tenant", self.tenant.is_some()),
            ("code", self.code.is_some()),
        ])?;
        let given = InBody { client_id: self.client_id, client_secret: self.client_secret };
        Ok((given, self.scope.unwrap_or_default()))
    }

    pub(super) fn parts(self) -> Result<Credentials> {
        none_of([
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("scope", self.scope.is_some()),
            ("grant_type", self.is_a_client_s()),
        ])?;
        let login = match (self.email, self.username, self.tenant) {
            (Some(email), None, tenant) => Login::Email(email, tenant),
            (None, Some(email), tenant) if email.contains('@') => Login::Email(email, tenant),
            (None, Some(username), tenant) => Login::Username(username, tenant),
            (None, None, _) => {
                return Err(Error::field("/email", "required", "An email or a username is required."));
            }
            (Some(_), Some(_), _) => {
                return Err(Error::field(
                    "/username",
                    "invalid_value",
                    "Must be absent when email is given.",
                ));
            }
        };
        let password = self.password;
        let password =
            password.ok_or_else(|| Error::field("/password", "required", "A password is required."))?;
        Ok(Credentials { login, password, code: self.code })
    }
}

/// A request for new tokens.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshGrant {
    /// The refresh token of the session.
    #[garde(custom(at_most::<512>))]
    #[schema(value_type = String, max_length = 512, write_only)]
    pub(super) refresh_token: SecretString,
}

/// An access token and, for a user, a refresh token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// The access token, a JWT (RFC 9068), for the header `Authorization: Bearer`.
    pub(super) access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// The lifetime of the access token, in seconds.
    #[schema(example = 900)]
    pub(super) expires_in: i64,
    /// The refresh token, for one call of `POST /api/v1/auth/token/refresh`. Absent for a service
    /// account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) refresh_token: Option<String>,
    /// The scopes of a service account's token, separated by spaces. Absent for a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tasks:read tasks:write")]
    pub(super) scope: Option<String>,
}

/// A token to verify.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenToVerify {
    /// An access token or a personal access token.
    #[garde(custom(at_most::<4096>))]
    #[schema(value_type = String, max_length = 4096, write_only)]
    pub(super) token: SecretString,
}

/// The state of a token and its claims.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introduction {
    /// Whether the token is valid now. If false, all other fields are null.
    active: bool,
    /// The kind of principal: `user`, `service` or `operator`.
    #[schema(example = "user")]
    kind: Option<String>,
    /// The id of the user, the service account or the operator.
    id: Option<Uuid>,
    /// The id of the organisation. Null for an operator.
    tenant: Option<Uuid>,
    /// The role of the user: `admin`, `manager` or `member`. Null for a service account or an
    /// operator.
    role: Option<String>,
    /// The scopes of the token. Null if the token is not limited to scopes.
    scopes: Option<Vec<String>>,
    /// The time at which the token was issued, in seconds since the Unix epoch.
    iat: Option<i64>,
    /// The time at which the token expires, in seconds since the Unix epoch.
    exp: Option<i64>,
}

impl Introduction {
    pub(super) fn of(principal: Option<&Principal>) -> Self {
        let Some(principal) = principal else { return Self::default() };
        Self {
            active: true,
            kind: Some(principal.kind().as_str().to_owned()),
            id: Some(principal.id()),
            tenant: principal.tenant(),
            role: principal.role().map(str::to_owned),
            scopes: principal.scopes().map(<[String]>::to_vec),
            iat: Some(principal.issued_at()),
            exp: Some(principal.expires_at()),
        }
    }
}

/// A change of the caller's password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The current password.
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    pub(super) old_password: SecretString,
    /// The new password: 10 to 128 characters, not easy to guess, and not made of the user's email,
    /// username or names.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only)]
    pub(super) new_password: SecretString,
}
