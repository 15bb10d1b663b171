//! The pictures of users, at most one each.
//!
//! Invariant: no byte that a client sent is stored or returned. [`ImageProcessor`] creates every stored
//! picture. A user's `picture` holds its path exactly if there is one.

mod draw;
mod image_processor;
mod whole;

use sea_orm::entity::prelude::*;
use serde_json::json;

pub use self::{draw::Drawn, image_processor::ImageProcessor};
use crate::{
    Context, Error, Repository, Result, Tx,
    identity::user::User,
    kernel::{
        change::ChangeType,
        error::Kind,
        policy::{self, Action},
        repository::{Precondition, Read, UpdateProfile, entity},
    },
};

entity! {
    /// A user's picture, under the id of the user.
    pub struct Picture in "picture", unversioned {
        pub content_type: String,
        /// The SHA-256 of the bytes, in base64url.
        pub digest: String,
        #[serde(skip)]
        pub bytes: Vec<u8>,
    }
}

/// Whether the caller may have a picture. This is checked before the picture is decoded.
///
/// # Errors
/// `Forbidden`, `InsufficientScope`.
pub fn permit(ctx: &Context) -> Result<()> {
    ctx.user().ok_or(Kind::Forbidden)?;
    policy::permit(ctx, policy::ResourceType::User, Action::UpdateProfile)
}

/// Sets or replaces the caller's picture.
///
/// # Errors
/// `Forbidden`, and precondition errors.
pub async fn set(tx: &Tx, drawn: &Drawn, pre: &Precondition) -> Result<User> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    let had_one = seen.row().picture.is_some();
    let row = User { picture: Some(format!("/api/v1/users/{id}/picture")), ..seen.row().clone() };
    let user = tx.update_as(ChangeType::SetPicture, seen, row, pre).await?;
    let Drawn { content_type, digest, bytes } = drawn.clone();
    if had_one {
        // The user is unchanged, so the update recorded nothing.
        let what = json!({ "content_type": content_type, "digest": digest });
        tx.record::<User>(ChangeType::SetPicture, id, user.version, None, Some(what.to_string()));
        tx.delete_internal::<Picture>(id).await?;
    }
    let content_type = content_type.to_owned();
    tx.insert_internal(&Picture { tenant_id: user.tenant_id, id, content_type, digest, bytes }).await?;
    Ok(user)
}

/// Deletes the caller's picture.
///
/// # Errors
/// `Forbidden`. `NotFound` if there is none. Precondition errors.
pub async fn remove(tx: &Tx, pre: &Precondition) -> Result<()> {
    let id = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let seen = tx.resolve::<User, _>(id, UpdateProfile).await?;
    if seen.row().picture.is_none() {
        return Err(Kind::NotFound.into());
    }
    let row = User { picture: None, ..seen.row().clone() };
    tx.update_as(ChangeType::RemovePicture, seen, row, pre).await?;
    tx.delete_internal::<Picture>(id).await
}

/// The picture of a user whom the caller can see.
///
/// # Errors
/// `NotFound`, also if the user has no picture.
pub async fn get(repository: &Repository, ctx: &Context, of: Uuid) -> Result<Picture> {
    let scope = repository.read(ctx);
    let user = scope.resolve::<User, _>(of, Read).await?.into_row();
    scope.find::<Picture>(user.id, false).await?.ok_or_else(|| Error::from(Kind::NotFound))
}
