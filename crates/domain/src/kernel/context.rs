//! The context of an operation: the caller, the tenant, the request and the clock.
//!
//! Invariant: a [`Context`] has exactly one tenant, which cannot be changed. The tenant comes from
//! a verified token ([`Context::of`]) or from the server's own work ([`System`]).
//!
//! This module does not know what a role or scope allows; the policy decides that.

use std::{net::IpAddr, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::principal::{Kind as Credential, Principal};
use uuid::Uuid;

use crate::{
    Clock, Instant, Result,
    kernel::{
        error::Kind,
        policy::{self, Record, Role},
    },
};

/// The actor of an operation, as recorded in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the tenant.
    User(Uuid),
    /// A service account of the tenant.
    Service(Uuid),
    /// The server itself, or the operator at the command line.
    System,
}

impl Actor {
    /// The value of `actor_kind` in the audit log.
    pub fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Service(_) => "service",
            Self::System => "system",
        }
    }

    /// The value of `actor_id` in the audit log; `None` for the system.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(id) | Self::Service(id) => Some(id),
            Self::System => None,
        }
    }
}

/// The request that caused the operation: its details for the audit log, and whether it is a dry
/// run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The id, as in `X-Request-Id`.
    pub id: Option<String>,
    /// The IP address of the client.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
    /// Whether it is a dry run. A dry run executes the whole operation and then rolls it back.
    pub dry_run: bool,
}

impl Request {
    /// The same request without the dry run, for writes that are committed even in a dry run.
    #[must_use]
    pub fn in_earnest(self) -> Self {
        Self { dry_run: false, ..self }
    }

    /// A new secret for the response. A dry run stores nothing, so it returns the placeholder
    /// `validate-only`.
    pub fn shown(&self, secret: &SecretString) -> String {
        if self.dry_run { "validate-only".to_owned() } else { secret.expose_secret().to_owned() }
    }
}

/// The network of a client: an IPv4 address, or the first 64 bits of an IPv6 address, because one
/// client usually has a whole /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
    }
}

/// The resolved caller: tenant, actor, role, scopes, request and clock. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    tenant: Uuid,
    actor: Actor,
    role: Role,
    scopes: Option<Vec<String>>,
    session: Option<Uuid>,
    request: Request,
    clock: Clock,
    cost: u32,
    /// The record of the authorisations of the caller, for requests that record them.
    record: Option<Arc<Record>>,
}

impl Context {
    /// The context of a verified caller.
    ///
    /// # Errors
    /// `Forbidden` for an operator, who has no tenant; `Unauthenticated` for an unknown role.
    pub fn of(principal: &Principal, request: Request, clock: Clock) -> Result<Self> {
        let tenant = principal.tenant().ok_or(Kind::Forbidden)?;
        let (actor, role) = match principal.kind() {
            Credential::User => {
                let role =
                    principal.role().and_then(|role| role.parse().ok()).ok_or(Kind::Unauthenticated)?;
                (Actor::User(principal.id()), role)
            }
            // A service is an admin limited by its scopes: it may use them in the whole tenant.
            Credential::Service => (Actor::Service(principal.id()), Role::Admin),
            Credential::Operator => return Err(Kind::Forbidden.into()),
        };
        let scopes = principal.scopes().map(<[String]>::to_vec);
        let session = principal.session();
        Ok(Self(Arc::new(Inner {
            tenant,
            actor,
            role,
            scopes,
            session,
            request,
            clock,
            cost: 1,
            record: None,
        })))
    }

    /// The tenant.
    pub fn tenant(&self) -> Uuid {
        self.0.tenant
    }

    /// The actor.
    pub fn actor(&self) -> Actor {
        self.0.actor
    }

    /// The user who acts; `None` for a service and the system.
    pub fn user(&self) -> Option<Uuid> {
        match self.0.actor {
            Actor::User(id) => Some(id),
            Actor::Service(_) | Actor::System => None,
        }
    }

    /// The role of the user. Services and the system have the role admin; scopes limit services.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The session of the access token. `None` for a token with scopes, whose session id is that of
    /// a personal access token.
    pub fn session(&self) -> Option<Uuid> {
        self.depends_on_credential();
        self.0.session.filter(|_| self.0.scopes.is_none())
    }

    /// The personal access token that was exchanged for the access token. Only such tokens of users
    /// have scopes.
    pub(crate) fn personal_token(&self) -> Option<Uuid> {
        self.depends_on_credential();
        self.0.session.filter(|_| self.0.scopes.is_some())
    }

