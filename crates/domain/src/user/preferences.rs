//! How a user wants to be told of what.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Error, Result,
    notification::{NotificationKind, is_time},
};

/// Where a notification goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// To the inbox.
    Inbox,
    /// To the inbox and, once the user's email is verified, by mail: the profile's
    /// `mail_deliverable` says so.
    Mail,
    /// Nowhere.
    None,
}

/// How a user wants to be told, by kind of notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// A task or a client's request was assigned to the user: notifications of the kind `assigned`.
    pub assignment: Channel,
    /// Somebody mentioned the user: `mentioned`.
    pub mention: Channel,
    /// Somebody commented on the user's task: `commented`.
    pub comment: Channel,
    /// The status of the user's task changed: `status_changed`.
    pub status: Channel,
    /// A task of the user's is due soon.
    pub due_soon: Channel,
    /// A task of the user's is overdue.
    pub overdue: Channel,
    /// What the user wanted to be reminded of.
    pub reminder: Channel,
    /// From this time of day on, in the user's time zone (the organisation's, if they have none),
    /// mail of notifications waits. It goes with `quiet_until`: both or neither.
    #[garde(custom(time_of_day))]
    #[schema(
        format = "time-of-day",
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        example = "22:00"
    )]
    pub quiet_from: Option<String>,
    /// Until this time of day. Quiet hours may go over midnight; the inbox does not wait.
    #[garde(custom(time_of_day))]
    #[schema(
        format = "time-of-day",
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        example = "07:00"
    )]
    pub quiet_until: Option<String>,
}

/// A rule of garde: a time of day.
#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn time_of_day(text: &Option<String>, _: &()) -> garde::Result {
    match text {
        Some(text) if !is_time(text) => Err(garde::Error::new("must be a time of day, like 07:30")),
        _ => Ok(()),
    }
}

impl Preferences {
    /// Where notifications of a kind go.
    pub(crate) fn channel(&self, kind: NotificationKind) -> Channel {
        match kind {
            NotificationKind::Assigned => self.assignment,
            NotificationKind::Mentioned => self.mention,
            NotificationKind::Commented => self.comment,
            NotificationKind::StatusChanged => self.status,
            NotificationKind::DueSoon => self.due_soon,
            NotificationKind::Overdue => self.overdue,
            NotificationKind::Reminder => self.reminder,
        }
    }

    /// Between which times of day mail waits.
    pub(crate) fn quiet_hours(&self) -> Option<(&str, &str)> {
        self.quiet_from.as_deref().zip(self.quiet_until.as_deref())
    }

    /// A rule that spans two fields: quiet hours have a beginning and an end.
    ///
    /// # Errors
    /// `Invalid`, at the field that is missing.
    pub(super) fn whole(&self) -> Result<()> {
        let missing = match (&self.quiet_from, &self.quiet_until) {
            (Some(_), None) => "quiet_until",
            (None, Some(_)) => "quiet_from",
            _ => return Ok(()),
        };
        let message = "Quiet hours have a beginning and an end: give both or neither.";
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
