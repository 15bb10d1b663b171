//! Removing a user. What refers to them is handed over first, or keeps them; their names stay, so that the audit can tell them.

use sea_orm::{Condition, entity::prelude::*};

use super::{
    User, handover,
    standing::{is_admin, other_admin},
};
use crate::{
    Error, Result, Tx,
    access_token::{self, AccessToken},
    notification::{self, Notification},
    reminder::{self, Reminder},
    second_factor::SecondFactor,
    session::{self, Session},
    store::{Delete, Noun, Owned, Part, Precondition, entity, noun::ColumnOf},
    team::{TeamMember, member},
    watcher::{self, Watcher},
};

entity! {
    pub(crate) struct FormerUser in "former_user", unversioned {
        pub username: String,
        pub first_name: String,
        pub last_name: String,
        pub deleted_at: Instant,
    }
}

/// What is a user's own, and nobody's after them.
pub(super) fn parts(user: &User) -> Vec<Part> {
    fn of<N: Noun>(column: ColumnOf<N>, user: Uuid) -> Part {
        Part::of::<N>(Condition::all().add(column.eq(user)))
    }
    vec![
        of::<TeamMember>(member::entity::Column::UserId, user.id),
        of::<Watcher>(watcher::entity::Column::UserId, user.id),
        of::<Reminder>(reminder::entity::Column::UserId, user.id),
        of::<Notification>(notification::entity::Column::UserId, user.id),
        of::<AccessToken>(access_token::entity::Column::UserId, user.id),
        of::<SecondFactor>(SecondFactor::id_column(), user.id),
        of::<Session>(session::entity::Column::UserId, user.id),
    ]
}

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
