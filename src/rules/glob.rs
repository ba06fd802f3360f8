//! Globs, and the one way in which texts and addresses of pages compare.
//!
//! A glob matches a whole text: `*` is any run (`/` too), `?` one character.
//! There are no classes and no escapes. Globs over file paths are not meant.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// A text as it is compared: Unicode NFC, without case. Folding twice changes nothing.
///
/// Lower-casing is by character, and the final sigma is a sigma, so that the
/// fold of a part is a part of the fold.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = nfc(text)
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect();
    match nfc(&lower) {
        Cow::Borrowed(_) => lower,
        Cow::Owned(composed) => composed,
    }
}

/// The text in Unicode NFC, copied only if it was not.
pub fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// The page of a URL, as `on` sees it: the fragment dropped, the query kept.
pub fn page(url: &str) -> &str {
    url.split_once('#').map_or(url, |(page, _)| page)
}

/// The path of a URL, without query and fragment; a text without a host is all path.
pub fn path(url: &str) -> &str {
    match path_and_query(url).split('?').next() {
        None | Some("") => "/",
        Some(path) => path,
    }
}

fn path_and_query(url: &str) -> &str {
    let page = page(url);
    let rest = match page.split_once("://") {
        // `/login?next=https://…` has its `://` in the query.
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest,
        _ => return page,
    };
    rest.find(['/', '?']).map_or("/", |start| &rest[start..])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Run,
    One,
    Is(char),
}

/// A compiled glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Part>);

impl Glob {
    /// Any text is a glob.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        for c in fold(text).chars() {
            match c {
                '?' => {
                    // `*?` and `?*` are the same; the single ones stand first.
                    let start = parts.len() - usize::from(parts.last() == Some(&Part::Run));
                    parts.insert(start, Part::One);
                }
                '*' if parts.last() == Some(&Part::Run) => {}
                '*' => parts.push(Part::Run),
                c => parts.push(Part::Is(c)),
            }
        }
        Self(parts)
    }

    /// Whether the whole text matches, without case, after NFC.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_folded(&fold(text))
    }

    /// The same for a text that has been through [`fold`].
    ///
    /// Only the last `*` is ever tried again, so the time is at most the
    /// product of both lengths.
    pub fn matches_folded(&self, text: &str) -> bool {
        let parts = &self.0;
        let mut text = text.chars();
        let mut at = 0;
        let mut retry = None;
        loop {
            let before = text.clone();
            let next = text.next();
            match (parts.get(at), next) {
                (None, None) => return true,
                (Some(Part::Run), _) => {
                    at += 1;
                    text = before.clone();
                    retry = Some((at, before));
                }
                (Some(Part::One), Some(_)) => at += 1,
                (Some(Part::Is(c)), Some(found)) if *c == found => at += 1,
                _ => {
                    // The last run takes one character more, and we begin behind it.
                    let Some((start, rest)) = &mut retry else {
                        return false;
                    };
                    if rest.next().is_none() {
                        return false;
                    }
                    at = *start;
                    text = rest.clone();
                }
            }
        }
    }

    /// Whether everything that `other` matches is matched by this one.
    ///
    /// `false` may also mean that it could not be shown.
    pub fn covers(&self, other: &Self) -> bool {
        // The parts of the other glob are read as if they were a text.
        reaches(&self.0, &other.0, false, |cell| match cell.left {
            Part::Run => cell.above || cell.before,
            Part::One => cell.corner && cell.right != Part::Run,
            Part::Is(_) => cell.corner && cell.left == cell.right,
        })
    }

    /// Whether some text is matched by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        reaches(&self.0, &other.0, true, |cell| {
            match (cell.left, cell.right) {
                (Part::Run, _) | (_, Part::Run) => cell.above || cell.before,
                (Part::Is(a), Part::Is(b)) => cell.corner && a == b,
                _ => cell.corner,
            }
        })
    }
}

/// One cell (i, j) of the table below: its two parts and what is known of its neighbours.
struct Cell {
    left: Part,
    right: Part,
    /// (i - 1, j)
    above: bool,
    /// (i, j - 1)
    before: bool,
    /// (i - 1, j - 1)
    corner: bool,
}

