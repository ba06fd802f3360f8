//! Who is inside which automation, and what came of each entry.
//!
//! The memory of automations: what was decided is stored here as it is told,
//! each step in the transaction of the scores it follows from.

mod apart;
mod look;

pub use self::look::{EntriesWanted, EntryDay, EntrySize};

use std::collections::{BTreeMap, HashMap};

use engaged_connectors::model::{Address, Status};
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Conn, StoreError, Tx,
    contact::ContactId,
    word::{Dictionary, date_text, day_of, status_of},
};
use crate::{
    automation::{Entry, EntryState, Past, Step},
    score::{
        calendar::{Day, Millis, Zone},
        facts::ConnectionId,
    },
};

const SCORED_ON: &str = "scored on";

const LISTED: &str = "select entry.id, entry.contact_id, contact.email, word.text, number, entered_at, entered_on, state,
    reason, left_at, answer
    from automation_entry entry join word on word.id = automation_id join contact on contact.id = contact_id ";

/// An entry that something is to be written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The entry's number.
    pub entry: i64,
    /// Who.
    pub contact: ContactId,
    /// Which entry of this contact it is.
    pub number: u32,
    /// What has become of it so far.
    pub state: EntryState,
    /// The date of the run that found it.
    pub entered_on: Day,
    /// The contact's id on the platform asked for; `None` if it is not there.
    pub platform_id: Option<String>,
    /// The platform's own word on it.
    pub status: Option<Status>,
    /// The contact's address.
    pub email: Option<Address>,
}

/// An entry as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The entry's number, for `resolve` and `answer`.
    pub entry: i64,
    /// Who.
    pub contact: ContactId,
    /// The contact's address, if it has one.
    pub email: Option<Address>,
    /// The automation.
    pub automation: String,
    /// Which entry of this contact it is.
    pub number: u32,
    /// When it was found.
    pub entered_at: Millis,
    /// The date that was scored.
    pub entered_on: Day,
    /// What has become of it.
    pub state: EntryState,
    /// Why.
    pub reason: Option<String>,
    /// When the contact left.
    pub left_at: Option<Millis>,
    /// What people said of it.
    pub answer: Option<String>,
}

/// How many entries of an automation are in a state: `(automation, state, reason, inside, entries)`.
pub type Tally = (String, EntryState, Option<String>, bool, i64);

