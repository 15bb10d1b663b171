//! Tenants and their users.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::json;
use taskhub_auth::{Grant, Kind};
use uuid::Uuid;

use crate::App;

/// The password of every user.
pub const PASSWORD: &str = "wide-green-rivers";

/// A tenant with users of every role.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The id of the tenant.
    pub id: Uuid,
    /// The slug of the tenant.
    pub slug: String,
    /// The admin.
    pub admin: User,
    /// A manager.
    pub manager: User,
    /// A member.
    pub member: User,
    /// Another member.
    pub other: User,
}

/// A user with an access token.
#[derive(Clone, Debug)]
pub struct User {
    /// The id of the user.
    pub id: Uuid,
    /// The id of the user's tenant.
    pub tenant: Uuid,
    /// The email address of the user.
    pub email: String,
    /// An access token without a session.
    pub token: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Tenant {
    pub(crate) async fn register(app: &App) -> Self {
        let slug = format!("t{}-{}", process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let admin =
            json!({ "email": format!("admin@{slug}.example"), "username": "admin", "password": PASSWORD });
        let body = json!({ "organisation": { "name": slug, "slug": slug }, "user": admin });
        let registered = app.post("/auth/register").json(&body).gives(201).await;
        let id = uuid(&registered["tenant"]["id"]);
        let admin =
            User::known(app, id, uuid(&registered["user"]["id"]), format!("admin@{slug}.example"), "admin");
        let user = async |name: &str, role: &str| {
            let email = format!("{name}@{slug}.example");
            let body = json!({ "email": email, "username": name, "password": PASSWORD, "role": role });
            let made = app.post("/users").by(&admin).json(&body).gives(201).await;
            User::known(app, id, uuid(&made["id"]), email, role)
        };
        let (manager, member, other) =
            (user("manager", "manager").await, user("member", "member").await, user("other", "member").await);
        Self { id, slug, admin, manager, member, other }
    }

    /// All users with the names of their roles.
    pub fn users(&self) -> [(&'static str, &User); 4] {
        [("admin", &self.admin), ("manager", &self.manager), ("member", &self.member), ("other", &self.other)]
    }

    /// The same users with new tokens, for scenarios that outlast the first ones.
    #[must_use]
    pub fn renewed(&self, app: &App) -> Self {
        let renew = |user: &User, role| User::known(app, user.tenant, user.id, user.email.clone(), role);
        Self {
            id: self.id,
            slug: self.slug.clone(),
            admin: renew(&self.admin, "admin"),
            manager: renew(&self.manager, "manager"),
            member: renew(&self.member, "member"),
            other: renew(&self.other, "member"),
        }
    }

    /// Advances the clock beyond the life of the tokens. All users get new ones.
    pub fn later(&mut self, app: &App, by: std::time::Duration) {
        app.clock.advance(by);
        *self = self.renewed(app);
    }

    /// A token of a service account with the scopes.
    pub fn service(&self, app: &App, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        app.mint(&Grant {
            kind: Kind::Service,
            id: Uuid::from_u128(0x5e7),
            tenant: Some(self.id),
            role: None,
            scopes: Some(scopes),
            session: None,
            lifetime: 3600,
        })
    }
}

impl User {
    fn known(app: &App, tenant: Uuid, id: Uuid, email: String, role: &str) -> Self {
        let grant = Grant {
            kind: Kind::User,
            id,
            tenant: Some(tenant),
            role: Some(role.to_owned()),
            scopes: None,
            session: None,
            lifetime: 3600,
        };
        let token = app.mint(&grant);
        Self { id, tenant, email, token }
    }

    /// Signs in. Returns the access token and the refresh token of the session.
    pub async fn sign_in(&self, app: &App) -> (String, String) {
        let body = json!({ "email": self.email, "password": PASSWORD });
        let pair = app.post("/auth/token").json(&body).gives(200).await;
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }
}

/// An id in a body.
pub(crate) fn uuid(value: &serde_json::Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}
