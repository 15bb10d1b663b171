//! How words match: in every field, by prefix, and without accents, vowel points and width.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, tasks, titles};

every_database!(words_are_found_in_every_field, accents_vowel_points_and_width_are_ignored);

async fn words_are_found_in_every_field(app: &App) {
    let t = app.tenant().await;
    let (project, _) =
        make(app, &t.manager, "/projects", json!({ "name": "Garden", "description": "Hedges and ponds" }))
            .await;
    let rows = [
        (
            "/tasks",
            json!({ "title": "Übergröße", "description": "to-do: the quick Zebra\n\n- Иван ждёт 日本語" }),
        ),
        ("/tasks", json!({ "title": "To be or not to be", "description": "42" })),
        (
            "/documents",
            json!({ "title": "Minutes", "project_id": project, "content": "# Ponds\n\nΣίσυφος was here." }),
        ),
    ];
    for (path, body) in rows {
        let _ = make(app, &t.member, path, body).await;
    }
    let (client, _) = make(app, &t.manager, "/clients", json!({ "name": "Bakery" })).await;
    let (kind, _) = make(app, &t.manager, "/request-types", json!({ "name": "Repair" })).await;
    let request = json!({ "client_id": client, "type_id": kind, "title": "A cold oven", "description": "It's x.y-ray." });
    let _ = make(app, &t.member, "/requests", request).await;
    let cases: &[(&str, &[&str])] = &[
        ("garden", &["Garden"]),
        ("GARD", &["Garden"]),
        // Only the last word may be a prefix.
        ("hedges po", &["Garden"]),
        ("po hedges", &[]),
        ("hed ponds", &[]),
        ("\"ponds\"", &["Minutes", "Garden"]),
        ("ÜBERGRÖSSE", &["Übergröße"]),
        ("übergröße", &["Übergröße"]),
        ("Über", &["Übergröße"]),
        ("uber", &["Übergröße"]),
        ("иВАН ждёт zebra quick", &["Übergröße"]),
        ("日本", &["Übergröße"]),
        ("本", &[]),
        ("σίσ", &["Minutes"]),
        // There are no stop words, no minimum length and no operators.
        ("to be", &["To be or not to be"]),
        ("not", &["To be or not to be"]),
        ("4", &["To be or not to be"]),
        ("-42", &["To be or not to be"]),
        ("the", &["Übergröße"]),
        ("x y ray", &["A cold oven"]),
        ("*", &[]),
        ("oven OR garden", &[]),
        ("garden*", &["Garden"]),
        // All words must be in the same row, but may be in different fields.
        ("oven ray", &["A cold oven"]),
        ("oven garden", &[]),
        ("minutes here sisyphos", &[]),
    ];
    for (words, expected) in cases {
        if words.chars().any(char::is_alphanumeric) {
            assert_eq!(titles(app, &t.admin, words).await, *expected, "{words}");
        }
    }
}

async fn accents_vowel_points_and_width_are_ignored(app: &App) {
    let t = app.tenant().await;
    for (title, words) in [
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("Ｑｕａｒｔｅｒ", "quarter"),
        ("ﬁnance", "FINANCE"),
        ("e\u{301}tude", "étude"),
        ("Łódź", "lodz"),
        ("co\u{ad}operate", "cooperate"),
    ] {
        let _ = make(app, &t.member, "/tasks", json!({ "title": title })).await;
        assert_eq!(titles(app, &t.member, words).await.len(), 1, "{words} finds {title}");
        assert_eq!(tasks(app, &t.member, words, "").await, title, "{words} finds {title}");
    }
    let names = json!({ "first_name": "Zoë", "last_name": "Müller" });
    let _ = app.patch("/auth/profile").by(&t.member).json(&names).gives(200).await;
    assert_eq!(app.get("/users?q=zoe%20muller").by(&t.admin).gives(200).await["count"], 1);
}
