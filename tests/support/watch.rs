//! Stories of alerts: events and the clock in, messages out, with the real engine and the real desk, and no server.
//!
//! A line is an event as in `story`; it arrives at its own time, or later: `@12/10 08:00 01/10 08:00 accepted`. A line
//! with `!` is something that happens at a time: `! 10/10 08:00 restart`, `forget` (restart without what was kept),
//! `down` and `up` (an outage), `acknowledge H1`, `snooze H1 12/10 08:00`. A line with `=>` is a message, in order:
//! `=> 09/10 17:35 raised overdue C1 H1 H2`. Time goes on in steps of five minutes. Not here: channels.

use std::collections::VecDeque;
use std::sync::Arc;

use alerts::{Alert, Desk, Memory, Notice, Observation, Rule, Step};
use compute::calendar::Calendar;
use compute::codes::LocalCodes;
use compute::engine::{Engine, Keep, Routed, Scope, Setup, Watched};
use compute::instant::Instant;
use compute::set::Catalogue;
use ingest::decode;

use crate::story;

/// Seconds of a step.
const STEP_SECONDS: i64 = 300;

/// What the messages of a story are, one a line.
pub fn messages(rules: &[Rule], text: &str, (from, until): (&str, &str)) -> Vec<String> {
    let mut room = Room::new(rules, text, instant(from));
    let (mut now, until) = (instant(from), instant(until));
    while now <= until {
        room.step(now);
        now = Instant::from_unix(now.unix_seconds() + STEP_SECONDS, 0);
    }
    room.told
}

/// Tells the story from one time to another and compares its messages.
pub fn check(rules: &[Rule], text: &str, span: (&str, &str)) {
    let wanted: Vec<String> =
        text.lines().filter_map(|line| line.trim().strip_prefix("=> ")).map(str::to_owned).collect();
    assert_eq!(messages(rules, text, span), wanted, "\n{text}");
}

/// The rules built in of these ids.
pub fn built_in(ids: &[&str]) -> Vec<Rule> {
    let rules = Rule::built_in().expect("they are part of the program");
    ids.iter()
        .map(|id| rules.iter().find(|rule| rule.id == *id).unwrap_or_else(|| panic!("no rule {id}")).clone())
        .collect()
}

/// `09/10 17:30`, in 2026 unless a year is given.
pub fn instant(text: &str) -> Instant {
    let (day, clock) = text.split_once(' ').unwrap_or_else(|| panic!("{text:?} is no day and time"));
    Instant::parse(&story::instant(day, clock)).unwrap_or_else(|| panic!("{text:?} is no instant"))
}

fn short(at: Instant) -> String {
    let local = at.to_local();
    format!("{}/{} {}", &local[8..10], &local[5..7], &local[11..16])
}

struct Room {
    engine: Engine,
    desk: Desk,
    calendar: Arc<Calendar>,
    watched: Vec<(String, Watched)>,
    arrivals: VecDeque<(Instant, String)>,
    happenings: VecDeque<(Instant, String)>,
    known: Vec<String>,
    is_down: bool,
    is_new: bool,
    /// Where looking at everything goes on.
    look: Option<usize>,
    told: Vec<String>,
    /// Alerts and memory as they were written last: what presses at once, all else after a minute.
    kept: (Vec<Vec<u8>>, Vec<u8>),
    kept_at: Instant,
}

/// How long what does not press may wait until it is kept.
const KEPT_SECONDS: u64 = 60;

impl Room {
    fn new(rules: &[Rule], text: &str, from: Instant) -> Room {
        let calendar = Arc::new(Calendar::embedded().expect("they are part of the program"));
        let (mut plain, mut late, mut happenings) = (String::new(), Vec::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("=>")) {
            if let Some(line) = line.strip_prefix("! ") {
                happenings.push((instant(&line[..11]), line[12..].to_owned()));
                continue;
            }
            let (known, line) = match line.strip_prefix('@') {
                Some(line) => (Some(instant(&line[..11])), &line[12..]),
                None => (None, line),
            };
            late.push(known.unwrap_or_else(|| instant(&line[..11])));
            plain += line;
            plain.push('\n');
        }
        let lines: Vec<String> = story::events(&plain).lines().map(str::to_owned).collect();
        let world = lines.len() - late.len();
        let at = |place: usize| place.checked_sub(world).map_or(Instant::FIRST, |place| late[place]);
        let mut arrivals: Vec<(Instant, String)> =
            lines.into_iter().enumerate().map(|(place, line)| (at(place), line)).collect();
        arrivals.sort_by_key(|(at, _)| *at);
        happenings.sort_by_key(|(at, _)| *at);
        let watched = rules.iter().filter_map(|rule| Some((rule.id.clone(), rule.watched()?))).collect();
        Room {
            engine: engine(&calendar, from),
            desk: Desk::new(rules.to_vec(), Vec::new(), Memory::default(), &calendar),
            calendar,
            watched,
            arrivals: arrivals.into(),
            happenings: happenings.into(),
            known: Vec::new(),
            is_down: false,
            is_new: true,
            look: None,
            told: Vec::new(),
            kept: (Vec::new(), Vec::new()),
            kept_at: Instant::FIRST,
        }
    }

