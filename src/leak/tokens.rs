//! Rule: shapes of well-known tokens, as data. Only shapes that nothing else has, with the checks that their makers
//! built in; examples of documentations are excused.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::grams::PIECE_BYTES;
use super::policy::judge;
use super::runs::{SHORTEST_RUN, letter_runs};
use super::words::is_sequence;

/// Letters that the rest of a token is made of.
#[derive(Debug, Clone, Copy)]
enum Letters {
    Alphanumeric,
    /// With `-` and `_`.
    Url,
    /// Base64 of either kind.
    Base64,
    /// Capitals and digits.
    Upper,
    LowerHex,
    /// With `-`, as in Slack's.
    Dashed,
    /// Those of a path of a URL.
    Path,
}

impl Letters {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Base64 => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=')
            }
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::LowerHex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Dashed => byte.is_ascii_alphanumeric() || byte == b'-',
            Self::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'),
        }
    }
}

/// What must hold beside the letters.
#[derive(Debug, Clone, Copy)]
enum Check {
    None,
    /// The last six letters are the CRC-32 of the rest behind the prefix, in base 62.
    Crc,
    /// A JSON Web Token that lets its holder in: not one that is made to be public.
    Jwt,
    /// A private key: enough base64 behind the first line.
    Pem,
    /// A name that a value is given to, as in `CLOUDFLARE_API_TOKEN="…"`.
    Assigned,
    /// The text stands behind so many letters and digits of the token, and this text before them.
    Behind(usize, &'static str),
    /// The rest has a dot in it, as tokens in parts have.
    Dotted,
    /// A dot and so many letters follow.
    TwoParts(usize),
    /// An address with a password that looks like one.
    Address,
    /// All of the first part is the base64 of a number, and two parts follow, of 6 and of 27 to 38 letters.
    Discord,
    /// A key file of PuTTY, with its private lines.
    Putty,
}

/// One kind of token.
struct Shape {
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    letters: Letters,
    /// Letters behind the prefix: fewest, most.
    length: (usize, usize),
    check: Check,
}

const fn shape(
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    letters: Letters,
    length: (usize, usize),
    check: Check,
) -> Shape {
    Shape { id, name, prefix, letters, length, check }
}

use Letters::{Alphanumeric, Base64, Dashed, LowerHex, Path, Upper, Url};

/// The list.
#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    shape("github-pat", "a GitHub personal access token", "ghp_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-oauth", "a GitHub OAuth token", "gho_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-app", "a GitHub App token", "ghs_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-user", "a GitHub user token", "ghu_", Alphanumeric, (36, 36), Check::Crc),
    shape("github-refresh", "a GitHub refresh token", "ghr_", Alphanumeric, (36, 76), Check::None),
    shape("github-fine-grained", "a GitHub fine-grained token", "github_pat_", Url, (82, 82), Check::None),
    shape("gitlab-pat", "a GitLab token", "glpat-", Url, (20, 64), Check::None),
    shape("aws-access-key", "an AWS access key id", "AKIA", Upper, (16, 16), Check::None),
    shape("aws-session-key", "an AWS session key id", "ASIA", Upper, (16, 16), Check::None),
    shape("stripe-secret", "a Stripe secret key", "sk_live_", Alphanumeric, (24, 99), Check::None),
    shape("stripe-restricted", "a Stripe restricted key", "rk_live_", Alphanumeric, (24, 99), Check::None),
    shape("stripe-webhook", "a Stripe webhook secret", "whsec_", Base64, (32, 72), Check::None),
    shape("slack-bot", "a Slack bot token", "xoxb-", Dashed, (40, 80), Check::None),
    shape("slack-user", "a Slack user token", "xoxp-", Dashed, (40, 90), Check::None),
    shape("slack-app", "a Slack app token", "xapp-", Dashed, (40, 120), Check::None),
    shape("openai-project", "an OpenAI key", "sk-proj-", Url, (40, 200), Check::None),
    shape("openai-service", "an OpenAI service key", "sk-svcacct-", Url, (40, 200), Check::None),
    shape("anthropic", "an Anthropic key", "sk-ant-", Url, (80, 120), Check::None),
    shape("npm", "an npm token", "npm_", Alphanumeric, (36, 36), Check::Crc),
    shape("pypi", "a PyPI token", "pypi-AgEIcHlwaS5vcmc", Url, (50, 250), Check::None),
    shape("sendgrid", "a SendGrid key", "SG.", Letters::Url, (22, 22), Check::TwoParts(43)),
    shape("huggingface", "a Hugging Face token", "hf_", Alphanumeric, (34, 34), Check::None),
    shape("digitalocean", "a DigitalOcean token", "dop_v1_", LowerHex, (64, 64), Check::None),
    shape("shopify", "a Shopify access token", "shpat_", LowerHex, (32, 32), Check::None),
    shape("docker", "a Docker Hub token", "dckr_pat_", Url, (27, 27), Check::None),
    shape("linear", "a Linear key", "lin_api_", Alphanumeric, (40, 40), Check::None),
    shape("google-oauth", "a Google OAuth token", "ya29.", Url, (60, 300), Check::None),
    shape("google-client-secret", "a Google client secret", "GOCSPX-", Url, (28, 28), Check::None),
    shape("age", "an age secret key", "AGE-SECRET-KEY-1", Upper, (58, 58), Check::None),
    shape("gitlab-runner", "a GitLab runner token", "glrt-", Url, (20, 64), Check::None),
    shape("gitlab-deploy", "a GitLab deploy token", "gldt-", Url, (20, 64), Check::None),
    shape("gitlab-trigger", "a GitLab trigger token", "glptt-", LowerHex, (40, 40), Check::None),
    shape("gitlab-ci", "a GitLab job token", "glcbt-", Url, (20, 80), Check::None),
    shape("slack-webhook", "the address of a Slack webhook", "hooks.slack.com/services/", Path, (40, 90), Check::None),
    shape("slack-workflow", "the address of a Slack workflow", "hooks.slack.com/workflows/", Path, (40, 120), Check::None),
    shape("discord-webhook", "the address of a Discord webhook", "discord.com/api/webhooks/", Path, (80, 110), Check::None),
    shape("discord-webhook", "the address of a Discord webhook", "discordapp.com/api/webhooks/", Path, (80, 110), Check::None),
    // Base64 of the digits of a user's id, so it begins in one of ten ways
    // (discord.com/developers/docs/reference#authentication).
    shape("discord-bot", "a Discord bot token", "MD", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "MT", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "Mj", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "Mz", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "ND", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "NT", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "Nj", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "Nz", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "OD", Url, (22, 26), Check::Discord),
    shape("discord-bot", "a Discord bot token", "OT", Url, (22, 26), Check::Discord),
    shape("telegram-bot", "a Telegram bot token", ":AA", Url, (33, 33), Check::Behind(8, "")),
    shape("openai", "an OpenAI key", "T3BlbkFJ", Url, (20, 100), Check::Behind(20, "sk-")),
    shape("openai-admin", "an OpenAI admin key", "sk-admin-", Url, (40, 200), Check::None),
    shape("shopify-secret", "a Shopify shared secret", "shpss_", LowerHex, (32, 32), Check::None),
    shape("shopify-custom", "a Shopify custom app token", "shpca_", LowerHex, (32, 32), Check::None),
    shape("shopify-private", "a Shopify private app token", "shppa_", LowerHex, (32, 32), Check::None),
    shape("vault", "a Vault token", "hvs.", Url, (60, 200), Check::None),
    shape("vault-batch", "a Vault batch token", "hvb.", Url, (60, 300), Check::None),
    shape("terraform", "a Terraform Cloud token", ".atlasv1.", Url, (60, 70), Check::Behind(14, "")),
    shape("grafana", "a Grafana service account token", "glsa_", Url, (41, 41), Check::None),
    shape("grafana-cloud", "a Grafana Cloud token", "glc_", Base64, (60, 400), Check::None),
    shape("postman", "a Postman key", "PMAK-", Dashed, (59, 59), Check::None),
    shape("doppler", "a Doppler token", "dp.pt.", Alphanumeric, (40, 44), Check::None),
    shape("doppler-service", "a Doppler service token", "dp.st.", Url, (40, 70), Check::None),
    shape("planetscale", "a PlanetScale token", "pscale_tkn_", Url, (32, 64), Check::None),
    shape("planetscale-password", "a PlanetScale password", "pscale_pw_", Url, (32, 64), Check::None),
    shape("planetscale-oauth", "a PlanetScale OAuth token", "pscale_oauth_", Url, (32, 64), Check::None),
    shape("supabase", "a Supabase token", "sbp_", LowerHex, (40, 40), Check::None),
    shape("supabase-secret", "a Supabase secret key", "sb_secret_", Url, (20, 60), Check::None),
    shape("newrelic", "a New Relic key", "NRAK-", Upper, (27, 27), Check::None),
    shape("sentry-user", "a Sentry user token", "sntryu_", LowerHex, (64, 64), Check::None),
    shape("sentry-org", "a Sentry organisation token", "sntrys_eyJ", Base64, (80, 400), Check::None),
    shape("rubygems", "a RubyGems key", "rubygems_", LowerHex, (48, 48), Check::None),
    shape("groq", "a Groq key", "gsk_", Alphanumeric, (52, 52), Check::None),
    shape("replicate", "a Replicate token", "r8_", Alphanumeric, (37, 40), Check::None),
    shape("xai", "an xAI key", "xai-", Alphanumeric, (80, 80), Check::None),
    shape("perplexity", "a Perplexity key", "pplx-", Alphanumeric, (48, 56), Check::None),
    shape("square-secret", "a Square application secret", "sq0csp-", Url, (43, 43), Check::None),
    shape("square-token", "a Square access token", "sq0atp-", Url, (22, 22), Check::None),
    shape("mapbox", "a Mapbox secret token", "sk.eyJ", Base64, (60, 400), Check::Dotted),
    shape("notion", "a Notion token", "ntn_", Alphanumeric, (43, 50), Check::None),
    shape("figma", "a Figma token", "figd_", Url, (38, 44), Check::None),
    shape("digitalocean-oauth", "a DigitalOcean OAuth token", "doo_v1_", LowerHex, (64, 64), Check::None),
    shape("digitalocean-refresh", "a DigitalOcean refresh token", "dor_v1_", LowerHex, (64, 64), Check::None),
    shape("atlassian", "an Atlassian token", "ATATT3", Base64, (150, 230), Check::None),
    shape("bitbucket", "a Bitbucket app password", "ATBB", Alphanumeric, (32, 40), Check::None),
    shape("heroku", "a Heroku key", "HRKU-", Url, (36, 70), Check::None),
    shape("linear-oauth", "a Linear OAuth token", "lin_oauth_", LowerHex, (64, 64), Check::None),
    shape("npmrc", "the token of a registry", "_authToken", Base64, (20, 400), Check::Assigned),
    shape("npmrc", "the token of a registry", "npmAuthToken", Base64, (20, 400), Check::Assigned),
    shape("npmrc", "the password of a registry", ":_auth=", Base64, (20, 400), Check::None),
    shape("putty-key", "a private key of PuTTY", "PuTTY-User-Key-File-", Alphanumeric, (1, 1), Check::Putty),
    shape("azure-storage", "an Azure storage key", "AccountKey=", Base64, (88, 88), Check::None),
    shape("azure-shared", "an Azure shared access key", "SharedAccessKey=", Base64, (44, 44), Check::None),
    shape("azure-client", "an Azure client secret", "8Q~", Url, (31, 34), Check::Behind(3, "")),
    shape("cloudflare-ca", "a Cloudflare origin CA key", "v1.0-", Dashed, (160, 180), Check::None),
    shape("cloudflare", "a Cloudflare token", "CLOUDFLARE_API_TOKEN", Url, (40, 40), Check::Assigned),
    shape("cloudflare", "a Cloudflare token", "CF_API_TOKEN", Url, (40, 40), Check::Assigned),
    shape("cloudflare", "a Cloudflare token", "cloudflareApiToken", Url, (40, 40), Check::Assigned),
    shape("cloudflare-key", "a Cloudflare global key", "CLOUDFLARE_API_KEY", LowerHex, (37, 37), Check::Assigned),
    shape("cloudflare-key", "a Cloudflare global key", "CF_API_KEY", LowerHex, (37, 37), Check::Assigned),
    shape("twilio-auth", "a Twilio auth token", "TWILIO_AUTH_TOKEN", LowerHex, (32, 32), Check::Assigned),
    shape("twilio-auth", "a Twilio auth token", "twilioAuthToken", LowerHex, (32, 32), Check::Assigned),
    shape("aws-secret-key", "an AWS secret access key", "AWS_SECRET_ACCESS_KEY", Base64, (40, 40), Check::Assigned),
    shape("aws-secret-key", "an AWS secret access key", "aws_secret_access_key", Base64, (40, 40), Check::Assigned),
    shape("aws-secret-key", "an AWS secret access key", "secretAccessKey", Base64, (40, 40), Check::Assigned),
    shape("google-refresh", "a Google refresh token", "1//0", Url, (60, 120), Check::None),
    shape("facebook", "a Facebook access token", "EAACEdEose0cBA", Alphanumeric, (20, 300), Check::None),
    shape("artifactory", "an Artifactory key", "AKCp", Alphanumeric, (69, 69), Check::None),
    shape("flutterwave", "a Flutterwave secret key", "FLWSECK-", Alphanumeric, (32, 40), Check::None),
    shape("braintree", "a Braintree token", "access_token$production$", Alphanumeric, (16, 60), Check::None),
    shape("brevo", "a Brevo key", "xkeysib-", Dashed, (75, 90), Check::None),
    shape("netlify", "a Netlify token", "nfp_", Url, (36, 44), Check::None),
    shape("fly", "a Fly.io token", "fo1_", Url, (43, 43), Check::None),
    shape("render", "a Render key", "rnd_", Alphanumeric, (28, 36), Check::None),
    shape("buildkite", "a Buildkite token", "bkua_", LowerHex, (40, 40), Check::None),
    shape("circleci", "a CircleCI token", "CCIPAT_", Url, (50, 80), Check::None),
    shape("contentful", "a Contentful token", "CFPAT-", Url, (43, 43), Check::None),
    shape("tailscale", "a Tailscale key", "tskey-auth-", Dashed, (30, 70), Check::None),
    shape("tailscale-api", "a Tailscale API key", "tskey-api-", Dashed, (30, 70), Check::None),
    shape("pulumi", "a Pulumi token", "pul-", LowerHex, (40, 40), Check::None),
    shape("onepassword", "a 1Password service account", "ops_eyJ", Base64, (200, 2000), Check::None),
    shape("sonar", "a Sonar token", "squ_", LowerHex, (40, 40), Check::None),
    shape("sonar-project", "a Sonar project token", "sqp_", LowerHex, (40, 40), Check::None),
    shape("hubspot", "a HubSpot token", "pat-na1-", Dashed, (36, 36), Check::None),
    shape("dropbox", "a Dropbox token", "sl.B", Url, (125, 200), Check::None),
    shape("connection", "an address with a password", "postgres://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "postgresql://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mysql://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mariadb://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mongodb://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mongodb+srv://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "redis://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "rediss://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "amqp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "amqps://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "sqlserver://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mssql://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "cloudinary://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "http://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "https://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "\"ftp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "'ftp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "`ftp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "=ftp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "ftps://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "sftp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "\"ssh://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "'ssh://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "`ssh://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "=ssh://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "\"wss://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "'wss://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "`wss://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "=wss://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "ldap://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "ldaps://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "smtp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "smtps://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "imap://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "imaps://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "nats://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "kafka://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mqtt://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "mqtts://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "clickhouse://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "cockroachdb://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "couchbase://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "elasticsearch://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "influxdb://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "libsql://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "neo4j://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "bolt://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "oracle://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "stomp://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "socks5://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "\"git://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "'git://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "`git://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "=git://", Path, (0, 0), Check::Address),
    shape("connection", "an address with a password", "rtsp://", Path, (0, 0), Check::Address),
    shape("jwt", "a JSON Web Token", "eyJ", Base64, (10, 4000), Check::Jwt),
    shape("private-key", "a private key", "-----BEGIN ", Base64, (0, 0), Check::Pem),
];

/// Parts of tokens that only documentations have.
const EXAMPLES: &[&str] = &[
    "EXAMPLE",
    "example",
    "xxxx",
    "XXXX",
    "0000000000",
    "1234567890",
    "abcdef",
    "ABCDEF",
    "your",
    "YOUR",
    "placeholder",
    "test",
    "4eC39HqLyjWDarjtT1zdp7dc",
    "ngeVfQFYQlKU0ufo8x5d1A",
];

/// Keys that their makers publish for everybody to use, with where they do.
const PUBLISHED: &str = include_str!("published_keys.txt");

fn published() -> impl Iterator<Item = &'static str> {
    PUBLISHED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a value is a key that its makers publish.
pub(super) fn is_published(text: &str) -> bool {
    let plain = text.strip_prefix("0x").unwrap_or(text);
    published().any(|key| key == text || key == plain)
}

/// Tokens that are a run of so many small hex digits, and what stands before or behind it. Their fixed texts are too
/// short and too common to look for.
const HEX_SHAPES: &[(&str, &str, usize, &str)] = &[
    ("mailgun", "a Mailgun key", 32, "key-"),
    ("databricks", "a Databricks token", 32, "dapi"),
    ("twilio", "a Twilio API key", 32, "SK"),
];

/// The shapes, ready to be looked for.
pub(super) struct Tokens {
    /// Shapes whose fixed texts are too short for grams, by the first byte; what follows begins in a run of letters.
    short: Vec<Vec<usize>>,
    /// The first two bytes of those texts, as a set of bits.
    pairs: Vec<u64>,
    /// The others.
    long: Vec<usize>,
}

/// The first two bytes as a number.
fn pair(bytes: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// Longest of the short texts, in bytes.
const LONGEST_SHORT: usize = PIECE_BYTES - 1;

/// A token in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let (long, short): (Vec<usize>, Vec<usize>) =
            (0..SHAPES.len()).partition(|index| SHAPES[*index].prefix.len() >= PIECE_BYTES);
        let (mut by_first, mut pairs) = (vec![Vec::new(); 256], vec![0; (1 << 16) / 64]);
        for index in short {
            let prefix = SHAPES[index].prefix.as_bytes();
            by_first[usize::from(prefix[0])].push(index);
            let pair = pair(prefix);
            pairs[pair / 64] |= 1 << (pair % 64);
        }
        Self { short: by_first, pairs, long }
    }

