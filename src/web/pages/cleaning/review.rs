//! A sample of a plan, each contact with why it is proposed; leaving contacts alone; and the button that carries it out,
//! which stands below the sample and nowhere else.

use axum::{
    Form,
    extract::{Path, Query},
    response::Response,
};
use engaged_connectors::model::Address;
use maud::{Markup, html};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    kept,
    plan::{not_kept, title},
    plan_anew, policy_plan,
};
use crate::{
    account::Role,
    clean::{
        because::{Because, because},
        plan::{Deed, PolicyPlan, Step},
    },
    config::Approve,
    desk::{ask::Ask, kept::LISTED},
    score::facts::ConnectionId,
    store::{Conn, ContactId},
    text::{Say, key},
    web::{
        error::Refusal,
        html::{Column, Mood, badge, name, table},
        page::{Nav, Page, Visit},
        tasks::asked,
    },
    words::kind,
};

/// So many contacts are looked at before anything is done.
pub(super) const SAMPLE: usize = 20;

/// So many contacts stand on a page of the whole list.
const ROWS: usize = 100;

/// The sign that somebody was shown the sample of a plan: it stands in the form below it.
pub(super) fn looked(plan: &PolicyPlan) -> String {
    let mut hash = Sha256::new();
    hash.update(b"looked at ");
    hash.update(plan.fingerprint.as_bytes());
    for step in plan.steps.iter().take(SAMPLE) {
        hash.update(step.contact.0.to_be_bytes());
    }
    hex::encode(&hash.finalize()[..12])
}

/// The sample.
pub(super) async fn show(visit: Visit, Path(fingerprint): Path<String>) -> Response {
    let kept = kept(&visit, &fingerprint);
    let Some(plan) = kept.as_deref().and_then(policy_plan) else {
        return not_kept(&visit).await;
    };
    let sample: Vec<Step> = plan.steps.iter().take(SAMPLE).cloned().collect();
    let (steps, names) = match with_reasons(&visit, sample).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let body = html! {
        p.lead {
            (say.with("cleaning-sample-lead", [("n", steps.len().into()), ("all", (plan.ask + plan.take).into())]))
        }
        @if visit.may(Role::Marketer) {
            form method="post" action="/cleaning/keep" {
                input type="hidden" name="policy" value=(plan.policy);
                (rows(&visit, &steps, &names, true))
                div.row { button.quiet type="submit" { (say.t("cleaning-keep")) } }
                p.field-help { (say.t("cleaning-keep-help")) }
            }
        } @else {
            (rows(&visit, &steps, &names, false))
        }
        (apply_form(&visit, plan))
        p {
            a href={ "/cleaning/plan/" (fingerprint) "/all" } { (say.t("cleaning-see-all")) } " · "
            a href={ "/cleaning/plan/" (fingerprint) } { (say.t("cleaning-see-plan")) }
        }
    };
    let page = Page {
        title: title(&visit, plan),
        nav: Nav::Cleaning,
        body,
        command: Some(format!("engaged clean review --policy {}", plan.policy)),
    };
    visit.page(page).await
}

/// Names of connections.
type Names = Vec<(ConnectionId, String)>;

/// Why each of some contacts is proposed.
async fn with_reasons(
    visit: &Visit,
    steps: Vec<Step>,
) -> Result<(Vec<(Step, Because)>, Names), Response> {
    visit
        .read(move |conn| {
            let mut found = Vec::with_capacity(steps.len());
            for step in steps {
                let because = because(conn, &step)?;
                found.push((step, because));
            }
            let names = conn.connections()?.into_iter();
            Ok((found, names.map(|each| (each.id, each.name)).collect()))
        })
        .await
}

