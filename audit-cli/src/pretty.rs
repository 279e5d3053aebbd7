//! JSON over several lines, for people.

/// One JSON text, which must be valid, with a line for each member and item; numbers in a list share one, as those of a
/// position do. Strings and numbers stay byte for byte as they are. Linear in the input, and without recursion.
pub(crate) fn indented(json: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    // What is open: whether it goes on one line.
    let mut open: Vec<bool> = Vec::new();
    let mut rest = json.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => {
                let (string, after) = rest.split_at(string_end(rest));
                out.push(b'"');
                out.extend_from_slice(string);
                rest = after;
            }
            b'{' | b'[' => {
                out.push(byte);
                open.push(fits_one_line(rest));
                new_line(&mut out, &open, b"");
            }
            b'}' | b']' => {
                if open.pop() == Some(false) {
                    line_break(&mut out, open.len());
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, &open, b" ");
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
    out
}

/// How long a string is behind its opening quote, with the closing one.
fn string_end(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 1)
}

/// Whether what was opened before `rest` holds nothing, or nothing but numbers and the like.
fn fits_one_line(rest: &[u8]) -> bool {
    let next = rest.iter().find(|byte| b"\"[]{}".contains(byte));
    matches!(next, Some(b']' | b'}'))
}

/// Begins the next member or item, on a line of its own or behind `between`.
fn new_line(out: &mut Vec<u8>, open: &[bool], between: &[u8]) {
    match open.last() {
        Some(true) => out.extend_from_slice(between),
        _ => line_break(out, open.len()),
    }
}

fn line_break(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_items_have_lines_and_positions_share_one() {
        for (json, expected) in [
            (r#"{"a":1.50,"b":{}}"#, "{\n  \"a\": 1.50,\n  \"b\": {}\n}"),
            (r#"[[1.0,2,null],["x"],[ ]]"#, "[\n  [1.0, 2, null],\n  [\n    \"x\"\n  ],\n  []\n]"),
            (r#" [ 1 , 2 ] "#, "[1, 2]"),
            (r#""text""#, r#""text""#),
            ("1e400", "1e400"),
        ] {
            assert_eq!(String::from_utf8_lossy(&indented(json)), expected);
        }
    }

    #[test]
    fn strings_stay_as_they_are() {
        let json = r#"["{\"a\":[1, 2]}","\\","é , : ]"]"#;
        let expected = "[\n  \"{\\\"a\\\":[1, 2]}\",\n  \"\\\\\",\n  \"é , : ]\"\n]";
        assert_eq!(String::from_utf8_lossy(&indented(json)), expected);
    }
}
