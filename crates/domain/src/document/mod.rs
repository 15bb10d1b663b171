//! Documents: texts and files of a project, with all that they ever were.
//!
//! Invariant: whatever a document's title, text and file come to be, it is kept as a version, in the transaction that makes it so.

mod content;
mod diff;
mod version;

use futures::future::BoxFuture;
use garde::Validate;
use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    content::{Content, content, permit, restore, set_file, set_text, version_content},
    diff::diff,
    version::{DocumentVersion, DocumentVersionSummary},
};
use crate::{
    Context, Instant, Result, Scope, Tx,
    edit::Editable,
    file::FileInfo,
    input::{one_line, trimmed},
    list::{self, Filter, Form, Sort},
    policy::{self, Action, Fact, Facts},
    project::{self, Project},
    search::Searched,
    store::{
        Birth, Noun,
        json::AsJson,
        noun::{ColumnOf, owned},
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

    /// A text of a project.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, ToSchema)]
    #[sea_orm(table_name = "document")]
    #[schema(as = Document)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[schema(example = "Minutes of the kick-off")]
        pub title: String,
        pub project_id: Uuid,
        /// The user who wrote it; null when a service did.
        pub author_id: Option<Uuid>,
        /// Markdown.
        pub content: String,
        pub created_at: Instant,
        pub updated_at: Instant,
        pub version: i64,
        /// The stored file, if there is one: it is the document's content then, beside the text.
        #[schema(value_type = Option<FileInfo>)]
        pub file: Option<AsJson<FileInfo>>,
        #[serde(skip)]
        pub file_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub use entity::Model as Document;

/// The most characters of a document's text.
const LONGEST_TEXT: usize = 200_000;

/// A document as lists show it: without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentSummary {
    id: Uuid,
    #[schema(example = "Minutes of the kick-off")]
    title: String,
    project_id: Uuid,
    author_id: Option<Uuid>,
    created_at: Instant,
    updated_at: Instant,
    version: i64,
}

owned!(Document, entity);
positions!(Document { tenant_id, id, title, project_id, author_id, content, created_at, updated_at, version, file, file_id });

positions!(DocumentSummary { id, title, project_id, author_id, created_at, updated_at, version });

impl Noun for Document {
    const NOUN: policy::Noun = policy::Noun::Document;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "file_id"];
    type Item = DocumentSummary;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        let user = scope.ctx().user();
        let facts = project::facts_within(Some(self.project_id), scope).await?;
        Ok(facts.with(Fact::Author, user.is_some() && user == self.author_id))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        let visible = || entity::Column::ProjectId.in_subquery(project::visible_ids(ctx));
        (fact == Fact::ProjectVisible).then(|| Condition::all().add(visible()))
    }

    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.title,
            body: Some(&self.content),
            project_id: Some(self.project_id),
            task_id: None,
        })
    }

    async fn home(&self, _scope: &Scope) -> Result<Option<Uuid>> {
        Ok(Some(self.project_id))
    }

    fn follow_up<'a>(
        tx: &'a Tx,
        _name: &'static str,
        old: Option<&'a Self>,
        new: Option<&'a Self>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(async move {
            match (old, new) {
                (old, Some(new)) if old.is_none_or(|old| new.says_other_than(old)) => {
                    version::keep(tx, new).await
                }
                (Some(old), None) => version::release_files(tx, old.id).await,
                _ => Ok(()),
            }
        }))
    }

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
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
            Filter { name: "updated_at", form: Form::Instant, column: Column::UpdatedAt },
            Filter { name: "q", form: Form::FullText, column: Column::Id },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        use list::Key;
        &[
            Sort { name: "created_at", column: "id", key: |row| Key::Id(row.id) },
            Sort {
                name: "updated_at",
                column: "updated_at",
                key: |row| Key::Number(row.updated_at.micros()),
            },
            Sort { name: "title", column: "title", key: |row| Key::Text(row.title.clone()) },
        ]
    }
}

impl Document {
    /// Whether it says something else, wherever it lies and whoever wrote it.
    fn says_other_than(&self, old: &Self) -> bool {
        (&self.title, &self.content, self.file_id) != (&old.title, &old.content, old.file_id)
            || self.file != old.file
    }
}

/// What can be written of a document.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentInput {
    #[serde(deserialize_with = "trimmed")]
    #[garde(length(chars, min = 1, max = 200), custom(one_line))]
    #[schema(min_length = 1, max_length = 200, example = "Minutes of the kick-off")]
    title: String,
    /// A project that the caller sees.
    #[garde(skip)]
    project_id: Uuid,
    /// Markdown.
    #[serde(default)]
    #[garde(length(chars, max = LONGEST_TEXT))]
    #[schema(max_length = 200_000, example = "# Present\n\nAda, Grace")]
    content: String,
}

impl From<&Document> for DocumentInput {
    fn from(row: &Document) -> Self {
        Self { title: row.title.clone(), project_id: row.project_id, content: row.content.clone() }
    }
}

impl Editable for Document {
    type Input = DocumentInput;

    fn blank(born: Birth, ctx: &Context) -> Self {
        Self {
            tenant_id: born.tenant,
            id: born.id,
            title: String::new(),
            project_id: Uuid::nil(),
            author_id: ctx.user(),
            content: String::new(),
            created_at: born.at,
            updated_at: born.at,
            version: 1,
            file: None,
            file_id: None,
        }
    }

    async fn apply(self, tx: &Tx, input: DocumentInput) -> Result<Self> {
        let DocumentInput { title, project_id, content } = input;
        // A new row's project is nil, which no project is.
        if project_id != self.project_id || project_id.is_nil() {
            tx.refer::<Project>(Some(project_id), "project_id").await?;
        }
        Ok(Self { title, project_id, content, ..self })
    }
}
