//! `/api/v1/users`: the users of an organisation.
//!
//! Passwords are hashed here, before the transaction. The rules are in [`user`].

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use taskhub_domain::{
    audit::{Change, ChangeLine, HistoryEntry, Past},
    bulk::{self, BulkInput, BulkResult},
    idempotency::Answer,
    offboarding,
    user::{self, ImportReport, NewUser, User, UserInput, UserView},
};

use super::{App, auth::hash_of_new, resource};
use crate::http::{
    answer::{self, Answered, Count, List},
    export::{self, Line},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, RawBody, Takes},
    middleware::limits::charge,
    parameters::{ExportOf, ListOf},
    problem::Code,
};

/// List users
///
/// Lists the users of the organisation. Everybody sees the fields of the directory, and admins see
/// all fields. `q` searches the usernames and names, and for admins also the email addresses.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    params(ListOf<User>),
    responses((status = 200, description = "One page of users.", body = List<UserView>)),
)]
#[get("")]
pub(crate) async fn list_users(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, user::list(&app.repository, &caller, &query.0).await?)
}

/// Create a user
///
/// Creates a user of the organisation. A user with a password gets an email to verify the address.
/// A user without one gets a welcome email instead, with a link to choose a password that is valid
/// for seven days. An inactive user gets no email. Only admins can call this. A caller with a
/// limited token needs every scope to create a manager or an admin (403 `insufficient_scope`). An
/// email address or a username that is taken gets 409 `conflict`.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    request_body = NewUser,
    responses((status = 201, description = "The new user.", body = User)),
)]
#[post("")]
pub(crate) async fn create_user(caller: Caller, app: App, body: Body<NewUser>) -> Answered {
    let new = user::check_new(&caller, &body.input)?;
    let key = caller.key(&app.repository, &body.bytes);
    let _turn = app.turns.of(caller.tenant()).enter().await?;
    let password_hash = hash_of_new(&app, &new, "password").await?;
    let create = app.repository.write_once(
        &caller,
        key,
        (new, password_hash),
        |tx, (new, password_hash)| Box::pin(user::create(tx, new, password_hash)),
        |user: &User| answer::created("users", user.id, user.version, user),
    );
    Ok(answer::kept(create.await?))
}

/// Create, update and delete users in bulk
///
/// Applies up to 100 operations in order, in one transaction: either all of them take effect or
/// none. Each operation is authorised and validated as a single request would be. An operation has
/// no `transfer_to`: a user who still has teams, projects, tasks, requests, documents or
/// invitations cannot be deleted (409 `in_use`). Only admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    request_body = BulkInput,
    responses((status = 200, description = "The result of each operation, in the order of the request.", body = BulkResult<User>)),
    extensions(("x-problems" = json!([Code::LastAdmin]))),
)]
#[post("/bulk")]
pub(crate) async fn change_users(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let caller = charge(&request, &caller, body.input.operations())?;
    let mut hashes = Vec::new();
    for (place, new) in bulk::check_users(&caller, &body.input)? {
        // One permit for each hash, so that other callers of the tenant wait for one hash at most.
        let _turn = app.turns.of(caller.tenant()).enter().await?;
        let field = format!("operations/{place}/body/password");
        hashes.push((place, hash_of_new(&app, &new, &field).await?));
    }
    resource::bulk_with::<User>(&caller, &app, key, body, hashes).await
}

/// Count active users
///
/// Counts the active users of the organisation. Every user can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    responses((status = 200, description = "The number of active users.", body = Count)),
)]
#[get("/active-count")]
pub(crate) async fn count_active_users(caller: Caller, app: App) -> Answered {
    let count = user::active_count(&app.repository, &caller).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// A file of users: comma-separated values (RFC 4180) in UTF-8.
pub(crate) enum UsersFile {}

impl Takes for UsersFile {
    const TYPES: &'static [&'static str] = &["text/csv"];
    const MOST: usize = 1024 * 1024;
}

