//! The conformance report: fields that are missing, the indicators they feed, and the points that puts at risk.
//!
//! A field feeds an indicator when a fact column it makes stands in one of the indicator's conditions: read from the
//! set, so that another set gives another report. At risk are all points of an indicator of which some dossier lacks a
//! field; the share of dossiers says how much of it to expect. Not here: counting (`ingest::exchange::Conformance`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use compute::facts::Subject;
use compute::set::{Indicator, IndicatorSet};
use ingest::exchange::{Conformance, Example, FieldCount, FindingCount, NEEDS, Need};
use serde_json::{Value, json};

use super::words::{self, Language};

/// What a file of messages came to.
pub(super) struct Report<'a> {
    set: &'a IndicatorSet,
    messages: usize,
    rejected: usize,
    dossiers: usize,
    events: usize,
    fields: Vec<FieldRisk<'a>>,
    findings: Vec<FindingCount>,
}

struct FieldRisk<'a> {
    count: FieldCount,
    indicators: Vec<&'a Indicator>,
}

impl FieldRisk<'_> {
    fn is_at_risk(&self) -> bool {
        self.count.missing + self.count.unusable > 0
    }

    fn points(&self) -> u64 {
        if self.is_at_risk() { self.indicators.iter().map(|one| one.file.max).sum() } else { 0 }
    }

    /// `2.1 (20) + 5.4 (6) = 26`.
    fn computation(&self) -> String {
        computation(&self.indicators)
    }
}

fn computation(indicators: &[&Indicator]) -> String {
    let terms: Vec<String> =
        indicators.iter().map(|one| format!("{} ({})", one.file.code, one.file.max)).collect();
    let sum: u64 = indicators.iter().map(|one| one.file.max).sum();
    if terms.is_empty() { "0".to_owned() } else { format!("{} = {sum}", terms.join(" + ")) }
}

/// The indicators in whose conditions one of `columns` stands.
fn fed<'a>(set: &'a IndicatorSet, columns: &BTreeSet<&str>) -> Vec<&'a Indicator> {
    let stands = |text: &str| {
        text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .any(|word| columns.contains(word))
    };
    let is_fed = |indicator: &&Indicator| {
        let measure = &indicator.file.measure;
        // Only columns of dossiers count: a petition is received, too.
        let is_own = indicator.subject() == Subject::Dossier
            && [&measure.population, &measure.denominator, &measure.numerator]
                .into_iter()
                .any(|one| stands(one.get_ref()));
        is_own || measure.with_dossier.as_ref().is_some_and(|one| stands(one.get_ref()))
    };
    set.indicators.iter().filter(is_fed).collect()
}

impl<'a> Report<'a> {
    /// What `conformance` means for `set`.
    pub(super) fn new(conformance: Conformance, set: &'a IndicatorSet) -> Report<'a> {
        let fields = conformance.fields().into_iter().map(|count| {
            let columns: BTreeSet<&str> = if count.unusable > 0 {
                count.need.columns_if_unusable().collect()
            } else {
                count.need.columns.iter().copied().collect()
            };
            FieldRisk { indicators: fed(set, &columns), count }
        });
        Report {
            set,
            messages: conformance.messages,
            rejected: conformance.rejected,
            dossiers: conformance.dossiers(),
            events: conformance.events,
            fields: fields.collect(),
            findings: conformance.findings(),
        }
    }

    /// Whether nothing is missing and nothing is odd.
    pub(super) fn conforms(&self) -> bool {
        self.findings.is_empty() && !self.fields.iter().any(FieldRisk::is_at_risk)
    }

    /// The indicators of which some dossier lacks a field, each once.
    fn at_risk(&self) -> Vec<&'a Indicator> {
        let is_hit = |indicator: &&Indicator| !self.lacking(indicator).is_empty();
        self.set.indicators.iter().filter(is_hit).collect()
    }

