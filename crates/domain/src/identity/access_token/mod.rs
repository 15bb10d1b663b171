//! Personal access tokens, for the programs and scripts of a user.
//!
//! Invariant: a token acts as its user, limited to its scopes. It is valid until it expires, is
//! deleted, or its user becomes inactive. A limited credential creates no token with more scopes. A
//! personal access token creates none that expires later.

mod exchange;
mod input;

use sea_orm::{Condition, QueryFilter, QueryTrait, entity::prelude::*};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{exchange::exchange, input::AccessTokenInput};
use crate::{
    Context, Error, Repository, Result, Scope, System, Timestamp, Tx,
    identity::user::User,
    kernel::{
        credential::{Credential, Purpose},
        error::Kind,
        input::Unchecked,
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, BelongsTo, Delete, Evidence, Listed, Precondition, Resource, Revocation, Stored, entity,
            json::AsJson,
        },
        scopes,
    },
};

/// The largest number of tokens of a user, expired ones included.
const MOST: i64 = 50;

entity! {
    /// A personal access token, without the token itself.
    pub struct AccessToken in "access_token", shown {
        ..stamps,
        /// The id of the user as whom the token acts.
        pub user_id: Uuid,
        /// A name that describes the purpose of the token.
        #[schema(example = "nightly report")]
        pub name: String,
        /// The scopes of the token. It may do what its user may, within these scopes.
        #[schema(value_type = Vec<String>, example = json!(["tasks:read"]))]
        pub scopes: AsJson<Vec<String>>,
        #[serde(skip)]
        pub token_hash: String,
        /// The date and time (UTC) at which the token expires.
        pub expires_at: Timestamp,
        /// The date and time (UTC) of the last use, accurate to a few minutes, or null if it was
        /// never used. It does not change the version.
        pub last_used_at: Option<Timestamp>,
    }
}

impl Resource for AccessToken {
    const TYPE: policy::ResourceType = policy::ResourceType::AccessToken;
    type Parent = ();
}

impl Access for AccessToken {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        Ok(Relations::default().with(Relation::Owner, scope.ctx().user() == Some(self.user_id)))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::Owner).then(|| Condition::all().add(entity::Column::UserId.eq(ctx.user())))
    }
}

impl Stored for AccessToken {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "token_hash"];
}

impl Listed for AccessToken {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "user", form: Form::Person, column: Column::UserId },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "expires_at", form: Form::Timestamp, column: Column::ExpiresAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "expires_at", column: "expires_at", key: |row| row.expires_at.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }
}

impl BelongsTo<User> for AccessToken {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

/// A new personal access token, with the token itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewAccessToken)]
pub struct WithToken {
    #[serde(flatten)]
    row: AccessToken,
    /// The token, for the header `Authorization: Bearer`. It is shown once.
    #[schema(example = "thp_AZFv…")]
    token: String,
}

impl WithToken {
    /// The row.
    pub fn row(&self) -> &AccessToken {
        &self.row
    }
}

/// Creates a token of the caller.
///
/// # Errors
/// `Forbidden` for a service. `Invalid`. `InsufficientScope` for scopes that the caller lacks.
/// `Conflict` if the user has too many.
pub async fn create(tx: &Tx, body: &Unchecked<AccessTokenInput>) -> Result<WithToken> {
    let user = tx.ctx().user().ok_or(Kind::Forbidden)?;
    policy::permit(tx.ctx(), AccessToken::TYPE, Action::Create)?;
    let AccessTokenInput { name, scopes, expires_at } = body.check()?.within(tx.now())?;
    scopes::give(tx.ctx(), &scopes)?;
    tx.lock_tenant().await?;
    no_longer_than_the_caller(tx, expires_at).await?;
    if tx.count::<AccessToken>(of_user(tx, user)).await? >= MOST {
        let detail = format!("A user can have at most {MOST} personal access tokens. Delete one first.");
        return Err(Error::with(Kind::Conflict, detail));
    }
    let born = tx.birth();
    let token = Credential::new(Purpose::Access, born.tenant, born.id, tx.secret());
    let row = AccessToken {
        tenant_id: born.tenant,
        id: born.id,
        created_at: born.at,
        updated_at: born.at,
        version: 1,
        user_id: user,
        name,
        scopes: AsJson(scopes),
        token_hash: token.digest(),
        expires_at,
        last_used_at: None,
    };
    Ok(WithToken { row: tx.add(row).await?, token: tx.ctx().shown(&token.into_secret()) })
}

/// A stolen token must not create one that outlives it.
async fn no_longer_than_the_caller(tx: &Tx, expires_at: Timestamp) -> Result<()> {
    let Some(id) = tx.ctx().personal_token() else { return Ok(()) };
    // Another node may delete the token just now. The stamp fails if the row is gone.
    tx.stamp::<AccessToken>(id, entity::Column::LastUsedAt).await?;
    let own = tx.find::<AccessToken>(id, true).await?.ok_or(Kind::Unauthenticated)?;
    if expires_at > own.expires_at {
        return Err(Error::field(
            "/expires_at",
            "invalid_value",
            "Must not be later than the expiry of the token that sends the request.",
        ));
    }
    Ok(())
}

/// Deletes a token and revokes it at once.
///
/// # Errors
/// `NotFound`, `Forbidden`, and precondition errors.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    end(tx, tx.resolve(id, Delete).await?, pre).await
}

/// Deletes all tokens of a user.
///
/// # Errors
/// Repository errors.
pub async fn end_all(tx: &Tx, user: Uuid) -> Result<()> {
    let all: Vec<AccessToken> = tx.all(&of_user(tx, user).into_query()).await?;
    for token in all {
        end(tx, tx.follow(token.id, Delete).await?, &Precondition::Any).await?;
    }
    Ok(())
}

/// Deletes a token on behalf of its holder (RFC 7009). An unknown token is no error.
///
/// # Errors
/// Repository errors.
pub async fn revoke(repository: &Repository, system: &System, token: &SecretString) -> Result<()> {
    let (ctx, token) = match exchange::holder(repository, system, token).await {
        Err(error) if error.kind() == Kind::Unauthenticated => return Ok(()),
        found => found?,
    };
    let removed =
        repository.write(&ctx, token.row(), |tx, id| Box::pin(remove(tx, *id, &Precondition::Any))).await;
    removed.or_else(|error| if error.kind() == Kind::NotFound { Ok(()) } else { Err(error) })
}

async fn end(tx: &Tx, seen: Evidence<AccessToken, Delete>, pre: &Precondition) -> Result<()> {
    let id = seen.row().id;
    tx.remove(seen, pre).await?;
    tx.revoke(Revocation::of_session(tx, id)).await
}

fn of_user(tx: &Tx, user: Uuid) -> sea_orm::Select<entity::Entity> {
    tx.owned::<AccessToken>().filter(entity::Column::UserId.eq(user))
}
