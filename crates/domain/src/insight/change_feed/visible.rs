//! The changes that a caller gets from the feed, and the one list of resources in it.
//!
//! Invariant: visibility is decided by the same conditions as in lists; for deleted and hidden rows
//! they are applied to the row as it was before the change. This module does not know positions or
//! cursors.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, ColumnType, Condition, EntityName, IdenStatic, Iterable, QueryFilter, QuerySelect,
    QueryTrait, Select, Value as Cell,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use serde_json::Value;

use crate::{
    Context, Error, Result, Scope,
    insight::resources,
    kernel::{
        audit::{Change, change::entity::Column as Audited},
        event::Event,
        policy::{self, Action, Relation, Relations, Role, Visibility},
        repository::{
            Owned, Resource, field, readable,
            resource::{ColumnOf, EntityOf},
        },
    },
};

/// The number of deleted or hidden rows that are examined at once, because the audit log may have
/// much text for each.
const GONE: usize = 20;
/// The action of a change after which the caller does not see the row any more.
pub(crate) const HIDDEN: &str = "hidden";
/// The action that restores a row from the trash.
const RESTORE: &str = "restore";
/// The column name of the id of a change, next to the ids in a row.
const EVENT: &str = "event_id";

/// What a caller gets to know of a change.
pub(crate) struct Delivered {
    /// The action.
    pub(crate) action: String,
    /// Whether it gave or took access to other rows.
    pub(super) reread: bool,
}

/// Declares the resources in the feed.
macro_rules! nouns {
    ($($resource:ty),* $(,)?) => {
        /// The names of the resources in the feed.
        pub const RESOURCE_TYPES: &[&str] = &[$(<$resource as Resource>::TYPE.as_str()),*];

        /// The events that the caller gets, and what they get to know of each.
        pub(crate) async fn of(scope: &Scope, events: &[&Event]) -> Result<HashMap<Uuid, Delivered>> {
            let mut delivered = HashMap::new();
            $(delivered.extend(of_resource::<$resource>(scope, events).await?);)*
            Ok(delivered)
        }

        /// Reads the names of the requested resource types.
        pub(super) fn wanted(ctx: &Context, names: &str) -> Result<Vec<String>> {
            let expected = || Error::parameter("noun", format!("Must be one or more of: {}.", RESOURCE_TYPES.join(", ")));
            let mut wanted = Vec::new();
            for name in names.split(',') {
                let noun = match name {
                    $(name if name == <$resource as Resource>::TYPE.as_str() => <$resource as Resource>::TYPE,)*
                    _ => return Err(expected()),
                };
                policy::permit(ctx, noun, Action::Read)?;
                wanted.push(name.to_owned());
            }
            Ok(wanted)
        }
    };
}

resources::each!(feed, nouns);

