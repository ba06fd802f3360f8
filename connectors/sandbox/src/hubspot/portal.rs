//! The account: everything that the stand-in knows, what it takes over from the world, and the way of a request through it.

use std::collections::HashMap;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::{Contact, Standing};
use super::hooks::Hooks;
use super::journal::Written;
use super::lists::List;
use super::mail::{Kind, Mail, Source, fine};
use super::property::{self, Property};
use super::settings::{Options, Policy};
use super::shop::Shop;
use super::timeline::{Shift, What};
use super::{Millis, world_end};
use crate::people::{Milestone, Publication, Turn, World};

/// Tells the time of the account.
pub(super) type Clock = Box<dyn Fn(&World) -> Millis + Send>;

/// The number of the account.
pub(super) const PORTAL: u64 = 62_515;

/// Everything that the stand-in knows.
pub(super) struct Portal {
    pub(super) options: Options,
    pub(super) contacts: Vec<Contact>,
    by_email: HashMap<String, u32>,
    by_person: HashMap<u32, u32>,
    pub(super) properties: Vec<Property>,
    pub(super) groups: Vec<String>,
    pub(super) mail: Mail,
    /// Every change of consent, in order.
    pub(super) shifts: Vec<Shift>,
    pub(super) shop: Shop,
    pub(super) lists: Vec<List>,
    pub(super) hooks: Hooks,
    /// Joinings, as submissions of a form, in order: contact, when, with which publication.
    pub(super) submissions: Vec<(u32, Millis, Publication)>,
    /// What was written, in order.
    pub(super) journal: Vec<Written>,
    /// Who is mailed from now on, or no more: for the world, after the request.
    pub(super) standings: Vec<(u32, Publication, bool)>,
    pub(super) clock: Clock,
    pub(super) now: Millis,
    pub(super) founded: Millis,
    seen: usize,
    pending: Vec<Milestone>,
    /// Requests in the ten seconds, and searches in the second, that began then.
    spent: (Millis, u32),
    searched: (Millis, u32),
    today: u32,
}

/// The id of the contact at this place: as on the real platform they grow, with gaps and over more digits.
pub(super) fn id_at(index: u32) -> u64 {
    51 + u64::from(index) * 7
}

impl Portal {
    pub(super) fn founded(options: Options, world: &World) -> Self {
        let clock: Clock = match options.now.map(|now| now.timestamp_millis()) {
            Some(now) => Box::new(move |_| now),
            None => Box::new(world_end),
        };
        let founded = i64::from(world.start()) * 1_000;
        let mut portal = Self {
            contacts: Vec::new(),
            by_email: HashMap::new(),
            by_person: HashMap::new(),
            properties: property::defined(options.optout_writable),
            groups: vec![
                "contactinformation".to_owned(),
                "emailinformation".to_owned(),
            ],
            mail: Mail::default(),
            shifts: Vec::new(),
            shop: Shop::default(),
            lists: super::lists::founded(founded),
            hooks: Hooks::default(),
            submissions: Vec::new(),
            journal: Vec::new(),
            standings: Vec::new(),
            clock,
            now: 0,
            founded,
            seen: 0,
            pending: Vec::new(),
            spent: (0, 0),
            searched: (0, 0),
            today: 0,
            options,
        };
        portal.refresh(world);
        // What was there before the app was installed is not told by webhooks.
        portal.hooks.open(portal.options.webhook_url.is_some());
        portal
    }

    /// Takes over what happened in the world.
    pub(super) fn refresh(&mut self, world: &World) {
        // Time does not go back: what is known stays known.
        self.now = self.now.max((self.clock)(world));
        let new = &world.milestones()[self.seen..];
        self.seen += new.len();
        let second = self.options.second_type;
        self.pending.extend(
            new.iter()
                .filter(|change| second || change.publication == Publication::Weekly),
        );
        let now = self.now;
        let known = |change: &Milestone| time_of(change) <= now;
        if self.pending.iter().any(known) {
            self.pending.sort_by_key(time_of);
            let due = self.pending.partition_point(known);
            for change in self.pending.drain(..due).collect::<Vec<_>>() {
                self.happen(world, change);
            }
        }
        self.shop.refresh(world, self.now, self.options.purchases);
        self.mail.take(world, &self.options);
        for (known, row) in self.mail.arrive(now) {
            self.count(world, known, row);
        }
    }

