//! Without a sufficient credential no operation has an effect or reveals anything.
//!
//! A caller without a valid credential gets 401 before anything else of the request is checked. So
//! the response does not depend on the body, the id or the row. A caller with a valid but
//! insufficient credential gets 403, for existing and absent rows alike.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use taskhub_tests::{Answer, App, Call, every_database};
use uuid::Uuid;

use super::{
    database::{Database, assert_unchanged},
    fixture::{Fixture, Slot},
    request::{Request, essence},
    table::{Credential, operations},
    tokens::{Bad, out_of_reach, refused_everywhere},
};

every_database!(
    request_without_a_valid_credential_gets_401,
    request_outside_the_scopes_gets_403,
    invalid_credential_is_refused_on_public_operations,
    credential_is_accepted_only_in_its_own_place,
);

fn with<'a>(call: Call<'a>, bad: &Bad) -> Call<'a> {
    bad.headers.iter().fold(call, |call, value| call.header("authorization", value))
}

fn refused(request: &Request<'_>, bad: &Bad, answer: &Answer) {
    assert_eq!(
        (answer.status, answer.code()),
        bad.refusal,
        "{}, {}: {}",
        request.operation.id,
        bad.what,
        answer.text
    );
}

async fn request_without_a_valid_credential_gets_401(app: &App) {
    let (database, fixture) = (Database::of(app).await, Fixture::new(app).await);
    let mut all = refused_everywhere(app, &fixture).await;
    all.push(Bad { what: "nothing", headers: Vec::new(), refusal: (401, "unauthenticated") });
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        if request.entry.credential == Credential::Public {
            continue;
        }
        let before = database.rows_of(fixture.people.id).await;
        for bad in &all {
            let refusal = request.answer(with(request.call(app), bad)).await;
            refused(&request, bad, &refusal);
            let unknown = request.with_path("no-id").with_query("unknown", "1");
            let mut others = vec![unknown.call(app)];
            if operation.takes_body() {
                others.push(request.bare(app).body("application/json", "{\"title\": "));
                others.push(request.bare(app).body("text/plain", "title"));
            }
            for other in others {
                let answer = request.answer(with(other, bad)).await;
                assert_eq!(essence(&answer), essence(&refusal), "{}, {}", operation.id, bad.what);
            }
        }
        assert_unchanged(&before, &database.rows_of(fixture.people.id).await, operation.id);
    }
}

async fn request_outside_the_scopes_gets_403(app: &App) {
    let (database, fixture) = (Database::of(app).await, Fixture::new(app).await);
    let people = &fixture.people;
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        let Some(scopes) = request.entry.credential.scopes() else { continue };
        let before = database.rows_of(people.id).await;
        for (number, bad) in scopes.iter().enumerate().flat_map(|(number, scope)| {
            out_of_reach(app, people, scope).into_iter().map(move |bad| (number, bad))
        }) {
            let refusal = request.answer(with(request.call(app), &bad)).await;
            refused(&request, &bad, &refusal);
            // The first scope is that of the row in the path. A caller with that scope may learn
            // whether the row exists.
            if number > 0 {
                continue;
            }
            let absent = request.with_path(&Uuid::from_u128(7).to_string());
            let answer = request.answer(with(absent.call(app), &bad)).await;
            assert_eq!(essence(&answer), essence(&refusal), "{}, {}", operation.id, bad.what);
        }
        assert_unchanged(&before, &database.rows_of(people.id).await, operation.id);
    }
}

async fn invalid_credential_is_refused_on_public_operations(app: &App) {
    let fixture = Fixture::new(app).await;
    let all = refused_everywhere(app, &fixture).await;
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        if request.entry.credential == Credential::Public {
            for bad in &all {
                let answer = request.answer(with(request.call(app), bad)).await;
                // Where clients can authenticate with Basic, it is an unknown client.
                let client = bad.what == "another scheme" && operation.takes_basic();
                let expected = if client { (401, "invalid_client") } else { bad.refusal };
                assert_eq!((answer.status, answer.code()), expected, "{}, {}", operation.id, bad.what);
            }
        }
    }
}

/// Every kind of credential in every place, also with the prefix of the kind that belongs there.
async fn credential_is_accepted_only_in_its_own_place(app: &App) {
    let fixture = Fixture::new(app).await;
    let client = fixture.id(Slot::ServiceAccount);
    let kinds = [
        ("access token", fixture.admin.as_str(), ""),
        ("refresh token", fixture.refresh.as_str(), "thr_"),
        ("personal access token", fixture.personal.as_str(), "thp_"),
        ("client secret", fixture.client_secret.as_str(), "ths_"),
    ];
    let status = async |call: Call<'_>| call.send().await.status;
    for (kind, credential, prefix) in kinds {
        let bare = credential.strip_prefix(prefix).unwrap();
        for (_, _, other) in kinds {
            let shown = format!("{other}{bare}");
            let is = |place: &str| kind == place && other == prefix;
            let what = format!("{kind} as {other:?}");
            let good = |place: bool, refused: u16| if place { 200 } else { refused };
            let bearer = status(app.get("/tasks").token(&shown)).await;
            assert_eq!(bearer, good(is("access token") || is("personal access token"), 401), "{what}");
            let body =
                json!({ "grant_type": "client_credentials", "client_id": client, "client_secret": shown });
            let secret = status(app.post("/auth/token").json(&body)).await;
            // A value longer than any secret is invalid input.
            let refused = if kind == "access token" { 422 } else { 401 };
            assert_eq!(secret, good(is("client secret"), refused), "{what}");
            let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{shown}")));
            let body = json!({ "grant_type": "client_credentials" });
            let basic = status(app.post("/auth/token").header("authorization", &basic).json(&body)).await;
            assert_eq!(basic, good(is("client secret"), 401), "{what}");
            let verified = app.post("/auth/token/verify").json(&json!({ "token": shown })).gives(200).await;
            assert_eq!(verified["active"], is("access token") || is("personal access token"), "{what}");
        }
    }
    // Last, because a refresh token is single-use.
    for (kind, credential, prefix) in kinds {
        let bare = credential.strip_prefix(prefix).unwrap();
        for shown in [credential.to_owned(), format!("thr_{bare}")] {
            let found =
                status(app.post("/auth/token/refresh").json(&json!({ "refresh_token": shown }))).await;
            let refused = if kind == "access token" { 422 } else { 401 };
            assert_eq!(found, if kind == "refresh token" { 200 } else { refused }, "{kind}");
        }
    }
}
