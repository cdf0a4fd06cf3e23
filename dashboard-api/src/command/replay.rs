//! `nhip replay`: events of files sent again, to topics or to a running server, at a chosen rate.
//!
//! Not here: what becomes of them; the server's health tells.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ingest::files::{ReadError, each_line};
use ingest::kafka::{self, Producer};

use super::{Failure, ServerArgument};
use crate::settings;

/// Events of one request, or between two looks at the clock.
const BATCH_EVENTS: usize = 500;
/// Bytes of one request.
const BATCH_BYTES: usize = 8 << 20;
/// How often progress is told.
const BEAT: Duration = Duration::from_secs(1);
/// How long the broker may take for what is under way at the end.
const FLUSH_PATIENCE: Duration = Duration::from_mins(1);

/// Where events go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum To {
    /// The topics of the settings
    Kafka,
    /// A running server
    Http,
}

/// Where the envelope stands in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Mode {
    /// In the value
    Structured,
    /// In headers
    Binary,
}

/// How messages are packed on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// Files of events, NDJSON, plain, .gz or .zst; `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where to
    #[arg(long, value_enum)]
    to: To,
    /// Events a second [default: as fast as they are taken]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// File of settings (TOML), whose table [kafka] names the brokers
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Kafka: where the envelope stands
    #[arg(long, value_enum, default_value = "structured")]
    mode: Mode,
    /// Kafka: how messages are packed
    #[arg(long, value_enum, default_value = "lz4")]
    compression: Compression,
    #[command(flatten)]
    server: ServerArgument,
}

pub(super) fn run(arguments: &ReplayArguments) -> Result<u8, Failure> {
    let mut way = match arguments.to {
        To::Kafka => Way::Kafka(Box::new(producer(arguments)?)),
        To::Http => Way::Http { server: arguments.server.clone(), body: b"[".to_vec(), events: 0 },
    };
    let mut pace = Pace::new(arguments.rate);
    for path in &arguments.files {
        each_line::<Failure>(path, |line| {
            way.send(line)?;
            pace.count();
            Ok(())
        })?;
    }
    let taken = way.finish(pace.sent)?;
    eprintln!("{taken} events were taken in {:.1} s", pace.started.elapsed().as_secs_f64());
    Ok(0)
}

fn producer(arguments: &ReplayArguments) -> Result<Producer, Failure> {
    let settings = settings::read(arguments.settings.as_deref())?.kafka.ok_or_else(|| {
        Failure::question(
            "no brokers are named; write [kafka] bootstrap = \"host:9092\" into --settings FILE",
        )
    })?;
    let compression = match arguments.compression {
        Compression::None => kafka::Compression::None,
        Compression::Gzip => kafka::Compression::Gzip,
        Compression::Snappy => kafka::Compression::Snappy,
        Compression::Lz4 => kafka::Compression::Lz4,
        Compression::Zstd => kafka::Compression::Zstd,
    };
    let mode = match arguments.mode {
        Mode::Structured => kafka::Mode::Structured,
        Mode::Binary => kafka::Mode::Binary,
    };
    Ok(Producer::open(&settings, compression, mode)?)
}

impl From<kafka::KafkaError> for Failure {
    fn from(error: kafka::KafkaError) -> Failure {
        Failure::broken(error.to_string())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        Failure::question(error.to_string())
    }
}

/// The way to where events go.
enum Way {
    Kafka(Box<Producer>),
    Http { server: ServerArgument, body: Vec<u8>, events: usize },
}

impl Way {
    fn send(&mut self, line: &[u8]) -> Result<(), Failure> {
        match self {
            Way::Kafka(producer) => Ok(producer.send(line)?),
            Way::Http { server, body, events } => {
                if *events > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(line);
                *events += 1;
                if *events >= BATCH_EVENTS || body.len() >= BATCH_BYTES {
                    post(server, body, events)?;
                }
                Ok(())
            }
        }
    }

    fn finish(self, sent: u64) -> Result<u64, Failure> {
        match self {
            Way::Kafka(producer) => Ok(producer.finish(FLUSH_PATIENCE)?),
            Way::Http { server, mut body, mut events } => {
                if events > 0 {
                    post(&server, &mut body, &mut events)?;
                }
                Ok(sent)
            }
        }
    }
}

fn post(server: &ServerArgument, body: &mut Vec<u8>, events: &mut usize) -> Result<(), Failure> {
    body.push(b']');
    server.post_as("/api/v1/events", "application/cloudevents-batch+json", body)?;
    body.truncate(1);
    *events = 0;
    Ok(())
}

/// Keeps to a rate, and tells how far it is.
struct Pace {
    started: Instant,
    told: Instant,
    rate: Option<u64>,
    sent: u64,
}

impl Pace {
    fn new(rate: Option<u64>) -> Pace {
        Pace { started: Instant::now(), told: Instant::now(), rate, sent: 0 }
    }

    fn count(&mut self) {
        self.sent += 1;
        if let Some(rate) = self.rate {
            let due = Duration::from_nanos(self.sent.saturating_mul(1_000_000_000) / rate);
            if let Some(early) = due.checked_sub(self.started.elapsed())
                && early > Duration::from_millis(2)
            {
                std::thread::sleep(early);
            }
        }
        if self.sent.is_multiple_of(BATCH_EVENTS as u64) && self.told.elapsed() >= BEAT {
            self.told = Instant::now();
            eprintln!("{} events sent", self.sent);
        }
    }
}
