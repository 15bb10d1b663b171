//! The image processor: creates pictures with bounded concurrency.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::draw::{Drawn, draw};
use crate::{Error, Result};

/// How many pictures are processed at once. Each may take some hundred MB for a moment.
const PLACES: usize = 2;
/// How long a picture waits for a permit.
const PATIENCE: Duration = Duration::from_secs(5);

/// Processes pictures on tokio's blocking threads, a bounded number at a time. Create one and share
/// it.
#[derive(Debug)]
pub struct ImageProcessor(Arc<Semaphore>);

impl Default for ImageProcessor {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl ImageProcessor {
    /// Creates a new picture. Work that has begun is finished even if the caller is dropped. Until
    /// then it holds what the caller passed in `held`: the permit of its tenant.
    ///
    /// # Errors
    /// `Invalid` if the bytes are no picture of this content type, or it is too large.
    /// `Unavailable` after 5 s without a permit.
    pub async fn draw(
        &self,
        held: impl Send + 'static,
        content_type: String,
        octets: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Drawn> {
        let Ok(Ok(place)) = timeout(PATIENCE, self.0.clone().acquire_owned()).await else {
            return Err(Error::unavailable("too many pictures are being processed"));
        };
        let drawn = spawn_blocking(move || {
            let _places = (held, place);
            draw(&content_type, octets.as_ref())
        });
        drawn.await.map_err(Error::internal)?
    }
}
