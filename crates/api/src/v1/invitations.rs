//! `/api/v1/invitations`.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::invitation::{self, Delivery, Invitation, InvitationInput};

use super::{App, endpoints::history, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    mail::Sending,
};

/// List invitations
///
/// Admins see all of them, others those that they made. One is open while `accepted_at` is null and `expires_at` is to come.
#[utoipa::path(tag = "invitations", responses((status = 200, description = "A page of invitations.", body = List<Invitation>)))]
#[get("")]
pub(crate) async fn list_invitations(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Invitation>(&caller, &app, &query, &request).await
}

/// Invite somebody
///
/// For admins, and for managers, who invite members. The invitation goes by mail and is good for seven days; its token is in no answer. Where the
/// server sends no mail, nobody can be invited: 409.
#[utoipa::path(tag = "invitations", request_body = InvitationInput, responses((status = 201, description = "The new invitation.", body = Invitation)))]
#[post("")]
pub(crate) async fn create_invitation(caller: Caller, app: App, body: Body<InvitationInput>) -> Answered {
    let key = caller.key(&app.store, &body.octets);
    let create = app.store.write_once(
        &caller,
        key,
        (body.input, delivery(&app)),
        |tx, (body, delivery)| Box::pin(invitation::create(tx, body, *delivery)),
        |row: &Invitation| answer::created("invitations", row.id, row.version, row),
    );
    Ok(answer::kept(create.await?))
}

/// Get an invitation
#[utoipa::path(tag = "invitations", params(("id" = uuid::Uuid, Path, description = "The invitation's id.")), responses((status = 200, description = "The invitation.", body = Invitation)))]
#[get("/{id}")]
pub(crate) async fn get_invitation(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_then::<Invitation>(&caller, &app, id, query, &known).await
}

/// Revoke an invitation
///
/// Its token is good no more.
#[utoipa::path(tag = "invitations", params(("id" = uuid::Uuid, Path, description = "The invitation's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_invitation(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<Invitation>(&caller, &app, id, pre).await
}

/// Send an invitation again
///
/// With a new token, good for seven days from now. The old token is good no more.
#[utoipa::path(tag = "invitations", params(("id" = uuid::Uuid, Path, description = "The invitation's id.")), responses((status = 200, description = "The invitation.", body = Invitation)))]
#[post("/{id}/resend")]
pub(crate) async fn resend_invitation(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0, delivery(&app));
    noun::change(&caller, &app, b"", input, |tx, (id, pre, delivery)| {
        Box::pin(invitation::resend(tx, *id, pre, *delivery))
    })
    .await
}

fn delivery(app: &App) -> Delivery {
    if app.settings.sending() == Sending::Off { Delivery::None } else { Delivery::ByMail }
}

history! {
    one "invitation";
    Invitation, tagged "invitations";
    /// List what happened to an invitation
    list_invitation_history;
}
