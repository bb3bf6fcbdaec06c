//! Findings for other programs: SARIF 2.1.0, and JSON with the same facts.

use serde_json::{Value, json};

use super::{Finding, Level, RULES, Searched, advice};

/// Most results that code scanning keeps of one run.
const MOST_RESULTS: usize = 5000;

/// The findings as SARIF 2.1.0. Holds no value, no part of one, and no hash of one. `place` gives a path as seen from the
/// root of the repository, which is what URIs are relative to.
#[must_use]
pub fn to_sarif(findings: &[Finding], place: &dyn Fn(&str) -> String) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(id, level, text)| {
            let page = id.replace('/', "");
            json!({
                "id": id,
                "shortDescription": { "text": text },
                "fullDescription": { "text": format!("{text}: {}", advice(id)) },
                "help": { "text": advice(id) },
                "helpUri": format!("{HOME}/blob/main/docs/codes.md#{page}"),
                "defaultConfiguration": { "level": level_name(*level) },
                "properties": { "security-severity": severity(id), "tags": ["security"] },
            })
        })
        .collect();
    // Where there are too many, what stops the release goes first.
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.level);
    let results: Vec<Value> =
        sorted.into_iter().take(MOST_RESULTS).map(|finding| result(finding, place)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bundlegate",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": HOME,
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// Where the rules are explained.
const HOME: &str = "https://github.com/bundlegate/bundlegate";

/// How bad findings of a rule are, from 0 to 10, as code scanning sorts them
/// (docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
fn severity(rule: &str) -> &'static str {
    match rule {
        super::GUARDED_VALUE | super::TOKEN => "9.5",
        super::SECRET_FILE => "9.0",
        super::NOT_SEARCHED => "6.0",
        _ => "4.0",
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn result(finding: &Finding, place: &dyn Fn(&str) -> String) -> Value {
    // The place that one can mend comes first; the output is the other.
    let output = location(&place(&finding.path()), finding.line, finding.column);
    let mut properties = serde_json::Map::new();
    properties.insert("env".into(), json!(finding.variable));
    if !finding.others.is_empty() {
        properties.insert("others".into(), json!(finding.others));
    }
    properties.insert("encoding".into(), json!(finding.writing));
    if !finding.part.is_empty() {
        properties.insert("part".into(), json!(finding.part));
    }
    if let Some(inner) = &finding.inner {
        properties.insert("inner".into(), json!(inner));
    }
    let source = finding.source.as_ref();
    let source = source.map(|at| location(&place(&at.file), at.line, at.column));
    let fingerprint = fingerprint(finding);
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level_name(finding.level),
        "message": { "text": finding.message() },
        "locations": [source.as_ref().unwrap_or(&output)],
        // The second is what code scanning knows a finding by; without it, it would hash the line, and the value in it.
        "partialFingerprints": {
            "finding/v1": fingerprint,
            "primaryLocationLineHash": format!("{fingerprint}:1"),
        },
        "properties": properties,
    });
    if source.is_some() {
        result["relatedLocations"] = json!([output]);
    }
    result
}

fn location(file: &str, line: usize, column: usize) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": encoded(file) },
        "region": { "startLine": line, "startColumn": column },
    } })
}

/// A path as a URI reference (RFC 3986): what is no letter, digit or `-._~/` is escaped.
fn encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
        uri
    })
}

/// What stays the same when the file is built again: the name of the output without its content hash is not known, so
/// the source is taken where there is one.
#[must_use]
pub fn fingerprint(finding: &Finding) -> String {
    let place = match &finding.source {
        Some(source) => source.file.clone(),
        None => crate::artifact::hashed_name::without_hash(&finding.file),
    };
    let text = [finding.rule, &finding.variable, finding.part, &place].join("\0");
    crate::artifact::content_hash(text.as_bytes())
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
                "others": finding.others,
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
                "more": finding.more,
                "fingerprint": fingerprint(finding),
            })
        })
        .collect();
    json!({
        "findings": list,
        "searched": {
            "variables": searched.variables,
            "notGuarded": searched.weak.iter().map(|(name, characters)| json!({
                "env": name, "characters": characters,
            })).collect::<Vec<_>>(),
            "encodings": searched.encodings,
            "files": searched.files,
            "bytes": searched.bytes,
        },
    })
}
