//! The feed: what was changed of all that the caller may read, in the order in which it was committed.
//!
//! Invariant: what is told is what the policy lets be read now. A change of a row that is there is told to who may read the row, by the very condition of
//! lists, and every change to who may read all rows of its noun; that a row was removed for good is told to who could read it as it was last. A reader who
//! goes on from the cursor that they were given misses nothing and gets nothing twice: positions have no gap (`store/feed.rs`), and one that is not kept any
//! more is an error.
//!
//! What comes into sight, or gets out of it, is told where it began: by the change of the row that gave the sight or took it, as `reread`: what lies in that
//! row is to be read again. Who sees a row sees it by a chain, as comment, task, project, team, own membership, in which each link is a value of a row; and
//! a row is seen through it only while all links before are. So of the links that broke, the one that is nearest to the reader is always told: the row as it
//! was is asked of what is so now, and the links before it are whole. What begins to be seen is told likewise, since all rows of its chain are seen then.

pub(crate) mod cursor;
mod sweep;
mod told;

use std::collections::HashMap;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::ExprTrait};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use self::told::Told;
pub(crate) use self::told::{HIDDEN, of as told};
pub use self::{cursor::CURSOR, told::NOUNS};
use crate::{
    Context, Error, Instant, Result, Scope, Store,
    error::Kind,
    event::{Event, entity::Column},
    list::Query,
    store::field,
};

/// Changes that are shown when the caller does not say, and at most.
pub const SHOWN: usize = 50;
/// As [`SHOWN`].
pub const MOST: usize = 200;
/// The word for the beginning of what is kept.
pub const OLDEST: &str = "oldest";
/// At how many changes one request looks, and at how many at once.
const LOOKED: usize = 1000;
const AT_ONCE: usize = 200;

/// Something that was done to a row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedChange {
    /// Where the feed goes on after this.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9_-]{32}$", example = "w2sSgMZ1Zb8aJY7cGk2xMgAAAAAAAAAq")]
    pub cursor: String,
    /// When it was done. The order is that of the commits, which may differ a little.
    pub at: Instant,
    /// What kind of row it was done to.
    #[schema(example = "task")]
    pub noun: String,
    /// Which one.
    pub id: Uuid,
    /// The version of the row that came of it; of a row that was removed for good, its last.
    #[schema(example = 3)]
    pub version: i64,
    /// What was done; `update` for what is the user's own affair, and `hidden` when the row was changed so that the caller sees it no more.
    #[schema(example = "complete")]
    pub action: String,
    /// The row in whose path it is found: the team of a member, the project of a milestone, the task of a comment, a watcher, a dependency, an
    /// attachment, a reminder, a time entry. Null for what has a path of its own.
    pub within: Option<Uuid>,
    /// Whether what the caller sees may have become more or less by it: read again what lies in the row; after one of a membership of one's own, what
    /// lies in its team; and after one of the caller themselves, whose role is another, everything.
    pub reread: bool,
}

/// A part of the feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// Where the feed goes on: the `since` of the next request.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9_-]{32}$", example = "w2sSgMZ1Zb8aJY7cGk2xMgAAAAAAAAAq")]
    pub next: String,
    /// Whether there is more to look at already.
    pub more: bool,
    /// The changes, in the order of their commits. There may be none although there is more: what the caller does not see was looked at, too.
    pub results: Vec<FeedChange>,
}

/// A place in the feed, and what of it is wanted.
#[derive(Debug)]
pub struct Reading {
    ctx: Context,
    nouns: Option<Vec<String>>,
    position: i64,
}

/// What was changed since a cursor.
///
/// # Errors
/// `InvalidParameter`; `CursorExpired`; `InsufficientScope` for a noun that is asked for by name.
pub async fn changes(store: &Store, ctx: &Context, query: &Query) -> Result<FeedPage> {
    let mut query = query.clone();
    let shown = query.take_any("page_size")?.map_or(Ok(SHOWN), |size| read_size(&size))?;
    let mut reading = Reading::begin(store, ctx, query).await?;
    reading.next(store, shown).await
}

