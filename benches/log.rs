//! Measures the log on the disk of this machine; the figures stand in the ADR.
//!
//! `cargo bench --workspace --bench event_log --profile release -- append FOLDER FILE CHUNK EVENTS` appends the lines of FILE and stops without closing, like a kill.
//! `… open FOLDER` opens it, says how long that took, reads everything, verifies, and closes.

use std::path::Path;
use std::time::{Duration, Instant};
use store::{Chunk, DataFolder, FolderSettings};

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[1..] {
        ["append", folder, file, chunk, events] => {
            let (chunk, events) = (chunk.parse().expect("a number"), events.parse().expect("a number"));
            append(Path::new(folder), file, chunk, events);
        }
        ["open", folder] => open(Path::new(folder)),
        _ => panic!("measure append FOLDER FILE CHUNK EVENTS, or measure open FOLDER"),
    }
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn append(folder: &Path, file: &str, chunk: usize, events: usize) {
    let text = std::fs::read(file).expect("the file is readable");
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut data = DataFolder::open(folder, FolderSettings::default()).expect("the folder opens");
    let (mut latencies, mut bytes, mut done) = (Vec::new(), Vec::new(), 0);
    let begin = Instant::now();
    while done < events {
        bytes.clear();
        // Each pass over the file begins elsewhere, so that chunks do not repeat.
        let shift = done / lines.len();
        for number in done..done + chunk {
            bytes.extend_from_slice(lines[(number + shift) % lines.len()]);
        }
        let count = u32::try_from(chunk).expect("a chunk is small");
        let before = Instant::now();
        let ledger = [7; 200];
        data.log
            .append(Chunk { arrived: 0, events: count, bytes: &bytes, set_aside: &[], ledger: &ledger })
            .expect("the append succeeds");
        latencies.push(before.elapsed());
        done += chunk;
    }
    let time = begin.elapsed();
    latencies.sort_unstable();
    let part = |permille: usize| latencies[(latencies.len() - 1) * permille / 1000];
    println!(
        "chunks of {chunk}: {:.0} commits/s, {:.0} events/s; p50 {:?}, p99 {:?}, max {:?}; {:.1} bytes an event",
        rate(latencies.len(), time),
        rate(done, time),
        part(500),
        part(990),
        part(1000),
        rate(usize::try_from(data.log.bytes_on_disk()).expect("fits"), Duration::from_secs(done as u64)),
    );
    // No destructor runs: the folder is left as by a kill.
    std::process::exit(0);
}

fn open(folder: &Path) {
    let before = Instant::now();
    let mut data = DataFolder::open(folder, FolderSettings::default()).expect("the folder opens");
    println!("open {:?}, {} events", before.elapsed(), data.log.next_offset());
    let before = Instant::now();
    let mut events = 0;
    for chunk in data.log.reader().read_from(data.log.first_offset()) {
        events += chunk.expect("a chunk").events as usize;
    }
    println!("replay {:.0} events/s", rate(events, before.elapsed()));
    let before = Instant::now();
    let report = data.verify(|_| {}).expect("the folder is good");
    println!("verify {:?}, {} files", before.elapsed(), report.files);
    let before = Instant::now();
    data.close().expect("the folder closes");
    println!("close {:?}", before.elapsed());
}
