//! The files that a project's text names: which of them go along, and why the others do not.

use super::manifest::LeftOut;
use crate::picture;
use crate::project::Project;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path};

/// More files are left out, and told.
const MOST_FILES: usize = 1_000;

/// A file that goes along: its name below the project's folder, with slashes, and what is in it.
pub(super) type Beside = (String, Vec<u8>);

/// Hands out the files beside a project that go along, in the order of their names, and says which do not.
pub(super) fn beside(project: &Project, mut each: impl FnMut(Beside) -> io::Result<()>) -> io::Result<Vec<LeftOut>> {
    let mut left_out = Vec::new();
    let mut out = |file: &str, why: &str| left_out.push(LeftOut { file: file.to_owned(), why: why.to_owned() });
    let (mut pictures, mut certificates, mut keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let displays = project.displays.iter().chain(&project.aside.displays).flat_map(|display| &display.panels);
    let panels = displays.chain(project.aside.panels.iter().map(|(_, panel)| panel));
    pictures.extend(panels.filter_map(|panel| panel.picture.as_deref()));
    for tls in project.devices.iter().chain(&project.aside.devices).filter_map(|device| device.endpoint.tls()) {
        certificates.extend(tls.ca.as_deref());
        certificates.extend(tls.identity.as_ref().map(|(certificate, _)| certificate.as_str()));
        keys.extend(tls.identity.as_ref().map(|(_, key)| key.as_str()));
    }
    for key in &keys {
        out(key, "it is a private key");
    }
    let named = pictures.difference(&keys).chain(certificates.difference(&keys).filter(|c| !pictures.contains(*c)));
    for (count, file) in named.enumerate() {
        let found = match (plain(file), count < MOST_FILES) {
            (_, false) => Err("there are too many".to_owned()),
            (None, _) => Err("it lies outside of the project's folder".to_owned()),
            (Some(name), _) => read(project, file).map(|bytes| (name, bytes)),
        };
        match found {
            Ok((_, bytes)) if holds_a_key(&bytes) => out(file, "it holds a private key"),
            Ok(found) => each(found)?,
            Err(why) => out(file, &why),
        }
    }
    Ok(left_out)
}

/// A file's bytes, where the file itself lies in the project's folder, links followed.
fn read(project: &Project, file: &str) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("it could not be read: {error}");
    let Some(path) = project.path.as_deref() else {
        return picture::read(None, file).map_err(|fault| fault.message);
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let folder = fs::canonicalize(folder).map_err(told)?;
    let whole = match fs::canonicalize(folder.join(file)) {
        Ok(whole) => whole,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("there is no such file".to_owned()),
        Err(error) => return Err(told(error)),
    };
    if !whole.starts_with(&folder) {
        return Err("it lies outside of the project's folder".to_owned());
    }
    // A pipe would wait for ever, and a device never end.
    if !fs::metadata(&whole).map_err(told)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    let most = picture::MOST_BYTES;
    fs::File::open(&whole).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(told)?;
    if bytes.len() as u64 > most {
        return Err(format!("it is larger than {} MiB", most / (1024 * 1024)));
    }
    Ok(bytes)
}

/// A name that leads nowhere but down, with slashes.
pub(super) fn plain(file: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(file).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn holds_a_key(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::file::read_named;

    #[test]
    fn pictures_and_certificates_go_along_and_keys_and_what_lies_elsewhere_do_not() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("plant");
        fs::create_dir_all(folder.join("pics")).unwrap();
        fs::write(place.path().join("secret.svg"), "<svg/>").unwrap();
        fs::write(folder.join("pics/a.svg"), "<svg/>").unwrap();
        fs::write(folder.join("ca.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
        fs::write(folder.join("own.pem"), "-----BEGIN RSA PRIVATE KEY-----").unwrap();
        fs::write(folder.join("own.key"), "-----BEGIN PRIVATE KEY-----").unwrap();
        let mut text = "watchkeeper = 1\n[[device]]\nname = \"b\"\nprotocol = \"mqtt\"\naddress = \"mqtts://b\"\nca = \"ca.pem\"\ncert = \"own.pem\"\nkey = \"own.key\"\n[[display]]\nname = \"d\"\n".to_owned();
        let mut names = vec!["./pics/a.svg", "../secret.svg", "gone.svg", "own.key", "pics"];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(place.path().join("secret.svg"), folder.join("linked.svg")).unwrap();
            names.push("linked.svg");
        }
        for (row, name) in names.iter().enumerate() {
            let row = format!("[[display.panel]]\nkind = \"image\"\nat = [0, {row}, 1, 1]\nfile = \"{name}\"\n");
            text.push_str(&row);
        }
        let (project, _issues) = read_named(text.as_bytes(), folder.join("plant.toml"));
        let mut along = Vec::new();
        let left_out = beside(&project, |(name, _)| {
            along.push(name);
            Ok(())
        });
        assert_eq!(along, ["pics/a.svg", "ca.pem"]);
        let left_out: Vec<String> = left_out.unwrap().iter().map(|l| format!("{}: {}", l.file, l.why)).collect();
        let mut expected = vec![
            "own.key: it is a private key",
            "../secret.svg: it lies outside of the project's folder",
            "gone.svg: there is no such file",
        ];
        if cfg!(unix) {
            expected.push("linked.svg: it lies outside of the project's folder");
        }
        expected.extend(["pics: it is no file", "own.pem: it holds a private key"]);
        assert_eq!(left_out, expected);
    }

    #[test]
    fn a_name_that_leads_up_or_elsewhere_is_not_plain() {
        assert_eq!(plain("./a/b.svg").as_deref(), Some("a/b.svg"));
        for name in ["../a", "a/../../b", "/etc/passwd", "", "."] {
            assert_eq!(plain(name), None, "{name}");
        }
    }
}
