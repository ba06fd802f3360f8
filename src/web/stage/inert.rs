//! Whether a page does nothing but what we wrote.

use regex::Regex;

/// Attributes that pages of ours have.
const ATTRIBUTES: &[&str] = &[
    "action",
    "aria-controls",
    "aria-current",
    "aria-describedby",
    "aria-hidden",
    "aria-invalid",
    "aria-label",
    "aria-labelledby",
    "autocomplete",
    "charset",
    "class",
    "content",
    "cx",
    "cy",
    "d",
    "data-copied",
    "data-copy",
    "data-points",
    "data-score",
    "data-submit",
    "data-theme",
    "defer",
    "dx",
    "dy",
    "fill",
    "for",
    "height",
    "hidden",
    "href",
    "id",
    "inputmode",
    "label",
    "lang",
    "maxlength",
    "method",
    "min",
    "name",
    "open",
    "overflow",
    "patternTransform",
    "patternUnits",
    "placeholder",
    "preserveAspectRatio",
    "r",
    "rel",
    "required",
    "role",
    "rx",
    "scope",
    "selected",
    "spellcheck",
    "src",
    "tabindex",
    "text-anchor",
    "title",
    "transform",
    "type",
    "value",
    "vector-effect",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Fails where a page has a script, an attribute or an address that no page of ours has, or a character that turns
/// a line around or commands a terminal.
pub(crate) fn assert_inert(body: &str) {
    let tag = Regex::new(r"<([a-zA-Z][a-zA-Z0-9]*)([^>]*)>").unwrap();
    let attribute = Regex::new(r#"\s+([^\s="'>/]+)(?:="([^"]*)")?"#).unwrap();
    let mut scripts = 0;
    for found in tag.captures_iter(body) {
        let name = found[1].to_lowercase();
        scripts += usize::from(name == "script");
        let foreign = [
            "iframe",
            "object",
            "embed",
            "img",
            "style",
            "base",
            "svg:script",
            "foreignobject",
        ];
        assert!(!foreign.contains(&name.as_str()), "{}", &found[0]);
        for pair in attribute.captures_iter(&found[2]) {
            assert!(
                ATTRIBUTES.contains(&&pair[1]),
                "{} in {}",
                &pair[1],
                &found[0]
            );
            if let (true, Some(value)) =
                (["href", "src", "action"].contains(&&pair[1]), pair.get(2))
            {
                let own =
                    value.as_str().starts_with(['/', '#']) && !value.as_str().starts_with("//");
                assert!(own, "{}", &found[0]);
            }
        }
    }
    assert_eq!(scripts, 1, "the frame has one script, and it is a file");
    let odd = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!body.contains(odd), "a page holds control characters");
}