impl Conn {
    /// What is remembered of a contact, for each automation by name; `zone` says on which day something was started.
    pub fn past(
        &self,
        contact: ContactId,
        zone: &Zone,
    ) -> Result<BTreeMap<String, Past>, StoreError> {
        // Where the request lies after the entry, because a guard held it or somebody asked for it later, that counts.
        let mut select = self.sql.prepare_cached(
            "select text, entry.id, number, entry.state, entered_on, due_at, left_at, entered_at, row.changed_at,
               coalesce(entry.reason like 'cleaning %', 0)
             from automation_entry entry join word on word.id = automation_id
             left join outbox row indexed by outbox_start on row.lane = 'start' and row.target = 'start:' || entry.id
               and row.state in ('attempting', 'applied', 'ambiguous')
             where entry.contact_id = ?1 order by automation_id, number",
        )?;
        let mut rows = select.query([contact.0])?;
        let mut pasts: BTreeMap<String, Past> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let past = pasts.entry(row.get(0)?).or_default();
            let state = state_of(&row.get::<_, String>(3)?)?;
            let entered_on = day_of(&row.get::<_, String>(4)?)?;
            past.entries = past.entries.max(row.get(2)?);
            if state.may_have_started() || state.is_pending() {
                let asked_at: Option<Millis> = row.get(8)?;
                past.starts += 1;
                past.started_on = past.started_on.max(Some(entered_on));
                past.started_on = past.started_on.max(asked_at.map(|at| zone.day(at)));
            }
            let left_at: Option<Millis> = row.get(6)?;
            past.left_at = past.left_at.max(left_at);
            // Where two contacts became one, the open entry need not be the last.
            if left_at.is_none() {
                past.inside = Some(Entry {
                    id: row.get(1)?,
                    state,
                    entered_at: row.get(7)?,
                    entered_on,
                    due_at: row.get(5)?,
                    by_hand: row.get(9)?,
                });
            }
        }
        Ok(pasts)
    }

    /// Contacts with an entry that has waited long enough.
    pub fn settled(&self, now: Millis) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select distinct contact_id from automation_entry indexed by automation_entry_open
             where state = 'settling' and due_at <= ?1 order by contact_id",
        )?;
        let rows = select.query_map([now], |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the next entry has waited long enough. One that the last whole run has seen waits for something else.
    pub fn next_settled_at(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select min(due_at) from automation_entry indexed by automation_entry_open where state = 'settling'
                 and due_at > coalesce((select known_at from control where name = ?1), 0)",
            )?
            .query_row([SCORED_ON], |row| row.get(0))?)
    }

    /// The rules by which a contact was last scored.
    pub fn scored_by(&self, contact: ContactId) -> Result<Option<i64>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select rule_version_id from contact_state where contact_id = ?1")?
            .query_row([contact.0], |row| row.get(0))
            .optional()?)
    }

    /// What each automation rested on in a version of the rules.
    pub fn automation_versions(
        &self,
        rule_version: i64,
    ) -> Result<HashMap<String, String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select text, fingerprint from automation_version join word on word.id = automation_id where rule_version_id = ?1",
        )?;
        let rows = select.query_map([rule_version], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The date of the last whole run of scoring.
    pub fn scored_on(&self) -> Result<Option<Day>, StoreError> {
        let control = self.control(SCORED_ON)?;
        Ok(control.and_then(|control| Day::parse(&control.value)))
    }

    /// Entries of an automation in one of two states, with the contact as a connection knows it, in order.
    /// Only those decided after `since`. A set whose request was cut off stands where the next push puts it.
    pub fn waiting(
        &self,
        automation: &str,
        state: EntryState,
        connection: ConnectionId,
        since: Millis,
    ) -> Result<Vec<Waiting>, StoreError> {
        // Of several ids on one platform the one is taken that may be written to.
        let mut select = self.sql.prepare_cached(
            "select entry.id, entry.contact_id, entry.number, entry.entered_on, identity.platform_id, identity.status,
               coalesce(identity.email, contact.email)
             from automation_entry entry indexed by automation_entry_open
             join contact on contact.id = entry.contact_id
             left join identity on identity.connection_id = ?3 and identity.platform_id = (
               select platform_id from identity other indexed by identity_by_contact
               where other.connection_id = ?3 and other.gone_at is null
                 and other.contact_id in (
                   with recursive member (id) as (select entry.contact_id
                     union all select merged.contact_id from merged join member on merged.into_id = member.id)
                   select id from member)
               order by other.status, other.platform_id limit 1)
             left join outbox row indexed by outbox_start on row.lane = 'start' and row.target = 'start:' || entry.id
               and row.state = 'attempting' and row.write in ('start by tag', 'start by field')
             where entry.state in (?2, 'attempting') and ?2 = case
                 when row.id is null then entry.state
                 when entry.left_at is null then 'ready'
                 when row.write = 'start by tag' then 'leaving'
                 else 'withdrawn' end
               and entry.automation_id = (select id from word where text = ?1)
               and entry.decided_at > ?4
             order by entry.id",
        )?;
        let mut rows = select.query(params![automation, state.as_str(), connection.0, since])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Waiting {
                entry: row.get(0)?,
                contact: ContactId(row.get(1)?),
                number: row.get(2)?,
                state,
                entered_on: day_of(&row.get::<_, String>(3)?)?,
                platform_id: row.get(4)?,
                status: row.get::<_, Option<i64>>(5)?.map(status_of).transpose()?,
                email: row
                    .get::<_, Option<String>>(6)?
                    .as_deref()
                    .and_then(Address::parse),
            });
        }
        Ok(found)
    }

    /// How many entries are in which state.
    pub fn tally_entries(&self) -> Result<Vec<Tally>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select text, state, reason, left_at is null, count(*) from automation_entry
             join word on word.id = automation_id group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        )?;
        let mut rows = select.query(())?;
        let mut tallies = Vec::new();
        while let Some(row) = rows.next()? {
            let state = state_of(&row.get::<_, String>(1)?)?;
            tallies.push((row.get(0)?, state, row.get(2)?, row.get(3)?, row.get(4)?));
        }
        Ok(tallies)
    }

    /// Entries in the order in which they were made, the newest first.
    pub fn entries(&self, which: &Entries<'_>) -> Result<Vec<Listed>, StoreError> {
        let mut select = self.sql.prepare_cached(
            &[
                LISTED,
                "where (?1 is null or word.text = ?1) and (?2 is null or state = ?2)
                   and (?3 is null or entry.contact_id = ?3) and (?4 is null or entry.id = ?4)
                   and (?5 is null or entry.id < ?5) order by entry.id desc limit ?6",
            ]
            .concat(),
        )?;
        let mut rows = select.query(params![
            which.automation,
            which.state.map(EntryState::as_str),
            which.contact.map(|contact| contact.0),
            which.entry,
            which.before,
            which.limit
        ])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(listed(row)?);
        }
        Ok(entries)
    }

    /// An entry by its number.
    pub fn entry(&self, entry: i64) -> Result<Option<Listed>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(&[LISTED, "where entry.id = ?1"].concat())?;
        let mut rows = select.query([entry])?;
        rows.next()?.map(listed).transpose()
    }

    /// When something was last started for a contact, or may have been: when its request was answered or cut off, or,
    /// where there was none, when it was entered.
    pub fn last_started(&self, contact: ContactId) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select max(coalesce(row.changed_at, entry.entered_at)) from automation_entry entry
                 left join outbox row indexed by outbox_start on row.lane = 'start' and row.target = 'start:' || entry.id
                 where entry.contact_id = ?1 and entry.state in ('attempting', 'started', 'in doubt', 'leaving')",
            )?
            .query_row([contact.0], |row| row.get(0))?)
    }
}

