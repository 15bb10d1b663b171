//! The activity of a user, as a list.

use sea_orm::{Condition, entity::prelude::*};

use super::User;
use crate::{
    Context, Repository, Result,
    kernel::{
        audit::{HistoryEntry, history},
        list::{self, Page, Query},
        repository::ReadPrivate,
    },
};

/// The activity of a user: what they did, page by page.
///
/// # Errors
/// `NotFound`. `Forbidden` for another user's activity. List errors.
pub async fn history(
    repository: &Repository,
    ctx: &Context,
    id: Uuid,
    query: &Query,
) -> Result<Page<HistoryEntry>> {
    let scope = repository.read(ctx);
    let id = scope.resolve::<User, _>(id, ReadPrivate).await?.row().id;
    let theirs = Condition::all().add(history::entity::Column::ActorId.eq(id));
    list::page::<HistoryEntry>(repository, &scope, query, list::Within::of(id, theirs)).await
}