    /// The fields some dossier lacks for `indicator`.
    fn lacking(&self, indicator: &Indicator) -> Vec<&FieldRisk<'a>> {
        let feeds = |field: &&FieldRisk<'_>| {
            field.is_at_risk() && field.indicators.iter().any(|one| one.file.code == indicator.file.code)
        };
        self.fields.iter().filter(feeds).collect()
    }

    /// Indicators of which these messages say no more than that the dossier was accepted, if that.
    fn elsewhere(&self) -> Vec<&'a Indicator> {
        let is_entry = |need: &&Need| need.columns.contains(&"received");
        let columns = NEEDS.iter().filter(|need| !is_entry(need)).flat_map(|need| need.columns).copied();
        let fed = fed(self.set, &columns.collect());
        let is_fed = |indicator: &Indicator| fed.iter().any(|one| one.file.code == indicator.file.code);
        self.set.indicators.iter().filter(|indicator| !is_fed(indicator)).collect()
    }

    /// The report for programs.
    pub(super) fn json(&self) -> Value {
        let at_risk = self.at_risk();
        let fields: Vec<Value> = self.fields.iter().map(field_json).collect();
        let indicators = self.set.indicators.iter().map(|indicator| {
            let lacking: Vec<&str> =
                self.lacking(indicator).iter().map(|field| field.count.need.field).collect();
            json!({
                "code": indicator.file.code, "group": indicator.file.group, "max": indicator.file.max,
                "lacking": lacking, "points_at_risk": if lacking.is_empty() { 0 } else { indicator.file.max },
            })
        });
        let findings = self.findings.iter().map(|one| {
            json!({
                "code": one.code, "field": one.field, "is_rejection": one.is_rejection, "messages": one.count,
                "advice": one.advice, "examples": examples_json(&one.examples),
            })
        });
        json!({
            "conforms": self.conforms(), "set": self.set.file.id, "messages": self.messages,
            "rejected": self.rejected, "dossiers": self.dossiers, "events": self.events,
            "points_at_risk": at_risk.iter().map(|one| one.file.max).sum::<u64>(),
            "computation": computation(&at_risk),
            "fields": fields, "indicators": indicators.collect::<Vec<_>>(),
            "not_in_messages": self.elsewhere().iter().map(|one| &one.file.code).collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        })
    }

    /// The report for reading.
    pub(super) fn text(&self, language: Language) -> String {
        let mut out = String::new();
        let say = |vi, en| language.of(vi, en);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "{}: {} · {}: {} · {}: {} · {}: {}",
            say("Thông điệp", "Messages"),
            self.messages,
            say("bị loại ra", "set aside"),
            self.rejected,
            say("hồ sơ", "dossiers"),
            self.dossiers,
            say("sự kiện", "events"),
            self.events,
        );
        let verdict = if self.conforms() {
            say(
                "ĐẠT: không thiếu trường nào, không có phát hiện",
                "CONFORMS: nothing is missing, nothing is odd",
            )
        } else {
            say("CHƯA ĐẠT", "DOES NOT CONFORM")
        };
        let _ = writeln!(out, "{verdict}");
        let at_risk = self.at_risk();
        let heading = say("Điểm có nguy cơ mất", "Points at risk");
        let _ = writeln!(out, "{heading} ({}): {}", self.set.file.id, computation(&at_risk));
        self.write_fields(language, &mut out);
        self.write_groups(language, &mut out);
        self.write_findings(language, &mut out);
        let elsewhere: Vec<&str> = self.elsewhere().iter().map(|one| one.file.code.as_str()).collect();
        let heading = say(
            "Chỉ số không lấy từ thông điệp này (cần sự kiện khác)",
            "Indicators these messages do not feed (other events do)",
        );
        let _ = writeln!(out, "\n{heading}: {}", elsewhere.join(", "));
        out
    }

    fn write_fields(&self, language: Language, out: &mut String) {
        let say = |vi, en| language.of(vi, en);
        let _ = writeln!(out, "\n{}", say("TRƯỜNG DỮ LIỆU", "FIELDS"));
        for field in &self.fields {
            let count = &field.count;
            if !field.is_at_risk() {
                let _ = writeln!(out, "  ✓ {} ({})", count.need.field, count.dossiers);
                continue;
            }
            let _ = writeln!(
                out,
                "  ✗ {}: {} {}, {} {}, {} {} {}",
                count.need.field,
                say("thiếu ở", "missing in"),
                count.missing,
                say("không đọc được ở", "unusable in"),
                count.unusable,
                say("trên", "of"),
                count.dossiers,
                say("hồ sơ", "dossiers"),
            );
            let _ = writeln!(out, "      {}: {}", say("điểm", "points"), field.computation());
            let _ = writeln!(out, "      {}: {}", say("ví dụ", "examples"), told(&count.examples, language));
        }
    }

    fn write_groups(&self, language: Language, out: &mut String) {
        let say = |vi, en| language.of(vi, en);
        let _ = writeln!(out, "\n{}", say("NHÓM VÀ CHỈ SỐ CÓ NGUY CƠ", "GROUPS AND INDICATORS AT RISK"));
        for group in self.set.groups() {
            let at_risk = self.at_risk();
            let members: Vec<_> = at_risk.into_iter().filter(|one| one.file.group == group.id).collect();
            if members.is_empty() {
                continue;
            }
            let title = language.of(&group.vi, &group.en);
            let _ = writeln!(out, "  {title}: {} / {}", computation(&members), group.max);
            for indicator in members {
                let title = language.of(&indicator.file.words.vi.title, &indicator.file.words.en.title);
                let fields: Vec<&str> =
                    self.lacking(indicator).iter().map(|field| field.count.need.field).collect();
                let _ = writeln!(
                    out,
                    "    {} {title} ({}): {}",
                    indicator.file.code,
                    indicator.file.max,
                    fields.join(", ")
                );
            }
        }
    }

    fn write_findings(&self, language: Language, out: &mut String) {
        let _ = writeln!(out, "\n{}", language.of("PHÁT HIỆN", "FINDINGS"));
        for finding in &self.findings {
            let sentence = words::sentence(finding.code, language).unwrap_or(finding.advice);
            let field = finding.field.map(|field| format!(" · {field}")).unwrap_or_default();
            let kind = if finding.is_rejection {
                language.of("bị loại ra", "set aside")
            } else {
                language.of("lưu ý", "note")
            };
            let _ = writeln!(out, "  [{kind}] {}{field} × {}: {sentence}", finding.code, finding.count);
            let heading = language.of("ví dụ", "examples");
            let _ = writeln!(out, "      {heading}: {}", told(&finding.examples, language));
        }
    }
}

fn field_json(field: &FieldRisk<'_>) -> Value {
    let count = &field.count;
    json!({
        "field": count.need.field, "dossiers": count.dossiers, "missing": count.missing,
        "unusable": count.unusable,
        "indicators": field.indicators.iter().map(|one| &one.file.code).collect::<Vec<_>>(),
        "points_at_risk": field.points(),
        "computation": if field.is_at_risk() { field.computation() } else { "0".to_owned() },
        "examples": examples_json(&count.examples),
    })
}

fn examples_json(examples: &[Example]) -> Vec<Value> {
    examples.iter().map(|one| json!({ "dossier": one.dossier, "position": one.position })).collect()
}

fn told(examples: &[Example], language: Language) -> String {
    let word = language.of("thông điệp", "message");
    let told: Vec<String> = examples
        .iter()
        .map(|one| format!("{} ({word} {})", one.dossier.as_deref().unwrap_or("?"), one.position))
        .collect();
    told.join(", ")
}
