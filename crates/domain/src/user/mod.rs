//! Users: the people of a tenant, their profiles and their roles.
//!
//! Invariant: a tenant keeps at least one active admin, also under concurrency: what could take the
//! last one away passes one at a time.

mod bulk;
mod handover;
mod history;
mod import;
mod input;
mod join;
mod preferences;
mod recovery;
mod removal;
mod sign_in;
mod standing;

use futures::future::BoxFuture;
use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::standing::refer_active;
pub use self::{
    bulk::check_bulk,
    history::history,
    import::{
        Import, ImportReport, ImportStatus, ImportedUser, analyze as analyze_imported, check as check_import,
        import,
    },
    input::{NewUser, ProfileInput, UserInput},
    join::{join, joinable},
    preferences::{Channel, Preferences},
    recovery::{request_reset, request_verification, reset_password, verify_email},
    removal::remove,
    sign_in::{Candidate, Login, MOST_CANDIDATES, candidates},
    standing::{set_active, update},
};
pub use crate::store::people::RemovedUser;
use crate::{
    Context, Instant, Result, Scope, Store, Tx, access_token,
    audit::Past,
    error::Kind,
    input::Unchecked,
    link,
    list::{self, Filter, Form, Page, Query, Sort},
    mail::{self, Mail},
    policy::{self, Action, Fact, Facts, Role},
    scopes, session,
    store::{
        Noun, Part, Precondition, Read, ReadPrivate, Unique, Update, UpdateProfile, entity, json::AsJson,
    },
    task,
    tenant::Tenant,
};
use taskhub_migration::text::user_search;

entity! {
    /// A user, with all fields: as admins and the user see it.
    pub struct User in "user", shown {
        /// Unique in the tenant, in lower case.
        #[schema(example = "ada@acme.example")]
        pub email: String,
        /// Unique in the tenant, in lower case.
        #[schema(example = "ada")]
        pub username: String,
        #[schema(example = "Ada")]
        pub first_name: String,
        #[schema(example = "Lovelace")]
        pub last_name: String,
        pub phone: Option<String>,
        pub address: Option<String>,
        #[serde(with = "input::date")]
        #[schema(value_type = Option<String>, format = Date)]
        pub date_of_birth: Option<TimeDate>,
        pub time_zone: Option<String>,
        pub locale: Option<String>,
        pub role: Role,
        /// Whether the user is let in.
        pub is_active: bool,
        pub last_login_at: Option<Instant>,
        /// Argon2id, as a PHC string. Never shown.
        #[serde(skip)]
        pub password_hash: String,
        ..stamps,
        /// When the user showed that mail to this address reaches them.
        pub email_verified_at: Option<Instant>,
        /// Where the user's picture is, if there is one.
        #[schema(example = "/api/v1/users/0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e/picture")]
        pub picture: Option<String>,
        /// How the user wants to be told, by kind of notification.
        #[schema(value_type = Preferences)]
        pub notification_preferences: AsJson<Preferences>,
        /// The names, folded, for searches. Never shown.
        #[serde(skip)]
        pub search: String,
        /// Whether the user is kept out until their email is verified, whatever the tenant demands
        /// of others: so it is with who joined by the domain of an email that they only said is
        /// theirs. Never shown.
        #[serde(skip)]
        pub must_verify_email: bool,
    }
}

