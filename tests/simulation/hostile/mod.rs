//! Bytes that nobody meant, read by every reader of what comes from outside.
//!
//! No reader panics; the same bytes get the same answer; what is accepted can be read back from the log as the same
//! event, and the engine counts it live as it does in one batch. A failing case prints seed and bytes. `NHIP_SEEDS=5000`
//! goes on for longer. Not here: HTTP (`acceptance`); files of our own, which
//! bear checksums (`store`, `durability`).

mod damage;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use compute::calendar::Calendar;
use compute::codes::{CodeBook, LocalCodes};
use compute::engine::Keep;
use compute::event::{Draft, Given};
use compute::instant::Instant;
use compute::set::Catalogue;
use ingest::{decode, encode, exchange, import, portal};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;

use self::damage::damaged;
use crate::all_results;
use crate::stream::{Chance, Lines, engine, push_all, seeds};

/// Damaged pieces tried for each seed and reader.
const PIECES: u64 = 300;

fn try_all(of: &str, good: &[Vec<u8>], read: impl Fn(&[u8]) -> String) {
    try_some(PIECES, of, good, read);
}

/// Reads so many damaged pieces of `good` a seed; the answers must be the same when asked again.
fn try_some(pieces: u64, of: &str, good: &[Vec<u8>], read: impl Fn(&[u8]) -> String) {
    let mut answers = std::collections::BTreeSet::new();
    for seed in seeds(4) {
        let mut chance = Chance::new(seed);
        for _ in 0..pieces {
            let mut pick = || &good[usize::try_from(chance.below(good.len() as u64)).unwrap()];
            let (one, other) = (pick(), pick());
            let bytes = damaged(one, other, &mut chance);
            let shown = String::from_utf8_lossy(&bytes);
            let first = catch_unwind(AssertUnwindSafe(|| read(&bytes)));
            let first =
                first.unwrap_or_else(|_| panic!("{of}, seed {seed}: the reader panicked at\n{shown}"));
            assert_eq!(first, read(&bytes), "{of}, seed {seed}: another answer to the same bytes\n{shown}");
            answers.insert(first);
        }
    }
    assert!(answers.len() > 3, "{of}: one answer to everything tries nothing: {answers:?}");
}

fn told<T, E: Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "read".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Events as they come, some with everything that is optional.
fn events() -> Vec<Vec<u8>> {
    let lines = Lines::of(3, 1_500);
    lines.iter().step_by(7).map(|line| line.as_bytes().to_vec()).collect()
}

/// When everything arrives.
fn arrived() -> Instant {
    Instant::from_unix(1_790_000_000, 5)
}

/// What the log keeps of a draft.
fn line_of(draft: &Draft<'_>) -> String {
    let mut line = Vec::new();
    encode::line(draft, arrived(), &mut line);
    String::from_utf8(line).unwrap()
}

/// All that an event says; text that is dropped is not there.
fn said(draft: &Draft<'_>) -> String {
    let recorded = draft.recorded.unwrap_or_else(arrived);
    let values = draft.values.iter().map(|value| value.as_ref().filter(|value| **value != Given::Dropped));
    let values: Vec<_> = values.collect();
    let Draft { id, source, event_type, subject, time, .. } = draft;
    format!("{id} {source} {event_type:?} {subject} {time:?} {recorded:?} {values:?}")
}

#[test]
fn an_event_is_refused_or_read_back_from_the_log_as_it_was() {
    try_some(6_000, "an event", &events(), |bytes| match decode::decode(bytes) {
        Err(rejection) => format!("{rejection:?}"),
        Ok(draft) => {
            let kept = line_of(&draft);
            let again = decode::decode(kept.trim_end().as_bytes());
            let again = again.unwrap_or_else(|why| panic!("{why:?} of what was kept: {kept}"));
            assert_eq!(said(&again), said(&draft), "the log keeps another event: {kept}");
            kept
        }
    });
}

#[test]
fn a_batch_is_refused_or_all_its_events_are_read() {
    let some = events();
    let batches: Vec<Vec<u8>> =
        some.chunks(5).map(|lines| [b"[".as_slice(), &lines.join(&b","[..]), b"]"].concat()).collect();
    try_all("a batch", &batches, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return "no text".to_owned() };
        match decode::batch(text) {
            Err(rejection) => format!("{rejection:?}"),
            Ok(lines) => {
                assert!(lines.iter().map(|line| line.len()).sum::<usize>() <= text.len());
                format!("{:?}", lines.iter().map(|line| told(decode::decode_text(line))).collect::<Vec<_>>())
            }
        }
    });
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

