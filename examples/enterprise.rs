//! From sources to a gated release by the library, step by step: build, search for leaks, compress, encrypt and sign, store,
//! read back, open, answer. `cargo run --example enterprise`. The same by the command line is
//! `fixtures/project/registry-mcp`: `bundlegate run`, `verify`, `pull`.

#![expect(clippy::print_stdout, reason = "it shows what it does")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bundlegate::artifact::{Body, Digest, Resource};
use bundlegate::bundle::options::Target;
use bundlegate::compress::{Coding, compress};
use bundlegate::leak::Policy;
use bundlegate::leak::{Guarded, Search, guarded, scan};
use bundlegate::seal::encrypt::{Identity, decrypt_into};
use bundlegate::seal::hmac::SigningKey;
use bundlegate::seal::key_pair::KeyPair;
use bundlegate::seal::manifest::Manifest;
use bundlegate::seal::{About, Keys, VerifyKeys, seal, verify};
use bundlegate::secret::Secret;
use bundlegate::store::{Deployment, S3Access, Store};
use bundlegate::{BuildConfig, BuildOutput, build};
use http::Request;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let released = release("const session = process.env.SESSION_SECRET;")?;
    println!("{}", released.lines());
    let leak = release(&format!("const session = '{SESSION_SECRET}';"));
    println!("{}", leak.err().map(|error| error.to_string()).unwrap_or_default());
    Ok(())
}

/// What only the environment of a server knows.
const SESSION_SECRET: &str = "s3ss10n-7Qx9vLm2Kp4TzWb";

/// What there is to say of a release.
#[derive(Debug)]
struct Released {
    build_id: String,
    files: usize,
    signed: usize,
    bytes: usize,
    brotli: usize,
    etag: String,
}

impl Released {
    fn lines(&self) -> String {
        let Self { build_id, files, signed, bytes, brotli, etag } = self;
        format!(
            "build {build_id}: {files} files, {signed} signatures hold\nthe script: {bytes} bytes, {brotli} with brotli, ETag {etag}"
        )
    }
}

fn release(line: &str) -> Result<Released, Failure> {
    // 1. Build: public variables become constants, all others stay look-ups at run time.
    let built = bundled(line)?;
    // 2. Gate: a value of a variable that is not public stops here.
    let secret = Secret::from(SESSION_SECRET.to_owned());
    let variables = [("SESSION_SECRET", &secret)];
    let public = ["PUBLIC_*".to_owned()];
    let policy = Policy { public: &public, guard: &[], texts: &[] };
    let (list, _): (Vec<Guarded>, _) = guarded(variables.into_iter(), &policy);
    let search = Search::new(&list, false);
    let passed = scan(built.outputs, &search, "dist", true, |_| false);
    let (scanned, _) = passed.map_err(|found| format!("leak: {}", found.list[0].message()))?;
    // 3. Compress what passed.
    let scanned = compress(scanned, &[Coding::Brotli, Coding::Zstd]);
    let script = &scanned.artifacts()[0];
    let (plain, brotli) = (script.artifact().body.clone(), script.encoded()[0].body.clone());
    // 4. Encrypt for a recipient, lock by SHA-256, sign by HMAC and by Ed25519 with ML-DSA-65.
    let key = SigningKey::new(&SigningKey::generate(), "k1")?;
    let (pair, identity) = (KeyPair::generate(), Identity::generate());
    let recipients = [identity.recipient()];
    let about = About { name: "enterprise".to_owned(), ..About::default() };
    let keys = Keys { hmac: Some(&key), pair: Some(&pair), recipients: &recipients };
    let sealed = seal(&scanned, about, keys);
    // 5. Store: nothing is live before all of it is there. `r2://bucket/prefix` is the same.
    let store = Store::open("memory:", Path::new("/"), &S3Access::default())?;
    store.put(&sealed, &Deployment::default(), &|_| {})?;
    // 6. Read back what is live, and hold every byte against the lock and its signatures.
    let live = store.live("enterprise", "latest")?.ok_or("nothing is live")?;
    let read = |digest: Digest| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        store.object("enterprise", digest, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    };
    let public = pair.public();
    let hmac = [key];
    let checks = VerifyKeys { hmac: &hmac, public: Some(&public), required: true, now: 0 };
    let digest_of = |_: &_, digest| Ok(Digest::of(&read(digest)?));
    let verified = verify(&live.read, None, digest_of, checks);
    if let Some(problem) = verified.problems.first() {
        return Err(problem.message.clone().into());
    }
    // 7. Parity: what a reader opens is what was built, and is answered as any server should.
    let manifest = Manifest::parse(live.read.manifest.as_deref().unwrap_or_default())?;
    let entry = manifest.artifacts.iter().find(|entry| entry.path == "app.js.enc");
    let entry = entry.ok_or("the script is not in the manifest")?;
    let stored = read(Digest::from_hex(&entry.sha256).ok_or("no digest")?)?;
    let wraps = entry.encryption.as_ref().map(|it| it.wraps.as_slice()).unwrap_or_default();
    let mut opened = Vec::new();
    decrypt_into(&entry.path, &stored, wraps, &identity, &mut opened)?;
    if opened != plain.bytes() {
        return Err("what was opened is not what was built".into());
    }
    let resource = Resource::new("app.js", Body::new(opened)).encoded("br", brotli.clone());
    let request = Request::builder().header("accept-encoding", "br").body(())?;
    let answer = resource.respond(&request);
    Ok(Released {
        build_id: live.build_id,
        files: verified.files,
        signed: verified.signed,
        bytes: plain.bytes().len(),
        brotli: answer.body().len(),
        etag: answer.headers()["etag"].to_str()?.to_owned(),
    })
}

fn bundled(line: &str) -> Result<BuildOutput, Failure> {
    let source = format!(
        "{line}\nexport default {{ fetch: () => new Response(process.env.PUBLIC_API_URL + '購物車'.repeat(9)) }};\n\
         if (!session) console.warn('no session', process.env.PUBLIC_API_URL);"
    );
    let variables = [("PUBLIC_API_URL", "https://api.example.com")];
    let built = build(&BuildConfig {
        entrypoints: vec!["app.ts".to_owned()],
        files: BTreeMap::from([("app.ts".to_owned(), source)]),
        root: Some(PathBuf::from("/app")),
        target: Target::Bun,
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..BuildConfig::default()
    })?;
    Ok(built)
}

#[test]
fn every_step_holds() {
    let released = release("const session = process.env.SESSION_SECRET;").unwrap();
    assert_eq!(released.files, 3, "the script, and its forms in brotli and zstd");
    assert_eq!(released.signed, released.files);
    assert!(released.brotli < released.bytes && released.etag.ends_with("-br\""), "{released:?}");
    assert_eq!(released.build_id.len(), 64);
    let stopped = release(&format!("const session = '{SESSION_SECRET}';")).unwrap_err().to_string();
    assert!(stopped.contains("SESSION_SECRET") && !stopped.contains(SESSION_SECRET), "{stopped}");
}
