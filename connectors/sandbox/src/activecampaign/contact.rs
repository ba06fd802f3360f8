//! One contact of the account, and how the API writes it (sheet 3).

use serde_json::{Map, Value, json};

use super::call::Zone;
use crate::people::{Seconds, World};

/// What hangs below a contact, each an address in its `links`.
const BELOW: [&str; 16] = [
    "bounceLogs",
    "contactAutomations",
    "contactData",
    "contactGoals",
    "contactLists",
    "contactLogs",
    "contactTags",
    "contactDeals",
    "deals",
    "fieldValues",
    "geoIps",
    "notes",
    "organization",
    "plusAppend",
    "trackingLogs",
    "scoreValues",
];

/// How somebody stands with one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Has not confirmed yet.
    Unconfirmed,
    /// Gets its mail.
    Active,
    /// Left it.
    Unsubscribed,
    /// Returned for good.
    Bounced,
}

impl Status {
    /// The number that the API writes (sheet 3).
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Unconfirmed => 0,
            Self::Active => 1,
            Self::Unsubscribed => 2,
            Self::Bounced => 3,
        }
    }

    pub(super) const fn of(code: u64) -> Option<Self> {
        match code {
            0 => Some(Self::Unconfirmed),
            1 => Some(Self::Active),
            2 => Some(Self::Unsubscribed),
            3 => Some(Self::Bounced),
            _ => None,
        }
    }
}

/// A place in one list.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) id: u32,
    /// The place of the list in the account.
    pub(super) list: usize,
    pub(super) status: Status,
    pub(super) joined: Seconds,
    pub(super) changed: Seconds,
    /// The id of the campaign by which they left.
    pub(super) campaign: Option<u32>,
    pub(super) reason: &'static str,
    /// Whether they left by their own hand, and not by a write.
    pub(super) left_themselves: bool,
}

/// A tag on a contact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worn {
    /// The place of the tag in the account.
    pub(super) tag: usize,
    /// The id of the link between both, by which alone it can be taken off (sheet 6).
    pub(super) link: u32,
    pub(super) at: Seconds,
}

/// A field that was written.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    /// The place of the field in the account.
    pub(super) field: usize,
    pub(super) value: String,
    pub(super) at: Seconds,
}

/// One contact. The deleted keep their place, and are shown nowhere.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) id: u32,
    pub(super) person: Option<u32>,
    /// The address, where it is not that of the person.
    pub(super) address: Option<String>,
    /// First name, last name and phone number, where they were written.
    pub(super) names: [Option<String>; 3],
    pub(super) created: Seconds,
    pub(super) changed: Seconds,
    pub(super) deleted: Option<Seconds>,
    pub(super) memberships: Vec<Membership>,
    pub(super) tags: Vec<Worn>,
    pub(super) written: Vec<Entered>,
    pub(super) hard: u32,
    pub(super) soft: u32,
    pub(super) bounced_at: Option<Seconds>,
    pub(super) sent: u32,
    pub(super) proxied: bool,
    /// Whether `/contacts/{id}` was asked for, which makes the activities (sheet 4.3).
    pub(super) fetched: bool,
}

impl Member {
    pub(super) fn new(id: u32, person: Option<u32>, address: Option<String>, at: Seconds) -> Self {
        Self {
            id,
            person,
            address,
            names: [None, None, None],
            created: at,
            changed: at,
            deleted: None,
            memberships: Vec::new(),
            tags: Vec::new(),
            written: Vec::new(),
            hard: 0,
            soft: 0,
            bounced_at: None,
            sent: 0,
            proxied: false,
            fetched: false,
        }
    }

    /// The address as it is now.
    pub(super) fn address(&self, world: &World) -> String {
        match (&self.address, self.person) {
            (Some(address), _) => address.clone(),
            (None, Some(person)) => world.person(person).address(),
            (None, None) => String::new(),
        }
    }

