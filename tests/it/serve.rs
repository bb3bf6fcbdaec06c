//! The server, over real sockets: what it answers, what it refuses, and how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::support::{bundlegate, node, ok, text};

/// A server that runs, and where.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
}

impl Served {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self { child, address: String::new() };
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = line.split_once("http://") {
                rest.trim_end().trim_end_matches('/').clone_into(&mut served.address);
                // What it says later must not fill the pipe.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return served;
            }
            said += &line;
        }
    }

    fn folder(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = bundlegate();
        command.args(["serve", "site", "--port", "0"]).args(arguments).current_dir(folder);
        Self::start(&mut command)
    }

    fn send(&self, head: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(format!("{head}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        Answer::read(&mut stream)
    }

    fn get(&self, path: &str, headers: &[&str]) -> Answer {
        let head = format!("GET {path} HTTP/1.1");
        self.send(&[&[head.as_str()], headers].concat().join("\r\n"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let at = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or_default();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self { status, headers, body: bytes.get(at + 4..).unwrap_or_default().to_vec() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn site(folder: &Path) {
    let write = |path: &str, text: &str| {
        let path = folder.join("site").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("index.html", "<!doctype html><title>a</title><script>start()</script>");
    write("docs/index.html", "docs");
    write("app.js", &"console.log('a long script');\n".repeat(100));
    write("data.bin", "0123456789");
    std::fs::write(folder.join("secret.txt"), "outside").unwrap();
}

#[test]
fn requests_are_answered_over_sockets() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let served = Served::folder(folder.path(), &[]);
    let page = served.get("/", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").contains("'sha256-"), "{page:?}");
    let etag = page.header("etag").to_owned();
    let again = served.get("/", &[&format!("If-None-Match: {etag}")]);
    assert!(again.status == 304 && again.body.is_empty(), "{again:?}");
    let head = served.send("HEAD /data.bin HTTP/1.1");
    assert!(head.status == 200 && head.header("content-length") == "10" && head.body.is_empty());
    for (range, status, body) in [
        ("bytes=2-4", 206, &b"234"[..]),
        ("bytes=-2", 206, b"89"),
        ("bytes=20-", 416, b""),
        ("bytes=0-1,3-4", 200, b"0123456789"),
    ] {
        let part = served.get("/data.bin", &[&format!("Range: {range}")]);
        assert_eq!((part.status, part.body.as_slice()), (status, body), "{range}");
    }
    let plain = std::fs::read(folder.path().join("site/app.js")).unwrap();
    for coding in ["br", "zstd", "gzip"] {
        let packed = served.get("/app.js", &[&format!("Accept-Encoding: {coding}")]);
        assert_eq!(packed.header("content-encoding"), coding);
        assert_eq!(packed.header("vary"), "Accept-Encoding");
        assert!(bundlegate::compress::decodes_to(coding, &packed.body, &plain), "{coding}");
    }
    assert_eq!(
        served
            .get("/app.js", &["Accept-Encoding: br;q=0, gzip;q=0.1, *;q=0"])
            .header("content-encoding"),
        "gzip"
    );
    let post = served.send("POST / HTTP/1.1\r\nContent-Length: 0");
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    let moved = served.get("/docs?a=%0d%0aSet-Cookie:x", &[]);
    assert_eq!((moved.status, moved.header("location")), (308, "/docs/?a=%0d%0aSet-Cookie:x"));
    assert_eq!(served.get("/nothing", &["Accept: text/html"]).status, 404);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/docs/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%5csecret.txt",
        "//etc/passwd",
        "http://a/../secret.txt",
    ] {
        let answer = served.get(path, &[]);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.body.windows(7).any(|part| part == b"outside"), "{path}");
    }
    // What is no HTTP ends a connection and nothing else.
    for bytes in [&b"\0\0\0\0\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n"] {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        stream.write_all(bytes).unwrap();
        let _ = Answer::read(&mut stream);
    }
    assert_eq!(served.get("/", &[]).status, 200);
}

#[test]
fn an_application_has_its_routes() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let served = Served::folder(folder.path(), &["--spa", "--isolated", "--no-policy"]);
    let route = served.get("/users/7", &["Accept: text/html"]);
    assert_eq!((route.status, route.header("cross-origin-opener-policy")), (200, "same-origin"));
    assert_eq!(route.header("content-security-policy"), "");
    assert_eq!(served.get("/users/7.js", &["Accept: */*"]).status, 404);
}

/// Routes of the settings answer for URLs of no file, and lead to no file outside of the site and to no other server.
#[test]
fn routes_of_the_settings_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let settings = |routes: &str| {
        write("bundlegate.yml", &format!("name: app\nserve:\n  routes:\n{routes}"));
    };
    settings(
        "    - { pattern: \"/users/:id(\\\\d+)\", file: index.html }\n\
         \x20   - { pattern: \"/files/*\", file: \":0\" }\n\
         \x20   - { pattern: \"/old/*\", redirect: \"/:0\", status: 301 }\n\
         \x20   - { pattern: \"/gone/*\", file: index.html, status: 404 }\n",
    );
    let served = Served::folder(folder.path(), &[]);
    let page = served.get("/index.html", &[]);
    let user = served.get("/users/7", &[]);
    assert_eq!((user.status, &user.body), (200, &page.body));
    assert_eq!(served.get("/users/me", &[]).status, 404);
    assert_eq!(served.get("/files/data.bin", &[]).body, b"0123456789");
    // What a pattern finds is a path below the site, and no way around it.
    for path in [
        "/files/../data.bin",
        "/files/..%2fdata.bin",
        "/files/%2e%2e/data.bin",
        "/files/a/..%2fdata.bin",
    ] {
        let answer = served.get(path, &[]);
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
    }
    let old = served.get("/old//evil.example", &[]);
    assert_eq!((old.status, old.header("location")), (301, "/evil.example"));
    assert_eq!(served.get("/gone/x", &["Range: bytes=0-1"]).status, 404);
    // A file of that name comes first.
    assert_eq!(served.get("/data.bin", &[]).status, 200);
    settings("    - { pattern: \"/:\", file: index.html }\n");
    let mut wrong = bundlegate();
    let output = wrong.args(["serve", "site", "--port", "0"]).current_dir(folder.path()).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("error[config/routes]: the route `/:`"), "{}", text(&output));
}

/// A thousand connections that stay open are answered, again and again, and ten thousand requests are answered right.
#[test]
fn many_connections_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let served = Served::folder(folder.path(), &[]);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = served.address.clone();
    let right = runtime.block_on(async move {
        use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
        let mut connections = Vec::new();
        for _ in 0..1000 {
            let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            connections.push(tokio::io::BufReader::new(stream));
        }
        // All are open before any is asked.
        let asked = connections.into_iter().enumerate().map(|(number, mut stream)| {
            tokio::spawn(async move {
                let mut right = 0;
                for round in 0..10 {
                    let part = (number + round) % 10;
                    let head = format!(
                        "GET /data.bin HTTP/1.1\r\nHost: a\r\nRange: bytes={part}-{part}\r\n\r\n"
                    );
                    stream.write_all(head.as_bytes()).await.unwrap();
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    let is_part = line.starts_with("HTTP/1.1 206 ");
                    while line != "\r\n" {
                        line.clear();
                        assert!(stream.read_line(&mut line).await.unwrap() > 0);
                    }
                    let byte = stream.read_u8().await.unwrap();
                    right += usize::from(is_part && usize::from(byte - b'0') == part);
                }
                right
            })
        });
        let mut right = 0;
        for task in asked.collect::<Vec<_>>() {
            right += task.await.unwrap();
        }
        right
    });
    assert_eq!(right, 10_000);
    // What a `HEAD` says of the length is what `GET` has, also where nothing has changed.
    let first = served.get("/data.bin", &[]);
    let head = "HEAD /data.bin HTTP/1.1\r\nIf-None-Match: ";
    let unchanged = served.send(&format!("{head}{}", first.header("etag")));
    assert_eq!((unchanged.status, unchanged.header("content-length")), (304, "10"));
    // A client that closes its side after the request still gets the answer.
    let mut half = TcpStream::connect(&served.address).unwrap();
    half.write_all(b"GET /data.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(Answer::read(&mut half).body, b"0123456789");
}

/// Connections that do nothing, or read nothing, keep nobody else from an answer.
#[test]
fn slow_clients_hinder_nobody() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    std::fs::write(folder.path().join("site/large.bin"), vec![b'x'; 32 << 20]).unwrap();
    let served = Served::folder(folder.path(), &[]);
    let idle: Vec<TcpStream> =
        (0..400).map(|_| TcpStream::connect(&served.address).unwrap()).collect();
    let slow: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(&served.address).unwrap();
            stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            stream
        })
        .collect();
    for _ in 0..200 {
        assert_eq!(served.get("/data.bin", &[]).body, b"0123456789");
    }
    drop((idle, slow));
    assert_eq!(served.get("/large.bin", &[]).body.len(), 32 << 20);
}

