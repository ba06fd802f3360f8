//! Privacy and audit: who did what, is that what was written, what is held, who sees it, and what leaves this
//! machine.

use std::collections::BTreeMap;

use axum::{extract::Query, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    automation::Begin,
    config::{Config, ConnectionConfig, Mode},
    score::calendar::Millis,
    store::{AuditChain, AuditFilter, AuditRow, Conn, StoreError},
    text::Say,
    web::{
        access::{Access, Routes},
        error::role_key,
        html::{self, Column, Mood},
        page::{Nav, Page, Visit},
    },
};

/// Rows of the audit trail on a page.
const ROWS: u32 = 50;

/// What a check of the audit trail is called in it.
const CHECK: &str = "check audit trail";

/// How its detail begins where the trail is sound.
const SOUND: &str = "unbroken";

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get("/privacy", Access::Role(Role::Viewer), show)
        .post("/privacy/check", Access::Role(Role::Marketer), check)
}

/// Which rows of the audit trail.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Those before this number.
    before: Option<i64>,
    /// Done by whoever did what stands in the row of this number: a name may be an address, which no URL has.
    by: Option<i64>,
    /// Exactly this.
    what: Option<String>,
}

/// What the page shows, of one state of the store.
struct Seen {
    filter: AuditFilter,
    rows: Vec<AuditRow>,
    more: bool,
    /// The last check of the trail.
    checked: Option<AuditRow>,
    contacts: i64,
    events: i64,
    since: Option<Millis>,
}

fn look(conn: &Conn, asked: &Asked) -> Result<Seen, StoreError> {
    let of = |id: i64| {
        let rows = conn.audit_page(Some(id.saturating_add(1)), 1, &AuditFilter::default())?;
        let row = rows.into_iter().find(|row| row.id == id);
        Ok::<_, StoreError>(row.map(|row| row.who))
    };
    let filter = AuditFilter {
        who: asked.by.map(of).transpose()?.flatten(),
        what: asked.what.clone().filter(|what| !what.is_empty()),
    };
    let mut rows = conn.audit_page(asked.before, ROWS + 1, &filter)?;
    let more = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    let checks = AuditFilter {
        who: None,
        what: Some(CHECK.to_owned()),
    };
    let (contacts, events) = conn.sizes()?;
    Ok(Seen {
        checked: conn.audit_page(None, 1, &checks)?.pop(),
        since: conn.held_since()?,
        filter,
        rows,
        more,
        contacts,
        events,
    })
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let seen = visit.read(move |conn| look(conn, &asked)).await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let users = match visit.web.accounts.users().await {
        Ok(users) => users,
        Err(error) => return visit.refuse(error),
    };
    let mut roles: BTreeMap<Role, usize> = Role::ALL.into_iter().map(|role| (role, 0)).collect();
    for user in users.iter().filter(|user| user.disabled_at.is_none()) {
        *roles.entry(user.role).or_default() += 1;
    }
    let say = visit.say;
    let body = html! {
        (trail(&visit, &seen))
        div.columns {
            (held(say, &seen))
            (who_sees(say, &roles))
        }
        (leaving(say, &visit.jobs.config))
    };
    visit
        .page(Page {
            title: say.t("nav-privacy"),
            nav: Nav::Privacy,
            body,
            command: Some("engaged verify".to_owned()),
        })
        .await
}

