//! Handing over what is a user's to another, in the transaction that removes them.
//!
//! What they did stays theirs: comments, files that they sent, and the time that they worked.
//!
//! Every row goes through the recorded write, so that the audit tells of each. They go by the page,
//! and their records with them: what waits in memory is bounded, however many they are.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use crate::{
    Result, Tx,
    document::{self, Document},
    invitation::{self, Invitation},
    policy::{self, Action},
    project::{self, Project},
    request::{self, ClientRequest},
    store::{Noun, noun::ColumnOf},
    task::{self, Task},
    team::{self, Team},
};

/// How many rows are read at once.
const PAGE: u64 = 200;

/// Hands over all that is one user's to another, a noun a line.
pub(super) async fn hand_over(tx: &Tx, from: Uuid, to: Uuid) -> Result<()> {
    use document::entity::Column as OfDocument;
    use invitation::entity::Column as OfInvitation;
    use project::entity::Column as OfProject;
    use request::entity::Column as OfRequest;
    use task::entity::Column as OfTask;
    use team::entity::Column as OfTeam;
    rows::<Invitation>(tx, &[OfInvitation::InvitedBy], from, to).await?;
    rows::<Team>(tx, &[OfTeam::ManagerId], from, to).await?;
    rows::<Project>(tx, &[OfProject::ManagerId], from, to).await?;
    rows::<Task>(tx, &[OfTask::OwnerId, OfTask::AssigneeId], from, to).await?;
    // The heir may not see all projects of the user's teams. To own a task there shows it to
    // nobody.
    task::clear_unseen_of(tx, to, Condition::all()).await?;
    rows::<ClientRequest>(tx, &[OfRequest::AssigneeId], from, to).await?;
    rows::<Document>(tx, &[OfDocument::AuthorId], from, to).await
}

/// Hands over the rows of a noun that name the user in one of these columns.
async fn rows<N: Noun>(tx: &Tx, columns: &[ColumnOf<N>], from: Uuid, to: Uuid) -> Result<()> {
    let named = columns.iter().fold(Condition::any(), |any, column| any.add(column.eq(from)));
    let page = tx.owned::<N>().filter(named).order_by_asc(N::id_column()).limit(PAGE).into_query();
    loop {
        let found: Vec<N> = tx.all(&page).await?;
        if found.is_empty() {
            return Ok(());
        }
        // The caller's credential must reach what is handed over.
        policy::permit(tx.ctx(), N::NOUN, Action::Update)?;
        for row in found {
            // Removed ones that can be restored too. Somebody may have removed it for good since it
            // was looked for.
            let Some(old) = tx.find::<N>(row.id(), true).await? else { continue };
            let mut row = old.clone();
            for column in columns.iter().filter(|column| old.get(**column) == from.into()) {
                row.try_set(*column, to.into())?;
            }
            // In archived projects too: they keep nobody from leaving.
            tx.carry_along("hand_over", old, row).await?;
        }
        tx.write_records().await?;
    }
}
