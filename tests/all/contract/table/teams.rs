//! Teams and their members.

use serde_json::{Value, json};

use super::{Entry, Fixture, Slot, fresh};

const IDS: &[(&str, Slot)] = &[("/manager_id", Slot::Assignee)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_teams", &["teams:read"]).query_ids(&[("manager", Slot::Assignee)]),
    Entry::scoped("create_team", &["teams:write"]).body(team, IDS).changes(&["search_text", "team"]),
    Entry::scoped("get_team", &["teams:read"]).path(&[Slot::Team]),
    Entry::scoped("replace_team", &["teams:write"])
        .path(&[Slot::Team])
        .body(team, IDS)
        .changes(&["search_text", "team"]),
    Entry::scoped("update_team", &["teams:write"])
        .path(&[Slot::Team])
        .body(team, IDS)
        .changes(&["search_text", "team"]),
    Entry::scoped("delete_team", &["teams:write"]).path(&[Slot::OtherTeam]).changes(&[
        "search_text",
        "team",
        "team_member",
    ]),
    Entry::history("list_team_history", &["teams:read", "history:read"]).path(&[Slot::Team]),
    Entry::scoped("list_team_members", &["teams:read"])
        .path(&[Slot::Team])
        .query_ids(&[("user", Slot::Member)])
        .children("team_id"),
    Entry::scoped("create_team_member", &["teams:read", "teams:write"])
        .path(&[Slot::Team])
        .body(new_team_member, &[("/user_id", Slot::Assignee)])
        .changes(&["team_member"]),
    Entry::scoped("get_team_member", &["teams:read"]).path(&[Slot::Team, Slot::TeamMember]),
    Entry::scoped("replace_team_member", &["teams:read", "teams:write"])
        .path(&[Slot::Team, Slot::TeamMember])
        .body(team_member, &[("/user_id", Slot::Member)])
        .changes(&["team_member"]),
    Entry::scoped("update_team_member", &["teams:read", "teams:write"])
        .path(&[Slot::Team, Slot::TeamMember])
        .body(team_member, &[("/user_id", Slot::Member)])
        .changes(&["team_member"]),
    Entry::scoped("delete_team_member", &["teams:read", "teams:write"])
        .path(&[Slot::Team, Slot::TeamMember])
        .query_ids(&[("transfer_to", Slot::Lead)])
        .unknown_id(400, "invalid_parameter")
        .changes(&["team_member"]),
    Entry::history("list_team_member_history", &["teams:read", "history:read"])
        .path(&[Slot::Team, Slot::TeamMember]),
];

fn team(fixture: &Fixture) -> Value {
    json!({
        "name": fresh(), "description": "All who draw.", "goals": "One look for everything.",
        "manager_id": fixture.id(Slot::Assignee),
    })
}

fn new_team_member(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Assignee), "role": "Illustrator" })
}

fn team_member(fixture: &Fixture) -> Value {
    json!({ "user_id": fixture.id(Slot::Member), "role": "Illustrator" })
}
