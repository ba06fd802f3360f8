//! The text of the configuration that comes of a first run: short, with a word on each line that a person may want to change.

use chrono::NaiveDate;

use super::answers::Answers;
use crate::config::Platform;

/// How tags of ours begin.
const PREFIX: &str = "engaged:";

/// The rules of a newsletter that does not extend a pack.
const NEWSLETTER: &str = r#"# Points are a beginning, not a finding: `engaged preview` shows what an edit would change, `engaged backtest` whether
# the score foretells anything. Rules by example: README.md, docs/packs.md.
[scores.engagement]
range = [0, 100]
rules = [
  { when = "open", points = 2, expires = "6 months" },    # once for each mail
  { when = "click", points = 5, expires = "1 year" },     # once for each mail and link
  { when = "unsubscribe", points = -25 },                 # lifted by subscribing again
  { when = "no open in 3 months", points = -10 },         # never held against who was hardly mailed, or is new
  { when = "no click in 6 months", points = -5 },
]
bands = [
  { name = "fan", from = 40 },
  { name = "engaged", from = 15 },
  { name = "lukewarm", from = 1 },
  { name = "silent" },                                    # the rest
]

[segments]
asleep = "no open in 6 months and no click in 6 months"
"#;

/// Where the configuration says that the key is.
#[derive(Clone, Copy, Debug)]
pub enum KeyIn<'a> {
    /// A file beside the configuration.
    File(&'a str),
    /// An environment variable, while the platform is asked before anything is written.
    Environment(&'a str),
}

/// The configuration, on that day.
pub fn text(answers: &Answers, key: KeyIn<'_>, database: &str, today: NaiveDate) -> String {
    let mut out = format!(
        "# Written by `engaged init` on {today}, and yours from here on. After an edit: `engaged check`.\n\
         # Every option that there is, with its default: config/engaged.example.toml in the distribution.\n\n"
    );
    out += &noted(
        &format!("timezone = {}", quoted(answers.zone.name())),
        "the zone in which days begin and end",
    );
    out += &noted(
        &format!("language = \"{}\"", answers.language.code()),
        "of dashboard, reports and explanations: nl or en",
    );
    out += &noted(
        &format!("database = {}", quoted(database)),
        "it holds people's addresses",
    );
    out += &rules_on_top(answers);
    out += &connection(answers, key, today);
    out += &rules(answers);
    if answers.dashboard {
        out += "\n# The dashboard and the API, served by `engaged run` for this machine alone. docs/dashboard.md\n\
                [web]\nlisten = \"127.0.0.1:8425\"\n";
    }
    out
}

fn rules_on_top(answers: &Answers) -> String {
    match answers.start.pack {
        Some(pack) => format!(
            "\n# The rules to begin with: {}.\n# A table of the same name in this file takes the place of the pack's. Add \"list-hygiene\" for segments of who\n# stopped reading. docs/packs.md\nextends = [{}]\n",
            answers.start.about,
            quoted(pack)
        ),
        None => String::new(),
    }
}

fn rules(answers: &Answers) -> String {
    match answers.start.pack {
        Some(_) => String::new(),
        None => format!("\n{NEWSLETTER}"),
    }
}

fn connection(answers: &Answers, key: KeyIn<'_>, today: NaiveDate) -> String {
    let guide = answers.guide;
    let mut out = format!(
        "\n# {}. What it gives and hides: docs/platforms/{}.md\n[connections.{}]\nplatform = \"{}\"\n",
        guide.title, guide.word, answers.name, guide.word
    );
    if let Some(address) = &answers.address {
        let address = address.as_str().trim_end_matches('/');
        out += &format!("base_url = {}\n", quoted(address));
    }
    out += &match key {
        KeyIn::File(file) => noted(
            &format!("key = {{ file = {} }}", quoted(file)),
            "holds the key and nothing else, for its owner alone",
        ),
        KeyIn::Environment(name) => format!("key = {{ env = \"{name}\" }}\n"),
    };
    out += &lists(answers);
    out += &noted(
        "schedule = \"0 * * * *\"",
        "when to sync, as cron: every hour",
    );
    out += "# Nothing is written to the platform before `engaged go-live` sets this to \"live\".\nmode = \"read-only\"\n";
    if answers.shadow_days > 0 {
        let until = today
            .checked_add_days(chrono::Days::new(answers.shadow_days.into()))
            .unwrap_or(today);
        out += &noted(
            &format!("shadow_until = {until}"),
            "so long, what would be written is kept day by day: `engaged status`",
        );
    }
    if let Some(field) = guide.field {
        out += &noted(
            &format!("push.fields = {{ {field} = \"engagement\" }}"),
            "a field of the platform, and the score that it will show",
        );
    }
    out += "# A tag for the band that somebody is in, such as engaged:BAND. No other tag is ever touched.\n";
    out + &format!("push.tags = {{ prefix = \"{PREFIX}\", bands = [\"engagement\"] }}\n")
}

/// A line, and what it is about.
fn noted(line: &str, about: &str) -> String {
    format!("{line:<38} # {about}\n")
}

fn lists(answers: &Answers) -> String {
    if answers.guide.platform == Platform::Copernica {
        // While it is asked which there are, any name will do.
        let database = answers.lists.first().map_or("?", String::as_str);
        let auth = answers
            .auth_address
            .as_ref()
            .map(|url| format!("copernica.auth_url = {}\n", quoted(url.as_str())));
        return format!(
            "copernica.database = {}\n{}\
             # For how many days the account keeps its data (\"Bewaartermijn gegevens\"): set it to what the account says.\n\
             copernica.retention_days = 7\n",
            quoted(database),
            auth.unwrap_or_default()
        );
    }
    if answers.lists.is_empty() {
        return noted(
            "# lists = [\"...\"]",
            &format!("default: every {}", answers.guide.list),
        );
    }
    let names: Vec<String> = answers.lists.iter().map(|name| quoted(name)).collect();
    format!("lists = [{}]\n", names.join(", "))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
