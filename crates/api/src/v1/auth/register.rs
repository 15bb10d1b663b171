//! Registration: a new organisation, or a new user of an existing one.
//!
//! Invariant: the organisation and its first admin are created in one transaction.

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
    config,
    http::{
        answer::{self, Answered},
        extract::{Body, Origin},
        problem::{Code, Problem},
    },
};

/// Register an account
///
/// Exactly one of these applies:
///
/// - `organisation`: creates an organisation with the user as its first admin. The operator decides
///   whether this is open, needs an invitation in `invitation`, or is closed.
/// - `invitation` alone: creates a user with the role of the invitation in the organisation that
///   sent it. The email address counts as verified.
/// - `tenant`: creates a member of an organisation that is open to everybody, or to email addresses
///   of its domains. With such a domain the user must verify the email address before signing in.
///
/// Without an invitation the user gets a link by email to verify the address. The response holds no
/// token: the user signs in afterwards.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = Registration,
    responses(
        (status = 201, description = "The organisation and the new user.", body = Registered),
        (status = 403, description = "Registration is closed or needs an invitation (`registration_closed`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The slug, the email or the username is taken (`conflict`).", body = crate::http::problem::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-problems" = json!([Code::RegistrationClosed]))),
)]
#[post("/register")]
pub(crate) async fn register_account(app: App, origin: Origin, body: Body<Registration>) -> Answered {
    let system = app.repository.system("registration", origin.0);
    let (target, user) = body.input.check()?.parts()?;
    match target {
        Target::Organisation(new, invitation) => found(&app, &system, new, user, invitation).await,
        Target::Invitation(token) => accept(&app, &system, token, user).await,
        Target::Tenant(slug) => join(&app, &system, &slug, user).await,
    }
}

/// Creates an organisation with its first admin.
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
            return Err(Problem::new(
                Code::RegistrationClosed,
                "A new organisation needs an invitation. Send its token in the field invitation.",
            ));
        }
        config::Registration::Invitation => invitation,
    };
    let password_hash = hash_of(app, &admin).await?;
    let ctx = system.within(system.now().token_id());
    let input = (new, admin, password_hash, invitation);
    registered(app.repository.write(&ctx, input, |tx, input| Box::pin(make(tx, input))).await?)
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

/// Creates a user of the organisation that sent the invitation.
async fn accept(app: &App, system: &System, token: SecretString, user: NewUser) -> Answered {
    let (ctx, invited) = invitation::invited(&app.repository, system, &token).await?;
    if !user.email.is_empty() && user.email != invited.email {
        let message = "Must be the email address that the invitation was sent to.";
        return Err(taskhub_domain::Error::field("/user/email", "invalid_value", message).into());
    }
    let user = NewUser { email: invited.email, ..user };
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let password_hash = hash_of(app, &user).await?;
    let write = app.repository.write(&ctx, (token, user, password_hash), |tx, (token, user, hash)| {
        Box::pin(async move {
            let user =
                invitation::accept(tx, token, user, hash).await.map_err(|error| error.below("user"))?;
            Ok((tenant::present(tx).await?, user))
        })
    });
    joined(app, &ctx, write.await?).await
}

/// Creates a user of an organisation that users can join without an invitation.
async fn join(app: &App, system: &System, slug: &str, user: NewUser) -> Answered {
    let tenant = user::joinable(&app.repository, system, slug, &user.email).await?;
    let ctx = system.within(tenant.id);
    let _turn = app.turns.of(ctx.tenant()).enter().await?;
    let password_hash = hash_of(app, &user).await?;
    let write = app.repository.write(&ctx, (user, password_hash), |tx, (user, hash)| {
        Box::pin(async move {
            let user = user::join(tx, user, hash).await.map_err(|error| error.below("user"))?;
            Ok((tenant::present(tx).await?, user))
        })
    });
    joined(app, &ctx, write.await?).await
}

/// Responds with the new user, or with the one that a dry run would have created.
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
