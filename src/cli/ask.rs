//! Questions on a terminal: asked again with the reason where an answer will not do, and unseen where it is a key.

use std::io::{self, BufRead as _, Read as _, Write as _};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use secrecy::SecretString;

use crate::{
    cli::{output, usage},
    diagnostic::Expected,
    first::answers::Wrong,
};

/// So many characters a key may have.
const KEY_MAX: usize = 4096;

/// Asks until the answer will do. `usual` is taken where nothing is typed.
pub(super) fn ask<T>(
    question: &str,
    usual: Option<&str>,
    read: impl Fn(&str) -> Result<T, Wrong>,
) -> Result<T, Expected> {
    loop {
        let shown = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
        prompt(&format!("{question}{shown}: "));
        let mut line = String::new();
        let length = io::stdin().lock().read_line(&mut line);
        if !matches!(length, Ok(length) if length > 0) {
            return Err(ended());
        }
        let typed = line.trim();
        let answer = if typed.is_empty() { usual } else { Some(typed) };
        let Some(answer) = answer else {
            continue;
        };
        match read(answer) {
            Ok(answer) => return Ok(answer),
            Err((why, help)) => output::say(&format!("  {why}; {help}")),
        }
    }
}

/// Asks for something that nobody may read over a shoulder.
pub(super) fn unseen(question: &str) -> Result<SecretString, Expected> {
    prompt(&format!("{question}: "));
    let unseen = Unseen::begin().map_err(|error| {
        usage(
            format!("the terminal cannot be kept from showing the key: {error}"),
            "give the answers in a file: engaged init --answers FILE",
        )
    })?;
    let typed = letters();
    drop(unseen);
    output::say("");
    typed
}

/// Reads a line key by key: while nothing is shown, nothing but this ends it either, so that a Ctrl-C cannot leave the
/// terminal without an echo.
fn letters() -> Result<SecretString, Expected> {
    let mut typed: Vec<u8> = Vec::new();
    let mut stdin = io::stdin().lock();
    let mut key = [0];
    loop {
        match stdin.read(&mut key) {
            Ok(1..) => {}
            _ => return Err(ended()),
        }
        match key[0] {
            b'\n' | b'\r' => break,
            // Ctrl-C and Ctrl-D.
            3 | 4 => return Err(ended()),
            // Backspace, either way.
            8 | 127 => {
                typed.pop();
            }
            // Ctrl-U.
            21 => typed.clear(),
            // The brackets of a paste, and other controls.
            letter if letter.is_ascii_control() => {}
            letter if typed.len() < KEY_MAX => typed.push(letter),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(&typed);
    // A terminal that brackets a paste sends these around it.
    let text = text
        .trim()
        .trim_start_matches("[200~")
        .trim_end_matches("[201~");
    Ok(SecretString::from(text.trim().to_owned()))
}

fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}");
    let _ = stderr.flush();
}

/// What is said when nobody answers any more.
fn ended() -> Expected {
    usage(
        "the answers ended before the last question; nothing was written",
        "begin again with `engaged init`, or give the answers in a file: --answers FILE",
    )
}

/// A terminal that shows nothing, as long as this lives.
struct Unseen {
    before: Termios,
}

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        let loud = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        quiet.local_modes.remove(loud);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // What cannot be put back is the terminal's own end.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
