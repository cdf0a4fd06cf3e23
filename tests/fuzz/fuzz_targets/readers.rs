//! One reader, given bytes that libFuzzer chooses by what they make it do.
//!
//! `NHIP_READER` names it; with `NHIP_EXAMPLES` its good examples are written into that folder, and that is all. Not
//! here: the readers and what must hold of them (`acceptance_tests::readers`).

#![no_main]

use std::sync::LazyLock;

use acceptance_tests::readers::Reader;
use libfuzzer_sys::fuzz_target;

static READER: LazyLock<&Reader> = LazyLock::new(|| {
    let name = std::env::var("NHIP_READER").unwrap_or_default();
    let names = Reader::ALL.map(|reader| reader.name).join(", ");
    Reader::named(&name).unwrap_or_else(|| panic!("NHIP_READER is {name:?}; there are {names}"))
});

fn write_examples() {
    if let Ok(folder) = std::env::var("NHIP_EXAMPLES") {
        for (number, example) in (READER.good)().iter().enumerate() {
            std::fs::write(format!("{folder}/{number:03}"), example).expect("the folder takes files");
        }
        std::process::exit(0);
    }
}

fuzz_target!(init: write_examples(), |bytes: &[u8]| {
    READER.check(bytes);
});
