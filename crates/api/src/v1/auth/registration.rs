//! The request and response of a registration.

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

/// A new user, in a new organisation or in an existing one.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// A new organisation. The user becomes its first admin.
    #[serde(default)]
    #[garde(dive)]
    organisation: Option<NewTenant>,
    /// The slug of an organisation that users can join without an invitation.
    #[serde(default)]
    #[garde(length(chars, max = 63))]
    #[schema(max_length = 63, example = "acme")]
    tenant: Option<String>,
    /// The token of an invitation to join an organisation, from the email. With `organisation`: the
    /// operator's invitation to register one, if the installation requires it.
    #[serde(default)]
    #[garde(inner(custom(at_most::<256>)))]
    #[schema(value_type = Option<String>, max_length = 256, write_only)]
    invitation: Option<SecretString>,
    /// The new user.
    #[garde(dive)]
    user: Account,
}

fn maybe_folded<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(|text| text.trim().to_lowercase()))
}

/// A new user who registers.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct Account {
    /// The email address, unique in the organisation and stored in lower case. Optional with an
    /// invitation; if sent, it must be the invited address.
    #[serde(default, deserialize_with = "maybe_folded")]
    #[garde(email, custom(reachable), length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "ada@acme.example")]
    email: Option<String>,
    /// The username, unique in the organisation and stored in lower case. Allowed are letters,
    /// digits, `.`, `_` and `-`.
    #[serde(deserialize_with = "folded")]
    #[garde(length(chars, min = 3, max = 64), pattern(r"^[a-z0-9._-]+$"))]
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    username: String,
    /// The password: 10 to 128 characters, not easy to guess, and not made of the user's email,
    /// username or names.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, write_only, example = "wide-green-rivers")]
    password: SecretString,
    /// The given name.
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Ada")]
    first_name: String,
    /// The family name.
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Lovelace")]
    last_name: String,
}

/// Where the user registers.
pub(super) enum Target {
    /// In a new organisation, with the operator's invitation if there is one.
    Organisation(NewTenant, Option<SecretString>),
    /// In the organisation of an invitation.
    Invitation(SecretString),
    /// In the organisation with a slug.
    Tenant(String),
}

impl Registration {
    /// The target and the new user. With an invitation the email may be empty.
    pub(super) fn parts(self) -> Result<(Target, NewUser)> {
        let Self { organisation, tenant, invitation, user } = self;
        let wrong = |pointer: &str, message: &str| Err(Error::field(pointer, "invalid_value", message));
        let (target, role) = match (organisation, tenant, invitation) {
            (Some(_), Some(_), _) => {
                return wrong("/tenant", "Must be absent when organisation is given.");
            }
            (None, Some(_), Some(_)) => {
                return wrong(
                    "/tenant",
                    "Must be absent when invitation is given: the invitation names the organisation.",
                );
            }
            (None, None, None) => {
                let message = "One of organisation, tenant and invitation is required.";
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

/// The result of a registration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    /// The organisation.
    pub(super) tenant: Tenant,
    /// The new user.
    pub(super) user: User,
}
