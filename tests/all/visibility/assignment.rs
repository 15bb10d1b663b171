//! Scenario tests of ownership and assignment: they do not make the tasks of an invisible project
//! visible, and an assignee sees the task.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

use crate::feed::make;

every_database!(
    former_member_sees_nothing_of_the_team,
    removing_a_member_clears_open_assignments_and_notifies_the_manager,
    removing_a_member_transfers_open_assignments,
    transferred_task_is_assigned_only_if_the_new_owner_sees_it,
    assignee_must_see_the_task,
    moving_a_project_clears_assignments_of_users_without_access,
    changed_role_or_manager_clears_assignments,
    deactivated_user_cannot_be_assigned,
);

/// A team, its project, both managed by the manager, and the membership of the member.
struct Office {
    team: Value,
    team_path: String,
    project: Value,
    project_path: String,
    membership: String,
}

impl Office {
    async fn new(app: &App, t: &Tenant) -> Self {
        let (team, team_path) =
            make(app, &t.admin, "/teams", json!({ "name": "Design", "manager_id": t.manager.id })).await;
        let body = json!({ "user_id": t.member.id });
        let (_, membership) = make(app, &t.admin, &format!("{team_path}/members"), body).await;
        let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.manager.id });
        let (project, project_path) = make(app, &t.admin, "/projects", body).await;
        Self { team, team_path, project, project_path, membership }
    }

    async fn task(&self, app: &App, by: &User, assignee: &User, more: Value) -> String {
        let mut body = json!({ "title": "Draw it", "project_id": self.project, "assignee_id": assignee.id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        make(app, by, "/tasks", body).await.1
    }

    async fn leave(&self, app: &App, by: &User) {
        let _ = app.delete(&self.membership).by(by).gives(204).await;
    }
}

async fn assignee(app: &App, t: &Tenant, task: &str) -> Value {
    app.get(task).by(&t.admin).gives(200).await["assignee_id"].clone()
}

async fn inbox(app: &App, user: &User) -> Vec<Value> {
    let list = app.get("/notifications?sort=created_at").by(user).gives(200).await;
    list["results"].as_array().unwrap().iter().map(|line| line["text"].clone()).collect()
}

async fn former_member_sees_nothing_of_the_team(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let own = office.task(app, &t.member, &t.member, json!({ "title": "Quetzal" })).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "title": "Quetzal", "status": "done" })).await;
    let (_, comment) = make(app, &t.member, &format!("{own}/comments"), json!({ "body": "Quetzal" })).await;
    let remind = json!({ "remind_at": app.clock.now().plus(std::time::Duration::from_hours(1)) });
    let (_, reminder) = make(app, &t.member, &format!("{own}/reminders"), remind).await;
    let attachment = app
        .post(&format!("{own}/attachments?name=plan.txt"))
        .by(&t.member)
        .body("application/octet-stream", "plan")
        .send()
        .await
        .expect(201);
    let attachment = attachment.header("location").to_owned();
    let body = json!({ "title": "Quetzal", "content": "Green.", "project_id": office.project });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    assert_eq!(inbox(app, &t.member).await.len(), 1);
    office.leave(app, &t.admin).await;
    let places = [
        own.clone(),
        done.clone(),
        comment,
        reminder,
        document.clone(),
        format!("{document}/content"),
        attachment.clone(),
        format!("{attachment}/content"),
        format!("{own}/history"),
        format!("{own}/watchers"),
        format!("{own}/dependencies"),
        format!("/auth/permissions?noun=task&id={}", own.rsplit('/').next().unwrap()),
        office.project_path.clone(),
    ];
    for place in &places {
        let _ = app.get(place).by(&t.member).gives(404).await;
    }
    for change in [&own, &done, &document] {
        let _ = app.patch(change).by(&t.member).json(&json!({ "title": "Mine still" })).gives(404).await;
        let _ = app.delete(change).by(&t.member).gives(404).await;
    }
    for list in
        ["/tasks", "/tasks?assignee=me", "/tasks?owner=me", "/documents", "/notifications", "/tasks/deleted"]
    {
        assert_eq!(app.get(list).by(&t.member).gives(200).await["count"], 0, "{list}");
    }
    assert_eq!(app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"], 0);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!(app.get("/search?q=quetzal").by(&t.member).gives(200).await["results"], json!([]));
    let dashboard = app.get("/dashboard").by(&t.member).gives(200).await;
    assert_eq!((&dashboard["open"], &dashboard["recent"]), (&json!(0), &json!([])));
    let figures = app.get("/reports/individual").by(&t.member).gives(200).await;
    assert_eq!(
        (&figures["results"][0]["assigned"], &figures["results"][0]["completed"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(app.get("/reports/workload").by(&t.member).gives(200).await["results"], json!([]));
    // The user is still stored as the owner, and sees the task again after rejoining.
    assert_eq!(app.get(&own).by(&t.admin).gives(200).await["owner_id"], json!(t.member.id));
    let back = json!({ "user_id": t.member.id });
    let _ = make(app, &t.admin, &format!("{}/members", office.team_path), back).await;
    let _ = app.patch(&own).by(&t.member).json(&json!({ "title": "Mine again" })).gives(200).await;
    assert_eq!(inbox(app, &t.member).await.len(), 1);
}

async fn removing_a_member_clears_open_assignments_and_notifies_the_manager(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let open = office.task(app, &t.manager, &t.member, json!({})).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "status": "done" })).await;
    let deleted = office.task(app, &t.manager, &t.member, json!({})).await;
    let _ = app.delete(&deleted).by(&t.manager).gives(204).await;
    let (_, personal) =
        make(app, &t.member, "/tasks", json!({ "title": "My own", "assignee_id": t.member.id })).await;
    office.leave(app, &t.admin).await;
    assert_eq!(assignee(app, &t, &open).await, Value::Null);
    let _ = app.post(&format!("{deleted}/restore")).by(&t.manager).gives(200).await;
    assert_eq!(assignee(app, &t, &deleted).await, Value::Null);
    // A completed task keeps its assignee, and loses the assignee when it is reopened.
    assert_eq!(assignee(app, &t, &done).await, json!(t.member.id));
    let todo = json!({ "status": "todo" });
    assert_eq!(
        app.patch(&done).by(&t.manager).json(&todo).send().await.expect(422).pointer(),
        "/assignee_id"
    );
    assert_eq!(
        app.post(&format!("{done}/reopen")).by(&t.manager).gives(200).await["assignee_id"],
        Value::Null
    );
    assert_eq!(assignee(app, &t, &personal).await, json!(t.member.id));
    let told = inbox(app, &t.manager).await;
    assert_eq!(told, [json!("member can no longer see “Brand”: 2 open tasks have no assignee now.")]);
    let line = app.get("/notifications").by(&t.manager).gives(200).await["results"][0].clone();
    assert_eq!(
        (&line["noun"], &line["row_id"], &line["kind"]),
        (&json!("project"), &office.project, &json!("assigned"))
    );
    let audit = app.get("/audit?action=unassign").by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][0]["actor_id"]), (&json!(2), &json!(t.admin.id)));
}

