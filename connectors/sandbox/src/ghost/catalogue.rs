//! The smaller resources: site, newsletters, labels, posts with their e-mails.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Refusal, document, keep_fields, paginate, stamp};
use super::id::uuid;
use super::nql::Filter;
use super::state::{Label, Mail, Newsletter, slug};
use super::{Call, Desk, Version};

/// Answers `GET site/`, to everybody.
pub(super) fn site(desk: &Desk<'_>) -> Response {
    let mut site = json!({
        "title": desk.config.title,
        "description": "Thoughts, stories and ideas.",
        "logo": null,
        "icon": null,
        "cover_image": "https://static.ghost.org/v5.0.0/images/publication-cover.jpg",
        "accent_color": "#FF1A75",
        "locale": "en",
        "url": format!("{}/", desk.base),
        "version": desk.config.version.number(),
        "allow_external_signup": true,
        "site_uuid": uuid(desk.config.publication as u64),
    });
    if desk.config.version == Version::Six {
        site["timezone"] = json!("Etc/UTC");
    }
    document(StatusCode::OK, &json!({"site": site}))
}

/// Answers `GET newsletters/`.
pub(super) fn newsletters(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let filter = read_filter(call)?;
    let mut rows = Vec::new();
    for (number, newsletter) in (0_u8..).zip(&desk.state.newsletters) {
        let fits = filter.judge(&mut |test| {
            Some(match test.key.as_str() {
                "id" => test.on_text(Some(&newsletter.id.to_string())),
                "slug" => test.on_text(Some(&newsletter.slug)),
                "name" => test.on_text(Some(&newsletter.name)),
                "status" => test.on_text(Some("active")),
                _ => false,
            })
        });
        if fits == Some(true) {
            let mut row = newsletter_json(desk, newsletter);
            if call.query.lists("include", "count.members")
                || call.query.lists("include", "count.active_members")
            {
                let members = desk
                    .state
                    .members
                    .values()
                    .filter(|member| member.newsletters.contains(&number));
                let (all, active) = members.fold((0, 0), |(all, active), member| {
                    (all + 1, active + usize::from(member.suppression.is_none()))
                });
                row["count"] = json!({"members": all, "active_members": active});
            }
            rows.push(row);
        }
    }
    let (rows, meta) = paginate(rows, &call.query, desk.config.version.cap());
    Ok(document(
        StatusCode::OK,
        &json!({"newsletters": rows, "meta": meta}),
    ))
}

/// Answers `GET labels/`.
pub(super) fn labels(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let filter = read_filter(call)?;
    let mut found: Vec<&Label> = desk
        .state
        .labels
        .iter()
        .filter(|label| fits_label(&filter, label))
        .collect();
    let (field, descending) = match call
        .query
        .get("order")
        .map(|order| order.split_once(' ').unwrap_or((order, "asc")))
    {
        Some((field, direction)) => (field, direction.trim().eq_ignore_ascii_case("desc")),
        None => ("id", true),
    };
    match field {
        "name" => found.sort_by(|a, b| a.name.cmp(&b.name)),
        "slug" => found.sort_by(|a, b| a.slug.cmp(&b.slug)),
        _ => found.sort_by_key(|label| label.id),
    }
    if descending {
        found.reverse();
    }
    let (found, meta) = paginate(found, &call.query, desk.config.version.cap());
    let counted = call.query.lists("include", "count.members");
    let rows: Vec<Value> = found
        .into_iter()
        .map(|label| {
            let mut row = label_json(label);
            if counted {
                let members = desk
                    .state
                    .members
                    .values()
                    .filter(|member| member.labels.contains(&label.id))
                    .count();
                row["count"] = json!({"members": members});
            }
            row
        })
        .collect();
    Ok(document(
        StatusCode::OK,
        &json!({"labels": rows, "meta": meta}),
    ))
}

fn fits_label(filter: &Filter, label: &Label) -> bool {
    let judge = |key: &str, test: &super::nql::Test| match key {
        "id" => test.on_text(Some(&label.id.to_string())),
        "slug" => test.on_text(Some(&label.slug)),
        "name" => test.on_text(Some(&label.name)),
        _ => false,
    };
    filter.judge(&mut |test| Some(judge(&test.key, test))) == Some(true)
}

/// Answers `POST labels/`.
pub(super) fn make_label(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let body = call.json()?;
    let wanted = &body["labels"][0];
    let Some(name) = wanted["name"]
        .as_str()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    else {
        return Err(Refusal::invalid(
            "Validation error, cannot save label.",
            "Validation failed for name.",
        )
        .property("name"));
    };
    if desk.state.label_named(name).is_some() {
        return Err(Refusal::invalid(
            "Validation error, cannot save label.",
            "Label already exists",
        ));
    }
    let id = desk.state.make_label(name, desk.now);
    desk.applied = true;
    let row = desk.state.label(id).map_or(Value::Null, label_json);
    Ok(document(StatusCode::CREATED, &json!({"labels": [row]})))
}

