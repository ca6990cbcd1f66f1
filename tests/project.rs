//! Project files: what is read from them, and every fault with its place and mend.

use watchkeeper::project::{Issue, file};

fn faults(text: &str) -> Vec<String> {
    file::read(text.as_bytes()).1.iter().map(Issue::to_string).collect()
}

#[test]
fn a_newer_format_is_refused_and_nothing_of_it_is_read() {
    assert_eq!(
        faults("watchkeeper = 2\n[[tga]]\n x y z"),
        [
            "1:15: error: format 2 is newer than this program knows (1); open it with a newer watchkeeper; nothing of it was read"
        ]
    );
}
