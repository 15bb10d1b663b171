//! What is said about the first tasks.

use serde_json::json;
use taskhub_domain::{Result, Tx, comment::Comment, edit, input::Unchecked, task::Task};

/// Comments on the first tasks of a batch.
const COMMENTED: usize = 3;
const SAID: [&str; 2] =
    ["The first half is there.", "Looks good to me. @ada, do you want to see it before it goes out?"];

/// Says something about some of the tasks.
pub(super) async fn comment_on(tx: &Tx, tasks: &[Task]) -> Result<()> {
    for task in tasks.iter().take(COMMENTED) {
        for said in SAID {
            edit::create_within::<Comment>(tx, task.id, &Unchecked::new(json!({ "body": said }))).await?;
        }
    }
    Ok(())
}
