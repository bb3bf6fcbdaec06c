//! What a store in the cloud needs from the environment, and the smallest credential that will do.

use std::time::{Duration, Instant, SystemTime};

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
    /// How long nothing may move.
    pub patience: Duration,
}

/// With what a store is asked.
#[derive(Debug)]
pub struct Credentials {
    /// URL of the server.
    pub(super) endpoint: Option<String>,
    /// Region of the bucket.
    pub(super) region: String,
    /// Whether the bucket is a part of the path.
    pub(super) is_path_style: bool,
    /// How long nothing may move.
    pub(super) patience: Duration,
    source: Source,
}

/// Where the key comes from that requests are signed with.
#[derive(Debug)]
enum Source {
    /// It is what the environment has.
    Given(Key),
    /// It is made of one of R2's, and again when it ends.
    Minted(Box<Mint>),
}

/// A key that requests are signed with.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Its id.
    pub(super) id: String,
    /// The key.
    pub(super) secret: Secret,
    /// Token that goes with a temporary one.
    pub(super) session: Option<Secret>,
    /// When it ends.
    pub(super) expires: Option<SystemTime>,
}

/// What R2's temporary credentials are made of (developers.cloudflare.com/r2/api/s3/temporary-credentials).
#[derive(Debug)]
struct Mint {
    account: String,
    host: String,
    bucket: String,
    prefix: String,
    key_id: String,
    secret: Secret,
    writes: bool,
    /// The time in seconds since 1970, and when it was that.
    now: u64,
    since: Instant,
}

impl Credentials {
    /// The key as it holds now.
    pub(super) fn key(&self) -> Key {
        match &self.source {
            Source::Given(key) => key.clone(),
            Source::Minted(mint) => mint.key(mint.now + mint.since.elapsed().as_secs()),
        }
    }
}

impl Mint {
    /// A key that holds for [`LIFETIME_SECONDS`] from `now` on.
    fn key(&self, now: u64) -> Key {
        let token = self.token(now);
        let digest = Digest::of(token.as_bytes()).to_hex();
        let expires = Duration::from_secs(now + LIFETIME_SECONDS);
        Key {
            id: self.key_id.clone(),
            secret: Secret::from(digest),
            session: Some(Secret::from(STANDARD.encode(format!("jwt/{token}")))),
            expires: SystemTime::UNIX_EPOCH.checked_add(expires),
        }
    }
}

/// The address of a server without the bucket, which the pages of R2 show with it: behind a slash, or before the host.
///
/// # Errors
/// It has another path, or is no address.
fn without_bucket(name: &str, endpoint: &str, bucket: &str) -> Result<String, StoreError> {
    let refuse = |what: &str| {
        Err(StoreError::Access(format!(
            "`{name}` is {what}: write https://ACCOUNT.r2.cloudflarestorage.com, without a bucket, which `store.url` names"
        )))
    };
    let endpoint = endpoint.trim().trim_end_matches('/');
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !["http", "https"].contains(&scheme) || host.is_empty() || path.contains(['?', '#']) {
        return refuse("no address of a server");
    }
    if !path.is_empty() && path != bucket {
        return refuse("an address with a path");
    }
    // `BUCKET.ACCOUNT.r2.cloudflarestorage.com`; the account is 32 hexadecimal digits.
    let host = match host.strip_prefix(&format!("{bucket}.")) {
        Some(rest) if rest.ends_with(R2_HOST) && rest != R2_HOST.trim_start_matches('.') => rest,
        _ => host,
    };
    Ok(format!("{scheme}://{host}"))
}

/// How the hosts of R2's own servers end.
const R2_HOST: &str = ".r2.cloudflarestorage.com";

