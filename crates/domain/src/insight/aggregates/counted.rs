//! Reads the aggregates of one project, or of all projects that the caller sees: the sums plus the
//! log.
//!
//! Invariant: all statements must see the same snapshot of the database
//! ([`crate::Repository::at_once`]). Rows that are compacted between two statements would be counted
//! twice or not at all.

use std::{collections::BTreeMap, ops::Range};

use sea_orm::{
    QueryFilter, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, Condition, Expr, ExprTrait as _, UnionType},
};

use super::{
    Amounts, LoggedDelta, Sum, entity as log, second,
    sum::{Series, entity as sum},
    tree::{self, LEVELS},
};
use crate::{
    Result, Scope, Timestamp,
    kernel::{
        policy::{self, Visibility},
        repository::{Resource, Stored, field, readable_ids},
    },
    work::{
        project::Project,
        task::{Priority, Task, TaskStatus, entity as task},
    },
};

/// The amounts of the tasks with a status and a priority; without both, the amounts without a task.
pub(crate) struct State {
    pub(crate) status: Option<TaskStatus>,
    pub(crate) priority: Option<Priority>,
    pub(crate) amounts: Amounts,
}

/// The aggregates.
pub(crate) struct Counted {
    pub(crate) states: Vec<State>,
    /// The number of open tasks whose due date has passed.
    pub(crate) overdue: i64,
    /// The durations of the two middle tasks, in seconds, for the median. `None` if no task is
    /// completed.
    pub(crate) middle: Option<[i64; 2]>,
}

/// Reads the aggregates of one visible project, or of all projects that the caller sees.
pub(crate) async fn count(scope: &Scope, project: Option<Uuid>) -> Result<Counted> {
    let whole = policy::visibility(Project::TYPE, scope.ctx().role()) == Visibility::All;
    let tally = match project {
        Some(id) => Of::One(id),
        None if whole => Of::Tenant,
        None => Of::Seen,
    };
    let tally = Counting { scope, of: tally };
    let now = scope.ctx().now();
    let mut states = tally.states().await?;
    let mut overdue = tally.due_before(second(now)).await? + tally.due_within_second(now).await?;
    let mut took = BTreeMap::new();
    for row in tally.log(second(now)).await? {
        overdue += row.late;
        if let Some(seconds) = row.took {
            *took.entry(seconds).or_default() += row.state.amounts.tasks;
        }
        states.push(row.state);
    }
    let done = states.iter().filter(|state| state.status == Some(TaskStatus::Done));
    let done: i64 = done.map(|state| state.amounts.tasks).sum();
    let middle = match done {
        ..1 => None,
        _ => Some(tally.places([(done - 1) / 2, done / 2], &took).await?),
    };
    Ok(Counted { states, overdue, middle })
}

/// The projects that are counted.
enum Of {
    One(Uuid),
    /// All projects of the tenant, which have common sums.
    Tenant,
    /// The projects that the caller sees, if these are not all.
    Seen,
}

struct Counting<'a> {
    scope: &'a Scope,
    of: Of,
}

/// Rows of the log.
struct Logged {
    state: State,
    took: Option<i64>,
    late: i64,
}

/// The number of tasks in the log, by duration in seconds.
type Took = BTreeMap<i64, i64>;

