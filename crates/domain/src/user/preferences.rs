//! How a user wants to be told of what.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a notification goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// To the inbox.
    Inbox,
    /// To the inbox and by mail.
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
    /// A task was assigned to the user.
    pub assignment: Channel,
    /// Somebody mentioned the user.
    pub mention: Channel,
    /// Somebody commented on the user's task.
    pub comment: Channel,
    /// The status of the user's task changed.
    pub status: Channel,
    /// A task of the user's is due soon.
    pub due_soon: Channel,
    /// A task of the user's is overdue.
    pub overdue: Channel,
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
        }
    }
}
