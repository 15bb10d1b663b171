//! An undeclared filter, sort key or field is rejected.

use taskhub_tests::{App, every_database};

every_database!(undeclared_filter_sort_or_field_is_rejected_with_400);

async fn undeclared_filter_sort_or_field_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let many = (0..51).map(|number| uuid::Uuid::from_u128(number).to_string()).collect::<Vec<_>>().join(",");
    let wrong = [
        ("/tasks", "status=open".to_owned(), "status"),
        ("/tasks", "status=".to_owned(), "status"),
        ("/tasks", "status=todo,".to_owned(), "status"),
        ("/tasks", "status[lt]=todo".to_owned(), "status[lt]"),
        ("/tasks", format!("project={many}"), "project"),
        ("/tasks", "status=todo&status=done".to_owned(), "status"),
        ("/tasks", "project=website".to_owned(), "project"),
        ("/tasks", "project=me".to_owned(), "project"),
        ("/tasks", "due_at=tomorrow".to_owned(), "due_at"),
        ("/tasks", "due_at[like]=2027".to_owned(), "due_at[like]"),
        ("/tasks", "due_at[lt]=none".to_owned(), "due_at[lt]"),
        ("/tasks", "tenant_id=none".to_owned(), "tenant_id"),
        ("/%74asks/", "nonsense=1".to_owned(), "nonsense"),
        ("/tasks", "title=one".to_owned(), "title"),
        ("/tasks", "sort=owner_id".to_owned(), "sort"),
        ("/tasks", "sort=".to_owned(), "sort"),
        ("/tasks", "sort=--title".to_owned(), "sort"),
        ("/tasks", "sort=title,-title".to_owned(), "sort"),
        ("/tasks", "sort=title,priority,due_at,updated_at".to_owned(), "sort"),
        ("/tasks", "fields=id,tenant_id".to_owned(), "fields"),
        ("/tasks", "fields=".to_owned(), "fields"),
        ("/users", "q[lt]=a".to_owned(), "q[lt]"),
        ("/users", "sort=email".to_owned(), "sort"),
        ("/users", "sort=password_hash".to_owned(), "sort"),
        ("/users", "username=member%20".to_owned(), "username"),
        ("/users", "is_active=yes".to_owned(), "is_active"),
        ("/users", "fields=id,password_hash".to_owned(), "fields"),
        ("/audit", "sort=actor_id".to_owned(), "sort"),
    ];
    for (path, query, name) in wrong {
        let refused = app.get(&format!("{path}?{query}")).by(&t.admin).send().await.expect(400);
        assert_eq!((refused.code(), refused.pointer()), ("invalid_parameter", name), "{query}");
        assert!(!refused.text.contains("hash"), "{}", refused.text);
    }
}
