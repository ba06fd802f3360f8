//! Takes addresses and keys out of texts that people will read in logs.

/// From this length on, a word of letters and digits mixed may be a key or a token.
const KEY_LIKE: usize = 24;

/// The text without addresses and without anything that looks like a key, on
/// one line and at most `max` characters long.
pub fn redact(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for word in text.split_inclusive(|c: char| !part_of_word(c)) {
        let (word, end) = match word.chars().next_back() {
            Some(last) if !part_of_word(last) => word.split_at(word.len() - last.len_utf8()),
            _ => (word, ""),
        };
        let shown = if is_private(word) { "…" } else { word };
        for c in shown.chars().chain(end.chars()) {
            if count == max {
                out.push('…');
                return out;
            }
            out.push(if c.is_control() { ' ' } else { c });
            count += 1;
        }
    }
    out
}

/// The path of a URL for a log line: without segments that name a person.
pub(super) fn path(path: &str) -> String {
    let keep = |segment: &str| !is_private(segment);
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| if keep(segment) { segment } else { "…" })
        .collect();
    segments.join("/")
}

fn part_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '%' | '+' | '-' | '=' | '~')
}

fn is_private(word: &str) -> bool {
    let long = word.len() >= KEY_LIKE
        && word.contains(|c: char| c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_alphabetic());
    long || word.contains('@') || word.to_ascii_lowercase().contains("%40")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_keys_are_taken_out() {
        let text =
            "no jan+x@mail.example, jan%40mail.example,\u{1b}key=0123456789abcdef0123456789ab!";
        assert_eq!(redact(text, 200), "no …, …, …!");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(redact("één twee", 5), "één t…");
    }

    #[test]
    fn a_path_keeps_what_names_nobody() {
        assert_eq!(path("/v3/contacts/jan%40x.nl/tags"), "/v3/contacts/…/tags");
    }
}
