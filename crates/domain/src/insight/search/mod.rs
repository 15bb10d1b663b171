//! The search over several resources: the rows that contain some words, best match first.
//!
//! Invariant: what is found is what the caller's lists show. The database finds rows by their
//! terms (`repository/tokenizer.rs`), which the recorded write keeps in step with them
//! (`repository/text.rs`). Each resource's own visibility wraps that. The matches are ranked here, by
//! the rows' own texts alone. So no row that is hidden from the caller, and no other tenant,
//! changes the result.

mod show;

use std::{borrow::Cow, collections::HashMap};

use sea_orm::{
    ColumnTrait, Condition, IdenStatic, Iterable, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

pub use crate::kernel::repository::tokenizer::LONGEST;
use crate::{
    Context, Error, Repository, Result, Scope, System, Timestamp, Tx,
    identity::tenant,
    insight::resources,
    kernel::{
        list::{Form, Query},
        policy::{self, Action},
        repository::{
            Listed, Owned, Resource, Searched, field, resource::ColumnOf, tokenizer::Wanted, unindexed,
        },
    },
    work::{
        comment,
        task::{self, Task},
    },
};

/// The default and the greatest number of results.
pub const SHOWN: usize = 20;
/// As [`SHOWN`].
pub const MOST: usize = 200;
/// The number of newest matches of each resource that are ranked, and how many are read at once,
/// because texts may be long.
const RANKED: u64 = 200;
const AT_ONCE: u64 = 50;
/// The number of rows that are indexed in one transaction.
const INDEXED: u64 = 10;

/// All texts other than the title, as one text; `None` if there are none.
fn below(searched: Searched<'_>) -> Option<Cow<'_, str>> {
    let [one, other] = searched.more;
    let mut texts = [searched.body, one, other].into_iter().flatten().filter(|text| !text.is_empty());
    let first = texts.next()?;
    let rest: Vec<_> = texts.collect();
    if rest.is_empty() {
        Some(first.into())
    } else {
        Some(format!("{first}\n\n{}", rest.join("\n\n")).into())
    }
}

/// A resource that matches a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Found {
    /// The type of the resource.
    #[schema(example = "task")]
    noun: &'static str,
    /// The id of the resource.
    id: Uuid,
    /// The title or name as escaped HTML, with the matched words in `<mark>`. Empty for comments.
    #[schema(example = "Water the <mark>plants</mark>")]
    title: String,
    /// The id of the project that contains the resource (for a comment, its task), or null if there
    /// is none.
    project_id: Option<Uuid>,
    /// The id of the task of a comment; null for all other types.
    task_id: Option<Uuid>,
    /// The score of the match: higher is better. Words in the title, whole words and frequent words
    /// count more.
    #[schema(example = 16)]
    rank: i64,
    /// At most 160 characters of the text around the first matched word, as escaped HTML with the
    /// matched words in `<mark>`. Null if there is no text.
    #[schema(example = "…those by the window need more than the <mark>plants</mark> in the hall…")]
    snippet: Option<String>,
}

/// The results of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// The best matches. Among equal matches, the newest come first.
    results: Vec<Found>,
    /// Whether a type has more than 200 matches, of which only the newest 200 were ranked. A better
    /// match may then be missing: add words or filters to find it.
    truncated: bool,
}

/// A search of one caller.
struct Search {
    scope: Scope,
    wanted: Wanted,
    nouns: Option<Vec<String>>,
    project: Option<Uuid>,
    /// The other filters, with the names of those of lists.
    filters: Query,
}

/// The filters of a search other than the resource types and the project. Resources without a
/// filter of that name are not found.
pub const FILTERS: &[&str] = &["status", "assignee", "created_at", "updated_at"];

/// Declares the resources that are searched. Each says in `Stored::searched` which texts count.
macro_rules! nouns {
    ($($resource:ty),*) => {
        /// The names of the resources that are searched.
        pub const RESOURCE_TYPES: &[&str] = &[$(<$resource>::TYPE.as_str()),*];

        impl Search {
            async fn run(&self) -> Result<SearchResults> {
                let (mut results, mut truncated) = (Vec::new(), false);
                $(
                    let (found, more) = self.find::<$resource>().await?;
                    results.extend(found);
                    truncated |= more;
                )*
                Ok(SearchResults { results, truncated })
            }
        }

        /// The titles or names of rows of any type that the caller sees.
        pub(crate) async fn titles(scope: &Scope, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
            let mut titles = HashMap::new();
            $(
                if !ids.is_empty() && policy::permit(scope.ctx(), <$resource>::TYPE, Action::Read).is_ok() {
                    let own = Condition::all().add(<$resource>::id_column().is_in(ids.iter().copied()));
                    let mut columns = ColumnOf::<$resource>::iter();
                    if let Some(title) = columns.find(|column| matches!(column.as_str(), "title" | "name")) {
                        let rows = scope.visible::<$resource>(own)?.select_only();
                        let rows = rows.column(<$resource>::id_column()).column(title).into_query();
                        for row in scope.rows(&rows).await? {
                            titles.insert(field(&row, 0)?, field(&row, 1)?);
                        }
                    }
                }
            )*
            Ok(titles)
        }

        /// The statuses of all resources that are searched.
        pub fn statuses() -> Vec<&'static str> {
            let mut all = Vec::new();
            $(
                let status = <$resource>::filters().iter().find(|filter| filter.name == "status");
                if let Some(Form::Words(words)) = status.map(|filter| filter.form) {
                    all.extend(words);
                }
            )*
            all.sort_unstable();
            all.dedup();
            all
        }

    };
}

