//! The caller's own profile.

use actix_web::{get, patch, put};
use taskhub_domain::user::{self, Profile, ProfileInput};

use super::super::App;
use crate::http::{
    answer::{self, Answered},
    extract::{Body, Caller, IfMatch, IfNoneMatch},
};

/// Get the caller's profile
///
/// Returns the user who calls, with all fields. A service account has no profile and gets 403
/// `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:read"])),
    params(IfNoneMatch),
    responses((status = 200, description = "The profile of the caller.", body = Profile)),
)]
#[get("/profile")]
pub(crate) async fn get_profile(caller: Caller, app: App, known: IfNoneMatch) -> Answered {
    let profile = Profile::from(user::profile(&app.repository, &caller).await?);
    Ok(answer::resource(&known, profile.user.version, &profile))
}

/// Replace the caller's profile
///
/// Replaces all writable fields. An absent field gets its default. The email, the username, the
/// role and the password are not part of the profile. Service accounts get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:write"])),
    request_body = ProfileInput,
    responses((status = 200, description = "The profile after the change.", body = Profile)),
)]
#[put("/profile")]
pub(crate) async fn replace_profile(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<ProfileInput>,
) -> Answered {
    change_profile(&caller, &app, pre, body).await
}

/// Update the caller's profile
///
/// Changes the given fields. An absent field keeps its value, and null clears it (RFC 7396). The
/// email, the username, the role and the password are not part of the profile. Service accounts get
/// 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:write"])),
    request_body = ProfileInput,
    responses((status = 200, description = "The profile after the change.", body = Profile)),
)]
#[patch("/profile")]
pub(crate) async fn update_profile(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<ProfileInput>,
) -> Answered {
    change_profile(&caller, &app, pre, body).await
}

/// `PUT` and `PATCH`. The body knows which of them it is.
async fn change_profile(caller: &Caller, app: &App, pre: IfMatch, body: Body<ProfileInput>) -> Answered {
    let input = (body.input, pre.0);
    let key = caller.key(&app.repository, &body.bytes);
    let change = app.repository.write_once(
        caller,
        key,
        input,
        |tx, (body, pre)| Box::pin(user::update_profile(tx, body, pre)),
        |user| answer::changed(user.version, &Profile::from(user.clone())),
    );
    Ok(answer::kept(change.await?))
}
