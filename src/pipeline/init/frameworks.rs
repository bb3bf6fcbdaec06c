//! Frameworks and bundlers that a project may build with: how they are recognised, and where their outputs go.

use std::path::Path;

use serde_json::Value;

use super::property::{Property, property_of};
use crate::fs::{DiskFileSystem, FileSystem as _, normalize};

/// A framework or bundler.
struct Framework {
    /// The package that brings it.
    package: &'static str,
    title: &'static str,
    /// What scripts build with.
    command: &'static str,
    /// Flags of the command that name the folder.
    flags: &'static [&'static str],
    /// The settings file without its extension, and the property in it that names the folder.
    settings: Option<(&'static str, &'static str)>,
    /// The folder where nothing names one.
    default: &'static str,
    /// What of the folder browsers get, if that is not all.
    below: &'static str,
}

/// From each one's documentation of its build command and its settings; those that stand on others come before them.
const FRAMEWORKS: [Framework; 20] = [
    // https://nextjs.org/docs/app/api-reference/config/next-config-js/distDir
    Framework {
        package: "next",
        title: "Next.js",
        command: "next build",
        settings: Some(("next.config", "distDir")),
        default: ".next",
        below: "static",
        ..USUAL
    },
    // https://nuxt.com/docs/4.x/getting-started/deployment
    Framework {
        package: "nuxt",
        title: "Nuxt",
        command: "nuxt",
        default: ".output",
        below: "public",
        ..USUAL
    },
    // https://docs.astro.build/en/reference/configuration-reference/#outdir
    Framework {
        package: "astro",
        title: "Astro",
        command: "astro build",
        flags: &["--outDir"],
        settings: Some(("astro.config", "outDir")),
        ..USUAL
    },
    // https://svelte.dev/docs/kit/adapter-static
    Framework {
        package: "@sveltejs/kit",
        title: "SvelteKit",
        command: "vite build",
        settings: Some(("svelte.config", "pages")),
        default: "build",
        ..USUAL
    },
    // https://reactrouter.com/explanation/special-files#react-routerconfigts
    Framework {
        package: "@react-router/dev",
        title: "React Router",
        command: "react-router build",
        settings: Some(("react-router.config", "buildDirectory")),
        default: "build",
        below: "client",
        ..USUAL
    },
    // https://v2.remix.run/docs/file-conventions/vite-config#builddirectory
    Framework {
        package: "@remix-run/dev",
        title: "Remix",
        command: "remix",
        settings: Some(("vite.config", "buildDirectory")),
        default: "build",
        below: "client",
        ..USUAL
    },
    // https://angular.dev/reference/configs/workspace-config
    Framework {
        package: "@angular/cli",
        title: "Angular",
        command: "ng build",
        flags: &["--output-path"],
        ..USUAL
    },
    // https://create-react-app.dev/docs/production-build
    Framework {
        package: "react-scripts",
        title: "Create React App",
        command: "react-scripts build",
        default: "build",
        ..USUAL
    },
    // https://cli.vuejs.org/config/#outputdir
    Framework {
        package: "@vue/cli-service",
        title: "Vue CLI",
        command: "vue-cli-service build",
        flags: &["--dest"],
        settings: Some(("vue.config", "outputDir")),
        ..USUAL
    },
    // https://www.gatsbyjs.com/docs/reference/gatsby-cli/#build
    Framework {
        package: "gatsby",
        title: "Gatsby",
        command: "gatsby build",
        default: "public",
        ..USUAL
    },
    // https://docusaurus.io/docs/cli#docusaurus-build-sitedir
    Framework {
        package: "@docusaurus/core",
        title: "Docusaurus",
        command: "docusaurus build",
        flags: &["--out-dir"],
        default: "build",
        ..USUAL
    },
    // https://www.11ty.dev/docs/config/#output-directory
    Framework {
        package: "@11ty/eleventy",
        title: "Eleventy",
        command: "eleventy",
        flags: &["--output"],
        settings: Some(("eleventy.config", "output")),
        default: "_site",
        ..USUAL
    },
    // https://rsbuild.rs/config/output/dist-path
    Framework {
        package: "@rsbuild/core",
        title: "Rsbuild",
        command: "rsbuild build",
        settings: Some(("rsbuild.config", "distPath")),
        ..USUAL
    },
    // https://rspack.rs/api/cli
    Framework {
        package: "@rspack/cli",
        title: "Rspack",
        command: "rspack",
        flags: &["-o", "--output-path"],
        settings: Some(("rspack.config", "path")),
        ..USUAL
    },
    // https://vite.dev/config/build-options.html#build-outdir
    Framework {
        package: "vite",
        title: "Vite",
        command: "vite build",
        flags: &["--outDir"],
        settings: Some(("vite.config", "outDir")),
        ..USUAL
    },
    // https://webpack.js.org/api/cli/#build
    Framework {
        package: "webpack",
        title: "webpack",
        command: "webpack",
        flags: &["-o", "--output-path"],
        settings: Some(("webpack.config", "path")),
        ..USUAL
    },
    // https://rolldown.rs/reference/cli
    Framework {
        package: "rolldown",
        title: "Rolldown",
        command: "rolldown",
        flags: &["-d", "--dir"],
        settings: Some(("rolldown.config", "dir")),
        ..USUAL
    },
    // https://rollupjs.org/command-line-interface/#command-line-flags
    Framework {
        package: "rollup",
        title: "Rollup",
        command: "rollup",
        flags: &["-d", "--dir"],
        settings: Some(("rollup.config", "dir")),
        ..USUAL
    },
    // https://parceljs.org/features/cli/
    Framework {
        package: "parcel",
        title: "Parcel",
        command: "parcel build",
        flags: &["--dist-dir"],
        ..USUAL
    },
    // https://vitepress.dev/reference/site-config#outdir
    Framework {
        package: "vitepress",
        title: "VitePress",
        command: "vitepress build",
        flags: &["--outDir"],
        default: ".vitepress/dist",
        ..USUAL
    },
];