/// Asked to end, it answers what it has begun, and ends well.
#[cfg(unix)]
#[test]
fn it_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    std::fs::write(folder.path().join("site/large.bin"), vec![b'x'; 8 << 20]).unwrap();
    let mut served = Served::folder(folder.path(), &[]);
    let mut stream = TcpStream::connect(&served.address).unwrap();
    stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = [0; 1024];
    stream.read_exact(&mut first).unwrap();
    ok(Command::new("kill").args(["-TERM", &served.child.id().to_string()]));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() + first.len() > 8 << 20, "{}", rest.len());
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_deployment_is_verified_before_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "bundlegate.yml",
        "name: app\nartifacts: { dir: site }\nstore: { url: \"dir:store\" }\nreport: { base: none }\n",
    );
    ok(bundlegate().arg("run").current_dir(folder.path()));
    let mut command = bundlegate();
    command.args(["serve", "dir:store/app", "--port", "0"]).current_dir(folder.path());
    let served = Served::start(&mut command);
    assert_eq!(served.get("/data.bin", &[]).body, b"0123456789");
    assert_eq!(served.get("/bundlegate.lock", &[]).status, 404, "the seal is no part of the site");
    // A byte that is another one is found before.
    let store = folder.path().join("store");
    let changed = bundlegate::fs::walk(&store).unwrap().into_iter().any(|path| {
        let path = store.join(path);
        let is_it = std::fs::read(&path).unwrap() == b"0123456789";
        if is_it {
            std::fs::write(&path, "0123456780").unwrap();
        }
        is_it
    });
    assert!(changed);
    let output = bundlegate()
        .args(["serve", "dir:store/app", "--port", "0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", text(&output));
    let nowhere =
        bundlegate().args(["serve", "nowhere"]).current_dir(folder.path()).output().unwrap();
    assert!(text(&nowhere).contains("error[serve/place]"), "{}", text(&nowhere));
}

