//! The endpoints of the caller's inbox, under `/api/v1/notifications`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use taskhub_domain::notification::{self, Notification};

use super::{App, resource};
use crate::http::{
    answer::{Answered, Count, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
};

/// List the caller's notifications
///
/// Returns the notifications in the inbox of the caller. A notification is left out while the
/// caller cannot see the resource that it is about. A notification is deleted 90 days after it was
/// read. Beyond 1000 notifications, the oldest are deleted.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:read"])),
    params(ListOf<Notification>),
    responses((status = 200, description = "One page of notifications.", body = List<Notification>)),
)]
#[get("")]
pub(crate) async fn list_notifications(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Notification>(&caller, &app, (), &query, &request).await
}

/// Count the caller's unread notifications
///
/// Counts the unread notifications that the list of notifications would return.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:read"])),
    responses((status = 200, description = "The number of unread notifications.", body = Count)),
)]
#[get("/unread-count")]
pub(crate) async fn count_unread_notifications(caller: Caller, app: App) -> Answered {
    let count = notification::count_unread(&app.repository, &caller).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// Mark all of the caller's notifications as read
///
/// Sets the read time of every unread notification of the caller. A service account has no inbox
/// and gets 403 `forbidden`.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:write"])),
    responses((status = 204, description = "No content: all notifications are read.")),
)]
#[post("/read-all")]
pub(crate) async fn read_all_notifications(caller: Caller, app: App) -> Answered {
    resource::finish(&caller, &app, b"", (), |tx, ()| Box::pin(notification::read_all(tx))).await
}

/// Get a notification
///
/// Returns a notification of the caller. A notification of another user gets 404, for admins too.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the notification."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The notification.", body = Notification)),
)]
#[get("/{id}")]
pub(crate) async fn get_notification(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    resource::get::<Notification>(&caller, &app, id, &known).await
}

/// Delete a notification
///
/// Deletes a notification of the caller permanently. A notification of another user gets 404, for
/// admins too.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the notification.")),
    responses((status = 204, description = "No content: the notification was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_notification(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    resource::remove::<Notification>(&caller, &app, id, pre).await
}

/// Mark a notification as read
///
/// Sets the read time of a notification of the caller. A notification that was read before stays
/// unchanged. A notification of another user gets 404, for admins too.
#[utoipa::path(
    tag = "notifications",
    security(("token" = ["notifications:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the notification.")),
    responses(
        (status = 200, description = "The notification after the change.", body = Notification)
    ),
)]
#[post("/{id}/read")]
pub(crate) async fn read_notification(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(notification::read(tx, *id, pre)))
        .await
}
