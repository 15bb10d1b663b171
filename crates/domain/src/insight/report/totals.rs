//! Totals of time entries by task, project, user or day.
//!
//! Invariant: the database adds up the entries that the caller sees and that match the filters. A
//! total shows a name only if the caller may read it.

use sea_orm::{
    Condition, Order, QueryFilter, QueryResult, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, JoinType},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Bucket, sum, whole};
use crate::{
    Context, Error, Repository, Result, Scope,
    kernel::{
        list::Query,
        policy::Action,
        repository::{Resource, field, people::Name, readable},
    },
    work::{
        project::Project,
        task::Task,
        time_entry::{
            TimeEntry,
            entity::{self, Column},
        },
    },
};

/// The greatest number of totals in a response.
const MOST: u64 = 400;

/// The grouping of totals of time: by task, by project, by user, or by the day (UTC) on which an
/// entry starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The task.
    Task,
    /// The project of the task.
    Project,
    /// The user who worked.
    User,
    /// The day of the start, in UTC.
    Day,
}

impl By {
    /// The values of the parameter.
    pub const WORDS: [&'static str; 4] = ["task", "project", "user", "day"];
}

impl std::str::FromStr for By {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "task" => Self::Task,
            "project" => Self::Project,
            "user" => Self::User,
            "day" => Self::Day,
            _ => return Err(Error::parameter("by", format!("Must be one of: {}.", Self::WORDS.join(", ")))),
        })
    }
}

/// The time of one task, project, user or day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimeTotal {
    /// The id of the task, project or user. Null for a day, and for the personal tasks.
    pub id: Option<Uuid>,
    /// The title of the task, the name of the project or the username. Null if the caller may not
    /// see it or the scopes of the token do not include it.
    #[schema(example = "Website")]
    pub name: Option<String>,
    /// Whether the user was deleted; false if the scopes of the token do not include users.
    pub removed: bool,
    /// The day (UTC) as YYYY-MM-DD, or null if the totals are not by day.
    #[schema(example = "2026-01-30")]
    pub day: Option<String>,
    /// The number of entries.
    pub entries: i64,
    /// The sum of their durations in seconds.
    #[schema(example = 5400)]
    pub seconds: i64,
}

/// Totals of time entries. Running timers are not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimeTotals {
    /// The grouping of the totals.
    pub by: By,
    /// The number of all entries, including those of totals beyond the first 400.
    pub entries: i64,
    /// The sum of the durations of all these entries in seconds.
    pub seconds: i64,
    /// Up to 400 totals: days from the latest on, others from the largest on.
    pub results: Vec<TimeTotal>,
    /// Whether there are more than 400 totals.
    pub truncated: bool,
}

/// The totals of the entries that the caller sees and that match the query.
///
/// # Errors
/// Those of lists.
pub async fn of(repository: &Repository, ctx: &Context, query: &Query, by: By) -> Result<TimeTotals> {
    let scope = repository.read(ctx);
    let which = query.condition::<TimeEntry>(&scope)?.add(Column::EndedAt.is_not_null());
    let rows = scope.visible::<TimeEntry>(which)?.select_only();
    let count = || Func::count(Expr::col((entity::Entity, Column::Id)));
    let figures = |select: &mut sea_orm::sea_query::SelectStatement| {
        select.expr(count()).expr(sum(Column::Seconds.into_expr()));
    };
    let mut all = rows.clone().into_query();
    figures(&mut all);
    let key = match by {
        By::Task => Column::TaskId.into_expr(),
        By::User => Column::UserId.into_expr(),
        By::Project => Expr::col(("task", "project_id")),
        By::Day => Bucket::Day.of("time_entry.started_at"),
    };
    let mut each = rows.into_query();
    each.expr(key.clone());
    figures(&mut each);
    if by == By::Project {
        let same =
            |column: &'static str, own: Column| Expr::col(("task", column)).equals((entity::Entity, own));
        let task = same("tenant_id", Column::TenantId).and(same("id", Column::TaskId));
        each.join(JoinType::InnerJoin, "task", task);
    }
    each.add_group_by([key.clone()]);
    if by != By::Day {
        each.order_by_expr(sum(Column::Seconds.into_expr()), Order::Desc);
    }
    each.order_by_expr(key, Order::Desc).limit(MOST + 1);
    let (total, rows) = (scope.rows(&all).await?, scope.rows(&each).await?);
    let (entries, seconds) = total.first().map(|row| counted(row, 0)).transpose()?.unwrap_or_default();
    let truncated = rows.len() as u64 > MOST;
    let mut results = rows
        .iter()
        .take(usize::try_from(MOST).unwrap_or_default())
        .map(|row| {
            let (entries, seconds) = counted(row, 1)?;
            let (id, day) = match by {
                By::Day => (None, Some(Bucket::text(field(row, 0)?))),
                _ => (field::<Option<Uuid>>(row, 0)?, None),
            };
            Ok(TimeTotal { id, name: None, removed: false, day, entries, seconds })
        })
        .collect::<Result<Vec<_>>>()?;
    name(&scope, by, &mut results).await?;
    Ok(TimeTotals { by, entries, seconds, results, truncated })
}

/// The number of entries and the seconds in a result row.
fn counted(row: &QueryResult, at: usize) -> Result<(i64, i64)> {
    Ok((field(row, at)?, whole(field(row, at + 1)?)))
}

/// Adds the names that the caller may see.
async fn name(scope: &Scope, by: By, totals: &mut [TimeTotal]) -> Result<()> {
    let ids: Vec<_> = totals.iter().filter_map(|total| total.id).collect();
    let reaches = |noun| scope.ctx().reaches(noun, Action::Read);
    let rows = match by {
        By::Task if reaches(Task::TYPE) => names(scope, &ids, |task: Task| task.title).await?,
        By::Project if reaches(Project::TYPE) => names(scope, &ids, |it: Project| it.name).await?,
        _ => Vec::new(),
    };
    let row = |(id, name)| (id, Name { name, removed: false });
    let names = match by {
        By::User if reaches(crate::kernel::policy::ResourceType::User) => scope.names(&ids).await?,
        _ => rows.into_iter().map(row).collect(),
    };
    for total in totals {
        let known = total.id.and_then(|id| names.get(&id));
        total.name = known.map(|known| known.name.clone());
        total.removed = known.is_some_and(|known| known.removed);
    }
    Ok(())
}

/// The names of those rows that the caller may read.
pub(super) async fn names<N: Resource>(
    scope: &Scope,
    ids: &[Uuid],
    name: fn(N) -> String,
) -> Result<Vec<(Uuid, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let which =
        Condition::all().add(N::id_column().is_in(ids.iter().copied())).add(readable::<N>(scope.ctx()));
    let rows: Vec<N> = scope.all(&scope.owned::<N>().filter(which).into_query()).await?;
    Ok(rows.into_iter().map(|row| (row.id(), name(row))).collect())
}
