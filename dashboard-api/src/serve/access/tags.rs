//! Entity tags bear the scope they were given to, so that "unchanged" is only ever said of what the asker was given.
//!
//! Two people may use one browser: what the first was shown must not be confirmed to the second. Every tag that leaves
//! gets the scope's mark at its end, and of the tags that come back only those with the asker's own mark are believed.
//! Not here: how a tag is made (whoever answers).

use axum::http::{HeaderMap, HeaderValue, header};

/// Leaves of the tags a caller already has only those given to this scope, without the mark.
pub(super) fn strip(headers: &mut HeaderMap, mark: &str) {
    let end = format!(".{mark}\"");
    let given: Vec<String> = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|tag| tag.trim().strip_suffix(&end).map(|start| format!("{start}\"")))
        .collect();
    headers.remove(header::IF_NONE_MATCH);
    let value = HeaderValue::from_str(&given.join(", ")).ok().filter(|value| !value.is_empty());
    headers.extend(value.map(|value| (header::IF_NONE_MATCH, value)));
}

/// Marks the tag of an answer.
pub(super) fn mark(headers: &mut HeaderMap, mark: &str) {
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let marked = tag.and_then(|tag| tag.strip_suffix('"')).map(|start| format!("{start}.{mark}\""));
    if let Some(value) = marked.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::ETAG, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_back_only_to_the_scope_it_was_given_to() {
        let mut answer = HeaderMap::new();
        answer.insert(header::ETAG, HeaderValue::from_static("W/\"7-2026-10\""));
        mark(&mut answer, "aa");
        assert_eq!(answer[header::ETAG], "W/\"7-2026-10.aa\"");
        let asked = |scope: &str| {
            let mut headers = HeaderMap::new();
            headers.append(header::IF_NONE_MATCH, answer[header::ETAG].clone());
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("*, \"7-2026-10\""));
            strip(&mut headers, scope);
            headers.get(header::IF_NONE_MATCH).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(asked("aa").as_deref(), Some("W/\"7-2026-10\""));
        assert_eq!(asked("bb"), None);
    }
}
