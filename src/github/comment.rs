//! One comment a key on a pull request, through octocrab; a check run or a commit status where a comment may not be
//! written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use octocrab::Octocrab;
use serde_json::{Value, json};

use crate::secret::Secret;

/// How often a request is tried.
const MOST_TRIES: u32 = 5;
/// How often a comment is written again, when another run wrote in between.
const MOST_WRITES: u32 = 4;
/// How long limits are waited for in all, in seconds: a comment is not worth more.
const LONGEST_PAUSE: u64 = 90;
/// The pause after a secondary rate limit that names none, in seconds
/// (docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
const SECONDARY_PAUSE: u64 = 60;
/// Comments on a page.
const PAGE: usize = 100;
/// Characters of a check run's summary.
const CHECK_CHARACTERS: usize = 65_535;
/// Characters of a commit status.
const STATUS_CHARACTERS: usize = 140;

/// A forge, and a repository on it.
pub struct Forge {
    client: Octocrab,
    runtime: tokio::runtime::Runtime,
    repository: String,
    pause: Duration,
    /// The time in seconds since 1970, and when it was that.
    now: (u64, Instant),
    /// Seconds that limits were waited for.
    paused: AtomicU64,
}

/// What became of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// There is a new one.
    Created(String),
    /// Ours was changed.
    Updated(String),
    /// Ours says that already.
    Unchanged(String),
    /// Ours is of a newer run, and stays.
    Newer(String),
}

/// Why something was not posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The token may not do it, or what it is about cannot be seen with it.
    #[error("{0}")]
    Forbidden(String),
    /// The server refuses what was sent.
    #[error("{0}")]
    Refused(String),
    /// The server did not answer, or failed for good.
    #[error("{0}")]
    Unreachable(String),
}

/// A comment to be.
#[derive(Debug, Clone, Copy)]
pub struct Comment<'a> {
    /// Number of the pull request.
    pub number: u64,
    /// How its first line starts: what tells ours from others, and one key from another.
    pub marker: &'a str,
    /// Number and attempt of the run, `ID.ATTEMPT`; empty outside of a run.
    pub run: &'a str,
    /// All of it, the first line with the marker.
    pub body: &'a str,
}

struct Answer {
    status: u16,
    has_next: bool,
    json: Value,
}

/// A comment that is there.
struct Present {
    id: u64,
    url: String,
    body: String,
}