async fn removing_a_member_transfers_open_assignments(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let office = Office::new(app, &t).await;
    let open = office.task(app, &t.manager, &t.member, json!({})).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "status": "done" })).await;
    let to = |heir: uuid::Uuid| format!("{}?transfer_to={heir}", office.membership);
    let refused = async |heir: uuid::Uuid| {
        let answer = app.delete(&to(heir)).by(&t.admin).send().await.expect(400);
        assert_eq!(answer.pointer(), "transfer_to");
        answer.body["errors"].clone()
    };
    let nobody = refused(uuid::Uuid::from_u128(7)).await;
    for heir in [u.member.id, t.other.id, t.member.id] {
        assert_eq!(refused(heir).await, nobody);
    }
    let narrow = t.service(app, &["teams:read", "teams:write"]);
    let _ = app.delete(&to(t.manager.id)).token(&narrow).gives(403).await;
    let _ = app.delete(&to(t.manager.id)).by(&t.admin).header("if-match", "\"9\"").gives(412).await;
    let _ = app.delete(&to(t.manager.id)).by(&t.other).gives(404).await;
    assert_eq!(assignee(app, &t, &open).await, json!(t.member.id));
    let _ = app.delete(&to(t.manager.id)).by(&t.admin).gives(204).await;
    assert_eq!(assignee(app, &t, &open).await, json!(t.manager.id));
    assert_eq!(assignee(app, &t, &done).await, json!(t.member.id));
    assert!(inbox(app, &t.manager).await.is_empty());
    assert_eq!(app.get("/audit?action=hand_over").by(&t.admin).gives(200).await["count"], 1);
}

