//! Receiving: octets on their way into the depot, measured and looked at as they come.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use object_store::{buffered::BufWriter, path::Path};
use taskhub_auth::secret::Hashing;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{
    FileInfo,
    depot::{Depot, PATIENCE, not_done, within},
    hex, kind,
};
use crate::{Error, Result};

/// Octets of one part: S3 takes none that is smaller, but the last. What waits of a file in memory is two of these at most.
const PART: usize = 5 * 1024 * 1024;

/// An object that is being written. When it is dropped before it is finished, what was written of it goes.
#[derive(Debug)]
pub struct Receiving {
    id: Uuid,
    name: Path,
    writer: Option<BufWriter>,
    hash: Hashing,
    size: u64,
    head: Vec<u8>,
}

/// An object that lies in the depot, durably, and of which no row speaks yet.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its id.
    pub id: Uuid,
    /// Its octets' number.
    pub size: i64,
    /// Its octets' SHA-256.
    pub sha256: [u8; 32],
    /// What its first octets look like.
    pub media_type: &'static str,
}

impl Received {
    /// What is told of it, under a name.
    pub fn info(&self, name: &str) -> FileInfo {
        FileInfo {
            name: name.to_owned(),
            media_type: self.media_type.to_owned(),
            size: self.size,
            sha256: hex(&self.sha256),
        }
    }

    /// Its digest as a header has it (RFC 9530).
    pub fn digest(&self) -> String {
        STANDARD.encode(self.sha256)
    }
}

impl Receiving {
    pub(super) fn new(depot: Depot, tenant: Uuid, id: Uuid) -> Self {
        let name = depot.name(tenant, id);
        let writer = BufWriter::with_capacity(depot.objects, name.clone(), PART).with_max_concurrency(1);
        Self { id, name, writer: Some(writer), hash: Hashing::default(), size: 0, head: Vec::new() }
    }

    /// How many octets came so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next octets; waits while the depot is slower than they come.
    ///
    /// # Errors
    /// `Unavailable` when the depot is not there; `StorageFull`, `ReadOnly`.
    pub async fn take(&mut self, octets: Bytes) -> Result<()> {
        self.hash.update(&octets);
        self.size += octets.len() as u64;
        let room = kind::LOOKED_AT.saturating_sub(self.head.len());
        self.head.extend(octets.iter().take(room));
        match &mut self.writer {
            Some(writer) => within(writer.put(octets)).await,
            None => Err(Error::internal(format!("{} is written no more", self.name))),
        }
    }

    /// Makes the object durable.
    ///
    /// # Errors
    /// `Unavailable` when the depot is not there; `StorageFull`, `ReadOnly`.
    pub async fn finish(mut self) -> Result<Received> {
        let Some(mut writer) = self.writer.take() else {
            return Err(Error::internal(format!("{} is written no more", self.name)));
        };
        match tokio::time::timeout(PATIENCE, writer.shutdown()).await {
            Ok(written) => written.map_err(not_done)?,
            Err(_) => return Err(Error::unavailable("the files' store does not answer")),
        }
        Ok(Received {
            id: self.id,
            size: i64::try_from(self.size).map_err(Error::internal)?,
            sha256: std::mem::take(&mut self.hash).finish(),
            media_type: kind::media_type(&self.head),
        })
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // Without a runtime the process ends, and the sweep finds what is left.
        let (Some(mut writer), Ok(runtime)) = (self.writer.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let name = self.name.clone();
        runtime.spawn(async move {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%name, %error, "what was written of a file can't be removed");
            }
        });
    }
}