    fn happen(&mut self, world: &World, change: Milestone) {
        let at = time_of(&change);
        let Milestone {
            person,
            publication,
            turn,
            ..
        } = change;
        let of = publication as usize;
        match turn {
            Turn::Joined | Turn::Returned => self.join(world, change),
            Turn::Left(campaign) => {
                let Some(index) = self.of_person(person) else {
                    return;
                };
                // Who leaves opts out of the type or of everything, as the page behind the link lets them.
                let all = self.contacts[index as usize].id.is_multiple_of(2);
                let what = if all { What::All } else { What::Type(of) };
                self.opt_out(index, what, at, "SOURCE_RECIPIENT");
                let shift = Shift {
                    to: "UNSUBSCRIBED",
                    ..Shift::of_mail(index, publication, Some(campaign), what, at)
                };
                self.shift(shift, Some(Kind::StatusChange));
            }
            Turn::Complained(campaign) => {
                let Some(index) = self.of_person(person) else {
                    return;
                };
                self.opt_out(index, What::All, at, "SOURCE_FEEDBACK_LOOP");
                let shift = Shift {
                    to: "REPORTED_SPAM",
                    source: "SOURCE_FEEDBACK_LOOP",
                    ..Shift::of_mail(index, publication, Some(campaign), What::All, at)
                };
                self.shift(shift, Some(Kind::SpamReport));
            }
            Turn::Bounced(campaign) => {
                let Some(index) = self.of_person(person) else {
                    return;
                };
                let shift = Shift {
                    to: "BOUNCED",
                    source: "SOURCE_NON_DELIVERY_REPORT",
                    ..Shift::of_mail(index, publication, Some(campaign), What::All, at)
                };
                self.shift(shift, None);
                self.drop_mail(world, person, publication, campaign);
            }
        }
    }

    /// Somebody joins or comes back by a form.
    fn join(&mut self, world: &World, change: Milestone) {
        let at = time_of(&change);
        let Milestone {
            person,
            publication,
            turn,
            ..
        } = change;
        let of = publication as usize;
        let mine = Standing {
            subscribed: true,
            at,
            source: "SOURCE_RECIPIENT",
        };
        let index = self.of_person(person);
        let index =
            index.unwrap_or_else(|| self.add(&world.person(person).address(), Some(person), at));
        self.submissions.push((index, at, publication));
        let contact = &mut self.contacts[index as usize];
        contact.tally.submissions += 1;
        contact.tally.submitted = Some(at);
        contact.types[of] = Some(mine);
        contact.out_of_all = None;
        contact.touch(at, self.options.index_lag);
        if turn == Turn::Returned {
            self.shift(
                Shift::of_mail(index, publication, None, What::Type(of), at),
                Some(Kind::StatusChange),
            );
            self.hook_property(index, "hs_email_optout", "false", at);
        }
    }

    /// Adds a contact and gives its place.
    pub(super) fn add(&mut self, email: &str, person: Option<u32>, at: Millis) -> u32 {
        let index = u32::try_from(self.contacts.len()).unwrap_or(u32::MAX);
        self.contacts
            .push(Contact::new(id_at(index), person, email, at));
        self.by_email.insert(email.to_lowercase(), index);
        if let Some(person) = person {
            self.by_person.insert(person, index);
        }
        self.hook(index, "contact.creation", at);
        index
    }

    /// Notes that somebody opted out, and stops their mails.
    pub(super) fn opt_out(&mut self, index: u32, what: What, at: Millis, source: &'static str) {
        let contact = &mut self.contacts[index as usize];
        let out = Standing {
            subscribed: false,
            at,
            source,
        };
        match what {
            What::Type(of) => contact.types[of] = Some(out),
            What::All => {
                for standing in contact.types.iter_mut().flatten() {
                    *standing = out.clone();
                }
                contact.out_of_all = Some(out);
            }
        }
        contact.touch(at, self.options.index_lag);
        if what == What::All {
            self.hook_property(index, "hs_email_optout", "true", at);
        }
    }

