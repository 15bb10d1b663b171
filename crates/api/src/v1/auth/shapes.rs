//! What is sent to and answered by `/api/v1/auth`.

use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use taskhub_auth::Principal;
use taskhub_domain::{
    Error, Result,
    input::{folded, one_line, trimmed},
    policy::Role,
    tenant::{NewTenant, Tenant},
    user::{Login, NewUser, User},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A rule of garde: a secret of at most so many characters. What a new password must have beside is the hasher's to say.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn at_most<const MOST: usize>(secret: &SecretString, _: &()) -> garde::Result {
    if secret.expose_secret().chars().nth(MOST).is_none() {
        Ok(())
    } else {
        Err(garde::Error::new(format!("at most {MOST} characters are allowed")))
    }
}

/// A new organisation and its first admin.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The organisation.
    #[garde(dive)]
    organisation: NewTenant,
    /// Its first admin.
    #[garde(dive)]
    admin: Admin,
    /// The operator's invitation, where one is needed.
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    pub(super) invitation: Option<SecretString>,
}

/// The first admin of a new organisation.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct Admin {
    #[serde(deserialize_with = "folded")]
    #[garde(email, length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "ada@acme.example")]
    email: String,
    #[serde(deserialize_with = "folded")]
    #[garde(length(chars, min = 3, max = 64), pattern(r"^[a-z0-9._-]+$"))]
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    username: String,
    /// At least 10 characters; not a common one, and not the email or the name.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only, example = "wide-green-rivers")]
    password: SecretString,
    #[serde(default, deserialize_with = "trimmed")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(max_length = 100, example = "Ada")]
    first_name: String,
    #[serde(default, deserialize_with = "trimmed")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(max_length = 100, example = "Lovelace")]
    last_name: String,
}

impl Registration {
    pub(super) fn parts(self) -> (NewTenant, NewUser, Option<SecretString>) {
        let Admin { email, username, password, first_name, last_name } = self.admin;
        let admin = NewUser { email, username, password, first_name, last_name, role: Role::Admin };
        (self.organisation, admin, self.invitation)
    }
}

/// What was registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    pub(super) tenant: Tenant,
    pub(super) user: User,
}

/// A sign-in.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordGrant {
    /// `password`, as OAuth 2 clients say.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "password")]
    #[expect(dead_code, reason = "read to be refused when it is another grant")]
    grant_type: Option<GrantType>,
    /// The email; or else the username.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: Option<String>,
    /// The username, with `tenant`; an email is taken here too.
    #[serde(default)]
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254)]
    username: Option<String>,
    #[garde(custom(at_most::<128>))]
    #[schema(value_type = String, format = Password, max_length = 128, write_only, example = "wide-green-rivers")]
    password: SecretString,
    /// The organisation's slug.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63)]
    tenant: Option<String>,
}

/// The grant of a sign-in.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    Password,
}

impl PasswordGrant {
    pub(super) fn parts(self) -> Result<(Login, SecretString)> {
        let login = match (self.email, self.username, self.tenant) {
            (Some(email), None, tenant) => Login::Email(email, tenant),
            (None, Some(email), tenant) if email.contains('@') => Login::Email(email, tenant),
            (None, Some(username), Some(tenant)) => Login::Username(username, tenant),
            (None, Some(_), None) => {
                return Err(Error::field(
                    "/tenant",
                    "required",
                    "A username is one of an organisation: name it.",
                ));
            }
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
        Ok((login, self.password))
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

/// An access token and a refresh token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// A JWT (RFC 9068), for `Authorization: Bearer`.
    pub(super) access_token: String,
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// Seconds that the access token is good.
    #[schema(example = 900)]
    pub(super) expires_in: i64,
    /// Good once, for `POST /api/v1/auth/token/refresh`.
    pub(super) refresh_token: String,
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
