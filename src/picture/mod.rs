//! Pictures beside a project: the files that panels name (PNG, SVG), read within bounds, and judged in one place for the
//! window and for `check`.
//!
//! | file | is |
//! | --- | --- |
//! | `drawing` | an SVG as plain paths (cargo feature `window`) |
//! | `words` | the words in it (cargo feature `window`) |
//! | `paint` | its picture, in the colours of a theme; the pixels of a PNG (cargo feature `window`) |
//!
//! Invariant: a picture comes from one regular file, of bounded size. Nothing that stands in it is followed: no other file is
//! read, and no address asked.

#[cfg(feature = "window")]
pub mod drawing;
#[cfg(feature = "window")]
pub mod paint;
#[cfg(feature = "window")]
pub mod words;

use crate::project::{Issue, Panel, Project};
#[cfg(feature = "window")]
use crate::project::{ItemKind, Spot};
use crate::text::visible;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

#[cfg(feature = "window")]
pub use drawing::Drawing;
#[cfg(feature = "window")]
pub use paint::{Ink, Pixels};
#[cfg(feature = "window")]
pub use words::Line;

/// Greatest size of a file.
pub const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Most pixels of a PNG.
pub const MOST_PIXELS: u64 = 16_000_000;

/// Greatest side of a PNG in pixels: more than every graphics card takes as one texture.
pub const MOST_SIDE: u32 = 8_192;

/// Different files of one project that are judged by `check`.
const MOST_FILES: usize = 256;

const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The pictures of the demo plant, which is in the program and has no folder.
const DEMO: [(&str, &[u8]); 1] = [("pumping.svg", include_bytes!("../../projects/pumping.svg"))];

/// Why a picture is not shown, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {mend}")]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub mend: String,
}

impl Fault {
    fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { message: message.into(), mend: mend.into() }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pixels: this many across and down.
    Png(u32, u32),
    /// A drawing.
    Svg,
}

/// The bytes of a picture that the project of this file names; without a file the project is the demo plant.
///
/// # Errors
/// Where there is no such file, or it is none that can be read, with what to do.
pub fn read(project: Option<&Path>, name: &str) -> Result<Vec<u8>, Fault> {
    let shown = visible(name);
    let Some(project) = project else {
        let found = DEMO.iter().find(|(file, _)| *file == name);
        let none = || Fault::new(format!("the demo plant has no picture \"{shown}\""), "open a project of your own");
        return found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(none);
    };
    let path = project.parent().map(Path::to_owned).unwrap_or_default().join(name);
    let told = |error: &io::Error| refusal(&path, &shown, error);
    // A pipe would wait for ever, and a device never end.
    let meta = fs::metadata(&path).map_err(|error| told(&error))?;
    if !meta.is_file() {
        return Err(Fault::new(format!("\"{shown}\" is no file"), "write the path of a PNG or SVG file"));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(&path).map_err(|error| told(&error))?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("\"{shown}\" is larger than {} MiB", MOST_BYTES / (1024 * 1024));
        return Err(Fault::new(message, "make the picture smaller, or the drawing simpler"));
    }
    Ok(bytes)
}

fn refusal(path: &Path, shown: &str, error: &io::Error) -> Fault {
    let whole = path.display().to_string();
    let whole = visible(&whole);
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Fault::new(
            format!("there is no file {whole}"),
            "put it there, or write its path, relative to the project's file",
        ),
        io::ErrorKind::PermissionDenied => {
            Fault::new(format!("this user may not read {whole}"), "ask its owner for the right to read it")
        }
        _ => Fault::new(format!("\"{shown}\" could not be read: {error}"), "write the path of a PNG or SVG file"),
    }
}

