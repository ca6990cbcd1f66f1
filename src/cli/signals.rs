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

/// Each time somebody asks the program to read its project again: SIGHUP. A system without that signal never does.
#[derive(Debug, Default)]
pub struct AskedToReload {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl AskedToReload {
    /// Listens from now on. Where the signal cannot be had, its own action stays, which ends the program.
    pub fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    /// The next time.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Ends after `span`; without one, never.
pub async fn after(span: Option<Span>) {
    match span {
        Some(span) => tokio::time::sleep(span.to_std()).await,
        None => std::future::pending().await,
    }
}
