//! The codes of all problems: one table.

use actix_web::http::StatusCode;
use taskhub_domain::error::Kind;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
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
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedBody = "malformed_body", BAD_REQUEST, "The body is not well-formed.";
    /// A parameter of the path or query.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter is invalid.";
    /// A header.
    InvalidHeader = "invalid_header", BAD_REQUEST, "A header is invalid.";
    /// No credential, or none that is good.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid access token is needed.";
    /// Sign-in.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "These credentials are not right.";
    /// Sign-in, in two steps.
    SecondFactorRequired = "second_factor_required", UNAUTHORIZED, "A code of the second factor is needed.";
    /// A service's sign-in.
    InvalidClient = "invalid_client", UNAUTHORIZED, "This client's id and secret are not right, or not any more.";
    /// Refresh.
    InvalidRefreshToken = "invalid_refresh_token", UNAUTHORIZED, "The refresh token is not good, or not any more.";
    /// The tenant is kept out.
    TenantSuspended = "tenant_suspended", UNAUTHORIZED, "The organisation is suspended.";
    /// The policy.
    Forbidden = "forbidden", FORBIDDEN, "You may not do this.";
    /// The token's scopes.
    InsufficientScope = "insufficient_scope", FORBIDDEN, "The token's scopes don't reach that far.";
    /// Sign-in, by setting.
    EmailUnverified = "email_unverified", FORBIDDEN, "The email must be verified first.";
    /// Links by mail.
    InvalidLink = "invalid_link", FORBIDDEN, "The link is not good, or not any more.";
    /// Registration by setting.
    RegistrationClosed = "registration_closed", FORBIDDEN, "Registration is not open like this.";
    /// Absent or invisible.
    NotFound = "not_found", NOT_FOUND, "There is nothing here, or nothing that you may see.";
    /// What the client accepts.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "There is no such representation.";
    /// The method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The resource does not have this method.";
    /// The body took too long.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive.";
    /// Clashes.
    Conflict = "conflict", CONFLICT, "This clashes with what is there.";
    /// Referred to.
    InUse = "in_use", CONFLICT, "Other things refer to this.";
    /// Admins.
    LastAdmin = "last_admin", CONFLICT, "The organisation would lose its last active admin.";
    /// Sign-in by email.
    TenantRequired = "tenant_required", CONFLICT, "Several organisations match: name one.";
    /// Under way.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT, "A request with this idempotency key is under way.";
    /// The feed.
    CursorExpired = "cursor_expired", GONE, "What came after this cursor is not kept any more: begin again.";
    /// If-Match.
    Stale = "stale", PRECONDITION_FAILED, "The resource has changed meanwhile.";
    /// Too large.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// No room for files.
    QuotaExceeded = "quota_exceeded", PAYLOAD_TOO_LARGE, "The organisation's files take all that they may.";
    /// Range.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "There are no such octets.";
    /// The content type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body's content type is not served here.";
    /// Fields.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "The body is invalid.";
    /// Another request.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request.";
    /// If-Match, missing.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED, "The organisation requires If-Match.";
    /// Limits.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "There were too many requests.";
    /// Guesses.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "There were too many failed attempts.";
    /// A fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here.";
    /// Overload.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The server is overloaded: try again later.";
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
            Kind::Invalid => Self::Invalid,
            Kind::Stale => Self::Stale,
            Kind::PreconditionRequired => Self::PreconditionRequired,
            Kind::Conflict => Self::Conflict,
            Kind::InUse => Self::InUse,
            Kind::LastAdmin => Self::LastAdmin,
            Kind::QuotaExceeded => Self::QuotaExceeded,
            Kind::IdempotencyInFlight => Self::IdempotencyInFlight,
            Kind::IdempotencyMismatch => Self::IdempotencyMismatch,
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
