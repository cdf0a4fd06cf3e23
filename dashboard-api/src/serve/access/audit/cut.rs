//! Cutting off what is older than the province keeps: whole records from the first on, and a signed mark of where.
//!
//! The first record that is left bears the hash of the last that went, and the mark says the same: nobody without the key
//! cuts anything off unseen. The mark is written before the file is replaced; after a crash between the two the file still
//! reaches back further and passes through the mark. Not here: how long is kept (`settings`).

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use compute::instant::Instant;
use serde_json::Value;

use super::FILE;
use super::chain::{self, End, NOTHING};
use super::head::{self, Key, Mark};

/// Where the chain in a file begins, and the mark it must pass through, if any was made.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Start {
    pub(super) end: End,
    pub(super) through: Option<End>,
}

/// Marks where a record begins that was never cut off: a backup that copies it while that is done for the first time has
/// a mark too.
///
/// # Errors
/// A sentence when the mark cannot be read or written.
pub(super) fn mark_beginning(folder: &Path, key: &Key, at: &str) -> Result<(), String> {
    if folder.join(Mark::Cut.file()).exists() {
        return Ok(());
    }
    let known = head::read(folder, Mark::Cut)?.map(|mark| End { number: mark.number, hash: mark.hash });
    let signed = key.sign(folder, Mark::Cut, &known.unwrap_or_default(), at);
    signed.map_err(|error| format!("{}: {error}", folder.display()))
}

/// Where the lines in `bytes` go on from.
///
/// # Errors
/// A sentence when the mark of what was cut off is not signed, or says other than the first line.
pub(super) fn start(folder: &Path, bytes: &[u8]) -> Result<Start, String> {
    let Some(mark) = head::read(folder, Mark::Cut)? else { return Ok(Start::default()) };
    if !mark.is_signed(folder, Mark::Cut)? {
        return Err("the mark of what was cut off is not signed with its key".to_owned());
    }
    let cut = End { number: mark.number, hash: mark.hash };
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first: Value = serde_json::from_slice(first).unwrap_or_default();
    let before = first["n"].as_u64().and_then(|number| number.checked_sub(1));
    let hash = first["before"].as_str().unwrap_or(NOTHING).to_owned();
    match before {
        // The file was not replaced yet: it leads to the mark.
        Some(number) if number < cut.number => Ok(Start { end: End { number, hash }, through: Some(cut) }),
        _ => Ok(Start { end: cut.clone(), through: Some(cut) }),
    }
}

/// The last of the records that were all written before `before`; nothing when none is so old. The newest stays.
pub(super) fn last_before(bytes: &[u8], start: &Start, before: Instant) -> Option<End> {
    let mut last = None;
    let mut previous: Option<End> = None;
    let mut is_old = true;
    let followed = chain::follow(bytes, &start.end, |end, record| {
        // What is found here has one behind it.
        if is_old && previous.is_some() {
            last.clone_from(&previous);
        }
        let at = record["at"].as_str().and_then(Instant::parse);
        is_old &= at.is_some_and(|at| at < before);
        previous = is_old.then(|| end.clone());
    });
    followed.ok().and(last)
}