/// Which entries are listed; what is `None` does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    /// Of this automation.
    pub automation: Option<&'a str>,
    /// In this state.
    pub state: Option<EntryState>,
    /// Of this contact.
    pub contact: Option<ContactId>,
    /// The one of this number.
    pub entry: Option<i64>,
    /// Made before the one of this number.
    pub before: Option<i64>,
    /// No more than this.
    pub limit: i64,
}

impl Entries<'_> {
    /// All there are.
    pub const ALL: Self = Self {
        automation: None,
        state: None,
        contact: None,
        entry: None,
        before: None,
        limit: i64::MAX,
    };
}

impl Tx {
    /// Keeps what each automation rests on in a version of the rules.
    pub fn set_automation_versions(
        &self,
        rule_version: i64,
        automations: &[(String, String)],
    ) -> Result<(), StoreError> {
        let mut insert = self.sql.prepare_cached(
            "insert into automation_version (rule_version_id, automation_id, fingerprint) values (?1, ?2, ?3)
             on conflict do nothing",
        )?;
        for (name, fingerprint) in automations {
            let name = self.text_id(Dictionary::Word, name)?;
            insert.execute(params![rule_version, name.0, fingerprint])?;
        }
        Ok(())
    }

    /// Ends a whole run of scoring: its date is kept, and who comes in from now on by a connection that has been read
    /// whole, or by a file, is new.
    pub fn end_scoring(&self, on: Day, began_at: Millis, now: Millis) -> Result<(), StoreError> {
        self.set_control(SCORED_ON, &on.to_string(), now)?;
        self.sql
            .prepare_cached(
                "update connection set first_read_at = ?1 where first_read_at is null
                 and (platform = 'import' or exists (
                   select 1 from run where job = 'sync' and outcome = 'ok' and run.connection_id = connection.id
                     and ended_at <= ?1))",
            )?
            .execute([began_at])?;
        Ok(())
    }

