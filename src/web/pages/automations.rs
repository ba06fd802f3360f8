//! Automations: did threshold crossings start the right things?

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
    routes.get("/automations", Access::Role(Role::Viewer), show)
}

async fn show(visit: Visit) -> Response {
    let say = visit.say;
    let body = html! {};
    visit
        .page(Page {
            title: say.t("nav-automations"),
            nav: Nav::Automations,
            body,
            command: None,
        })
        .await
}
