//! Importing users: an import is atomic, and creates each user once.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::import;

every_database!(import_is_atomic, idempotency_key_imports_once, concurrent_imports_create_each_user_once);

async fn import_is_atomic(app: &App) {
    let t = app.tenant().await;
    let file = format!(
        "\u{feff}username,email,role,first_name\n\
         grace,Grace@{0}.example,,\"Grace, B.\"\n\
         al,nobody,owner,\n\
         member,new@{0}.example,member,x\n\
         other-one,{1},member,x\n\
         GRACE,grace@{0}.example,admin,x\n\
         short,row@{0}.example\n\
         bell,bell@{0}.example,member,\u{1b}[31m\n",
        t.slug, t.other.email
    );
    for (query, dry_run) in [("?dry_run=true", true), ("", false)] {
        let report = import(app, &t, query, file.clone()).await.expect(200).body;
        let told = ["dry_run", "imported", "rows", "created", "failed"].map(|name| report[name].clone());
        assert_eq!(told, [json!(dry_run), json!(false), json!(7), json!(0), json!(6)]);
        let results = report["results"].as_array().unwrap();
        let errors = |row: usize| -> Vec<(Value, Value)> {
            let all = results[row]["errors"].as_array().unwrap();
            all.iter().map(|error| (error["pointer"].clone(), error["code"].clone())).collect()
        };
        let told = |pointer: &str, code: &str| (json!(pointer), json!(code));
        assert_eq!((&results[0]["row"], &results[0]["status"]), (&json!(2), &json!("valid")));
        assert_eq!(results[0]["email"], json!(format!("Grace@{}.example", t.slug)));
        let (email, username) = (told("/email", "invalid_value"), told("/username", "invalid_value"));
        assert_eq!(errors(1), [told("/role", "invalid_type"), email, username]);
        assert_eq!(errors(2), [told("/username", "taken")]);
        assert_eq!(errors(3), [told("/email", "taken")]);
        assert_eq!(errors(4), [told("/email", "taken"), told("/username", "taken")]);
        assert_eq!(errors(5), [told("", "invalid_row")]);
        assert_eq!(errors(6), [told("/first_name", "control_character")]);
        assert_eq!((&results[6]["row"], &results[6]["status"]), (&json!(8), &json!("failed")));
        assert_eq!(app.get("/users").by(&t.admin).gives(200).await["count"], 4);
    }
    let good =
        format!("email,username,first_name\r\ngrace@{0}.example,grace,\"Grace \"\"B\"\"\"\r\n", t.slug);
    let report = import(app, &t, "?dry_run=false", good).await.expect(200).body;
    assert_eq!((&report["imported"], &report["created"]), (&json!(true), &json!(1)));
    let path = format!("/users/{}", report["results"][0]["id"].as_str().unwrap());
    let user = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(
        (&user["first_name"], &user["role"], &user["is_active"]),
        (&json!("Grace \"B\""), &json!("member"), &json!(true))
    );
    let audit =
        app.get(&format!("/audit?row={}", user["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][0]["action"]), (&json!(1), &json!("create")));
    // No password is valid for the imported user.
    for password in ["", " ", "password", taskhub_auth::NO_PASSWORD] {
        let body = json!({ "username": "grace", "tenant": t.slug, "password": password });
        assert_eq!(
            app.post("/auth/token").json(&body).send().await.expect(401).code(),
            "invalid_credentials"
        );
    }
    for user in [&t.manager, &t.member] {
        let _ = app.post("/users/import").by(user).body("text/csv", "nonsense").gives(403).await;
    }
}

async fn idempotency_key_imports_once(app: &App) {
    let t = app.tenant().await;
    let file = format!("email,username\ngrace@{}.example,grace\n", t.slug);
    let send = |query: &str, key: &str| {
        let call = app.post(&format!("/users/import{query}")).by(&t.admin).header("idempotency-key", key);
        call.body("text/csv", file.clone()).send()
    };
    let tried = send("?dry_run=true", "one").await.expect(200);
    // The committed import is another request than the dry run.
    assert_eq!(send("", "one").await.expect(422).code(), "idempotency_mismatch");
    assert_eq!(send("?dry_run=true", "one").await.expect(200).body, tried.body);
    let done = send("", "two").await.expect(200);
    let again = send("", "two").await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &done.body));
    let other = send("", "three").await.expect(200).body;
    assert_eq!((&other["imported"], &other["failed"]), (&json!(false), &json!(1)));
}

async fn concurrent_imports_create_each_user_once(app: &App) {
    let t = app.tenant().await;
    let rows = |name: &str| format!("{name}@{0}.example,{name}\nshared@{0}.example,shared\n", t.slug);
    let names = ["one", "two", "three", "four"];
    let imports = names.map(|name| import(app, &t, "", format!("email,username\n{}", rows(name))));
    let reports = futures::future::join_all(imports).await;
    let done: Vec<_> = reports.into_iter().map(|answer| answer.expect(200).body).collect();
    assert_eq!(done.iter().filter(|report| report["imported"] == true).count(), 1);
    let refused = done.iter().filter(|report| report["imported"] == false);
    assert!(refused.clone().all(|report| report["results"][1]["errors"][0]["code"] == "taken"), "{done:?}");
    assert_eq!(
        app.get("/users?username=one,two,three,four,shared").by(&t.admin).gives(200).await["count"],
        2
    );
}
