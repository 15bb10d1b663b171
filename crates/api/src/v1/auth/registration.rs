//! What is sent to and answered by registering.

use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use taskhub_domain::{
    Error, Result,
    input::{folded, one_line, reachable, trimmed},
    policy::Role,
    tenant::{NewTenant, Tenant},
    user::{NewUser, User},
};
use utoipa::ToSchema;

use super::shapes::at_most;

/// A new account, and what it is in: a new organisation, the one of an invitation, or one that lets people join.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// A new organisation, of which the user is the first admin.
    #[serde(default)]
    #[garde(dive)]
    organisation: Option<NewTenant>,
    /// The slug of an organisation that lets people join.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63, example = "acme")]
    tenant: Option<String>,
    /// An invitation to join an organisation, from a mail. With `organisation` the operator's, where one is needed.
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    invitation: Option<SecretString>,
    /// The user.
    #[garde(dive)]
    user: Account,
}

fn maybe_folded<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(|text| text.trim().to_lowercase()))
}

/// A new user.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct Account {
    /// The email; with an invitation it is the one that was invited, and can be left out.
    #[serde(default, deserialize_with = "maybe_folded")]
    #[garde(email, custom(reachable), length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "ada@acme.example")]
    email: Option<String>,
    #[serde(deserialize_with = "folded")]
    #[garde(length(chars, min = 3, max = 64), pattern(r"^[a-z0-9._-]+$"))]
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    username: String,
    /// At least 10 characters; not a common one, and not the email or the name.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only, example = "wide-green-rivers")]
    password: SecretString,
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Ada")]
    first_name: String,
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Lovelace")]
    last_name: String,
}

/// What a registration is to.
pub(super) enum Target {
    /// A new organisation, with the operator's invitation if there is one.
    Organisation(NewTenant, Option<SecretString>),
    /// The organisation of an invitation.
    Invitation(SecretString),
    /// The organisation with a slug.
    Tenant(String),
}

impl Registration {
    /// What it is to, and the user; one whose email the invitation knows may have none.
    pub(super) fn parts(self) -> Result<(Target, NewUser)> {
        let Self { organisation, tenant, invitation, user } = self;
        let wrong = |pointer: &str, message: &str| Err(Error::field(pointer, "invalid_value", message));
        let (target, role) = match (organisation, tenant, invitation) {
            (Some(_), Some(_), _) => {
                return wrong("/tenant", "Name either a new organisation or one to join.");
            }
            (None, Some(_), Some(_)) => {
                return wrong("/tenant", "The invitation says which organisation it is to.");
            }
            (None, None, None) => {
                let message = "A new organisation, one to join, or an invitation is required.";
                return Err(Error::field("/organisation", "required", message));
            }
            (Some(new), None, invitation) => (Target::Organisation(new, invitation), Role::Admin),
            (None, None, Some(invitation)) => (Target::Invitation(invitation), Role::Member),
            (None, Some(slug), None) => (Target::Tenant(slug.trim().to_lowercase()), Role::Member),
        };
        let Account { email, username, password, first_name, last_name } = user;
        if email.is_none() && !matches!(target, Target::Invitation(_)) {
            return Err(Error::field("/user/email", "required", "This field is required."));
        }
        let email = email.unwrap_or_default();
        let new = NewUser {
            email,
            username,
            password: Some(password),
            first_name,
            last_name,
            phone: None,
            address: None,
            role,
            is_active: true,
        };
        Ok((target, new))
    }
}

/// What was registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    pub(super) tenant: Tenant,
    pub(super) user: User,
}
