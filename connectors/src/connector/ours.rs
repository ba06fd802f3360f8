//! What of an account is ours to write: the one rule that keeps every connector off other people's tags.

/// The tags and fields that we may write, as the settings of a connection say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ours {
    /// With what our tags begin. Without a prefix no tag is ours by its beginning.
    pub(crate) prefix: String,
    /// Tags that start something, by their whole names.
    pub(crate) tags: Vec<String>,
    /// Fields that start something.
    pub(crate) fields: Vec<String>,
}

/// Why a change of any other tag is refused.
pub(crate) const FOREIGN_TAG: &str =
    "the tag does not begin with our prefix, so it is not ours to change";

impl Ours {
    /// Whether a tag begins as ours do. Tags of the user's own series do not, and are never made.
    pub(crate) fn begins(&self, tag: &str) -> bool {
        !self.prefix.is_empty() && tag.starts_with(&self.prefix)
    }

    /// Whether a tag may be put on and taken off.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.begins(tag) || self.tags.iter().any(|own| own == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_prefix_no_tag_is_ours_but_those_that_start_something() {
        let ours = Ours {
            tags: vec!["start:back".to_owned()],
            ..Ours::default()
        };
        assert!(ours.has_tag("start:back") && !ours.has_tag("vip") && !ours.begins("start:back"));
    }
}
