//! What changed between two versions of a document's text.

use std::time::Duration;

use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use similar::TextDiff;
use tokio::task::spawn_blocking;

use super::{DocumentVersion, version::entity::Column};
use crate::{Context, Error, Result, Scope, Store, store::Read};

/// After how long a difference is no longer looked for to be small. It is right all the same.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many lines around a change are told.
const AROUND: usize = 3;

/// The unified difference of a version's text from another's of the same document: the one named, or else the one before it, or else nothing. What
/// the caller `held` for the work is held until it is done.
///
/// # Errors
/// `NotFound`, also for a version of another document; `InvalidParameter` for another that is none of this document's.
pub async fn diff(
    store: &Store,
    ctx: &Context,
    ids: (Uuid, Uuid),
    against: Option<Uuid>,
    held: impl Send + 'static,
) -> Result<String> {
    let scope = store.read(ctx);
    let new = scope.resolve_within::<DocumentVersion, _>(ids, Read).await?.into_row();
    let old = match against {
        Some(id) => {
            let found = scope.find::<DocumentVersion>(id, false).await?;
            let own = found.filter(|version| version.document_id == new.document_id);
            Some(own.ok_or_else(|| Error::parameter("against", "The document has no such version."))?)
        }
        None => before(&scope, &new).await?,
    };
    let written = spawn_blocking(move || {
        let _held = held;
        write(old.as_ref(), &new)
    });
    written.await.map_err(Error::internal)
}

/// The version before another.
async fn before(scope: &Scope, version: &DocumentVersion) -> Result<Option<DocumentVersion>> {
    let earlier = scope.owned::<DocumentVersion>().filter(Column::DocumentId.eq(version.document_id));
    let earlier = earlier.filter(Column::Number.lt(version.number)).order_by_desc(Column::Number).limit(1);
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
