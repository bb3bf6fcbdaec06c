//! Reads `bundlegate.yml`; points at the line when a key or a value is wrong.
//!
//! The reader is driven by the list of settings, so the YAML library knows where each refused key and value stands.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::settings::{Field, Kind, SETTINGS, Setting};
use super::value::{self, Layer, Value};
use crate::diag::{Diagnostic, Location, nearest};

/// Name of the settings file that is looked for.
pub const FILE_NAME: &str = "bundlegate.yml";

/// Reads the text of a settings file. `path` is its name in messages.
pub fn parse(text: &str, path: &str) -> Result<Layer, Diagnostic> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Layer::default());
    }
    let mut layer = Layer::default();
    let section = Section { prefix: "", layer: &mut layer };
    match section.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(()) => Ok(layer),
        Err(error) => Err(diagnostic(&error, text, path)),
    }
}

fn diagnostic(error: &serde_yaml::Error, text: &str, path: &str) -> Diagnostic {
    let message = error.to_string();
    // The library appends the place, and puts the key before it; the place is shown by itself.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let (message, hint) =
        message.split_once(HINT).map_or((message, None), |(message, hint)| (message, Some(hint)));
    let message = message.rsplit_once(MARK).map_or(message, |(_, message)| message);
    // What stands where the place of a key should may be the key.
    let hides_line = message.starts_with(SECRET);
    let message = message.trim_start_matches(SECRET);
    let location = error.location().map(|place| Location {
        file: path.to_owned(),
        line: place.line(),
        column: place.column(),
        length: 1,
        line_text: if hides_line { String::new() } else { line_of(text, place.line()) },
    });
    let diagnostic = Diagnostic::error("config/file", message)
        .at(location.unwrap_or_else(|| Location::file(path)));
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// Separates a hint from a message on its way through the library's error.
const HINT: &str = "\u{1}hint:";
/// Starts a message, so that what the library puts before it can be cut off.
const MARK: &str = "\u{1}";

/// Starts a message on a line that must not be shown.
const SECRET: &str = "\u{2}";

fn line_of(text: &str, line: usize) -> String {
    text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned()
}

fn fail<E: serde::de::Error>(message: impl fmt::Display, hint: Option<String>) -> E {
    match hint {
        Some(hint) => E::custom(format!("{MARK}{message}{HINT}{hint}")),
        None => E::custom(format!("{MARK}{message}")),
    }
}

/// A level of the file: the whole, or what stands below a key.
struct Section<'a> {
    /// Empty, or the key with a dot behind it.
    prefix: &'a str,
    layer: &'a mut Layer,
}

enum Key {
    Setting(&'static Setting),
    Section(String),
}

/// Looks a key up while the library still knows where it stands.
struct KeySeed<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a setting")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Key, E> {
        let key = format!("{}{name}", self.0);
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
            return Ok(Key::Setting(setting));
        }
        let section = format!("{key}.");
        if SETTINGS.iter().any(|setting| setting.key.starts_with(&section)) {
            return Ok(Key::Section(section));
        }
        let mut known: Vec<&str> = SETTINGS
            .iter()
            .filter_map(|setting| setting.key.strip_prefix(self.0))
            .map(|rest| rest.split('.').next().unwrap_or(rest))
            .collect();
        known.dedup();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                match SETTINGS.iter().find(|setting| setting.key.ends_with(&format!(".{name}"))) {
                    Some(setting) => format!("it stands at `{}`", setting.key),
                    None => format!("known here: {}", known.join(", ")),
                }
            }
        };
        Err(fail(format!("there is no setting `{key}`"), Some(hint)))
    }
}