/// A browser takes a page with its policy: its own scripts run, inline ones, modules and lazy chunks, and no others.
#[test]
fn a_page_with_its_policy_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "main.ts",
        "import './style.css'; const { done } = await import('./lazy'); done(window.early)",
    );
    write(
        "lazy.ts",
        "export const done = (text: string) => { const p = document.createElement('p'); p.id = 'done'; p.textContent = `${text}, ${getComputedStyle(document.body).color}`; document.body.append(p) }",
    );
    write("style.css", "body { color: rgb(1, 2, 3) }");
    let build = ["build", "main.ts", "--outdir", "site", "--splitting", "--minify"];
    ok(bundlegate().args(build).current_dir(folder.path()));
    let page = "<!doctype html><title>a</title><link rel=icon href=data:,><link rel=stylesheet href=/main.css>\
        <body><script>window.early = 'inline <runs>'</script><script type=module src=/main.js></script>";
    write("site/index.html", page);
    let served = Served::folder(folder.path(), &[]);
    let browser = super::support::install("tests/browser");
    let address = format!("http://{}/", served.address);
    let shown = ok(node().arg(browser.join("served.mjs")).arg(address));
    assert_eq!(shown, "inline <runs>, rgb(1, 2, 3)\n");
}

/// A build is served from memory, and again when a source changes; pages hear of it.
#[test]
fn a_build_is_served_and_follows_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("bundlegate.yml", "name: app\nbuild: { entrypoints: [a.ts] }\n");
    write("a.ts", "import { word } from './b'; console.log(word as string)");
    write("b.ts", "export const word = 'first'");
    let mut command = bundlegate();
    command.args(["serve", "--port", "0", "--watch"]).current_dir(folder.path());
    let served = Served::start(&mut command);
    let script = || String::from_utf8(served.get("/a.js", &[]).body).unwrap();
    assert!(script().contains("first"));
    let mut events = TcpStream::connect(&served.address).unwrap();
    events.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    events
        .write_all(b"GET /.bundlegate/changes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    write("b.ts", "export const word = 'other'");
    let event = Answer::read(&mut events);
    assert_eq!(event.header("content-type"), "text/event-stream");
    assert!(String::from_utf8_lossy(&event.body).contains("data: changed"), "{event:?}");
    assert!(script().contains("other"));
    assert!(!folder.path().join("dist").exists() && !folder.path().join("a.js").exists());
    // What does not build leaves what was there.
    write("b.ts", "export const word = ");
    std::thread::sleep(Duration::from_millis(700));
    assert!(script().contains("other"));
}
