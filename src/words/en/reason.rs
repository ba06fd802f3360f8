//! Why something cannot be judged, in English.

use crate::{
    score::{Doubt, Reason, calendar::Day, explain::AbsenceLine, facts::Hole},
    words::{
        format::{self, listed, quoted},
        phrases::Reasoning,
    },
};

use super::{English, MONTHS, count};

/// The contact has not agreed to it, or not for long enough before a day.
fn untracked(clears_on: Option<String>) -> Reasoning {
    match clears_on {
        Some(day) => Reasoning::new(
            "the contact has agreed to being measured too recently to tell",
            format!("can be judged from {day} on; nothing to do"),
        ),
        None => Reasoning::new(
            "this contact has not agreed to this being measured, so silence says nothing",
            "judged once the contact agrees to it; nothing to do",
        ),
    }
}

impl English<'_> {
    fn holes(&self, holes: &[Hole], as_of: Day) -> String {
        let one = |hole: &Hole| match (hole.from, hole.to) {
            (from, to) if to.next() >= as_of => format!("since {}", self.day(from)),
            (from, to) if from == to => format!("on {}", self.day(from)),
            (from, to) => format!("from {}", format::range(from, to, &MONTHS, "to")),
        };
        let mut holes: Vec<String> = holes.iter().map(one).collect();
        if holes.len() > 3 {
            let more = holes.split_off(2).len();
            holes.push(format!("on {more} other occasions"));
        }
        listed(&holes, "and")
    }

    fn gap(&self, holes: &[Hole], clears_on: Option<Day>, as_of: Day) -> Reasoning {
        if holes.iter().any(|hole| hole.from == Day::ALWAYS) {
            return Reasoning::new(
                "no platform tells us this about the contact, so silence says nothing",
                "connect a platform that does, or import these events",
            );
        }
        let import = "read those days in with `engaged import`";
        if holes.iter().any(|hole| hole.to.next() >= as_of) {
            return Reasoning::new(
                format!("our own sync has a hole {}", self.holes(holes, as_of)),
                "get the sync going again: `engaged status` says what keeps it",
            );
        }
        Reasoning::new(
            format!(
                "our own sync has a hole {}; something may have happened then that we do not know of",
                self.holes(holes, as_of)
            ),
            match clears_on {
                Some(day) => format!("{import}, or wait until {}", self.day(day)),
                None => import.to_owned(),
            },
        )
    }

    /// What an absence is, and what to do about it.
    pub(super) fn why_open(&self, line: &AbsenceLine, as_of: Day) -> Reasoning {
        let grounds = &line.grounds;
        let start = self.day(grounds.start);
        match line.state {
            Reason::NeverCustomer => Reasoning::new(
                "never bought anything, so there is no customer to miss",
                "judged from the first purchase on; nothing to do",
            ),
            Reason::Present => Reasoning {
                meaning: grounds.last.map_or_else(String::new, |last| {
                    format!("the last time was {}", self.day(last))
                }),
                advice: grounds
                    .clears_on
                    .map(|day| format!("that counts until {}", self.day(day))),
            },
            Reason::NoTracking => untracked(grounds.clears_on.map(|day| self.day(day))),
            Reason::TooNew => {
                let again = if grounds.subscribed_again { "again " } else { "" };
                Reasoning {
                    meaning: format!("subscribed {again}on {start}, too recently to tell"),
                    advice: grounds.clears_on.map(|day| {
                        format!("can be judged from {} on; nothing to do", self.day(day))
                    }),
                }
            }
            Reason::NotTracked => Reasoning::new(
                format!(
                    "{} since {start}, but opens and clicks in them are not measured (no consent, or plain text)",
                    count(grounds.mails, "mail", "mails")
                ),
                "switch measuring on where this contact agrees to it",
            ),
            Reason::NotMailed => Reasoning::new(
                format!("no mail since {start}, so silence says nothing"),
                format!(
                    "can be judged after {}",
                    count(grounds.needed, "mail without a response", "mails without a response")
                ),
            ),
            Reason::TooFewSends => Reasoning::new(
                format!(
                    "only {} that we can measure since {start}",
                    count(grounds.tracked, "mail", "mails")
                ),
                format!(
                    "can be judged after {}",
                    count(grounds.needed, "mail without a response", "mails without a response")
                ),
            ),
            Reason::CoverageGap => self.gap(&grounds.holes, grounds.clears_on, as_of),
            Reason::Unmeasurable => Reasoning {
                meaning: "a privacy proxy (of Apple Mail, for instance) opens the mails, so we cannot see who reads".to_owned(),
                advice: Some(match grounds.clears_on {
                    Some(day) => format!("a click would tell; otherwise wait until {}", self.day(day)),
                    None => "a click would tell".to_owned(),
                }),
            },
            Reason::AbsentSince(day) => Reasoning {
                meaning: format!("so since {}", self.day(day)),
                advice: None,
            },
            Reason::Absent => Reasoning {
                meaning: "so on this date".to_owned(),
                advice: None,
            },
        }
    }

    /// Why a condition is neither true nor false.
    pub(super) fn why_unknown(&self, doubt: &Doubt, gaps: &[Hole], as_of: Day) -> Reasoning {
        match doubt {
            Doubt::Absence(Reason::NeverCustomer) => Reasoning::new(
                "never bought anything, so there is no customer to miss",
                "judged from the first purchase on; nothing to do",
            ),
            Doubt::Absence(Reason::TooNew) => Reasoning::new(
                "subscribed too recently to tell",
                "judged once the whole period lies behind us; nothing to do",
            ),
            Doubt::Absence(Reason::NoTracking) => untracked(None),
            Doubt::Absence(_) => self.gap(gaps, None, as_of),
            Doubt::Field(name) => Reasoning::new(
                format!(
                    "the field {} says nothing that this rule can read",
                    quoted(name)
                ),
                "fill it in on the platform",
            ),
            Doubt::NoAddress => {
                Reasoning::new("no e-mail address is known", "fill it in on the platform")
            }
            Doubt::OtherCurrency => Reasoning::new(
                "an amount is in another currency, and we do not convert",
                format!("deliver amounts in {}", self.currency),
            ),
            Doubt::Never => Reasoning {
                meaning: "it never happened, so no time has passed since".to_owned(),
                advice: None,
            },
            Doubt::NoStatus => Reasoning {
                meaning: "no platform says whether the contact is subscribed".to_owned(),
                advice: None,
            },
        }
    }
}
