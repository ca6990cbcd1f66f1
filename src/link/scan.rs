//! A window looks for devices: it asks, watches the picture of what was found, and may stop it. The scan itself runs behind
//! the wire.

use crate::drivers::modbus::guest::Door;
use crate::drivers::scan::{Picture, Request};
use tokio::sync::{mpsc, oneshot, watch};

/// Scans that may wait to be begun: one at a time is carried out.
pub const SCAN_QUEUE: usize = 1;

/// The window's end of it.
#[derive(Debug, Clone)]
pub struct ScanLink {
    /// Where scans are asked for. Full: another one has not been taken yet; closed: the program ends.
    pub asks: mpsc::Sender<ScanAsk>,
}

/// A scan that is asked for.
#[derive(Debug)]
pub struct ScanAsk {
    /// What to look for.
    pub request: Request,
    /// The way through the line of the plant that polls there; `None`: by a connection of its own.
    pub door: Option<Door>,
    /// Where what was found is written. Its readers may be gone.
    pub picture: watch::Sender<Picture>,
    /// Answers, or closes, when it is to end.
    pub stop: oneshot::Receiver<()>,
}

/// A scan as the window sees it. Dropped, it ends.
#[derive(Debug)]
pub struct Scanning {
    picture: watch::Receiver<Picture>,
    stop: Option<oneshot::Sender<()>>,
}

impl ScanLink {
    /// Asks for a scan.
    ///
    /// # Errors
    /// Why it is not begun, in words for the screen.
    pub fn begin(&self, request: Request) -> Result<Scanning, String> {
        self.begin_through(request, None)
    }

    /// Asks for a scan through a line that a plant polls.
    ///
    /// # Errors
    /// Likewise.
    pub fn begin_through(&self, request: Request, door: Option<Door>) -> Result<Scanning, String> {
        let (picture, seen) = watch::channel(Picture::default());
        let (stop, stopped) = oneshot::channel();
        let ask = ScanAsk { request, door, picture, stop: stopped };
        self.asks.try_send(ask).map_err(|_full_or_closed| "the program is busy; try again".to_owned())?;
        Ok(Scanning { picture: seen, stop: Some(stop) })
    }
}

impl Scanning {
    /// Shows what was found so far; the scan waits meanwhile.
    pub fn with<R>(&self, read: impl FnOnce(&Picture) -> R) -> R {
        read(&self.picture.borrow())
    }

    /// Whether it goes on: it has not ended, and was not stopped.
    pub fn goes_on(&self) -> bool {
        self.stop.is_some() && self.picture.borrow().end.is_none()
    }

    /// Ends it; what was found stays.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _unheard = stop.send(());
        }
    }
}