impl S3Access {
    /// What to ask a bucket of R2, or of another server, with. For R2 it is a credential of 15 minutes that may do only
    /// what we do, and only below the prefix, and another one when that ends.
    pub(super) fn credentials(
        &self,
        is_r2: bool,
        bucket: &str,
        prefix: &str,
    ) -> Result<Credentials, StoreError> {
        let missing =
            |name: &str| StoreError::Access(format!("`{name}` is not set, and the store needs it"));
        if !is_r2 {
            return self.of_aws(bucket, missing);
        }
        let key_id = self.key_id.clone().ok_or_else(|| missing("R2_ACCESS_KEY_ID"))?;
        let secret = self.secret.clone().ok_or_else(|| missing("R2_SECRET_ACCESS_KEY"))?;
        let endpoint = match (&self.endpoint, &self.account) {
            (Some(endpoint), _) => without_bucket("R2_ENDPOINT", endpoint, bucket)?,
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
        let host = endpoint.split("//").nth(1).unwrap_or(&endpoint).to_owned();
        let keeps_key = self.keeps_key.unwrap_or(!host.ends_with(R2_HOST));
        let source = match (&self.account, &self.session) {
            (Some(account), None) if !keeps_key => Source::Minted(Box::new(Mint {
                account: account.clone(),
                host,
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                key_id,
                secret,
                writes: self.writes,
                now: self.now,
                since: Instant::now(),
            })),
            _ => Source::Given(Key {
                id: key_id,
                secret,
                session: self.session.clone(),
                expires: None,
            }),
        };
        let region = "auto".to_owned();
        let patience = self.patience;
        Ok(Credentials { endpoint: Some(endpoint), region, is_path_style: true, patience, source })
    }

    /// With AWS's own variables, or else a profile.
    fn of_aws(
        &self,
        bucket: &str,
        missing: impl Fn(&str) -> StoreError,
    ) -> Result<Credentials, StoreError> {
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
        // A server of one's own may have a path; the bucket at its end is not a part of it.
        let endpoint = endpoint.map(|endpoint| {
            let endpoint = endpoint.trim().trim_end_matches('/');
            let without = endpoint.strip_suffix(&format!("/{bucket}"));
            // A host may be called like the bucket.
            without.filter(|rest| !rest.ends_with('/')).unwrap_or(endpoint).to_owned()
        });
        let region = self.region.clone().or_else(|| of_profile(|profile| &profile.region));
        Ok(Credentials {
            is_path_style: endpoint.is_some(),
            endpoint,
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            patience: self.patience,
            source: Source::Given(Key {
                id: key_id.ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?,
                secret: secret.ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?,
                session,
                expires: None,
            }),
        })
    }
}

impl Mint {
    /// A token that R2 takes as a temporary credential: HS256 by the secret of the key.
    fn token(&self, now: u64) -> String {
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
            "bucket": self.bucket,
            "scope": if self.writes { "object-read-write" } else { "object-read-only" },
            "actions": actions,
            "sub": self.account,
            "iss": self.key_id,
            "aud": self.host,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        });
        if !self.prefix.is_empty() {
            let prefix = format!("{}/", self.prefix);
            claims["paths"] = serde_json::json!({ "prefixPaths": [prefix] });
        }
        let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let signed =
            format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(&claims.to_string()));
        let signature = hmac_sha256(&self.secret, signed.as_bytes());
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
        let claims_of = |key: &Key| -> serde_json::Value {
            let session = STANDARD.decode(key.session.as_ref().unwrap().expose()).unwrap();
            let token = std::str::from_utf8(&session).unwrap().strip_prefix("jwt/").unwrap();
            assert_eq!(key.secret.expose_str().unwrap(), Digest::of(token.as_bytes()).to_hex());
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            serde_json::from_slice(&claims).unwrap()
        };
        let credentials = access.credentials(true, "bucket", "a/b").unwrap();
        assert_eq!(credentials.endpoint.as_deref(), Some("https://acc.r2.cloudflarestorage.com"));
        let Source::Minted(mint) = &credentials.source else { panic!("a key is made") };
        let claims = claims_of(&mint.key(1000));
        assert_eq!(claims["exp"], 1900);
        assert_eq!(claims["scope"], "object-read-only");
        assert_eq!(claims["paths"]["prefixPaths"][0], "a/b/");
        // When it has ended, there is another one.
        let later = mint.key(2000);
        assert_eq!(claims_of(&later)["exp"], 2900);
        assert_eq!(later.expires, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2900)));
        let eu =
            S3Access { jurisdiction: Some("eu".into()), keeps_key: Some(true), ..access.clone() };
        let credentials = eu.credentials(true, "bucket", "").unwrap();
        assert_eq!(
            credentials.endpoint.as_deref(),
            Some("https://acc.eu.r2.cloudflarestorage.com")
        );
        assert_eq!(credentials.key().secret.expose(), b"parent-secret");
        let elsewhere = S3Access { endpoint: Some("http://localhost:9000".into()), ..access };
        let credentials = elsewhere.credentials(true, "bucket", "").unwrap();
        assert!(credentials.key().session.is_none(), "only R2 knows credentials of that kind");
    }

    #[test]
    fn an_address_may_name_the_bucket() {
        let check = |endpoint: &str, expected: Option<&str>| {
            let found = without_bucket("R2_ENDPOINT", endpoint, "site").ok();
            assert_eq!(found.as_deref(), expected, "{endpoint}");
        };
        let own = Some("https://acc.r2.cloudflarestorage.com");
        check("https://acc.r2.cloudflarestorage.com", own);
        check(" https://acc.r2.cloudflarestorage.com/ ", own);
        check("https://acc.r2.cloudflarestorage.com/site/", own);
        check("https://site.acc.r2.cloudflarestorage.com", own);
        check("acc.r2.cloudflarestorage.com", own);
        check("http://127.0.0.1:9000/site", Some("http://127.0.0.1:9000"));
        check("https://acc.r2.cloudflarestorage.com/other", None);
        check("ftp://acc.r2.cloudflarestorage.com", None);
        check("", None);
    }
}
