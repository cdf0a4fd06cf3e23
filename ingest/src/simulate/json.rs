//! A JSON object written straight into bytes.
//!
//! Formatting machinery would be most of the simulator's time, so numbers and instants are written digit by
//! digit. Texts are written as they are: names and codes here contain nothing that JSON escapes, which a test
//! holds.

use super::working_clock::{DAY_SECONDS, Date, ZONE_SECONDS, date_of};

/// One object being written; it is closed by `close`.
pub(super) struct Object<'a> {
    pub(super) bytes: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn open(bytes: &'a mut Vec<u8>) -> Self {
        bytes.push(b'{');
        Self { bytes, is_empty: true }
    }

    pub(super) fn close(self) {
        self.bytes.push(b'}');
    }

    /// Writes a member's name; its value must follow.
    pub(super) fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.bytes.push(b',');
        }
        self.is_empty = false;
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.quoted(name, |bytes| bytes.extend_from_slice(value.as_bytes()));
    }

    /// A text put together from parts, without an allocation.
    pub(super) fn quoted(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        self.bytes.push(b'"');
        write(self.bytes);
        self.bytes.push(b'"');
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        push_number(self.bytes, value);
    }

    pub(super) fn truth(&mut self, name: &str, value: bool) {
        self.name(name);
        self.bytes.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn instant(&mut self, name: &str, at_seconds: i64) {
        self.quoted(name, |bytes| push_local_instant(bytes, at_seconds, None));
    }

    pub(super) fn date(&mut self, name: &str, day: i64) {
        self.quoted(name, |bytes| push_date(bytes, day));
    }

    pub(super) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn optional_number(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.number(name, u64::from(value));
        }
    }

    pub(super) fn optional_truth(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.truth(name, value);
        }
    }

    pub(super) fn optional_instant(&mut self, name: &str, at_seconds: Option<i64>) {
        if let Some(at_seconds) = at_seconds {
            self.instant(name, at_seconds);
        }
    }
}

pub(super) fn push_number(bytes: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(&digits[start..]);
}

/// A number of a fixed width; higher digits are kept out.
pub(super) fn push_padded<const WIDTH: usize>(bytes: &mut Vec<u8>, value: u64) {
    let mut digits = [b'0'; WIDTH];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    bytes.extend_from_slice(&digits);
}

pub(super) fn push_date(bytes: &mut Vec<u8>, day_number: i64) {
    let Date { year, month, day } = date_of(day_number);
    push_padded::<4>(bytes, year as u64);
    bytes.push(b'-');
    push_padded::<2>(bytes, u64::from(month));
    bytes.push(b'-');
    push_padded::<2>(bytes, u64::from(day));
}

/// RFC 3339 at +07:00, with milliseconds if given.
pub(super) fn push_local_instant(bytes: &mut Vec<u8>, at_seconds: i64, millis: Option<u64>) {
    push_clock_reading(bytes, at_seconds + ZONE_SECONDS, millis);
    bytes.extend_from_slice(b"+07:00");
}

pub(super) fn push_universal_instant(bytes: &mut Vec<u8>, at_seconds: i64, millis: u64) {
    push_clock_reading(bytes, at_seconds, Some(millis));
    bytes.push(b'Z');
}

fn push_clock_reading(bytes: &mut Vec<u8>, shifted_seconds: i64, millis: Option<u64>) {
    push_date(bytes, shifted_seconds.div_euclid(DAY_SECONDS));
    let second = shifted_seconds.rem_euclid(DAY_SECONDS) as u64;
    bytes.push(b'T');
    push_padded::<2>(bytes, second / 3600);
    bytes.push(b':');
    push_padded::<2>(bytes, second / 60 % 60);
    bytes.push(b':');
    push_padded::<2>(bytes, second % 60);
    if let Some(millis) = millis {
        bytes.push(b'.');
        push_padded::<3>(bytes, millis);
    }
}