/// Fills the table of "the first i parts of `left` go with the first j of
/// `right`" and returns its last cell. `vanish`: runs on the right may be empty.
fn reaches(left: &[Part], right: &[Part], vanish: bool, step: impl Fn(&Cell) -> bool) -> bool {
    let mut row = vec![true];
    for &part in right {
        row.push(vanish && part == Part::Run && row[row.len() - 1]);
    }
    for &part in left {
        let above = row;
        row = vec![above[0] && part == Part::Run];
        for (j, &other) in right.iter().enumerate() {
            row.push(step(&Cell {
                left: part,
                right: other,
                above: above[j + 1],
                before: row[j],
                corner: above[j],
            }));
        }
    }
    row[right.len()]
}

/// A glob over the address of a page or link: over its path if it begins with
/// `/`, else over the whole URL.
///
/// A path glob is tried with and without the query, since the links of mails
/// carry tracking parameters that nobody thinks of when writing `/demo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlGlob {
    glob: Glob,
    on_path: bool,
}

impl UrlGlob {
    /// Any text is a glob.
    pub fn new(text: &str) -> Self {
        Self {
            glob: Glob::new(text),
            on_path: text.starts_with('/'),
        }
    }

    /// Whether the URL matches, its fragment dropped.
    pub fn matches(&self, url: &str) -> bool {
        if self.on_path {
            self.glob.matches(path(url)) || self.glob.matches(path_and_query(url))
        } else {
            self.glob.matches(page(url))
        }
    }

    /// Whether everything that `other` matches is matched by this one, as far as can be shown.
    pub fn covers(&self, other: &Self) -> bool {
        match (self.on_path, other.on_path) {
            (true, false) => other
                .path_part()
                .is_some_and(|path| self.glob.covers(&path)),
            // A whole URL says more than a path, unless it says nothing.
            (false, true) => self.glob.0 == [Part::Run],
            _ => self.glob.covers(&other.glob),
        }
    }

