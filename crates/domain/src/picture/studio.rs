//! The bounded place where pictures are drawn.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::draw::{Drawn, draw};
use crate::{Error, Result};

/// How many are drawn at once: each may take some hundred MB for a moment.
const PLACES: usize = 2;
/// How long a picture waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Draws pictures on tokio's blocking threads, a bounded number at a time. Make one and share it.
#[derive(Debug)]
pub struct Studio(Arc<Semaphore>);

impl Default for Studio {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl Studio {
    /// Draws a picture anew. Work that has begun is finished even if its caller goes away, and
    /// holds until then what the caller `held` for it: the turn of its tenant.
    ///
    /// # Errors
    /// `Invalid` for what is no picture of this content type, or too large a one; `Unavailable`
    /// after 5 s without a place.
    pub async fn draw(
        &self,
        held: impl Send + 'static,
        content_type: String,
        octets: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Drawn> {
        let Ok(Ok(place)) = timeout(PATIENCE, self.0.clone().acquire_owned()).await else {
            return Err(Error::unavailable("too many pictures are being drawn"));
        };
        let drawn = spawn_blocking(move || {
            let _places = (held, place);
            draw(&content_type, octets.as_ref())
        });
        drawn.await.map_err(Error::internal)?
    }
}
