//! Demonstration data: what people worked in the last weeks.

use std::time::Duration;

use serde_json::json;
use taskhub_domain::{
    Context, Result, edit,
    input::Unchecked,
    list::Query,
    task::{Task, TaskStatus},
    time_entry,
};

use crate::state::State;

const NOTES: [&str; 4] = ["First draft", "Second draft", "With the client", "What was left"];

/// Enters time on the tasks of a page that are begun, by those whom they are assigned.
pub(super) async fn worked(state: &State, ctx: &Context) -> Result<()> {
    let query = Query(vec![("page_size".to_owned(), "200".to_owned())]);
    let tasks = edit::list::<Task>(&state.store, ctx, &query).await?.results;
    let begun = tasks.into_iter().filter(|task| task.status != TaskStatus::Todo);
    let mut entries = Vec::new();
    for (number, task) in (0_u64..).zip(begun) {
        let Some(user) = task.assignee_id else { continue };
        let note = NOTES.get(usize::try_from(number).unwrap_or_default() % NOTES.len());
        let start = ctx.now().minus(Duration::from_hours(number * 7 % (28 * 24) + 4));
        let body = json!({ "started_at": start, "minutes": 15 * (number % 12 + 1), "note": note });
        entries.push((task.id, user, body));
    }
    let enter = state.store.write(ctx, entries, |tx, entries| {
        Box::pin(async move {
            for (task, user, body) in entries {
                time_entry::enter(tx, *task, *user, &Unchecked::new(body.clone())).await?;
            }
            Ok(())
        })
    });
    enter.await
}
