//! The sounds, in the program itself, and where players find them.

use crate::project::Priority;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One of the sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Of an alarm.
    Alarm(Priority),
    /// The test tone; like none of the alarms.
    Test,
    /// A tenth of a second of nothing, to learn whether a player can play.
    Probe,
}

const CRITICAL: &[u8] = include_bytes!("../../../assets/horn-critical.wav");
const HIGH: &[u8] = include_bytes!("../../../assets/horn-high.wav");
const MEDIUM: &[u8] = include_bytes!("../../../assets/horn-medium.wav");
const LOW: &[u8] = include_bytes!("../../../assets/horn-low.wav");
const TEST: &[u8] = include_bytes!("../../../assets/horn-test.wav");
const PROBE: &[u8] = include_bytes!("../../../assets/horn-probe.wav");

/// Before the samples of our files: RIFF, fmt and data, nothing else.
const HEADER_BYTES: usize = 44;

/// 22,050 samples of 16 bits a second.
const BYTES_A_SECOND: u32 = 44_100;

impl Sound {
    const ALL: [Self; 6] = [
        Self::Alarm(Priority::Critical),
        Self::Alarm(Priority::High),
        Self::Alarm(Priority::Medium),
        Self::Alarm(Priority::Low),
        Self::Test,
        Self::Probe,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alarm(priority) => priority.word(),
            Self::Test => "test",
            Self::Probe => "probe",
        }
    }

    /// The file: WAV, one channel, 16 bits, 22,050 samples a second.
    const fn wave(self) -> &'static [u8] {
        match self {
            Self::Alarm(Priority::Critical) => CRITICAL,
            Self::Alarm(Priority::High) => HIGH,
            Self::Alarm(Priority::Medium) => MEDIUM,
            Self::Alarm(Priority::Low) => LOW,
            Self::Test => TEST,
            Self::Probe => PROBE,
        }
    }

    /// How long it sounds.
    pub fn length(self) -> Duration {
        let bytes = self.wave().len().saturating_sub(HEADER_BYTES) as u32;
        Duration::from_secs(1) * bytes / BYTES_A_SECOND
    }
}

/// A folder of this process alone with the sounds in it; gone when it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it in the system's folder for temporary files, and takes away what a process left there that was killed.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn new() -> io::Result<Self> {
        let within = std::env::temp_dir();
        sweep(&within);
        Self::new_in(&within)
    }

    fn new_in(within: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // Made, never found: no other's folder is taken for ours.
        let mut path = within.join(format!("{PREFIX}{}", std::process::id()));
        let mut made = builder.create(&path);
        for _ in 0..8 {
            if !matches!(&made, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
                break;
            }
            path = within.join(format!("{PREFIX}{}-{:08x}", std::process::id(), fastrand::u32(..)));
            made = builder.create(&path);
        }
        made?;
        Ok(Self { path })
    }

    /// Where a sound lies. Written when it is first wanted, and again where somebody tidied it away.
    ///
    /// # Errors
    /// Where it cannot be written; with the path in words.
    pub fn file(&mut self, sound: Sound) -> io::Result<PathBuf> {
        if !self.path.exists() {
            *self = Self::new_in(&std::env::temp_dir())?;
        }
        let (path, wave) = (self.path.join(format!("{}.wav", sound.name())), sound.wave());
        if fs::metadata(&path).is_ok_and(|found| found.len() == wave.len() as u64) {
            return Ok(path);
        }
        let _not_there = fs::remove_file(&path);
        // Never through a link that somebody laid there meanwhile.
        let written = File::create_new(&path).and_then(|mut file| file.write_all(wave));
        written.map_err(|e| io::Error::new(e.kind(), format!("{} cannot be written: {e}", path.display())))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for sound in Sound::ALL {
            let _not_wanted_yet = fs::remove_file(self.path.join(format!("{}.wav", sound.name())));
        }
        let _not_ours_alone = fs::remove_dir(&self.path);
    }
}

const PREFIX: &str = "watchkeeper-horn-";

/// Takes away the folders of processes that are gone, where the system tells which those are.
fn sweep(within: &Path) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        return;
    }
    let Ok(entries) = fs::read_dir(within) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let process = rest.split('-').next().unwrap_or_default();
        let is_number = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
        if is_number && !processes.join(process).exists() {
            // Another person's folder stays, as the system's rights say.
            drop(Folder { path: entry.path() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sound_is_a_wave_file_of_less_than_two_seconds() {
        for sound in Sound::ALL {
            let wave = sound.wave();
            assert_eq!((&wave[..4], &wave[8..16], &wave[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
            let length = sound.length();
            let expected = if sound == Sound::Probe { 100..=100 } else { 300..=2_000 };
            assert!(expected.contains(&length.as_millis()), "{}: {length:?}", sound.name());
        }
    }

    #[test]
    fn a_sound_is_there_for_this_user_alone_comes_back_when_it_was_tidied_away_and_goes_with_the_program() {
        let within = tempfile::tempdir().unwrap();
        let mut folder = Folder::new_in(within.path()).unwrap();
        let second = Folder::new_in(within.path()).unwrap();
        assert_ne!(folder.path, second.path);
        let file = folder.file(Sound::Test).unwrap();
        assert_eq!(fs::read(&file).unwrap(), TEST);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&folder.path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700);
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(fs::read(folder.file(Sound::Test).unwrap()).unwrap(), TEST);
        drop((folder, second));
        assert_eq!(fs::read_dir(within.path()).unwrap().count(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let within = tempfile::tempdir().unwrap();
        let place = |name: &str| within.path().join(name);
        // Greater than any process number of Linux.
        let (gone, here) = (place("watchkeeper-horn-99999999-1a"), place(&format!("{PREFIX}{}", std::process::id())));
        let (other, odd) = (place("other-99999999"), place("watchkeeper-horn-x"));
        for folder in [&gone, &here, &other, &odd] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(gone.join("critical.wav"), b"").unwrap();
        sweep(within.path());
        assert!(!gone.exists());
        assert!(here.exists() && other.exists() && odd.exists());
    }
}
