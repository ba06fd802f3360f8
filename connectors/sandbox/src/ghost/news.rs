//! How the site learns what happened in the world.
//!
//! Clicks, sign-ups and departures are known at once, since they happen on the site. Deliveries, failures, opens and complaints
//! come from the mail service through a job that runs every few minutes, and some hours late; their time is that of the event
//! itself. So a row with an old time can appear today, which is why a reader must overlap.

use super::GhostConfig;
use super::id::Id;
use super::state::{Kind, Mail, Member, Newsletter, Progress, Row, State, Suppression, What};
use crate::people::{Campaign, DAY, Deed, Fate, Person, Seconds, Turn, World};
use crate::rng::mix;

/// Something that has happened and is known from `seen` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    seen: Seconds,
    at: Seconds,
    person: u32,
    news: News,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Joined,
    Sent(u16, u32),
    Delivered(u16, u32),
    Failed(u16, u32),
    Opened(u16, u32),
    Clicked(u16, u8, u32),
    Complained(u16),
    Left,
    Returned,
}

impl State {
    /// A site before its first news.
    pub(super) fn founded(config: &GhostConfig, world: &World) -> Self {
        let mut state = Self::default();
        let day = world.start().saturating_sub(1_200 * DAY);
        for (number, name) in (0_u64..).zip(&config.newsletters) {
            let id = Id::new(day, &[1, number]);
            state.newsletters.push(Newsletter {
                id,
                name: name.clone(),
                slug: super::state::slug(name),
                created_at: day,
            });
        }
        for name in &config.labels {
            state.make_label(name, day);
        }
        state
    }

    /// Takes in everything that is known at `now`.
    pub(super) fn read_news(&mut self, config: &GhostConfig, world: &World, now: Seconds) {
        let before = self.read_at.replace((now, world.end()));
        if before == Some((now, world.end())) {
            return;
        }
        // Who was there before anybody looked is told of to nobody.
        let first = before.is_none();
        self.gather(config, world);
        let waiting = std::mem::take(&mut self.waiting);
        let (mut due, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|arrival| arrival.seen <= now);
        self.waiting = later;
        due.sort_unstable();
        for arrival in due {
            self.take_in(config, world, arrival);
        }
        if first || config.webhook_url.is_none() {
            self.stirs.clear();
        }
        for kind in Kind::ALL {
            if !self.rows(kind).is_sorted() {
                self.rows_mut(kind).sort_unstable();
            }
        }
        self.drop_settled();
    }

    fn gather(&mut self, config: &GhostConfig, world: &World) {
        for change in &world.milestones()[self.seen_milestones..] {
            let news = match change.turn {
                Turn::Joined => News::Joined,
                Turn::Left(_) => News::Left,
                Turn::Returned => News::Returned,
                // Both are known by the mail they belong to.
                Turn::Complained(_) | Turn::Bounced(_) => continue,
            };
            if change.publication == config.publication {
                self.waiting.push(Arrival {
                    seen: change.at,
                    at: change.at,
                    person: change.person,
                    news,
                });
            }
        }
        self.seen_milestones = world.milestones().len();
        for campaign in world.campaigns(config.publication) {
            if usize::from(campaign.number) >= self.mails.len() {
                self.gather_mail(config, campaign);
            }
            let seen = std::mem::replace(
                &mut self.seen_acts[usize::from(campaign.number)],
                campaign.acts.len(),
            );
            self.gather_acts(config, campaign, seen);
        }
    }

