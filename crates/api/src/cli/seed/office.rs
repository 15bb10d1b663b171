//! The initial data of an organisation: teams, labels, clients, request types, projects with
//! milestones, and documents.

use std::time::Duration;

use serde_json::json;
use taskhub_domain::{
    Result,
    client::Client,
    document::Document,
    label::Label,
    project::{Milestone, Project},
    request::RequestType,
    task::{Task, TaskDependency},
    team::{Team, TeamMember},
};
use uuid::Uuid;

use super::{
    stage::{DAYS, Stage},
    story::{Act, Story},
};

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5];
const DESIGN: &[usize] = &[1, 3, 4];
const SUPPORT: &[usize] = &[2, 4, 5];

/// A project and the users who work in it. For a project of a team, the manager is the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) id: Uuid,
    pub(super) people: &'static [usize],
}

/// The initial data, as far as later changes need it.
#[derive(Debug, Default)]
pub(super) struct Office {
    /// The projects with tasks; those without a team are first.
    pub(super) projects: Vec<Place>,
    pub(super) labels: Vec<Uuid>,
    pub(super) clients: Vec<Uuid>,
    pub(super) kinds: Vec<Uuid>,
}

/// The number of projects without a team.
pub(super) const SHARED: usize = 5;

struct Plan {
    name: &'static str,
    manager: usize,
    team: Option<usize>,
    /// The status that it gets ten days before the end.
    later: Option<&'static str>,
    people: &'static [usize],
}

const PROJECTS: [Plan; 7] = [
    Plan { name: "Website", manager: 1, team: None, later: None, people: ALL },
    Plan { name: "Mobile app", manager: 2, team: None, later: None, people: ALL },
    Plan { name: "Onboarding", manager: 1, team: None, later: None, people: ALL },
    Plan { name: "Data migration", manager: 2, team: None, later: Some("on_hold"), people: ALL },
    Plan { name: "Annual report", manager: 1, team: None, later: Some("completed"), people: ALL },
    Plan { name: "Brand", manager: 1, team: Some(0), later: None, people: DESIGN },
    Plan { name: "Help desk", manager: 2, team: Some(1), later: None, people: SUPPORT },
];

/// Creates the initial data, and plans later changes of it.
pub(super) async fn furnish(stage: &Stage<'_>, story: &mut Story) -> Result<Office> {
    let mut office = Office::default();
    let teams = teams(stage).await?;
    for (number, (name, color)) in
        [("Bug", "#d73a4a"), ("Idea", "#0075ca"), ("Question", "#d876e3")].into_iter().enumerate()
    {
        let body = json!({ "name": name, "color": color });
        office.labels.push(stage.make::<Label>(1, stage.hour(8 + number as u64), (), body).await?.id);
    }
    let kinds = [("Repair", "Something is broken."), ("Question", "Somebody wants to know."), ("Order", "")];
    for (number, (name, description)) in kinds.into_iter().enumerate() {
        let body = json!({ "name": name, "description": description });
        office.kinds.push(stage.make::<RequestType>(2, stage.hour(12 + number as u64), (), body).await?.id);
    }
    for (number, name) in ["Bakery", "Library", "Theatre", "Clinic", "School"].into_iter().enumerate() {
        let mail = format!("office@{}.example", name.to_lowercase());
        let body = json!({ "name": name, "email": mail });
        office.clients.push(stage.make::<Client>(2, stage.hour(16 + number as u64), (), body).await?.id);
    }
    for (number, plan) in (0_u64..).zip(&PROJECTS) {
        let place = project(stage, story, plan, &teams, 24 + number * 8).await?;
        office.projects.push(place);
    }
    let fair = json!({ "name": "Trade fair", "description": "A stand in spring.", "status": "planned", "start_at": stage.now.plus(days(20)), "due_at": stage.now.plus(days(90)) });
    story.plan(stage.hour(DAYS * 24 - 150), 1, Act::Project(fair));
    Ok(office)
}

fn days(count: u64) -> Duration {
    Duration::from_hours(count * 24)
}

/// Two teams, each with a manager and two members.
async fn teams(stage: &Stage<'_>) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    let teams = [
        ("Design", "One look for all products.", DESIGN),
        ("Support", "No question waits longer than a day.", SUPPORT),
    ];
    for (number, (name, goals, people)) in (0_u64..).zip(teams) {
        let Some((manager, members)) = people.split_first() else { continue };
        let body = json!({ "name": name, "goals": goals });
        let team = stage.make::<Team>(*manager, stage.hour(1 + number * 3), (), body).await?;
        for (after, member) in (1..).zip(members) {
            let body =
                json!({ "user_id": stage.user(*member), "role": if after == 1 { "Lead" } else { "Member" } });
            let at = stage.hour(1 + number * 3 + after);
            stage.make::<TeamMember>(*manager, at, team.id, body).await?;
        }
        ids.push(team.id);
    }
    Ok(ids)
}

