//! Bytes that nobody meant, read by every reader of what comes from outside.
//!
//! Examples are damaged by seed; what was found by coverage (`tests/fuzz`) is read again; and what is accepted the engine
//! counts live as it does in one batch. A failing case prints where it is from and its bytes. `NHIP_SEEDS=5000` goes on
//! for longer. Not here: the readers and what must hold of them (`acceptance_tests::readers`).

mod damage;

use std::panic::{AssertUnwindSafe, catch_unwind};

use acceptance_tests::readers::{Reader, events, line_of};
use acceptance_tests::shared::root;
use compute::engine::Keep;
use compute::instant::Instant;
use ingest::decode;

use self::damage::damaged;
use crate::all_results;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

/// Damaged pieces of what a reader accepts, so many a seed.
fn try_reader(reader: &Reader) {
    let good = (reader.good)();
    let mut answers = std::collections::BTreeSet::new();
    for seed in seeds(4) {
        let mut chance = Chance::new(seed);
        for _ in 0..reader.pieces {
            let mut pick = || &good[usize::try_from(chance.below(good.len() as u64)).unwrap()];
            let (one, other) = (pick(), pick());
            let bytes = damaged(one, other, &mut chance);
            answers.insert(checked(reader, &bytes, &format!("seed {seed}")));
        }
    }
    assert!(answers.len() > 3, "{}: one answer to everything tries nothing: {answers:?}", reader.name);
}

fn checked(reader: &Reader, bytes: &[u8], from: &str) -> String {
    let answer = catch_unwind(AssertUnwindSafe(|| reader.check(bytes)));
    let shown = String::from_utf8_lossy(bytes);
    answer.unwrap_or_else(|_| panic!("{}, {from}: the reader cannot bear\n{shown}", reader.name))
}

#[test]
fn a_reader_bears_whatever_it_is_given() {
    Reader::ALL.iter().for_each(try_reader);
}

#[test]
fn a_reader_bears_whatever_was_found_before() {
    let corpus = root().join("tests/fuzz/corpus");
    let folders = std::fs::read_dir(&corpus).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut readers = Reader::ALL.map(|reader| reader.name);
    names.sort_unstable();
    readers.sort_unstable();
    assert_eq!(names, readers, "each reader has a folder in {}", corpus.display());
    for reader in &Reader::ALL {
        let files: Vec<_> = std::fs::read_dir(corpus.join(reader.name)).unwrap().collect();
        assert!(files.len() > 3, "{}: a corpus", reader.name);
        for file in files {
            let path = file.unwrap().path();
            checked(reader, &std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

#[test]
fn whatever_is_accepted_is_counted_live_as_in_one_batch() {
    let good = events();
    for seed in seeds(4) {
        let mut chance = Chance::new(seed);
        let lines = Lines::of(seed, 1_000);
        let mut accepted: Vec<String> = lines.iter().map(str::to_owned).collect();
        let whole = accepted.len();
        for _ in 0..4_000 {
            let mut pick = || &good[usize::try_from(chance.below(good.len() as u64)).unwrap()];
            let (one, other) = (pick(), pick());
            let bytes = damaged(one, other, &mut chance);
            if let Ok(draft) = decode::decode(&bytes) {
                accepted.push(line_of(&draft).trim_end().to_owned());
            }
        }
        assert!(accepted.len() > whole + 100, "seed {seed}: hardly anything was accepted");
        chance.shuffle(&mut accepted);
        let mut live = engine(2, Keep::From(lines.from()));
        for (place, part) in accepted.chunks(200).enumerate() {
            push_all(&mut live, part.iter().map(String::as_str), 50);
            let passed = i64::try_from(place).unwrap() * 86_400 * 5;
            live.advance(Instant::from_unix(lines.from().unix_seconds() + passed, 0)).unwrap();
        }
        let mut batch = engine(1, Keep::From(lines.from()));
        push_all(&mut batch, accepted.iter().map(String::as_str), usize::MAX);
        let late = lines.until().max(live.as_of());
        live.advance(late).unwrap();
        batch.advance(late).unwrap();
        assert!(all_results(&live) == all_results(&batch), "seed {seed}: live and batch differ");
    }
}
