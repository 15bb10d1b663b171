//! The bare limit: the smallest server that does the same work as TaskHub, a plain handler over raw
//! SQL.
//!
//! Invariant: it runs the same SELECT, or the same two INSERTs (a task and its audit row) in one
//! durable transaction, on the same schema and settings of the database. It writes the same JSON;
//! the benchmark compares the bytes. It leaves out what TaskHub adds: authentication, roles,
//! tenants, limits, validation and the access log. It must not know TaskHub's crates, or it would
//! measure them against themselves.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    error::{ErrorBadRequest, ErrorInternalServerError, ErrorNotFound},
    web,
};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use sqlx::{
    ConnectOptions, Row,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgPool, PgRow},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteRow, SqliteSynchronous},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;

/// How to run the bare server.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The database that TaskHub has filled: `sqlite://…` or `postgres://…`
    #[arg(long)]
    pub(crate) url: String,
    /// Where to listen
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    /// Whose tasks are read and written
    #[arg(long)]
    pub(crate) tenant: Uuid,
    /// Who owns the created tasks
    #[arg(long)]
    pub(crate) user: Uuid,
    /// Worker threads
    #[arg(long)]
    pub(crate) workers: usize,
}

/// The default number of TaskHub's connections; on SQLite that of its readers.
const CONNECTIONS: u32 = 12;

/// The number of prepared statements that TaskHub caches per connection.
const STATEMENTS: usize = 512;

/// The columns of a task, in the order in which [`Task`] reads them from a row.
macro_rules! columns {
    () => {
        "id, title, description, project_id, parent_id, owner_id, assignee_id, status, priority, label_ids, \
         start_at, due_at, estimate_minutes, completed_at, recurrence, recurrence_mode, \
         month_end_clamp, rank, deleted_at, created_at, updated_at, version"
    };
}

const GET: &str = concat!("SELECT ", columns!(), " FROM task WHERE tenant_id = $1 AND id = $2");

/// One row more than a page, which shows whether there is a next one.
const LIST: &str =
    concat!("SELECT ", columns!(), " FROM task WHERE tenant_id = $1 ORDER BY id DESC LIMIT 51");

const PAGE: usize = 50;

const INSERT_TASK: &str = concat!(
    "INSERT INTO task (tenant_id, ",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
);

const INSERT_AUDIT: &str = "INSERT INTO audit (tenant_id, id, at, actor_kind, actor_id, action, noun, row_id, \
                            request_id, address, old_values, new_values) \
                            VALUES ($1, $2, $3, 'user', $4, 'create', 'task', $5, $6, '127.0.0.1', NULL, $7)";

/// A row of `task` as TaskHub returns it.
#[derive(Serialize)]
struct Task {
    id: Uuid,
    title: String,
    description: Option<String>,
    project_id: Option<Uuid>,
    parent_id: Option<Uuid>,
    owner_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    status: String,
    #[serde(serialize_with = "priority")]
    priority: i16,
    #[serde(serialize_with = "json")]
    label_ids: String,
    #[serde(serialize_with = "instant_or_null")]
    start_at: Option<i64>,
    #[serde(serialize_with = "instant_or_null")]
    due_at: Option<i64>,
    estimate_minutes: Option<i32>,
    #[serde(serialize_with = "instant_or_null")]
    completed_at: Option<i64>,
    recurrence: Option<String>,
    recurrence_mode: String,
    month_end_clamp: bool,
    rank: String,
    #[serde(serialize_with = "instant_or_null")]
    deleted_at: Option<i64>,
    #[serde(serialize_with = "instant")]
    created_at: i64,
    #[serde(serialize_with = "instant")]
    updated_at: i64,
    version: i64,
}

/// The body of a request to create a task.
#[derive(Deserialize)]
struct New {
    title: String,
    description: Option<String>,
}

/// A page by cursor.
#[derive(Serialize)]
struct Page {
    count: Option<u64>,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Task>,
}