resources::each!(search, nouns);

/// Declares the resources whose rows are indexed: those of this search, and those with `q` in
/// lists.
macro_rules! indexed {
    ($($resource:ty),*) => {
        impl Repository {
            /// Indexes rows without words that were created since a time: a server of an older
            /// version wrote them.
            ///
            /// # Errors
            /// Those of the repository.
            pub async fn index_missing(&self, system: &System, since: Option<Timestamp>) -> Result<()> {
                let after = since.map_or(Uuid::nil(), Timestamp::first_id);
                for tenant in tenant::ids(self, system).await? {
                    let ctx = system.within(tenant);
                    $(index::<$resource>(self, &ctx, after).await?;)*
                }
                Ok(())
            }
        }
    };
}

resources::each!(words, indexed);

/// The rows that contain the requested words and that the caller sees.
///
/// # Errors
/// `InvalidParameter`; `InsufficientScope` for a resource type that was requested by name.
pub async fn search(repository: &Repository, ctx: &Context, query: &Query) -> Result<SearchResults> {
    let mut query = query.clone();
    let wanted = Wanted::read("q", &query.take("q")?)?;
    let nouns = query.take_any("noun")?.map(|names| read_types(&names)).transpose()?;
    let read = |text: String| {
        crate::kernel::input::id(&text).ok_or_else(|| {
            Error::parameter("project", "Must be an id, like 0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e.")
        })
    };
    let project = query.take_any("project")?.map(read).transpose()?;
    let shown = query.take_any("page_size")?.map_or(Ok(SHOWN), |size| read_size(&size))?;
    check_filters(&query)?;
    let search = Search { scope: repository.read(ctx), wanted, nouns, project, filters: query };
    let mut found = search.run().await?;
    found.results.sort_by_key(|found| std::cmp::Reverse((found.rank, found.id)));
    found.results.truncate(shown);
    search.place(&mut found.results).await?;
    Ok(found)
}

/// Rejects filters and statuses that no resource has.
fn check_filters(query: &Query) -> Result<()> {
    for (name, value) in &query.0 {
        if !FILTERS.contains(&plain(name)) {
            return Err(Error::parameter(name, "There is no such parameter."));
        }
        let known = statuses();
        if name == "status" && !value.split(',').all(|word| known.contains(&word)) {
            return Err(Error::parameter(name, format!("Must be one or more of: {}.", known.join(", "))));
        }
    }
    Ok(())
}

/// The name of a parameter without its operator.
fn plain(name: &str) -> &str {
    name.split_once('[').map_or(name, |(plain, _)| plain)
}

fn read_types(names: &str) -> Result<Vec<String>> {
    let known = |name: &str| RESOURCE_TYPES.contains(&name).then(|| name.to_owned());
    let expected =
        || Error::parameter("noun", format!("Must be one or more of: {}.", RESOURCE_TYPES.join(", ")));
    names.split(',').map(known).collect::<Option<_>>().ok_or_else(expected)
}

fn read_size(size: &str) -> Result<usize> {
    let size = size.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| Error::parameter("page_size", format!("Must be a whole number from 1 to {MOST}.")))
}

impl Search {
    /// The matches of a resource, and whether there are more than were ranked.
    async fn find<N: Resource>(&self) -> Result<(Vec<Found>, bool)> {
        let reached = policy::permit(self.scope.ctx(), N::TYPE, Action::Read);
        match &self.nouns {
            Some(nouns) if nouns.iter().all(|noun| noun != N::TYPE.as_str()) => {
                return Ok((Vec::new(), false));
            }
            Some(_) => reached?,
            None if reached.is_err() => return Ok((Vec::new(), false)),
            None => {}
        }
        let ctx = self.scope.ctx();
        let within = self.project.map_or(Some(Condition::all()), |project| within::<N>(ctx, project));
        let (Some(narrowed), Some(within)) = (self.narrowed::<N>()?, within) else {
            return Ok((Vec::new(), false));
        };
        let condition =
            within.add(narrowed).add(N::id_column().in_subquery(self.scope.matching(&self.wanted)));
        let (mut found, mut before) = (Vec::new(), None);
        for _ in 0..RANKED / AT_ONCE {
            let older = before.map(|id: Uuid| N::id_column().lt(id));
            let rows = self.scope.visible::<N>(condition.clone().add_option(older))?;
            let rows = rows.order_by_desc(N::id_column()).limit(AT_ONCE).into_query();
            let rows: Vec<N> = self.scope.all(&rows).await?;
            before = rows.last().map(Owned::id);
            let is_last = (rows.len() as u64) < AT_ONCE;
            let wanted = self.wanted.clone();
            let shown =
                spawn_blocking(move || rows.iter().filter_map(|row| Found::of(row, &wanted)).collect());
            let shown: Vec<_> = shown.await.map_err(Error::internal)?;
            found.extend(shown);
            if is_last {
                return Ok((found, false));
            }
        }
        let Some(before) = before else { return Ok((found, false)) };
        let more = self.scope.visible::<N>(condition.add(N::id_column().lt(before)))?;
        let more = more.select_only().column(N::id_column()).limit(1).into_query();
        Ok((found, !self.scope.rows(&more).await?.is_empty()))
    }

