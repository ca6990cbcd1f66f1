//! What asks the program to stop: SIGTERM, SIGINT, Ctrl-C.

use crate::time::Span;

/// Ends when somebody asks the program to stop.
pub async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _asked = terminate.recv() => {}
                    _asked = interrupt.recv() => {}
                }
            }
            // Without handlers the system's own action ends the program.
            _ => std::future::pending().await,
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Ends after `span`; without one, never.
pub async fn after(span: Option<Span>) {
    match span {
        Some(span) => tokio::time::sleep(span.to_std()).await,
        None => std::future::pending().await,
    }
}
