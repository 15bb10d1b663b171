//! The codes of all problems: one table, of which the answers, the pages and `docs/errors` are made.

use actix_web::http::StatusCode;
use taskhub_domain::error::Kind;

/// Whether sending the same request once more helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It gets the same answer.
    Never,
    /// It may go through, at once.
    Now,
    /// It may go through after the time that `Retry-After` names.
    Later,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal, $again:ident,
        when $when:literal, act $act:literal;)*) => {
        /// What went wrong, by a stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name that clients see.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The status that it comes with.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// A sentence about all problems of this code.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// Whether sending the same request once more helps.
            pub const fn again(self) -> Again {
                match self {
                    $(Self::$name => Again::$again,)*
                }
            }

            /// When it comes, as Markdown.
            pub(super) const fn when(self) -> &'static str {
                match self {
                    $(Self::$name => $when,)*
                }
            }

            /// What a client should do about it, as Markdown.
            pub(super) const fn act(self) -> &'static str {
                match self {
                    $(Self::$name => $act,)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedBody = "malformed_body", BAD_REQUEST, "The body is not well-formed.", Never,
        when "The body is not JSON, a form or a CSV file is not UTF-8, or the body broke off.",
        act "Correct the request. `detail` says where reading stopped, where that is known.";
    /// A parameter of the path or query.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter is invalid.", Never,
        when "A parameter of the query string is unknown, stands there twice or has a wrong value, or a `cursor` belongs to \
              another list, filter or order.",
        act "Correct the request: `errors[].pointer` is the parameter's name. With a refused `cursor`, begin again with an \
             empty one.";
    /// A header.
    InvalidHeader = "invalid_header", BAD_REQUEST, "A header is invalid.", Never,
        when "`If-Match` or `If-None-Match` holds something that is no entity tag, `Idempotency-Key` is not 1 to 255 visible \
              ASCII characters once, or the operation takes none, `Repr-Digest` can't be read, `validate-only` in `Prefer` is set to \
              something, the caller says twice who it is, or a preflight request names an origin, method or header that pages may \
              not use.",
        act "Correct the header.";
    /// No credential, or none that is good.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid access token is needed.", Never,
        when "There is no token where one is needed; or the one that was sent is not this server's, has expired or was \
              revoked. A bad token is refused everywhere, also where none is needed.",
        act "Get a new pair with the refresh token. If that is refused too, sign in again.";
    /// Sign-in.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "These credentials are not right.", Never,
        when "Signing in: the user is unknown, the password is wrong, or the user is not let in. Which of them is not told.",
        act "Ask for the password again. Each failure counts; after some the next attempt waits (`too_many_attempts`).";
    /// Sign-in, in two steps.
    SecondFactorRequired = "second_factor_required", UNAUTHORIZED, "A code of the second factor is needed.", Never,
        when "Signing in: the password is right, and the user has a second factor, but the request has no `code`.",
        act "Ask for the code of the user's device, or a recovery code, and send the same request with it in `code`.";
    /// A service's sign-in.
    InvalidClient = "invalid_client", UNAUTHORIZED, "This client's id and secret are not right, or not any more.", Never,
        when "A service signs in or asks about a token, and its id or secret is wrong or has expired, or the service account \
              is disabled or gone.",
        act "Look up the secret. An admin can make a new one (`POST /api/v1/service-accounts/{id}/rotate`).";
    /// Refresh.
    InvalidRefreshToken = "invalid_refresh_token", UNAUTHORIZED, "The refresh token is not good, or not any more.", Never,
        when "The refresh token was made up, has expired or was used before, or its session has ended.",
        act "Sign in again.";
    /// The tenant is kept out.
    TenantSuspended = "tenant_suspended", FORBIDDEN, "The organisation is suspended.", Never,
        when "The operator has suspended the organisation. Its users and services can't sign in or refresh, and their tokens are refused on \
              every operation.",
        act "Ask the operator. Tokens that have not expired are accepted again as soon as the organisation is activated.";
    /// The policy.
    Forbidden = "forbidden", FORBIDDEN, "You may not do this.", Never,
        when "The caller sees what they ask about, but may not do that. Or an `Idempotency-Key` was used by another credential of the caller's, and \
              the answer depends on that credential. Also every request with an operator's token: operators belong to no \
              organisation.",
        act "Don't repeat it. `GET /api/v1/auth/permissions` tells in advance what one may do, and why.";
    /// The token's scopes.
    InsufficientScope = "insufficient_scope", FORBIDDEN, "The token's scopes don't reach that far.", Never,
        when "The token of a service, or a personal access token, lacks the scope that `detail` names.",
        act "Get a token with that scope.";
    /// Sign-in, by setting.
    EmailUnverified = "email_unverified", FORBIDDEN, "The email must be verified first.", Never,
        when "Signing in: the password is right, and the organisation demands that the email be verified, or the user joined \
              by its domain.",
        act "Open the link in the mail, or ask for another (`POST /api/v1/auth/verify-email/request`).";
    /// Links by mail.
    InvalidLink = "invalid_link", FORBIDDEN, "The link is not good, or not any more.", Never,
        when "The token of a link by mail was made up, has expired or was used; or the account has another email by now (for \
              a new password: another password), or is not let in.",
        act "Ask for a new link.";
    /// Registration by setting.
    RegistrationClosed = "registration_closed", FORBIDDEN, "Registration is not open like this.", Never,
        when "The installation or the organisation takes nobody like this, or there is no such organisation; or the \
              invitation that was sent is unknown, expired, used or revoked.",
        act "Ask the operator, or an admin of the organisation, for an invitation.";
    /// Absent or invisible.
    NotFound = "not_found", NOT_FOUND, "There is nothing here, or nothing that you may see.", Never,
        when "There is no such path, also where another word stands in the place of an id; or there is no such row, or it is another organisation's, or the caller does not see it. \
              These are one answer.",
        act "Treat it as absent.";
    /// What the client accepts.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "There is no such representation.", Never,
        when "`Accept-Encoding` refuses every coding, also `identity`.",
        act "Accept `identity`.";
    /// The method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The resource does not have this method.", Never,
        when "The path is right, but has other methods.",
        act "Use one of those in `Allow`.";
    /// The body took too long.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive.", Now,
        when "The body did not arrive within 30 seconds; or a file came slower than 1 MiB a minute, or took longer than 12 \
              hours.",
        act "Send it again, over a better connection or in smaller requests.";
    /// Clashes.
    Conflict = "conflict", CONFLICT, "This clashes with what is there.", Never,
        when "A value that must be unique is taken (`errors` names the field, with the code `taken`), or the row's state does \
              not allow the step, as completing a cancelled task (`detail` says why).",
        act "Change the request, or what stands in its way.";
    /// Referred to.
    InUse = "in_use", CONFLICT, "Other things refer to this.", Never,
        when "A row is to be deleted to which others still refer.",
        act "Remove or move those first. A user can be kept out by `POST /api/v1/users/{id}/deactivate` instead, or hand over \
             by `?transfer_to=`.";
    /// Admins.
    LastAdmin = "last_admin", CONFLICT, "The organisation would lose its last active admin.", Never,
        when "The last active admin is to be deleted, deactivated or given another role.",
        act "Make another admin first.";
    /// Sign-in by email.
    TenantRequired = "tenant_required", CONFLICT, "Several organisations match: name one.", Never,
        when "Signing in: email and password are good in several organisations.",
        act "Send `tenant`, the organisation's slug, too.";
    /// Under way.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT, "A request with this idempotency key is under way.", Later,
        when "The same caller sent the same `Idempotency-Key` again before the first request was answered.",
        act "Wait as `Retry-After` says, then send it again, with the same key.";
    /// The feed.
    CursorExpired = "cursor_expired", GONE, "What came after this cursor is not kept any more: begin again.", Never,
        when "Changes after the cursor of the feed were forgotten (`TASKHUB_FEED_DAYS`, 30 by default), or the database was restored \
              from before them.",
        act "Read what you follow anew by its lists, and go on from a cursor that you took before that (`GET /api/v1/changes`).";
    /// If-Match.
    Stale = "stale", PRECONDITION_FAILED, "The resource has changed meanwhile.", Never,
        when "The resource is at none of the versions in `If-Match`: somebody has changed it meanwhile. Or a change was sent with \
              `If-None-Match`, and the resource is at one of its versions; `*` matches every resource that is there.",
        act "Get it again, apply the change to what is there now, and send it with the new `ETag`.";
    /// Too large.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large.", Never,
        when "The body has more bytes than the server takes of its kind.",
        act "Send less, or in parts. How much the server takes of a kind is a setting of the operator's.";
    /// No room for files.
    QuotaExceeded = "quota_exceeded", PAYLOAD_TOO_LARGE, "The organisation's files take all that they may.", Never,
        when "The file would be one too many, or has more bytes than there is room for.",
        act "Delete files, or ask the operator for more room.";
    /// Range.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "There are no such octets.", Never,
        when "The `Range` begins behind the end of the file.",
        act "Ask for a range within the length that `Content-Range` names, or for all.";
    /// The content type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body's content type is not served here.", Never,
        when "`Content-Type` is missing or not one that the operation takes, or the body is compressed. Most bodies are \
              `application/json`; a PATCH may also be `application/merge-patch+json`; signing in and refreshing take forms, \
              files are `application/octet-stream`, and pictures are `image/jpeg`, `image/png` or `image/webp`.",
        act "Set the header. The operation's description names what it takes.";
    /// Fields.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "The body is invalid.", Never,
        when "The body can be read, but a field is unknown, missing, of a wrong type or out of its bounds, or refers to what \
              is absent; or the bytes of a file are not what they should be.",
        act "Correct the fields in `errors`. Their `code` is stable too.";
    /// Another request.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request.", Never,
        when "The same `Idempotency-Key` came with another request within 24 hours.",
        act "Use a fresh key for each new request.";
    /// If-Match, missing.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED, "The organisation requires If-Match.", Never,
        when "The organisation has `require_if_match` on, and a user sent a change without `If-Match`.",
        act "Get the resource, and send its `ETag` in `If-Match`.";
    /// Limits.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "There were too many requests.", Later,
        when "The allowance of the caller, of the organisation or of the address is spent.",
        act "Wait as `Retry-After` says. `RateLimit` tells on every answer what is left.";
    /// Guesses.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "There were too many failed attempts.", Later,
        when "There were too many wrong passwords or codes at this account or from this network. While the wait lasts, the \
              right one is refused too.",
        act "Wait as `Retry-After` says, then try once more. A user who forgot the password asks for a link by mail.";
    /// A fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here.", Now,
        when "A fault of the server's. Its cause is in the server's log, and never in the answer.",
        act "Report `instance`. Try again later if it matters; a POST with its `Idempotency-Key`, so that it takes effect \
             once at most.";
    /// No room.
    StorageFull = "storage_full", INSUFFICIENT_STORAGE, "The server's storage is full.", Later,
        when "The database or the file system of the server has no room left. The request has changed nothing. Requests \
              that write nothing still work.",
        act "Try again after the operator has made room. A POST with its `Idempotency-Key` takes effect once at most.";
    /// No writes.
    ReadOnly = "read_only", SERVICE_UNAVAILABLE, "The server's storage is read-only at present.", Later,
        when "The database or the file system of the server accepts no writes, for example during a failover or \
              maintenance. The request has changed nothing. Requests that write nothing still work.",
        act "Wait as `Retry-After` says, then try again; a POST with its `Idempotency-Key`.";
    /// Overload.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The server is overloaded: try again later.", Later,
        when "Too many writes, passwords or pictures wait, the database does not answer, or a write met others too often.",
        act "Wait as `Retry-After` says, then try again; a POST with its `Idempotency-Key`.";
    /// The server's end.
    Stopping = "stopping", SERVICE_UNAVAILABLE, "The server is stopping.", Later,
        when "Only `GET /health/ready`: the server was told to stop. It still serves, so that a load balancer has time to notice.",
        act "Send new requests to another node.";
}