/// What most have in common: nothing names the folder, which is `dist`, and browsers get all of it.
const USUAL: Framework = Framework {
    package: "",
    title: "",
    command: "",
    flags: &[],
    settings: None,
    default: "dist",
    below: "",
};

/// Extensions of settings files, in the order in which tools look for them.
const EXTENSIONS: [&str; 6] = ["js", "mjs", "ts", "cjs", "mts", "cts"];

/// What builds a project, if that is not us.
pub(super) struct Builder {
    pub(super) title: &'static str,
    /// The folder of its outputs, relative to the project.
    pub(super) folder: String,
    /// Where that was read, or the name of the file that should say it and cannot be read for sure.
    pub(super) source: Source,
    /// The script of package.json that builds.
    pub(super) script: Option<String>,
}

/// Where the folder of a builder's outputs was found.
pub(super) enum Source {
    /// It is what the builder takes by itself.
    Default,
    /// A file or a script says so.
    Said(String),
    /// A file names a folder in a way that only running it tells.
    Unknown(String),
}

impl Builder {
    /// What builds the project in a folder.
    pub(super) fn of(folder: &Path, package: &Value) -> Option<Self> {
        let depends = |name: &str| {
            ["dependencies", "devDependencies"]
                .iter()
                .any(|kind| package[*kind].get(name).is_some())
        };
        let framework = FRAMEWORKS.iter().find(|framework| depends(framework.package))?;
        let scripts: Vec<(&String, &str)> = package["scripts"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, command)| Some((name, command.as_str()?)))
            .collect();
        let builds = |(_, command): &&(&String, &str)| command.contains(framework.command);
        let named = scripts.iter().find(|(name, _)| *name == "build");
        let script = named.or_else(|| scripts.iter().find(builds));
        let of_flag = scripts.iter().filter(builds).find_map(|(name, command)| {
            Some((flag(command, framework.flags)?, Source::Said(format!("the script `{name}`"))))
        });
        let (path, source) = of_flag.unwrap_or_else(|| framework.folder(folder, package));
        Some(Self {
            title: framework.title,
            folder: path,
            source,
            script: script.map(|(name, _)| (*name).clone()),
        })
    }
}

