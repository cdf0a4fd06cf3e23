//! Decoding alone: how many events a second of processor time turns bytes into checked drafts.
//!
//! `cargo bench -p benches --bench decode --profile release -- FILE.ndjson`; the file is read into memory first.
//! Not a test: the figure goes to `baselines.md` with the machine and its load.

use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let Some(file) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        eprintln!("usage: decode FILE.ndjson");
        return;
    };
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => return eprintln!("{file} cannot be read: {error}"),
    };
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    for _ in 0..5 {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        let taken = lines.iter().filter(|line| ingest::decode::decode(line).is_ok()).count();
        let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let rate = f64::from(u32::try_from(taken).unwrap_or(u32::MAX)) / cpu / 1e6;
        println!(
            "{taken} of {} events, wall {wall:.3} s, cpu {cpu:.3} s, {rate:.2} M events/cpu-s",
            lines.len()
        );
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}
