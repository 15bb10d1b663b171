//! Comments on tasks.
//!
//! Invariant: no text is lost by an edit, which stores the previous text as a version in the same
//! transaction. A comment mentions only users who could see its task when it was written.

mod mention;
mod version;

use futures::future::BoxFuture;
use garde::Validate;
use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::version::{CommentVersion, versions};
use crate::{
    Context, Result, Scope, Tx,
    kernel::{
        crud::Editable,
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Birth, Blank, Child, Container, Listed, Resource, Searched, Stored, Written, entity,
            json::AsJson, lies_in_readable,
        },
    },
    work::{
        task::{self, Task},
        watcher,
    },
};

entity! {
    /// A comment on a task.
    pub struct Comment in "comment", editable {
        /// The id of the task.
        pub task_id: Uuid,
        /// The id of the user who wrote the comment, even after that user was removed. Null if a
        /// service account wrote it.
        pub author_id: Option<Uuid>,
        /// The text, in Markdown.
        #[schema(example = "Done, but for the pictures. @grace, can you draw them?")]
        pub body: String,
        /// The ids of the users whom the text mentions as `@username` outside code. Users who could
        /// not see the task are not included.
        #[schema(value_type = Vec<Uuid>)]
        pub mentions: AsJson<Vec<Uuid>>,
        /// The date and time (UTC) at which the text was last edited, or null if it never was.
        pub edited_at: Option<Timestamp>,
        ..removed author_removed of author_id,
    }
}

impl Resource for Comment {
    const TYPE: policy::ResourceType = policy::ResourceType::Comment;
    type Parent = Task;
}

impl Access for Comment {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        let relations = task::relations_within(self.task_id, scope).await?;
        Ok(relations.with(Relation::Author, user.is_some() && user == self.author_id))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let seen = || lies_in_readable::<Task>(ctx, entity::Column::TaskId);
        (relation == Relation::TaskVisible).then(|| Condition::all().add(seen()))
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        task::container_of(self.task_id, scope).await
    }
}

impl Stored for Comment {
    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: "",
            body: Some(&self.body),
            more: [None; 2],
            project_id: None,
            task_id: Some(self.task_id),
        })
    }

    fn follow_up<'a>(tx: &'a Tx, written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        let comment = written.new?;
        Some(Box::pin(async move {
            match (written.old, comment.author_id) {
                (Some(old), _) => version::keep(tx, old).await,
                (None, Some(author)) => watcher::begin(tx, comment.task_id, author).await,
                (None, None) => Ok(()),
            }
        }))
    }
}

impl Listed for Comment {
    type Item = Self;

    const ADDED: &'static [&'static str] = &["author_removed"];

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "author", form: Form::Person, column: Column::AuthorId },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl Child for Comment {
    const COLLECTION: &'static str = "comments";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// The ids of the comments on the tasks of a project.
pub(crate) fn ids_in(ctx: &Context, project: Uuid) -> SelectStatement {
    let tasks = task::ids_in(ctx, Some(project.into()));
    let own = Condition::all().add(entity::Column::TenantId.eq(ctx.tenant()));
    let comments = entity::Entity::find().select_only().column(entity::Column::Id);
    comments.filter(own.add(entity::Column::TaskId.in_subquery(tasks))).into_query()
}

/// The writable fields of a comment.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentInput {
    /// The text, in Markdown. `@username` outside code mentions a user who can see the task. The
    /// users of the first 50 names are notified; further names are ignored. A full stop, hyphen or
    /// underscore at the end of a name is not part of the name.
    #[garde(length(chars, min = 1, max = 20_000), custom(says_something))]
    #[schema(
        min_length = 1,
        max_length = 20_000,
        example = "Done, but for the pictures. @grace, can you draw them?"
    )]
    body: String,
}

/// A rule of garde: the text is not blank.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn says_something(text: &str, _: &()) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("must not be blank")) } else { Ok(()) }
}

impl From<&Comment> for CommentInput {
    fn from(row: &Comment) -> Self {
        Self { body: row.body.clone() }
    }
}

impl Editable for Comment {
    type Input = CommentInput;

    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self { task_id: task.id, author_id: ctx.user(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, CommentInput { body }: CommentInput) -> Result<Self> {
        if body == self.body {
            return Ok(self);
        }
        let mentions = AsJson(mention::users(tx, self.task_id, &body).await?);
        // The body of a new row is empty, and that of a comment never is.
        let edited_at = (!self.body.is_empty()).then(|| tx.now());
        Ok(Self { body, mentions, edited_at, ..self })
    }
}
