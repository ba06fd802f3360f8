//! Bodies that are sent as a form: pairs of names and values, in their order.

/// The pairs of a body of the type `application/x-www-form-urlencoded`; names as they came, brackets included.
pub fn pairs(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// The value of the first pair of that name that is not empty.
pub fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found
        .next()
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_brackets_and_an_empty_value_is_none() {
        let pairs = pairs(b"type=open&contact%5Bemail%5D=jan%40example.nl&list=");
        assert_eq!(value(&pairs, "contact[email]"), Some("jan@example.nl"));
        assert_eq!(value(&pairs, "list"), None);
        assert_eq!(value(&pairs, "campaign[id]"), None);
    }
}
