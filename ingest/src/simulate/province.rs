//! The made-up province: its agencies, officers, sending systems, and how well each of them works.
//!
//! Two tiers, as since July 2025: the province, its departments, its communes. Quality differs on purpose: a
//! tenth of the agencies and a twentieth of the officers are slow, so that rankings and warnings have
//! something to find. Procedures are in `catalogue`; what agencies and officers do with a dossier is in
//! `dossier_life`.

use super::Plan;
use super::catalogue::{self, ProcedureRecord};
use super::chance::Chance;
use super::happening::{Agency, Officer, Source};
use super::names;
use super::working_clock::day_of;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgencyKind {
    Province,
    Department,
    Commune,
}

/// How an agency works, in per-thousand shares of its dossiers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    pub(super) late: u32,
    pub(super) online: u32,
    pub(super) synced: u32,
    pub(super) digital_result: u32,
    pub(super) digitised: u32,
    pub(super) filed_on_behalf: u32,
    pub(super) closed_early: u32,
    pub(super) slow_to_accept: u32,
    pub(super) is_slack: bool,
    /// Finishes most dossiers in one go on Friday afternoon.
    pub(super) batches_its_ends: bool,
    pub(super) sends_particulars: bool,
}

#[derive(Debug)]
pub(super) struct AgencyRecord {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) name_english: String,
    pub(super) kind: AgencyKind,
    pub(super) predecessors: Vec<String>,
    pub(super) valid_from: Option<i64>,
    pub(super) habits: Habits,
    first_officer: u32,
    officer_count: u32,
}

#[derive(Debug)]
pub(super) struct OfficerRecord {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) position: &'static str,
    pub(super) agency: Agency,
    pub(super) valid_from: Option<i64>,
    pub(super) valid_to: Option<i64>,
    pub(super) is_slow: bool,
}

/// How a sending system writes instants.
#[derive(Debug, Clone, Copy)]
pub(super) enum InstantStyle {
    LocalSeconds,
    LocalMillis,
    UniversalMillis,
}

#[derive(Debug)]
pub(super) struct SourceRecord {
    pub(super) path: String,
    pub(super) id_prefix: String,
    pub(super) instant_style: InstantStyle,
    pub(super) omits_empty_data: bool,
}

/// The systems of the province that are not an agency's one-stop system.
#[derive(Debug, Clone, Copy)]
pub(super) enum CentralSystem {
    NationalExchange,
    Payment,
    Rating,
    Organisation,
    Procedures,
    Petitions,
    Reports,
}

const CENTRAL_SYSTEMS: [(&str, &str); 7] = [
    ("/song-lam/lien-thong", "lt"),
    ("/song-lam/thanh-toan", "tt"),
    ("/song-lam/danh-gia", "dg"),
    ("/song-lam/to-chuc", "tc"),
    ("/song-lam/thu-tuc", "th"),
    ("/song-lam/phan-anh", "pa"),
    ("/song-lam/bao-cao", "bc"),
];

/// 2025-07-01: districts ended and communes were merged.
const TWO_TIERS_SINCE: i64 = 20_270;
pub(super) const PROVINCE: Agency = Agency(0);

#[derive(Debug)]
pub(super) struct Province {
    pub(super) agencies: Vec<AgencyRecord>,
    pub(super) officers: Vec<OfficerRecord>,
    pub(super) procedures: Vec<ProcedureRecord>,
    pub(super) sources: Vec<SourceRecord>,
    department_count: u32,
    commune_procedure_count: u32,
    /// Running totals of filings expected, one an agency, for drawing the agency of a filing.
    filing_weights: Vec<u64>,
}

