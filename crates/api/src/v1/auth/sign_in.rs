//! Signing in with a password: find the candidates, check the password, open the session.
//!
//! Invariant: checking the password costs the same number of hashes, whether or
//! not the account exists.

use secrecy::SecretString;
use taskhub_auth::Match;
use taskhub_domain::{
    System,
    audit::{Failure, SecurityEvent},
    context::Request,
    login_throttle::Attempt,
    second_factor,
    session::{self, Opened, SignIn},
    user::{self, Candidate, Login},
};

use super::{super::App, shapes::Credentials};
use crate::http::problem::{Code, Problem};

type Result<T> = std::result::Result<T, Problem>;

/// Opens a session for the user whom the credentials prove.
pub(super) async fn by_password(app: &App, request: Request, credentials: Credentials) -> Result<Opened> {
    let Credentials { login, password, code } = credentials;
    let (Login::Email(name, tenant) | Login::Username(name, tenant)) = &login;
    let attempt = Attempt::on_login(&app.repository, name, tenant.as_deref(), &request);
    attempt.admit(&app.repository).await?;
    let system = app.repository.system("signing in", request);
    let candidates = user::candidates(&app.repository, &system, &login).await?;
    let attempt = attempt.at(candidates.len());
    let tried = try_all(app, candidates, &password, &login).await?;
    let (candidate, found) = the_one(app, &system, &attempt, tried).await?;
    let rehash = match found {
        Match::YesOutdated => Some(app.hasher.hash(password).await?),
        Match::Yes | Match::No => None,
    };
    let attempt = attempt.and(Attempt::on_user(&app.repository, &candidate.context));
    let sign_in = SignIn {
        verified: candidate.user.password_hash,
        rehash,
        code,
        attempt: attempt.clone(),
        lifetimes: app.settings.lifetimes(),
    };
    let open =
        app.repository.write(&candidate.context, sign_in, |tx, with| Box::pin(session::open(tx, with)));
    let opened = open.await;
    if opened.as_ref().is_err_and(second_factor::is_wrong_code) {
        failed(app, &system, &attempt, &[(candidate.context.tenant(), candidate.user.id, "code")]).await?;
    }
    let opened = opened?;
    app.tell_asked(&candidate.context, "sign_in").await?;
    Ok(opened)
}

/// A candidate with the result of the password check, or the reason why it failed.
type Tried = (Candidate, std::result::Result<Match, &'static str>);

/// Tries the password on all candidates. The number of hashes does not depend on the candidates, so
/// the time reveals nothing about them. It is one in a named organisation, and the largest number
/// of candidates otherwise.
async fn try_all(
    app: &App,
    candidates: Vec<Candidate>,
    password: &SecretString,
    login: &Login,
) -> Result<Vec<Tried>> {
    let anywhere = matches!(login, Login::Email(_, None) | Login::Username(_, None));
    let hashes = if anywhere { user::MOST_CANDIDATES } else { 1 };
    for _ in candidates.len()..hashes {
        app.hasher.verify(password.clone(), None).await?;
    }
    let mut tried = Vec::new();
    for candidate in candidates {
        let hash = candidate.user.password_hash.clone();
        let found = match app.hasher.verify(password.clone(), Some(hash)).await? {
            Match::No => Err("password"),
            _ if !candidate.user.is_active => Err("inactive"),
            found => Ok(found),
        };
        tried.push((candidate, found));
    }
    Ok(tried)
}

/// The one candidate whose password matches.
async fn the_one(
    app: &App,
    system: &System,
    attempt: &Attempt,
    tried: Vec<Tried>,
) -> Result<(Candidate, Match)> {
    let wrong: Vec<_> = tried
        .iter()
        .filter_map(|(one, found)| Some((one.context.tenant(), one.user.id, found.err()?)))
        .collect();
    let mut proved = tried.into_iter().filter_map(|(candidate, found)| Some((candidate, found.ok()?)));
    match (proved.next(), proved.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            // Several match only if no organisation is named. While the login throttle blocks, the
            // response must not show that the password is right.
            attempt.admit(&app.repository).await?;
            Err(Code::TenantRequired.into())
        }
        (None, _) => {
            failed(app, system, attempt, &wrong).await?;
            let hint = "The login or password is wrong, or the user cannot sign in. If several organisations \
                        have this login, give the slug of yours in tenant.";
            Err(Problem::new(Code::InvalidCredentials, hint))
        }
    }
}

/// Counts a failure, and records it in the audit of each user who was meant.
async fn failed(
    app: &App,
    system: &System,
    attempt: &Attempt,
    meant: &[(uuid::Uuid, uuid::Uuid, &'static str)],
) -> Result<()> {
    let blocked_until = attempt.failed(&app.repository).await?;
    for (tenant, user, reason) in meant {
        let failure = Failure { reason, blocked_until };
        app.record_event(system.within(*tenant), SecurityEvent::SignInFailed(*user, failure));
    }
    Ok(())
}
