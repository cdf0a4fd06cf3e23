//! The real `nhip`, run as its users run it. Not here: a long-running one (`server`).

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("the program writes UTF-8")
    }
}

/// One row of the canonical result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// Agency or officer.
    pub unit: String,
    /// Code, or TOTAL.
    pub indicator: String,
    /// As printed.
    pub numerator: String,
    /// As printed.
    pub denominator: String,
    /// Percent with two decimals, or empty.
    pub ratio: String,
    /// With two decimals, or empty.
    pub points: String,
    /// As printed.
    pub max: String,
}

/// Where the program is: `NHIP_BIN`, or beside the tests, where a build of the workspace puts it.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("NHIP_BIN") {
        return PathBuf::from(named);
    }
    let test = std::env::current_exe().expect("a test knows where it runs");
    let built = test.ancestors().nth(2).expect("a test lies in a folder of the target").join("nhip");
    assert!(
        built.exists(),
        "there is no nhip at {}; build the workspace first (cargo build --release --workspace), or set NHIP_BIN",
        built.display()
    );
    built
}

/// Runs `nhip` with `input` on its standard input.
pub fn nhip(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nhip starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that refuses its arguments does not read its input.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("nhip ends");
    writer.join().expect("writing to nhip ends");
    Ran {
        status: output.status.code().expect("nhip ends by itself"),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The rows of a canonical result.
pub fn figures(csv: &str) -> Vec<Figure> {
    let mut lines = csv.lines();
    let header = "period,as_of,set,level,unit,indicator,numerator,denominator,ratio,points,max";
    assert_eq!(lines.next(), Some(header), "the canonical header comes first");
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), 11, "{line}");
            let field = |place: usize| fields[place].to_owned();
            Figure {
                unit: field(4),
                indicator: field(5),
                numerator: field(6),
                denominator: field(7),
                ratio: field(8),
                points: field(9),
                max: field(10),
            }
        })
        .collect()
}

/// A folder of its own for one test, taken away at the end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    #[expect(clippy::new_without_default, reason = "making one touches the disk")]
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("nhip-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder(path)
    }

    /// Where `name` lies in it.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Writes a file; where it lies.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        std::fs::write(&path, content).expect("a temporary file can be written");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be taken away stays for the system to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
