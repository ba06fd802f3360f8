//! One campaign's counters, and what they say about its reports. Mailchimp has no
//! stream of events, so we look at the counters of all campaigns, new and old, and
//! read the reports whose counters moved. Pure.
//!
//! Counters and reports are not one transaction on their side: a counter may move
//! before the row shows. So a report that had news is read once more on the next
//! pass, even if nothing moved since, unless all its news is old.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::wire::{ReportRow, time};

/// How far back the reports of old campaigns are read again.
const LATE: TimeDelta = TimeDelta::days(14);
/// For how long after it was sent a campaign is read twice.
const YOUNG: TimeDelta = TimeDelta::days(7);
/// For how long after its last open or click a campaign is read twice.
const FRESH: TimeDelta = TimeDelta::days(1);

/// One of a campaign's reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// Who was mailed.
    Sends,
    /// Every open, with the marks of proxies; the only source of opens.
    Opens,
    /// Every click, and the first bounce; its opens are the same again, without marks.
    Activity,
    /// Who left.
    Unsubscribes,
}

impl Report {
    const ALL: [Self; 4] = [Self::Sends, Self::Opens, Self::Activity, Self::Unsubscribes];
}

/// What the counters of a campaign say: sends, opens, clicks and bounces, unsubscribes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counters(u64, [u64; 3], [u64; 5], u64, [i64; 2]);

impl Counters {
    fn of(row: &ReportRow) -> Self {
        let unix = |text: &Option<String>| match time(text.as_deref()) {
            Ok(Some(at)) => at.timestamp(),
            _ => 0,
        };
        let (opens, clicks, bounces) = (&row.opens, &row.clicks, &row.bounces);
        Self(
            row.emails_sent,
            [
                opens.opens_total,
                opens.unique_opens,
                opens.proxy_excluded_opens,
            ],
            [
                clicks.clicks_total,
                clicks.unique_clicks,
                bounces.hard_bounces,
                bounces.soft_bounces,
                bounces.syntax_errors,
            ],
            row.unsubscribed,
            [unix(&opens.last_open), unix(&clicks.last_click)],
        )
    }

    /// The reports that have news compared with `old`.
    fn moved(&self, old: &Self) -> Vec<Report> {
        let moved = |report: &Report| match report {
            Report::Sends => self.0 != old.0,
            Report::Opens => self.1 != old.1 || self.4[0] != old.4[0],
            Report::Activity => self.2 != old.2 || self.4[1] != old.4[1],
            Report::Unsubscribes => self.3 != old.3,
        };
        Report::ALL.into_iter().filter(moved).collect()
    }
}

/// What is remembered of a campaign that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    counters: Counters,
    /// The first time of sending that we saw. Sends have no other time and no id,
    /// so it must not change any more.
    sent_at: DateTime<Utc>,
    /// When the pass began that read it.
    read_at: DateTime<Utc>,
    /// Reports to read once more.
    again: Vec<Report>,
}

impl Known {
    /// Whether it was read at a time that has not come yet.
    pub(super) fn is_from_future(&self, now: DateTime<Utc>) -> bool {
        self.read_at > now
    }

    /// Lets all reports be read again from their beginnings, if that is so. What the sends have as their time stays.
    pub(super) fn forget_future(&mut self, now: DateTime<Utc>) {
        if self.is_from_future(now) {
            (self.counters, self.read_at) = (Counters::default(), DateTime::UNIX_EPOCH);
        }
    }
}

/// A campaign to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Due {
    pub(super) id: String,
    pub(super) sent_at: DateTime<Utc>,
    /// Reports still to read; the first is under way.
    pub(super) reports: Vec<Report>,
    /// From when on opens, clicks and bounces are read; `None` for all.
    pub(super) since: Option<DateTime<Utc>>,
    /// Whether its opens and clicks can be seen; `None` means yes.
    pub(super) tracked: Option<bool>,
    counters: Counters,
    again: Vec<Report>,
}

