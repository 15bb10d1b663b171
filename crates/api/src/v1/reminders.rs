//! `/api/v1/tasks/{id}/reminders`.

use taskhub_domain::reminder::{Reminder, ReminderInput};

use super::endpoints::endpoints_within;

endpoints_within! {
    one "reminder", many "reminders", of "task", removal "was deleted";
    Reminder by ReminderInput, tagged "reminders", at "/{id}/reminders", "/{id}/reminders/{reminder_id}", "/{id}/reminders/{reminder_id}/history", by "reminder_id";
    /// List one's reminders of a task
    list_reminders;
    /// Ask to be reminded of a task
    ///
    /// At an instant, or so many minutes before it is due. It fires once, as a notification; of a task that is done or cancelled by then nobody is
    /// reminded. At most 20 of a task.
    create_reminder;
    /// Get a reminder
    ///
    /// One's own: to others it is not there.
    get_reminder;
    /// Replace a reminder
    ///
    /// One's own. One that is set anew fires anew.
    replace_reminder;
    /// Change a reminder
    ///
    /// One's own. One that is set anew fires anew.
    update_reminder;
    /// Delete a reminder
    ///
    /// One's own.
    delete_reminder;
    /// List what happened to a reminder
    list_reminder_history;
}
