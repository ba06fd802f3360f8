//! The rows of e-mail events, made from the world's mailings: sorted by type, so that a page is found by bisection.

use super::Millis;
use super::contact::Contact;
use super::portal::Portal;
use super::settings::Options;
use crate::people::{Act, Campaign, Deed, Fate, Publication, Seconds, World};
use crate::rng;

/// The types of e-mail events (sheet 4). `FORWARD`, `PRINT` and `SUPPRESSED` do not come about here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub enum Kind {
    Sent,
    Dropped,
    Processed,
    Delivered,
    Deferred,
    Bounce,
    Open,
    Click,
    SpamReport,
    StatusChange,
    Unbounce,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Sent,
        Self::Dropped,
        Self::Processed,
        Self::Delivered,
        Self::Deferred,
        Self::Bounce,
        Self::Open,
        Self::Click,
        Self::SpamReport,
        Self::StatusChange,
        Self::Unbounce,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "SENT",
            Self::Dropped => "DROPPED",
            Self::Processed => "PROCESSED",
            Self::Delivered => "DELIVERED",
            Self::Deferred => "DEFERRED",
            Self::Bounce => "BOUNCE",
            Self::Open => "OPEN",
            Self::Click => "CLICK",
            Self::SpamReport => "SPAMREPORT",
            Self::StatusChange => "STATUSCHANGE",
            Self::Unbounce => "UNBOUNCE",
        }
    }
}

/// What a row is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A mail to a recipient of a campaign.
    Mail {
        publication: u8,
        campaign: u16,
        recipient: u32,
    },
    /// What somebody did with it; `replaced` marks the earlier version of a row (sheet 4: `obsoletedBy`).
    Act {
        publication: u8,
        campaign: u16,
        act: u32,
        replaced: bool,
    },
    /// A change of consent, by its place.
    Shift(u32),
    /// The confirmation of an order, by its place in the world's book.
    Receipt(u32),
    /// Something beside the world's mailings, about a contact and a weekly or monthly campaign.
    Wished {
        contact: u32,
        publication: u8,
        campaign: u16,
    },
}

/// One event. It sorts by time, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) at: Millis,
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) source: Source,
}

/// The millisecond at which something happens within its second.
pub(super) fn fine(at: Seconds, salt: &[u64]) -> Millis {
    i64::from(at) * 1_000 + i64::try_from(rng::mix(salt) % 1_000).unwrap_or(0)
}

fn numbers(source: Source) -> [u64; 4] {
    match source {
        Source::Mail {
            publication,
            campaign,
            recipient,
        } => [
            1,
            u64::from(publication),
            u64::from(campaign),
            u64::from(recipient),
        ],
        Source::Act {
            publication,
            campaign,
            act,
            replaced,
        } => [
            2 + 4 * u64::from(replaced),
            u64::from(publication),
            u64::from(campaign),
            u64::from(act),
        ],
        Source::Shift(place) => [3, u64::from(place), 0, 0],
        Source::Receipt(place) => [4, u64::from(place), 0, 0],
        Source::Wished {
            contact,
            publication,
            campaign,
        } => [
            5,
            u64::from(contact),
            u64::from(publication),
            u64::from(campaign),
        ],
    }
}

/// The id of a row as a number; it is the same for ever.
pub(super) fn row_id(kind: Kind, source: Source, extra: u64) -> u64 {
    let [a, b, c, d] = numbers(source);
    rng::mix(&[kind as u64, a, b, c, d, extra])
}

/// The index of rows.
#[derive(Debug, Default)]
pub(super) struct Mail {
    rows: [Vec<Row>; 11],
    /// What has happened but is not known yet, with the time at which it will be.
    waiting: Vec<(Millis, Row)>,
    /// How many acts of each campaign were taken over; a campaign that is not here was not taken over at all.
    seen: [Vec<usize>; 2],
    orders: usize,
}

impl Mail {
    /// The events of one type, oldest first.
    pub(super) fn rows(&self, kind: Kind) -> &[Row] {
        &self.rows[kind as usize]
    }

