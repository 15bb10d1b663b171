//! Deleting a user. What they own passes to another user, or prevents the deletion. What they did
//! keeps their name: audit, comments and time entries.

use uuid::Uuid;

use super::transfer;
use crate::{
    Error, Result, Tx,
    identity::{
        invitation, session,
        user::{User, is_admin, other_admin},
    },
    kernel::repository::{Delete, Precondition, in_use, people::FormerUser},
    work::time_entry,
};

/// Deletes a user. What they own passes to `transfer_to`. Without it the user must own nothing.
/// Their time entries keep their name, and a running timer is stopped.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`, `LastAdmin`, and precondition errors. `InvalidParameter` if
/// `transfer_to` is not another active user of the tenant, whatever the reason.
pub async fn remove_user(tx: &Tx, id: Uuid, transfer_to: Option<Uuid>, pre: &Precondition) -> Result<()> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Delete).await?;
    if is_admin(seen.row()) {
        other_admin(tx, id).await?;
    }
    tx.check(pre, seen.row().version).await?;
    if let Some(heir) = transfer_to {
        // The tenant is locked, so an active user stays active until the commit.
        let found = tx.find::<User>(heir, false).await?;
        found.filter(|heir| heir.is_active && heir.id != id).ok_or_else(|| {
            Error::parameter("transfer_to", "Must be the id of another active user of the organisation.")
        })?;
        transfer::transfer(tx, id, heir).await?;
    } else if invitation::has_open(tx, id).await? {
        // No foreign key refers to the sender of an invitation: an accepted one outlives them.
        return Err(in_use::<User>());
    }
    time_entry::stop_running(tx, id).await?;
    // Sessions end one by one before they are deleted with the user. So a token that is minted
    // meanwhile is revoked with its session.
    session::revoke_user(tx, id).await?;
    let User { tenant_id, username, first_name, last_name, .. } = seen.row().clone();
    tx.remove(seen, pre).await?;
    tx.insert_internal(&FormerUser { tenant_id, id, username, first_name, last_name, deleted_at: tx.now() })
        .await
}
