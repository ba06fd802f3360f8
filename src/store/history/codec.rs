//! The bytes of one blob of history.
//!
//! A version byte (2; what is written as 1 reads the same, and has no orders and nothing told by webhooks), then entries sorted by (instant, connection, id), the order in
//! which scoring reads. All numbers are LEB128 varints, signed ones zigzagged.
//! An entry is
//!
//! ```text
//! head      bits 0-4 kind (31: a varint kind follows), 5 plain, 6 has a platform id, 7 campaign as foreseen
//! kind      if bits 0-4 are 31
//! flags     unless plain: bits 0 connection, 1-2 verdict, 3 not tracked, 4 url, 5 item, 6 more, 7 properties
//! connection  if flagged
//! at        difference to what was foreseen, times four, plus its unit: ms, s, minute, hour
//! campaign  unless as foreseen: difference to what was foreseen
//! id        difference to what was foreseen
//! url       if flagged: difference to the last url
//! item      if flagged: its number
//! more      if flagged: bits 0 value, 1 quantity, 2 currency, 3 order; then those; 4 told by a webhook
//! ```
//!
//! What is foreseen makes the common case small. A mailing goes to the same
//! contacts at the same hour, one campaign after the other: so a send is
//! foreseen as far from the send before as that was from the one before it, in
//! time and in id, and with the next campaign. Everything else is foreseen at
//! the entry before it, with its campaign, and with an id as far on from the
//! last of its kind as that was from the one before. A weekly send takes three
//! to five bytes. Foreseeing begins anew in each blob.

use engaged_connectors::model::Verdict;
use thiserror::Error;

use crate::score::{
    calendar::Millis,
    facts::{ConnectionId, Fact, KindId, TextId},
};

const VERSION: u8 = 2;
/// Before orders, and anything told by webhooks.
const VERSION_BEFORE: u8 = 1;
/// A blob is closed before it grows past this: rewriting one must stay cheap.
const BLOB_MAX: usize = 64 * 1024;
/// No entry is longer.
const ENTRY_MAX: usize = 128;

const KIND_BITS: u8 = 0b1_1111;
const PLAIN: u8 = 1 << 5;
const IDENTIFIED: u8 = 1 << 6;
const CAMPAIGN_FORESEEN: u8 = 1 << 7;

const CONNECTION: u8 = 1;
const UNTRACKED: u8 = 1 << 3;
const URL: u8 = 1 << 4;
const ITEM: u8 = 1 << 5;
const MORE: u8 = 1 << 6;
const PROPERTIES: u8 = 1 << 7;

const VALUE: u8 = 1;
const QUANTITY: u8 = 1 << 1;
const CURRENCY: u8 = 1 << 2;
const ORDER: u8 = 1 << 3;
const TOLD: u8 = 1 << 4;

/// The kind number of a send, the only kind with a rhythm of its own.
const SEND: u16 = 0;
/// The longest first.
const UNITS: [(u64, Millis); 4] = [(3, 3_600_000), (2, 60_000), (1, 1_000), (0, 1)];

/// One event of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What scoring reads. `kind` is the stored number here.
    pub fact: Fact,
    /// Whether the platform gave the event an id; it stands in the table `event`.
    pub identified: bool,
    /// Whether a webhook told it.
    pub told: bool,
}

impl Entry {
    /// The order of entries in a blob.
    pub fn order(&self) -> (Millis, ConnectionId, i64) {
        (self.fact.at, self.fact.connection, self.fact.id)
    }
}

/// Bytes that [`encode`] did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a blob cannot be read at byte {at}")]
pub struct Damaged {
    /// Where reading stopped.
    pub at: usize,
}

/// What the coder and the decoder both know before each entry.
#[derive(Default)]
struct Foresight {
    at: Millis,
    connection: u16,
    campaign: u32,
    url: u32,
    sends: Rhythm,
    send_campaign: u32,
    ids: [Rhythm; 32],
}

/// The last number of a row, and its last step.
#[derive(Clone, Copy, Default)]
struct Rhythm {
    last: i64,
    step: i64,
    begun: bool,
}

impl Rhythm {
    fn next(self) -> i64 {
        self.last.wrapping_add(self.step)
    }

    fn take(&mut self, value: i64) {
        if self.begun {
            self.step = value.wrapping_sub(self.last);
        }
        self.last = value;
        self.begun = true;
    }
}

impl Foresight {
    fn at(&self, kind: u16) -> Millis {
        if kind == SEND && self.sends.begun {
            self.sends.next()
        } else {
            self.at
        }
    }

    fn campaign(&self, kind: u16) -> u32 {
        if kind == SEND {
            self.send_campaign.wrapping_add(1)
        } else {
            self.campaign
        }
    }

    fn ids(&mut self, kind: u16) -> &mut Rhythm {
        // Kinds beyond the table share its last place.
        &mut self.ids[usize::from(kind.min(31))]
    }