fn read_size(size: &str) -> Result<usize> {
    let size = size.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| Error::parameter("page_size", format!("Expected a number from 1 to {MOST}.")))
}

impl Reading {
    /// Begins where `since` says, or now.
    ///
    /// # Errors
    /// As [`changes`].
    pub async fn begin(store: &Store, ctx: &Context, mut query: Query) -> Result<Self> {
        let nouns = query.take_any("noun")?.map(|names| told::wanted(ctx, &names)).transpose()?;
        let scope = store.read(ctx);
        let position = match query.take_any("since")?.as_deref() {
            None => scope.last_position().await?,
            Some(OLDEST) => before_the_oldest(&scope).await?,
            Some(cursor) => cursor::open(store.secret(), ctx.tenant(), cursor)?,
        };
        let reading = Self { ctx: ctx.clone(), nouns, position };
        // One that is not kept is refused at once.
        reading.some(&scope, scope.last_position().await?, 1).await?;
        Ok(reading)
    }

    /// Where the feed goes on.
    pub fn cursor(&self, store: &Store) -> String {
        cursor::close(store.secret(), self.ctx.tenant(), self.position)
    }

    /// Changes whenever there may be more.
    pub fn follow(&self, store: &Store) -> watch::Receiver<i64> {
        store.follow(self.ctx.tenant())
    }

    /// The next changes: so many at most, and of a bounded number that were looked at.
    ///
    /// # Errors
    /// `CursorExpired` when some of them are not kept any more; those of the store.
    pub async fn next(&mut self, store: &Store, most: usize) -> Result<FeedPage> {
        let scope = store.read(&self.ctx);
        // First: what is committed meanwhile comes after it.
        let last = scope.last_position().await?;
        let (mut results, mut looked) = (Vec::new(), 0);
        while results.len() < most && looked < LOOKED {
            let some = self.some(&scope, last, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            looked += some.len();
            let told: HashMap<Uuid, Told> = told::of(&scope, &self.wanted(&some)).await?;
            for event in some {
                self.position = event.position.unwrap_or(self.position);
                let Some(Told { action, reread }) = told.get(&event.id) else { continue };
                results.push(FeedChange {
                    cursor: self.cursor(store),
                    at: event.at,
                    noun: event.noun,
                    id: event.row_id,
                    version: event.row_version,
                    action: action.clone(),
                    // Where it went is not theirs to know.
                    within: event.within_id.filter(|_| action != HIDDEN),
                    reread: *reread,
                });
                if results.len() == most {
                    break;
                }
            }
        }
        Ok(FeedPage { next: self.cursor(store), more: self.position < last, results })
    }

    fn wanted<'a>(&self, events: &'a [Event]) -> Vec<&'a Event> {
        let wanted = |event: &&Event| self.nouns.as_ref().is_none_or(|nouns| nouns.contains(&event.noun));
        events.iter().filter(wanted).collect()
    }

    /// The events after the position, up to the last one: all of them are there, or it is an error.
    async fn some(&self, scope: &Scope, last: i64, number: usize) -> Result<Vec<Event>> {
        if self.position == last {
            return Ok(Vec::new());
        }
        let after = Column::Position.gt(self.position).and(Column::Position.lte(last));
        let select = scope.owned::<Event>().filter(after).order_by_asc(Column::Position);
        let some: Vec<Event> = scope.all(&select.limit(number as u64).into_query()).await?;
        let follow = some.iter().zip(self.position + 1..).all(|(event, next)| event.position == Some(next));
        // Also a cursor of what a restored database never knew.
        if some.is_empty() || !follow {
            return Err(Kind::CursorExpired.into());
        }
        Ok(some)
    }
}

/// The position before the oldest event that is kept.
async fn before_the_oldest(scope: &Scope) -> Result<i64> {
    let last = scope.last_position().await?;
    let oldest = scope.owned::<Event>().filter(Column::Position.is_not_null()).select_only();
    let oldest = oldest.expr_as(Column::Position.min(), "oldest").into_query();
    let oldest: Option<i64> = scope.rows(&oldest).await?.first().map_or(Ok(None), |row| field(row, 0))?;
    Ok(oldest.map_or(last, |oldest| oldest - 1))
}
