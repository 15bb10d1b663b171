//! Scenario tests of labels.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, path};

every_database!(
    label_is_created_used_and_deleted,
    label_names_are_unique_after_folding,
    tasks_are_filtered_by_label,
    invalid_label_is_rejected_with_422,
);

async fn label_names_are_unique_after_folding(app: &App) {
    let t = app.tenant().await;
    for (one, other) in
        [("ΣΣ", "σς"), ("x", "x\u{200b}"), ("Straße", "STRASSE"), ("ﬁx", "Ｆｉｘ"), ("Å", "a\u{30a}")]
    {
        let make = |name: &str| app.post("/labels").by(&t.admin).json(&json!({ "name": name }));
        let _ = make(one).gives(201).await;
        assert_eq!(make(other).send().await.expect(409).pointer(), "/name", "{other}");
    }
    // The column of the key is large enough for any folded name.
    let long = json!({ "name": "\u{fdfa}".repeat(50) });
    let _ = app.post("/labels").by(&t.admin).json(&long).gives(201).await;
}

async fn label_is_created_used_and_deleted(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": " Bug ", "color": "#d73a4a" });
    let _ = app.post("/labels").by(&t.member).json(&body).gives(403).await;
    let made = app.post("/labels").by(&t.manager).json(&body).send().await.expect(201);
    let label = made.header("location").to_owned();
    assert_eq!((&made.body["name"], &made.body["color"]), (&json!("Bug"), &json!("#d73a4a")));
    let twice = app.post("/labels").by(&t.manager).json(&body).send().await.expect(409);
    assert_eq!(twice.pointer(), "/name");
    let task = make(app, &t.member, json!({ "title": "Mend it", "label_ids": [made.body["id"]] })).await;
    assert_eq!(task["label_ids"], json!([made.body["id"]]));
    let _ = app.delete(&label).by(&t.manager).gives(403).await;
    assert_eq!(app.delete(&label).by(&t.admin).send().await.expect(409).code(), "in_use");
    let bare = app.patch(&path(&task)).by(&t.member).json(&json!({ "label_ids": [] })).gives(200).await;
    assert_eq!(bare["label_ids"], json!([]));
    let _ = app.delete(&label).by(&t.admin).gives(204).await;
}

async fn tasks_are_filtered_by_label(app: &App) {
    let t = app.tenant().await;
    let mut labels = Vec::new();
    for name in ["Bug", "Urgent", "Nice"] {
        labels.push(
            app.post("/labels").by(&t.admin).json(&json!({ "name": name })).gives(201).await["id"].clone(),
        );
    }
    let with = |ids: &[usize]| ids.iter().map(|id| labels[*id].clone()).collect::<Vec<_>>();
    let both = make(app, &t.member, json!({ "title": "Both", "label_ids": with(&[0, 1]) })).await;
    let one = make(app, &t.member, json!({ "title": "One", "label_ids": with(&[1]) })).await;
    let none = make(app, &t.member, json!({ "title": "None" })).await;
    let found = async |query: String| {
        let list = app.get(&format!("/tasks?sort=created_at&{query}")).by(&t.member).gives(200).await;
        list["results"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect::<Vec<_>>()
    };
    let [bug, urgent, nice] = [0, 1, 2].map(|id: usize| labels[id].as_str().unwrap());
    assert_eq!(found(format!("label={bug}")).await, [both["id"].clone()]);
    assert_eq!(found(format!("label={urgent}")).await, [both["id"].clone(), one["id"].clone()]);
    assert_eq!(found(format!("label={bug},{nice}")).await, [both["id"].clone()]);
    assert_eq!(found(format!("label={nice}")).await, [json!(null); 0]);
    let _ = app.patch(&path(&both)).by(&t.member).json(&json!({ "label_ids": [nice] })).gives(200).await;
    assert_eq!(found(format!("label={nice}")).await, [both["id"].clone()]);
    assert_eq!(found(format!("label={bug}")).await, [json!(null); 0]);
    assert_eq!(found("label=none".to_owned()).await, [none["id"].clone()]);
}

async fn invalid_label_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let theirs = app.tenant().await;
    let foreign = app.post("/labels").by(&theirs.admin).json(&json!({ "name": "Theirs" })).gives(201).await;
    let own =
        app.post("/labels").by(&t.admin).json(&json!({ "name": "Ours" })).gives(201).await["id"].clone();
    for color in ["red", "#12345", "#GGGGGG", "#ABCDEF", "#1234567"] {
        let body = json!({ "name": "Other", "color": color });
        assert_eq!(app.post("/labels").by(&t.admin).json(&body).send().await.expect(422).pointer(), "/color");
    }
    for (ids, pointer) in [
        (json!([foreign["id"]]), "/label_ids/0"),
        (json!([own, t.admin.id]), "/label_ids/1"),
        (json!([own, own]), "/label_ids"),
        (json!(vec![own.clone(); 21]), "/label_ids"),
    ] {
        let body = json!({ "title": "Mend it", "label_ids": ids });
        let answer = app.post("/tasks").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(answer.pointer(), pointer, "{ids}");
    }
}
