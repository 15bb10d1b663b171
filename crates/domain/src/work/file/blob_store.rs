//! The blob store: stores objects in a folder or in an S3 bucket.
//!
//! Invariant: the name of an object is made of the id of its tenant and its own id, below the
//! prefix of the blob store. No part of it comes from a client. Objects with other names belong to
//! others: they are neither read nor removed.
//!
//! This module knows no rows and no quotas.

use std::{io, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ClientOptions, Error as Failure, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path,
};
use taskhub_auth::secret::Hashing;
use uuid::Uuid;

use super::{FileInfo, receiving::Receiving};
use crate::{Error, Result, kernel::error::Kind};

/// The longest time of one step: writing one part, or reading one chunk.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The place where objects are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder, which must exist.
    Folder(PathBuf),
    /// A bucket with the S3 protocol.
    Bucket {
        /// The name of the bucket.
        name: String,
        /// The prefix of the names of objects; may be empty.
        prefix: String,
    },
}

/// The bytes of an object, as a stream.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// Writes, reads and removes objects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BlobStore {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The folder, so that partly written files in it can be removed.
    pub(super) folder: Option<PathBuf>,
}

impl BlobStore {
    /// Opens the blob store at a place. The options for a bucket have the names of the environment
    /// variables of AWS (`AWS_REGION`, …). Unknown options are ignored.
    ///
    /// # Errors
    /// If the folder does not exist, or the options do not suffice for the bucket.
    pub fn open(place: &Place, options: &[(String, String)]) -> Result<Self, Failure> {
        match place {
            Place::Folder(folder) => {
                let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Self { objects: Arc::new(objects), prefix: Path::default(), folder: Some(folder.clone()) })
            }
            Place::Bucket { name, prefix } => {
                // The reader decides how long a download takes, so only each step has a timeout.
                let client = ClientOptions::new().with_timeout_disabled().with_connect_timeout(PATIENCE / 6);
                let builder = AmazonS3Builder::new().with_client_options(client).with_bucket_name(name);
                let known = options.iter().filter_map(|(name, value)| {
                    Some((name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok()?, value))
                });
                let builder = known.fold(builder, |builder, (key, value)| builder.with_config(key, value));
                Ok(Self { objects: Arc::new(builder.build()?), prefix: Path::parse(prefix)?, folder: None })
            }
        }
    }

    /// Checks that the place can be listed.
    ///
    /// # Errors
    /// The reason, for the operator.
    pub async fn reach(&self) -> Result<(), String> {
        let listed = self.objects.list(Some(&self.prefix)).next().await.transpose();
        listed.map(drop).map_err(|error| error.to_string())
    }

    /// Begins to write an object of a tenant.
    pub fn receive(&self, tenant: Uuid, id: Uuid) -> Receiving {
        Receiving::new(self.clone(), tenant, id)
    }

    /// The bytes of an object, or a range of them. A stream of a whole object with a wrong digest
    /// ends in an error before its last chunk.
    ///
    /// # Errors
    /// `Internal` if the object is missing or has another size, `Unavailable` if the place cannot
    /// be reached.
    pub async fn read(
        &self,
        tenant: Uuid,
        id: Uuid,
        info: &FileInfo,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream> {
        let is_whole = range.is_none();
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let name = self.name(tenant, id);
        let got = within(self.objects.get_opts(&name, options)).await?;
        if i64::try_from(got.meta.size) != Ok(info.size) {
            let (announced, size) = (info.size, got.meta.size);
            return Err(Error::internal(format!("{name} has {size} bytes instead of {announced}")));
        }
        let bytes = impatient(got.into_stream().map_err(failed)).boxed();
        Ok(if is_whole { checked(bytes, name, info.sha256.clone()).boxed() } else { bytes })
    }

    /// All bytes of an object, not verified; `None` if it does not exist.
    pub(crate) async fn whole(&self, tenant: Uuid, id: Uuid) -> Result<Option<ByteStream>> {
        let name = self.name(tenant, id);
        match tokio::time::timeout(PATIENCE, self.objects.get(&name)).await {
            Ok(Ok(got)) => Ok(Some(impatient(got.into_stream().map_err(failed)).boxed())),
            Ok(Err(Failure::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Error::unavailable("the file store does not respond")),
        }
    }

    /// Removes an object. Succeeds if it does not exist.
    ///
    /// # Errors
    /// `Unavailable` if the place cannot be reached.
    pub async fn remove(&self, tenant: Uuid, id: Uuid) -> Result<()> {
        let name = self.name(tenant, id);
        match tokio::time::timeout(PATIENCE, self.objects.delete(&name)).await {
            Ok(Ok(()) | Err(Failure::NotFound { .. })) => Ok(()),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Error::unavailable("the file store does not respond")),
        }
    }

    /// Whether an object exists.
    ///
    /// # Errors
    /// `Unavailable` if the place cannot be reached.
    pub async fn has(&self, tenant: Uuid, id: Uuid) -> Result<bool> {
        match self.objects.head(&self.name(tenant, id)).await {
            Ok(_) => Ok(true),
            Err(Failure::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// The tenant id and object id of all objects of this blob_store.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<(Uuid, Uuid)>> + use<'_> {
        let found = self.objects.list(Some(&self.prefix)).map_err(failed);
        found.try_filter_map(async |object| Ok(self.ids(&object.location)))
    }

    pub(super) fn name(&self, tenant: Uuid, id: Uuid) -> Path {
        self.prefix.clone().join(tenant.to_string()).join(id.to_string())
    }

    /// The ids in the name of an object.
    fn ids(&self, name: &Path) -> Option<(Uuid, Uuid)> {
        let mut parts = name.prefix_match(&self.prefix)?;
        let (tenant, id) = (parts.next()?, parts.next()?);
        let ids = (tenant.as_ref().parse().ok()?, id.as_ref().parse().ok()?);
        (parts.next().is_none() && self.name(ids.0, ids.1) == *name).then_some(ids)
    }
}

/// Runs one step with a timeout.
pub(super) async fn within<T>(step: impl Future<Output = object_store::Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, step).await {
        Ok(outcome) => outcome.map_err(failed),
        Err(_) => Err(Error::unavailable("the file store does not respond")),
    }
}

/// A stream with a timeout for each chunk.
fn impatient(bytes: impl Stream<Item = Result<Bytes>> + Send + 'static) -> impl Stream<Item = Result<Bytes>> {
    futures::stream::try_unfold(Box::pin(bytes), async |mut bytes| {
        match tokio::time::timeout(PATIENCE, bytes.next()).await {
            Ok(piece) => Ok(piece.transpose()?.map(|piece| (piece, bytes))),
            Err(_) => Err(Error::unavailable("the file store does not respond")),
        }
    })
}

/// A stream that withholds its last chunk until the digest of all bytes is verified.
fn checked(bytes: ByteStream, name: Path, sha256: String) -> impl Stream<Item = Result<Bytes>> {
    let expected = Arc::new((name, sha256));
    // The withheld chunk is empty at first.
    let begin = (bytes, Hashing::default(), Bytes::new());
    futures::stream::try_unfold(Some(begin), move |state| {
        let expected = expected.clone();
        async move {
            let Some((mut bytes, mut hash, waiting)) = state else { return Ok(None) };
            let (name, sha256) = &*expected;
            match bytes.try_next().await? {
                Some(piece) => {
                    hash.update(&piece);
                    Ok(Some((waiting, Some((bytes, hash, piece)))))
                }
                None if HEXLOWER.encode(&hash.finish()) == *sha256 => Ok(Some((waiting, None))),
                None => {
                    Err(Error::internal(format!("{name} changed after it was stored: its digest differs")))
                }
            }
        }
    })
}

/// Converts an error of the object store. A missing object is an internal error.
pub(super) fn failed(error: Failure) -> Error {
    match error {
        Failure::NotFound { .. } | Failure::InvalidPath { .. } | Failure::Precondition { .. } => {
            Error::internal(error)
        }
        error => not_done(error),
    }
}

/// Converts an error of a write. The error of the operating system, or the status of the bucket,
/// says whether the store is full or read-only.
pub(super) fn not_done(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(this) = cause {
        match this.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge) => {
                return Error::caused(Kind::StorageFull, error);
            }
            Some(io::ErrorKind::ReadOnlyFilesystem) => return Error::caused(Kind::ReadOnly, error),
            _ => cause = this.source(),
        }
    }
    if error.to_string().contains("507 Insufficient Storage") {
        return Error::caused(Kind::StorageFull, error);
    }
    Error::unavailable(error)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Failure, failed, not_done};
    use crate::kernel::error::Kind;

    #[test]
    fn a_full_and_a_read_only_file_system_are_told_apart() {
        let failure = |errno: i32| Failure::Generic {
            store: "LocalFileSystem",
            source: Box::new(io::Error::from_raw_os_error(errno)),
        };
        // ENOSPC, EDQUOT, EROFS, EIO.
        let kinds =
            [(28, Kind::StorageFull), (122, Kind::StorageFull), (30, Kind::ReadOnly), (5, Kind::Unavailable)];
        for (errno, kind) in kinds {
            assert_eq!(failed(failure(errno)).kind(), kind);
            assert_eq!(not_done(io::Error::other(failure(errno))).kind(), kind);
        }
    }
}
