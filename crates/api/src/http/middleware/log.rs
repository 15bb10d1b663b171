//! One log line per request: the caller, the operation, the status and the duration. It contains no
//! body, no query and no header except the request id.

use std::{sync::Arc, time::Instant};

use actix_web::{
    HttpMessage,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
};
use taskhub_auth::principal::Principal;

use super::Cause;
use super::operations::Operation;
use crate::http::problem::Problem;

/// A request in progress.
pub(super) struct Watch {
    began: Instant,
    method: Method,
    trace: Option<String>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "the duration is for the log alone")]
    pub(super) fn start(request: &ServiceRequest) -> Self {
        Self { began: Instant::now(), method: request.method().clone(), trace: trace(request) }
    }

    /// Logs a request that ended without a response.
    pub(super) fn fail(self, problem: Problem) -> Problem {
        let status = problem.code().status().as_u16();
        tracing::error!(target: "taskhub::request", method = self.method.as_str(), status, cause = problem.cause(), "no response");
        problem
    }

    pub(super) fn finish<B>(self, response: &ServiceResponse<B>, id: &str) {
        let request = response.request();
        let status = response.status().as_u16();
        let extensions = request.extensions();
        let route = extensions.get::<Arc<Operation>>().map_or("-", |operation| operation.path.as_str());
        let principal = extensions.get::<Arc<Principal>>();
        let tenant = principal.and_then(|principal| principal.tenant()).map(tracing::field::display);
        let caller = principal.map(|principal| tracing::field::display(principal.id()));
        let (method, trace_id) = (self.method.as_str(), self.trace.as_deref());
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            let cause = extensions.get::<Cause>().map(|cause| cause.0.as_str());
            tracing::error!(target: "taskhub::request", request_id = id, trace_id, tenant, principal = caller, method, route, status, micros, cause);
        } else {
            tracing::info!(target: "taskhub::request", request_id = id, trace_id, tenant, principal = caller, method, route, status, micros);
        }
    }
}

/// The id of the trace that the request belongs to (W3C Trace Context): in `traceparent`, the 32
/// hexadecimal digits between the version and the parent id.
fn trace(request: &ServiceRequest) -> Option<String> {
    let header = request.headers().get("traceparent")?.to_str().ok()?;
    let trace = header.split('-').nth(1)?;
    let well_formed =
        header.len() == 55 && trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| trace.to_ascii_lowercase())
}
