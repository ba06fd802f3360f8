//! The pages, one file each: what it shows, and what can be done on it.

mod automations;
mod cleaning;
mod contact;
mod contacts;
mod login;
mod overview;
mod privacy;
mod push;
mod rules;
mod scores;
mod segments;
mod settings;
mod sync;
mod tasks;

use super::access::Routes;

/// Adds every page.
pub(super) fn add(routes: Routes) -> Routes {
    let pages: [fn(Routes) -> Routes; 14] = [
        automations::add,
        cleaning::add,
        contact::add,
        contacts::add,
        login::add,
        overview::add,
        privacy::add,
        push::add,
        rules::add,
        scores::add,
        segments::add,
        settings::add,
        sync::add,
        tasks::add,
    ];
    pages.into_iter().fold(routes, |routes, add| add(routes))
}
