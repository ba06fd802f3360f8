//! The account: everything that the stand-in knows, and the way of a request through it.

use axum::http::Method;
use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::batches::Batch;
use super::call::{Call, stamp};
use super::journal::{Change, Written};
use super::shop::Shop;
use super::{Options, activity, batches, campaigns, lists, members, shop};
use crate::people::{Publication, Seconds, World, seconds};

/// Tells the time of the account.
pub(super) type Clock = Box<dyn Fn(&World) -> Seconds + Send>;

/// Everything that the stand-in knows.
pub(super) struct Account {
    pub(super) options: Options,
    pub(super) audiences: Vec<Audience>,
    pub(super) shop: Shop,
    pub(super) batches: Vec<Batch>,
    /// How many batches were ever accepted.
    pub(super) submitted: u64,
    /// The origin of the results of batches.
    pub(super) archive: String,
    /// What was written, in order.
    pub(super) journal: Vec<Written>,
    /// Who is mailed from now on, or no more: for the world, after the request.
    pub(super) standings: Vec<(u32, Publication, bool)>,
    /// What time it is.
    pub(super) clock: Clock,
    pub(super) now: Seconds,
}

impl Account {
    pub(super) fn new(options: Options, archive: String, world: &World) -> Self {
        let publications = if options.second_list {
            &Publication::ALL[..]
        } else {
            &Publication::ALL[..1]
        };
        let audiences = publications
            .iter()
            .map(|publication| {
                let (seed, job) = (options.seed, options.job_required);
                Audience::new(*publication, seed, job, world.start())
            })
            .collect();
        let clock: Clock = match options.now.map(seconds) {
            Some(now) => Box::new(move |_| now),
            None => Box::new(World::end),
        };
        Self {
            options,
            audiences,
            shop: Shop::default(),
            batches: Vec::new(),
            submitted: 0,
            archive,
            journal: Vec::new(),
            standings: Vec::new(),
            clock,
            now: 0,
        }
    }

    /// Takes over what happened in the world.
    pub(super) fn refresh(&mut self, world: &World) {
        // Time does not go back: what is known stays known.
        self.now = self.now.max((self.clock)(world));
        for audience in &mut self.audiences {
            audience.refresh(world, self.now);
            audience.refresh_reports(world, self.options.skew, self.now);
        }
        self.shop.refresh(world, self.now);
    }

    /// Answers a request and lets the batches before it make a step.
    pub(super) fn answer(&mut self, world: &World, call: &Call) -> Reply {
        let before = self.batches.len();
        let reply = self.route(world, call);
        self.step_batches(world, before);
        reply.map(|answer| Answer {
            body: answer.body.map(|body| call.finish(body)),
            served: if self.options.events_in_ledger {
                answer.served
            } else {
                Vec::new()
            },
            applied: answer.applied,
        })
    }

    /// Answers a request, also one out of a batch.
    pub(super) fn route(&mut self, world: &World, call: &Call) -> Reply {
        let parts = call.parts();
        let get = call.method == Method::GET;
        match parts.as_slice() {
            [] | ["ping" | "campaigns" | "automations"] | ["campaigns", _] if !get => {
                Err(Problem::method())
            }
            [] => Ok(Answer::read(self.root(world))),
            ["ping"] => Ok(Answer::read(
                json!({"health_status": "Everything's Chimpy!"}),
            )),
            ["lists", rest @ ..] => lists::route(self, world, call, rest),
            ["reports", rest @ ..] => activity::route(self, world, call, rest),
            ["ecommerce", rest @ ..] => shop::route(self, world, call, rest),
            ["batches", rest @ ..] => batches::route(self, call, rest),
            ["campaigns"] => campaigns::campaigns(self, world, call),
            ["campaigns", id] => campaigns::one(self, world, id),
            ["automations"] => Ok(Answer::read(json!({"automations": [], "total_items": 0}))),
            [
                "customer-journeys",
                "journeys",
                journey,
                "steps",
                step,
                "actions",
                "trigger",
            ] => self.trigger(call, journey, step),
            _ => Err(Problem::not_found()),
        }
    }

    fn root(&self, world: &World) -> Value {
        let everybody = self.audiences.iter().flat_map(|list| &list.members);
        json!({
            "account_id": "8d3a3db4d97663a9074efcc16", "login_id": "1", "account_name": "Voorbeeld", "email": "post@example.nl",
            "first_name": "Marit", "last_name": "de Vries", "username": "voorbeeld", "avatar_url": "", "role": self.options.role,
            "member_since": stamp(world.start().saturating_sub(1_000 * crate::people::DAY)),
            "pricing_plan_type": "monthly", "first_payment": "", "account_timezone": "Europe/Amsterdam",
            "account_industry": "Retail",
            "contact": {"company": "Voorbeeld", "addr1": "Dorpsstraat 1", "addr2": "", "city": "Utrecht", "state": "", "zip": "3511 AA", "country": "NL"},
            "pro_enabled": false, "last_login": stamp(self.now),
            "total_subscribers": everybody.filter(|member| !member.forgotten && member.status.contactable() == 3).count(),
            "industry_stats": {"open_rate": 0.17, "bounce_rate": 0.01, "click_rate": 0.02},
        })
    }

    /// Starts a step of a journey for somebody: each call starts it once more.
    fn trigger(&mut self, call: &Call, journey: &str, step: &str) -> Reply {
        if call.method != Method::POST {
            return Err(Problem::method());
        }
        let whole = |text: &str| text.parse::<u64>().is_ok();
        if !whole(journey) || !whole(step) {
            return Err(Problem::not_found());
        }
        let body = call.object()?;
        let address = body.get("email_address").and_then(Value::as_str);
        let address = address
            .ok_or_else(|| Problem::invalid("email_address", "This value should not be blank."))?;
        let mut places = 0..self.audiences.len();
        let found = places.find_map(|list| Some((list, self.audiences[list].find(address)?)));
        let (list, index) = found.ok_or_else(Problem::not_found)?;
        let change = Change::Journey {
            journey: journey.to_owned(),
            step: step.to_owned(),
        };
        self.note(list, index, change);
        Ok(Answer::empty(true))
    }

    /// The place of a list.
    pub(super) fn list(&self, id: &str) -> Result<usize, Problem> {
        self.audiences
            .iter()
            .position(|list| list.id == id)
            .ok_or_else(Problem::not_found)
    }

    /// The places of the list and of the campaign with this id.
    pub(super) fn campaign(&self, id: &str) -> Result<(usize, usize), Problem> {
        self.audiences
            .iter()
            .enumerate()
            .find_map(|(list, audience)| Some((list, audience.reports.find(id)?)))
            .ok_or_else(Problem::not_found)
    }

    /// A member as the API shows them.
    pub(super) fn member(&mut self, world: &World, list: usize, index: u32) -> Value {
        self.audiences[list].refresh_tallies(world);
        let audience = &self.audiences[list];
        let member = &audience.members[index as usize];
        members::body(audience, &self.shop, world, member)
    }

    /// A member as the answers to bulk calls and segments show them: with less about them.
    pub(super) fn member_in_short(&mut self, world: &World, list: usize, index: u32) -> Value {
        let mut body = self.member(world, list, index);
        members::shorten(&mut body);
        body
    }

    /// Notes what a write changed.
    pub(super) fn note(&mut self, list: usize, index: u32, change: Change) {
        let audience = &self.audiences[list];
        self.journal.push(Written {
            list: audience.id.clone(),
            email_id: hex::encode(audience.members[index as usize].hash),
            change,
        });
    }
}