/// A user who takes over the rows of a removed user is not assigned tasks that they do not see.
async fn transferred_task_is_assigned_only_if_the_new_owner_sees_it(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let task = office.task(app, &t.member, &t.member, json!({})).await;
    let remove = format!("/users/{}", t.member.id);
    let in_use = app.delete(&remove).by(&t.admin).send().await.expect(409);
    assert_eq!(in_use.code(), "in_use");
    assert!(in_use.body["detail"].as_str().unwrap().contains("transfer_to"), "{}", in_use.text);
    let _ = app.delete(&format!("{remove}?transfer_to={}", t.other.id)).by(&t.admin).gives(204).await;
    let row = app.get(&task).by(&t.admin).gives(200).await;
    assert_eq!((&row["owner_id"], &row["assignee_id"]), (&json!(t.other.id), &Value::Null));
    let _ = app.get(&task).by(&t.other).gives(404).await;
    let told = inbox(app, &t.manager).await;
    assert_eq!(told, [json!("other can no longer see “Brand”: 1 open task has no assignee now.")]);
}

async fn assignee_must_see_the_task(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let to_other = json!({ "assignee_id": t.other.id });
    let new = json!({ "title": "Draw it", "project_id": office.project, "assignee_id": t.other.id });
    let refused = app.post("/tasks").by(&t.manager).json(&new).send().await.expect(422);
    assert_eq!(
        (refused.pointer(), &refused.body["errors"][0]["code"]),
        ("/assignee_id", &json!("invalid_value"))
    );
    let task = office.task(app, &t.manager, &t.member, json!({})).await;
    let refused = app.patch(&task).by(&t.manager).json(&to_other).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let bulk = json!({ "operations": [{ "action": "create", "body": new }] });
    let refused = app.post("/tasks/bulk").by(&t.manager).json(&bulk).send().await.expect(422);
    assert_eq!(refused.pointer(), "/operations/0/body/assignee_id");
    // A task cannot be moved to a place that its assignee does not see, neither alone nor with its
    // parent.
    let loose = async |body: Value| make(app, &t.manager, "/tasks", body).await;
    let (_, personal) = loose(json!({ "title": "Loose", "assignee_id": t.other.id })).await;
    let (whole, whole_path) = loose(json!({ "title": "Whole" })).await;
    let _ = loose(json!({ "title": "Part", "parent_id": whole, "assignee_id": t.other.id })).await;
    let there = json!({ "project_id": office.project });
    for path in [&personal, &whole_path] {
        let refused = app.patch(path).by(&t.admin).json(&there).send().await.expect(422);
        assert_eq!(refused.pointer(), "/assignee_id");
        let refused = app.post(&format!("{path}/move")).by(&t.admin).json(&there).send().await.expect(422);
        assert_eq!(refused.pointer(), "/assignee_id");
    }
    let both = json!({ "project_id": office.project, "assignee_id": t.member.id });
    let _ = app.patch(&personal).by(&t.admin).json(&both).gives(200).await;
    // Admins and the manager of the project see the task without being in the team. All users see a
    // project without a team.
    for user in [&t.admin, &t.manager] {
        let _ = app.patch(&task).by(&t.manager).json(&json!({ "assignee_id": user.id })).gives(200).await;
    }
    let (open, _) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let _ = loose(json!({ "title": "Shared", "project_id": open, "assignee_id": t.other.id })).await;
}

