//! The editor: a file beside its draft, what is wrong with the draft and what it would change, and publishing it.

use std::{sync::Arc, time::Duration};

use axum::{
    Form,
    extract::Query,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    config::{SourceFile, parts},
    desk::ask::Ask,
    diagnostic::{Diagnostic, Expected, Severity},
    preview::contact::ContactChange,
    publish::{Editor, Looked, Order, PublishError, StoredDraft, Typed, fingerprint},
    text::Say,
    web::{
        html::{self, Mood, notice},
        page::{Nav, Page, Visit},
    },
};

use super::{
    ahead, at_files, edit_link,
    history::{carried_out, changes, reason_form},
    refusal, refuse, try_files, wrong,
};

/// How long a visitor waits for a preview. It is less than a page may take.
const PATIENCE: Duration = Duration::from_secs(50);

/// Which file, and how closely its draft is looked at.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    file: Option<String>,
    look: Option<String>,
}

/// A draft as it was sent.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    base: String,
    /// Empty where there was no draft.
    #[serde(default)]
    seen: String,
    look: Option<String>,
}

/// A publication as it was asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asking {
    #[serde(default)]
    file: String,
    #[serde(default)]
    looked_at: String,
    #[serde(default)]
    reason: String,
}

/// A draft that is not wanted any more.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Unwanted {
    #[serde(default)]
    file: String,
    #[serde(default)]
    seen: String,
}

/// What the page shows of a file.
struct Look {
    names: Vec<String>,
    file: SourceFile,
    draft: Option<StoredDraft>,
    /// Why no draft could take the file's place.
    obstacle: Option<Diagnostic>,
    /// What was found in the draft, or in what was typed instead.
    checked: Option<Found>,
    /// What was typed and could not be kept, and why.
    unsaved: Option<(String, String)>,
}

/// What was found in a text.
#[derive(Default)]
struct Found {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Rule tests that fail.
    tests: Vec<Diagnostic>,
    /// Which draft was compared with which file and rules; empty where there are errors.
    looked_at: String,
}

impl Found {
    fn of(editor: &Editor, name: &str, text: &str) -> Result<Self, PublishError> {
        match editor.check(name, text) {
            Ok(checked) => Ok(Self {
                tests: editor.tests(&checked),
                warnings: checked.draft.config.warnings,
                errors: Vec::new(),
                looked_at: checked.looked_at,
            }),
            Err(PublishError::Wrong(all)) => {
                let (errors, warnings) = all
                    .into_iter()
                    .partition(|each| each.severity == Severity::Error);
                Ok(Self {
                    errors,
                    warnings,
                    ..Self::default()
                })
            }
            Err(error) => Err(error),
        }
    }

    fn may_be_published(&self) -> bool {
        self.errors.is_empty() && self.tests.is_empty()
    }
}

impl Look {
    fn new(
        editor: &Editor,
        name: Option<&str>,
        unsaved: Option<(String, String)>,
    ) -> Result<Self, PublishError> {
        let files = editor.files()?;
        let names: Vec<String> = files.iter().map(SourceFile::name).collect();
        let name = name.or(names.first().map(String::as_str)).unwrap_or("");
        let file = editor.file(name)?;
        let draft = editor.draft(name)?;
        let typed = unsaved.as_ref().map(|(text, _)| text.as_str());
        let text = typed.or(draft.as_ref().map(|draft| draft.text.as_str()));
        Ok(Self {
            obstacle: editor.obstacle(name)?,
            checked: text.map(|text| Found::of(editor, name, text)).transpose()?,
            names,
            draft,
            file,
            unsaved,
        })
    }

    /// What stands in the field.
    fn text(&self) -> &str {
        let typed = self.unsaved.as_ref().map(|(text, _)| text.as_str());
        let draft = self.draft.as_ref().map(|draft| draft.text.as_str());
        typed.or(draft).unwrap_or(&self.file.text)
    }
}

/// A preview, if it was asked for and could be made.
enum Ahead {
    Unasked,
    Slow,
    Made(Box<Looked>, Vec<ContactChange>),
}

/// The editor.
pub(super) async fn edit(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let file = asked.file.filter(|file| !file.is_empty());
    let look = at_files(&visit, move |editor| {
        Look::new(editor, file.as_deref(), None)
    })
    .await;
    let look = match look {
        Ok(look) => look,
        Err(refused) => return refused,
    };
    let wanted = asked.look.as_deref() == Some("preview");
    let sound = look
        .checked
        .as_ref()
        .is_some_and(|found| found.errors.is_empty());
    let ahead = match &look.draft {
        Some(draft) if wanted && sound => match ahead(&visit, draft).await {
            Ok(ahead) => ahead,
            Err(expected) => return visit.refuse(expected),
        },
        _ => Ahead::Unasked,
    };
    page(&visit, &look, &ahead).await
}

async fn ahead(visit: &Visit, draft: &StoredDraft) -> Result<Ahead, Expected> {
    let desk = Arc::clone(&visit.web.desk);
    let preview = desk.preview_listing(&draft.file, &draft.text, ahead::LISTED_MAX);
    match tokio::time::timeout(PATIENCE, preview).await {
        Ok(made) => made.map(|(looked, listed)| Ahead::Made(Box::new(looked), listed)),
        Err(_) => Ok(Ahead::Slow),
    }
}