/// Cuts off everything up to `last`, durably.
///
/// # Errors
/// Those of the disk; the record is whole all the same.
pub(super) fn cut(folder: &Path, key: &Key, bytes: &[u8], last: &End, at: &str) -> std::io::Result<()> {
    let number = |line: &[u8]| serde_json::from_slice::<Value>(line).ok().and_then(|line| line["n"].as_u64());
    let kept: Vec<&[u8]> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .skip_while(|line| number(line).is_some_and(|number| number <= last.number))
        .collect();
    let unfinished = folder.join("records.unfinished");
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(&kept.concat())?;
    file.sync_all()?;
    key.sign(folder, Mark::Cut, last, at)?;
    fs::rename(unfinished, folder.join(FILE))?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::writer::check;
    use super::*;
    use serde_json::json;

    /// A folder of its own, gone with the test.
    struct Folder(std::path::PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            // What is left behind is in a folder for such.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Ten records, one a day from 1 October on.
    fn ten(name: &str) -> (Folder, Key, Vec<u8>) {
        let folder = Folder(std::env::temp_dir().join(format!("nhip-cut-{name}-{}", std::process::id())));
        fs::create_dir_all(&folder.0).expect("it can be made");
        let key = Key::of(&folder.0).expect("a key");
        let (mut end, mut bytes) = (End::default(), Vec::new());
        for day in 1..=10 {
            let told = json!({ "at": format!("2026-10-{day:02}T08:00:00+07:00"), "who": "a" });
            let (line, next) = chain::next(&end, told.as_object().cloned().expect("an object"));
            bytes.extend_from_slice((line + "\n").as_bytes());
            end = next;
        }
        fs::write(folder.0.join(FILE), &bytes).expect("it can be written");
        key.sign(&folder.0, Mark::Head, &end, "2026-10-10").expect("it can be signed");
        (folder, key, bytes)
    }

    fn checked(folder: &Folder, bytes: &[u8]) -> Result<u64, String> {
        check(&folder.0, head::read(&folder.0, Mark::Head)?.as_ref(), bytes).map(|end| end.number)
    }

    fn day(day: u32) -> Instant {
        Instant::parse(&format!("2026-10-{day:02}T00:00:00+07:00")).expect("an instant")
    }

    #[test]
    fn what_is_old_goes_and_what_is_left_holds_together() {
        let (folder, key, bytes) = ten("old");
        assert_eq!(last_before(&bytes, &Start::default(), day(1)), None);
        let last = last_before(&bytes, &Start::default(), day(5)).expect("four are old");
        assert_eq!(last.number, 4);
        cut(&folder.0, &key, &bytes, &last, "2026-10-10").expect("it can be cut");
        let left = fs::read(folder.0.join(FILE)).expect("it is there");
        assert_eq!(left.split_inclusive(|byte| *byte == b'\n').count(), 6);
        assert_eq!(checked(&folder, &left), Ok(10));
        // A second time from there on.
        let from = start(&folder.0, &left).expect("it is signed");
        let last = last_before(&left, &from, day(30)).expect("all are old");
        assert_eq!(last.number, 9, "the newest stays");
        cut(&folder.0, &key, &left, &last, "2026-10-30").expect("it can be cut");
        assert_eq!(checked(&folder, &fs::read(folder.0.join(FILE)).expect("it is there")), Ok(10));
    }

    #[test]
    fn a_crash_between_mark_and_file_is_no_slip() {
        let (folder, key, bytes) = ten("crash");
        let last = last_before(&bytes, &Start::default(), day(5)).expect("four are old");
        key.sign(&folder.0, Mark::Cut, &last, "2026-10-10").expect("it can be signed");
        assert_eq!(checked(&folder, &bytes), Ok(10));
    }

    #[test]
    fn a_copy_in_the_order_of_names_holds_together_whenever_it_is_cut_off_meanwhile() {
        for (copied_before, was_cut) in (0..=4).flat_map(|count| [(count, false), (count, true)]) {
            let (folder, key, _) = ten(&format!("copied-{copied_before}-{was_cut}"));
            mark_beginning(&folder.0, &key, "2026-10-10").expect("it can be signed");
            let cut_at = |day_of: u32| {
                let bytes = fs::read(folder.0.join(FILE)).expect("it is there");
                let from = start(&folder.0, &bytes).expect("it is signed");
                let last = last_before(&bytes, &from, day(day_of)).expect("some are old");
                cut(&folder.0, &key, &bytes, &last, "2026-10-10").expect("it can be cut");
            };
            if was_cut {
                cut_at(3);
            }
            let copy = Folder(folder.0.with_extension("copy"));
            fs::create_dir_all(&copy.0).expect("it can be made");
            let names = fs::read_dir(&folder.0)
                .expect("it can be listed")
                .map(|entry| entry.expect("an entry").file_name());
            let mut names: Vec<_> = names.collect();
            names.sort();
            assert_eq!(names.len(), 4, "key, head, records, mark: {names:?}");
            for (place, name) in names.iter().enumerate() {
                if place == copied_before {
                    cut_at(6);
                }
                fs::copy(folder.0.join(name), copy.0.join(name)).expect("it can be copied");
            }
            let copied = fs::read(copy.0.join(FILE)).expect("it is there");
            let told = format!("cut off after {copied_before} files, for the first time: {}", !was_cut);
            assert_eq!(checked(&copy, &copied), Ok(10), "{told}");
        }
    }

    #[test]
    fn a_record_that_an_earlier_build_cut_off_holds_together() {
        let (folder, key, bytes) = ten("earlier");
        let last = last_before(&bytes, &Start::default(), day(5)).expect("four are old");
        cut(&folder.0, &key, &bytes, &last, "2026-10-10").expect("it can be cut");
        fs::rename(folder.0.join("start.json"), folder.0.join("cut.json")).expect("it can be renamed");
        let left = fs::read(folder.0.join(FILE)).expect("it is there");
        assert_eq!(checked(&folder, &left), Ok(10));
        mark_beginning(&folder.0, &key, "2026-10-11").expect("it can be signed");
        assert_eq!(checked(&folder, &left), Ok(10), "by the name of now too");
    }

    #[test]
    fn what_somebody_else_cuts_off_is_found() {
        let (folder, key, bytes) = ten("else");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        assert!(checked(&folder, &lines[3..].concat()).is_err(), "without a mark");
        let last = last_before(&bytes, &Start::default(), day(5)).expect("four are old");
        cut(&folder.0, &key, &bytes, &last, "2026-10-10").expect("it can be cut");
        assert!(checked(&folder, &lines[6..].concat()).is_err(), "more than the mark says");
        let mut other = bytes.clone();
        let place = 2 * lines[0].len();
        other[place] ^= 1;
        assert!(checked(&folder, &other).is_err(), "a file that leads to the mark by other records");
        let mark = folder.0.join("start.json");
        let told = fs::read_to_string(&mark).expect("it is there").replace("\"number\":4", "\"number\":6");
        fs::write(&mark, told).expect("it can be written");
        let why = checked(&folder, &lines[6..].concat()).expect_err("the mark is not ours");
        assert!(why.contains("not signed"), "{why}");
    }
}