async fn moving_a_project_clears_assignments_of_users_without_access(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let (_, members) = (office.team.clone(), format!("{}/members", office.team_path));
    let _ = make(app, &t.admin, &members, json!({ "user_id": t.other.id })).await;
    let stays = office.task(app, &t.manager, &t.member, json!({})).await;
    let goes = office.task(app, &t.manager, &t.other, json!({})).await;
    let (print, path) =
        make(app, &t.admin, "/teams", json!({ "name": "Print", "manager_id": t.admin.id })).await;
    let _ = make(app, &t.admin, &format!("{path}/members"), json!({ "user_id": t.member.id })).await;
    let _ = app.patch(&office.project_path).by(&t.admin).json(&json!({ "team_id": print })).gives(200).await;
    assert_eq!(assignee(app, &t, &stays).await, json!(t.member.id));
    assert_eq!(assignee(app, &t, &goes).await, Value::Null);
    assert_eq!(inbox(app, &t.manager).await.len(), 1);
    // The same holds for a project that gets its first team.
    let (website, place) =
        make(app, &t.manager, "/projects", json!({ "name": "Website", "manager_id": t.manager.id })).await;
    let body = json!({ "title": "Write it", "project_id": website, "assignee_id": t.other.id });
    let (_, task) = make(app, &t.member, "/tasks", body).await;
    let _ = app.patch(&place).by(&t.admin).json(&json!({ "team_id": print })).gives(200).await;
    assert_eq!(assignee(app, &t, &task).await, Value::Null);
}

async fn changed_role_or_manager_clears_assignments(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let path = format!("/users/{}", t.other.id);
    let role =
        async |role: &str| app.patch(&path).by(&t.admin).json(&json!({ "role": role })).gives(200).await;
    let _ = role("admin").await;
    let as_admin = office.task(app, &t.manager, &t.other, json!({})).await;
    let _ = role("member").await;
    assert_eq!(assignee(app, &t, &as_admin).await, Value::Null);
    let lead = json!({ "manager_id": t.other.id });
    for place in [&office.project_path, &office.team_path] {
        let _ = app.patch(place).by(&t.admin).json(&lead).gives(200).await;
        let task = office.task(app, &t.admin, &t.other, json!({})).await;
        let back = json!({ "manager_id": t.manager.id });
        let _ = app.patch(place).by(&t.admin).json(&back).gives(200).await;
        assert_eq!(assignee(app, &t, &task).await, Value::Null, "{place}");
    }
    // Replacing the user of a membership removes a member, too.
    let task = office.task(app, &t.admin, &t.member, json!({})).await;
    let instead = json!({ "user_id": t.other.id });
    let _ = app.patch(&office.membership).by(&t.admin).json(&instead).gives(200).await;
    assert_eq!(assignee(app, &t, &task).await, Value::Null);
}

async fn deactivated_user_cannot_be_assigned(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let (client, _) = make(app, &t.admin, "/clients", json!({ "name": "Harbour Bakery" })).await;
    let (kind, _) = make(app, &t.admin, "/request-types", json!({ "name": "Repair" })).await;
    let (_, task) = make(app, &t.admin, "/tasks", json!({ "title": "Write it" })).await;
    let _ = app.post(&format!("/users/{}/deactivate", t.other.id)).by(&t.admin).gives(200).await;
    let id = t.other.id;
    let request =
        json!({ "client_id": client, "type_id": kind, "title": "The oven is cold", "assignee_id": id });
    for (path, body, pointer) in [
        ("/tasks".to_owned(), json!({ "title": "Write it", "assignee_id": id }), "/assignee_id"),
        ("/requests".to_owned(), request, "/assignee_id"),
        ("/projects".to_owned(), json!({ "name": "Website", "manager_id": id }), "/manager_id"),
        ("/teams".to_owned(), json!({ "name": "Print", "manager_id": id }), "/manager_id"),
        (format!("{}/members", office.team_path), json!({ "user_id": id }), "/user_id"),
        (format!("{task}/watchers"), json!({ "user_id": id }), "/user_id"),
    ] {
        let refused = app.post(&path).by(&t.admin).json(&body).send().await.expect(422);
        assert_eq!(
            (refused.pointer(), &refused.body["errors"][0]["code"]),
            (pointer, &json!("invalid_value")),
            "{path}"
        );
    }
}