    fn take(&mut self, fact: &Fact) {
        let kind = fact.kind.0;
        self.at = fact.at;
        self.connection = fact.connection.0;
        self.campaign = fact.campaign.0;
        if fact.url.is_some() {
            self.url = fact.url.0;
        }
        if kind == SEND {
            self.sends.take(fact.at);
            self.send_campaign = fact.campaign.0;
        }
        self.ids(kind).take(fact.id);
    }
}

/// Packs sorted entries into as many blobs as they need.
pub fn encode(entries: &[Entry]) -> Vec<Vec<u8>> {
    let mut blobs = Vec::new();
    let mut foresight = Foresight::default();
    let mut bytes = Vec::new();
    for entry in entries {
        if bytes.len() > BLOB_MAX - ENTRY_MAX {
            blobs.push(std::mem::take(&mut bytes));
        }
        if bytes.is_empty() {
            foresight = Foresight::default();
            bytes.push(VERSION);
        }
        write_entry(&mut bytes, entry, &mut foresight);
    }
    if !bytes.is_empty() {
        blobs.push(bytes);
    }
    blobs
}

fn write_entry(bytes: &mut Vec<u8>, entry: &Entry, foresight: &mut Foresight) {
    let fact = &entry.fact;
    let kind = fact.kind.0;
    let flags = flags(entry, foresight);
    let campaign = foresight.campaign(kind);
    let head = if kind < 31 {
        kind.to_le_bytes()[0]
    } else {
        KIND_BITS
    };
    bytes.push(
        head | bit(flags == 0, PLAIN)
            | bit(entry.identified, IDENTIFIED)
            | bit(campaign == fact.campaign.0, CAMPAIGN_FORESEEN),
    );
    if kind >= 31 {
        unsigned(bytes, u64::from(kind));
    }
    if flags != 0 {
        bytes.push(flags);
    }
    if flags & CONNECTION != 0 {
        unsigned(bytes, u64::from(fact.connection.0));
    }
    write_at(bytes, fact.at.wrapping_sub(foresight.at(kind)));
    if campaign != fact.campaign.0 {
        signed(bytes, i64::from(fact.campaign.0) - i64::from(campaign));
    }
    signed(bytes, fact.id.wrapping_sub(foresight.ids(kind).next()));
    if flags & URL != 0 {
        signed(bytes, i64::from(fact.url.0) - i64::from(foresight.url));
    }
    if flags & ITEM != 0 {
        unsigned(bytes, u64::from(fact.item.0));
    }
    if flags & MORE != 0 {
        write_more(bytes, entry);
    }
    foresight.take(fact);
}

fn flags(entry: &Entry, foresight: &Foresight) -> u8 {
    let fact = &entry.fact;
    let verdict = match fact.verdict {
        Verdict::Unknown => 0,
        Verdict::Human => 1,
        Verdict::PrivacyProxy => 2,
        Verdict::Scanner => 3,
    };
    bit(fact.connection.0 != foresight.connection, CONNECTION)
        | verdict << 1
        | bit(!fact.tracked, UNTRACKED)
        | bit(fact.url.is_some(), URL)
        | bit(fact.item.is_some(), ITEM)
        | bit(more(entry) != 0, MORE)
        | bit(fact.has_properties, PROPERTIES)
}

fn more(entry: &Entry) -> u8 {
    let fact = &entry.fact;
    bit(fact.value.is_some(), VALUE)
        | bit(fact.quantity != 1, QUANTITY)
        | bit(fact.currency.is_some(), CURRENCY)
        | bit(fact.order.is_some(), ORDER)
        | bit(entry.told, TOLD)
}

fn write_more(bytes: &mut Vec<u8>, entry: &Entry) {
    let fact = &entry.fact;
    bytes.push(more(entry));
    if let Some(value) = fact.value {
        signed(bytes, value);
    }
    if fact.quantity != 1 {
        unsigned(bytes, u64::from(fact.quantity));
    }
    if fact.currency.is_some() {
        unsigned(bytes, u64::from(fact.currency.0));
    }
    if fact.order.is_some() {
        unsigned(bytes, u64::from(fact.order.0));
    }
}

/// A difference of instants in its longest unit; the unit's number takes the two lowest bits.
fn write_at(bytes: &mut Vec<u8>, difference: Millis) {
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| difference % length == 0)
        .unwrap_or((0, 1));
    let wide = u128::from(zigzag(difference / length)) << 2 | u128::from(unit);
    varint(bytes, wide);
}

fn bit(set: bool, mask: u8) -> u8 {
    if set { mask } else { 0 }
}

fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn signed(bytes: &mut Vec<u8>, value: i64) {
    unsigned(bytes, zigzag(value));
}

