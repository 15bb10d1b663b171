//! Rate limits (actix-governor), and their headers (IETF draft "RateLimit header fields for HTTP").
//!
//! Every request is counted in one bucket: that of its principal or, without a token, that of its
//! client address. Sign-in, registration, refresh and links by email have a stricter bucket. A
//! request that the principal's bucket allows is also counted in the tenant's, which bounds all
//! principals of the tenant together. A bulk request counts as the number of its operations
//! ([`charge`]). Health checks are not counted.
//!
//! Only this module knows the limiter. It calls the limiter directly, because the middleware of the
//! crate adds its headers only as the innermost layer, and there are four rules.

use std::{net::IpAddr, num::NonZeroU32, ops::Deref, sync::Arc, time::Duration};

use actix_governor::{
    GovernorConfig, GovernorConfigBuilder, KeyExtractor,
    governor::{
        clock::{Clock, DefaultClock},
        middleware::StateInformationMiddleware,
    },
};
use actix_web::{
    HttpMessage, HttpRequest,
    dev::ServiceRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    web::Data,
};
use taskhub_auth::principal::Principal;
use taskhub_domain::{Context, context::network};
use uuid::Uuid;

use crate::{
    config::Settings,
    http::{
        extract::Origin,
        problem::{Code, Problem},
    },
};

/// How often keys with their full allowance are removed from memory.
const FORGET: Duration = Duration::from_mins(1);

/// The key of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A user or service account of a tenant.
    Principal(Option<Uuid>, Uuid),
    /// A tenant.
    Tenant(Uuid),
    /// A client address; an IPv6 network of 64 bits counts as one address.
    Address(IpAddr),
}

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Requests with a token.
    Principal,
    /// Requests with a token, of one tenant.
    Tenant,
    /// Requests without a token.
    Address,
    /// Sign-in, registration, refresh, and links by email.
    SignIn,
}

impl Bucket {
    fn of(request: &ServiceRequest) -> Option<Self> {
        let path = request.path();
        if matches!(path, "/health/live" | "/health/ready") {
            return None;
        }
        let asks = matches!(path, "/api/v1/auth/token/verify" | "/api/v1/auth/token/introspect");
        let strict = [
            "/api/v1/auth/token",
            "/api/v1/auth/register",
            "/api/v1/auth/password-reset",
            "/api/v1/auth/verify-email",
        ];
        if strict.iter().any(|prefix| path.starts_with(prefix)) && !asks {
            return Some(Self::SignIn);
        }
        let known = request.extensions().contains::<Arc<Principal>>();
        Some(if known { Self::Principal } else { Self::Address })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Tenant => "tenant",
            Self::Address => "address",
            Self::SignIn => "sign-in",
        }
    }
}

/// Extracts the key of a request for the limiter.
#[derive(Clone, Copy)]
struct ByClient;

impl KeyExtractor for ByClient {
    type Key = Key;
    type KeyExtractionError = Problem;

    fn extract(&self, request: &ServiceRequest) -> Result<Key, Problem> {
        let extensions = request.extensions();
        if let (Some(Bucket::Principal), Some(principal)) =
            (Bucket::of(request), extensions.get::<Arc<Principal>>())
        {
            return Ok(Key::Principal(principal.tenant(), principal.id()));
        }
        let address = extensions.get::<Origin>().and_then(|origin| origin.0.address);
        Ok(Key::Address(address.map_or(IpAddr::from([0, 0, 0, 0]), network)))
    }
}

type Config = GovernorConfig<ByClient, StateInformationMiddleware>;

/// A bucket and its rule.
#[derive(Clone)]
struct Rule {
    hourly: u32,
    burst: u32,
    limiter: Config,
}

/// The limits, shared by all workers.
#[derive(Clone)]
pub struct Limits {
    principal: Rule,
    tenant: Rule,
    address: Rule,
    sign_in: Rule,
}

/// The rest of an allowance, for the headers of the response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    bucket: Bucket,
    hourly: u32,
    burst: u32,
    remaining: u32,
    /// The number of seconds to wait if nothing is left, otherwise 0.
    wait: u64,
}

impl Limits {
    /// The configured limits; `None` for a limit of 0, which the settings reject.
    pub fn new(settings: &Settings) -> Option<Self> {
        let rule = |hourly: u32, burst: u32| {
            let mut config = GovernorConfigBuilder::default().key_extractor(ByClient).use_headers();
            config.period(Duration::from_hours(1) / hourly).burst_size(burst);
            Some(Rule { hourly, burst, limiter: config.finish()? })
        };
        Some(Self {
            principal: rule(settings.rate_principal, settings.rate_principal_burst)?,
            tenant: rule(settings.rate_tenant, settings.rate_tenant_burst)?,
            address: rule(settings.rate_address, settings.rate_address_burst)?,
            sign_in: rule(settings.rate_sign_in, settings.rate_sign_in_burst)?,
        })
    }

    /// Counts a request; `None` for one that is not counted.
    pub(super) fn count(&self, request: &ServiceRequest) -> Result<Option<Counted>, Problem> {
        let Some(bucket) = Bucket::of(request) else { return Ok(None) };
        let key = ByClient.extract(request)?;
        let mut counted = Counted { key, own: self.ask(bucket, &key, NonZeroU32::MIN), shared: None };
        // A rejected request does not use up the tenant's allowance.
        if let Key::Principal(Some(tenant), _) = key
            && !counted.own.is_spent()
        {
            counted.shared = Some(self.ask(Bucket::Tenant, &Key::Tenant(tenant), NonZeroU32::MIN));
        }
        Ok(Some(counted))
    }

