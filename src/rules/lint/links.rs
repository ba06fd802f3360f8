//! Classes of links that shadow each other: the first match wins.

use super::{Place, Warning};
use crate::rules::{glob::UrlGlob, set::LinkClass};

/// A class all of whose globs are covered by earlier classes is never reached;
/// a glob that meets one of an earlier class loses links to it.
pub(super) fn lint(classes: &[LinkClass]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut earlier: Vec<(UrlGlob, &str, &str)> = Vec::new();
    for class in classes {
        let globs: Vec<UrlGlob> = class.globs.iter().map(|glob| UrlGlob::new(glob)).collect();
        let covered = |glob: &UrlGlob| earlier.iter().find(|(first, ..)| first.covers(glob));
        let hidden = !globs.is_empty() && globs.iter().all(|glob| covered(glob).is_some());
        if globs.is_empty() || hidden {
            warnings.push(Warning {
                place: Place::Class(class.name.clone()),
                message: format!("no link is ever `{}`", class.name),
                help: Some(if hidden {
                    "earlier classes take all its links; put it before them".into()
                } else {
                    "it has no patterns".into()
                }),
            });
        }
        for (place, (glob, text)) in globs.iter().zip(&class.globs).enumerate() {
            let met = earlier.iter().find(|(first, ..)| first.overlaps(glob));
            let Some((first, other, name)) = met.filter(|_| !hidden) else {
                continue;
            };
            let (what, help) = if first.covers(glob) {
                (
                    "takes all links of",
                    format!("leave it out, or put `{}` first", class.name),
                )
            } else {
                ("takes links of", "the class that stands first wins".into())
            };
            warnings.push(Warning {
                place: Place::Glob {
                    class: class.name.clone(),
                    glob: place,
                },
                message: format!("`{other}` of the earlier class `{name}` {what} `{text}`"),
                help: Some(help),
            });
        }
        let named = globs.into_iter().zip(&class.globs);
        earlier.extend(named.map(|(glob, text)| (glob, &**text, &*class.name)));
    }
    warnings
}
