//! What a person chose, kept between runs in the user's own configuration folder. Nothing of a plant is in it.
//!
//! A file that is missing, of no use or of a newer kind means the defaults; the window opens all the same.

use super::theme::ThemeChoice;
use super::windows::Arrangement;
use crate::engine::Actor;
use crate::link::HornChoice;
use crate::text;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Projects remembered.
pub const RECENT: usize = 8;
/// Most characters of a name at the desk.
pub const DESK_NAME_CHARS: usize = 64;
/// Most characters of the command of a player.
pub const PLAYER_CHARS: usize = 1_000;
/// Steps of the text scale, in percent.
pub const SCALES: [u16; 9] = [75, 85, 100, 110, 125, 140, 160, 180, 200];

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// Dark or light.
    pub theme: ThemeChoice,
    /// Size of everything, in percent of the usual one: 75 to 200.
    pub text_scale_percent: u16,
    /// Projects opened lately, the last one first.
    pub recent: Vec<PathBuf>,
    /// Inner size of the window in points at 100 %, as it was last used.
    pub window_size: Option<[u16; 2]>,
    /// Displays that stood in windows of their own, by project; the last one first.
    pub windows: Vec<Arrangement>,
    /// The name typed at this desk, 1 to 64 characters; none: the user of the computer stands alone.
    pub desk_name: Option<String>,
    /// Whether alarms are heard on this computer.
    pub horn: bool,
    /// The program that plays them, with its arguments, 1 to 1,000 characters; none: one that the system brings along.
    pub player: Option<String>,
    /// Whether the desktop tells new critical and high alarms while the window is not in front.
    pub notifications: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Dark,
            text_scale_percent: 100,
            recent: Vec::new(),
            window_size: None,
            windows: Vec::new(),
            desk_name: None,
            horn: true,
            player: None,
            notifications: true,
        }
    }
}

impl Settings {
    /// Reads the file, or takes the defaults.
    pub fn load(path: &Path) -> Self {
        let settings: Self =
            std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        settings.within_bounds()
    }

    /// Writes the file whole: to a temporary name in the same folder, then renamed.
    ///
    /// # Errors
    /// Where the folder cannot be made or written; losing a choice is no reason to disturb an operator.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        std::fs::write(&temporary, text)?;
        std::fs::rename(&temporary, path)
    }

    /// Puts a project at the head of the recent ones.
    pub fn remember(&mut self, project: PathBuf) {
        self.recent.retain(|p| *p != project);
        self.recent.insert(0, project);
        self.recent.truncate(RECENT);
    }

    /// One step larger (+1) or smaller (-1), or 100 % (0).
    pub fn scale_text(&mut self, step: i8) {
        let now = self.text_scale_percent;
        self.text_scale_percent = match step {
            0 => 100,
            1.. => SCALES.into_iter().find(|s| *s > now).unwrap_or(SCALES[SCALES.len() - 1]),
            _ => SCALES.into_iter().rev().find(|s| *s < now).unwrap_or(SCALES[0]),
        };
    }

    /// The scale as a factor.
    pub fn zoom(&self) -> f32 {
        f32::from(self.text_scale_percent) / 100.0
    }

    /// What the horn of this computer is told. `by`: who chose, where somebody does now.
    pub fn horn_choice(&self, by: Option<&Actor>) -> HornChoice {
        let off = match by {
            Some(by) => format!("switched off in the settings by {by}"),
            None => "switched off in the settings".to_owned(),
        };
        HornChoice { off: (!self.horn).then(|| off.into()), player: self.player.clone() }
    }

    fn within_bounds(mut self) -> Self {
        self.text_scale_percent = self.text_scale_percent.clamp(SCALES[0], SCALES[SCALES.len() - 1]);
        self.recent.truncate(RECENT);
        self.windows.truncate(RECENT);
        self.windows.iter_mut().for_each(Arrangement::within_bounds);
        self.player = self.player.filter(|player| !player.trim().is_empty() && player.len() <= PLAYER_CHARS);
        self.desk_name = self.desk_name.and_then(|name| desk_name_from(&name).unwrap_or_default());
        // A window smaller or larger than any screen is no size to come back to.
        self.window_size = self.window_size.filter(|[w, h]| (640..=8_000).contains(w) && (400..=8_000).contains(h));
        self
    }
}