    /// Fixed texts that whoever looks for other texts finds on the way.
    pub(super) fn long_texts(&self) -> impl ExactSizeIterator<Item = &'static [u8]> {
        self.long.iter().map(|index| SHAPES[*index].prefix.as_bytes())
    }

    /// Those in a text, of which the runs of letters are known, and the places where one of [`Tokens::long_texts`] may
    /// begin.
    pub(super) fn find(
        &self,
        text: &[u8],
        runs: &[Range<usize>],
        long: &[(usize, usize)],
    ) -> Vec<Token> {
        let mut found = Vec::new();
        let mut take = |index: usize, start: usize| {
            let shape = &SHAPES[index];
            let at = start + shape.prefix.len();
            // In the middle of a word it is no prefix.
            if !matches!(shape.check, Check::Behind(..)) && is_inside_word(text, start) {
                return;
            }
            if text.get(start..at) != Some(shape.prefix.as_bytes()) {
                return;
            }
            let is_public = |start: usize, end: usize| {
                text.get(start..end)
                    .and_then(|token| std::str::from_utf8(token).ok())
                    .is_some_and(is_published)
            };
            if let Some((start, end)) = shape.place(text, start, at)
                && !is_public(start, end)
            {
                found.push(Token { id: shape.id, name: shape.name, start, length: end - start });
            }
        };
        for (index, start) in long {
            take(self.long[*index], *start);
        }
        for run in runs {
            for at in run.start.saturating_sub(LONGEST_SHORT)..=run.end - SHORTEST_RUN {
                let pair = pair(&text[at..]);
                if self.pairs[pair / 64] & (1 << (pair % 64)) == 0 {
                    continue;
                }
                for shape in &self.short[usize::from(text[at])] {
                    if at + SHAPES[*shape].prefix.len() >= run.start {
                        take(*shape, at);
                    }
                }
            }
        }
        hex_tokens(text, runs, &mut found);
        found.sort_by_key(|token| token.start);
        found
    }

    /// Whether a value is such a token, or holds one.
    pub(super) fn is_token(&self, value: &[u8]) -> bool {
        !self.find_alone(value).is_empty()
    }

    /// Those in a text in which nothing else is looked for.
    pub(super) fn find_alone(&self, value: &[u8]) -> Vec<Token> {
        let places = |text: &[u8]| memchr::memmem::find_iter(value, text).collect::<Vec<usize>>();
        let long: Vec<(usize, usize)> = self
            .long_texts()
            .enumerate()
            .flat_map(|(index, text)| places(text).into_iter().map(move |at| (index, at)))
            .collect();
        self.find(value, &letter_runs(value), &long)
    }
}

