//! The table: who may do what, line by line.

use super::words::{Action, Fact, Ground, Noun, Role};

const ALL: Ground = Ground { role: None, fact: None };
const ADMIN: Ground = Ground::role(Role::Admin);
const MANAGER: Ground = Ground::role(Role::Manager);
const MANAGER_IF_PERSONAL: Ground = Ground { role: Some(Role::Manager), fact: Some(Fact::Personal) };
const ONESELF: Ground = Ground::fact(Fact::Oneself);
const OWNER_IF_PERSONAL: Ground = Ground::fact(Fact::PersonalOwner);
const ASSIGNEE_IF_PERSONAL: Ground = Ground::fact(Fact::PersonalAssignee);
const OWNER: Ground = Ground::fact(Fact::Owner);
const ASSIGNEE: Ground = Ground::fact(Fact::Assignee);
const AUTHOR: Ground = Ground::fact(Fact::Author);
const PROJECT_VISIBLE: Ground = Ground::fact(Fact::ProjectVisible);
const MANAGES_PROJECT: Ground = Ground::fact(Fact::ManagesProject);
const TEAM_MEMBER: Ground = Ground::fact(Fact::TeamMember);
const MANAGES_TEAM: Ground = Ground::fact(Fact::ManagesTeam);
const TASK_VISIBLE: Ground = Ground::fact(Fact::TaskVisible);

/// The table: for a noun and an action, the grounds of which one is enough. What is not here is allowed to nobody.
///
/// The grounds for reading decide about visibility, and [`super::judge`] asks for them first. So a
/// caller who owns, wrote or is assigned a row in a team's project may change it only while they
/// see the project.
pub const POLICY: &[(Noun, Action, &[Ground])] = &[
    (Noun::Tenant, Action::Read, &[ALL]),
    (Noun::Tenant, Action::Create, &[ADMIN]),
    (Noun::Tenant, Action::Update, &[ADMIN]),
    (Noun::User, Action::Read, &[ALL]),
    (Noun::User, Action::ReadPrivate, &[ADMIN, ONESELF]),
    (Noun::User, Action::Create, &[ADMIN]),
    (Noun::User, Action::Update, &[ADMIN]),
    (Noun::User, Action::UpdateProfile, &[ONESELF]),
    (Noun::User, Action::Delete, &[ADMIN]),
    (Noun::Session, Action::Read, &[ADMIN, OWNER]),
    (Noun::Session, Action::Create, &[ALL]),
    (Noun::Session, Action::Update, &[ADMIN, OWNER]),
    (Noun::Invitation, Action::Read, &[ADMIN, AUTHOR]),
    (Noun::Invitation, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Invitation, Action::Update, &[ADMIN, AUTHOR]),
    (Noun::Invitation, Action::Delete, &[ADMIN, AUTHOR]),
    (Noun::SecondFactor, Action::Read, &[ADMIN, OWNER]),
    (Noun::SecondFactor, Action::Create, &[ALL]),
    (Noun::SecondFactor, Action::Update, &[OWNER]),
    (Noun::SecondFactor, Action::Delete, &[ADMIN, OWNER]),
    (Noun::AccessToken, Action::Read, &[ADMIN, OWNER]),
    (Noun::AccessToken, Action::Create, &[ALL]),
    (Noun::AccessToken, Action::Update, &[OWNER]),
    (Noun::AccessToken, Action::Delete, &[ADMIN, OWNER]),
    (Noun::ServiceAccount, Action::Read, &[ADMIN]),
    (Noun::ServiceAccount, Action::Create, &[ADMIN]),
    (Noun::ServiceAccount, Action::Update, &[ADMIN]),
    (Noun::ServiceAccount, Action::Delete, &[ADMIN]),
    (Noun::Team, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM]),
    (Noun::Team, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Team, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (Noun::Team, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM, OWNER]),
    (Noun::TeamMember, Action::Create, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (Noun::Project, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Project, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Project, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Project, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Milestone, Action::Create, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (
        Noun::Task,
        Action::Read,
        &[ADMIN, PROJECT_VISIBLE, OWNER_IF_PERSONAL, ASSIGNEE_IF_PERSONAL, MANAGER_IF_PERSONAL],
    ),
    (Noun::Task, Action::Create, &[ALL]),
    (Noun::Task, Action::Update, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE, MANAGER_IF_PERSONAL]),
    (Noun::Task, Action::Override, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL]),
    (Noun::Task, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER, MANAGER_IF_PERSONAL]),
    (Noun::TaskDependency, Action::Read, &[TASK_VISIBLE]),
    (Noun::TaskDependency, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE]),
    (Noun::TaskDependency, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL, AUTHOR]),
    (Noun::Label, Action::Read, &[ALL]),
    (Noun::Label, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Label, Action::Update, &[ADMIN, MANAGER]),
    (Noun::Label, Action::Delete, &[ADMIN]),
    (Noun::Comment, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Comment, Action::Create, &[ADMIN, TASK_VISIBLE]),
    (Noun::Comment, Action::Update, &[AUTHOR]),
    (Noun::Comment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::CommentVersion, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Watcher, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Watcher, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::Watcher, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::Reminder, Action::Read, &[OWNER]),
    (Noun::Reminder, Action::Create, &[OWNER]),
    (Noun::Reminder, Action::Update, &[OWNER]),
    (Noun::Reminder, Action::Delete, &[OWNER]),
    (Noun::Notification, Action::Read, &[OWNER]),
    (Noun::Notification, Action::Update, &[OWNER]),
    (Noun::Notification, Action::Delete, &[OWNER]),
    (Noun::Attachment, Action::Read, &[TASK_VISIBLE]),
    (Noun::Attachment, Action::Create, &[TASK_VISIBLE]),
    (Noun::Attachment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::TimeEntry, Action::Read, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::TimeEntry, Action::Create, &[OWNER]),
    (Noun::TimeEntry, Action::Update, &[ADMIN, OWNER]),
    (Noun::TimeEntry, Action::Delete, &[ADMIN, OWNER]),
    (Noun::Report, Action::Read, &[ALL]),
    (Noun::Document, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Document, Action::Create, &[ALL]),
    (Noun::Document, Action::Update, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::Document, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::DocumentVersion, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Client, Action::Read, &[ALL]),
    (Noun::Client, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Client, Action::Update, &[ADMIN, MANAGER]),
    (Noun::Client, Action::Delete, &[ADMIN]),
    (Noun::RequestType, Action::Read, &[ALL]),
    (Noun::RequestType, Action::Create, &[ADMIN, MANAGER]),
    (Noun::RequestType, Action::Update, &[ADMIN, MANAGER]),
    (Noun::RequestType, Action::Delete, &[ADMIN]),
    (Noun::ClientRequest, Action::Read, &[ALL]),
    (Noun::ClientRequest, Action::Create, &[ALL]),
    (Noun::ClientRequest, Action::Update, &[ALL]),
    (Noun::ClientRequest, Action::Delete, &[ADMIN]),
    (Noun::Audit, Action::Read, &[ADMIN]),
    (Noun::History, Action::Read, &[ADMIN, OWNER]),
    // It is reached through the row alone.
    (Noun::Change, Action::Read, &[ALL]),
];