impl Forge {
    /// The forge with that API; `now` is the time in seconds since 1970. Nothing is sent yet.
    pub fn new(api: &str, repository: &str, token: &Secret, now: u64) -> Result<Self, PostError> {
        let wrong = |what: &dyn std::fmt::Display| PostError::Refused(format!("`{api}`: {what}"));
        let is_name = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
        {
            return Err(PostError::Refused("GITHUB_REPOSITORY is not `owner/name`".to_owned()));
        }
        let token = token.expose_str().map(str::trim).unwrap_or_default().to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| wrong(&error))?;
        let client = {
            let _guard = runtime.enter();
            Octocrab::builder()
                .base_uri(api.trim_end_matches('/'))
                .map_err(|error| wrong(&error))?
                .personal_token(token)
                .add_retry_config(octocrab::service::middleware::retry::RetryConfig::None)
                .set_connect_timeout(Some(Duration::from_secs(10)))
                .set_read_timeout(Some(Duration::from_secs(30)))
                .set_write_timeout(Some(Duration::from_secs(30)))
                .build()
                .map_err(|error| wrong(&error))?
        };
        let repository = repository.to_owned();
        let pause = Duration::from_millis(500);
        let now = (now, Instant::now());
        Ok(Self { client, runtime, repository, pause, now, paused: AtomicU64::new(0) })
    }

    /// Sends a request, again where that may help.
    async fn send(
        &self,
        method: &str,
        route: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PostError> {
        let mut last = String::new();
        for attempt in 0..MOST_TRIES {
            if attempt > 0 {
                tokio::time::sleep(self.pause * 2u32.pow(attempt - 1)).await;
            }
            let sent = match method {
                "GET" => self.client._get(route).await,
                "POST" => self.client._post(route, body).await,
                "PATCH" => self.client._patch(route, body).await,
                _ => self.client._delete(route, body).await,
            };
            let response = match sent {
                Ok(response) => response,
                Err(error) => {
                    last = format!("the API cannot be reached: {}", innermost(&error));
                    continue;
                }
            };
            let status = response.status().as_u16();
            let header = |name: &str| {
                let value = response.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            };
            let has_next = header("link").is_some_and(|link| link.contains("rel=\"next\""));
            let number = |name: &str| header(name).and_then(|text| text.parse::<u64>().ok());
            let limit = Limit {
                retry_after: number("retry-after"),
                remaining: number("x-ratelimit-remaining"),
                reset: number("x-ratelimit-reset"),
            };
            let text = self.client.body_to_string(response).await.unwrap_or_default();
            let json: Value = serde_json::from_str(&text).unwrap_or_default();
            let said = json["message"].as_str().unwrap_or("no reason given").to_owned();
            let now = self.now.0 + self.now.1.elapsed().as_secs();
            if let Some(seconds) = limit.pause(status, &said, now) {
                last = format!("the API asks to slow down: {said}");
                if self.paused.fetch_add(seconds, Ordering::Relaxed) + seconds > LONGEST_PAUSE {
                    return Err(PostError::Unreachable(format!("{last} (for {seconds} seconds)")));
                }
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                continue;
            }
            return match status {
                200..=299 => Ok(Answer { status, has_next, json }),
                // Another run was faster.
                404 if method == "DELETE" => Ok(Answer { status, has_next, json }),
                401 | 403 | 404 | 410 => Err(PostError::Forbidden(format!("{status} {said}"))),
                500.. => {
                    last = format!("the API answers with {status}");
                    continue;
                }
                _ => Err(PostError::Refused(format!("{status} {said}"))),
            };
        }
        Err(PostError::Unreachable(last))
    }

    /// Posts a comment, or changes the one that is there. Of several of ours the oldest stays. What was written is read
    /// again, because another run may write at the same moment, and the forge knows no condition for a write.
    pub fn comment(&self, comment: Comment<'_>) -> Result<Posted, PostError> {
        self.runtime.block_on(async {
            let mine = run_number(comment.run);
            let mut posted = None;
            for _ in 0..MOST_WRITES {
                let mut ours = match self.ours(comment).await {
                    Ok(ours) => ours,
                    // What was written was written, even if it cannot be read again.
                    Err(error) => return posted.ok_or(error),
                };
                ours.sort_by_key(|present| present.id);
                let newest = ours.iter().map(|present| run_of(&present.body)).max().flatten();
                let mut present = ours.into_iter();
                let Some(first) = present.next() else {
                    // A list may lag behind what was just written.
                    if let Some(posted) = posted {
                        return Ok(posted);
                    }
                    posted = Some(Posted::Created(self.create(comment).await?));
                    continue;
                };
                for other in present {
                    let route = self.route_of(other.id);
                    self.send("DELETE", &route, None).await?;
                }
                if newest > mine && mine.is_some() {
                    return Ok(Posted::Newer(first.url));
                }
                let is_there = first.body.trim_end() == comment.body.trim_end();
                match posted {
                    None if is_there => return Ok(Posted::Unchanged(first.url)),
                    Some(posted) if is_there || run_of(&first.body) == mine => return Ok(posted),
                    _ => {}
                }
                let body = json!({ "body": comment.body });
                self.send("PATCH", &self.route_of(first.id), Some(&body)).await?;
                posted = Some(Posted::Updated(first.url));
            }
            posted.ok_or_else(|| PostError::Refused("others write all the time".to_owned()))
        })
    }

    fn route_of(&self, id: u64) -> String {
        format!("/repos/{}/issues/comments/{id}", self.repository)
    }

    /// Makes a comment; returns its URL.
    async fn create(&self, comment: Comment<'_>) -> Result<String, PostError> {
        let route = format!("/repos/{}/issues/{}/comments", self.repository, comment.number);
        let body = json!({ "body": comment.body });
        Ok(url_of(&self.send("POST", &route, Some(&body)).await?.json))
    }

    /// Our comments of that key, on all pages: with our marker first, and written by us.
    async fn ours(&self, comment: Comment<'_>) -> Result<Vec<Present>, PostError> {
        let who = match self.send("GET", "/user", None).await {
            Ok(answer) => answer.json["login"].as_str().map(str::to_owned),
            // The token of a workflow belongs to an app, which is no user.
            Err(PostError::Forbidden(_)) => None,
            Err(error) => return Err(error),
        };
        let mut ours = Vec::new();
        for page in 1.. {
            let route = format!(
                "/repos/{}/issues/{}/comments?per_page={PAGE}&page={page}",
                self.repository, comment.number
            );
            let answer = self.send("GET", &route, None).await?;
            let list = answer.json.as_array().map(Vec::as_slice).unwrap_or_default();
            for present in list {
                let body = present["body"].as_str().unwrap_or_default();
                let user = &present["user"];
                let login = user["login"].as_str().unwrap_or_default();
                // A person cannot have a name with brackets, so with our marker it is a workflow's.
                let is_by_us = who.as_deref() == Some(login) || is_workflow(login, user);
                if let Some(id) = present["id"].as_u64().filter(|_| is_by_us)
                    && is_marked(body, comment.marker)
                {
                    ours.push(Present { id, url: url_of(present), body: body.to_owned() });
                }
            }
            if !answer.has_next || list.is_empty() {
                break;
            }
        }
        Ok(ours)
    }

    /// Puts the report on a check run of a commit.
    pub fn check_run(
        &self,
        head: &str,
        name: &str,
        title: &str,
        passes: bool,
        summary: &str,
    ) -> Result<String, PostError> {
        let route = format!("/repos/{}/check-runs", self.repository);
        let summary: String = summary.chars().take(CHECK_CHARACTERS).collect();
        let body = json!({
            "name": name, "head_sha": head, "status": "completed",
            "conclusion": if passes { "success" } else { "failure" },
            "output": { "title": title, "summary": summary },
        });
        self.runtime
            .block_on(async { Ok(url_of(&self.send("POST", &route, Some(&body)).await?.json)) })
    }

    /// Puts one line on a commit.
    pub fn status(
        &self,
        head: &str,
        name: &str,
        line: &str,
        passes: bool,
        url: &str,
    ) -> Result<(), PostError> {
        let route = format!("/repos/{}/statuses/{head}", self.repository);
        let line: String = line.chars().take(STATUS_CHARACTERS).collect();
        let mut body = json!({
            "state": if passes { "success" } else { "failure" }, "context": name, "description": line,
        });
        if !url.is_empty() {
            body["target_url"] = url.into();
        }
        self.runtime.block_on(async { self.send("POST", &route, Some(&body)).await.map(|_| ()) })
    }

    /// Whether the last commit of a pull request is that one.
    pub fn is_head(&self, number: u64, head: &str) -> Result<bool, PostError> {
        let route = format!("/repos/{}/pulls/{number}", self.repository);
        let answer = self.runtime.block_on(self.send("GET", &route, None))?;
        debug_assert!(answer.status < 300);
        Ok(answer.json["head"]["sha"] == head)
    }
}

