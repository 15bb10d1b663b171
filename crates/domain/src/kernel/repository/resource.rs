//! What a noun declares about itself so that the store can scope, judge, write and record it.
//!
//! Invariant: nothing here can be left out by a noun. The tenant's and the version's columns come with [`entity!`], and the
//! policy's noun with [`Resource`]; there is no default that would mean "visible to all": where a noun says nothing, no fact holds, and so
//! a row is for those alone to whom the policy gives it for their role.

use std::future::Future;

use futures::future::BoxFuture;
use sea_orm::{ColumnTrait, ColumnType, Condition, EntityTrait, ModelTrait};
use serde::Serialize;
use uuid::Uuid;

use super::{dependents::Written, row::Positioned, text::Searched, tx::Birth};
use crate::{
    Context, Instant, Result, Scope, Tx,
    kernel::{
        list::{self, Filter, Sort},
        policy::{self, Action, Relation, Relations},
    },
};

/// A row's entity.
pub(crate) type EntityOf<N> = <N as ModelTrait>::Entity;
/// A row's columns.
pub(crate) type ColumnOf<N> = <EntityOf<N> as EntityTrait>::Column;

/// A row of a tenant: how the store finds its tenant, id and version. Implemented by [`entity!`] and [`owned!`] alone.
pub trait Owned: ModelTrait + Serialize + Positioned + Sync + Unpin + 'static {
    /// The column of the tenant.
    fn tenant_column() -> ColumnOf<Self>;
    /// The column of the id.
    fn id_column() -> ColumnOf<Self>;
    /// The column of the version, for rows that change.
    fn version_column() -> Option<ColumnOf<Self>>;
    /// The tenant.
    fn tenant(&self) -> Uuid;
    /// The id.
    fn id(&self) -> Uuid;
    /// The version.
    fn version(&self) -> i64;
}

/// A row that can begin with nothing but whose it is, which it is and when it came. Implemented by [`entity!`] alone.
pub trait Blank: Owned {
    /// The new row, all of whose own fields have their defaults.
    fn born(birth: Birth) -> Self;
}

/// A unique constraint and what its violation means to a client: the index's name, the columns as SQLite names them, and the
/// field to blame.
pub struct Unique {
    pub(crate) index: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) field: &'static str,
}

/// The row that contains another and may forbid changes of it, as an archived project does.
pub struct Container {
    /// Which row it is.
    pub(crate) row: (policy::ResourceType, Uuid),
    /// Fails while the container forbids changes. The container stays as it is until the
    /// transaction ends.
    pub(crate) ensure_open: for<'a> fn(&'a Scope, Uuid) -> BoxFuture<'a, Result<()>>,
}

/// A noun that has endpoints of its own: what the policy calls it, and how the policy's facts are found.
pub trait Resource: Owned {
    /// The policy's name for it.
    const TYPE: policy::ResourceType;
    /// Rows may wait until the transaction's end, and be inserted many at once. For nouns without a unique constraint, because a clash would be
    /// found too late to name it; what a transaction reads of them is written first.
    #[doc(hidden)]
    const BATCHED: bool = false;

    /// What one line of a list shows.
    type Item: Positioned + Serialize + Send + Sync;

    /// The facts between the caller and this row that the policy needs to judge the action. None holds, unless the noun says so.
    #[doc(hidden)]
    fn relations(&self, _scope: &Scope, _action: Action) -> impl Future<Output = Result<Relations>> + Send {
        async { Ok(Relations::default()) }
    }

    /// The rows for which a fact holds. `None`: it never does.
    #[doc(hidden)]
    fn related(_fact: Relation, _ctx: &Context) -> Option<Condition> {
        None
    }

    /// Whether the row was removed, and can still be restored: it is absent to whatever does not ask for such rows.
    #[doc(hidden)]
    fn is_removed(&self) -> bool {
        false
    }

    /// The rows that were not removed so.
    #[doc(hidden)]
    fn not_removed() -> Option<Condition> {
        None
    }

    /// The row as removed at an instant, or as there again, for nouns whose rows can be restored. `None`: what is removed is gone.
    #[doc(hidden)]
    fn removed(self, _at: Option<Instant>) -> Option<Self> {
        None
    }