/// Fewest hex digits of a token that is made of them.
const SHORTEST_HEX: usize = 32;

/// The tokens of [`HEX_SHAPES`], and those that end in such a run or stand before one: Mailchimp's and Airtable's.
fn hex_tokens(text: &[u8], runs: &[Range<usize>], found: &mut Vec<Token>) {
    for run in runs {
        let mut at = run.start + SHORTEST_HEX - 1;
        while at < run.end {
            at = hex_token(text, at, found);
        }
    }
}

/// The tokens in the run that holds the byte at `at`; returns which byte to look at next.
fn hex_token(text: &[u8], at: usize, found: &mut Vec<Token>) -> usize {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !is_digit(&text[at]) {
        return at + SHORTEST_HEX;
    }
    let start = text[..at].iter().rposition(|byte| !is_digit(byte)).map_or(0, |at| at + 1);
    let end = text[at..].iter().position(|byte| !is_digit(byte)).map_or(text.len(), |end| at + end);
    let next = end + SHORTEST_HEX;
    let length = end - start;
    let Ok(run) = std::str::from_utf8(&text[start..end]) else { return next };
    if length < SHORTEST_HEX || is_dull(run) || is_sequence(run) {
        return next;
    }
    let (before, after) = (&text[..start], &text[end..]);
    for (id, name, digits, prefix) in HEX_SHAPES {
        let first = start.saturating_sub(prefix.len());
        let ends = !after.first().is_some_and(u8::is_ascii_alphanumeric);
        if length == *digits
            && ends
            && before.ends_with(prefix.as_bytes())
            && !is_inside_word(text, first)
        {
            found.push(Token { id, name, start: first, length: end - first });
        }
    }
    let data_center = after.strip_prefix(b"-us").and_then(|rest| rest.first());
    if length == 32 && data_center.is_some_and(u8::is_ascii_digit) && !is_inside_word(text, start) {
        let name = "a Mailchimp key";
        found.push(Token { id: "mailchimp", name, start, length: length + 4 });
    }
    if length == 64
        && let Some(first) = start.checked_sub(18)
        && text[first..].starts_with(b"pat")
        && before.ends_with(b".")
        && text[first + 3..start - 1].iter().all(u8::is_ascii_alphanumeric)
    {
        let name = "an Airtable token";
        found.push(Token { id: "airtable", name, start: first, length: end - first });
    }
    next
}

