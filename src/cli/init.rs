//! `init`: a few questions, or a file of answers, and a configuration to keep.

use std::{io::IsTerminal as _, path::PathBuf};

use clap::Args;
use engaged_connectors::Account;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::{
    config::{Config, Platform},
    diagnostic::{Diagnostic, Exit, Expected, render::render},
    first::{
        answers::{self, Answers, SHADOW_DAYS},
        compose::{self, KeyIn},
        offer::{Guide, PLATFORMS, STARTS},
        place::Places,
        probe::{About, Failed, Probe},
    },
    platform,
    score::calendar::Zone,
};

use super::{
    Context,
    ask::{ask, unseen},
    output,
    runtime::wait,
    usage,
};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Take the answers from this file instead of asking
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

pub(super) fn init(context: &Context, arguments: &Init) -> Result<Exit, Expected> {
    let asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if arguments.answers.is_none() && !asked {
        return Err(usage(
            "there is nobody to ask: this is no terminal",
            "give the answers in a file: engaged init --answers FILE; see docs/first-hour.md",
        ));
    }
    // Whoever would be refused at the end is refused before the first question.
    Places::of(&context.path, "").free(&context.path)?;
    let transport = platform::network()?;
    let config = Places::of(&context.path, "").config;
    let probe = Probe {
        path: &config,
        environment: &context.environment,
        clock: &context.clock,
        transport: &transport,
    };
    let guess = answers::guess(&context.environment);
    let (answers, account) = match &arguments.answers {
        Some(file) => {
            let mut answers = answers::read(file, &context.environment, guess)?;
            let account = wait(look(&probe, &mut answers))?.map_err(in_answers)?;
            (answers, account)
        }
        None => Wizard {
            context,
            probe: &probe,
        }
        .run(guess)?,
    };
    finish(context, &probe, &answers, &account)
}

/// Checks answers that nobody is there to correct.
async fn look(probe: &Probe<'_>, answers: &mut Answers) -> Result<Account, Expected> {
    let there = probe.lists(answers).await;
    let copernica = answers.guide.platform == Platform::Copernica;
    let there = match there {
        Ok(there) => there,
        // Where lists may not be read, all are followed, and the check says which right is missing.
        Err(failed) if lacks_a_right(&failed) && !copernica => Vec::new(),
        Err(failed) => return Err(failed.expected),
    };
    if copernica {
        the_database(answers, &there).map_err(|(message, help)| usage(message, help))?;
    }
    probe
        .account(answers)
        .await
        .map_err(|failed| failed.expected)
}

/// What is wrong stands in the answers: there is no configuration yet.
fn in_answers(mut expected: Expected) -> Expected {
    for diagnostic in &mut expected.diagnostics {
        if expected.exit == Exit::Usage && diagnostic.code == "E0115" {
            diagnostic.help = Some("correct the answers, and run this again".to_owned());
        }
        diagnostic.notes.push("nothing was written".to_owned());
    }
    expected
}

/// Copernica is followed in one database: the one that was named, or the only one.
fn the_database(answers: &mut Answers, there: &[String]) -> Result<(), answers::Wrong> {
    match (answers.lists.as_slice(), there) {
        ([_], _) => Ok(()),
        ([], [only]) => {
            answers.lists = vec![only.clone()];
            Ok(())
        }
        _ => Err((
            "one database is followed, and it must be named".to_owned(),
            format!("database = \"...\"; there are: {}", there.join(", ")),
        )),
    }
}

/// Writes what the answers make, once all of it is known to be right.
fn finish(
    context: &Context,
    probe: &Probe<'_>,
    answers: &Answers,
    account: &Account,
) -> Result<Exit, Expected> {
    let places = Places::of(&context.path, &answers.name);
    let now = context.clock.now().timestamp_millis();
    let today = Zone::new(answers.zone).day(now).date().unwrap_or_default();
    let key = KeyIn::File(&places.key_shown);
    let text = compose::text(answers, key, places.database, today);
    let config = probe.config(&text)?;
    places.free(&context.path)?;
    places.write(&text, &answers.key)?;
    let result = json!({
        "schema": 1, "configuration": places.config, "key": places.key, "connection": answers.name,
        "platform": answers.guide.word, "account": account.name, "missing": account.missing,
        "timezone": answers.zone.name(), "language": answers.language.code(), "warnings": config.warnings.len(),
    });
    context.output.show(&result, |_| {
        ended(context, &places, answers, account, &config)
    });
    Ok(Exit::Done)
}