    /// The condition of the filters for a resource; `None` if it does not have one of them.
    fn narrowed<N: Resource>(&self) -> Result<Option<Condition>> {
        let mut own = Query::default();
        for (name, value) in &self.filters.0 {
            let Some(filter) = N::filters().iter().find(|filter| filter.name == plain(name)) else {
                return Ok(None);
            };
            let value = match filter.form {
                Form::Words(words) if name == filter.name => {
                    let known: Vec<_> = value.split(',').filter(|word| words.contains(word)).collect();
                    if known.is_empty() {
                        return Ok(None);
                    }
                    known.join(",")
                }
                _ => value.clone(),
            };
            own.0.push((name.clone(), value));
        }
        own.condition::<N>(&self.scope).map(Some)
    }

    /// Sets the project of results that are inside a task.
    async fn place(&self, found: &mut [Found]) -> Result<()> {
        let tasks: Vec<_> = found.iter().filter_map(|found| found.task_id).collect();
        if tasks.is_empty() {
            return Ok(());
        }
        let tasks = self.scope.owned::<Task>().filter(task::entity::Column::Id.is_in(tasks)).select_only();
        let tasks = tasks.column(task::entity::Column::Id).column(task::entity::Column::ProjectId);
        let rows = self.scope.rows(&tasks.into_query()).await?;
        let known = rows.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?)));
        let known = known.collect::<Result<HashMap<Uuid, Option<Uuid>>>>()?;
        for found in found {
            if let Some(project) = found.task_id.and_then(|task| known.get(&task)) {
                found.project_id = *project;
            }
        }
        Ok(())
    }
}

/// The condition that a row is in a project or is the project; `None` for resources that are in no
/// project.
fn within<N: Resource>(ctx: &Context, project: Uuid) -> Option<Condition> {
    if N::TYPE == policy::ResourceType::Comment {
        let there = comment::ids_in(ctx, project);
        return Some(Condition::all().add(N::id_column().in_subquery(there)));
    }
    let column = if N::TYPE == policy::ResourceType::Project {
        Some(N::id_column())
    } else {
        N::filters().iter().find(|filter| filter.name == "project").map(|filter| filter.column)
    };
    column.map(|column| Condition::all().add(column.eq(project)))
}

impl Found {
    fn of<N: Resource>(row: &N, wanted: &Wanted) -> Option<Self> {
        let searched = row.searched()?;
        let (Searched { title, project_id, task_id, .. }, text) = (searched, below(searched));
        let text = text.as_deref();
        Some(Self {
            noun: N::TYPE.as_str(),
            id: row.id(),
            title: show::marked(title, wanted),
            project_id,
            task_id,
            rank: show::rank(title, text.unwrap_or_default(), wanted),
            snippet: text.map(|text| show::excerpt(text, wanted)),
        })
    }
}

/// Indexes the rows of a tenant after an id that have no words, a few at a time so that no other
/// write waits long.
async fn index<N: Resource>(repository: &Repository, ctx: &Context, after: Uuid) -> Result<()> {
    let scope = repository.read(ctx);
    let mut after = scope.all::<N>(&missing::<N>(&scope, after, 1)).await?.first().map(|_| after);
    while let Some(id) = after {
        after = repository.write(ctx, id, |tx, id| Box::pin(index_some::<N>(tx, *id))).await?;
    }
    Ok(())
}

/// Some rows of the tenant after an id that have no words.
fn missing<N: Resource>(scope: &Scope, after: Uuid, most: u64) -> SelectStatement {
    let own = N::tenant_column().eq(scope.ctx().tenant());
    let missing = unindexed::<N>().filter(own).filter(N::id_column().gt(after));
    missing.order_by_asc(N::id_column()).limit(most).into_query()
}

/// Indexes a few rows after an id. Returns the id after which there may be more.
async fn index_some<N: Resource>(tx: &Tx, after: Uuid) -> Result<Option<Uuid>> {
    let missing: Vec<N> = tx.all(&missing::<N>(tx, after, INDEXED)).await?;
    for row in &missing {
        tx.index_again::<N>(row.id()).await?;
    }
    Ok(missing.last().map(Owned::id))
}