/// Whether a letter stands before the place, which is not the one of an escape.
fn is_inside_word(text: &[u8], at: usize) -> bool {
    let before = |count: usize| at.checked_sub(count).and_then(|at| text.get(at)).copied();
    let is_escape = matches!(before(1), Some(b'n' | b'r' | b't')) && before(2) == Some(b'\\');
    before(1).is_some_and(|byte| byte.is_ascii_alphanumeric()) && !is_escape
}

impl Shape {
    /// Where the token begins and ends whose fixed text stands from `start` to `at`, if it is one.
    fn place(&self, text: &[u8], start: usize, at: usize) -> Option<(usize, usize)> {
        match self.check {
            Check::Jwt => return jwt(text, start).map(|length| (start, start + length)),
            Check::Pem => return private_key(text, at).map(|length| (start, at + length)),
            Check::Address => return address(text, at).map(|length| (start, at + length)),
            Check::Putty => {
                let rest = &text[at..text.len().min(at + 4096)];
                let lines = memchr::memmem::find(rest, b"Private-Lines: ")? + 15;
                let end = rest[lines..].iter().position(|byte| !byte.is_ascii_digit())?;
                let body = rest[lines + end..].trim_ascii_start();
                let letters = body.iter().take_while(|byte| Base64.has(**byte)).count();
                return (end > 0 && letters >= 40).then_some((start, at + 1));
            }
            Check::Assigned => {
                // `NAME = "…"`, `NAME: '…'`, `"NAME":"…"`
                let rest = text.get(at..)?;
                let skipped = rest
                    .iter()
                    .take(12)
                    .take_while(|byte| byte.is_ascii_whitespace() || b"\"'`:=\\".contains(byte))
                    .count();
                let is_assigned = rest[..skipped].iter().any(|byte| matches!(byte, b':' | b'='));
                let at = at + skipped;
                return is_assigned
                    .then(|| self.body(text, at))
                    .flatten()
                    .filter(|body| {
                        let digits = body.bytes().filter(u8::is_ascii_digit).count();
                        digits > 0 && body.bytes().any(|byte| byte.is_ascii_alphabetic())
                    })
                    .map(|body| (at, at + body.len()));
            }
            Check::Discord => {
                return discord_token(text, start).map(|length| (start, start + length));
            }
            Check::Behind(..) | Check::Dotted | Check::TwoParts(_) | Check::None | Check::Crc => {}
        }
        let body = self.body(text, at)?;
        let end = at + body.len();
        match self.check {
            Check::Crc if !has_checksum(body) => None,
            Check::Behind(count, first) => {
                let head = text.get(start.checked_sub(count)?..start)?;
                let first_at = start.checked_sub(count + first.len())?;
                let is_head = head.iter().all(u8::is_ascii_alphanumeric)
                    && text.get(first_at..start - count) == Some(first.as_bytes())
                    && (first.is_empty() || !is_inside_word(text, first_at));
                (is_head && !is_dull(std::str::from_utf8(head).ok()?)).then_some((first_at, end))
            }
            Check::Dotted => {
                let rest = text.get(end..)?.strip_prefix(b".")?;
                let tail = rest.iter().take_while(|byte| Url.has(**byte)).count();
                (tail >= 20).then_some((start, end + 1 + tail))
            }
            Check::TwoParts(length) => {
                let rest = text.get(end..)?.strip_prefix(b".")?;
                let tail = rest.iter().take_while(|byte| Url.has(**byte)).count();
                (tail == length).then_some((start, end + 1 + tail))
            }
            _ => Some((start, end)),
        }
    }

