//! Values of settings before they are merged: as text from a flag or a variable, or from the file.

use std::collections::BTreeMap;

use super::settings::{Field, FieldKind, Kind, SETTINGS};
use crate::diag::nearest;

/// A value of some kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Switch`].
    Switch(bool),
    /// Of the kinds that are one text.
    Text(String),
    /// Of [`Kind::List`] and [`Kind::Choices`].
    List(Vec<String>),
    /// Of [`Kind::Map`].
    Map(BTreeMap<String, String>),
    /// Of [`Kind::Records`].
    Records(Vec<BTreeMap<String, String>>),
}

/// What one source says: values by name of the setting.
pub type Layer = BTreeMap<&'static str, Value>;

/// What a kind takes, in words.
#[must_use]
pub fn expected(kind: Kind) -> String {
    match kind {
        Kind::Switch => "true or false".to_owned(),
        Kind::Text => "a text".to_owned(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
        Kind::List => "a list of texts".to_owned(),
        Kind::Choices(words) => format!("a list of {}", words.join(", ")),
        Kind::Map => "texts by name".to_owned(),
        Kind::KeySource => "the place of a key, such as `env:HMAC_KEY`".to_owned(),
        Kind::KeySources => "places of keys by the names of the keys".to_owned(),
        Kind::Records(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            format!("a list of records with {}", names.join(", "))
        }
    }
}

/// Whether the text says where a key comes from: places separated by commas, of which the first that has it counts.
pub fn check_source(text: &str) -> Result<(), String> {
    let is_place = |place: &str| matches!(place.split_once(':'), Some(("env" | "keychain", name)) if !name.is_empty());
    // The text may be a key that someone pasted here, so it is not repeated.
    if text.split(',').all(|place| is_place(place.trim())) {
        Ok(())
    } else {
        Err("takes the place of a key, such as `env:HMAC_KEY`, never the key itself".to_owned())
    }
}

/// Reads a length of time, such as `90d`, `12h` or `30m`, in seconds.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('d') => 86_400,
        Some('h') => 3_600,
        Some('m') => 60,
        Some('s') => 1,
        _ => 0,
    };
    text.get(..text.len().saturating_sub(1))
        .and_then(|number| number.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(unit))
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| format!("`{text}` is no time: write it as `90d`, `12h` or `30m`"))
}

/// Reads a value from one text.
pub fn parse(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Switch => match text {
            "true" | "1" | "yes" | "on" => Ok(Value::Switch(true)),
            "false" | "0" | "no" | "off" => Ok(Value::Switch(false)),
            _ => Err(format!("takes true or false, not `{text}`")),
        },
        Kind::Text => Ok(Value::Text(text.to_owned())),
        Kind::Choice(words) => choose(words, text).map(|word| Value::Text(word.to_owned())),
        Kind::KeySource => check_source(text).map(|()| Value::Text(text.to_owned())),
        Kind::KeySources => match parse(Kind::Map, text)? {
            Value::Map(map) => {
                map.values().try_for_each(|source| check_source(source))?;
                Ok(Value::Map(map))
            }
            other => Ok(other),
        },
        Kind::List => Ok(Value::List(split_list(text))),
        Kind::Choices(words) => {
            let list = split_list(text);
            for word in &list {
                choose(words, word)?;
            }
            Ok(Value::List(list))
        }
        Kind::Map => {
            let mut map = BTreeMap::new();
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let (name, value) =
                    line.split_once('=').ok_or_else(|| format!("takes NAME=TEXT, not `{line}`"))?;
                map.insert(name.to_owned(), value.to_owned());
            }
            Ok(Value::Map(map))
        }
        Kind::Records(fields) => {
            let mut records = Vec::new();
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let mut record = BTreeMap::new();
                for part in line.split(',') {
                    let (name, value) = part
                        .split_once('=')
                        .ok_or_else(|| format!("takes field=value,…, not `{line}`"))?;
                    let field =
                        fields.iter().find(|field| field.name == name.trim()).ok_or_else(|| {
                            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                            format!(
                                "there is no field `{}`; known: {}",
                                name.trim(),
                                names.join(", ")
                            )
                        })?;
                    check_field(field, value.trim())?;
                    record.insert(field.name.to_owned(), value.trim().to_owned());
                }
                check_record(fields, &record)?;
                records.push(record);
            }
            Ok(Value::Records(records))
        }
    }
}