    fn gather_mail(&mut self, config: &GhostConfig, campaign: &Campaign) {
        let id = |what| Id::new(campaign.sent_at, &[2, u64::from(campaign.number), what]);
        self.mails.push(Mail {
            post: id(1),
            email: id(2),
            batch: id(3),
            subject: campaign.subject.clone(),
            sent_at: campaign.sent_at,
            links: campaign.links.clone(),
            progress: vec![Progress::default(); campaign.recipients.len()],
            delivered: 0,
            opened: 0,
            failed: 0,
        });
        self.seen_acts.push(0);
        for (index, mail) in (0_u32..).zip(&campaign.recipients) {
            let processed = campaign.sent_at + index % 5;
            let (number, person) = (campaign.number, mail.person);
            self.waiting.push(Arrival {
                seen: processed,
                at: processed,
                person,
                news: News::Sent(number, index),
            });
            let news = match mail.fate {
                Fate::Delivered => News::Delivered(number, index),
                Fate::HardBounce => News::Failed(number, index),
                // Ghost shows nothing of a failure that may pass: the mail stays merely sent.
                Fate::SoftBounce => continue,
            };
            let at = campaign.sent_at + Seconds::from(mail.after);
            self.waiting.push(Arrival {
                seen: at + config.arrival_delay,
                at,
                person,
                news,
            });
        }
    }

    fn gather_acts(&mut self, config: &GhostConfig, campaign: &Campaign, from: usize) {
        for (number, act) in (0_u32..).zip(&campaign.acts).skip(from) {
            let late = act.at + config.arrival_delay.max(Seconds::from(act.lag) * 60);
            let (seen, news) = match act.deed {
                Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen if config.track_opens => {
                    (late, News::Opened(campaign.number, act.recipient))
                }
                Deed::Click(link) | Deed::ScannerClick(link) if config.track_clicks => {
                    (act.at, News::Clicked(campaign.number, link, number))
                }
                Deed::Complaint => (late, News::Complained(campaign.number)),
                _ => continue,
            };
            let person = campaign.recipients[act.recipient as usize].person;
            self.waiting.push(Arrival {
                seen,
                at: act.at,
                person,
                news,
            });
        }
    }

    fn take_in(&mut self, config: &GhostConfig, world: &World, arrival: Arrival) {
        let Arrival {
            seen,
            at,
            person,
            news,
        } = arrival;
        if news == News::Joined {
            let id = self.join(config, world.person(person), at);
            self.stir(None, id);
            return;
        }
        let Some(&member) = self.by_person.get(&person) else {
            return;
        };
        match news {
            News::Joined => {}
            News::Sent(mail, recipient) => {
                self.mails[usize::from(mail)].progress[recipient as usize].processed = Some(at);
                if let Some(member) = self.members.get_mut(&member) {
                    member.mails += 1;
                }
                self.add_mail_row(Kind::Sent, at, member, mail, recipient);
            }
            News::Delivered(mail, recipient) => {
                self.mails[usize::from(mail)].delivered += 1;
                self.mails[usize::from(mail)].progress[recipient as usize].delivered = Some(at);
                self.add_mail_row(Kind::Delivered, at, member, mail, recipient);
            }
            News::Failed(mail, recipient) => {
                self.mails[usize::from(mail)].failed += 1;
                self.mails[usize::from(mail)].progress[recipient as usize].failed = Some(at);
                self.suppress(member, "fail", at, seen);
                self.add_mail_row(Kind::Failed, at, member, mail, recipient);
            }
            News::Opened(mail, recipient) => self.open(member, (mail, recipient), at, seen),
            News::Clicked(mail, link, number) => {
                let id = Id::new(at, &[3, u64::from(mail), u64::from(number)]);
                self.see(member, at, seen);
                self.add_row(
                    Kind::Click,
                    Row {
                        at,
                        id,
                        member,
                        what: What::Click { mail, link },
                    },
                );
            }
            News::Complained(mail) => {
                let id = Id::new(at, &[4, u64::from(mail), u64::from(person)]);
                self.suppress(member, "spam", at, seen);
                self.add_row(
                    Kind::Complained,
                    Row {
                        at,
                        id,
                        member,
                        what: What::Mail { mail, recipient: 0 },
                    },
                );
            }
            News::Left | News::Returned => {
                let before = self.members.get(&member).cloned();
                self.subscribe(member, at, news == News::Returned);
                self.stir(before, member);
            }
        }
    }

