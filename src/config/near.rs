//! "Did you mean": the nearest of the words that would have been right.

/// The nearest candidate, if any is near enough to be meant.
///
/// Near is a third of the word's letters (one at least) by insertions,
/// deletions, substitutions and swaps of neighbours, case ignored; else a
/// candidate that is one of the word's own parts (`api_key`, `key`).
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    let mut parts = None;
    let mut best = None;
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let distance = strsim::osa_distance(&word, &lower);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
        if parts.is_none() && word.split(['_', '-', '.', ' ']).any(|part| part == lower) {
            parts = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(parts)
}

/// `did you mean 'x'?`, else the whole choice.
pub(crate) fn proposal<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean '{near}'?"));
    }
    choice(candidates)
}

/// `possible here: a, b, c`, if there is any and few enough to read.
pub(super) fn choice<'a>(candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = candidates.into_iter().collect();
    (!all.is_empty() && all.len() <= 30).then(|| format!("possible here: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word_and_a_strange_word_finds_none() {
        let keys = ["platform", "lists", "key", "mode"];
        assert_eq!(nearest("platfrom", keys), Some("platform"));
        assert_eq!(nearest("Lists", keys), Some("lists"));
        assert_eq!(nearest("api_key", keys), Some("key"));
        assert_eq!(nearest("banana", keys), None);
    }
}