impl Province {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut chance = Chance::new(plan.seed, "province");
        let departments = plan.agencies.departments.clamp(1, 99);
        let communes = plan.agencies.communes.max(1);
        let valid_from = (day_of(plan.from) >= TWO_TIERS_SINCE).then_some(TWO_TIERS_SINCE);
        let mut agencies = vec![province_itself()];
        agencies.extend((0..departments).map(|number| department(number, &mut chance)));
        agencies.extend((0..communes).map(|number| commune(number, valid_from, &mut chance)));
        let filing_weights = filing_weights(&agencies, &mut chance);
        let officers = officers(&mut agencies, &filing_weights, plan.officers, &mut chance);
        let (procedures, commune_procedure_count) =
            catalogue::procedures(plan.procedures, departments, &mut chance);
        let sources = sources(&agencies, &mut chance);
        Self {
            agencies,
            officers,
            procedures,
            sources,
            department_count: departments,
            commune_procedure_count,
            filing_weights,
        }
    }

    pub(super) fn agency(&self, agency: Agency) -> &AgencyRecord {
        &self.agencies[agency.0 as usize]
    }

    pub(super) fn source_of(&self, system: CentralSystem) -> Source {
        Source(self.agencies.len() as u32 + system as u32)
    }

    pub(super) fn any_filing_agency(&self, chance: &mut Chance) -> Agency {
        let total = self.filing_weights.last().copied().unwrap_or(0);
        let drawn = chance.below(total);
        Agency(self.filing_weights.partition_point(|weight| *weight <= drawn) as u32)
    }

    /// A procedure of the agency's own list; few of them make most of the dossiers.
    pub(super) fn any_procedure(&self, agency: Agency, chance: &mut Chance) -> super::happening::Procedure {
        let commune_procedures = u64::from(self.commune_procedure_count);
        let (first, step, count) = match self.agency(agency).kind {
            AgencyKind::Commune => (0, 1, commune_procedures),
            AgencyKind::Province | AgencyKind::Department => {
                let departments = u64::from(self.department_count);
                let own = u64::from(agency.0.max(1)) - 1;
                let provincial = self.procedures.len() as u64 - commune_procedures;
                let count = (provincial + departments - 1 - own.min(provincial)) / departments;
                (commune_procedures + own, departments, count)
            }
        };
        let skew = chance.fraction() * chance.fraction() * chance.fraction();
        let rank = (skew * count as f64) as u64;
        let last = self.procedures.len() as u64 - 1;
        super::happening::Procedure((first + rank * step).min(last) as u32)
    }

    /// Who takes dossiers in at the counter.
    pub(super) fn receiving_officer(&self, agency: Agency, chance: &mut Chance) -> Officer {
        let record = self.agency(agency);
        Officer(record.first_officer + chance.below(u64::from(record.officer_count.div_ceil(6))) as u32)
    }

    pub(super) fn any_officer(&self, agency: Agency, chance: &mut Chance) -> Officer {
        let record = self.agency(agency);
        Officer(record.first_officer + chance.below(u64::from(record.officer_count)) as u32)
    }

    pub(super) fn head_of(&self, agency: Agency) -> Officer {
        Officer(self.agency(agency).first_officer)
    }

    /// The last officer of an agency leaves, for another agency or for good, and takes no more dossiers;
    /// `None` if nobody can be spared.
    pub(super) fn release_officer(&mut self, from: Agency, to: Option<Agency>, day: i64) -> Option<Officer> {
        let record = &mut self.agencies[from.0 as usize];
        if record.officer_count < 3 {
            return None;
        }
        record.officer_count -= 1;
        let officer = Officer(record.first_officer + record.officer_count);
        let leaving = &mut self.officers[officer.0 as usize];
        match to {
            Some(agency) => {
                leaving.agency = agency;
                leaving.valid_from = Some(day);
            }
            // Open dossiers stay in the leaver's name for a month.
            None => leaving.valid_to = Some(day + 31),
        }
        Some(officer)
    }

    /// A commune becomes a ward; `None` for every other agency.
    pub(super) fn raise_to_ward(&mut self, agency: Agency, day: i64) -> Option<Agency> {
        let record = &mut self.agencies[agency.0 as usize];
        let name = record.name.strip_prefix("Xã ")?;
        record.name = format!("Phường {name}");
        record.name_english = record.name_english.replace("Commune", "Ward");
        record.valid_from = Some(day);
        Some(agency)
    }
}

fn province_itself() -> AgencyRecord {
    AgencyRecord {
        code: "H99".into(),
        name: names::PROVINCE.into(),
        name_english: names::PROVINCE_ENGLISH.into(),
        kind: AgencyKind::Province,
        predecessors: Vec::new(),
        valid_from: None,
        habits: Habits {
            is_slack: false,
            batches_its_ends: false,
            ..habits(&mut Chance::new(0, "province"))
        },
        first_officer: 0,
        officer_count: 0,
    }
}

fn department(number: u32, chance: &mut Chance) -> AgencyRecord {
    let (name, name_english) = names::DEPARTMENTS[number as usize % names::DEPARTMENTS.len()];
    AgencyRecord {
        code: format!("H99.{:02}", number + 1),
        name: name.into(),
        name_english: name_english.into(),
        kind: AgencyKind::Department,
        predecessors: Vec::new(),
        valid_from: None,
        habits: habits(chance),
        first_officer: 0,
        officer_count: 0,
    }
}

