//! Which changes a caller is told of.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, ColumnType, Condition, EntityName, IdenStatic, Iterable, QueryFilter, QuerySelect,
    QueryTrait, Select, Value as Cell,
    prelude::Uuid,
    sea_query::{Expr, Query, SelectStatement, UnionType},
};
use serde_json::Value;

use crate::{
    Context, Error, Result, Scope,
    access_token::AccessToken,
    attachment::Attachment,
    audit::Change,
    client::Client,
    comment::Comment,
    document::Document,
    event::Event,
    invitation::Invitation,
    label::Label,
    notification::Notification,
    policy::{self, Action, Fact, Facts, Role, Visibility},
    project::{Milestone, Project},
    reminder::Reminder,
    request::{ClientRequest, RequestType},
    second_factor::SecondFactor,
    service_account::ServiceAccount,
    session::Session,
    store::{
        Noun, Owned, field,
        noun::{ColumnOf, EntityOf},
        readable,
    },
    task::{Task, TaskDependency},
    team::{Team, TeamMember},
    tenant::Tenant,
    time_entry::TimeEntry,
    user::User,
    watcher::Watcher,
};

/// How many rows that are gone are looked at together: the audit may have much text of each.
const GONE: usize = 20;

/// The nouns whose changes are told.
macro_rules! nouns {
    ($($noun:ty),* $(,)?) => {
        /// The nouns whose changes are told.
        pub const NOUNS: &[&str] = &[$(<$noun as Noun>::NOUN.as_str()),*];

        /// The events that the caller is told of, and what they are told was done.
        pub(crate) async fn of(scope: &Scope, events: &[&Event]) -> Result<HashMap<Uuid, String>> {
            let mut told = HashMap::new();
            $(told.extend(of_noun::<$noun>(scope, events).await?);)*
            Ok(told)
        }

        /// The nouns that are asked for by name.
        pub(super) fn wanted(ctx: &Context, names: &str) -> Result<Vec<String>> {
            let expected = || Error::parameter("noun", format!("Expected some of: {}.", NOUNS.join(", ")));
            let mut wanted = Vec::new();
            for name in names.split(',') {
                let noun = match name {
                    $(name if name == <$noun as Noun>::NOUN.as_str() => <$noun as Noun>::NOUN,)*
                    _ => return Err(expected()),
                };
                policy::permit(ctx, noun, Action::Read)?;
                wanted.push(name.to_owned());
            }
            Ok(wanted)
        }
    };
}

nouns!(
    Tenant,
    User,
    Session,
    SecondFactor,
    AccessToken,
    ServiceAccount,
    Invitation,
    Team,
    TeamMember,
    Project,
    Milestone,
    Task,
    TaskDependency,
    Label,
    Comment,
    Watcher,
    Reminder,
    Notification,
    Attachment,
    TimeEntry,
    Document,
    Client,
    RequestType,
    ClientRequest,
);

async fn of_noun<N: Noun>(scope: &Scope, events: &[&Event]) -> Result<Vec<(Uuid, String)>> {
    let ctx = scope.ctx();
    let own = || events.iter().filter(|event| event.noun == N::NOUN.as_str());
    let told = |event: &Event| (event.id, action::<N>(ctx, event).to_owned());
    // Of what a token's scopes don't reach nothing is told.
    if own().next().is_none() || policy::permit(ctx, N::NOUN, Action::Read).is_err() {
        return Ok(Vec::new());
    }
    if policy::visibility(N::NOUN, ctx.role()) == Visibility::All {
        return Ok(own().map(|event| told(event)).collect());
    }
    let ids: HashSet<_> = own().map(|event| event.row_id).collect();
    let rows = scope.owned::<N>().filter(N::id_column().is_in(ids));
    // Also those that were removed and can be restored: they are listed to the same callers.
    let seen = read(scope, &ids_of::<N>(rows.clone().filter(readable::<N>(ctx)))).await?;
    let rest: Vec<&Event> = own().filter(|event| !seen.contains(&event.row_id)).copied().collect();
    let there = if rest.is_empty() { HashSet::new() } else { read(scope, &ids_of::<N>(rows)).await? };
    let gone: Vec<&Event> = rest.into_iter().filter(|event| !there.contains(&event.row_id)).collect();
    let mut removed = HashSet::new();
    for some in gone.chunks(GONE) {
        removed.extend(seen_last::<N>(scope, some).await?);
    }
    let is_told = |event: &&&Event| seen.contains(&event.row_id) || removed.contains(&event.id);
    Ok(own().filter(is_told).map(|event| told(event)).collect())
}

