//! What a resource declares so that the repository can scope, authorise, write and record its rows.
//!
//! Invariant: a resource can't leave out what keeps tenants apart. [`entity!`] adds the columns of
//! the tenant and the version, and [`Resource`] requires the resource type of the policy. No
//! default makes a row visible to all. Without declarations no relation holds, so only the roles in
//! the policy decide.

use std::future::Future;

use futures::future::BoxFuture;
use sea_orm::{ColumnTrait, ColumnType, Condition, EntityTrait, ModelTrait};
use serde::Serialize;
use uuid::Uuid;

use super::{dependents::Written, parent::Parent, row::Positioned, text::Searched, tx::Birth};
use crate::{
    Context, Date, Result, Scope, Timestamp, Tx,
    kernel::{
        list::{self, Filter, Sort},
        policy::{self, Action, Relation, Relations},
    },
};

/// The entity of a row.
pub(crate) type EntityOf<N> = <N as ModelTrait>::Entity;
/// The columns of a row.
pub(crate) type ColumnOf<N> = <EntityOf<N> as EntityTrait>::Column;

/// A row of a tenant: how the repository finds its tenant, id and version. Only [`entity!`] and
/// [`owned!`] implement it.
pub trait Owned: ModelTrait + Serialize + Positioned + Sync + Unpin + 'static {
    /// The column of the tenant.
    fn tenant_column() -> ColumnOf<Self>;
    /// The column of the id.
    fn id_column() -> ColumnOf<Self>;
    /// The column of the version; `None` for rows that never change.
    fn version_column() -> Option<ColumnOf<Self>>;
    /// The tenant of the row.
    fn tenant(&self) -> Uuid;
    /// The id of the row.
    fn id(&self) -> Uuid;
    /// The version of the row; 1 for rows that never change.
    fn version(&self) -> i64;
}

/// A row that can begin with only a tenant, an id and a timestamp. Only [`entity!`] implements it.
pub trait Blank: Owned {
    /// The new row. All fields of its own have their initial values.
    fn born(birth: Birth) -> Self;
}

/// The value of a field in a new row, before the input is applied: the default of its type. A
/// timestamp or a date has no default, so it begins with the time of the transaction.
pub(crate) trait Initial {
    fn initial(birth: &Birth) -> Self;
}

impl<T: Default> Initial for T {
    fn initial(_: &Birth) -> Self {
        Self::default()
    }
}

impl Initial for Timestamp {
    fn initial(birth: &Birth) -> Self {
        birth.at
    }
}

impl Initial for Date {
    fn initial(birth: &Birth) -> Self {
        Self::of(birth.at)
    }
}

/// A unique constraint, and the field that a client gets as the cause of a violation. It has two
/// names, because SQLite reports the columns and the other databases report the index.
pub struct Unique {
    pub(crate) index: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) field: &'static str,
}

/// The row that contains another and may forbid changes of it, as an archived project does.
pub struct Container {
    /// The resource type and the id of the containing row.
    pub(crate) row: (policy::ResourceType, Uuid),
    /// Fails while the containing row forbids changes. It locks the containing row against changes
    /// until the transaction ends.
    pub(crate) ensure_open: for<'a> fn(&'a Scope, Uuid) -> BoxFuture<'a, Result<()>>,
}

/// A resource with endpoints of its own. [`Access`] says who reaches its rows, [`Stored`] how they
/// are written, and [`Listed`] how they are filtered and sorted.
pub trait Resource: Access + Stored + Listed {
    /// The type of the resource in the policy.
    const TYPE: policy::ResourceType;

    /// The resource whose rows contain the rows of this one, which are reached through them alone;
    /// `()` for a resource with a collection of its own.
    type Parent: Parent<Self>;
}

/// The relations of the caller to the rows of a resource, for the policy and the change feed.
///
/// Invariant: [`Self::relations`] and [`Self::related`] agree, so that lists show what a single
/// read allows.
pub trait Access: Owned {
    /// The relations of the caller to this row that the policy needs for the action. By default
    /// none holds.
    fn relations(&self, _scope: &Scope, _action: Action) -> impl Future<Output = Result<Relations>> + Send {
        async { Ok(Relations::default()) }
    }

    /// The condition for the rows to which the caller has a relation; `None` if no row has it.
    fn related(_relation: Relation, _ctx: &Context) -> Option<Condition> {
        None
    }

    /// The row that contains this one and may forbid changes of it; `None` by default.
    fn container(&self, _scope: &Scope) -> impl Future<Output = Result<Option<Container>>> + Send {
        async { Ok(None) }
    }

    /// The id of the row in whose path this one is found (`/tasks/{id}/comments`), for the change
    /// feed. It never changes.
    fn lies_in(&self) -> Option<Uuid> {
        None
    }

    /// Whether a change of the column can affect who sees the row, or the rows in it. The change
    /// feed marks such a change ([`crate::insight::change_feed`]). By default every column of an id
    /// does.
    fn affects_visibility(column: ColumnOf<Self>) -> bool {
        *column.def().get_column_type() == ColumnType::Uuid
    }

