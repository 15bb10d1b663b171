//! The change feed: the changes of all resources that the caller may read, in commit order.
//!
//! Invariants:
//! - The policy as of now decides what is returned. A change of an existing row goes to callers who
//!   may read the row, by the same condition as in lists. A caller who may read all rows of a
//!   resource gets every change of it. A permanent deletion goes to callers who could read the last
//!   state of the row.
//! - A reader who continues from a cursor gets each change exactly once. Positions have no gaps
//!   (`repository/feed.rs`), and a position that is no longer stored is an error.
//!
//! A caller sees a row through a chain, such as comment → task → project → team → own membership.
//! Each link is a value of a row. A change that gives or takes access is returned with `reread`:
//! the reader must read the resources inside that row again. When access is lost, the change of the
//! outermost broken link is returned, because all links outside it are still whole. When access is
//! gained, the caller sees all rows of the chain, so their changes are returned too.
//!
//! This module does not know why a row was changed.

pub(crate) mod cursor;
mod sweep;
mod visible;

use std::collections::HashMap;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::ExprTrait};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use self::visible::Delivered;
pub(crate) use self::visible::{HIDDEN, of as delivered};
pub use self::{cursor::CURSOR, visible::RESOURCE_TYPES};
use crate::{
    Context, Error, Repository, Result, Scope, Timestamp,
    kernel::{
        error::Kind,
        event::{Event, entity::Column},
        list::Query,
        repository::field,
    },
};

/// The default and the greatest number of changes on a page.
pub const SHOWN: usize = 50;
/// As [`SHOWN`].
pub const MOST: usize = 200;
/// The value of `since` for the oldest stored change.
pub const OLDEST: &str = "oldest";
/// The number of changes that one request examines, and how many are read at once.
const LOOKED: usize = 1000;
const AT_ONCE: usize = 200;

/// A change of a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedChange {
    /// The cursor after this change, for `since`.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9_-]{32}$", example = "w2sSgMZ1Zb8aJY7cGk2xMgAAAAAAAAAq")]
    pub cursor: String,
    /// The date and time (UTC) of the change. The changes are in commit order, which may differ
    /// slightly from this order.
    pub at: Timestamp,
    /// The type of the changed resource.
    #[schema(example = "task")]
    pub noun: String,
    /// The id of the changed resource.
    pub id: Uuid,
    /// The version of the resource after the change; after a permanent deletion, its last version.
    #[schema(example = 3)]
    pub version: i64,
    /// The action. `update` stands for private actions of another user, such as a new password.
    /// `hidden` means that the caller does not see the resource any more.
    #[schema(example = "complete")]
    pub action: String,
    /// The id of the parent in the path of the resource. A member has a team, and a milestone has a
    /// project. A comment, watcher, dependency, attachment, reminder or time entry has a task. Null
    /// for a resource without a parent, and for the action `hidden`.
    pub within: Option<Uuid>,
    /// Whether the change may have granted or revoked access to other resources. If true, read the
    /// resources inside this one again. After a change of the caller's own membership, read the
    /// resources of the team again. If it is true for the caller's own user, their role has
    /// changed: read everything again.
    pub reread: bool,
}

/// One page of the change feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// The cursor for `since` of the next request.
    #[schema(max_length = 32, pattern = "^[A-Za-z0-9_-]{32}$", example = "w2sSgMZ1Zb8aJY7cGk2xMgAAAAAAAAAq")]
    pub next: String,
    /// Whether more changes are already available.
    pub more: bool,
    /// The changes, in commit order. The list can be empty although `more` is true, because changes
    /// that the caller does not see were examined as well.
    pub results: Vec<FeedChange>,
}

/// A reader of the feed: its position and the requested resource types.
#[derive(Debug)]
pub struct Reading {
    ctx: Context,
    nouns: Option<Vec<String>>,
    position: i64,
}

/// The changes since a cursor.
///
/// # Errors
/// `InvalidParameter`; `CursorExpired`; `InsufficientScope` for a resource type that was requested
/// by name.
pub async fn changes(repository: &Repository, ctx: &Context, query: &Query) -> Result<FeedPage> {
    let mut query = query.clone();
    let shown = query.take_any("page_size")?.map_or(Ok(SHOWN), |size| read_size(&size))?;
    let mut reading = Reading::begin(repository, ctx, query).await?;
    reading.next(repository, shown).await
}

