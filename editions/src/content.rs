//! What an edition says: the rows of a frozen period, what was judged otherwise, and the figures they give.
//!
//! Figures are never taken over: they are counted from the rows, under the indicator sets the edition carries with it, by
//! the engine's own frame and cells. So to check an edition is to write it anew and compare. Not here: how a row is
//! written (`line`), signing (`seal`).

use std::sync::Arc;

use compute::engine::{
    Delay, FreezeError, Frozen, FrozenAgency, FrozenOfficer, FrozenProcedure, FrozenSubject, FrozenUnit,
    Snapshot,
};
use compute::figures::{Figures, Level, UnitFigures};
use compute::instant::Instant;
use compute::period::Period;
use compute::result::ratio;
use compute::set::points::decimal;
use compute::set::{Catalogue, IndicatorSet, Mask, SetError};
use sha2::{Digest, Sha256};

use crate::case::Reason;
use crate::hexadecimal;
use crate::line::{DelayLine, FigureLine, HeadLine, JudgedLine, Line, SubjectLine, TotalLine, UnitLine};

/// Rises when lines are written otherwise.
const FORMAT: u32 = 1;

/// Why an edition cannot be read or counted.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A line that is not what it should be.
    #[error("line {number} cannot be read: {why}")]
    Line {
        /// From 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
    /// Written by a later release.
    #[error("the edition has format {0}, this program reads {FORMAT}; use a later release")]
    Format(u32),
    /// Its indicator sets do not load.
    #[error("its indicator sets cannot be used: {0}")]
    Sets(#[from] SetError),
    /// Its rows cannot be counted.
    #[error(transparent)]
    Rows(#[from] FreezeError),
    /// Its own rows give another line.
    #[error("line {number} is not what the rows give: {found}")]
    Differs {
        /// From 1.
        number: usize,
        /// What stands there.
        found: String,
    },
}

/// What an edition holds for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// 1 for the first of a period, more for its revisions.
    pub number: u32,
    /// The offset of the log up to which events were counted, where there is a log.
    pub log_offset: Option<u64>,
    /// SHA-256 of the working calendar's files.
    pub calendar_hash: String,
    /// The files of the indicator sets.
    pub sources: Vec<(String, String)>,
    /// The release that froze it.
    pub program: String,
    /// The hash of the edition it revises.
    pub revises: Option<String>,
    /// Why it does.
    pub reason: Option<String>,
    /// Whether officers may be shown to the public; `None` until that is decided.
    pub names_officers: Option<bool>,
}

/// A dossier judged otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Its code.
    pub dossier: String,
    /// Why.
    pub reason: Reason,
    /// The edition in which it was decided, and the number of the objection there.
    pub decided_in: (String, usize),
}

/// An edition's content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// What it holds for.
    pub head: Head,
    /// The rows, as they were counted.
    pub frozen: Frozen,
    /// Sorted by dossier.
    pub judged: Vec<Judged>,
}

/// How a dossier is counted after an objection was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Treatment {
    /// As if it had not been late, all else as it is.
    InTime,
    /// Not at all.
    LeftOut,
}

impl Treatment {
    /// The word in the edition.
    pub fn name(self) -> &'static str {
        match self {
            Treatment::InTime => "in_time",
            Treatment::LeftOut => "left_out",
        }
    }
}

/// SHA-256 of files, names included.
pub fn hash_of_files(files: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hexadecimal(&hash.finalize())
}

impl Content {
    /// The period's name and the edition's number: `2026-10`, `2026-10.2`.
    pub fn id(&self) -> String {
        id(self.frozen.period, self.head.number)
    }

    /// The sets it was counted under.
    ///
    /// # Errors
    /// [`ContentError::Sets`].
    pub fn catalogue(&self) -> Result<Arc<Catalogue>, ContentError> {
        Ok(Arc::new(Catalogue::load(self.head.sources.clone())?))
    }

