//! Scenario tests of the rules for every body: enum values are strings, names are visible text, and
//! time zones and locales exist.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, every_database};

every_database!(
    all_wrong_fields_are_reported_at_once,
    wrong_references_are_reported_with_the_other_fields,
    enum_values_are_strings,
    ids_and_timestamps_accept_one_spelling,
    error_pointer_is_escaped,
    length_limit_counts_the_untrimmed_name,
    invisible_or_control_characters_in_names_are_rejected,
    time_zone_and_locale_must_exist
);

async fn project(app: &App, t: &Tenant) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    format!("/projects/{}", project["id"].as_str().unwrap())
}

async fn enum_values_are_strings(app: &App) {
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
    // The same holds for nested fields.
    let preferences = json!({ "notification_preferences": { "mention": { "mail": null } } });
    let refused = app.patch("/auth/profile").by(&t.member).json(&preferences).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences/mention");
    let listed = json!({ "notification_preferences": ["mail"] });
    let refused = app.patch("/auth/profile").by(&t.member).json(&listed).send().await.expect(422);
    assert_eq!(refused.pointer(), "/notification_preferences");
}

async fn ids_and_timestamps_accept_one_spelling(app: &App) {
    let t = app.tenant().await;
    let project = project(app, &t).await;
    let id = project.strip_prefix("/projects/").unwrap();
    let _ = app.get(&format!("/projects/{}", id.to_uppercase())).by(&t.manager).gives(200).await;
    for other in [format!("urn:uuid:{id}"), format!("%7B{id}%7D"), id.replace('-', "")] {
        let wrong = app.get(&format!("/projects/{other}")).by(&t.manager).send().await.expect(404);
        assert_eq!(wrong.code(), "not_found");
        for query in [
            format!("/tasks?project={other}"),
            format!("/search?q=a&project={other}"),
            format!("/reports/completion?project={other}"),
            format!("/auth/permissions?noun=project&id={other}"),
        ] {
            let wrong = app.get(&query).by(&t.manager).send().await.expect(400);
            assert_eq!(wrong.code(), "invalid_parameter", "{query}");
        }
        let body = json!({ "title": "Write", "project_id": other.replace("%7B", "{").replace("%7D", "}") });
        assert_eq!(
            app.post("/tasks").by(&t.manager).json(&body).send().await.expect(422).pointer(),
            "/project_id"
        );
    }
    for (instant, status) in [
        ("2026-12-31T23:59:59.123456789+02:00", 201),
        ("2026-12-31 23:59:59Z", 422),
        ("2026-12-31t23:59:59z", 422),
        ("2026-12-31T23:59:60Z", 422),
        ("2026-12-31T23:59:59.11111111111111111111111111111111111111111111111Z", 422),
    ] {
        let body = json!({ "title": "Write", "due_at": instant });
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(status);
        assert_eq!(answer.pointer().is_empty(), status == 201, "{instant}");
    }
}

async fn error_pointer_is_escaped(app: &App) {
    let t = app.tenant().await;
    for (name, pointer) in [("a/b~", "/a~1b~0"), ("~1", "/~01"), ("", "/"), ("a.b[0]", "/a.b[0]")] {
        let body = json!({ "title": "Write", name: 1 });
        let wrong = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!((wrong.pointer(), &wrong.body["errors"][0]["code"]), (pointer, &json!("unknown_field")));
    }
}

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

async fn all_wrong_fields_are_reported_at_once(app: &App) {
    let t = app.tenant().await;
    let body = json!({
        "title": "x", "due_at": "soon", "priority": "soon", "assignee_id": "nobody", "label_ids": {}, "estimate_minutes": "5", "colour": 1,
    });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    let mut errors: Vec<_> = told.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            (text("pointer"), text("code"), text("message"))
        })
        .collect();
    errors.sort();
    let expected = [
        ("/assignee_id", "invalid_type", "Must be an id, like 0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e."),
        ("/colour", "unknown_field", "There is no such field, or it can't be written."),
        ("/due_at", "invalid_type", "Must be a timestamp (RFC 3339), like 2026-01-31T12:00:00Z."),
        ("/estimate_minutes", "invalid_type", "Must be a whole number within the documented range."),
        ("/label_ids", "invalid_type", "Must be a list."),
        ("/priority", "invalid_type", "Must be one of: low, medium, high, urgent."),
        (
            "/title",
            "invalid_value",
            "Must be at least 3 characters, or contain a Han, kana or Hangul character.",
        ),
    ];
    let expected =
        expected.map(|(pointer, code, message)| (pointer.to_owned(), code.to_owned(), message.to_owned()));
    assert_eq!(errors, expected);
}

async fn wrong_references_are_reported_with_the_other_fields(app: &App) {
    let t = app.tenant().await;
    let nobody = "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e";
    let pointers = |told: &taskhub_tests::Answer| {
        let errors = told.body["errors"].as_array().unwrap().iter();
        let mut pointers: Vec<_> = errors.map(|it| it["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort();
        pointers
    };
    let body = json!({ "title": "x", "project_id": nobody, "assignee_id": nobody, "due_at": "soon" });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/due_at", "/project_id", "/title"]);
    let labels = [nobody, "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5f"];
    let body = json!({ "title": "Write", "project_id": nobody, "assignee_id": nobody, "label_ids": labels });
    let told = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/label_ids/0", "/label_ids/1", "/project_id"]);
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Write" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = json!({ "title": "x", "assignee_id": nobody });
    let told = app.patch(&path).by(&t.member).json(&change).send().await.expect(422);
    assert_eq!(pointers(&told), ["/assignee_id", "/title"]);
}
