//! Pictures of panels: read, decoded and drawn on a thread of their own, and kept as textures.
//!
//! A panel says each frame what it wants; a picture of another size or theme is shown meanwhile. It is read again with each
//! project that is put into force.

use super::theme::Theme;
use crate::engine::Generation;
use crate::picture::{self, Drawing, Fault, Ink, Kind, Pixels};
use crate::project::{Colours, Panel};
use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// Pictures that wait to be read. Full: the panel asks again.
const MOST_WAITING: usize = 64;

/// Drawings may go deep: the reader goes down one call for each level.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// When a panel asks again.
const AGAIN: Duration = Duration::from_millis(250);

/// Sides are asked for in steps, so that a window that is drawn larger asks for few sizes.
const STEP: f32 = 16.0;

/// What a panel wants to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The project's file; none of the demo plant.
    project: Option<PathBuf>,
    name: String,
    generation: Generation,
    /// Room in pixels.
    room: [u16; 2],
    /// The room is to be filled.
    cover: bool,
    colours: Option<Colours>,
    ink: Ink,
    /// Greatest side of a texture.
    most: usize,
}

impl Ask {
    /// The picture of a panel in a room of this many points.
    pub fn new(ctx: &Context, panel: &Panel, cx: &super::Frame<'_>, [width, height]: [f32; 2], cover: bool) -> Self {
        let pixels = ctx.pixels_per_point();
        let side = |points: f32| ((points * pixels / STEP).ceil() * STEP).clamp(1.0, 4096.0) as u16;
        Self {
            project: cx.about.path.clone(),
            name: panel.picture.clone().unwrap_or_default(),
            generation: cx.snapshot.plan.generation,
            room: [side(width), side(height)],
            cover,
            colours: panel.colours,
            ink: ink(cx.theme),
            most: ctx.input(|i| i.max_texture_side),
        }
    }

    fn is_same_file(&self, other: &Self) -> bool {
        (&self.project, &self.name, self.generation) == (&other.project, &other.name, other.generation)
    }
}

/// What becomes of black and white in a theme: a drawing is as quiet as the rest of the plant.
fn ink(theme: &Theme) -> Ink {
    let rgb = |colour: eframe::egui::Color32| {
        let [r, g, b, _] = colour.to_array();
        [r, g, b]
    };
    Ink { line: rgb(theme.muted), ground: rgb(theme.panel) }
}

struct Job {
    ask: Ask,
    known: Option<Arc<Drawing>>,
    ctx: Context,
    answer: SyncSender<Answer>,
}

type Answer = Result<(ColorImage, [f32; 2], Option<Arc<Drawing>>), Fault>;

/// A picture that is shown.
#[derive(Clone)]
pub struct Shown {
    /// Its pixels.
    pub texture: TextureHandle,
    /// Its own width and height: of a drawing those of its page.
    pub size: [f32; 2],
    /// What it was drawn from, if it is a drawing.
    pub drawing: Option<Arc<Drawing>>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The picture of one panel, from frame to frame.
#[derive(Debug, Default)]
pub struct Picture {
    asked: Option<Ask>,
    waiting: Option<Receiver<Answer>>,
    shown: Option<Result<Shown, Fault>>,
}

impl Picture {
    /// What is to be shown now; `None` while it is read for the first time.
    pub fn follow(&mut self, ctx: &Context, ask: Ask) -> Option<&Result<Shown, Fault>> {
        if let Some(waiting) = &self.waiting {
            match waiting.try_recv() {
                Ok(answer) => {
                    self.shown = Some(answer.map(|(image, size, drawing)| {
                        let texture = ctx.load_texture("picture", image, TextureOptions::LINEAR);
                        Shown { texture, size, drawing }
                    }));
                    self.waiting = None;
                }
                Err(TryRecvError::Empty) => {}
                // Its reader has ended, and will be asked again with the next want.
                Err(TryRecvError::Disconnected) => self.waiting = None,
            }
        }
        if self.waiting.is_none() && self.asked.as_ref() != Some(&ask) {
            self.ask(ctx, ask);
        }
        self.shown.as_ref()
    }

    fn ask(&mut self, ctx: &Context, ask: Ask) {
        let same = self.asked.as_ref().is_some_and(|asked| asked.is_same_file(&ask));
        let known = self.shown.as_ref().and_then(|shown| shown.as_ref().ok()?.drawing.clone()).filter(|_| same);
        let (answer, waiting) = sync_channel(1);
        let job = Job { ask: ask.clone(), known, ctx: ctx.clone(), answer };
        match reader().map(|reader| reader.try_send(job)) {
            Some(Ok(())) => (self.asked, self.waiting) = (Some(ask), Some(waiting)),
            Some(Err(TrySendError::Full(_))) => ctx.request_repaint_after(AGAIN),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                let message = "the reader of pictures has ended".to_owned();
                self.shown = Some(Err(Fault { message, mend: "start the program again".to_owned() }));
            }
        }
    }
}

/// The one thread that reads pictures, whatever windows there are; it ends with the program, and holds nothing.
fn reader() -> Option<&'static SyncSender<Job>> {
    static READER: OnceLock<Option<SyncSender<Job>>> = OnceLock::new();
    let start = || {
        let (sender, jobs) = sync_channel::<Job>(MOST_WAITING);
        let work = move || {
            while let Ok(Job { ask, known, ctx, answer }) = jobs.recv() {
                // A panel that is gone wants no answer.
                if answer.try_send(made(&ask, known)).is_ok() {
                    // Not at once: egui paints twice for that.
                    ctx.request_repaint_after(Duration::from_millis(1));
                }
            }
        };
        let started = thread::Builder::new().name("pictures".to_owned()).stack_size(STACK_BYTES).spawn(work);
        started.is_ok().then_some(sender)
    };
    READER.get_or_init(start).as_ref()
}

fn made(ask: &Ask, known: Option<Arc<Drawing>>) -> Answer {
    let drawing = match known {
        Some(drawing) => drawing,
        None => {
            let bytes = picture::read(ask.project.as_deref(), &ask.name)?;
            match picture::kind(&bytes, &ask.name)? {
                Kind::Svg => Arc::new(Drawing::parse(&bytes, &ask.name)?),
                Kind::Png(..) => {
                    let pixels = Pixels::from_png(&bytes, &ask.name)?;
                    let size = pixels.size.map(|side| side as f32);
                    let pixels = pixels.reduced(ask.room.map(usize::from), ask.most);
                    let theme = ask.colours == Some(Colours::Theme);
                    let pixels = if theme { pixels.inked(ask.ink) } else { pixels };
                    return Ok((image(&pixels), size, None));
                }
            }
        }
    };
    let size = drawing.size();
    let scale = size.iter().zip(ask.room).map(|(own, room)| f32::from(room) / own);
    let scale = if ask.cover { scale.fold(0.0, f32::max) } else { scale.fold(f32::INFINITY, f32::min) };
    let most = ask.most.min(usize::from(picture::paint::MOST_SIDE)) as f32;
    let scale = scale.min(most / size[0].max(size[1]));
    let sides = size.map(|side| (side * scale).round().max(1.0) as u16);
    let ink = (ask.colours != Some(Colours::Own)).then_some(ask.ink);
    Ok((image(&Pixels::from_drawing(&drawing, sides, ink)?), size, Some(drawing)))
}

fn image(pixels: &Pixels) -> ColorImage {
    ColorImage::from_rgba_premultiplied(pixels.size, &pixels.rgba)
}
