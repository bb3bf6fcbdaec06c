//! `bundlegate mcp`: the store and the build as tools of the Model Context Protocol, for an assistant or a bot.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::build::outputs;
use super::deploy::{builds, metafile_at};
use super::report::{assessed, mask_texts, measure, measure_encoded, name_packages};
use super::scan::{gate, mask_of_names};
use super::{Gated, Mask, Outcome, Ports, StoreCommand, output_folder, run, run_fit, run_store};
use crate::artifact::OutputPath;
use crate::config::Config;
use crate::diag::render::render;
use crate::diag::{Diagnostic, ExitCode};
use crate::fs::{DiskFileSystem, FileSystem as _};
use crate::leak::sarif;
use crate::mcp::{Answer, Asked, Content, Offer, ResourceInfo, ToolInfo, serve};
use crate::metafile::Metafile;
use crate::report::{bundle_md, markdown};
use crate::url::decode_percent;

const NAME: (&str, &str, bool) = (
    "name",
    "Name of a deployment in the store of the settings [default: that of the settings]",
    false,
);
const MODULE: (&str, &str, bool) =
    ("module", "Path of the module in the metafile, or the end of it", true);

const TOOLS: &[ToolInfo] = &[
    ToolInfo {
        name: "list_deployments",
        about: "Lists the builds in the store, the newest first, with their sizes and the channels in which they are live.",
        arguments: &[NAME],
        changes: false,
    },
    ToolInfo {
        name: "size_report",
        about: "Reports the sizes of a build and what made it larger or smaller than another, as Markdown.",
        arguments: &[
            (
                "build",
                "A build in the store by id or channel [default: what the sources build now]",
                false,
            ),
            (
                "base",
                "What to compare with: a build or channel in the store, git:REVISION, a metafile, auto or none [default: that of the settings]",
                false,
            ),
        ],
        changes: false,
    },
    ToolInfo {
        name: "why_included",
        about: "Says why a module is in the bundle: the shortest chain of imports from an entry point, with lines, and its bytes in each output.",
        arguments: &[MODULE],
        changes: false,
    },
    ToolInfo {
        name: "used_exports",
        about: "Says which exports of a module are used, and so kept, in each output.",
        arguments: &[MODULE],
        changes: false,
    },
    ToolInfo {
        name: "find_leaks",
        about: "Builds, and searches the outputs for values of variables that are not public. Gives names and places, never values.",
        arguments: &[],
        changes: false,
    },
    ToolInfo {
        name: "plan",
        about: "Says which deploy preset fits the code, and why.",
        arguments: &[],
        changes: false,
    },
    ToolInfo {
        name: "promote",
        about: "Makes a build of the store live in the channel of the settings, after it was verified.",
        arguments: &[("build", "The build, by its id", true)],
        changes: true,
    },
    ToolInfo {
        name: "rollback",
        about: "Makes live what was live before.",
        arguments: &[("to", "A build that was live before that, by its id", false)],
        changes: true,
    },
    ToolInfo {
        name: "release",
        about: "Builds, searches for leaks, compresses, signs and stores, as `bundlegate run` does.",
        arguments: &[],
        changes: true,
    },
];

const REPORT: &str = "bundlegate://report";
const ANALYSIS: &str = "bundlegate://analysis";
const METAFILE: &str = "bundlegate://metafile";
const OF_BUILD: &str = "bundlegate://builds/{build}/report";

const RESOURCES: &[ResourceInfo] = &[
    ResourceInfo {
        uri: REPORT,
        name: "Size report",
        about: "Sizes of what the sources build now, compared with the base of the settings",
        media_type: "text/markdown",
    },
    ResourceInfo {
        uri: ANALYSIS,
        name: "Bundle analysis",
        about: "All modules with their sizes, imports and importers",
        media_type: "text/markdown",
    },
    ResourceInfo {
        uri: METAFILE,
        name: "Metafile",
        about: "Inputs, outputs and imports in the JSON shape of esbuild",
        media_type: "application/json",
    },
    ResourceInfo {
        uri: OF_BUILD,
        name: "Size report of a stored build",
        about: "Sizes of a build in the store, by its id or channel",
        media_type: "text/markdown",
    },
];

