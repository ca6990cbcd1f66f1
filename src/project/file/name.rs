//! Names: what they may be made of.

/// Why this is no name of a tag; none where it is one. Parts joined by dots, each an ASCII letter and then letters, digits
/// and `_`; what begins with `device.` or `system.` belongs to the program.
pub(super) fn tag_fault(name: &str) -> Option<(String, String)> {
    let mend = "join parts by dots, each a letter and then letters, digits or _ : \"pump1.flow\"";
    if name.is_empty() {
        return Some(("the name is empty".to_owned(), mend.to_owned()));
    }
    let lower = name.to_ascii_lowercase();
    for reserved in ["device", "system"] {
        if lower.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            let message = format!("names that begin with \"{reserved}.\" are the program's own");
            return Some((message, "choose another first part".to_owned()));
        }
    }
    for part in name.split('.') {
        let mut chars = part.chars();
        let message = match chars.next() {
            None => "has an empty part".to_owned(),
            Some(first) if !first.is_ascii_alphabetic() => format!("has a part that begins with \"{first}\""),
            Some(_) => match chars.find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
                Some(' ') => "has a space in it".to_owned(),
                Some(other) => format!("has \"{other}\" in it"),
                None => continue,
            },
        };
        return Some((format!("the name \"{}\" {message}", super::section::shortened(name)), mend.to_owned()));
    }
    None
}

/// Why this is no name of a device, alarm or display; none where it is one. Words of people, but for `/`, which parts a
/// device or tag from its alarm.
pub(super) fn plain_fault(name: &str, slash: bool) -> Option<(String, String)> {
    if name.trim().is_empty() {
        return Some(("the name is empty".to_owned(), "give it one".to_owned()));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        let message = format!(
            "the name \"{}\" begins or ends with a space, or has unseen letters",
            super::section::shortened(name)
        );
        return Some((message, format!("write \"{}\"", super::section::shortened(name.trim()))));
    }
    if slash && name.contains('/') {
        let message = format!(
            "the name \"{}\" has \"/\" in it, which parts an alarm from what it hangs on",
            super::section::shortened(name)
        );
        return Some((message, "use another sign".to_owned()));
    }
    None
}