/// What these bytes are, by what they begin with.
///
/// # Errors
/// Where they are no picture that this program shows, or one too large.
pub fn kind(bytes: &[u8], name: &str) -> Result<Kind, Fault> {
    let shown = visible(name);
    if bytes.starts_with(&PNG) {
        let side = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let (Some(width), Some(height)) = (side(16), side(20)) else {
            return Err(Fault::new(format!("\"{shown}\" ends within its head"), "save the picture anew"));
        };
        let most = width <= MOST_SIDE && height <= MOST_SIDE && u64::from(width) * u64::from(height) <= MOST_PIXELS;
        if width == 0 || height == 0 || !most {
            let message = format!("\"{shown}\" has {width} × {height} pixels");
            let most = MOST_PIXELS / 1_000_000;
            let mend = format!("save it with {most} million pixels at most, and {MOST_SIDE} a side");
            return Err(Fault::new(message, mend));
        }
        return Ok(Kind::Png(width, height));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let message = format!("\"{shown}\" is packed (SVGZ)");
        return Err(Fault::new(message, "save it as a plain SVG in your drawing program"));
    }
    if bytes.windows(4).any(|part| part == b"<svg" || part == b":svg") {
        return Ok(Kind::Svg);
    }
    Err(Fault::new(format!("\"{shown}\" is neither PNG nor SVG"), "save the picture as one of these"))
}

/// What is known of a file that panels name.
struct Judged {
    fault: Option<Fault>,
    #[cfg(feature = "window")]
    drawing: Option<Drawing>,
}

fn judge(project: &Project, name: &str) -> Judged {
    let bytes = read(project.path.as_deref(), name);
    let kind = bytes.as_ref().map_err(Clone::clone).and_then(|bytes| kind(bytes, name));
    #[cfg(feature = "window")]
    {
        let (fault, drawing) = match (kind, bytes) {
            (Ok(Kind::Svg), Ok(bytes)) => match Drawing::parse(&bytes, name) {
                Ok(drawing) => (None, Some(drawing)),
                Err(fault) => (Some(fault), None),
            },
            (Ok(Kind::Png(..)), Ok(bytes)) => (Pixels::from_png(&bytes, name).err(), None),
            (Err(fault), _) | (_, Err(fault)) => (Some(fault), None),
        };
        Judged { fault, drawing }
    }
    #[cfg(not(feature = "window"))]
    Judged { fault: kind.err() }
}

/// Faults of the pictures that a project's panels name, each at its key.
pub fn check(project: &Project) -> Vec<Issue> {
    let mut judged: HashMap<&str, Judged> = HashMap::new();
    let mut issues = Vec::new();
    for display in &project.displays {
        for panel in &display.panels {
            let Some(name) = panel.picture.as_deref() else { continue };
            if judged.len() >= MOST_FILES && !judged.contains_key(name) {
                continue;
            }
            let found = judged.entry(name).or_insert_with(|| judge(project, name));
            tell(&mut issues, &display.name, panel, found);
        }
    }
    issues
}

fn tell(issues: &mut Vec<Issue>, display: &str, panel: &Panel, judged: &Judged) {
    let place = panel.places.of(panel.picture_key());
    if let Some(Fault { message, mend }) = &judged.fault {
        issues.push(Issue::error(place, display, message.as_str(), mend.as_str()));
    }
    #[cfg(feature = "window")]
    if let Some(drawing) = &judged.drawing {
        let told = drawing.left_out().iter().map(|(what, mend)| Issue::warning(place, display, what.as_str(), *mend));
        issues.extend(told);
    }
    #[cfg(feature = "window")]
    for item in panel.items.iter().filter(|_| judged.fault.is_none()) {
        let Spot::Element(id) = &item.spot else { continue };
        let (message, mend) = match &judged.drawing {
            None => (
                "a PNG has no elements".to_owned(),
                "write the place in pixels: at = [100, 50, 40, 40], or take an SVG".to_owned(),
            ),
            Some(drawing) if drawing.element(id).is_none() => {
                let mend = drawing.near(id).map_or_else(
                    || "give the element this id in your drawing program, or write at = [100, 50, 40, 40]".to_owned(),
                    |near| format!("did you mean \"{near}\"?"),
                );
                (format!("there is no element \"{}\" in the drawing", visible(id)), mend)
            }
            Some(drawing) if item.kind == ItemKind::Pipe && drawing.way(id).is_none() => (
                format!("the element \"{}\" is no line that a pipe could follow", visible(id)),
                "write the id of a path, or points".to_owned(),
            ),
            Some(_) => continue,
        };
        issues.push(Issue::error(item.places.of("element"), display, message, mend));
    }
}