const INSTRUCTIONS: &str = "bundlegate builds a JavaScript or TypeScript project, gates it and stores it. Ask `why_included` and \
    `used_exports` before removing an import; `size_report` says what changed. No tool ever shows the value of a secret.";

/// What holds for one request: settings and the time change while a session lasts.
pub struct Fresh {
    /// The settings.
    pub config: Config,
    /// The day.
    pub today: (u16, u8, u8),
    /// The time in seconds since 1970.
    pub now: u64,
}

/// Reads the settings and the clock again.
pub type Refresh<'a> = &'a dyn Fn() -> Result<Fresh, Vec<Diagnostic>>;

/// Serves tools over standard input and output until the client goes away. Without `allows_changes` none changes anything.
#[must_use]
pub fn run_mcp(refresh: Refresh<'_>, ports: &Ports<'_>, allows_changes: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let tools = TOOLS.iter().filter(|tool| allows_changes || !tool.changes);
    let offer = Offer {
        tools: tools.cloned().collect(),
        resources: RESOURCES.to_vec(),
        instructions: INSTRUCTIONS.to_owned(),
    };
    let served = serve(offer, |asked| {
        let Fresh { config, today, now } = refresh().map_err(|problems| {
            let texts = problems.into_iter().map(|it| it.masked(ports.mask));
            texts.map(|problem| render(&problem, false)).collect::<String>()
        })?;
        let mask = mask_of_names(&config, ports.environment);
        let ports = Ports {
            files: Arc::clone(&ports.files),
            runner: ports.runner.clone(),
            below: ports.below.clone(),
            today,
            now,
            ..*ports
        };
        Session { config: &config, ports: &ports, mask: &*mask }.answer(asked)
    });
    if let Err(error) = served {
        let message = format!("the session ended: {error}");
        let hint = "start it from a client of the Model Context Protocol, with pipes";
        outcome.error(ExitCode::Usage, Diagnostic::error("mcp/session", message).hint(hint));
    }
    outcome
}

struct Session<'a> {
    config: &'a Config,
    ports: &'a Ports<'a>,
    mask: &'a Mask,
}

