//! `/api/v1/users`.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use taskhub_domain::{
    audit::{ChangeLine, HistoryEntry, Past},
    bulk::{self, BulkInput, BulkResult},
    idempotency::Answer,
    offboarding,
    user::{self, ImportReport, NewUser, User, UserInput, UserView},
};

use super::{App, auth::hash_of_new, noun};
use crate::{
    answer::{self, Answered, Count, List},
    edge::limits::charge,
    export::{self, Line},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Octets, Parameters, Takes},
};

/// List users
///
/// Everybody sees the directory's fields; admins see all of them. `q` looks for words in the usernames and the names, of admins in the emails too.
#[utoipa::path(tag = "users", responses((status = 200, description = "A page of users.", body = List<UserView>)))]
#[get("")]
pub(crate) async fn list_users(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, user::list(&app.store, &caller, &query.0).await?)
}

/// Create a user
///
/// For admins. The user is asked by mail to verify their email. Without a password, they are
/// welcomed by mail instead, with a link by which they choose one within seven days. A user who is
/// not active gets no mail.
#[utoipa::path(tag = "users", request_body = NewUser, responses((status = 201, description = "The new user.", body = User)))]
#[post("")]
pub(crate) async fn create_user(caller: Caller, app: App, body: Body<NewUser>) -> Answered {
    let new = user::check_new(&caller, &body.input)?;
    let key = caller.key(&app.store, &body.octets);
    let _turn = app.turns.of(caller.tenant()).enter().await?;
    let password_hash = hash_of_new(&app, &new, "password").await?;
    let create = app.store.write_once(
        &caller,
        key,
        (new, password_hash),
        |tx, (new, password_hash)| Box::pin(user::create(tx, new, password_hash)),
        |user: &User| answer::created("users", user.id, user.version, user),
    );
    Ok(answer::kept(create.await?))
}

/// Create, change and delete users together
///
/// For admins. At most 100, one after the other, each judged and validated by itself: all of them or none. Who still has something
/// that is theirs can't be deleted so (409 `in_use`): there is no `transfer_to` here.
#[utoipa::path(tag = "users", request_body = BulkInput, responses((status = 200, description = "What came of each.", body = BulkResult<User>)))]
#[post("/bulk")]
pub(crate) async fn change_users(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    let key = caller.key(&app.store, &body.octets);
    let caller = charge(&request, &caller, body.input.operations())?;
    let mut hashes = Vec::new();
    for (place, new) in bulk::check_users(&caller, &body.input)? {
        // Of many hashes another caller of the tenant waits for one.
        let _turn = app.turns.of(caller.tenant()).enter().await?;
        let field = format!("operations/{place}/body/password");
        hashes.push((place, hash_of_new(&app, &new, &field).await?));
    }
    noun::bulk_with::<User>(&caller, &app, key, body, hashes).await
}

/// Count active users
#[utoipa::path(tag = "users", responses((status = 200, description = "How many users are let in.", body = Count)))]
#[get("/active-count")]
pub(crate) async fn count_active_users(caller: Caller, app: App) -> Answered {
    let count = user::active_count(&app.store, &caller).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// A file of users: comma-separated values (RFC 4180), in UTF-8.
pub(crate) enum UsersFile {}

impl Takes for UsersFile {
    const TYPES: &'static [&'static str] = &["text/csv"];
    const MOST: usize = 1024 * 1024;
}

/// Import users
///
/// For admins: from a file of at most 1000 rows in UTF-8, with the columns `email`, `username`, and optionally `first_name`, `last_name` and
/// `role`, in any case and order. Cells are separated by commas, semicolons or tabs. Other columns are not read: the report names them in
/// `ignored_columns`, so an export of users can be imported. All users are created, or none: the report says what is wrong with each row, and
/// `imported` says which of the two happened. With `dry_run` no user is created. New users have no password yet: they choose one by the link
/// that they are sent. Each row counts as a request against the rate limits.
#[utoipa::path(tag = "users", params(("dry_run" = Option<bool>, Query, description = "Whether only to say what would come of it.")), request_body(content = String, content_type = "text/csv", example = "email,username,first_name,last_name,role\r\ngrace@acme.example,grace,Grace,Hopper,member\r\n"), responses((status = 200, description = "What came of each row.", body = ImportReport)))]
#[post("/import")]
pub(crate) async fn import_users(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
    file: Octets<UsersFile>,
) -> Answered {
    let dry_run = query.take("dry_run", "true or false")?.unwrap_or_default();
    let import = user::check_import(&caller, &file.octets, dry_run)?;
    let key = caller.key(&app.store, &file.octets);
    let caller = charge(&request, &caller, import.rows())?;
    let write = app.store.write_once(
        &caller,
        key,
        import,
        |tx, import| Box::pin(user::import(tx, import)),
        |report: &ImportReport| Answer::new(200, report),
    );
    let report = write.await?;
    if !dry_run {
        // Nobody waits for it.
        let store = app.store.clone();
        tokio::spawn(async move {
            if let Err(error) = user::analyze_imported(&store).await {
                tracing::warn!(%error, "the statistics of the database can't be brought up to date");
            }
        });
    }
    Ok(answer::kept(report))
}

