//! Why: what changed for an agency, where its points are lost, what finishing dossiers would bring, what looks odd.
//!
//! Pages over the same pieces: points parted among indicators and among subjects, each part with its sign, and
//! all of them adding up to what stands above them. Not here: working it out (`serve::why`, `compute::change`).

mod change;
mod forecast;
mod loss;
mod survey;

pub(super) use change::change;
pub(super) use forecast::forecast;
pub(super) use loss::loss;
pub(super) use survey::survey;

use compute::change::{Change, IndicatorChange, Share, SubjectChange};
use compute::engine::Snapshot;
use compute::facts::Subject;
use compute::figures::Level;
use compute::instant::{Day, Instant};

use super::super::Server;
use super::super::access;
use super::super::access::role::Field;
use super::super::access::scope::What;
use super::super::problem::Problem;
use super::super::why::{About, Answer, TOLD_MAX, kind};
use super::agency::{crumbs, name_of, unit_of};
use super::links::Link;
use super::parts::state;
use super::shell::Ground;
use super::words::Words;
use super::{Asked, with_dossiers};

/// Ten-thousandths with their sign: `+0,0123`.
pub(super) fn share(words: Words, share: Share) -> String {
    let sign = match share {
        0 => "",
        ..0 => "−",
        _ => "+",
    };
    let size = share.unsigned_abs();
    words.decimals(&format!("{sign}{}.{:04}", size / 10_000, size % 10_000))
}

/// Events of one dossier told, the latest.
const EVENTS_MAX: usize = 3;

/// One indicator's part.
struct IndicatorPart {
    code: String,
    title: String,
    href: String,
    before: String,
    after: String,
    before_points: String,
    after_points: String,
    share: String,
    is_loss: bool,
}

/// One subject's part.
struct SubjectPart {
    code: String,
    href: String,
    procedure: String,
    officer: String,
    share: String,
    is_loss: bool,
    indicators: String,
    why: String,
    state: String,
}

/// What pages of this kind stand on.
struct Asking<'a> {
    ground: Ground<'a>,
    about: About,
    name: String,
    above: Vec<Link>,
    /// Staff see the dossiers of their agency and not whose they are.
    sees_officers: bool,
}

/// The unit asked about, and where the page stands.
fn asking<'a>(
    server: &Server,
    snapshot: &'a Snapshot,
    code: &str,
    asked: &Asked,
    (page, own): (&str, &[(&'static str, Option<&str>)]),
) -> Result<Asking<'a>, Problem> {
    with_dossiers(server)?;
    let (view, words) = (asked.view()?, asked.words());
    let folder = format!("/don-vi/{}", super::links::encoded(code));
    let place = own
        .iter()
        .fold(asked.place(&format!("{folder}/{page}")), |place, (name, value)| place.with(name, *value));
    let ground = Ground::new(snapshot, &view, place, words)?;
    access::only(&asked.scope, What::DossiersOf(code), snapshot)?;
    let figures = server.board.figures(snapshot, &view, Level::Agency)?;
    let row = unit_of(&figures, code)?;
    let unit = snapshot.codes.names().find(code);
    let unit = unit.ok_or_else(|| Problem::unknown("unit", format!("no event names {code}")))?;
    let name = name_of(row, &ground);
    let mut above = crumbs(&figures, row, &ground);
    above.push(Link::new(ground.place.to_code("/don-vi", code), name.clone()));
    let about = About { unit, period: ground.period, set: ground.set.clone() };
    Ok(Asking { ground, about, name, above, sees_officers: asked.scope.has(Field::Officers) })
}

/// A date as the start of its day, or an instant.
fn instant(what: &'static str, text: &str) -> Result<Instant, Problem> {
    let advice = "write a date such as 2026-11-20, or an instant with its offset";
    let day = || Day::parse(text).map(Day::start);
    day().or_else(|| Instant::parse(text)).ok_or_else(|| Problem::malformed(what, advice))
}

impl Asking<'_> {
    fn indicators(&self, change: &Change) -> Vec<IndicatorPart> {
        change.indicators.iter().map(|one| self.indicator(one)).collect()
    }

    fn indicator(&self, change: &IndicatorChange) -> IndicatorPart {
        let words = self.ground.words;
        let file = &self.ground.set.indicators[change.after.indicator].file;
        let counts =
            |numerator, denominator| format!("{} / {}", words.number(numerator), words.number(denominator));
        IndicatorPart {
            code: file.code.clone(),
            title: words.one_of(&file.words.vi.title, &file.words.en.title).to_owned(),
            href: self.ground.place.to_code("/chi-tieu", &file.code),
            before: counts(change.before.numerator, change.before.denominator),
            after: counts(change.after.numerator, change.after.denominator),
            before_points: words.points(change.before.points),
            after_points: words.points(change.after.points),
            share: share(words, change.share()),
            is_loss: change.share() < 0,
        }
    }

    /// The first subjects by name, and how many more there are with what they make.
    fn subjects(&self, answer: &Answer) -> (Vec<SubjectPart>, String) {
        let all = answer.change.subjects(self.ground.set);
        let told = all.iter().take(TOLD_MAX).map(|one| self.subject(one, answer)).collect();
        let others = all.iter().skip(TOLD_MAX);
        let (count, sum) = others.fold((0_u64, 0), |(count, sum), one| (count + 1, sum + one.share));
        let words = self.ground.words;
        let with = [("count", words.number(count)), ("share", share(words, sum))];
        let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
        (told, if count > 0 { words.fill("why.others", &with) } else { String::new() })
    }

    fn subject(&self, one: &SubjectChange, answer: &Answer) -> SubjectPart {
        let (words, names) = (self.ground.words, self.ground.snapshot.codes.names());
        let parts = one.parts.iter().map(|(place, part)| {
            let change = &answer.change.indicators[*place];
            format!(
                "{} {}",
                self.ground.set.indicators[change.after.indicator].file.code,
                share(words, *part)
            )
        });
        let about = answer.dossiers.get(&one.code).filter(|_| one.subject == Subject::Dossier);
        let happened = about.map_or(&[][..], |(_, happened)| happened);
        let earlier = happened.len().saturating_sub(EVENTS_MAX);
        let more = words.fill("why.earlier", &[("count", &words.number(earlier as u64))]);
        let why: Vec<String> = happened[earlier..]
            .iter()
            .map(|event| format!("{} {}", words.moment(event.time), words.t(event.event_type.name())))
            .collect();
        let line = about.map(|(line, _)| line);
        let procedure = line.and_then(|line| line.procedure);
        SubjectPart {
            code: one.code.clone(),
            href: match one.subject {
                Subject::Dossier => self.ground.place.to_code("/ho-so", &one.code),
                Subject::Petition | Subject::Procedure | Subject::Agency => String::new(),
            },
            procedure: procedure.map_or_else(String::new, |code| names.text(code).to_owned()),
            officer: line
                .filter(|_| self.sees_officers)
                .map_or_else(String::new, |line| self.ground.officer(line.officer)),
            share: share(words, one.share),
            is_loss: one.share < 0,
            indicators: parts.collect::<Vec<_>>().join(" · "),
            why: match (line, why.is_empty()) {
                (Some(_), true) => words.t("why.time_alone").to_owned(),
                (None, _) => words.t(kind(one.subject)).to_owned(),
                (Some(_), false) if earlier > 0 => format!("{more} · {}", why.join(" · ")),
                (Some(_), false) => why.join(" · "),
            },
            state: line.map_or_else(String::new, |line| state(line, words)),
        }
    }
}
