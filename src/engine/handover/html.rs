//! A hand-over as one page of HTML, for the screen and for paper: no script, nothing fetched, every text escaped.

use super::{Act, Handed, Handover, Listed, Outage};
use crate::engine::{AlarmState, Event};
use crate::project::Priority;
use crate::text::visible;
use crate::time::{Span, Utc};
use jiff::tz::TimeZone;
use std::fmt::{self, Write as _};

/// Who hands over to whom, and of which plant.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    /// Name of the plant.
    pub plant: String,
    /// What it is, where it is no plant: `DEMO`, `NOT LIVE`.
    pub mark: Option<String>,
    /// The shift that hands over.
    pub shift: Option<String>,
    /// Who hands over; empty: a line to be filled in.
    pub from: String,
    /// To whom; empty: a line to be filled in.
    pub to: String,
}

const STYLE: &str = "
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; color: #1b1f24; background: #e4e6e8; margin: 0; font-variant-numeric: tabular-nums; }
main { max-width: 1000px; margin: 24px auto; background: #fff; padding: 28px 36px 36px; border-radius: 5px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 17px; margin: 26px 0 6px; border-bottom: 2px solid #1b1f24; padding-bottom: 3px; }
h2 span { font-weight: 400; color: #4a525b; } p { margin: 4px 0; } .muted { color: #4a525b; }
.mark { border: 2px dashed #1b1f24; padding: 4px 10px; margin: 0 0 12px; font-weight: 700; }
.who { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; margin: 18px 0 6px; }
.who div { border-bottom: 1px solid #1b1f24; min-height: 34px; padding-top: 8px; } .who small { display: block; color: #4a525b; }
.counts { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0 0; padding: 0; list-style: none; }
.counts li { border: 1px solid #b9bec4; border-radius: 5px; padding: 6px 12px; } .counts b { font-size: 20px; margin-right: 4px; }
table { border-collapse: collapse; width: 100%; table-layout: auto; } th { text-align: left; font-weight: 400; color: #4a525b; font-size: 13px; }
th, td { padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid #d4d7da; overflow-wrap: anywhere; }
td.time, td.number { white-space: nowrap; } td.number { text-align: right; } tr { break-inside: avoid; }
.p { display: inline-block; min-width: 76px; font-weight: 700; } .p1 { color: #b60028; } .p4 { font-weight: 400; }
.open { font-weight: 700; } .do { display: block; color: #4a525b; } .lasts { font-weight: 700; }
footer { margin-top: 26px; color: #4a525b; font-size: 13px; }
@media print { body { background: #fff; font-size: 11px; } main { margin: 0; padding: 0; max-width: none; } h1 { font-size: 20px; } h2 { font-size: 14px; break-after: avoid; }
thead { display: table-header-group; } @page { size: A4; margin: 14mm 13mm; } }
@media (max-width: 700px) { main { padding: 16px; margin: 0; border-radius: 0; } }
";

/// The whole page. Times are of this zone.
pub fn html(handover: &Handover, heading: &Heading, zone: &TimeZone) -> String {
    let page = Page { handover, heading, zone };
    let mut out = String::with_capacity(16 * 1024);
    // Writing to a string cannot fail.
    let _ok = page.write(&mut out);
    out
}

struct Page<'a> {
    handover: &'a Handover,
    heading: &'a Heading,
    zone: &'a TimeZone,
}

/// A text in HTML: nothing in it is markup, and nothing in it is unseen.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in visible(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

impl Page<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let Handover { since, until, new, standing, hidden, acts, links, gaps, system, .. } = self.handover;
        let plant = if self.heading.plant.is_empty() { "the plant" } else { &self.heading.plant };
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, \
             initial-scale=1\">\n<title>Hand-over of {0}, {1}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
            Text(plant),
            Text(&self.time(*until))
        )?;
        if let Some(mark) = &self.heading.mark {
            writeln!(out, "<p class=\"mark\">{}: this is no plant</p>", Text(mark))?;
        }
        writeln!(out, "<h1>Hand-over of {}</h1>", Text(plant))?;
        write!(out, "<p>From {} to {}", Text(&self.time(*since)), Text(&self.time(*until)))?;
        writeln!(out, ", {}; times of {}</p>", length(*until - *since), Text(&self.zone_name()))?;
        self.who(out)?;
        writeln!(out, "<ul class=\"counts\">")?;
        let unseen =
            |list: &Listed<Handed>| list.first.iter().filter(|h| h.state.needs_acknowledgement()).count() as u64;
        let stands =
            new.first.iter().filter(|h| h.state != AlarmState::Normal).count() as u64 + new.more + standing.all();
        for (count, one, many) in [
            (stands, "alarm stands", "alarms stand"),
            (unseen(new) + unseen(standing), "unacknowledged", "unacknowledged"),
            (hidden.all(), "hidden", "hidden"),
            (self.handover.annunciated, "alarm came", "alarms came"),
            (links.all(), "link was lost", "links were lost"),
            (gaps.all(), "gap in the records", "gaps in the records"),
        ] {
            writeln!(out, "<li><b>{count}</b> {}</li>", if count == 1 { one } else { many })?;
        }
        writeln!(out, "</ul>")?;
        self.alarms(out, "Standing from before", standing, "No alarm stands from before")?;
        self.alarms(out, "New", new, "No alarm came")?;
        self.alarms(out, "Shelved, suppressed, out of service", hidden, "No alarm is hidden")?;
        self.acts(out, acts)?;
        self.outages(out, "Links lost", links, "No link was lost")?;
        self.outages(out, "Gaps in the records", gaps, "Nothing is missing from the records")?;
        self.system(out, system)?;
        self.people(out)?;
        writeln!(
            out,
            "<footer>Written by Watchkeeper {} from the plant's journal on {}. What counts is the journal.</footer>\n</main>\n</body>\n</html>",
            env!("CARGO_PKG_VERSION"),
            Text(&self.time(*until))
        )
    }

    fn who(&self, out: &mut String) -> fmt::Result {
        let shift = self.heading.shift.as_deref().unwrap_or_default();
        writeln!(out, "<section class=\"who\">")?;
        for (label, name, shift) in [("Handed over by", &self.heading.from, shift), ("To", &self.heading.to, "")] {
            let shift = if shift.is_empty() { String::new() } else { format!(", shift {shift}") };
            writeln!(out, "<div><small>{label}{}</small>{}</div>", Text(&shift), Text(name))?;
        }
        writeln!(out, "</section>")
    }

    fn heading_of<T>(out: &mut String, title: &str, list: &Listed<T>, none: &str) -> Result<bool, fmt::Error> {
        writeln!(out, "<h2>{} <span>{}</span></h2>", Text(title), list.all())?;
        if list.all() == 0 {
            writeln!(out, "<p class=\"muted\">{none}</p>")?;
        }
        Ok(list.all() > 0)
    }

    fn more<T>(out: &mut String, list: &Listed<T>) -> fmt::Result {
        if list.more > 0 {
            writeln!(out, "<p>and {} more, which the journal has</p>", list.more)?;
        }
        Ok(())
    }

    fn alarms(&self, out: &mut String, title: &str, list: &Listed<Handed>, none: &str) -> fmt::Result {
        if !Self::heading_of(out, title, list, none)? {
            return Ok(());
        }
        out.push_str("<table>\n<thead><tr><th>Priority</th><th>Alarm</th><th>State</th><th>Raised</th><th>Value</th><th>Said</th></tr></thead>\n<tbody>\n");
        for handed in &list.first {
            let number = handed.priority.map_or(4, Priority::number);
            write!(
                out,
                "<tr><td><span class=\"p p{number}\">{}</span></td><td><b>{}</b>",
                handed.priority.map_or("—", Priority::word),
                Text(&handed.alarm)
            )?;
            if !handed.message.is_empty() {
                write!(out, "<br>{}", Text(&handed.message))?;
            }
            if let Some(response) = handed.response.as_ref().filter(|_| handed.state != AlarmState::Normal) {
                write!(out, "<span class=\"do\">To do: {}</span>", Text(response))?;
            }
            let open = if handed.state.needs_acknowledgement() { " class=\"open\"" } else { "" };
            write!(out, "</td><td{open}>{}", Text(&self.state(handed)))?;
            let times = if handed.raised > 1 { format!(" ({} times)", handed.raised) } else { String::new() };
            write!(out, "</td><td class=\"time\">{}{times}</td>", Text(&self.time(handed.last_raised)))?;
            write!(out, "<td class=\"number\">{}</td><td>", Text(&handed.value))?;
            if let Some((by, at)) = handed.acknowledged.as_ref().filter(|_| handed.state != AlarmState::Normal) {
                write!(out, "acknowledged by {}, {}", Text(by), Text(&self.time(*at)))?;
            }
            if let Some(note) = &handed.note {
                write!(out, "<br>“{}”", Text(note))?;
            }
            out.push_str("</td></tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        Self::more(out, list)
    }

    fn state(&self, handed: &Handed) -> String {
        let mut state = handed.state.word().replace('-', " ");
        let Some(hidden) = &handed.hidden else { return state };
        if let Some(until) = hidden.until {
            state.extend([" until ", &self.time(until)]);
        }
        if let Some(by) = &hidden.by {
            state.extend([", by ", by]);
        }
        match &hidden.reason {
            Some(reason) => state.extend([": ", reason]),
            None if handed.state != AlarmState::Suppressed => state.push_str(", no reason given"),
            None => {}
        }
        state
    }

    fn acts(&self, out: &mut String, list: &Listed<Act>) -> fmt::Result {
        let none = "Nobody wrote anything to an alarm";
        let some = Self::heading_of(out, "What people did", list, none)?;
        if some {
            out.push_str("<table>\n<thead><tr><th>Time</th><th>What</th><th>Alarm</th><th>Value</th><th>Who</th><th>Words</th></tr></thead>\n<tbody>\n");
            for act in &list.first {
                writeln!(
                    out,
                    "<tr><td class=\"time\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td>{}</td><td>{}</td></tr>",
                    Text(&self.time(act.time)),
                    act.event.word().replace('-', " "),
                    Text(act.alarm.as_deref().unwrap_or("")),
                    Text(&act.value),
                    Text(&act.by),
                    Text(act.note.as_deref().unwrap_or(""))
                )?;
            }
            out.push_str("</tbody>\n</table>\n");
            Self::more(out, list)?;
        }
        match self.handover.silent_acknowledgements {
            0 => Ok(()),
            1 => writeln!(out, "<p class=\"muted\">1 more acknowledgement, without a word</p>"),
            count => writeln!(out, "<p class=\"muted\">{count} more acknowledgements, without a word</p>"),
        }
    }

    fn outages(&self, out: &mut String, title: &str, list: &Listed<Outage>, none: &str) -> fmt::Result {
        if !Self::heading_of(out, title, list, none)? {
            return Ok(());
        }
        out.push_str(
            "<table>\n<thead><tr><th>What</th><th>From</th><th>To</th><th>For</th><th>Why</th></tr></thead>\n<tbody>\n",
        );
        for outage in &list.first {
            let from = outage.from.map_or_else(|| "before".to_owned(), |from| self.time(from));
            let to = outage.to.map_or_else(
                || "<span class=\"lasts\">it lasts</span>".to_owned(),
                |to| Text(&self.time(to)).to_string(),
            );
            let lasted =
                outage.from.map(|from| length(outage.to.unwrap_or(self.handover.until) - from)).unwrap_or_default();
            writeln!(
                out,
                "<tr><td>{}</td><td class=\"time\">{}</td><td class=\"time\">{to}</td><td class=\"time\">{lasted}</td><td>{}</td></tr>",
                Text(&outage.what),
                Text(&from),
                Text(&outage.why)
            )?;
        }
        out.push_str("</tbody>\n</table>\n");
        Self::more(out, list)
    }

    fn system(&self, out: &mut String, list: &Listed<(Utc, Event, std::sync::Arc<str>)>) -> fmt::Result {
        if list.all() == 0 {
            return Ok(());
        }
        Self::heading_of(out, "Project, clock and files", list, "")?;
        out.push_str("<table>\n<tbody>\n");
        for (time, event, note) in &list.first {
            let word = event.word().replace('-', " ");
            writeln!(
                out,
                "<tr><td class=\"time\">{}</td><td class=\"time\">{word}</td><td>{}</td></tr>",
                Text(&self.time(*time)),
                Text(note)
            )?;
        }
        out.push_str("</tbody>\n</table>\n");
        Self::more(out, list)
    }

    fn people(&self, out: &mut String) -> fmt::Result {
        let people: Vec<String> = self.handover.people.iter().map(|name| Text(name).to_string()).collect();
        if people.is_empty() {
            return Ok(());
        }
        writeln!(out, "<h2>Who acted</h2>\n<p>{}</p>", people.join(", "))
    }

    fn time(&self, utc: Utc) -> String {
        let of_now = jiff::Timestamp::from_microsecond(self.handover.until.0).map(|t| t.to_zoned(self.zone.clone()));
        match jiff::Timestamp::from_microsecond(utc.0).map(|t| t.to_zoned(self.zone.clone())) {
            Ok(local) if of_now.as_ref().is_ok_and(|now| now.year() == local.year()) => {
                local.strftime("%a %-d %b %H:%M:%S").to_string()
            }
            Ok(local) => local.strftime("%-d %b %Y %H:%M:%S").to_string(),
            Err(_) => utc.to_rfc3339(),
        }
    }

    fn zone_name(&self) -> String {
        let offset = jiff::Timestamp::from_microsecond(self.handover.until.0)
            .map(|t| t.to_zoned(self.zone.clone()).strftime("%:z").to_string())
            .unwrap_or_default();
        self.zone.iana_name().map_or_else(|| format!("UTC{offset}"), |name| format!("{name} (UTC{offset})"))
    }
}

/// `38 s`, `12 m`, `2 h 43 m`, `3 d 4 h`.
fn length(span: Span) -> String {
    let secs = span.0.max(0) / 1_000_000;
    match (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, _) => format!("{m} m"),
        (0, h, m, _) => format!("{h} h {m} m"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}
