use super::*;

/// A refusal, as the document describes it.
fn refused(method: &Method, template: &str, answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(
        answer.status.as_u16(),
        status,
        "{template}: {}",
        answer.body
    );
    let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert_eq!(kind, "application/problem+json");
    let problem = described(method, template, answer);
    assert_eq!(problem["code"], code, "{problem:#}");
    assert_eq!(problem["status"], status);
    problem
}

#[tokio::test]
async fn what_a_query_cannot_mean_is_refused_with_what_was_probably_meant() {
    let api = Api::new(RULES, PEOPLE).await;
    let template = "/api/v1/contacts";
    for (query, detail, help) in [
        (
            "segmant=hot",
            "there is no parameter 'segmant'",
            "did you mean 'segment'?",
        ),
        (
            "segment=hott",
            "there is no segment 'hott'",
            "did you mean 'hot'?",
        ),
        ("stage=x", "there is no stage 'x'", ""),
        (
            "unjudged=not_maild",
            "there is no reason 'not_maild'",
            "did you mean 'not_mailed'?",
        ),
        ("band=engagement", "that is no band of a score", ""),
        (
            "band=engagment:away",
            "there is no score 'engagment'",
            "did you mean 'engagement'?",
        ),
        (
            "band=engagement:awai",
            "there is no band 'awai'",
            "did you mean 'away'?",
        ),
        ("limit=0", "no page has 0 items", ""),
        ("limit=201", "no page has 201 items", ""),
        (
            "limit=many",
            "in the query: limit: invalid digit found in string",
            "",
        ),
        (
            "limit=1&limit=2",
            "in the query: duplicate field `limit`",
            "",
        ),
        ("cursor=here", "no page ended there", ""),
        (
            "where=engagement%20%3E%201&cursor=n1",
            "no page ended there",
            "",
        ),
        ("%00=1", "there is no parameter ''", ""),
    ] {
        let answer = api.get(&format!("{template}?{query}")).await;
        let problem = refused(&Method::GET, template, &answer, 422, "E1116");
        assert_eq!(problem["detail"], detail, "{query}");
        let said = problem["help"].as_str().unwrap_or_default();
        assert!(said.starts_with(help), "{query}: {problem}");
    }
    let answer = api.get("/api/v1/status?verbose=1").await;
    let problem = refused(&Method::GET, "/api/v1/status", &answer, 422, "E1116");
    assert_eq!(problem["help"], "this operation takes no parameters");
}

#[tokio::test]
async fn a_date_that_is_none_or_lies_outside_the_calendar_is_refused() {
    let api = Api::new(RULES, PEOPLE).await;
    let id = "/api/v1/contacts/1/explanation";
    for query in [
        "as_of=yesterday",
        "as_of=2026-6-1",
        "known_at=0001-01-01",
        "as_of=9999-12-31",
        "as_of=%2B262142-01-01",
    ] {
        let answer = api.get(&format!("{id}?{query}")).await;
        refused(
            &Method::GET,
            "/api/v1/contacts/{id}/explanation",
            &answer,
            422,
            "E1116",
        );
    }
}

#[tokio::test]
async fn a_mistake_in_a_condition_is_shown_in_its_place() {
    let api = Api::new(RULES, PEOPLE).await;
    let template = "/api/v1/contacts";
    let answer = api
        .get("/api/v1/contacts?where=no%20%C3%B6pn%20in%203%20months")
        .await;
    let problem = refused(&Method::GET, template, &answer, 422, "E0201");
    assert_eq!(problem["place"]["of"], "where");
    assert_eq!(
        (&problem["place"]["from"], &problem["place"]["to"]),
        (&json!(3), &json!(6))
    );
    assert_eq!(problem["place"]["words"], "öpn");
    let deep = "(".repeat(5_000);
    let answer = api.get(&format!("/api/v1/contacts?where={deep}")).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn what_a_body_cannot_be_is_refused_for_what_it_is() {
    let api = Api::new(RULES, PEOPLE).await;
    let template = "/api/v1/contacts/lookup";
    let deep = format!("{}1{}", "[".repeat(99_999), "]".repeat(99_999));
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(1 << 20));
    for (body, status, code, detail) in [
        (
            "{",
            400,
            "E1114",
            "the body is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "\u{feff}{}",
            400,
            "E1114",
            "the body is not JSON: expected value at line 1 column 1",
        ),
        (&deep, 422, "E1116", "the body is not an object"),
        (&large, 413, "E1108", ""),
        (
            "[\"x@example.nl\"]",
            422,
            "E1116",
            "the body is not an object",
        ),
        ("null", 422, "E1116", "the body is not an object"),
        ("nul", 400, "E1114", ""),
        (
            "{}",
            422,
            "E1116",
            "in the body: missing field `email` at line 1 column 2",
        ),
        (
            r#"{"email":7}"#,
            422,
            "E1116",
            "in the body: invalid type: integer `7`, expected a string at line 1 column 10",
        ),
        (r#"{"email":"x"}"#, 422, "E1116", "that is no address"),
        (
            r#"{"emial":"x@example.nl"}"#,
            422,
            "E1116",
            "there is no field 'emial'",
        ),
        (
            r#"{"email":"x@example.nl","email":"y@example.nl"}"#,
            422,
            "E1116",
            "",
        ),
    ] {
        let answer = api
            .site
            .call(&api.token, Method::POST, template, body)
            .await;
        let problem = refused(&Method::POST, template, &answer, status, code);
        let said = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.is_empty() || said == detail, "{body:.40}: {problem}");
    }
    // The `help` of an unknown field names the one that is there.
    let answer = api
        .post(template, &json!({ "emial": "x@example.nl" }))
        .await;
    assert_eq!(answer.json()["help"], "did you mean 'email'?");
    let bearer = format!("Bearer {}", api.token);
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "*/*"),
        ("content-encoding", "gzip"),
    ] {
        let headers = [("authorization", bearer.as_str()), (name, value)];
        let body = r#"{"email":"jan@example.nl"}"#;
        let answer = api.site.ask(Method::POST, template, &headers, body).await;
        refused(&Method::POST, template, &answer, 415, "E1115");
    }
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "Application/JSON; charset=utf-8"),
    ];
    let answer = api
        .site
        .ask(
            Method::POST,
            template,
            &headers,
            r#"{"email":"jan@example.nl"}"#,
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_there_is_told_as_a_problem_too() {
    let api = Api::new(RULES, "").await;
    for (method, path, status, code) in [
        (Method::GET, "/api/v1/contact", 404, "E1106"),
        (Method::GET, "/api/v2/contacts", 404, "E1106"),
        (Method::GET, "/api/", 404, "E1106"),
        (Method::DELETE, "/api/v1/contacts", 405, "E1107"),
        (Method::GET, "/api/v1/events", 405, "E1107"),
        (Method::TRACE, "/api/v1/status", 405, "E1107"),
    ] {
        let answer = api.site.call(&api.token, method.clone(), path, "").await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path}: {}",
            answer.body
        );
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(answer.json()["code"], code);
        assert_eq!(
            answer.headers.contains_key(header::ALLOW),
            status == 405,
            "{path}"
        );
    }
    let host = [("host", "evil.example"), ("authorization", "Bearer x")];
    let answer = api.site.ask(Method::GET, "/api/v1/status", &host, "").await;
    refused(&Method::GET, "/api/v1/status", &answer, 421, "E1105");
}
