//! The endpoints of reminders, under `/api/v1/tasks/{id}/reminders`.

use taskhub_domain::reminder::{Reminder, ReminderInput};

use super::endpoints::endpoints_within;

endpoints_within! {
    one "reminder", many "reminders", of "task", removal "was deleted";
    Reminder by ReminderInput, tagged "reminders", at "/{id}/reminders", "/{id}/reminders/{reminder_id}", "/{id}/reminders/{reminder_id}/history", by "reminder_id";
    /// List the caller's reminders of a task
    ///
    /// Returns only the reminders of the caller. Nobody sees the reminders of another user.
    list_reminders;
    /// Create a reminder
    ///
    /// Reminds the caller of a task that they can see. The body gives a time, or a number of
    /// minutes before the due date. The reminder fires once, as a notification. It does not fire if
    /// the task is done, cancelled or deleted by then. Fails with 409 `conflict` if the caller has
    /// 20 reminders of the task. A service account gets 403 `forbidden`.
    create_reminder;
    /// Get a reminder
    ///
    /// Returns a reminder of the caller. A reminder of another user gets 404.
    get_reminder;
    /// Replace a reminder
    ///
    /// Replaces the time of the reminder. A reminder that has fired fires again if its time
    /// changes. A reminder of another user gets 404.
    replace_reminder;
    /// Update a reminder
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field. A
    /// reminder that has fired fires again if its time changes. A reminder of another user gets
    /// 404.
    update_reminder;
    /// Delete a reminder
    ///
    /// Deletes the reminder permanently. A reminder of another user gets 404.
    delete_reminder;
    /// List the history of a reminder
    list_reminder_history;
}
