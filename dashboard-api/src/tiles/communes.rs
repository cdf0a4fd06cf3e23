//! The communes, wards and special zones since 1 July 2025: code, province, name, where their middle lies.
//!
//! Embedded; where they come from and under which licence stands beside them (`communes/README.md`). A name is matched
//! with its marks, whatever its letters' case, the place of a tone (hoà, hòa) or "UBND" before it. Not here: which
//! province is meant (`positions`).

use std::sync::LazyLock;

use super::layout::Point;

const COMMUNES: &str = include_str!("../../communes/communes.tsv");
const PROVINCES: &str = include_str!("../../communes/provinces.tsv");

/// What an agency's name begins with beside the place's.
const OFFICES: [&str; 4] = ["ủy ban nhân dân ", "uỷ ban nhân dân ", "ubnd ", "hđnd và ubnd "];
/// What kind of place a name begins with.
const KINDS: [&str; 5] = ["xã ", "phường ", "đặc khu ", "tỉnh ", "thành phố "];
/// Tones as they were written, and as they are written in the data.
const TONES: [(&str, &str); 15] = [
    ("oà", "òa"),
    ("oá", "óa"),
    ("oả", "ỏa"),
    ("oã", "õa"),
    ("oạ", "ọa"),
    ("oè", "òe"),
    ("oé", "óe"),
    ("oẻ", "ỏe"),
    ("oẽ", "õe"),
    ("oẹ", "ọe"),
    ("uỳ", "ùy"),
    ("uý", "úy"),
    ("uỷ", "ủy"),
    ("uỹ", "ũy"),
    ("uỵ", "ụy"),
];

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Commune {
    pub(crate) code: &'static str,
    pub(crate) province: &'static str,
    /// Its name as names are matched.
    name: String,
    pub(crate) at: Point,
}

static ALL: LazyLock<Vec<Commune>> = LazyLock::new(|| COMMUNES.lines().skip(1).filter_map(commune).collect());

fn commune(line: &'static str) -> Option<Commune> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    let (code, province, name) = (cell()?, cell()?, plain(cell()?));
    let at = Point { north: thousandths(cell()?)?, east: thousandths(cell()?)? };
    Some(Commune { code, province, name, at })
}

/// All of them, by code.
#[cfg(test)]
pub(crate) fn all() -> &'static [Commune] {
    &ALL
}

/// The one with this code.
pub(crate) fn by_code(code: &str) -> Option<&'static Commune> {
    ALL.binary_search_by(|known| known.code.cmp(code)).ok().map(|place| &ALL[place])
}

/// The one an agency of this province is named for: by its whole name, else by the name without its kind, if only one
/// bears it: a commune that became a ward lies where it lay.
pub(crate) fn by_name(province: &str, name: &str) -> Option<&'static Commune> {
    let here: Vec<&Commune> = ALL.iter().filter(|known| known.province == province).collect();
    named(&here, name)
}

fn named<'a>(here: &[&'a Commune], name: &str) -> Option<&'a Commune> {
    let wanted = plain(name);
    let whole = here.iter().find(|known| known.name == wanted);
    let mut bare = here.iter().filter(|known| without_kind(&known.name) == without_kind(&wanted));
    whole.or_else(|| bare.next().filter(|_| bare.next().is_none())).copied()
}

/// The code of the province with this code or name.
pub(crate) fn province(told: &str) -> Option<&'static str> {
    let wanted = plain(told);
    let mut known = PROVINCES.lines().skip(1).filter_map(|line| line.split_once('\t'));
    let is_meant = |(code, name): &(&str, &str)| {
        let name = plain(name);
        *code == told.trim() || name == wanted || without_kind(&name) == without_kind(&wanted)
    };
    known.find(is_meant).map(|(code, _)| code)
}

/// A name as names are matched.
fn plain(name: &str) -> String {
    let small = name.to_lowercase();
    let words: Vec<&str> = small.split_whitespace().collect();
    let name = words.join(" ");
    let place = OFFICES.iter().find_map(|office| name.strip_prefix(office)).unwrap_or(&name);
    TONES.iter().fold(place.to_owned(), |name, (old, new)| name.replace(old, new))
}

fn without_kind(name: &str) -> &str {
    KINDS.iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name)
}

/// Degrees with at most three decimals, as thousandths.
pub(crate) fn thousandths(degrees: &str) -> Option<i32> {
    let (whole, part) = degrees.trim().split_once('.').unwrap_or((degrees.trim(), ""));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 9 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    Some(whole.parse::<i32>().ok()? * 1000 + part.parse::<i32>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_communes_are_read_and_stand_in_order() {
        assert_eq!(
            all().len(),
            COMMUNES.lines().count() - 1,
            "a line that is not understood would be left out"
        );
        assert_eq!(all().len(), 3_321);
        assert!(all().is_sorted_by_key(|commune| commune.code));
        assert!(all().iter().all(|commune| province(commune.province) == Some(commune.province)));
        let in_vietnam =
            |at: Point| (8_000..24_000).contains(&at.north) && (102_000..115_000).contains(&at.east);
        assert!(all().iter().all(|commune| in_vietnam(commune.at)));
    }

    #[test]
    fn an_agency_is_found_by_its_name_with_its_marks() {
        let code = |name: &str| by_name("25", name).map(|commune| commune.code);
        let found = code("Xã Đà Bắc").expect("it lies in Phú Thọ");
        for written in ["xã đà bắc", "UBND xã Đà Bắc", "Ủy ban nhân dân xã  Đà Bắc", "Phường Đà Bắc"]
        {
            assert_eq!(code(written), Some(found), "{written}");
        }
        assert_eq!(code("Xã Da Bac"), None, "marks are respected");
        assert_eq!(
            by_name("01", "Xã Đà Bắc").map(|commune| commune.code),
            None,
            "it is in no other province"
        );
        let ward = by_name("25", "Phường Hòa Bình").expect("it is a ward").code;
        assert_eq!(by_name("25", "Phường Hoà Bình").map(|commune| commune.code), Some(ward), "the same tone");
        assert_eq!(by_code(found).map(|commune| commune.province), Some("25"));
    }

    #[test]
    fn a_name_that_two_bear_without_its_kind_is_nobodys() {
        let one = |code, name: &str| Commune { code, province: "25", name: plain(name), at: all()[0].at };
        let (commune, ward) = (one("1", "Xã Hòa Bình"), one("2", "Phường Hòa Bình"));
        let code = |here: &[&Commune], name: &str| named(here, name).map(|known| known.code.to_owned());
        let (both, alone) = ([&commune, &ward], [&commune]);
        assert_eq!(code(&both, "Phường Hoà Bình").as_deref(), Some("2"));
        assert_eq!((code(&both, "Hòa Bình"), code(&both, "Đặc khu Hòa Bình")), (None, None));
        assert_eq!(code(&alone, "Hòa Bình").as_deref(), Some("1"));
    }

    #[test]
    fn a_province_is_named_by_code_or_name() {
        for told in ["25", "Phú Thọ", "Tỉnh Phú Thọ", "tỉnh phú thọ", "UBND tỉnh Phú Thọ"] {
            assert_eq!(province(told), Some("25"), "{told}");
        }
        assert_eq!((province("Sông Lam"), province("")), (None, None));
    }

    #[test]
    fn degrees_are_whole_thousandths() {
        for (text, read) in [("21.057", Some(21_057)), ("105.8", Some(105_800)), ("21", Some(21_000))] {
            assert_eq!(thousandths(text), read);
        }
        for text in ["", "21,057", "-3", "2e1", "north", "1234"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
