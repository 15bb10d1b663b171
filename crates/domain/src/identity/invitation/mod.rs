//! Invitations: how an admin or a manager invites a person to the tenant.
//!
//! Invariant: an invitation is valid once, for the invited address and for the role that it names.
//! Its token is sent by email only, so a user who returns it receives the email of that address. An
//! address has at most one open invitation.

mod accept;

use std::time::Duration;

use garde::Validate;
use sea_orm::{Condition, QueryFilter, QuerySelect, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::accept::{accept, invited};
use crate::{
    Context, Error, Result, Scope, Timestamp, Tx,
    identity::{
        mail::{self, Mail, Token},
        user::{self, User},
    },
    kernel::{
        change::ChangeType,
        credential::{Credential, Purpose},
        error::Kind,
        input::{Unchecked, folded, reachable},
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations, Role},
        repository::{Access, Listed, Precondition, Resource, Stored, Update, entity},
        scopes,
    },
};

/// How long an invitation is valid.
const LIFETIME: Duration = Duration::from_hours(7 * 24);

entity! {
    /// An invitation to join the organisation.
    pub struct Invitation in "invitation", shown {
        /// The invited email address, in lower case.
        #[schema(example = "grace@acme.example")]
        pub email: String,
        /// The role of the invited user.
        pub role: Role,
        /// The id of the user who sent the invitation, or null if a service did.
        pub invited_by: Option<Uuid>,
        /// The digest of the token. Never returned.
        #[serde(skip)]
        pub token_hash: String,
        /// The date and time (UTC) at which the invitation expires.
        pub expires_at: Timestamp,
        /// The date and time (UTC) at which the invitation was accepted, or null if it was not.
        pub accepted_at: Option<Timestamp>,
        /// The id of the user who accepted the invitation, or null if nobody has.
        pub accepted_by: Option<Uuid>,
    }
}

impl Resource for Invitation {
    const TYPE: policy::ResourceType = policy::ResourceType::Invitation;
    type Parent = ();
}

impl Access for Invitation {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let user = scope.ctx().user();
        Ok(Relations::default().with(Relation::Author, user.is_some() && user == self.invited_by))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        (relation == Relation::Author).then(|| Condition::all().add(entity::Column::InvitedBy.eq(ctx.user())))
    }
}

impl Stored for Invitation {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "token_hash"];
}

impl Listed for Invitation {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "email", form: Form::Text, column: Column::Email },
            Filter { name: "role", form: Form::Words(&["admin", "manager", "member"]), column: Column::Role },
            Filter { name: "expires_at", form: Form::Timestamp, column: Column::ExpiresAt },
            Filter { name: "accepted_at", form: Form::Timestamp, column: Column::AcceptedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[
            Sort { name: "created_at", column: "id", key: |row| row.id.into() },
            Sort { name: "expires_at", column: "expires_at", key: |row| row.expires_at.into() },
            Sort { name: "email", column: "email", key: |row| (&row.email).into() },
        ]
    }
}

/// A new invitation.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationInput {
    /// The email address to invite, stored in lower case. Its domain must be able to receive email.
    #[serde(deserialize_with = "folded")]
    #[garde(email, custom(reachable), length(chars, max = 254))]
    #[schema(format = Email, max_length = 254, example = "grace@acme.example")]
    email: String,
    /// The role of the invited user. A manager can only invite members.
    #[serde(default = "member")]
    #[garde(skip)]
    #[schema(default = "member")]
    role: Role,
}

fn member() -> Role {
    Role::Member
}

/// Whether this server sends email. Without email an invitation cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server sends email.
    ByMail,
    /// The server sends no email.
    None,
}

impl Delivery {
    fn check(self) -> Result<()> {
        let detail = "This server sends no email, so it cannot deliver invitations.";
        if self == Self::ByMail { Ok(()) } else { Err(Error::with(Kind::Conflict, detail)) }
    }
}

impl Invitation {
    fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_at.is_none() && self.expires_at > now
    }

    /// Returns the row with a new token and a new expiry. The old token becomes invalid.
    fn renewed(self, tx: &Tx) -> (Self, Credential) {
        let token = Credential::new(Purpose::Invitation, self.tenant_id, self.id, tx.secret());
        (Self { token_hash: token.digest(), expires_at: tx.now().plus(LIFETIME), ..self }, token)
    }
}