impl Framework {
    fn folder(&self, folder: &Path, package: &Value) -> (String, Source) {
        let default = || (below(self.default, self.below), Source::Default);
        if self.package == "@angular/cli" {
            return angular(folder).unwrap_or_else(default);
        }
        let Some((stem, property)) = self.settings else { return default() };
        let Some((file, text)) = settings_file(folder, stem) else { return default() };
        let said = || Source::Said(format!("`{file}`"));
        let mut inside = self.below;
        let mut fallback = self.default;
        match self.package {
            // A static export has all in a folder of its own, unless another one is set.
            "next" if property_of(&text, "output") == Property::Text("export".to_owned()) => {
                (inside, fallback) = ("", "out");
            }
            "astro" if property_of(&text, "output") == Property::Text("server".to_owned()) => {
                inside = "client";
            }
            "@sveltejs/kit"
                if package["devDependencies"].get("@sveltejs/adapter-static").is_none() =>
            {
                return (".svelte-kit/output/client".to_owned(), said());
            }
            _ => {}
        }
        let root = match property_of(&text, "root") {
            Property::Text(root) if self.package == "vite" => root,
            _ => String::new(),
        };
        match property_of(&text, property) {
            Property::Text(path) => (below(&below(&root, &path), inside), said()),
            Property::None if self.package.starts_with("roll") => {
                match property_of(&text, "file") {
                    Property::Text(file) => {
                        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
                        (below("", folder), said())
                    }
                    _ => default(),
                }
            }
            Property::None if fallback != self.default || !root.is_empty() => {
                (below(&below(&root, fallback), inside), said())
            }
            Property::None => (below(fallback, inside), Source::Default),
            Property::Computed => (below(fallback, inside), Source::Unknown(file)),
        }
    }
}

/// `outputPath` of the project that `ng build` builds; the builders that are named `application` put what browsers get
/// into a folder below (<https://angular.dev/reference/configs/workspace-config#output-path-configuration>).
fn angular(folder: &Path) -> Option<(String, Source)> {
    let json = DiskFileSystem.read(&folder.join("angular.json")).ok()?;
    let json: Value = serde_json::from_slice(&json).ok()?;
    let projects = json["projects"].as_object()?;
    let (name, project) = match json["defaultProject"].as_str() {
        Some(name) => (name.to_owned(), projects.get(name)?),
        None => projects.iter().next().map(|(name, project)| (name.clone(), project))?,
    };
    let architect = ["architect", "targets"].iter().find_map(|key| project.get(*key))?;
    let build = &architect["build"];
    let is_application =
        build["builder"].as_str().is_some_and(|builder| builder.ends_with(":application"));
    let path = &build["options"]["outputPath"];
    let base = path.as_str().or_else(|| path["base"].as_str());
    let base = base.map_or_else(|| format!("dist/{name}"), str::to_owned);
    let browser = match path["browser"].as_str() {
        Some(browser) => browser,
        None if is_application => "browser",
        None => "",
    };
    Some((below(&base, browser), Source::Said("`angular.json`".to_owned())))
}

/// A path in a folder, both relative, as it would be written.
fn below(folder: &str, path: &str) -> String {
    let joined = normalize(&Path::new("/").join(folder).join(path.trim_start_matches('/')));
    joined.to_string_lossy().trim_start_matches('/').to_owned()
}

/// The text of the settings file of a tool, with its name.
fn settings_file(folder: &Path, stem: &str) -> Option<(String, String)> {
    let mut names = EXTENSIONS.iter().map(|extension| format!("{stem}.{extension}"));
    names.find_map(|name| {
        let bytes = DiskFileSystem.read(&folder.join(&name)).ok()?;
        Some((name, String::from_utf8_lossy(&bytes).into_owned()))
    })
}

/// The value of a flag in a command: `--flag value`, `--flag=value`.
pub(super) fn flag(command: &str, names: &[&str]) -> Option<String> {
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if names.contains(&name) {
            let value = value.or_else(|| words.next())?;
            return Some(value.trim_matches(['"', '\'']).trim_start_matches("./").to_owned());
        }
    }
    None
}