    /// The rows as they are judged.
    pub fn rows(&self) -> Frozen {
        let mut rows = self.frozen.clone();
        for subject in rows.subjects.iter_mut().filter(|subject| !subject.is_petition) {
            let place = self.judged.binary_search_by(|judged| judged.dossier.cmp(&subject.code));
            let Ok(place) = place else { continue };
            match (self.judged[place].reason.treatment(), subject.delay) {
                (Treatment::LeftOut, _) => subject.mask = 0,
                (Treatment::InTime, Some(delay)) => subject.mask = delay.mask_in_time,
                (Treatment::InTime, None) => {}
            }
        }
        rows
    }

    /// The ground of its figures.
    ///
    /// # Errors
    /// [`ContentError::Rows`].
    pub fn snapshot(&self, catalogue: &Arc<Catalogue>) -> Result<Snapshot, ContentError> {
        Ok(self.rows().snapshot(catalogue)?)
    }

    /// The delayed dossiers that are not judged otherwise.
    pub fn delayed(&self) -> impl Iterator<Item = (&FrozenSubject, &Delay)> {
        let delayed =
            self.frozen.subjects.iter().filter_map(|subject| Some((subject, subject.delay.as_ref()?)));
        delayed.filter(|(subject, _)| {
            self.judged.binary_search_by(|judged| judged.dossier.cmp(&subject.code)).is_err()
        })
    }

    /// Every line, counted anew from the rows.
    ///
    /// # Errors
    /// [`ContentError::Rows`].
    pub fn lines(&self, catalogue: &Arc<Catalogue>) -> Result<Vec<String>, ContentError> {
        let frozen = &self.frozen;
        let mut lines = vec![Line::Edition(self.head_line(catalogue)).text()];
        let mut put = |line: Line| lines.push(line.text());
        for (file, text) in &self.head.sources {
            put(Line::Source { file: file.clone(), text: text.clone() });
        }
        frozen.units.iter().for_each(|unit| put(Line::Unit(unit_line(unit))));
        for FrozenOfficer { code, name, agency } in frozen.officers.iter().cloned() {
            put(Line::Officer { code, name, agency });
        }
        frozen.procedures.iter().for_each(|procedure| put(procedure_line(procedure)));
        for agency in &frozen.agencies {
            let masks = agency.masks.map(mask_text);
            put(Line::Agency { code: agency.code.clone(), masks, units: agency.units.clone() });
        }
        frozen.chains.iter().for_each(|units| put(Line::Chain { units: units.clone() }));
        for subject in &frozen.subjects {
            let line = subject_line(subject);
            put(if subject.is_petition { Line::Petition(line) } else { Line::Dossier(line) });
        }
        for judged in &self.judged {
            put(Line::Judged(JudgedLine {
                dossier: judged.dossier.clone(),
                reason: judged.reason.name().to_owned(),
                judged: judged.reason.treatment().name().to_owned(),
                edition: judged.decided_in.0.clone(),
                objection: judged.decided_in.1,
            }));
        }
        let snapshot = self.snapshot(catalogue)?;
        for set in &catalogue.sets {
            for level in [Level::Agency, Level::Officer] {
                figure_lines(&snapshot, set, level, &mut put);
            }
        }
        Ok(lines)
    }

    /// Takes lines back and checks that the rows give every one of them.
    ///
    /// # Errors
    /// [`ContentError`] naming the first line that is wrong.
    pub fn read(lines: &[&str]) -> Result<(Content, Arc<Catalogue>), ContentError> {
        let mut reader = Reader::default();
        for (place, text) in lines.iter().enumerate() {
            let wrong = |why: String| ContentError::Line { number: place + 1, why };
            let line: Line = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
            reader.take(line).map_err(|why| match why.strip_prefix("format ") {
                Some(format) => ContentError::Format(format.parse().unwrap_or_default()),
                None => wrong(why),
            })?;
        }
        let content = reader.finish().map_err(|why| ContentError::Line { number: 1, why })?;
        let catalogue = content.catalogue()?;
        let written = content.lines(&catalogue)?;
        let differs = written.iter().map(String::as_str).ne(lines.iter().copied());
        if differs {
            let place = written.iter().zip(lines).position(|(ours, theirs)| ours != theirs);
            let place = place.unwrap_or(written.len().min(lines.len()));
            let found = lines.get(place).map_or("nothing", |line| line).chars().take(200).collect();
            return Err(ContentError::Differs { number: place + 1, found });
        }
        Ok((content, catalogue))
    }