#[test]
fn messages_of_the_national_exchange_are_mapped_or_set_aside() {
    let one = |code: u64| {
        format!(
            "{{\"MaHoSo\":\"H{code}\",\"MaTTHC\":\"T\",\"DonViXuLy\":\"C1\",\"KenhThucHien\":2,\"TrangThaiHoSo\":9,\
             \"NgayNopHoSo\":\"20261001073000\",\"NgayTiepNhan\":\"01/10/2026 08:00:00\",\"NgayHenTra\":\"20261009173000\",\
             \"NgayKetThucXuLy\":\"20261008\",\"TaiLieuNop\":[{{\"DuocSoHoa\":1}}],\"DanhSachLePhi\":[{{\"Gia\":20000}}],\
             \"DanhSachGiayToKetQua\":[{{\"DuongDanTepTinKetQua\":\"https://x/1\"}}]}}"
        )
    };
    let several = format!("[{},{}]", one(1), one(2));
    let lines = format!("{}\n{}\n", one(3), one(4));
    let good = [one(5), several, lines].map(String::into_bytes);
    try_all("an exchange message", &good, |bytes| {
        let messages = exchange::read(bytes, "/x");
        for event in messages.iter().filter_map(|message| message.outcome.as_ref().ok()) {
            std::hint::black_box(format!("{event:?}"));
        }
        format!("{messages:?}")
    });
}

#[test]
fn what_the_portal_published_is_read_or_refused() {
    let published = "snapshot,period,unit_code,unit_name,metric_code,numerator,denominator,score\n\
        2026-10-05T07:00:00+07:00,2026-09,C1,Xã 1,1.1,10,20,5.5\n\
        2026-10-05T07:00:00+07:00,2026-09,C1,Xã 1,total,,,55.25\n";
    try_all("published figures", &[published.as_bytes().to_vec()], |bytes| {
        told(portal::read_publications(bytes))
    });
    let list = "dossier,agency,procedure,channel,status,accepted_at,due_at,ended_at,fee_vnd,paid_online\n\
        H1,C1,T,online,ended,2026-09-01T08:00:00+07:00,2026-09-08T17:30:00+07:00,2026-09-07T10:00:00+07:00,20000,1\n";
    try_all("a list of dossiers", &[list.as_bytes().to_vec()], |bytes| {
        told(portal::read_list(bytes, &mut LocalCodes::new(&Arc::new(CodeBook::default()))))
    });
}

/// The files that analysts and operators write, as they are shipped.
fn shipped(paths: &[&str]) -> Vec<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../");
    paths.iter().map(|path| std::fs::read(format!("{root}{path}")).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_file_that_people_write_is_used_or_refused() {
    let calendars = shipped(&["compute/calendars/vn-2026.toml"]);
    try_all("a calendar", &calendars, |bytes| told(Calendar::default().add("x.toml", &text(bytes))));
    let rules = shipped(&["alerts/rules/alerts.toml"]);
    try_all("rules of alerts", &rules, |bytes| told(alerts::Rule::read(&text(bytes))));
    let schedule = shipped(&["editions/schedule.toml"]);
    try_all("a schedule", &schedule, |bytes| told(editions::schedule::Schedule::read(&text(bytes))));
    let mappings = shipped(&["ingest/mappings/coselog-receipt.toml"]);
    try_all("a mapping", &mappings, |bytes| told(import::Mapping::parse(&text(bytes), "x")));
}

#[test]
fn a_set_of_indicators_is_loaded_or_refused() {
    let mut files = Catalogue::embedded_files();
    files.retain(|(path, _)| !path.ends_with("README.md"));
    for place in [0, files.len() / 2] {
        try_some(12, &files[place].0, &[files[place].1.as_bytes().to_vec()], |bytes| {
            let mut files = files.clone();
            files[place].1 = text(bytes);
            told(Catalogue::load(files))
        });
    }
}

#[test]
fn a_sealed_edition_that_was_changed_is_not_believed() {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = editions::seal::Key::of(pkcs8.as_ref()).unwrap();
    let lines: Vec<String> = (0..5).map(|row| format!("{{\"row\":{row}}}")).collect();
    let file = key.seal(&lines).into_bytes();
    assert!(editions::seal::Sealed::read(&file).is_ok());
    try_all("an edition", std::slice::from_ref(&file), |bytes| {
        let read = editions::seal::Sealed::read(bytes);
        assert!(read.is_err() || bytes == file, "a changed file was believed");
        told(read.map(|_| ()))
    });
}
