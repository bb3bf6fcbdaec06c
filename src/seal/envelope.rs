//! The signed statement: a DSSE envelope (github.com/secure-systems-lab/dsse, version 1.0.2) around an in-toto
//! Statement v1 with a SLSA provenance v1 predicate. It names every file, and the manifest by its own digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::hmac::SigningKey;
use super::key_pair::{KeyPair, PublicKeys};
use super::lock;
use super::manifest::{self, Manifest};

/// Name of the file: one envelope a line.
pub const FILE_NAME: &str = "bundlegate.intoto.jsonl";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// Where a build was made, as far as a runner says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// URL of the forge.
    pub server: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The git reference that was built.
    pub reference: Option<String>,
    /// `owner/name/path@ref` of the workflow.
    pub workflow: Option<String>,
    /// The event that started it.
    pub event: Option<String>,
    /// Number of the run.
    pub run: Option<String>,
    /// Number of the attempt.
    pub attempt: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

#[derive(Debug, Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Deserialize)]
struct Resource {
    name: String,
    digest: Sha256Digest,
}

#[derive(Debug, Deserialize)]
struct Sha256Digest {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Predicate {
    #[serde(rename = "runDetails")]
    run_details: RunDetails,
}

#[derive(Debug, Deserialize)]
struct RunDetails {
    byproducts: Vec<Resource>,
}

/// The bytes that are signed: DSSE's pre-authentication encoding.
fn pre_authentication_encoding(payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The envelope of a manifest, on one line; `None` when there is nothing to sign with.
#[must_use]
pub fn sign(
    manifest: &Manifest,
    provenance: &Provenance,
    hmac: Option<&SigningKey>,
    pair: Option<&KeyPair>,
) -> Option<String> {
    let payload = statement(manifest, provenance).to_string();
    let message = pre_authentication_encoding(payload.as_bytes());
    let mut signatures: Vec<EnvelopeSignature> = hmac
        .map(|key| EnvelopeSignature {
            keyid: key.id().to_owned(),
            sig: key.sign_envelope(&message),
        })
        .into_iter()
        .collect();
    if let Some(pair) = pair {
        signatures.extend(
            pair.sign(&message)
                .map(|signed| EnvelopeSignature { keyid: signed.key_id, sig: signed.signature }),
        );
    }
    if signatures.is_empty() {
        return None;
    }
    let envelope = Envelope {
        payload: STANDARD.encode(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures,
    };
    Some(serde_json::to_string(&envelope).expect("a struct of texts always serialises") + "\n")
}

fn statement(manifest: &Manifest, provenance: &Provenance) -> serde_json::Value {
    let subject: Vec<serde_json::Value> = manifest
        .artifacts
        .iter()
        .map(|entry| json!({ "name": entry.path, "digest": { "sha256": entry.sha256 } }))
        .collect();
    let source = provenance.server.as_ref().zip(provenance.repository.as_ref());
    let repository = source.map(|(server, name)| format!("{server}/{name}"));
    let (build_type, builder) = match (&repository, &provenance.workflow, &provenance.server) {
        (Some(_), Some(workflow), Some(server)) => (
            "https://actions.github.io/buildtypes/workflow/v1".to_owned(),
            format!("{server}/{workflow}"),
        ),
        _ => {
            ("urn:bundlegate:command-line:v1".to_owned(), "urn:bundlegate:command-line".to_owned())
        }
    };
    let dependencies: Vec<serde_json::Value> = match (&repository, &manifest.commit) {
        (Some(repository), Some(commit)) => {
            let at =
                provenance.reference.as_deref().map(|name| format!("@{name}")).unwrap_or_default();
            vec![
                json!({ "uri": format!("git+{repository}{at}"), "digest": { "gitCommit": commit } }),
            ]
        }
        (None, Some(commit)) => vec![json!({ "digest": { "gitCommit": commit } })],
        _ => Vec::new(),
    };
    let invocation = repository.as_ref().zip(provenance.run.as_ref()).map(|(repository, run)| {
        let attempt = provenance.attempt.as_deref().unwrap_or("1");
        format!("{repository}/actions/runs/{run}/attempts/{attempt}")
    });
    json!({
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": build_type,
                "externalParameters": {
                    "workflow": { "ref": provenance.reference, "repository": repository, "path": provenance.workflow },
                    "name": manifest.name,
                    "target": manifest.target,
                },
                "internalParameters": { "github": { "event_name": provenance.event } },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": { "id": builder, "version": { "bundlegate": env!("CARGO_PKG_VERSION") } },
                "metadata": { "invocationId": invocation },
                "byproducts": [
                    { "name": lock::FILE_NAME, "digest": { "sha256": manifest.build_id } },
                    {
                        "name": manifest::FILE_NAME,
                        "digest": { "sha256": manifest.own_digest() },
                        "annotations": { "digestOf": "the manifest without its key `digest`" },
                    },
                ],
            },
        },
    })
}

/// Whether bytes are a statement of ours, whoever signed it.
#[must_use]
pub fn is_one(text: &[u8]) -> bool {
    let payload = serde_json::from_slice::<Envelope>(text.trim_ascii())
        .ok()
        .filter(|envelope| envelope.payload_type == PAYLOAD_TYPE)
        .and_then(|envelope| STANDARD.decode(envelope.payload).ok());
    payload.and_then(|payload| serde_json::from_slice::<Statement>(&payload).ok()).is_some_and(
        |statement| {
            statement.predicate_type == PREDICATE && statement.byproduct(lock::FILE_NAME).is_some()
        },
    )
}

impl Statement {
    /// The digest of a by-product.
    fn byproduct(&self, name: &str) -> Option<&str> {
        let products = &self.predicate.run_details.byproducts;
        let found = products.iter().find(|product| product.name == name)?;
        Some(found.digest.sha256.as_str())
    }
}

/// Keys to check an envelope with.
#[derive(Clone, Copy)]
pub struct EnvelopeKeys<'a> {
    /// Keys that are shared.
    pub hmac: &'a [SigningKey],
    /// Public keys.
    pub public: Option<&'a PublicKeys>,
}

