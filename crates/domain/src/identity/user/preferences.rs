//! The notification preferences of a user.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Error, Result, kernel::time_zone::time_of_day};

/// Where notifications of a kind go: `inbox`, `mail` (the inbox and, if the address is verified,
/// email) or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The inbox.
    Inbox,
    /// The inbox and, if the email address is verified, email. See `mail_deliverable` of the
    /// profile.
    Mail,
    /// Nowhere.
    None,
}

/// The channels for each kind of notification, and the quiet hours for email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// The channel for the kind `assigned`: a task or a client request was assigned to the user. It
    /// is also for tasks that lost their assignee in a project that the user manages.
    pub assignment: Channel,
    /// The channel for the kind `mentioned`: a comment mentions the user.
    pub mention: Channel,
    /// The channel for the kind `commented`: a new comment on a task that the user owns, is
    /// assigned or watches.
    pub comment: Channel,
    /// The channel for the kind `status_changed`: a new status of a task that the user owns, is
    /// assigned or watches.
    pub status: Channel,
    /// The channel for the kind `due_soon`: a task is due within a day. It goes to the assignee, or
    /// else to the owner.
    pub due_soon: Channel,
    /// The channel for the kind `overdue`: a task is overdue. It goes to the assignee, or else to
    /// the owner.
    pub overdue: Channel,
    /// The channel for the kind `reminder`: a reminder that the user set.
    pub reminder: Channel,
    /// The start of the quiet hours, as `HH:MM` in the time zone of the user, or else of the
    /// organisation. During quiet hours no notification is sent by email. Null, with `quiet_until`,
    /// for no quiet hours.
    #[garde(custom(is_time_of_day))]
    #[schema(
        format = "time-of-day",
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        example = "22:00"
    )]
    pub quiet_from: Option<String>,
    /// The end of the quiet hours, as `HH:MM`. Quiet hours can span midnight. Emails that were held
    /// back are sent at their end. The inbox is not affected.
    #[garde(custom(is_time_of_day))]
    #[schema(
        format = "time-of-day",
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        example = "07:00"
    )]
    pub quiet_until: Option<String>,
}

/// A garde rule: a time of day.
#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn is_time_of_day(text: &Option<String>, _: &()) -> garde::Result {
    match text {
        Some(text) if time_of_day(text).is_none() => {
            Err(garde::Error::new("must be a time of day, like 07:30"))
        }
        _ => Ok(()),
    }
}

impl Preferences {
    /// The times of day between which emails are held back.
    pub(crate) fn quiet_hours(&self) -> Option<(&str, &str)> {
        self.quiet_from.as_deref().zip(self.quiet_until.as_deref())
    }

    /// A rule for two fields: quiet hours have a start and an end.
    ///
    /// # Errors
    /// `Invalid` at the missing field.
    pub(super) fn whole(&self) -> Result<()> {
        let missing = match (&self.quiet_from, &self.quiet_until) {
            (Some(_), None) => "quiet_until",
            (None, Some(_)) => "quiet_from",
            _ => return Ok(()),
        };
        let message =
            "Quiet hours need a start and an end: give both quiet_from and quiet_until, or neither.";
        Err(Error::field(format!("/notification_preferences/{missing}"), "required", message))
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            assignment: Channel::Inbox,
            mention: Channel::Inbox,
            comment: Channel::Inbox,
            status: Channel::Inbox,
            due_soon: Channel::Inbox,
            overdue: Channel::Mail,
            reminder: Channel::Inbox,
            quiet_from: None,
            quiet_until: None,
        }
    }
}