    fn join(&mut self, config: &GhostConfig, person: &Person, at: Seconds) -> Id {
        let seed = u64::from(person.number);
        let id = Id::new(at, &[5, seed]);
        let email = person.address();
        // One in three of what the site's owner has labelled themselves, and one in twenty without a name.
        let labels = (0_u64..).zip(&self.labels).take(config.labels.len());
        let labels = labels
            .filter(|(number, _)| mix(&[6, seed, *number]).is_multiple_of(3))
            .map(|(_, label)| label.id)
            .collect();
        self.by_person.insert(person.number, id);
        self.by_email.insert(email.clone(), id);
        self.members.insert(
            id,
            Member {
                id,
                person: person.number,
                email,
                name: (!mix(&[7, seed]).is_multiple_of(20)).then(|| person.name()),
                note: None,
                labels,
                newsletters: Vec::new(),
                created_at: at,
                updated_at: at,
                last_seen_at: None,
                suppression: None,
                mails: 0,
                opened: 0,
            },
        );
        self.subscribe(id, at, true);
        self.add_row(
            Kind::Signup,
            Row {
                at,
                id: Id::new(at, &[8, seed]),
                member: id,
                what: What::Signup,
            },
        );
        id
    }

    /// Somebody used the site's own form.
    fn subscribe(&mut self, id: Id, at: Seconds, subscribed: bool) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if member.newsletters.contains(&0) == subscribed {
            return;
        }
        member.newsletters = if subscribed { vec![0] } else { Vec::new() };
        member.updated_at = member.updated_at.max(at);
        let what = What::Newsletter {
            newsletter: 0,
            subscribed,
            by_api: false,
        };
        let event = Id::new(at, &[9, id.seed(), u64::from(subscribed)]);
        self.add_row(
            Kind::Newsletter,
            Row {
                at,
                id: event,
                member: id,
                what,
            },
        );
    }

    /// Only the first open that becomes known is kept.
    fn open(&mut self, member: Id, (mail, recipient): (u16, u32), at: Seconds, seen: Seconds) {
        let sent = &mut self.mails[usize::from(mail)];
        let opened = &mut sent.progress[recipient as usize].opened;
        if opened.is_some() {
            return;
        }
        *opened = Some(at);
        sent.opened += 1;
        self.see(member, at, seen);
        if let Some(member) = self.members.get_mut(&member) {
            member.opened += 1;
        }
        self.add_mail_row(Kind::Opened, at, member, mail, recipient);
    }

    /// Somebody was active; written at most once a day.
    fn see(&mut self, member: Id, at: Seconds, seen: Seconds) {
        if let Some(member) = self.members.get_mut(&member)
            && member.last_seen_at.is_none_or(|last| last / DAY < at / DAY)
        {
            member.last_seen_at = Some(at);
            member.updated_at = member.updated_at.max(seen);
        }
    }

    fn suppress(&mut self, member: Id, reason: &'static str, at: Seconds, seen: Seconds) {
        if let Some(member) = self.members.get_mut(&member) {
            member.suppression = Some(Suppression { reason, at });
            member.updated_at = member.updated_at.max(seen);
        }
    }

    fn add_mail_row(&mut self, kind: Kind, at: Seconds, member: Id, mail: u16, recipient: u32) {
        let id = self.recipient_id(mail, recipient);
        self.add_row(
            kind,
            Row {
                at,
                id,
                member,
                what: What::Mail { mail, recipient },
            },
        );
    }

    fn add_row(&mut self, kind: Kind, row: Row) {
        self.rows_mut(kind).push(row);
    }

    /// The id that everything about one mail to one member shares.
    pub(super) fn recipient_id(&self, mail: u16, recipient: u32) -> Id {
        let sent = &self.mails[usize::from(mail)];
        Id::new(sent.sent_at, &[10, u64::from(mail), u64::from(recipient)])
    }

    /// A mail that was delivered or has failed is no longer merely sent.
    fn drop_settled(&mut self) {
        let mut sent = std::mem::take(self.rows_mut(Kind::Sent));
        sent.retain(|row| {
            let What::Mail { mail, recipient } = row.what else {
                return true;
            };
            let progress = self.mails[usize::from(mail)].progress[recipient as usize];
            progress.delivered.is_none() && progress.failed.is_none()
        });
        *self.rows_mut(Kind::Sent) = sent;
    }
}
