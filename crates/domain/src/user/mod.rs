//! Users: the people of a tenant, their profiles and their roles.
//!
//! Invariant: a tenant keeps at least one active admin, also under concurrency: what could take the last one away passes one at a time.

mod input;
mod sign_in;

use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    input::{NewUser, ProfileInput, UserInput},
    sign_in::{Candidate, Login, MOST_CANDIDATES, candidates},
};
use crate::{
    Context, Error, Instant, Result, Scope, Store, Tx,
    error::Kind,
    input::Unchecked,
    list::{self, Filter, Form, Page, Query, Sort},
    policy::{self, Action, Fact, Facts, Role},
    session,
    store::{
        Delete, Noun, Precondition, Read, ReadPrivate, Update, UpdateProfile,
        noun::{ColumnOf, Unique, owned},
        row::positions,
    },
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// A user, with all fields: as admins and the user see it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "user")]
    #[schema(as = User)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
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
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as User;

owned!(User, entity);
positions!(User { one tenant_id, one id, one email, one username, one first_name, one last_name, maybe phone, maybe address, maybe date_of_birth, maybe time_zone, maybe locale, one role, one is_active, maybe last_login_at, one password_hash, one created_at, one updated_at, one version });

impl Noun for User {
    const NOUN: policy::Noun = policy::Noun::User;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "password_hash"];
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        Ok(Facts::default().with(Fact::Oneself, scope.ctx().user() == Some(self.id)))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        (fact == Fact::Oneself).then(|| Condition::all().add(entity::Column::Id.eq(ctx.user())))
    }

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    /// Only what everybody may see: a filter on a private field would tell it.
    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "role", form: Form::Words(&["admin", "manager", "member"]), column: Column::Role },
            Filter { name: "is_active", form: Form::Flag, column: Column::IsActive },
            Filter { name: "username", form: Form::Text, column: Column::Username },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| Key::Id(row.id) },
            Sort { name: "username", column: "username", key: |row| Key::Text(row.username.clone()) },
            Sort { name: "last_name", column: "last_name", key: |row| Key::Text(row.last_name.clone()) },
        ]
    }

    fn uniques() -> &'static [Unique] {
        &[
            Unique { index: "user_email_key", columns: "user.email", field: "email" },
            Unique { index: "user_username_key", columns: "user.username", field: "username" },
        ]
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
}

/// A user as the caller may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum UserView {
    /// All fields: to admins, and to the user.
    Full(User),
    /// The directory's fields: to everybody.
    Directory(DirectoryEntry),
}

impl UserView {
    fn of(ctx: &Context, user: User) -> Self {
        let facts = Facts::default().with(Fact::Oneself, ctx.user() == Some(user.id));
        if policy::judge(ctx, policy::Noun::User, Action::ReadPrivate, facts).is_ok() {
            return Self::Full(user);
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

/// The tenant's users.
///
/// # Errors
/// Those of lists.
pub async fn list(store: &Store, ctx: &Context, query: &Query) -> Result<Page<UserView>> {
    let page = list::page::<User>(store, &store.read(ctx), query, list::Within::all()).await?;
    let Page { count, results, next, previous, fields } = page;
    let results = results.into_iter().map(|user| UserView::of(ctx, user)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// A user.
///
/// # Errors
/// `NotFound`.
pub async fn get(store: &Store, ctx: &Context, id: Uuid) -> Result<UserView> {
    let user = store.read(ctx).resolve(id, Read).await?.into_row();
    Ok(UserView::of(ctx, user))
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
/// Those of the store.
pub async fn active_count(store: &Store, ctx: &Context) -> Result<i64> {
    let scope = store.read(ctx);
    let active = scope.visible::<User>(Condition::all().add(entity::Column::IsActive.eq(true)))?;
    scope.count::<User>(active).await
}

/// A new user's input, for a caller who may make one. The password is hashed before the transaction.
///
/// # Errors
/// `Forbidden`, `Invalid`.
pub fn check_new(ctx: &Context, body: &Unchecked<NewUser>) -> Result<NewUser> {
    policy::permit(ctx, policy::Noun::User, Action::Create)?;
    body.check()
}

/// Makes a user.
///
/// # Errors
/// `Forbidden`; `Conflict` when the email or the username is taken.
pub async fn create(tx: &Tx, new: &NewUser, password_hash: &str) -> Result<User> {
    tx.add(new.clone().into_row(tx.birth(), password_hash.to_owned())).await
}

/// Changes a user: to the body whole, or by it as a merge patch. A changed role or a user who is kept out ends their tokens.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict`, `LastAdmin`, and those of the precondition.
pub async fn update(tx: &Tx, id: Uuid, body: &Unchecked<UserInput>, pre: &Precondition) -> Result<User> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let input = body.check_over(&UserInput::from(seen.row()))?;
    let old = seen.row().clone();
    let row = input.into_row(old.clone());
    if is_admin(&old) && !is_admin(&row) {
        other_admin(tx, id).await?;
    }
    let ends = old.role != row.role || (old.is_active && !row.is_active);
    let row = tx.update(seen, row, pre).await?;
    if ends {
        session::revoke_user(tx, id).await?;
    }
    Ok(row)
}

/// Changes the caller's own profile.
///
/// # Errors
/// `Forbidden`, `Invalid`, and those of the precondition.
pub async fn update_profile(tx: &Tx, body: &Unchecked<ProfileInput>, pre: &Precondition) -> Result<User> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let input = body.check_over(&ProfileInput::from(seen.row()))?;
    let row = input.into_row(seen.row().clone());
    tx.update(seen, row, pre).await
}

/// Sets the caller's own password, whose old one was verified against `verified`, and ends all their sessions but the present one.
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
    tx.update_as("change_password", seen, row, &Precondition::Any).await?;
    session::end_others(tx, id).await
}

/// Sets a user's password, for an operator, and ends all their sessions.
///
/// # Errors
/// `NotFound`.
pub async fn set_password(tx: &Tx, id: Uuid, password_hash: &str) -> Result<()> {
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let row = User { password_hash: password_hash.to_owned(), ..seen.row().clone() };
    tx.update_as("set_password", seen, row, &Precondition::Any).await?;
    session::revoke_user(tx, id).await
}

/// Removes a user to whom nothing refers any more.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`, `LastAdmin`, and those of the precondition.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Delete).await?;
    if is_admin(seen.row()) {
        other_admin(tx, id).await?;
    }
    // Sessions are ended one by one before they go with the user: a token that is minted meanwhile is revoked by its session.
    session::revoke_user(tx, id).await?;
    tx.remove(seen, pre).await
}

fn is_admin(user: &User) -> bool {
    user.is_active && user.role == Role::Admin
}

/// Refuses to go on when nobody else is an active admin. The tenant is locked, so that nobody else goes at the same time.
async fn other_admin(tx: &Tx, id: Uuid) -> Result<()> {
    use entity::Column;
    let others = Condition::all()
        .add(Column::Role.eq(Role::Admin))
        .add(Column::IsActive.eq(true))
        .add(Column::Id.ne(id));
    match tx.count::<User>(tx.owned::<User>().filter(others)).await? {
        0 => Err(Error::from(Kind::LastAdmin)),
        _ => Ok(()),
    }
}
