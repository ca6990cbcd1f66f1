//! A bundle of the plant on the bench, made beside the window that watches it, and opened in the real window.

use crate::bench;
use crate::dialogs;
use crate::stage::PATIENCE;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_bundle_shows_its_end_and_asks_no_device() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("bundle", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[617]);
    stage.wait_for("tank1.level", "61.7 %", SOON);
    let bundle = stage.home().join("night.bundle.zip");
    let made = [path.to_str().unwrap(), "-o", bundle.to_str().unwrap(), "--last", "1h", "--force"];
    stage.wait_until("the last value in a bundle", PATIENCE, |stage| {
        let run = |arguments: &[&str]| stage.command().args(arguments).output().unwrap();
        assert!(run(&[&["bundle"], &made[..]].concat()).status.success());
        let told = run(&["export", bundle.to_str().unwrap(), "--tag", "tank1.level"]);
        String::from_utf8_lossy(&told.stdout).lines().last().is_some_and(|line| line.contains(",61.7,good"))
    });
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());
    let before = device.connections();
    device.set(0, &[100]);

    stage.open(&[bundle.to_str().unwrap()]);
    stage.wait_for("tank1.level", "61.7 %", PATIENCE);
    stage.wait_for("tank1.level", "uncertain: recorded, not live", SOON);
    let head = stage.wait_for("BUNDLE", "nothing is live", SOON);
    assert!(head.told().contains("BUNDLE of "), "{}", head.told());
    assert!(stage.title().ends_with("- BUNDLE"), "{}", stage.title());
    stage.picture("bundle");
    stage.key("F6");
    stage.wait_for("entry 2", "project put in force", SOON);
    stage.picture("bundle-journal");
    assert_eq!(device.connections(), before, "nothing was asked");
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());
    let left = stage.home().join(".cache/watchkeeper/bundles");
    assert_eq!(std::fs::read_dir(left).map_or(0, Iterator::count), 0, "what was unpacked is gone");
}

/// Megabytes of a file in a bundle, so that it takes its time on a quick disk, too: some seconds.
const LARGE: &str = "1200";

/// The same bundle with a large file beside the project.
const ENLARGE: &str = r#"
import hashlib, json, sys, zipfile
source, target, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
name, block, sha = "project/pics/large.bin", bytes(1 << 20), hashlib.sha256()
for _ in range(megabytes): sha.update(block)
with zipfile.ZipFile(source) as bundle, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as large:
    manifest = json.loads(bundle.read("manifest.json"))
    manifest["parts"].append({"name": name, "bytes": megabytes << 20, "sha256": sha.hexdigest()})
    for part in bundle.namelist():
        if part != "manifest.json": large.writestr(part, bundle.read(part))
    with large.open(name, "w") as part:
        for _ in range(megabytes): part.write(block)
    large.writestr("manifest.json", json.dumps(manifest))
"#;

fn enlarge(from: &Path, to: &Path) {
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", ENLARGE, from.to_str().unwrap(), to.to_str().unwrap(), LARGE]);
    assert!(command.status().expect("the system's Python starts (Debian: python3)").success());
}

#[test]
fn a_large_bundle_tells_how_far_it_is_and_a_cancelled_one_changes_nothing() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("bundle-large", &device);
    let (bundle, large) = (stage.home().join("night.bundle.zip"), stage.home().join("large.bundle.zip"));
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_until("a bundle", PATIENCE, |stage| {
        let made = [path.to_str().unwrap(), "-o", bundle.to_str().unwrap(), "--force"];
        stage.command().arg("bundle").args(made).output().unwrap().status.success()
    });
    enlarge(&bundle, &large);
    let title = stage.title();
    stage.key("ctrl+o");
    dialogs::choose(&mut stage, &large);
    stage.wait_for("Opening a bundle", " % of ", PATIENCE);
    stage.click("Cancel opening the bundle");
    stage.wait("it is not opened", SOON, |tree| tree.named("Opening a bundle").next().is_none().then_some(()));
    assert_eq!(stage.title(), title);
    // The plant was there all the while, and goes on.
    device.set(0, &[617]);
    stage.wait_for("tank1.level", "61.7 %", SOON);
    let left = stage.home().join(".cache/watchkeeper/bundles");
    assert_eq!(std::fs::read_dir(left).map_or(0, Iterator::count), 0, "what was unpacked is gone");
    stage.key("ctrl+o");
    dialogs::choose(&mut stage, &large);
    stage.wait_for("Opening a bundle", " % of ", PATIENCE);
    stage.picture("bundle-opening");
    stage.wait_for("BUNDLE", "nothing is live", PATIENCE);
}