impl<'de> DeserializeSeed<'de> for Section<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Section<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.strip_suffix('.') {
            Some(name) => write!(formatter, "settings below `{name}`"),
            None => formatter.write_str("settings"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(self.prefix))? {
            match key {
                Key::Section(prefix) => {
                    map.next_value_seed(Section { prefix: &prefix, layer: &mut *self.layer })?;
                }
                Key::Setting(setting) => {
                    let value =
                        map.next_value_seed(ValueSeed { key: setting.key, kind: setting.kind })?;
                    if self.layer.insert(setting.name, value).is_some() {
                        return Err(fail(format!("`{}` is set twice", setting.key), None));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The value of a file of YAML that is not ours; `None` where it is none.
#[must_use]
pub fn read_yaml(bytes: &[u8]) -> Option<serde_json::Value> {
    serde_yaml::from_slice(bytes).ok()
}

/// Reads a value of a setting's kind.
struct ValueSeed {
    key: &'static str,
    kind: Kind,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} for `{}`", value::expected(self.kind), self.key)
    }

    fn visit_bool<E: serde::de::Error>(self, on: bool) -> Result<Value, E> {
        match self.kind {
            Kind::Switch => Ok(Value::Switch(on)),
            // `compress: false` and the like: none of the list.
            Kind::List | Kind::Choices(_) if !on => Ok(Value::List(Vec::new())),
            // `sourcemap: true` means what the flag without a value means.
            Kind::Choice(words) if on && words.contains(&"linked") => self.visit_str("linked"),
            Kind::Choice(words) if !on && words.contains(&"none") => self.visit_str("none"),
            Kind::Text | Kind::List => Err(no_text(self.key)),
            _ => self.visit_str(if on { "true" } else { "false" }),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        match self.kind {
            // As a number, `1.10` is `1.1`.
            Kind::Text | Kind::List => Err(no_text(self.key)),
            _ => self.visit_str(&number.to_string()),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        match self.kind {
            Kind::Map | Kind::KeySources | Kind::Records(_) => {
                Err(fail(format!("`{}` takes {}", self.key, value::expected(self.kind)), None))
            }
            // One text is a list of one; commas are part of it here.
            Kind::List => Ok(Value::List(vec![text.to_owned()])),
            kind => value::parse(kind, text)
                .map_err(|error| fail(format!("{}`{}`: {error}", hidden(kind), self.key), None)),
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Err(fail(
            format!("`{}` has no value", self.key),
            Some(format!("it takes {}", value::expected(self.kind))),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        match self.kind {
            Kind::List | Kind::Choices(_) => {
                let mut list = Vec::new();
                while let Some(item) =
                    sequence.next_element_seed(TextSeed { key: self.key, kind: self.kind })?
                {
                    list.push(item);
                }
                Ok(Value::List(list))
            }
            Kind::Records(fields) => {
                let mut records = Vec::new();
                while let Some(record) =
                    sequence.next_element_seed(RecordSeed { key: self.key, fields })?
                {
                    records.push(record);
                }
                Ok(Value::Records(records))
            }
            kind => Err(fail(
                format!("`{}` takes {}, not a list", self.key, value::expected(kind)),
                None,
            )),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        if !matches!(self.kind, Kind::Map | Kind::KeySources) {
            return Err(fail(
                format!("`{}` takes {}, not a mapping", self.key, value::expected(self.kind)),
                None,
            ));
        }
        let mut entries = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let kind = if self.kind == Kind::Map { Kind::Text } else { Kind::KeySource };
            let text = map.next_value_seed(TextSeed { key: self.key, kind })?;
            entries.insert(name, text);
        }
        Ok(Value::Map(entries))
    }
}

/// What YAML takes for something else than a text, where one is wanted: what was written need not be what it prints as.
fn no_text<E: serde::de::Error>(key: &str) -> E {
    fail(
        format!("`{key}` takes a text, and this is none"),
        Some("if it is meant, put it in quotes".to_owned()),
    )
}

/// Starts the message on a value of this kind: where a key should be named, the line may hold the key itself.
fn hidden(kind: Kind) -> &'static str {
    if kind == Kind::KeySource { SECRET } else { "" }
}

/// Reads one text of a list or mapping; numbers and booleans are texts too.
struct TextSeed {
    key: &'static str,
    kind: Kind,
}

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for TextSeed {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a text in `{}`", self.key)
    }

    fn visit_bool<E: serde::de::Error>(self, on: bool) -> Result<String, E> {
        match self.kind {
            Kind::List => Err(no_text(self.key)),
            _ => self.visit_str(if on { "true" } else { "false" }),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        let checked = match self.kind {
            Kind::Choices(words) => value::choose(words, text).map(|_| ()),
            Kind::KeySource => value::check_source(text),
            _ => Ok(()),
        };
        checked
            .map_err(|error| fail(format!("{}`{}`: {error}", hidden(self.kind), self.key), None))?;
        Ok(text.to_owned())
    }
}

/// Reads one record of a list.
struct RecordSeed {
    key: &'static str,
    fields: &'static [Field],
}

impl<'de> DeserializeSeed<'de> for RecordSeed {
    type Value = BTreeMap<String, String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        write!(formatter, "a mapping with {} in `{}`", names.join(", "), self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = BTreeMap::new();
        while let Some(field) =
            map.next_key_seed(FieldSeed { key: self.key, fields: self.fields })?
        {
            let text = map.next_value_seed(FieldValueSeed { key: self.key, field })?;
            record.insert(field.name.to_owned(), text);
        }
        value::check_record(self.fields, &record)
            .map_err(|error| A::Error::custom(format!("{MARK}`{}`: {error}", self.key)))?;
        Ok(record)
    }
}

struct FieldSeed {
    key: &'static str,
    fields: &'static [Field],
}

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = &'static Field;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldSeed {
    type Value = &'static Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a field of `{}`", self.key)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        if let Some(field) = self.fields.iter().find(|field| field.name == name) {
            return Ok(field);
        }
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", names.join(", ")),
        };
        Err(fail(format!("`{}` has no field `{name}`", self.key), Some(hint)))
    }
}

struct FieldValueSeed {
    key: &'static str,
    field: &'static Field,
}

impl<'de> DeserializeSeed<'de> for FieldValueSeed {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let text = TextSeed { key: self.key, kind: Kind::Text }.deserialize(deserializer)?;
        value::check_field(self.field, &text)
            .map_err(|error| fail(format!("`{}`: {error}", self.key), None))?;
        Ok(text)
    }
}