/// The audit trail and the state of its chain.
fn trail(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    let filtered = seen.filter != AuditFilter::default();
    let by = |row: &AuditRow| query(seen, Some(row.id), None);
    let only = |row: &AuditRow| query(seen, None, Some(&row.what));
    let rows = seen.rows.iter().map(|row| {
        vec![
            html! { span.short { (say.millis(row.at)) } },
            html! { a.short href=(by(row)) { (html::name(&visit.plain(&row.who))) } },
            html! { a.short href=(only(row)) { (html::name(&row.what)) } },
            html! { (html::words(&visit.plain(&row.detail))) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("privacy-when")),
        Column::text(say.t("privacy-by")),
        Column::text(say.t("privacy-what")),
        Column::text(say.t("privacy-detail")),
    ];
    html! {
        section.card {
            h2 { (say.t("privacy-trail")) }
            (chain(visit, seen))
            @if filtered {
                p {
                    (say.t("privacy-filtered")) " "
                    @if let Some(who) = &seen.filter.who { strong { (html::name(&visit.plain(who))) } " " }
                    @if let Some(what) = &seen.filter.what { strong { (html::name(what)) } " " }
                    a href="/privacy" { (say.t("privacy-all-rows")) }
                }
            } @else { p.soft { (say.t("privacy-filter-help")) } }
            (html::table(&say.t("privacy-trail-caption"), &columns, &rows, &say.t("privacy-trail-empty")))
            @if let Some(last) = seen.rows.last().filter(|_| seen.more) {
                p { a href={ (query(seen, seen.filter.who.is_some().then_some(last.id), None)) "&before=" (last.id) } {
                    (say.t("next-page"))
                } }
            }
        }
    }
}

/// The address of a part of the trail: with who is chosen already, or by a row of theirs; and what, likewise.
fn query(seen: &Seen, by: Option<i64>, what: Option<&str>) -> String {
    let chosen = seen.filter.who.is_some();
    let by = by.or(seen.rows.first().filter(|_| chosen).map(|row| row.id));
    let what = what.or(seen.filter.what.as_deref());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(by) = by {
        query.append_pair("by", &by.to_string());
    }
    if let Some(what) = what {
        query.append_pair("what", what);
    }
    format!("/privacy?{}", query.finish())
}

/// Whether the trail is what was written, when somebody last looked.
fn chain(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    html! {
        p.row {
            @match &seen.checked {
                None => { (html::badge(Mood::Calm, &say.t("privacy-unchecked"))) }
                Some(row) => {
                    @if row.detail.starts_with(SOUND) {
                        (html::badge(Mood::Good, &say.t("privacy-sound")))
                    } @else { (html::badge(Mood::Bad, &say.t("privacy-broken"))) }
                    span.soft { (say.with("privacy-checked", [
                        ("time", say.millis(row.at).into()), ("who", visit.plain(&row.who).into()),
                    ])) " " code { (html::words(&row.detail)) } }
                }
            }
        }
        @if visit.may(Role::Marketer) {
            (html::button("/privacy/check", &say.t("privacy-check"), "quiet", &[]))
        }
        p.small.soft { (say.t("privacy-chain-help")) }
    }
}

/// Looks at the whole trail, and notes in it what was found: with the last hash, so that a copy of it kept elsewhere
/// can be compared.
async fn check(visit: Visit) -> Response {
    let found = visit.read(Conn::verify_audit).await;
    let chain = match found {
        Ok(chain) => chain,
        Err(refused) => return refused,
    };
    let (who, now) = (visit.session.name.clone(), visit.now().timestamp_millis());
    let detail = detail(&chain);
    let noted = visit
        .jobs
        .store
        .write_async(move |tx| tx.audit(&who, CHECK, &detail, now));
    if let Err(error) = noted.await {
        return visit.refuse(error);
    }
    let say = visit.say;
    match chain.broken_at {
        None => visit.then(
            "/privacy",
            Mood::Good,
            say.with("privacy-found-sound", [("n", chain.rows.into())]),
        ),
        Some(row) => visit.then(
            "/privacy",
            Mood::Bad,
            say.with("privacy-found-broken", [("row", row.into())]),
        ),
    }
}

fn detail(chain: &AuditChain) -> String {
    let rows = chain.rows;
    match (chain.broken_at, &chain.head) {
        (Some(at), _) => format!("broken at row {at} of {rows}"),
        (None, Some(head)) => format!("{SOUND}: {rows} rows, the last hash is {head}"),
        (None, None) => format!("{SOUND}: {rows} rows"),
    }
}

/// What is kept, since when, and how long.
fn held(say: Say, seen: &Seen) -> Markup {
    html! {
        section.card {
            h2 { (say.t("privacy-held")) }
            dl.facts {
                dt { (say.t("contacts")) } dd { (say.n(seen.contacts)) }
                dt { (say.t("privacy-events")) } dd { (say.n(seen.events)) }
                dt { (say.t("privacy-since")) } dd { (seen.since.map_or_else(|| say.t("none-yet"), |at| say.millis(at))) }
            }
            p { (say.t("privacy-kept")) }
            h3 { (say.t("privacy-purged")) }
            p { (say.t("privacy-not-purged")) }
            h3 { (say.t("privacy-asked")) }
            p { (say.t("privacy-no-verbs")) }
        }
    }
}

/// Who may see addresses, by role.
fn who_sees(say: Say, roles: &BTreeMap<Role, usize>) -> Markup {
    let rows = roles.iter().map(|(role, users)| {
        let sees = if *role == Role::Viewer {
            say.t("privacy-masked")
        } else {
            say.t("privacy-whole")
        };
        vec![
            html! { (say.t(role_key(*role))) },
            html! { (sees) },
            html! { (say.n(u64::try_from(*users).unwrap_or(u64::MAX))) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("privacy-role")),
        Column::text(say.t("privacy-addresses")),
        Column::number(say.t("privacy-users")),
    ];
    html! {
        section.card {
            h2 { (say.t("privacy-who-sees")) }
            (html::table(&say.t("privacy-roles-caption"), &columns, &rows, ""))
            p.small.soft { (say.t("privacy-programs")) }
        }
    }
}

/// Whereto anything is sent, from the configuration. No keys, and of addresses the host only.
fn leaving(say: Say, config: &Config) -> Markup {
    let connection = |each: &ConnectionConfig| {
        let what = match each.mode {
            Mode::Live => say.t("privacy-reads-and-writes"),
            Mode::ReadOnly => say.t("privacy-reads"),
        };
        vec![
            html::name(&each.name),
            html! { (each.platform.as_str()) },
            html! { (host(each).unwrap_or_else(|| say.t("privacy-own-host"))) },
            html! { (what) },
        ]
    };
    let calls = config
        .automations
        .iter()
        .filter_map(|each| match &each.start.begin {
            Begin::Call(hook) => Some(vec![
                html::name(&each.name),
                html! { (say.t("privacy-webhook")) },
                html! { (host(hook).unwrap_or_default()) },
                html! { (say.t("privacy-called")) },
            ]),
            _ => None,
        });
    let told = config.alerts.receiver.iter().map(|receiver| {
        vec![
            html! { (say.t("privacy-alerts")) },
            html! { (say.t("privacy-alert")) },
            html! { (receiver.url.host_str().unwrap_or_default()) },
            html! { (say.t("privacy-told")) },
        ]
    });
    let connections = config.connections.iter().map(connection);
    let rows: Vec<Vec<Markup>> = connections.chain(calls).chain(told).collect();
    let columns = [
        Column::text(say.t("privacy-name")),
        Column::text(say.t("privacy-kind")),
        Column::text(say.t("privacy-host")),
        Column::text(say.t("privacy-sent")),
    ];
    html! {
        section.card {
            h2 { (say.t("privacy-leaves")) }
            (html::table(&say.t("privacy-leaves-caption"), &columns, &rows, &say.t("privacy-leaves-nothing")))
            p.small.soft { (say.t("privacy-nothing-else")) }
        }
    }
}

fn host(connection: &ConnectionConfig) -> Option<String> {
    let url = connection.base_url.as_ref()?;
    url.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::web::stage::{RULES, Site};

    #[tokio::test]
    async fn who_did_what_is_listed_and_can_be_narrowed_without_a_name_in_the_url() {
        let site = Site::new(RULES, "").await;
        let viewer = site.cookie(Role::Viewer).await;
        let store = site.web.store();
        let add = |who: &'static str, what: &'static str, detail: &'static str| {
            store
                .write(move |tx| tx.audit(who, what, detail, 1_781_000_000_000))
                .unwrap();
        };
        add("jo@example.nl", "published", "for <b>jan@example.nl</b>");
        add("ann", "approve", "a guard");
        let page = site.get(&viewer, "/privacy").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("a guard"), "{}", page.body);
        assert!(
            !page.body.contains("jan@example.nl") && !page.body.contains("jo@"),
            "{}",
            page.body
        );
        assert!(page.body.contains("&lt;b&gt;j…@e….nl"), "{}", page.body);
        let row = page
            .body
            .split("?by=")
            .find(|part| part.contains("j…@e….nl"))
            .unwrap();
        let id = row.split('"').next().unwrap();
        let page = site.get(&viewer, &format!("/privacy?by={id}")).await;
        assert!(
            page.body.contains("published") && !page.body.contains("a guard"),
            "{}",
            page.body
        );
        let page = site.get(&viewer, "/privacy?what=approve").await;
        assert!(
            page.body.contains("a guard") && !page.body.contains("published"),
            "{}",
            page.body
        );
    }

    #[tokio::test]
    async fn the_trail_is_read_page_by_page() {
        let site = Site::new(RULES, "").await;
        let viewer = site.cookie(Role::Viewer).await;
        let write = |tx: &crate::store::Tx| {
            (0..120).try_for_each(|number| tx.audit("ann", "count", &format!("row <{number}>"), 0))
        };
        site.web.store().write(write).unwrap();
        let mut to = "/privacy?what=count".to_owned();
        let mut seen = 0;
        for _ in 0..3 {
            let page = site.get(&viewer, &to).await;
            seen += page.body.matches("row &lt;").count();
            let next = page
                .body
                .split("href=\"")
                .find(|part| part.contains("&amp;before="));
            to = next.map_or(String::new(), |next| {
                next.split('"').next().unwrap().replace("&amp;", "&")
            });
        }
        assert_eq!((seen, to.as_str()), (120, ""));
    }

    #[tokio::test]
    async fn a_check_of_the_chain_is_noted_with_what_it_found() {
        let site = Site::new(RULES, "").await;
        let marketer = site.cookie(Role::Marketer).await;
        let page = site.get(&marketer, "/privacy").await;
        assert!(page.body.contains("never checked"), "{}", page.body);
        let answer = site.post(&marketer, "/privacy/check", &[]).await;
        assert_eq!(answer.location(), "/privacy");
        let page = site.get(&marketer, "/privacy").await;
        assert!(page.body.contains("unbroken: "), "{}", page.body);
        let viewer = site.cookie(Role::Viewer).await;
        let page = site.get(&viewer, "/privacy").await;
        assert!(
            !page.body.contains(r#"action="/privacy/check""#),
            "{}",
            page.body
        );
    }

    #[test]
    fn a_broken_chain_does_not_read_like_a_sound_one() {
        let chain = AuditChain {
            rows: 9,
            broken_at: Some(4),
            head: Some("ab".to_owned()),
        };
        assert!(!detail(&chain).starts_with(SOUND));
    }
}
