//! Why something cannot be judged, in Dutch.

use crate::{
    score::{Doubt, Reason, calendar::Day, explain::AbsenceLine, facts::Hole},
    words::{
        format::{self, listed, quoted},
        phrases::Reasoning,
    },
};

use super::{Dutch, MONTHS, count};

/// The contact has not agreed to it, or not for long enough before a day.
fn untracked(clears_on: Option<String>) -> Reasoning {
    match clears_on {
        Some(day) => Reasoning::new(
            "het contact vindt het meten te kort geleden goed om iets te zeggen",
            format!("te beoordelen vanaf {day}; je hoeft niets te doen"),
        ),
        None => Reasoning::new(
            "dit contact heeft geen toestemming gegeven om dit te meten, dus stilte zegt niets",
            "te beoordelen zodra het contact dat wel goed vindt; je hoeft niets te doen",
        ),
    }
}

impl Dutch<'_> {
    fn holes(&self, holes: &[Hole], as_of: Day) -> String {
        let one = |hole: &Hole| match (hole.from, hole.to) {
            (from, to) if to.next() >= as_of => format!("sinds {}", self.day(from)),
            (from, to) if from == to => format!("op {}", self.day(from)),
            (from, to) => format!("van {}", format::range(from, to, &MONTHS, "tot en met")),
        };
        let mut holes: Vec<String> = holes.iter().map(one).collect();
        if holes.len() > 3 {
            let more = holes.split_off(2).len();
            holes.push(format!("nog {more} keer"));
        }
        listed(&holes, "en")
    }

    fn gap(&self, holes: &[Hole], clears_on: Option<Day>, as_of: Day) -> Reasoning {
        if holes.iter().any(|hole| hole.from == Day::ALWAYS) {
            return Reasoning::new(
                "geen enkel platform geeft dit voor dit contact door, dus stilte zegt niets",
                "koppel een platform dat het wel doorgeeft, of importeer deze gegevens",
            );
        }
        let import = "lees die dagen alsnog in met `engaged import`";
        if holes.iter().any(|hole| hole.to.next() >= as_of) {
            return Reasoning::new(
                format!(
                    "onze eigen gegevens hebben een gat {}",
                    self.holes(holes, as_of)
                ),
                "breng het ophalen weer op gang: `engaged status` zegt wat er hapert",
            );
        }
        Reasoning::new(
            format!(
                "onze eigen gegevens hebben een gat {}; toen kan er iets gebeurd zijn dat wij niet weten",
                self.holes(holes, as_of)
            ),
            match clears_on {
                Some(day) => format!("{import}, of wacht tot {}", self.day(day)),
                None => import.to_owned(),
            },
        )
    }

    /// What an absence is, and what to do about it.
    pub(super) fn why_open(&self, line: &AbsenceLine, as_of: Day) -> Reasoning {
        let grounds = &line.grounds;
        let start = self.day(grounds.start);
        let after_mails = || {
            let mails = count(
                grounds.needed,
                "mail zonder reactie",
                "mails zonder reactie",
            );
            format!("te beoordelen na {mails}")
        };
        match line.state {
            Reason::NeverCustomer => Reasoning::new(
                "heeft nog nooit iets gekocht, dus er is geen klant om te missen",
                "te beoordelen vanaf de eerste aankoop; je hoeft niets te doen",
            ),
            Reason::Present => Reasoning {
                meaning: grounds.last.map_or_else(String::new, |last| {
                    format!("de laatste keer was op {}", self.day(last))
                }),
                advice: grounds
                    .clears_on
                    .map(|day| format!("dat telt tot {}", self.day(day))),
            },
            Reason::NoTracking => untracked(grounds.clears_on.map(|day| self.day(day))),
            Reason::TooNew => {
                let again = if grounds.subscribed_again { "opnieuw " } else { "" };
                Reasoning {
                    meaning: format!("{again}ingeschreven op {start}, te kort geleden om iets te zeggen"),
                    advice: grounds.clears_on.map(|day| {
                        format!("te beoordelen vanaf {}; je hoeft niets te doen", self.day(day))
                    }),
                }
            }
            Reason::NotTracked => Reasoning::new(
                format!(
                    "{} sinds {start}, maar opens en kliks daarin worden niet gemeten (geen toestemming, of platte tekst)",
                    count(grounds.mails, "mail", "mails")
                ),
                "zet het meten aan als dit contact dat goed vindt",
            ),
            Reason::NotMailed => Reasoning::new(
                format!("geen mail gekregen sinds {start}, dus stilte zegt niets"),
                after_mails(),
            ),
            Reason::TooFewSends => Reasoning::new(
                format!(
                    "sinds {start} pas {} gekregen die we kunnen meten",
                    count(grounds.tracked, "mail", "mails")
                ),
                after_mails(),
            ),
            Reason::CoverageGap => self.gap(&grounds.holes, grounds.clears_on, as_of),
            Reason::Unmeasurable => Reasoning {
                meaning: "een privacyproxy (van Apple Mail bijvoorbeeld) opent de mails, dus we zien niet wie er leest".to_owned(),
                advice: Some(match grounds.clears_on {
                    Some(day) => format!("een klik zou het laten zien; wacht anders tot {}", self.day(day)),
                    None => "een klik zou het laten zien".to_owned(),
                }),
            },
            Reason::AbsentSince(day) => Reasoning {
                meaning: format!("dat is zo sinds {}", self.day(day)),
                advice: None,
            },
            Reason::Absent => Reasoning {
                meaning: "dat is zo op deze datum".to_owned(),
                advice: None,
            },
        }
    }

    /// Why a condition is neither true nor false.
    pub(super) fn why_unknown(&self, doubt: &Doubt, gaps: &[Hole], as_of: Day) -> Reasoning {
        match doubt {
            Doubt::Absence(Reason::NeverCustomer) => Reasoning::new(
                "heeft nog nooit iets gekocht, dus er is geen klant om te missen",
                "te beoordelen vanaf de eerste aankoop; je hoeft niets te doen",
            ),
            Doubt::Absence(Reason::TooNew) => Reasoning::new(
                "te kort geleden ingeschreven om iets te zeggen",
                "te beoordelen als de hele periode voorbij is; je hoeft niets te doen",
            ),
            Doubt::Absence(Reason::NoTracking) => untracked(None),
            Doubt::Absence(_) => self.gap(gaps, None, as_of),
            Doubt::Field(name) => Reasoning::new(
                format!(
                    "in het veld {} staat niets waar deze regel iets mee kan",
                    quoted(name)
                ),
                "vul het in op het platform",
            ),
            Doubt::NoAddress => Reasoning::new(
                "er is geen e-mailadres bekend",
                "vul het in op het platform",
            ),
            Doubt::OtherCurrency => Reasoning::new(
                "een bedrag is in een andere munt, en wij rekenen niet om",
                format!("lever bedragen aan in {}", self.currency),
            ),
            Doubt::Never => Reasoning {
                meaning: "het is nog nooit gebeurd, dus er is geen tijd sindsdien".to_owned(),
                advice: None,
            },
            Doubt::NoStatus => Reasoning {
                meaning: "geen enkel platform zegt of dit contact is ingeschreven".to_owned(),
                advice: None,
            },
        }
    }
}