fn rows(visit: &Visit, steps: &[(Step, Because)], names: &Names, choose: bool) -> Markup {
    let say = visit.say;
    let mut columns = vec![
        Column::text(say.t("push-contact")),
        Column::text(say.t("cleaning-what")),
        Column::text(say.t("cleaning-because")),
        Column::text(say.t("push-connection")),
    ];
    if choose {
        columns.push(Column::text(say.t("cleaning-alone")));
    }
    let rows = steps.iter().map(|(step, because)| {
        let on = step.placed.iter();
        let on = on.filter_map(|placed| names.iter().find(|(id, _)| *id == placed.connection));
        let mut row = vec![
            visit.contact(step.contact, because.email.as_ref()),
            deed(say, step.deed),
            reasons(say, because),
            html! { @for (_, each) in on { (name(each)) " " } },
        ];
        if choose {
            row.push(html! {
                @if because.email.is_some() {
                    @let id = format!("keep-{}", step.contact.0);
                    label for=(id) {
                        input id=(id) type="checkbox" name="contact" value=(step.contact.0);
                        span.unseen { (say.t("cleaning-alone")) }
                    }
                }
            });
        }
        row
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let caption = say.t("cleaning-sample");
    table(&caption, &columns, &rows, &say.t("cleaning-sample-nobody"))
}

fn deed(say: Say, deed: Deed) -> Markup {
    match deed {
        Deed::Ask => badge(Mood::Calm, &say.t("cleaning-ask-one")),
        Deed::Take => badge(Mood::Warn, &say.t("cleaning-take-one")),
    }
}

/// When a contact was last seen, and what it got since.
fn reasons(say: Say, because: &Because) -> Markup {
    let seen = match (&because.last, because.subscribed_at) {
        (Some((what, at)), _) => say.with(
            "cleaning-because-seen",
            [
                ("day", say.day(say.local_day(*at)).into()),
                ("what", kind(what, say.language).into()),
            ],
        ),
        (None, Some(at)) => say.with(
            "cleaning-because-never-since",
            [("day", say.day(say.local_day(at)).into())],
        ),
        (None, None) => say.t("cleaning-because-never"),
    };
    html! {
        (seen) " "
        (say.with("cleaning-because-mails", [("n", because.mails.into())]))
        @if because.untracked > 0 { " " (say.with("cleaning-because-untracked", [("n", because.untracked.into())])) }
        @if because.machines > 0 { " " (say.with("cleaning-because-machines", [("n", because.machines.into())])) }
    }
}

/// The button that does it, for who may.
fn apply_form(visit: &Visit, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    let steps = plan.ask + plan.take;
    if steps == 0 || !plan.held.is_empty() {
        return html! {};
    }
    if !visit.may(Role::Marketer) {
        return html! { p.soft { (say.t("cleaning-who")) } };
    }
    let for_good = plan.connections.iter().any(|part| !part.undone);
    let two = plan.approve == Approve::TwoPeople.as_str();
    let word = if two {
        key("cleaning-approve")
    } else {
        key("cleaning-apply")
    };
    html! {
        section.card {
            h2 { (say.t("cleaning-carry-out")) }
            p { (say.t("cleaning-carry-out-help")) }
            @if two { p { (say.t("cleaning-two-people")) } }
            @if for_good { p { strong { (say.t("cleaning-cannot-undo")) } } }
            form method="post" action="/cleaning/apply" {
                input type="hidden" name="plan" value=(plan.fingerprint);
                input type="hidden" name="looked" value=(looked(plan));
                button type="submit" class=[for_good.then_some("danger")] { (say.with(word, [("n", steps.into())])) }
            }
        }
    }
}

/// Which part of the whole list.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Part {
    deed: Option<String>,
    from: Option<usize>,
}

/// Everybody of a plan, the longest silence first.
pub(super) async fn all(
    visit: Visit,
    Path(fingerprint): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let kept = kept(&visit, &fingerprint);
    let Some(plan) = kept.as_deref().and_then(policy_plan) else {
        return not_kept(&visit).await;
    };
    let meant = |step: &&Step| match part.deed.as_deref() {
        Some("ask") => step.deed == Deed::Ask,
        Some("take") => step.deed == Deed::Take,
        _ => true,
    };
    let mut steps: Vec<Step> = plan.steps.iter().filter(meant).cloned().collect();
    steps.sort_by_key(|step| (step.silent_since, step.contact));
    let (from, number) = (part.from.unwrap_or_default(), steps.len());
    let page: Vec<Step> = steps.into_iter().skip(from).take(ROWS).collect();
    let next = (from + page.len() < number).then_some(from + page.len());
    let (page, names) = match with_reasons(&visit, page).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let place = format!("/cleaning/plan/{fingerprint}");
    let deed = part
        .deed
        .as_deref()
        .filter(|deed| matches!(*deed, "ask" | "take"));
    let of = deed.map(|deed| format!("&deed={deed}")).unwrap_or_default();
    let body = html! {
        p.lead { (say.with("cleaning-all-lead", [("n", number.into())])) }
        @if plan.ask + plan.take > LISTED as u64 { p { (say.with("cleaning-all-part", [("n", LISTED.into())])) } }
        (rows(&visit, &page, &names, false))
        p {
            @if let Some(next) = next { a href={ (place) "/all?from=" (next) (of) } { (say.t("next-page")) } " · " }
            a href={ (place) "/review" } { (say.t("cleaning-to-sample")) } " · "
            a href=(place) { (say.t("cleaning-see-plan")) }
        }
    };
    let page = Page {
        title: title(&visit, plan),
        nav: Nav::Cleaning,
        body,
        command: Some(format!("engaged clean review --policy {}", plan.policy)),
    };
    visit.page(page).await
}

/// Leaves the contacts alone that were ticked, and works the policy out anew.
pub(super) async fn keep(visit: Visit, body: String) -> Response {
    let mut policy = None;
    let mut chosen: Vec<ContactId> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(body.as_bytes()) {
        match key.as_ref() {
            "policy" => policy = Some(value.into_owned()),
            "contact" => chosen.extend(value.parse().ok().map(ContactId)),
            _ => {}
        }
    }
    let Some(policy) = policy.filter(|policy| !policy.is_empty()) else {
        return visit.refuse(Refusal::NotFound);
    };
    chosen.truncate(ROWS);
    if chosen.is_empty() {
        let none = visit.say.t("cleaning-keep-nobody");
        return visit.then("/cleaning", Mood::Warn, none);
    }
    let addresses = |conn: &Conn| {
        let mut contacts: Vec<Address> = Vec::new();
        for contact in chosen {
            let mut placed = conn.placed(contact)?.into_iter();
            contacts.extend(placed.find_map(|placed| placed.email));
        }
        Ok(contacts)
    };
    let contacts = match visit.read(addresses).await {
        Ok(contacts) => contacts,
        Err(refused) => return refused,
    };
    let ask = Ask::CleanKeep {
        policy: Some(policy.clone()),
        contacts,
    };
    let desk = &visit.web.desk;
    let id = desk.ask(ask, &visit.session.name);
    let done = desk.wait(id, std::time::Duration::from_secs(5)).await;
    match done.map(|task| task.state) {
        Some(crate::desk::task::TaskState::Done(_)) => plan_anew(&visit, Some(policy)).await,
        _ => crate::web::error::see(&crate::web::tasks::place(id)),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Apply {
    plan: String,
    looked: String,
}

pub(super) async fn apply(visit: Visit, Form(form): Form<Apply>) -> Response {
    let kept = kept(&visit, &form.plan);
    let Some(plan) = kept.as_deref().and_then(policy_plan) else {
        return not_kept(&visit).await;
    };
    if looked(plan) != form.looked {
        let to = format!("/cleaning/plan/{}/review", plan.fingerprint);
        return visit.then(&to, Mood::Warn, visit.say.t("cleaning-look-first"));
    }
    let fingerprint = form.plan;
    asked(&visit, Ask::CleanApply { fingerprint }, |_| None).await
}
