//! The problem codes that an operation can return with each status, from the table of codes.
//!
//! Some codes are special to operations. Their handlers name them:
//!
//! ```text
//! extensions(("x-problems" = json!([Code::LastAdmin])))
//! ```

use serde_json::{Map, Value};

use crate::http::problem::Code;

/// The mark with the special codes of an operation.
const SPECIAL: &str = "x-problems";

/// Whether the handler of an operation names a special code.
pub(super) fn has(operation: &Map<String, Value>, code: Code) -> bool {
    special(operation.get(SPECIAL)).any(|name| name == code.as_str())
}

fn special(mark: Option<&Value>) -> impl Iterator<Item = &str> {
    mark.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Removes the marks of the handlers.
pub(super) fn unmark(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        operation.remove(SPECIAL);
    }
}

/// The properties of an operation on which its codes depend.
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and every combination is possible")]
pub(super) struct Operation {
    /// The codes that its handler names.
    special: Vec<String>,
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
            special: special(says.get(SPECIAL)).map(str::to_owned).collect(),
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
        match code {
            Code::MalformedBody => self.body,
            Code::InvalidClient => self.basic,
            Code::Forbidden | Code::InsufficientScope => self.secured,
            Code::IdempotencyInFlight | Code::IdempotencyMismatch => self.once,
            Code::TooManyAttempts => self.basic || self.names(code),
            Code::EmailUnverified
            | Code::InvalidCredentials
            | Code::InvalidLink
            | Code::InvalidRefreshToken
            | Code::LastAdmin
            | Code::QuotaExceeded
            | Code::RegistrationClosed
            | Code::SecondFactorRequired
            | Code::Stopping
            | Code::TenantRequired => self.names(code),
            _ => true,
        }
    }

    fn names(&self, code: Code) -> bool {
        self.special.iter().any(|name| name == code.as_str())
    }
}
