//! What a rule is, and how it is held: it sees its planted slip, and nothing in the repository but exceptions.

use crate::tree::Tree;

/// One slip against a rule.
#[derive(Debug)]
pub(crate) struct Slip {
    pub(crate) path: String,
    /// From 1; 0 if it is about the file as a whole.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) advice: String,
}

impl Slip {
    pub(crate) fn new(path: &str, line: usize, advice: impl Into<String>) -> Slip {
        Slip { path: path.to_owned(), line, advice: advice.into() }
    }

    fn place(&self) -> String {
        if self.line == 0 { self.path.clone() } else { format!("{}:{}", self.path, self.line) }
    }
}

/// A rule of the repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<'a> {
    /// Finds the slips of a tree.
    pub(crate) find: fn(&Tree) -> Vec<Slip>,
    /// Files let off, each with a reason. May only shrink.
    pub(crate) excused: &'a [(&'a str, &'a str)],
    /// Files with slips, and files that come close and are fine.
    pub(crate) planted: &'a [(&'a str, &'a str)],
    /// The places of the planted slips.
    pub(crate) sees: &'a [&'a str],
}

impl Rule<'_> {
    /// Fails with every slip in the repository, one a line.
    pub(crate) fn hold(&self) {
        let mut seen: Vec<String> =
            (self.find)(&Tree::planted(self.planted)).iter().map(Slip::place).collect();
        seen.dedup();
        assert_eq!(seen, self.sees, "the rule must see its planted slips, and only them");

        let slips = (self.find)(Tree::of_repository());
        let is_excused = |slip: &Slip| self.excused.iter().any(|(path, _)| *path == slip.path);
        let mut trouble: Vec<String> = slips
            .iter()
            .filter(|slip| !is_excused(slip))
            .map(|slip| format!("{}: {}", slip.place(), slip.advice))
            .collect();
        for (path, reason) in self.excused {
            if reason.is_empty() {
                trouble.push(format!("{path}: an exception needs a reason"));
            }
            if !slips.iter().any(|slip| slip.path == *path) {
                trouble.push(format!("{path}: no longer an exception; take it off the list"));
            }
        }
        assert!(trouble.is_empty(), "\n{}\n", trouble.join("\n"));
    }
}
