//! The depot: where objects lie, in a folder or in a bucket.
//!
//! Invariant: an object's name is its tenant's id and its own, below the depot's prefix; nothing that a client sent is in it. What is not named so is
//! none of ours, and is neither read nor removed.

use std::{io, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ClientOptions, Error as Failure, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path,
};
use taskhub_auth::secret::Hashing;
use uuid::Uuid;

use super::{FileInfo, hex, receiving::Receiving};
use crate::{Error, Result, error::Kind};

/// For how long one step may take: a part that is written, or octets that are read.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Where objects lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a folder, which must be there.
    Folder(PathBuf),
    /// In a bucket that speaks S3.
    Bucket {
        /// Its name.
        name: String,
        /// What the names of objects begin with; may be empty.
        prefix: String,
    },
}

/// The octets of an object, as they come.
pub type Octets = BoxStream<'static, Result<Bytes>>;

/// Where objects are put, read and removed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Depot {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The folder, for what the store itself leaves in it.
    pub(super) folder: Option<PathBuf>,
}

impl Depot {
    /// The depot at a place; a bucket is reached by options, named as its environment variables are (`AWS_REGION`, …). Options that mean
    /// nothing to it are left alone.
    ///
    /// # Errors
    /// When there is no such folder, or the options don't describe a way to the bucket.
    pub fn open(place: &Place, options: &[(String, String)]) -> Result<Self, Failure> {
        match place {
            Place::Folder(folder) => {
                let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Self { objects: Arc::new(objects), prefix: Path::default(), folder: Some(folder.clone()) })
            }
            Place::Bucket { name, prefix } => {
                // A download lasts as long as its reader: each step is timed here, and not the whole.
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

    /// Looks whether its place can be listed.
    ///
    /// # Errors
    /// Why it can't, for the operator.
    pub async fn reach(&self) -> Result<(), String> {
        let listed = self.objects.list(Some(&self.prefix)).next().await.transpose();
        listed.map(drop).map_err(|error| error.to_string())
    }

    /// Begins an object of a tenant.
    pub fn receive(&self, tenant: Uuid, id: Uuid) -> Receiving {
        Receiving::new(self.clone(), tenant, id)
    }

    /// The octets of an object, or some of them. The whole of an object that is not what was received ends in an error before its last octets.
    ///
    /// # Errors
    /// `Internal` when it is not there or has another size, `Unavailable` when its place is not there.
    pub async fn read(
        &self,
        tenant: Uuid,
        id: Uuid,
        info: &FileInfo,
        range: Option<Range<u64>>,
    ) -> Result<Octets> {
        let is_whole = range.is_none();
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let name = self.name(tenant, id);
        let got = within(self.objects.get_opts(&name, options)).await?;
        if i64::try_from(got.meta.size) != Ok(info.size) {
            let (told, size) = (info.size, got.meta.size);
            return Err(Error::internal(format!("{name} has {size} octets, and not {told}")));
        }
        let octets = impatient(got.into_stream().map_err(failed)).boxed();
        Ok(if is_whole { checked(octets, name, info.sha256.clone()).boxed() } else { octets })
    }

    /// All octets of an object, as they are; `None` when it is gone.
    pub(crate) async fn whole(&self, tenant: Uuid, id: Uuid) -> Result<Option<Octets>> {
        let name = self.name(tenant, id);
        match tokio::time::timeout(PATIENCE, self.objects.get(&name)).await {
            Ok(Ok(got)) => Ok(Some(impatient(got.into_stream().map_err(failed)).boxed())),
            Ok(Err(Failure::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Error::unavailable("the files' store does not answer")),
        }
    }

    /// Removes an object; one that is gone already stays so.
    ///
    /// # Errors
    /// `Unavailable` when its place is not there.
    pub async fn remove(&self, tenant: Uuid, id: Uuid) -> Result<()> {
        let name = self.name(tenant, id);
        match tokio::time::timeout(PATIENCE, self.objects.delete(&name)).await {
            Ok(Ok(()) | Err(Failure::NotFound { .. })) => Ok(()),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Error::unavailable("the files' store does not answer")),
        }
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// `Unavailable` when its place is not.
    pub async fn has(&self, tenant: Uuid, id: Uuid) -> Result<bool> {
        match self.objects.head(&self.name(tenant, id)).await {
            Ok(_) => Ok(true),
            Err(Failure::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// All objects that are ours.
    pub(crate) fn list(&self) -> impl Stream<Item = Result<(Uuid, Uuid)>> + use<'_> {
        let found = self.objects.list(Some(&self.prefix)).map_err(failed);
        found.try_filter_map(async |object| Ok(self.ids(&object.location)))
    }

    pub(super) fn name(&self, tenant: Uuid, id: Uuid) -> Path {
        self.prefix.clone().join(tenant.to_string()).join(id.to_string())
    }

    /// The ids that an object's name is made of.
    fn ids(&self, name: &Path) -> Option<(Uuid, Uuid)> {
        let mut parts = name.prefix_match(&self.prefix)?;
        let (tenant, id) = (parts.next()?, parts.next()?);
        let ids = (tenant.as_ref().parse().ok()?, id.as_ref().parse().ok()?);
        (parts.next().is_none() && self.name(ids.0, ids.1) == *name).then_some(ids)
    }
}

/// One step, which must not take long.
pub(super) async fn within<T>(step: impl Future<Output = object_store::Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, step).await {
        Ok(outcome) => outcome.map_err(failed),
        Err(_) => Err(Error::unavailable("the files' store does not answer")),
    }
}

/// Octets each piece of which must not take long.
fn impatient(
    octets: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> {
    futures::stream::try_unfold(Box::pin(octets), async |mut octets| {
        match tokio::time::timeout(PATIENCE, octets.next()).await {
            Ok(piece) => Ok(piece.transpose()?.map(|piece| (piece, octets))),
            Err(_) => Err(Error::unavailable("the files' store does not answer")),
        }
    })
}

/// Octets the last piece of which waits until all of them are there and have the digest.
fn checked(octets: Octets, name: Path, sha256: String) -> impl Stream<Item = Result<Bytes>> {
    let expected = Arc::new((name, sha256));
    // No octets wait at first.
    let begin = (octets, Hashing::default(), Bytes::new());
    futures::stream::try_unfold(Some(begin), move |state| {
        let expected = expected.clone();
        async move {
            let Some((mut octets, mut hash, waiting)) = state else { return Ok(None) };
            let (name, sha256) = &*expected;
            match octets.try_next().await? {
                Some(piece) => {
                    hash.update(&piece);
                    Ok(Some((waiting, Some((octets, hash, piece)))))
                }
                None if hex(&hash.finish()) == *sha256 => Ok(Some((waiting, None))),
                None => Err(Error::internal(format!("{name} is not what was received"))),
            }
        }
    })
}

/// What a failure of the store's means: an object that must be there and is not is a fault.
pub(super) fn failed(error: Failure) -> Error {
    match error {
        Failure::NotFound { .. } | Failure::InvalidPath { .. } | Failure::Precondition { .. } => {
            Error::internal(error)
        }
        error => not_done(error),
    }
}

/// What it means that the files' store could not do something: whether it is full or read-only is said by the operating system's error,
/// or by the status that a bucket answers.
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
    use crate::error::Kind;

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
