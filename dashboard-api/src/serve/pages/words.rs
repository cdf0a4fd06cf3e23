//! The words of the pages, Vietnamese first, English beside it, from one file.
//!
//! Not here: names that the indicator set or events bring along.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

static FILE: LazyLock<HashMap<String, Said>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../templates/words.toml")).unwrap_or_else(|error| {
        // It is part of the binary, and read by a test.
        unreachable!("templates/words.toml: {error}")
    })
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    vi: String,
    en: String,
}

/// Words in one of the languages.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Words {
    is_english: bool,
}

impl Words {
    /// In the language an address names, Vietnamese otherwise.
    pub(super) fn of(lang: Option<&str>) -> Words {
        Words { is_english: lang == Some("en") }
    }

    pub(super) fn is_english(self) -> bool {
        self.is_english
    }

    /// The language's tag.
    pub(super) fn lang(self) -> &'static str {
        self.one_of("vi", "en")
    }

    /// One of two texts.
    pub(super) fn one_of<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        if self.is_english { en } else { vi }
    }

    /// What is said for `key`; the key itself where nothing is, which a test looks for.
    pub(super) fn t(self, key: &str) -> &str {
        match FILE.get(key) {
            Some(said) => self.one_of(&said.vi, &said.en),
            None => key,
        }
    }

    /// The same with `{name}` filled in.
    pub(super) fn fill(self, key: &str, with: &[(&str, &str)]) -> String {
        with.iter()
            .fold(self.t(key).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use include_dir::{Dir, include_dir};

    static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");
    static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/serve/pages");

    /// The keys asked for as `t("…")` or `fill("…"`, in templates and pages.
    fn asked() -> Vec<String> {
        let within = PAGES.dirs().flat_map(Dir::files);
        let files = TEMPLATES.files().chain(PAGES.files()).chain(within);
        let texts = files.filter_map(|file| file.contents_utf8());
        let mut keys = Vec::new();
        for text in texts {
            for call in [".t(\"", ".fill(\""] {
                let calls = text.split(call).skip(1);
                keys.extend(calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
            }
        }
        keys.retain(|key| !key.contains('…') && !key.contains('\\'));
        keys
    }

    #[test]
    fn every_key_that_is_asked_for_is_there() {
        let asked = asked();
        assert!(asked.len() > 50, "the search finds them");
        let missing: Vec<_> = asked.iter().filter(|key| !FILE.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn everything_that_happens_to_a_dossier_has_a_word() {
        use compute::event::{EventType, Family};
        let of_dossiers = EventType::ALL.iter().filter(|kind| kind.family() == Family::Dossier);
        let missing: Vec<_> = of_dossiers.filter(|kind| !FILE.contains_key(kind.name())).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let flags = compute::dossier::Flag::ALL.map(compute::dossier::Flag::name);
        let units = compute::event::contract::DURATION_UNITS.iter().copied();
        let missing: Vec<_> =
            flags.into_iter().chain(units).filter(|name| !FILE.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn both_languages_have_the_same_places_to_fill() {
        let places = |text: &str| {
            let mut places: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            places.sort();
            places
        };
        for (key, said) in FILE.iter() {
            assert!(!said.vi.is_empty() && !said.en.is_empty(), "{key}");
            // English has no word for some of them, never one of its own.
            let (vi, en) = (places(&said.vi), places(&said.en));
            assert!(en.iter().all(|name| vi.contains(name)), "{key}");
        }
    }
}
