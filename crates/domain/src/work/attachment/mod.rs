//! Attachments: files that are attached to a task.
//!
//! Invariant: the id of an attachment is that of its file, and an attachment is never changed.
//! Another file is another attachment.

use futures::future::BoxFuture;
use sea_orm::{Condition, entity::prelude::*};

use crate::{
    Context, Repository, Result, Scope, Tx,
    kernel::{
        list::{self, Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Child, Container, Listed, Read, Resource, Stored, Written, entity, readable_ids,
        },
    },
    work::{
        file::{self, FileInfo, Received},
        task::{self, Task},
    },
};

entity! {
    /// A file that is attached to a task.
    pub struct Attachment in "attachment", shown {
        /// The id of the task.
        pub task_id: Uuid,
        /// The id of the user who uploaded the file, or null if a service account uploaded it. It
        /// stays when the user is deleted.
        pub uploaded_by: Option<Uuid>,
        /// The name of the file, as it was sent.
        #[schema(example = "plan.pdf")]
        pub name: String,
        /// The media type that the first bytes suggest, for display only. Downloads are always sent
        /// as `application/octet-stream`.
        #[schema(example = "application/pdf")]
        pub media_type: String,
        /// The size of the file, in bytes.
        #[schema(example = 48213)]
        pub size: i64,
        /// The SHA-256 of the file, in hexadecimal.
        #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        pub sha256: String,
        ..removed uploader_removed of uploaded_by,
    }
}

impl Resource for Attachment {
    const TYPE: policy::ResourceType = policy::ResourceType::Attachment;
    type Parent = Task;
}

impl Access for Attachment {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        let relations = task::relations_within(self.task_id, scope).await?;
        Ok(relations.with(Relation::Author, user.is_some() && user == self.uploaded_by))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let visible = || entity::Column::TaskId.in_subquery(readable_ids::<Task>(ctx));
        (relation == Relation::TaskVisible).then(|| Condition::all().add(visible()))
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        task::container_of(self.task_id, scope).await
    }
}

impl Stored for Attachment {
    fn follow_up<'a>(tx: &'a Tx, written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(async move {
            match (written.old, written.new) {
                (Some(old), None) => file::release(tx, old.id).await,
                _ => Ok(()),
            }
        }))
    }
}

impl Listed for Attachment {
    type Item = Self;

    const ADDED: &'static [&'static str] = &["uploader_removed"];

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "uploaded_by", form: Form::Person, column: Column::UploadedBy },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "name", column: "name", key: |row| (&row.name).into() },
            Sort { name: "size", column: "size", key: |row| Key::Number(row.size) },
        ]
    }
}

impl Child for Attachment {
    const COLLECTION: &'static str = "attachments";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// Authorises a new attachment of a task, before any byte of it is read.
///
/// # Errors
/// `NotFound` for the task, `Forbidden`, `InsufficientScope`.
pub async fn permit(repository: &Repository, ctx: &Context, task: Uuid) -> Result<()> {
    let scope = repository.read(ctx);
    let task = scope.resolve::<Task, _>(task, Read).await?.into_row();
    let relations = task::relations_within(task.id, &scope).await?;
    policy::authorize(ctx, policy::ResourceType::Attachment, Action::Create, relations)
}

/// Attaches a received file to a task.
///
/// # Errors
/// Those of [`permit`]; `QuotaExceeded`.
pub async fn add(tx: &Tx, task: Uuid, received: &Received, name: &str) -> Result<Attachment> {
    let task = tx.resolve::<Task, _>(task, Read).await?.into_row();
    let FileInfo { name, media_type, size, sha256 } = received.info(name);
    let row = Attachment {
        tenant_id: tx.ctx().tenant(),
        id: received.id,
        task_id: task.id,
        uploaded_by: tx.ctx().user(),
        name,
        media_type,
        size,
        sha256,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
        uploader_removed: None,
    };
    tx.authorize_create(&row).await?;
    file::keep(tx, received).await?;
    tx.add(row).await
}