/// Microseconds since the Unix epoch as RFC 3339 with six digits of fraction, without an
/// allocation.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn instant<S: Serializer>(microseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    const SECOND: i64 = 1_000_000;
    let at =
        OffsetDateTime::from_unix_timestamp(microseconds.div_euclid(SECOND)).map_err(S::Error::custom)?;
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    let fields = [
        (4, u64::from(year.unsigned_abs())),
        (7, u64::from(u8::from(month))),
        (10, u64::from(day)),
        (13, u64::from(hour)),
        (16, u64::from(minute)),
        (19, u64::from(second)),
        (26, microseconds.rem_euclid(SECOND).unsigned_abs()),
    ];
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (end, mut number) in fields {
        for digit in text.iter_mut().take(end).rev() {
            if number == 0 {
                break;
            }
            *digit += u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    serializer.serialize_str(std::str::from_utf8(&text).map_err(S::Error::custom)?)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn instant_or_null<S: Serializer>(microseconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match microseconds {
        Some(microseconds) => instant(microseconds, serializer),
        None => serializer.serialize_none(),
    }
}

/// A number in the row, a word in the response.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn priority<S: Serializer>(priority: &i16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match priority {
        1 => "low",
        2 => "medium",
        3 => "high",
        _ => "urgent",
    })
}

/// Stored JSON, inserted as JSON.
fn json<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    value.serialize(serializer)
}

/// Reads a task by the position of its columns, the cheapest way to read a row.
macro_rules! from_row {
    ($($row:ty),*) => {$(
        impl sqlx::FromRow<'_, $row> for Task {
            fn from_row(row: &$row) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    id: row.try_get(0)?,
                    title: row.try_get(1)?,
                    description: row.try_get(2)?,
                    project_id: row.try_get(3)?,
                    parent_id: row.try_get(4)?,
                    owner_id: row.try_get(5)?,
                    assignee_id: row.try_get(6)?,
                    status: row.try_get(7)?,
                    priority: row.try_get(8)?,
                    label_ids: row.try_get(9)?,
                    start_at: row.try_get(10)?,
                    due_at: row.try_get(11)?,
                    estimate_minutes: row.try_get(12)?,
                    completed_at: row.try_get(13)?,
                    recurrence: row.try_get(14)?,
                    recurrence_mode: row.try_get(15)?,
                    month_end_clamp: row.try_get(16)?,
                    rank: row.try_get(17)?,
                    deleted_at: row.try_get(18)?,
                    created_at: row.try_get(19)?,
                    updated_at: row.try_get(20)?,
                    version: row.try_get(21)?,
                })
            }
        }
    )*};
}
from_row!(SqliteRow, PgRow);

/// The two INSERTs and the commit, for the transaction type of each database.
macro_rules! record {
    ($transaction:expr, $tenant:expr, $task:expr, $json:expr) => {{
        let (mut transaction, task): (_, &Task) = ($transaction, $task);
        sqlx::query(INSERT_TASK)
            .bind($tenant)
            .bind(task.id)
            .bind(&task.title)
            .bind(&task.description)
            .bind(task.project_id)
            .bind(task.parent_id)
            .bind(task.owner_id)
            .bind(task.assignee_id)
            .bind(&task.status)
            .bind(task.priority)
            .bind(&task.label_ids)
            .bind(task.start_at)
            .bind(task.due_at)
            .bind(task.estimate_minutes)
            .bind(task.completed_at)
            .bind(&task.recurrence)
            .bind(&task.recurrence_mode)
            .bind(task.month_end_clamp)
            .bind(&task.rank)
            .bind(task.deleted_at)
            .bind(task.created_at)
            .bind(task.updated_at)
            .bind(task.version)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(INSERT_AUDIT)
            .bind($tenant)
            .bind(Uuid::now_v7())
            .bind(task.created_at)
            .bind(task.owner_id)
            .bind(task.id)
            .bind(Uuid::now_v7().to_string())
            .bind($json)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }};
}