impl Counting<'_> {
    /// The condition that a row is in one of the projects.
    fn lies_in(&self, project: impl ColumnTrait) -> Condition {
        match self.of {
            Of::One(id) => Condition::all().add(project.eq(id)),
            Of::Tenant => Condition::all(),
            Of::Seen => Condition::all().add(project.in_subquery(readable_ids::<Project>(self.scope.ctx()))),
        }
    }

    /// The sums of a series for the projects.
    fn sums(&self, series: Series) -> sea_orm::Select<sum::Entity> {
        let of = match self.of {
            Of::Tenant => Condition::all().add(sum::Column::ProjectId.is_null()),
            _ => self.lies_in(sum::Column::ProjectId),
        };
        let sums = self.scope.owned::<Sum>().filter(of).filter(sum::Column::Series.eq(series.number()));
        sums.select_only()
    }

    async fn states(&self) -> Result<Vec<State>> {
        use sum::Column;
        // Selected by id, which is in the index. SQLite would otherwise scan all sums of the
        // tenant.
        let ids = self.sums(Series::State).column(Column::Id).into_query();
        let sums = self.scope.owned::<Sum>().filter(Column::Id.in_subquery(ids)).select_only();
        let mut sums = sums.columns([Column::Status, Column::Priority]);
        for (name, column) in [
            ("all_tasks", Column::Tasks),
            ("all_estimated", Column::Estimated),
            ("all_minutes", Column::EstimateMinutes),
            ("all_seconds", Column::SpentSeconds),
        ] {
            sums = sums.column_as(self.scope.sum(column.into_expr()), name);
        }
        let sums = sums.group_by(Column::Status).group_by(Column::Priority).into_query();
        self.scope.rows(&sums).await?.iter().map(state).collect()
    }

    /// The log, grouped by status, priority and duration, with the number of tasks due before a
    /// second.
    async fn log(&self, second: i64) -> Result<Vec<Logged>> {
        use log::Column;
        let late = CaseStatement::new().case(Column::Due.lt(second), Column::Tasks.into_expr());
        let mut rows =
            self.scope.owned::<LoggedDelta>().filter(self.lies_in(Column::ProjectId)).select_only();
        rows = rows.columns([Column::Status, Column::Priority]);
        for (name, expr) in [
            ("all_tasks", Column::Tasks.into_expr()),
            ("all_estimated", Column::Estimated.into_expr()),
            ("all_minutes", Column::EstimateMinutes.into_expr()),
            ("all_seconds", Column::SpentSeconds.into_expr()),
            ("late", late.finally(0_i64).into()),
        ] {
            rows = rows.column_as(self.scope.sum(expr), name);
        }
        let rows = rows.column(Column::Took);
        let by = [Column::Status, Column::Priority, Column::Took];
        let rows = by.into_iter().fold(rows, QuerySelect::group_by).into_query();
        let read = |row: &sea_orm::QueryResult| {
            Ok(Logged { state: state(row)?, late: field(row, 6)?, took: field(row, 7)? })
        };
        self.scope.rows(&rows).await?.iter().map(read).collect()
    }

    /// The number of open tasks due before a second, from the sums.
    async fn due_before(&self, second: i64) -> Result<i64> {
        let arm = |(level, range): (u32, Range<i64>)| {
            let sums = self.sums(Series::Due(level)).filter(within(&range));
            sums.column_as(self.scope.sum(sum::Column::Tasks.into_expr()), "all_tasks").into_query()
        };
        let mut arms = tree::below(second).filter(|(_, range)| !range.is_empty()).map(arm);
        let Some(mut all) = arms.next() else { return Ok(0) };
        for arm in arms {
            all.union(UnionType::All, arm);
        }
        let rows = self.scope.rows(&all).await?;
        rows.iter().map(|row| field::<Option<i64>>(row, 0).map(Option::unwrap_or_default)).sum()
    }

    /// The number of open tasks due within the current second, but before `now`.
    async fn due_within_second(&self, now: Timestamp) -> Result<i64> {
        use task::Column;
        // This condition uses an index, and excludes tasks without a due date.
        let due = Expr::col((task::Entity, "due_key"));
        let late = due.clone().gte(second(now) * 1_000_000).and(due.lt(now.micros()));
        let open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
        let there = Condition::all().add_option(Task::not_removed()).add(Column::ProjectId.is_not_null());
        let tasks = self.scope.owned::<Task>().filter(late).filter(open).filter(there);
        self.scope.count::<Task>(tasks.filter(self.lies_in(Column::ProjectId))).await
    }

    /// The durations of the tasks at two positions among the completed tasks, in seconds.
    async fn places(&self, places: [i64; 2], log: &Took) -> Result<[i64; 2]> {
        let mut at = places.map(|left| (0, left));
        for level in (0..LEVELS).rev() {
            let [low, high] = at;
            let parts = self.parts(level, low.0, log).await?;
            at = if low.0 == high.0 {
                [among(&parts, low), among(&parts, high)]
            } else {
                [among(&parts, low), among(&self.parts(level, high.0, log).await?, high)]
            };
        }
        Ok(at.map(|(seconds, _)| seconds))
    }

    /// The number of tasks with a duration in each child of a node.
    async fn parts(&self, level: u32, node: i64, log: &Took) -> Result<BTreeMap<i64, i64>> {
        use sum::Column;
        let parts = tree::parts(node);
        let sums = self.sums(Series::Took(level)).filter(within(&parts)).column(Column::Place);
        let sums = sums.column_as(self.scope.sum(Column::Tasks.into_expr()), "all_tasks");
        let mut tasks = BTreeMap::new();
        for row in self.scope.rows(&sums.group_by(Column::Place).into_query()).await? {
            tasks.insert(field(&row, 0)?, field(&row, 1)?);
        }
        for (seconds, number) in log {
            let part = tree::node(level, *seconds);
            if parts.contains(&part) {
                *tasks.entry(part).or_default() += number;
            }
        }
        Ok(tasks)
    }
}

fn within(places: &Range<i64>) -> Condition {
    Condition::all().add(sum::Column::Place.gte(places.start)).add(sum::Column::Place.lt(places.end))
}

fn state(row: &sea_orm::QueryResult) -> Result<State> {
    let amounts = Amounts {
        tasks: field(row, 2)?,
        estimated: field(row, 3)?,
        estimate_minutes: field(row, 4)?,
        spent_seconds: field(row, 5)?,
    };
    Ok(State { status: field(row, 0)?, priority: field(row, 1)?, amounts })
}

/// The child that contains a position, and the position in it.
fn among(parts: &BTreeMap<i64, i64>, (node, mut left): (i64, i64)) -> (i64, i64) {
    for (part, tasks) in parts {
        if left < *tasks {
            return (*part, left);
        }
        left -= tasks;
    }
    // Not reached with consistent counts; else the start of the node is close enough.
    (tree::parts(node).start, 0)
}