    fn head_line(&self, catalogue: &Catalogue) -> HeadLine {
        let (head, frozen) = (&self.head, &self.frozen);
        HeadLine {
            format: FORMAT,
            period: frozen.period.to_string(),
            number: head.number,
            as_of: frozen.as_of.to_local(),
            cut: frozen.as_of.min(frozen.period.end()).to_local(),
            is_provisional: frozen.as_of < frozen.period.end(),
            log_offset: head.log_offset,
            sets: catalogue.sets.iter().map(|set| (set.file.id.clone(), set.file.version)).collect(),
            sets_hash: hash_of_files(&head.sources),
            calendar_hash: head.calendar_hash.clone(),
            program: head.program.clone(),
            revises: head.revises.clone(),
            reason: head.reason.clone(),
            names_officers: head.names_officers,
        }
    }
}

/// The name of an edition.
pub fn id(period: Period, number: u32) -> String {
    if number == 1 { period.to_string() } else { format!("{period}.{number}") }
}

fn unit_line(unit: &FrozenUnit) -> UnitLine {
    UnitLine {
        code: unit.code.clone(),
        kind: unit.kind.clone(),
        name: unit.name.clone(),
        name_en: unit.name_en.clone(),
        parent: unit.parent.clone(),
        inherits: unit.province.clone(),
        reported: unit.reported,
        has_row: unit.has_row,
    }
}

fn procedure_line(procedure: &FrozenProcedure) -> Line {
    Line::Procedure {
        code: procedure.code.clone(),
        masks: procedure.masks.map(mask_text),
        in_force: procedure.is_in_force,
        commune: procedure.is_communal,
        province: procedure.is_provincial,
        owners: procedure.owners.clone(),
    }
}

fn subject_line(subject: &FrozenSubject) -> SubjectLine {
    SubjectLine {
        code: subject.code.clone(),
        chain: subject.chain,
        officer: subject.officer.clone(),
        procedure: subject.procedure.clone(),
        mask: mask_text(subject.mask),
        delay: subject.delay.map(|delay| DelayLine {
            due: delay.due.map(Instant::to_local),
            ended_at: delay.ended_at.map(Instant::to_local),
            over_seconds: delay.over_seconds,
            mask_in_time: mask_text(delay.mask_in_time),
        }),
    }
}

fn mask_text(mask: Mask) -> String {
    format!("{mask:x}")
}

fn figure_lines(snapshot: &Snapshot, set: &IndicatorSet, level: Level, put: &mut impl FnMut(Line)) {
    let period = &snapshot.periods[0];
    let figures = Figures::of(snapshot, period, set, level);
    let names = snapshot.codes.names();
    for unit in &figures.units {
        for figure in &unit.figures {
            put(Line::Figure(FigureLine {
                set: set.file.id.clone(),
                level: level.name().to_owned(),
                unit: unit.code.clone(),
                indicator: set.indicators[figure.indicator].file.code.clone(),
                numerator: figure.numerator,
                denominator: figure.denominator,
                ratio: ratio(figure.ratio),
                points: decimal(figure.points),
                max: figure.max,
            }));
        }
        let bit = snapshot.catalogue.delayed_bit;
        let delayed = names.find(&unit.code).map_or(0, |code| match level {
            Level::Agency => period.cells.unit(code, bit),
            Level::Officer => period.cells.officer(code, bit),
        });
        put(Line::Total(TotalLine {
            set: set.file.id.clone(),
            level: level.name().to_owned(),
            unit: unit.code.clone(),
            total: unit.total.map(decimal),
            measured_max: unit.measured_max,
            groups: groups(unit, set),
            grade: unit.total.and_then(|total| set.grade(total)).map(|grade| grade.vi.clone()),
            rank: unit.rank,
            peers: unit.peers,
            delayed,
        }));
    }
}