/// Checks the envelope of a manifest; says what does not hold, one sentence each.
#[must_use]
pub fn verify(text: &[u8], manifest: &Manifest, keys: EnvelopeKeys<'_>) -> Vec<String> {
    let read = serde_json::from_slice::<Envelope>(text.trim_ascii())
        .map_err(|error| error.to_string())
        .and_then(|envelope| {
            let payload = STANDARD.decode(&envelope.payload).map_err(|error| error.to_string())?;
            Ok((envelope, payload))
        });
    let (envelope, payload) = match read {
        Ok(read) => read,
        Err(error) => return vec![format!("`{FILE_NAME}` cannot be read: {error}")],
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return vec![format!("`{FILE_NAME}` does not hold an in-toto statement")];
    }
    let message = pre_authentication_encoding(&payload);
    let mut problems = Vec::new();
    if !keys.hmac.is_empty() {
        let holds = keys.hmac.iter().any(|key| {
            envelope.signatures.iter().any(|signed| {
                signed.keyid == key.id() && key.verify_envelope(&message, &signed.sig)
            })
        });
        if !holds {
            problems.push(format!("the HMAC of `{FILE_NAME}` is missing or does not hold"));
        }
    }
    if let Some(public) = keys.public {
        let signatures: Vec<(&str, &str)> = envelope
            .signatures
            .iter()
            .map(|signed| (signed.keyid.as_str(), signed.sig.as_str()))
            .collect();
        problems.extend(public.missing(&message, &signatures).iter().map(|id| {
            format!("the signature of `{FILE_NAME}` by `{id}` is missing or does not hold")
        }));
    }
    // What nobody signed says nothing.
    if !problems.is_empty() {
        return problems;
    }
    match serde_json::from_slice::<Statement>(&payload) {
        Ok(statement) if statement.kind == STATEMENT && statement.predicate_type == PREDICATE => {
            problems.extend(differences(&statement, manifest));
        }
        Ok(_) => problems.push(format!("`{FILE_NAME}` does not hold a statement of provenance")),
        Err(error) => {
            problems.push(format!("the statement in `{FILE_NAME}` cannot be read: {error}"));
        }
    }
    problems
}

fn differences(statement: &Statement, manifest: &Manifest) -> Option<String> {
    let named: Vec<(&str, &str)> = statement
        .subject
        .iter()
        .map(|subject| (subject.name.as_str(), subject.digest.sha256.as_str()))
        .collect();
    let expected: Vec<(&str, &str)> = manifest
        .artifacts
        .iter()
        .map(|entry| (entry.path.as_str(), entry.sha256.as_str()))
        .collect();
    if statement.byproduct(lock::FILE_NAME) != Some(manifest.build_id.as_str()) || named != expected
    {
        return Some(format!("`{FILE_NAME}` is from another build"));
    }
    let signed = statement
        .byproduct(manifest::FILE_NAME)
        .or_else(|| statement.byproduct(manifest::OLD_FILE_NAME));
    (signed != Some(manifest.own_digest().as_str()))
        .then(|| format!("`{}` is not the one that `{FILE_NAME}` signs", manifest::FILE_NAME))
}
