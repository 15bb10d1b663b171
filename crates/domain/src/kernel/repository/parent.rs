//! Where the rows of a resource are: in a collection of their own, or inside a row of another
//! resource, their parent.
//!
//! Invariant: a row inside a parent is reached through that parent alone. A row in another parent
//! is absent, whatever the caller may do with it there.

use std::future::Future;

use sea_orm::{ColumnTrait, Condition, QueryFilter};
use uuid::Uuid;

use super::{
    evidence::{Act, Evidence, Read},
    resource::Resource,
    scope::Scope,
    tx::Tx,
};
use crate::{
    Result,
    kernel::{
        error::Kind,
        list::Within,
        policy::{self, Action, ResourceType},
    },
};

/// The key of a collection: `()` of a resource without a parent, or the id of the parent.
pub type CollectionOf<N> = <<N as Resource>::Parent as Parent<N>>::Collection;
/// The key of a row: its id, or the ids of the parent and of the row.
pub type KeyOf<N> = <<N as Resource>::Parent as Parent<N>>::Key;

/// What the rows of a resource are inside of: nothing (`()`), or a row of another resource. It is
/// implemented here alone.
pub trait Parent<N: Resource>: Sized + Send + Sync + 'static {
    /// See [`CollectionOf`].
    type Collection: Copy + Send + Sync + 'static;
    /// See [`KeyOf`].
    type Key: Copy + Send + Sync + 'static;

    /// Resolves the parent for reading.
    ///
    /// # Errors
    /// `NotFound` for the parent.
    fn open(scope: &Scope, collection: Self::Collection) -> impl Future<Output = Result<Self>> + Send;

    /// The rows inside it that a list shows.
    ///
    /// # Errors
    /// Repository errors.
    fn rows(&self, scope: &Scope) -> impl Future<Output = Result<Within>> + Send;

    /// Authorises a new row.
    ///
    /// # Errors
    /// `InsufficientScope`, `Forbidden`.
    fn authorize_create(scope: &Scope, blank: &N) -> impl Future<Output = Result<()>> + Send;

    /// As [`Scope::resolve`].
    ///
    /// # Errors
    /// As [`Scope::resolve`], and `NotFound` for the parent and for a row in another parent.
    fn resolve<A: Act>(
        scope: &Scope,
        key: Self::Key,
        act: A,
    ) -> impl Future<Output = Result<Evidence<N, A>>> + Send;

    /// The parent in a key.
    fn parent_of(key: Self::Key) -> Option<(ResourceType, Uuid)>;

    /// The path of the collection of a row, such as `tasks/{id}/comments` with the id of the task.
    fn collection_path(row: &N) -> String;
}

/// A resource whose rows are inside a row of another resource, and are reached through it alone.
pub trait Child: Resource<Parent: Resource> {
    /// The name of the collection in the path of the parent, such as `members`.
    const COLLECTION: &'static str;

    /// The id of the parent.
    fn parent(&self) -> Uuid;

    /// The condition for the rows of a parent.
    #[doc(hidden)]
    fn within(parent: &Self::Parent) -> Condition;

    /// The rows of the parent that the caller may see, if the policy alone does not decide that.
    /// `None` means all.
    #[doc(hidden)]
    fn shown(
        _scope: &Scope,
        _parent: &Self::Parent,
    ) -> impl Future<Output = Result<Option<Condition>>> + Send {
        async { Ok(None) }
    }
}

impl<N: Resource<Parent = ()>> Parent<N> for () {
    type Collection = ();
    type Key = Uuid;

    async fn open(_scope: &Scope, (): ()) -> Result<Self> {
        Ok(())
    }

    async fn rows(&self, _scope: &Scope) -> Result<Within> {
        Ok(Within::all())
    }

    async fn authorize_create(scope: &Scope, _blank: &N) -> Result<()> {
        policy::permit(scope.ctx(), N::TYPE, Action::Create)
    }

    async fn resolve<A: Act>(scope: &Scope, id: Uuid, act: A) -> Result<Evidence<N, A>> {
        scope.resolve(id, act).await
    }

    fn parent_of(_id: Uuid) -> Option<(ResourceType, Uuid)> {
        None
    }

    fn collection_path(_row: &N) -> String {
        N::TYPE.scope().to_owned()
    }
}

impl<P: Resource, N: Child<Parent = P>> Parent<N> for P {
    type Collection = Uuid;
    type Key = (Uuid, Uuid);

    async fn open(scope: &Scope, id: Uuid) -> Result<Self> {
        Ok(scope.resolve::<P, _>(id, Read).await?.into_row())
    }

    async fn rows(&self, scope: &Scope) -> Result<Within> {
        let rows = N::within(self).add_option(N::shown(scope, self).await?);
        Ok(Within::of(self.id(), rows))
    }

    /// The new row itself is authorised, because the right to create it may depend on the parent.
    async fn authorize_create(scope: &Scope, blank: &N) -> Result<()> {
        scope.authorize_create(blank).await
    }

    async fn resolve<A: Act>(scope: &Scope, (parent, id): (Uuid, Uuid), act: A) -> Result<Evidence<N, A>> {
        let parent = scope.resolve::<P, _>(parent, Read).await?;
        let elsewhere = |row: &N| row.parent() != parent.row().id();
        if scope.find::<N>(id, false).await?.is_some_and(|row| elsewhere(&row)) {
            return Err(Kind::NotFound.into());
        }
        if let Some(shown) = N::shown(scope, parent.row()).await? {
            let found = scope.owned::<N>().filter(N::id_column().eq(id)).filter(shown);
            if scope.count::<N>(found).await? == 0 {
                return Err(Kind::NotFound.into());
            }
        }
        scope.resolve(id, act).await
    }

    fn parent_of((parent, _id): (Uuid, Uuid)) -> Option<(ResourceType, Uuid)> {
        Some((P::TYPE, parent))
    }

    fn collection_path(row: &N) -> String {
        format!("{}/{}/{}", P::TYPE.scope(), row.parent(), N::COLLECTION)
    }
}

impl Scope {
    /// The row with a key, if the caller may do `act` to it.
    ///
    /// # Errors
    /// Those of [`Parent::resolve`].
    pub async fn resolve_at<N: Resource, A: Act>(&self, key: KeyOf<N>, act: A) -> Result<Evidence<N, A>> {
        N::Parent::resolve(self, key, act).await
    }
}

impl Tx {
    /// As [`Scope::resolve_at`]. Batched rows are written first if the row can be one of them.
    ///
    /// # Errors
    /// As [`Scope::resolve_at`].
    pub async fn resolve_at<N: Resource, A: Act>(&self, key: KeyOf<N>, act: A) -> Result<Evidence<N, A>> {
        if N::BATCHED {
            self.flush().await?;
        }
        N::Parent::resolve(self, key, act).await
    }
}
