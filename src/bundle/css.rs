//! Style sheets: one file read through lightningcss into what a build needs of it.

use std::collections::BTreeMap;
use std::path::Path;

use lightningcss::css_modules::{Config, CssModuleExport, CssModuleReference};
use lightningcss::dependencies::{Dependency, DependencyOptions};
use lightningcss::printer::PrinterOptions;
use lightningcss::rules::CssRule;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, StyleSheet};
use lightningcss::traits::ToCss;

/// A style sheet that was read.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its rules without `@import`. What `url()` names is a stand-in each.
    pub code: String,
    /// What it imports, in order.
    pub imports: Vec<SheetImport>,
    /// What `url()` names.
    pub urls: Vec<SheetUrl>,
    /// For a CSS module, what its names became; else empty.
    pub names: BTreeMap<String, SheetName>,
}

/// One `@import`.
#[derive(Debug, Clone)]
pub struct SheetImport {
    /// The text of its URL.
    pub specifier: String,
    /// Under which conditions it holds.
    pub conditions: Conditions,
    /// Where it stands.
    pub place: Place,
}

/// What stands behind the URL of an `@import`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conditions {
    /// `layer` or `layer(name)`: a name, empty for one without.
    pub layer: Option<String>,
    /// What is between the parentheses of `supports()`.
    pub supports: Option<String>,
    /// A media query list.
    pub media: Option<String>,
}

impl Conditions {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The rules under these conditions.
    #[must_use]
    pub fn around(&self, code: &str) -> String {
        let mut code = code.to_owned();
        if let Some(layer) = &self.layer {
            let name = if layer.is_empty() { String::new() } else { format!(" {layer}") };
            code = format!("@layer{name} {{\n{code}}}\n");
        }
        if let Some(supports) = &self.supports {
            code = format!("@supports ({supports}) {{\n{code}}}\n");
        }
        if let Some(media) = &self.media {
            code = format!("@media {media} {{\n{code}}}\n");
        }
        code
    }

    /// The same as they stand behind a URL.
    #[must_use]
    pub fn behind_url(&self) -> String {
        let mut text = String::new();
        if let Some(layer) = &self.layer {
            text.push_str(" layer");
            if !layer.is_empty() {
                text.push_str(&format!("({layer})"));
            }
        }
        if let Some(supports) = &self.supports {
            text.push_str(&format!(" supports({supports})"));
        }
        if let Some(media) = &self.media {
            text.push_str(&format!(" {media}"));
        }
        text
    }
}

/// One `url()`.
#[derive(Debug, Clone)]
pub struct SheetUrl {
    /// The text of the URL.
    pub specifier: String,
    /// What stands for it in the code.
    pub stand_in: String,
    /// Where it stands.
    pub place: Place,
}

/// What a name of a CSS module became.
#[derive(Debug, Clone, Default)]
pub struct SheetName {
    /// Class names, those it composes from the same file among them.
    pub classes: Vec<String>,
    /// Names it composes from other files: specifier, name.
    pub composed: Vec<(String, String)>,
}

/// A place in a style sheet.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in UTF-16 units.
    pub column: usize,
    /// The text of the line.
    pub line_text: String,
}

/// Why a style sheet cannot be read.
#[derive(Debug, Clone)]
pub struct SheetError {
    /// What is wrong, as a sentence part.
    pub message: String,
    /// Where it stands.
    pub place: Place,
}

/// How names of CSS modules end.
pub const MODULE_EXTENSION: &str = ".module.css";

/// Whether the names of a file are its own: `*.module.css`.
#[must_use]
pub fn is_module(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(MODULE_EXTENSION))
}

