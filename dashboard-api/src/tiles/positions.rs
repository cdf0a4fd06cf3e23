//! Where the agencies of one installation lie: what `[map]` of the settings says, else the commune of their name.
//!
//! Read once, at the start. Not here: how what lies somewhere becomes a tile (`layout`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::communes;
use super::layout::Point;

/// The positions of the demo's agencies, which lie nowhere else.
const DEMO: &str = include_str!("../../communes/demo.csv");
/// Degrees between which Vietnam lies, in thousandths.
const NORTH: std::ops::RangeInclusive<i32> = 6_000..=24_000;
const EAST: std::ops::RangeInclusive<i32> = 102_000..=118_000;
/// Bytes of a file of positions at most.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The columns of such a file.
const HEAD: [&str; 4] = ["agency", "commune", "lat", "lon"];

/// What `[map]` of the settings says.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Code or name of the province.
    pub(crate) province: String,
    /// File with positions of agencies.
    pub(crate) positions: PathBuf,
}

/// Why they are refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PositionsError {
    #[error("settings of map: {0}")]
    Settings(String),
    #[error(
        "settings of map: there is no province {0}; write its code or name as in communes/provinces.tsv, such as \"25\" or \"Phú Thọ\""
    )]
    Province(String),
    #[error("positions {0}: {1}")]
    File(PathBuf, String),
}

/// Where agencies lie.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Positions {
    /// The code of the province, if it is named.
    province: Option<&'static str>,
    own: BTreeMap<String, Point>,
}

impl Settings {
    /// Reads `[map]`.
    pub(crate) fn read(table: Option<Table>) -> Result<Settings, PositionsError> {
        let Some(table) = table else { return Ok(Settings::default()) };
        table
            .try_into()
            .map_err(|error: toml::de::Error| PositionsError::Settings(error.message().to_owned()))
    }
}

impl Positions {
    /// What the settings name.
    pub(crate) fn read(settings: &Settings) -> Result<Positions, PositionsError> {
        let province = match settings.province.as_str() {
            "" => None,
            told => {
                Some(communes::province(told).ok_or_else(|| PositionsError::Province(format!("{told:?}")))?)
            }
        };
        let own = match settings.positions.as_path() {
            none if none == Path::new("") => BTreeMap::new(),
            path => {
                let wrong = |why: String| PositionsError::File(path.to_owned(), why);
                let text = text_of(path).map_err(wrong)?;
                positions(&text).map_err(wrong)?
            }
        };
        Ok(Positions { province, own })
    }

    /// Those of the demo, by the same means.
    pub(crate) fn demo() -> Positions {
        Positions { province: None, own: positions(DEMO).unwrap_or_default() }
    }

