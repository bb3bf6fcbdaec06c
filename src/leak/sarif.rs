//! Findings for other programs: SARIF 2.1.0, and JSON with the same facts.

use serde_json::{Value, json};

use super::{Finding, Level, RULES, Searched};

/// Most results that code scanning keeps of one run.
const MOST_RESULTS: usize = 5000;

/// The findings as SARIF 2.1.0. Holds no value, no part of one, and no hash of one.
#[must_use]
pub fn to_sarif(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(id, level, text)| {
            json!({
                "id": id,
                "shortDescription": { "text": text },
                "defaultConfiguration": { "level": level_name(*level) },
            })
        })
        .collect();
    // Where there are too many, what stops the release goes first.
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.level);
    let results: Vec<Value> = sorted.into_iter().take(MOST_RESULTS).map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bundlegate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn result(finding: &Finding) -> Value {
    // The place that one can mend comes first; the output is the other.
    let output = location(&finding.file, finding.line, finding.column);
    let mut properties = serde_json::Map::new();
    properties.insert("env".into(), json!(finding.variable));
    properties.insert("encoding".into(), json!(finding.writing));
    if !finding.part.is_empty() {
        properties.insert("part".into(), json!(finding.part));
    }
    if let Some(inner) = &finding.inner {
        properties.insert("inner".into(), json!(inner));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level_name(finding.level),
        "message": { "text": finding.message() },
        "locations": [output],
        "partialFingerprints": { "finding/v1": fingerprint(finding) },
        "properties": properties,
    });
    if let Some(source) = &finding.source {
        let source = location(&source.file, source.line, source.column);
        result["relatedLocations"] = json!([source]);
    }
    result
}

fn location(file: &str, line: usize, column: usize) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": file },
        "region": { "startLine": line, "startColumn": column },
    } })
}

/// What stays the same when the file is built again: the name of the output without its content hash is not known, so
/// the source is taken where there is one.
#[must_use]
pub fn fingerprint(finding: &Finding) -> String {
    let place = match &finding.source {
        Some(source) => source.file.clone(),
        None => without_hash(&finding.file),
    };
    let text = [finding.rule, &finding.variable, finding.part, &place].join("\0");
    crate::artifact::content_hash(text.as_bytes())
}

/// A path whose name has no content hash: `app-3F9C1A2B.js` is `app.js`.
fn without_hash(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let is_hash = |text: &str| {
        text.len() >= 6
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && text.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    let stem = match stem.rsplit_once(['-', '.']) {
        Some((stem, hash)) if is_hash(hash) => stem,
        _ => stem,
    };
    format!("{folder}/{stem}.{extension}")
}

/// The same as plain JSON, with how much was searched.
#[must_use]
pub fn to_json(findings: &[Finding], searched: &Searched) -> Value {
    let list: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule,
                "level": level_name(finding.level),
                "message": finding.message(),
                "env": finding.variable,
                "part": finding.part,
                "encoding": finding.writing,
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "byte": finding.byte,
                "inner": finding.inner,
                "source": finding.source.as_ref().map(|source| json!({
                    "file": source.file, "line": source.line, "column": source.column,
                })),
                "fingerprint": fingerprint(finding),
            })
        })
        .collect();
    json!({
        "findings": list,
        "searched": {
            "variables": searched.variables,
            "encodings": searched.encodings,
            "files": searched.files,
            "bytes": searched.bytes,
        },
    })
}