    /// What the resource itself writes beside a row, in the transaction of each write of it. What other resources write is their reaction
    /// ([`super::dependents`]).
    #[doc(hidden)]
    fn follow_up<'a>(_tx: &'a Tx, _written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        None
    }

    /// The row that contains this one and may forbid changes of it.
    #[doc(hidden)]
    fn container(&self, _scope: &Scope) -> impl Future<Output = Result<Option<Container>>> + Send {
        async { Ok(None) }
    }

    /// The row in whose path this one is found, for the feed; it is always the same.
    #[doc(hidden)]
    fn lies_in(&self) -> Option<Uuid> {
        None
    }

    /// Whether a column says who sees the row, or what lies in it: the feed tells a change of it as one ([`crate::insight::change_feed`]).
    #[doc(hidden)]
    fn affects_visibility(column: ColumnOf<Self>) -> bool {
        *column.def().get_column_type() == ColumnType::Uuid
    }

    /// Whether by its mere being there a row lets its own user see others.
    #[doc(hidden)]
    const GRANTS_VISIBILITY: bool = false;

    /// What is searched of the row; `None` for nouns that are not searched. See [`crate::insight::search`].
    #[doc(hidden)]
    fn searched(&self) -> Option<Searched<'_>> {
        None
    }

    /// The columns that a list reads: all, where a line of a list is the row.
    #[doc(hidden)]
    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    /// The columns that no answer shows.
    #[doc(hidden)]
    const HIDDEN: &'static [&'static str] = &["tenant_id"];

    /// What lists show of each row beside its columns.
    #[doc(hidden)]
    const ADDED: &'static [&'static str] = &[];

    /// The row with what follows from its other values, and is kept only to be looked for: made at each write, and not told in the audit.
    #[doc(hidden)]
    #[must_use]
    fn derived(self) -> Self {
        self
    }

    /// What lists can be filtered by.
    #[doc(hidden)]
    fn filters() -> &'static [Filter<Self>] {
        &[]
    }

    /// What lists can be filtered by as well, by callers who may read the private fields of every row: to others there is no such filter. One
    /// of the same name as a filter for all is that filter over one column more.
    #[doc(hidden)]
    fn private_filters() -> &'static [Filter<Self>] {
        &[]
    }

    /// What lists can be sorted by; the first is the default, downwards.
    #[doc(hidden)]
    fn sorts() -> &'static [Sort<Self>];

    /// What must be unique.
    #[doc(hidden)]
    fn uniques() -> &'static [Unique] {
        &[]
    }
}

/// Implements [`Owned`] for a row with the columns that every row of a tenant has. `owned!(Row, entity)` is a row that changes;
/// `unversioned` one that is only ever added; `itself` is the tenant's own row.
macro_rules! owned {
    ($row:ty, $entity:ident) => {
        $crate::kernel::repository::resource::owned!(
            $row,
            $entity,
            tenant_id,
            TenantId,
            Some($entity::Column::Version),
            |row: &$row| row.version
        );
    };
    ($row:ty, $entity:ident, itself) => {
        $crate::kernel::repository::resource::owned!(
            $row,
            $entity,
            id,
            Id,
            Some($entity::Column::Version),
            |row: &$row| row.version
        );
    };
    ($row:ty, $entity:ident, unversioned) => {
        $crate::kernel::repository::resource::owned!($row, $entity, tenant_id, TenantId, None, |_: &$row| 1);
    };
    ($row:ty, $entity:ident, $tenant:ident, $column:ident, $version_column:expr, $version:expr) => {
        impl $crate::kernel::repository::resource::Owned for $row {
            fn tenant_column() -> $entity::Column {
                $entity::Column::$column
            }
            fn id_column() -> $entity::Column {
                $entity::Column::Id
            }
            fn version_column() -> Option<$entity::Column> {
                $version_column
            }
            fn tenant(&self) -> uuid::Uuid {
                self.$tenant
            }
            fn id(&self) -> uuid::Uuid {
                self.id
            }
            fn version(&self) -> i64 {
                let version: fn(&$row) -> i64 = $version;
                version(self)
            }
        }
    };
}
pub(crate) use owned;

