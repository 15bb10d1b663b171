//! Receiving files: bytes are written to the blob store while they arrive, and counted and hashed.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use object_store::{buffered::BufWriter, path::Path};
use taskhub_auth::secret::Hashing;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{
    FileInfo,
    blob_store::{BlobStore, PATIENCE, not_done, within},
    kind,
};
use crate::{Error, Result};

/// The size of one part, in bytes. S3 accepts no smaller part, except the last one. At most two
/// parts of a file are in memory.
const PART: usize = 5 * 1024 * 1024;

/// An object that is being written. If it is dropped before it is finished, the object is removed.
#[derive(Debug)]
pub struct Receiving {
    id: Uuid,
    name: Path,
    writer: Option<BufWriter>,
    hash: Hashing,
    size: u64,
    head: Vec<u8>,
}

/// An object that is durable in the blob store and has no row yet.
#[derive(Clone, Debug)]
pub struct Received {
    /// The id of the object.
    pub id: Uuid,
    /// The size, in bytes.
    pub size: i64,
    /// The SHA-256.
    pub sha256: [u8; 32],
    /// The media type that the first bytes suggest.
    pub media_type: &'static str,
}

impl Received {
    /// The description of the file, with a name.
    pub fn info(&self, name: &str) -> FileInfo {
        FileInfo {
            name: name.to_owned(),
            media_type: self.media_type.to_owned(),
            size: self.size,
            sha256: HEXLOWER.encode(&self.sha256),
        }
    }

    /// The digest in base64, as in `Repr-Digest` (RFC 9530).
    pub fn digest(&self) -> String {
        STANDARD.encode(self.sha256)
    }
}

impl Receiving {
    pub(super) fn new(blob_store: BlobStore, tenant: Uuid, id: Uuid) -> Self {
        let name = blob_store.name(tenant, id);
        let writer = BufWriter::with_capacity(blob_store.objects, name.clone(), PART).with_max_concurrency(1);
        Self { id, name, writer: Some(writer), hash: Hashing::default(), size: 0, head: Vec::new() }
    }

    /// The number of bytes received so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the next bytes. Waits while the blob store is slower than the client.
    ///
    /// # Errors
    /// `Unavailable` when the blob store cannot be reached; `StorageFull`, `ReadOnly`.
    pub async fn take(&mut self, bytes: Bytes) -> Result<()> {
        self.hash.update(&bytes);
        self.size += bytes.len() as u64;
        let room = kind::LOOKED_AT.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(room));
        match &mut self.writer {
            Some(writer) => within(writer.put(bytes)).await,
            None => Err(Error::internal(format!("{} is closed for writing", self.name))),
        }
    }

    /// Makes the object durable.
    ///
    /// # Errors
    /// `Unavailable` when the blob store cannot be reached; `StorageFull`, `ReadOnly`.
    pub async fn finish(mut self) -> Result<Received> {
        let Some(mut writer) = self.writer.take() else {
            return Err(Error::internal(format!("{} is closed for writing", self.name)));
        };
        match tokio::time::timeout(PATIENCE, writer.shutdown()).await {
            Ok(written) => written.map_err(not_done)?,
            Err(_) => return Err(Error::unavailable("the file store does not respond")),
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
        // Without a runtime the process is ending, and the sweep removes the rest.
        let (Some(mut writer), Ok(runtime)) = (self.writer.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let name = self.name.clone();
        runtime.spawn(async move {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%name, %error, "could not remove an incomplete file");
            }
        });
    }
}
