//! The dashboard of client requests: their number by status, client and type, and the age of the
//! oldest open one.
//!
//! Invariant: only rows that the caller sees are counted.

use std::collections::HashMap;

use sea_orm::{
    Condition, Order, QueryOrder, QueryResult, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ClientRequest, RequestStatus, RequestType,
    entity::{Column, Entity},
};
use crate::{
    Context, Repository, Result, Scope, Timestamp,
    kernel::repository::{Resource, field, resource::EntityOf},
    work::client::Client,
};

/// The most clients, and the most types, in the dashboard.
const MOST: u64 = 50;

/// The number of client requests with each status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsByStatus {
    /// The number of pending requests.
    pub pending: i64,
    /// The number of requests in progress.
    pub in_progress: i64,
    /// The number of completed requests.
    pub completed: i64,
}

/// The number of client requests of one client, or of one request type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsOf {
    /// The id of the client or request type.
    pub id: Uuid,
    /// The name of the client or request type.
    pub name: String,
    /// The number of its requests with each status.
    pub by_status: RequestsByStatus,
}

/// Statistics of the client requests of the organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsDashboard {
    /// The number of all requests with each status.
    pub by_status: RequestsByStatus,
    /// The 50 clients with the most open requests, in descending order.
    pub by_client: Vec<RequestsOf>,
    /// The number of requests of all other clients together.
    pub other_clients: RequestsByStatus,
    /// The 50 request types with the most open requests, in descending order.
    pub by_type: Vec<RequestsOf>,
    /// The number of requests of all other types together.
    pub other_types: RequestsByStatus,
    /// The date and time (UTC) at which the oldest open request was created, or null if no request
    /// is open.
    pub oldest_open_at: Option<Timestamp>,
    /// The age of the oldest open request, in seconds, or null if no request is open.
    pub oldest_open_seconds: Option<i64>,
}

/// The dashboard of the client requests of a tenant.
///
/// # Errors
/// `InsufficientScope`, and those of the repository.
pub async fn dashboard(repository: &Repository, ctx: &Context) -> Result<RequestsDashboard> {
    let scope = repository.read(ctx);
    let clients = scope.visible::<Client>(Condition::all())?;
    let types = scope.visible::<RequestType>(Condition::all())?;
    let oldest = scope
        .visible::<ClientRequest>(Condition::all().add(Column::Status.ne(RequestStatus::Completed)))?
        .select_only()
        .column(Column::CreatedAt)
        .order_by(Column::Id, Order::Asc)
        .limit(1);
    let oldest = scope.rows(&oldest.into_query()).await?;
    let oldest_open_at: Option<Timestamp> = oldest.first().map(|row| field(row, 0)).transpose()?;
    let age = |at: Timestamp| ctx.now().seconds().saturating_sub(at.seconds());
    let all = scope.visible::<ClientRequest>(Condition::all())?.select_only();
    let total = scope.rows(&counts(all).into_query()).await?;
    let total = total.first().map(|row| by_status(row, 0)).transpose()?.unwrap_or_default();
    let by_client = of_each(&scope, Column::ClientId, clients, |client: Client| client.name).await?;
    let by_type = of_each(&scope, Column::TypeId, types, |kind: RequestType| kind.name).await?;
    Ok(RequestsDashboard {
        other_clients: rest(&total, &by_client),
        other_types: rest(&total, &by_type),
        by_status: total,
        by_client,
        by_type,
        oldest_open_at,
        oldest_open_seconds: oldest_open_at.map(age),
    })
}

/// The requests that no line counts. A request that is created between two queries may be missed,
/// so the result is never negative.
fn rest(total: &RequestsByStatus, listed: &[RequestsOf]) -> RequestsByStatus {
    let left = |of: fn(&RequestsByStatus) -> i64| {
        let listed: i64 = listed.iter().map(|line| of(&line.by_status)).sum();
        (of(total) - listed).max(0)
    };
    RequestsByStatus {
        pending: left(|it| it.pending),
        in_progress: left(|it| it.in_progress),
        completed: left(|it| it.completed),
    }
}

/// The counts for each row that a column refers to, with the name of that row.
async fn of_each<N: Resource>(
    scope: &Scope,
    column: Column,
    owners: sea_orm::Select<EntityOf<N>>,
    name: fn(N) -> String,
) -> Result<Vec<RequestsOf>> {
    let each = scope.visible::<ClientRequest>(Condition::all())?.select_only().column(column);
    let each = counts(each)
        .group_by(column)
        .order_by(how_many(Column::Status.ne(RequestStatus::Completed)), Order::Desc)
        .order_by(column, Order::Asc)
        .limit(MOST);
    let rows = scope.rows(&each.into_query()).await?;
    let ids = rows.iter().map(|row| field::<Uuid>(row, 0)).collect::<Result<Vec<_>>>()?;
    let known: Vec<N> = scope.all(&owners.filter(N::id_column().is_in(ids)).into_query()).await?;
    let mut names: HashMap<Uuid, String> = known.into_iter().map(|row| (row.id(), name(row))).collect();
    let of = |row: &QueryResult| {
        let id = field(row, 0)?;
        let name = names.remove(&id).unwrap_or_default();
        Ok(RequestsOf { id, name, by_status: by_status(row, 1)? })
    };
    rows.iter().map(of).collect()
}

/// Adds the counts by status to a query.
fn counts(rows: sea_orm::Select<Entity>) -> sea_orm::Select<Entity> {
    let counted = |status: RequestStatus| how_many(Column::Status.eq(status));
    rows.column_as(counted(RequestStatus::Pending), "pending")
        .column_as(counted(RequestStatus::InProgress), "in_progress")
        .column_as(counted(RequestStatus::Completed), "completed")
}

/// The number of rows that meet a condition.
fn how_many(condition: Expr) -> Expr {
    Func::count(CaseStatement::new().case(condition, 1)).into()
}

fn by_status(row: &QueryResult, from: usize) -> Result<RequestsByStatus> {
    Ok(RequestsByStatus {
        pending: field(row, from)?,
        in_progress: field(row, from + 1)?,
        completed: field(row, from + 2)?,
    })
}