async fn of_resource<N: Resource>(scope: &Scope, events: &[&Event]) -> Result<Vec<(Uuid, Delivered)>> {
    let ctx = scope.ctx();
    let own: Vec<&Event> = events.iter().filter(|event| event.noun == N::TYPE.as_str()).copied().collect();
    // Resources outside the scopes of the token are left out.
    if own.is_empty() || policy::permit(ctx, N::TYPE, Action::Read).is_err() {
        return Ok(Vec::new());
    }
    let delivered = |event: &Event, reread: bool| {
        let action = action::<N>(ctx, event).to_owned();
        (event.id, Delivered { action, reread })
    };
    if policy::visibility(N::TYPE, ctx.role()) == Visibility::All {
        // The caller sees all rows, so only a new role of the caller or a restored row changes what
        // they see.
        let oneself =
            |event: &Event| N::TYPE == policy::ResourceType::User && Some(event.row_id) == ctx.user();
        let reread = |event: &Event| moves::<N>(event) && (oneself(event) || event.action == RESTORE);
        return Ok(own.into_iter().map(|event| delivered(event, reread(event))).collect());
    }
    let ids: HashSet<_> = own.iter().map(|event| event.row_id).collect();
    let rows = scope.owned::<N>().filter(N::id_column().is_in(ids));
    // Rows in the trash are included: the same callers may list them.
    let seen = read(scope, &ids_of::<N>(rows.clone().filter(readable::<N>(ctx)))).await?;
    // The membership of another user gives the caller no access.
    let others = N::GRANTS_VISIBILITY && own.iter().any(|event| seen.contains(&event.row_id));
    let mine = match N::related(Relation::Owner, ctx) {
        Some(mine) if others => Some(read(scope, &ids_of::<N>(rows.filter(mine))).await?),
        _ => None,
    };
    let (there, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|event| seen.contains(&event.row_id));
    let counts = |event: &Event| mine.as_ref().is_none_or(|mine| mine.contains(&event.row_id));
    let mut all: Vec<_> =
        there.into_iter().map(|event| delivered(event, moves::<N>(event) && counts(event))).collect();
    // Of the other rows, only permanent deletions and changes that hide the row are returned.
    let ends = |event: &&Event| moves::<N>(event) || matches!(event.action.as_str(), "delete" | "purge");
    let rest: Vec<&Event> = rest.into_iter().filter(ends).collect();
    for some in rest.chunks(GONE) {
        let before = Before::read::<N>(scope, some).await?;
        let seen = before.which(scope, could_read::<N>(ctx)).await?;
        let mine = match N::related(Relation::Owner, ctx) {
            Some(mine) if N::GRANTS_VISIBILITY => before.which(scope, mine).await?,
            _ => HashSet::new(),
        };
        for event in some.iter().filter(|event| seen.contains(&event.id)) {
            if before.removed.contains(&event.id) {
                all.push(delivered(event, mine.contains(&event.id)));
            } else if moves::<N>(event) {
                all.push((event.id, Delivered { action: HIDDEN.to_owned(), reread: true }));
            }
        }
    }
    Ok(all)
}

/// Whether a change may have given or taken access. A new row contains nothing yet, unless it is a
/// row that gives access.
fn moves<N: Resource>(event: &Event) -> bool {
    event.moves && (N::GRANTS_VISIBILITY || event.action != "create")
}

/// Selects the ids of rows.
fn ids_of<N: Resource>(rows: Select<EntityOf<N>>) -> SelectStatement {
    rows.select_only().column(N::id_column()).into_query()
}

async fn read(scope: &Scope, ids: &SelectStatement) -> Result<HashSet<Uuid>> {
    scope.rows(ids).await?.iter().map(|row| field(row, 0)).collect()
}

/// The ids in a row, which are all that the conditions of the policy read.
type Ids = HashMap<&'static str, Uuid>;

/// The states of rows before changes, by the ids of the changes.
struct Before {
    table: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(Uuid, Ids)>,
    /// The changes that deleted a row.
    removed: HashSet<Uuid>,
}

impl Before {
    /// Reads the states before some events. The audit entry with the id of the event has the old
    /// values of the changed fields. The other values come from the present or the last state of
    /// the row.
    async fn read<N: Resource>(scope: &Scope, events: &[&Event]) -> Result<Self> {
        let ids = |column: &ColumnOf<N>| *column.def().get_column_type() == ColumnType::Uuid;
        let columns: Vec<_> = ColumnOf::<N>::iter().filter(ids).collect();
        let names: Vec<_> = columns.iter().map(IdenStatic::as_str).collect();
        let records =
            scope.owned::<Change>().filter(Change::id_column().is_in(events.iter().map(|it| it.id)));
        let records: Vec<Change> = scope.all(&records.into_query()).await?;
        let removed = records.iter().filter(|it| it.new_values.is_none()).map(|it| it.id).collect();
        let mut last = Self::now::<N>(scope, events, &columns).await?;
        let gone: HashSet<_> =
            events.iter().map(|it| it.row_id).filter(|id| !last.contains_key(id)).collect();
        if !gone.is_empty() {
            let of = Audited::Noun.eq(N::TYPE.as_str()).and(Audited::RowId.is_in(gone));
            let ends = scope.owned::<Change>().filter(of.and(Audited::NewValues.is_null()));
            for end in scope.all::<Change>(&ends.into_query()).await? {
                if let Some(values) = &end.old_values {
                    last.insert(end.row_id, overlaid(Ids::new(), values, &names)?);
                }
            }
        }
        let mut rows = Vec::new();
        for record in &records {
            let (Some(last), Some(values)) = (last.get(&record.row_id), &record.old_values) else { continue };
            let mut row = overlaid(last.clone(), values, &names)?;
            row.insert(N::tenant_column().as_str(), scope.ctx().tenant());
            rows.push((record.id, row));
        }
        Ok(Self { table: EntityOf::<N>::default().table_name(), columns: names, rows, removed })
    }