/// Where a picture's file is, as people read it.
pub fn place(project: Option<&Path>, name: &str) -> PathBuf {
    project.and_then(Path::parent).map(|folder| folder.join(name)).unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_begins_with() {
        let mut png = PNG.to_vec();
        png.extend_from_slice(b"\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x10");
        assert_eq!(kind(&png, "a.png"), Ok(Kind::Png(32, 16)));
        assert_eq!(kind(b"<?xml version=\"1.0\"?><svg/>", "a"), Ok(Kind::Svg));
        let told = |bytes: &[u8]| kind(bytes, "a").unwrap_err().message;
        assert_eq!(told(&png[..18]), "\"a\" ends within its head");
        assert_eq!(told(b"\x1f\x8b\x08"), "\"a\" is packed (SVGZ)");
        assert_eq!(told(b"GIF89a"), "\"a\" is neither PNG nor SVG");
        assert_eq!(told(b""), "\"a\" is neither PNG nor SVG");
        png[16..24].copy_from_slice(&[0xff; 8]);
        assert_eq!(told(&png), "\"a\" has 4294967295 × 4294967295 pixels");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("plant.toml");
        let told = |name: &str| read(Some(&project), name).unwrap_err().to_string();
        let missing = folder.path().join("plan.png");
        let mend = "put it there, or write its path, relative to the project's file";
        assert_eq!(told("plan.png"), format!("there is no file {}; {mend}", missing.display()));
        assert!(told("https://example.org/a.png").starts_with("there is no file "));
        fs::create_dir(&missing).unwrap();
        assert_eq!(told("plan.png"), "\"plan.png\" is no file; write the path of a PNG or SVG file");
        let large = fs::File::create(folder.path().join("large.png")).unwrap();
        large.set_len(MOST_BYTES + 1).unwrap();
        assert!(told("large.png").starts_with("\"large.png\" is larger than 8 MiB"));
        assert!(read(None, "pumping.svg").is_ok());
        assert!(read(None, "../../etc/passwd").unwrap_err().message.contains("the demo plant has no picture"));
    }

    #[test]
    #[cfg(feature = "window")]
    fn a_check_tells_what_is_not_there_not_drawn_or_not_in_the_drawing() {
        let folder = tempfile::tempdir().unwrap();
        let drawing = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><text transform='rotate(9)'>a</text><rect id='P-1' width='9' \
                       height='9'/></svg>";
        fs::write(folder.path().join("a.svg"), drawing).unwrap();
        let text = "watchkeeper = 1\n[[display]]\nname = \"D\"\n[[display.panel]]\nkind = \"mimic\"\nat = [0, 0, 9, 9]\n\
                    drawing = \"a.svg\"\nitem = [\n{ kind = \"pump\", element = \"P-1\", tag = \"x\" },\n\
                    { kind = \"pump\", element = \"P-2\", tag = \"x\" },\n]\n[[display.panel]]\nkind = \"image\"\n\
                    at = [0, 9, 9, 9]\nfile = \"b.png\"\n";
        let (project, _) = crate::project::file::read_named(text.as_bytes(), folder.path().join("plant.toml"));
        let told: Vec<String> = check(&project).iter().map(Issue::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0]
                .starts_with("7:11: warning: words that are turned are not drawn (1 × <text>); turn them into paths"),
            "{told:?}"
        );
        assert_eq!(told[1], "10:28: error: there is no element \"P-2\" in the drawing; did you mean \"P-1\"?");
        assert!(told[2].starts_with("15:8: error: there is no file "), "{told:?}");
    }
}