    /// Where this agency lies; `above` is the name of the province's own agency, which names the province where the
    /// settings do not.
    pub(crate) fn of(&self, code: &str, name: &str, above: Option<&str>) -> Option<Point> {
        let by_name = || {
            let province = self.province.or_else(|| communes::province(above?))?;
            communes::by_name(province, name).map(|commune| commune.at)
        };
        self.own.get(code).copied().or_else(by_name)
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("it has {length} bytes; at most {FILE_BYTES_MAX} are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Reads a file of positions.
fn positions(text: &str) -> Result<BTreeMap<String, Point>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = lines.headers().map_err(|error| error.to_string())?;
    if head.iter().ne(HEAD) {
        return Err(format!("the first line is {}", HEAD.join(",")));
    }
    let mut own = BTreeMap::new();
    for line in lines.records() {
        let line = line.map_err(|error| error.to_string())?;
        let number = line.position().map_or(0, csv::Position::line);
        let place = place(&line).map_err(|why| format!("line {number}: {why}"))?;
        if own.insert(line[0].to_owned(), place).is_some() {
            return Err(format!("line {number}: agency {} stands there twice", &line[0]));
        }
    }
    Ok(own)
}

fn place(line: &csv::StringRecord) -> Result<Point, String> {
    let (agency, commune, lat, lon) = (&line[0], &line[1], &line[2], &line[3]);
    match (agency, commune, lat, lon) {
        ("", ..) => Err("it names no agency".to_owned()),
        (_, "", lat, lon) => {
            let read = |text: &str| {
                communes::thousandths(text).ok_or_else(|| {
                    format!("{agency}: {text:?} are no degrees; write them as 21.057, or give the code of a commune")
                })
            };
            let at = Point { north: read(lat)?, east: read(lon)? };
            if NORTH.contains(&at.north) && EAST.contains(&at.east) {
                Ok(at)
            } else {
                Err(format!(
                    "{agency}: {lat} north, {lon} east is outside Vietnam; lat is between 6 and 24, lon between 102 and 118"
                ))
            }
        }
        (_, code, "", "") => communes::by_code(code).map(|known| known.at).ok_or_else(|| {
            format!("{agency}: there is no commune with the code {code}; codes have five digits, as in communes/communes.tsv")
        }),
        _ => Err(format!("{agency}: give a commune, or lat and lon, not both")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<BTreeMap<String, Point>, String> {
        positions(&format!("agency,commune,lat,lon\n{lines}"))
    }

    #[test]
    fn an_agency_lies_where_its_file_says_else_where_its_commune_does() {
        let own = read("C1,,21.057,105.8\nC2,00004,,\n").expect("it is understood");
        let positions = Positions { province: Some("25"), own };
        let at = |code: &str, name: &str, above| positions.of(code, name, above);
        assert_eq!(at("C1", "Xã Đà Bắc", None), Some(Point { north: 21_057, east: 105_800 }));
        assert_eq!(at("C2", "", None), communes::by_code("00004").map(|commune| commune.at));
        assert_eq!(at("C3", "Xã Đà Bắc", None), communes::by_name("25", "Xã Đà Bắc").map(|known| known.at));
        assert_eq!(at("C3", "Xã Không Có", None), None);
        let plain = Positions::default();
        assert_eq!(plain.of("C3", "Xã Đà Bắc", None), None, "no province is known");
        assert!(plain.of("C3", "Xã Đà Bắc", Some("UBND tỉnh Phú Thọ")).is_some(), "it names itself");
    }

    #[test]
    fn a_slip_in_the_file_names_its_line_and_the_way_out() {
        for (lines, told) in [
            ("C1,,105.8,21.057\n", "line 2: C1: 105.8 north, 21.057 east is outside Vietnam"),
            ("C1,,21.057,105.8\nC1,00004,,\n", "line 3: agency C1 stands there twice"),
            ("C1,99999,,\n", "line 2: C1: there is no commune with the code 99999"),
            ("C1,,,\n", "line 2: C1: \"\" are no degrees"),
            ("C1,00004,21,105\n", "line 2: C1: give a commune, or lat and lon, not both"),
            (",00004,,\n", "line 2: it names no agency"),
            ("C1,00004\n", "CSV error"),
        ] {
            let why = read(lines).expect_err(lines);
            assert!(why.starts_with(told), "{lines}: {why}");
        }
        assert_eq!(positions("code,lat,lon\n"), Err("the first line is agency,commune,lat,lon".to_owned()));
    }

    #[test]
    fn a_province_that_is_none_is_refused() {
        let settings = Settings { province: "Sông Lam".to_owned(), ..Settings::default() };
        let why = Positions::read(&settings).expect_err("it is made up").to_string();
        assert!(
            why.starts_with("settings of map: there is no province \"Sông Lam\"; write its code or name"),
            "{why}"
        );
        let unknown = "regions = 3".parse::<Table>().expect("TOML");
        assert!(Settings::read(Some(unknown)).is_err(), "a name that is not known");
    }

    #[test]
    fn the_demo_has_all_its_communes() {
        assert_eq!(Positions::demo().own.len(), 135);
    }
}