    /// Carries out the steps of one contact; `names` are the automations'.
    pub fn step(
        &self,
        contact: ContactId,
        names: &[String],
        steps: &[Step],
        (on, now): (Day, Millis),
    ) -> Result<(), StoreError> {
        for step in steps {
            match step {
                Step::Enter {
                    automation,
                    number,
                    state,
                    reason,
                    due_at,
                } => {
                    let name = self.text_id(Dictionary::Word, &names[*automation])?;
                    self.sql
                        .prepare_cached(
                            "insert into automation_entry (contact_id, automation_id, number, entered_at, entered_on, state,
                               reason, due_at, decided_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?4)",
                        )?
                        .execute(params![
                            contact.0,
                            name.0,
                            number,
                            now,
                            date_text(on),
                            state.as_str(),
                            reason,
                            due_at
                        ])?;
                }
                Step::Move {
                    entry,
                    state,
                    reason,
                    leaves,
                    ..
                } => {
                    if let Some(state) = state {
                        self.set_entry(*entry, *state, reason.as_deref(), now)?;
                    }
                    if *leaves {
                        self.leave(*entry, now)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives an entry another state.
    pub fn set_entry(
        &self,
        entry: i64,
        state: EntryState,
        reason: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update automation_entry set state = ?2, reason = ?3, decided_at = ?4 where id = ?1",
            )?
            .execute(params![entry, state.as_str(), reason, now])?;
        Ok(())
    }

    /// Lets a contact out. A tag that was put on, or may have been, is to be taken off.
    pub(super) fn leave(&self, entry: i64, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update automation_entry set left_at = ?2, state = iif(tagged.it, 'leaving', state), reason = iif(tagged.it, null, reason)
                 from (select exists (select 1 from outbox indexed by outbox_start
                   where lane = 'start' and target = 'start:' || ?1 and write = 'start by tag' and tries > 0
                     and state not in ('attempting', 'rejected')) it) tagged
                 where id = ?1 and left_at is null",
            )?
            .execute(params![entry, now])?;
        Ok(())
    }

    /// Keeps what people said of an entry.
    pub fn answer_entry(&self, entry: i64, answer: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update automation_entry set answer = ?2 where id = ?1")?
            .execute(params![entry, answer])?;
        Ok(())
    }

    /// Gives up starts that have waited too long: they are for a moment that has passed. Returns how many.
    pub fn expire_entries(
        &self,
        automation: &str,
        before: Millis,
        now: Millis,
    ) -> Result<usize, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "update automation_entry indexed by automation_entry_open
                 set state = 'withdrawn', reason = 'waited too long to be started', decided_at = ?3
                 where state = 'ready' and automation_id = (select id from word where text = ?1) and decided_at <= ?2",
            )?
            .execute(params![automation, before, now])?)
    }

    /// Turns silent entries of contacts who are still inside, and had not `most` starts, into what they would have become.
    /// Returns how many.
    pub fn backfill(
        &self,
        automation: &str,
        (becomes, most): (EntryState, Option<u32>),
        now: Millis,
    ) -> Result<usize, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "update automation_entry set state = ?3, reason = 'backfill', decided_at = ?2
                 where state = 'silent' and left_at is null and automation_id = (select id from word where text = ?1)
                   and (?4 is null or ?4 > (select count(*) from automation_entry other
                     where other.contact_id = automation_entry.contact_id
                       and other.automation_id = automation_entry.automation_id
                       and other.state in (select value from json_each(?5))))",
            )?
            .execute(params![automation, now, becomes.as_str(), most, began()])?)
    }
}

fn listed(row: &Row<'_>) -> Result<Listed, StoreError> {
    Ok(Listed {
        entry: row.get(0)?,
        contact: ContactId(row.get(1)?),
        email: row
            .get::<_, Option<String>>(2)?
            .as_deref()
            .and_then(Address::parse),
        automation: row.get(3)?,
        number: row.get(4)?,
        entered_at: row.get(5)?,
        entered_on: day_of(&row.get::<_, String>(6)?)?,
        state: state_of(&row.get::<_, String>(7)?)?,
        reason: row.get(8)?,
        left_at: row.get(9)?,
        answer: row.get(10)?,
    })
}

/// The states of entries that may have started something, as a JSON array.
fn began() -> String {
    let began = EntryState::ALL
        .iter()
        .filter(|state| state.may_have_started());
    let names: Vec<String> = began
        .map(|state| format!("\"{}\"", state.as_str()))
        .collect();
    format!("[{}]", names.join(","))
}

pub(super) fn state_of(name: &str) -> Result<EntryState, StoreError> {
    EntryState::ALL
        .into_iter()
        .find(|state| state.as_str() == name)
        .ok_or_else(|| StoreError::damaged(format!("entry state {name}")))
}
