//! Messages in words: templates of text with places to fill, Vietnamese first, English below; and as JSON.
//!
//! A template's first line is the subject. Templates can be replaced one by one by files of the same name. Not here: who
//! is told what (`desk`, `outbox`).

use std::path::Path;

use compute::instant::Instant;
use serde_json::{Value, json};
use thiserror::Error;

use crate::alert::{About, Alert, Phase};
use crate::desk::{DigestLine, Notice};
use crate::message::{Item, Message};
use crate::outbox::Parcel;
use crate::rule::Rule;
use crate::settings::{ChannelKind, ChannelSettings};

/// Alerts named in one message; of the others only how many there are.
const ITEMS_MAX: usize = 50;
/// Lines of a digest.
const LINES_MAX: usize = 200;
/// Bytes of a template.
const TEMPLATE_BYTES_MAX: usize = 64 << 10;

/// Why templates are refused.
#[derive(Debug, Error)]
pub enum TextsError {
    /// It cannot be read.
    #[error("template {file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
    /// It asks for what is not there.
    #[error("template {file}: there is nothing called {name}; there are {known}")]
    Unknown {
        /// The file.
        file: String,
        /// What it asks for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// The names of units, in Vietnamese and English.
pub trait Names {
    /// The unit's, or its code where it has none.
    fn unit(&self, code: &str) -> (String, String);
}

/// The templates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Texts {
    notice: String,
    line: String,
    digest: String,
    digest_line: String,
    link_base: String,
}

const NOTICE: &[&str] = &[
    "rule", "rule_vi", "rule_en", "severity", "unit", "unit_vi", "unit_en", "count", "phase_vi", "phase_en",
    "step_vi", "step_en", "at", "lines", "more_vi", "more_en", "link",
];
const LINE: &[&str] = &["subject", "since", "due", "officer", "value", "link"];
const DIGEST: &[&str] = &["title_vi", "title_en", "at", "count", "lines", "link"];
const DIGEST_LINE: &[&str] = &["unit", "unit_vi", "unit_en", "rule", "rule_vi", "rule_en", "open", "new"];

impl Texts {
    /// The templates built in, and instead of them what lies in `folder`.
    ///
    /// # Errors
    /// [`TextsError`] naming the file and the place to fill that is not known.
    pub fn read(folder: Option<&Path>, link_base: &str) -> Result<Texts, TextsError> {
        let read = |name: &str, built_in: &str, known: &[&str]| {
            let path = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
            let file = path.as_ref().map_or_else(|| name.to_owned(), |path| path.display().to_string());
            let text = match path {
                None => built_in.to_owned(),
                Some(path) => std::fs::read_to_string(path)
                    .map_err(|error| TextsError::File { file: file.clone(), problem: error.to_string() })?,
            };
            if text.len() > TEMPLATE_BYTES_MAX {
                let problem = format!("it has more than {TEMPLATE_BYTES_MAX} bytes");
                return Err(TextsError::File { file, problem });
            }
            let slip = asked(&text).find(|name| !known.contains(name)).map(str::to_owned);
            match slip {
                Some(name) => Err(TextsError::Unknown { file, name, known: known.join(", ") }),
                None => Ok(text),
            }
        };
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let file = folder.display().to_string();
            return Err(TextsError::File { file, problem: "there is no such folder".to_owned() });
        }
        Ok(Texts {
            notice: read("notice.txt", include_str!("../templates/notice.txt"), NOTICE)?,
            line: read("line.txt", include_str!("../templates/line.txt"), LINE)?,
            digest: read("digest.txt", include_str!("../templates/digest.txt"), DIGEST)?,
            digest_line: read("digest_line.txt", include_str!("../templates/digest_line.txt"), DIGEST_LINE)?,
            link_base: link_base.trim_end_matches('/').to_owned(),
        })
    }

