//! Users' pictures: one each, drawn anew from what was sent.
//!
//! Invariant: no octet that a client sent is kept or shown. What is kept was drawn by [`Studio`],
//! and a user's `picture` says where it is exactly when there is one.

mod draw;
mod studio;
mod whole;

use sea_orm::entity::prelude::*;
use serde_json::json;

pub use self::{draw::Drawn, studio::Studio};
use crate::{
    Context, Error, Result, Store, Tx,
    error::Kind,
    policy::{self, Action},
    store::{Precondition, Read, UpdateProfile, entity},
    user::User,
};

entity! {
    /// A user's picture; its id is the user's.
    pub struct Picture in "picture", unversioned {
        pub content_type: String,
        /// SHA-256 of the octets, in base64url.
        pub digest: String,
        #[serde(skip)]
        pub bytes: Vec<u8>,
    }
}

/// Whether the caller may have a picture, before it is looked at.
///
/// # Errors
/// `Forbidden`, `InsufficientScope`.
pub fn permit(ctx: &Context) -> Result<()> {
    ctx.user().ok_or(Kind::Forbidden)?;
    policy::permit(ctx, policy::Noun::User, Action::UpdateProfile)
}

/// Gives the caller a picture, in the place of the one that they have.
///
/// # Errors
/// `Forbidden`, and precondition errors.
pub async fn set(tx: &Tx, drawn: &Drawn, pre: &Precondition) -> Result<User> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let had_one = seen.row().picture.is_some();
    let row = User { picture: Some(format!("/api/v1/users/{id}/picture")), ..seen.row().clone() };
    let user = tx.update_as("set_picture", seen, row, pre).await?;
    let Drawn { content_type, digest, bytes } = drawn.clone();
    if had_one {
        // The user stays as it is, and so nothing recorded it yet.
        let what = json!({ "content_type": content_type, "digest": digest });
        tx.record::<User>("set_picture", id, user.version, None, Some(what.to_string()));
        tx.forget::<Picture>(id).await?;
    }
    let content_type = content_type.to_owned();
    tx.keep(&Picture { tenant_id: user.tenant_id, id, content_type, digest, bytes }).await?;
    Ok(user)
}

/// Takes the caller's picture away.
///
/// # Errors
/// `Forbidden`; `NotFound` when there is none; and precondition errors.
pub async fn remove(tx: &Tx, pre: &Precondition) -> Result<()> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    if seen.row().picture.is_none() {
        return Err(Kind::NotFound.into());
    }
    let row = User { picture: None, ..seen.row().clone() };
    tx.update_as("remove_picture", seen, row, pre).await?;
    tx.forget::<Picture>(id).await
}

/// The picture of a user whom the caller sees.
///
/// # Errors
/// `NotFound`, also when the user has none.
pub async fn get(store: &Store, ctx: &Context, of: Uuid) -> Result<Picture> {
    let scope = store.read(ctx);
    let user = scope.resolve::<User, _>(of, Read).await?.into_row();
    scope.find::<Picture>(user.id, false).await?.ok_or_else(|| Error::from(Kind::NotFound))
}