impl Due {
    /// What is to be read of a campaign; `None` when there is no news, or it has
    /// not been sent.
    pub(super) fn of(row: &ReportRow, known: Option<&Known>, now: DateTime<Utc>) -> Option<Self> {
        let sent_at = known.map(|known| known.sent_at);
        let sent_at = sent_at.or_else(|| time(row.send_time.as_deref()).ok().flatten())?;
        let counters = Counters::of(row);
        let nothing = Counters::default();
        let moved = counters.moved(known.map_or(&nothing, |known| &known.counters));
        let again = known.map_or(&[][..], |known| &known.again);
        let wanted = |report: &Report| moved.contains(report) || again.contains(report);
        // A classic automation mails everybody at another time, which no report tells.
        let automation = matches!(row.r#type.as_deref(), Some("automation" | "auto"));
        let told = |report: &Report| !(automation && *report == Report::Sends);
        let reports: Vec<Report> = Report::ALL
            .into_iter()
            .filter(wanted)
            .filter(told)
            .collect();
        if reports.is_empty() {
            return None;
        }
        let read_at = known.map(|known| known.read_at).filter(|at| *at <= now);
        let since = read_at.map(|at| at - LATE).filter(|at| *at > sent_at);
        let last = counters.4.iter().max().copied().unwrap_or_default();
        let young = now - sent_at < YOUNG || now.timestamp() - last < FRESH.num_seconds();
        Some(Self {
            id: row.id.clone(),
            sent_at,
            reports,
            since,
            tracked: None,
            counters,
            again: if young { moved } else { Vec::new() },
        })
    }

    /// What to remember once all reports have been read in a pass that began then.
    pub(super) fn read(self, started_at: DateTime<Utc>) -> (String, Known) {
        let known = Known {
            counters: self.counters,
            sent_at: self.sent_at,
            read_at: started_at,
            again: self.again,
        };
        (self.id, known)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn row(sent: &str, opens: u64, clicks: u64) -> ReportRow {
        let row = json!({"id": "c1", "send_time": sent, "emails_sent": 9, "unsubscribed": 0,
            "bounces": {"hard_bounces": 0, "soft_bounces": 0, "syntax_errors": 0},
            "opens": {"opens_total": opens, "unique_opens": opens, "last_open": ""},
            "clicks": {"clicks_total": clicks, "unique_clicks": clicks}});
        serde_json::from_value(row).unwrap()
    }

    fn due(row: &ReportRow, known: Option<&Known>) -> Option<Due> {
        Due::of(row, known, NOW.parse().unwrap())
    }

    fn read(row: &ReportRow, known: Option<&Known>) -> Known {
        due(row, known).unwrap().read(NOW.parse().unwrap()).1
    }

    #[test]
    fn only_reports_with_news_are_read() {
        let old = "2026-03-01T06:00:00+00:00";
        assert_eq!(due(&row(old, 0, 0), None).unwrap().reports, [Report::Sends]);
        let known = read(&row(old, 5, 1), None);
        assert_eq!(due(&row(old, 5, 1), Some(&known)), None);
        let late = due(&row(old, 6, 1), Some(&known)).unwrap();
        assert_eq!(late.reports, [Report::Opens]);
        assert_eq!(late.since, "2026-11-08T12:00:00Z".parse().ok());
    }

    #[test]
    fn news_of_a_young_campaign_are_read_once_more_and_then_no_more() {
        let young = row("2026-11-20T06:00:00+00:00", 5, 0);
        let first = read(&young, None);
        let again = due(&young, Some(&first)).unwrap();
        assert_eq!(
            (&again.reports[..], again.since),
            (&[Report::Sends, Report::Opens][..], None)
        );
        let second = read(&young, Some(&first));
        assert_eq!(due(&young, Some(&second)), None);
    }

    #[test]
    fn a_campaign_that_was_not_sent_has_no_news() {
        assert_eq!(due(&row("", 0, 0), None), None);
    }
}