/// The word itself, when it is one of them.
pub fn choose(words: &'static [&'static str], text: &str) -> Result<&'static str, String> {
    words.iter().find(|word| **word == text).copied().ok_or_else(|| {
        let near = nearest(text, words.iter().copied())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        format!("takes one of {}, not `{text}`{near}", words.join(", "))
    })
}

fn split_list(text: &str) -> Vec<String> {
    text.split(['\n', ','])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a field's value is of its kind.
pub fn check_field(field: &Field, text: &str) -> Result<(), String> {
    match field.kind {
        FieldKind::Text => Ok(()),
        FieldKind::Size => {
            parse_size(text).map(|_| ()).map_err(|error| format!("`{}` {error}", field.name))
        }
        FieldKind::Date => {
            parse_date(text).map(|_| ()).map_err(|error| format!("`{}` {error}", field.name))
        }
    }
}

/// Whether a record has what it must have.
pub fn check_record(fields: &[Field], record: &BTreeMap<String, String>) -> Result<(), String> {
    match fields.iter().find(|field| field.required && !record.contains_key(field.name)) {
        Some(field) => Err(format!("a record lacks `{}`", field.name)),
        None => Ok(()),
    }
}

/// A size in bytes from `500`, `60kB`, `1.5 MB`, `60 KiB`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("takes a size such as 60kB, not `{text}`")),
    };
    match number.parse::<f64>() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a parsed size is not negative, and rounding it is meant"
        )]
        Ok(number) if number * factor < 9e15 => Ok((number * factor).round() as u64),
        _ => Err(format!("takes a size such as 60kB, not `{text}`")),
    }
}

/// Year, month and day from `2027-03-01`.
pub fn parse_date(text: &str) -> Result<(u16, u8, u8), String> {
    let error = || format!("takes a day such as 2027-03-01, not `{text}`");
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(error());
    };
    let date = (
        year.parse().map_err(|_| error())?,
        month.parse().map_err(|_| error())?,
        day.parse().map_err(|_| error())?,
    );
    if year.len() == 4 && (1..=12).contains(&date.1) && (1..=31).contains(&date.2) {
        Ok(date)
    } else {
        Err(error())
    }
}

/// What variables of the environment say. Unknown `BUNDLEGATE_*` names are an error: they are misspelt settings.
pub fn from_variables<'a>(
    variables: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Layer, Vec<crate::diag::Diagnostic>> {
    let mut layer = Layer::new();
    let mut errors = Vec::new();
    for (variable, text) in variables {
        // An action hands over every input; one that was not given is empty.
        if !variable.starts_with("BUNDLEGATE_") || text.is_empty() {
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == variable) else {
            if !super::env::OWN_VARIABLES.contains(&variable) {
                let names: Vec<String> =
                    SETTINGS.iter().map(super::settings::Setting::variable).collect();
                let mut error = crate::diag::Diagnostic::error(
                    "config/variable",
                    format!("there is no setting for `{variable}`"),
                );
                if let Some(near) = nearest(variable, names.iter().map(String::as_str)) {
                    error = error.hint(format!("did you mean `{near}`?"));
                }
                errors.push(error);
            }
            continue;
        };
        match parse(setting.kind, text) {
            Ok(value) => {
                layer.insert(setting.name, value);
            }
            Err(error) => errors.push(crate::diag::Diagnostic::error(
                "config/variable",
                format!("`{variable}` {error}"),
            )),
        }
    }
    if errors.is_empty() { Ok(layer) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("500"), Ok(500));
        assert_eq!(parse_size("60kB"), Ok(60_000));
        assert_eq!(parse_size("1.5 MiB"), Ok(1_572_864));
        assert!(parse_size("60 parsecs").is_err());
        assert!(parse_size("-1").is_err());
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date("2027-03-01"), Ok((2027, 3, 1)));
        for bad in ["2027-13-01", "27-03-01", "2027-03", "tomorrow"] {
            assert!(parse_date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pasted_key_is_not_repeated() {
        let error = parse(Kind::KeySource, "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0").unwrap_err();
        assert!(!error.contains("c2Vj"), "{error}");
    }
}
