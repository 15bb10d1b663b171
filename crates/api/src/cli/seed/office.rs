//! What an office has beside projects: a team, labels, clients and their requests, and tasks with parts, order and rules.

use serde_json::json;
use taskhub_domain::{
    Context, Result, Tx,
    client::Client,
    edit,
    input::Unchecked,
    label::Label,
    project::Project,
    request::{ClientRequest, RequestType},
    task::{Task, TaskDependency},
    team::{Team, TeamMember},
};
use uuid::Uuid;

use crate::state::State;

/// Furnishes a tenant.
pub(super) async fn furnish(state: &State, ctx: &Context, users: &[Uuid]) -> Result<()> {
    state.store.write(ctx, users.to_vec(), |tx, users| Box::pin(all(tx, users))).await
}

async fn all(tx: &Tx, users: &[Uuid]) -> Result<()> {
    team(tx, users).await?;
    requests(tx, users).await?;
    tasks(tx, users).await
}

/// A team of the last three, managed by the second, with a project of its own.
async fn team(tx: &Tx, users: &[Uuid]) -> Result<()> {
    let manager = users.get(1);
    let body = json!({ "name": "Design", "goals": "One look for all products.", "manager_id": manager });
    let team = edit::create::<Team>(tx, &Unchecked::new(body)).await?;
    for user in users.iter().skip(3) {
        let body = json!({ "user_id": user, "role": "Illustrator" });
        edit::create_within::<TeamMember>(tx, team.id, &Unchecked::new(body)).await?;
    }
    let body = json!({ "name": "Brand", "team_id": team.id, "manager_id": manager, "status": "active" });
    edit::create::<Project>(tx, &Unchecked::new(body)).await.map(drop)
}

async fn requests(tx: &Tx, users: &[Uuid]) -> Result<()> {
    let kinds = [json!({ "name": "Repair" }), json!({ "name": "Question" })];
    let mut types = Vec::new();
    for body in kinds {
        types.push(edit::create::<RequestType>(tx, &Unchecked::new(body)).await?.id);
    }
    for (number, (client, title)) in [
        ("Bakery", "The oven is cold"),
        ("Library", "Where are the keys?"),
        ("Theatre", "The curtain sticks"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "name": client, "email": format!("office@{}.example", client.to_lowercase()) });
        let client = edit::create::<Client>(tx, &Unchecked::new(body)).await?;
        let body = json!({
            "title": title, "client_id": client.id, "type_id": types.get(number % types.len()),
            "assignee_id": users.get(number),
        });
        edit::create::<ClientRequest>(tx, &Unchecked::new(body)).await?;
    }
    Ok(())
}

/// A task with parts, of which one waits for the other, and one that comes again.
async fn tasks(tx: &Tx, users: &[Uuid]) -> Result<()> {
    let mut labels = Vec::new();
    for (name, color) in [("Bug", "#d73a4a"), ("Idea", "#0075ca")] {
        let body = json!({ "name": name, "color": color });
        labels.push(edit::create::<Label>(tx, &Unchecked::new(body)).await?.id);
    }
    let body =
        json!({ "title": "Move to the new office", "label_ids": labels, "assignee_id": users.first() });
    let whole = edit::create::<Task>(tx, &Unchecked::new(body)).await?;
    let mut parts = Vec::new();
    for title in ["Pack the boxes", "Carry the boxes"] {
        let body = json!({ "title": title, "parent_id": whole.id });
        parts.push(edit::create::<Task>(tx, &Unchecked::new(body)).await?.id);
    }
    if let [first, second] = parts.as_slice() {
        let body = json!({ "blocker_id": first });
        edit::create_within::<TaskDependency>(tx, *second, &Unchecked::new(body)).await?;
    }
    let body = json!({
        "title": "Water the plants", "due_at": "2027-01-04T09:00:00Z", "recurrence": "FREQ=WEEKLY;BYDAY=MO",
        "assignee_id": users.last(),
    });
    edit::create::<Task>(tx, &Unchecked::new(body)).await.map(drop)
}
