//! The request bodies for users: a new user, an update by an admin, and the profile.

use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Preferences, User};
use crate::{
    Date,
    kernel::{
        input::{folded, language_tag, one_line, reachable, trimmed, zone_name},
        policy::Role,
        repository::{Birth, json::AsJson},
    },
};

/// A new user.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The email address, unique in the organisation and stored in lower case. Its domain must be
    /// able to receive email.
    #[serde(deserialize_with = "folded")]
    #[garde(email, custom(reachable), length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "grace@acme.example")]
    pub email: String,
    /// The username, unique in the organisation and stored in lower case. Allowed are letters,
    /// digits, `.`, `_` and `-`.
    #[serde(deserialize_with = "folded")]
    #[garde(length(chars, min = 3, max = 64), pattern(r"^[a-z0-9._-]+$"))]
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "grace")]
    pub username: String,
    /// The password: 10 to 128 characters, not easy to guess, and not made of the user's email,
    /// username or names. Without a password, the user gets a link by email to choose one.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password, min_length = 10, max_length = 128, write_only, example = "wide-green-rivers")]
    pub password: Option<SecretString>,
    /// The given name.
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Grace")]
    pub first_name: String,
    /// The family name.
    #[serde(default, deserialize_with = "trimmed::<_, 100>")]
    #[garde(length(chars, max = 100), custom(one_line))]
    #[schema(format = "line", max_length = 100, example = "Hopper")]
    pub last_name: String,
    /// The telephone number.
    #[serde(default)]
    #[garde(length(chars, max = 32), custom(one_line))]
    #[schema(format = "line", max_length = 32, example = "+44 20 7946 0000")]
    pub phone: Option<String>,
    /// The postal address.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    pub address: Option<String>,
    /// The role of the user. Default: `member`.
    #[serde(default = "member")]
    #[garde(skip)]
    #[schema(default = "member")]
    pub role: Role,
    /// Whether the user has access to the organisation. An inactive user gets no email. Default:
    /// `true`.
    #[serde(default = "active")]
    #[garde(skip)]
    #[schema(default = true)]
    pub is_active: bool,
}

fn member() -> Role {
    Role::Member
}

fn active() -> bool {
    true
}

impl NewUser {
    pub(super) fn into_row(self, born: Birth, password_hash: String) -> User {
        User {
            tenant_id: born.tenant,
            id: born.id,
            email: self.email,
            username: self.username,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            address: self.address,
            date_of_birth: None,
            time_zone: None,
            locale: None,
            role: self.role,
            is_active: self.is_active,
            last_login_at: None,
            password_hash,
            created_at: born.at,
            updated_at: born.at,
            version: 1,
            email_verified_at: None,
            picture: None,
            notification_preferences: AsJson::default(),
            search: String::new(),
            must_verify_email: false,
        }
    }

    /// The personal data that a password must not be made of.
    pub fn personal(&self) -> Vec<String> {
        vec![self.email.clone(), self.username.clone(), self.first_name.clone(), self.last_name.clone()]
    }
}

/// The fields of a user that an admin can write.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    /// The email address, unique in the organisation and stored in lower case. A new address must
    /// be verified again.
    #[serde(deserialize_with = "folded")]
    #[garde(email, length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "ada@acme.example")]
    email: String,
    /// The username, unique in the organisation and stored in lower case. Allowed are letters,
    /// digits, `.`, `_` and `-`.
    #[serde(deserialize_with = "folded")]
    #[garde(length(chars, min = 3, max = 64), pattern(r"^[a-z0-9._-]+$"))]
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "ada")]
    username: String,
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
    /// The telephone number, or null.
    #[serde(default)]
    #[garde(length(chars, max = 32), custom(one_line))]
    #[schema(format = "line", max_length = 32, example = "+44 20 7946 0000")]
    phone: Option<String>,
    /// The postal address, or null.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    address: Option<String>,
    /// The date of birth (years 0001 to 9999), or null.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "1815-12-10")]
    date_of_birth: Option<Date>,
    /// The time zone, a name of the IANA database, or null for that of the organisation.
    #[serde(default)]
    #[garde(length(chars, max = 64), custom(zone_name))]
    #[schema(format = "time-zone", max_length = 64, example = "Europe/London")]
    time_zone: Option<String>,
    /// The language, a tag of RFC 5646, or null.
    #[serde(default)]
    #[garde(length(chars, max = 35), custom(language_tag))]
    #[schema(format = "language-tag", max_length = 35, example = "en")]
    locale: Option<String>,
    /// The role of the user.
    #[garde(skip)]
    role: Role,
    /// Whether the user has access to the organisation. Default: `true`.
    #[serde(default = "active")]
    #[garde(skip)]
    is_active: bool,
}

impl From<&User> for UserInput {
    fn from(row: &User) -> Self {
        Self {
            email: row.email.clone(),
            username: row.username.clone(),
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            phone: row.phone.clone(),
            address: row.address.clone(),
            date_of_birth: row.date_of_birth,
            time_zone: row.time_zone.clone(),
            locale: row.locale.clone(),
            role: row.role,
            is_active: row.is_active,
        }
    }
}

impl UserInput {
    pub(super) fn into_row(self, old: User) -> User {
        let Self {
            email,
            username,
            first_name,
            last_name,
            phone,
            address,
            date_of_birth,
            time_zone,
            locale,
            role,
            is_active,
        } = self;
        User {
            // A new address has to be verified again.
            email_verified_at: old.email_verified_at.filter(|_| email == old.email),
            email,
            username,
            first_name,
            last_name,
            phone,
            address,
            date_of_birth,
            time_zone,
            locale,
            role,
            is_active,
            ..old
        }
    }
}

/// The fields of a user that the user can write.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileInput {
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
    /// The telephone number, or null.
    #[serde(default)]
    #[garde(length(chars, max = 32), custom(one_line))]
    #[schema(format = "line", max_length = 32, example = "+44 20 7946 0000")]
    phone: Option<String>,
    /// The postal address, or null.
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    address: Option<String>,
    /// The date of birth (years 0001 to 9999), or null.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "1815-12-10")]
    date_of_birth: Option<Date>,
    /// The time zone, a name of the IANA database, or null for that of the organisation.
    #[serde(default)]
    #[garde(length(chars, max = 64), custom(zone_name))]
    #[schema(format = "time-zone", max_length = 64, example = "Europe/London")]
    time_zone: Option<String>,
    /// The language, a tag of RFC 5646, or null.
    #[serde(default)]
    #[garde(length(chars, max = 35), custom(language_tag))]
    #[schema(format = "language-tag", max_length = 35, example = "en")]
    locale: Option<String>,
    /// The channels for each kind of notification, and the quiet hours.
    #[serde(default)]
    #[garde(dive)]
    notification_preferences: Preferences,
}

impl From<&User> for ProfileInput {
    fn from(row: &User) -> Self {
        Self {
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            phone: row.phone.clone(),
            address: row.address.clone(),
            date_of_birth: row.date_of_birth,
            time_zone: row.time_zone.clone(),
            locale: row.locale.clone(),
            notification_preferences: row.notification_preferences.0.clone(),
        }
    }
}

impl ProfileInput {
    pub(super) fn into_row(self, old: User) -> User {
        let Self {
            first_name,
            last_name,
            phone,
            address,
            date_of_birth,
            time_zone,
            locale,
            notification_preferences,
        } = self;
        let notification_preferences = AsJson(notification_preferences);
        User {
            first_name,
            last_name,
            phone,
            address,
            date_of_birth,
            time_zone,
            locale,
            notification_preferences,
            ..old
        }
    }
}
