//! Client requests, with a status that goes from pending to in progress to completed.
//!
//! Invariant: the status moves forward one step at a time, and each step has its own action in the
//! audit log. Only managers and admins move it back.

mod dashboard;
mod kind;

use garde::Validate;
use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

pub use self::{
    dashboard::{RequestsByStatus, RequestsDashboard, RequestsOf, dashboard},
    kind::{RequestType, RequestTypeInput},
};
use crate::{
    Context, Error, Repository, Result, Tx,
    identity::user::{self, User},
    kernel::{
        change::ChangeType,
        crud::{self, Editable, Reference},
        error::Kind,
        input::{Unchecked, title_line, trimmed},
        list::{Filter, Form, Page, Query, Sort},
        policy::{self, Role},
        repository::{
            Access, Birth, Blank, Listed, Precondition, Resource, Searched, Stored, Update, entity,
            row::enumeration,
        },
    },
    work::client::Client,
};

/// The status of a client request: `pending` before the work begins, `in_progress` during it, and
/// `completed` after it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    DeriveActiveEnum,
    EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// The work has not begun.
    #[default]
    Pending,
    /// The work has begun.
    InProgress,
    /// The work is done.
    Completed,
}

entity! {
    /// A request of a client.
    pub struct ClientRequest in "client_request", editable {
        /// The id of the client.
        pub client_id: Uuid,
        /// The id of the request type.
        pub type_id: Uuid,
        /// The title of the request.
        #[schema(example = "The oven does not heat")]
        pub title: String,
        /// The description of the request, or null.
        pub description: Option<String>,
        /// The id of the user to whom the request is assigned, or null if nobody is.
        pub assignee_id: Option<Uuid>,
        /// The status of the request.
        pub status: RequestStatus,
        /// The date and time (UTC) at which the request became `in_progress`, or null while it is
        /// `pending`.
        pub started_at: Option<Timestamp>,
        /// The date and time (UTC) at which the request was completed, or null if it is not
        /// completed.
        pub completed_at: Option<Timestamp>,
    }
}

enumeration!(RequestStatus as String);

impl Resource for ClientRequest {
    const TYPE: policy::ResourceType = policy::ResourceType::ClientRequest;
    type Parent = ();
}

impl Access for ClientRequest {}

impl Stored for ClientRequest {
    fn searched(&self) -> Option<Searched<'_>> {
        Some(Searched {
            title: &self.title,
            body: self.description.as_deref(),
            more: [None; 2],
            project_id: None,
            task_id: None,
        })
    }
}

impl Listed for ClientRequest {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const STATUSES: &[&str] = &["pending", "in_progress", "completed"];
        &[
            Filter { name: "status", form: Form::Words(STATUSES), column: Column::Status },
            Filter { name: "client", form: Form::Id, column: Column::ClientId },
            Filter { name: "type", form: Form::Id, column: Column::TypeId },
            Filter { name: "assignee", form: Form::Person, column: Column::AssigneeId },
            Filter { name: "completed_at", form: Form::Timestamp, column: Column::CompletedAt },
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

/// The writable fields of a client request.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientRequestInput {
    /// The id of the client.
    #[garde(skip)]
    client_id: Uuid,
    /// The id of the request type.
    #[garde(skip)]
    type_id: Uuid,
    /// The title: one line of 3 to 200 characters. One Han, kana or Hangul character is enough.
    /// Invisible characters do not count.
    #[serde(deserialize_with = "trimmed::<_, 200>")]
    #[garde(length(chars, max = 200), custom(title_line))]
    #[schema(format = "title", min_length = 1, max_length = 200, example = "The oven does not heat")]
    title: String,
    /// The description, of at most 20,000 characters.
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: Option<String>,
    /// The id of the user to whom the request is assigned. The user must be active.
    #[serde(default)]
    #[garde(skip)]
    assignee_id: Option<Uuid>,
    /// The status. Default: `pending` for a new request, else the present status. It moves forward
    /// one step at a time, from `pending` to `in_progress` to `completed`. Only managers and admins
    /// may move it back.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = RequestStatus, required = false, example = "pending")]
    status: Option<RequestStatus>,
}

/// Reads a field that may be absent, but not null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl From<&ClientRequest> for ClientRequestInput {
    fn from(row: &ClientRequest) -> Self {
        Self {
            client_id: row.client_id,
            type_id: row.type_id,
            title: row.title.clone(),
            description: row.description.clone(),
            assignee_id: row.assignee_id,
            status: Some(row.status),
        }
    }
}

