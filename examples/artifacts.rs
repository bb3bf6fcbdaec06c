//! Sources that are held in memory become artifacts, and each of these is had as bytes, as text, as a stream and as the answer
//! of a server: `cargo run --example artifacts`. Nothing touches a disk.

#![expect(clippy::print_stdout, reason = "it shows what it has")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bundlegate::artifact::BuildArtifact;
use bundlegate::bundle::options::SourceMapMode;
use bundlegate::{BuildConfig, BuildError, BuildOutput, build};
use futures_core::Stream;
use http::Request;

fn main() -> Result<(), BuildError> {
    let built = in_memory()?;
    for artifact in &built.outputs {
        let (bytes, pieces) = (artifact.bytes(), pieces(artifact));
        println!("{} {} {}", artifact.path, artifact.kind, artifact.content_hash);
        println!("  {} bytes in {} pieces, {}", bytes.len(), pieces.len(), artifact.content_type());
    }
    let script = &built.outputs[0];
    println!("{}", script.text().unwrap_or_default());
    println!("{:?}", script.response(&Request::new(())).headers());
    Ok(())
}

/// What `Bun.build({ entrypoints, files, env: "PUBLIC_*", sourcemap: "external", metafile: true })` is with Bun.
fn in_memory() -> Result<BuildOutput, BuildError> {
    let files = [
        (
            "main.ts",
            "import { greet } from './greet'; console.log(greet(process.env.PUBLIC_NAME as string));",
        ),
        (
            "greet.ts",
            "export const greet = (name: string) => `hello ${name}`; export const unused = 1;",
        ),
    ];
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    build(&BuildConfig {
        entrypoints: vec!["main.ts".to_owned()],
        files: pairs(&files),
        root: Some(PathBuf::from("/app")),
        sourcemap: SourceMapMode::External,
        variables: pairs(&[("PUBLIC_NAME", "車"), ("SECRET", "stays a look-up")]),
        metafile: true,
        ..BuildConfig::default()
    })
}

/// All of a stream, piece by piece, as a reader takes it.
fn pieces(artifact: &BuildArtifact) -> Vec<bytes::Bytes> {
    let mut stream = pin!(artifact.stream());
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

    let built = in_memory().unwrap_or_else(|error| panic!("{error}"));
    assert!(built.logs.is_empty(), "{:?}", built.logs);
    let [script, map] = built.outputs.as_slice() else { panic!("{:?}", built.outputs) };
    assert_eq!((script.kind, script.loader), (ArtifactKind::EntryPoint, "ts"));
    assert_eq!(script.source_map.as_ref(), Some(&map.path), "a map belongs to its own output");
    let text = script.text().unwrap();
    assert!(text.contains("hello") && text.contains("車") && !text.contains("unused"), "{text}");
    // Neither a view nor a piece is a copy.
    assert_eq!(script.bytes(), text.as_bytes());
    assert_eq!(text.as_ptr(), script.bytes().as_ptr());
    assert_eq!(pieces(script)[0].as_ptr(), script.bytes().as_ptr());
    let response = script.response(&Request::new(()));
    assert_eq!(response.status(), StatusCode::OK);
    let etag = response.headers()["etag"].clone();
    let again = Request::builder().header("if-none-match", etag).body(()).unwrap();
    assert_eq!(script.response(&again).status(), StatusCode::NOT_MODIFIED);
    assert!(built.metafile.unwrap().outputs.contains_key("main.js"));
}

#[test]
fn mistakes_are_told_at_their_places() {
    let entrypoints = vec!["main.ts".to_owned()];
    let files = BTreeMap::from([("main.ts".to_owned(), "import './nothing'".to_owned())]);
    let root = Some(PathBuf::from("/app"));
    let config = BuildConfig { entrypoints, files, root, ..BuildConfig::default() };
    let error = build(&config).unwrap_err();
    assert!(error.to_string().contains("main.ts:1:8"), "{error}");
    let env = Some("inline".to_owned());
    let error = build(&BuildConfig { env, ..config }).unwrap_err();
    assert_eq!(error.0[0].code, "config/env");
}