    /// The scopes that limit the credential; `None` if it is not limited.
    pub(crate) fn scopes(&self) -> Option<&[String]> {
        self.0.scopes.as_deref()
    }

    /// The id of the credential: of the session, the personal access token or the service account.
    /// It is the same for all access tokens of the credential.
    pub(crate) fn credential(&self) -> Option<Uuid> {
        self.0.session.or(self.0.actor.id())
    }

    /// A new secret for the response: see [`Request::shown`].
    pub fn shown(&self, secret: &SecretString) -> String {
        self.depends_on_credential();
        self.0.request.shown(secret)
    }

    /// The same caller, with a new record of authorisations.
    pub(crate) fn recorded(&self) -> Self {
        Self(Arc::new(Inner { record: Some(Arc::default()), ..(*self.0).clone() }))
    }

    /// The record of the authorisations of the caller, if there is one.
    pub(crate) fn record(&self) -> Option<&Record> {
        self.0.record.as_deref()
    }

    /// Records that the response depends on the credential.
    fn depends_on_credential(&self) {
        if let Some(record) = self.record() {
            record.depends_on(self.credential());
        }
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The current time.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// The context of another user in the same request, to find out what that user sees. The
    /// transaction keeps its own context.
    pub(crate) fn seen_by(&self, user: Uuid, role: Role) -> Self {
        let actor = Actor::User(user);
        Self(Arc::new(Inner { actor, role, scopes: None, session: None, record: None, ..(*self.0).clone() }))
    }

    /// The same caller and request without the dry run ([`Request::in_earnest`]).
    #[must_use]
    pub fn in_earnest(&self) -> Self {
        Self(Arc::new(Inner { request: self.0.request.clone().in_earnest(), ..(*self.0).clone() }))
    }

    /// The same caller, with a request that counts as this number of operations.
    #[must_use]
    pub fn costing(&self, operations: u32) -> Self {
        Self(Arc::new(Inner { cost: operations, ..(*self.0).clone() }))
    }

    /// The number of operations that the request counts as, which is charged to the tenant in the
    /// write queue.
    pub(crate) fn cost(&self) -> u32 {
        self.0.cost
    }

    /// Whether the request is a dry run.
    pub fn is_dry_run(&self) -> bool {
        self.0.request.dry_run
    }

    /// The same caller, with these scopes.
    #[cfg(test)]
    pub(crate) fn narrowed(&self, scopes: Option<Vec<String>>) -> Self {
        Self(Arc::new(Inner { scopes, ..(*self.0).clone() }))
    }

    /// Whether the scopes of the credential include an action on a resource type. A credential
    /// without scopes is not limited.
    pub(crate) fn reaches(&self, noun: policy::ResourceType, action: policy::Action) -> bool {
        let Some(scopes) = &self.0.scopes else { return true };
        scopes.iter().any(|scope| scope.split_once(':') == Some((noun.scope(), action.verb())))
    }
}

/// The server's own work, or that of the operator at the command line, outside any tenant.
#[derive(Clone, Debug)]
pub struct System {
    reason: &'static str,
    request: Request,
    clock: Clock,
}

impl System {
    /// The server's own work, with a reason for the log.
    pub fn new(reason: &'static str, request: Request, clock: Clock) -> Self {
        Self { reason, request, clock }
    }

    /// The reason, for the log.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The current time.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The context of the system in a tenant.
    pub fn within(&self, tenant: Uuid) -> Context {
        self.context(tenant, Actor::System, Role::Admin, None)
    }

    /// The context of a user who has just authenticated.
    pub(crate) fn as_user(&self, tenant: Uuid, user: Uuid, role: Role) -> Context {
        self.context(tenant, Actor::User(user), role, None)
    }

    /// The context of a service account that has just authenticated.
    pub(crate) fn as_service(&self, tenant: Uuid, service: Uuid, scopes: Vec<String>) -> Context {
        self.context(tenant, Actor::Service(service), Role::Admin, Some(scopes))
    }

    fn context(&self, tenant: Uuid, actor: Actor, role: Role, scopes: Option<Vec<String>>) -> Context {
        tracing::debug!(%tenant, reason = self.reason, "acting for the system");
        let (request, clock) = (self.request.clone(), self.clock.clone());
        Context(Arc::new(Inner {
            tenant,
            actor,
            role,
            scopes,
            session: None,
            request,
            clock,
            cost: 1,
            record: None,
        }))
    }
}
