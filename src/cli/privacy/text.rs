//! What `privacy` and `retract` print.

use chrono::DateTime;
use engaged_connectors::model::Address;

use crate::{
    cli::output::table,
    config::Mode,
    privacy::{Marks, erase::Certificate},
    store::AuditRow,
    text::inert,
};

/// A time as it is printed.
pub(super) fn time(at: i64) -> String {
    let time = DateTime::from_timestamp_millis(at);
    time.map_or_else(String::new, |time| {
        time.format("%Y-%m-%d %H:%MZ").to_string()
    })
}

fn targets(shown: &[String]) -> String {
    let named: Vec<String> = shown.iter().map(|key| key.replacen(':', " ", 1)).collect();
    named.join(", ")
}

pub(super) fn object(address: &Address, withdraw: bool, changed: bool, places: &[Marks]) -> String {
    let name = address.reveal();
    if withdraw {
        return if changed {
            format!("{name} is scored again\nnext: engaged score")
        } else {
            format!("{name} does not object: nothing to take back")
        };
    }
    let mut out = if changed {
        format!(
            "{name} objects from now on: no score, band, segment or stage is worked out, nothing starts, and nothing is cleaned\n\
             what was worked out before is deleted; the contact and its events stay\n"
        )
    } else {
        format!("{name} objected before\n")
    };
    for each in places.iter().filter(|each| !each.shown.is_empty()) {
        let when = if each.live {
            "off with the next `engaged apply`, or by the daemon"
        } else {
            "left there, for the connection is not live"
        };
        out += &format!("  {}: {}: {when}\n", each.connection, targets(&each.shown));
    }
    out + "to take it back: engaged privacy object --withdraw ADDRESS"
}

pub(super) fn about_to_erase(address: &Address, places: &[Marks]) -> String {
    let mut out = format!(
        "Erase {}: every row about the contact goes, here and for good, and it cannot come back by a sync, a file or a backup.\n",
        address.reveal()
    );
    for each in places {
        let shown = if each.shown.is_empty() {
            "nothing of ours".to_owned()
        } else {
            targets(&each.shown)
        };
        let mode = if each.live { "live" } else { "not live" };
        out += &format!("  {} ({mode}): {shown}\n", each.connection);
    }
    out + "The contact stays on the platforms: deleting it there is yours to do."
}

pub(super) fn certificate(done: &Certificate) -> String {
    let rows: u64 = done.rows.values().sum();
    let mut out = format!(
        "{} is erased\n  {rows} rows of {} tables:",
        done.contact,
        done.rows.len()
    );
    for (name, rows) in &done.rows {
        out += &format!(" {name} {rows},");
    }
    out.pop();
    out += &format!(
        "\n  kept out from now on by {} hashes; the audit trail calls it {}\n",
        done.kept_out_by, done.handle
    );
    if done.deliveries > 0 {
        out += &format!(
            "  {} deliveries of webhooks were emptied\n",
            done.deliveries
        );
    }
    out += if done.clear {
        "  no byte of the database or its log holds an address of it any more\n"
    } else {
        "  ATTENTION: the file or its log still holds an address of it, or one that ends like it\n"
    };
    for (name, column, rows) in &done.named_in {
        out += &format!("  ATTENTION: {name}.{column} still names it in {rows} rows\n");
    }
    if done.taken_off > 0 {
        out += &format!("  {} of our marks came off platforms\n", done.taken_off);
    }
    for each in &done.platforms {
        out += &platform(each);
    }
    for each in &done.files {
        let lines = each
            .lines
            .map_or_else(String::new, |lines| format!(", {lines} lines"));
        out += &format!(
            "  yours to delete: {} ({}{lines})\n",
            each.path.display(),
            each.what
        );
    }
    out + "  backups made before hold it until they are deleted; opened here, they are erased again"
}

fn platform(each: &Marks) -> String {
    let ids = match each.ids.as_slice() {
        [] => "its address".to_owned(),
        ids => ids.join(", "),
    };
    if each.platform == crate::store::IMPORTED {
        return format!(
            "  {}: came by files or the API; delete it where those come from\n",
            each.connection
        );
    }
    let stands = if each.there {
        format!(
            "stands on {} as {}: deleting it there is yours to do",
            each.platform,
            inert(&ids)
        )
    } else {
        format!("was on {} as {}", each.platform, inert(&ids))
    };
    let left = if each.shown.is_empty() {
        String::new()
    } else {
        format!("; of ours is left there: {}", targets(&each.shown))
    };
    format!("  {}: {stands}{left}\n", each.connection)
}

pub(super) fn trail(address: &Address, handle: &str, rows: &[AuditRow]) -> String {
    if rows.is_empty() {
        return format!(
            "the audit trail says nothing about {} ({handle})",
            address.reveal()
        );
    }
    let rows = rows.iter().map(|row| {
        vec![
            time(row.at),
            row.who.clone(),
            row.what.clone(),
            row.detail.clone(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    format!(
        "{} is {handle} in the audit trail\n{}",
        address.reveal(),
        table(&["WHEN", "WHO", "WHAT", ""], &[], &rows)
    )
}

pub(super) fn retract(
    name: &str,
    (withdraw, changed): (bool, bool),
    shows: &[(String, i64)],
    mode: Mode,
) -> String {
    if withdraw {
        return if changed {
            format!("{name} is shown our fields and tags again\nnext: engaged plan")
        } else {
            format!("{name} is not retracted: nothing to take back")
        };
    }
    let mut out = if changed {
        format!(
            "{name} is retracted: our fields and tags come off, and nothing is put on or started there\n"
        )
    } else {
        format!("{name} is retracted already\n")
    };
    for (target, contacts) in shows {
        out += &format!(
            "  {:<32} {contacts:>8} contacts\n",
            target.replacen(':', " ", 1)
        );
    }
    if shows.is_empty() {
        return out
            + "  nothing of ours is there any more\nto take it back: engaged retract --withdraw NAME";
    }
    out += "fields are set empty (a number on Copernica becomes 0) and stay as fields: delete them on the platform yourself\n";
    out += match mode {
        Mode::Live => {
            "next: engaged plan, then engaged apply; the guard max_score_change holds it once, until `engaged approve max_score_change`"
        }
        Mode::ReadOnly => {
            "next: engaged plan; nothing is written while the connection is read-only"
        }
    };
    out + "\nto take it back: engaged retract --withdraw NAME"
}
