//! The policy table: who may do what, line by line. The words in it are explained in
//! `vocabulary`.

use super::vocabulary::{Action, Relation, ResourceType, Role, Rule};

const ALL: Rule = Rule { role: None, relation: None };
const ADMIN: Rule = Rule::role(Role::Admin);
const MANAGER: Rule = Rule::role(Role::Manager);
const MANAGER_IF_PERSONAL: Rule = Rule { role: Some(Role::Manager), relation: Some(Relation::Personal) };
const ONESELF: Rule = Rule::relation(Relation::Oneself);
const OWNER_IF_PERSONAL: Rule = Rule::relation(Relation::PersonalOwner);
const ASSIGNEE_IF_PERSONAL: Rule = Rule::relation(Relation::PersonalAssignee);
const OWNER: Rule = Rule::relation(Relation::Owner);
const ASSIGNEE: Rule = Rule::relation(Relation::Assignee);
const AUTHOR: Rule = Rule::relation(Relation::Author);
const PROJECT_VISIBLE: Rule = Rule::relation(Relation::ProjectVisible);
const MANAGES_PROJECT: Rule = Rule::relation(Relation::ManagesProject);
const TEAM_MEMBER: Rule = Rule::relation(Relation::TeamMember);
const MANAGES_TEAM: Rule = Rule::relation(Relation::ManagesTeam);
const TASK_VISIBLE: Rule = Rule::relation(Relation::TaskVisible);

