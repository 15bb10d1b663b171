//! The history of an organisation in chronological order: tasks are created, discussed, worked on
//! and completed, and requests are created and answered.
//!
//! Invariant: actions run in the order of their planned times, so that ids grow with the creation
//! times of rows. Actions after the end of the history do not run.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use indicatif::ProgressBar;
use serde_json::{Value, json};
use taskhub_domain::{
    Result, Timestamp, Tx, attachment,
    comment::Comment,
    crud,
    document::{self, Document},
    input::Unchecked,
    invitation::{self, Delivery},
    notification,
    project::{Milestone, Project, set_status},
    reminder::Reminder,
    repository::Precondition,
    request::{self, ClientRequest},
    service_account,
    task::{self, Task},
    time_entry::TimeEntry,
    watcher::Watcher,
};
use uuid::Uuid;

use super::{
    office::{self, Office, Place, SHARED},
    pick,
    stage::{DAYS, Stage},
};
use crate::background::mail::Sending;

/// The number of tasks with details, such as comments and time entries.
const DETAILED: usize = 150;
/// The least and the most tasks in one transaction.
const BATCH: Range<usize> = 20..501;
/// The first and the last day on which tasks are created.
const FIRST: u64 = 7;
const LAST: u64 = DAYS - 1;
const REQUESTS: usize = 14;

const PRIORITIES: [&str; 5] = ["low", "medium", "medium", "high", "urgent"];
const VERBS: [&str; 7] = ["Draft", "Review", "Publish", "Test", "Estimate", "Repair", "Document"];
const THINGS: [&str; 11] = [
    "the release notes",
    "the landing page",
    "the price list",
    "the import",
    "the backup plan",
    "the contract",
    "the survey",
    "the sign-in page",
    "the dashboard",
    "the invoice template",
    "the style guide",
];
const WHY: [&str; 4] = [
    "It was promised for this quarter. The last version is in the documents of the project.",
    "Three clients have asked for it.\n\n- Look at what is there\n- Write down what is missing",
    "Small, but it keeps coming up.",
    "See the minutes. Whoever takes it should talk to the client first.",
];
const SAID: [&str; 5] = [
    "The first half is there.",
    "I have a question about the second paragraph.",
    "This is larger than it looks: I need another day.",
    "Looks good to me.",
    "The client has answered, we can go on.",
];
const NOTES: [&str; 4] = ["First draft", "Second draft", "With the client", "What was left"];
const ASKED: [&str; 7] = [
    "The oven is cold",
    "Where are the keys?",
    "The curtain sticks",
    "Forty more chairs",
    "The form does not open",
    "How do we add a colleague?",
    "The invoice has the wrong address",
];

