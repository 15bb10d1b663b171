//! Scenario tests of searching for users: the same on every database, and private fields are not
//! searched.

use serde_json::json;
use taskhub_tests::{App, Backend, PASSWORD, User, every_database};

every_database!(words_are_found_in_any_case, private_fields_are_searched_only_for_admins);

#[test]
fn existing_users_are_indexed() {
    // This test has its own database, because it runs migrations.
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(users_without_index_entries_are_found_after_migrating(app))
    });
}

async fn users_without_index_entries_are_found_after_migrating(app: &App) {
    let t = app.tenant().await;
    let _ = app.patch("/auth/profile").by(&t.other).json(&json!({ "last_name": "Østby" })).gives(200).await;
    let database = app.state.settings.database();
    database.migrate_down(Some(1)).await.unwrap();
    database.migrate().await.unwrap();
    assert_eq!(found(app, &t.member, "q=%C3%98stby").await, "other");
}

async fn found(app: &App, user: &User, query: &str) -> String {
    let page = app.get(&format!("/users?sort=username&{query}")).by(user).gives(200).await;
    let names = page["results"].as_array().unwrap().iter().map(|row| row["username"].as_str().unwrap());
    let names: Vec<_> = names.collect();
    assert_eq!(page["count"], names.len(), "{query}");
    names.join(" ")
}

async fn words_are_found_in_any_case(app: &App) {
    let t = app.tenant().await;
    let people = [
        ("aerin", "Ærin", "Müller-Straße"),
        ("percent", "100%", "A_B!"),
        ("sofia", "ΣΟΦΙΑ", "Παππάς"),
        ("ivan", "Иван", "O'Hara \\ Co"),
    ];
    for (username, first, last) in people {
        let email = format!("{username}@{}.example", t.slug);
        let body = json!({ "email": email, "username": username, "password": PASSWORD, "first_name": first, "last_name": last });
        let _ = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    }
    let cases = [
        ("aerin", "aerin"),
        ("AERIN", "aerin"),
        ("ærin", "aerin"),
        ("ÆRIN", "aerin"),
        ("MÜLLER", "aerin"),
        ("müll traß", "aerin"),
        ("muller", "aerin"),
        ("σοφι", "sofia"),
        ("ΣΟΦΙΑ ΠΑΠΠΆ", "sofia"),
        ("иВАН", "ivan"),
        ("o'hara", "ivan"),
        ("\\", "ivan"),
        // Each word must be in one field; all words must be found.
        ("ivan aerin", ""),
        ("  sofia  \u{3a3}οφ ", "sofia"),
        ("nиван", ""),
        // No character is a wildcard.
        ("%", "percent"),
        ("0%", "percent"),
        ("_", "percent"),
        ("a_b!", "percent"),
        ("a%b", ""),
        ("!", "percent"),
        ("m_ller", ""),
    ];
    for (words, names) in cases {
        let query: String = form_urlencoded(words);
        assert_eq!(found(app, &t.member, &format!("q={query}")).await, names, "{words}");
    }
    // The new name is found, and the old one is not.
    let _ = app.patch("/auth/profile").by(&t.other).json(&json!({ "last_name": "Øst" })).gives(200).await;
    assert_eq!(found(app, &t.member, "q=%C3%B8ST").await, "other");
    let _ = app.patch("/auth/profile").by(&t.other).json(&json!({ "last_name": "Vest" })).gives(200).await;
    assert_eq!(found(app, &t.member, "q=%C3%B8ST").await, "");
    assert_eq!(
        found(app, &t.member, "q=e&role=member,manager&is_active=true&username=other,member").await,
        "member other"
    );
    // The derived search text is neither returned nor in the audit.
    let audit =
        app.get(&format!("/audit?row={}&action=update", t.other.id)).by(&t.admin).send().await.expect(200);
    assert!(!audit.text.contains("search"), "{}", audit.text);
    let shown = app.get(&format!("/users/{}", t.other.id)).by(&t.admin).gives(200).await;
    assert!(shown.get("search").is_none());
    for wrong in ["q=", "q=%20", "q=a%00b", &format!("q={}", "x".repeat(101)), "fields=search", "search=x"] {
        let _ = app.get(&format!("/users?{wrong}")).by(&t.admin).gives(400).await;
    }
    // A cursor is valid only for its search.
    let page = app.get("/users?q=e&cursor=&page_size=1").by(&t.member).gives(200).await;
    let next = page["next"].as_str().unwrap().split_once("/api/v1").unwrap().1;
    let _ = app.get(next).by(&t.member).gives(200).await;
    let _ = app.get(&next.replace("q=e", "q=a")).by(&t.member).gives(400).await;
}

async fn private_fields_are_searched_only_for_admins(app: &App) {
    let t = app.tenant().await;
    let _ = t.other.sign_in(app).await;
    let domain = format!("q={}.example", t.slug);
    assert_eq!(found(app, &t.admin, &domain).await, "admin manager member other");
    assert_eq!(found(app, &t.admin, &format!("{domain}+OTHER@")).await, "other");
    assert_eq!(found(app, &t.admin, &format!("email={}", t.member.email)).await, "member");
    assert_eq!(found(app, &t.admin, "last_login_at[gt]=2000-01-01T00:00:00Z").await, "other");
    for user in [&t.manager, &t.member] {
        assert_eq!(found(app, user, &domain).await, "");
        // Not even for the caller's own email address.
        for name in ["email", "last_login_at", "last_login_at[gt]"] {
            let private = app.get(&format!("/users?{name}=2000-01-01T00:00:00Z")).by(user).send().await;
            let unknown = app.get("/users?email[lt]=1").by(user).send().await.expect(400);
            let private = private.expect(400);
            assert_eq!((private.code(), private.pointer()), (unknown.code(), name));
            assert!(
                !private.text.contains("Filters: ") || !private.text.contains("email,"),
                "{}",
                private.text
            );
        }
    }
}

fn form_urlencoded(text: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost", [("q", text)]).unwrap();
    url.query().unwrap().strip_prefix("q=").unwrap().to_owned()
}
