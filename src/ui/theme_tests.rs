//! Proofs over the tokens: contrast after WCAG 2.2, and distances as colour-blind people see them.

use super::*;

fn themes() -> [(&'static str, Theme); 2] {
    [("dark", Theme::dark()), ("light", Theme::light())]
}

/// Linear light of one channel (WCAG 2.2, "relative luminance").
fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn linear_rgb(color: Color32) -> [f64; 3] {
    [linear(color.r()), linear(color.g()), linear(color.b())]
}

fn contrast(a: Color32, b: Color32) -> f64 {
    let luminance = |c: Color32| {
        let [r, g, b] = linear_rgb(c);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Matrices of Machado, Oliveira and Fernandes (2009) at full severity, on linear light.
const SIGHTS: [(&str, [[f64; 3]; 3]); 4] = [
    ("normal sight", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

/// CIE L*a*b* (D65) of a colour as this sight has it.
fn lab(color: Color32, sight: &[[f64; 3]; 3]) -> [f64; 3] {
    let light = linear_rgb(color);
    let seen: Vec<f64> =
        sight.iter().map(|row| row.iter().zip(light).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0)).collect();
    let xyz = [[0.412_456, 0.357_576, 0.180_437], [0.212_673, 0.715_152, 0.072_175], [0.019_334, 0.119_192, 0.950_304]]
        .map(|row| row.iter().zip(&seen).map(|(m, c)| m * c).sum::<f64>());
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = [f(xyz[0] / 0.950_47), f(xyz[1]), f(xyz[2] / 1.088_83)];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// CIE76 ΔE.
fn distance(a: Color32, b: Color32, sight: &[[f64; 3]; 3]) -> f64 {
    lab(a, sight).iter().zip(lab(b, sight)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

#[test]
fn words_have_a_contrast_of_four_and_a_half_wherever_they_stand() {
    for (name, t) in themes() {
        for (what, words, ground) in [
            ("text on panel", t.text, t.panel),
            ("text on raised", t.text, t.raised),
            ("text on ground", t.text, t.ground),
            ("text on track", t.text, t.track),
            ("muted on panel", t.muted, t.panel),
            ("muted on raised", t.muted, t.raised),
            ("muted on ground", t.muted, t.ground),
            ("muted on track", t.muted, t.track),
            ("inverse on critical", t.inverse, t.priority(Priority::Critical)),
            ("select on panel", t.select, t.panel),
        ] {
            let ratio = contrast(words, ground);
            assert!(ratio >= 4.5, "{name}: {what} is {ratio:.2}");
        }
        for priority in Priority::ALL {
            let ratio = contrast(t.priority_words(priority), t.panel);
            assert!(ratio >= 4.5, "{name}: {} as words on panel is {ratio:.2}", priority.word());
            let ratio = contrast(t.digits[priority as usize], t.priority(priority));
            assert!(ratio >= 4.5, "{name}: the digit on {} is {ratio:.2}", priority.word());
        }
    }
}

#[test]
fn values_and_labels_reach_what_a_dim_room_needs() {
    let (dark, light) = (Theme::dark(), Theme::light());
    assert!(contrast(dark.text, dark.panel) >= 10.0);
    assert!(contrast(light.text, light.panel) >= 13.0);
    for theme in [dark, light] {
        assert!(contrast(theme.muted, theme.panel) >= 5.9);
    }
}

#[test]
fn symbols_pens_and_marks_have_a_contrast_of_three() {
    for (name, t) in themes() {
        for ground in [t.panel, t.raised, t.ground, t.track] {
            for priority in Priority::ALL {
                let edge = t.outlines[priority as usize].unwrap_or(t.priority(priority));
                let ratio = contrast(edge, ground);
                assert!(ratio >= 3.0, "{name}: the symbol of {} is {ratio:.2} on {ground:?}", priority.word());
            }
        }
        for (i, pen) in t.pens.iter().enumerate() {
            assert!(contrast(*pen, t.panel) >= 3.0, "{name}: pen {i}");
        }
        for (what, mark) in [("normal", t.normal), ("select", t.select), ("muted", t.muted)] {
            for ground in [t.panel, t.track] {
                let ratio = contrast(mark, ground);
                assert!(ratio >= 3.0, "{name}: {what} is {ratio:.2} on {ground:?}");
            }
        }
    }
}

#[test]
fn priorities_stay_apart_with_every_kind_of_sight() {
    for ((name, theme), least) in themes().into_iter().zip([31.9, 28.9]) {
        for (sight, matrix) in &SIGHTS {
            for a in 0..4 {
                for b in a + 1..4 {
                    let d = distance(theme.priorities[a], theme.priorities[b], matrix);
                    assert!(d >= least, "{name}, {sight}: {} and {} are {d:.1} apart", a + 1, b + 1);
                }
            }
        }
    }
}

#[test]
fn pens_are_no_alarm_colours_and_not_the_colour_of_choice() {
    for (name, theme) in themes() {
        for (i, pen) in theme.pens.iter().enumerate() {
            for other in theme.priorities.iter().chain([&theme.select]) {
                let d = distance(*pen, *other, &SIGHTS[0].1);
                assert!(d >= 20.0, "{name}: pen {i} is {d:.1} from {other:?}");
            }
        }
    }
}

#[test]
fn what_is_not_alarm_is_grey() {
    for (name, t) in themes() {
        for (what, color) in [
            ("ground", t.ground),
            ("panel", t.panel),
            ("raised", t.raised),
            ("line", t.line),
            ("track", t.track),
            ("text", t.text),
            ("muted", t.muted),
            ("normal", t.normal),
            ("band", t.band),
        ] {
            let [_, a, b] = lab(color, &SIGHTS[0].1);
            let chroma = a.hypot(b);
            assert!(chroma < 11.0, "{name}: {what} has chroma {chroma:.1}");
        }
    }
}

#[test]
fn eight_pens_differ_by_colour_or_dash() {
    for a in 0..8 {
        for b in a + 1..8 {
            assert!(a % 4 != b % 4 || Theme::dashes(a) != Theme::dashes(b), "pens {a} and {b}");
        }
    }
}
