//! The world, counted: what a complete and correct reader of a platform must arrive at.

use super::{DAY, Deed, Fate, Publication, Seconds, Standing, Turn, World};

/// How much of everything happened in one publication up to the world's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Truth {
    /// People who joined.
    pub people: usize,
    /// People who are mailed now.
    pub mailed: usize,
    /// Issues.
    pub campaigns: usize,
    /// Mails sent, whatever became of them.
    pub sends: usize,
    /// Mails that arrived.
    pub delivered: usize,
    /// Mails that were opened at least once by anybody or anything.
    pub opened: usize,
    /// Opens by people, repeated ones included.
    pub opens: usize,
    /// Opens by privacy proxies and scanners.
    pub machine_opens: usize,
    /// Opens by people more than three days after sending.
    pub late_opens: usize,
    /// Clicks by people.
    pub clicks: usize,
    /// Clicks by scanners.
    pub scanner_clicks: usize,
    /// Mails to addresses that do not exist.
    pub hard_bounces: usize,
    /// Mails that failed for the moment.
    pub soft_bounces: usize,
    /// People leaving.
    pub unsubscribes: usize,
    /// People coming back.
    pub returns: usize,
    /// Complaints.
    pub complaints: usize,
    /// Orders; all of them count for the weekly publication.
    pub orders: usize,
}

impl World {
    /// Counts everything of one publication.
    pub fn truth(&self, publication: Publication) -> Truth {
        let mut truth = Truth {
            campaigns: self.campaigns(publication).len(),
            ..Truth::default()
        };
        for person in &self.people {
            match person.standing(publication, self.end) {
                Standing::Stranger => {}
                Standing::Gone => truth.people += 1,
                Standing::Mailed => {
                    truth.people += 1;
                    truth.mailed += 1;
                }
            }
        }
        self.count_mails(publication, &mut truth);
        for change in self
            .milestones
            .iter()
            .filter(|change| change.publication == publication)
        {
            match change.turn {
                Turn::Left(_) => truth.unsubscribes += 1,
                Turn::Complained(_) => truth.complaints += 1,
                Turn::Returned => truth.returns += 1,
                Turn::Joined | Turn::Bounced(_) => {}
            }
        }
        if publication == Publication::Weekly {
            truth.orders = self.orders.len();
        }
        truth
    }

    fn count_mails(&self, publication: Publication, truth: &mut Truth) {
        for campaign in self.campaigns(publication) {
            let done = |after: u16| campaign.sent_at + Seconds::from(after) <= self.end;
            truth.sends += campaign.recipients.len();
            for mail in campaign.recipients.iter().filter(|mail| done(mail.after)) {
                match mail.fate {
                    Fate::Delivered => truth.delivered += 1,
                    Fate::HardBounce => truth.hard_bounces += 1,
                    Fate::SoftBounce => truth.soft_bounces += 1,
                }
            }
            let mut opened = vec![false; campaign.recipients.len()];
            for act in &campaign.acts {
                match act.deed {
                    Deed::Open => {
                        truth.opens += 1;
                        truth.late_opens += usize::from(act.at > campaign.sent_at + 3 * DAY);
                    }
                    Deed::ProxyOpen | Deed::ScannerOpen => truth.machine_opens += 1,
                    Deed::Click(_) => truth.clicks += 1,
                    Deed::ScannerClick(_) => truth.scanner_clicks += 1,
                    Deed::Unsubscribe | Deed::Complaint => {}
                }
                if matches!(act.deed, Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen) {
                    opened[act.recipient as usize] = true;
                }
            }
            truth.opened += opened.into_iter().filter(|opened| *opened).count();
        }
    }
}
