//! Clearing the assignments that a user can no longer see, in the transaction of the change that
//! took the sight away.

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

/// The reaction of tasks' assignments to changes of who sees a project.
pub(crate) struct Assignments;

impl ReactsTo<User> for Assignments {
    /// Another role may show the user fewer projects.
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
    /// Those who saw the project through its old team, or as its manager, may see it no more.
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
    /// The old manager may see the team's projects no more.
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
    /// A member whose place another user takes leaves the team. One who is removed does so by
    /// [`super::remove_member`], or together with the user or the team.
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, TeamMember>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        let (old, _) = old.zip(new).filter(|(old, new)| old.user_id != new.user_id)?;
        Some(Box::pin(clear_unseen_of(tx, old.user_id, task::of_team(tx.ctx(), old.team_id))))
    }
}