impl Session<'_> {
    fn answer(&self, asked: Asked) -> Answer {
        let answer = match asked {
            Asked::Call { tool, arguments } => self.call(&tool, &arguments),
            Asked::Read { uri } => self.read(&uri),
        };
        let masked = |text: String| (self.mask)(&text).unwrap_or(text);
        match answer {
            Ok(Content::Text(text)) => Ok(Content::Text(masked(text))),
            Ok(Content::Json(mut value)) => {
                mask_texts(&mut value, &|text| (self.mask)(text));
                Ok(Content::Json(value))
            }
            Err(message) => Err(masked(message)),
        }
    }

    fn call(&self, tool: &str, arguments: &Map<String, Value>) -> Answer {
        let argument = |name: &str| arguments.get(name).and_then(Value::as_str);
        match tool {
            "list_deployments" => self.deployments(argument("name")),
            "size_report" => self.report(argument("build"), argument("base")).map(Content::Text),
            "why_included" => self.why(argument("module").unwrap_or_default()),
            "used_exports" => self.used(argument("module").unwrap_or_default()),
            "find_leaks" => self.leaks(),
            "plan" => {
                let outcome = run_fit(self.config, self.ports, true);
                if outcome.exit_code() != ExitCode::Fine {
                    return Err(problems(&outcome));
                }
                let text = outcome.report.unwrap_or_default();
                let value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
                Ok(Content::Json(value))
            }
            "promote" => {
                let place = self.place(argument("build").unwrap_or_default())?;
                self.change(&place, &StoreCommand::Promote)
            }
            "rollback" => {
                let to = argument("to").map(str::to_owned);
                self.change(&self.own_place(), &StoreCommand::Rollback { to })
            }
            "release" => said(run(self.config, self.ports, false)).map(Content::Text),
            other => Err(format!("there is no tool `{other}`")),
        }
    }

    fn read(&self, uri: &str) -> Answer {
        let (start, end) = OF_BUILD.split_once("{build}").unwrap_or_default();
        match uri {
            REPORT => self.report(None, None).map(Content::Text),
            ANALYSIS => Ok(Content::Text(bundle_md::render(&self.built()?))),
            METAFILE => {
                let json = serde_json::to_value(self.built()?);
                json.map(Content::Json).map_err(|error| error.to_string())
            }
            _ => {
                let build = uri.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
                let build = build.ok_or_else(|| format!("there is no `{uri}`"))?;
                let build = String::from_utf8_lossy(&decode_percent(build)).into_owned();
                self.report(Some(&build), Some("none")).map(Content::Text)
            }
        }
    }

    /// The deployment of the settings.
    fn own_place(&self) -> String {
        format!("{}/{}", self.config.store.url, self.config.name)
    }

    /// A build or a channel of it. Nothing leads to another store or name.
    fn place(&self, build: &str) -> Result<String, String> {
        match OutputPath::new(build) {
            Ok(build) if !build.as_str().contains(['@', ':']) => {
                Ok(format!("{}@{build}", self.own_place()))
            }
            _ => Err(format!("`{build}` is neither a build nor a channel")),
        }
    }

    fn deployments(&self, name: Option<&str>) -> Answer {
        let name = match name {
            Some(name) => match OutputPath::new(name) {
                Ok(name) if !name.as_str().contains(['@', ':']) => name.to_string(),
                _ => return Err(format!("`{name}` cannot be the name of a deployment")),
            },
            None => self.config.name.clone(),
        };
        let location = format!("{}/{name}", self.config.store.url);
        let found = builds(self.config, self.ports, &location);
        let found = found.map_err(|error| render(&error, false))?;
        let list: Vec<Value> = found
            .iter()
            .rev()
            .map(|build| {
                let entry = &build.entry;
                json!({
                    "build": entry.build_id,
                    "commit": entry.commit,
                    "files": entry.files,
                    "bytes": entry.raw,
                    "brotli": entry.brotli,
                    "channels": build.channels,
                })
            })
            .collect();
        Ok(Content::Json(json!({ "location": location, "builds": list })))
    }

    /// The metafile of what the settings build or name, with sizes. Nothing is written.
    fn built(&self) -> Result<Metafile, String> {
        let mut outcome = Outcome::default();
        let Some((folder, mut metafile)) = outputs(self.config, self.ports, &mut outcome) else {
            return Err(problems(&outcome));
        };
        name_packages(&mut metafile, self.config, self.ports);
        measure(&mut metafile, &folder.artifacts);
        measure_encoded(&mut metafile, &folder.artifacts, self.config);
        Ok(metafile)
    }

    fn report(&self, build: Option<&str>, base: Option<&str>) -> Result<String, String> {
        let metafile = match build {
            Some(build) => metafile_at(self.config, self.ports, &self.place(build)?)?,
            None => self.built()?,
        };
        let mut config = self.config.clone();
        if let Some(base) = base {
            config.report.base = match base {
                "auto" | "none" => base.to_owned(),
                _ if base.starts_with("git:") => base.to_owned(),
                file if file.ends_with(".json") => self.own_file(file)?,
                build => self.place(build)?,
            };
        }
        let mut outcome = Outcome::default();
        let report = assessed(&config, self.ports, &metafile, &mut outcome);
        Ok(markdown::render(&report))
    }

    /// A file of the project: nothing outside of it is read for a client.
    fn own_file(&self, path: &str) -> Result<String, String> {
        let real = |path: &Path| DiskFileSystem.canonicalize(path).ok();
        let file = real(&self.config.root.join(path));
        let root = real(&self.config.root);
        match (file, root) {
            (Some(file), Some(root)) if file.starts_with(&root) => Ok(path.to_owned()),
            _ => Err(format!("`{path}` is no file of the project")),
        }
    }

    /// The input of the metafile that a text names.
    fn module(metafile: &Metafile, text: &str) -> Result<String, String> {
        if metafile.inputs.contains_key(text) {
            return Ok(text.to_owned());
        }
        let ends = |path: &&String| path.ends_with(&format!("/{text}"));
        let found: Vec<&String> = metafile.inputs.keys().filter(ends).collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let near = crate::diag::nearest(text, metafile.inputs.keys().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                Err(format!("no module of the bundle is `{text}`{near}"))
            }
            several => {
                let names: Vec<String> =
                    several.iter().take(10).map(|path| format!("`{path}`")).collect();
                Err(format!("several modules end so: {}", names.join(", ")))
            }
        }
    }

    fn why(&self, text: &str) -> Answer {
        let metafile = self.built()?;
        let module = Self::module(&metafile, text)?;
        let chain = metafile.chain_to(&module);
        let steps: Vec<Value> = chain
            .windows(2)
            .map(|pair| {
                let imports = metafile.inputs.get(&pair[0]).map(|input| input.imports.as_slice());
                let import = imports.unwrap_or_default().iter().find(|one| one.path == pair[1]);
                json!({
                    "from": pair[0],
                    "to": pair[1],
                    "line": import.and_then(|import| import.line),
                    "specifier": import.map(|one| one.original.as_ref().unwrap_or(&one.path)),
                    "kind": import.map(|import| &import.kind),
                })
            })
            .collect();
        Ok(Content::Json(json!({
            "module": module,
            "package": metafile.inputs.get(&module).and_then(|input| input.package.as_ref()),
            "chain": chain,
            "imports": steps,
            "outputs": contributions(&metafile, &module),
        })))
    }

    fn used(&self, text: &str) -> Answer {
        let metafile = self.built()?;
        let module = Self::module(&metafile, text)?;
        let outputs = contributions(&metafile, &module);
        Ok(Content::Json(json!({ "module": module, "outputs": outputs })))
    }

    fn leaks(&self) -> Answer {
        let mut outcome = Outcome::default();
        let built = outputs(self.config, self.ports, &mut outcome);
        let Some((folder, metafile)) = built else { return Err(problems(&outcome)) };
        let place = output_folder(self.config);
        let gated =
            gate(self.config, self.ports, folder.artifacts, &place, &metafile, &mut outcome);
        let (list, searched, passes) = match gated {
            Gated::Passed(scanned, found) => (found, scanned.searched().clone(), true),
            Gated::Blocked(findings) => (findings.list, findings.searched, false),
            Gated::Failed => return Err(problems(&outcome)),
        };
        Ok(Content::Json(with_verdict(sarif::to_json(&list, &searched), passes)))
    }

    fn change(&self, place: &str, command: &StoreCommand) -> Answer {
        let outcome = run_store(self.config, self.ports, place, &self.config.root, command);
        said(outcome).map(Content::Text)
    }
}

fn with_verdict(mut json: Value, passes: bool) -> Value {
    if let Some(object) = json.as_object_mut() {
        object.insert("passes".to_owned(), passes.into());
    }
    json
}

/// What of a module is in which output.
fn contributions(metafile: &Metafile, module: &str) -> Vec<Value> {
    let outputs = metafile.outputs.iter();
    outputs
        .filter_map(|(path, output)| {
            let part = output.inputs.get(module)?;
            Some(json!({ "output": path, "bytes": part.bytes_in_output, "exports": part.exports }))
        })
        .collect()
}

/// What an outcome says, or why it failed.
fn said(outcome: Outcome) -> Result<String, String> {
    if outcome.exit_code() != ExitCode::Fine {
        return Err(problems(&outcome));
    }
    let warnings = problems(&outcome);
    let lines = outcome.done.join("\n");
    let said = outcome.report.unwrap_or(lines);
    Ok(if warnings.is_empty() { said } else { format!("{said}\n\n{warnings}") })
}

fn problems(outcome: &Outcome) -> String {
    outcome.diagnostics.iter().map(|diagnostic| render(diagnostic, false)).collect()
}