/// The table: the rules for a resource type and an action. One rule is enough. What is not in the
/// table is allowed to nobody.
///
/// The rules for reading decide about visibility, and [`super::authorize`] checks them first. So a
/// caller who owns, wrote or is assigned a row in a team's project may change it only while they
/// see the project.
pub const POLICY: &[(ResourceType, Action, &[Rule])] = &[
    (ResourceType::Tenant, Action::Read, &[ALL]),
    (ResourceType::Tenant, Action::Create, &[ADMIN]),
    (ResourceType::Tenant, Action::Update, &[ADMIN]),
    (ResourceType::User, Action::Read, &[ALL]),
    (ResourceType::User, Action::ReadPrivate, &[ADMIN, ONESELF]),
    (ResourceType::User, Action::Create, &[ADMIN]),
    (ResourceType::User, Action::Update, &[ADMIN]),
    (ResourceType::User, Action::UpdateProfile, &[ONESELF]),
    (ResourceType::User, Action::Delete, &[ADMIN]),
    (ResourceType::Session, Action::Read, &[ADMIN, OWNER]),
    (ResourceType::Session, Action::Create, &[ALL]),
    (ResourceType::Session, Action::Update, &[ADMIN, OWNER]),
    (ResourceType::Invitation, Action::Read, &[ADMIN, AUTHOR]),
    (ResourceType::Invitation, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::Invitation, Action::Update, &[ADMIN, AUTHOR]),
    (ResourceType::Invitation, Action::Delete, &[ADMIN, AUTHOR]),
    (ResourceType::SecondFactor, Action::Read, &[ADMIN, OWNER]),
    (ResourceType::SecondFactor, Action::Create, &[ALL]),
    (ResourceType::SecondFactor, Action::Update, &[OWNER]),
    (ResourceType::SecondFactor, Action::Delete, &[ADMIN, OWNER]),
    (ResourceType::AccessToken, Action::Read, &[ADMIN, OWNER]),
    (ResourceType::AccessToken, Action::Create, &[ALL]),
    (ResourceType::AccessToken, Action::Update, &[OWNER]),
    (ResourceType::AccessToken, Action::Delete, &[ADMIN, OWNER]),
    (ResourceType::ServiceAccount, Action::Read, &[ADMIN]),
    (ResourceType::ServiceAccount, Action::Create, &[ADMIN]),
    (ResourceType::ServiceAccount, Action::Update, &[ADMIN]),
    (ResourceType::ServiceAccount, Action::Delete, &[ADMIN]),
    (ResourceType::Team, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM]),
    (ResourceType::Team, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::Team, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (ResourceType::Team, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (ResourceType::TeamMember, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM, OWNER]),
    (ResourceType::TeamMember, Action::Create, &[ADMIN, MANAGES_TEAM]),
    (ResourceType::TeamMember, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (ResourceType::TeamMember, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (ResourceType::Project, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (ResourceType::Project, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::Project, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (ResourceType::Project, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (ResourceType::Milestone, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (ResourceType::Milestone, Action::Create, &[ADMIN, MANAGES_PROJECT]),
    (ResourceType::Milestone, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (ResourceType::Milestone, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (
        ResourceType::Task,
        Action::Read,
        &[ADMIN, PROJECT_VISIBLE, OWNER_IF_PERSONAL, ASSIGNEE_IF_PERSONAL, MANAGER_IF_PERSONAL],
    ),
    (ResourceType::Task, Action::Create, &[ALL]),
    (ResourceType::Task, Action::Update, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE, MANAGER_IF_PERSONAL]),
    (ResourceType::Task, Action::Override, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL]),
    (ResourceType::Task, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER, MANAGER_IF_PERSONAL]),
    (ResourceType::TaskDependency, Action::Read, &[TASK_VISIBLE]),
    (ResourceType::TaskDependency, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE]),
    (ResourceType::TaskDependency, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL, AUTHOR]),
    (ResourceType::Label, Action::Read, &[ALL]),
    (ResourceType::Label, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::Label, Action::Update, &[ADMIN, MANAGER]),
    (ResourceType::Label, Action::Delete, &[ADMIN]),
    (ResourceType::Comment, Action::Read, &[TASK_VISIBLE]),
    (ResourceType::Comment, Action::Create, &[TASK_VISIBLE]),
    (ResourceType::Comment, Action::Update, &[AUTHOR]),
    (ResourceType::Comment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (ResourceType::CommentVersion, Action::Read, &[TASK_VISIBLE]),
    (ResourceType::Watcher, Action::Read, &[TASK_VISIBLE]),
    (ResourceType::Watcher, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (ResourceType::Watcher, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (ResourceType::Reminder, Action::Read, &[OWNER]),
    (ResourceType::Reminder, Action::Create, &[OWNER]),
    (ResourceType::Reminder, Action::Update, &[OWNER]),
    (ResourceType::Reminder, Action::Delete, &[OWNER]),
    (ResourceType::Notification, Action::Read, &[OWNER]),
    (ResourceType::Notification, Action::Update, &[OWNER]),
    (ResourceType::Notification, Action::Delete, &[OWNER]),
    (ResourceType::Attachment, Action::Read, &[TASK_VISIBLE]),
    (ResourceType::Attachment, Action::Create, &[TASK_VISIBLE]),
    (ResourceType::Attachment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (ResourceType::TimeEntry, Action::Read, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (ResourceType::TimeEntry, Action::Create, &[OWNER]),
    (ResourceType::TimeEntry, Action::Update, &[ADMIN, OWNER]),
    (ResourceType::TimeEntry, Action::Delete, &[ADMIN, OWNER]),
    (ResourceType::Report, Action::Read, &[ALL]),
    (ResourceType::Document, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (ResourceType::Document, Action::Create, &[ALL]),
    (ResourceType::Document, Action::Update, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (ResourceType::Document, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (ResourceType::DocumentVersion, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (ResourceType::Client, Action::Read, &[ALL]),
    (ResourceType::Client, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::Client, Action::Update, &[ADMIN, MANAGER]),
    (ResourceType::Client, Action::Delete, &[ADMIN]),
    (ResourceType::RequestType, Action::Read, &[ALL]),
    (ResourceType::RequestType, Action::Create, &[ADMIN, MANAGER]),
    (ResourceType::RequestType, Action::Update, &[ADMIN, MANAGER]),
    (ResourceType::RequestType, Action::Delete, &[ADMIN]),
    (ResourceType::ClientRequest, Action::Read, &[ALL]),
    (ResourceType::ClientRequest, Action::Create, &[ALL]),
    (ResourceType::ClientRequest, Action::Update, &[ALL]),
    (ResourceType::ClientRequest, Action::Delete, &[ADMIN]),
    (ResourceType::Audit, Action::Read, &[ADMIN]),
    (ResourceType::History, Action::Read, &[ADMIN, OWNER]),
    // A history is reached only through its row, which the caller must see.
    (ResourceType::Change, Action::Read, &[ALL]),
];