    /// Every event.
    pub(super) fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().flatten()
    }

    /// Adds a row that will be known at that time.
    pub(super) fn wait(&mut self, known: Millis, kind: Kind, at: Millis, source: Source) {
        let id = row_id(kind, source, 0);
        self.waiting.push((
            known,
            Row {
                at,
                id,
                kind,
                source,
            },
        ));
    }

    /// Adds a row that is known now, and gives it.
    pub(super) fn put(&mut self, kind: Kind, at: Millis, source: Source) -> Row {
        let extra = if matches!(source, Source::Wished { .. }) {
            self.rows(kind).len() as u64 + 1
        } else {
            0
        };
        let row = Row {
            at,
            id: row_id(kind, source, extra),
            kind,
            source,
        };
        let rows = &mut self.rows[kind as usize];
        rows.insert(rows.partition_point(|other| *other < row), row);
        row
    }

    /// Takes over what is new in the world.
    pub(super) fn take(&mut self, world: &World, options: &Options) {
        for publication in Publication::ALL {
            if publication == Publication::Monthly && !options.second_type {
                continue;
            }
            let of = publication as usize;
            for (place, campaign) in world.campaigns(publication).iter().enumerate() {
                if self.seen[of].len() == place {
                    self.seen[of].push(0);
                    self.take_mails(campaign, options);
                }
                let seen = self.seen[of][place];
                self.seen[of][place] = campaign.acts.len();
                for (act, number) in campaign.acts[seen..].iter().zip(seen..) {
                    self.take_act(campaign, act, number, options);
                }
            }
        }
        let new = world.orders().iter().enumerate().skip(self.orders);
        for (place, order) in new.filter(|_| options.receipts) {
            let source = Source::Receipt(u32::try_from(place).unwrap_or(u32::MAX));
            let at = fine(order.at + 20, &[9, place as u64]);
            self.wait(at + options.event_delay, Kind::Sent, at, source);
            self.wait(
                at + options.event_delay,
                Kind::Delivered,
                at + 1_400,
                source,
            );
        }
        self.orders = world.orders().len();
    }

    fn take_mails(&mut self, campaign: &Campaign, options: &Options) {
        let publication = u8::from(campaign.publication == Publication::Monthly);
        for (recipient, mail) in (0_u32..).zip(&campaign.recipients) {
            let source = Source::Mail {
                publication,
                campaign: campaign.number,
                recipient,
            };
            let salt = [u64::from(campaign.number), u64::from(recipient)];
            let sent = fine(campaign.sent_at, &salt);
            let arrived = fine(campaign.sent_at + Seconds::from(mail.after), &salt);
            let mut wait = |kind, at| self.wait(at + options.event_delay, kind, at, source);
            wait(Kind::Sent, sent);
            if options.internal_events {
                wait(Kind::Processed, sent + 900);
            }
            match mail.fate {
                Fate::Delivered => wait(Kind::Delivered, arrived),
                Fate::HardBounce => wait(Kind::Bounce, arrived),
                Fate::SoftBounce => {
                    wait(Kind::Bounce, arrived);
                    // A temporary refusal that is overcome (sheet 8.10).
                    if soft(source).0 == "GREYLISTING" {
                        if options.internal_events {
                            wait(Kind::Deferred, arrived + 60_000);
                        }
                        wait(Kind::Delivered, arrived + 3_600_000);
                    }
                }
            }
        }
    }

    fn take_act(&mut self, campaign: &Campaign, act: &Act, number: usize, options: &Options) {
        let kind = match act.deed {
            Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen => Kind::Open,
            Deed::Click(_) | Deed::ScannerClick(_) => Kind::Click,
            // These come as changes of consent.
            Deed::Unsubscribe | Deed::Complaint => return,
        };
        let act_number = u32::try_from(number).unwrap_or(u32::MAX);
        let source = |replaced| Source::Act {
            publication: u8::from(campaign.publication == Publication::Monthly),
            campaign: campaign.number,
            act: act_number,
            replaced,
        };
        let at = fine(
            act.at,
            &[
                u64::from(campaign.number),
                u64::from(act.recipient),
                u64::from(act_number),
            ],
        );
        let known = at + i64::from(act.lag) * 60_000 + options.event_delay;
        self.wait(known, kind, at, source(false));
        if row_id(kind, source(false), 0).is_multiple_of(50) {
            self.wait(known, kind, at - 1, source(true));
        }
    }

    /// Gives the rows that become known by now, each with the time of that and in its order, and keeps them.
    pub(super) fn arrive(&mut self, now: Millis) -> Vec<(Millis, Row)> {
        let waiting = std::mem::take(&mut self.waiting);
        let (mut due, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(known, _)| *known <= now);
        self.waiting = later;
        due.sort_unstable();
        let mut touched = [false; 11];
        for (_, row) in &due {
            self.rows[row.kind as usize].push(*row);
            touched[row.kind as usize] = true;
        }
        for (rows, _) in (self.rows.iter_mut().zip(touched)).filter(|(_, touched)| *touched) {
            // Nearly sorted: two runs.
            rows.sort();
        }
        due
    }
}

/// Category, status and words of a bounce that is not for ever (sheet 4).
pub(super) fn soft(source: Source) -> (&'static str, &'static str, &'static str) {
    let [a, b, c, d] = numbers(source);
    match rng::mix(&[a, b, c, d]) % 5 {
        0 => (
            "GREYLISTING",
            "4.7.1",
            "451 4.7.1 Greylisted, try again later",
        ),
        1 => ("MAILBOX_FULL", "4.2.2", "452 4.2.2 Mailbox full"),
        2 => (
            "SPAM",
            "5.7.1",
            "554 5.7.1 Message refused by content filter",
        ),
        // Absent where it could not be told.
        3 => ("", "4.0.0", "450 4.0.0 temporarily unavailable"),
        _ => ("THROTTLED", "4.3.2", "421 4.3.2 too many connections"),
    }
}