/// Import users
///
/// Creates users from a CSV file in UTF-8 with at most 1000 rows and 1 MiB. The header names the
/// columns `email` and `username`, and optionally `first_name`, `last_name` and `role`, in any
/// order and ignoring case. Commas, semicolons or tabs separate the cells. Other columns are
/// ignored and listed in `ignored_columns`, so that an export can be imported.
///
/// All users are created, or none: `imported` says which, and `results` lists the errors of each
/// row. With `dry_run` no user is created. New users have no password: they get an email with a
/// link to choose one. Each row counts as a request against the rate limits. Only admins can call
/// this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("dry_run" = Option<bool>, Query, description = "`true` checks the file and creates no user. Default: `false`.")),
    request_body(content = String, content_type = "text/csv", example = "email,username,first_name,last_name,role\r\ngrace@acme.example,grace,Grace,Hopper,member\r\n"),
    responses((status = 200, description = "The result of each row.", body = ImportReport)),
)]
#[post("/import")]
pub(crate) async fn import_users(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
    file: RawBody<UsersFile>,
) -> Answered {
    let dry_run = query.take("dry_run", "true or false")?.unwrap_or_default();
    let import = user::check_import(&caller, &file.bytes, dry_run)?;
    let key = caller.key(&app.repository, &file.bytes);
    let caller = charge(&request, &caller, import.rows())?;
    let write = app.repository.write_once(
        &caller,
        key,
        import,
        |tx, import| Box::pin(user::import(tx, import)),
        |report: &ImportReport| Answer::new(200, report),
    );
    let report = write.await?;
    if !dry_run {
        // In the background: the response does not depend on the statistics.
        let repository = app.repository.clone();
        tokio::spawn(async move {
            if let Err(error) = user::analyze_imported(&repository).await {
                tracing::warn!(%error, "could not update the statistics of the database");
            }
        });
    }
    Ok(answer::kept(report))
}

/// Export users
///
/// Returns a CSV file in UTF-8 with all users that match the filters. A cell that a spreadsheet
/// would read as a formula starts with an apostrophe. Only admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    params(ExportOf<User>),
    responses((status = 200, description = "The CSV file.", body = String, content_type = "text/csv", example = "id,email,username,first_name,last_name,role,is_active,created_at,last_login_at\r\n")),
)]
#[get("/export")]
pub(crate) async fn export_users(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (repository, query) = (app.repository.clone(), query.0);
    export::csv(&app, &request, "users", move |cursor| {
        let (repository, caller, query) = (repository.clone(), caller.clone(), query.clone());
        async move { user::export(&repository, &caller, &query, cursor).await }
    })
    .await
}

/// Get a user
///
/// Returns a user, now or at the time `as_of`. Everybody sees the fields of the directory. The user
/// and admins see all fields.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the user."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The user.", body = UserView)),
)]
#[get("/{id}")]
pub(crate) async fn get_user(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    if let Some(at) = query.take("as_of", resource::INSTANT)? {
        return Ok(resource::past(&known, &user::get_at(&app.repository, &caller, id.0, at).await?));
    }
    let user = user::get(&app.repository, &caller, id.0).await?;
    Ok(answer::resource(&known, user.version(), &user))
}

/// Replace a user
///
/// Replaces all writable fields. An absent field gets its default. A new role or a deactivation
/// ends all sessions and access tokens of the user. A user with a new role is also unassigned from
/// open tasks that they can no longer see. A new email address must be verified again, and the user
/// gets an email for it. Only admins can call this. The last active admin must stay an active admin
/// (409 `last_admin`).
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user.")),
    request_body = UserInput,
    responses((status = 200, description = "The user after the change.", body = User)),
    extensions(("x-problems" = json!([Code::LastAdmin]))),
)]
#[put("/{id}")]
pub(crate) async fn replace_user(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<UserInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Update a user
///
/// Changes the given fields. A new role or a deactivation ends all sessions and access tokens of
/// the user. A user with a new role is also unassigned from open tasks that they can no longer see.
/// A new email address must be verified again, and the user gets an email for it. Only admins can
/// call this. The last active admin must stay an active admin (409 `last_admin`).
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user.")),
    request_body = UserInput,
    responses((status = 200, description = "The user after the change.", body = User)),
    extensions(("x-problems" = json!([Code::LastAdmin]))),
)]
#[patch("/{id}")]
pub(crate) async fn update_user(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<UserInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Delete a user
///
/// Deletes a user permanently and ends their sessions and tokens. Their teams, projects, tasks,
/// assigned requests, documents and invitations pass to the active user in `transfer_to`. Without
/// `transfer_to` a user who has any of these gets 409 `in_use`. Open tasks that the new assignee
/// cannot see lose their assignee. A running timer is stopped. Time entries, comments and the audit
/// log keep the name of the user, marked as removed. Only admins can call this. The last active
/// admin cannot be deleted (409 `last_admin`). To keep the user, deactivate them instead.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user."), ("transfer_to" = Option<uuid::Uuid>, Query, description = "The id of the active user who receives the teams, projects, tasks, requests, documents and invitations of the deleted user.")),
    responses((status = 204, description = "No content: the user was deleted.")),
    extensions(("x-problems" = json!([Code::LastAdmin]))),
)]
#[delete("/{id}")]
pub(crate) async fn delete_user(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let input = (id.0, query.take_id("transfer_to", "an id")?, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, heir, pre)| {
        Box::pin(offboarding::remove_user(tx, *id, *heir, pre))
    })
    .await
}

