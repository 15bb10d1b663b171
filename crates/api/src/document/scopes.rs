//! The scopes that an operation requires of a credential with limited scopes, by its path.
//!
//! The policy decides by the rows that an operation reads and writes; this module says the same in
//! advance. A contract test over all operations proves that both agree.

/// The required scopes; that of the resource in the path comes first.
pub(super) fn of(path: &str, method: &str) -> Vec<String> {
    let verb = if method == "get" { "read" } else { "write" };
    let Some(path) = path.strip_prefix("/api/v1/") else { return Vec::new() };
    let own = |noun: &str| vec![format!("{noun}:{verb}")];
    let reads = |nouns: &[&str]| nouns.iter().map(|noun| format!("{noun}:read")).collect();
    match path.split('/').collect::<Vec<_>>()[..] {
        // They return what the scopes of the credential allow, and reject no credential.
        ["search" | "changes" | "events"] | ["auth", "permissions"] | [] => Vec::new(),
        ["auth", "profile" | "change-password", ..] | ["users", "{id}", "history"] => own("users"),
        ["users", "{id}", "changes"] => reads(&["users", "history"]),
        [noun, "history"] | [noun, "deleted", "{id}", "history"] => reads(&[noun, "history"]),
        ["auth", "mfa", ..] | ["users", "{id}", "second-factor"] => own("second-factor"),
        ["auth", ..] => own("sessions"),
        ["dashboard"] => own("tasks"),
        ["timer"] => own("time-entries"),
        ["projects", "statistics"] => reads(&["projects", "tasks"]),
        ["requests", "dashboard"] => reads(&["clients", "request-types", "requests"]),
        [parent, "{id}", within, ..] => {
            let noun = match within {
                "dependencies" | "watchers" | "statistics" => "tasks",
                "members" => "teams",
                "milestones" => "projects",
                "timer" => "time-entries",
                "versions" => parent,
                "attachments" | "comments" | "history" | "reminders" | "requests" | "sessions" | "tasks"
                | "time-entries" => within,
                // An action on the resource itself.
                _ => return own(parent),
            };
            let mut all = vec![format!("{parent}:read"), format!("{noun}:{verb}")];
            all.dedup();
            if path.ends_with("_id}/history") {
                all.push("history:read".to_owned());
            }
            all
        }
        [noun, ..] => own(noun),
    }
}
