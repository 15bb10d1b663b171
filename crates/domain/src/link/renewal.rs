//! What becomes of a link whose mail waited: it is sent as it is, made anew, or not sent.

use std::time::Duration;

use super::{Link, bond, make};
use crate::{
    Result, Tx,
    credential::{Credential, Purpose},
    mail::Token,
    user::User,
};

/// The token to send in the place of one that waited. A link that expired meanwhile is made anew, for as long as the old one.
/// `None` when the account has no use for the link any more.
pub(crate) async fn current(tx: &Tx, purpose: Purpose, token: &Token) -> Result<Option<Token>> {
    let Some(credential) = Credential::parse(purpose, &token.0, tx.secret()) else { return Ok(None) };
    let Some(link) = tx.find::<Link>(credential.row(), false).await? else { return Ok(None) };
    let Some(user) = wants(tx, &link, purpose).await? else { return Ok(None) };
    if link.expires_at > tx.now() {
        return Ok(Some(token.clone()));
    }
    let lifetime = link.expires_at.micros().abs_diff(link.created_at.micros());
    make(tx, &user, purpose, Duration::from_micros(lifetime)).await.map(Some)
}

/// The account of a link, locked, if it is as it was when the link was made and still needs it.
async fn wants(tx: &Tx, link: &Link, purpose: Purpose) -> Result<Option<User>> {
    let user = tx.find::<User>(link.user_id, true).await?;
    Ok(user.filter(|user| {
        let is_done = purpose == Purpose::VerifyEmail && user.email_verified_at.is_some();
        user.is_active && !is_done && link.bound_to == bond(user, purpose, tx.secret())
    }))
}
