//! Addresses of pages. What is at its default is left out, so that an address says only what was chosen.

use std::fmt::Write;

use super::words::Words;

/// A link with its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

impl Link {
    pub(super) fn new(href: String, text: impl Into<String>) -> Link {
        Link { href, text: text.into(), is_chosen: false }
    }
}

/// Where a page stands: its path, and what every link goes on with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    path: String,
    period: Option<String>,
    set: Option<String>,
    words: Words,
    own: Vec<(&'static str, String)>,
}

impl Place {
    pub(super) fn new(path: &str, period: Option<String>, set: Option<String>, words: Words) -> Place {
        Place { path: path.to_owned(), period, set, words, own: Vec::new() }
    }

    /// With a parameter of this page's own, which links to other periods and languages keep.
    pub(super) fn with(mut self, name: &'static str, value: Option<&str>) -> Place {
        self.own.extend(value.filter(|text| !text.is_empty()).map(|text| (name, text.to_owned())));
        self
    }

    /// Another page in the same period, set and language.
    pub(super) fn to(&self, path: &str, asked: &[(&str, &str)]) -> String {
        let common = [("period", self.period.as_deref()), ("set", self.set.as_deref())];
        let common = common.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let lang = self.words.is_english().then_some(("lang", "en"));
        address(path, asked.iter().copied().chain(common).chain(lang))
    }

    /// The page of a code that may have any letters.
    pub(super) fn to_code(&self, folder: &str, code: &str) -> String {
        self.to(&format!("{folder}/{}", encoded(code)), &[])
    }

    /// This page in another language.
    pub(super) fn in_words(&self, words: Words) -> String {
        let other = Place { words, ..self.clone() };
        let own: Vec<(&str, &str)> = self.own.iter().map(|(name, text)| (*name, text.as_str())).collect();
        other.to(&self.path, &own)
    }

    /// The language of the page.
    pub(super) fn words(&self) -> Words {
        self.words
    }

    /// What this page's own parameters ask for, as `name=value`.
    pub(super) fn asked_for(&self) -> String {
        let asked: Vec<String> = self.own.iter().map(|(name, value)| format!("{name}={value}")).collect();
        asked.join(", ")
    }

    /// The values of this page's own parameters.
    pub(super) fn own_values(&self) -> Vec<&str> {
        self.own.iter().map(|(_, value)| value.as_str()).collect()
    }

    /// Another page that asks the same.
    pub(super) fn at(self, path: &str) -> Place {
        Place { path: path.to_owned(), ..self }
    }

    /// The same place in another set.
    pub(super) fn of_set(self, set: &str) -> Place {
        Place { set: Some(set.to_owned()), ..self }
    }

    /// What a form that chooses period and set keeps of the address.
    pub(super) fn kept(&self) -> Vec<(&'static str, String)> {
        let lang = self.words.is_english().then(|| ("lang", "en".to_owned()));
        self.own.iter().cloned().chain(lang).collect()
    }
}

fn address<'a>(path: &str, asked: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = path.to_owned();
    for (place, (name, value)) in asked.enumerate() {
        text.push(if place == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&encoded(value));
    }
    text
}

/// For a part of a path or the value of a parameter (RFC 3986: all but the unreserved letters).
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_what_was_chosen_and_nothing_else() {
        let plain = Place::new("/don-vi/H28", None, None, Words::of(None));
        assert_eq!(plain.to("/danh-sach", &[("unit", "H28")]), "/danh-sach?unit=H28");
        assert_eq!(plain.in_words(Words::of(Some("en"))), "/don-vi/H28?lang=en");
        let chosen = Place::new("/danh-sach", Some("2026-10".into()), None, Words::of(Some("en")));
        let chosen = chosen.with("unit", Some("H 28&")).with("officer", None);
        assert_eq!(chosen.in_words(Words::of(None)), "/danh-sach?unit=H%2028%26&period=2026-10");
        assert_eq!(chosen.to_code("/ho-so", "a/b?"), "/ho-so/a%2Fb%3F?period=2026-10&lang=en");
        assert_eq!(chosen.kept(), [("unit", "H 28&".to_owned()), ("lang", "en".to_owned())]);
    }
}