fn unsigned(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

fn varint(bytes: &mut Vec<u8>, mut value: u128) {
    if let Ok(value) = u64::try_from(value) {
        return unsigned(bytes, value);
    }
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Unpacks one blob behind what is already in `entries`. On an error, `entries` may hold a part of it.
pub fn decode(bytes: &[u8], entries: &mut Vec<Entry>) -> Result<(), Damaged> {
    let mut reader = Reader { bytes, at: 0 };
    if !matches!(reader.byte()?, VERSION | VERSION_BEFORE) {
        return Err(Damaged { at: 0 });
    }
    let mut foresight = Foresight::default();
    while reader.at < bytes.len() {
        entries.push(reader.entry(&mut foresight)?);
    }
    Ok(())
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn entry(&mut self, foresight: &mut Foresight) -> Result<Entry, Damaged> {
        let head = self.byte()?;
        let kind = match head & KIND_BITS {
            KIND_BITS => self.number()?,
            kind => u16::from(kind),
        };
        let flags = if head & PLAIN == 0 { self.byte()? } else { 0 };
        let connection = if flags & CONNECTION == 0 {
            foresight.connection
        } else {
            self.number()?
        };
        let at = foresight.at(kind).wrapping_add(self.difference()?);
        let foreseen = foresight.campaign(kind);
        let campaign = if head & CAMPAIGN_FORESEEN == 0 {
            self.moved(foreseen)?
        } else {
            foreseen
        };
        let id = foresight.ids(kind).next().wrapping_add(self.signed()?);
        let url = if flags & URL == 0 {
            0
        } else {
            self.moved(foresight.url)?
        };
        let item = if flags & ITEM == 0 { 0 } else { self.number()? };
        let mut fact = Fact {
            id,
            at,
            kind: KindId(kind),
            connection: ConnectionId(connection),
            verdict: verdict(flags),
            campaign: TextId(campaign),
            url: TextId(url),
            item: TextId(item),
            quantity: 1,
            value: None,
            currency: TextId::NONE,
            order: TextId::NONE,
            tracked: flags & UNTRACKED == 0,
            has_properties: flags & PROPERTIES != 0,
        };
        let told = flags & MORE != 0 && self.more(&mut fact)?;
        foresight.take(&fact);
        Ok(Entry {
            fact,
            identified: head & IDENTIFIED != 0,
            told,
        })
    }

    /// What few events have; whether a webhook told this one.
    fn more(&mut self, fact: &mut Fact) -> Result<bool, Damaged> {
        let present = self.byte()?;
        if present & VALUE != 0 {
            fact.value = Some(self.signed()?);
        }
        if present & QUANTITY != 0 {
            fact.quantity = self.number()?;
        }
        if present & CURRENCY != 0 {
            fact.currency = TextId(self.number()?);
        }
        if present & ORDER != 0 {
            fact.order = TextId(self.number()?);
        }
        Ok(present & TOLD != 0)
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        let byte = *self.bytes.get(self.at).ok_or(Damaged { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Damaged> {
        // Most numbers are one byte.
        let byte = self.byte()?;
        if byte & 0x80 == 0 {
            return Ok(byte.into());
        }
        self.at -= 1;
        u64::try_from(self.wide()?).map_err(|_| Damaged { at: self.at })
    }

    /// A number of up to 70 bits.
    fn wide(&mut self) -> Result<u128, Damaged> {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value.into());
            }
        }
        let last = self.byte()?;
        if last & 0x80 != 0 {
            return Err(Damaged { at: self.at });
        }
        Ok(u128::from(value) | u128::from(last) << 63)
    }

    #[inline]
    fn number<T: TryFrom<u64>>(&mut self) -> Result<T, Damaged> {
        let value = self.varint()?;
        T::try_from(value).map_err(|_| Damaged { at: self.at })
    }

    #[inline]
    fn signed(&mut self) -> Result<i64, Damaged> {
        Ok(unzigzag(self.number()?))
    }

    fn moved(&mut self, from: u32) -> Result<u32, Damaged> {
        let by = self.signed()?;
        i64::from(from)
            .checked_add(by)
            .and_then(|to| u32::try_from(to).ok())
            .ok_or(Damaged { at: self.at })
    }

    fn difference(&mut self) -> Result<Millis, Damaged> {
        let wide = self.wide()?;
        let length = match wide & 3 {
            0 => 1,
            1 => 1_000,
            2 => 60_000,
            _ => 3_600_000,
        };
        let count = u64::try_from(wide >> 2).map_err(|_| Damaged { at: self.at })?;
        unzigzag(count)
            .checked_mul(length)
            .ok_or(Damaged { at: self.at })
    }
}

fn verdict(flags: u8) -> Verdict {
    match flags >> 1 & 3 {
        0 => Verdict::Unknown,
        1 => Verdict::Human,
        2 => Verdict::PrivacyProxy,
        _ => Verdict::Scanner,
    }
}

#[cfg(test)]
mod tests;
