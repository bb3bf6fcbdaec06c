//! What is written from the list of settings: `action.yml` and the reference page.

use super::settings::{Kind, SETTINGS, Setting, on};

/// Settings that the action has inputs of another kind for.
const NOT_INPUTS: [&str; 2] = ["token", "guard-secrets"];

/// Inputs of the action that are no settings: name, variable, default, help.
const OWN_INPUTS: [(&str, &str, &str, &str); 8] = [
    (
        "command",
        "BUNDLEGATE_COMMAND",
        "run",
        "What is run: run, scan, report, verify, push, comment",
    ),
    ("args", "BUNDLEGATE_ARGS", "", "More arguments, one a line"),
    ("working-directory", "BUNDLEGATE_FOLDER", ".", "Folder to run in"),
    (
        "github-token",
        "GITHUB_TOKEN",
        "${{ github.token }}",
        "Token that posts the report; always guarded",
    ),
    (
        "guard-secrets",
        "BUNDLEGATE_GUARDED_SECRETS",
        "",
        "Secrets to look for beside the variables of the step, as toJSON(secrets) gives them",
    ),
    ("binary", "BUNDLEGATE_BIN", "", "An executable to use instead of the released one"),
    (
        "download-base-url",
        "BUNDLEGATE_DOWNLOAD_URL",
        "",
        "Where releases are mirrored (https); what comes from there is held to the same checksums",
    ),
    ("config", "BUNDLEGATE_CONFIG", "", "Settings file"),
];

/// Outputs of the action: name and help.
const OUTPUTS: [(&str, &str); 8] = [
    ("verdict", "pass, or what failed: build, leak, budget, seal, store"),
    ("leaks", "How many leaks were found"),
    ("size", "Bytes of all outputs with brotli, or gzip, or as they are"),
    ("build-id", "SHA-256 of the lock"),
    ("deployment", "Where the deployment stands, as `bundlegate verify` takes it"),
    ("report-path", "The report, if `report.file` is set"),
    ("record-path", "The record, if `report.record` is set"),
    ("comment-url", "The comment"),
];

fn inputs() -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(|setting| setting.on & on::RUN != 0 && !NOT_INPUTS.contains(&setting.name))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text always serialises")
}

/// The text of `action.yml`. Inputs reach the script by its environment only, so none can become a part of it.
#[must_use]
pub fn action() -> String {
    let mut text = String::from(
        "# Written by `bundlegate generate action` from the list of settings; a test compares.\n\
         name: bundlegate\n\
         description: \"Bundle, search for leaked secrets, sign, store, and report sizes on the pull request\"\n\
         author: The bundlegate authors\n\
         branding:\n  icon: shield\n  color: green\n\ninputs:\n",
    );
    for (name, _, default, help) in OWN_INPUTS {
        text += &format!("  {name}:\n    description: {}\n", quoted(help));
        text += &format!("    default: {}\n", quoted(default));
    }
    for setting in inputs() {
        let help = format!("{} (default: {})", setting.help, setting.default);
        text += &format!(
            "  {}:\n    description: {}\n    default: \"\"\n",
            setting.name,
            quoted(&help)
        );
    }
    text += "\noutputs:\n";
    for (name, help) in OUTPUTS {
        text += &format!(
            "  {name}:\n    description: {}\n    value: ${{{{ steps.bundlegate.outputs.{name} }}}}\n",
            quoted(help)
        );
    }
    text += "\nruns:\n  using: composite\n  steps:\n    - id: bundlegate\n      shell: bash\n      env:\n";
    for (name, variable, ..) in OWN_INPUTS {
        text += &format!("        {variable}: ${{{{ inputs.{name} }}}}\n");
    }
    for setting in inputs() {
        text += &format!("        {}: ${{{{ inputs.{} }}}}\n", setting.variable(), setting.name);
    }
    text += "      run: '\"$GITHUB_ACTION_PATH/action/run.sh\"'\n";
    text
}

/// The text of the reference page.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         Written by `bundlegate generate reference` from the list of settings; a test compares.\n\n\
         Each is a key of `bundlegate.yml`, a flag, a variable (`BUNDLEGATE_` and the flag in capitals, with `_`), and, for\n\
         what `run` takes, an input of the action with the name of the flag. Order of precedence: flag, variable, file,\n\
         preset, default.\n",
    );
    let mut section = "";
    for setting in SETTINGS {
        let (start, _) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if start != section || section.is_empty() && !text.contains("| key |") {
            section = start;
            let title =
                if section.is_empty() { "the project".to_owned() } else { format!("`{section}`") };
            text += &format!(
                "\n## {title}\n\n| key | flag | takes | default | does |\n|---|---|---|---|---|\n"
            );
        }
        let takes = match setting.kind {
            Kind::Switch => "true or false".to_owned(),
            Kind::Choice(words) => words.join(", "),
            Kind::Choices(words) => format!("some of {}", words.join(", ")),
            Kind::Records(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                format!("records with {}", names.join(", "))
            }
            _ => setting.value.to_owned(),
        };
        text += &format!(
            "| `{}` | `--{}` | {takes} | {} | {} |\n",
            setting.key, setting.name, setting.default, setting.help
        );
    }
    text
}