    fn step(&mut self, now: Instant) {
        while let Some((_, what)) = self.happenings.pop_front_if(|(at, _)| *at <= now) {
            self.happen(&what, now);
        }
        if self.is_down {
            return;
        }
        let mut routed = Routed::new(self.engine.shards());
        let mut codes = LocalCodes::new(&self.engine.codes());
        while let Some((_, line)) = self.arrivals.pop_front_if(|(at, _)| *at <= now) {
            routed.push(&decode::decode(line.as_bytes()).expect("a story is understood"), &mut codes);
            self.known.push(line);
        }
        self.engine.apply(&[routed]);
        let mut observed = Vec::new();
        let is_first = std::mem::take(&mut self.is_new);
        if is_first {
            self.engine.advance(now).expect("conditions hold");
            let watched: Vec<Watched> = self.watched.iter().map(|(_, watched)| *watched).collect();
            self.engine.watch(&watched);
            self.look = Some(0);
            observed.push(Observation::LookBegins);
        }
        // A place at each step of ten milliseconds, as a server with many dossiers would.
        let place = self.look.take();
        if let Some(place) = place {
            self.look = self.engine.look_again(place, 1, Instant::LAST);
        }
        self.engine.advance(now).expect("conditions hold");
        let codes = self.engine.codes();
        let names = codes.names();
        let seen = self.engine.take_seen();
        assert!(!seen.is_partial);
        observed.extend(Observation::all(seen.sightings, &self.watched, &names));
        if place.is_some() && self.look.is_none() {
            observed.push(Observation::LookEnds);
        }
        let step = self.desk.step(now, observed, &self.calendar);
        self.told.extend(step.notices.iter().map(tell));
        self.keep(&step, now);
        if self.look.is_some() {
            self.step(Instant::from_unix(now.unix_seconds(), now.subsecond_nanos() + 10_000_000));
        }
    }

    fn happen(&mut self, what: &str, now: Instant) {
        let words: Vec<&str> = what.split(' ').collect();
        let calendar = Arc::clone(&self.calendar);
        let alert = |subject: &str| -> Alert {
            let of = |alert: &&Alert| alert.key.subject == subject && alert.state.is_open();
            self.desk.alerts().find(of).unwrap_or_else(|| panic!("no alert about {subject}")).clone()
        };
        match words[..] {
            ["down"] => self.is_down = true,
            ["up" | "restart"] => self.restart(now, true),
            ["forget"] => self.restart(now, false),
            ["acknowledge", subject] => {
                let id = alert(subject).id();
                let step = self.desk.acknowledge(&id, "An", now, &calendar).expect("it is open");
                self.keep(&step, now);
            }
            ["snooze", subject, day, clock] => {
                let (id, until) = (alert(subject).id(), instant(&format!("{day} {clock}")));
                let step = self.desk.snooze(&id, ("An", "x"), (now, until), &calendar).expect("it is open");
                self.keep(&step, now);
            }
            _ => panic!("{what:?} cannot happen"),
        }
    }

    /// As the server does: what presses at once, everything once a minute.
    fn keep(&mut self, step: &Step, now: Instant) {
        if step.is_pressing || now.seconds_since(self.kept_at) >= KEPT_SECONDS {
            let alerts = self.desk.alerts().map(|alert| serde_json::to_vec(alert).expect("JSON"));
            self.kept = (alerts.collect(), serde_json::to_vec(self.desk.memory()).expect("JSON"));
            self.kept_at = now;
        }
    }

    /// A new process: the log's events again, and what was kept, through its bytes.
    fn restart(&mut self, now: Instant, is_kept: bool) {
        let (mut alerts, mut memory) = (Vec::new(), Memory::default());
        if is_kept {
            let read = self.kept.0.iter().map(|bytes| serde_json::from_slice(bytes).expect("an alert"));
            (alerts, memory) = (read.collect(), serde_json::from_slice(&self.kept.1).expect("a memory"));
        }
        self.desk = Desk::new(self.desk.rules().to_vec(), alerts, memory, &self.calendar);
        self.engine = engine(&self.calendar, now);
        let mut codes = LocalCodes::new(&self.engine.codes());
        let mut routed = Routed::new(self.engine.shards());
        for line in &self.known {
            routed.push(&decode::decode(line.as_bytes()).expect("a story is understood"), &mut codes);
        }
        self.engine.apply(&[routed]);
        (self.is_down, self.is_new) = (false, true);
    }
}

fn engine(calendar: &Arc<Calendar>, from: Instant) -> Engine {
    Engine::new(Setup {
        catalogue: Arc::new(Catalogue::embedded().expect("they are part of the program")),
        calendar: Arc::clone(calendar),
        codes: Arc::default(),
        shards: 2,
        keep: Keep::From(from),
        scope: Scope::All,
    })
}

fn tell(notice: &Notice) -> String {
    let subjects: Vec<&str> = notice.alerts.iter().map(|alert| alert.key.subject.as_str()).collect();
    let to = ["", " for-head", " for-province"][usize::from(notice.step.min(2))];
    let (at, phase) = (short(notice.at), notice.phase.name());
    format!("{at} {phase} {} {}{to} {}", notice.rule, notice.unit, subjects.join(" "))
}
