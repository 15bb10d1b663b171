//! Transfers the ownership of a user's rows to another user, in the transaction that deletes the
//! user.
//!
//! Comments, uploaded files and time entries keep the user.
//!
//! Invariant: every row goes through the recorded write, so the audit has an entry for each. The
//! rows and their records go page by page, so the memory is bounded.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::assignments;
use crate::{
    Result, Tx,
    identity::invitation::{self, Invitation},
    kernel::{
        change::ChangeType,
        policy::{self, Action},
        repository::{Resource, resource::ColumnOf},
    },
    work::{
        document::{self, Document},
        project::{self, Project},
        request::{self, ClientRequest},
        task::{self, Task},
        team::{self, Team},
    },
};

/// How many rows are read at once.
const PAGE: u64 = 200;

/// Transfers everything that one user owns to another, with one line for each resource type.
pub(super) async fn transfer(tx: &Tx, from: Uuid, to: Uuid) -> Result<()> {
    use document::entity::Column as OfDocument;
    use invitation::entity::Column as OfInvitation;
    use project::entity::Column as OfProject;
    use request::entity::Column as OfRequest;
    use task::entity::Column as OfTask;
    use team::entity::Column as OfTeam;
    rows::<Invitation>(tx, &[OfInvitation::InvitedBy], from, to).await?;
    // Before teams and projects: a user who no longer manages these may not see their tasks, and
    // would lose the assignments.
    rows::<Task>(tx, &[OfTask::OwnerId, OfTask::AssigneeId], from, to).await?;
    rows::<Team>(tx, &[OfTeam::ManagerId], from, to).await?;
    rows::<Project>(tx, &[OfProject::ManagerId], from, to).await?;
    // The new owner may not see all projects of the user's teams. Owning a task does not make it
    // visible.
    assignments::clear_unseen_of(tx, to, Condition::all()).await?;
    rows::<ClientRequest>(tx, &[OfRequest::AssigneeId], from, to).await?;
    rows::<Document>(tx, &[OfDocument::AuthorId], from, to).await
}

/// Transfers the rows of a resource type that name the user in one of these columns.
async fn rows<N: Resource>(tx: &Tx, columns: &[ColumnOf<N>], from: Uuid, to: Uuid) -> Result<()> {
    let named = columns.iter().fold(Condition::any(), |any, column| any.add(column.eq(from)));
    let page = tx.owned::<N>().filter(named).order_by_asc(N::id_column()).limit(PAGE).into_query();
    loop {
        let found: Vec<N> = tx.all(&page).await?;
        if found.is_empty() {
            return Ok(());
        }
        // The caller's credential must reach what is transferred.
        policy::permit(tx.ctx(), N::TYPE, Action::Update)?;
        for row in found {
            // Rows in the trash too. Another transaction may have deleted a row permanently since
            // the query.
            let Some(old) = tx.find::<N>(row.id(), true).await? else { continue };
            let mut row = old.clone();
            for column in columns.iter().filter(|column| old.get(**column) == from.into()) {
                row.try_set(*column, to.into())?;
            }
            // Rows in archived projects too, so that an archived project does not block the
            // deletion.
            tx.cascade_update(ChangeType::Transfer, old, row).await?;
        }
        tx.write_records().await?;
    }
}