/// Reads a style sheet. `path` is relative to the root; names of CSS modules are made from it.
///
/// # Errors
/// A syntax error, with its place.
pub fn read(text: &str, path: &str, is_module: bool, minify: bool) -> Result<Sheet, SheetError> {
    let options = ParserOptions {
        filename: path.to_owned(),
        css_modules: is_module.then(Config::default),
        ..ParserOptions::default()
    };
    let place = |line: u32, column: u32| Place {
        line: line as usize,
        column: column as usize,
        line_text: text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default().to_owned(),
    };
    let mut sheet = StyleSheet::parse(text, options).map_err(|error| SheetError {
        message: error.kind.to_string(),
        place: error.loc.as_ref().map_or(place(1, 1), |loc| place(loc.line + 1, loc.column)),
    })?;
    let invalid = |error: &dyn std::fmt::Display| SheetError {
        message: error.to_string(),
        place: place(1, 1),
    };
    let mut imports = Vec::new();
    for rule in &sheet.rules.0 {
        let CssRule::Import(import) = rule else { continue };
        let print = |value: &dyn Fn(PrinterOptions<'_>) -> Option<String>| {
            value(PrinterOptions { minify: true, ..PrinterOptions::default() })
        };
        let supports = import.supports.as_ref().and_then(|supports| {
            print(&|options| supports.to_css_string(options).ok())
                .map(|text| text.trim_start_matches('(').trim_end_matches(')').to_owned())
        });
        let media = (!import.media.media_queries.is_empty())
            .then(|| print(&|options| import.media.to_css_string(options).ok()))
            .flatten();
        let layer = import.layer.as_ref().map(|layer| {
            layer
                .as_ref()
                .and_then(|name| print(&|options| name.to_css_string(options).ok()))
                .unwrap_or_default()
        });
        imports.push(SheetImport {
            specifier: import.url.to_string(),
            conditions: Conditions { layer, supports, media },
            place: place(import.loc.line + 1, import.loc.column),
        });
    }
    if minify {
        sheet.minify(MinifyOptions::default()).map_err(|error| invalid(&error.kind))?;
    }
    let printed = sheet
        .to_css(PrinterOptions {
            minify,
            analyze_dependencies: Some(DependencyOptions { remove_imports: true }),
            ..PrinterOptions::default()
        })
        .map_err(|error| invalid(&error.kind))?;
    let mut urls: Vec<SheetUrl> = Vec::new();
    for dependency in printed.dependencies.unwrap_or_default() {
        if let Dependency::Url(url) = dependency
            && !urls.iter().any(|known| known.stand_in == url.placeholder)
        {
            urls.push(SheetUrl {
                specifier: url.url,
                stand_in: url.placeholder,
                place: place(url.loc.start.line, url.loc.start.column),
            });
        }
    }
    let mut code = printed.code;
    if !code.is_empty() && !code.ends_with('\n') {
        code.push('\n');
    }
    let exports = printed.exports.unwrap_or_default();
    let names = exports.iter().map(|(name, export)| (name.clone(), sheet_name(export))).collect();
    Ok(Sheet { code, imports, urls, names })
}

fn sheet_name(export: &CssModuleExport) -> SheetName {
    let mut result = SheetName { classes: vec![export.name.clone()], composed: Vec::new() };
    for reference in &export.composes {
        match reference {
            CssModuleReference::Local { name } | CssModuleReference::Global { name } => {
                result.classes.push(name.clone());
            }
            CssModuleReference::Dependency { name, specifier } => {
                result.composed.push((specifier.clone(), name.clone()));
            }
        }
    }
    result
}

/// The module that scripts see: nothing for a plain sheet, else its names, and all of them as the default export.
#[must_use]
pub fn script_of(sheet: &Sheet) -> String {
    let quote = |text: &str| serde_json::to_string(text).expect("a string always serialises");
    let mut code = String::new();
    let mut entries = Vec::new();
    let mut specifiers: Vec<&str> = Vec::new();
    for (name, value) in &sheet.names {
        let mut expression = quote(&value.classes.join(" "));
        for (specifier, other) in &value.composed {
            let number =
                specifiers.iter().position(|known| known == specifier).unwrap_or_else(|| {
                    code.push_str(&format!(
                        "import import_{} from {};\n",
                        specifiers.len(),
                        quote(specifier)
                    ));
                    specifiers.push(specifier);
                    specifiers.len() - 1
                });
            expression.push_str(&format!(" + \" \" + import_{number}[{}]", quote(other)));
        }
        let number = entries.len();
        code.push_str(&format!("const name_{number} = {expression};\n"));
        if name != "default" {
            code.push_str(&format!("export {{ name_{number} as {} }};\n", quote(name)));
        }
        entries.push(format!("{}: name_{number}", quote(name)));
    }
    code.push_str(&format!("export default {{ {} }};\n", entries.join(", ")));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_keep_their_conditions() {
        let text = "@import url(a.css) layer(x.y) supports(display: grid) screen and (width >= 9px);\n.b { background: url(./c.png) }";
        let sheet = read(text, "main.css", false, true).unwrap();
        let import = &sheet.imports[0];
        assert_eq!(import.specifier, "a.css");
        assert_eq!(
            import.conditions.behind_url(),
            " layer(x.y) supports(display:grid) screen and (width>=9px)"
        );
        assert_eq!(sheet.urls[0].specifier, "./c.png");
        assert!(sheet.code.contains(&sheet.urls[0].stand_in), "{}", sheet.code);
    }

    #[test]
    fn errors_have_places() {
        let error = read("a { color: red }\n} b", "main.css", false, false).unwrap_err();
        assert_eq!((error.place.line, error.place.column), (2, 4), "{}", error.message);
    }
}
