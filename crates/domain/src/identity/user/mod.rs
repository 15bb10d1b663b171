//! Users: the people of a tenant, their profiles and their roles.
//!
//! Invariant: a tenant always has at least one active admin. Changes that could remove the last one
//! run one at a time.

mod history;
mod import;
mod input;
mod join;
mod preferences;
mod recovery;
mod sign_in;
mod standing;

use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::standing::{is_admin, other_admin, refer_active};
pub use self::{
    history::history,
    import::{
        Import, ImportReport, ImportStatus, ImportedUser, analyze as analyze_imported, check as check_import,
        import,
    },
    input::{NewUser, ProfileInput, UserInput},
    join::{join, joinable},
    preferences::{Channel, Preferences},
    recovery::{request_reset, request_verification, reset_password, verify_email},
    sign_in::{Candidate, Login, MOST_CANDIDATES, candidates},
    standing::{set_active, update},
};
pub use crate::kernel::repository::people::RemovedUser;
use crate::{
    Context, Repository, Result, Scope, Timestamp, Tx,
    identity::{
        access_token, link,
        mail::{self, Mail},
        session,
        tenant::Tenant,
    },
    kernel::{
        audit::Past,
        change::ChangeType,
        error::Kind,
        input::Unchecked,
        list::{self, Filter, Form, Page, Query, Sort},
        policy::{self, Action, Relation, Relations, Role},
        repository::{
            Access, Listed, Precondition, Read, ReadPrivate, Resource, Stored, Unique, Update, UpdateProfile,
            entity, json::AsJson,
        },
        scopes,
    },
};
use taskhub_migration::text::user_search;

entity! {
    /// A user with all fields, for admins and the user.
    pub struct User in "user", shown {
        /// The email address, unique in the organisation and in lower case.
        #[schema(example = "ada@acme.example")]
        pub email: String,
        /// The username, unique in the organisation and in lower case.
        #[schema(example = "ada")]
        pub username: String,
        /// The given name. Empty if it is unknown.
        #[schema(example = "Ada")]
        pub first_name: String,
        /// The family name. Empty if it is unknown.
        #[schema(example = "Lovelace")]
        pub last_name: String,
        /// The telephone number, or null.
        pub phone: Option<String>,
        /// The postal address, or null.
        pub address: Option<String>,
        /// The date of birth, or null.
        pub date_of_birth: Option<Date>,
        /// The time zone, a name of the IANA database, or null for that of the organisation.
        pub time_zone: Option<String>,
        /// The language, a tag of RFC 5646, or null.
        pub locale: Option<String>,
        /// The role of the user.
        pub role: Role,
        /// Whether the user has access to the organisation.
        pub is_active: bool,
        /// The date and time (UTC) of the last sign-in, or null if the user never signed in.
        pub last_login_at: Option<Timestamp>,
        /// The Argon2id hash, as a PHC string. Never returned.
        #[serde(skip)]
        pub password_hash: String,
        ..stamps,
        /// The date and time (UTC) at which the email address was verified, or null if it was not.
        pub email_verified_at: Option<Timestamp>,
        /// The path of the user's picture, or null if there is none.
        #[schema(example = "/api/v1/users/0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e/picture")]
        pub picture: Option<String>,
        /// The channels for each kind of notification, and the quiet hours.
        #[schema(value_type = Preferences)]
        pub notification_preferences: AsJson<Preferences>,
        /// The folded names, for searches. Never returned.
        #[serde(skip)]
        pub search: String,
        /// Whether the user must verify their email before signing in, whatever the settings of the
        /// tenant. This holds for users who joined by the domain of an email address. Never
        /// returned.
        #[serde(skip)]
        pub must_verify_email: bool,
    }
}

impl Resource for User {
    const TYPE: policy::ResourceType = policy::ResourceType::User;
    type Parent = ();
}

impl Access for User {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        Ok(Relations::default().with(Relation::Oneself, scope.ctx().user() == Some(self.id)))
    }

    fn affects_visibility(column: entity::Column) -> bool {
        matches!(column, entity::Column::Role)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::Oneself).then(|| Condition::all().add(entity::Column::Id.eq(ctx.user())))
    }
}

impl Stored for User {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "password_hash", "search", "must_verify_email"];
    const IN_USE: Option<&'static str> = Some(
        "The user still has projects, teams, tasks, requests, documents or invitations. Give the id of the user \
         who takes them over in transfer_to, or deactivate the user instead.",
    );

    fn derived(mut self) -> Self {
        self.search = user_search([&self.username, &self.first_name, &self.last_name]);
        self
    }

    fn uniques() -> &'static [Unique] {
        &[
            Unique { index: "user_email_key", columns: "user.email", field: "email" },
            Unique { index: "user_username_key", columns: "user.username", field: "username" },
        ]
    }
}

impl Listed for User {
    type Item = Self;

