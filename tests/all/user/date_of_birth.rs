//! Users have a date of birth, by which admins filter.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

every_database!(admins_filter_users_by_date_of_birth, invalid_date_of_birth_is_rejected);

async fn admins_filter_users_by_date_of_birth(app: &App) {
    let t = app.tenant().await;
    for (user, date) in [(&t.member, "1906-12-09"), (&t.other, "1815-12-10")] {
        let path = format!("/users/{}", user.id);
        let _ = app.patch(&path).by(&t.admin).json(&json!({ "date_of_birth": date })).gives(200).await;
    }
    let found = async |filter: &str| {
        let list = app.get(&format!("/users?{filter}")).by(&t.admin).gives(200).await;
        list["results"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect::<Vec<_>>()
    };
    let id = |user: &User| json!(user.id);
    assert_eq!(found("date_of_birth=1906-12-09").await, [id(&t.member)]);
    assert_eq!(found("date_of_birth[lt]=1906-12-09").await, [id(&t.other)]);
    assert_eq!(found("date_of_birth[gte]=1906-12-09").await, [id(&t.member)]);
    assert_eq!(found("date_of_birth[gt]=1815-12-09&date_of_birth[lte]=1815-12-10").await, [id(&t.other)]);
    assert_eq!(found("date_of_birth=none").await.len(), 2);
    for filter in
        ["date_of_birth=1906-02-30", "date_of_birth[lt]=none", "date_of_birth[gt]=1906-12-09T00:00:00Z"]
    {
        let refused = app.get(&format!("/users?{filter}")).by(&t.admin).send().await.expect(400);
        assert_eq!(refused.body["errors"][0]["message"], "Must be a date, like 2026-01-31.", "{filter}");
    }
    // It is a private field: for other callers there is no such filter.
    let _ = app.get("/users?date_of_birth=1906-12-09").by(&t.member).send().await.expect(400);
}

async fn invalid_date_of_birth_is_rejected(app: &App) {
    let t = app.tenant().await;
    for date in ["1906-13-09", "0000-12-09", "+1906-12-09", "1906-12-09T00:00:00Z", ""] {
        let change = json!({ "date_of_birth": date });
        let refused = app.patch("/auth/profile").by(&t.member).json(&change).send().await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/date_of_birth", "{}", refused.text);
    }
}
