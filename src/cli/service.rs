//! Verbs for whoever installs and watches: `healthcheck`, `man`, `completions`.

use std::{fs, net::IpAddr, path::PathBuf, time::Duration};

use bytes::Bytes;
use clap::Args;
use clap_mangen::{Man, roff::Roff};
use http::{Request, StatusCode, header};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    config::{self, Config},
    diagnostic::{Exit, Expected},
    health, platform,
    store::{Conn, StoreError},
};

use super::{Context, output, runtime::wait, usage};

/// Longer than readiness takes to find out that the writer hangs.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// A name of this machine by which the dashboard may be asked for, wherever it listens.
const HOST: &str = "localhost";

#[derive(Debug, Args)]
pub(super) struct Healthcheck {}

#[derive(Debug, Args)]
pub(super) struct ManPages {
    /// Write a page for each verb into this folder; without it, one page to stdout
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// bash, zsh, fish, elvish, powershell
    shell: clap_complete::Shell,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Health {
    schema: u32,
    healthy: bool,
    /// What says so: an address, or the database.
    asked: Option<String>,
    /// In one line.
    found: String,
}

/// Whether the daemon is alive and can work. Whatever is wrong is one line and one code: nobody reads more here.
pub(super) fn healthcheck(context: &Context, _: &Healthcheck) -> Result<Exit, Expected> {
    let (asked, found) = match config::load(&context.path, &context.environment) {
        Ok(config) => match door(&config) {
            Some(door) => (Some(door.clone()), ask(&door)?),
            None => (
                Some(config.database.display().to_string()),
                pulse(context, &config),
            ),
        },
        Err(errors) => {
            let code = errors.first().map_or("E0100", |one| one.code);
            let why = format!("the configuration cannot be used ({code}): see `engaged check`");
            (None, Err(why))
        }
    };
    let (healthy, found) = match found {
        Ok(found) => (true, found),
        Err(why) => (false, why),
    };
    let health = Health {
        schema: 1,
        healthy,
        asked,
        found,
    };
    context.output.show(&health, |health| {
        let word = if health.healthy {
            "healthy"
        } else {
            "not healthy"
        };
        format!("{word}: {}", health.found)
    });
    Ok(if healthy {
        Exit::Done
    } else {
        Exit::Unavailable
    })
}

/// The address that says whether we are ready; `None` if none is served, or at a port that only the daemon knows.
fn door(config: &Config) -> Option<String> {
    let mut listen = config
        .web
        .as_ref()
        .filter(|web| web.listen.port() != 0)?
        .listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        });
    }
    Some(format!("http://{listen}/readyz"))
}

/// Asks a running daemon.
fn ask(door: &str) -> Result<Result<String, String>, Expected> {
    let request = Request::get(door)
        .header(header::HOST, HOST)
        .body(Bytes::new());
    let request =
        request.map_err(|error| usage(error.to_string(), "give [web] another address"))?;
    let transport = platform::network()?;
    let answer = wait(async { timeout(ANSWERS_WITHIN, transport.send(request)).await })?;
    Ok(match answer {
        Ok(Ok(answer)) if answer.status() == StatusCode::OK => {
            Ok(format!("{door} answers that the daemon is ready"))
        }
        Ok(Ok(answer)) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
            let word = String::from_utf8_lossy(answer.body()).into_owned();
            Err(format!("the daemon runs, and its {word} does not answer"))
        }
        Ok(Ok(answer)) => Err(format!("{door} answers {}", answer.status().as_u16())),
        Ok(Err(error)) => Err(format!("{door} does not answer: {error}")),
        Err(_) => Err(format!(
            "{door} has not answered within {} seconds",
            ANSWERS_WITHIN.as_secs()
        )),
    })
}

/// Looks for the sign of life that a daemon leaves in the database each minute.
fn pulse(context: &Context, config: &Config) -> Result<String, String> {
    let beat = || -> Result<_, Expected> {
        let store = context.reading(config)?;
        let read: Result<_, StoreError> = store.read(Conn::beat_at);
        Ok(read?)
    };
    let beat = beat().map_err(|expected| {
        let first = expected.diagnostics.first();
        first.map_or_else(String::new, |one| format!("{} ({})", one.message, one.code))
    })?;
    let Some(beat) = beat else {
        return Err("no daemon has run on this database: `engaged run`".to_owned());
    };
    let now = context.clock.now().timestamp_millis();
    let seconds = (now - beat) / 1_000;
    if health::is_alive(beat, now) {
        let seconds = seconds.max(0);
        Ok(format!("the daemon showed itself {seconds} seconds ago"))
    } else {
        Err(format!(
            "the daemon has not shown itself for {} minutes",
            seconds / 60
        ))
    }
}

