//! Removing a user. What refers to them is handed over first, or keeps them; their names stay, so that the audit can tell them.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use super::{
    User, handover,
    standing::{is_admin, other_admin},
};
use crate::{
    Error, Instant, Result, Tx, session,
    store::{Delete, Precondition, noun::owned, row::positions},
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "former_user")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub username: String,
        pub first_name: String,
        pub last_name: String,
        pub deleted_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use entity::Model as FormerUser;

owned!(FormerUser, entity, unversioned);
positions!(FormerUser { tenant_id, id, username, first_name, last_name, deleted_at });

/// Removes a user. What is theirs passes to another user, if one is named; otherwise there must be nothing.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`, `LastAdmin`, those of the precondition, and `InvalidParameter` when who is named is nobody to hand over
/// to: the one answer for absent, invisible, kept out, and the very user.
pub async fn remove(tx: &Tx, id: Uuid, transfer_to: Option<Uuid>, pre: &Precondition) -> Result<()> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Delete).await?;
    if is_admin(seen.row()) {
        other_admin(tx, id).await?;
    }
    tx.check(pre, seen.row().version).await?;
    if let Some(heir) = transfer_to {
        // The tenant is locked: who is active now still is when this is committed.
        let found = tx.find::<User>(heir, false).await?;
        found.filter(|heir| heir.is_active && heir.id != id).ok_or_else(|| {
            Error::parameter("transfer_to", "Expected the id of another active user of the organisation.")
        })?;
        handover::hand_over(tx, id, heir).await?;
    }
    // Sessions are ended one by one before they go with the user: a token that is minted meanwhile is revoked by its session.
    session::revoke_user(tx, id).await?;
    let User { tenant_id, username, first_name, last_name, .. } = seen.row().clone();
    tx.remove(seen, pre).await?;
    tx.keep(&FormerUser { tenant_id, id, username, first_name, last_name, deleted_at: tx.now() }).await
}