/// Creates an invitation and sends it.
///
/// # Errors
/// `Forbidden`, also for a manager who invites a manager or an admin. `Invalid`. `Conflict` if the
/// server sends no email, the tenant is closed, or the email belongs to a user or has an open
/// invitation.
pub async fn create(tx: &Tx, body: &Unchecked<InvitationInput>, delivery: Delivery) -> Result<Invitation> {
    policy::permit(tx.ctx(), policy::ResourceType::Invitation, Action::Create)?;
    let InvitationInput { email, role } = body.check()?;
    may_give(tx.ctx(), role)?;
    delivery.check()?;
    let born = tx.birth();
    let row = Invitation {
        tenant_id: born.tenant,
        id: born.id,
        email,
        role,
        invited_by: tx.ctx().user(),
        token_hash: String::new(),
        expires_at: born.at,
        accepted_at: None,
        accepted_by: None,
        created_at: born.at,
        updated_at: born.at,
        version: 1,
    };
    is_free(tx, &row).await?;
    let (row, token) = row.renewed(tx);
    let row = tx.add(row).await?;
    send(tx, &row, token).await?;
    Ok(row)
}

/// Sends an invitation again, with a new token and a new expiry. The old token becomes invalid.
///
/// # Errors
/// `NotFound`, `Forbidden`. `Conflict` if it was accepted, and as for [`create`]. Precondition
/// errors.
pub async fn resend(tx: &Tx, id: Uuid, pre: &Precondition, delivery: Delivery) -> Result<Invitation> {
    let seen = tx.resolve::<Invitation, _>(id, Update).await?;
    let old = seen.row().clone();
    // A user who may no longer invite cannot renew an old invitation.
    policy::permit(tx.ctx(), policy::ResourceType::Invitation, Action::Create)?;
    may_give(tx.ctx(), old.role)?;
    delivery.check()?;
    if old.accepted_at.is_some() {
        return Err(Error::with(Kind::Conflict, "The invitation was accepted already."));
    }
    is_free(tx, &old).await?;
    let (row, token) = old.renewed(tx);
    let row = tx.update_as(ChangeType::Resend, seen, row, pre).await?;
    send(tx, &row, token).await?;
    Ok(row)
}

fn may_give(ctx: &Context, role: Role) -> Result<()> {
    scopes::give_role(ctx, role)?;
    if gives(ctx.role(), role) { Ok(()) } else { Err(Kind::Forbidden.into()) }
}

/// Whether a user of one role can invite users of another: managers invite members, members nobody.
fn gives(giver: Role, role: Role) -> bool {
    match giver {
        Role::Admin => true,
        Role::Manager => role == Role::Member,
        Role::Member => false,
    }
}

/// Fails if the tenant is closed, or the email belongs to a user or has another open invitation.
/// The tenant is locked, so no other invitation is created at the same time.
async fn is_free(tx: &Tx, row: &Invitation) -> Result<()> {
    use entity::Column;
    if !tx.lock_tenant().await?.takes_invited() {
        return Err(Error::with(Kind::Conflict, "The organisation's registration is closed."));
    }
    let others = tx
        .owned::<Invitation>()
        .filter(Column::Email.eq(&row.email))
        .filter(Column::Id.ne(row.id))
        .filter(open(tx));
    let users = tx.owned::<User>().filter(user::entity::Column::Email.eq(&row.email));
    let taken = !tx.all::<Invitation>(&others.limit(1).into_query()).await?.is_empty()
        || !tx.all::<User>(&users.limit(1).into_query()).await?.is_empty();
    if taken { Err(Error::taken("email")) } else { Ok(()) }
}

/// Whether the user sent an invitation that is still open.
pub(crate) async fn has_open(tx: &Tx, user: Uuid) -> Result<bool> {
    let sent = tx.owned::<Invitation>().filter(entity::Column::InvitedBy.eq(user)).filter(open(tx));
    Ok(!tx.all::<Invitation>(&sent.limit(1).into_query()).await?.is_empty())
}

/// The condition for [`Invitation::is_open`].
fn open(tx: &Tx) -> Condition {
    use entity::Column;
    Condition::all().add(Column::AcceptedAt.is_null()).add(Column::ExpiresAt.gt(tx.now()))
}

/// Whether the token of an invitation in a queued email is still valid.
pub(crate) async fn is_current(tx: &Tx, token: &Token) -> Result<bool> {
    let Some(credential) = Credential::parse(Purpose::Invitation, &token.0, tx.secret()) else {
        return Ok(false);
    };
    let row = tx.find::<Invitation>(credential.row(), false).await?;
    Ok(row.is_some_and(|row| row.is_open(tx.now()) && credential.matches(&row.token_hash)))
}

async fn send(tx: &Tx, row: &Invitation, token: Credential) -> Result<()> {
    let inviter = match tx.ctx().user() {
        Some(id) => tx.find::<User>(id, false).await?.map(|user| user.full_name()),
        None => None,
    };
    let token = Token(token.into_secret());
    let mail = Mail::Invitation { token, inviter, role: row.role, expires_at: row.expires_at };
    mail::send(tx, &row.email, &mail).await
}
