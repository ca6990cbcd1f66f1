//! Names: what they may be made of.

use crate::text::is_unseen;

/// Most characters of a name: what a row of a list can be read of, with a margin that no plant has needed.
const MOST_CHARS: usize = 200;

/// Why a name is too long to be one; none where it is not.
pub(super) fn length_fault(name: &str) -> Option<(String, String)> {
    let length = name.chars().count();
    (length > MOST_CHARS).then(|| {
        let message = format!("the name \"{}\" has {length} characters", super::section::shortened(name));
        (message, format!("a name has at most {MOST_CHARS}; say the rest in the description"))
    })
}

/// Why this is no name of a tag; none where it is one. Parts joined by dots, each an ASCII letter and then letters, digits
/// and `_`; what begins with `device.` or `system.` belongs to the program.
pub fn tag_fault(name: &str) -> Option<(String, String)> {
    let mend = "join parts by dots, each a letter and then letters, digits or _ : \"pump1.flow\"";
    if name.is_empty() {
        return Some(("the name is empty".to_owned(), mend.to_owned()));
    }
    if let Some(fault) = length_fault(name) {
        return Some(fault);
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
            Some(first) if !first.is_ascii_alphabetic() => {
                format!("has a part that begins with \"{}\"", crate::text::visible(first.encode_utf8(&mut [0; 4])))
            }
            Some(_) => match chars.find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
                Some(' ') => "has a space in it".to_owned(),
                Some(other) => format!("has \"{}\" in it", crate::text::visible(other.encode_utf8(&mut [0; 4]))),
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
    if let Some(fault) = length_fault(name) {
        return Some(fault);
    }
    if name.trim() != name || name.chars().any(is_unseen) {
        let message = format!(
            "the name \"{}\" begins or ends with a space, or has unseen letters",
            super::section::shortened(name)
        );
        let seen: String = name.chars().filter(|c| !is_unseen(*c)).collect();
        return Some((message, format!("write \"{}\"", super::section::shortened(seen.trim()))));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_at_most_200_characters_long() {
        assert_eq!(tag_fault(&"a".repeat(200)), None);
        assert_eq!(plain_fault(&"ä".repeat(200), true), None);
        let endless = "a".repeat(100_000);
        for fault in [tag_fault(&endless), plain_fault(&endless, false), length_fault(&endless)] {
            let (message, mend) = fault.unwrap();
            assert!(message.ends_with("…\" has 100000 characters") && message.len() < 200, "{message}");
            assert!(mend.starts_with("a name has at most 200"), "{mend}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown_in_the_fault_and_left_out_of_the_mend() {
        let (message, mend) = plain_fault("pump\u{202e}1", true).unwrap();
        assert!(message.contains("pump\\u{202E}1"), "{message}");
        assert_eq!(mend, "write \"pump1\"");
        let (message, _) = tag_fault("pump\u{202e}1").unwrap();
        assert!(message.ends_with("has \"\\u{202E}\" in it"), "{message}");
    }
}
