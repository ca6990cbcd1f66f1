//! What a window asks for that begins a project: a plant without a file is run while somebody looks at it, and files are read
//! and written, on a thread of its own.
//!
//! Invariant: a plant that is looked at is not recorded, and ends with the look.
//! Invariant: of several files all are written or none, and none over one that is there.

use super::load::read;
use super::save::save_as;
use super::{Loaded, Station, StationConfig, WhenHeld, local_actor};
use crate::engine::Mode;
use crate::link::{BEGIN_QUEUE, BeginAsk, BeginLink, LookAsk};
use crate::text::visible;
use crate::time::Clock;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// What anybody wrote by hand is less.
const LARGEST_BYTES: usize = 64 * 1024 * 1024;

/// A plant that is looked at, until its look ends.
struct Look {
    station: Station,
    stop: oneshot::Receiver<()>,
}

/// Starts the thread, which ends with the window's end of the link.
///
/// # Errors
/// Where the system gives no thread.
pub fn serve(runtime: Handle, clock: Clock) -> io::Result<BeginLink> {
    let (asks, mut asked) = mpsc::channel(BEGIN_QUEUE);
    thread::Builder::new().name("beginning".to_owned()).spawn(move || {
        let mut look: Option<Look> = None;
        loop {
            let next = runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = ended(look.as_mut()) => None,
                    ask = asked.recv() => Some(ask),
                }
            });
            match next {
                // Nobody looks any more.
                None => end(look.take()),
                Some(None) => break,
                Some(Some(BeginAsk::Look(ask))) => {
                    end(look.take());
                    look = begin(ask, &runtime, clock.clone());
                }
                // Each answer is the first.
                Some(Some(BeginAsk::Write { files, answer })) => drop(answer.set(write(&files))),
                Some(Some(BeginAsk::Read { path, answer })) => drop(answer.set(bytes_of(&path))),
            }
        }
        end(look);
    })?;
    Ok(BeginLink { asks })
}

/// Ends when the look does; never, where there is none.
async fn ended(look: Option<&mut Look>) {
    match look {
        // Told, or dropped with the window's end.
        Some(look) => drop((&mut look.stop).await),
        None => std::future::pending().await,
    }
}

fn end(look: Option<Look>) {
    if let Some(look) = look {
        look.station.stop();
    }
}

fn begin(ask: LookAsk, runtime: &Handle, clock: Clock) -> Option<Look> {
    let LookAsk { text, path, plant, stop } = ask;
    let config = StationConfig {
        loaded: Loaded::from_bytes(text.as_bytes(), Some(&path)),
        mode: Mode::Live,
        data_folder: None,
        record: false,
        when_held: WhenHeld::Show,
        tail_points: 0,
        // A plant that runs may be at the same broker.
        client_id_suffix: Some(format!("begin-{}", std::process::id())),
        actor: local_actor(),
        clock,
    };
    match Station::start(config, runtime) {
        Ok(station) => {
            plant.send_replace(Some(Ok(station.link())));
            Some(Look { station, stop })
        }
        Err(error) => {
            plant.send_replace(Some(Err(error.to_string())));
            None
        }
    }
}

fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<(), String> {
    if let Some((there, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(path).is_ok()) {
        return Err(format!("{} is there already; choose another name", visible(&there.display().to_string())));
    }
    for (written, (path, bytes)) in files.iter().enumerate() {
        if let Err(error) = save_as(path, bytes) {
            // What this very call wrote; nobody has seen it yet.
            for (path, _) in files.iter().take(written) {
                let _left = fs::remove_file(path);
            }
            return Err(error.to_string());
        }
    }
    Ok(())
}

fn bytes_of(path: &Path) -> Result<Arc<[u8]>, String> {
    let bytes = read(path).map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST_BYTES {
        let shown = visible(&path.display().to_string()).into_owned();
        return Err(format!("{shown} is larger than 64 MiB, and was not read"));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| (folder.path().join(name), b"x".to_vec()));
        write(&[one.clone(), two.clone()]).unwrap();
        assert_eq!(fs::read(&two.0).unwrap(), b"x");
        fs::remove_file(&one.0).unwrap();
        let why = write(&[one.clone(), two.clone()]).unwrap_err();
        assert!(why.contains("two is there already"), "{why}");
        assert!(!one.0.exists());
        fs::remove_file(&two.0).unwrap();
        let nowhere = (folder.path().join("no/such/folder"), Vec::new());
        assert!(write(&[one.clone(), nowhere]).is_err());
        assert!(!one.0.exists(), "what was begun is taken back");
    }

    #[test]
    fn a_file_is_read_or_told_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        fs::write(&path, [0xFF, 0xFE]).unwrap();
        assert_eq!(bytes_of(&path).as_deref(), Ok(&[0xFF, 0xFE][..]));
        assert!(bytes_of(&folder.path().join("none")).is_err());
    }
}