    /// A parcel as the message of a channel.
    pub fn message(
        &self,
        parcel: &Parcel,
        channel: &ChannelSettings,
        rules: &[Rule],
        names: &impl Names,
    ) -> Message {
        let (at, subject, body) = match parcel {
            Parcel::Notice(notice) => {
                let (subject, text) = self.notice(notice, rules, names);
                let body = match channel.kind {
                    ChannelKind::Smtp => text,
                    ChannelKind::Webhook => {
                        self.notice_json(notice, rules, names, (&subject, &text)).to_string()
                    }
                    ChannelKind::Alertmanager => self.alertmanager(notice, channel, rules).to_string(),
                    ChannelKind::Kafka => self.records(notice, rules).to_string(),
                };
                (notice.at, subject, body)
            }
            Parcel::Digest(at, lines) | Parcel::Folded(at, lines) => {
                let is_folded = matches!(parcel, Parcel::Folded(..));
                let (subject, text) = self.digest((*at, lines), is_folded, rules, names);
                let kind = if is_folded { "folded" } else { "digest" };
                let body = match channel.kind {
                    ChannelKind::Smtp => text,
                    // No digest goes to a topic.
                    ChannelKind::Webhook | ChannelKind::Kafka => {
                        digest_json(kind, (*at, lines), (&subject, &text)).to_string()
                    }
                    ChannelKind::Alertmanager => {
                        self.alertmanager_digest(kind, (*at, lines), channel).to_string()
                    }
                };
                (*at, subject, body)
            }
        };
        let made_at = at.unix_seconds();
        Message {
            number: 0,
            id: Message::id_of(&channel.name, &body),
            channel: channel.name.clone(),
            subject,
            body,
            made_at,
            next_try: made_at,
            tries: 0,
        }
    }

    fn link(&self, path: &str) -> Option<String> {
        (!self.link_base.is_empty()).then(|| format!("{}{path}", self.link_base))
    }

    /// The page of what an alert is about; pages ask who is there, an address opens nothing by itself.
    fn link_of(&self, alert: &Alert) -> Option<String> {
        match alert.about {
            About::Dossier => self.link(&format!("/ho-so/{}", encoded(&alert.key.subject))),
            About::Unit => self.link(&format!("/don-vi/{}", encoded(&alert.unit))),
            About::Officer => self.link(&format!("/can-bo/{}", encoded(&alert.key.subject))),
            About::Petition | About::Source => self.link("/canh-bao"),
        }
    }

    fn notice(&self, notice: &Notice, rules: &[Rule], names: &impl Names) -> (String, String) {
        let shown = notice.alerts.iter().take(ITEMS_MAX).map(|alert| {
            let item = Item::of(alert, self.link_of(alert));
            let value = item.value.map_or_else(String::new, |value| value.to_string());
            fill(
                &self.line,
                &[
                    ("subject", &item.subject),
                    ("since", &item.since),
                    ("due", item.due.as_deref().unwrap_or("–")),
                    ("officer", item.officer.as_deref().unwrap_or("–")),
                    ("value", &value),
                    ("link", item.link.as_deref().unwrap_or("")),
                ],
            )
        });
        let lines: String = shown.collect();
        let rest = notice.alerts.len().saturating_sub(ITEMS_MAX);
        let more = |text: &str| if rest == 0 { String::new() } else { text.replace("{}", &rest.to_string()) };
        let (rule_vi, rule_en) = words_of(rules, &notice.rule);
        let (unit_vi, unit_en) = names.unit(&notice.unit);
        let (phase_vi, phase_en) = phase_words(notice.phase);
        let (step_vi, step_en) = step_words(notice.step);
        let severity =
            rules.iter().find(|rule| rule.id == notice.rule).map_or("info", |rule| rule.severity.name());
        let filled = fill(
            &self.notice,
            &[
                ("rule", &notice.rule),
                ("rule_vi", rule_vi),
                ("rule_en", rule_en),
                ("severity", severity),
                ("unit", &notice.unit),
                ("unit_vi", &unit_vi),
                ("unit_en", &unit_en),
                ("count", &notice.alerts.len().to_string()),
                ("phase_vi", phase_vi),
                ("phase_en", phase_en),
                ("step_vi", step_vi),
                ("step_en", step_en),
                ("at", &notice.at.to_local()),
                ("lines", lines.trim_end()),
                ("more_vi", &more("… và {} mục khác")),
                ("more_en", &more("… and {} more")),
                ("link", &self.link("/canh-bao").unwrap_or_default()),
            ],
        );
        parted(&filled)
    }