    /// First name, last name, phone number.
    pub(super) fn names(&self, world: &World) -> [String; 3] {
        let person = self.person.map(|person| world.person(person));
        let born = [
            person.map(|person| person.first_name().to_owned()),
            person.map(super::super::people::Person::last_name),
            None,
        ];
        let mut names = self.names.clone().into_iter().zip(born);
        std::array::from_fn(|_| {
            let (written, born) = names.next().unwrap_or_default();
            written.or(born).unwrap_or_default()
        })
    }

    /// The place in a list.
    pub(super) fn in_list(&self, list: usize) -> Option<&Membership> {
        self.memberships.iter().find(|place| place.list == list)
    }

    /// Whether any list has them so: the filter of the API is over any list (sheet 8).
    pub(super) fn stands(&self, status: Status) -> bool {
        self.memberships.iter().any(|place| place.status == status)
    }

    /// The contact in a list of contacts. Ids and numbers are texts, and what is empty is so in several ways (sheet 3).
    pub(super) fn body(&self, world: &World, zone: Zone, base: &str) -> Value {
        let [first, last, phone] = self.names(world);
        let email = self.address(world);
        let (bounced_date, deleted_at) = match self.id % 3 {
            0 => (json!(""), Value::Null),
            1 => (json!("0000-00-00"), json!("0000-00-00 00:00:00")),
            _ => (Value::Null, Value::Null),
        };
        let mut links = Map::new();
        for below in BELOW {
            let href = format!("{base}/contacts/{}/{below}", self.id);
            links.insert(below.to_owned(), json!(href));
        }
        json!({
            "id": self.id.to_string(), "email": email, "firstName": first, "lastName": last, "phone": phone,
            "orgid": "0", "segmentio_id": "", "ip": "0", "ua": "", "hash": format!("{:032x}", crate::rng::mix(&[u64::from(self.id)])),
            "socialdata_lastcheck": "0000-00-00 00:00:00", "email_local": "", "email_domain": "",
            "sentcnt": self.sent.to_string(), "rating_tstamp": "0000-00-00", "gravatar": "0",
            "bounced_hard": self.hard.to_string(), "bounced_soft": self.soft.to_string(),
            "bounced_date": self.bounced_at.map_or(bounced_date, |at| json!(zone.day(at))),
            "cdate": zone.stamp(self.created), "udate": zone.stamp(self.changed),
            "adate": zone.stamp(self.changed), "edate": zone.stamp(self.changed),
            "created_timestamp": zone.wall(self.created), "updated_timestamp": zone.wall(self.changed),
            "created_utc_timestamp": zone.named_utc(self.created), "updated_utc_timestamp": zone.named_utc(self.changed),
            "deleted": "0", "deleted_at": deleted_at, "anonymized": "0",
            "mpp_tracking": if self.proxied { "1" } else { "0" }, "email_empty": email.is_empty(),
            "scoreValues": [], "organization": null, "links": links,
        })
    }
}

impl Membership {
    /// The row of a membership; on status 2 its `udate` is the time of leaving, `campaign` the mail (sheet 3).
    pub(super) fn body(&self, contact: u32, list: &str, zone: Zone, base: &str) -> Value {
        let below = |name: &str| format!("{base}/contactLists/{}/{name}", self.id);
        let campaign = self.campaign.map(|id| id.to_string());
        json!({
            "id": self.id.to_string(), "contact": contact.to_string(), "list": list, "form": null, "seriesid": "0",
            "sdate": zone.stamp(self.joined), "udate": zone.stamp(self.changed), "status": self.status.code().to_string(),
            "responder": "1", "sync": "0", "unsubreason": self.reason, "campaign": campaign,
            "message": campaign, "first_name": "", "last_name": "", "ip4Sub": "0", "sourceid": "0", "autosyncLog": null,
            "ip4_last": "0", "ip4Unsub": "0", "created_timestamp": zone.wall(self.joined),
            "updated_timestamp": zone.wall(self.changed), "created_by": null, "updated_by": null,
            "unsubscribeAutomation": null, "automation": null,
            "links": {
                "automation": below("automation"), "list": below("list"), "contact": below("contact"),
                "form": below("form"), "autosyncLog": below("autosyncLog"), "campaign": below("campaign"),
                "unsubscribeAutomation": below("unsubscribeAutomation"), "message": below("message"),
            },
        })
    }
}
