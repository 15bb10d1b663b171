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
        $crate::insight::resources::select! { $filter $callback []
            { crate::identity::tenant::Tenant, feed, -, - }
            { crate::identity::user::User, feed, -, - }
            { crate::identity::session::Session, feed, -, - }
            { crate::identity::second_factor::SecondFactor, feed, -, - }
            { crate::identity::access_token::AccessToken, feed, -, - }
            { crate::identity::service_account::ServiceAccount, feed, -, - }
            { crate::identity::invitation::Invitation, feed, -, - }
            { crate::work::team::Team, feed, -, words }
            { crate::work::team::TeamMember, feed, -, - }
            { crate::work::project::Project, feed, search, words }
            { crate::work::project::Milestone, feed, -, - }
            { crate::work::task::Task, feed, search, words }
            { crate::work::task::TaskDependency, feed, -, - }
            { crate::work::label::Label, feed, -, - }
            { crate::work::comment::Comment, feed, search, words }
            { crate::work::watcher::Watcher, feed, -, - }
            { crate::work::reminder::Reminder, feed, -, - }
            { crate::insight::notification::Notification, feed, -, - }
            { crate::work::attachment::Attachment, feed, -, - }
            { crate::work::time_entry::TimeEntry, feed, -, - }
            { crate::work::document::Document, feed, search, words }
            { crate::work::document::DocumentVersion, -, -, - }
            { crate::work::client::Client, feed, -, words }
            { crate::work::request::RequestType, feed, -, words }
            { crate::work::request::ClientRequest, feed, search, words }
            { crate::kernel::audit::AuditEntry, -, -, - }
        }
    };
}
pub(crate) use each;

/// Picks the types of a table's lines, one after the other, and calls a macro with them at the end.
macro_rules! select {
    (all $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, $search:tt, $words:tt } $($rest:tt)*) => {
        $crate::insight::resources::select! { all $callback [$($out,)* $resource,] $($rest)* }
    };
    (feed $callback:ident [$($out:ty,)*] { $resource:ty, feed, $search:tt, $words:tt } $($rest:tt)*) => {
        $crate::insight::resources::select! { feed $callback [$($out,)* $resource,] $($rest)* }
    };
    (search $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, search, $words:tt } $($rest:tt)*) => {
        $crate::insight::resources::select! { search $callback [$($out,)* $resource,] $($rest)* }
    };
    (words $callback:ident [$($out:ty,)*] { $resource:ty, $feed:tt, $search:tt, words } $($rest:tt)*) => {
        $crate::insight::resources::select! { words $callback [$($out,)* $resource,] $($rest)* }
    };
    ($filter:ident $callback:ident [$($out:ty,)*] { $($other:tt)* } $($rest:tt)*) => {
        $crate::insight::resources::select! { $filter $callback [$($out,)*] $($rest)* }
    };
    ($filter:ident $callback:ident [$($out:ty,)*]) => {
        $callback! { $($out),* }
    };
}
pub(crate) use select;
