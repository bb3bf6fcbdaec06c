//! The leak gate over any bytes under any kind of name: it must not stop, and must find the value where it stands as it
//! is.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the modules have more than is fed here")]

include!("modules.rs");

use std::sync::LazyLock;

use leak::{File, Guarded, Search, search_files};
use libfuzzer_sys::fuzz_target;

const VALUE: &str = "aZ7xKq9LmP2vRt5W \\%&\"'x/é";

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7\n\
               VJTUt9Us8cKjMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNb\n-----END PRIVATE KEY-----";
    let guarded = [
        Guarded::forced("KEY", VALUE),
        Guarded::forced("HEX", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        Guarded::forced("URL", "postgres://app:kT9vX2mQ7zz@db.internal/app"),
        Guarded::forced("PEM", key),
    ];
    Search::new(&guarded, true)
});

fuzz_target!(|data: &[u8]| {
    let names = ["a.js", "a.css", "a.html", "a.js.map", "a.br", "a.zip", "a.bin"];
    let (first, bytes) = data.split_first().unwrap_or((&0, &[]));
    let path = names[usize::from(*first) % names.len()].to_owned();
    let files = [File { path, map: None }];
    let read = |_: &str, show: &mut dyn FnMut(&[u8])| {
        show(bytes);
        Ok(())
    };
    let findings = search_files(&files, &read, &SEARCH, "dist");
    if bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()) {
        assert!(findings.list.iter().any(|finding| finding.variable == "KEY"));
    }
    for finding in &findings.list {
        assert!(!finding.message().contains(VALUE));
    }
});
