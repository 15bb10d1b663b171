//! The versions of a document: its title, text and file after each change of one of them.
//!
//! Invariant: a version is never changed, and is deleted only with its document.

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use super::Document;
use crate::{
    Context, Result, Scope, Timestamp, Tx,
    kernel::{
        audit::Arrival,
        error::Kind,
        list::{self, Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, Child, Listed, Resource, Stored, entity, field, json::AsJson, readable_ids,
            resource::ColumnOf, row::positions,
        },
    },
    work::file::{self, FileInfo},
};

entity! {
    /// A version of a document. It never changes, and is deleted with the document.
    #[derive(ToSchema)]
    #[schema(as = DocumentVersion)]
    pub struct DocumentVersion in "document_version", unversioned {
        /// The id of the document.
        pub document_id: Uuid,
        /// The `version` of the document when this version was saved. Numbers grow, with gaps.
        #[schema(example = 3)]
        pub number: i64,
        /// The title that this version saved.
        #[schema(example = "Minutes of the kick-off")]
        pub title: String,
        /// The text that this version saved, in Markdown.
        pub content: String,
        /// The stored file of this version, or null if it had none.
        #[schema(value_type = Option<FileInfo>)]
        pub file: Option<AsJson<FileInfo>>,
        #[serde(skip)]
        pub file_id: Option<Uuid>,
        /// The id of the user who saved this version, or null if a service account saved it. It
        /// stays when the user is deleted.
        pub saved_by: Option<Uuid>,
        /// The date and time (UTC) at which this version was saved.
        pub created_at: Timestamp,
    }
}

/// A version of a document in a list, without its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentVersionSummary {
    /// The id of this version.
    id: Uuid,
    /// The id of the document.
    document_id: Uuid,
    /// The `version` of the document when this version was saved. Numbers grow, with gaps.
    #[schema(example = 3)]
    number: i64,
    /// The title that this version saved.
    #[schema(example = "Minutes of the kick-off")]
    title: String,
    /// The stored file of this version, or null if it had none.
    #[schema(value_type = Option<FileInfo>)]
    file: Option<AsJson<FileInfo>>,
    /// The id of the user who saved this version, or null if a service account saved it.
    saved_by: Option<Uuid>,
    /// The date and time (UTC) at which this version was saved.
    created_at: Timestamp,
}

positions!(DocumentVersionSummary { id, document_id, number, title, file, saved_by, created_at });

impl Resource for DocumentVersion {
    const TYPE: policy::ResourceType = policy::ResourceType::DocumentVersion;
    type Parent = Document;
}

impl Access for DocumentVersion {
    async fn relations(&self, scope: &Scope, action: Action) -> Result<Relations> {
        let document = scope.find::<Document>(self.document_id, false).await?.ok_or(Kind::NotFound)?;
        document.relations(scope, action).await
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let visible = || entity::Column::DocumentId.in_subquery(readable_ids::<Document>(ctx));
        (relation == Relation::ProjectVisible).then(|| Condition::all().add(visible()))
    }
}

impl Stored for DocumentVersion {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "file_id"];
}

impl Listed for DocumentVersion {
    type Item = DocumentVersionSummary;

    fn item_columns() -> Vec<ColumnOf<Self>> {
        use entity::Column;
        vec![
            Column::Id,
            Column::DocumentId,
            Column::Number,
            Column::Title,
            Column::File,
            Column::SavedBy,
            Column::CreatedAt,
        ]
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "saved_by", form: Form::Person, column: Column::SavedBy },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "number", column: "number", key: |row| list::Key::Number(row.number) }]
    }
}

impl Child for DocumentVersion {
    const COLLECTION: &'static str = "versions";

    fn parent(&self) -> Uuid {
        self.document_id
    }

    fn within(document: &Document) -> Condition {
        Condition::all().add(entity::Column::DocumentId.eq(document.id))
    }

    async fn shown(scope: &Scope, document: &Document) -> Result<Option<Condition>> {
        shown(scope, document).await
    }
}

/// The versions that the caller may see: those since the document came to its present project or
/// team, beginning with the one that it had then. `None` means all versions.
///
/// The caller may not have seen the document in its earlier project.
pub(super) async fn shown(scope: &Scope, document: &Document) -> Result<Option<Condition>> {
    use entity::Column;
    let Some(came) = Arrival::of(scope, document, None).await? else { return Ok(None) };
    let before = came.version.map_or_else(|| Column::Id.lt(came.id), |number| Column::Number.lte(number));
    let first = scope.owned::<DocumentVersion>().filter(Column::DocumentId.eq(document.id)).filter(before);
    let first = first.select_only().column(Column::Number).order_by_desc(Column::Number).limit(1);
    let first: Option<i64> =
        scope.rows(&first.into_query()).await?.first().map(|row| field(row, 0)).transpose()?;
    Ok(first.map(|first| Condition::all().add(Column::Number.gte(first))))
}

/// Saves the present state of a document as a version.
pub(super) async fn keep(tx: &Tx, document: &Document) -> Result<()> {
    let Document { tenant_id, id, title, content, file, file_id, version, .. } = document.clone();
    let row = DocumentVersion {
        tenant_id,
        id: tx.birth().id,
        document_id: id,
        number: version,
        title,
        content,
        file,
        file_id,
        saved_by: tx.ctx().user(),
        created_at: tx.now(),
    };
    tx.insert_internal(&row).await
}

/// Releases the files of all versions of a document.
pub(super) async fn release_files(tx: &Tx, document: Uuid) -> Result<()> {
    use entity::Column;
    let own = Condition::all().add(Column::DocumentId.eq(document)).add(Column::FileId.is_not_null());
    let files = tx.owned::<DocumentVersion>().filter(own).select_only().column(Column::FileId).distinct();
    for row in tx.rows(&files.into_query()).await? {
        file::release(tx, field(&row, 0)?).await?;
    }
    Ok(())
}