/// A name as it may stand in the journal: without space around it, of at most 64 characters, each of which can be seen.
/// Nothing but space: no name.
///
/// # Errors
/// What is wrong with it, in words for the screen.
pub fn desk_name_from(typed: &str) -> Result<Option<String>, String> {
    let name = typed.trim();
    if name.is_empty() {
        return Ok(None);
    }
    let length = name.chars().count();
    if length > DESK_NAME_CHARS {
        return Err(format!("{length} characters are too many; at most {DESK_NAME_CHARS}"));
    }
    if let Some(unseen) = name.chars().find(|c| text::is_unseen(*c)) {
        return Err(format!("{} cannot be seen and cannot stand in a name", text::escaped(unseen)));
    }
    Ok(Some(name.to_owned()))
}

/// Where the settings of this user lie; `None`: this user has no home.
pub fn default_path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "watchkeeper").map(|dirs| dirs.config_dir().join("window.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/window.json");
        let mut settings = Settings { theme: ThemeChoice::Light, ..Settings::default() };
        settings.remember("/plants/a.toml".into());
        settings.scale_text(1);
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), settings);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_file_that_is_missing_or_of_no_use_means_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        assert_eq!(Settings::load(&path), Settings::default());
        for text in ["", "{", "[]", "\u{0}", "{\"theme\": \"mauve\"}"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Settings::load(&path), Settings::default(), "{text:?}");
        }
        std::fs::write(&path, "{\"text-scale-percent\": 9000, \"a newer key\": 1}").unwrap();
        assert_eq!(Settings::load(&path).text_scale_percent, 200);
    }

    #[test]
    fn a_name_at_the_desk_is_trimmed_short_and_seen() {
        assert_eq!(desk_name_from("  Ada Lovelace "), Ok(Some("Ada Lovelace".to_owned())));
        assert_eq!(desk_name_from(" \t"), Ok(None));
        assert_eq!(desk_name_from(&"ä".repeat(64)).unwrap().unwrap().chars().count(), 64);
        assert!(desk_name_from(&"ä".repeat(65)).unwrap_err().contains("at most 64"));
        for unseen in ["a\u{1b}b", "a\nb", "a\u{202e}b", "a\u{200b}b"] {
            assert!(desk_name_from(unseen).unwrap_err().contains("cannot be seen"), "{unseen:?}");
        }
    }

    #[test]
    fn a_name_of_no_use_in_the_file_is_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        std::fs::write(&path, "{\"desk-name\": \" Ada \"}").unwrap();
        assert_eq!(Settings::load(&path).desk_name.as_deref(), Some("Ada"));
        std::fs::write(&path, "{\"desk-name\": \"A\\u202e\", \"theme\": \"light\"}").unwrap();
        assert_eq!(Settings::load(&path), Settings { theme: ThemeChoice::Light, ..Settings::default() });
    }

    #[test]
    fn recent_projects_stand_once_and_the_last_one_first() {
        let mut settings = Settings::default();
        for i in 0..20 {
            settings.remember(format!("/{i}.toml").into());
        }
        settings.remember("/15.toml".into());
        assert_eq!(settings.recent.len(), RECENT);
        assert_eq!(settings.recent[0], PathBuf::from("/15.toml"));
        assert_eq!(settings.recent.iter().filter(|p| p.ends_with("15.toml")).count(), 1);
    }

    #[test]
    fn the_text_goes_from_75_to_200_percent_and_no_further() {
        let mut settings = Settings::default();
        for _ in 0..30 {
            settings.scale_text(1);
        }
        assert_eq!(settings.text_scale_percent, 200);
        for _ in 0..30 {
            settings.scale_text(-1);
        }
        assert_eq!(settings.text_scale_percent, 75);
        settings.scale_text(0);
        assert_eq!(settings.text_scale_percent, 100);
    }
}