impl From<Kind> for Code {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Unauthenticated => Self::Unauthenticated,
            Kind::InvalidCredentials => Self::InvalidCredentials,
            Kind::SecondFactorRequired => Self::SecondFactorRequired,
            Kind::InvalidClient => Self::InvalidClient,
            Kind::EmailUnverified => Self::EmailUnverified,
            Kind::TooManyAttempts => Self::TooManyAttempts,
            Kind::InvalidRefreshToken => Self::InvalidRefreshToken,
            Kind::TenantRequired => Self::TenantRequired,
            Kind::TenantSuspended => Self::TenantSuspended,
            Kind::Forbidden => Self::Forbidden,
            Kind::InsufficientScope => Self::InsufficientScope,
            Kind::InvalidLink => Self::InvalidLink,
            Kind::RegistrationClosed => Self::RegistrationClosed,
            Kind::NotFound => Self::NotFound,
            Kind::CursorExpired => Self::CursorExpired,
            Kind::InvalidParameter => Self::InvalidParameter,
            Kind::Malformed => Self::MalformedBody,
            Kind::Invalid => Self::Invalid,
            Kind::Stale => Self::Stale,
            Kind::PreconditionRequired => Self::PreconditionRequired,
            Kind::Conflict => Self::Conflict,
            Kind::InUse => Self::InUse,
            Kind::LastAdmin => Self::LastAdmin,
            Kind::QuotaExceeded => Self::QuotaExceeded,
            Kind::IdempotencyInFlight => Self::IdempotencyInFlight,
            Kind::IdempotencyMismatch => Self::IdempotencyMismatch,
            Kind::StorageFull => Self::StorageFull,
            Kind::ReadOnly => Self::ReadOnly,
            Kind::Unavailable => Self::Unavailable,
            Kind::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Code;

    #[test]
    fn codes_are_unique_and_errors() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            Code::ALL.iter().all(|code| code.status().is_client_error() || code.status().is_server_error())
        );
    }
}