    /// The letters behind the fixed text, if there are as many as there should be and they are no example.
    fn body<'a>(&self, text: &'a [u8], at: usize) -> Option<&'a str> {
        let rest = text.get(at..)?;
        let length = rest.iter().take_while(|byte| self.letters.has(**byte)).count();
        if length < self.length.0 || length > self.length.1 {
            return None;
        }
        let body = std::str::from_utf8(rest.get(..length)?).ok()?;
        let is_example = is_published(body)
            || EXAMPLES.iter().any(|example| body.contains(example))
            || (length > 2 && (is_dull(body) || is_sequence(body)));
        (!is_example).then_some(body)
    }
}

/// The length of `user:password@host` behind the scheme, if the password looks like one.
fn address(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..text.len().min(at + 300))?;
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"\"'`<>\\".contains(byte))
        .unwrap_or(rest.len());
    let authority = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (credentials, host) = authority.rsplit_once('@')?;
    let (_, password) = credentials.split_once(':')?;
    let is_open = password.contains(['$', '{', '*', '(', '/', ' ', '[']);
    (!is_open && !host.is_empty() && judge("PASSWORD", password).is_none())
        .then_some(credentials.len())
}

/// The length of a token of a bot: the id of its user, when it was made, and a signature.
fn discord_token(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let length = rest.iter().take_while(|byte| Url.has(**byte) || **byte == b'.').count();
    let token = std::str::from_utf8(rest.get(..length)?).ok()?;
    let mut parts = token.split('.');
    let (user, time, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let id = URL_SAFE_NO_PAD.decode(user).ok()?;
    let is_user = (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit);
    let is_whole = parts.next().is_none() && time.len() == 6;
    (is_user && is_whole && (27..=38).contains(&signature.len()) && !is_dull(signature))
        .then_some(length)
}

/// Few different letters: a placeholder.
fn is_dull(body: &str) -> bool {
    let mut seen = [false; 256];
    let different =
        body.bytes().filter(|byte| !std::mem::replace(&mut seen[usize::from(*byte)], true)).count();
    different < 8.min(body.len() / 2)
}

/// GitHub's and npm's tokens end in the CRC-32 of what stands before it, in base 62, filled with zeros.
fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((text, checksum)) = body.split_at_checked(body.len().saturating_sub(6)) else {
        return false;
    };
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    let mut value = crc.sum();
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    checksum.as_bytes() == digits
}