/// What was written, and what comes next.
fn ended(
    context: &Context,
    places: &Places,
    answers: &Answers,
    account: &Account,
    config: &Config,
) -> String {
    let mut out = format!(
        "wrote {}\nwrote {} (readable for you alone)\n\n",
        places.config.display(),
        places.key.display()
    );
    for right in &account.missing {
        out += &format!("the key lacks {right}; reading goes on without it, as far as it can\n\n");
    }
    if !config.warnings.is_empty() {
        let (number, verb) = match config.warnings.len() {
            1 => ("1 thing".to_owned(), "is"),
            many => (format!("{many} things"), "are"),
        };
        out += &format!("{number} in the rules {verb} probably yours to change: engaged check\n\n");
    }
    let named = if context.path.as_os_str() == "engaged.toml" {
        String::new()
    } else {
        format!(" -c {}", context.path.display())
    };
    out += "Nothing is written to the platform: the connection is read-only. What comes next:\n";
    let mut next = |command: &str, about: &str| {
        let command = format!("engaged{named} {command}");
        out += &format!("  {command:<28} {about}\n");
    };
    next(
        "sync",
        "reads the list and what people did; a large one takes a while, and goes on where it was cut off",
    );
    next("score", "scores everybody");
    next("status", "shows what is there and what is judged");
    next("plan", "shows what would be written");
    next("run", "does all of this by the schedule, as a daemon");
    if answers.shadow_days > 0 {
        next(
            "go-live",
            "ends the shadow period, after showing you the plan",
        );
    } else {
        next("go-live", "lets it write, after showing you the plan");
    }
    out
}

/// Asks a person, again where an answer will not do.
struct Wizard<'w> {
    context: &'w Context,
    probe: &'w Probe<'w>,
}

