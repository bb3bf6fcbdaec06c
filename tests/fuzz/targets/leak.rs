//! The leak gate over any bytes under any kind of name, with any dotenv file: it must not stop, must find the value where it
//! stands as it is, and no 8 bytes of a value may stand in anything that it gives out, in any format.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the modules have more than is fed here")]

include!("modules.rs");

use std::sync::LazyLock;

use leak::{File, Findings, Guarded, Policy, Search, dotenv, guarded, sarif, search_files};
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

/// What stands in the place of each `\x01` of an input, so that values come where mutation puts them. No part of it is a name,
/// nor a word of ours.
const SECRET: &str = "Zq7Xw+9Kj2/Vn5Bt8M=Rf4Gy";

/// Everything that is made of findings for people and programs.
fn given_out(findings: &Findings, verdicts: &[leak::Verdict]) -> String {
    let mut text = sarif::to_json(&findings.list, &findings.searched).to_string();
    text += &sarif::to_sarif(&findings.list, &|path| path.to_owned()).to_string();
    for finding in &findings.list {
        text += &diag::render::render(&finding.diagnostic(), false);
    }
    for verdict in verdicts {
        text += &format!("{}: {}\n", verdict.name, verdict.reason);
    }
    text
}

fn has_part(text: &str, value: &[u8]) -> bool {
    value.windows(8).any(|part| text.as_bytes().windows(8).any(|window| window == part))
}

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
    assert!(!has_part(&given_out(&findings, &[]), VALUE.as_bytes()));
    // The input as a dotenv file, and as an output that holds the same values.
    let text = String::from_utf8_lossy(bytes).replace('\x01', SECRET);
    if text.len() > 4096 || !text.contains(SECRET) {
        return;
    }
    let variables: Vec<(String, secret::Secret)> = dotenv::parse(&text)
        .into_iter()
        .flat_map(|one| {
            let name = one.name.to_owned();
            one.values.into_iter().map(move |value| (name.clone(), secret::Secret::from(value)))
        })
        .collect();
    let policy = Policy { public: &[], guard: &[], texts: &[] };
    let pairs = variables.iter().map(|(name, value)| (name.as_str(), value));
    let (chosen, verdicts) = guarded(pairs, &policy);
    let search = Search::new(&chosen, true).with_weak(&verdicts);
    let read = |_: &str, show: &mut dyn FnMut(&[u8])| {
        show(text.as_bytes());
        Ok(())
    };
    let findings = search_files(&files, &read, &search, "dist");
    assert!(!has_part(&given_out(&findings, &verdicts), SECRET.as_bytes()));
});
