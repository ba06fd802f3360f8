//! What is shown of a contact, read in one snapshot.

use engaged_connectors::model::Address;

use crate::{
    because::{self, Known, When},
    privacy::trail::trail,
    schedule::jobs::Jobs,
    score::{
        calendar::{Day, Zone},
        facts::Adjustment,
    },
    store::{
        AuditRow, CleaningCase, Conn, Connection, ContactId, ContactState, HistoryRow, Listed,
        OutboxRow, Presence, Shown, StoreError, Taken,
    },
};

use super::{
    line::{self, Happened, Showed},
    timeline::{Timeline, Wanted},
};

/// So many entries and writes are shown.
const SHOWN_MAX: i64 = 50;
/// So many of the newest lines of the audit trail are looked through.
const AUDIT_LOOKED_AT: i64 = 5_000;

/// Whom a number means.
pub(super) enum Found {
    /// Nobody.
    Nobody,
    /// Somebody who became part of this one.
    PartOf(ContactId),
    /// A contact.
    Contact(Box<Seen>),
}

/// A contact as it is shown.
pub(super) struct Seen {
    pub(super) id: ContactId,
    pub(super) today: Day,
    /// The present address.
    pub(super) address: Option<Address>,
    pub(super) connections: Vec<Connection>,
    /// What is known, and why it is what it is; `None` if nothing was known on the date asked for.
    pub(super) known: Option<Known>,
    /// Since when it objects to being scored, if it does: then nothing is worked out.
    pub(super) objects_since: Option<Day>,
    /// What the last score run found.
    pub(super) stored: Option<ContactState>,
    pub(super) history: Vec<HistoryRow>,
    /// The first day that was ever scored.
    pub(super) first_on: Option<Day>,
    /// What the scores were before that.
    pub(super) before: Vec<Showed>,
    pub(super) happened: Happened,
    pub(super) events: Timeline,
    pub(super) presences: Vec<Presence>,
    pub(super) shown: Vec<Shown>,
    /// The newest first.
    pub(super) writes: Vec<OutboxRow>,
    /// The newest first.
    pub(super) entries: Vec<Listed>,
    pub(super) cases: Vec<(CleaningCase, Vec<Taken>)>,
    /// With whether each was taken back; the newest first.
    pub(super) adjustments: Vec<(Adjustment, bool)>,
    pub(super) audit: Vec<AuditRow>,
}

/// Reads it.
pub(super) fn look(
    jobs: &Jobs,
    id: ContactId,
    when: When,
    events: &Wanted,
) -> Result<Found, StoreError> {
    let now = jobs.clock.now().timestamp_millis();
    let zone = Zone::new(jobs.config.zone);
    jobs.store.read(|conn| {
        if !conn.has_contact(id)? {
            return Ok(Found::Nobody);
        }
        let root = conn.root(id)?;
        if root != id {
            return Ok(Found::PartOf(root));
        }
        let address = conn.address_of(id)?;
        // What the contact is called stands in the title alone, and no other line has it.
        let objects_since = conn.objected_at(id)?.map(|at| zone.day(at));
        let known = match objects_since {
            Some(_) => None,
            None => because::known(conn, &jobs.config, (id, ""), when, now)?,
        };
        let today = zone.day(now);
        let until = when.as_of.unwrap_or(today);
        let (happened, events) = match &known {
            Some(known) => (
                line::happened(conn, known, until, &zone)?,
                Timeline::read(conn, known, until, &zone, events)?,
            ),
            None => Default::default(),
        };
        let history = conn.score_history(id)?;
        let first_on = history.iter().filter_map(|row| Day::parse(&row.on)).min();
        let before = known
            .as_ref()
            .map(|known| line::before(known, first_on.unwrap_or(until), until));
        let mut seen = Seen {
            id,
            today,
            address,
            connections: conn.connections()?,
            known,
            objects_since,
            stored: conn.state(id)?,
            history,
            first_on,
            before: before.unwrap_or_default(),
            happened,
            events,
            presences: conn.presences(id)?,
            shown: Vec::new(),
            writes: Vec::new(),
            entries: conn.entries_of(id, SHOWN_MAX)?,
            cases: Vec::new(),
            adjustments: conn.all_adjustments(id)?,
            audit: Vec::new(),
        };
        seen.record(conn)?;
        Ok(Found::Contact(Box::new(seen)))
    })
}

impl Seen {
    fn record(&mut self, conn: &Conn) -> Result<(), StoreError> {
        for presence in &self.presences {
            self.shown.extend(conn.shown_on(presence)?);
            self.writes.extend(conn.writes_to(presence, SHOWN_MAX)?);
        }
        self.writes.sort_by_key(|row| std::cmp::Reverse(row.id));
        self.writes
            .truncate(usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX));
        for case in conn.cases_of(self.id)? {
            let taken = conn.taken(case.id)?;
            self.cases.push((case, taken));
        }
        self.audit = trail(conn, self.id, Some(AUDIT_LOOKED_AT))?;
        Ok(())
    }
}
