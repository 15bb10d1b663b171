//! Service accounts: the programs of a tenant, which sign in with a client secret (RFC 6749 section
//! 4.4).
//!
//! Invariant: a service account may do what its scopes name. A caller who gives it scopes or a new
//! secret has all of these scopes. A change that takes something from it revokes its access tokens
//! at once. After a rotation the previous secret is valid for the overlap, and no older one.

mod input;
mod sign_in;

use sea_orm::{QueryFilter, QueryTrait, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    input::{Rotation, ServiceAccountInput},
    sign_in::{Client, authenticate, exchange},
};
use crate::{
    Error, Result, Timestamp, Tx,
    kernel::{
        change::ChangeType,
        credential::{Credential, Granted, Purpose},
        error::Kind,
        input::Unchecked,
        list::{Filter, Form, Sort},
        policy::{self, Action},
        repository::{
            Access, Delete, Listed, Precondition, Resource, Revocation, Stored, Unique, Update, entity,
            json::AsJson,
        },
        scopes,
    },
};

entity! {
    /// A service account: a program of the organisation. Its id is its `client_id`.
    pub struct ServiceAccount in "service_account", shown {
        ..stamps,
        /// The name, unique in the organisation.
        #[schema(example = "importer")]
        pub name: String,
        /// The scopes that its access tokens can have.
        #[schema(value_type = Vec<String>, example = json!(["tasks:read", "tasks:write"]))]
        pub scopes: AsJson<Vec<String>>,
        /// Whether the service account can get and use access tokens.
        pub is_active: bool,
        #[serde(skip)]
        pub secret_hash: String,
        #[serde(skip)]
        pub previous_hash: Option<String>,
        /// The date and time (UTC) until which the secret before the last rotation is valid, or
        /// null if the secret was never rotated.
        pub previous_expires_at: Option<Timestamp>,
        /// The date and time (UTC) at which the service account expires, or null for never.
        pub expires_at: Option<Timestamp>,
        /// The date and time (UTC) of the last access token, accurate to one minute, or null if it
        /// never got one. It does not change the version.
        pub last_used_at: Option<Timestamp>,
    }
}

impl Resource for ServiceAccount {
    const TYPE: policy::ResourceType = policy::ResourceType::ServiceAccount;
    type Parent = ();
}

impl Access for ServiceAccount {}

impl Stored for ServiceAccount {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "secret_hash", "previous_hash"];

    fn uniques() -> &'static [Unique] {
        &[Unique { index: "service_account_name_key", columns: "service_account.name", field: "name" }]
    }
}

impl Listed for ServiceAccount {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "name", form: Form::Text, column: Column::Name },
            Filter { name: "is_active", form: Form::Flag, column: Column::IsActive },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
        ]
    }
}

/// A service account with a new secret, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceAccountWithSecret)]
pub struct WithSecret {
    #[serde(flatten)]
    account: ServiceAccount,
    /// The client id for OAuth 2: the id of the service account.
    client_id: Uuid,
    /// The client secret. It is shown once.
    #[schema(example = "ths_AZFv…")]
    client_secret: String,
}

impl WithSecret {
    fn of(tx: &Tx, account: ServiceAccount, secret: Credential) -> Self {
        let client_secret = tx.ctx().shown(&secret.into_secret());
        Self { client_id: account.id, client_secret, account }
    }

    /// The service account.
    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }
}

/// Creates a service account.
///
/// # Errors
/// `Forbidden`, `Invalid`. `InsufficientScope` for scopes that the caller lacks. `Conflict` if the
/// name is taken.
pub async fn create(tx: &Tx, body: &Unchecked<ServiceAccountInput>) -> Result<WithSecret> {
    policy::permit(tx.ctx(), ServiceAccount::TYPE, Action::Create)?;
    add(tx, body.check()?).await
}

async fn add(tx: &Tx, input: ServiceAccountInput) -> Result<WithSecret> {
    let ServiceAccountInput { name, scopes, expires_at, is_active } = input;
    scopes::give(tx.ctx(), &scopes)?;
    let born = tx.birth();
    let secret = Credential::new(Purpose::Service, born.tenant, born.id, tx.secret());
    let row = ServiceAccount {
        tenant_id: born.tenant,
        id: born.id,
        created_at: born.at,
        updated_at: born.at,
        version: 1,
        name,
        scopes: AsJson(scopes),
        is_active,
        secret_hash: secret.digest(),
        previous_hash: None,
        previous_expires_at: None,
        expires_at,
        last_used_at: None,
    };
    Ok(WithSecret::of(tx, tx.add(row).await?, secret))
}

