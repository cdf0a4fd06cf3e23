//! Rust as rules need it: code without comments and strings, where functions begin and end, which lines are tests.
//!
//! A small reader, not a parser: it knows comments, strings, characters, brackets and the word `fn`.

use std::ops::RangeInclusive;

/// The code with every comment, string and character literal blanked out; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        match end_of_silent(bytes, at) {
            Some(end) => {
                code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
            }
            None => at = end_of_word(bytes, at).max(at + 1),
        }
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Where the comment or literal that begins at `at` ends.
fn end_of_silent(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(find(bytes, at, b"\n"));
    }
    if rest.starts_with(b"/*") {
        return Some(end_of_block_comment(bytes, at));
    }
    if rest[0] == b'"' {
        return Some(end_of_quoted(bytes, at, b'"'));
    }
    if rest[0] == b'\'' {
        let is_escaped = rest.get(1) == Some(&b'\\');
        let letter = 1 + rest.iter().skip(2).take_while(|byte| **byte & 0xC0 == 0x80).count();
        let is_letter = rest.get(1 + letter) == Some(&b'\'');
        return (is_escaped || is_letter).then(|| end_of_quoted(bytes, at, b'\''));
    }
    let word = end_of_word(bytes, at);
    let hashes = bytes[word..].iter().take_while(|byte| **byte == b'#').count();
    let is_raw = matches!(&bytes[at..word], b"r" | b"br" | b"cr") && bytes.get(word + hashes) == Some(&b'"');
    is_raw.then(|| {
        let close = [b"\"".as_slice(), &bytes[word..word + hashes]].concat();
        (find(bytes, word + hashes + 1, &close) + close.len()).min(bytes.len())
    })
}

fn end_of_word(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| is_word(**byte)).count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> usize {
    let place = bytes[from..].windows(wanted.len()).position(|window| window == wanted);
    place.map_or(bytes.len(), |place| from + place)
}

fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn end_of_quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The words of a line of code: identifiers, keywords, numbers.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}

/// A function: its name, and the lines from `fn` to its last brace.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: RangeInclusive<usize>,
}

/// The functions with a body; `code` comes from [`code_only`].
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if at > 0 && is_word(code.as_bytes()[at - 1]) {
            continue;
        }
        let name = words(&code[at + 3..]).next().unwrap_or_default().to_owned();
        if let Some(end) = end_of_item(code, at) {
            functions.push(Function { name, lines: line_of(code, at)..=line_of(code, end) });
        }
    }
    functions
}

/// The lines of items that are built for tests only.
pub(crate) fn test_lines(code: &str) -> Vec<RangeInclusive<usize>> {
    let marks = ["#[cfg(test)]", "#[test]"].into_iter().flat_map(|mark| code.match_indices(mark));
    let range = |(at, _)| end_of_item(code, at).map(|end| line_of(code, at)..=line_of(code, end));
    marks.filter_map(range).collect()
}

/// Lines of library code with their numbers, comments and strings blanked, tests left out.
pub(crate) fn shipped_lines(text: &str) -> Vec<(usize, String)> {
    let code = code_only(text);
    let tests = test_lines(&code);
    let lines = code.lines().enumerate().map(|(place, line)| (place + 1, line.to_owned()));
    lines.filter(|(line, _)| !tests.iter().any(|range| range.contains(line))).collect()
}

/// The closing brace of the item at `start`; `None` if it ends without a body.
fn end_of_item(code: &str, start: usize) -> Option<usize> {
    let (mut brackets, mut braces) = (0_usize, 0_usize);
    for (offset, byte) in code.as_bytes()[start..].iter().enumerate() {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b'{' => braces += 1,
            b'}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return Some(start + offset);
                }
            }
            b';' if brackets == 0 && braces == 0 => return None,
            _ => {}
        }
    }
    None
}

fn line_of(code: &str, at: usize) -> usize {
    1 + code[..at].matches('\n').count()
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "a(\"fn x() {\"); // {\nb('{', '\\'', 'ế'); /* { /* { */ } */ c::<'a>(r#\"\"{\"#);";
    let code = code_only(text);
    assert_eq!(words(&code).collect::<Vec<_>>(), ["a", "b", "c", "a"]);
    assert!(!code.contains('{') && code.lines().count() == 2, "{code}");
}

#[test]
fn a_function_reaches_from_fn_to_its_last_brace() {
    let code =
        "trait T {\n    fn no_body(a: [u8; 2]);\n    fn body() {\n        if x {\n        }\n    }\n}\n";
    let found = functions(code);
    assert_eq!((found.len(), found[0].name.as_str(), found[0].lines.clone()), (1, "body", 3..=6));
}

#[test]
fn test_modules_do_not_ship() {
    let text = "a();\n#[cfg(test)]\nmod tests {\n    b();\n}\n#[cfg(test)]\nmod other;\nc();\n";
    let shipped: Vec<usize> = shipped_lines(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(shipped, [1, 6, 7, 8]);
}