fn commune(number: u32, valid_from: Option<i64>, chance: &mut Chance) -> AgencyRecord {
    // 20 and 21 have no common factor, so the pairs repeat only after 420 communes.
    let first = number as usize % names::PLACE_FIRST.len();
    let second = number as usize % names::PLACE_SECOND.len();
    let (kind, kind_english) =
        if number.is_multiple_of(6) { ("Phường", "Ward") } else { ("Xã", "Commune") };
    let merged = chance.between(2, 4);
    AgencyRecord {
        code: format!("H99.{}", number + 100),
        name: format!("{kind} {} {}", names::PLACE_FIRST[first], names::PLACE_SECOND[second]),
        name_english: format!(
            "{} {} {kind_english}",
            names::PLACE_FIRST_PLAIN[first],
            names::PLACE_SECOND_PLAIN[second]
        ),
        kind: AgencyKind::Commune,
        predecessors: (0..merged)
            .map(|part| format!("H98.{}.{:02}", 20 + number % 12, number / 12 * 4 + part as u32))
            .collect(),
        valid_from,
        habits: habits(chance),
        first_officer: 0,
        officer_count: 0,
    }
}

fn habits(chance: &mut Chance) -> Habits {
    let is_slack = chance.happens(100);
    let mut share = |good: (i64, i64), bad: (i64, i64)| {
        let (least, most) = if is_slack { bad } else { good };
        chance.between(least, most) as u32
    };
    Habits {
        late: share((20, 130), (250, 420)),
        online: share((520, 760), (250, 500)),
        synced: share((900, 998), (550, 850)),
        digital_result: share((600, 980), (200, 550)),
        digitised: share((550, 950), (150, 500)),
        filed_on_behalf: share((0, 20), (40, 160)),
        closed_early: share((0, 6), (30, 90)),
        slow_to_accept: share((10, 50), (120, 260)),
        is_slack,
        batches_its_ends: is_slack && chance.happens(400),
        sends_particulars: chance.happens(150),
    }
}

/// Departments take in about two fifths of the dossiers, the first of them (land, construction, justice)
/// most.
fn filing_weights(agencies: &[AgencyRecord], chance: &mut Chance) -> Vec<u64> {
    let departments = agencies.iter().filter(|agency| agency.kind == AgencyKind::Department).count() as u64;
    let communes = agencies.len() as u64 - 1 - departments;
    let mut total = 0;
    agencies
        .iter()
        .enumerate()
        .map(|(index, agency)| {
            total += match agency.kind {
                AgencyKind::Province => 0,
                AgencyKind::Department => {
                    1 + 40_000 * communes * 2 * (departments + 1 - index as u64)
                        / (departments * (departments + 1))
                }
                AgencyKind::Commune => chance.between(20_000, 100_000) as u64,
            };
            total
        })
        .collect()
}

fn officers(
    agencies: &mut [AgencyRecord],
    filing_weights: &[u64],
    wanted: u32,
    chance: &mut Chance,
) -> Vec<OfficerRecord> {
    let mut officers: Vec<OfficerRecord> = Vec::new();
    let total_weight = filing_weights.last().copied().unwrap_or(1).max(1);
    let mut weight_before = 0;
    for (index, agency) in agencies.iter_mut().enumerate() {
        let weight = filing_weights[index] - weight_before;
        weight_before = filing_weights[index];
        let share = (u64::from(wanted) * weight / total_weight) as u32;
        agency.first_officer = officers.len() as u32;
        agency.officer_count = share.max(1);
        for number in 0..agency.officer_count {
            let short_code = agency.code.get(4..).unwrap_or("00");
            officers.push(OfficerRecord {
                code: format!("CB-{short_code}-{:04}", number + 1),
                name: names::person(chance.index(1 << 20)).join(" "),
                position: if number == 0 {
                    names::RECEIVING_POSITION
                } else {
                    chance.pick(&names::POSITIONS)
                },
                agency: Agency(index as u32),
                valid_from: None,
                valid_to: None,
                is_slow: chance.happens(50),
            });
        }
    }
    officers
}

fn sources(agencies: &[AgencyRecord], chance: &mut Chance) -> Vec<SourceRecord> {
    let one_stops = agencies
        .iter()
        .enumerate()
        .map(|(number, agency)| (format!("/song-lam/mot-cua/{}", agency.code), format!("mc{number}")));
    let central = CENTRAL_SYSTEMS.iter().map(|(path, prefix)| ((*path).to_owned(), (*prefix).to_owned()));
    one_stops
        .chain(central)
        .map(|(path, id_prefix)| SourceRecord {
            path,
            id_prefix,
            instant_style: match chance.below(10) {
                0..6 => InstantStyle::LocalSeconds,
                6..9 => InstantStyle::LocalMillis,
                _ => InstantStyle::UniversalMillis,
            },
            omits_empty_data: chance.happens(300),
        })
        .collect()
}