    /// Notes a change of consent, and the e-mail event that tells of it.
    pub(super) fn shift(&mut self, mut shift: Shift, told: Option<Kind>) {
        if let Some(contact) = shift.contact {
            let contact = &self.contacts[contact as usize];
            contact
                .address_at(shift.at)
                .clone_into(&mut shift.recipient);
        }
        let place = u32::try_from(self.shifts.len()).unwrap_or(u32::MAX);
        let at = shift.at;
        self.shifts.push(shift);
        if let Some(kind) = told {
            let row = self.mail.put(kind, at, Source::Shift(place));
            self.shifts[place as usize].event = Some(row);
        }
    }

    /// The contact of a person, the survivor of a merger, also one who was deleted.
    pub(super) fn of_person(&self, person: u32) -> Option<u32> {
        self.by_person
            .get(&person)
            .map(|index| self.survivor(*index))
    }

    fn survivor(&self, mut index: u32) -> u32 {
        while let Some(into) = self.contacts[index as usize].merged_into {
            index = into;
        }
        index
    }

    /// The place of the contact with this id, or of the one that it was merged into (sheet 3).
    pub(super) fn find_id(&self, id: &str) -> Option<u32> {
        let id: u64 = id.parse().ok()?;
        let index = id.checked_sub(51).filter(|rest| rest % 7 == 0)? / 7;
        let index = u32::try_from(index)
            .ok()
            .filter(|index| (*index as usize) < self.contacts.len())?;
        let index = self.survivor(index);
        (!self.contacts[index as usize].gone).then_some(index)
    }

    /// The place of the contact with this address; case does not count.
    pub(super) fn find_email(&self, email: &str) -> Option<u32> {
        let index = self.by_email.get(&email.to_lowercase()).copied()?;
        // An address that was left behind leads nowhere; one of a merged contact leads to the survivor.
        let current = self.contacts[index as usize].email == email.to_lowercase();
        let index = self.survivor(index);
        (current && !self.contacts[index as usize].gone).then_some(index)
    }

    /// Gives a contact another address.
    pub(super) fn readdress(&mut self, index: u32, email: &str, at: Millis) {
        let contact = &mut self.contacts[index as usize];
        let old = std::mem::replace(&mut contact.email, email.to_lowercase());
        contact.addresses.push((at, old));
        contact.touch(at, self.options.index_lag);
        self.by_email.insert(email.to_lowercase(), index);
        self.hook_property(index, "email", email, at);
    }

    /// Takes a contact out of the CRM: for now, or for good.
    pub(super) fn remove(&mut self, index: u32, for_good: bool) {
        let at = self.now;
        let contact = &mut self.contacts[index as usize];
        contact.archived = Some(at);
        contact.gone |= for_good;
        for list in &mut self.lists {
            list.members.retain(|(member, _)| *member != index);
        }
        self.tell_world(index);
        let what = if for_good {
            "contact.privacyDeletion"
        } else {
            "contact.deletion"
        };
        self.hook(index, what, at);
    }

    /// Tells the world whom to mail after a write.
    pub(super) fn tell_world(&mut self, index: u32) {
        let contact = &self.contacts[index as usize];
        if let Some(person) = contact.person {
            let mailed = Publication::ALL
                .map(|publication| (person, publication, contact.mailed(publication)));
            let joined = mailed
                .into_iter()
                .filter(|(_, of, _)| contact.types[*of as usize].is_some());
            self.standings.extend(joined);
        }
    }

