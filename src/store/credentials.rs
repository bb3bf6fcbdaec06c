//! What a store in the cloud needs from the environment, and the smallest credential that will do.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{StoreError, profile};
use crate::artifact::Digest;
use crate::seal::hmac_sha256;
use crate::secret::Secret;

/// How long a credential holds that was made of a key, in seconds.
const LIFETIME_SECONDS: u64 = 15 * 60;

/// Variables that say where a store is and who may use it.
#[derive(Debug, Clone, Default)]
pub struct S3Access {
    /// `R2_ACCOUNT_ID`.
    pub account: Option<String>,
    /// `R2_JURISDICTION`: `eu`, `fedramp` or `us`.
    pub jurisdiction: Option<String>,
    /// `R2_ENDPOINT`, or for `s3://` `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// Id of the key.
    pub key_id: Option<String>,
    /// The key.
    pub secret: Option<Secret>,
    /// Token that goes with a temporary key.
    pub session: Option<Secret>,
    /// Those of [`profile::VARIABLES`] that are set: with `s3://`, a profile of AWS stands in for what is missing above.
    pub profile: Vec<(&'static str, String)>,
    /// Whether a key of R2 is used as it is, instead of a credential made of it; `None`: where the endpoint is not R2's
    /// own, because only R2 knows such credentials.
    pub keeps_key: Option<bool>,
    /// What is done with the store may change it.
    pub writes: bool,
    /// The time in seconds since 1970.
    pub now: u64,
}

/// With what a store is asked.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// URL of the server.
    pub(super) endpoint: Option<String>,
    /// Region of the bucket.
    pub(super) region: String,
    /// Id of the key.
    pub(super) key_id: String,
    /// The key.
    pub(super) secret: Secret,
    /// Token that goes with a temporary key.
    pub(super) session: Option<Secret>,
    /// Whether the bucket is a part of the path.
    pub(super) is_path_style: bool,
}

