//! Decides who is notified of a change, and how.
//!
//! Invariant: every notification goes through [`notify`], which checks the recipient: active, not the
//! actor, able to see the task, and with a channel for the kind.

use futures::future::BoxFuture;
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::{Notification, NotificationKind, quiet};
use crate::{
    Result, Tx,
    identity::{
        mail::{self, Mail},
        tenant::Tenant,
        user::{Channel, User},
    },
    kernel::{
        change::ChangeType,
        context::Actor,
        policy,
        repository::{ReactsTo, Resource, Stored, Written},
    },
    work::{
        comment::Comment,
        project::Project,
        request::ClientRequest,
        task::{self, Task},
        team::Team,
        watcher,
    },
};

/// A notification to be sent.
struct Notice<'a> {
    /// The event that the notification reports.
    kind: NotificationKind,
    /// The task that it belongs to, if there is one.
    task: Option<&'a Task>,
    /// The row that it is about.
    about: (policy::ResourceType, Uuid),
    /// The sentence that the user reads.
    text: String,
}

impl ReactsTo<Task> for Notification {
    fn react<'a>(
        tx: &'a Tx,
        Written { name, old, new }: Written<'a, Task>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        // A transfer of all tasks or requests of a user notifies of none of them.
        let task = new.filter(|_| name != ChangeType::Transfer)?;
        Some(Box::pin(about_task(tx, old, task)))
    }
}

impl ReactsTo<ClientRequest> for Notification {
    fn react<'a>(
        tx: &'a Tx,
        Written { name, old, new }: Written<'a, ClientRequest>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        // A transfer of all tasks or requests of a user notifies of none of them.
        let request = new.filter(|_| name != ChangeType::Transfer)?;
        Some(Box::pin(about_request(tx, old, request)))
    }
}

impl ReactsTo<Comment> for Notification {
    fn react<'a>(
        tx: &'a Tx,
        Written { old, new, .. }: Written<'a, Comment>,
    ) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(about_comment(tx, old, new?)))
    }
}

/// Notifies a new assignee, and, of a change of the status, the owner, the assignee and the
/// watchers. Changes by the server itself notify nobody.
async fn about_task(tx: &Tx, old: Option<&Task>, task: &Task) -> Result<()> {
    if tx.ctx().actor() == Actor::System || task.is_removed() {
        return Ok(());
    }
    let about = (Task::TYPE, task.id);
    let assignee = task.assignee_id.filter(|id| old.is_none_or(|old| old.assignee_id != Some(*id)));
    if let Some(assignee) = assignee.filter(|id| tx.ctx().user() != Some(*id)) {
        let text = format!("{} assigned “{}” to you.", actor(tx).await?, task.title);
        notify(tx, &[assignee], &Notice { kind: NotificationKind::Assigned, task: Some(task), about, text })
            .await?;
    }
    let Some(before) = old.map(|old| old.status).filter(|status| *status != task.status) else {
        return Ok(());
    };
    let words = [before, task.status].map(|status| status.to_value().replace('_', " "));
    let text = format!("{} changed “{}” from {} to {}.", actor(tx).await?, task.title, words[0], words[1]);
    let others: Vec<_> = people(tx, task).await?.into_iter().filter(|id| Some(*id) != assignee).collect();
    notify(tx, &others, &Notice { kind: NotificationKind::StatusChanged, task: Some(task), about, text })
        .await
}

/// Notifies the new assignee of a client request. All users see requests.
async fn about_request(tx: &Tx, old: Option<&ClientRequest>, request: &ClientRequest) -> Result<()> {
    let given = request.assignee_id.filter(|id| old.is_none_or(|old| old.assignee_id != Some(*id)));
    let Some(assignee) = given.filter(|id| tx.ctx().actor() != Actor::System && tx.ctx().user() != Some(*id))
    else {
        return Ok(());
    };
    let text = format!("{} assigned “{}” to you.", actor(tx).await?, request.title);
    let about = (ClientRequest::TYPE, request.id);
    notify(tx, &[assignee], &Notice { kind: NotificationKind::Assigned, task: None, about, text }).await
}

/// Notifies the managers of a project that a user can no longer see it, and that their open tasks
/// have no assignee.
pub(crate) async fn about_unassigned(tx: &Tx, project: Uuid, user: &User, tasks: usize) -> Result<()> {
    let Some(project) = tx.find::<Project>(project, false).await? else { return Ok(()) };
    let team = match project.team_id {
        Some(team) => tx.find::<Team>(team, false).await?,
        None => None,
    };
    let of_team = team.and_then(|team| team.manager_id).filter(|id| Some(*id) != project.manager_id);
    let managers: Vec<_> = project.manager_id.into_iter().chain(of_team).collect();
    let left = if tasks == 1 { "1 open task has".to_owned() } else { format!("{tasks} open tasks have") };
    let text = format!("{} can no longer see “{}”: {left} no assignee now.", user.full_name(), project.name);
    let about = (Project::TYPE, project.id);
    notify(tx, &managers, &Notice { kind: NotificationKind::Assigned, task: None, about, text }).await
}