    /// The ids in the rows that exist.
    async fn now<N: Resource>(
        scope: &Scope,
        events: &[&Event],
        columns: &[ColumnOf<N>],
    ) -> Result<HashMap<Uuid, Ids>> {
        let rows = scope.owned::<N>().filter(N::id_column().is_in(events.iter().map(|it| it.row_id)));
        let mut select = rows.select_only().column(N::id_column());
        for column in columns {
            select = select.column(*column);
        }
        let mut now = HashMap::new();
        for row in scope.rows(&select.into_query()).await? {
            let mut ids = Ids::new();
            for (place, column) in (1..).zip(columns) {
                ids.extend(field::<Option<Uuid>>(&row, place)?.map(|id| (column.as_str(), id)));
            }
            now.insert(field(&row, 0)?, ids);
        }
        Ok(now)
    }

    /// The changes before which a condition was true. For other rows, the condition uses their
    /// present state.
    async fn which(&self, scope: &Scope, condition: Condition) -> Result<HashSet<Uuid>> {
        let mut all: Option<SelectStatement> = None;
        for (event, ids) in &self.rows {
            let mut row = Query::select();
            row.expr_as(Expr::val(Cell::Uuid(Some(*event))), EVENT);
            for column in &self.columns {
                row.expr_as(Expr::val(Cell::Uuid(ids.get(column).copied())), *column);
            }
            match &mut all {
                None => all = Some(row),
                Some(all) => drop(all.union(UnionType::All, row)),
            }
        }
        let Some(all) = all else { return Ok(HashSet::new()) };
        let which = Query::select().column(EVENT).from_subquery(all, self.table).cond_where(condition).take();
        read(scope, &which).await
    }
}

/// Replaces the ids in a row by those in audit values.
fn overlaid(mut ids: Ids, values: &str, names: &[&'static str]) -> Result<Ids> {
    let values: Value = serde_json::from_str(values).map_err(Error::internal)?;
    for name in names {
        match values.get(name) {
            Some(Value::Null) => drop(ids.remove(name)),
            Some(value) => ids.extend(value.as_str().and_then(|id| id.parse().ok()).map(|id| (*name, id))),
            None => {}
        }
    }
    Ok(ids)
}

/// The condition for deleted rows that the caller could read. An admin saw every task, including
/// tasks that were deleted together with the row.
fn could_read<N: Resource>(ctx: &Context) -> Condition {
    let of_tasks = policy::visibility(N::TYPE, ctx.role()) == Visibility::Any(vec![Relation::TaskVisible]);
    if of_tasks && ctx.role() == Role::Admin { Condition::all() } else { readable::<N>(ctx) }
}

/// The action that the caller gets. Actions such as a sign-in or a new password are shown only to
/// callers who may read the private fields of the row. Others get `update`.
fn action<'a, N: Resource>(ctx: &Context, event: &'a Event) -> &'a str {
    let relations = Relations::default().with(Relation::Oneself, ctx.user() == Some(event.row_id));
    let known = policy::rules(N::TYPE, Action::ReadPrivate).is_empty()
        || policy::authorize_row(ctx, N::TYPE, Action::ReadPrivate, relations).is_ok();
    if known || matches!(event.action.as_str(), "create" | "delete") { &event.action } else { "update" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RESOURCE_TYPES;
    use crate::kernel::policy::ResourceType;

    /// The resources without changes of their own: they are no rows, or never change. The feed has
    /// the changes of what they belong to.
    const NOT_IN_FEED: [ResourceType; 6] = [
        ResourceType::CommentVersion,
        ResourceType::DocumentVersion,
        ResourceType::Report,
        ResourceType::Audit,
        ResourceType::History,
        ResourceType::Change,
    ];

    #[test]
    fn no_noun_is_forgotten() {
        let delivered: BTreeSet<_> =
            RESOURCE_TYPES.iter().copied().chain(NOT_IN_FEED.map(ResourceType::as_str)).collect();
        assert_eq!(delivered, ResourceType::ALL.iter().map(|noun| noun.as_str()).collect());
        assert_eq!(delivered.len(), RESOURCE_TYPES.len() + NOT_IN_FEED.len());
    }
}