/// An action of a user.
pub(super) enum Act {
    /// Creates a task with details.
    Task(usize),
    /// Creates many tasks.
    Tasks(Range<usize>),
    /// Completes tasks.
    Complete(Vec<Uuid>),
    Status(Uuid, &'static str),
    Delete(Uuid),
    Say(Uuid, String),
    Watch(Uuid),
    Remind(Uuid),
    Work(Uuid, u64, &'static str),
    Attach(Uuid, &'static str),
    /// Replaces the text of a document, or uploads its file.
    Revise(Uuid, &'static str),
    Fill(Uuid, &'static str),
    /// Reaches a milestone.
    Reach(Uuid, Uuid),
    /// Creates a project, or changes the status of one.
    Project(Value),
    Move(Uuid, &'static str),
    Request(usize),
    Answer(Uuid, &'static str),
    /// Marks all notifications as read.
    Read,
    Invite(String),
}

/// The planned actions, by their times.
#[derive(Default)]
pub(super) struct Story {
    planned: BTreeMap<(Timestamp, usize), (usize, Act)>,
    count: usize,
}

impl Story {
    /// Plans an action of a user.
    pub(super) fn plan(&mut self, at: Timestamp, who: usize, act: Act) {
        self.count += 1;
        self.planned.insert((at, self.count), (who, act));
    }
}

/// Creates the history of an organisation with this number of tasks. Returns the credentials of its
/// service account.
pub(super) async fn play(stage: &Stage<'_>, slug: &str, tasks: usize, bar: &ProgressBar) -> Result<Value> {
    let mut story = Story::default();
    let office = office::furnish(stage, &mut story).await?;
    let detailed = tasks.min(DETAILED);
    let at = |part: usize, of: usize| {
        stage.hour(FIRST * 24 + (LAST - FIRST) * 24 * part as u64 / of.max(1) as u64)
    };
    for number in 0..detailed {
        story.plan(at(number, detailed), number % stage.users.len().max(1), Act::Task(number));
    }
    let size = ((tasks - detailed) / 100).clamp(BATCH.start, BATCH.end - 1);
    let batches = (tasks - detailed).div_ceil(size);
    for batch in 0..batches {
        let from = detailed + batch * size;
        let range = from..(from + size).min(tasks);
        story.plan(at(batch, batches), batch % stage.users.len().max(1), Act::Tasks(range));
    }
    for number in 0..REQUESTS {
        story.plan(at(number + 1, REQUESTS), 3 + number % 3, Act::Request(number));
    }
    for who in [0, 3] {
        story.plan(stage.hour((DAYS - 4) * 24), who, Act::Read);
    }
    if stage.state.settings.sending() != Sending::Off {
        story.plan(stage.hour((DAYS - 2) * 24), 0, Act::Invite(format!("tony@{slug}.example")));
    }
    // The last hours are reserved for the move.
    let end = stage.now.minus(Duration::from_hours(8));
    while let Some(((at, _), (who, act))) = story.planned.pop_first() {
        if at <= end {
            perform(stage, &office, &mut story, (at, who, act), bar).await?;
        }
    }
    office::moving(stage, &office).await?;
    let body = json!({ "name": "importer", "scopes": ["tasks:read", "tasks:write", "projects:read"] });
    let service = stage
        .act(0, stage.now, body, |tx, body| {
            Box::pin(async move { service_account::create(tx, &Unchecked::new(body.clone())).await })
        })
        .await?;
    let created = serde_json::to_value(&service).map_err(taskhub_domain::Error::internal)?;
    Ok(json!({ "client_id": created.get("client_id"), "client_secret": created.get("client_secret") }))
}

async fn perform(
    stage: &Stage<'_>,
    office: &Office,
    story: &mut Story,
    (at, who, act): (Timestamp, usize, Act),
    bar: &ProgressBar,
) -> Result<()> {
    match act {
        Act::Task(number) => {
            task(stage, office, story, number, at).await?;
            bar.inc(1);
        }
        Act::Tasks(range) => {
            let count = range.len();
            many(stage, office, story, (at, who), range).await?;
            bar.inc(count as u64);
        }
        Act::Complete(ids) => {
            stage.act(who, at, ids, |tx, ids| Box::pin(complete(tx, ids))).await?;
        }
        Act::Status(id, status) => stage.change::<Task>(who, at, id, json!({ "status": status })).await?,
        Act::Delete(id) => {
            stage
                .act(who, at, id, |tx, id| Box::pin(crud::remove::<Task>(tx, *id, &Precondition::Any)))
                .await?;
        }
        Act::Say(task, text) => {
            stage.make::<Comment>(who, at, task, json!({ "body": text })).await?;
        }
        Act::Watch(task) => {
            stage.make::<Watcher>(who, at, task, json!({})).await?;
        }
        Act::Remind(task) => {
            stage.make::<Reminder>(who, at, task, json!({ "before_due_minutes": 120 })).await?;
        }
        Act::Work(task, minutes, note) => {
            let start = at.minus(Duration::from_mins(minutes));
            let body = json!({ "started_at": start, "minutes": minutes, "note": note });
            stage.make::<TimeEntry>(who, at, task, body).await?;
        }
        Act::Attach(task, name) => {
            let received = stage.receive(who, at, paper(name, at)).await?;
            stage
                .act(who, at, (task, received), move |tx, (task, received)| {
                    Box::pin(attachment::add(tx, *task, received, "notes.txt"))
                })
                .await?;
        }
        Act::Revise(id, text) => stage.change::<Document>(who, at, id, json!({ "content": text })).await?,
        Act::Fill(id, name) => {
            let received = stage.receive(who, at, paper(name, at)).await?;
            stage
                .act(who, at, (id, received, name), |tx, (id, received, name)| {
                    Box::pin(document::set_file(tx, *id, received, Some(name), &Precondition::Any))
                })
                .await?;
        }
        Act::Reach(project, id) => {
            stage
                .act(who, at, (project, id), |tx, ids| {
                    Box::pin(async move {
                        let body = Unchecked::patch(json!({ "reached": true }));
                        crud::update::<Milestone>(tx, *ids, &body, &Precondition::Any).await
                    })
                })
                .await?;
        }
        Act::Project(body) => drop(stage.make::<Project>(who, at, (), body).await?),
        Act::Move(id, status) => {
            stage
                .act(who, at, (id, status), |tx, (id, status)| {
                    Box::pin(async move {
                        let body = Unchecked::patch(json!({ "status": status }));
                        set_status(tx, *id, &body, &Precondition::Any).await
                    })
                })
                .await?;
        }
        Act::Request(number) => ask(stage, office, story, (at, who), number).await?,
        Act::Answer(id, status) => {
            stage
                .act(who, at, (id, status), |tx, (id, status)| {
                    Box::pin(async move {
                        let body = Unchecked::patch(json!({ "status": status }));
                        request::set_status(tx, *id, &body, &Precondition::Any).await
                    })
                })
                .await?;
        }
        Act::Read => stage.act(who, at, (), |tx, ()| Box::pin(notification::read_all(tx))).await?,
        Act::Invite(email) => {
            stage
                .act(who, at, email, |tx, email| {
                    Box::pin(async move {
                        let body = Unchecked::new(json!({ "email": email, "role": "member" }));
                        invitation::create(tx, &body, Delivery::ByMail).await
                    })
                })
                .await?;
        }
    }
    Ok(())
}

/// The content of a file.
fn paper(name: &str, at: Timestamp) -> String {
    if name.rsplit('.').next() == Some("csv") {
        format!("month,visitors,orders\n1,1830,41\n2,2104,56\n3,2377,61\nas of,{at},\n")
    } else {
        format!("Notes of {at}\n\n- What is there can stay.\n- The second page needs a picture.\n")
    }
}

/// Creates a task with details, and plans what happens to it.
async fn task(
    stage: &Stage<'_>,
    office: &Office,
    story: &mut Story,
    number: usize,
    at: Timestamp,
) -> Result<()> {
    let place = number % office.projects.len().max(1);
    let Some(Place { id: project, people }) = office.projects.get(place).copied() else { return Ok(()) };
    let person = |number: usize| people.get(number % people.len()).copied().unwrap_or_default();
    let round = number / office.projects.len().max(1);
    let (owner, assignee, other) = (person(round), person(round + 1 + number % 2), person(round + 2));
    let later = |hours: usize| at.plus(Duration::from_hours(hours as u64));
    // Of ten tasks, six are done, one is cancelled, one is in progress, and some are deleted.
    let outcome = number % 10;
    let took = 24 * (3 + number * 5 % 13) + number % 7;
    let is_done = outcome < 6 && later(took) <= stage.now;
    // Done tasks were due about when they were completed; open tasks are due in these weeks.
    let due = if is_done {
        later(24 * (5 + number * 7 % 14))
    } else {
        let soon = stage.now.plus(Duration::from_hours(24 * (number as u64 * 11 % 40)));
        soon.minus(Duration::from_hours(24 * 10)).max(later(48))
    };
    let body = json!({
        "title": title(number), "description": pick(&WHY, number), "project_id": project,
        "assignee_id": (number % 9 != 8).then(|| stage.user(assignee)), "priority": pick(&PRIORITIES, number / 2),
        "label_ids": office.labels.iter().skip(number % 6).take(1).collect::<Vec<_>>(),
        "start_at": later(4), "due_at": (number % 11 != 10).then_some(due), "estimate_minutes": (number % 16 + 2) * 30,
    });
    let id = stage.make::<Task>(owner, at, (), body).await?.id;
    // The assignee may change the task; without one, the owner does.
    let doer = if number % 9 == 8 { owner } else { assignee };
    match outcome {
        0..6 => {
            story.plan(later(20), doer, Act::Status(id, "in_progress"));
            story.plan(later(took), doer, Act::Complete(vec![id]));
        }
        6 => story.plan(later(50), owner, Act::Status(id, "cancelled")),
        7 => story.plan(later(30), doer, Act::Status(id, "in_progress")),
        9 if number % 20 == 9 => {
            let gone = stage.now.minus(Duration::from_hours(6 + number as u64)).max(later(100));
            story.plan(gone, owner, Act::Delete(id));
        }
        _ => {}
    }
    if number.is_multiple_of(2) {
        let name = super::PEOPLE.get(owner).map_or("ada", |(name, ..)| *name);
        let text = format!("{} @{name}, can you have a look?", pick(&SAID, number / 2));
        story.plan(later(9), other, Act::Say(id, text));
    }
    if number.is_multiple_of(3) {
        story.plan(later(31), doer, Act::Say(id, pick(&SAID, number / 3 + 1).to_owned()));
    }
    if number.is_multiple_of(4) {
        story.plan(later(10), person(round + 3), Act::Watch(id));
    }
    if number.is_multiple_of(5) {
        story.plan(later(26), doer, Act::Attach(id, "notes.txt"));
    }
    if number % 8 == 7 && number % 11 != 10 {
        story.plan(later(2), doer, Act::Remind(id));
    }
    if outcome < 8 {
        for part in 0..2 + number % 2 {
            let minutes = 30 + (number * 17 + part * 35) as u64 % 200;
            let who = if part == 2 { other } else { doer };
            story.plan(later(22 + part * 24), who, Act::Work(id, minutes, pick(&NOTES, number + part)));
        }
    }
    Ok(())
}

/// Creates many tasks of one user. One in six is completed later.
async fn many(
    stage: &Stage<'_>,
    office: &Office,
    story: &mut Story,
    (at, who): (Timestamp, usize),
    range: Range<usize>,
) -> Result<()> {
    let now = stage.now;
    let body = |number: usize| {
        let place = office.projects.iter().take(SHARED).nth(number % SHARED);
        let due = now.plus(Duration::from_hours(48 + number as u64 * 7 % (60 * 24)));
        json!({
            "title": title(number), "priority": pick(&PRIORITIES, number / 2),
            "status": pick(&["todo", "in_progress", "todo", "todo", "cancelled", "todo"], number),
            "due_at": (!number.is_multiple_of(3)).then_some(due), "project_id": place.map(|place| place.id),
            "assignee_id": stage.user(who), "estimate_minutes": (number % 16) * 15,
        })
    };
    let bodies: Vec<_> = range.clone().map(body).collect();
    let ids = stage.act(who, at, bodies, |tx, bodies| Box::pin(add(tx, bodies))).await?;
    let done: Vec<_> = range.zip(ids).filter(|(number, _)| number % 6 == 2).map(|(_, id)| id).collect();
    let (soon, late) = done.split_at(done.len() / 2);
    for (hours, ids) in [(20 + hours_of(at), soon), (90 + hours_of(at) * 3, late)] {
        story.plan(at.plus(Duration::from_hours(hours)), who, Act::Complete(ids.to_vec()));
    }
    Ok(())
}

/// A number of hours that differs between batches.
fn hours_of(at: Timestamp) -> u64 {
    at.seconds().unsigned_abs() / 3600 % 60
}

async fn add(tx: &Tx, bodies: &[Value]) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    for body in bodies {
        ids.push(crud::create::<Task>(tx, (), &Unchecked::new(body.clone())).await?.id);
    }
    Ok(ids)
}

async fn complete(tx: &Tx, ids: &[Uuid]) -> Result<()> {
    for id in ids {
        task::complete(tx, *id, false, &Precondition::Any).await?;
    }
    Ok(())
}

fn title(number: usize) -> String {
    format!("{} {} ({})", pick(&VERBS, number), pick(&THINGS, number / 3), number + 1)
}

/// Creates a request of a client, and plans what happens to it.
async fn ask(
    stage: &Stage<'_>,
    office: &Office,
    story: &mut Story,
    (at, who): (Timestamp, usize),
    number: usize,
) -> Result<()> {
    let of = |ids: &[Uuid], number: usize| ids.get(number % ids.len().max(1)).copied();
    let assignee = [2, 4, 5].get(number % 3).copied().unwrap_or(2);
    let body = json!({
        "title": pick(&ASKED, number), "description": "They called in the morning, and would like to hear from us this week.",
        "client_id": of(&office.clients, number), "type_id": of(&office.kinds, number),
        "assignee_id": (number % 5 != 4).then(|| stage.user(assignee)),
    });
    let id = stage.make::<ClientRequest>(who, at, (), body).await?.id;
    let later = |hours: u64| at.plus(Duration::from_hours(hours));
    // The newest requests are pending, and the ones before are in progress.
    if number + 2 < REQUESTS {
        story.plan(later(16), assignee, Act::Answer(id, "in_progress"));
    }
    if number + 4 < REQUESTS {
        story.plan(later(60 + number as u64 * 9), assignee, Act::Answer(id, "completed"));
    }
    Ok(())
}