    /// The fields that everybody may see.
    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "q", form: Form::Search, column: Column::Search },
            Filter { name: "role", form: Form::Words(&["admin", "manager", "member"]), column: Column::Role },
            Filter { name: "is_active", form: Form::Flag, column: Column::IsActive },
            Filter { name: "username", form: Form::Text, column: Column::Username },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    /// The email is stored folded, as a search requires.
    fn private_filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "q", form: Form::Search, column: Column::Email },
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "date_of_birth", form: Form::Date, column: Column::DateOfBirth },
            Filter { name: "last_login_at", form: Form::Timestamp, column: Column::LastLoginAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "username", column: "username", key: |row| (&row.username).into() },
            Sort { name: "last_name", column: "last_name", key: |row| (&row.last_name).into() },
        ]
    }
}

impl Scope {
    /// The same scope as another user of the tenant sees it, whatever the caller may see.
    pub(crate) fn seen_by(&self, user: &User) -> Self {
        self.seen_in(self.ctx().seen_by(user.id, user.role))
    }
}

/// A user with the fields of the directory, for everybody in the organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DirectoryEntry {
    /// The id of the user.
    id: Uuid,
    /// The username, unique in the organisation.
    #[schema(example = "ada")]
    username: String,
    /// The given name. Empty if it is unknown.
    #[schema(example = "Ada")]
    first_name: String,
    /// The family name. Empty if it is unknown.
    #[schema(example = "Lovelace")]
    last_name: String,
    /// The role of the user.
    role: Role,
    /// Whether the user has access to the organisation.
    is_active: bool,
    /// The date and time (UTC) at which the user was created.
    created_at: Timestamp,
    /// The date and time (UTC) of the last change.
    updated_at: Timestamp,
    /// The version of the user, for `If-Match`.
    version: i64,
    /// The path of the user's picture, or null if there is none.
    picture: Option<String>,
}

/// A user with the fields that the caller may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum UserView {
    /// All fields, for admins and the user.
    Full(Box<User>),
    /// The fields of the directory, for everybody else.
    Directory(DirectoryEntry),
}

impl UserView {
    fn of(ctx: &Context, user: User) -> Self {
        let relations = Relations::default().with(Relation::Oneself, ctx.user() == Some(user.id));
        if policy::authorize(ctx, policy::ResourceType::User, Action::ReadPrivate, relations).is_ok() {
            return Self::Full(Box::new(user));
        }
        let User {
            id,
            username,
            first_name,
            last_name,
            role,
            is_active,
            created_at,
            updated_at,
            version,
            picture,
            ..
        } = user;
        Self::Directory(DirectoryEntry {
            id,
            username,
            first_name,
            last_name,
            role,
            is_active,
            created_at,
            updated_at,
            version,
            picture,
        })
    }

    /// The version of the row.
    pub fn version(&self) -> i64 {
        match self {
            Self::Full(user) => user.version,
            Self::Directory(entry) => entry.version,
        }
    }
}

/// The caller as a user, and whether notifications can be sent to them by email.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Profile {
    /// The caller as a user.
    #[serde(flatten)]
    pub user: User,
    /// Whether notifications with the channel `mail` are sent by email. If false, they only go to
    /// the inbox.
    pub mail_deliverable: bool,
    /// The reason why no email is sent, or null if email is sent.
    #[schema(example = "email_unverified")]
    pub mail_undeliverable_reason: Option<Undeliverable>,
}

/// The reason why no notifications are sent to a user by email.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undeliverable {
    /// The email address is not verified yet.
    EmailUnverified,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        let mail_deliverable = user.takes_mail();
        let reason = Undeliverable::EmailUnverified;
        Self { user, mail_deliverable, mail_undeliverable_reason: (!mail_deliverable).then_some(reason) }
    }
}