/// Answers `GET posts/`: what was sent, newest first.
pub(super) fn posts(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let filter = read_filter(call)?;
    let sent: Vec<&Mail> = desk
        .state
        .mails
        .iter()
        .rev()
        .filter(|mail| mail.sent_at <= desk.now && fits_post(&filter, mail))
        .collect();
    let (sent, meta) = paginate(sent, &call.query, desk.config.version.cap());
    let newsletter = desk
        .state
        .newsletters
        .first()
        .map(|newsletter| newsletter.id.to_string());
    let rows: Vec<Value> = sent
        .into_iter()
        .map(|mail| {
            let mut row = post_json(desk, mail);
            row["slug"] = json!(slug(&mail.subject));
            row["status"] = json!("published");
            row["visibility"] = json!("public");
            row["email_only"] = json!(false);
            row["newsletter_id"] = json!(newsletter);
            for field in ["created_at", "updated_at", "published_at"] {
                row[field] = json!(stamp(mail.sent_at));
            }
            let mut row = keep_fields(row, &call.query, &[]);
            if call.query.lists("include", "email") {
                row["email"] = email_json(desk, mail);
            }
            row
        })
        .collect();
    Ok(document(
        StatusCode::OK,
        &json!({"posts": rows, "meta": meta}),
    ))
}

fn fits_post(filter: &Filter, mail: &Mail) -> bool {
    let judge = |test: &super::nql::Test| match test.key.as_str() {
        "id" => test.on_text(Some(&mail.post.to_string())),
        "status" => test.on_text(Some("published")),
        "slug" => test.on_text(Some(&slug(&mail.subject))),
        "title" => test.on_text(Some(&mail.subject)),
        "published_at" | "created_at" | "updated_at" => test.on_time(Some(mail.sent_at)),
        _ => false,
    };
    filter.judge(&mut |test| Some(judge(test))) == Some(true)
}

fn read_filter(call: &Call) -> Result<Filter, Refusal> {
    call.query
        .get("filter")
        .map_or(Ok(Filter::everything()), Filter::parse)
}

pub(super) fn label_json(label: &Label) -> Value {
    json!({
        "id": label.id.to_string(), "name": label.name, "slug": label.slug,
        "created_at": stamp(label.created_at), "updated_at": stamp(label.updated_at),
    })
}

/// The post behind a mail, as it stands in a click.
pub(super) fn post_json(desk: &Desk<'_>, mail: &Mail) -> Value {
    json!({
        "id": mail.post.to_string(), "uuid": uuid(mail.post.seed()), "title": mail.subject,
        "url": format!("{}/{}/", desk.base, slug(&mail.subject)),
    })
}

/// The whole e-mail, which Ghost repeats in each event about it.
pub(super) fn email_json(desk: &Desk<'_>, mail: &Mail) -> Value {
    let from = format!("{} <noreply@example.com>", desk.config.title);
    let newsletter = desk
        .state
        .newsletters
        .first()
        .map(|newsletter| newsletter.id.to_string());
    let at = stamp(mail.sent_at);
    let mut email = json!({
        "id": mail.email.to_string(), "post_id": mail.post.to_string(), "uuid": uuid(mail.email.seed()),
        "status": "submitted", "recipient_filter": "all", "error": null, "error_data": "[]",
        "email_count": mail.progress.len(), "delivered_count": mail.delivered, "opened_count": mail.opened,
        "failed_count": mail.failed, "subject": mail.subject, "from": from, "reply_to": "noreply@example.com",
        "html": null, "plaintext": null, "source": "{\"root\":{\"children\":[],\"type\":\"root\",\"version\":1}}",
        "source_type": "lexical", "track_opens": desk.config.track_opens, "track_clicks": desk.config.track_clicks,
        "feedback_enabled": false, "submitted_at": at, "newsletter_id": newsletter, "created_at": at, "updated_at": at,
    });
    if desk.config.version == Version::Six {
        email["csd_email_count"] = Value::Null;
    }
    email
}

/// A newsletter with all of its looks.
pub(super) fn newsletter_json(desk: &Desk<'_>, newsletter: &Newsletter) -> Value {
    let at = stamp(newsletter.created_at);
    let mut row = json!({
        "id": newsletter.id.to_string(), "uuid": uuid(newsletter.id.seed()), "name": newsletter.name, "description": null,
        "feedback_enabled": false, "slug": newsletter.slug, "sender_name": null, "sender_email": null,
        "sender_reply_to": "newsletter", "status": "active", "visibility": "members", "subscribe_on_signup": true,
        "sort_order": 0, "created_at": at, "updated_at": at,
    });
    let looks = json!({
        "header_image": null, "show_header_icon": true, "show_header_title": true, "show_excerpt": false,
        "title_font_category": "sans_serif", "title_alignment": "center", "show_feature_image": true,
        "body_font_category": "sans_serif", "footer_content": null, "show_badge": true, "show_header_name": false,
        "show_post_title_section": true, "show_comment_cta": true, "show_subscription_details": false,
        "show_latest_posts": false, "background_color": "light", "post_title_color": null,
        "button_corners": "rounded", "button_style": "fill", "title_font_weight": "bold", "link_style": "underline",
        "image_corners": "square", "header_background_color": "transparent", "section_title_color": null,
        "divider_color": null, "button_color": "accent", "link_color": "accent",
    });
    if let (Value::Object(row), Value::Object(looks)) = (&mut row, looks) {
        row.extend(looks);
    }
    if desk.config.version == Version::Six {
        row["show_share_button"] = json!(false);
    }
    row
}
