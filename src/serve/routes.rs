//! Routes of a site: patterns of URLs (urlpattern.spec.whatwg.org), each with the file that it is answered with, or the
//! address that it leads to.

use std::collections::BTreeMap;

use http::StatusCode;
use urlpattern::quirks::{StringOrInit, process_construct_pattern_input};
use urlpattern::{UrlPattern, UrlPatternInit, UrlPatternMatchInput, UrlPatternOptions};

/// What a route is, as the settings have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteOptions {
    /// A pattern: `/users/:id`, `/docs/*`, or with a host, `https://:tenant.example.com/*`.
    pub pattern: String,
    /// Path of the file in the site; `:name` is what the pattern found under that name, `:0` what the first `*` did.
    pub file: Option<String>,
    /// Where it leads, in the same way.
    pub redirect: Option<String>,
    /// The status: of a redirect 301, 302, 303, 307 or 308 (by default), of a file 200 (by default) or 404.
    pub status: Option<u16>,
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To a file of the site, with a status.
    File(String, StatusCode),
    /// To another address.
    Redirect(String, StatusCode),
}

/// Routes in order: the first that matches counts.
#[derive(Debug, Default)]
pub struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    pattern: UrlPattern,
    options: RouteOptions,
    status: StatusCode,
}

const BASE: &str = "http://localhost/";

impl Routes {
    /// Prepares routes.
    ///
    /// # Errors
    /// A pattern is none, or a route says too little or too much; with the pattern, as a sentence.
    pub fn new(routes: Vec<RouteOptions>) -> Result<Self, String> {
        let prepare = |options: RouteOptions| {
            let of = |problem: String| format!("the route `{}` {problem}", options.pattern);
            let status = status(&options).map_err(of)?;
            let pattern = pattern(&options.pattern)
                .map_err(|error| of(format!("is no pattern of URLs: {error}")))?;
            let template = options.file.as_ref().or(options.redirect.as_ref());
            if options.redirect.as_deref().is_some_and(|to| !leads_where_it_says(to)) {
                let problem =
                    "leads where a visitor says: write the host out, and a slash behind it";
                return Err(of(problem.to_owned()));
            }
            let unknown = template.and_then(|template| unknown_name(template, &pattern));
            if let Some(name) = unknown {
                return Err(of(format!("has no `:{name}`")));
            }
            Ok(Route { pattern, options, status })
        };
        routes.into_iter().map(prepare).collect::<Result<_, _>>().map(Self)
    }

    /// Where a request goes; `None` when no route is about it. `path` is as in the request, with percent signs.
    pub(super) fn target(&self, host: &str, path: &str, query: &str) -> Option<Target> {
        self.0.iter().find_map(|route| {
            let groups = route.groups(host, path, query)?;
            let Route { options, status, .. } = route;
            Some(match (&options.file, &options.redirect) {
                (Some(file), _) => Target::File(filled(file, &groups), *status),
                (None, redirect) => {
                    let to = filled(redirect.as_deref().unwrap_or_default(), &groups);
                    let to = encoded(&to);
                    Target::Redirect(on_this_server(redirect.as_deref(), to), *status)
                }
            })
        })
    }
}

impl Route {
    /// What the pattern found, by name; `None` when it does not match.
    fn groups(&self, host: &str, path: &str, query: &str) -> Option<BTreeMap<String, String>> {
        let (hostname, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
            _ => (host, ""),
        };
        let input = UrlPatternInit {
            protocol: Some("http".to_owned()),
            hostname: Some(hostname.to_owned()),
            port: Some(port.to_owned()),
            pathname: Some(path.to_owned()),
            search: Some(query.to_owned()),
            ..UrlPatternInit::default()
        };
        let found = self.pattern.exec(UrlPatternMatchInput::Init(input)).ok()??;
        // Those of the path come over those of the host.
        let all = found.hostname.groups.into_iter().chain(found.search.groups);
        let all = all.chain(found.pathname.groups);
        Some(all.map(|(name, value)| (name, value.unwrap_or_default())).collect())
    }
}