/// The ids of rows.
fn ids_of<N: Noun>(rows: Select<EntityOf<N>>) -> SelectStatement {
    rows.select_only().column(N::id_column()).into_query()
}

async fn read(scope: &Scope, ids: &SelectStatement) -> Result<HashSet<Uuid>> {
    scope.rows(ids).await?.iter().map(|row| field(row, 0)).collect()
}

/// Of events of rows that are gone, those that removed a row that the caller could read as it was. The audit has it as it was, under the event's id, and the
/// policy's condition is asked of that as of any row: its ids are all that the condition reads of it.
async fn seen_last<N: Noun>(scope: &Scope, events: &[&Event]) -> Result<Vec<Uuid>> {
    let columns: Vec<_> =
        ColumnOf::<N>::iter().filter(|it| *it.def().get_column_type() == ColumnType::Uuid).collect();
    let records =
        scope.owned::<Change>().filter(Change::id_column().is_in(events.iter().map(|event| event.id)));
    let records: Vec<Change> = scope.all(&records.into_query()).await?;
    let removals: Vec<_> = records.into_iter().filter(|it| it.new_values.is_none()).collect();
    let mut last: Option<SelectStatement> = None;
    for removal in &removals {
        let Some(values) = &removal.old_values else { continue };
        let values: Value = serde_json::from_str(values).map_err(Error::internal)?;
        let mut row = Query::select();
        for column in &columns {
            let name = column.as_str();
            let id = if name == N::tenant_column().as_str() {
                Some(scope.ctx().tenant())
            } else {
                values.get(name).and_then(Value::as_str).and_then(|id| id.parse().ok())
            };
            row.expr_as(Expr::val(Cell::Uuid(id)), name);
        }
        match &mut last {
            None => last = Some(row),
            Some(last) => drop(last.union(UnionType::All, row)),
        }
    }
    let Some(last) = last else { return Ok(Vec::new()) };
    let seen = Query::select()
        .column(N::id_column().as_column_ref())
        .from_subquery(last, EntityOf::<N>::default().table_name())
        .cond_where(could_read::<N>(scope.ctx()))
        .take();
    let seen = read(scope, &seen).await?;
    Ok(removals.iter().filter(|it| seen.contains(&it.row_id)).map(|it| it.id).collect())
}

/// Which rows that are gone the caller could read. To an admin every task was visible, also one with which they went.
fn could_read<N: Noun>(ctx: &Context) -> Condition {
    let of_tasks = policy::visibility(N::NOUN, ctx.role()) == Visibility::Any(vec![Fact::TaskVisible]);
    if of_tasks && ctx.role() == Role::Admin { Condition::all() } else { readable::<N>(ctx) }
}

/// What the caller is told was done. That somebody signed in, or has a new password, is told to who may read the private fields of the row; to others it is a
/// change like any other, which its version shows them.
fn action<'a, N: Noun>(ctx: &Context, event: &'a Event) -> &'a str {
    let facts = Facts::default().with(Fact::Oneself, ctx.user() == Some(event.row_id));
    let known = policy::grounds(N::NOUN, Action::ReadPrivate).is_empty()
        || policy::judge_row(ctx, N::NOUN, Action::ReadPrivate, facts).is_ok();
    if known || matches!(event.action.as_str(), "create" | "delete") { &event.action } else { "update" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NOUNS;
    use crate::policy::Noun;

    /// The nouns that are no rows of their own, or are never changed: what they tell of is told of what it belongs to.
    const UNTOLD: [Noun; 6] =
        [Noun::CommentVersion, Noun::DocumentVersion, Noun::Report, Noun::Audit, Noun::History, Noun::Change];

    #[test]
    fn no_noun_is_forgotten() {
        let told: BTreeSet<_> = NOUNS.iter().copied().chain(UNTOLD.map(Noun::as_str)).collect();
        assert_eq!(told, Noun::ALL.iter().map(|noun| noun.as_str()).collect());
        assert_eq!(told.len(), NOUNS.len() + UNTOLD.len());
    }
}