    fn digest(
        &self,
        (at, lines): (Instant, &[DigestLine]),
        is_folded: bool,
        rules: &[Rule],
        names: &impl Names,
    ) -> (String, String) {
        let shown = lines.iter().take(LINES_MAX).map(|line| {
            let ((unit_vi, unit_en), (rule_vi, rule_en)) =
                (names.unit(&line.unit), words_of(rules, &line.rule));
            fill(
                &self.digest_line,
                &[
                    ("unit", &line.unit),
                    ("unit_vi", &unit_vi),
                    ("unit_en", &unit_en),
                    ("rule", &line.rule),
                    ("rule_vi", rule_vi),
                    ("rule_en", rule_en),
                    ("open", &line.open.to_string()),
                    ("new", &line.new.to_string()),
                ],
            )
        });
        let shown: String = shown.collect();
        let (title_vi, title_en) = if is_folded {
            ("Cảnh báo gộp do quá nhiều trong một giờ", "Alerts folded: too many in one hour")
        } else {
            ("Tổng hợp cảnh báo trong ngày", "Daily digest of alerts")
        };
        let count: u64 = lines.iter().map(|line| line.open).sum();
        let filled = fill(
            &self.digest,
            &[
                ("title_vi", title_vi),
                ("title_en", title_en),
                ("at", &at.to_local()),
                ("count", &count.to_string()),
                ("lines", shown.trim_end()),
                ("link", &self.link("/canh-bao").unwrap_or_default()),
            ],
        );
        parted(&filled)
    }

    fn notice_json(
        &self,
        notice: &Notice,
        rules: &[Rule],
        names: &impl Names,
        (subject, text): (&str, &str),
    ) -> Value {
        let (rule_vi, rule_en) = words_of(rules, &notice.rule);
        let (unit_vi, unit_en) = names.unit(&notice.unit);
        let items: Vec<Item> =
            notice.alerts.iter().take(ITEMS_MAX).map(|alert| Item::of(alert, self.link_of(alert))).collect();
        json!({
            "kind": "alerts", "phase": notice.phase.name(), "rule": notice.rule,
            "title": { "vi": rule_vi, "en": rule_en },
            "unit": { "code": notice.unit, "vi": unit_vi, "en": unit_en },
            "for": step_name(notice.step), "at": notice.at.to_local(), "count": notice.alerts.len(), "alerts": items,
            "subject": subject, "text": text,
        })
    }

    /// The records of a topic: every alert of the notice, each by itself, with its id first.
    fn records(&self, notice: &Notice, rules: &[Rule]) -> Value {
        let severity = rules.iter().find(|rule| rule.id == notice.rule).map(|rule| rule.severity.name());
        let record = |alert: &crate::alert::Alert| {
            let mut record = json!(Item::of(alert, self.link_of(alert)));
            record["phase"] = json!(notice.phase.name());
            record["rule"] = json!(notice.rule);
            record["severity"] = json!(severity.unwrap_or("info"));
            record["unit"] = json!(notice.unit);
            record["for"] = json!(step_name(notice.step));
            record["at"] = json!(notice.at.to_local());
            record
        };
        notice.alerts.iter().map(record).collect()
    }

    /// As Alertmanager's webhook payload, version 4, has it.
    fn alertmanager(&self, notice: &Notice, channel: &ChannelSettings, rules: &[Rule]) -> Value {
        let status = if notice.phase == Phase::Resolved { "resolved" } else { "firing" };
        let (rule_vi, rule_en) = words_of(rules, &notice.rule);
        let severity =
            rules.iter().find(|rule| rule.id == notice.rule).map_or("info", |rule| rule.severity.name());
        let group = json!({ "alertname": notice.rule, "unit": notice.unit });
        let common = json!({
            "alertname": notice.rule, "unit": notice.unit, "severity": severity, "step": step_name(notice.step),
        });
        let words = json!({ "summary": rule_vi, "summary_en": rule_en });
        let alerts = notice.alerts.iter().take(ITEMS_MAX).map(|alert| {
            let mut labels = common.clone();
            labels["subject"] = json!(alert.key.subject);
            let over = if status == "resolved" { notice.at.to_utc() } else { "0001-01-01T00:00:00Z".to_owned() };
            json!({
                "status": status, "labels": labels, "annotations": words, "startsAt": alert.since.to_utc(),
                "endsAt": over, "generatorURL": self.link_of(alert).unwrap_or_default(), "fingerprint": alert.id(),
            })
        });
        json!({
            "version": "4", "groupKey": format!("{{}}:{{alertname=\"{}\", unit=\"{}\"}}", notice.rule, notice.unit),
            "truncatedAlerts": notice.alerts.len().saturating_sub(ITEMS_MAX), "status": status,
            "receiver": channel.name, "groupLabels": group, "commonLabels": common, "commonAnnotations": words,
            "externalURL": self.link("/canh-bao").unwrap_or_default(), "alerts": alerts.collect::<Vec<_>>(),
        })
    }