fn pattern(text: &str) -> Result<UrlPattern, String> {
    let is_path = text.starts_with('/');
    let input = StringOrInit::String(text.into());
    let base = is_path.then_some(BASE);
    let init = process_construct_pattern_input(input, base).map_err(|error| error.to_string())?;
    let init = if is_path {
        // Of any host.
        UrlPatternInit { base_url: None, ..init }
    } else {
        // This server speaks plain HTTP on a port of its own; what stands before it may not.
        let port = init.port.filter(|port| !port.is_empty());
        UrlPatternInit { protocol: None, port, ..init }
    };
    UrlPattern::parse(init, UrlPatternOptions::default()).map_err(|error| error.to_string())
}

fn status(options: &RouteOptions) -> Result<StatusCode, String> {
    let allowed: &[u16] = match (&options.file, &options.redirect) {
        (Some(_), Some(_)) => return Err("has both a `file` and a `redirect`".to_owned()),
        (None, None) => return Err("needs a `file` or a `redirect`".to_owned()),
        (Some(_), None) => &[200, 404],
        (None, Some(_)) => &[308, 301, 302, 303, 307],
    };
    let status = options.status.unwrap_or(allowed[0]);
    let known = allowed.contains(&status).then(|| StatusCode::from_u16(status).ok()).flatten();
    known.ok_or_else(|| {
        let names: Vec<String> = allowed.iter().map(u16::to_string).collect();
        format!("has the status {status}; it may be {}", names.join(", "))
    })
}

/// Whether the server that a redirect leads to is written out, so that nothing which a pattern finds can change it: an address
/// on this server, or a scheme and a host with a slash behind it.
fn leads_where_it_says(template: &str) -> bool {
    if template.starts_with('/') {
        return !template.starts_with("//") && !template.starts_with("/\\");
    }
    let Some((scheme, rest)) = template.split_once("://") else { return false };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let port = host.split_once(':').map(|(_, port)| port);
    let is_port = |port: &str| port.len() > 1 && port.bytes().all(|it| it.is_ascii_digit());
    ["http", "https"].contains(&scheme)
        && !host.is_empty()
        && !host.contains('@')
        && port.is_none_or(|port| is_port(port) && (!path.is_empty()))
        && (!path.is_empty() || !template.contains("/:"))
}

/// An address with what is no ASCII in it, or a blank, as percent signs.
fn encoded(address: &str) -> String {
    address.bytes().fold(String::with_capacity(address.len()), |text, byte| {
        if byte.is_ascii_graphic() {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            text + &format!("%{byte:02X}")
        }
    })
}

/// Names in a template that the pattern does not have.
fn unknown_name(template: &str, pattern: &UrlPattern) -> Option<String> {
    let parts = [&pattern.pathname, &pattern.hostname, &pattern.search];
    let known = |name: &str| {
        parts.iter().any(|part| part.group_name_list.iter().any(|group| group == name))
    };
    let mut rest = template;
    while let Some((_, behind)) = rest.split_once(':') {
        let end = behind.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        // `https://`, `host:8080`
        let is_other =
            name.is_empty() || (name.len() > 1 && name.bytes().all(|it| it.is_ascii_digit()));
        if !is_other && !known(name) {
            return Some(name.to_owned());
        }
        rest = after;
    }
    None
}

/// A template with what was found: `:name` stands for it.
fn filled(template: &str, groups: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(':') {
        let (before, behind) = rest.split_at(at);
        let behind = behind.get(1..).unwrap_or_default();
        let end = behind.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        text += before;
        match groups.get(name) {
            Some(value) => text += value,
            // `https://`
            None => text.extend([":", name]),
        }
        rest = after;
    }
    text + rest
}