/// What an answer says of the limits of the API.
#[derive(Debug, Clone, Copy, Default)]
struct Limit {
    retry_after: Option<u64>,
    remaining: Option<u64>,
    /// Seconds since 1970.
    reset: Option<u64>,
}

impl Limit {
    /// Seconds to wait, when an answer is one that a later one may not be: a limit was met. `None`: it is what it is.
    fn pause(self, status: u16, said: &str, now: u64) -> Option<u64> {
        let said = said.to_ascii_lowercase();
        let is_secondary =
            said.contains("secondary rate limit") || said.contains("abuse detection");
        let is_spent = self.remaining == Some(0);
        let is_limit = match status {
            429 => true,
            403 => self.retry_after.is_some() || is_spent || is_secondary,
            _ => false,
        };
        if !is_limit {
            return None;
        }
        let until_reset = self.reset.filter(|_| is_spent).map(|reset| reset.saturating_sub(now));
        let asked = self.retry_after.or(until_reset);
        Some(asked.unwrap_or(if is_secondary { SECONDARY_PAUSE } else { 0 }))
    }
}

/// Whether a comment is one of a workflow: of GitHub's own app, or of another that nobody can sign in as.
fn is_workflow(login: &str, user: &Value) -> bool {
    user["type"] == "Bot" || login.ends_with("[bot]")
}

fn url_of(json: &Value) -> String {
    json["html_url"].as_str().unwrap_or_default().to_owned()
}

/// Whether the first line is a marker of that key: behind the key comes a space.
fn is_marked(body: &str, marker: &str) -> bool {
    let first = body.lines().next().unwrap_or_default();
    first.strip_prefix(marker).is_some_and(|rest| rest.starts_with(' '))
}

/// Number and attempt of the run in a marker.
fn run_of(body: &str) -> Option<(u64, u64)> {
    let first = body.lines().next()?;
    run_number(first.split(" run=").nth(1)?.split(' ').next()?)
}

fn run_number(run: &str) -> Option<(u64, u64)> {
    let (id, attempt) = run.split_once('.')?;
    Some((id.parse().ok()?, attempt.parse().ok()?))
}

/// The last cause in the chain, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_waited_for() {
        let limit = |retry_after, remaining, reset| Limit { retry_after, remaining, reset };
        let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes.";
        let none = limit(None, Some(4000), None);
        assert_eq!(none.pause(403, secondary, 100), Some(60));
        assert_eq!(limit(Some(5), None, None).pause(403, secondary, 100), Some(5));
        assert_eq!(limit(None, Some(0), Some(130)).pause(403, "API rate limit", 100), Some(30));
        assert_eq!(none.pause(429, "", 100), Some(0));
        assert_eq!(none.pause(403, "Resource not accessible by integration", 100), None);
        assert_eq!(none.pause(404, secondary, 100), None);
    }

    #[test]
    fn markers() {
        let marker = "<!-- bundlegate:v1 key=web";
        assert!(is_marked("<!-- bundlegate:v1 key=web run=12.3 -->\ntext", marker));
        assert!(!is_marked("<!-- bundlegate:v1 key=website run=12.3 -->", marker));
        assert!(!is_marked("see\n<!-- bundlegate:v1 key=web run=12.3 -->", marker));
        assert_eq!(run_of("<!-- bundlegate:v1 key=web head=a run=12.3 -->"), Some((12, 3)));
        assert!(run_number("12.10") > run_number("12.9"));
        assert!(run_number("9.1") < run_number("10.1"));
    }
}
