//! The stories of what every body keeps to: words are text, names show something, zones and languages are real.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, every_database};

every_database!(a_word_is_text, a_name_shows_what_it_says, zones_and_languages_are_real);

async fn project(app: &App, t: &Tenant) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    format!("/projects/{}", project["id"].as_str().unwrap())
}

async fn a_word_is_text(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t).await;
    let user = json!({ "email": "new@acme.example", "username": "new", "password": taskhub_tests::PASSWORD });
    for (method, path, body, field, word) in [
        ("POST", "/tasks".to_owned(), json!({ "title": "Write" }), "priority", "low"),
        ("POST", "/tasks".to_owned(), json!({ "title": "Write" }), "status", "todo"),
        ("POST", "/projects".to_owned(), json!({ "name": "Shop" }), "priority", "low"),
        ("PATCH", format!("{project}/status"), json!({}), "status", "active"),
        ("POST", "/users".to_owned(), user, "role", "member"),
        ("PATCH", format!("/users/{}", t.other.id), json!({}), "role", "member"),
        ("PATCH", "/tenant".to_owned(), json!({}), "registration", "open"),
    ] {
        let send = async |value: Value| {
            let mut body = body.clone();
            body[field] = value;
            app.call(method, &path).by(&t.admin).json(&body).send().await
        };
        for other in [json!({ word: null }), json!({ word: {} }), json!({ word: word }), json!([word])] {
            let refused = send(other).await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"), "{method} {path}: {}", refused.text);
            assert_eq!(refused.body["errors"][0]["code"], "invalid_type", "{method} {path}");
        }
        let taken = send(json!(word)).await;
        assert!(taken.status < 300, "{method} {path}: {}", taken.text);
    }
    let sign_in = json!({ "grant_type": { "password": null }, "email": "a@b.example", "password": "x" });
    assert_eq!(app.post("/auth/token").json(&sign_in).send().await.expect(422).pointer(), "/grant_type");
    // The parts of a part likewise.
    let preferences = json!({ "notification_preferences": { "mention": { "mail": null } } });
    let refused = app.patch("/auth/profile").by(&t.member).json(&preferences).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences/mention");
    let listed = json!({ "notification_preferences": ["mail"] });
    let refused = app.patch("/auth/profile").by(&t.member).json(&listed).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences");
}

async fn a_name_shows_what_it_says(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t).await;
    let id = project.strip_prefix("/projects/").unwrap();
    for (method, path, body, field) in [
        ("POST", "/tasks", json!({}), "title"),
        ("POST", "/projects", json!({}), "name"),
        ("POST", "/documents", json!({ "project_id": id }), "title"),
        ("PATCH", "/tenant", json!({}), "name"),
        ("PATCH", "/auth/profile", json!({}), "first_name"),
        ("PATCH", "/auth/profile", json!({}), "last_name"),
        ("PATCH", "/auth/profile", json!({}), "phone"),
    ] {
        let send = async |text: &str| {
            let mut body = body.clone();
            body[field] = text.into();
            app.call(method, path).by(&t.admin).json(&body).send().await
        };
        for text in [
            "\u{200b}\u{200b}\u{200b}",
            "\u{3164}\u{3164}\u{3164}",
            "\u{feff}\u{200d}\u{2060}",
            "\u{2800} \u{ad}",
            "invoice\u{202e}fdp.exe",
            "\u{2066}name\u{2069}",
            "one\u{2028}two",
        ] {
            let refused = send(text).await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"), "{path} {text:?}: {}", refused.text);
            assert_eq!(refused.body["errors"][0]["code"], "invalid_value", "{path}");
        }
        for text in ["שלום עולם", "👩‍👩‍👧 us", "نص\u{200f} عربي"] {
            let taken = send(text).await;
            assert!(taken.status < 300, "{path} {text:?}: {}", taken.text);
            assert_eq!(taken.body[field], text);
        }
    }
}

async fn zones_and_languages_are_real(app: &App) {
    let t = app.tenant().await;
    for path in ["/tenant".to_owned(), "/auth/profile".to_owned(), format!("/users/{}", t.other.id)] {
        let send = async |field: &str, text: &str| {
            app.patch(&path).by(&t.admin).json(&json!({ field: text })).send().await
        };
        for (field, text) in [
            ("time_zone", "Europe/Atlantis"),
            ("time_zone", "europe/berlin"),
            ("time_zone", "+02:00"),
            ("locale", "english-language"),
            ("locale", "en--GB"),
            ("locale", "de_DE.UTF-8"),
        ] {
            let refused = send(field, text).await.expect(422);
            assert_eq!(refused.pointer(), format!("/{field}"), "{path} {text}");
            assert_eq!(refused.body["errors"][0]["code"], "invalid_value", "{path} {text}");
        }
        for (field, text) in [
            ("time_zone", "Asia/Kolkata"),
            ("time_zone", "UTC"),
            ("time_zone", "America/Argentina/ComodRivadavia"),
            ("locale", "zh-Hant-TW"),
            ("locale", "de"),
        ] {
            assert_eq!(send(field, text).await.expect(200).body[field], text, "{path}");
        }
    }
}
