//! The page of all verbs, from what clap knows.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::{COMMON, verbs};
use crate::config::tests::{assert_snapshot, in_workspace};

/// How an argument is typed.
fn typed(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let mut values: Vec<String> = names.iter().map(|name| format!("<{name}>")).collect();
    if !argument.get_action().takes_values() {
        values.clear();
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let name: Vec<String> = short.into_iter().chain(long).collect();
    let whole: Vec<String> = [name.join(", ")]
        .into_iter()
        .chain(values)
        .filter(|part| !part.is_empty())
        .collect();
    whole.join(" ")
}

fn row(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string);
    let words = argument.get_possible_values();
    let words: Vec<String> = words
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|word| format!("`{}`", word.get_name()))
        .collect();
    let one_of = match words.as_slice() {
        [] => String::new(),
        words => format!(" One of {}.", words.join(", ")),
    };
    let help = format!("{}{one_of}", help.unwrap_or_default()).replace('|', "\\|");
    format!("| `{}` | {help} |\n", typed(argument))
}

fn rows(command: &Command, is_wanted: impl Fn(&str) -> bool) -> String {
    let all = command.get_arguments();
    let wanted = all.filter(|argument| is_wanted(argument.get_id().as_str()));
    wanted.map(row).collect()
}

fn page() -> String {
    let mut out = "# Every verb\n\n\
        Written by `UPDATE_SNAPSHOTS=1 cargo test -p engaged --lib reference`, from what `engaged --help` says. What the exit codes want:\n\
        [operations.md](operations.md#what-each-exit-code-wants). The same as pages of the manual: `engaged man`.\n"
        .to_owned();
    let head = "| argument | meaning |\n|---|---|\n";
    let all = verbs();
    if let Some((_, first)) = all.first() {
        let common = rows(first, |id| COMMON.contains(&id));
        let _ = write!(out, "\n## Everywhere\n\n{head}{common}");
    }
    for (verb, command) in all {
        let about = command.get_about().map(ToString::to_string);
        let _ = write!(
            out,
            "\n## `engaged {verb}`\n\n{}.\n",
            about.unwrap_or_default()
        );
        let own = rows(&command, |id| !COMMON.contains(&id));
        if !own.is_empty() {
            let _ = write!(out, "\n{head}{own}");
        }
    }
    out
}

#[test]
fn the_page_of_verbs_is_what_the_command_line_knows() {
    let page = page();
    assert!(page.matches("\n## ").count() > 40, "{page}");
    assert_snapshot(&in_workspace("docs/cli.md"), &page);
}