/// A project with its milestones and documents.
async fn project(
    stage: &Stage<'_>,
    story: &mut Story,
    plan: &Plan,
    teams: &[Uuid],
    hour: u64,
) -> Result<Place> {
    let Plan { name, manager, team, later, people } = *plan;
    let body = json!({
        "name": name, "status": "active", "priority": if hour.is_multiple_of(3) { "high" } else { "medium" },
        "description": format!("{name}, as agreed."), "scope": "What the client sees; not the accounts.",
        "objectives": "Fewer questions, and done by the summer.", "team_id": team.and_then(|team| teams.get(team)),
        "start_at": stage.hour(hour), "due_at": stage.now.plus(days(45 + hour % 30)),
    });
    let made = stage.make::<Project>(manager, stage.hour(hour), (), body).await?;
    let milestones = [
        ("Kick-off", stage.hour(hour + 7 * 24), Some(hour + 6 * 24)),
        ("First draft", stage.hour(60 * 24), Some(62 * 24 + hour)),
        ("Beta", stage.now.minus(days(2)), None),
        ("Release", stage.now.plus(days(40)), None),
    ];
    for (name, due, reached) in milestones {
        let body = json!({ "name": name, "due_at": due });
        let milestone = stage.make::<Milestone>(manager, stage.hour(hour + 1), made.id, body).await?;
        if let Some(reached) = reached {
            story.plan(stage.hour(reached), manager, Act::Reach(made.id, milestone.id));
        }
    }
    if let Some(status) = later {
        story.plan(stage.hour((DAYS - 10) * 24 + hour), manager, Act::Move(made.id, status));
    }
    let body = json!({ "title": format!("{name}: minutes"), "project_id": made.id, "content": "# Minutes\n\nAll present." });
    let minutes = stage.make::<Document>(manager, stage.hour(hour + 2), (), body).await?.id;
    for (day, text) in [
        (30, "# Minutes\n\nAll present.\n\n- The draft is agreed.\n"),
        (75, "# Minutes\n\nAll present but Donald.\n\n- The draft is agreed.\n- The beta is due soon.\n"),
    ] {
        story.plan(stage.hour(day * 24 + hour), manager, Act::Revise(minutes, text));
    }
    let author = people.last().copied().unwrap_or(manager);
    let body = json!({ "title": format!("{name}: figures"), "project_id": made.id, "content": "The figures are in the file." });
    let figures = stage.make::<Document>(author, stage.hour(hour + 3), (), body).await?.id;
    for day in [20, 80] {
        story.plan(stage.hour(day * 24 + hour), author, Act::Fill(figures, "figures.csv"));
    }
    Ok(Place { id: made.id, people })
}

/// The last event: the move of the office. It has a task with subtasks, one blocked by the other, a
/// running timer and a recurring task.
pub(super) async fn moving(stage: &Stage<'_>, office: &Office) -> Result<()> {
    let at = |hours| stage.now.minus(Duration::from_hours(hours));
    let body = json!({
        "title": "Move to the new office", "description": "Two floors up. The lift carries 300 kg.",
        "label_ids": office.labels.get(1..2).unwrap_or_default(), "assignee_id": stage.user(0), "due_at": stage.now.plus(days(6)),
    });
    let whole = stage.make::<Task>(0, at(7), (), body).await?;
    let mut parts = Vec::new();
    for title in ["Pack the boxes", "Carry the boxes"] {
        let body = json!({ "title": title, "parent_id": whole.id, "assignee_id": stage.user(0) });
        parts.push(stage.make::<Task>(0, at(6), (), body).await?.id);
    }
    if let [first, second] = parts.as_slice() {
        let body = json!({ "blocker_id": first });
        stage.make::<TaskDependency>(0, at(5), *second, body).await?;
        stage.change::<Task>(0, at(2), *first, json!({ "status": "in_progress" })).await?;
        stage
            .act(0, at(1), *first, |tx, task| Box::pin(taskhub_domain::time_entry::start(tx, *task)))
            .await?;
    }
    let body = json!({
        "title": "Water the plants", "due_at": stage.now.plus(days(3)), "recurrence": "FREQ=WEEKLY",
        "assignee_id": stage.user(5),
    });
    stage.make::<Task>(0, at(1), (), body).await.map(drop)
}
