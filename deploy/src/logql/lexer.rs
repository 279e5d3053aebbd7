//! Words of LogQL.

use std::iter::Peekable;
use std::str::CharIndices;

use super::Error;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword.
    Word(String),
    /// A string, unescaped.
    Text(String),
    /// A number, or a number with a unit: `1000`, `0.95`, `5m`.
    Number(String),
    /// Anything else: `{`, `|=`, `>=`.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 22] = [
    "|=", "|~", "!=", "!~", "=~", "==", ">=", "<=", "{", "}", "(", ")", "[", "]", ",", "|", "=", ">", "<", "*", "/",
    "+",
];

/// Splits a query into words, each with its place; comments are left out.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Error> {
    let mut out = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        let token = match first {
            '#' => {
                while rest.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            c if c.is_whitespace() => continue,
            '"' => Token::Text(quoted(&mut rest, at)?),
            '`' => Token::Text(raw(&mut rest, at)?),
            c if c.is_ascii_alphabetic() || c == '_' => {
                Token::Word(run(c, &mut rest, |c| c.is_ascii_alphanumeric() || c == '_'))
            }
            c if c.is_ascii_digit() => Token::Number(run(c, &mut rest, |c| c.is_ascii_alphanumeric() || c == '.')),
            _ => {
                let here = text.get(at..).unwrap_or_default();
                let Some(sign) = SIGNS.into_iter().find(|sign| here.starts_with(sign)) else {
                    return Err(Error::at(at, format!("{first:?} begins nothing that is known")));
                };
                for _ in 1..sign.len() {
                    rest.next();
                }
                Token::Sign(sign)
            }
        };
        out.push((at, token));
    }
    Ok(out)
}

fn run(first: char, rest: &mut Peekable<CharIndices<'_>>, belongs: impl Fn(char) -> bool) -> String {
    let mut word = String::from(first);
    while let Some((_, c)) = rest.next_if(|(_, c)| belongs(*c)) {
        word.push(c);
    }
    word
}

/// A string in double quotes, with Go's escapes as far as queries have them.
fn quoted(rest: &mut Peekable<CharIndices<'_>>, at: usize) -> Result<String, Error> {
    let mut text = String::new();
    while let Some((here, c)) = rest.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match rest.next() {
                Some((_, c @ ('\\' | '"'))) => text.push(c),
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                _ => return Err(Error::at(here, "an unknown escape; write \\\\ for a backslash")),
            },
            c => text.push(c),
        }
    }
    Err(Error::at(at, "a string does not end"))
}

/// A string in backticks: nothing is escaped.
fn raw(rest: &mut Peekable<CharIndices<'_>>, at: usize) -> Result<String, Error> {
    let mut text = String::new();
    for (_, c) in rest.by_ref() {
        if c == '`' {
            return Ok(text);
        }
        text.push(c);
    }
    Err(Error::at(at, "a string does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_strings_are_told_apart() {
        let words: Vec<_> =
            tokens("{a=~\"x\\\\.\"} |= `\\d` # no\n[5m]").unwrap().into_iter().map(|(_, t)| t).collect();
        let expected = [
            Token::Sign("{"),
            Token::Word("a".into()),
            Token::Sign("=~"),
            Token::Text("x\\.".into()),
            Token::Sign("}"),
            Token::Sign("|="),
            Token::Text("\\d".into()),
            Token::Sign("["),
            Token::Number("5m".into()),
            Token::Sign("]"),
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for text in ["{a=\"b\"} & x", "{a=\"\\d\"}", "{a=\"b", "`b"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