/// Keeps a draft, right or wrong.
pub(super) async fn save(visit: Visit, Form(sent): Form<Sent>) -> Response {
    let look = if sent.look.as_deref() == Some("preview") {
        "preview"
    } else {
        "check"
    };
    let back = format!("{}&look={look}#checked", edit_link(&sent.file));
    let (who, file, text) = (
        visit.session.name.clone(),
        sent.file.clone(),
        sent.text.clone(),
    );
    let saved = try_files(&visit, move |editor| {
        let typed = Typed {
            file: sent.file,
            text: sent.text,
            base: sent.base,
            seen: Some(sent.seen).filter(|seen| !seen.is_empty()),
        };
        editor.save(typed, &who)
    })
    .await;
    let why = match saved {
        Ok(Ok(_)) => return crate::web::error::see(&back),
        Ok(Err(error @ (PublishError::OtherDraft { .. } | PublishError::Wrong(_)))) => {
            refusal(visit.say, &error.into())
        }
        Ok(Err(error)) => return refuse(&visit, error),
        Err(refused) => return refused,
    };
    let unsaved = Some((text, why));
    match at_files(&visit, move |editor| {
        Look::new(editor, Some(&file), unsaved)
    })
    .await
    {
        Ok(look) => {
            let page = page(&visit, &look, &Ahead::Unasked).await;
            (StatusCode::CONFLICT, page).into_response()
        }
        Err(refused) => refused,
    }
}

/// Forgets a draft.
pub(super) async fn discard(visit: Visit, Form(sent): Form<Unwanted>) -> Response {
    let who = visit.session.name.clone();
    let file = sent.file.clone();
    let done = try_files(&visit, move |editor| {
        editor.discard(&sent.file, &sent.seen, &who)
    });
    match done.await {
        Ok(Ok(())) => visit.then("/rules", Mood::Good, visit.say.t("rules-discarded")),
        Ok(Err(error @ PublishError::OtherDraft { .. })) => {
            let why = refusal(visit.say, &error.into());
            visit.then(&edit_link(&file), Mood::Bad, why)
        }
        Ok(Err(error)) => refuse(&visit, error),
        Err(refused) => refused,
    }
}

/// Puts a draft in its file's place.
pub(super) async fn publish(visit: Visit, Form(asking): Form<Asking>) -> Response {
    let back = format!("{}&look=preview", edit_link(&asking.file));
    let order = Order {
        file: asking.file,
        looked_at: asking.looked_at,
        reason: asking.reason,
    };
    carried_out(&visit, Ask::Publish(order), &back).await
}

async fn page(visit: &Visit, look: &Look, ahead: &Ahead) -> Response {
    let say = visit.say;
    let name = look.file.name();
    let body = html! {
        p { a href="/rules" { (say.t("rules-back")) } }
        p { (say.with("rules-only", [("parts", parts::RULES.join(", ").into())])) }
        (chooser(say, look, &name))
        (before(say, look))
        (editor(say, look, &name))
        @if let Some(found) = &look.checked { (found_in(say, look, found, &name)) }
        (foreseen(visit, look, ahead))
        (publishing(visit, look, ahead))
    };
    visit
        .page(Page {
            title: say.with("rules-edit-title", [("file", (&name).into())]),
            nav: Nav::Rules,
            body,
            command: Some("engaged preview DRAFT.toml".to_owned()),
        })
        .await
}

fn chooser(say: Say, look: &Look, chosen: &str) -> Markup {
    html! {
        @if look.names.len() > 1 {
            nav aria-label=(say.t("rules-files")) {
                ul.tabs {
                    @for name in &look.names {
                        li { a href=(edit_link(name)) aria-current=[(name == chosen).then_some("page")] { (html::name(name)) } }
                    }
                }
            }
        }
    }
}

/// What is to be known before anything is typed.
fn before(say: Say, look: &Look) -> Markup {
    html! {
        @if let Some((_, why)) = &look.unsaved {
            (notice(Mood::Bad, &html! { p { (html::words(why)) } p { (say.t("rules-unsaved")) } }))
        }
        @if let Some(obstacle) = &look.obstacle { (notice(Mood::Warn, &wrong::finding(say, obstacle))) }
        @if let Some(draft) = look.draft.as_ref().filter(|draft| draft.stale) {
            (notice(Mood::Warn, &html! { p { (say.with("rules-stale", [("file", (&draft.file).into())])) } }))
        }
        @match &look.checked {
            Some(found) if !found.errors.is_empty() => {
                (notice(Mood::Bad, &html! { p {
                    (say.with("rules-errors-number", [("n", found.errors.len().into())])) " "
                    a href="#checked" { (say.t("rules-see-findings")) }
                } }))
            }
            Some(found) if found.tests.is_empty() => {
                (notice(Mood::Good, &html! { p {
                    (say.t("rules-no-errors")) " " a href="#checked" { (say.t("rules-see-findings")) }
                } }))
            }
            _ => {}
        }
    }
}

