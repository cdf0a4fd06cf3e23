//! Readers of what comes from outside, each with good examples and what must hold of anything it is given.
//!
//! No reader panics, and the same bytes get the same answer; what is accepted can be read back from the log as the same
//! event. Tried by damaging examples (`tests/simulation/hostile`) and guided by coverage (`tests/fuzz`). Not here: HTTP
//! (`acceptance`); files of our own, which bear checksums (`store`, `durability`).

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use compute::calendar::Calendar;
use compute::codes::{CodeBook, LocalCodes};
use compute::event::{Draft, Given};
use compute::instant::Instant;
use compute::set::Catalogue;
use editions::schedule::Schedule;
use editions::seal::{Key, Sealed};
use ingest::simulate::{Plan, Stream};
use ingest::{decode, encode, exchange, import, portal};

use crate::shared::root;

/// A reader.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// What it reads; also the name of its corpus.
    pub name: &'static str,
    /// How many damaged pieces are tried for each seed: fewer where one takes long.
    pub pieces: u64,
    /// Examples it accepts.
    pub good: fn() -> Vec<Vec<u8>>,
    /// What it makes of bytes; panics if that cannot be right.
    pub read: fn(&[u8]) -> String,
}

impl Reader {
    /// All of them.
    pub const ALL: [Reader; 12] = [
        Reader { name: "event", pieces: 6_000, good: events, read: read_event },
        Reader { name: "batch", pieces: 300, good: batches, read: read_batch },
        Reader { name: "exchange", pieces: 300, good: exchange_messages, read: read_exchange },
        Reader { name: "published", pieces: 300, good: published, read: read_published },
        Reader { name: "dossiers", pieces: 300, good: dossiers, read: read_dossiers },
        Reader { name: "calendar", pieces: 300, good: calendar, read: read_calendar },
        Reader { name: "alert-rules", pieces: 300, good: rules, read: read_rules },
        Reader { name: "schedule", pieces: 300, good: schedule, read: read_schedule },
        Reader { name: "mapping", pieces: 300, good: mapping, read: read_mapping },
        Reader { name: "set-first", pieces: 12, good: first_set_file, read: read_set::<0> },
        Reader { name: "set-middle", pieces: 12, good: middle_set_file, read: read_set::<1> },
        Reader { name: "edition", pieces: 300, good: edition, read: read_edition },
    ];

    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Reader> {
        Reader::ALL.iter().find(|reader| reader.name == name)
    }

    /// Reads bytes twice; what they came to.
    pub fn check(&self, bytes: &[u8]) -> String {
        let first = (self.read)(bytes);
        assert_eq!(first, (self.read)(bytes), "{}: another answer to the same bytes", self.name);
        first
    }
}

fn told<T, E: Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "read".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files that analysts and operators write, as they are shipped.
fn shipped(path: &str) -> Vec<Vec<u8>> {
    vec![std::fs::read(root().join(path)).expect("it is part of the repository")]
}

/// Events as they come, some with everything that is optional.
pub fn events() -> Vec<Vec<u8>> {
    let mut stream = Stream::new(&Plan { seed: 3, events: 1_500, ..Plan::default() });
    let mut lines = Vec::new();
    while let Some((_, line)) = stream.next_line() {
        lines.push(line.trim_ascii_end().to_vec());
    }
    lines.into_iter().step_by(7).collect()
}

/// What the log keeps of a draft.
pub fn line_of(draft: &Draft<'_>) -> String {
    let mut line = Vec::new();
    encode::line(draft, arrived(), &mut line);
    String::from_utf8(line).expect("the log is UTF-8")
}

/// When everything arrives.
fn arrived() -> Instant {
    Instant::from_unix(1_790_000_000, 5)
}

/// All that an event says; text that is dropped is not there.
fn said(draft: &Draft<'_>) -> String {
    let recorded = draft.recorded.unwrap_or_else(arrived);
    let values = draft.values.iter().map(|value| value.as_ref().filter(|value| **value != Given::Dropped));
    let values: Vec<_> = values.collect();
    let Draft { id, source, event_type, subject, time, .. } = draft;
    format!("{id} {source} {event_type:?} {subject} {time:?} {recorded:?} {values:?}")
}

fn read_event(bytes: &[u8]) -> String {
    match decode::decode(bytes) {
        Err(rejection) => format!("{rejection:?}"),
        Ok(draft) => {
            let kept = line_of(&draft);
            let again = decode::decode(kept.trim_end().as_bytes());
            let again = again.unwrap_or_else(|why| panic!("{why:?} of what was kept: {kept}"));
            assert_eq!(said(&again), said(&draft), "the log keeps another event: {kept}");
            kept
        }
    }
}

fn batches() -> Vec<Vec<u8>> {
    events().chunks(5).map(|lines| [b"[".as_slice(), &lines.join(&b","[..]), b"]"].concat()).collect()
}

