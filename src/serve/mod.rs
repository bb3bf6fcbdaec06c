//! `bundlegate serve`: a site in memory, and a server that answers with it.

mod policy;
mod routes;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
};
use http::{Method, Request, Response, StatusCode};

use crate::artifact::{Body, BuildArtifact, Form, Piece, Resource};
use crate::compress::quick_forms;
use crate::url::decode_percent;
use routes::Target;
pub use routes::{RouteOptions, Routes};
pub use server::{Server, Shared};

/// How a site is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteOptions {
    /// Paths of no file are answered with the page at the top, for applications that have their routes in the browser.
    pub is_application: bool,
    /// Pages say which scripts may run: those of the site, and their own inline ones by hash.
    pub has_policy: bool,
    /// Pages are isolated from others, as shared memory needs it (COOP and COEP).
    pub is_isolated: bool,
    /// Pages load themselves again when the site changes.
    pub reloads: bool,
}

/// Files by path, ready to be sent.
#[derive(Debug, Default)]
pub struct Site {
    files: BTreeMap<String, Entry>,
    options: SiteOptions,
    routes: Arc<Routes>,
}

#[derive(Debug)]
struct Entry {
    artifact: BuildArtifact,
    /// Forms that the site has.
    forms: Vec<(&'static str, Body)>,
    /// With forms made here, where it has none; made when it is asked for.
    ready: OnceLock<Resource>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Entry {
    fn resource(&self) -> &Resource {
        self.ready.get_or_init(|| {
            let path = self.artifact.path.as_str();
            let resource = Resource::new(path, self.artifact.body.clone());
            let resource = resource.immutable(self.artifact.is_immutable);
            let made = if self.forms.is_empty() { quick_forms(&self.artifact) } else { Vec::new() };
            let made = made.into_iter().map(|(coding, bytes)| (coding, Body::new(bytes)));
            self.forms
                .iter()
                .cloned()
                .chain(made)
                .fold(resource, |resource, (coding, body)| resource.encoded(coding, body))
        })
    }
}

/// The path below which the server has answers of its own.
const OWN_PATH: &str = "/.bundlegate/";

/// Where pages ask whether the site has changed, with the number of the one that they are of.
pub(crate) const CHANGES_PATH: &str = "/.bundlegate/changes";

/// What pages run to load themselves again.
const RELOADER: &str = "new EventSource(\"/.bundlegate/changes\").onmessage=()=>location.reload()";

impl Site {
    /// A site of these artifacts, of which `forms` says which are compressed forms of others. Those that do not hold, and
    /// source maps that no output names, are not sent.
    #[must_use]
    pub fn new(artifacts: Vec<BuildArtifact>, forms: &[Form], options: SiteOptions) -> Self {
        let of_form: BTreeMap<&str, &Form> =
            forms.iter().map(|form| (form.path.as_str(), form)).collect();
        let mut encoded: BTreeMap<String, Vec<(&'static str, Body)>> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for artifact in artifacts {
            if let Some(form) = of_form.get(artifact.path.as_str()) {
                if form.holds {
                    let list = encoded.entry(form.of.to_string()).or_default();
                    list.push((form.coding, artifact.body));
                }
                continue;
            }
            let is_page = artifact.content_type().starts_with("text/html");
            let mut artifact = artifact;
            if is_page && options.reloads {
                let script = format!("<script>{RELOADER}</script>\n");
                artifact.body = Body::new([artifact.body.bytes(), script.as_bytes()].concat());
            }
            let headers = if is_page { page_headers(&artifact.body, options) } else { Vec::new() };
            let path = artifact.path.to_string();
            files.insert(
                path,
                Entry { artifact, forms: Vec::new(), ready: OnceLock::new(), headers },
            );
        }
        for (path, forms) in encoded {
            // What a page became here has other bytes than its forms.
            if let Some(entry) = files.get_mut(&path)
                && !(options.reloads && entry.artifact.content_type().starts_with("text/html"))
            {
                entry.forms = forms;
            }
        }
        Self { files, options, routes: Arc::default() }
    }

    /// The same, with routes for paths of no file.
    #[must_use]
    pub fn with_routes(mut self, routes: Arc<Routes>) -> Self {
        self.routes = routes;
        self
    }

    /// How many files it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The answer to a request: a file, a folder's page, or that there is none.
    pub fn respond<B>(&self, request: &Request<B>) -> Response<Piece> {
        let path = request.uri().path();
        let Some(path) = file_path(path) else { return plain(StatusCode::BAD_REQUEST) };
        if is_hidden(&path) {
            return plain(StatusCode::NOT_FOUND);
        }
        if let Some(entry) = self.find(&path) {
            return send(entry, request);
        }
        // A folder has its page behind a slash, so that what the page names beside it is found.
        let is_folder = self.files.contains_key(&format!("{path}/index.html"));
        if is_folder && !request.uri().path().ends_with('/') {
            return redirect(request.uri());
        }
        if let Some(target) = self.routed(request) {
            return self.follow(target, request);
        }
        let is_page_wanted = request.method() == Method::GET
            && request
                .headers()
                .get(ACCEPT)
                .is_none_or(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
        let has_extension = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        if self.options.is_application
            && is_page_wanted
            && !has_extension
            && let Some(page) = self.files.get("index.html")
        {
            return send(page, request);
        }
        match self.files.get("404.html").filter(|_| is_page_wanted) {
            Some(page) => with_status(page, StatusCode::NOT_FOUND),
            None => plain(StatusCode::NOT_FOUND),
        }
    }

    fn routed<B>(&self, request: &Request<B>) -> Option<Target> {
        let uri = request.uri();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or(uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
        self.routes.target(host, uri.path(), uri.query().unwrap_or_default())
    }

    fn follow<B>(&self, target: Target, request: &Request<B>) -> Response<Piece> {
        match target {
            Target::Redirect(to, status) => match HeaderValue::from_str(&to) {
                Ok(to) => {
                    let mut response = plain(status);
                    response.headers_mut().insert(LOCATION, to);
                    response
                }
                Err(_) => plain(StatusCode::BAD_REQUEST),
            },
            Target::File(path, status) => {
                let found = file_path(&format!("/{}", path.trim_start_matches('/')))
                    .filter(|path| !is_hidden(path))
                    .and_then(|path| self.find(&path));
                match found {
                    Some(entry) if status == StatusCode::OK => send(entry, request),
                    Some(entry) => with_status(entry, status),
                    None => plain(StatusCode::NOT_FOUND),
                }
            }
        }
    }

    /// The file of a path, the page of a folder, or the page without its ending: `/about` is `about.html`.
    fn find(&self, path: &str) -> Option<&Entry> {
        let is_folder = path.is_empty() || path.ends_with('/');
        if is_folder {
            return self.files.get(&format!("{path}index.html"));
        }
        self.files.get(path).or_else(|| self.files.get(&format!("{path}.html")))
    }
}

fn page_headers(body: &Body, options: SiteOptions) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    let mut add = |name: HeaderName, value: &str| {
        headers.extend(HeaderValue::from_str(value).map(|value| (name, value)));
    };
    if options.has_policy {
        add(CONTENT_SECURITY_POLICY, &policy::content_security_policy(body.bytes()));
        add(REFERRER_POLICY, "strict-origin-when-cross-origin");
    }
    if options.is_isolated {
        add(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        add(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp");
    }
    headers
}

fn send<B>(entry: &Entry, request: &Request<B>) -> Response<Piece> {
    let mut response = entry.resource().respond(request);
    for (name, value) in &entry.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// A file as the body of another status: conditions and ranges are about what is there.
fn with_status(entry: &Entry, status: StatusCode) -> Response<Piece> {
    let mut response = send(entry, &Request::new(()));
    *response.status_mut() = status;
    response
}

fn plain(status: StatusCode) -> Response<Piece> {
    let text = format!("{}\n", status.canonical_reason().unwrap_or_default());
    let resource = Resource::new("a.txt", Body::new(text.into_bytes()));
    let mut response = resource.respond(&Request::new(()));
    *response.status_mut() = status;
    response.headers_mut().remove(http::header::ETAG);
    response.headers_mut().remove(http::header::ACCEPT_RANGES);
    response
}

/// The same address with a slash at its end. It begins with one slash, so that it stays on this server.
fn redirect(uri: &http::Uri) -> Response<Piece> {
    let path = uri.path().trim_start_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = plain(StatusCode::PERMANENT_REDIRECT);
    if let Ok(target) = HeaderValue::from_str(&format!("/{path}/{query}")) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// The path of a file that a URL's path means; `None` for one that leads out of the site or cannot be one.
fn file_path(path: &str) -> Option<String> {
    let decoded = String::from_utf8(decode_percent(path.strip_prefix('/')?)).ok()?;
    let is_safe = !decoded.contains(['\0', '\\'])
        && !decoded.split('/').any(|part| matches!(part, "." | ".."));
    is_safe.then_some(decoded)
}

/// Whether a path leads to what is no part of a site, such as `.env` or `.git/config`. What `.well-known` has is asked for
/// (RFC 8615).
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part != ".well-known")
}

/// Whether the server answers a path itself.
pub(crate) fn is_own(path: &str) -> bool {
    path.starts_with(OWN_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{ArtifactKind, OutputPath, content_hash};

    fn artifact(path: &str, text: &str) -> BuildArtifact {
        BuildArtifact {
            path: OutputPath::new(path).unwrap(),
            kind: ArtifactKind::Asset,
            loader: "file",
            content_hash: content_hash(text.as_bytes()),
            is_immutable: path.contains("HASH"),
            source_map: None,
            runtime: None,
            body: Body::new(text.as_bytes()),
        }
    }

    fn site(options: SiteOptions) -> Site {
        let artifacts = vec![
            artifact("index.html", "<script>run()</script>"),
            artifact("about.html", "about"),
            artifact("docs/index.html", "docs"),
            artifact("assets/app-HASH.js", &"x();".repeat(200)),
            artifact("a b/購.txt", "text"),
            artifact(".env", "A=secret"),
            artifact("sub/.git/config", "config"),
            artifact(".well-known/security.txt", "text"),
        ];
        Site::new(artifacts, &[], options)
    }

    #[track_caller]
    fn check(site: &Site, path: &str, accept: Option<&str>, status: u16, header: (&str, &str)) {
        let mut request = Request::builder().uri(path);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let response = site.respond(&request.body(()).unwrap());
        assert_eq!(response.status().as_u16(), status, "{path}");
        let found = response.headers().get(header.0).map(|value| value.to_str().unwrap());
        assert!(found.unwrap_or_default().contains(header.1), "{path}: {found:?}");
    }

    #[test]
    fn paths_lead_to_files() {
        let plain = site(SiteOptions::default());
        let html = ("content-type", "text/html");
        check(&plain, "/", None, 200, html);
        check(&plain, "/index.html", None, 200, html);
        check(&plain, "/about", None, 200, html);
        check(&plain, "/docs/", None, 200, html);
        check(&plain, "/docs?a=b", None, 308, ("location", "/docs/?a=b"));
        check(&plain, "/assets/app-HASH.js", None, 200, ("cache-control", "immutable"));
        check(&plain, "/a%20b/%E8%B3%BC.txt", None, 200, ("content-type", "text/plain"));
        check(&plain, "/.env", None, 404, ("content-type", "text/plain"));
        check(&plain, "/sub/.git/config", None, 404, ("content-type", "text/plain"));
        check(&plain, "/.well-known/security.txt", None, 200, ("content-type", "text/plain"));
        check(&plain, "/nowhere", Some("text/html"), 404, ("content-type", "text/plain"));
        for path in
            ["/../x", "/a/../../etc/passwd", "/%2e%2e/x", "/..%2fx", "/a%5cb", "/%00", "/./a"]
        {
            check(&plain, path, None, 400, ("content-type", "text/plain"));
        }
        // Two slashes at the start would be the name of another server.
        check(&plain, "//docs", None, 404, ("location", ""));
        let application = site(SiteOptions { is_application: true, ..SiteOptions::default() });
        check(&application, "/users/7", Some("text/html,*/*"), 200, html);
        check(
            &application,
            "/users/7.json",
            Some("text/html"),
            404,
            ("content-type", "text/plain"),
        );
        check(&application, "/api", Some("application/json"), 404, ("content-type", "text/plain"));
    }

    #[test]
    fn pages_have_their_headers() {
        let options = SiteOptions { has_policy: true, is_isolated: true, ..SiteOptions::default() };
        let site = site(options);
        check(&site, "/", None, 200, ("content-security-policy", "script-src 'self' 'sha256-"));
        check(&site, "/", None, 200, ("cross-origin-opener-policy", "same-origin"));
        check(&site, "/assets/app-HASH.js", None, 200, ("x-content-type-options", "nosniff"));
    }
}