impl Portal {
    /// Lets a row that became known at that time count for its contact.
    pub(super) fn count(&mut self, world: &World, known: Millis, row: Row) {
        let filtered = self.filtered(world, row);
        let Some(index) = self.contact_of(world, row) else {
            return;
        };
        let (lag, moves) = (self.options.index_lag, self.options.opens_move_modified);
        let hard = row.kind == Kind::Bounce && self.is_hard(world, row);
        let contact: &mut Contact = &mut self.contacts[index as usize];
        let tally = &mut contact.tally;
        let mut moved = None;
        match row.kind {
            _ if filtered || matches!(row.source, Source::Act { replaced: true, .. }) => {}
            Kind::Sent => {
                tally.last_send = tally.last_send.max(Some(row.at));
                tally.unanswered += 1;
            }
            Kind::Delivered => tally.delivered += 1,
            Kind::Bounce => {
                tally.bounces += 1;
                tally.hard |= hard;
            }
            Kind::Open => {
                tally.opens += 1;
                tally.unanswered = 0;
                tally.first_open = Some(tally.first_open.map_or(row.at, |first| first.min(row.at)));
                tally.last_open = tally.last_open.max(Some(row.at));
                moved = Some("hs_email_last_open_date");
            }
            Kind::Click => {
                tally.clicks += 1;
                tally.unanswered = 0;
                tally.last_click = tally.last_click.max(Some(row.at));
                moved = Some("hs_email_last_click_date");
            }
            Kind::Unbounce => tally.hard = false,
            _ => {}
        }
        if let Some(name) = moved.filter(|_| contact.alive()) {
            if moves {
                contact.touch(known, lag);
            }
            self.hook_property(index, name, &row.at.to_string(), known);
        }
    }

    /// Whether reports leave it out: a machine did it (sheet 4).
    pub(super) fn filtered(&self, world: &World, row: Row) -> bool {
        self.act(world, row).is_some_and(|act| {
            matches!(
                act.deed,
                Deed::ProxyOpen | Deed::ScannerOpen | Deed::ScannerClick(_)
            )
        })
    }

    /// Whether a bounce is one of an address that does not exist.
    pub(super) fn is_hard(&self, world: &World, row: Row) -> bool {
        self.campaign(world, row)
            .is_some_and(|campaign| match row.source {
                Source::Mail { recipient, .. } => {
                    campaign.recipients[recipient as usize].fate == Fate::HardBounce
                }
                _ => false,
            })
    }

    pub(super) fn act<'w>(&self, world: &'w World, row: Row) -> Option<&'w Act> {
        match row.source {
            Source::Act { act, .. } => self.campaign(world, row)?.acts.get(act as usize),
            _ => None,
        }
    }

    /// The campaign of a row.
    pub(super) fn campaign<'w>(&self, world: &'w World, row: Row) -> Option<&'w Campaign> {
        let (publication, number) = match row.source {
            Source::Mail {
                publication,
                campaign,
                ..
            }
            | Source::Act {
                publication,
                campaign,
                ..
            }
            | Source::Wished {
                publication,
                campaign,
                ..
            } => (Publication::ALL[usize::from(publication)], campaign),
            Source::Shift(place) => {
                let shift = &self.shifts[place as usize];
                (shift.publication, shift.campaign?)
            }
            Source::Receipt(_) => return None,
        };
        world.campaigns(publication).get(usize::from(number))
    }

    /// The contact of a row, also one who is gone.
    pub(super) fn contact_of(&self, world: &World, row: Row) -> Option<u32> {
        let person = match row.source {
            Source::Mail { recipient, .. } => {
                self.campaign(world, row)?.recipients[recipient as usize].person
            }
            Source::Act { .. } => {
                let recipient = self.act(world, row)?.recipient;
                self.campaign(world, row)?.recipients[recipient as usize].person
            }
            Source::Shift(place) => return self.shifts[place as usize].contact,
            Source::Receipt(place) => world.orders()[place as usize].person,
            Source::Wished { contact, .. } => return Some(contact),
        };
        self.of_person(person)
    }

    /// The address of a row as it was then.
    pub(super) fn recipient(&self, world: &World, row: Row) -> String {
        if let Source::Shift(place) = row.source {
            return self.shifts[place as usize].recipient.clone();
        }
        self.contact_of(world, row)
            .map_or_else(String::new, |index| {
                self.contacts[index as usize].address_at(row.at).to_owned()
            })
    }

    /// Somebody whose address bounced gets the next mail dropped instead (sheet 4).
    pub(super) fn drop_mail(
        &mut self,
        world: &World,
        person: u32,
        publication: Publication,
        campaign: u16,
    ) {
        let next = world.campaigns(publication).get(usize::from(campaign) + 1);
        let (Some(next), Some(contact)) = (next, self.of_person(person)) else {
            return;
        };
        let at = fine(next.sent_at, &[u64::from(person), 3]);
        let source = Source::Wished {
            contact,
            publication: publication as u8,
            campaign: next.number,
        };
        if self.options.dropped_was_sent {
            self.mail.wait(at, Kind::Sent, at, source);
        }
        self.mail.wait(at, Kind::Dropped, at + 300, source);
    }
}