    /// Whether the existence of a row lets its user see other rows, as a team membership does.
    const GRANTS_VISIBILITY: bool = false;
}

/// How the rows of a resource are written, deleted and shown.
pub trait Stored: Owned {
    /// Whether new rows are batched: they wait until the end of the transaction and are inserted
    /// many at once. It is only for resources without a unique constraint, because a violation
    /// would be found too late to name the field. A transaction that reads such rows writes the
    /// batch first.
    const BATCHED: bool = false;

    /// The columns that no response shows. The audit shows their changes as `[redacted]`.
    const HIDDEN: &'static [&'static str] = &["tenant_id"];

    /// The detail of `InUse`, when a row is not deleted because others refer to it. It says which
    /// rows these are, and what the caller can do.
    const IN_USE: Option<&'static str> = None;

    /// The unique constraints.
    fn uniques() -> &'static [Unique] {
        &[]
    }

    /// The row with the columns that are computed from its other values, such as the key of a name.
    /// Every write calls it. The audit does not record these columns.
    #[must_use]
    fn derived(self) -> Self {
        self
    }

    /// What the resource itself writes beside a row, in the transaction of each write of it. What
    /// other resources write is their reaction ([`super::dependents`]).
    fn follow_up<'a>(_tx: &'a Tx, _written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        None
    }

    /// The searchable text of the row; `None` for a resource that is not searched. See
    /// [`crate::insight::search`].
    fn searched(&self) -> Option<Searched<'_>> {
        None
    }

    /// The row as deleted at a timestamp, or as restored with `None`. The result is `None` for a
    /// resource whose rows can't be restored: they are deleted permanently.
    fn removed(self, _at: Option<Timestamp>) -> Option<Self> {
        None
    }

    /// Whether the row was deleted and can still be restored. Such a row is absent to everything
    /// that does not ask for deleted rows.
    fn is_removed(&self) -> bool {
        false
    }

    /// The condition for the rows that were not deleted; `None` for a resource whose rows can't be
    /// restored.
    fn not_removed() -> Option<Condition> {
        None
    }
}

/// The lists of a resource: the fields of an item, the filters and the sort keys.
pub trait Listed: Owned {
    /// One item of a list.
    type Item: Positioned + Serialize + Send + Sync;

    /// The columns that a list reads; all of them where an item of a list is the row.
    fn item_columns() -> Vec<ColumnOf<Self>> {
        list::whole::<Self>()
    }

    /// The fields of an item that are no columns of the row.
    const ADDED: &'static [&'static str] = &[];

    /// The filters.
    fn filters() -> &'static [Filter<Self>] {
        &[]
    }

    /// The filters for callers who may read the private fields of every row. For the others they
    /// don't exist. A private filter with the name of a public one adds a column to it.
    fn private_filters() -> &'static [Filter<Self>] {
        &[]
    }

    /// The sort keys. The default order is by the first, descending.
    fn sorts() -> &'static [Sort<Self>];
}

/// Implements [`Owned`] for a row with the columns that every row of a tenant has. Without a last
/// word it is for rows that change, `unversioned` is for rows that are only added, and `itself` is
/// for the row of the tenant.
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

/// Declares the row of a resource: its entity in a module `entity`, and the row by its name, with
/// [`Owned`], [`Positioned`] and, for `editable`, [`Blank`].
///
/// The declaration is `pub struct Row in "table", …` with the fields of the resource, each with its
/// attributes. The macro adds `tenant_id` and `id` before them. It adds `created_at`, `updated_at`
/// and `version` after them, or in the place of `..stamps`. A last line `..removed field of column`
/// adds a field to responses: the names of the user in the column, if that user was removed
/// ([`super::people`]).
///
/// After the name of the table follows the form of the row:
///
/// - `editable`: it is in the OpenAPI document and made from an input, so it can begin blank
///   ([`Blank`]);
/// - `shown`: it is in the OpenAPI document;
/// - `hidden`: it is not in the OpenAPI document;
/// - `unversioned`: it is not in the OpenAPI document and has no timestamps or version. It is only
///   ever added, or internal to the server.
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
                [#[doc = "The date and time (UTC) at which it was created."]] created_at: Timestamp,
                [#[doc = "The date and time (UTC) of its last change."]] updated_at: Timestamp,
                [#[doc = "The version of the row; each change adds 1. The `ETag` of the resource."]] version: i64,
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
            use $crate::{Date, Timestamp};

            $($doc)*
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, serde::Serialize)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                #[serde(skip)]
                pub tenant_id: Uuid,
                /// The id, a UUID (version 7).
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                $($($meta)* pub $field: $kind,)*
                $(
                    /// The user as they were when they were removed, if they were removed and the
                    /// token has the scope `users:read`; absent otherwise.
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
                    $($field: $crate::kernel::repository::resource::Initial::initial(&birth),)*
                    created_at: birth.at,
                    updated_at: birth.at,
                    version: 1,
                    $($($last: $crate::kernel::repository::resource::Initial::initial(&birth),)*)?
                    $($removed: None,)?
                }
            }
        }
    };
}
pub(crate) use entity;
