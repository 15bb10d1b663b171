//! Documents: texts and files of a project, with all their versions.
//!
//! Invariant: every state of a document's title, text and file is saved as a version, in the
//! transaction that makes it. This module does not know how files are stored
//! ([`crate::work::file`]).

mod content;
mod diff;
mod version;

use futures::future::BoxFuture;
use sea_orm::{Condition, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    content::{Content, content, permit, restore, set_file, set_text, version_content},
    diff::diff,
    version::{DocumentVersion, DocumentVersionSummary},
};
use crate::{
    Context, Result, Scope, Timestamp, Tx,
    kernel::{
        crud::{Editable, Reference, input},
        input::{one_line, trimmed},
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Birth, Blank, Container, Listed, Resource, Searched, Stored, Written, entity,
            json::AsJson, readable_ids, resource::ColumnOf, row::positions,
        },
    },
    work::{
        file::FileInfo,
        project::{self, Project},
    },
};

entity! {
    /// A document of a project: a text and, optionally, a stored file.
    pub struct Document in "document", editable {
        /// The title of the document.
        #[schema(example = "Minutes of the kick-off")]
        pub title: String,
        /// The id of the project that contains the document.
        pub project_id: Uuid,
        /// The id of the user who created the document, or null if a service account created it.
        pub author_id: Option<Uuid>,
        /// The text, in Markdown. It is empty if the document has none.
        pub content: String,
        ..stamps,
        /// The stored file, or null if the document has none. Downloads of the content send the
        /// file rather than the text.
        #[schema(value_type = Option<FileInfo>)]
        pub file: Option<AsJson<FileInfo>>,
        #[serde(skip)]
        pub file_id: Option<Uuid>,
    }
}

/// The greatest length of the text of a document, in characters.
const LONGEST_TEXT: usize = 200_000;

/// A document in a list, without its text and file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentSummary {
    /// The id of the document.
    id: Uuid,
    /// The title of the document.
    #[schema(example = "Minutes of the kick-off")]
    title: String,
    /// The id of the project that contains the document.
    project_id: Uuid,
    /// The id of the user who created the document, or null if a service account created it.
    author_id: Option<Uuid>,
    /// The date and time (UTC) at which the document was created.
    created_at: Timestamp,
    /// The date and time (UTC) at which the document was last changed.
    updated_at: Timestamp,
    /// The version of the document. It grows with each change.
    version: i64,
}

positions!(DocumentSummary { id, title, project_id, author_id, created_at, updated_at, version });

impl Resource for Document {
    const TYPE: policy::ResourceType = policy::ResourceType::Document;
    type Parent = ();
}

impl Access for Document {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        let relations = project::relations_within(Some(self.project_id), scope).await?;
        Ok(relations.with(Relation::Author, user.is_some() && user == self.author_id))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let visible = || entity::Column::ProjectId.in_subquery(readable_ids::<Project>(ctx));
        (relation == Relation::ProjectVisible).then(|| Condition::all().add(visible()))
    }

    async fn container(&self, _scope: &Scope) -> Result<Option<Container>> {
        Ok(Some(project::container(self.project_id)))
    }
}

impl Stored for Document {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "file_id"];

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.title,
            body: Some(&self.content),
            more: [None; 2],
            project_id: Some(self.project_id),
            task_id: None,
        })
    }

    fn follow_up<'a>(tx: &'a Tx, written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(async move {
            match (written.old, written.new) {
                (old, Some(new)) if old.is_none_or(|old| new.says_other_than(old)) => {
                    version::keep(tx, new).await
                }
                (Some(old), None) => version::release_files(tx, old.id).await,
                _ => Ok(()),
            }
        }))
    }
}

impl Listed for Document {
    type Item = DocumentSummary;

    fn item_columns() -> Vec<ColumnOf<Self>> {
        use entity::Column;
        vec![
            Column::Id,
            Column::Title,
            Column::ProjectId,
            Column::AuthorId,
            Column::CreatedAt,
            Column::UpdatedAt,
            Column::Version,
        ]
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "project", form: Form::Id, column: Column::ProjectId },
            Filter { name: "author", form: Form::Person, column: Column::AuthorId },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
            Filter { name: "updated_at", form: Form::Timestamp, column: Column::UpdatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "updated_at", column: "updated_at", key: |row| row.updated_at.into() },
            Sort { name: "title", column: "title", key: |row| (&row.title).into() },
        ]
    }
}

impl Document {
    /// Whether the title, text or file differ. The project and the author do not count.
    fn says_other_than(&self, old: &Self) -> bool {
        (&self.title, &self.content, self.file_id) != (&old.title, &old.content, old.file_id)
            || self.file != old.file
    }
}

input! {
    /// The writable fields of a document.
    pub struct DocumentInput of Document {
        /// The title: one line of 1 to 200 characters.
        #[serde(deserialize_with = "trimmed::<_, 200>")]
        #[garde(length(chars, min = 1, max = 200), custom(one_line))]
        #[schema(format = "line", min_length = 1, max_length = 200, example = "Minutes of the kick-off")]
        title: String,
        /// The id of the project. The caller must see the project.
        #[garde(skip)]
        project_id: Uuid,
        /// The text, in Markdown, of at most 200,000 characters. Default: empty.
        #[serde(default)]
        #[garde(length(chars, max = LONGEST_TEXT))]
        #[schema(max_length = 200_000, example = "# Present\n\nAda, Grace")]
        content: String,
    }
}

impl Editable for Document {
    type Input = DocumentInput;
    const REFERENCES: &'static [Reference] = &[Reference::to::<Project>("project_id")];

    fn blank(born: Birth, ctx: &Context, (): &()) -> Self {
        Self { author_id: ctx.user(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, input: DocumentInput) -> Result<Self> {
        // The project of a new row is the nil id, which no project has.
        if input.project_id != self.project_id || input.project_id.is_nil() {
            tx.refer::<Project>(Some(input.project_id), "project_id").await?;
        }
        Ok(input.onto(self))
    }
}
