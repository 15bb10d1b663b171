//! Removing a member from a team.

use uuid::Uuid;

use super::assignments;
use crate::{
    Error, Result, Tx,
    identity::user::User,
    kernel::{
        error::Kind,
        policy::{self, Action},
        repository::{Delete, Precondition, Resource},
    },
    work::{
        task,
        team::{self, Team, TeamMember},
    },
};

/// Removes a member from a team. Their open assignments in the team's projects pass to another
/// user, if one is named. Otherwise those that they can no longer see are cleared, and the managers
/// of the projects are notified.
///
/// # Errors
/// As [`crate::kernel::crud::remove`]. `InvalidParameter` if the named user is not another
/// active user who can see the projects of the team. `InsufficientScope` if a task passes to them
/// and the scopes of the credential do not include tasks.
pub async fn remove_member(
    tx: &Tx,
    ids: (Uuid, Uuid),
    transfer_to: Option<Uuid>,
    pre: &Precondition,
) -> Result<()> {
    let seen = tx.resolve_at::<TeamMember, _>(ids, Delete).await?;
    tx.check(pre, seen.row().version).await?;
    let TeamMember { team_id, user_id, .. } = *seen.row();
    if let Some(heir) = transfer_to {
        check_heir(tx, team_id, user_id, heir).await?;
        task::transfer(tx, task::of_team(tx.ctx(), team_id), user_id, heir).await?;
    }
    tx.remove(seen, pre).await?;
    assignments::clear_unseen_of(tx, user_id, task::of_team(tx.ctx(), team_id)).await
}

/// Refuses a user who could not see the tasks that pass to them. A user who is absent, deactivated,
/// outside the team, or the leaving member gets the same error.
async fn check_heir(tx: &Tx, team: Uuid, leaver: Uuid, heir: Uuid) -> Result<()> {
    let team = tx.find::<Team>(team, false).await?.ok_or(Kind::NotFound)?;
    let heir = tx.hold::<User>(heir).await?.filter(|heir| heir.is_active && heir.id != leaver);
    let sees = match &heir {
        Some(heir) => {
            let scope = tx.seen_by(heir);
            let relations = team::relations_within(&team, &scope).await?;
            policy::authorize_row(scope.ctx(), Team::TYPE, Action::Read, relations).is_ok()
        }
        None => false,
    };
    if sees {
        return Ok(());
    }
    Err(Error::parameter(
        "transfer_to",
        "Must be the id of another active user who can see the projects of the team.",
    ))
}