impl Editable for ClientRequest {
    type Input = ClientRequestInput;
    const REFERENCES: &'static [Reference] = &[
        Reference::to::<Client>("client_id"),
        Reference::to::<RequestType>("type_id"),
        Reference::to::<User>("assignee_id"),
    ];

    fn blank(born: Birth, _ctx: &Context, (): &()) -> Self {
        Self::born(born)
    }

    async fn apply(self, tx: &Tx, input: ClientRequestInput) -> Result<Self> {
        let ClientRequestInput { client_id, type_id, title, description, assignee_id, status } = input;
        // The references of a new row are the nil id, which no row has.
        if client_id != self.client_id || client_id.is_nil() {
            tx.refer::<Client>(Some(client_id), "client_id").await?;
        }
        if type_id != self.type_id || type_id.is_nil() {
            tx.refer::<RequestType>(Some(type_id), "type_id").await?;
        }
        if assignee_id != self.assignee_id {
            user::refer_active(tx, assignee_id, "assignee_id").await?;
        }
        let status = status.unwrap_or(self.status);
        Self { client_id, type_id, title, description, assignee_id, ..self }.with_status(tx, status)
    }

    fn change(old: &Self, new: &Self) -> ChangeType {
        match (old.status, new.status) {
            (was, is) if was == is => ChangeType::Update,
            (was, is) if is < was => ChangeType::Reopen,
            (_, RequestStatus::Completed) => ChangeType::Complete,
            _ => ChangeType::Start,
        }
    }
}

impl ClientRequest {
    /// The request with another status and the matching timestamps.
    ///
    /// # Errors
    /// `Conflict` for a step from pending to completed; `Forbidden` for a step back by a member.
    fn with_status(self, tx: &Tx, status: RequestStatus) -> Result<Self> {
        use RequestStatus::{Completed, Pending};
        if (self.status, status) == (Pending, Completed) {
            return Err(Error::with(
                Kind::Conflict,
                "A pending request cannot be completed. Set its status to in_progress first.",
            ));
        }
        if status < self.status && tx.ctx().role() == Role::Member {
            return Err(Error::with(
                Kind::Forbidden,
                "Only managers and admins can set a request back to an earlier status.",
            ));
        }
        Ok(Self {
            status,
            started_at: (status > Pending).then(|| self.started_at.unwrap_or(tx.now())),
            completed_at: (status == Completed).then(|| self.completed_at.unwrap_or(tx.now())),
            ..self
        })
    }
}

/// The requests of a client.
///
/// # Errors
/// `NotFound`, and those of lists.
pub async fn of_client(
    repository: &Repository,
    ctx: &Context,
    id: Uuid,
    query: &Query,
) -> Result<Page<ClientRequest>> {
    crud::list_of::<Client, ClientRequest>(repository, ctx, id, query, |client| {
        Condition::all().add(entity::Column::ClientId.eq(client.id))
    })
    .await
}

/// The new status of a client request.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestStatusInput {
    /// The status to set.
    #[garde(skip)]
    status: RequestStatus,
}

/// Sets the status of a request.
///
/// # Errors
/// `NotFound`, `Invalid`, and those of the precondition; `Conflict` for a step from pending to
/// completed; `Forbidden` for a step back by a member.
pub async fn set_status(
    tx: &Tx,
    id: Uuid,
    body: &Unchecked<RequestStatusInput>,
    pre: &Precondition,
) -> Result<ClientRequest> {
    let seen = tx.resolve::<ClientRequest, _>(id, Update).await?;
    let old = seen.row().clone();
    let RequestStatusInput { status } = body.check_over(&RequestStatusInput { status: old.status })?;
    let row = old.with_status(tx, status)?;
    let name = ClientRequest::change(seen.row(), &row);
    tx.update_as(name, seen, row, pre).await
}
