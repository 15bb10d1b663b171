//! Who acts, on which tenant, and when: the first argument of everything.
//!
//! Invariant: a [`Context`] names exactly one tenant, which came from a verified token ([`Context::of`]) or from the server's
//! own work ([`System::within`]). There is no way to change it.

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

/// Who acts, as the audit records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the tenant.
    User(Uuid),
    /// A service of the tenant.
    Service(Uuid),
    /// The server or its operator, at its command line.
    System,
}

impl Actor {
    /// The word in the audit.
    pub fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Service(_) => "service",
            Self::System => "system",
        }
    }

    /// The id in the audit.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(id) | Self::Service(id) => Some(id),
            Self::System => None,
        }
    }
}

/// The request that is being answered: what the audit wants to know of it, and whether it is meant.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Its id, as in `X-Request-Id`.
    pub id: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether it only asks what a write would do: in a dry run every operation goes the whole way, and then nothing of it stays.
    pub dry_run: bool,
}

impl Request {
    /// The same one, meant: for what stays also when another write was only asked for.
    #[must_use]
    pub fn in_earnest(self) -> Self {
        Self { dry_run: false, ..self }
    }

    /// A new secret as the caller is shown it. Of a dry run's nothing is kept, so that it would open nothing: a word that is none stands in its place.
    pub fn shown(&self, secret: &SecretString) -> String {
        if self.dry_run { "validate-only".to_owned() } else { secret.expose_secret().to_owned() }
    }
}

/// One client's addresses: an IPv6 network of 64 bits is one client's.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
    }
}

/// The caller, resolved: tenant, actor, role, scopes, request and clock. Cheap to clone.
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
    /// What the caller was authorized to do, where it is recorded.
    record: Option<Arc<Record>>,
}

impl Context {
    /// The context of a verified caller.
    ///
    /// # Errors
    /// `Forbidden` for an operator, who has no tenant; `Unauthenticated` for a role that TaskHub does not know.
    pub fn of(principal: &Principal, request: Request, clock: Clock) -> Result<Self> {
        let tenant = principal.tenant().ok_or(Kind::Forbidden)?;
        let (actor, role) = match principal.kind() {
            Credential::User => {
                let role =
                    principal.role().and_then(|role| role.parse().ok()).ok_or(Kind::Unauthenticated)?;
                (Actor::User(principal.id()), role)
            }
            // A service may do what its scopes name, wherever in its tenant: an admin, narrowed.
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

    /// The one tenant.
    pub fn tenant(&self) -> Uuid {
        self.0.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.0.actor
    }

    /// The user who acts, if it is one.
    pub fn user(&self) -> Option<Uuid> {
        match self.0.actor {
            Actor::User(id) => Some(id),
            Actor::Service(_) | Actor::System => None,
        }
    }

    /// The user's role; a service and the system itself are judged as admins (within their scopes).
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The session that the caller's token belongs to.
    pub fn session(&self) -> Option<Uuid> {
        self.depends_on_credential();
        self.0.session.filter(|_| self.0.scopes.is_none())
    }

    /// The personal access token that the caller's token was exchanged for: what is narrowed belongs to none of their sessions.
    pub(crate) fn personal_token(&self) -> Option<Uuid> {
        self.depends_on_credential();
        self.0.session.filter(|_| self.0.scopes.is_some())
    }

    /// What the credential is narrowed to; `None` when it is not narrowed.
    pub(crate) fn scopes(&self) -> Option<&[String]> {
        self.0.scopes.as_deref()
    }

    /// What the credential is, whichever of its access tokens is presented: a session, a personal access token or a service account.
    pub(crate) fn credential(&self) -> Option<Uuid> {
        self.0.session.or(self.0.actor.id())
    }

    /// A new secret as the caller is shown it: see [`Request::shown`].
    pub fn shown(&self, secret: &SecretString) -> String {
        self.depends_on_credential();
        self.0.request.shown(secret)
    }

    /// The same caller, whose authorizations are recorded from here on.
    pub(crate) fn recorded(&self) -> Self {
        Self(Arc::new(Inner { record: Some(Arc::default()), ..(*self.0).clone() }))
    }

    /// The record of what the caller was authorized to do, if it is kept.
    pub(crate) fn record(&self) -> Option<&Record> {
        self.0.record.as_deref()
    }

    /// Notes in the record that the response depends on the credential itself.
    fn depends_on_credential(&self) {
        if let Some(record) = self.record() {
            record.depends_on(self.credential());
        }
    }

    /// The request that is being answered.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Another user of the tenant, in the same request, for asking what they see: a transaction stays who began it.
    pub(crate) fn seen_by(&self, user: Uuid, role: Role) -> Self {
        let actor = Actor::User(user);
        Self(Arc::new(Inner { actor, role, scopes: None, session: None, record: None, ..(*self.0).clone() }))
    }

    /// The same caller, in the same request, meant ([`Request::in_earnest`]).
    #[must_use]
    pub fn in_earnest(&self) -> Self {
        Self(Arc::new(Inner { request: self.0.request.clone().in_earnest(), ..(*self.0).clone() }))
    }

    /// The same caller, whose request counts as so many operations.
    #[must_use]
    pub fn costing(&self, operations: u32) -> Self {
        Self(Arc::new(Inner { cost: operations, ..(*self.0).clone() }))
    }

    /// How many operations the request counts as: what it takes of the tenant's share of writing.
    pub(crate) fn cost(&self) -> u32 {
        self.0.cost
    }

    /// Whether the caller only asks what a write would do.
    pub fn is_dry_run(&self) -> bool {
        self.0.request.dry_run
    }

    /// The same caller, with these scopes.
    #[cfg(test)]
    pub(crate) fn narrowed(&self, scopes: Option<Vec<String>>) -> Self {
        Self(Arc::new(Inner { scopes, ..(*self.0).clone() }))
    }

    /// Whether the credential reaches that far: a token without scopes is not narrowed.
    pub(crate) fn reaches(&self, noun: policy::ResourceType, action: policy::Action) -> bool {
        let Some(scopes) = &self.0.scopes else { return true };
        scopes.iter().any(|scope| scope.split_once(':') == Some((noun.scope(), action.verb())))
    }
}

/// The server's own work, or its operator's at the command line, outside any tenant.
#[derive(Clone, Debug)]
pub struct System {
    reason: &'static str,
    request: Request,
    clock: Clock,
}

impl System {
    /// The server's own work, for a reason that the log can name.
    pub fn new(reason: &'static str, request: Request, clock: Clock) -> Self {
        Self { reason, request, clock }
    }

    /// Why the server acts by itself.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The server's own work inside one tenant, as the system.
    pub fn within(&self, tenant: Uuid) -> Context {
        self.context(tenant, Actor::System, Role::Admin, None)
    }

    /// The work of a user who has just proved who they are.
    pub(crate) fn as_user(&self, tenant: Uuid, user: Uuid, role: Role) -> Context {
        self.context(tenant, Actor::User(user), role, None)
    }

    /// The work of a service that has just proved which it is.
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
