//! Sources that are held in memory become artifacts, and each of these is had as bytes, as text, as a stream and as the answer
//! of a server: `cargo run --example artifacts`. Nothing touches a disk.

#![expect(clippy::print_stdout, reason = "it shows what it has")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bundlegate::artifact::BuildArtifact;
use bundlegate::bundle::options::{Options, SourceMapMode, Target};
use bundlegate::bundle::{Bundled, EntryPoint, bundle};
use bundlegate::fs::{FileSystem, MemoryFileSystem};
use futures_core::Stream;
use http::Request;

fn main() {
    let bundled = build();
    for artifact in &bundled.artifacts {
        let (bytes, pieces) = (artifact.body.bytes(), pieces(artifact));
        println!("{} {} {}", artifact.path, artifact.kind, artifact.content_hash);
        println!("  {} bytes in {} pieces, {}", bytes.len(), pieces.len(), artifact.content_type());
    }
    let script = &bundled.artifacts[0];
    println!("{}", script.body.text().unwrap_or_default());
    println!("{:?}", script.response(&Request::new(())).headers());
}

/// What `Bun.build({ entrypoints, files, target: "browser", sourcemap: "external", metafile: true })` is with Bun.
fn build() -> Bundled {
    let sources = [
        ("/app/main.ts", "import { greet } from './greet'; console.log(greet('車' as string));"),
        (
            "/app/greet.ts",
            "export const greet = (name: string) => `hello ${name}`; export const unused = 1;",
        ),
    ];
    let files: BTreeMap<PathBuf, Arc<[u8]>> = sources
        .into_iter()
        .map(|(path, text)| (PathBuf::from(path), Arc::from(text.as_bytes())))
        .collect();
    let files: Arc<dyn FileSystem> = Arc::new(MemoryFileSystem::new(files, None));
    let options = Options {
        target: Target::Browser,
        source_map: SourceMapMode::External,
        ..Options::new(PathBuf::from("/app"))
    };
    bundle(&[EntryPoint { specifier: "main.ts".to_owned() }], &options, &files)
}

/// All of a stream, piece by piece, as a reader takes it.
fn pieces(artifact: &BuildArtifact) -> Vec<bytes::Bytes> {
    let mut stream = pin!(artifact.body.stream());
    let mut context = Context::from_waker(Waker::noop());
    let mut pieces = Vec::new();
    while let Poll::Ready(Some(piece)) = stream.as_mut().poll_next(&mut context) {
        pieces.push(piece);
    }
    pieces
}

#[test]
fn an_artifact_is_had_in_every_way() {
    use bundlegate::artifact::ArtifactKind;
    use http::StatusCode;

    let bundled = build();
    assert!(bundled.diagnostics.is_empty(), "{:?}", bundled.diagnostics);
    let [script, map] = bundled.artifacts.as_slice() else { panic!("{:?}", bundled.artifacts) };
    assert_eq!((script.kind, script.loader), (ArtifactKind::EntryPoint, "ts"));
    assert_eq!(script.source_map.as_ref(), Some(&map.path), "a map belongs to its own output");
    let text = script.body.text().unwrap();
    assert!(text.contains("hello") && !text.contains("unused"), "{text}");
    assert_eq!(script.body.bytes(), text.as_bytes());
    // No piece is a copy.
    let first = &pieces(script)[0];
    assert_eq!(first.as_ptr(), script.body.bytes().as_ptr());
    let response = script.response(&Request::new(()));
    assert_eq!(response.status(), StatusCode::OK);
    let etag = response.headers()["etag"].clone();
    let again = Request::builder().header("if-none-match", etag).body(()).unwrap();
    assert_eq!(script.response(&again).status(), StatusCode::NOT_MODIFIED);
    assert!(bundled.metafile.outputs.contains_key("main.js"));
}
