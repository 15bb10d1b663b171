//! Rate limits (actix-governor), and their headers (IETF draft "RateLimit header fields for HTTP").
//!
//! Every request is counted in one bucket: a principal's, or without a token its address's, with a stricter one for
//! signing in, registering, refreshing and links by mail. What a principal's lets pass is counted in its tenant's as well, so that many principals have no
//! more than their tenant. The health checks are in none. This module is the only one that
//! knows the limiter; it asks it directly, because the crate's middleware shows its headers only as the innermost layer, and there are four rules.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_governor::{
    GovernorConfig, GovernorConfigBuilder, KeyExtractor,
    governor::{
        clock::{Clock, DefaultClock},
        middleware::StateInformationMiddleware,
    },
};
use actix_web::{
    HttpMessage,
    dev::ServiceRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use taskhub_auth::principal::Principal;
use taskhub_domain::context::network;
use uuid::Uuid;

use crate::{config::Settings, extract::Origin, problem::Problem};

/// How often keys that are back at their full allowance are forgotten.
const FORGET: Duration = Duration::from_mins(1);

/// Whose allowance a request is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A tenant's user or service.
    Principal(Option<Uuid>, Uuid),
    /// A tenant.
    Tenant(Uuid),
    /// A client's address; an IPv6 network of 64 bits is one client.
    Address(IpAddr),
}

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Requests with a token.
    Principal,
    /// Those of them of one tenant.
    Tenant,
    /// Requests without.
    Address,
    /// Those of them that sign in, register, refresh, or have to do with links by mail.
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

/// Who a request is counted for, as the limiter wants it.
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

/// What is left of an allowance: what the headers of the answer say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    bucket: Bucket,
    hourly: u32,
    burst: u32,
    remaining: u32,
    /// Seconds to wait, for who has nothing left.
    wait: u64,
}

impl Limits {
    /// The limits that are set; `None` for a limit of nothing, which the settings refuse.
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

    /// Counts a request; `None` for one that is in no bucket.
    pub(super) fn count(&self, request: &ServiceRequest) -> Result<Option<Allowance>, Problem> {
        let Some(bucket) = Bucket::of(request) else { return Ok(None) };
        let key = ByClient.extract(request)?;
        let own = self.ask(bucket, &key);
        let Key::Principal(Some(tenant), _) = key else { return Ok(Some(own)) };
        // What is refused here does not take from what the others of the tenant have.
        if own.is_spent() {
            return Ok(Some(own));
        }
        let shared = self.ask(Bucket::Tenant, &Key::Tenant(tenant));
        let tighter = if shared.is_spent() || shared.remaining < own.remaining { shared } else { own };
        Ok(Some(tighter))
    }

    /// Counts in a bucket.
    fn ask(&self, bucket: Bucket, key: &Key) -> Allowance {
        let Rule { hourly, burst, limiter } = match bucket {
            Bucket::Principal => &self.principal,
            Bucket::Tenant => &self.tenant,
            Bucket::Address => &self.address,
            Bucket::SignIn => &self.sign_in,
        };
        let (remaining, wait) = match limiter.limiter().check_key(key) {
            Ok(state) => (state.remaining_burst_capacity(), 0),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                (0, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
            }
        };
        Allowance { bucket, hourly: *hourly, burst: *burst, remaining, wait }
    }

    /// Forgets, again and again, the keys that are back at their full allowance, until the future is dropped.
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

impl Allowance {
    /// Whether nothing was left.
    pub(super) fn is_spent(&self) -> bool {
        self.wait > 0
    }

    /// Says so: `RateLimit-Policy` how many an hour and how many at once, `RateLimit` how many are left at this moment and in how many
    /// seconds all of them are back.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
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