impl S3Access {
    /// What to ask a bucket of R2, or of another server, with. For R2 it is a credential of 15 minutes that may do only
    /// what we do, and only below the prefix; the key itself is not kept.
    pub(super) fn credentials(
        &self,
        is_r2: bool,
        bucket: &str,
        prefix: &str,
    ) -> Result<Credentials, StoreError> {
        let missing =
            |name: &str| StoreError::Access(format!("`{name}` is not set, and the store needs it"));
        if !is_r2 {
            return self.of_aws(missing);
        }
        let key_id = self.key_id.clone().ok_or_else(|| missing("R2_ACCESS_KEY_ID"))?;
        let secret = self.secret.clone().ok_or_else(|| missing("R2_SECRET_ACCESS_KEY"))?;
        let endpoint = match (&self.endpoint, &self.account) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(account)) => {
                let jurisdiction = match self.jurisdiction.as_deref() {
                    None | Some("" | "default") => String::new(),
                    Some(name @ ("eu" | "fedramp" | "us")) => format!(".{name}"),
                    Some(name) => {
                        let message = format!(
                            "`{name}` is no jurisdiction: set R2_JURISDICTION to eu, fedramp or us"
                        );
                        return Err(StoreError::Access(message));
                    }
                };
                format!("https://{account}{jurisdiction}.r2.cloudflarestorage.com")
            }
            (None, None) => return Err(missing("R2_ACCOUNT_ID")),
        };
        let is_own = endpoint.trim_end_matches('/').ends_with(".r2.cloudflarestorage.com");
        let keeps_key = self.keeps_key.unwrap_or(!is_own);
        let (secret, session) = match (&self.account, &self.session) {
            (Some(account), None) if !keeps_key => {
                let host = endpoint.split("//").nth(1).unwrap_or(&endpoint);
                let token = self.token(account, host, bucket, prefix, &key_id, &secret);
                let digest = Digest::of(token.as_bytes()).to_hex();
                (Secret::from(digest), Some(Secret::from(STANDARD.encode(format!("jwt/{token}")))))
            }
            _ => (secret, self.session.clone()),
        };
        let region = "auto".to_owned();
        Ok(Credentials {
            endpoint: Some(endpoint),
            region,
            key_id,
            secret,
            session,
            is_path_style: true,
        })
    }

    /// With AWS's own variables, or else a profile.
    fn of_aws(&self, missing: impl Fn(&str) -> StoreError) -> Result<Credentials, StoreError> {
        let names_one = self.profile.iter().any(|(name, _)| *name == "AWS_PROFILE");
        let profile =
            if self.key_id.is_none() || names_one { profile::read(&self.profile)? } else { None };
        let of_profile = |value: fn(&profile::Profile) -> &Option<String>| {
            profile.as_ref().and_then(|profile| value(profile).clone())
        };
        // A key, its secret and its token go together.
        let (key_id, secret, session) = match (&self.key_id, &profile) {
            (None, Some(profile)) => {
                (profile.key_id.clone(), profile.secret.clone(), profile.session.clone())
            }
            _ => (self.key_id.clone(), self.secret.clone(), self.session.clone()),
        };
        let endpoint = self.endpoint.clone().or_else(|| of_profile(|profile| &profile.endpoint));
        let region = self.region.clone().or_else(|| of_profile(|profile| &profile.region));
        Ok(Credentials {
            is_path_style: endpoint.is_some(),
            endpoint,
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            key_id: key_id.ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?,
            secret: secret.ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?,
            session,
        })
    }

    /// A token that R2 takes as a temporary credential (developers.cloudflare.com/r2/api/s3/temporary-credentials):
    /// HS256 by the secret of the key.
    fn token(
        &self,
        account: &str,
        host: &str,
        bucket: &str,
        prefix: &str,
        key_id: &str,
        secret: &Secret,
    ) -> String {
        let mut actions = vec!["GetObject", "HeadObject", "ListObjectsV2"];
        if self.writes {
            actions.extend([
                "PutObject",
                "DeleteObject",
                "DeleteObjects",
                "CreateMultipartUpload",
                "UploadPart",
                "CompleteMultipartUpload",
                "AbortMultipartUpload",
                "ListMultipartUploads",
                "ListParts",
            ]);
        }
        let mut claims = serde_json::json!({
            "bucket": bucket,
            "scope": if self.writes { "object-read-write" } else { "object-read-only" },
            "actions": actions,
            "sub": account,
            "iss": key_id,
            "aud": host,
            "iat": self.now,
            "exp": self.now + LIFETIME_SECONDS,
        });
        if !prefix.is_empty() {
            claims["paths"] = serde_json::json!({ "prefixPaths": [format!("{prefix}/")] });
        }
        let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let signed =
            format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(&claims.to_string()));
        let signature = hmac_sha256(secret, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_made_of_the_key() {
        let access = S3Access {
            account: Some("acc".into()),
            key_id: Some("id".into()),
            secret: Some(Secret::from("parent-secret".to_owned())),
            now: 1000,
            ..S3Access::default()
        };
        let credentials = access.credentials(true, "bucket", "a/b").unwrap();
        assert_eq!(credentials.endpoint.as_deref(), Some("https://acc.r2.cloudflarestorage.com"));
        assert_ne!(credentials.secret.expose(), b"parent-secret");
        let session = STANDARD.decode(credentials.session.unwrap().expose()).unwrap();
        let token = std::str::from_utf8(&session).unwrap().strip_prefix("jwt/").unwrap().to_owned();
        assert_eq!(credentials.secret.expose_str().unwrap(), Digest::of(token.as_bytes()).to_hex());
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["exp"], 1900);
        assert_eq!(claims["scope"], "object-read-only");
        assert_eq!(claims["paths"]["prefixPaths"][0], "a/b/");
        let eu =
            S3Access { jurisdiction: Some("eu".into()), keeps_key: Some(true), ..access.clone() };
        let credentials = eu.credentials(true, "bucket", "").unwrap();
        assert_eq!(
            credentials.endpoint.as_deref(),
            Some("https://acc.eu.r2.cloudflarestorage.com")
        );
        assert_eq!(credentials.secret.expose(), b"parent-secret");
        let elsewhere = S3Access { endpoint: Some("http://localhost:9000".into()), ..access };
        let credentials = elsewhere.credentials(true, "bucket", "").unwrap();
        assert!(credentials.session.is_none(), "only R2 knows credentials of that kind");
    }
}
