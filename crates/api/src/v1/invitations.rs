//! `/api/v1/invitations`: invitations of new users to the organisation.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::invitation::{self, Delivery, Invitation, InvitationInput};

use super::{App, endpoints::history, resource};
use crate::{
    background::mail::Sending,
    http::{
        answer::{self, Answered, List},
        extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
        parameters::ListOf,
    },
};

/// List invitations
///
/// Admins see all invitations, other users those that they created. An invitation is open while
/// `accepted_at` is null and `expires_at` is in the future.
#[utoipa::path(
    tag = "invitations",
    security(("token" = ["invitations:read"])),
    params(ListOf<Invitation>),
    responses((status = 200, description = "One page of invitations.", body = List<Invitation>)),
)]
#[get("")]
pub(crate) async fn list_invitations(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Invitation>(&caller, &app, (), &query, &request).await
}

/// Create an invitation
///
/// Sends an invitation by email. It is valid for seven days and for one registration at
/// `POST /api/v1/auth/register`. No response holds its token. Admins can invite users of every
/// role, managers only members. The response is 409 `conflict` if the server sends no email or the
/// organisation has closed its registration. It is also 409 if the address belongs to a user or has
/// an open invitation.
#[utoipa::path(
    tag = "invitations",
    security(("token" = ["invitations:write"])),
    request_body = InvitationInput,
    responses((status = 201, description = "The new invitation.", body = Invitation)),
)]
#[post("")]
pub(crate) async fn create_invitation(caller: Caller, app: App, body: Body<InvitationInput>) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let create = app.repository.write_once(
        &caller,
        key,
        (body.input, delivery(&app)),
        |tx, (body, delivery)| Box::pin(invitation::create(tx, body, *delivery)),
        |row: &Invitation| answer::created("invitations", row.id, row.version, row),
    );
    Ok(answer::kept(create.await?))
}

/// Get an invitation
///
/// Returns an invitation, now or at the time `as_of`. Admins see all invitations, other users those
/// that they created.
#[utoipa::path(
    tag = "invitations",
    security(("token" = ["invitations:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the invitation."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The invitation.", body = Invitation)),
)]
#[get("/{id}")]
pub(crate) async fn get_invitation(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<Invitation>(&caller, &app, id, query, &known).await
}

/// Delete an invitation
///
/// Revokes the invitation: its token becomes invalid. Admins can delete every invitation, other
/// users those that they created.
#[utoipa::path(
    tag = "invitations",
    security(("token" = ["invitations:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the invitation.")),
    responses((status = 204, description = "No content: the invitation was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_invitation(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    resource::remove::<Invitation>(&caller, &app, id, pre).await
}

/// Resend an invitation
///
/// Sends the invitation by email again, with a new token that is valid for seven days. The old
/// token becomes invalid. The caller must be allowed to see the invitation and to create one like
/// it. An accepted invitation gets 409 `conflict`, and so does one that could not be created now.
#[utoipa::path(
    tag = "invitations",
    security(("token" = ["invitations:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the invitation.")),
    responses((status = 200, description = "The invitation.", body = Invitation)),
)]
#[post("/{id}/resend")]
pub(crate) async fn resend_invitation(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0, delivery(&app));
    resource::change(&caller, &app, b"", input, |tx, (id, pre, delivery)| {
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
    /// List the history of an invitation
    list_invitation_history;
}