/// Whether a text is a JSON Web Token that is made to be public.
pub(super) fn is_public_jwt(text: &str) -> bool {
    let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    text.starts_with("eyJ")
        && payload
            .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
            .is_some_and(|payload| is_public_payload(&payload))
}

/// Supabase's key for browsers, the token of jwt.io, and those that documentations make up.
fn is_public_payload(payload: &serde_json::Value) -> bool {
    let text = |key: &str| payload[key].as_str().unwrap_or_default();
    // The example of RFC 7519, 3.1.
    let is_of_rfc = text("iss") == "joe" && payload["http://example.com/is_root"] == true;
    is_of_rfc
        || text("iss").contains("example.com")
        // The keys that Supabase's command line gives to everybody's local database.
        || text("iss") == "supabase-demo"
        || text("role") == "anon"
        || text("name") == "John Doe"
        || text("sub") == "1234567890"
}

/// Longest part of a JSON Web Token that is looked at, in letters: of the header, and of the others.
const LONGEST_HEADER: usize = 2 << 10;
const LONGEST_PART: usize = 8 << 10;

/// The length of a JSON Web Token, by what its parts hold, unless it is public.
fn jwt(text: &[u8], start: usize) -> Option<usize> {
    let mut rest = text.get(start..)?;
    memchr::memchr(b'.', &rest[..rest.len().min(LONGEST_HEADER)])?;
    let mut part = |most: usize| {
        let length = rest.iter().take(most).take_while(|byte| Url.has(**byte)).count();
        let (part, behind) = rest.split_at(length);
        let is_last = behind.first() != Some(&b'.');
        rest = if is_last { &[] } else { &behind[1..] };
        (part, is_last)
    };
    let json = |part: &[u8]| -> Option<serde_json::Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (first, is_last) = part(LONGEST_HEADER);
    let header = if is_last { None } else { json(first) }?;
    let [(second, _), (third, _)] = [part(LONGEST_PART), part(LONGEST_PART)];
    let length = first.len() + second.len() + third.len() + 2;
    // Signed: header, claims, signature (RFC 7515, 7.1).
    if let Some(claims) = json(second) {
        let is_signed = header.get("alg")? != "none" && third.len() >= 20;
        return (is_signed && !is_public_payload(&claims)).then_some(length);
    }
    // Encrypted: header, key, vector, text, tag (RFC 7516, 7.1).
    header.get("enc")?;
    let [(fourth, _), (fifth, _)] = [part(LONGEST_PART), part(LONGEST_PART)];
    let is_whole = [third, fourth, fifth].iter().all(|part| part.len() >= 16);
    is_whole.then_some(length + fourth.len() + fifth.len() + 2)
}

