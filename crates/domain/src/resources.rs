//! The one list of resources. What must treat all of them alike reads it: permissions, the change
//! feed and search.

/// Calls a macro with the types of all resources that a filter selects: `all`, or the word of a
/// column of the table.
///
/// - `feed`: its changes are in the change feed. The others are never changed themselves.
/// - `search`: `GET /search` finds its rows.
/// - `words`: its rows are indexed by their words, for `q` in its lists.
macro_rules! each {
    ($filter:ident, $callback:ident) => {
        $crate::resources::select! { $filter $callback []
            { crate::tenant::Tenant, feed, -, - }
            { crate::user::User, feed, -, - }
            { crate::session::Session, feed, -, - }
            { crate::second_factor::SecondFactor, feed, -, - }
            { crate::access_token::AccessToken, feed, -, - }
            { crate::service_account::ServiceAccount, feed, -, - }
            { crate::invitation::Invitation, feed, -, - }
            { crate::team::Team, feed, -, words }
            { crate::team::TeamMember, feed, -, - }
            { crate::project::Project, feed, search, words }
            { crate::project::Milestone, feed, -, - }
            { crate::task::Task, feed, search, words }
            { crate::task::TaskDependency, feed, -, - }
            { crate::label::Label, feed, -, - }
            { crate::comment::Comment, feed, search, words }
            { crate::watcher::Watcher, feed, -, - }
            { crate::reminder::Reminder, feed, -, - }
            { crate::notification::Notification, feed, -, - }
            { crate::attachment::Attachment, feed, -, - }
            { crate::time_entry::TimeEntry, feed, -, - }
            { crate::document::Document, feed, search, words }
            { crate::document::DocumentVersion, -, -, - }
            { crate::client::Client, feed, -, words }
            { crate::request::RequestType, feed, -, words }
            { crate::request::ClientRequest, feed, search, words }
            { crate::audit::AuditEntry, -, -, - }
        }
    };
}
pub(crate) use each;

/// Picks the types of a table's lines, one after the other, and calls a macro with them at the end.
macro_rules! select {
    (all $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, $search:tt, $words:tt } $($rest:tt)*) => {
        $crate::resources::select! { all $callback [$($out,)* $resource,] $($rest)* }
    };
    (feed $callback:ident [$($out:ty,)*] { $resource:ty, feed, $search:tt, $words:tt } $($rest:tt)*) => {
        $crate::resources::select! { feed $callback [$($out,)* $resource,] $($rest)* }
    };
    (search $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, search, $words:tt } $($rest:tt)*) => {
        $crate::resources::select! { search $callback [$($out,)* $resource,] $($rest)* }
    };
    (words $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, $search:tt, words } $($rest:tt)*) => {
        $crate::resources::select! { words $callback [$($out,)* $resource,] $($rest)* }
    };
    ($filter:ident $callback:ident [$($out:ty,)*] { $($other:tt)* } $($rest:tt)*) => {
        $crate::resources::select! { $filter $callback [$($out,)*] $($rest)* }
    };
    ($filter:ident $callback:ident [$($out:ty,)*]) => {
        $callback! { $($out),* }
    };
}
pub(crate) use select;
