//! Which changes a caller is told of.

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
    audit::{Change, change::entity::Column as Audited},
    event::Event,
    policy::{self, Action, Fact, Facts, Role, Visibility},
    resources,
    store::{
        Noun, Owned, field,
        noun::{ColumnOf, EntityOf},
        readable,
    },
};

/// How many rows that are gone, or were seen before, are looked at together: the audit may have much text of each.
const GONE: usize = 20;
/// What is told of a row that was changed so that the caller sees it no more.
pub(crate) const HIDDEN: &str = "hidden";
/// What brings back a row that was removed.
const RESTORE: &str = "restore";
/// What the id of a change is called among the ids of a row.
const EVENT: &str = "event_id";

/// What is told of a change.
pub(crate) struct Told {
    /// What was done.
    pub(crate) action: String,
    /// Whether something came into sight, or got out of it.
    pub(super) reread: bool,
}

/// The nouns whose changes are told.
macro_rules! nouns {
    ($($noun:ty),* $(,)?) => {
        /// The nouns whose changes are told.
        pub const NOUNS: &[&str] = &[$(<$noun as Noun>::NOUN.as_str()),*];

        /// The events that the caller is told of, and what they are told was done.
        pub(crate) async fn of(scope: &Scope, events: &[&Event]) -> Result<HashMap<Uuid, Told>> {
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

resources::each!(feed, nouns);

async fn of_noun<N: Noun>(scope: &Scope, events: &[&Event]) -> Result<Vec<(Uuid, Told)>> {
    let ctx = scope.ctx();
    let own: Vec<&Event> = events.iter().filter(|event| event.noun == N::NOUN.as_str()).copied().collect();
    // Of what a token's scopes don't reach nothing is told.
    if own.is_empty() || policy::permit(ctx, N::NOUN, Action::Read).is_err() {
        return Ok(Vec::new());
    }
    let told = |event: &Event, reread: bool| {
        let action = action::<N>(ctx, event).to_owned();
        (event.id, Told { action, reread })
    };
    if policy::visibility(N::NOUN, ctx.role()) == Visibility::All {
        // Only another role of their own, or what comes back, shows them more or less.
        let oneself = |event: &Event| N::NOUN == policy::Noun::User && Some(event.row_id) == ctx.user();
        let reread = |event: &Event| moves::<N>(event) && (oneself(event) || event.action == RESTORE);
        return Ok(own.into_iter().map(|event| told(event, reread(event))).collect());
    }
    let ids: HashSet<_> = own.iter().map(|event| event.row_id).collect();
    let rows = scope.owned::<N>().filter(N::id_column().is_in(ids));
    // Also those that were removed and can be restored: they are listed to the same callers.
    let seen = read(scope, &ids_of::<N>(rows.clone().filter(readable::<N>(ctx)))).await?;
    // Another's membership shows the caller nothing.
    let others = N::GIVES_SIGHT && own.iter().any(|event| seen.contains(&event.row_id));
    let mine = match N::holds(Fact::Owner, ctx) {
        Some(mine) if others => Some(read(scope, &ids_of::<N>(rows.filter(mine))).await?),
        _ => None,
    };
    let (there, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|event| seen.contains(&event.row_id));
    let counts = |event: &Event| mine.as_ref().is_none_or(|mine| mine.contains(&event.row_id));
    let mut all: Vec<_> =
        there.into_iter().map(|event| told(event, moves::<N>(event) && counts(event))).collect();
    // What else is to be told is that a row was removed for good, or changed so that it is seen no more.
    let ends = |event: &&Event| moves::<N>(event) || matches!(event.action.as_str(), "delete" | "purge");
    let rest: Vec<&Event> = rest.into_iter().filter(ends).collect();
    for some in rest.chunks(GONE) {
        let before = Before::read::<N>(scope, some).await?;
        let seen = before.which(scope, could_read::<N>(ctx)).await?;
        let mine = match N::holds(Fact::Owner, ctx) {
            Some(mine) if N::GIVES_SIGHT => before.which(scope, mine).await?,
            _ => HashSet::new(),
        };
        for event in some.iter().filter(|event| seen.contains(&event.id)) {
            if before.removed.contains(&event.id) {
                all.push(told(event, mine.contains(&event.id)));
            } else if moves::<N>(event) {
                all.push((event.id, Told { action: HIDDEN.to_owned(), reread: true }));
            }
        }
    }
    Ok(all)
}

/// Whether it may have brought something into sight or out of it. In a new row there is nothing yet, unless it is one that gives sight.
fn moves<N: Noun>(event: &Event) -> bool {
    event.moves && (N::GIVES_SIGHT || event.action != "create")
}

/// The ids of rows.
fn ids_of<N: Noun>(rows: Select<EntityOf<N>>) -> SelectStatement {
    rows.select_only().column(N::id_column()).into_query()
}

async fn read(scope: &Scope, ids: &SelectStatement) -> Result<HashSet<Uuid>> {
    scope.rows(ids).await?.iter().map(|row| field(row, 0)).collect()
}

/// The ids in a row: they are all that the policy's conditions read of it.
type Ids = HashMap<&'static str, Uuid>;

/// Rows as they were before changes of them, by the changes' ids.
struct Before {
    table: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(Uuid, Ids)>,
    /// The changes after which they were gone.
    removed: HashSet<Uuid>,
}

impl Before {
    /// The audit has under the event's id what was changed, as it was; the rest is as in the row, or as it was last.
    async fn read<N: Noun>(scope: &Scope, events: &[&Event]) -> Result<Self> {
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
            let of = Audited::Noun.eq(N::NOUN.as_str()).and(Audited::RowId.is_in(gone));
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

    /// The rows that are there.
    async fn now<N: Noun>(
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

    /// The changes before which a condition held, as far as it goes by other rows by what is so now.
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

/// A row's ids with those that the audit has of it.
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
