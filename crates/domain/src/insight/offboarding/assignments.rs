//! Clears the assignments of tasks that their assignee can no longer see, in the transaction of the
//! change that affected the visibility.

use futures::future::BoxFuture;
use sea_orm::Condition;
use uuid::Uuid;

use crate::{
    Result, Tx,
    identity::user::User,
    insight::notification,
    kernel::repository::{ReactsTo, Written},
    work::{
        project::Project,
        task,
        team::{Team, TeamMember},
    },
};

/// Clears the open assignments of a user, in tasks that meet a condition, that the user can no
/// longer see, and notifies the managers of their projects.
pub(super) async fn clear_unseen_of(tx: &Tx, user: Uuid, which: Condition) -> Result<()> {
    let Some((user, cleared)) = task::clear_unseen_of(tx, user, which).await? else { return Ok(()) };
    for (project, tasks) in cleared {
        notification::about_unassigned(tx, project, &user, tasks).await?;
    }
    Ok(())
}

/// As [`clear_unseen_of`], for all users who are assigned such tasks.
async fn clear_unseen(tx: &Tx, which: Condition) -> Result<()> {
    for user in task::assignees(tx, which.clone()).await? {
        clear_unseen_of(tx, user, which.clone()).await?;
    }
    Ok(())
}

/// Clears assignments after changes that affect the visibility of projects.
pub(crate) struct Assignments;

impl ReactsTo<User> for Assignments {
    /// A user with another role may see fewer projects.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, User>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, new) = old.zip(new)?;
        (old.role != new.role)
            .then(|| -> BoxFuture<'a, _> { Box::pin(clear_unseen_of(tx, new.id, Condition::all())) })
    }
}

impl ReactsTo<Project> for Assignments {
    /// Users who saw the project through its old team, or as its manager, may no longer see it.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Project>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, new) = old.zip(new)?;
        ((old.team_id, old.manager_id) != (new.team_id, new.manager_id))
            .then(|| -> BoxFuture<'a, _> { Box::pin(clear_unseen(tx, task::of_project(new))) })
    }
}

impl ReactsTo<Team> for Assignments {
    /// The old manager may no longer see the projects of the team.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Team>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, new) = old.zip(new)?;
        let manager = old.manager_id.filter(|_| old.manager_id != new.manager_id)?;
        Some(Box::pin(clear_unseen_of(tx, manager, task::of_team(tx.ctx(), new.id))))
    }
}

impl ReactsTo<TeamMember> for Assignments {
    /// When a membership changes to another user, the old user leaves the team. Removals are not
    /// handled here: see [`super::remove_member`]; else the user or the team is deleted too.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, TeamMember>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, _) = old.zip(new).filter(|(old, new)| old.user_id != new.user_id)?;
        Some(Box::pin(clear_unseen_of(tx, old.user_id, task::of_team(tx.ctx(), old.team_id))))
    }
}