impl Noun for User {
    const NOUN: policy::Noun = policy::Noun::User;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "password_hash", "search", "must_verify_email"];
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        Ok(Facts::default().with(Fact::Oneself, scope.ctx().user() == Some(self.id)))
    }

    fn gives_sight(column: entity::Column) -> bool {
        matches!(column, entity::Column::Role)
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        (fact == Fact::Oneself).then(|| Condition::all().add(entity::Column::Id.eq(ctx.user())))
    }

    fn parts(&self) -> Vec<Part> {
        removal::parts(self)
    }

    fn follow_up<'a>(
        tx: &'a Tx,
        _name: &'static str,
        old: Option<&'a Self>,
        new: Option<&'a Self>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let user = new.filter(|new| old.is_some_and(|old| old.role != new.role))?;
        Some(Box::pin(task::clear_unseen_of(tx, user.id, Condition::all())))
    }

    fn derived(mut self) -> Self {
        self.search = user_search([&self.username, &self.first_name, &self.last_name]);
        self
    }

    /// Only what everybody may see.
    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "q", form: Form::Search, column: Column::Search },
            Filter { name: "role", form: Form::Words(&["admin", "manager", "member"]), column: Column::Role },
            Filter { name: "is_active", form: Form::Flag, column: Column::IsActive },
            Filter { name: "username", form: Form::Text, column: Column::Username },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
        ]
    }

    /// The email is kept folded, as what is searched must be.
    fn private_filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "q", form: Form::Search, column: Column::Email },
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "last_login_at", form: Form::Instant, column: Column::LastLoginAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "username", column: "username", key: |row| (&row.username).into() },
            Sort { name: "last_name", column: "last_name", key: |row| (&row.last_name).into() },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[
            Unique { index: "user_email_key", columns: "user.email", field: "email" },
            Unique { index: "user_username_key", columns: "user.username", field: "username" },
        ]
    }
}

impl Scope {
    /// The same rows as another user of the tenant sees them, whatever the caller does.
    pub(crate) fn seen_by(&self, user: &User) -> Self {
        self.seen_in(self.ctx().seen_by(user.id, user.role))
    }
}

/// A user as everybody in the tenant sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DirectoryEntry {
    id: Uuid,
    #[schema(example = "ada")]
    username: String,
    #[schema(example = "Ada")]
    first_name: String,
    #[schema(example = "Lovelace")]
    last_name: String,
    role: Role,
    is_active: bool,
    created_at: Instant,
    updated_at: Instant,
    version: i64,
    /// Where the user's picture is, if there is one.
    picture: Option<String>,
}

/// A user as the caller may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum UserView {
    /// All fields: to admins, and to the user.
    Full(Box<User>),
    /// The directory's fields: to everybody.
    Directory(DirectoryEntry),
}

impl UserView {
    fn of(ctx: &Context, user: User) -> Self {
        let facts = Facts::default().with(Fact::Oneself, ctx.user() == Some(user.id));
        if policy::judge(ctx, policy::Noun::User, Action::ReadPrivate, facts).is_ok() {
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

    /// The row's version.
    pub fn version(&self) -> i64 {
        match self {
            Self::Full(user) => user.version,
            Self::Directory(entry) => entry.version,
        }
    }
}

/// The caller as a user, and whether mail of notifications reaches them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Profile {
    /// The caller, as a user.
    #[serde(flatten)]
    pub user: User,
    /// Whether notifications whose channel is `mail` are sent by mail. If not, they go to the inbox
    /// alone.
    pub mail_deliverable: bool,
    /// Why they are not; null when they are.
    #[schema(example = "email_unverified")]
    pub mail_undeliverable_reason: Option<Undeliverable>,
}

/// Why no mail of notifications is sent to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undeliverable {
    /// The user has not verified the address yet.
    EmailUnverified,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        let mail_deliverable = user.takes_mail();
        let reason = Undeliverable::EmailUnverified;
        Self { user, mail_deliverable, mail_undeliverable_reason: (!mail_deliverable).then_some(reason) }
    }
}

