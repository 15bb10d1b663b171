//! `/api/v1/users`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use taskhub_domain::user::{self, NewUser, User, UserInput, UserView};

use super::{App, auth::hash};
use crate::{
    answer::{self, Answered, Count, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters},
};

/// List users
///
/// Everybody sees the directory's fields; admins see all of them.
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
/// For admins.
#[utoipa::path(tag = "users", request_body = NewUser, responses((status = 201, description = "The new user.", body = User)))]
#[post("")]
pub(crate) async fn create_user(caller: Caller, app: App, once: Once, body: Body<NewUser>) -> Answered {
    let new = user::check_new(&caller, &body.input)?;
    let key = once.key(&app.store, &caller, &body.octets);
    let _turn = app.turns.of(caller.tenant()).enter().await?;
    let password_hash = hash(&app, &new.password, new.personal(), "password").await?;
    let create = app.store.write_once(
        &caller,
        key,
        (new, password_hash),
        |tx, (new, password_hash)| Box::pin(user::create(tx, new, password_hash)),
        |user: &User| answer::created("users", user.id, user.version, user),
    );
    Ok(answer::kept(create.await?))
}

/// Count active users
#[utoipa::path(tag = "users", responses((status = 200, description = "How many users are let in.", body = Count)))]
#[get("/active-count")]
pub(crate) async fn count_active_users(caller: Caller, app: App) -> Answered {
    let count = user::active_count(&app.store, &caller).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// Get a user
///
/// Everybody sees the directory's fields; admins and the user see all of them.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "The user.", body = UserView)))]
#[get("/{id}")]
pub(crate) async fn get_user(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
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
/// For admins: one to whom nothing refers any more. Others can be kept out by `is_active`.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_user(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    app.store.write(&caller, (id.0, pre.0), |tx, (id, pre)| Box::pin(user::remove(tx, *id, pre))).await?;
    Ok(answer::removed())
}

/// `PUT` and `PATCH`: the body knows which it is.
async fn change(caller: &Caller, app: &App, id: Id, pre: IfMatch, body: Body<UserInput>) -> Answered {
    let input = (id.0, body.input, pre.0);
    let write =
        app.store.write(caller, input, |tx, (id, body, pre)| Box::pin(user::update(tx, *id, body, pre)));
    let user = write.await?;
    Ok(answer::changed(user.version, &user))
}
