//! Style sheets: one file read through lightningcss into what a build needs of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cssparser::{Parser, ParserInput, Token};
use lightningcss::css_modules::{Config, CssModuleExport, CssModuleReference};
use lightningcss::declaration::DeclarationBlock;
use lightningcss::printer::PrinterOptions;
use lightningcss::properties::Property;
use lightningcss::properties::font::FontStretch;
use lightningcss::rules::layer::LayerName;
use lightningcss::rules::supports::SupportsCondition;
use lightningcss::rules::{CssRule, CssRuleList};
use lightningcss::stylesheet::{ParserOptions, StyleSheet};
use lightningcss::traits::ToCss;
use lightningcss::values::image::Image;
use lightningcss::values::url::Url;
use lightningcss::visitor::{Visit, VisitTypes, Visitor};

use crate::bundle::input_map::InputMap;
use crate::bundle::options::is_legal;

/// A style sheet that was read.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its text as it was, where a source map is to be made.
    pub source: Option<String>,
    /// The map that leads from there to what it was compiled from.
    pub(crate) input_map: Option<Arc<InputMap>>,
    /// Its rules without `@import`. What `url()` names is a stand-in each.
    pub code: String,
    /// How a stand-in begins and ends, with quotes; between stands the number of the URL.
    pub stand_in: (String, String),
    /// What it imports, in order.
    pub imports: Vec<SheetImport>,
    /// What `url()` names.
    pub urls: Vec<SheetUrl>,
    /// Names of the cascade layers that it has, in the order of their first places, with those around them.
    pub layers: Vec<String>,
    /// Texts of licences, as comments.
    pub legal: Vec<String>,
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
    /// Names of `@layer` statements that stand before it: they say which layer is below which.
    pub layers: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// What stands behind the URL of an `@import`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    let mut legal = Vec::new();
    if text.contains("/*") {
        collect_legal(&mut Parser::new(&mut ParserInput::new(text)), &mut legal);
    }
    // Those at its top; they go where all go.
    sheet.license_comments.clear();
    let invalid = |error: &dyn std::fmt::Display| SheetError {
        message: error.to_string(),
        place: place(1, 1),
    };
    let mut layers = Vec::new();
    layers_of(&sheet.rules, "", &mut layers);
    let imports = take_imports(&mut sheet.rules, &place);
    let mut mark = "(((url".to_owned();
    while text.contains(&mark) {
        mark.insert(0, '(');
    }
    let mut rewriter = Rewriter { mark, urls: Vec::new() };
    let Ok(()) = sheet.visit(&mut rewriter);
    let stand_in = (format!("\"{}", rewriter.mark), ")))\"".to_owned());
    let urls = rewriter.urls.into_iter().map(|url| SheetUrl {
        specifier: url.url.to_string(),
        place: place(url.loc.line, url.loc.column),
    });
    let urls = urls.collect();
    // Lightning CSS would also merge declarations. It drops values that some browser does not know for others that it may
    // not know either, and moves declarations over those that reset them.
    let printed = sheet
        .to_css(PrinterOptions { minify, ..PrinterOptions::default() })
        .map_err(|error| invalid(&error.kind))?;
    let mut code = printed.code;
    if !code.is_empty() && !code.ends_with('\n') {
        code.push('\n');
    }
    let exports = printed.exports.unwrap_or_default();
    let names = exports.iter().map(|(name, export)| (name.clone(), sheet_name(export))).collect();
    Ok(Sheet { code, stand_in, imports, urls, layers, legal, names, ..Sheet::default() })
}

/// Adds the comments whose licence wants them kept, however deep they stand.
fn collect_legal(parser: &mut Parser<'_, '_>, found: &mut Vec<String>) {
    while let Ok(token) = parser.next_including_whitespace_and_comments() {
        let has_inside = match token {
            Token::Comment(text) => {
                if is_legal(text) {
                    found.push(format!("/*{text}*/"));
                }
                false
            }
            Token::Function(_)
            | Token::ParenthesisBlock
            | Token::SquareBracketBlock
            | Token::CurlyBracketBlock => true,
            _ => false,
        };
        if has_inside {
            let read = parser.parse_nested_block(|parser| {
                collect_legal(parser, found);
                Ok::<(), cssparser::ParseError<'_, ()>>(())
            });
            debug_assert!(read.is_ok(), "everything in the block was read");
        }
    }
}

