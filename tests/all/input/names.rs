//! Names are visible text of a limited length, and time zones and locales exist.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::project;

every_database!(
    length_limit_counts_the_untrimmed_name,
    invisible_or_control_characters_in_names_are_rejected,
    time_zone_and_locale_must_exist,
);

async fn length_limit_counts_the_untrimmed_name(app: &App) {
    let t = app.tenant().await;
    let send =
        async |title: String| app.post("/tasks").by(&t.member).json(&json!({ "title": title })).send().await;
    assert_eq!(send(format!("{}abc", " ".repeat(197))).await.expect(201).body["title"], "abc");
    for title in [format!("{}abc", " ".repeat(198)), format!("abc{}", " ".repeat(300))] {
        let wrong = send(title).await.expect(422);
        assert_eq!((wrong.pointer(), &wrong.body["errors"][0]["code"]), ("/title", &json!("invalid_value")));
    }
}

async fn invisible_or_control_characters_in_names_are_rejected(app: &App) {
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

async fn time_zone_and_locale_must_exist(app: &App) {
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
