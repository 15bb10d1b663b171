//! `/api/v1/auth`: registering, signing in and out, and one's own profile.

mod shapes;

use actix_web::{HttpResponse, get, patch, post, put, web::Data};
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::Match;
use taskhub_domain::{
    Error, Result, Tx,
    idempotency::Answer,
    session::{self, Opened, Refreshed},
    tenant::{self, NewTenant, Tenant},
    user::{self, Candidate, Login, NewUser, ProfileInput, User},
};

use self::shapes::{
    Introduction, PasswordChange, PasswordGrant, RefreshGrant, Registered, Registration, TokenPair,
    TokenToVerify,
};
use super::App;
use crate::{
    answer::{self, Answered},
    config,
    extract::{Body, Caller, FormOrJson, IfMatch, IfNoneMatch, Once, Origin},
    problem::{Code, Problem},
    state::State,
};

/// Hashes a new password that is good enough.
pub(super) async fn hash(
    app: &Data<State>,
    password: &SecretString,
    personal: Vec<String>,
    field: &str,
) -> std::result::Result<String, Problem> {
    if let Some(weakness) = app.hasher.check(password.clone(), personal).await? {
        return Err(Error::field(format!("/{field}"), "weak_password", weakness.message()).into());
    }
    Ok(app.hasher.hash(password.clone()).await?)
}

/// Register an organisation
///
/// With its first admin. Depending on the installation this is open, needs an invitation of the operator's, or is closed.
#[utoipa::path(tag = "auth", security(()), request_body = Registration, responses(
    (status = 201, description = "The new organisation and its admin.", body = Registered),
    (status = 403, description = "Registration is closed, or needs an invitation.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "The slug is taken.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[post("/register")]
pub(crate) async fn register_organisation(app: App, origin: Origin, body: Body<Registration>) -> Answered {
    let invitation_only = match app.settings.registration {
        config::Registration::Open => false,
        config::Registration::Invitation => true,
        config::Registration::Closed => return Err(Code::RegistrationClosed.into()),
    };
    let new = body.input.check()?;
    if invitation_only && new.invitation.is_none() {
        return Err(Problem::new(Code::RegistrationClosed, "An invitation is needed."));
    }
    let (tenant, user, invitation) = new.parts();
    let password_hash = hash(&app, &user.password, user.personal(), "admin/password").await?;
    let system = app.store.system("registration", origin.0);
    let ctx = system.within(system.now().token_id());
    let input = (tenant, user, password_hash, invitation.filter(|_| invitation_only));
    let (tenant, user) = app.store.write(&ctx, input, |tx, input| Box::pin(register(tx, input))).await?;
    let id = user.id;
    let registered = Answer::new(201, &Registered { tenant, user })?;
    Ok(answer::kept(Answer { location: Some(format!("/api/v1/users/{id}")), ..registered }))
}

type RegisterInput = (NewTenant, NewUser, String, Option<SecretString>);

async fn register(
    tx: &Tx,
    (tenant, admin, password_hash, invitation): &RegisterInput,
) -> Result<(Tenant, User)> {
    if let Some(invitation) = invitation {
        tenant::consume_invitation(tx, invitation).await?;
    }
    let tenant = tenant::create(tx, tenant).await.map_err(|error| error.below("organisation"))?;
    Ok((tenant, user::create(tx, admin, password_hash).await?))
}

/// Sign in
///
/// By email or username and password. `tenant` (the organisation's slug) is needed with a username, and when the email and the
/// password are good in several organisations. JSON or a form.
#[utoipa::path(tag = "auth", security(()), request_body(content((PasswordGrant = "application/json"), (PasswordGrant = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "An access token and a refresh token.", body = TokenPair),
    (status = 409, description = "Several organisations match.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[post("/token")]
pub(crate) async fn create_token(app: App, origin: Origin, body: FormOrJson<PasswordGrant>) -> Answered {
    let (login, password) = body.input.check()?.parts()?;
    let system = app.store.system("signing in", origin.0);
    let candidates = user::candidates(&app.store, &system, &login).await?;
    let Candidate { context, user } = prove(&app, candidates, password, &login).await?;
    let input = (user.password_hash, app.settings.lifetimes());
    let opened = app
        .store
        .write(&context, input, |tx, (hash, lifetimes)| Box::pin(session::open(tx, hash, lifetimes)));
    pair(&app, &opened.await?)
}

/// The one candidate whose password it is. It costs as many hashes whoever is meant, so that the time tells nothing of them: one in a named
/// organisation, and as many as can be meant where none is named.
async fn prove(
    app: &Data<State>,
    candidates: Vec<Candidate>,
    password: SecretString,
    login: &Login,
) -> std::result::Result<Candidate, Problem> {
    let anywhere = matches!(login, Login::Email(_, None));
    let hashes = if anywhere { user::MOST_CANDIDATES } else { 1 };
    for _ in candidates.len()..hashes {
        app.hasher.verify(password.clone(), None).await?;
    }
    let mut proved = Vec::new();
    for candidate in candidates {
        let found = app.hasher.verify(password.clone(), Some(candidate.user.password_hash.clone())).await?;
        if found != Match::No && candidate.user.is_active {
            proved.push(candidate);
        }
    }
    let another = proved.len() > 1;
    match proved.pop() {
        Some(_) if anywhere && another => Err(Code::TenantRequired.into()),
        Some(candidate) => Ok(candidate),
        None => {
            let hint = "If the email is used in several organisations, name yours in tenant.";
            Err(Problem::new(Code::InvalidCredentials, hint))
        }
    }
}

/// Refresh a session
///
/// A refresh token is good once. Within 10 s the same one gets the same successor again; after that the whole session ends.
#[utoipa::path(tag = "auth", security(()), request_body(content((RefreshGrant = "application/json"), (RefreshGrant = "application/x-www-form-urlencoded"))), responses(
    (status = 200, description = "A new access token, and the refresh token's successor.", body = TokenPair),
))]
#[post("/token/refresh")]
pub(crate) async fn refresh_token(app: App, origin: Origin, body: FormOrJson<RefreshGrant>) -> Answered {
    let token = body.input.check()?.refresh_token;
    let system = app.store.system("refreshing a session", origin.0);
    let context = session::holder(&app.store, &system, &token).await?;
    let input = (token, app.settings.lifetimes());
    let refresh = app
        .store
        .write(&context, input, |tx, (token, lifetimes)| Box::pin(session::refresh(tx, token, lifetimes)));
    match refresh.await? {
        Refreshed::Rotated(opened) => pair(&app, &opened),
        Refreshed::Reused => Err(Code::InvalidRefreshToken.into()),
    }
}

