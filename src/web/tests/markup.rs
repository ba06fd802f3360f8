//! The tags of a page, read as a browser reads them, and a walk along its links.

use std::collections::{BTreeSet, VecDeque};

use crate::web::stage::{Answer, Site};

/// A tag that opens: its name, and each attribute with its value.
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|each| each.0 == name);
        found.map(|each| each.1.as_str())
    }
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

/// The attributes behind a tag's name, and what comes after the tag.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (found, rest.strip_prefix('>').unwrap_or(rest));
        }
        let ends = |c: char| c.is_whitespace() || "=>/".contains(c);
        let end = rest.find(ends).unwrap_or(rest.len()).max(1);
        let (name, behind) = rest.split_at(end);
        rest = behind.trim_start();
        let mut value = "";
        if let Some(behind) = rest.strip_prefix('=') {
            let quote = behind.chars().next().filter(|c| "\"'".contains(*c));
            let (text, behind) = match quote {
                Some(quote) => behind[1..].split_once(quote).unwrap_or((&behind[1..], "")),
                None => behind.split_at(behind.find(ends).unwrap_or(behind.len())),
            };
            (value, rest) = (text, behind);
        }
        found.push((name.to_ascii_lowercase(), unescaped(value)));
    }
}

/// Every tag that opens.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, behind)) = rest.split_once('<') {
        rest = behind;
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let (attributes, behind) = attributes(behind);
        found.push(Tag {
            name: name.to_ascii_lowercase(),
            attributes,
        });
        rest = behind;
    }
    found
}

/// Every address in a page: the attribute that holds it, and where it leads.
pub(super) fn links(html: &str) -> Vec<(String, String)> {
    let all = tags(html).into_iter().flat_map(|tag| tag.attributes);
    all.filter(|(name, _)| {
        ["href", "src", "action", "formaction", "xlink:href"].contains(&name.as_str())
    })
    .collect()
}

/// A form: its method, where it goes, and its fields as the page fills them.
pub(super) struct Form {
    pub(super) method: String,
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

/// Every form of a page. Of what can be chosen, each value is a field.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut found: Vec<Form> = Vec::new();
    let mut choice = None;
    for tag in tags(html) {
        let text = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        match (tag.name.as_str(), found.last_mut()) {
            ("form", _) => found.push(Form {
                method: text("method"),
                action: text("action"),
                fields: Vec::new(),
            }),
            ("select", _) => choice = tag.get("name").map(str::to_owned),
            ("option", Some(form)) => {
                form.fields
                    .extend(choice.iter().map(|name| (name.clone(), text("value"))));
            }
            ("input" | "textarea" | "button", Some(form)) if tag.get("name").is_some() => {
                form.fields.push((text("name"), text("value")));
            }
            _ => {}
        }
    }
    found
}

/// An address as a browser asks for it.
fn as_asked(to: &str) -> String {
    let here = url::Url::parse("http://127.0.0.1:8425/").unwrap();
    let url = here.join(to).unwrap();
    let query = url.query().map(|query| format!("?{query}"));
    format!("{}{}", url.path(), query.unwrap_or_default())
}

/// What the walk saw at most, so that lists without end do not make it so.
const SEEN_MAX: usize = 400;

/// Every page that can be reached by links from these, each once.
pub(super) async fn walk(site: &Site, cookie: &str, from: &[String]) -> Vec<(String, Answer)> {
    let mut queue: VecDeque<String> = from.iter().cloned().collect();
    let looks = site
        .table
        .iter()
        .filter(|route| route.method == http::Method::GET);
    queue.extend(looks.map(|route| super::filled(route.path)));
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut seen = Vec::new();
    while let Some(path) = queue.pop_front() {
        if seen.len() == SEEN_MAX || !known.insert(path.clone()) {
            continue;
        }
        let answer = site.get(cookie, &path).await;
        let found = links(&answer.body).into_iter();
        let found = found.filter(|(name, to)| name == "href" && to.starts_with('/'));
        let on = found
            .map(|(_, to)| to)
            .chain([answer.location().to_owned()]);
        let on = on.filter(|to| to.starts_with('/') && !to.starts_with("/assets/"));
        queue.extend(on.map(|to| as_asked(&to)));
        seen.push((path, answer));
    }
    seen
}