/// An address that was meant to be on this server is: what a visitor writes after the first slash names no other one.
fn on_this_server(template: Option<&str>, to: String) -> String {
    let is_own = template.is_some_and(|text| text.starts_with('/') && !text.starts_with("//"));
    if is_own { format!("/{}", to.trim_start_matches(['/', '\\'])) } else { to }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(pattern: &str, file: &str) -> RouteOptions {
        RouteOptions {
            pattern: pattern.to_owned(),
            file: Some(file.to_owned()),
            ..RouteOptions::default()
        }
    }

    fn redirect(pattern: &str, to: &str, status: Option<u16>) -> RouteOptions {
        RouteOptions {
            pattern: pattern.to_owned(),
            redirect: Some(to.to_owned()),
            status,
            ..RouteOptions::default()
        }
    }

    #[test]
    fn requests_go_where_the_first_pattern_says() {
        let routes = Routes::new(vec![
            file("/users/:id(\\d+)", "users/[id].html"),
            file("/app/*", "app/index.html"),
            file("/:lang(en|de)/docs/:page?", "docs/:lang/:page.html"),
            redirect("/old/*", "/:0", None),
            redirect("/shop{/:item}?", "https://shop.example/:item", Some(302)),
            redirect("/find?q=:word", "/words/:word", Some(307)),
            redirect("https://:tenant.example.com/in", "/tenants/:tenant", None),
            redirect("/cart/*", "/購物 車/:0", None),
        ])
        .unwrap();
        let check = |host: &str, path: &str, query: &str, expected: Option<(&str, u16)>| {
            let found = routes.target(host, path, query);
            let found = found.as_ref().map(|target| match target {
                Target::File(to, status) | Target::Redirect(to, status) => {
                    (to.as_str(), status.as_u16())
                }
            });
            assert_eq!(found, expected, "{host} {path}");
        };
        check("a", "/users/7", "", Some(("users/[id].html", 200)));
        check("a", "/users/me", "", None);
        check("localhost:4173", "/app/settings/keys", "", Some(("app/index.html", 200)));
        check("a", "/de/docs/intro", "", Some(("docs/de/intro.html", 200)));
        check("a", "/old/x/y", "", Some(("/x/y", 308)));
        // Not to another server.
        check("a", "/old//evil.example", "", Some(("/evil.example", 308)));
        check("a", "/old/\\evil.example", "", Some(("/evil.example", 308)));
        check("a", "/shop/lamp", "", Some(("https://shop.example/lamp", 302)));
        check("a", "/shop", "", Some(("https://shop.example/", 302)));
        check("a", "/find", "q=%E8%B3%BC", Some(("/words/%E8%B3%BC", 307)));
        check("two.example.com:8080", "/in", "", Some(("/tenants/two", 308)));
        check("two.example.com", "/in", "", Some(("/tenants/two", 308)));
        check("a", "/cart/1", "", Some(("/%E8%B3%BC%E7%89%A9%20%E8%BB%8A/1", 308)));
        check("a", "/", "", None);
    }

    #[test]
    fn wrong_routes_are_refused() {
        let both = RouteOptions { redirect: Some("/".to_owned()), ..file("/a", "a.html") };
        for (route, expected) in [
            (file("/:", "a.html"), "is no pattern of URLs"),
            (file("nothing", "a.html"), "is no pattern of URLs"),
            (both, "has both"),
            (
                RouteOptions { pattern: "/a".to_owned(), ..RouteOptions::default() },
                "needs a `file`",
            ),
            (redirect("/a", "/b", Some(200)), "may be 308, 301"),
            (redirect("/:name", "/b/:nmae", None), "has no `:nmae`"),
            (redirect("/x/:p", "https://example.com:p", None), "leads where a visitor says"),
            (redirect("/x*", "https://example.com:0", None), "leads where a visitor says"),
            (redirect("/x/*", ":0", None), "leads where a visitor says"),
            (redirect("/x/*", "//:0", None), "leads where a visitor says"),
            (redirect("/x/:h", "https://:h.example.com/", None), "leads where a visitor says"),
            (redirect("/x", "", None), "leads where a visitor says"),
        ] {
            let error = Routes::new(vec![route.clone()]).unwrap_err();
            assert!(error.contains(expected) && error.contains(&route.pattern), "{error}");
        }
    }
}