/// The tenant's users.
///
/// # Errors
/// List errors.
pub async fn list(store: &Store, ctx: &Context, query: &Query) -> Result<Page<UserView>> {
    let page = list::page::<User>(store, &store.read(ctx), query, list::Within::all()).await?;
    let Page { count, results, next, previous, fields } = page;
    let results = results.into_iter().map(|user| UserView::of(ctx, user)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// Some of the tenant's users with all their fields, from a cursor on: for an export.
///
/// # Errors
/// `Forbidden`, and list errors.
pub async fn export(store: &Store, ctx: &Context, query: &Query, cursor: String) -> Result<Page<User>> {
    policy::judge(ctx, policy::Noun::User, Action::ReadPrivate, Facts::default())?;
    let mut query = query.clone();
    query.0.extend([("cursor".to_owned(), cursor), ("page_size".to_owned(), "200".to_owned())]);
    list::page::<User>(store, &store.read(ctx), &query, list::Within::all()).await
}

/// A user.
///
/// # Errors
/// `NotFound`.
pub async fn get(store: &Store, ctx: &Context, id: Uuid) -> Result<UserView> {
    let user = store.read(ctx).resolve(id, Read).await?.into_row();
    Ok(UserView::of(ctx, user))
}

/// A user as they were at an instant, as far as the caller sees them now.
///
/// # Errors
/// Those of [`Past::shown_at`].
pub async fn get_at(store: &Store, ctx: &Context, id: Uuid, at: Instant) -> Result<serde_json::Value> {
    let past = Past::<User>::of(store, ctx, id).await?;
    past.shown_at(&UserView::of(ctx, past.row().clone()), at).await
}

/// The caller, as a user.
///
/// # Errors
/// `Forbidden` to a service, which has no profile.
pub async fn profile(store: &Store, ctx: &Context) -> Result<User> {
    let id = ctx.user().ok_or(Kind::Forbidden)?;
    Ok(store.read(ctx).resolve(id, ReadPrivate).await?.into_row())
}

/// How many users are let in.
///
/// # Errors
/// Repository errors.
pub async fn active_count(store: &Store, ctx: &Context) -> Result<i64> {
    let scope = store.read(ctx);
    let active = scope.visible::<User>(Condition::all().add(entity::Column::IsActive.eq(true)))?;
    scope.count::<User>(active).await
}

/// A new user's input, for a caller who may make one. The password is hashed before the
/// transaction.
///
/// # Errors
/// `Forbidden`, `Invalid`.
pub fn check_new(ctx: &Context, body: &Unchecked<NewUser>) -> Result<NewUser> {
    policy::permit(ctx, policy::Noun::User, Action::Create)?;
    body.check()
}

/// Makes a user. By mail they are asked to verify their email, or without a password are welcomed
/// with a link by which they choose one. Who is not let in gets no mail.
///
/// # Errors
/// `Forbidden`; `Conflict` when the email or the username is taken.
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

/// Makes a user whose email is known to be theirs.
///
/// # Errors
/// As [`create`].
pub async fn create_verified(tx: &Tx, new: &NewUser, password_hash: &str) -> Result<User> {
    let row = new.clone().into_row(tx.birth(), password_hash.to_owned());
    tx.add(User { email_verified_at: Some(tx.now()), ..row }).await
}

/// Changes the caller's own profile.
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

/// Sets the caller's own password, whose old one was verified against `verified`, and ends all
/// their personal access tokens and sessions but the present one.
///
/// # Errors
/// `InvalidCredentials` when the password was changed meanwhile.
pub async fn change_password(tx: &Tx, verified: &str, password_hash: &str) -> Result<()> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    if seen.row().password_hash != verified {
        return Err(Kind::InvalidCredentials.into());
    }
    let row = User { password_hash: password_hash.to_owned(), ..seen.row().clone() };
    let user = tx.update_as("change_password", seen, row, &Precondition::Any).await?;
    mail::send(tx, &user.email, &Mail::PasswordChanged).await?;
    access_token::end_all(tx, id).await?;
    session::end_others(tx, id).await
}

/// Sets a user's password, for an operator, and ends all their sessions and personal access tokens.
///
/// # Errors
/// `NotFound`.
pub async fn set_password(tx: &Tx, id: Uuid, password_hash: &str) -> Result<()> {
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let row = User { password_hash: password_hash.to_owned(), ..seen.row().clone() };
    let user = tx.update_as("set_password", seen, row, &Precondition::Any).await?;
    mail::send(tx, &user.email, &Mail::PasswordChanged).await?;
    access_token::end_all(tx, id).await?;
    session::revoke_user(tx, id).await
}
impl User {
    /// Whether mail of notifications is sent: only to an address that is known to reach the user.
    pub(crate) fn takes_mail(&self) -> bool {
        self.email_verified_at.is_some()
    }

    /// Whether the user is kept out of the tenant until their email is verified.
    pub(crate) fn awaits_verification(&self, tenant: &Tenant) -> bool {
        self.email_verified_at.is_none() && (self.must_verify_email || tenant.require_verified_email)
    }

    /// The name for people: the username where no other is known.
    pub(crate) fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        let name = name.trim();
        if name.is_empty() { self.username.clone() } else { name.to_owned() }
    }
}