/// Declares a noun's row: its entity in a module `entity` and the row by its name, with [`Owned`],
/// [`Positioned`] and, where it can be, [`Blank`]. `pub struct Row in "table", …` and the row's own
/// fields, each with its attributes, make it; `tenant_id` and `id` come before them, and
/// `created_at`, `updated_at` and `version` after them, or where `..stamps` stands. A last line
/// `..removed field of column` adds to answers who the user of a column was, if they were removed
/// (`store/people.rs`). After the table's name stands what the row is:
///
/// - `editable`: in the document, and made of an input, so that a blank one can be made ([`Blank`]);
/// - `shown`: in the document;
/// - `hidden`: not in the document;
/// - `unversioned`: not in the document, and without the three stamps: only ever added, or kept for the server itself.
macro_rules! entity {
    ($(#[$($doc:tt)*])* pub struct $row:ident in $table:literal, editable { $($body:tt)* }) => {
        $crate::kernel::repository::resource::entity! { $(#[$($doc)*])* pub struct $row in $table, shown { $($body)* } }
        $crate::kernel::repository::resource::entity! { @blank $row { $($body)* } }
    };
    ($(#[$($doc:tt)*])* pub struct $row:ident in $table:literal, shown { $($body:tt)* }) => {
        $crate::kernel::repository::resource::entity! {
            $(#[$($doc)*])*
            #[derive(utoipa::ToSchema)]
            #[schema(as = $row)]
            pub struct $row in $table, hidden { $($body)* }
        }
    };
    ($(#[$($doc:tt)*])* pub struct $row:ident in $table:literal, hidden {
        $($(#[$($meta:tt)*])* pub $field:ident: $kind:ty,)*
        $(..stamps, $($(#[$($more:tt)*])* pub $last:ident: $last_kind:ty,)*)?
        $(..removed $removed:ident of $whom:ident,)?
    }) => {
        $crate::kernel::repository::resource::entity! {
            @model pub, $row, $table, [$(#[$($doc)*])*], [$($removed of $whom)?] {
                $([$(#[$($meta)*])*] $field: $kind,)*
                [] created_at: Instant,
                [] updated_at: Instant,
                [] version: i64,
                $($([$(#[$($more)*])*] $last: $last_kind,)*)?
            }
        }
        $crate::kernel::repository::resource::owned!($row, entity);
    };
    ($(#[$($doc:tt)*])* $visible:vis struct $row:ident in $table:literal, unversioned {
        $($(#[$($meta:tt)*])* pub $field:ident: $kind:ty,)*
    }) => {
        $crate::kernel::repository::resource::entity! {
            @model $visible, $row, $table, [$(#[$($doc)*])*], [] { $([$(#[$($meta)*])*] $field: $kind,)* }
        }
        $crate::kernel::repository::resource::owned!($row, entity, unversioned);
    };
    (@model $visible:vis, $row:ident, $table:literal, [$($doc:tt)*], [$($removed:ident of $whom:ident)?] {
        $([$($meta:tt)*] $field:ident: $kind:ty,)*
    }) => {
        pub(crate) mod entity {
            #![allow(
                missing_docs,
                unreachable_pub,
                unused_imports,
                clippy::wildcard_imports,
                reason = "written for and by sea-orm's derive"
            )]
            use sea_orm::entity::prelude::*;

            use super::*;
            use $crate::Instant;

            $($doc)*
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, serde::Serialize)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                #[serde(skip)]
                pub tenant_id: Uuid,
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                $($($meta)* pub $field: $kind,)*
                $(
                    /// Who it was, if they were removed and the token reaches users; absent
                    /// otherwise.
                    #[sea_orm(ignore)]
                    #[serde(skip_serializing_if = "Option::is_none")]
                    #[schema(nullable = false)]
                    pub $removed: Option<$crate::kernel::repository::people::RemovedUser>,
                )?
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }

        $visible use entity::Model as $row;

        $crate::kernel::repository::row::positions!($row { tenant_id, id, $($field),* } $(, $removed of $whom)?);
    };
    (@blank $row:ident {
        $($(#[$($meta:tt)*])* pub $field:ident: $kind:ty,)*
        $(..stamps, $($(#[$($more:tt)*])* pub $last:ident: $last_kind:ty,)*)?
        $(..removed $removed:ident of $whom:ident,)?
    }) => {
        impl $crate::kernel::repository::resource::Blank for $row {
            fn born(birth: $crate::kernel::repository::Birth) -> Self {
                Self {
                    tenant_id: birth.tenant,
                    id: birth.id,
                    $($field: Default::default(),)*
                    created_at: birth.at,
                    updated_at: birth.at,
                    version: 1,
                    $($($last: Default::default(),)*)?
                    $($removed: None,)?
                }
            }
        }
    };
}
pub(crate) use entity;
