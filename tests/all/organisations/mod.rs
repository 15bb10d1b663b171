//! Five organisations, each from registration to reports: the steps of their handbooks, over HTTP.

mod household;
mod school;

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD};

/// An organisation and its admin's token.
struct Organisation<'a> {
    app: &'a App,
    slug: String,
    admin: String,
}

impl<'a> Organisation<'a> {
    /// Registers the organisation. Its first admin signs in.
    async fn found(app: &'a App, name: &str) -> Self {
        let slug = format!("{}-{}", name.to_lowercase(), app.clock.now().token_id().simple());
        let email = format!("ada@{slug}.example");
        let body = json!({
            "organisation": { "name": name, "slug": slug },
            "user": { "email": email, "username": "ada", "password": PASSWORD },
        });
        let _ = app.post("/auth/register").json(&body).gives(201).await;
        let admin = sign_in(app, &slug, &email).await;
        Self { app, slug, admin }
    }

    /// Creates a user who signs in. Returns the id and the token.
    async fn hire(&self, name: &str, role: &str) -> (Value, String) {
        let email = format!("{name}@{}.example", self.slug);
        let body = json!({ "email": email, "username": name, "password": PASSWORD, "role": role });
        let user = self.make(&self.admin, "/users", body).await;
        (user, sign_in(self.app, &self.slug, &email).await)
    }

    /// Creates a row. Returns its id.
    async fn make(&self, by: &str, path: &str, body: Value) -> Value {
        self.app.post(path).token(by).json(&body).gives(201).await["id"].clone()
    }

    async fn get(&self, by: &str, path: &str) -> Value {
        self.app.get(path).token(by).gives(200).await
    }

    async fn post(&self, by: &str, path: &str, status: u16) -> Value {
        self.app.post(path).token(by).gives(status).await
    }
}

async fn sign_in(app: &App, slug: &str, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD, "tenant": slug });
    let pair = app.post("/auth/token").json(&body).gives(200).await;
    pair["access_token"].as_str().unwrap().to_owned()
}

fn at(path: &str, id: &Value) -> String {
    format!("{path}/{}", id.as_str().unwrap())
}
