//! A state saved while events go on, restored and fed the rest, prints the bytes of an engine that never stopped.

use compute::engine::{Engine, Keep, RestoreError, Setup};

use crate::all_results;
use crate::stream::{Chance, Lines, engine, push_all, seeds, setup};

fn restore(setup: Setup, bytes: &[u8]) -> Result<Engine, RestoreError> {
    Engine::restore(setup, &mut &*bytes, None).map(|(engine, _)| engine)
}

/// A save begun now and written a little at a time while `during` happens between the writes.
fn save(engine: &mut Engine, piece: usize, mut during: impl FnMut(&mut Engine)) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.begin_save();
    while !engine.save_some(piece, &mut bytes) {
        during(engine);
    }
    bytes
}

#[test]
fn a_state_saved_while_events_go_on_is_the_state_at_the_cut() {
    for seed in seeds(6) {
        let lines = Lines::of(seed, 4_000);
        let mut chance = Chance::new(seed);
        let all: Vec<_> = lines.arrivals().collect();
        let cut = all.len() / 4 + usize::try_from(chance.below(all.len() as u64 / 2)).unwrap();
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, all[..cut].iter().map(|(_, line)| *line), 500);
        live.advance(all[cut].0).unwrap();
        let (at_cut, tally) = (all_results(&live), live.tally());
        let mut next = cut;
        let bytes = save(&mut live, 1 + usize::try_from(chance.below(20_000)).unwrap(), |live| {
            let end = (next + 40).min(all.len());
            push_all(live, all[next..end].iter().map(|(_, line)| *line), 7);
            live.advance(all[end - 1].0).unwrap();
            next = end;
        });
        assert!(next > cut, "seed {seed}: nothing went on while the state was saved");
        for shards in [2, 1, 5] {
            let mut restored = restore(setup(shards, Keep::From(lines.from())), &bytes).unwrap();
            assert_eq!(restored.tally(), tally, "seed {seed}");
            assert_eq!(
                restored.tallies().len(),
                live.tallies().len(),
                "seed {seed}: every source has a tally"
            );
            assert!(all_results(&restored) == at_cut, "seed {seed}: the state is not that of the cut");
            push_all(&mut restored, all[cut..].iter().map(|(_, line)| *line), 300);
            restored.advance(lines.until()).unwrap();
            push_all(&mut live, all[next..].iter().map(|(_, line)| *line), 300);
            next = all.len();
            live.advance(lines.until()).unwrap();
            assert!(
                all_results(&restored) == all_results(&live),
                "seed {seed}: the restored engine went astray"
            );
            assert_eq!(restored.tally(), live.tally(), "seed {seed}");
        }
    }
}

#[test]
fn a_restored_clock_goes_on_as_if_it_had_never_stopped() {
    for seed in seeds(4) {
        let lines = Lines::of(seed, 3_000);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let bytes = save(&mut live, usize::MAX, |_| {});
        let mut restored = restore(setup(2, Keep::From(lines.from())), &bytes).unwrap();
        // Due dates, month ends and dated definitions come, with no event arriving.
        for days in [0, 1, 3, 10, 40, 70] {
            let at = compute::instant::Instant::from_unix(lines.until().unix_seconds() + days * 86_400, 0);
            live.advance(at).unwrap();
            restored.advance(at).unwrap();
            let (one, other) = (all_results(&live), all_results(&restored));
            let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
            assert!(one == other, "seed {seed}, {days} days on: {differs:?}");
        }
    }
}

#[test]
fn a_state_counted_by_another_calendar_is_counted_anew() {
    for seed in seeds(2) {
        let lines = Lines::of(seed, 3_000);
        let mut live = engine(2, Keep::From(lines.from()));
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let bytes = save(&mut live, usize::MAX, |_| {});
        let mut other = compute::calendar::Calendar::default();
        other.add("vn-2026.toml", &OTHER_YEAR.replace("YEAR", "2026")).unwrap();
        other.add("vn-2025.toml", &OTHER_YEAR.replace("YEAR", "2025")).unwrap();
        let changed = || {
            let mut setup = setup(2, Keep::From(lines.from()));
            setup.calendar = std::sync::Arc::new(other.clone());
            setup
        };
        let (mut restored, what) = Engine::restore(changed(), &mut &*bytes, None).unwrap();
        assert!(!what.is_counted, "the calendar is another one");
        restored.advance(lines.until()).unwrap();
        let mut anew = Engine::new(changed());
        push_all(&mut anew, lines.iter(), usize::MAX);
        anew.advance(lines.until()).unwrap();
        assert!(all_results(&restored) == all_results(&anew), "seed {seed}");
        assert!(all_results(&restored) != all_results(&live), "seed {seed}: the calendars give the same");
    }
}

/// A year of long weekends.
pub(crate) const OTHER_YEAR: &str = r#"
year = YEAR
source = "made up"
weekly_off = ["monday", "tuesday", "wednesday"]
holidays = []
make_up_days = []
sessions = [["07:30", "11:30"], ["13:30", "17:30"]]
"#;

#[test]
fn what_stands_behind_a_state_is_not_swallowed() {
    let lines = Lines::of(3, 500);
    let mut live = engine(2, Keep::From(lines.from()));
    push_all(&mut live, lines.iter(), usize::MAX);
    live.advance(lines.until()).unwrap();
    let mut bytes = save(&mut live, usize::MAX, |_| {});
    bytes.extend_from_slice(b"what was shown then");
    let mut input = bytes.as_slice();
    let (_, restored) = Engine::restore(setup(2, Keep::From(lines.from())), &mut input, None).unwrap();
    assert_eq!([restored.behind.as_slice(), input].concat(), b"what was shown then");
}

#[test]
fn no_byte_of_a_state_can_be_lost_unnoticed_at_its_end() {
    let lines = Lines::of(1, 500);
    let mut live = engine(2, Keep::From(lines.from()));
    push_all(&mut live, lines.iter(), usize::MAX);
    live.advance(lines.until()).unwrap();
    let bytes = save(&mut live, usize::MAX, |_| {});
    for length in (0..bytes.len()).step_by(1 + bytes.len() / 300).chain([bytes.len() - 1]) {
        let cut = restore(setup(2, Keep::From(lines.from())), &bytes[..length]);
        assert!(cut.is_err(), "{length} of {} bytes were taken for a whole state", bytes.len());
    }
    let mut other = bytes.clone();
    other[0] += 1;
    let found = restore(setup(2, Keep::From(lines.from())), &other);
    assert!(matches!(found, Err(RestoreError::Format { .. })), "another format is named as such");
}

#[test]
fn periods_before_those_a_state_was_counted_for_are_counted_whole() {
    for seed in seeds(2) {
        let lines = Lines::of(seed, 3_000);
        let later = Keep::From(lines.until());
        let mut live = engine(2, later);
        push_all(&mut live, lines.iter(), usize::MAX);
        live.advance(lines.until()).unwrap();
        let bytes = save(&mut live, usize::MAX, |_| {});
        // The server is started again and told to keep more.
        let earlier = || setup(2, Keep::From(lines.from()));
        let mut restored = restore(earlier(), &bytes).unwrap();
        restored.advance(lines.until()).unwrap();
        let mut anew = Engine::new(earlier());
        push_all(&mut anew, lines.iter(), usize::MAX);
        anew.advance(lines.until()).unwrap();
        assert!(all_results(&anew) != all_results(&live), "seed {seed}: there are no earlier periods");
        assert!(
            all_results(&restored) == all_results(&anew),
            "seed {seed}: dossiers that had ended are missing"
        );
    }
}
