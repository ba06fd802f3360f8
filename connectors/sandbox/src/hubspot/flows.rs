//! Workflows and custom events: each enrolment and each event is noted, and nothing follows from it (sheet 6).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::stamp;
use super::journal::Change;
use super::portal::{PORTAL, Portal};

/// The flows of the account: id of the flow, id of the workflow of before, name, whether it is switched on.
const FLOWS: [(u64, u64, &str, bool); 2] = [
    (1_401, 9_401, "Opvolging", true),
    (1_402, 9_402, "Uitgezet", false),
];

impl Portal {
    /// Everything below `/automation`.
    pub(super) fn automation(&mut self, call: &Call, rest: &[&str]) -> Reply {
        self.need("automation")?;
        match (call.method.as_str(), rest) {
            ("GET", ["v4", "flows"]) => {
                let at = stamp(self.founded);
                let rows: Vec<Value> = (FLOWS.iter())
                    .map(|(id, _, name, on)| json!({
                        "id": id.to_string(), "isEnabled": on, "name": name, "objectTypeId": "0-1", "flowType": "WORKFLOW",
                        "revisionId": "1", "uuid": format!("flow-{id}"), "createdAt": at, "updatedAt": at,
                    }))
                    .collect();
                Ok(Answer::read(json!({"results": rows})))
            }
            ("POST", ["v4", "workflow-id-mappings", "batch", "read"]) => {
                let inputs = call.inputs(100)?;
                let rows: Vec<Value> = (inputs.iter())
                    .filter_map(|input| {
                        let is = |id: u64, name: &str| input[name].as_str().is_some_and(|text| text == id.to_string());
                        FLOWS.iter().find(|(flow, workflow, ..)| {
                            is(*flow, "flowMigrationStatuses") || is(*flow, "flowId") || is(*workflow, "workflowId")
                        })
                    })
                    .map(|(flow, workflow, ..)| json!({"flowId": flow.to_string(), "workflowId": workflow.to_string()}))
                    .collect();
                let (_, body) = self.batch(&rows, Vec::new());
                Ok(Answer::read(body))
            }
            (
                method @ ("POST" | "DELETE"),
                [
                    "v2",
                    "workflows",
                    workflow,
                    "enrollments",
                    "contacts",
                    email,
                ],
            ) => {
                // The id of the flow is not that of the workflow (sheet 6).
                let known = FLOWS.iter().find(|(_, id, ..)| id.to_string() == *workflow);
                let (.., on) = known
                    .ok_or_else(|| Problem::not_found(format!("No workflow with id {workflow}")))?;
                let index = self
                    .find_email(email)
                    .filter(|index| self.contacts[*index as usize].alive());
                let index = index
                    .ok_or_else(|| Problem::not_found("No contact with this email address"))?;
                if method == "POST" && !on {
                    return Err(Problem::invalid("The workflow is not enabled"));
                }
                let id = (*workflow).to_owned();
                self.note(
                    index,
                    if method == "POST" {
                        Change::Enrolled(id)
                    } else {
                        Change::Unenrolled(id)
                    },
                );
                Ok(Answer::empty(true))
            }
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    /// `POST /events/v3/send`: a `uuid` that was seen does nothing (sheet 6).
    pub(super) fn custom_event(&mut self, call: &Call, rest: &[&str]) -> Reply {
        self.need("analytics.behavioral_events.send")?;
        let events = match rest {
            ["send"] => vec![Value::Object(call.object()?)],
            ["send", "batch"] => call.inputs(500)?,
            _ => return Err(Problem::not_found("resource not found")),
        };
        let mut applied = false;
        for event in &events {
            let name = event["eventName"].as_str().unwrap_or_default();
            if !name.starts_with(&format!("pe{PORTAL}_")) {
                return Err(Problem::invalid(format!("There is no event named {name}")));
            }
            let by_email = event["email"]
                .as_str()
                .and_then(|email| self.find_email(email));
            let index = by_email.or_else(|| self.find_id(event["objectId"].as_str()?));
            // An unknown address is taken without a word, and makes a contact on the real platform.
            let index = match (index, event["email"].as_str()) {
                (Some(index), _) => index,
                (None, Some(email)) => {
                    let index = self.add(email, None, self.now);
                    self.note(index, Change::Created);
                    index
                }
                _ => return Err(Problem::invalid("email or objectId is required")),
            };
            let seen = event["uuid"]
                .as_str()
                .is_some_and(|uuid| !self.hooks.uuids.insert(uuid.to_owned()));
            if !seen {
                applied = true;
                self.note(index, Change::Event(name.to_owned()));
            }
        }
        Ok(Answer::empty(applied))
    }
}
