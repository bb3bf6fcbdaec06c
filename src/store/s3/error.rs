//! Errors of the SDK as sentences that say what happened, with the status and what the server said.

use std::io;

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Characters of an answer that is no error of S3's.
const SHOWN_CHARACTERS: usize = 160;

/// An error of the SDK: its kind says what the store makes of it, its text is for the user.
pub(super) fn of_sdk<E>(error: &SdkError<E, HttpResponse>, bucket: &str) -> io::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use io::ErrorKind::{
        AlreadyExists, ConnectionRefused, NotFound, Other, PermissionDenied, TimedOut,
    };
    let failed = |kind, text: String| io::Error::new(kind, text);
    match error {
        SdkError::TimeoutError(_) => {
            return failed(TimedOut, "the store did not answer in time".to_owned());
        }
        SdkError::DispatchFailure(cause) if cause.is_timeout() => {
            return failed(
                TimedOut,
                format!("the store did not answer in time: {}", innermost(error)),
            );
        }
        SdkError::DispatchFailure(_) => {
            let text = format!("the store cannot be reached: {}", innermost(error));
            return failed(ConnectionRefused, text);
        }
        _ => {}
    }
    let response = error.raw_response();
    let status = response.map_or(0, |response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let meant = match code {
        "NoSuchKey" | "NoSuchUpload" | "NotFound" => Some((NotFound, "it is not there".to_owned())),
        "PreconditionFailed" => Some((AlreadyExists, "another run changed it".to_owned())),
        "NoSuchBucket" => Some((Other, format!("there is no bucket `{bucket}`"))),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "Unauthorized" => Some((
            PermissionDenied,
            "the store does not know the key: check its id and its secret".to_owned(),
        )),
        "ExpiredToken" | "ExpiredRequest" => {
            Some((PermissionDenied, "the credential has expired".to_owned()))
        }
        "RequestTimeTooSkewed" => {
            Some((PermissionDenied, "the clock of this machine is wrong".to_owned()))
        }
        "AccessDenied" | "Forbidden" => {
            Some((PermissionDenied, "the key may not do that here".to_owned()))
        }
        "" => match status {
            // An answer to HEAD has no body, so there is only its status to go by.
            401 | 403 => Some((PermissionDenied, "the key may not do that here".to_owned())),
            404 => Some((NotFound, "it is not there".to_owned())),
            412 => Some((AlreadyExists, "another run changed it".to_owned())),
            _ => None,
        },
        _ => None,
    };
    let (kind, text) = match meant {
        Some((kind, text)) => (kind, Some(text)),
        None => (Other, None),
    };
    // What is asked for all the time needs no status beside it.
    if let (NotFound | AlreadyExists, Some(text)) = (kind, &text) {
        return failed(kind, text.clone());
    }
    let mut parts: Vec<String> = Vec::new();
    if status != 0 {
        parts.push(format!("status {status}"));
    }
    parts.extend([code].into_iter().filter(|code| !code.is_empty()).map(str::to_owned));
    let message = error.message().unwrap_or_default().trim();
    if !message.is_empty() && message != code {
        parts.push(message.to_owned());
    } else if code.is_empty() {
        parts.extend(response.and_then(shown));
    }
    if parts.is_empty() {
        parts.push(innermost(error));
    }
    let said = parts.join(", ");
    match text {
        Some(text) => failed(kind, format!("{text} ({said})")),
        None => failed(kind, format!("the store answered with {said}")),
    }
}

/// The start of an answer that is no error of S3's, such as a page of a proxy, without its tags.
fn shown(response: &HttpResponse) -> Option<String> {
    let body = String::from_utf8_lossy(response.body().bytes()?);
    let mut text = String::new();
    let mut is_tag = false;
    for c in body.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if is_tag => {}
            c => text.push(c),
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(SHOWN_CHARACTERS).collect();
    (!text.is_empty()).then(|| format!("\"{}\"", text.escape_debug()))
}

/// The last cause in the chain, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}
