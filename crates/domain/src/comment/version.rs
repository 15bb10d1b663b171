//! What a comment said before it was edited.

use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use super::Comment;
use crate::{
    Context, Instant, Result, Scope, Store, Tx,
    list::{self, Page, Query, Sort, Within},
    policy::{self, Action, Fact, Facts},
    store::{
        Noun, Read,
        noun::{ColumnOf, owned},
        readable_ids,
        row::positions,
    },
};

pub(crate) mod entity {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::wildcard_imports,
        reason = "written for and by sea-orm's derive"
    )]
    use super::*;

    /// An earlier body of a comment.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "comment_version")]
    #[schema(as = CommentVersion)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub comment_id: Uuid,
        /// The comment's `version` then.
        #[schema(example = 1)]
        pub number: i64,
        /// What it said.
        pub body: String,
        /// When that was written.
        pub written_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as CommentVersion;

owned!(CommentVersion, entity, unversioned);
positions!(CommentVersion { tenant_id, id, comment_id, number, body, written_at });

impl Noun for CommentVersion {
    const NOUN: policy::Noun = policy::Noun::CommentVersion;
    type Item = Self;

    async fn facts(&self, scope: &Scope, action: Action) -> Result<Facts> {
        match scope.find::<Comment>(self.comment_id, false).await? {
            Some(comment) => comment.facts(scope, action).await,
            None => Ok(Facts::default()),
        }
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        let seen = || entity::Column::CommentId.in_subquery(readable_ids::<Comment>(ctx));
        (fact == Fact::TaskVisible).then(|| Condition::all().add(seen()))
    }

    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "number", column: "id", key: |row| list::Key::Id(row.id) }]
    }
}

/// Keeps what a comment says before it says something else.
pub(super) async fn keep(tx: &Tx, comment: &Comment) -> Result<()> {
    let born = tx.birth();
    tx.keep(&CommentVersion {
        tenant_id: born.tenant,
        id: born.id,
        comment_id: comment.id,
        number: comment.version,
        body: comment.body.clone(),
        written_at: comment.edited_at.unwrap_or(comment.created_at),
    })
    .await
}

/// The earlier bodies of a comment in a task, by the page.
///
/// # Errors
/// `NotFound` for the task and for a comment that lies elsewhere; those of lists.
pub async fn versions(
    store: &Store,
    ctx: &Context,
    ids: (Uuid, Uuid),
    query: &Query,
) -> Result<Page<CommentVersion>> {
    let scope = store.read(ctx);
    let comment = scope.resolve_within::<Comment, _>(ids, Read).await?.into_row();
    let own = Condition::all().add(entity::Column::CommentId.eq(comment.id));
    list::page::<CommentVersion>(store, &scope, query, Within::of(comment.id, own)).await
}