impl Wizard<'_> {
    fn run(
        &self,
        (zone, language): (chrono_tz::Tz, crate::config::Language),
    ) -> Result<(Answers, Account), Expected> {
        output::say(
            "engaged init: at most nine questions. Nothing is written before the last, nothing is ever written over,\n\
             and your platform is only read. Enter takes what stands in brackets; Ctrl-C leaves everything as it was.\n",
        );
        for (at, guide) in PLATFORMS.iter().enumerate() {
            output::say(&format!("  {}  {}", at + 1, guide.title));
        }
        let guide = ask("Which platform", None, answers::platform)?;
        let mut answers = Answers::new(guide, SecretString::default(), zone, language);
        let there = self.connect(&mut answers)?;
        let account = self.follow(&mut answers, &there)?;
        output::say("\nRules to begin with; each is yours to change afterwards:");
        for (at, start) in STARTS.iter().enumerate() {
            output::say(&format!("  {}  {}", at + 1, start.about));
        }
        answers.start = ask("Which rules", Some("1"), answers::start)?;
        output::say("");
        let guess = answers.language.code();
        answers.language = ask(
            "Language of the dashboard and of explanations, nl or en",
            Some(guess),
            answers::language,
        )?;
        let guess = answers.zone.name();
        answers.zone = ask(
            "Time zone in which your days begin and end",
            Some(guess),
            answers::zone,
        )?;
        output::say(
            "\nIn a shadow period nothing is written; each run keeps how much it would have written, for you to look at.",
        );
        let days = SHADOW_DAYS.to_string();
        answers.shadow_days = ask(
            "How many days of it, 0 for none",
            Some(&days),
            answers::shadow_days,
        )?;
        answers.dashboard = ask(
            "Serve the dashboard on this machine, http://127.0.0.1:8425, y or n",
            Some("y"),
            answers::truth,
        )?;
        output::say("");
        Ok((answers, account))
    }

    /// Address and key, until the platform takes them; then the lists that there are.
    fn connect(&self, answers: &mut Answers) -> Result<Vec<String>, Expected> {
        let guide = answers.guide;
        output::say("");
        let mut address = true;
        loop {
            if let Some(about) = guide.address.filter(|_| address) {
                output::say(about);
                let before = answers.address.as_ref().map(ToString::to_string);
                let typed = ask("Address", before.as_deref(), answers::address)?;
                answers.address = Some(typed);
            }
            ask_key(guide, answers)?;
            output::say(&format!("asking {} ...", guide.title));
            match wait(self.probe.lists(answers))? {
                Ok(there) => return Ok(there),
                Err(failed) if failed.about == About::Nothing => return Err(failed.expected),
                // A key without the right to read lists is no reason not to go on: the check says what it lacks.
                Err(failed) if lacks_a_right(&failed) && guide.platform != Platform::Copernica => {
                    return Ok(Vec::new());
                }
                Err(failed) => {
                    address = failed.about == About::Address;
                    self.told(&failed);
                }
            }
        }
    }

    /// Which lists, and who we are.
    fn follow(&self, answers: &mut Answers, there: &[String]) -> Result<Account, Expected> {
        let guide = answers.guide;
        let copernica = guide.platform == Platform::Copernica;
        loop {
            if there.len() > 1 || (copernica && there.is_empty()) {
                output::say(&format!("\nEach {} that there is:", guide.list));
                for (at, list) in there.iter().enumerate() {
                    output::say(&format!("  {}  {}", at + 1, crate::text::inert(list)));
                }
                let question = if copernica {
                    "Which database"
                } else {
                    "Which to follow, commas between"
                };
                let usual = (!copernica).then_some("all");
                answers.lists = ask(question, usual, |typed| {
                    let lists = answers::lists(typed, there)?;
                    if copernica && lists.len() != 1 {
                        let help = "type its number".to_owned();
                        return Err(("one database is followed".to_owned(), help));
                    }
                    Ok(lists)
                })?;
            } else if copernica {
                answers.lists = there.to_vec();
            }
            match wait(self.probe.account(answers))? {
                Ok(account) => {
                    let version = account
                        .version
                        .as_deref()
                        .map(|version| format!(" ({version})"));
                    output::say(&format!(
                        "connected: {}{}",
                        crate::text::inert(&account.name),
                        version.unwrap_or_default()
                    ));
                    for right in &account.missing {
                        output::say(&format!("  the key lacks {right}"));
                    }
                    return Ok(account);
                }
                Err(failed) if failed.about == About::Nothing => return Err(failed.expected),
                Err(failed) => {
                    self.told(&failed);
                    ask_key(guide, answers)?;
                }
            }
        }
    }

    fn told(&self, failed: &Failed) {
        let mut told: Vec<Diagnostic> = failed.expected.diagnostics.clone();
        for diagnostic in &mut told {
            // There is no configuration yet that could be corrected.
            diagnostic.help = Some("type it again; Enter keeps what was typed".to_owned());
        }
        output::say(&render(&told, self.context.style()));
    }
}

fn lacks_a_right(failed: &Failed) -> bool {
    let mut all = failed.expected.diagnostics.iter();
    all.any(|diagnostic| diagnostic.code == "E0602")
}

/// Asks for the key, unseen. Enter keeps the one that was typed before.
fn ask_key(guide: &Guide, answers: &mut Answers) -> Result<(), Expected> {
    let before = !answers.key.expose_secret().is_empty();
    if !before {
        for line in guide.key {
            output::say(line);
        }
    }
    let kept = if before { " [the same]" } else { "" };
    loop {
        let typed = unseen(&format!("{}{kept} (not shown)", guide.key_name))?;
        if !typed.expose_secret().is_empty() {
            answers.key = typed;
            return Ok(());
        }
        if before {
            return Ok(());
        }
        output::say("  paste the key, and press Enter");
    }
}