    /// Refuses where the token lacks a scope.
    pub(super) fn need(&self, scope: &'static str) -> Result<(), Problem> {
        if self.options.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::scope(scope))
    }

    /// Answers a request.
    pub(super) fn answer(
        &mut self,
        world: &World,
        call: &Call,
        headers: &HeaderMap,
        key: &str,
    ) -> Reply {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if given.and_then(|value| value.strip_prefix("Bearer ")) != Some(key) {
            return Err(Problem::key());
        }
        if call.length > self.options.url_most {
            return Err(Problem::new(
                StatusCode::URI_TOO_LONG,
                "URI_TOO_LONG",
                "Request-URI Too Long",
            ));
        }
        self.meter(call)?;
        let mut answer = self.route(world, call)?;
        if !self.options.events_in_ledger {
            answer.served = Vec::new();
        }
        Ok(answer)
    }

    fn route(&mut self, world: &World, call: &Call) -> Reply {
        let (method, parts) = call.parts();
        match (method, parts.as_slice()) {
            (_, ["crm", "v3", "properties", "contacts", rest @ ..]) => self.properties(call, rest),
            (_, ["crm", "v3", "objects", kind, rest @ ..]) => self.objects(world, call, kind, rest),
            (_, ["crm", "v3", "lists", rest @ ..]) => self.route_lists(call, rest),
            ("POST", ["crm", "v4", "associations", from, to, "batch", "read"]) => {
                self.associations(world, call, from, to)
            }
            ("GET", ["email", "public", "v1", rest @ ..]) => self.email(world, call, rest),
            (_, ["communication-preferences", "v4", rest @ ..]) => self.consent(call, rest),
            (_, ["automation", rest @ ..]) => self.automation(call, rest),
            ("POST", ["events", "v3", rest @ ..]) => self.custom_event(call, rest),
            ("GET", ["events", "v3", "events", rest @ ..]) => self.visits(world, call, rest),
            ("GET", ["marketing", "v3", "forms"]) => self.forms(call),
            ("GET", ["form-integrations", "v1", "submissions", "forms", form]) => {
                self.form_submissions(world, call, form)
            }
            ("GET", ["account-info", "v3", "details"]) => Ok(Answer::read(json!({
                "portalId": PORTAL, "accountType": "STANDARD", "timeZone": "Europe/Amsterdam",
                "companyCurrency": "EUR", "utcOffset": "+01:00", "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1",
            }))),
            ("GET", ["account-info", "v3", "api-usage", "daily", "private-apps"]) => {
                Ok(Answer::read(json!({"results": [{
                    "name": "private-apps-api-calls-daily", "usageLimit": 625_000, "currentUsage": self.today,
                }]})))
            }
            ("PUT" | "TRACE", _) => Err(Problem::method()),
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    /// Counts a request against the limits (sheet 2).
    fn meter(&mut self, call: &Call) -> Result<(), Problem> {
        self.today += 1;
        let window = |spent: &mut (Millis, u32), now: Millis, length: Millis| {
            if now - spent.0 >= length {
                *spent = (now, 0);
            }
            spent.1 += 1;
            spent.1
        };
        let enforced = self.options.enforce_limits;
        if window(&mut self.spent, self.now, 10_000) > 190 && enforced {
            return Err(Problem::limit(Policy::TenSecondly));
        }
        if is_search(call) && window(&mut self.searched, self.now, 1_000) > 5 && enforced {
            return Err(Problem::limit(Policy::Secondly));
        }
        Ok(())
    }

    /// The headers that tell of the limits; searches are reported to omit them (sheet 2).
    pub(super) fn dress(&self, call: &Call, headers: &mut HeaderMap) {
        if is_search(call) && !self.options.search_headers {
            return;
        }
        for (name, value) in [
            ("x-hubspot-ratelimit-daily", 625_000),
            (
                "x-hubspot-ratelimit-daily-remaining",
                625_000_u32.saturating_sub(self.today),
            ),
            ("x-hubspot-ratelimit-interval-milliseconds", 10_000),
            ("x-hubspot-ratelimit-max", 190),
            (
                "x-hubspot-ratelimit-remaining",
                190_u32.saturating_sub(self.spent.1).max(1),
            ),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

fn is_search(call: &Call) -> bool {
    call.path.first().is_some_and(|api| api == "crm")
        && call.path.last().is_some_and(|part| part == "search")
}

fn time_of(change: &Milestone) -> Millis {
    fine(
        change.at,
        &[11, u64::from(change.person), change.publication as u64],
    )
}
