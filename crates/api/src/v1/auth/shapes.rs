//! What is sent to and answered by `/api/v1/auth`.

use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use taskhub_auth::Principal;
use taskhub_domain::{Error, Result, user::Login};
use utoipa::ToSchema;
use uuid::Uuid;

use super::client::InBody;

/// A rule of garde: a secret of at most so many characters. What a new password must have beside is the hasher's to say.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(super) fn at_most<const MOST: usize>(secret: &SecretString, _: &()) -> garde::Result {
    if secret.expose_secret().chars().nth(MOST).is_none() {
        Ok(())
    } else {
        Err(garde::Error::new(format!("must be at most {MOST} characters")))
    }
}

/// What a user or a service account signs in with.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// `password` for a user, also when it is absent; `client_credentials` for a service account.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "password")]
    grant_type: Option<GrantType>,
    /// The email; or else the username.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: Option<String>,
    /// The username; an email is accepted here too.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254)]
    username: Option<String>,
    #[serde(default)]
    #[garde(inner(custom(at_most::<128>)))]
    #[schema(value_type = Option<String>, format = Password, max_length = 128, write_only, example = "wide-green-rivers")]
    password: Option<SecretString>,
    /// The organisation's slug.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
    /// A code of the second factor, from the authenticator or a recovery code, where one is needed.
    #[serde(default)]
    #[garde(inner(custom(at_most::<64>)))]
    #[schema(value_type = Option<String>, max_length = 64, write_only, example = "123456")]
    code: Option<SecretString>,
    /// The service account's id.
    #[serde(default)]
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64)]
    client_id: Option<String>,
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    client_secret: Option<SecretString>,
    /// Some of the service account's scopes, with a space between; all of them when it is absent.
    #[serde(default)]
    #[garde(length(chars, max = 1000))]
    #[schema(max_length = 1000)]
    scope: Option<String>,
}

/// Who somebody says they are, and what they prove it with.
pub(super) struct Credentials {
    pub(super) login: Login,
    pub(super) password: SecretString,
    pub(super) code: Option<SecretString>,
}

/// The grant of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    Password,
    ClientCredentials,
}

/// Refuses the fields of one grant in another.
fn none_of<const N: usize>(fields: [(&str, bool); N]) -> Result<()> {
    match fields.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Error::field(format!("/{name}"), "other_grant", "This is not for this `grant_type`."))
        }
    }
}

impl TokenRequest {
    pub(super) fn is_a_client_s(&self) -> bool {
        self.grant_type == Some(GrantType::ClientCredentials)
    }

    /// The client's own credentials in the body, and the scopes that it asks for.
    pub(super) fn client(self) -> Result<(InBody, String)> {
        if !self.is_a_client_s() {
            let message = "Client credentials are for the grant `client_credentials`.";
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
                    "Give either an email or a username.",
                ));
            }
        };
        let password = self.password;
        let password =
            password.ok_or_else(|| Error::field("/password", "required", "A password is required."))?;
        Ok(Credentials { login, password, code: self.code })
    }
}

/// A refresh.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshGrant {
    #[garde(custom(at_most::<512>))]
    #[schema(value_type = String, max_length = 512, write_only)]
    pub(super) refresh_token: SecretString,
}

/// An access token, and a user's refresh token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// A JWT (RFC 9068), for `Authorization: Bearer`.
    pub(super) access_token: String,
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// Seconds that the access token is good.
    #[schema(example = 900)]
    pub(super) expires_in: i64,
    /// Good once, for `POST /api/v1/auth/token/refresh`. A service account gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) refresh_token: Option<String>,
    /// What a service account's token may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tasks:read tasks:write")]
    pub(super) scope: Option<String>,
}

/// A token to verify.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenToVerify {
    #[garde(custom(at_most::<4096>))]
    #[schema(value_type = String, max_length = 4096, write_only)]
    pub(super) token: SecretString,
}

/// What a token says.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introduction {
    /// Whether it is good at this moment. If not, nothing else is said.
    active: bool,
    /// A `user`, a `service` or an `operator`.
    #[schema(example = "user")]
    kind: Option<String>,
    id: Option<Uuid>,
    tenant: Option<Uuid>,
    role: Option<String>,
    scopes: Option<Vec<String>>,
    /// When it was issued and expires: seconds since the Unix epoch.
    iat: Option<i64>,
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

/// A change of one's password.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only)]
    pub(super) old_password: SecretString,
    /// At least 10 characters; not a common one, and not the email or the name.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only)]
    pub(super) new_password: SecretString,
}