    /// Whether some URL is matched by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self.on_path, other.on_path) {
            (true, false) => match other.path_part() {
                Some(path) => self.on_some_query(|glob| glob.overlaps(&path)),
                // The host is not spelt out: the path may be any end of the URL.
                None => self.on_some_query(|glob| {
                    let mut anywhere = vec![Part::Run];
                    anywhere.extend(&glob.0);
                    Glob(anywhere).overlaps(&other.glob)
                }),
            },
            (false, true) => other.overlaps(self),
            _ => self.glob.overlaps(&other.glob),
        }
    }

    /// Asks of a path glob as it stands and with any query behind it.
    fn on_some_query(&self, holds: impl Fn(&Glob) -> bool) -> bool {
        let mut with_query = self.glob.clone();
        with_query.0.extend([Part::Is('?'), Part::Run]);
        holds(&self.glob) || holds(&with_query)
    }

    /// What follows the host in a glob over whole URLs that spells its host out.
    fn path_part(&self) -> Option<Glob> {
        let parts = &self.glob.0;
        let mark = [Part::Is(':'), Part::Is('/'), Part::Is('/')];
        let host = parts.windows(3).position(|three| three == mark)? + 3;
        let length = parts[host..]
            .iter()
            .position(|&part| part == Part::Is('/'))?;
        let spelt = parts[..host + length]
            .iter()
            .all(|part| matches!(part, Part::Is(_)));
        spelt.then(|| Glob(parts[host + length..].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        Glob::new(glob).matches(text)
    }

    #[test]
    fn a_glob_matches_the_whole_text_and_a_run_takes_slashes_too() {
        assert!(matches("https://shop.example/", "https://shop.example/"));
        assert!(!matches("https://shop.example/", "https://shop.example/x"));
        assert!(matches("*/demo*", "https://shop.example/a/b/demo/now?x=1"));
        assert!(matches("spring??", "Spring26"));
        assert!(!matches("spring??", "Spring2026"));
        assert!(matches("a*b*c", "aXbXbXc"));
        assert!(!matches("a*b*c", "aXbXbX"));
        assert!(matches("", ""));
        assert!(!matches("", "x"));
        assert!(matches("**", ""));
        assert!(!matches("*?", ""));
    }

    #[test]
    fn texts_compare_without_case_after_composition() {
        assert_eq!(fold("CAFE\u{301}"), "café");
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert!(matches("caf?", "CAFE\u{301}"));
    }

    #[test]
    fn a_hostile_glob_does_not_run_away() {
        let glob = Glob::new(&format!("{}c", "*a".repeat(300)));
        assert!(!glob.matches(&"a".repeat(20_000)));
        assert!(glob.matches(&format!("{}c", "a".repeat(20_000))));
    }

    #[test]
    fn the_fragment_of_a_page_is_dropped_and_its_query_kept() {
        assert_eq!(page("https://x.nl/a?b=1#top"), "https://x.nl/a?b=1");
        assert_eq!(path("https://x.nl/a/b?c=1#top"), "/a/b");
        assert_eq!(path("https://x.nl"), "/");
        assert_eq!(path("https://x.nl?c=/1"), "/");
        assert_eq!(path("/login?next=https://x.nl/a"), "/login");
    }

    #[test]
    fn a_glob_from_a_slash_is_over_the_path_with_or_without_its_query() {
        let demo = UrlGlob::new("/demo");
        assert!(demo.matches("https://x.nl/demo"));
        assert!(demo.matches("https://x.nl/Demo?utm_source=mail#top"));
        assert!(demo.matches("/demo"));
        assert!(!demo.matches("https://x.nl/nl/demo"));
        assert!(UrlGlob::new("/search?q=*").matches("https://x.nl/search?q=shoes"));
        assert!(!UrlGlob::new("https://x.nl/demo").matches("https://x.nl/demo?a=1"));
        assert!(UrlGlob::new("https://x.nl/demo").matches("https://x.nl/demo#a"));
    }

    #[test]
    fn globs_know_which_covers_which_and_where_they_overlap() {
        let glob = UrlGlob::new;
        assert!(glob("/blog/*").covers(&glob("/blog/2026/*")));
        assert!(!glob("/blog/2026/*").covers(&glob("/blog/*")));
        assert!(glob("*?").covers(&glob("?*")));
        assert!(glob("/demo*").covers(&glob("https://x.nl/demo/a")));
        assert!(!glob("https://x.nl/*").covers(&glob("/demo")));
        assert!(glob("*").covers(&glob("/demo")));
        assert!(glob("/a*").overlaps(&glob("*b")));
        assert!(!glob("/a*").overlaps(&glob("/b*")));
        assert!(glob("https://x.nl/*").overlaps(&glob("/demo")));
        assert!(glob("https://x.nl/demo?a=1").overlaps(&glob("/demo")));
        assert!(!glob("https://x.nl/blog/demo").overlaps(&glob("/demo")));
        assert!(glob("*.nl/demo").overlaps(&glob("/demo")));
    }

    fn slow(glob: &[char], text: &[char]) -> bool {
        match (glob.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                slow(rest, text) || text.split_first().is_some_and(|(_, t)| slow(glob, t))
            }
            (Some(('?', rest)), Some((_, text))) => slow(rest, text),
            (Some((a, rest)), Some((b, text))) => a == b && slow(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let parts: Vec<char> = glob.chars().collect();
            let letters: Vec<char> = text.chars().collect();
            prop_assert_eq!(matches(&glob, &text), slow(&parts, &letters));
        }

        #[test]
        fn covering_and_overlapping_agree_with_matching(
            left in "[ab*?]{0,5}", right in "[ab*?]{0,5}", text in "[ab]{0,7}",
        ) {
            let (l, r) = (Glob::new(&left), Glob::new(&right));
            if l.matches(&text) && r.matches(&text) {
                prop_assert!(l.overlaps(&r), "{left} and {right} share {text}");
            }
            if l.covers(&r) && r.matches(&text) {
                prop_assert!(l.matches(&text), "{left} should cover {right}, {text}");
            }
        }

        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