    /// Counts the operations of a request beyond the first, which [`Self::count`] has counted.
    fn count_more(&self, counted: &mut Counted, operations: u32) {
        let more = |allowance: &Allowance| NonZeroU32::new(allowance.weight(operations).saturating_sub(1));
        let Counted { key, own, shared } = counted;
        if let Some(more) = more(own) {
            *own = own.after(self.ask(own.bucket, key, more));
        }
        if let (Key::Principal(Some(tenant), _), Some(shared), false) = (*key, shared, own.is_spent())
            && let Some(more) = more(shared)
        {
            *shared = shared.after(self.ask(Bucket::Tenant, &Key::Tenant(tenant), more));
        }
    }

    /// Counts `number` requests in a bucket: all of them or none.
    fn ask(&self, bucket: Bucket, key: &Key, number: NonZeroU32) -> Allowance {
        let Rule { hourly, burst, limiter } = match bucket {
            Bucket::Principal => &self.principal,
            Bucket::Tenant => &self.tenant,
            Bucket::Address => &self.address,
            Bucket::SignIn => &self.sign_in,
        };
        let (remaining, wait) = match limiter.limiter().check_key_n(key, number) {
            Ok(Ok(state)) => (state.remaining_burst_capacity(), 0),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                (0, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
            }
            // Cannot happen: no request counts as more than a burst.
            Err(_) => (0, FORGET.as_secs()),
        };
        Allowance { bucket, hourly: *hourly, burst: *burst, remaining, wait }
    }

    /// Periodically removes the keys with their full allowance, until the future is dropped.
    pub async fn forget(self) {
        let mut ticks = tokio::time::interval(FORGET);
        loop {
            ticks.tick().await;
            for rule in [&self.principal, &self.tenant, &self.address, &self.sign_in] {
                rule.limiter.limiter().retain_recent();
                rule.limiter.limiter().shrink_to_fit();
            }
        }
    }
}

/// How a request was counted. It is stored in the request, because the operations of a bulk request
/// are counted later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    key: Key,
    own: Allowance,
    /// The tenant's allowance, if there is a tenant and the principal's own is not spent.
    shared: Option<Allowance>,
}

impl Counted {
    /// The allowance with less left.
    pub(super) fn tighter(&self) -> Allowance {
        match self.shared {
            _ if self.own.is_spent() => self.own,
            Some(shared) if shared.is_spent() || shared.remaining < self.own.remaining => shared,
            _ => self.own,
        }
    }
}

/// The context of a caller whose request was counted by the number of its operations.
pub(crate) struct Charged(Context);

impl Deref for Charged {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

/// Counts a request as a number of operations before any of them runs: against the allowances and
/// for the tenant's turns at writing. It counts as at most half a burst, because a whole burst is
/// available only to a caller who has sent no other request for a while.
///
/// # Errors
/// `RateLimited` when less is left; then the other operations are not counted.
pub(crate) fn charge(request: &HttpRequest, caller: &Context, operations: usize) -> Result<Charged, Problem> {
    let operations = u32::try_from(operations).unwrap_or(u32::MAX).max(1);
    let mut extensions = request.extensions_mut();
    if let (Some(limits), Some(counted)) =
        (request.app_data::<Data<Limits>>(), extensions.get_mut::<Counted>())
    {
        limits.count_more(counted, operations);
        let allowance = counted.tighter();
        if allowance.is_spent() {
            let Allowance { remaining, .. } = allowance;
            let weight = allowance.weight(operations);
            let detail = format!(
                "This request counts as {weight} requests, but only {remaining} more are allowed now."
            );
            return Err(Problem::new(Code::RateLimited, detail));
        }
    }
    Ok(Charged(caller.costing(operations)))
}

impl Allowance {
    /// Whether the allowance was too small.
    pub(super) fn is_spent(&self) -> bool {
        self.wait > 0
    }

    /// The number of requests that a request with this number of operations counts as.
    fn weight(&self, operations: u32) -> u32 {
        operations.min((self.burst / 2).max(1))
    }

    /// The rest after more was requested: the rest before, if that was refused. The next attempt
    /// counts as one request before its operations are counted, so it waits for one more.
    fn after(&self, asked: Self) -> Self {
        if !asked.is_spent() {
            return asked;
        }
        let one = 3600_u64.div_ceil(u64::from(self.hourly.max(1)));
        Self { remaining: self.remaining, wait: asked.wait + one, ..asked }
    }

    /// Adds the headers: `RateLimit-Policy` with the requests per hour and the burst, `RateLimit`
    /// with the requests that are left now and the seconds until the full burst is available.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        let Self { bucket, hourly, burst, remaining, wait } = *self;
        let name = bucket.name();
        let refill = (u64::from(burst.saturating_sub(remaining)) * 3600).div_ceil(u64::from(hourly.max(1)));
        let policy = format!("\"{name}\";q={hourly};w=3600;burst={burst}");
        let state = format!("\"{name}\";r={remaining};t={refill}");
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if wait > 0 {
            headers.insert(header::RETRY_AFTER, wait.into());
        }
    }
}
