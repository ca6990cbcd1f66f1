//! A bundle of the plant of these tests, against Python's own zipfile and sqlite3.

use crate::parquet::read_by;
use crate::support::{Modbus, Running, ended, project, until, watchkeeper};

#[test]
fn a_bundle_of_a_plant_that_runs_is_a_zip_file_and_its_parts_are_databases_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let modbus = Modbus::start(10);
    let plant = project(folder.path(), modbus.address);
    let plant = plant.to_str().unwrap();
    let running = Running::start(watchkeeper(&["run", plant]));
    let file = folder.path().join("night.bundle.zip");
    let made = ["bundle", plant, "-o", file.to_str().unwrap(), "--last", "1h", "--force"];
    let told = until("samples of both tags", || {
        let (code, _, _) = ended(&made);
        let told = (code == 0).then(|| read_by("read_bundle.py", &file).remove(0))?;
        (told["samples"].as_u64()? >= 2).then_some(told)
    });
    assert_eq!(told["names"][0], "README.txt");
    assert_eq!(told["names"][1], "project/plant.toml");
    assert_eq!(told["manifest"]["plant"], "Test plant");
    assert_eq!(told["samples"], told["manifest"]["samples"]);
    assert_eq!(told["entries"], told["manifest"]["entries"]);
    assert!(told["made"][0].as_u64().unwrap() >= 2026);
    assert_eq!(running.terminate().0, 0);
}