/// Notifies the users whom a comment mentions for the first time. A new comment also notifies the
/// owner, the assignee and the watchers of its task.
async fn about_comment(tx: &Tx, old: Option<&Comment>, comment: &Comment) -> Result<()> {
    let Some(task) = &tx.find::<Task>(comment.task_id, false).await? else { return Ok(()) };
    let known = old.map(|old| old.mentions.0.as_slice()).unwrap_or_default();
    let mentioned: Vec<_> = comment.mentions.0.iter().copied().filter(|id| !known.contains(id)).collect();
    let (about, actor) = ((Comment::TYPE, comment.id), actor(tx).await?);
    let text = format!("{actor} mentioned you in a comment on “{}”.", task.title);
    notify(tx, &mentioned, &Notice { kind: NotificationKind::Mentioned, task: Some(task), about, text })
        .await?;
    if old.is_some() {
        return Ok(());
    }
    let others: Vec<_> = people(tx, task).await?.into_iter().filter(|id| !mentioned.contains(id)).collect();
    let text = format!("{actor} commented on “{}”.", task.title);
    notify(tx, &others, &Notice { kind: NotificationKind::Commented, task: Some(task), about, text }).await
}

/// Notifies a user of an alarm of a task.
pub(super) async fn of_alarm(tx: &Tx, kind: NotificationKind, task: &Task, user: Uuid) -> Result<()> {
    let text = match kind {
        NotificationKind::DueSoon => format!("“{}” is due within a day.", task.title),
        NotificationKind::Overdue => format!("“{}” is overdue.", task.title),
        _ => format!("Reminder: “{}”.", task.title),
    };
    notify(tx, &[user], &Notice { kind, task: Some(task), about: (Task::TYPE, task.id), text }).await
}

/// The watchers, the owner and the assignee of a task, each once.
async fn people(tx: &Tx, task: &Task) -> Result<Vec<Uuid>> {
    let mut people = watcher::of_task(tx, task.id).await?;
    let own = [task.owner_id, task.assignee_id];
    people.retain(|id| !own.contains(&Some(*id)));
    people.extend(task.owner_id);
    people.extend(task.assignee_id.filter(|id| task.owner_id != Some(*id)));
    Ok(people)
}

/// The name of the actor.
async fn actor(tx: &Tx) -> Result<String> {
    let user = match tx.ctx().user() {
        Some(id) => tx.find::<User>(id, false).await?,
        None => None,
    };
    Ok(user.map_or_else(|| "A service account".to_owned(), |user| user.full_name()))
}

/// Notifies users: those who are active, did not cause the change, see the task and want the
/// notification.
async fn notify(tx: &Tx, to: &[Uuid], notice: &Notice<'_>) -> Result<()> {
    for id in to.iter().filter(|id| tx.ctx().user() != Some(**id)) {
        let Some(user) = tx.find::<User>(*id, false).await?.filter(|user| user.is_active) else { continue };
        let channel = notice.kind.channel(&user.notification_preferences.0);
        if channel == Channel::None {
            continue;
        }
        if let Some(task) = notice.task
            && !task::is_seen(task, &tx.seen_by(&user)).await?
        {
            continue;
        }
        put(tx, &user, notice)?;
        if channel == Channel::Mail && user.takes_mail() {
            post(tx, &user, notice).await?;
        }
    }
    Ok(())
}

/// Writes a notification to the inbox of a user.
fn put(tx: &Tx, user: &User, Notice { kind, task, about: (noun, row), text }: &Notice<'_>) -> Result<()> {
    let born = tx.birth();
    let row = Notification {
        tenant_id: born.tenant,
        id: born.id,
        user_id: user.id,
        kind: *kind,
        noun: noun.as_str().to_owned(),
        row_id: *row,
        task_id: task.map_or(Uuid::nil(), |task| task.id),
        actor_id: tx.ctx().actor().id(),
        text: text.clone(),
        read_at: None,
        created_at: born.at,
        updated_at: born.at,
        version: 1,
        unread: true,
    };
    tx.insert_internal_and_publish(&row)
}

/// Sends a notification by email, after the quiet hours of the user.
async fn post(tx: &Tx, user: &User, notice: &Notice<'_>) -> Result<()> {
    let mail = Mail::Notification { text: notice.text.clone() };
    let Some((from, until)) = user.notification_preferences.0.quiet_hours() else {
        return mail::send(tx, &user.email, &mail).await;
    };
    let zone = match &user.time_zone {
        Some(zone) => Some(zone.clone()),
        None => tx.find::<Tenant>(user.tenant_id, false).await?.map(|tenant| tenant.time_zone),
    };
    let end = quiet::end(tx.now(), zone.as_deref().unwrap_or("UTC"), from, until);
    mail::send_at(tx, &user.email, &mail, end.unwrap_or(tx.now())).await
}
