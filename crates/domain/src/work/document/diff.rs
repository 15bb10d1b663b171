//! Diffs between the texts of two versions of a document.

use std::time::Duration;

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use similar::TextDiff;
use tokio::task::spawn_blocking;

use super::{
    Document, DocumentVersion,
    version::{entity::Column, shown},
};
use crate::{
    Context, Error, Repository, Result, Scope,
    kernel::{error::Kind, repository::Read},
};

/// The time after which the search for a small diff stops. The diff is then larger, but still
/// correct.
const PATIENCE: Duration = Duration::from_millis(500);
/// The number of lines of context around a change.
const AROUND: usize = 3;

/// The unified diff from the version `against` to a version of the same document. Without
/// `against`, it is from the version before, or from an empty text. `held` is dropped when the work
/// is done.
///
/// # Errors
/// `NotFound`, also for a version of another document; `InvalidParameter` if `against` is no
/// version of this document.
pub async fn diff(
    repository: &Repository,
    ctx: &Context,
    ids: (Uuid, Uuid),
    against: Option<Uuid>,
    held: impl Send + 'static,
) -> Result<String> {
    let scope = repository.read(ctx);
    let new = scope.resolve_at::<DocumentVersion, _>(ids, Read).await?.into_row();
    let old = match against {
        Some(id) => match scope.resolve_at::<DocumentVersion, _>((ids.0, id), Read).await {
            Err(error) if error.kind() == Kind::NotFound => {
                return Err(Error::parameter("against", "Must be the id of a version of this document."));
            }
            found => Some(found?.into_row()),
        },
        None => before(&scope, &new).await?,
    };
    let written = spawn_blocking(move || {
        let _held = held;
        write(old.as_ref(), &new)
    });
    written.await.map_err(Error::internal)
}

/// The version before a version.
async fn before(scope: &Scope, version: &DocumentVersion) -> Result<Option<DocumentVersion>> {
    let earlier = scope.owned::<DocumentVersion>().filter(Column::DocumentId.eq(version.document_id));
    let earlier = earlier.filter(Column::Number.lt(version.number)).order_by_desc(Column::Number).limit(1);
    let document = scope.find::<Document>(version.document_id, false).await?.ok_or(Kind::NotFound)?;
    let shown = Condition::all().add_option(shown(scope, &document).await?);
    let earlier = earlier.filter(shown);
    Ok(scope.all::<DocumentVersion>(&earlier.into_query()).await?.into_iter().next())
}

fn write(old: Option<&DocumentVersion>, new: &DocumentVersion) -> String {
    let name = |version: &DocumentVersion| format!("{} (version {})", version.title, version.number);
    let (old_name, old_text) =
        old.map_or_else(|| ("nothing".to_owned(), ""), |old| (name(old), old.content.as_str()));
    let mut compared = TextDiff::configure();
    let compared = compared.timeout(PATIENCE).diff_lines(old_text, new.content.as_str());
    compared.unified_diff().context_radius(AROUND).header(&old_name, &name(new)).to_string()
}
