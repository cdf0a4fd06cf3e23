//! What the independent client does for a test: topics, messages, other members of a group (`client.mjs`).
//!
//! Not here: our own consumer and producer.

use std::process::{Child, Command, Stdio};

use acceptance_tests::shared::root;
use serde_json::Value;

fn command(broker: &str, words: &[&str]) -> Command {
    let mut node = Command::new("node");
    node.arg(root().join("tests/kafka/client.mjs")).arg(broker).args(words);
    node
}

/// Has it do one thing; its answer.
pub(crate) fn client(broker: &str, words: &[&str]) -> Value {
    let ran = command(broker, words).output().expect("node can be run");
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{words:?}: {said}{wrong}");
    let start = || said.chars().take(500).collect::<String>();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {}{wrong}", start()))
}

/// Has it do one thing while the test goes on.
pub(crate) fn begin(broker: &str, words: &[&str]) -> Child {
    command(broker, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("node can be run")
}
