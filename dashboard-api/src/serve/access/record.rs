//! What the record of access says of a request: the route, and of its address what names something of ours.
//!
//! Only names this program knows are written down, cut to a length: an address may hold anything, a citizen's data
//! included. Not here: the record itself (`audit`).

use axum::http::Uri;

use super::audit::Entry;
use super::scope::Scope;

/// Parameters that name something of ours.
const KNOWN: [&str; 12] =
    ["unit", "officer", "indicator", "part", "count", "period", "set", "by", "from", "form", "sort", "kind"];
/// Letters of one value.
const LETTERS_MAX: usize = 96;

/// The entry of a request.
pub(super) fn entry(scope: &Scope, did: &'static str, route: &str, method: &str, uri: Option<&Uri>) -> Entry {
    let of = uri.map_or_else(Vec::new, |uri| named(route, uri));
    Entry { who: scope.who.clone(), role: scope.role.name(), did, what: format!("{method} {route}"), of }
}

fn named(route: &str, uri: &Uri) -> Vec<(String, String)> {
    let places = route.split('/').zip(uri.path().split('/'));
    let in_path = places.filter_map(|(place, given)| {
        let name = place.strip_prefix('{')?.strip_suffix('}')?;
        Some((name.to_owned(), given))
    });
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    // A name may be escaped too, and is read so by whoever answers.
    let pairs = pairs.map(|(name, given)| (plain(name), given));
    let in_query = pairs.filter(|(name, _)| KNOWN.contains(&name.as_str()));
    in_path.chain(in_query).map(|(name, given)| (name, plain(given))).take(16).collect()
}

/// Without escapes and control characters, cut to a length.
fn plain(given: &str) -> String {
    let mut bytes = Vec::with_capacity(given.len());
    let mut rest = given.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let escaped = (byte == b'%').then(|| {
            let mut ahead = rest.clone();
            let value = digit(ahead.next())? * 16 + digit(ahead.next())?;
            rest = ahead;
            u8::try_from(value).ok()
        });
        bytes.push(escaped.flatten().unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().filter(|letter| !letter.is_control()).take(LETTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told_and_what_is_not_is_left_out() {
        let uri: Uri = "/ho-so/H1%2F%C4%91%0A%?period=2026-10&name=Nguyen&q=0123&%6Fff%69cer=O+1"
            .parse()
            .expect("an address");
        let entry = entry(&Scope::open(), "seen", "/ho-so/{dossier}", "GET", Some(&uri));
        let of: Vec<(&str, &str)> =
            entry.of.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(of, [("dossier", "H1/đ%"), ("period", "2026-10"), ("officer", "O 1")]);
        let long: Uri = format!("/ho-so/{}", "x".repeat(5000)).parse().expect("an address");
        assert_eq!(named("/ho-so/{dossier}", &long)[0].1.len(), LETTERS_MAX);
    }
}
