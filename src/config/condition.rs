//! Conditions that somebody types outside the file, in a configuration's own words.

use super::Config;
use crate::rules::{Context, KnownScore, SyntaxError, parse_condition, syntax::Condition};

impl Config {
    /// Reads a condition that may name the scores, bands, segments and kinds of this configuration.
    ///
    /// # Errors
    /// All mistakes come at once, in the order of the text.
    pub fn condition(&self, text: &str) -> Result<Condition, Vec<SyntaxError>> {
        let rules = &self.rules;
        let scores: Vec<KnownScore> = rules
            .scores
            .iter()
            .map(|score| KnownScore {
                name: score.name.clone(),
                bands: score.bands.iter().map(|band| band.name.clone()).collect(),
            })
            .collect();
        let segments = rules.segments.iter().map(|segment| segment.name.clone());
        let segments: Vec<String> = segments.collect();
        let names = Context {
            kinds: &rules.kinds,
            scores: Some(&scores),
            segments: Some(&segments),
            ..Context::default()
        };
        parse_condition(text, &names)
    }
}