/// Takes the imports from a sheet, with the statements of layers before them.
fn take_imports(
    rules: &mut CssRuleList<'_>,
    place: &impl Fn(u32, u32) -> Place,
) -> Vec<SheetImport> {
    let last = rules.0.iter().rposition(|rule| matches!(rule, CssRule::Import(_)));
    let Some(last) = last else { return Vec::new() };
    let (mut imports, mut layers, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (index, rule) in std::mem::take(&mut rules.0).into_iter().enumerate() {
        let import = match rule {
            CssRule::LayerStatement(statement) if index < last => {
                layers.extend(statement.names.iter().map(layer_name));
                continue;
            }
            CssRule::Import(import) => import,
            other => {
                rest.push(other);
                continue;
            }
        };
        let print = |value: &dyn Fn(PrinterOptions<'_>) -> Option<String>| {
            value(PrinterOptions { minify: true, ..PrinterOptions::default() })
        };
        let supports = import.supports.as_ref().and_then(|supports| {
            let text = print(&|options| supports.to_css_string(options).ok())?;
            let is_one = matches!(supports, SupportsCondition::Declaration { .. });
            let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            Some(inside.filter(|_| is_one).map_or_else(|| text.clone(), str::to_owned))
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
            layers: std::mem::take(&mut layers),
            place: place(import.loc.line + 1, import.loc.column),
        });
    }
    rules.0 = rest;
    imports
}

fn layer_name(name: &LayerName<'_>) -> String {
    name.to_css_string(PrinterOptions::default()).unwrap_or_default()
}

/// Adds the names of layers in rules that stand in the layer `around`, or in none.
fn layers_of(rules: &CssRuleList<'_>, around: &str, found: &mut Vec<String>) {
    let full = |name: &LayerName<'_>| {
        let own = layer_name(name);
        if around.is_empty() { own } else { format!("{around}.{own}") }
    };
    for rule in &rules.0 {
        match rule {
            CssRule::LayerStatement(statement) => found.extend(statement.names.iter().map(full)),
            CssRule::LayerBlock(block) => {
                if let Some(name) = block.name.as_ref().map(full) {
                    found.push(name.clone());
                    layers_of(&block.rules, &name, found);
                }
            }
            CssRule::Media(media) => layers_of(&media.rules, around, found),
            CssRule::Supports(supports) => layers_of(&supports.rules, around, found),
            CssRule::Container(container) => layers_of(&container.rules, around, found),
            _ => {}
        }
    }
}

/// Puts stand-ins in the place of URLs, and values in the place of those that would be printed as nothing.
struct Rewriter<'i> {
    mark: String,
    urls: Vec<Url<'i>>,
}

impl<'i> Visitor<'i> for Rewriter<'i> {
    type Error = std::convert::Infallible;

    fn visit_types(&self) -> VisitTypes {
        VisitTypes::PROPERTIES | VisitTypes::URLS | VisitTypes::IMAGES
    }

    fn visit_declaration_block(
        &mut self,
        block: &mut DeclarationBlock<'i>,
    ) -> Result<(), Self::Error> {
        // Printed short, a width is a percentage, which `font` does not take (CSS Fonts 4, 2.7) and `font-stretch` does.
        for list in [&mut block.declarations, &mut block.important_declarations] {
            let mut at = 0;
            while let Some(property) = list.get_mut(at) {
                at += 1;
                if let Property::Font(font) = property
                    && font.stretch != FontStretch::default()
                {
                    let stretch = std::mem::take(&mut font.stretch);
                    list.insert(at, Property::FontStretch(stretch));
                    at += 1;
                }
            }
        }
        block.visit_children(self)
    }

    fn visit_property(&mut self, property: &mut Property<'i>) -> Result<(), Self::Error> {
        let value = property.value_to_css_string(PrinterOptions::default());
        let is_kept = matches!(property, Property::Custom(_) | Property::Unparsed(_));
        if !is_kept && value.is_ok_and(|value| value.trim().is_empty()) {
            // A shorthand whose parts all have their initial values.
            let id = property.property_id();
            if let Ok(initial) = Property::parse_string(id, "initial", ParserOptions::default()) {
                *property = initial;
            }
        }
        property.visit_children(self)
    }

    fn visit_image(&mut self, image: &mut Image<'i>) -> Result<(), Self::Error> {
        // The visitor does not go into these by itself.
        if let Image::ImageSet(set) = image {
            set.options.iter_mut().try_for_each(|option| match &mut option.image {
                Image::Url(url) => self.visit_url(url),
                other => self.visit_image(other),
            })
        } else {
            image.visit_children(self)
        }
    }

    fn visit_url(&mut self, url: &mut Url<'i>) -> Result<(), Self::Error> {
        let stand_in = format!("{}{})))", self.mark, self.urls.len());
        self.urls.push(url.clone());
        url.url = stand_in.into();
        Ok(())
    }
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
        assert!(
            sheet.code.contains(&format!("{}0{}", sheet.stand_in.0, sheet.stand_in.1)),
            "{}",
            sheet.code
        );
    }

    #[test]
    fn errors_have_places() {
        let error = read("a { color: red }\n} b", "main.css", false, false).unwrap_err();
        assert_eq!((error.place.line, error.place.column), (2, 4), "{}", error.message);
    }
}