fn private_key(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let line = rest.get(..rest.len().min(60))?;
    let end = memchr::memmem::find(line, b"PRIVATE KEY")?;
    if memchr::memchr2(b'\n', b'"', &line[..end]).is_some() {
        return None;
    }
    let body = rest.get(end + 11..)?;
    let body = body.strip_prefix(b" BLOCK").unwrap_or(body).strip_prefix(b"-----")?;
    // Line ends, also as escapes, and quotes between joined lines are no part of the key.
    let mut letters = 0;
    for (index, byte) in body.iter().take(6000).enumerate() {
        match byte {
            b'-' => break,
            b'\\' | b'"' | b'\'' | b'+' | b',' | b'\n' | b'\r' | b' ' | b'\t' => {}
            b'n' | b'r' if index > 0 && body[index - 1] == b'\\' => {}
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'=' | b':') => {
                letters += 1;
            }
            _ => break,
        }
    }
    (letters >= 64).then_some(end + 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> =
            Tokens::new().find_alone(text.as_bytes()).iter().map(|token| token.id).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_follows_a_short_text_begins_in_a_run() {
        for shape in SHAPES.iter().filter(|shape| shape.prefix.len() < PIECE_BYTES) {
            let is_long = shape.length.0 >= SHORTEST_RUN || matches!(shape.check, Check::Jwt);
            assert!(
                is_long && !matches!(shape.check, Check::Address | Check::Assigned),
                "{}",
                shape.id
            );
        }
    }

    #[test]
    fn shapes_are_told_from_their_likes() {
        // The checksum is made here: a real token would be one.
        let body = "R7kQ2mVx9LpZt4WnYb8sGh3cJf6dAe";
        let mut crc = flate2::Crc::new();
        crc.update(body.as_bytes());
        let mut value = crc.sum();
        let mut tail = String::new();
        for _ in 0..6 {
            let digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                [(value % 62) as usize];
            tail.insert(0, char::from(digit));
            value /= 62;
        }
        check(&format!("token=\"ghp_{body}{tail}\""), &["github-pat"]);
        check(&format!("ghp_{body}000000"), &[]);
        check("AKIAIOSFODNN7EXAMPLE", &[]);
        check("key: AKIAQ7X2M9LPZT4WNYB8", &["aws-access-key"]);
        check("sk_test_4eC39HqLyjWDarjtT1zdp7dc sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", &[]);
        check("pk_live_4eC39HqLyjWDarjtT1zdp7dc", &[]);
        check("-----BEGIN PRIVATE KEY-----\\n", &[]);
        check("-----BEGIN CERTIFICATE-----", &[]);
        check("https://deploy:k7Qm2Vx9Lp4Zt8Wn@git.example.test/repo.git", &["connection"]);
        check("https://user:password@git.example.test/repo.git https://a.example/b@c", &[]);
        let signature = "aZ7xKq9LmP2vRt5WbYc3dEf6gHj8";
        check(&format!("MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.{signature}"), &["discord-bot"]);
        check(&format!("MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBc.{signature}"), &[]);
        check("//r.example/:_authToken=aZ7xKq9LmP2vRt5WbYc3dEf6", &["npmrc"]);
        check("//r.example/:_authToken=${NPM_TOKEN}", &[]);
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let header = part(r#"{"typ":"JWT","alg":"HS256"}"#);
        let claims = part(r#"{"sub":"7f3","role":"service_role"}"#);
        check(&format!("f('{header}.{claims}.{signature}')"), &["jwt"]);
        for (header, claims, signature) in [
            (part(r#"{"typ":"JWT"}"#), claims.clone(), signature),
            (part(r#"{"alg":"none"}"#), claims.clone(), signature),
            (header.clone(), part("no object"), signature),
            (header.clone(), part(r#"{"role":"anon"}"#), signature),
            (header.clone(), part(r#"{"iss":"joe","http://example.com/is_root":true}"#), signature),
            (header.clone(), claims.clone(), "short"),
        ] {
            check(&format!("f('{header}.{claims}.{signature}')"), &[]);
        }
        let encrypted = part(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
        let rest = "aZ7xKq9LmP2vRt5WbYc3.dEf6gHj8kQ2mVx7L.pZ4tWnYb8sGh3cJ1.qR5sTuVw9xYz0aBcDe";
        check(&format!("k={encrypted}.{rest}"), &["jwt"]);
        check(&format!("k={header}.{rest}"), &[]);
        for key in published() {
            check(&format!("AccountKey={key} key: '{key}' const k = \"{key}\""), &[]);
        }
        // One letter more is another key.
        check("sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz1", &["supabase-secret"]);
    }
}
