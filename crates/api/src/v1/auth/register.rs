//! Registering: a new organisation, or joining one.

use actix_web::{HttpResponse, post};
use secrecy::SecretString;
use taskhub_domain::{
    Context, Result, System, Tx,
    idempotency::Answer,
    invitation,
    tenant::{self, NewTenant, Tenant},
    user::{self, NewUser, User},
};

use super::{
    super::App,
    hash_of_new,
    registration::{Registered, Registration, Target},
};
use crate::{
    answer::{self, Answered},
    config,
    extract::{Body, Origin},
    problem::{Code, Problem},
};

/// Register
///
/// - With `organisation`: a new organisation, and its first admin. Depending on the installation this is open, needs an invitation of the
///   operator's, or is closed.
/// - With `invitation` alone: joins the organisation that invites, as the role that the invitation names. That it came by mail verifies the email.
/// - With `tenant`: joins the organisation as a member, if it lets people join, or people with an email of one of its domains. The latter
///   are let in once their email is verified.
#[utoipa::path(tag = "auth", security(()), request_body = Registration, responses(
    (status = 201, description = "The organisation and the new user.", body = Registered),
    (status = 403, description = "Registration is closed, or needs an invitation.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "The slug, the email or the username is taken.", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
))]
#[post("/register")]
pub(crate) async fn register_account(app: App, origin: Origin, body: Body<Registration>) -> Answered {
    let system = app.store.system("registration", origin.0);
    let (target, user) = body.input.check()?.parts()?;
    match target {
        Target::Organisation(new, invitation) => found(&app, &system, new, user, invitation).await,
        Target::Invitation(token) => accept(&app, &system, token, user).await,
        Target::Tenant(slug) => join(&app, &system, &slug, user).await,
    }
}

/// Makes an organisation with its first admin.
async fn found(
    app: &App,
    system: &System,
    new: NewTenant,
    admin: NewUser,
    invitation: Option<SecretString>,
) -> Answered {
    let invitation = match app.settings.registration {
        config::Registration::Closed => return Err(Code::RegistrationClosed.into()),
        config::Registration::Open => None,
        config::Registration::Invitation if invitation.is_none() => {
            return Err(Problem::new(Code::RegistrationClosed, "An invitation is needed."));
        }
        config::Registration::Invitation => invitation,
    };
    let password_hash = hash_of(app, &admin).await?;
    let ctx = system.within(system.now().token_id());
    let input = (new, admin, password_hash, invitation);
    registered(app.store.write(&ctx, input, |tx, input| Box::pin(make(tx, input))).await?)
}

type Founding = (NewTenant, NewUser, String, Option<SecretString>);

async fn make(tx: &Tx, (new, admin, password_hash, invitation): &Founding) -> Result<(Tenant, User)> {
    if let Some(invitation) = invitation {
        tenant::consume_invitation(tx, invitation).await?;
    }
    let tenant = tenant::create(tx, new).await.map_err(|error| error.below("organisation"))?;
    let user = user::create(tx, admin, password_hash).await.map_err(|error| error.below("user"))?;
    Ok((tenant, user))
}

/// Joins the organisation that an invitation is of.
async fn accept(app: &App, system: &System, token: SecretString, user: NewUser) -> Answered {
    let (ctx, invited) = invitation::invited(&app.store, system, &token).await?;
    if !user.email.is_empty() && user.email != invited.email {
        let message = "The invitation was sent to another email.";
        return Err(taskhub_domain::Error::field("/user/email", "invalid_value", message).into());
    }
    let user = NewUser { email: invited.email, ..user };
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let password_hash = hash_of(app, &user).await?;
    let write = app.store.write(&ctx, (token, user, password_hash), |tx, (token, user, hash)| {
        Box::pin(async move {
            let user =
                invitation::accept(tx, token, user, hash).await.map_err(|error| error.below("user"))?;
            Ok((tenant::present(tx).await?, user))
        })
    });
    joined(app, &ctx, write.await?).await
}

/// Joins an organisation that lets people join.
async fn join(app: &App, system: &System, slug: &str, user: NewUser) -> Answered {
    let tenant = user::joinable(&app.store, system, slug, &user.email).await?;
    let ctx = system.within(tenant.id);
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let password_hash = hash_of(app, &user).await?;
    let write = app.store.write(&ctx, (user, password_hash), |tx, (user, hash)| {
        Box::pin(async move {
            let user = user::join(tx, user, hash).await.map_err(|error| error.below("user"))?;
            Ok((tenant::present(tx).await?, user))
        })
    });
    joined(app, &ctx, write.await?).await
}

/// Answers who has joined, or would.
async fn joined(app: &App, ctx: &Context, made: (Tenant, User)) -> Answered {
    app.tell_asked(ctx, "register").await?;
    registered(made)
}

async fn hash_of(app: &App, user: &NewUser) -> std::result::Result<String, Problem> {
    hash_of_new(app, user, "user/password").await
}

fn registered((tenant, user): (Tenant, User)) -> Answered {
    let id = user.id;
    let registered = Answer::new(201, &Registered { tenant, user })?;
    let answer: HttpResponse =
        answer::kept(Answer { location: Some(format!("/api/v1/users/{id}")), ..registered });
    Ok(answer)
}
