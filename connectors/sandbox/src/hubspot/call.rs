//! One request as the API sees it: path, parameters, body.

use axum::http::{Method, Uri};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Problem;

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path, decoded; a dated path as the one that it replaced.
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
    body: Bytes,
    /// How long path and query are.
    pub(super) length: usize,
}

impl Call {
    pub(super) fn new(method: &Method, uri: &Uri, body: Bytes) -> Self {
        let parts = uri.path().split('/').filter(|part| !part.is_empty());
        let query = uri.query().unwrap_or_default();
        Self {
            method: method.clone(),
            path: undated(parts.map(decode).collect()),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            body,
            length: uri.path().len() + query.len(),
        }
    }

    /// Method and path, to match on.
    pub(super) fn parts(&self) -> (&str, Vec<&str>) {
        (
            self.method.as_str(),
            self.path.iter().map(String::as_str).collect(),
        )
    }

    /// Whether it can change nothing: a `GET`, a search, or a batch that reads.
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET || reads_at(&self.path.join("/"))
    }

    /// The value of a parameter; an empty one is as good as none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may stand there several times or hold several, with commas.
    pub(super) fn several(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values
            .flat_map(|(_, value)| value.split(','))
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// A whole number in a parameter.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.parameter(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Problem::invalid(format!("{name} must be a whole number")))
            })
            .transpose()
    }

    /// `limit`, no more than `most`.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let limit = match self.number("limit")? {
            None => return Ok(default),
            Some(limit) => usize::try_from(limit).unwrap_or(0),
        };
        if limit == 0 || limit > most {
            return Err(Problem::invalid(format!(
                "limit must be between 1 and {most}, inclusive"
            )));
        }
        Ok(limit)
    }

    /// The parameters but one, as one text: what a paging token holds for.
    pub(super) fn parameters_but(&self, name: &str) -> String {
        let mut others: Vec<String> = (self.query.iter())
            .filter(|(key, _)| key != name)
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        others.sort();
        others.join("&")
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Problem::invalid("Invalid input JSON: could not be parsed"))
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Problem> {
        match self.json()? {
            Value::Object(object) => Ok(object),
            _ => Err(Problem::invalid(
                "Invalid input JSON: an object is expected",
            )),
        }
    }

    /// The rows in `inputs`, no more than `most`.
    pub(super) fn inputs(&self, most: usize) -> Result<Vec<Value>, Problem> {
        let body = self.object()?;
        let inputs = body.get("inputs").and_then(Value::as_array);
        let inputs = inputs.ok_or_else(|| Problem::invalid("inputs is required"))?;
        if inputs.is_empty() || inputs.len() > most {
            return Err(Problem::invalid(format!(
                "The number of inputs must be between 1 and {most}"
            )));
        }
        Ok(inputs.clone())
    }
}

/// Whether a `POST` there reads all the same.
pub(super) fn reads_at(path: &str) -> bool {
    path.ends_with("/search") || path.ends_with("/read")
}

/// The path of before for a dated one, which has the date behind the name of its API (sheet 1).
fn undated(mut path: Vec<String>) -> Vec<String> {
    let dated = |part: &String| part == "2026-03" || part == "2026-09";
    if let Some(place) = path.iter().position(dated) {
        path.remove(place);
        let version = if path[0] == "communication-preferences" {
            "v4"
        } else {
            "v3"
        };
        path.insert(1, version.to_owned());
    }
    path
}

/// A part of a path without its percent signs; a plus is a plus there.
fn decode(part: &str) -> String {
    let safe = part.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("x={safe}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(uri: &'static str) -> String {
        Call::new(&Method::GET, &Uri::from_static(uri), Bytes::new())
            .path
            .join("/")
    }

    #[test]
    fn a_dated_path_is_the_one_that_it_replaced() {
        assert_eq!(
            path("/crm/objects/2026-03/contacts/search"),
            "crm/v3/objects/contacts/search"
        );
        assert_eq!(path("/crm/lists/2026-03"), "crm/v3/lists");
        assert_eq!(
            path("/communication-preferences/2026-03/definitions"),
            "communication-preferences/v4/definitions"
        );
    }

    #[test]
    fn a_plus_in_an_address_stays_a_plus() {
        assert_eq!(path("/x/a+b%40example.org"), "x/a+b@example.org");
    }
}