/// Updates a service account: replaces it with the body, or merges the body as a patch. A change of
/// the scopes, the expiry or `is_active` revokes its access tokens.
///
/// # Errors
/// Those of [`create`], `NotFound`, and precondition errors.
pub async fn update(
    tx: &Tx,
    id: Uuid,
    body: &Unchecked<ServiceAccountInput>,
    pre: &Precondition,
) -> Result<ServiceAccount> {
    let seen = tx.resolve::<ServiceAccount, _>(id, Update).await?;
    let input = body.check_over(&ServiceAccountInput::from(seen.row()))?;
    scopes::give(tx.ctx(), &input.scopes)?;
    let old = seen.row().clone();
    let ServiceAccountInput { name, scopes, expires_at, is_active } = input;
    let row = ServiceAccount { name, scopes: AsJson(scopes), expires_at, is_active, ..old.clone() };
    let stays = |row: &ServiceAccount| (row.scopes.clone(), row.expires_at, row.is_active);
    let ends = stays(&old) != stays(&row);
    let row = tx.update(seen, row, pre).await?;
    if ends {
        tx.revoke(Revocation::of_service(tx, id)).await?;
    }
    Ok(row)
}

/// Creates a new secret for a service account. The current one stays valid for the overlap.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`. `InsufficientScope` for scopes that the caller lacks.
/// Precondition errors.
pub async fn rotate(tx: &Tx, id: Uuid, body: &Unchecked<Rotation>, pre: &Precondition) -> Result<WithSecret> {
    let seen = tx.resolve::<ServiceAccount, _>(id, Update).await?;
    let overlap = body.check()?.overlap();
    let old = seen.row().clone();
    scopes::give(tx.ctx(), &old.scopes.0)?;
    let secret = Credential::new(Purpose::Service, old.tenant_id, old.id, tx.secret());
    let row = ServiceAccount {
        secret_hash: secret.digest(),
        previous_hash: Some(old.secret_hash.clone()),
        previous_expires_at: Some(tx.now().plus(overlap)),
        ..old
    };
    let row = tx.update_as(ChangeType::Rotate, seen, row, pre).await?;
    if overlap.is_zero() {
        // The old secret may have leaked, and so may the access tokens that it got.
        tx.revoke(Revocation::of_service(tx, id)).await?;
    }
    Ok(WithSecret::of(tx, row, secret))
}

/// Deletes a service account and revokes its access tokens.
///
/// # Errors
/// `NotFound`, `Forbidden`, and precondition errors.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve::<ServiceAccount, _>(id, Delete).await?;
    tx.remove(seen, pre).await?;
    tx.revoke(Revocation::of_service(tx, id)).await
}

/// A token of the service account with a name, for an operator, with some of its scopes. Creates
/// the service account with these scopes if it does not exist. Nobody knows the secret of a new one
/// until it is rotated.
///
/// # Errors
/// `NotFound` if it does not exist and there are no scopes to create it with. `Invalid` for scopes
/// that it does not have. `InvalidClient` if it is inactive or expired.
pub async fn ensure(tx: &Tx, body: &Unchecked<ServiceAccountInput>, longest: i64) -> Result<Granted> {
    tx.lock_tenant().await?;
    let input = body.check()?;
    let named = tx.owned::<ServiceAccount>().filter(entity::Column::Name.eq(&input.name));
    let found: Vec<ServiceAccount> = tx.all(&named.into_query()).await?;
    let asked = input.scopes.join(" ");
    let account = match found.first() {
        Some(account) => tx.resolve::<ServiceAccount, _>(account.id, Update).await?.into_row(),
        // A misspelt name must not create an account that may do nothing.
        None if input.scopes.is_empty() => return Err(Kind::NotFound.into()),
        None => add(tx, input).await?.account,
    };
    let now = tx.ctx().now();
    if !account.is_let_in(now) {
        return Err(Error::with(Kind::InvalidClient, "The service account is inactive or has expired."));
    }
    let scopes = scopes::narrowed(&account.scopes.0, &asked)?;
    account.granted(scopes, now, longest)
}

impl ServiceAccount {
    fn is_let_in(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| end > now)
    }
}