/// The file and the field, side by side where there is room.
fn editor(say: Say, look: &Look, name: &str) -> Markup {
    let seen = look.draft.as_ref().map(|draft| draft.fingerprint.as_str());
    let wrong = look
        .checked
        .as_ref()
        .is_some_and(|found| !found.errors.is_empty());
    html! {
        form #draft method="post" action={ (edit_link(name)) "&look=preview" } {
            input type="hidden" name="file" value=(name);
            input type="hidden" name="base" value=(fingerprint(&look.file.text));
            input type="hidden" name="seen" value=(seen.unwrap_or(""));
            div.side-by-side {
                div {
                    h2 { (say.t("rules-present")) }
                    (wrong::numbered(&look.file.text, &say.t("rules-present")))
                }
                div {
                    h2 { label for="text" { (say.t("rules-draft-text")) } }
                    // The first line break of a field's text is dropped by browsers.
                    textarea #text name="text" rows="24" spellcheck="false" autocapitalize="off" autocomplete="off"
                        aria-describedby="text-help" aria-invalid=[wrong.then_some("true")] { "\n" (look.text()) }
                    p.field-help #text-help {
                        (say.t("rules-text-help"))
                        @if let Some(draft) = &look.draft {
                            " " (say.with("rules-saved-by", [("who", (&draft.author).into()), ("time", say.millis(draft.saved_at).into())]))
                        }
                    }
                }
            }
            div.row {
                button type="submit" name="look" value="preview" { (say.t("rules-check-and-preview")) }
                button.quiet type="submit" name="look" value="check" { (say.t("rules-check")) }
            }
        }
        @if let Some(seen) = seen {
            (html::button("/rules/discard", &say.t("rules-discard"), "quiet", &[("file", name), ("seen", seen)]))
        }
    }
}

/// What was found in the draft.
fn found_in(say: Say, look: &Look, found: &Found, name: &str) -> Markup {
    html! {
        h2 #checked { (say.t("rules-checked")) }
        @if found.errors.is_empty() && found.tests.is_empty() { p { (say.t("rules-no-errors")) } }
        (wrong::boxed(say, Mood::Bad, &say.t("rules-errors"), &found.errors, "error"))
        (wrong::marked(say, name, &found.errors, "error"))
        (wrong::boxed(say, Mood::Bad, &say.t("rules-tests-fail"), &found.tests, "test"))
        (wrong::marked(say, name, &found.tests, "test"))
        (wrong::boxed(say, Mood::Warn, &say.t("rules-warnings"), &found.warnings, "warning"))
        h3 { (say.t("rules-what-changed")) }
        (changes(say, &look.file.text, &as_in(&look.file.text, look.text())))
    }
}

/// What was typed and not kept has the line ends of a browser.
fn as_in(file: &str, text: &str) -> String {
    if file.contains('\r') {
        text.to_owned()
    } else {
        text.replace("\r\n", "\n")
    }
}

fn foreseen(visit: &Visit, look: &Look, ahead: &Ahead) -> Markup {
    let say = visit.say;
    match ahead {
        Ahead::Made(looked, listed) => ahead::shown(visit, &looked.report, listed),
        Ahead::Slow => html! {
            h2 #preview { (say.t("rules-preview")) }
            (notice(Mood::Warn, &html! { p { (say.t("rules-slow")) } }))
        },
        Ahead::Unasked => {
            let sound = look
                .checked
                .as_ref()
                .is_some_and(|found| found.errors.is_empty());
            html! {
                @if sound && look.unsaved.is_none() {
                    p { a.button href={ (edit_link(&look.file.name())) "&look=preview#preview" } { (say.t("rules-show-preview")) } }
                }
            }
        }
    }
}

/// Publishing, where nothing stands in its way and the preview was looked at.
fn publishing(visit: &Visit, look: &Look, ahead: &Ahead) -> Markup {
    let say = visit.say;
    let (Some(draft), Some(found)) = (&look.draft, &look.checked) else {
        return html! {};
    };
    let obstacle = if !found.may_be_published() {
        Some(say.t("rules-not-sound"))
    } else if draft.stale {
        Some(say.t("rules-refused-changed"))
    } else if draft.text == look.file.text {
        Some(say.t("rules-refused-same"))
    } else if look.obstacle.is_some() || look.unsaved.is_some() {
        Some(say.t("rules-no-place"))
    } else {
        None
    };
    let looked_at = match ahead {
        Ahead::Made(looked, _) => &looked.looked_at,
        Ahead::Unasked | Ahead::Slow => &found.looked_at,
    };
    html! {
        section.card #publish {
            h2 { (say.t("rules-publish")) }
            @if let Some(obstacle) = obstacle {
                p { (obstacle) }
            } @else if matches!(ahead, Ahead::Unasked) {
                p { (say.t("rules-preview-first")) }
            } @else {
                p { (say.t("rules-publish-help")) }
                (reason_form(visit, "/rules/publish", &[
                    ("file", &draft.file), ("looked_at", looked_at),
                ], &say.t("rules-publish-do"), "primary"))
            }
        }
    }
}
