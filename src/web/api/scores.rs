//! How everybody is spread: over the points and bands of each score, over segments and stages, and who is not judged.

use axum::Json;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    extract::{Caller, Refused},
    operation::Operation,
};
use crate::{
    account::Scope,
    rules::set::RuleSet,
    store::{Conn, Grouping, Size, StoreError},
    web::access::Access,
};

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let read = Access::Token(Scope::Read);
    vec![
        Operation::get("/api/v1/scores", read, scores)
            .named(
                ("scores", "listScores"),
                "Each score, its bands and its spread",
                "How many contacts are in each band and at each number of points, as the last run of scoring left them. Who is not \
                 judged is told apart: missing data is not disengagement.",
            )
            .answer::<Groups<Score>>(200, "Every score.", scores_example()),
        Operation::get("/api/v1/segments", read, segments)
            .named(
                ("scores", "listSegments"),
                "Each segment and its size",
                "A contact may be in several, or in none.",
            )
            .answer::<Groups<Named>>(200, "Every segment.", segments_example()),
        Operation::get("/api/v1/stages", read, stages)
            .named(
                ("scores", "listStages"),
                "Each stage and its size",
                "In their order; a contact is in the first that holds.",
            )
            .answer::<Groups<Named>>(200, "Every stage.", segments_example()),
    ]
}

fn scores_example() -> Value {
    json!({
        "items": [{
            "name": "engagement", "contacts": 3,
            "bands": [{ "name": "ambassador", "contacts": 1 }, { "name": "away", "contacts": 2 }, { "name": null, "contacts": 0 }],
            "spread": [{ "points": -10, "band": "away", "contacts": 2 }, { "points": 61, "band": "ambassador", "contacts": 1 }],
        }],
        "next": null, "contacts": 4, "judged": 2, "unjudged": [{ "reason": "too_new", "contacts": 1 }],
    })
}

fn segments_example() -> Value {
    json!({
        "items": [{ "name": "hot", "contacts": 1 }],
        "next": null, "contacts": 4, "judged": 2, "unjudged": [{ "reason": "too_new", "contacts": 1 }],
    })
}

/// Groups of contacts, and who is not judged.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Groups")]
struct Groups<T> {
    /// The groups, in the order of the configuration.
    items: Vec<T>,
    /// Null: the list is whole.
    next: Option<String>,
    /// All contacts, also those who are in no group or not scored yet.
    contacts: i64,
    /// Contacts about whom every absence is judged.
    judged: i64,
    /// Contacts about whom an absence waits for data, by reason.
    unjudged: Vec<Unjudged>,
}

/// Contacts who are not judged for one reason.
#[derive(Serialize, JsonSchema)]
struct Unjudged {
    /// The reason: `no_tracking`, `too_new`, `not_tracked`, `not_mailed`, `too_few_sends`, `coverage_gap`, `unmeasurable`.
    reason: String,
    /// How many.
    contacts: i64,
}

/// A score and how contacts are spread over it.
#[derive(Serialize, JsonSchema)]
struct Score {
    /// Its name.
    name: String,
    /// How many contacts have it.
    contacts: i64,
    /// Its bands from the top, and those in none of them.
    bands: Vec<Band>,
    /// How many contacts are at each number of points, the fewest points first.
    spread: Vec<AtPoints>,
}

/// A band of a score.
#[derive(Serialize, JsonSchema)]
struct Band {
    /// Its name; null for those in no band.
    name: Option<String>,
    /// How many contacts are in it.
    contacts: i64,
}

/// Contacts at one number of points.
#[derive(Serialize, JsonSchema)]
struct AtPoints {
    /// The points, as shown.
    points: i64,
    /// The band.
    band: Option<String>,
    /// How many.
    contacts: i64,
}

/// A segment or a stage.
#[derive(Serialize, JsonSchema)]
struct Named {
    /// Its name.
    name: String,
    /// How many contacts are in it.
    contacts: i64,
}

/// The size of a group; of one that nobody is in, 0.
fn size_of(sizes: &[Size], name: Option<&str>) -> i64 {
    let found = sizes.iter().find(|size| size.name.as_deref() == name);
    found.map_or(0, |size| size.contacts)
}

fn groups<T>(conn: &Conn, items: Vec<T>) -> Result<Groups<T>, StoreError> {
    let sizes = conn.group_sizes(Grouping::Judged)?;
    let judged = size_of(&sizes.groups, None);
    let unjudged = sizes.groups.into_iter().filter_map(|size| {
        Some(Unjudged {
            reason: size.name?,
            contacts: size.contacts,
        })
    });
    Ok(Groups {
        items,
        next: None,
        contacts: sizes.contacts,
        judged,
        unjudged: unjudged.collect(),
    })
}

async fn scores(caller: Caller) -> Result<Json<Groups<Score>>, Refused> {
    let look = |conn: &Conn, rules: &RuleSet| {
        let mut scores = Vec::new();
        for score in &rules.scores {
            let sizes = conn.group_sizes(Grouping::Bands(&score.name))?.groups;
            let bands = score.bands.iter().map(|band| Some(band.name.as_str()));
            let bands = bands.chain([None]).map(|name| Band {
                name: name.map(str::to_owned),
                contacts: size_of(&sizes, name),
            });
            let spread = conn.spread(&score.name)?.into_iter().map(|at| AtPoints {
                points: at.shown,
                band: at.band,
                contacts: at.contacts,
            });
            scores.push(Score {
                name: score.name.clone(),
                contacts: sizes.iter().map(|size| size.contacts).sum(),
                bands: bands.collect(),
                spread: spread.collect(),
            });
        }
        groups(conn, scores)
    };
    let found = caller.look(move |conn, jobs| look(conn, &jobs.config.rules));
    Ok(Json(found.await?))
}

async fn segments(caller: Caller) -> Result<Json<Groups<Named>>, Refused> {
    named(&caller, Grouping::Segments, |rules| {
        let segments = rules.segments.iter();
        segments.map(|each| each.name.clone()).collect()
    })
    .await
}

async fn stages(caller: Caller) -> Result<Json<Groups<Named>>, Refused> {
    named(&caller, Grouping::Stages, |rules| {
        let stages = rules.stages.iter();
        stages.map(|each| each.name.clone()).collect()
    })
    .await
}

async fn named(
    caller: &Caller,
    of: Grouping<'static>,
    names: fn(&RuleSet) -> Vec<String>,
) -> Result<Json<Groups<Named>>, Refused> {
    let look = caller.look(move |conn, jobs| {
        let sizes = conn.group_sizes(of)?.groups;
        let items = names(&jobs.config.rules).into_iter().map(|name| Named {
            contacts: size_of(&sizes, Some(&name)),
            name,
        });
        groups(conn, items.collect())
    });
    Ok(Json(look.await?))
}
