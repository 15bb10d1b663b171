//! The installation: the one secret that all nodes over a database share. It seals cursors and fingerprints requests.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::{Error, Result, store::Conn};

/// The installation's secret; the first node makes it.
pub(crate) async fn secret(conn: &Conn) -> Result<Vec<u8>> {
    let select =
        Query::select().column("secret").from("installation").and_where(Expr::col("id").eq(1)).take();
    let find = async || -> Result<Option<String>> {
        let rows = conn.rows(&select).await?;
        rows.first().map(|row| crate::store::field(row, 0)).transpose()
    };
    let text = if let Some(text) = find().await? {
        text
    } else {
        let secret = URL_SAFE_NO_PAD.encode(taskhub_auth::secret::random::<32>());
        let mut insert = Query::insert();
        insert.into_table("installation").columns(["id", "secret"]).values_panic([1.into(), secret.into()]);
        // Another node may have been faster: what is there then is everybody's.
        if let Err(error) = conn.change(&insert).await {
            tracing::debug!(%error, "another node made the installation's secret");
        }
        find().await?.ok_or_else(|| Error::internal("the installation has no secret"))?
    };
    URL_SAFE_NO_PAD.decode(text).map_err(Error::internal)
}
