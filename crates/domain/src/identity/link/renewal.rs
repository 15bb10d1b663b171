//! What happens to a link in a queued email: it is sent unchanged, renewed or dropped.

use std::time::Duration;

use super::{Link, bond, make};
use crate::{
    Result, Tx,
    identity::{mail::Token, user::User},
    kernel::credential::{Credential, Purpose},
};

/// The token to send in place of a queued one. A link that has expired is renewed for its old
/// lifetime. `None` if the account no longer needs the link.
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

/// The account of a link, locked, if it is unchanged since the link was created and still needs it.
async fn wants(tx: &Tx, link: &Link, purpose: Purpose) -> Result<Option<User>> {
    let user = tx.find::<User>(link.user_id, true).await?;
    Ok(user.filter(|user| {
        let is_done = purpose == Purpose::VerifyEmail && user.email_verified_at.is_some();
        user.is_active && !is_done && link.bound_to == bond(user, purpose, tx.secret())
    }))
}
