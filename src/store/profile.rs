//! Profiles of AWS: the files `~/.aws/credentials` and `~/.aws/config`, as AWS's own tools read them.

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source::load;
use aws_types::os_shim_internal::{Env, Fs};

use super::StoreError;
use crate::secret::Secret;

/// Variables that say where the files are and which profile of theirs counts.
pub const VARIABLES: &[&str] =
    &["AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "HOME", "USERPROFILE"];

/// What a profile says.
pub(super) struct Profile {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) secret: Option<Secret>,
    pub(super) session: Option<Secret>,
}

/// Reads the profile that the variables name, or `default`; `None` when there is no such profile and none is named.
///
/// # Errors
/// A file cannot be parsed, the named profile is not there, or it gets its key from somewhere else.
pub(super) fn read(variables: &[(&str, String)]) -> Result<Option<Profile>, StoreError> {
    let refuse = |message: String| Err(StoreError::Access(message));
    let pairs: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(format!("cannot read the profile of AWS: {error}")),
    };
    let files = EnvConfigFiles::default();
    let source = match runtime.block_on(load(&Env::from_slice(&pairs), &Fs::real(), &files)) {
        Ok(source) => source,
        Err(error) => return refuse(format!("cannot read the profile of AWS: {error}")),
    };
    let Ok(sections) = EnvConfigSections::parse(source) else {
        // Its message may quote a line, and so a key.
        return refuse("the files of AWS's profiles cannot be parsed".to_owned());
    };
    let name = sections.selected_profile();
    let Some(profile) = sections.get_profile(name) else {
        if pairs.iter().any(|(name, _)| *name == "AWS_PROFILE") {
            return refuse(format!("`AWS_PROFILE` names `{name}`, which no file has"));
        }
        return Ok(None);
    };
    let text = |key: &str| profile.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
    let key_id = text("aws_access_key_id");
    let indirect = ["role_arn", "sso_session", "sso_start_url", "credential_process"];
    if let (None, Some(setting)) = (&key_id, indirect.iter().find(|it| text(it).is_some())) {
        return refuse(format!(
            "the profile `{name}` gets its key by `{setting}`, which is not followed: run `aws configure \
             export-credentials --format env` and set what it prints"
        ));
    }
    Ok(Some(Profile {
        endpoint: text("endpoint_url"),
        region: text("region"),
        key_id,
        secret: text("aws_secret_access_key").map(Secret::from),
        session: text("aws_session_token").map(Secret::from),
    }))
}
