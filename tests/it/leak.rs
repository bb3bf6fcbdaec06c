//! The leak gate: each way of writing, in each kind of file, is found at its place; what only looks like it is not.

#![expect(clippy::format_collect, reason = "texts of a few characters")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::support::{bundlegate, node, npm, text};

/// Random numbers that are the same in each run, unless `LEAK_SEED` says otherwise.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn text(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[self.next(letters.len())]).collect()
    }
}

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Values as they come: tokens, passwords with marks, hex, base64, other scripts, several lines.
fn values(random: &mut Random) -> Vec<String> {
    vec![
        // Each has a digit, a capital and a small letter somewhere.
        format!("aZ7{}", random.text(ALPHANUMERIC, 21)),
        format!("p@S5/\"'{}\\x+&<%`$", random.text(ALPHANUMERIC, 12)),
        format!("a1{}", random.text("0123456789abcdef", 30)),
        format!("Qz8+/{}==", random.text(ALPHANUMERIC, 39)),
        format!("gehéim-Ω7{}", random.text(ALPHANUMERIC, 14)),
        format!("x9Kq{}", random.text(ALPHANUMERIC, 6)),
    ]
}

type Writing = (&'static str, fn(&str) -> String);

fn units(value: &str, write: impl Fn(u16) -> String) -> String {
    value.encode_utf16().map(write).collect()
}

fn bytes(value: &str, write: impl Fn(u8) -> String) -> String {
    value.bytes().map(write).collect()
}

fn list(value: &str, write: impl Fn(u8) -> String) -> String {
    value.bytes().map(write).collect::<Vec<_>>().join(", ")
}

fn json(value: &str) -> String {
    serde_json::to_string(value).unwrap()
}

/// A script string in pieces of three characters.
fn pieces(value: &str) -> Vec<String> {
    let characters: Vec<char> = value.chars().collect();
    characters.chunks(3).map(|chunk| json(&chunk.iter().collect::<String>())).collect()
}

fn wrapped(value: &str, end: &str) -> String {
    let long = format!("{} {value} {}", "before ".repeat(12), "after ".repeat(12));
    let encoded = STANDARD.encode(long);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(end)
}

fn base32(value: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = value.bytes().map(|byte| format!("{byte:08b}")).collect();
    bits.as_bytes()
        .chunks(5)
        .map(|chunk| {
            let digits = format!("{:0<5}", std::str::from_utf8(chunk).unwrap());
            char::from(LETTERS[usize::from_str_radix(&digits, 2).unwrap()])
        })
        .collect()
}

fn packed(value: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(format!("{{\"key\":{}}}", json(value)).as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The ways of writing that the issue names, each made here by other code than that which finds them.
const WRITINGS: &[Writing] = &[
    ("json", |value| json(value)),
    ("json twice", |value| json(&json(value))),
    ("hex escapes", |value| {
        units(
            value,
            |unit| if unit < 256 { format!("\\x{unit:02x}") } else { format!("\\u{unit:04x}") },
        )
    }),
    ("unicode escapes", |value| units(value, |unit| format!("\\u{unit:04X}"))),
    ("code point escapes", |value| {
        value.chars().map(|c| format!("\\u{{{:x}}}", c as u32)).collect()
    }),
    ("octal escapes", |value| bytes_or_skip(value, |byte| format!("\\{byte:03o}"))),
    ("some escapes", |value| {
        value
            .chars()
            .enumerate()
            .map(|(at, c)| {
                if at % 4 == 1 {
                    format!("\\u{{{:X}}}", c as u32)
                } else {
                    json(&c.to_string()).trim_matches('"').to_owned()
                }
            })
            .collect()
    }),
    ("line continuation", |value| {
        let (a, b) = value.split_at(value.char_indices().nth(5).unwrap().0);
        format!("{}\\\n{}", inner(a), inner(b))
    }),
    ("slashes", |value| inner(value).replace('/', "\\/")),
    ("decimal entities", |value| value.chars().map(|c| format!("&#{};", c as u32)).collect()),
    ("hex entities", |value| value.chars().map(|c| format!("&#x{:X};", c as u32)).collect()),
    ("named entities", |value| {
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
            .replace('\'', "&apos;")
            .replace('/', "&sol;")
            .replace('+', "&plus;")
            .replace('%', "&percnt;")
    }),
    ("css escapes", |value| value.chars().map(|c| format!("\\{:x} ", c as u32)).collect()),
    ("percent", |value| {
        bytes(value, |byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
    }),
    ("percent in small letters", |value| bytes(value, |byte| format!("%{byte:02x}"))),
    ("percent twice", |value| {
        bytes(value, |byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%25{byte:02X}")
            }
        })
    }),
    ("base64", |value| STANDARD.encode(value)),
    ("base64 behind one", |value| STANDARD.encode(format!("u{value}"))),
    ("base64 behind two", |value| STANDARD_NO_PAD.encode(format!("u:{value}, and more"))),
    ("base64 for URLs", |value| URL_SAFE_NO_PAD.encode(format!("user:{value}"))),
    ("base64 in lines", |value| wrapped(value, "\n")),
    ("base64 in escaped lines", |value| wrapped(value, "\\n")),
    ("base64 twice", |value| {
        STANDARD.encode(STANDARD.encode(format!("the key is {value}, of course")))
    }),
    ("base64 of JSON", |value| {
        STANDARD.encode(format!("{{\"a\":1,\"key\":{},\"more\":true}}", json(value)))
    }),
    ("base64 of percent", |value| {
        STANDARD
            .encode(format!("https://x.example/?k={}", bytes(value, |byte| format!("%{byte:02X}"))))
    }),
    ("percent of base64", |value| {
        STANDARD.encode(value).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    }),
    ("deflated data URL", |value| {
        format!("data:application/octet-stream;base64,{}", STANDARD.encode(packed(value)))
    }),
    ("base32", base32),
    ("hex", |value| bytes(value, |byte| format!("{byte:02x}"))),
    ("hex in capitals", |value| bytes(value, |byte| format!("{byte:02X}"))),
    ("hex with colons", |value| {
        value.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }),
    ("hex with spaces", |value| {
        value.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
    }),
    ("reversed", |value| value.chars().rev().collect()),
    ("character codes", |value| {
        format!(
            "String.fromCharCode({})",
            value.encode_utf16().map(|unit| unit.to_string()).collect::<Vec<_>>().join(",")
        )
    }),
    ("bytes", |value| format!("new Uint8Array([{}])", list(value, |byte| byte.to_string()))),
    ("bytes in hex", |value| format!("[{}]", list(value, |byte| format!("0x{byte:02x}")))),
    ("buffer", |value| {
        format!(
            "{{\"type\":\"Buffer\",\"data\":[{}]}}",
            list(value, |byte| byte.to_string()).replace(' ', "")
        )
    }),
    ("sum", |value| pieces(value).join(" + ")),
    ("sum without spaces", |value| pieces(value).join("+")),
    ("concat", |value| {
        let pieces = pieces(value);
        format!("{}.concat({})", pieces[0], pieces[1..].join(","))
    }),
    ("join", |value| format!("[{}].join(\"\")", pieces(value).join(","))),
    ("template", |value| {
        format!(
            "`{}`",
            pieces(value).iter().map(|piece| format!("${{{piece}}}")).collect::<String>()
        )
    }),
];

fn inner(value: &str) -> String {
    let quoted = json(value);
    quoted[1..quoted.len() - 1].to_owned()
}

/// Octal escapes end at 255; other characters stand as they are.
fn bytes_or_skip(value: &str, write: impl Fn(u8) -> String) -> String {
    value
        .chars()
        .map(|c| match u8::try_from(c as u32) {
            Ok(byte) if c.is_ascii() => write(byte),
            _ => c.to_string(),
        })
        .collect()
}

/// A script that holds a text in its fourth line.
fn script(random: &mut Random, text: &str) -> String {
    let filler = random.text(ALPHANUMERIC, 30);
    format!(
        "// {filler}\nexport function run(a, b) {{ return a && b ? [a, \"{filler}\"] : null }}\nconst data = {{ one: 1 }};\nconst k = {text};\nconsole.log(k, data, \"a\" + run(1, 2));\n"
    )
}

fn scan(
    folder: &Path,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> (i32, serde_json::Value, String) {
    let output = bundlegate()
        .args(["scan", "files", "--format", "json"])
        .args(flags)
        .current_dir(folder)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output)));
    (output.status.code().unwrap(), json, text(&output))
}

