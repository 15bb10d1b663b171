//! A scope for the fuzz targets, which build statements and run none: see [`crate::fuzzing`].

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use sea_orm::{DatabaseConnection, DbBackend};
use sqlx::{
    MySql, Pool, Postgres, Sqlite, mysql::MySqlConnectOptions, pool::PoolOptions, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use taskhub_auth::Cipher;

use super::{Conn, Dependents, Scope, Secrets, limit::Limit, sql::Statements};
use crate::{Context, Error, Result};

static SQLITE: LazyLock<DatabaseConnection> =
    LazyLock::new(|| lazy::<Sqlite>(SqliteConnectOptions::new()).into());
static POSTGRES: LazyLock<DatabaseConnection> =
    LazyLock::new(|| lazy::<Postgres>(PgConnectOptions::new()).into());
static MYSQL: LazyLock<DatabaseConnection> =
    LazyLock::new(|| lazy::<MySql>(MySqlConnectOptions::new()).into());

impl Scope {
    /// A scope on a database of this kind that was never connected to.
    ///
    /// # Errors
    /// `Internal`, which does not happen.
    pub(crate) fn unconnected(
        ctx: Context,
        backend: DbBackend,
        secret: &[u8],
        dependents: &'static Dependents,
    ) -> Result<Self> {
        let pool = match backend {
            DbBackend::Postgres => &POSTGRES,
            DbBackend::MySql => &MYSQL,
            _ => &SQLITE,
        };
        let cipher = Cipher::fresh().map_err(Error::internal)?;
        Ok(Self {
            ctx,
            conn: Conn::Pool(super::Pool::new((**pool).clone(), Limit::new(Duration::ZERO)), None),
            statements: Arc::new(Statements::default()),
            secrets: Arc::new(Secrets { installation: secret.to_vec(), cipher }),
            dependents,
        })
    }
}

/// A pool that connects on demand. Until then it needs no runtime, because its connections have no
/// maximum age.
fn lazy<D: sqlx::Database>(options: <D::Connection as sqlx::Connection>::Options) -> Pool<D> {
    PoolOptions::new().max_lifetime(None).idle_timeout(None).connect_lazy_with(options)
}
