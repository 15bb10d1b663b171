//! Revoking a token (RFC 7009) and introspecting one (RFC 7662).

use secrecy::SecretString;
use serde_json::json;
use taskhub_auth::principal::{Kind as Bearer, Principal};
use uuid::Uuid;

use super::{Session, close, holder, parse};
use crate::{
    Context, Repository, Result, System, Tx,
    identity::user::User,
    kernel::{
        change::ChangeType,
        error::Kind,
        policy::{self, Action, Relation, Relations},
        repository::{Precondition, Revocation, Update},
    },
};

/// Ends the session of a refresh token. An unknown token ends nothing. The seal is proof enough:
/// the token belonged to this family once.
///
/// # Errors
/// Repository errors.
pub async fn revoke_refresh(repository: &Repository, system: &System, token: &SecretString) -> Result<()> {
    let ctx = match holder(repository, system, token).await {
        Err(error) if error.kind() == Kind::InvalidRefreshToken => return Ok(()),
        found => found?,
    };
    let id = parse(token, repository.secret())?.row();
    repository.write(&ctx, id, |tx, id| Box::pin(async { end_if_open(tx, *id).await.map(drop) })).await
}

/// Ends the session of the caller's access token. An access token without a session is revoked
/// itself.
///
/// # Errors
/// Repository errors.
pub async fn revoke_access(tx: &Tx, token: &Principal) -> Result<()> {
    if let Some(session) = token.session()
        && end_if_open(tx, session).await?
    {
        return Ok(());
    }
    let what = json!({ "token_id": token.token_id() });
    match token.kind() {
        Bearer::Service => {
            tx.note(policy::ResourceType::ServiceAccount, ChangeType::RevokeToken, token.id(), &what)?;
        }
        Bearer::User | Bearer::Operator => {
            tx.note(policy::ResourceType::User, ChangeType::RevokeToken, token.id(), &what)?;
        }
    }
    tx.revoke(Revocation::of_token(tx, token)).await
}

/// Ends a session if it is open. Returns whether the session exists.
async fn end_if_open(tx: &Tx, id: Uuid) -> Result<bool> {
    let seen = match tx.resolve::<Session, _>(id, Update).await {
        Err(error) if error.kind() == Kind::NotFound => return Ok(false),
        found => found?,
    };
    if seen.row().revoked_at.is_none() {
        close(tx, seen, ChangeType::Revoke, &Precondition::Any).await?;
    }
    Ok(true)
}

/// What a caller learns about a token in addition to its claims.
#[derive(Debug)]
pub struct Known {
    /// The username of the user.
    pub username: Option<String>,
}

/// What the caller learns about a token, or `None` if they may not know about it. Users may know
/// about their own tokens. Admins and services may know about all tokens of the tenant, whatever
/// the scopes of their credential: the holder of a token can use it anyway.
///
/// # Errors
/// Repository errors.
pub async fn known(repository: &Repository, ctx: &Context, token: &Principal) -> Result<Option<Known>> {
    let own = ctx.actor().id() == Some(token.id());
    let relations = Relations::default().with(Relation::Owner, own);
    let may = policy::authorize_row(ctx, policy::ResourceType::Session, Action::Read, relations).is_ok();
    if token.tenant() != Some(ctx.tenant()) || !may {
        return Ok(None);
    }
    let user = match token.kind() {
        Bearer::User => repository.read(ctx).find::<User>(token.id(), false).await?,
        Bearer::Service | Bearer::Operator => None,
    };
    Ok(Some(Known { username: user.map(|user| user.username) }))
}
