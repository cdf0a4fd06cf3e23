//! What a world is held against: the log event by event, and the figures of one batch over it.
//!
//! Not here: what happens in a world (`world`).

use compute::engine::Keep;
use compute::instant::Instant;

use super::World;
use crate::all_results;
use crate::stream::{engine, push_all};

impl World<'_> {
    /// What the process has is what the log must hold, and counts as a batch over it.
    pub(super) fn compare(&mut self) {
        self.look_at_log();
        let lines = self.model.lines.len() as u64;
        let is_whole = self.draw(4) == 0;
        let (model, from) = (&self.model, self.lines.from());
        let process = self.process.as_ref().expect("a process that runs");
        assert_eq!(process.engine.tally().consumed, lines, "it consumed other events than the log holds");
        assert!(process.engine.tally().is_conserved());
        assert_eq!(process.ledger.set_aside(), model.set_aside);
        if !is_whole {
            return;
        }
        self.seen.compared += 1;
        let mut batch = engine(1, Keep::From(from));
        push_all(&mut batch, model.lines.iter().map(|line| std::str::from_utf8(line).unwrap()), usize::MAX);
        batch.advance(process.engine.as_of()).unwrap();
        assert_eq!(batch.tally().applied, process.engine.tally().applied);
        self.same(&all_results(&batch));
    }

    fn same(&self, expected: &str) {
        let process = self.process.as_ref().expect("a process that runs");
        let ours = all_results(&process.engine);
        let differs = ours.lines().zip(expected.lines()).find(|(one, other)| one != other);
        assert!(ours == *expected, "seed {}: ours and the batch's differ: {differs:?}", self.seed);
    }

    /// Every event the log must hold is there once, in its place, and nothing else is.
    pub(super) fn look_at_log(&mut self) {
        let process = self.process.as_ref().expect("a process that runs");
        let mut offset = process.log.first_offset();
        for chunk in process.log.reader().read_from(offset) {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return self.excuse("reading the log", error),
            };
            assert_eq!(chunk.first, offset, "a gap in the log");
            for line in chunk.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let expected = &self.model.lines[usize::try_from(offset).unwrap()];
                assert!(line == expected, "event {offset} of the log is another one");
                offset += 1;
            }
        }
        assert_eq!(offset, self.model.lines.len() as u64, "events are missing at the end of the log");
    }

    /// Everything is delivered, kept and counted; then the figures are `expected`, before and after another start.
    pub(in crate::durable) fn conclude(&mut self, at: Instant, expected: &str) {
        self.behind = 0;
        while !self.source.is_done() || !self.process().is_well() || !self.disk.is_powered() {
            self.peace();
            if !self.disk.is_powered() {
                self.crash();
            }
            self.mend();
            self.deliver_next();
        }
        self.now = at;
        for is_last in [false, true] {
            self.peace();
            let clock = self.clock();
            let process = self.process();
            process.step(usize::MAX, clock).unwrap();
            assert_eq!(process.engine.as_of(), at);
            process.check();
            self.seen.set_aside += self.model.set_aside;
            self.look_at_log();
            self.same(expected);
            if !is_last && self.draw(2) == 0 {
                self.save_whole();
            }
            if !is_last {
                self.kill();
            }
        }
    }
}
