//! The problem codes that an operation can return with each status, from the table of codes.

use serde_json::Value;

use crate::problem::Code;

/// The properties of an operation on which its codes depend.
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and every combination is possible")]
pub(super) struct Operation {
    id: String,
    /// Whether it accepts a credential.
    secured: bool,
    /// Whether it accepts an idempotency key.
    once: bool,
    /// Whether it accepts the credentials of a client (HTTP Basic).
    basic: bool,
    /// Whether it has a body.
    body: bool,
}

impl Operation {
    /// Reads an operation of the document.
    pub(super) fn of(says: &Value) -> Self {
        let security = says["security"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parameters = says["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            id: says["operationId"].as_str().unwrap_or_default().to_owned(),
            secured: !security.is_empty(),
            once: parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key"),
            basic: security.iter().any(|one| one.get("basic").is_some()),
            body: says.get("requestBody").is_some(),
        }
    }

    /// The codes that the operation can return with a status.
    pub(super) fn at<'a>(&'a self, status: &'a str) -> impl Iterator<Item = Code> + 'a {
        Code::ALL.iter().copied().filter(move |code| code.status().as_str() == status && self.answers(*code))
    }

    fn answers(&self, code: Code) -> bool {
        let id = self.id.as_str();
        let signs_in = id == "create_token";
        // The caller proves a password or code again, so guesses are throttled here too.
        let proves = matches!(
            id,
            "change_password" | "create_totp" | "confirm_totp" | "replace_recovery_codes" | "disable_totp"
        );
        match code {
            Code::MalformedBody => self.body,
            Code::InvalidCredentials => signs_in || proves,
            Code::TooManyAttempts => signs_in || proves || self.basic,
            Code::SecondFactorRequired | Code::EmailUnverified | Code::TenantRequired => signs_in,
            Code::InvalidClient => self.basic,
            Code::InvalidRefreshToken => id == "refresh_token",
            Code::Forbidden | Code::InsufficientScope => self.secured,
            Code::InvalidLink => matches!(id, "verify_email" | "confirm_password_reset"),
            Code::RegistrationClosed => id == "register_account",
            Code::LastAdmin => matches!(
                id,
                "replace_user"
                    | "update_user"
                    | "change_users"
                    | "delete_user"
                    | "deactivate_user"
                    | "delete_tenant"
            ),
            Code::Stopping => id == "get_readiness",
            Code::IdempotencyInFlight | Code::IdempotencyMismatch => self.once,
            Code::QuotaExceeded => matches!(id, "create_task_attachment" | "replace_document_content"),
            _ => true,
        }
    }
}