/// Export users
///
/// For admins: a file of all users whom the filters leave, in UTF-8. A cell that a spreadsheet would take for a formula is led by an apostrophe.
#[utoipa::path(tag = "users", responses((status = 200, description = "The file.", body = String, content_type = "text/csv", example = "id,email,username,first_name,last_name,role,is_active,created_at,last_login_at\r\n")))]
#[get("/export")]
pub(crate) async fn export_users(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (store, query) = (app.store.clone(), query.0);
    export::csv(&app, &request, "users", move |cursor| {
        let (store, caller, query) = (store.clone(), caller.clone(), query.clone());
        async move { user::export(&store, &caller, &query, cursor).await }
    })
    .await
}

/// Get a user
///
/// Everybody sees the directory's fields; admins and the user see all of them.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "The user.", body = UserView)))]
#[get("/{id}")]
pub(crate) async fn get_user(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    if let Some(at) = query.take("as_of", noun::INSTANT)? {
        return Ok(noun::past(&known, &user::get_at(&app.store, &caller, id.0, at).await?));
    }
    let user = user::get(&app.store, &caller, id.0).await?;
    Ok(answer::resource(&known, user.version(), &user))
}

/// Replace a user
///
/// For admins: all writable fields. A new role, or not being let in any more, ends the user's tokens at once.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), request_body = UserInput, responses((status = 200, description = "The changed user.", body = User)))]
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

/// Change a user
///
/// For admins. A new role, or not being let in any more, ends the user's tokens at once.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), request_body = UserInput, responses((status = 200, description = "The changed user.", body = User)))]
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
/// For admins. What is the user's (projects that they manage, tasks that they own or are assigned,
/// documents that they wrote) passes to the user whom `transfer_to` names, who is active; without
/// it there must be nothing (409 `in_use`). Open tasks that the new assignee could not see are
/// cleared of their assignee. What the user did stays theirs: the time that they worked, their
/// comments and the audit keep their name, marked as removed. A user can also be kept out by being
/// deactivated.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id."), ("transfer_to" = Option<uuid::Uuid>, Query, description = "The id of the active user who gets what is the user's.")), responses((status = 204, description = "No content: the user is removed.")))]
#[delete("/{id}")]
pub(crate) async fn delete_user(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let input = (id.0, query.take_id("transfer_to", "an id")?, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, heir, pre)| {
        Box::pin(offboarding::remove_user(tx, *id, *heir, pre))
    })
    .await
}

/// Deactivate a user
///
/// For admins: the user is not let in any more, and their tokens end at once. Who is not let in stays so.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "The user, kept out.", body = User)))]
#[post("/{id}/deactivate")]
pub(crate) async fn deactivate_user(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    set_active(&caller, &app, id, false, pre).await
}

/// Reactivate a user
///
/// For admins: the user is let in again. Who is let in stays so.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "The user, let in.", body = User)))]
#[post("/{id}/reactivate")]
pub(crate) async fn reactivate_user(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    set_active(&caller, &app, id, true, pre).await
}

/// List what a user did
///
/// For admins and the user: what was done to which row, when, from where. The values are in the audit.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "A page of what they did.", body = List<HistoryEntry>)))]
#[get("/{id}/history")]
pub(crate) async fn list_user_history(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, user::history(&app.store, &caller, id.0, &query.0).await?)
}

/// List what happened to a user
///
/// For admins and the user: who changed what of them when. What they did themselves is their history. The newest comes first.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "A page of changes.", body = List<ChangeLine>)))]
#[get("/{id}/changes")]
pub(crate) async fn list_user_changes(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let past = Past::<User>::private(&app.store, &caller, id.0).await?;
    noun::told(&app, &query, &request, &past).await
}

async fn set_active(caller: &Caller, app: &App, id: Id, active: bool, pre: IfMatch) -> Answered {
    let input = (id.0, active, pre.0);
    noun::change(caller, app, b"", input, |tx, (id, active, pre)| {
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

/// `PUT` and `PATCH`: the body knows which it is.
async fn change(caller: &Caller, app: &App, id: Id, pre: IfMatch, body: Body<UserInput>) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(caller, app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(user::update(tx, *id, body, pre))
    })
    .await
}