pub(super) fn completions(arguments: &Completions, command: &mut clap::Command) {
    clap_complete::generate(arguments.shell, command, "engaged", &mut std::io::stdout());
}

/// How any verb ends; the words of the table in README.md.
const EXITS: [(&str, &str); 10] = [
    ("0", "done"),
    ("1", "a fault of the program"),
    ("2", "usage or configuration"),
    ("3", "done in part: rows refused or left out"),
    (
        "4",
        "changes are pending (plan --exit-code), or a stale plan",
    ),
    ("5", "a guard or the pause holds writes"),
    ("6", "a platform refuses the key"),
    ("7", "another instance has the database"),
    ("8", "a source is unavailable or blocked"),
    ("9", "storage cannot be used; the code E03xx says why"),
];

/// Writes the manual: one page for each verb, made of what `--help` is made of.
pub(super) fn man(arguments: &ManPages, mut command: clap::Command) -> Result<Exit, Expected> {
    command.build();
    let Some(folder) = &arguments.out else {
        output::line(&String::from_utf8_lossy(&page(&command)));
        return Ok(Exit::Done);
    };
    let failed = |error: std::io::Error| {
        let what = format!(
            "the manual cannot be written to {}: {error}",
            folder.display()
        );
        usage(what, "name a folder that you may write to")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut left = vec![command];
    while let Some(command) = left.pop() {
        let shown = command
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help");
        left.extend(shown.cloned());
        let name = Man::new(command.clone()).get_filename();
        fs::write(folder.join(name), page(&command)).map_err(failed)?;
    }
    Ok(Exit::Done)
}

/// One page. Nothing in it depends on the day: the same program gives the same pages.
fn page(command: &clap::Command) -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, means) in EXITS {
        roff.control("TP", []);
        roff.text([clap_mangen::roff::bold(code)]);
        roff.text([clap_mangen::roff::roman(means)]);
    }
    let mut page = Vec::new();
    let man = Man::new(command.clone()).manual("engaged");
    // Neither fails into memory.
    let _ = man.render(&mut page);
    let _ = roff.to_writer(&mut page);
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn served(listen: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("engaged.toml");
        let text = format!(
            "timezone = \"UTC\"\n[web]\nlisten = \"{listen}\"\nbehind_proxy = true\n\
             [scores.s]\nrules = [ {{ when = \"open\", points = 1 }} ]\n"
        );
        fs::write(&file, text).unwrap();
        door(&config::load(&file, &config::Environment::new()).unwrap())
    }

    #[test]
    fn the_daemon_is_asked_where_it_listens_and_at_this_machine_where_it_listens_everywhere() {
        let at = |listen| served(listen).unwrap();
        assert_eq!(at("127.0.0.1:9000"), "http://127.0.0.1:9000/readyz");
        assert_eq!(at("0.0.0.0:8425"), "http://127.0.0.1:8425/readyz");
        assert_eq!(at("[::]:8425"), "http://[::1]:8425/readyz");
        assert_eq!(at("10.1.2.3:8425"), "http://10.1.2.3:8425/readyz");
        assert_eq!(served("127.0.0.1:0"), None);
    }

    #[test]
    fn each_verb_has_a_page_that_tells_its_options_and_how_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("man1");
        let ask = ManPages {
            out: Some(out.clone()),
        };
        man(&ask, Cli::command()).unwrap();
        let names = fs::read_dir(&out).unwrap();
        let names: BTreeSet<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for verb in Cli::command().get_subcommands() {
            let name = format!("engaged-{}.1", verb.get_name());
            assert!(names.contains(&name), "{name} of {names:?}");
        }
        assert!(names.contains("engaged.1") && names.contains("engaged-clean-plan.1"));
        assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
        let page = fs::read_to_string(out.join("engaged-sync.1")).unwrap();
        assert!(page.contains(r"\-\-full"), "{page}");
        assert!(
            page.contains("EXIT STATUS") && page.contains("E03xx"),
            "{page}"
        );
        man(&ask, Cli::command()).unwrap();
        assert_eq!(
            page,
            fs::read_to_string(out.join("engaged-sync.1")).unwrap()
        );
    }
}
