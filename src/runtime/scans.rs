//! Scans that a window asks for: one after another, each a task of its own that can be stopped at any moment.

use crate::drivers::scan::{self, End, Picture};
use crate::link::{SCAN_QUEUE, ScanAsk, ScanLink};
use crate::time::Clock;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// Starts what carries scans out, until the window's end of it is gone.
pub fn serve(runtime: &Handle, clock: Clock) -> ScanLink {
    let (asks, mut asked) = mpsc::channel(SCAN_QUEUE);
    runtime.spawn(async move {
        while let Some(ask) = asked.recv().await {
            carry_out(ask, clock.clone()).await;
        }
    });
    ScanLink { asks }
}

async fn carry_out(ask: ScanAsk, clock: Clock) {
    let ScanAsk { request, door, picture, stop } = ask;
    let picture: Arc<watch::Sender<Picture>> = Arc::new(picture);
    let shown = Arc::clone(&picture);
    let mut task = tokio::spawn(async move { scan::run_through(&request, door, &clock, &shown).await });
    tokio::select! {
        // A panic of it is its own; nobody else stands on it.
        ended = &mut task => if let Err(error) = ended {
            tracing::error!(%error, "a scan failed");
            picture.send_modify(|picture| picture.end = Some(End::Lost("the scan failed; the log has more".to_owned())));
        },
        _told_or_gone = stop => {
            task.abort();
            // Its connection is closed before another scan begins.
            let _aborted = task.await;
            picture.send_modify(|picture| {
                picture.end.get_or_insert(End::Stopped);
            });
        }
    }
}