/// Deactivate a user
///
/// Denies a user access to the organisation, and ends their sessions and access tokens at once.
/// Their personal access tokens are refused until the user is reactivated. An inactive user stays
/// inactive. Only admins can call this. The last active admin cannot be deactivated (409
/// `last_admin`).
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user.")),
    responses((status = 200, description = "The deactivated user.", body = User)),
    extensions(("x-problems" = json!([Code::LastAdmin]))),
)]
#[post("/{id}/deactivate")]
pub(crate) async fn deactivate_user(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    set_active(&caller, &app, id, false, pre).await
}

/// Reactivate a user
///
/// Gives a deactivated user access to the organisation again. An active user stays active. Only
/// admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the user.")),
    responses((status = 200, description = "The reactivated user.", body = User)),
)]
#[post("/{id}/reactivate")]
pub(crate) async fn reactivate_user(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    set_active(&caller, &app, id, true, pre).await
}

/// List the activity of a user
///
/// Lists the actions of the user, each with its resource, time, request id and client address. The
/// old and new values are in the audit log, for admins. The user and admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the user."),
        ListOf<HistoryEntry>,
    ),
    responses((status = 200, description = "One page of actions of the user.", body = List<HistoryEntry>)),
)]
#[get("/{id}/history")]
pub(crate) async fn list_user_history(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, user::history(&app.repository, &caller, id.0, &query.0).await?)
}

/// List the changes to a user
///
/// Lists who changed which fields of the user and when, newest first. The actions of the user are
/// in their activity (`GET /api/v1/users/{id}/history`). The user and admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read", "history:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the user."),
        ListOf<Change>,
    ),
    responses((status = 200, description = "One page of changes.", body = List<ChangeLine>)),
)]
#[get("/{id}/changes")]
pub(crate) async fn list_user_changes(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let past = Past::<User>::private(&app.repository, &caller, id.0).await?;
    resource::history_page(&app, &query, &request, &past).await
}

async fn set_active(caller: &Caller, app: &App, id: Id, active: bool, pre: IfMatch) -> Answered {
    let input = (id.0, active, pre.0);
    resource::change(caller, app, b"", input, |tx, (id, active, pre)| {
        Box::pin(user::set_active(tx, *id, *active, pre))
    })
    .await
}

impl Line for User {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "email",
        "username",
        "first_name",
        "last_name",
        "role",
        "is_active",
        "created_at",
        "last_login_at",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let last_login = self.last_login_at.map(|at| at.to_string()).unwrap_or_default();
        vec![
            self.id.to_string().into(),
            self.email.as_str().into(),
            self.username.as_str().into(),
            self.first_name.as_str().into(),
            self.last_name.as_str().into(),
            self.role.as_str().into(),
            self.is_active.to_string().into(),
            self.created_at.to_string().into(),
            last_login.into(),
        ]
    }
}

/// `PUT` and `PATCH`. The body knows which of them it is.
async fn change(caller: &Caller, app: &App, id: Id, pre: IfMatch, body: Body<UserInput>) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(caller, app, &body.bytes, input, |tx, (id, body, pre)| {
        Box::pin(user::update(tx, *id, body, pre))
    })
    .await
}