/// An access token and a refresh token, as OAuth 2 answers them (RFC 6749 section 5.1).
fn pair(app: &Data<State>, opened: &Opened) -> Answered {
    Ok(HttpResponse::Ok().json(TokenPair {
        access_token: app.mint(opened)?,
        token_type: "Bearer",
        expires_in: app.settings.access_token_seconds,
        refresh_token: opened.refresh_token.expose_secret().to_owned(),
    }))
}

/// Verify a token
///
/// Whether an access token is good at this moment, and whose it is.
#[utoipa::path(tag = "auth", security(()), request_body = TokenToVerify, responses(
    (status = 200, description = "What the token says, when it is good.", body = Introduction),
))]
#[post("/token/verify")]
pub(crate) async fn verify_token(app: App, body: Body<TokenToVerify>) -> Answered {
    let token = body.input.check()?.token;
    let now = app.store.clock().now().seconds();
    let principal = app.verifier.verify(token.expose_secret(), now).ok();
    let good = principal.filter(|principal| app.store.revocations().refuse(principal).is_none());
    Ok(HttpResponse::Ok().json(Introduction::of(good.as_deref())))
}

/// Sign out
///
/// Ends the session that the access token belongs to: its access tokens and its refresh tokens.
#[utoipa::path(tag = "auth", responses((status = 204, description = "The session has ended.")))]
#[post("/logout")]
pub(crate) async fn end_session(caller: Caller, app: App, once: Once) -> Answered {
    let key = once.key(&app.store, &caller, b"");
    let end = app.store.write_once(&caller, key, (), |tx, ()| Box::pin(session::end(tx)), |()| Ok(nothing()));
    Ok(answer::kept(end.await?))
}

/// Get one's profile
#[utoipa::path(tag = "auth", responses((status = 200, description = "The caller, as a user.", body = User)))]
#[get("/profile")]
pub(crate) async fn get_profile(caller: Caller, app: App, known: IfNoneMatch) -> Answered {
    let user = user::profile(&app.store, &caller).await?;
    Ok(answer::resource(&known, user.version, &user))
}

/// Replace one's profile
///
/// All writable fields: what is absent gets its default.
#[utoipa::path(tag = "auth", request_body = ProfileInput, responses((status = 200, description = "The changed user.", body = User)))]
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
#[utoipa::path(tag = "auth", request_body = ProfileInput, responses((status = 200, description = "The changed user.", body = User)))]
#[patch("/profile")]
pub(crate) async fn update_profile(
    caller: Caller,
    app: App,
    pre: IfMatch,
    body: Body<ProfileInput>,
) -> Answered {
    change_profile(&caller, &app, pre, body).await
}

/// Change one's password
///
/// Ends all other sessions of the user at once.
#[utoipa::path(tag = "auth", request_body = PasswordChange, responses((status = 204, description = "The password is changed.")))]
#[post("/change-password")]
pub(crate) async fn change_password(
    caller: Caller,
    app: App,
    once: Once,
    body: Body<PasswordChange>,
) -> Answered {
    let user = user::profile(&app.store, &caller).await?;
    let change = body.input.check()?;
    let key = once.key(&app.store, &caller, &body.octets);
    if let Some(answer) = app.store.answered(&caller, key.as_ref()).await? {
        return Ok(answer::kept(answer));
    }
    let _turn = app.turns.of(caller.tenant()).enter().await?;
    if app.hasher.verify(change.old_password, Some(user.password_hash.clone())).await? == Match::No {
        return Err(
            Error::field("/old_password", "wrong_password", "This is not your present password.").into()
        );
    }
    let personal = vec![user.email, user.username, user.first_name, user.last_name];
    let new_hash = hash(&app, &change.new_password, personal, "new_password").await?;
    let write = app.store.write_once(
        &caller,
        key,
        (user.password_hash, new_hash),
        |tx, (old, new)| Box::pin(user::change_password(tx, old, new)),
        |()| Ok(nothing()),
    );
    Ok(answer::kept(write.await?))
}

fn nothing() -> Answer {
    Answer { status: 204, location: None, etag: None, body: String::new(), replayed: false }
}

/// `PUT` and `PATCH`: the body knows which it is.
async fn change_profile(caller: &Caller, app: &App, pre: IfMatch, body: Body<ProfileInput>) -> Answered {
    let input = (body.input, pre.0);
    let write =
        app.store.write(caller, input, |tx, (body, pre)| Box::pin(user::update_profile(tx, body, pre)));
    let user = write.await?;
    Ok(answer::changed(user.version, &user))
}
