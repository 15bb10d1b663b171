//! One's own profile.

use actix_web::{get, patch, put};
use taskhub_domain::user::{self, Profile, ProfileInput};

use super::super::App;
use crate::{
    answer::{self, Answered},
    extract::{Body, Caller, IfMatch, IfNoneMatch},
};

/// Get one's profile
#[utoipa::path(tag = "auth", responses((status = 200, description = "The caller, as a user.", body = Profile)))]
#[get("/profile")]
pub(crate) async fn get_profile(caller: Caller, app: App, known: IfNoneMatch) -> Answered {
    let profile = Profile::from(user::profile(&app.store, &caller).await?);
    Ok(answer::resource(&known, profile.user.version, &profile))
}

/// Replace one's profile
///
/// All writable fields: what is absent gets its default.
#[utoipa::path(tag = "auth", request_body = ProfileInput, responses((status = 200, description = "The changed user.", body = Profile)))]
#[put("/profile")]
pub(crate) async fn replace_profile(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<ProfileInput>,
) -> Answered {
    change_profile(&caller, &app, pre, body).await
}

/// Change one's profile
#[utoipa::path(tag = "auth", request_body = ProfileInput, responses((status = 200, description = "The changed user.", body = Profile)))]
#[patch("/profile")]
pub(crate) async fn update_profile(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<ProfileInput>,
) -> Answered {
    change_profile(&caller, &app, pre, body).await
}

/// `PUT` and `PATCH`: the body knows which it is.
async fn change_profile(caller: &Caller, app: &App, pre: IfMatch, body: Body<ProfileInput>) -> Answered {
    let input = (body.input, pre.0);
    let key = caller.key(&app.store, &body.octets);
    let change = app.store.write_once(
        caller,
        key,
        input,
        |tx, (body, pre)| Box::pin(user::update_profile(tx, body, pre)),
        |user| answer::changed(user.version, &Profile::from(user.clone())),
    );
    Ok(answer::kept(change.await?))
}
