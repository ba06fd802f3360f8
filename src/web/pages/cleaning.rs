//! Cleaning: who should go, and is that safe?

use axum::response::Response;
use maud::html;

use crate::{
    account::Role,
    web::{
        access::{Access, Routes},
        page::{Nav, Page, Visit},
    },
};

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/cleaning", Access::Role(Role::Viewer), show)
}

async fn show(visit: Visit) -> Response {
    let say = visit.say;
    let body = html! {};
    visit
        .page(Page {
            title: say.t("nav-cleaning"),
            nav: Nav::Cleaning,
            body,
            command: None,
        })
        .await
}
