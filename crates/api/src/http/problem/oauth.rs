//! The error codes of OAuth 2 (RFC 6749 section 5.2), in addition to TaskHub's: for the operations
//! that OAuth 2 clients call.

use taskhub_domain::error::FieldError;

use super::Code;

/// The operations that OAuth 2 clients call.
const OPERATIONS: [&str; 4] = ["create_token", "refresh_token", "revoke_token", "introspect_token"];

/// The OAuth 2 error code for a problem of an operation. There is none for server errors and for
/// exceeded limits.
pub(super) fn word(operation: &str, code: Code, errors: &[FieldError]) -> Option<&'static str> {
    if !OPERATIONS.contains(&operation) {
        return None;
    }
    let is = |pointer: &str, code: &str| errors.iter().any(|it| it.pointer == pointer && it.code == code);
    Some(match code {
        Code::Invalid if is("/grant_type", "invalid_type") => "unsupported_grant_type",
        Code::Invalid if is("/scope", "invalid_scope") => "invalid_scope",
        Code::InvalidClient | Code::Unauthenticated => "invalid_client",
        Code::InvalidCredentials
        | Code::InvalidRefreshToken
        | Code::SecondFactorRequired
        | Code::EmailUnverified
        | Code::TenantSuspended => "invalid_grant",
        _ if code.status().is_server_error() || matches!(code, Code::RateLimited | Code::TooManyAttempts) => {
            return None;
        }
        _ => "invalid_request",
    })
}