fn groups(unit: &UnitFigures, set: &IndicatorSet) -> Vec<(String, String)> {
    let points = |group: &str| {
        let of_group =
            unit.figures.iter().filter(|figure| set.indicators[figure.indicator].file.group == group);
        decimal(of_group.map(|figure| figure.points).sum())
    };
    set.groups().iter().map(|group| (group.id.clone(), points(&group.id))).collect()
}

/// Lines on their way to rows.
#[derive(Default)]
struct Reader {
    head: Option<HeadLine>,
    sources: Vec<(String, String)>,
    units: Vec<FrozenUnit>,
    officers: Vec<FrozenOfficer>,
    procedures: Vec<FrozenProcedure>,
    agencies: Vec<FrozenAgency>,
    chains: Vec<Vec<String>>,
    subjects: Vec<FrozenSubject>,
    judged: Vec<Judged>,
}

impl Reader {
    fn take(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Edition(head) if head.format != FORMAT => return Err(format!("format {}", head.format)),
            Line::Edition(head) => self.head = Some(head),
            Line::Source { file, text } => self.sources.push((file, text)),
            Line::Unit(unit) => self.units.push(FrozenUnit {
                code: unit.code,
                kind: unit.kind,
                name: unit.name,
                name_en: unit.name_en,
                parent: unit.parent,
                province: unit.inherits,
                reported: unit.reported,
                has_row: unit.has_row,
            }),
            Line::Officer { code, name, agency } => self.officers.push(FrozenOfficer { code, name, agency }),
            Line::Procedure { code, masks, in_force, commune, province, owners } => {
                self.procedures.push(FrozenProcedure {
                    code,
                    masks: [mask(&masks[0])?, mask(&masks[1])?],
                    is_in_force: in_force,
                    is_communal: commune,
                    is_provincial: province,
                    owners,
                });
            }
            Line::Agency { code, masks, units } => {
                let masks = [mask(&masks[0])?, mask(&masks[1])?];
                self.agencies.push(FrozenAgency { code, masks, units });
            }
            Line::Chain { units } => self.chains.push(units),
            Line::Dossier(line) => self.subjects.push(subject(line, false)?),
            Line::Petition(line) => self.subjects.push(subject(line, true)?),
            Line::Judged(line) => self.judged.push(Judged {
                reason: Reason::find(&line.reason).ok_or("there is no such reason")?,
                dossier: line.dossier,
                decided_in: (line.edition, line.objection),
            }),
            // Counted anew.
            Line::Figure(_) | Line::Total(_) => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Content, String> {
        let head = self.head.ok_or("the file does not begin with an edition")?;
        let period = Period::parse(&head.period).ok_or("the period is none")?;
        let as_of = instant(&head.as_of)?;
        Ok(Content {
            head: Head {
                number: head.number,
                log_offset: head.log_offset,
                calendar_hash: head.calendar_hash,
                sources: self.sources,
                program: head.program,
                revises: head.revises,
                reason: head.reason,
                names_officers: head.names_officers,
            },
            frozen: Frozen {
                period,
                as_of,
                units: self.units,
                officers: self.officers,
                procedures: self.procedures,
                agencies: self.agencies,
                chains: self.chains,
                subjects: self.subjects,
            },
            judged: self.judged,
        })
    }
}

fn mask(text: &str) -> Result<Mask, String> {
    Mask::from_str_radix(text, 16).map_err(|error| error.to_string())
}

fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).ok_or_else(|| format!("{text} is no instant"))
}

fn subject(line: SubjectLine, is_petition: bool) -> Result<FrozenSubject, String> {
    let delay = line.delay.map(|delay| {
        let at = |text: Option<String>| text.map(|text| instant(&text)).transpose();
        Ok::<Delay, String>(Delay {
            due: at(delay.due)?,
            ended_at: at(delay.ended_at)?,
            over_seconds: delay.over_seconds,
            mask_in_time: mask(&delay.mask_in_time)?,
        })
    });
    Ok(FrozenSubject {
        is_petition,
        code: line.code,
        chain: line.chain,
        officer: line.officer,
        procedure: line.procedure,
        mask: mask(&line.mask)?,
        delay: delay.transpose()?,
    })
}