fn read_size(size: &str) -> Result<usize> {
    let size = size.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| Error::parameter("page_size", format!("Must be a whole number from 1 to {MOST}.")))
}

impl Reading {
    /// Begins at the cursor in `since`, or at the end of the feed.
    ///
    /// # Errors
    /// As [`changes`].
    pub async fn begin(repository: &Repository, ctx: &Context, mut query: Query) -> Result<Self> {
        let nouns = query.take_any("noun")?.map(|names| visible::wanted(ctx, &names)).transpose()?;
        let scope = repository.read(ctx);
        let position = match query.take_any("since")?.as_deref() {
            None => scope.last_position().await?,
            Some(OLDEST) => before_the_oldest(&scope).await?,
            Some(cursor) => cursor::open(repository.secret(), ctx.tenant(), cursor)?,
        };
        let reading = Self { ctx: ctx.clone(), nouns, position };
        // A position that is no longer stored is rejected at once.
        reading.some(&scope, scope.last_position().await?, 1).await?;
        Ok(reading)
    }

    /// The cursor at the present position.
    pub fn cursor(&self, repository: &Repository) -> String {
        cursor::close(repository.secret(), self.ctx.tenant(), self.position)
    }

    /// A value that changes when there may be new changes.
    pub fn follow(&self, repository: &Repository) -> watch::Receiver<i64> {
        repository.follow(self.ctx.tenant())
    }

    /// The next changes, at most `most`. The number of examined changes is limited too.
    ///
    /// # Errors
    /// `CursorExpired` if some of them are no longer stored; those of the repository.
    pub async fn next(&mut self, repository: &Repository, most: usize) -> Result<FeedPage> {
        let scope = repository.read(&self.ctx);
        // Read first: later commits have greater positions.
        let last = scope.last_position().await?;
        let (mut results, mut looked) = (Vec::new(), 0);
        while results.len() < most && looked < LOOKED {
            let some = self.some(&scope, last, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            looked += some.len();
            let delivered: HashMap<Uuid, Delivered> = visible::of(&scope, &self.wanted(&some)).await?;
            for event in some {
                self.position = event.position.unwrap_or(self.position);
                let Some(Delivered { action, reread }) = delivered.get(&event.id) else { continue };
                results.push(FeedChange {
                    cursor: self.cursor(repository),
                    at: event.at,
                    noun: event.noun,
                    id: event.row_id,
                    version: event.row_version,
                    action: action.clone(),
                    // The caller must not learn where a hidden row is now.
                    within: event.within_id.filter(|_| action != HIDDEN),
                    reread: *reread,
                });
                if results.len() == most {
                    break;
                }
            }
        }
        Ok(FeedPage { next: self.cursor(repository), more: self.position < last, results })
    }

    fn wanted<'a>(&self, events: &'a [Event]) -> Vec<&'a Event> {
        let wanted = |event: &&Event| self.nouns.as_ref().is_none_or(|nouns| nouns.contains(&event.noun));
        events.iter().filter(wanted).collect()
    }

    /// The events after the present position, up to `last`. It is an error if one of them is
    /// missing.
    async fn some(&self, scope: &Scope, last: i64, number: usize) -> Result<Vec<Event>> {
        if self.position == last {
            return Ok(Vec::new());
        }
        let after = Column::Position.gt(self.position).and(Column::Position.lte(last));
        let select = scope.owned::<Event>().filter(after).order_by_asc(Column::Position);
        let some: Vec<Event> = scope.all(&select.limit(number as u64).into_query()).await?;
        let follow = some.iter().zip(self.position + 1..).all(|(event, next)| event.position == Some(next));
        // This also catches cursors from after the backup of a restored database.
        if some.is_empty() || !follow {
            return Err(Kind::CursorExpired.into());
        }
        Ok(some)
    }
}

/// The position before the oldest stored event.
async fn before_the_oldest(scope: &Scope) -> Result<i64> {
    let last = scope.last_position().await?;
    let oldest = scope.owned::<Event>().filter(Column::Position.is_not_null()).select_only();
    let oldest = oldest.expr_as(Column::Position.min(), "oldest").into_query();
    let oldest: Option<i64> = scope.rows(&oldest).await?.first().map_or(Ok(None), |row| field(row, 0))?;
    Ok(oldest.map_or(last, |oldest| oldest - 1))
}
