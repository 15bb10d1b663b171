//! `/api/v1/notifications`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use taskhub_domain::notification::{self, Notification};

use super::{App, noun};
use crate::{
    answer::{Answered, Count, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List one's notifications
///
/// Those that were read are kept for 90 days, and the newest 1000 in all.
#[utoipa::path(tag = "notifications", responses((status = 200, description = "A page of notifications.", body = List<Notification>)))]
#[get("")]
pub(crate) async fn list_notifications(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Notification>(&caller, &app, &query, &request).await
}

/// Count one's unread notifications
#[utoipa::path(tag = "notifications", responses((status = 200, description = "How many are yet to be read.", body = Count)))]
#[get("/unread-count")]
pub(crate) async fn count_unread_notifications(caller: Caller, app: App) -> Answered {
    let count = notification::count_unread(&app.store, &caller).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// Mark all of one's notifications as read
#[utoipa::path(tag = "notifications", responses((status = 204, description = "None is unread.")))]
#[post("/read-all")]
pub(crate) async fn read_all_notifications(caller: Caller, app: App) -> Answered {
    noun::finish(&caller, &app, b"", (), |tx, ()| Box::pin(notification::read_all(tx))).await
}

/// Get a notification
///
/// One's own: to others, admins among them, it is not there.
#[utoipa::path(tag = "notifications", params(("id" = uuid::Uuid, Path, description = "The notification's id.")), responses((status = 200, description = "The notification.", body = Notification)))]
#[get("/{id}")]
pub(crate) async fn get_notification(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    noun::get::<Notification>(&caller, &app, id, &known).await
}

/// Delete a notification
///
/// One's own.
#[utoipa::path(tag = "notifications", params(("id" = uuid::Uuid, Path, description = "The notification's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_notification(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<Notification>(&caller, &app, id, pre).await
}

/// Mark a notification as read
///
/// One's own. One that was read before stays as it is.
#[utoipa::path(tag = "notifications", params(("id" = uuid::Uuid, Path, description = "The notification's id.")), responses((status = 200, description = "The notification, read.", body = Notification)))]
#[post("/{id}/read")]
pub(crate) async fn read_notification(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(notification::read(tx, *id, pre))).await
}
