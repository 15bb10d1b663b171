//! Changing the caller's password.

use actix_web::post;
use taskhub_domain::user;

use super::{super::App, hash, proving::Proving, shapes::PasswordChange};
use crate::http::{
    answer::{self, Answered},
    extract::{Body, Caller},
    problem::Code,
};

/// Change the caller's password
///
/// Sets a new password. The request must contain the old one. All other sessions of the user end at
/// once, their personal access tokens are deleted, and they are notified by email. A wrong old
/// password gets 422 with the code `wrong_password` and counts as a failed attempt. After too many
/// failed attempts the response is 429 `too_many_attempts`. Service accounts get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["users:write"])),
    request_body = PasswordChange,
    responses((status = 204, description = "No content: the password was changed.")),
    extensions(("x-problems" = json!([Code::InvalidCredentials, Code::TooManyAttempts]))),
)]
#[post("/change-password")]
pub(crate) async fn change_password(caller: Caller, app: App, body: Body<PasswordChange>) -> Answered {
    let user = user::profile(&app.repository, &caller).await?;
    let change = body.input.check()?;
    let key = caller.key(&app.repository, &body.bytes);
    if let Some(answer) = app.repository.answered(&caller, key.as_ref()).await? {
        return Ok(answer::kept(answer));
    }
    let proving = Proving::begin(&app, &caller).await?;
    proving.password(change.old_password, &user, "/old_password").await?;
    let personal = vec![user.email, user.username, user.first_name, user.last_name];
    let new_hash = hash(&app, &change.new_password, personal, "new_password").await?;
    let write = app.repository.write_once(
        &caller,
        key,
        (proving.attempt(), user.password_hash, new_hash),
        |tx, (attempt, old, new)| Box::pin(attempt.verify(tx, user::change_password(tx, old, new))),
        |()| Ok(answer::nothing()),
    );
    Ok(answer::kept(write.await?))
}