fn seed() -> u64 {
    std::env::var("LEAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123)
}

#[test]
fn every_writing_is_found_at_its_line() {
    let mut random = Random(seed());
    let mut missed = Vec::new();
    for value in values(&mut random) {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        std::fs::create_dir(&files).unwrap();
        for (index, (_, write)) in WRITINGS.iter().enumerate() {
            let written = write(&value);
            let literal = if written.starts_with(['"', '`', '[', '{', 'S', 'n']) {
                written
            } else {
                format!("'{written}'")
            };
            let path = files.join(format!("{index}.js"));
            std::fs::write(path, script(&mut random, &literal)).unwrap();
        }
        let (code, json, said) = scan(folder.path(), &[("APP_SECRET_KEY", &value)], &[]);
        assert_eq!(code, 4);
        assert!(!said.contains(&value) && !said.contains(&value[..6]), "the value is printed");
        let found: BTreeMap<&str, &serde_json::Value> = json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| (finding["file"].as_str().unwrap(), finding))
            .collect();
        for (index, (name, _)) in WRITINGS.iter().enumerate() {
            match found.get(format!("{index}.js").as_str()) {
                // The first of several lines is as good.
                Some(finding) if finding["line"] == 4 || name.contains("lines") => {
                    assert_eq!(finding["env"], "APP_SECRET_KEY");
                }
                other => {
                    missed.push(format!("{name} of a value of {} bytes: {other:?}", value.len()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_kind_of_file_is_opened() {
    let mut random = Random(seed());
    let value = format!("aZ7{}", random.text(ALPHANUMERIC, 25));
    let code = script(&mut random, &json(&value));
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir_all(files.join(&value)).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("in/side.js", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(code.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(code.len() as u64);
    header.set_cksum();
    tar.append_data(&mut header, "in/side.js", code.as_bytes()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(
        &mut code.as_bytes(),
        &mut brotli,
        &brotli::enc::BrotliEncoderParams::default(),
    )
    .unwrap();
    let map = serde_json::json!({
        "version": 3, "sources": ["../src/one.ts", "../src/two.ts"], "names": [], "mappings": "",
        "sourcesContent": ["nothing here", code],
    });
    let two = [gz(&code.as_bytes()[..40]), gz(&code.as_bytes()[40..])].concat();
    let mut binary = vec![0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0xff, 0xfe, 0x80];
    binary.extend_from_slice(value.as_bytes());
    binary.extend_from_slice(&[0xff; 40]);
    let utf16 = |mark: &[u8], write: fn(u16) -> [u8; 2]| {
        [mark, &code.encode_utf16().flat_map(write).collect::<Vec<u8>>()].concat()
    };
    // What stands behind an archive, and data that looks like UTF-16, is searched as it is.
    let mut empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    empty.start_file("a.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let empty = empty.finish().unwrap().into_inner();
    let samples: Vec<u8> = (0..600u16).flat_map(|n| (n % 90 + 1).to_le_bytes()).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("behind.zip", [empty.as_slice(), value.as_bytes()].concat()),
        ("samples.bin", [samples.as_slice(), value.as_bytes()].concat()),
        ("a.js", code.clone().into_bytes()),
        ("a.js.gz", gz(code.as_bytes())),
        ("two.js.gz", two),
        ("a.js.br", brotli),
        ("a.js.zst", zstd::encode_all(code.as_bytes(), 3).unwrap()),
        ("a.zip", zip.clone()),
        ("a.tar", tar.clone()),
        ("a.tgz", gz(&tar)),
        ("nested.gz", gz(&zip)),
        ("b.js.map", map.to_string().into_bytes()),
        (
            "inline.js",
            format!(
                "x();\n//# sourceMappingURL=data:application/json;base64,{}\n",
                STANDARD.encode(map.to_string())
            )
            .into_bytes(),
        ),
        ("a.wasm", binary),
        ("little.txt", utf16(&[0xff, 0xfe], u16::to_le_bytes)),
        ("big.txt", utf16(&[], u16::to_be_bytes)),
        (
            "page.html",
            format!("<p>\n<script>\nwindow.x = {};\n</script>", json(&value)).into_bytes(),
        ),
    ];
    for (name, bytes) in &cases {
        std::fs::write(files.join(name), bytes).unwrap();
    }
    std::fs::write(files.join(&value).join("empty.js"), "1").unwrap();
    let (code, json, _) = scan(folder.path(), &[("TOKEN_A", &value)], &[]);
    assert_eq!(code, 4);
    let list = json["findings"].as_array().unwrap();
    let of = |name: &str| {
        list.iter()
            .find(|finding| finding["file"] == name && finding["env"] == "TOKEN_A")
            .unwrap_or_else(|| panic!("{name} in {json:#}"))
    };
    for (name, _) in &cases {
        of(name);
    }
    assert_eq!(of("a.zip")["inner"], "in/side.js:4:12");
    assert_eq!(of("a.tgz")["inner"], "in/side.js:4:12");
    assert_eq!(of("b.js.map")["source"]["file"], "src/two.ts");
    assert_eq!(of("b.js.map")["source"]["line"], 4);
    assert_eq!(of("page.html")["line"], 3);
    // The path is told without the value in it.
    of("***/empty.js");
    assert!(!json.to_string().contains(&value), "{json:#}");
    for name in ["little.txt", "big.txt"] {
        assert_eq!(of(name)["line"], 4, "{:#}", of(name));
        assert_eq!(of(name)["column"], of("a.js")["column"], "{:#}", of(name));
    }
    assert_eq!(json["searched"]["files"], cases.len() + 1);
}

/// A variable, and what of it stands in a file: found, or silent.
#[track_caller]
fn check(variables: &[(&str, &str)], text: &str, is_leak: bool) {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.js"), text).unwrap();
    let (code, json, _) = scan(folder.path(), variables, &[]);
    assert_eq!(code, if is_leak { 4 } else { 0 }, "{variables:?} in {text}: {json:#}");
}

#[test]
fn parts_of_values_are_found() {
    let key = "kT9vX2mQ7zzR4wLp8sNb";
    for (value, part) in [
        ("postgres://app:kT9/vX2mQ7zz#R@db/app", "kT9/vX2mQ7zz#R"),
        ("postgres://app:kx7mq2zd@db/app", "kx7mq2zd"),
        ("host=db port=5432 user=app password=kT9vX2mQ7zz dbname=app", "kT9vX2mQ7zz"),
        ("app:kT9vX2mQ7zz@tcp(db:3306)/app", "kT9vX2mQ7zz"),
        ("cache:6380,password=kT9vX2mQ7zz,ssl=True", "kT9vX2mQ7zz"),
        ("jdbc:sqlserver://db:1433;database=app;user=sa;password=kT9vX2mQ7zz", "kT9vX2mQ7zz"),
        ("jdbc:postgresql://db/app?user=app&password=kT9vX2mQ7zz", "kT9vX2mQ7zz"),
        (
            "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=kT9vX2mQ7zzR4wLp8sNb",
            key,
        ),
        (r#"{"db":{"url":"postgres://app:kT9vX2mQ7zz@db/app"}}"#, "kT9vX2mQ7zz"),
        ("A=1\nDATABASE_URL=postgres://app:kT9vX2mQ7zz@db/app", "kT9vX2mQ7zz"),
        ("A=1\nTOKEN=\"kT9vX2mQ7zzR4wLp8sNb\" # prod", key),
        ("Authorization: Bearer kT9vX2mQ7zzR4wLp8sNb", key),
        (r#"{"Authorization":"Bearer kT9vX2mQ7zzR4wLp8sNb"}"#, key),
        ("X-Api-Key: kT9vX2mQ7zzR4wLp8sNb", key),
        ("db:\n  password: kT9vX2mQ7zz", "kT9vX2mQ7zz"),
        ("machine db login app password kT9vX2mQ7zz", "kT9vX2mQ7zz"),
        ("kT9vX2mQ7zzR4wLp8sNb; aB3dE5fG7hJ9kL1mN2pQ", key),
        ("kT9vX2mQ7zzR4wLp8sNb|aB3dE5fG7hJ9kL1mN2pQ", key),
    ] {
        check(&[("SERVICE_TOKEN", value)], &format!("let k = {};", json(part)), true);
    }
}

#[test]
fn known_tokens_need_no_variable() {
    let hex = "9f3c1e7a5b2d8046c1f0e9d7b3a58264";
    for token in [
        format!(
            "https://hooks.slack.com/services/T0AB3CD4E/B9ZX8YW7V/{}",
            "a8Kf0sLq2mVn4bXc6zTr9pQw"
        ),
        format!("SK{hex}"),
        format!("key-{hex}"),
        format!("{hex}-us17"),
        format!(
            "AccountKey={}==",
            "kT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4wLp8sNbkT9vX2"
        ),
        format!("CLOUDFLARE_API_TOKEN = '{}'", "kT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4wLp8sNb"),
        format!("{{secretAccessKey:\"{}\"}}", "kT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4wLp8sN+"),
        "postgres://app:kT9vX2mQ7zz@db.internal/app".to_owned(),
        format!("123456789:AA{}", "kT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR4"),
        format!("A=\\nglrt-{}", "kT9vX2mQ7zzR4wLp8sNb"),
    ] {
        check(&[], &format!("let k = `{token}`;"), true);
    }
    for text in [
        "postgres://user:password@localhost:5432/db",
        "postgres://user:${PASSWORD}@db/app",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "CLOUDFLARE_API_TOKEN = process.env.CLOUDFLARE_API_TOKEN",
        "9f3c1e7a5b2d8046c1f0e9d7b3a58264-user",
    ] {
        check(&[], &format!("let k = `{text}`;"), false);
    }
    // A secret key is one under a public name, too.
    let key = "sk_live_kT9vX2mQ7zzR4wLp8sNbkT9v";
    check(&[("PUBLIC_STRIPE", key)], &format!("let k = `{key}`;"), true);
}

#[test]
fn what_everybody_knows_is_no_secret() {
    let key = "kT9vX2mQ7zzR4wLp8sNbkT9vX2mQ7zzR";
    let encoded = STANDARD.encode(key);
    let uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    let public_url = format!("https://x.example.com/?k={key}");
    let bearer = format!("Bearer {key}");
    let capitals = uuid.to_uppercase();
    for (variables, text) in [
        (vec![("PUBLIC_URL", public_url.as_str()), ("KEY", key)], key),
        (vec![("PUBLIC_K", key), ("SECRET_B64", &encoded)], &*encoded),
        (vec![("PUBLIC_K", uuid), ("SECRET_ID", &capitals)], uuid),
        (vec![("PUBLIC_K", key), ("AUTH", &bearer)], &*bearer),
        (
            vec![
                ("GITHUB_SHA", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
                ("APP_VERSION_ID", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
            ],
            "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef",
        ),
    ] {
        check(&variables, &format!("let k = {};", json(text)), false);
    }
    for (name, value) in [
        ("APP_NAME", "my-service-name-for-production-1"),
        ("APP_NAME", "MyCompanyDesignSystemComponentsX"),
        ("WORKSPACE", "/home/runner/work/myapp/myapp/ab"),
        ("SERIAL", "12345678901234567890123456789012"),
        ("ALPHABET_KEY", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
        ("HEX_KEY", "0123456789abcdef"),
        ("DEMO_KEY", "AKIAIOSFODNN7EXAMPLE"),
        ("NAMESPACE_KEY", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("ADMIN_PASSWORD", "P@ssw0rd!"),
        ("JWT_KEY", "secret-key-for-development-only"),
        (
            "CERTIFICATE",
            "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----",
        ),
        ("RECAPTCHA_SITE_KEY", "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"),
        ("KEYBOARD_LAYOUT", "qwerty-us-intl-v2"),
        ("IMAGE_DIGEST", "sha256:9f3c1e7a5b2d8046c1f0e9d7b3a582649f3c1e7a5b2d8046c1f0e9d7b3a58264"),
    ] {
        check(&[(name, value)], &format!("let k = {};", json(value)), false);
    }
    // Names and identifiers in structured values are none, either.
    let account = r#"{"type":"service_account","project_id":"acme-prod-a1b2c3","client_email":"ci@acme-prod-a1b2c3.iam"}"#;
    check(&[("GCP_ACCOUNT", account)], "\"acme-prod-a1b2c3\"", false);
    check(
        &[("DATABASE_URL", "postgres://app_k3x9q2m7:kT9vX2mQ7zz@db/app")],
        "\"app_k3x9q2m7\"",
        false,
    );
}

#[test]
fn values_in_constants_are_found() {
    for text in [
        "const a=\"kT9vX2mQ7\",b=\"zzR4wLp8sNb\";f(a+b)",
        "const o={a:\"kT9vX2mQ7\",b:\"zzR4wLp8sNb\"};f(`${o.a}${o.b}`)",
        "let k=\"kT9vX2mQ7\";k+=\"zzR4wLp8sNb\"",
        "f([\n  \"kT9vX2mQ7\", // one\n  \"zzR4wLp8sNb\",\n].join(\"\"))",
        "f(\"kT9vX2mQ7\" /* a */ + /* b */ \"zzR4wLp8sNb\")",
        "f(\"kT9vX2mQ7\"+(\"zzR4w\"+\"Lp8sNb\"))",
        "f('\\k\\T9vX2mQ7zzR4wLp8sNb')",
    ] {
        check(&[("SERVICE_TOKEN", "kT9vX2mQ7zzR4wLp8sNb")], text, true);
    }
    // Raw bytes of a key, as a string of bytes.
    let hex = "8f01c37a9be4d2564087f3b1aa5c19e8";
    let bytes: String = (0..16).map(|at| format!("\\x{}", &hex[at * 2..at * 2 + 2])).collect();
    check(&[("AES_KEY", hex)], &format!("k=\"{bytes}\""), true);
}

/// Formats that take long texts apart, or keep them in parts.
#[test]
fn values_in_formats_are_found() {
    let value = "s3ss10n-7Qx9vLm2Kp4TzWb";
    let (a, b) = value.split_at(9);
    let deflated = |bytes: &[u8]| {
        let mut encoder =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let words = |width: usize| {
        let mut bytes = value.as_bytes().to_vec();
        bytes.resize(24, 0);
        let words = bytes.chunks(width).map(|word| {
            word.iter().rev().fold(0u32, |number, byte| number << 8 | u32::from(*byte)).to_string()
        });
        words.collect::<Vec<_>>().join(",")
    };
    let dump = |line: usize, bytes: &[u8]| {
        let pairs: String = bytes
            .chunks(2)
            .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + " ")
            .collect();
        format!("{line:08x}: {pairs} ................\n")
    };
    let swf = [b"CWS\x0a\0\0\0\0".as_slice(), &deflated(value.as_bytes())].concat();
    let chunk = |kind: &[u8], body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], kind, body, b"crc."].concat()
    };
    let png = |chunks: &[Vec<u8>], behind: &[u8]| {
        [b"\x89PNG\r\n\x1a\n", &*chunks.concat(), &chunk(b"IEND", b""), behind].concat()
    };
    let mut lzma = lzma_rust2::LzmaWriter::new_use_header(
        Vec::new(),
        &lzma_rust2::LzmaOptions::with_preset(1),
        None,
    )
    .unwrap();
    lzma.write_all(value.as_bytes()).unwrap();
    let page = format!("BT [({a}) -12.5 ({b})] TJ ET");
    let pdf = [
        b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n",
        &*deflated(page.as_bytes()),
        b"\nendstream\nendobj\n",
    ]
    .concat();
    let escaped =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect() };
    let texts = [
        ("react.html", format!("<!doctype html><p>{a}<!-- -->{b}</p>")),
        ("break.html", format!("<html><p>{a}<wbr>{b}</p></html>")),
        ("spans.html", format!("<div><span class=\"x\">{a}</span><span>{b}</span></div>")),
        ("soft.html", format!("<html><p>{a}&shy;{b}</p></html>")),
        ("soft.txt", format!("{a}\u{ad}{b}")),
        ("zero.js", format!("f('{a}\u{200b}{b}')")),
        (
            "tspan.svg",
            format!("<svg><text><tspan x=\"1\">{a}</tspan><tspan>{b}</tspan></text></svg>"),
        ),
        ("inner.js", format!("e.innerHTML = \"<i>{a}<!-- -->{b}</i>\"")),
        (
            "mail.eml",
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\nkey: {a}=\r\n{b}\r\n"),
        ),
        (
            "dump.txt",
            format!("{}{}", dump(0, &value.as_bytes()[..16]), dump(16, &value.as_bytes()[16..])),
        ),
        ("adjacent.py", format!("KEY = (\"{a}\"\n       '{b}')\n")),
        ("adjacent.c", format!("const char *key = \"{a}\" \"{b}\";\n")),
        ("dots.php", format!("<?php $key = '{a}' . \"{b}\";")),
        ("lines.ipynb", format!("{{\"cells\":[{{\"source\":[\"{a}\",\"{b}\"]}}]}}")),
        ("replace.js", format!("f('{a}|{b}'.replace('|', ''))")),
        ("all.js", format!("f('{a}~{b}'.replaceAll('~', ''), 1)")),
        (
            "pattern.js",
            format!(
                "f('{}'.replace(/-/g, ''))",
                "s3ss10n7Qx9vLm2Kp4TzWb".chars().map(|c| format!("{c}-")).collect::<String>()
            ),
        ),
        ("yaml.yml", format!("key: \"{a}\\\n      {b}\"\n")),
        ("wide.js", format!("new Uint16Array([{}])", words(2))),
        ("wider.js", format!("new Uint32Array([{}])", words(4))),
        ("bits.js", value.bytes().map(|byte| format!("{byte:08b}")).collect()),
        ("packed.js", format!("inflate('{}')", escaped(&gz(value.as_bytes())))),
        ("zlib.js", format!("inflate(\"{}\")", escaped(&deflated(value.as_bytes())))),
        ("five.js", (0..5).fold(value.to_owned(), |text, _| STANDARD.encode(text))),
        ("levels.js", (0..5).fold(format!("{value}\""), |text, _| json(&text))),
    ];
    let mut files: Vec<(&str, Vec<u8>)> =
        texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    files.extend([
        ("page.pdf", pdf),
        (
            "profile.png",
            png(&[chunk(b"iCCP", &[b"icc\0\0", &*deflated(value.as_bytes())].concat())], b""),
        ),
        ("behind.png", png(&[], &gz(value.as_bytes()))),
        ("film.swf", swf),
        ("alone.lzma", lzma.finish().unwrap()),
    ]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    for (name, bytes) in &files {
        std::fs::write(folder.path().join("files").join(name), bytes).unwrap();
    }
    let variables = [("SESSION_KEY", value), ("PLAIN_KEY", "s3ss10n7Qx9vLm2Kp4TzWb")];
    let (_, found, _) = scan(folder.path(), &variables, &[]);
    let list = found["findings"].as_array().unwrap();
    let missed: Vec<&str> = files
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| {
            !list
                .iter()
                .any(|finding| finding["file"] == *name && finding["rule"] == "leak/guarded-value")
        })
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn what_is_harmless_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let variables = [
        ("NODE_ENV", "production"),
        ("PORT", "3000"),
        ("FEATURE", "true"),
        ("LOG_LEVEL", "debug"),
        ("JWT_SECRET", "secret"),
        ("PGPASSWORD", "postgres"),
        ("API_URL", "https://api.example.com/v2"),
        ("PUBLIC_KEY_ID", "pk-9f8e7d6c5b4a39281706"),
        ("SAME_AS_PUBLIC", "pk-9f8e7d6c5b4a39281706"),
        ("GITHUB_SHA", "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef"),
        ("REAL_SECRET", "s3ss10n-7Qx9vLm2Kp4TzWb"),
        (
            "SERVICE",
            "{\"type\":\"service_account\",\"host\":\"localhost\",\"port\":\"5432\",\"private_key_id\":\"8f2a1c9d7e6b5a4f\"}",
        ),
        (
            "DATABASE_URL",
            "postgres://postgres:Vb7%2Fq9xK2m@localhost:5432/postgres?sslmode=require",
        ),
    ];
    let code = r#"const a = "production", port = 3000, on = true, level = "debug", secret = "secret", db = "postgres";
fetch("https://api.example.com/v2"); const id = "pk-9f8e7d6c5b4a39281706"; const sha = "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef";
const near = "s3ss10n-7Qx9vLm2Kp4TzWa", last = "****4TzWb", kind = "service_account", host = "localhost", mode = "sslmode=require";
const uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", hash = "sha512-Y2b0b3Z2RlZ1lqb2Jz9pZW5nZGhqa2w7OzEyMzQ1Njc4OQ==";
const table = [0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01]; const anon = "AKIAIOSFODNN7EXAMPLE sk_test_4eC39HqLyjWDarjtT1zdp7dc pk_live_4eC39HqLyjWDarjtT1zdp7dc";
process.env.NODE_ENV; "-----BEGIN PRIVATE KEY-----"; "-----BEGIN CERTIFICATE-----\nMIIB";
"#;
    std::fs::write(files.join("app.js"), code).unwrap();
    std::fs::write(files.join(".env.example"), "API_KEY=").unwrap();
    let (code, json, _) = scan(folder.path(), &variables, &["--browser"]);
    assert_eq!((code, json["findings"].as_array().unwrap().len()), (0, 0), "{json:#}");
}

#[test]
fn what_should_not_ship_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir_all(files.join(".git")).unwrap();
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyji";
    for (name, text) in [
        (".env", "A=1".to_owned()),
        (".git/config", "[core]".to_owned()),
        (
            "tls.pem",
            format!("-----BEGIN PRIVATE KEY-----\n{key}\n{key}\n-----END PRIVATE KEY-----\n"),
        ),
        ("aws.js", "const id = 'AKIAQ7X2M9LPZT4WNYB8'".to_owned()),
        ("read.js", "\nfetch(process.env.REAL_SECRET)".to_owned()),
        ("dump.js", "send(JSON.stringify(import.meta.env))".to_owned()),
        ("broken.gz", "\u{1f}".to_owned()),
    ] {
        std::fs::write(files.join(name), text).unwrap();
    }
    std::fs::write(files.join("broken.gz"), [0x1f, 0x8b, 8, 0, 0, 1, 2, 3]).unwrap();
    let variables = [("REAL_SECRET", "s3ss10n-7Qx9vLm2Kp4TzWb")];
    let (code, json, _) = scan(folder.path(), &variables, &["--browser"]);
    assert_eq!(code, 4);
    let mut rules: Vec<(String, String, String)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let field = |name: &str| finding[name].as_str().unwrap().to_owned();
            (field("file"), field("rule"), field("level"))
        })
        .collect();
    rules.sort();
    let expected = [
        (".env", "leak/secret-file", "error"),
        (".git/config", "leak/secret-file", "error"),
        ("aws.js", "leak/token", "error"),
        ("broken.gz", "leak/not-searched", "error"),
        ("dump.js", "leak/env-dump", "warning"),
        ("read.js", "leak/env-reference", "warning"),
        ("tls.pem", "leak/secret-file", "error"),
        ("tls.pem", "leak/token", "error"),
    ];
    let rules: Vec<(&str, &str, &str)> =
        rules.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(rules, expected);
}

#[test]
fn a_part_of_a_long_value_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let mut random = Random(seed());
    let value = format!("aZ7{}", random.text(ALPHANUMERIC, 45));
    std::fs::write(files.join("half.js"), format!("x('{}')", &value[24..])).unwrap();
    std::fs::write(files.join("start.js"), format!("x('{}')", &value[..12])).unwrap();
    let (code, json, _) = scan(folder.path(), &[("LONG_TOKEN", &value)], &[]);
    let list = json["findings"].as_array().unwrap();
    assert_eq!((code, list.len()), (0, 1), "{json:#}");
    assert_eq!((&list[0]["level"], &list[0]["encoding"]), (&"warning".into(), &"in part".into()));
}

#[test]
fn reasons_baselines_and_sarif() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::write(files.join("app-3F9C1A2B.js"), format!("x('{secret}')")).unwrap();
    std::fs::write(folder.path().join(".env.ci"), format!("FROM_FILE=\"{secret}\"\nOTHER=x\n"))
        .unwrap();
    let run = |flags: &[&str], variables: &[(&str, &str)]| {
        bundlegate()
            .args(["scan", "files"])
            .args(flags)
            .current_dir(folder.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let explained =
        run(&["--explain"], &[("A_SECRET", secret), ("PUBLIC_X", "abc"), ("PORT", "3000")]);
    let said = text(&explained);
    for line in [
        "A_SECRET: guarded: it looks like a secret",
        "PUBLIC_X: not guarded: its name is public",
        "PORT: not guarded: too short",
        "PATH: not guarded: a variable of the shell, the runner or a tool",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(!said.contains(secret), "{said}");
    for (flags, variables) in [
        (vec!["--guard-dotenv", ".env.ci"], vec![]),
        (
            vec!["--guard-secrets", "env:ALL"],
            vec![("ALL", r#"{"FROM_FILE":"s3ss10n-7Qx9vLm2Kp4TzWb"}"#)],
        ),
    ] {
        let output = run(&flags, &variables);
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        assert!(text(&output).contains("`FROM_FILE`"), "{}", text(&output));
        assert!(!text(&output).contains(secret));
    }
    let json = run(&["--format", "json"], &[("A_SECRET", secret)]);
    std::fs::write(folder.path().join("before.json"), &json.stdout).unwrap();
    // The name of the output has another hash after the next build.
    std::fs::rename(files.join("app-3F9C1A2B.js"), files.join("app-9D8E7F6A.js")).unwrap();
    let known = run(&["--leaks-baseline", "before.json"], &[("A_SECRET", secret)]);
    assert_eq!(known.status.code(), Some(0), "{}", text(&known));
    let sarif = run(&["--format", "sarif"], &[("A_SECRET", secret)]);
    assert_eq!(sarif.status.code(), Some(4));
    let sarif: serde_json::Value = serde_json::from_slice(&sarif.stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "leak/guarded-value");
    assert_eq!(result["properties"]["env"], "A_SECRET");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&1.into(), &4.into()));
    assert!(!sarif.to_string().contains(secret));
}

/// Forms of dotenv files, each with one variable `K` and perhaps others.
const DOTENV_FORMS: &[&str] = &[
    "K=plain",
    "K = spaced ",
    "  K=indented",
    "export K=exported",
    "export\tK=exported",
    "K=comment # note",
    "K=comment#note",
    "K= # note",
    "K='single # no comment' # comment",
    "K=\"double # no comment\" # comment",
    "K=`back # no comment`",
    "K=\"one\ntwo\"\nB=x",
    "K='one\ntwo'\nB=x",
    "K=`one\ntwo`\nB=x",
    "K=\"one\\ntwo\"",
    "K='one\\ntwo'",
    "K=\"tab\\tand\\rreturn\"",
    "K=\"a \\\"quoted\\\" word\"",
    "K='it\\'s'",
    "K=\"never closed\nB=x",
    "K='never closed\nB=x",
    "K=half\"quoted\"",
    "K=\"quoted\"behind",
    "K: colon",
    "K:no-space",
    "K==twice",
    "K=a=b=c",
    "K=$B/path",
    "K=${B}",
    "K=\\$B",
    "K=first\nK=second",
    "\u{feff}K=mark",
    "K=windows\r\nB=x\r\n",
    "K=\"windows\r\nlines\"\r\nB=x",
    "# K=comment\nK=value",
    "K=",
    "K=\"\"",
    "K='{\n  \"private_key\": \"-----BEGIN X-----\\nMIIE=\\n-----END X-----\"\n}'\nB=x",
    "K=ends with backslash\\",
    "K=\"ends with backslash\\\\\"",
    "K='a' 'b'",
    "K=emoji😀 # x",
];

/// Whatever a reader of dotenv files takes for a value is one that we guard: Node's, Bun's and the package dotenv.
#[test]
fn dotenv_files_are_read_as_their_readers_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("variables");
    std::fs::write(folder.path().join("forms.json"), serde_json::to_vec(DOTENV_FORMS).unwrap())
        .unwrap();
    let script = format!(
        "import {{ readFileSync }} from 'node:fs'; import {{ parseEnv }} from 'node:util';\n\
         import dotenv from {:?}; import before from {:?};\n\
         const forms = JSON.parse(readFileSync('forms.json'));\n\
         console.log(JSON.stringify(forms.map((form) => [parseEnv(form).K, dotenv.parse(form).K, before.parse(form).K])));",
        super::support::npm().join("node_modules/dotenv/dist/index.cjs"),
        super::support::npm().join("node_modules/dotenv-17/lib/main.js")
    );
    std::fs::write(folder.path().join("read.mjs"), script).unwrap();
    let read =
        super::support::ok(super::support::node().arg("read.mjs").current_dir(folder.path()));
    let read: Vec<Vec<Option<String>>> = serde_json::from_str(&read).unwrap();
    let mut wrong = Vec::new();
    for (form, readers) in DOTENV_FORMS.iter().zip(read) {
        std::fs::write(&file, form).unwrap();
        let bun = super::support::ok(
            super::support::bun()
                .args([
                    "--env-file=variables",
                    "-e",
                    "console.log(JSON.stringify(process.env.K ?? null))",
                ])
                .current_dir(folder.path()),
        );
        let bun: Option<String> = serde_json::from_str(bun.trim()).unwrap();
        let ours: Vec<String> = bundlegate::leak::dotenv::parse(form)
            .into_iter()
            .filter(|assignment| assignment.name == "K")
            .flat_map(|assignment| assignment.values)
            .collect();
        // Bun puts variables into values, whose own lines are guarded.
        let is_expanded = form.contains('$');
        let bun = bun.filter(|_| !is_expanded);
        for (reader, value) in ["Node", "dotenv 18", "dotenv 17", "Bun"]
            .into_iter()
            .zip(readers.into_iter().chain([bun]))
        {
            let value = value.filter(|value| !value.trim().is_empty());
            if let Some(value) = value
                && !ours.iter().any(|our| our.trim() == value.trim())
            {
                wrong.push(format!("{form:?}: {reader} reads {value:?}, we read {ours:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A key in a dotenv file stands in nothing that is printed, whatever form the file has.
#[test]
fn nothing_of_a_dotenv_file_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    let mut random = Random(seed());
    for quote in ["'", "\"", "`", ""] {
        let lines: Vec<String> =
            (0..12).map(|_| format!("{}==", random.text(ALPHANUMERIC, 62))).collect();
        let key = lines.join("\n");
        std::fs::write(
            folder.path().join(".env.test"),
            format!("KEY={quote}{{\n{key}\n}}{quote}\nB=off\n"),
        )
        .unwrap();
        for (file, leaks) in [("x()", false), (&*format!("x(`{{\n{key}\n}}`)"), true)] {
            std::fs::write(folder.path().join("files/a.js"), file).unwrap();
            for format in ["text", "json", "sarif"] {
                let output = bundlegate()
                    .args([
                        "scan",
                        "files",
                        "--guard-dotenv",
                        ".env.test",
                        "--explain",
                        "--format",
                        format,
                    ])
                    .current_dir(folder.path())
                    .output()
                    .unwrap();
                let said = text(&output);
                for line in &lines {
                    let has_part = (0..line.len() - 8).any(|at| said.contains(&line[at..at + 8]));
                    assert!(!has_part, "{quote} {format}: a part of the key is printed");
                }
                if leaks && !quote.is_empty() {
                    assert_eq!(output.status.code(), Some(4), "{said}");
                }
            }
        }
    }
}

/// Names of files, of entries and of sources may hold a value, whole or in pieces; none of it is printed.
#[test]
fn no_name_shows_a_value() {
    let mut random = Random(seed());
    let secret = format!("aZ7{}", random.text(ALPHANUMERIC, 29));
    let (start, end) = secret.split_at(16);
    let map = |source: &str| {
        format!(
            r#"{{"version":3,"sources":["{source}"],"names":[],"sourcesContent":["k=\"{secret}\""],"mappings":"AAAA"}}"#
        )
    };
    for (file, source) in [
        (format!("{secret}.js"), "a.ts".to_owned()),
        (format!("{start}/{end}.js"), "a.ts".to_owned()),
        (format!("{start}.{end}.js"), "a.ts".to_owned()),
        (format!("{start}.js"), "a.ts".to_owned()),
        ("a.js".to_owned(), format!("src/{secret}.ts")),
        ("a.js".to_owned(), format!("src/{start}/{end}.ts")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("files").join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("k=\"{secret}\"")).unwrap();
        std::fs::write(format!("{}.map", path.display()), map(&source)).unwrap();
        for format in ["text", "json", "sarif"] {
            let output = bundlegate()
                .args(["scan", "files", "--format", format])
                .current_dir(folder.path())
                .env("SESSION_KEY", &secret)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(4), "{}", text(&output));
            let said = text(&output);
            let shown = (0..secret.len() - 8).find(|at| said.contains(&secret[*at..*at + 8]));
            assert_eq!(shown, None, "{file} {source} {format}: {said}");
        }
    }
}

/// What is guarded, what is too weak for it, and what lies there unread is said without being asked.
#[test]
fn what_is_not_looked_for_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/a.js"), "x('sunflower')").unwrap();
    std::fs::write(folder.path().join(".env.local"), "A=b").unwrap();
    std::fs::write(folder.path().join(".env.example"), "A=b").unwrap();
    let (code, json, said) =
        scan(folder.path(), &[("DB_PASSWORD", "sunflower"), ("MODE", "debug")], &[]);
    assert_eq!(code, 0);
    assert_eq!(json["searched"]["notGuarded"][0]["env"], "DB_PASSWORD");
    assert_eq!(json["searched"]["notGuarded"].as_array().unwrap().len(), 1);
    assert!(said.contains("leak/nothing-guarded") && said.contains("`.env.local`"), "{said}");
    assert!(!said.contains(".env.example") && !said.contains("sunflower"), "{said}");
    let output = bundlegate()
        .args(["scan", "files"])
        .current_dir(folder.path())
        .env("DB_PASSWORD", "sunflower")
        .output()
        .unwrap();
    assert!(
        text(&output).contains("; not guarded: DB_PASSWORD (9 characters)"),
        "{}",
        text(&output)
    );
}

/// One value under several names is one finding, which names them all; an allowance for one of them is one for it.
#[test]
fn a_value_under_several_names_is_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::write(folder.path().join("files/a.js"), format!("x('{secret}')")).unwrap();
    let (code, json, said) = scan(folder.path(), &[("A_KEY", secret), ("B_KEY", secret)], &[]);
    assert_eq!(code, 4);
    assert_eq!(json["findings"].as_array().unwrap().len(), 1);
    assert_eq!(json["findings"][0]["others"][0], "B_KEY");
    assert_eq!(json["searched"]["variables"], 2);
    assert!(said.contains("the value of `A_KEY`, `B_KEY` is in `a.js`"), "{said}");
}

/// Each entry of an archive stands for itself, whatever holds it; what cannot be opened stops the gate.
#[test]
fn containers_are_opened_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    let code = format!("const k = '{secret}';\n").repeat(40);
    let script = "import base64, bz2, gzip, io, json, lzma, struct, sys, tarfile, zipfile, zlib\n\
        code = open('code').read().encode()\n\
        out = lambda name, data: open('made/' + name, 'wb').write(data)\n\
        def zipped(entries, method=zipfile.ZIP_DEFLATED):\n\
        \x20   packed = io.BytesIO()\n\
        \x20   with zipfile.ZipFile(packed, 'w', method) as z:\n\
        \x20       for name, data in entries: z.writestr(name, data)\n\
        \x20   return packed.getvalue()\n\
        out('a.xz', lzma.compress(code))\n\
        out('a.bz2', bz2.compress(code))\n\
        out('lzma.zip', zipped([('a.js', code)], zipfile.ZIP_LZMA))\n\
        out('bzip2.zip', zipped([('a.js', code)], zipfile.ZIP_BZIP2))\n\
        deep = code\n\
        for _ in range(20): deep = gzip.compress(deep)\n\
        out('deep.gz', deep)\n\
        nested = code\n\
        for level in range(9): nested = zipped([('%d.zip' % level, nested)])\n\
        out('nested.zip', nested)\n\
        out('installer.sh', b'#!/bin/sh\\ntail -n +3 $0 | gunzip\\n' + gzip.compress(code))\n\
        table = zlib.compress(code)\n\
        out('a.woff', b'wOFF' + struct.pack('>IIHHIHHIIIII', 0x10000, 64 + len(table), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)\n\
        \x20   + b'name' + struct.pack('>IIII', 64, len(table), len(code), 0) + table)\n\
        text = b'zTXt' + b'Comment\\0\\0' + zlib.compress(code)\n\
        png = b'\\x89PNG\\r\\n\\x1a\\n' + struct.pack('>I', len(text) - 4) + text + struct.pack('>I', zlib.crc32(text))\n\
        out('a.ico', struct.pack('<HHH', 0, 1, 1) + struct.pack('<BBBBHHII', 0, 0, 0, 0, 1, 32, len(png), 22) + png)\n\
        bad = bytearray(zipped([('a.bin', bytes(range(256)) * 8), ('b.js', code)]))\n\
        struct.pack_into('<I', bad, 14, 0); struct.pack_into('<I', bad, bad.find(b'PK\\x01\\x02') + 16, 0)\n\
        out('bad.zip', bytes(bad))\n\
        locked = bytearray(zipped([('a.js', b'x()')]))\n\
        locked[6] |= 1; locked[locked.find(b'PK\\x01\\x02') + 8] |= 1\n\
        out('locked.zip', bytes(locked))\n\
        out('a.7z', b'7z\\xbc\\xaf\\x27\\x1c' + bytes(60)); out('a.rar', b'Rar!\\x1a\\x07\\x01\\0' + bytes(60))\n\
        out('cut.gz', gzip.compress(code)[:40])\n";
    std::fs::write(folder.path().join("code"), &code).unwrap();
    std::fs::create_dir(folder.path().join("made")).unwrap();
    std::fs::write(folder.path().join("make.py"), script).unwrap();
    let made =
        std::process::Command::new("python3").arg("make.py").current_dir(folder.path()).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let mut form = Vec::new();
    brotli::BrotliCompress(&mut code.as_bytes(), &mut form, &Default::default()).unwrap();
    std::fs::write(folder.path().join("made/no-extension"), &form).unwrap();
    let value = ["leak/guarded-value"].as_slice();
    let unopened = ["leak/not-searched"].as_slice();
    let both = ["leak/guarded-value", "leak/not-searched"].as_slice();
    for (name, expected) in [
        ("a.xz", value),
        ("a.bz2", value),
        ("lzma.zip", value),
        ("bzip2.zip", value),
        ("deep.gz", value),
        ("nested.zip", value),
        ("installer.sh", value),
        ("a.woff", value),
        ("a.ico", value),
        ("no-extension", value),
        ("bad.zip", both),
        ("locked.zip", unopened),
        ("a.7z", unopened),
        ("a.rar", unopened),
        ("cut.gz", unopened),
    ] {
        let file = files.join(name);
        std::fs::rename(folder.path().join("made").join(name), &file).unwrap();
        let (code, json, said) = scan(folder.path(), &[("SESSION_KEY", secret)], &[]);
        std::fs::remove_file(file).unwrap();
        let mut rules: Vec<&str> = json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!((code, &*rules), (4, expected), "{name}: {said}");
    }
}

/// What bundlers call the sources of their maps leads to the file, or to none.
#[test]
fn sources_of_maps_are_addresses() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["src/a b.js", "app/page.js", "src/i.ts", "files/x"] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    let absolute = format!("file://{}/src/i.ts", folder.path().display());
    for (source, expected) in [
        ("../src/i.ts", Some("src/i.ts")),
        ("webpack:///./src/i.ts", Some("src/i.ts")),
        ("webpack:///./src/i.ts?1a2b", Some("src/i.ts")),
        ("webpack://shop/./src/i.ts", Some("src/i.ts")),
        ("webpack://_N_E/app/page.js", Some("app/page.js")),
        ("webpack-internal:///./app/page.js", Some("app/page.js")),
        ("turbopack:///[project]/app/page.js", Some("app/page.js")),
        ("vite:/src/i.ts", Some("src/i.ts")),
        ("webpack:///./src/a%20b.js", Some("src/a b.js")),
        (&absolute, Some("src/i.ts")),
        ("webpack://shop/webpack/bootstrap", None),
        ("webpack:///external \"react\"", None),
        ("https://cdn.example/lib.js", None),
        ("/etc/passwd", None),
    ] {
        let map = serde_json::json!({ "version": 3, "sources": [source], "sourcesContent": ["k"], "names": [], "mappings": "AAAA" });
        std::fs::write(
            folder.path().join("files/m.js"),
            format!("f('{secret}')\n//# sourceMappingURL=m.js.map"),
        )
        .unwrap();
        std::fs::write(folder.path().join("files/m.js.map"), map.to_string()).unwrap();
        let (_, json, _) = scan(folder.path(), &[("SESSION_KEY", secret)], &[]);
        let finding = &json["findings"][0];
        assert_eq!(finding["source"]["file"].as_str(), expected, "{source}: {finding}");
    }
    // What can be mended comes first; the output is the other place.
    std::fs::write(
        folder.path().join("files/m.js.map"),
        r#"{"version":3,"sources":["webpack:///./src/a%20b.js"],"names":[],"mappings":"AAAA"}"#,
    )
    .unwrap();
    let output = bundlegate()
        .args(["scan", "files", "--format", "sarif"])
        .current_dir(folder.path())
        .env("SESSION_KEY", secret)
        .output()
        .unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let uri =
        |place: &serde_json::Value| place["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(uri(&result["locations"][0]), "src/a%20b.js");
    assert_eq!(uri(&result["relatedLocations"][0]), "files/m.js");
    assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    // The same in a file, from the gate of a release, too.
    std::fs::create_dir(folder.path().join("out")).unwrap();
    for command in [
        &["scan", "files"][..],
        &["run", "--artifacts", "files", "--name", "app", "--base", "none"],
    ] {
        let written = bundlegate()
            .args(command)
            .args(["--leaks-sarif", "out/leaks.sarif"])
            .current_dir(folder.path())
            .env("SESSION_KEY", secret)
            .output()
            .unwrap();
        assert_eq!(written.status.code(), Some(4), "{}", text(&written));
        let file = std::fs::read(folder.path().join("out/leaks.sarif")).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&file).unwrap(), sarif);
        std::fs::remove_file(folder.path().join("out/leaks.sarif")).unwrap();
    }
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        assert!(
            rule["help"]["text"].is_string() && rule["properties"]["security-severity"].is_string()
        );
    }
}

/// The validator of the format's editors has nothing to say against ours, by OASIS' schema and by what code scanning asks for,
/// whatever files are called.
#[test]
fn sarif_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::create_dir_all(folder.path().join("files/購物 车")).unwrap();
    std::fs::create_dir_all(folder.path().join("src/a b")).unwrap();
    std::fs::write(folder.path().join("src/a b/購#1?.js"), "k").unwrap();
    let map = r#"{"version":3,"sources":["../../src/a b/購#1?.js"],"names":[],"mappings":"AAAA"}"#;
    let script = format!("f('{secret}', process.env.SESSION_KEY)");
    let files: &[(&str, &[u8])] = &[
        ("購物 车/a#b?c%d.js", script.as_bytes()),
        ("購物 车/a#b?c%d.js.map", map.as_bytes()),
        ("dump.js", b"f(JSON.stringify(process.env))"),
        ("token.js", b"f('AKIAQ7X2M9LPZT4WNYB8')"),
        (".env.local", b"A=b"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c rest"),
        ("[a]{b}|\\^`\".txt", secret.as_bytes()),
    ];
    for (path, bytes) in files {
        std::fs::write(folder.path().join("files").join(path), bytes).unwrap();
    }
    let output = bundlegate()
        .args(["scan", "files", "--browser", "--format", "sarif"])
        .current_dir(folder.path())
        .env("SESSION_KEY", secret)
        .output()
        .unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for rule in sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        assert!(results.iter().any(|result| result["ruleId"] == rule["id"]), "{rule}");
    }
    let file = folder.path().join("found.sarif");
    std::fs::write(&file, &output.stdout).unwrap();
    let validate = |file: &Path| {
        let output = node()
            .arg(npm().join("node_modules/.bin/sarif-multitool"))
            // It hands its arguments to a shell.
            .args(["validate", "--rule-kind", "'Sarif;Ghas'", "--log", "ForceOverwrite"])
            .arg("--output")
            .arg(folder.path().join("validated.sarif"))
            .arg(file.file_name().unwrap())
            .current_dir(file.parent().unwrap())
            .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
            .output()
            .unwrap();
        text(&output)
    };
    let said = validate(&file);
    assert!(said.contains("Analysis completed successfully"), "{said}");
    assert!(!said.contains(": error ") && !said.contains(": warning "), "{said}");
    // It would say something.
    let broken = String::from_utf8(output.stdout).unwrap().replace("%20", " ");
    std::fs::write(&file, broken).unwrap();
    assert!(validate(&file).contains("error SARIF1002"), "a blank passes");
}

/// A value in the wrong place is not repeated by what we say of that place.
#[test]
fn no_message_repeats_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let value = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::write(folder.path().join("a.js"), format!("f('{value}'")).unwrap();
    for (name, settings) in [
        ("key", format!("name: app\nbuild: {{ entrypoints: [a.js] }}\n{value}: 1\n")),
        ("word", format!("name: app\nleaks: {{ fail_on: {value} }}\n")),
        (
            "list",
            format!("name: app\nleaks:\n  allow: [{{ env: A, path: \"[{value}\", reason: b }}]\n"),
        ),
        ("syntax", format!("name: app\n  {value}: [\n")),
        ("dotenv", "leaks: { dotenv: [variables], fail_on: FILE_VALUE }\n".to_owned()),
        ("missing", "leaks: { dotenv: [variables], baseline: f1leV4lue-8Rw2nTq6Xb }\n".to_owned()),
    ] {
        std::fs::write(folder.path().join(format!("{name}.yml")), settings).unwrap();
    }
    std::fs::write(folder.path().join("variables"), "FILE_VALUE=f1leV4lue-8Rw2nTq6Xb\n").unwrap();
    let with_value = |flag: &str| vec!["scan".to_owned(), "a.js".into(), flag.into(), value.into()];
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let mut commands: Vec<Vec<String>> = [
        "--allow",
        "--leaks-baseline",
        "--guard-dotenv",
        "--leaks-fail-on",
        "--threads",
        "--format",
        "--guard-secrets",
        "--unknown",
        "--config",
        "--log-format",
        "--leaks-sarif",
    ]
    .map(with_value)
    .to_vec();
    commands.extend(
        ["key", "word", "list", "syntax", "dotenv", "missing"]
            .map(|name| words(&format!("scan a.js --config {name}.yml"))),
    );
    commands.extend([
        words(&format!("scan {value}")),
        vec![value.to_owned()],
        words(&format!("--{value}")),
        words(&format!("scan a.js --{value}=1")),
        words(&format!("verify {value}")),
        words(&format!("push a {value}")),
        words(&format!("pull dir:{value}/x b")),
        words(&format!("build {value}")),
        words(&format!("run --shard {value}")),
        words(&format!("build a.js --define {value}")),
        words(&format!("build a.js --format {value}")),
        words("build a.js"),
    ]);
    for command in commands {
        for format in ["text", "github", "json"] {
            let output = bundlegate()
                .args(&command)
                .args(["--log-format", format])
                .current_dir(folder.path())
                .env("SESSION_KEY", value)
                .output()
                .unwrap();
            let said = text(&output);
            for value in [value, "f1leV4lue-8Rw2nTq6Xb"] {
                let pieces =
                    value.as_bytes().windows(12).map(|piece| str::from_utf8(piece).unwrap());
                for piece in pieces {
                    assert!(!said.contains(piece), "{command:?}: {said}");
                }
            }
            assert_ne!(output.status.code(), Some(1), "{command:?}: {said}");
        }
    }
}

/// What a value is called by mistake stands in no report, record or summary, and in no line of what was done.
#[test]
fn no_report_repeats_a_value() {
    let value = "s3ss10nX7Qx9vLm2Kp4TzWb";
    let mut masked = 0;
    for (name, set_up, arguments) in [
        ("output", format!("dist/{value}.js=1"), "--artifacts dist".to_owned()),
        (
            "module",
            format!("src/{value}.js=console.log(1)"),
            format!("--entrypoints src/{value}.js --outdir dist"),
        ),
        (
            "package",
            format!(
                "node_modules/{value}/index.js=console.log(1);node_modules/{value}/package.json={{\"version\":\"{value}\"}};a.js=import '{value}'"
            ),
            "--entrypoints a.js --outdir dist".to_owned(),
        ),
        (
            "metafile",
            format!(
                "dist/a.js=1;m.json={{\"inputs\":{{\"src/{value}.js\":{{\"bytes\":1,\"imports\":[]}}}},\"outputs\":{{\"dist/a.js\":{{\"bytes\":1,\"inputs\":{{\"src/{value}.js\":{{\"bytesInOutput\":1}}}},\"imports\":[],\"exports\":[],\"entryPoint\":\"src/{value}.js\"}}}}}}"
            ),
            "--artifacts dist --artifacts-metafile m.json".to_owned(),
        ),
        (
            "naming",
            "a.js=console.log(1)".to_owned(),
            format!("--entrypoints a.js --outdir dist --entry-naming [name]-{value}"),
        ),
        (
            "key",
            "a.js=console.log(1)".to_owned(),
            format!(
                "--entrypoints a.js --outdir dist --hmac-key env:{value} --sign-required=false"
            ),
        ),
        (
            "base",
            "a.js=console.log(1)".to_owned(),
            format!("--entrypoints a.js --outdir dist --base {value}"),
        ),
        (
            "allowed",
            format!("dist/{value}.js=1"),
            "--artifacts dist --leaks-fail-on never".to_owned(),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for file in set_up.split(';') {
            let (path, text) = file.split_once('=').unwrap();
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        let output = bundlegate()
            .args([
                "run",
                "--name",
                "app",
                "--store",
                "memory:",
                "--report-file",
                "r.md",
                "--record-file",
                "r.jsonl",
            ])
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .env("SESSION_KEY", value)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary.md"))
            .output()
            .unwrap();
        let mut said = text(&output);
        for file in ["r.md", "r.jsonl", "summary.md"] {
            said += &std::fs::read_to_string(folder.path().join(file)).unwrap_or_default();
        }
        // The runner is told what to mask.
        let said: String = said.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        let pieces = value.as_bytes().windows(12).map(|piece| str::from_utf8(piece).unwrap());
        assert!(pieces.into_iter().all(|piece| !said.contains(piece)), "{name}: {said}");
        masked += usize::from(said.contains("***"));
    }
    assert!(masked >= 6, "{masked}");
}

/// A line of a source that is shown with an error is left out where it holds a value, however that is written.
#[test]
fn no_frame_shows_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let value = r"Zk3qTz0pQ\M7vXrB9sL&dWn1aYcE5";
    for written in [
        value.replace('\\', r"\\"),
        value.replace('&', "&amp;").replace('\\', r"\\"),
        value.replace('\\', r"\\").replace('&', r"\u0026"),
        bytes(value, |byte| format!("%{byte:02x}")),
    ] {
        std::fs::write(folder.path().join("a.js"), format!("const k = \"{written}\" x")).unwrap();
        let output = bundlegate()
            .args(["build", "a.js"])
            .current_dir(folder.path())
            .env("SESSION_KEY", value)
            .output()
            .unwrap();
        let said = text(&output);
        assert!(said.contains("build/syntax") && !said.contains("const k"), "{said}");
    }
}

/// What a variable is called may be a piece of what it holds, or of what another one does.
#[test]
fn names_do_not_show_values() {
    let folder = tempfile::tempdir().unwrap();
    let value = "AKQ7X2M9LPZT4WNYB8sd";
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/a.js"), format!("f('{value}')")).unwrap();
    let variables = [("MY_X2M9LPZT4W_TOKEN", value), ("OTHER_X2M9LPZT4W", "x-Rw8#nTq6")];
    let (code, _, said) = scan(folder.path(), &variables, &["--explain"]);
    assert_eq!(code, 4);
    assert!(!said.contains("X2M9LPZT") && said.contains("whose name is not shown"), "{said}");
}

/// However often a value is there, places are told as far as one reads them, and the others are counted.
#[test]
fn many_places_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let value = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/a.js"), format!("f('{value}');\n").repeat(5000))
        .unwrap();
    let (code, json, _) = scan(folder.path(), &[("SESSION_KEY", value)], &[]);
    let list = json["findings"].as_array().unwrap();
    assert_eq!((code, list.len()), (4, 100));
    assert_eq!((&list[99]["line"], &list[99]["more"]), (&100.into(), &4900.into()));
    let output = bundlegate()
        .args(["scan", "files"])
        .current_dir(folder.path())
        .env("SESSION_KEY", value)
        .output()
        .unwrap();
    assert!(text(&output).contains("4900 more times"), "{}", text(&output));
}

/// In what we built, reads of the environment are told by the syntax tree: texts that speak of them are none, and other names
/// of the environment are followed.
#[test]
fn reads_in_our_own_outputs_are_found_by_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    write(
        "bundlegate.yml",
        "name: app\nbuild: { entrypoints: [main.js], outdir: dist, target: browser, minify: true }\n",
    );
    let run = |script: &str| {
        write("main.js", script);
        let output = bundlegate()
            .args(["run", "--base", "none", "--dry-run"])
            .current_dir(folder.path())
            .env("SESSION_KEY", "s3ss10n-7Qx9vLm2Kp4TzWb")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output)
    };
    for script in [
        "const { env } = process; console.log(env.SESSION_KEY)",
        "const name = 'SESSION_KEY'; console.log(globalThis.process.env[name])",
        "export const f = ({ SESSION_KEY } = process.env) => SESSION_KEY",
        "console.log(Deno.env.get('SESSION_KEY'))",
    ] {
        let said = run(script);
        assert!(
            said.contains("warning[leak/env-reference]: `SESSION_KEY` is read"),
            "{script}: {said}"
        );
        assert!(said.contains("--> main.js:1:"), "{said}");
    }
    for script in
        ["window.settings = process.env", "fetch('/', { body: JSON.stringify(process.env) })"]
    {
        assert!(run(script).contains("warning[leak/env-dump]"), "{script}");
    }
    let said = run("console.log('set process.env.SESSION_KEY', `and import.meta.env.SESSION_KEY`)");
    assert!(!said.contains("leak/env"), "{said}");
}

/// An output of ours without a map is traced all the same.
#[test]
fn our_own_outputs_have_sources_without_maps() {
    let folder = tempfile::tempdir().unwrap();
    let value = "s3ss10n-7Qx9vLm2Kp4TzWb";
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let write = |path: &str, text: String| std::fs::write(folder.path().join(path), text).unwrap();
    write("src/main.js", "import { key } from './config.js';\nimport file from './x.bin';\nconsole.log(key(), file);\n".into());
    write("src/config.js", format!("// settings\nexport const key = () => '{value}';\n"));
    write("src/x.bin", format!("\n\n  {value}"));
    write("bundlegate.yml", "name: app\nbuild: { entrypoints: [src/main.js], outdir: dist, minify: true, loader: { .bin: file } }\nleaks: { sarif: found.sarif }\n".into());
    let output = bundlegate()
        .args(["run", "--base", "none"])
        .current_dir(folder.path())
        .env("SESSION_KEY", value)
        .output()
        .unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("--> src/config.js:2:") && said.contains("--> src/x.bin:3:3"), "{said}");
    assert!(!folder.path().join("dist").exists());
    let sarif = std::fs::read_to_string(folder.path().join("found.sarif")).unwrap();
    assert!(sarif.contains("\"src/config.js\""), "{sarif}");
}

/// A pipe is no file: it may never end, and was empty for the second look.
#[test]
fn what_is_no_file_is_refused() {
    let output = bundlegate()
        .args(["scan", "/dev/stdin"])
        .stdin(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("write what it gives to a file"), "{}", text(&output));
    let empty = tempfile::tempdir().unwrap();
    let output = bundlegate().arg("scan").arg(empty.path()).output().unwrap();
    assert!(text(&output).contains("warning[leak/empty]"), "{}", text(&output));
}
