//! What all pages have in common: where one is, which period and set, how fresh it is, in which language.

use compute::codes::Code;
use compute::engine::Snapshot;
use compute::period::Period;
use compute::set::IndicatorSet;

use super::super::Server;
use super::super::board::{self, View};
use super::super::problem::Problem;
use super::links::{Link, Place};
use super::words::Words;

/// A choice of a select.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

/// A language to go to.
#[derive(Clone, Debug)]
pub(super) struct Language {
    pub(super) href: String,
    pub(super) lang: &'static str,
    pub(super) text: &'static str,
    pub(super) is_chosen: bool,
}

/// The frame of a page, in words.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    pub(super) words: Words,
    pub(super) title: String,
    pub(super) home: String,
    pub(super) crumbs: Vec<Link>,
    pub(super) periods: Vec<Choice>,
    pub(super) sets: Vec<Choice>,
    pub(super) kept: Vec<(&'static str, String)>,
    pub(super) languages: Vec<Language>,
    pub(super) as_of: String,
    pub(super) stamp: String,
    pub(super) is_provisional: bool,
    pub(super) stale: String,
    pub(super) lost: String,
    pub(super) basis: String,
    /// Where the page hears that there are new figures; empty when it does not listen.
    pub(super) stream: String,
    /// Where one sees who is signed in; empty when nobody is asked.
    pub(super) account: String,
}

/// What a page about figures stands on.
pub(super) struct Ground<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) period: Period,
    pub(super) set: &'a IndicatorSet,
    pub(super) words: Words,
    pub(super) place: Place,
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        view: &View,
        place: Place,
        words: Words,
    ) -> Result<Ground<'a>, Problem> {
        let set = board::set(snapshot, view)?;
        let period = board::period(snapshot, view)?.frame.period;
        Ok(Ground { snapshot, period, set, words, place })
    }

    /// An agency's name in the page's language; its code where it has no row in the period.
    pub(super) fn agency(&self, code: Option<Code>) -> String {
        let Some(code) = code else { return "–".to_owned() };
        let unit = self.snapshot.period(self.period).and_then(|state| state.frame.unit(code));
        unit.map_or_else(
            || self.snapshot.codes.names().text(code).to_owned(),
            |unit| self.words.one_of(&unit.name, unit.name_en.as_deref().unwrap_or(&unit.name)).to_owned(),
        )
    }

    /// An officer's name, likewise. Internal.
    pub(super) fn officer(&self, code: Option<Code>) -> String {
        let Some(code) = code else { return "–".to_owned() };
        let frame = self.snapshot.period(self.period).map(|state| &state.frame);
        let officer = frame.and_then(|frame| frame.officers.iter().find(|officer| officer.code == code));
        officer.map_or_else(
            || self.snapshot.codes.names().text(code).to_owned(),
            |officer| officer.name.to_string(),
        )
    }

    /// The set's title in the page's language.
    pub(super) fn set_title(&self, set: &'a IndicatorSet) -> &'a str {
        self.words.one_of(&set.file.title.vi, &set.file.title.en)
    }
}

impl Shell {
    /// A frame without figures.
    pub(super) fn bare(words: Words, title: &str) -> Shell {
        Shell {
            words,
            title: title.to_owned(),
            home: words.one_of("/", "/?lang=en").to_owned(),
            crumbs: Vec::new(),
            periods: Vec::new(),
            sets: Vec::new(),
            kept: Vec::new(),
            languages: Vec::new(),
            as_of: String::new(),
            stamp: String::new(),
            is_provisional: false,
            stale: String::new(),
            lost: String::new(),
            basis: String::new(),
            stream: String::new(),
            account: String::new(),
        }
    }

    /// The frame of a page about figures.
    pub(super) fn new(server: &Server, ground: &Ground<'_>, title: String, crumbs: Vec<Link>) -> Shell {
        let Ground { snapshot, period, set, words, place } = ground;
        let as_of = words.moment(snapshot.as_of);
        let told = |key| words.fill(key, &[("as_of", &as_of)]);
        let is_provisional = snapshot.as_of < period.end();
        let periods = snapshot.periods.iter().rev().map(|state| {
            let known = state.frame.period;
            Choice { value: known.to_string(), text: words.period(known), is_chosen: known == *period }
        });
        let sets = snapshot.catalogue.sets.iter().map(|known| Choice {
            value: known.file.id.clone(),
            text: ground.set_title(known).to_owned(),
            is_chosen: known.file.id == set.file.id,
        });
        let with = [
            ("period", words.period(*period)),
            ("start", words.day(period.start())),
            ("end", words.day(period.end().just_before())),
            ("set", ground.set_title(set).to_owned()),
            ("version", set.file.version.to_string()),
        ];
        let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
        Shell {
            words: *words,
            title,
            home: place.to("/", &[]),
            crumbs,
            periods: periods.collect(),
            sets: sets.collect(),
            kept: place.kept(),
            languages: languages(place, *words),
            stamp: words.t(if is_provisional { "provisional" } else { "closed" }).to_owned(),
            is_provisional,
            stale: if is_stale(server) { told("stale") } else { String::new() },
            lost: told("lost_connection"),
            as_of: told("as_of"),
            basis: words.fill("basis", &with),
            stream: format!("/api/v1/stream?period={period}&set={}", set.file.id),
            account: match server.access.guarded() {
                Some(_) => super::links::Place::new("/dang-nhap", None, None, *words).in_words(*words),
                None => String::new(),
            },
        }
    }

    /// The same without anything that goes on by itself.
    pub(super) fn still(self) -> Shell {
        Shell { stream: String::new(), ..self }
    }
}

/// The same page in each language.
pub(super) fn languages(place: &Place, words: Words) -> Vec<Language> {
    let known = [(Words::of(None), "Tiếng Việt"), (Words::of(Some("en")), "English")];
    let language = |(other, text): (Words, &'static str)| Language {
        href: place.in_words(other),
        lang: other.lang(),
        text,
        is_chosen: other == words,
    };
    known.map(language).to_vec()
}

/// Nothing new can come in: the engine has stopped, the log cannot be written, or shares are missing.
fn is_stale(server: &Server) -> bool {
    !server.live.is_running()
        || !server.live.is_complete()
        || server.live.log().is_some_and(|(_, state)| state.trouble.is_some())
}