    fn alertmanager_digest(
        &self,
        kind: &str,
        (at, lines): (Instant, &[DigestLine]),
        channel: &ChannelSettings,
    ) -> Value {
        let alerts = lines.iter().take(LINES_MAX).map(|line| {
            json!({
                "status": "firing",
                "labels": { "alertname": kind, "rule": line.rule, "unit": line.unit, "severity": "info" },
                "annotations": { "open": line.open.to_string(), "new": line.new.to_string() },
                "startsAt": at.to_utc(), "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
                "fingerprint": crate::alert::fingerprint([kind, &line.rule, &line.unit]),
            })
        });
        json!({
            "version": "4", "groupKey": format!("{{}}:{{alertname=\"{kind}\"}}"),
            "truncatedAlerts": lines.len().saturating_sub(LINES_MAX), "status": "firing", "receiver": channel.name,
            "groupLabels": { "alertname": kind }, "commonLabels": { "alertname": kind }, "commonAnnotations": {},
            "externalURL": self.link("/canh-bao").unwrap_or_default(), "alerts": alerts.collect::<Vec<_>>(),
        })
    }
}

fn digest_json(kind: &str, (at, lines): (Instant, &[DigestLine]), (subject, text): (&str, &str)) -> Value {
    let told = lines
        .iter()
        .take(LINES_MAX)
        .map(|line| json!({ "unit": line.unit, "rule": line.rule, "open": line.open, "new": line.new }));
    json!({
        "kind": kind, "at": at.to_local(), "count": lines.iter().map(|line| line.open).sum::<u64>(),
        "lines": told.collect::<Vec<_>>(), "subject": subject, "text": text,
    })
}

fn words_of<'a>(rules: &'a [Rule], id: &'a str) -> (&'a str, &'a str) {
    rules.iter().find(|rule| rule.id == id).map_or((id, id), |rule| (rule.vi.as_str(), rule.en.as_str()))
}

fn phase_words(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Raised => ("Cảnh báo mới", "New"),
        Phase::Escalated => ("Chưa ai nhận xử lý, báo lên cấp trên", "Not acknowledged, escalated"),
        Phase::Again => ("Nhắc lại sau khi hoãn", "Again after a snooze"),
        Phase::Resolved => ("Đã hết", "Resolved"),
    }
}

fn step_words(step: u8) -> (&'static str, &'static str) {
    match step {
        0 => ("cán bộ xử lý", "the officer"),
        1 => ("thủ trưởng đơn vị", "the head of the unit"),
        _ => ("Văn phòng UBND tỉnh", "the province office"),
    }
}

fn step_name(step: u8) -> &'static str {
    match step {
        0 => "officer",
        1 => "head",
        _ => "province",
    }
}

/// The names in braces.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Fills in every place at once: what is filled in is never read as a place.
fn fill(template: &str, with: &[(&str, &str)]) -> String {
    let mut parts = template.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let found = part.split_once('}').and_then(|(name, rest)| {
            let value = with.iter().find(|(known, _)| *known == name)?.1;
            Some((value, rest))
        });
        if let Some((value, rest)) = found {
            out.push_str(value);
            out.push_str(rest);
        } else {
            out.push('{');
            out.push_str(part);
        }
    }
    out
}

/// The first line and the rest. A subject is one line whatever is filled in.
fn parted(filled: &str) -> (String, String) {
    let (subject, text) = filled.split_once('\n').unwrap_or((filled, ""));
    let subject: String = subject.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    (subject, text.trim_end().to_owned() + "\n")
}

/// For a part of a path (RFC 3986: all but the unreserved letters).
fn encoded(text: &str) -> String {
    let one = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_never_read_as_a_place() {
        assert_eq!(fill("{a}-{b}-{c} {", &[("a", "{b}"), ("b", "2")]), "{b}-2-{c} {");
        assert_eq!(parted("a\rb\nrest\n\n"), ("a b".to_owned(), "rest\n".to_owned()));
        assert_eq!(encoded("a/b 1"), "a%2Fb%201");
    }

    #[test]
    fn a_template_that_asks_for_what_is_not_there_is_refused_by_name() {
        let folder = std::env::temp_dir().join(format!("nhip-texts-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("line.txt"), "{applicant}\n").expect("a file");
        let refused = Texts::read(Some(&folder), "").expect_err("it is refused").to_string();
        std::fs::write(folder.join("line.txt"), "* {subject}\n").expect("a file");
        let taken = Texts::read(Some(&folder), "").expect("it is taken");
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert!(
            refused.contains("line.txt: there is nothing called applicant; there are subject"),
            "{refused}"
        );
        assert_eq!(taken.line, "* {subject}\n");
        assert_ne!(taken, Texts::read(None, "").expect("they are built in"));
        assert!(Texts::read(Some(&folder), "").is_err(), "a folder that is not there is a slip");
    }
}
