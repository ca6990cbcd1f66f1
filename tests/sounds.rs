//! The sounds of the horn in `assets/` are made here, byte for byte; `WATCHKEEPER_MAKE_SOUNDS=1` writes them anew:
//!
//!     WATCHKEEPER_MAKE_SOUNDS=1 cargo test --test sounds
//!
//! Told apart by pitch and by rhythm, after the patterns of IEC 60601-1-8 (the more urgent, the more pulses and the faster)
//! and in the middle of what people hear best (ISO 7731: 500 to 2,500 Hz, by harmonics too, since small speakers have no
//! bass). Each pulse begins and ends softly: what wakes nobody with a start is left on for twelve hours.
//!
//! Only additions, multiplications and roundings are used, which are the same on every computer; sines are made by turning
//! a pointer, for `sin` is not.

use std::path::Path;

const RATE: usize = 22_050;

/// A pulse: when it begins and how long it is, in milliseconds; its pitch in Hz; its loudness, of which the sum of the harmonics
/// reach about two thirds.
type Pulse = (usize, usize, f64, f64);

/// Share of each harmonic, the fundamental first.
const HARMONICS: [f64; 5] = [0.46, 0.24, 0.14, 0.10, 0.06];

/// Three and two, high and fast.
const CRITICAL: &[Pulse] = &[
    (0, 130, 987.77, 1.25),
    (170, 130, 987.77, 1.25),
    (340, 130, 1174.66, 1.25),
    (640, 130, 987.77, 1.25),
    (810, 190, 1174.66, 1.25),
];
/// Three on one note.
const HIGH: &[Pulse] = &[(0, 170, 739.99, 1.05), (260, 170, 739.99, 1.05), (520, 260, 739.99, 1.05)];
/// Two, falling.
const MEDIUM: &[Pulse] = &[(0, 260, 587.33, 0.8), (340, 360, 466.16, 0.8)];
/// One, low and soft.
const LOW: &[Pulse] = &[(0, 420, 392.0, 0.6)];
/// A rising chord, like none of the alarms.
const TEST: &[Pulse] = &[(0, 180, 523.25, 0.85), (180, 180, 659.26, 0.85), (360, 420, 783.99, 0.85)];

/// Cosine and sine of a small angle, by their series.
fn pointer(angle: f64) -> (f64, f64) {
    let (mut cos, mut sin, mut term) = (0.0, 0.0, 1.0);
    for n in 0_u32..24 {
        let sign = if n % 4 < 2 { 1.0 } else { -1.0 };
        if n % 2 == 0 {
            cos += sign * term;
        } else {
            sin += sign * term;
        }
        term = term * angle / f64::from(n + 1);
    }
    (cos, sin)
}

/// From 0 to 1 without a corner.
fn ease(part: f64) -> f64 {
    let part = part.clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

fn sound(pulses: &[Pulse], tail_millis: usize) -> Vec<i16> {
    let samples = |millis: usize| millis * RATE / 1_000;
    let end = pulses.iter().map(|(from, length, ..)| from + length).max().unwrap_or(0);
    let mut wave = vec![0.0; samples(end + tail_millis)];
    for (from, length, pitch, loudness) in pulses {
        let (from, length) = (samples(*from), samples(*length));
        let (rise, fall) = (samples(12) as f64, length as f64 * 0.45);
        for (harmonic, share) in HARMONICS.iter().enumerate() {
            let angle = std::f64::consts::TAU * pitch * (harmonic + 1) as f64 / RATE as f64;
            let (turn_cos, turn_sin) = pointer(angle);
            let (mut cos, mut sin) = (1.0_f64, 0.0_f64);
            for i in 0..length {
                let envelope = ease(i as f64 / rise) * ease((length - i) as f64 / fall);
                wave[from + i] += sin * share * loudness * envelope;
                (cos, sin) = (cos * turn_cos - sin * turn_sin, cos * turn_sin + sin * turn_cos);
            }
        }
    }
    wave.into_iter().map(|v: f64| (v * 32_767.0).round() as i16).collect()
}

fn wave_file(samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for word in [1_u16, 1] {
        file.extend(word.to_le_bytes());
    }
    file.extend((RATE as u32).to_le_bytes());
    file.extend((RATE as u32 * 2).to_le_bytes());
    for word in [2_u16, 16] {
        file.extend(word.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}

fn sounds() -> [(&'static str, Vec<i16>); 6] {
    [
        ("critical", sound(CRITICAL, 60)),
        ("high", sound(HIGH, 60)),
        ("medium", sound(MEDIUM, 60)),
        ("low", sound(LOW, 60)),
        ("test", sound(TEST, 60)),
        ("probe", vec![0; RATE / 10]),
    ]
}

#[test]
fn the_sounds_in_assets_are_those_that_are_made_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (name, samples) in sounds() {
        let (path, made) = (folder.join(format!("horn-{name}.wav")), wave_file(&samples));
        if std::env::var_os("WATCHKEEPER_MAKE_SOUNDS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == made, "{} is not what is made here", path.display());
    }
}

#[test]
fn no_sound_is_cut_off_or_begins_with_a_click_and_the_more_urgent_is_the_louder() {
    let mut before = 0.95;
    for (name, samples) in &sounds()[..4] {
        let peak = samples.iter().map(|s| f64::from(s.unsigned_abs())).fold(0.0, f64::max) / 32_768.0;
        assert!(peak < before && peak > 0.2, "{name}: {peak}");
        before = peak;
        let ends = [&samples[..20], &samples[samples.len() - 20..]].concat();
        assert!(ends.iter().all(|s| s.abs() < 600), "{name} begins or ends with a click");
    }
}