/// The users of the tenant.
///
/// # Errors
/// List errors.
pub async fn list(repository: &Repository, ctx: &Context, query: &Query) -> Result<Page<UserView>> {
    let page = list::page::<User>(repository, &repository.read(ctx), query, list::Within::all()).await?;
    let Page { count, results, next, previous, fields } = page;
    let results = results.into_iter().map(|user| UserView::of(ctx, user)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// Some users of the tenant with all fields, from a cursor, for an export.
///
/// # Errors
/// `Forbidden`, and list errors.
pub async fn export(
    repository: &Repository,
    ctx: &Context,
    query: &Query,
    cursor: String,
) -> Result<Page<User>> {
    policy::authorize(ctx, policy::ResourceType::User, Action::ReadPrivate, Relations::default())?;
    let mut query = query.clone();
    query.0.extend([("cursor".to_owned(), cursor), ("page_size".to_owned(), "200".to_owned())]);
    list::page::<User>(repository, &repository.read(ctx), &query, list::Within::all()).await
}

/// A user, with the fields that the caller may see.
///
/// # Errors
/// `NotFound`.
pub async fn get(repository: &Repository, ctx: &Context, id: Uuid) -> Result<UserView> {
    let user = repository.read(ctx).resolve(id, Read).await?.into_row();
    Ok(UserView::of(ctx, user))
}

/// A user at a time in the past, with the fields that the caller may see now.
///
/// # Errors
/// Those of [`Past::shown_at`].
pub async fn get_at(
    repository: &Repository,
    ctx: &Context,
    id: Uuid,
    at: Timestamp,
) -> Result<serde_json::Value> {
    let past = Past::<User>::of(repository, ctx, id).await?;
    past.shown_at(&UserView::of(ctx, past.row().clone()), at).await
}

/// The caller as a user.
///
/// # Errors
/// `Forbidden` for a service, which has no profile.
pub async fn profile(repository: &Repository, ctx: &Context) -> Result<User> {
    let id = ctx.user().ok_or(Kind::Forbidden)?;
    Ok(repository.read(ctx).resolve(id, ReadPrivate).await?.into_row())
}

/// The number of active users.
///
/// # Errors
/// Repository errors.
pub async fn active_count(repository: &Repository, ctx: &Context) -> Result<i64> {
    let scope = repository.read(ctx);
    let active = scope.visible::<User>(Condition::all().add(entity::Column::IsActive.eq(true)))?;
    scope.count::<User>(active).await
}

/// The validated input of a new user, for a caller who may create one. The password is hashed
/// before the transaction.
///
/// # Errors
/// `Forbidden`, `Invalid`.
pub fn check_new(ctx: &Context, body: &Unchecked<NewUser>) -> Result<NewUser> {
    policy::permit(ctx, policy::ResourceType::User, Action::Create)?;
    body.check()
}

/// Creates a user. An active user gets an email: a link to verify the address or, without a
/// password, a welcome with a link to choose one.
///
/// # Errors
/// `Forbidden`. `Conflict` if the email or the username is taken.
pub async fn create(tx: &Tx, new: &NewUser, password_hash: &str) -> Result<User> {
    scopes::give_role(tx.ctx(), new.role)?;
    let user = tx.add(new.clone().into_row(tx.birth(), password_hash.to_owned())).await?;
    match password_hash {
        _ if !user.is_active => {}
        taskhub_auth::NO_PASSWORD => link::welcome(tx, &user).await?,
        _ => link::verification(tx, &user).await?,
    }
    Ok(user)
}

/// Creates a user whose email address is already verified.
///
/// # Errors
/// As [`create`].
pub async fn create_verified(tx: &Tx, new: &NewUser, password_hash: &str) -> Result<User> {
    let row = new.clone().into_row(tx.birth(), password_hash.to_owned());
    tx.add(User { email_verified_at: Some(tx.now()), ..row }).await
}

/// Updates the caller's own profile.
///
/// # Errors
/// `Forbidden`, `Invalid`, and precondition errors.
pub async fn update_profile(tx: &Tx, body: &Unchecked<ProfileInput>, pre: &Precondition) -> Result<User> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let input = body.check_over(&ProfileInput::from(seen.row()))?;
    let row = input.into_row(seen.row().clone());
    row.notification_preferences.0.whole()?;
    tx.update(seen, row, pre).await
}

/// Changes the caller's own password, whose old one was verified against `verified`. Deletes their
/// personal access tokens and ends all their sessions except the current one.
///
/// # Errors
/// `InvalidCredentials` if the password was changed meanwhile.
pub async fn change_password(tx: &Tx, verified: &str, password_hash: &str) -> Result<()> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    if seen.row().password_hash != verified {
        return Err(Kind::InvalidCredentials.into());
    }
    let row = User { password_hash: password_hash.to_owned(), ..seen.row().clone() };
    let user = tx.update_as(ChangeType::ChangePassword, seen, row, &Precondition::Any).await?;
    mail::send(tx, &user.email, &Mail::PasswordChanged).await?;
    access_token::end_all(tx, id).await?;
    session::end_others(tx, id).await
}

/// Sets a user's password, for an operator. Deletes their personal access tokens and ends all their
/// sessions.
///
/// # Errors
/// `NotFound`.
pub async fn set_password(tx: &Tx, id: Uuid, password_hash: &str) -> Result<()> {
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let row = User { password_hash: password_hash.to_owned(), ..seen.row().clone() };
    let user = tx.update_as(ChangeType::SetPassword, seen, row, &Precondition::Any).await?;
    mail::send(tx, &user.email, &Mail::PasswordChanged).await?;
    access_token::end_all(tx, id).await?;
    session::revoke_user(tx, id).await
}
impl User {
    /// Whether notifications are sent by email. The address must be verified.
    pub(crate) fn takes_mail(&self) -> bool {
        self.email_verified_at.is_some()
    }

    /// Whether the user must verify their email before signing in.
    pub(crate) fn awaits_verification(&self, tenant: &Tenant) -> bool {
        self.email_verified_at.is_none() && (self.must_verify_email || tenant.require_verified_email)
    }

    /// The name for people: given and family name, or else the username.
    pub(crate) fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        let name = name.trim();
        if name.is_empty() { self.username.clone() } else { name.to_owned() }
    }
}
