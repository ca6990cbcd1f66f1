//! Where an export goes: standard output, or a file that is there whole or not at all.

use super::super::Exit;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What rows are written to. A file is written beside its place and takes it in [`Output::keep`]; dropped before, it is
/// removed, and what stood in its place stays.
#[derive(Debug)]
pub enum Output {
    /// Standard output, or a pipe or device named as a file.
    Stream(Stream),
    /// A file.
    Place(Place),
}

/// A stream with its destination.
pub struct Stream(Box<dyn Write + Send>);

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// A file under its temporary name.
#[derive(Debug)]
pub struct Place {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Output {
    pub fn stdout() -> Self {
        Self::Stream(Stream(Box::new(io::stdout())))
    }

    /// A file of this name; `Err`: why not, and whose fault it is. `precious` files, and databases in the data folder, are
    /// never replaced.
    pub fn file(path: &Path, precious: &[&Path], data_folder: &Path) -> Result<Self, (String, Exit)> {
        let world = |error: io::Error| (format!("could not write {}: {error}", path.display()), Exit::World);
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err((format!("{} is a folder; name a file in it", path.display()), Exit::Call));
            }
            Ok(found) if !found.is_file() => {
                let stream = File::options().write(true).open(path).map_err(world)?;
                return Ok(Self::Stream(Stream(Box::new(stream))));
            }
            Ok(_) => {
                let same = |other: &Path| fs::canonicalize(path).ok() == fs::canonicalize(other).ok();
                let in_data = fs::canonicalize(path).ok().and_then(|p| p.parent().map(Path::to_owned))
                    == fs::canonicalize(data_folder).ok();
                if in_data || precious.iter().any(|other| same(other)) {
                    let why = "belongs to the project and is not replaced; choose another name";
                    return Err((format!("{} {why}", path.display()), Exit::Call));
                }
            }
            Err(_) => {}
        }
        let Some(name) = path.file_name() else {
            return Err((format!("{} is no name of a file", path.display()), Exit::Call));
        };
        let temporary = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = File::create(&temporary).map_err(world)?;
        Ok(Self::Place(Place { file, temporary, path: path.to_owned(), kept: false }))
    }

    /// All is written: the file takes its name.
    pub fn keep(self) -> io::Result<()> {
        match self {
            Self::Stream(mut stream) => stream.0.flush(),
            Self::Place(mut place) => {
                place.file.sync_all()?;
                fs::rename(&place.temporary, &place.path)?;
                place.kept = true;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.0.write(bytes),
            Self::Place(place) => place.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.0.flush(),
            Self::Place(place) => place.file.flush(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            // A leftover under a temporary name is no more than litter.
            drop(fs::remove_file(&self.temporary));
        }
    }
}
