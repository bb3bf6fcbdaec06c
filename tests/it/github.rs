//! A stand-in for GitHub's API with a memory: comments with pages, check runs, statuses, pull requests; what a token may
//! do, and faults on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use serde_json::{Value, json};

use super::support::serve;

#[derive(Default)]
pub(crate) struct Inner {
    /// Comments of pull request 7.
    pub(crate) comments: Vec<Value>,
    pub(crate) checks: Vec<Value>,
    pub(crate) statuses: Vec<Value>,
    /// Requests: method and path.
    pub(crate) log: Vec<String>,
    /// The login that `GET /user` gives; `None`: the token is an app's.
    pub(crate) login: Option<String>,
    /// Parts of paths that the token may not write to.
    pub(crate) denied: Vec<&'static str>,
    /// Answers instead of the next ones: status and headers.
    pub(crate) faults: Vec<(u16, Vec<(&'static str, &'static str)>)>,
    /// What another run posts just before our next `POST`.
    pub(crate) before_post: Option<String>,
    /// What another run makes of the comment just after our next `PATCH`.
    pub(crate) after_patch: Option<String>,
    /// The last commit of the pull request.
    pub(crate) head: String,
    /// Paths that this kind of forge does not have.
    pub(crate) absent: Vec<&'static str>,
    next_id: u64,
    prefix: String,
}

/// The server. It ends with the value.
pub(crate) struct GitHub {
    pub(crate) inner: Arc<Mutex<Inner>>,
    /// URL of the API.
    pub(crate) url: String,
    _runtime: tokio::runtime::Runtime,
}

impl GitHub {
    /// With the API below a path, as GitHub Enterprise (`/api/v3`) and Gitea (`/api/v1`) have it.
    pub(crate) fn start(prefix: &str) -> Self {
        let inner = Inner { prefix: prefix.to_owned(), next_id: 1000, ..Inner::default() };
        let inner = Arc::new(Mutex::new(inner));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let (url, runtime) = serve(app);
        Self { inner, url: format!("{url}{prefix}"), _runtime: runtime }
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap())
    }

    /// A comment of somebody.
    pub(crate) fn add_comment(&self, login: &str, kind: &str, body: &str) {
        self.with(|inner| inner.add(login, kind, body));
    }

    /// Bodies of all comments.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.with(|inner| {
            inner
                .comments
                .iter()
                .map(|comment| comment["body"].as_str().unwrap().to_owned())
                .collect()
        })
    }
}

impl Inner {
    fn add(&mut self, login: &str, kind: &str, body: &str) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let comment = json!({
            "id": id, "body": body, "user": { "login": login, "type": kind },
            "html_url": format!("https://forge.example/o/r/pull/7#issuecomment-{id}"),
        });
        self.comments.push(comment.clone());
        comment
    }
}

fn respond(status: u16, headers: &[(&str, String)], json: &Value) -> Response<Body> {
    let mut response =
        Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(json.to_string())).unwrap()
}

fn message(status: u16, text: &str) -> Response<Body> {
    respond(status, &[], &json!({ "message": text }))
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response<Body> {
    let method = request.method().as_str().to_owned();
    let uri = request.uri().clone();
    let token =
        request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut inner = inner.lock().unwrap();
    let Some(path) = uri.path().strip_prefix(inner.prefix.as_str()) else {
        return message(404, "Not Found: the path of the API is missing");
    };
    inner.log.push(format!("{method} {path}"));
    if !token.is_some_and(|token| token.starts_with("Bearer ") || token.starts_with("token ")) {
        return message(401, "Requires authentication");
    }
    if !inner.faults.is_empty() {
        let (status, headers) = inner.faults.remove(0);
        let headers: Vec<(&str, String)> =
            headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        return respond(status, &headers, &json!({ "message": "planned" }));
    }
    if inner.absent.iter().any(|part| path.contains(part)) {
        return message(404, "Not Found");
    }
    if method != "GET" && inner.denied.iter().any(|part| path.contains(part)) {
        return message(403, "Resource not accessible by integration");
    }
    let query: BTreeMap<&str, &str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let login = inner.login.clone().unwrap_or_else(|| "github-actions[bot]".to_owned());
    let kind = if inner.login.is_some() { "User" } else { "Bot" };
    match (method.as_str(), path) {
        ("GET", "/user") => match &inner.login {
            Some(login) => respond(200, &[], &json!({ "login": login })),
            None => message(403, "Resource not accessible by integration"),
        },
        ("GET", "/repos/o/r/issues/7/comments") => {
            let number = |name: &str, default: usize| {
                query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
            };
            let (size, page) = (number("per_page", 30).min(100), number("page", 1));
            let list: Vec<Value> =
                inner.comments.iter().skip((page - 1) * size).take(size).cloned().collect();
            let link = format!("<https://x/?page={}>; rel=\"next\"", page + 1);
            let has_next = inner.comments.len() > page * size;
            let headers = if has_next { vec![("link", link)] } else { Vec::new() };
            respond(200, &headers, &Value::Array(list))
        }
        ("POST", "/repos/o/r/issues/7/comments") => {
            let text = body["body"].as_str().unwrap_or_default();
            if text.chars().count() > 65_536 {
                return message(422, "Body is too long (maximum is 65536 characters)");
            }
            if let Some(other) = inner.before_post.take() {
                inner.add(&login, kind, &other);
            }
            let comment = inner.add(&login, kind, text);
            respond(201, &[], &comment)
        }
        ("PATCH" | "DELETE", path) if path.starts_with("/repos/o/r/issues/comments/") => {
            let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
            let Some(at) = inner.comments.iter().position(|comment| comment["id"] == id) else {
                return message(404, "Not Found");
            };
            if method == "DELETE" {
                inner.comments.remove(at);
                return respond(204, &[], &Value::Null);
            }
            inner.comments[at]["body"] = body["body"].clone();
            let answer = respond(200, &[], &inner.comments[at]);
            if let Some(other) = inner.after_patch.take() {
                inner.comments[at]["body"] = other.into();
            }
            answer
        }
        ("POST", "/repos/o/r/check-runs") => {
            inner.checks.push(body);
            respond(201, &[], &json!({ "html_url": "https://forge.example/o/r/runs/1" }))
        }
        ("POST", path) if path.starts_with("/repos/o/r/statuses/") => {
            inner.statuses.push(body);
            respond(201, &[], &json!({}))
        }
        ("GET", "/repos/o/r/pulls/7") => {
            respond(200, &[], &json!({ "number": 7, "head": { "sha": inner.head } }))
        }
        _ => message(404, "Not Found"),
    }
}