fn read_batch(bytes: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else { return "no text".to_owned() };
    match decode::batch(text) {
        Err(rejection) => format!("{rejection:?}"),
        Ok(lines) => {
            assert!(lines.iter().map(|line| line.len()).sum::<usize>() <= text.len());
            format!("{:?}", lines.iter().map(|line| told(decode::decode_text(line))).collect::<Vec<_>>())
        }
    }
}

fn exchange_messages() -> Vec<Vec<u8>> {
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
    [one(5), several, lines].map(String::into_bytes).into()
}

fn read_exchange(bytes: &[u8]) -> String {
    let messages = exchange::read(bytes, "/x");
    for event in messages.iter().filter_map(|message| message.outcome.as_ref().ok()) {
        std::hint::black_box(format!("{event:?}"));
    }
    format!("{messages:?}")
}

fn published() -> Vec<Vec<u8>> {
    let published = "snapshot,period,unit_code,unit_name,metric_code,numerator,denominator,score\n\
        2026-10-05T07:00:00+07:00,2026-09,C1,Xã 1,1.1,10,20,5.5\n\
        2026-10-05T07:00:00+07:00,2026-09,C1,Xã 1,total,,,55.25\n";
    vec![published.as_bytes().to_vec()]
}

fn read_published(bytes: &[u8]) -> String {
    told(portal::read_publications(bytes))
}

fn dossiers() -> Vec<Vec<u8>> {
    let list = "dossier,agency,procedure,channel,status,accepted_at,due_at,ended_at,fee_vnd,paid_online\n\
        H1,C1,T,online,ended,2026-09-01T08:00:00+07:00,2026-09-08T17:30:00+07:00,2026-09-07T10:00:00+07:00,20000,1\n";
    vec![list.as_bytes().to_vec()]
}

fn read_dossiers(bytes: &[u8]) -> String {
    told(portal::read_list(bytes, &mut LocalCodes::new(&Arc::new(CodeBook::default()))))
}

fn calendar() -> Vec<Vec<u8>> {
    shipped("compute/calendars/vn-2026.toml")
}

fn read_calendar(bytes: &[u8]) -> String {
    told(Calendar::default().add("x.toml", &text(bytes)))
}

fn rules() -> Vec<Vec<u8>> {
    shipped("alerts/rules/alerts.toml")
}

fn read_rules(bytes: &[u8]) -> String {
    told(alerts::Rule::read(&text(bytes)))
}

fn schedule() -> Vec<Vec<u8>> {
    shipped("editions/schedule.toml")
}

fn read_schedule(bytes: &[u8]) -> String {
    told(Schedule::read(&text(bytes)))
}

fn mapping() -> Vec<Vec<u8>> {
    shipped("ingest/mappings/coselog-receipt.toml")
}

fn read_mapping(bytes: &[u8]) -> String {
    told(import::Mapping::parse(&text(bytes), "x"))
}

static SET_FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut files = Catalogue::embedded_files();
    files.retain(|(path, _)| !path.ends_with("README.md"));
    files
});

/// Which of the files is tried: the first, or the one in the middle.
fn place(half: usize) -> usize {
    half * SET_FILES.len() / 2
}

fn first_set_file() -> Vec<Vec<u8>> {
    vec![SET_FILES[place(0)].1.clone().into_bytes()]
}

fn middle_set_file() -> Vec<Vec<u8>> {
    vec![SET_FILES[place(1)].1.clone().into_bytes()]
}

fn read_set<const HALF: usize>(bytes: &[u8]) -> String {
    let mut files = SET_FILES.clone();
    files[place(HALF)].1 = text(bytes);
    told(Catalogue::load(files))
}

/// A key (PKCS #8) that signs nothing but examples: the same in every process, so that what was found with it stays so.
const EXAMPLE_KEY: &str = "3051020101300506032b65700422042060708ceb0d3fe8716b373c6fa747eb69798749dd77dac830ed3cd33e58589f54\
    812100b74c66642927900525828e687a3325093b5f5ff600ddd68fd2a76e873c41aad5";

/// A sealed file and the key in its seal.
static SEALED: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
    let pair =
        |place: usize| u8::from_str_radix(&EXAMPLE_KEY[place..place + 2], 16).expect("hexadecimal digits");
    let pkcs8: Vec<u8> = (0..EXAMPLE_KEY.len()).step_by(2).map(pair).collect();
    let key = Key::of(&pkcs8).expect("it is a key");
    let lines: Vec<String> = (0..5).map(|row| format!("{{\"row\":{row}}}")).collect();
    (key.seal(&lines).into_bytes(), key.public())
});

fn edition() -> Vec<Vec<u8>> {
    vec![SEALED.0.clone()]
}

fn read_edition(bytes: &[u8]) -> String {
    let (file, key) = &*SEALED;
    let read = Sealed::read(bytes);
    let is_believed = read.as_ref().is_ok_and(|sealed| sealed.key == *key);
    assert!(!is_believed || bytes == file, "a changed file was believed");
    told(read.map(|_| ()))
}
