//! The earlier texts of comments.
//!
//! Invariant: a version never changes. A caller who sees the comment sees its versions. Only admins
//! see those from before the task came to its present project or team.

use sea_orm::{Condition, entity::prelude::*};
use utoipa::ToSchema;

use super::Comment;
use crate::{
    Context, Repository, Result, Scope, Tx,
    kernel::{
        audit::Arrival,
        list::{self, Page, Query, Sort, Within},
        policy::{self, Action, Relation, Relations},
        repository::{Access, Listed, Read, Resource, Stored, entity, lies_in_readable},
    },
    work::task::Task,
};

entity! {
    /// An earlier text of a comment.
    #[derive(ToSchema)]
    #[schema(as = CommentVersion)]
    pub struct CommentVersion in "comment_version", unversioned {
        /// The id of the comment.
        pub comment_id: Uuid,
        /// The `version` of the comment that had this text.
        #[schema(example = 1)]
        pub number: i64,
        /// The text, in Markdown.
        pub body: String,
        /// The date and time (UTC) at which this text was written.
        pub written_at: Timestamp,
    }
}

impl Resource for CommentVersion {
    const TYPE: policy::ResourceType = policy::ResourceType::CommentVersion;
    type Parent = ();
}

impl Access for CommentVersion {
    async fn relations(&self, scope: &Scope, action: Action) -> Result<Relations> {
        match scope.find::<Comment>(self.comment_id, false).await? {
            Some(comment) => comment.relations(scope, action).await,
            None => Ok(Relations::default()),
        }
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let seen = || lies_in_readable::<Comment>(ctx, entity::Column::CommentId);
        (relation == Relation::TaskVisible).then(|| Condition::all().add(seen()))
    }
}

impl Stored for CommentVersion {}

impl Listed for CommentVersion {
    type Item = Self;

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "number", column: "id", key: |row| row.id.into() }]
    }
}

/// Stores the text of a comment before it is replaced.
pub(super) async fn keep(tx: &Tx, comment: &Comment) -> Result<()> {
    let born = tx.birth();
    tx.insert_internal(&CommentVersion {
        tenant_id: born.tenant,
        id: born.id,
        comment_id: comment.id,
        number: comment.version,
        body: comment.body.clone(),
        written_at: comment.edited_at.unwrap_or(comment.created_at),
    })
    .await
}

/// One page of the earlier texts of a comment on a task.
///
/// # Errors
/// `NotFound` for the task, and for a comment on another task; those of lists.
pub async fn versions(
    repository: &Repository,
    ctx: &Context,
    ids: (Uuid, Uuid),
    query: &Query,
) -> Result<Page<CommentVersion>> {
    let scope = repository.read(ctx);
    let comment = scope.resolve_at::<Comment, _>(ids, Read).await?.into_row();
    // Versions from before the task came to its present project or team were visible to others.
    let came = Arrival::of(&scope, &comment, Some((Task::TYPE, comment.task_id))).await?;
    let own = Condition::all()
        .add(entity::Column::CommentId.eq(comment.id))
        .add_option(came.map(|came| entity::Column::Id.gt(came.id)));
    list::page::<CommentVersion>(repository, &scope, query, Within::of(comment.id, own)).await
}
