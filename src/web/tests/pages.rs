//! S16, S20 and S21 in what pages and exports show, and that a viewer sees no whole address anywhere.

use http::{Method, StatusCode};

use super::markup::{self, tags, walk};
use crate::{
    account::{Role, Scope},
    web::stage::{POLICY, RULES, Site},
};

/// A name that tries everything: markup, an attribute, a link, a terminal's colours, a turned line, a formula.
const HOSTILE: &str = "=</title><script>alert(1)</script>'\\\" onmouseover=alert(1) style=x \\u001b[31m\\u202efdp.exe\\u2066 javascript:alert(1)";

/// Somebody whose every text is hostile.
fn hostile_lines() -> String {
    let jan = r#""email":"jan@voorbeeld.nl""#;
    let event = |kind: &str, more: &str| {
        format!(
            r#"{{{jan},"kind":"{kind}","at":"2026-06-08T10:00:00Z","campaign":"{HOSTILE}"{more}}}"#
        )
    };
    let profile = format!(r#""lists":["{HOSTILE}"],"fields":{{"{HOSTILE}":"{HOSTILE}"}}"#);
    let properties = format!(r#","properties":{{"{HOSTILE}":"{HOSTILE}"}}"#);
    let lines = [
        format!(r#"{{{jan},"subscribed_at":"2024-01-10T10:00:00Z",{profile}}}"#),
        event("open", &properties),
        event("click", r#","link":"javascript:alert(1)//x""#),
        event("purchase", &format!(r#","item":"{HOSTILE}""#)),
    ];
    lines.join("\n")
}

/// Why a page would not keep to its own policy, or to the reader's terminal.
fn fault(html: &str) -> Option<String> {
    for tag in tags(html) {
        let name = tag.name.as_str();
        if ["style", "iframe", "object", "embed", "base"].contains(&name) {
            return Some(format!("<{name}>"));
        }
        if name == "script"
            && !tag
                .get("src")
                .is_some_and(|src| src.starts_with("/assets/"))
        {
            return Some("an inline script".to_owned());
        }
        if name == "meta" && tag.get("http-equiv").is_some() {
            return Some("<meta http-equiv>".to_owned());
        }
        for (attribute, value) in &tag.attributes {
            if attribute == "style" || attribute.starts_with("on") || attribute == "srcdoc" {
                return Some(format!("<{name} {attribute}>"));
            }
            let leads =
                ["href", "src", "action", "formaction", "xlink:href"].contains(&attribute.as_str());
            let ours =
                value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
            // Relative addresses of one page to the next are ours, too.
            if leads && !ours && !value.starts_with('?') {
                return Some(format!("<{name} {attribute}={value:?}>"));
            }
        }
    }
    // What was typed stands in its field again as it was: a field's text turns nothing around it.
    let escaped = |text: &str| maud::html! { (text) }.into_string();
    let inputs = tags(html).into_iter().filter(|tag| tag.name == "input");
    let typed = inputs.filter_map(|tag| tag.get("value").map(escaped));
    let shown = typed
        .filter(|typed| !typed.is_empty())
        .fold(html.to_owned(), |html, typed| {
            html.replace(&format!("value=\"{typed}\""), "")
        });
    let inert = |c: char| c.is_control() && !"\n\t".contains(c);
    let turns =
        |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let odd = shown.chars().find(|c| inert(*c) || turns(*c));
    odd.map(|c| format!("{c:?} in the text"))
}

// S16 and S21.
#[tokio::test]
async fn no_page_holds_anything_inline_whatever_people_and_campaigns_are_called() {
    let site = Site::new(RULES, &hostile_lines()).await;
    let cookie = site.cookie(Role::Admin).await;
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", "</title><script>alert(1)</script>\" onload=x \u{202e}")
        .append_pair("kind", "\"><script>alert(1)</script>")
        .append_pair("as_of", "\"><script>alert(1)</script>")
        .append_pair("next", "/\"><script>alert(1)</script>")
        .finish();
    let from: Vec<String> = [
        "/contacts",
        "/contacts/1",
        "/confirm",
        "/login",
        "/segments",
        "/nowhere",
    ]
    .map(|path| format!("{path}?{query}"))
    .to_vec();
    let mut pages = 0;
    for who in ["", cookie.as_str()] {
        for (path, answer) in walk(&site, who, &from).await {
            let kind = answer
                .headers
                .get("content-type")
                .map(|kind| kind.to_str().unwrap());
            if kind.is_some_and(|kind| kind.starts_with("text/html")) {
                pages += 1;
                assert_eq!(fault(&answer.body), None, "{path}: {}", answer.body);
            }
        }
    }
    assert!(pages > 20, "{pages}");
    let contact = site.get(&cookie, "/contacts/1").await.body;
    assert!(
        contact.contains("&lt;script&gt;"),
        "the names are there: {contact}"
    );
}

#[test]
fn what_is_inline_would_be_found() {
    for html in [
        "<p style=\"x\">",
        "<p onclick=x>",
        "<script>x</script>",
        "<style>",
        "<a href=\"javascript:x\">",
        "<a href=\"//evil.example\">",
        "<img src=x onerror=y>",
        "<form action='https://evil.example'>",
        "\u{1b}[31m",
        "\u{202e}",
    ] {
        assert!(fault(html).is_some(), "{html}");
    }
    assert_eq!(fault("<p title=\"<script>\">&lt;script&gt; on=1</p>"), None);
    let forms = markup::forms(
        "<form method=\"post\" action=\"/a?b=1&amp;c=2\"><input name=\"x\" value='y'></form>",
    );
    assert_eq!(forms[0].action, "/a?b=1&c=2");
    assert_eq!(forms[0].fields, [("x".to_owned(), "y".to_owned())]);
}

/// Takes whoever the policy names off the list: where it is seen.
async fn clean(site: &Site, cookie: &str) -> Vec<String> {
    let policy = [("policy", "sunset")];
    let asked = site.post(cookie, "/cleaning/plan", &policy).await;
    let plan = asked.location().to_owned();
    let sample = site.get(cookie, &format!("{plan}/review")).await;
    let (fingerprint, looked) = (sample.hidden("plan"), sample.hidden("looked"));
    let form = [("plan", fingerprint.as_str()), ("looked", looked.as_str())];
    let done = site.post(cookie, "/cleaning/apply", &form).await;
    let done = done.location().to_owned();
    vec![format!("{plan}/review"), format!("{plan}/all"), plan, done]
}

/// Lets what everybody clicked, bought and is called hold their address, too.
async fn bring(site: &Site) {
    let token = site.token(&[Scope::Events]).await;
    let row = |email: &String| {
        let coded = email.replace('@', "%40");
        let event = format!("\"email\":\"{email}\",\"at\":\"2026-06-14T10:00:00Z\"");
        let link = format!("https://shop.example/me?mail={coded}&x={email}");
        let contact = format!("\"fields\":{{\"name\":\"{email}\"}},\"lists\":[\"of {email}\"]");
        format!(
            "{{\"email\":\"{email}\",{contact}}}\n\
             {{{event},\"kind\":\"click\",\"campaign\":\"to {email}\",\"link\":\"{link}\"}}\n\
             {{{event},\"kind\":\"purchase\",\"item\":\"<{email}>\"}}"
        )
    };
    let rows: Vec<String> = site.members().keys().map(row).collect();
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/x-ndjson"),
    ];
    let (path, body) = ("/api/v1/events", rows.join("\n"));
    let brought = site.ask(Method::POST, path, &headers, &body).await;
    assert_eq!(brought.status, StatusCode::OK, "{}", brought.body);
    site.web.jobs().score(false).await.unwrap();
}

/// Works out a plan and carries it out, with a word on what holds it: where it is seen.
async fn push(site: &Site, cookie: &str) -> Vec<String> {
    let asked = site.post(cookie, "/push/plan", &[]).await;
    let mut places = vec![asked.location().to_owned()];
    let fingerprint = asked.location().rsplit('/').next().unwrap();
    for _ in 0..2 {
        let form = [("fingerprint", fingerprint)];
        let task = site.post(cookie, "/push/apply", &form).await;
        places.push(task.location().to_owned());
        let held = site.get(cookie, "/push").await;
        let mut forms = markup::forms(&held.body);
        forms.retain(|form| form.action == "/push/approve");
        for form in forms {
            let fields = form.fields.iter();
            let fields: Vec<(&str, &str)> = fields
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            site.post(cookie, "/push/approve", &fields).await;
        }
    }
    places
}

/// A dashboard on which all has happened that names people, and where its pages are.
async fn busy() -> (Site, Vec<String>) {
    let series = r#"
[[automations]]
name = "Fans"
when = "engagement >= 2"
start = { connection = "shop", tag = "fan" }
[[automations]]
name = "Sales"
when = "engagement >= 1"
start = { handover = "Sales" }
"#;
    let site = Site::shop(60, &format!("{POLICY}{series}")).await;
    let cookie = site.cookie(Role::Admin).await;
    let cookie = site.step_up(&cookie).await;
    let mut places = clean(&site, &cookie).await;
    bring(&site).await;
    places.extend(push(&site, &cookie).await);
    let adjust = [
        ("score", "engagement"),
        ("points", "5"),
        ("until", ""),
        ("reason", "wrote to us"),
    ];
    site.post(&cookie, "/contacts/1/adjust", &adjust).await;
    places.extend((1..10).map(|task| format!("/tasks/{task}")));
    places.extend((1..50).map(|contact| format!("/contacts/{contact}")));
    (site, places)
}

#[tokio::test]
async fn a_viewer_reads_every_page_and_no_whole_address_in_any_of_them() {
    let (site, mut places) = busy().await;
    let addresses: Vec<String> = site.members().into_keys().collect();
    let asked = [
        ("q", addresses[0].as_str()),
        ("kind", addresses[0].as_str()),
    ];
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked)
        .finish();
    let viewer = site.cookie(Role::Viewer).await;
    let marketer = site.cookie(Role::Marketer).await;
    let typed = site.get(&viewer, &format!("/contacts?{query}")).await;
    assert!(
        !typed.body.contains("…@"),
        "who may not see addresses finds nobody by one"
    );
    places.push("/nowhere".to_owned());
    let named = |text: &str| {
        let plain = text
            .to_lowercase()
            .replace("%40", "@")
            .replace("&#64;", "@");
        addresses
            .iter()
            .find(|address| plain.contains(&address.to_lowercase()))
            .cloned()
    };
    let (mut read, mut masked) = (0, 0);
    for (path, answer) in walk(&site, &viewer, &places).await {
        assert_eq!(named(&path), None, "an address in an address: {path}");
        assert_eq!(named(&answer.body), None, "{path}: {}", answer.body);
        for (name, value) in &answer.headers {
            assert_eq!(
                named(value.to_str().unwrap_or_default()),
                None,
                "{path} {name}"
            );
        }
        read += usize::from(answer.status == StatusCode::OK);
        masked += usize::from(answer.body.contains("…@"));
    }
    assert!(
        read > 60 && masked > 40,
        "{read} pages, {masked} with people"
    );
    // The same pages name them to who may know, in their text and in no address.
    let mut named_to_marketer = 0;
    for (path, answer) in walk(&site, &marketer, &places).await {
        assert_eq!(named(&path), None, "an address in an address: {path}");
        named_to_marketer += usize::from(named(&answer.body).is_some());
    }
    assert!(named_to_marketer > 40, "{named_to_marketer}");
    // Exports are not for viewers.
    let export = site
        .post(&viewer, "/push/rejected.csv", &[("connection", "1")])
        .await;
    assert_eq!(export.status, StatusCode::FORBIDDEN);
}

// S20.
#[test]
fn no_cell_of_an_export_begins_a_formula_also_where_another_mark_parts_the_cells() {
    let written =
        |cell: &str| crate::listing::csv_line(["x".to_owned(), cell.to_owned()].into_iter());
    assert_eq!(
        written("-inf"),
        "x,'-inf",
        "a number for us, a name for a spreadsheet"
    );
    for start in ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\0="] {
        let cell = format!("{start}HYPERLINK(0)");
        let line = written(&cell);
        assert!(line.contains(&format!("'{}", &cell[..1])), "{line:?}");
    }
    // A spreadsheet in Dutch parts cells at semicolons, whatever the quotes say.
    for cell in ["a;=1+1", "a;\"=1+1", "a\t@x", "a\n+1", "a;b;-1+1", "a; =1"] {
        let line = written(cell);
        let cells = line.split([';', '\t', '\n', ',']);
        for cell in cells {
            let begins = cell.trim_start_matches(['"', ' ']);
            assert!(!begins.starts_with(['=', '+', '-', '@']), "{line:?}");
        }
    }
    for plain in [
        "-5",
        "-1.25",
        "1;2",
        "jan@voorbeeld.nl",
        "a = b",
        "hot;cold",
    ] {
        assert_eq!(written(plain), format!("x,{plain}"));
    }
}
