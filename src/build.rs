//! Two requests to the linker that make the program smaller, where it is known to honour them.
//!
//! Rust's own linker is lld on this target alone (since Rust 1.90), so nowhere else are they made. Both only shrink the file:
//! functions of the same machine code are kept once, and the 40,000 places that the loader has to relocate are written
//! as a bitmap (RELR) and not as a list. A loader knows those since glibc 2.36, and a program with them
//! does not start on an older one: so they are asked for where the system that builds has it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    if target != "x86_64-unknown-linux-gnu" || std::env::var("HOST").unwrap_or_default() != target {
        return;
    }
    println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library of this system, as `getconf` tells it: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
