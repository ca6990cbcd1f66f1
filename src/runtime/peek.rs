//! A look at the plant now and then, without having pictures of it made in between.

use crate::engine::Snapshot;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// A picture is published within a twentieth of a second of a change; where none comes within this, nothing has changed.
const PATIENCE: Duration = Duration::from_millis(200);

/// See the module. It keeps a plant's last picture alive, and not the plant.
#[derive(Debug, Clone)]
pub struct Peek {
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(super) looked: Arc<Notify>,
}

impl Peek {
    /// The plant as it is now.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        let mut receiver = self.snapshots.subscribe();
        self.looked.notify_one();
        let _nothing_new = timeout(PATIENCE, receiver.changed()).await;
        receiver.borrow().clone()
    }
}
