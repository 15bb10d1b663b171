//! Requests at a glance: how many there are by status, client and type, and since when the oldest waits.

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
    Context, Instant, Result, Scope, Store,
    client::Client,
    store::{Noun, field, noun::EntityOf},
};

/// The most clients and types that are told of: those with the most open requests.
const MOST: u64 = 50;

/// How many requests have a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsByStatus {
    /// Nobody works on them.
    pub pending: i64,
    /// Under way.
    pub in_progress: i64,
    /// Done.
    pub completed: i64,
}

/// The requests of one client, or of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsOf {
    /// The client's or type's id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many there are.
    pub by_status: RequestsByStatus,
}

/// Requests at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsDashboard {
    /// All of them.
    pub by_status: RequestsByStatus,
    /// The 50 clients with the most open requests, those first that have more.
    pub by_client: Vec<RequestsOf>,
    /// Those of all other clients together.
    pub other_clients: RequestsByStatus,
    /// The 50 types with the most open requests, likewise.
    pub by_type: Vec<RequestsOf>,
    /// Those of all other types together.
    pub other_types: RequestsByStatus,
    /// When the oldest request that is not completed was made.
    pub oldest_open_at: Option<Instant>,
    /// For how many seconds it has been open.
    pub oldest_open_seconds: Option<i64>,
}

/// The tenant's requests at a glance.
///
/// # Errors
/// `InsufficientScope`, and those of the store.
pub async fn dashboard(store: &Store, ctx: &Context) -> Result<RequestsDashboard> {
    let scope = store.read(ctx);
    let clients = scope.visible::<Client>(Condition::all())?;
    let types = scope.visible::<RequestType>(Condition::all())?;
    let oldest = scope
        .visible::<ClientRequest>(Condition::all().add(Column::Status.ne(RequestStatus::Completed)))?
        .select_only()
        .column(Column::CreatedAt)
        .order_by(Column::Id, Order::Asc)
        .limit(1);
    let oldest = scope.rows(&oldest.into_query()).await?;
    let oldest_open_at: Option<Instant> = oldest.first().map(|row| field(row, 0)).transpose()?;
    let age = |at: Instant| ctx.now().seconds().saturating_sub(at.seconds());
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

/// What of all requests is told of none of the lines. A request that comes between two readings is missed, and makes nothing negative.
fn rest(total: &RequestsByStatus, told: &[RequestsOf]) -> RequestsByStatus {
    let left = |of: fn(&RequestsByStatus) -> i64| {
        let told: i64 = told.iter().map(|line| of(&line.by_status)).sum();
        (of(total) - told).max(0)
    };
    RequestsByStatus {
        pending: left(|it| it.pending),
        in_progress: left(|it| it.in_progress),
        completed: left(|it| it.completed),
    }
}

/// The counts by what a column refers to, with its name.
async fn of_each<N: Noun>(
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

/// Adds to a query how many requests have each status.
fn counts(rows: sea_orm::Select<Entity>) -> sea_orm::Select<Entity> {
    let counted = |status: RequestStatus| how_many(Column::Status.eq(status));
    rows.column_as(counted(RequestStatus::Pending), "pending")
        .column_as(counted(RequestStatus::InProgress), "in_progress")
        .column_as(counted(RequestStatus::Completed), "completed")
}

/// How many rows meet a condition.
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