enum Database {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

impl Database {
    async fn open(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") {
            let options = url
                .parse::<SqliteConnectOptions>()?
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .statement_cache_capacity(STATEMENTS)
                .disable_statement_logging();
            let writer = pool(1).connect_with(options.clone()).await?;
            let readers = pool(CONNECTIONS).connect_with(options.read_only(true)).await?;
            Ok(Self::Sqlite { readers, writer })
        } else {
            let options = url.parse::<PgConnectOptions>()?.statement_cache_capacity(STATEMENTS);
            Ok(Self::Postgres(pool(CONNECTIONS).connect_with(options.disable_statement_logging()).await?))
        }
    }

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Option<Task>, sqlx::Error> {
        match self {
            Self::Sqlite { readers, .. } => {
                sqlx::query_as(GET).bind(tenant).bind(id).fetch_optional(readers).await
            }
            Self::Postgres(pool) => sqlx::query_as(GET).bind(tenant).bind(id).fetch_optional(pool).await,
        }
    }

    async fn list(&self, tenant: Uuid) -> Result<Vec<Task>, sqlx::Error> {
        match self {
            Self::Sqlite { readers, .. } => sqlx::query_as(LIST).bind(tenant).fetch_all(readers).await,
            Self::Postgres(pool) => sqlx::query_as(LIST).bind(tenant).fetch_all(pool).await,
        }
    }

    async fn create(&self, tenant: Uuid, task: &Task, json: &str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite { writer, .. } => {
                record!(writer.begin_with("BEGIN IMMEDIATE").await?, tenant, task, json)
            }
            Self::Postgres(pool) => record!(pool.begin().await?, tenant, task, json),
        }
    }
}

fn pool<D: sqlx::Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new().min_connections(connections).max_connections(connections).test_before_acquire(false)
}

/// The state of the handlers.
struct State {
    database: Database,
    tenant: Uuid,
    user: Uuid,
}

/// Serves until it is killed.
pub(crate) async fn serve(arguments: Arguments) -> Result<()> {
    let database = Database::open(&arguments.url).await?;
    let state = web::Data::new(State { database, tenant: arguments.tenant, user: arguments.user });
    let app = move || {
        App::new()
            .app_data(state.clone())
            .route("/health/live", web::get().to(HttpResponse::Ok))
            .route("/api/v1/tasks/{id}", web::get().to(get))
            .route("/api/v1/tasks", web::get().to(list))
            .route("/api/v1/tasks", web::post().to(create))
    };
    HttpServer::new(app).workers(arguments.workers).bind(arguments.listen)?.run().await?;
    Ok(())
}

async fn get(state: web::Data<State>, id: web::Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let task = state.database.get(state.tenant, *id).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(task.ok_or_else(|| ErrorNotFound("no such task"))?))
}

async fn list(state: web::Data<State>) -> actix_web::Result<HttpResponse> {
    let mut results = state.database.list(state.tenant).await.map_err(ErrorInternalServerError)?;
    let more = results.len() > PAGE;
    results.truncate(PAGE);
    let next =
        results.last().filter(|_| more).map(|last| format!("/api/v1/tasks?cursor={}&page_size=50", last.id));
    Ok(HttpResponse::Ok().json(Page { count: None, next, previous: None, results }))
}

async fn create(state: web::Data<State>, body: web::Bytes) -> actix_web::Result<HttpResponse> {
    let new: New = serde_json::from_slice(&body).map_err(ErrorBadRequest)?;
    let nanoseconds = OffsetDateTime::now_utc().unix_timestamp_nanos();
    let now = i64::try_from(nanoseconds / 1000).map_err(ErrorInternalServerError)?;
    let id = Uuid::now_v7();
    let task = Task {
        id,
        title: new.title,
        description: new.description,
        project_id: None,
        parent_id: None,
        owner_id: Some(state.user),
        assignee_id: None,
        status: "todo".to_owned(),
        priority: 2,
        label_ids: "[]".to_owned(),
        start_at: None,
        due_at: None,
        estimate_minutes: None,
        completed_at: None,
        recurrence: None,
        recurrence_mode: "from_due".to_owned(),
        month_end_clamp: false,
        rank: format!("{}8", id.simple()),
        deleted_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let json = serde_json::to_string(&task)?;
    state.database.create(state.tenant, &task, &json).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().content_type("application/json").body(json))
}
