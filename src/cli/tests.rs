//! S4: what may stand on a command line, of every verb and option that there is.

mod reference;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

/// Words for what opens something.
const KEYS: [&str; 7] = [
    "key",
    "secret",
    "password",
    "passphrase",
    "token",
    "credential",
    "cookie",
];

/// Where such a word means something else, and what.
const NO_KEYS: [(&str, &str); 2] = [
    ("web token name", "what a token that is made is for"),
    ("web revoke id", "a token's number in a list"),
];

/// Words for a contact's address.
const ADDRESSES: [&str; 4] = ["contact", "address", "email", "keep"];

/// Who takes an address, or some of one. It stands in the shell's history and, while it runs, in the list of processes:
/// so these are verbs that a person types about one contact, and no daemon or timer runs them.
const WITH_ADDRESS: [&str; 10] = [
    "explain contact",
    "contacts address",
    "history contact",
    "adjust contact",
    "automations list contact",
    "clean review keep",
    "privacy export contact",
    "privacy object contact",
    "privacy erase contact",
    "privacy trail contact",
];

/// Options that list contacts or name a webhook's address at a platform: no address of a person.
const NO_ADDRESS: [(&str, &str); 1] = [("preview contacts", "a switch")];

/// What every verb takes.
const COMMON: [&str; 5] = ["help", "version", "config", "json", "verbose"];

/// A help text is no longer than a screen or two.
const HELP_LINES_MAX: usize = 64;

/// Every verb that does something, by its words.
fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    let inner: Vec<&Command> = command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
        .collect();
    if inner.is_empty() || !command.is_subcommand_required_set() && !path.is_empty() {
        found.push((path.to_owned(), command.clone()));
    }
    for inner in inner {
        let path = format!("{path} {}", inner.get_name());
        leaves(inner, path.trim(), found);
    }
}

fn verbs() -> Vec<(String, Command)> {
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    leaves(&command, "", &mut found);
    assert!(found.len() > 50, "only {} verbs", found.len());
    found
}

/// What a verb takes: `verb argument`, with every word by which the argument is known.
fn arguments() -> Vec<(String, String)> {
    let words = |argument: &Arg| {
        let values = argument.get_value_names().unwrap_or_default();
        let values = values.join(" ");
        let long = argument.get_long().unwrap_or_default();
        format!("{} {long} {values}", argument.get_id()).to_lowercase()
    };
    let own = |argument: &&Arg| {
        let id = argument.get_id().as_str();
        !COMMON.contains(&id)
    };
    let mut found = Vec::new();
    for (verb, command) in verbs() {
        let all = command.get_arguments().filter(own);
        found
            .extend(all.map(|argument| (format!("{verb} {}", argument.get_id()), words(argument))));
    }
    assert!(found.len() > 60, "only {} arguments", found.len());
    found
}

fn names(words: &str, wanted: &[&str]) -> bool {
    let parts = words.split(|letter: char| !letter.is_alphanumeric());
    parts.into_iter().any(|part| {
        let one = part.strip_suffix('s').unwrap_or(part);
        wanted.contains(&part) || wanted.contains(&one)
    })
}

// S4.
#[test]
fn no_verb_takes_a_key_and_only_verbs_about_one_contact_take_an_address() {
    let mut keys = Vec::new();
    let mut addresses = Vec::new();
    for (name, words) in arguments() {
        // A verb about tokens takes no token: its arguments are looked at one by one.
        let suspicious = names(&words, &KEYS) || name.starts_with("web ") && names(&name, &KEYS);
        let known = NO_KEYS.iter().any(|(known, _)| *known == name);
        if suspicious && !known && !["web token scope", "web token days"].contains(&name.as_str()) {
            keys.push(format!("{name} ({words})"));
        }
        let about = names(&words, &ADDRESSES);
        if about && !NO_ADDRESS.iter().any(|(known, _)| *known == name) {
            addresses.push(name);
        }
    }
    assert_eq!(keys, Vec::<String>::new(), "a key on a command line");
    addresses.sort();
    let mut known = WITH_ADDRESS.to_vec();
    known.sort_unstable();
    assert_eq!(addresses, known);
}

#[test]
fn each_verb_and_option_says_what_it_does_and_no_help_is_longer_than_a_screen() {
    for (verb, mut command) in verbs() {
        assert!(command.get_about().is_some(), "{verb} says nothing");
        for argument in command.get_arguments() {
            let says = argument.get_help().is_some() || argument.get_id() == "version";
            assert!(says, "{verb} {} says nothing", argument.get_id());
        }
        for help in [
            command.render_help().to_string(),
            command.render_long_help().to_string(),
        ] {
            let lines = help.lines().count();
            assert!(lines <= HELP_LINES_MAX, "{verb}: {lines} lines");
        }
    }
}
