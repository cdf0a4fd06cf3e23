//! What is read of a message: the members of a list, each in a plain form, and nothing else.
//!
//! Applicants' names, numbers, addresses and free text have no place here: a member that is not listed is skipped by
//! the parser and reaches no struct. Of repeated members the last counts. Not here: what a value means (`spelling`),
//! which events it makes (`dossier`, `progress`).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Members of a message that hold one value.
pub(super) const SINGLE: &[&str] = &[
    "MaHoSo",
    "MaTTHC",
    "DonViXuLy",
    "KenhThucHien",
    "NgayNopHoSo",
    "NgayTiepNhan",
    "NgayHenTra",
    "NgayKetThucXuLy",
    "NgayTra",
    "NgayTuChoi",
    "NgayCapNhat",
    "TrangThaiHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "NguoiXuLy",
    "ChucDanh",
    "PhongBanXuLy",
    "ThoiDiemXuLy",
    "TrangThai",
    "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
];

/// Members of a message that hold a list, and what is read of each of its elements.
pub(super) const LISTS: &[(&str, &[&str])] = &[
    ("TaiLieuNop", &["DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG"]),
    ("DanhSachLePhi", &["Gia"]),
    ("DanhSachHoSoBoSung", &["NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi"]),
    ("DanhSachGiayToKetQua", &["DuongDanTepTinKetQua"]),
];

/// Members whose value is looked at only for being there: what stands in an address may name somebody.
const PRESENCE: &[&str] = &["DuongDanTepTinKetQua"];

/// A member's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// A string that is not empty.
    Text(String),
    /// An integer from 0.
    Whole(u64),
    /// `true` or `false`.
    Truth(bool),
    /// Something is there; what, is not kept.
    Something,
    /// A fraction, a negative number, a list or an object.
    Other,
}

/// The members found of one object; `null` and `""` are as good as absent.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Row(Vec<(&'static str, Found)>);

impl Row {
    /// The value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Found> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, found)| found)
    }

    /// The members found.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Found)> {
        self.0.iter().map(|(name, found)| (*name, found))
    }

    fn put(&mut self, name: &'static str, found: Option<Found>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.extend(found.map(|found| (name, found)));
    }
}

/// A list as found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum List {
    /// Its elements; one that is no object is an empty row.
    Rows(Vec<Row>),
    /// No list at all.
    Other,
}

/// One message.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Fields {
    /// Members with one value.
    pub(super) row: Row,
    lists: Vec<(&'static str, List)>,
}

impl Fields {
    /// Reads one message, a JSON object.
    pub(super) fn read(text: &str) -> Result<Fields, serde_json::Error> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let fields = Whole.deserialize(&mut parser)?;
        parser.end().map(|()| fields)
    }

    /// The list called `name`.
    pub(super) fn list(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|(known, _)| *known == name).map(|(_, list)| list)
    }

    /// The lists found.
    pub(super) fn lists(&self) -> impl Iterator<Item = (&'static str, &List)> {
        self.lists.iter().map(|(name, list)| (*name, list))
    }

    fn put_list(&mut self, name: &'static str, list: Option<List>) {
        self.lists.retain(|(known, _)| *known != name);
        self.lists.extend(list.map(|list| (name, list)));
    }
}

/// Reads a whole message.
struct Whole;

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = Fields;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key_seed(Name)? {
            if let Some(known) = SINGLE.iter().find(|known| **known == name) {
                let found = map.next_value_seed(Single(known))?;
                fields.row.put(known, found);
            } else if let Some((known, members)) = LISTS.iter().find(|(known, _)| *known == name) {
                let list = map.next_value_seed(Elements(members))?;
                fields.put_list(known, list);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}

/// Reads the value of the member called so.
struct Single(&'static str);

impl<'de> DeserializeSeed<'de> for Single {
    type Value = Option<Found>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Found>, D::Error> {
        let is_presence = PRESENCE.contains(&self.0);
        let found = deserializer.deserialize_any(self)?;
        Ok(if is_presence { found.map(|_| Found::Something) } else { found })
    }
}

impl<'de> Visitor<'de> for Single {
    type Value = Option<Found>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Found::Truth(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Found::Whole(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(u64::try_from(value).map_or(Found::Other, Found::Whole)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some(Found::Other))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        if PRESENCE.contains(&self.0) {
            return Ok((!value.trim().is_empty()).then_some(Found::Something));
        }
        Ok((!value.is_empty()).then(|| Found::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Found::Other))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(Found::Other))
    }
}

/// Reads a list of objects with these members.
struct Elements(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Elements {
    type Value = Option<List>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<List>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements {
    type Value = Option<List>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some(List::Other))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Some(List::Other))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Some(List::Other))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some(List::Other))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok((!value.is_empty()).then_some(List::Other))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = seq.next_element_seed(Element(self.0))? {
            rows.push(row);
        }
        Ok(Some(List::Rows(rows)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(List::Other))
    }
}

/// Reads one object with these members; what is no object has none.
struct Element(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Element {
    type Value = Row;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element of a list")
    }

    fn visit_unit<E>(self) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row::default();
        while let Some(name) = map.next_key_seed(Name)? {
            if let Some(known) = self.0.iter().find(|known| **known == name) {
                let found = map.next_value_seed(Single(known))?;
                row.put(known, found);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(row)
    }
}
