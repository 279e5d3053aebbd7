//! From words to a query. What is not of the subset is an error, never ignored.

mod numbers;

use std::net::IpAddr;

use ipnet::IpNet;
use regex::Regex;

use super::Error;
use super::lexer::{Token, tokens};
use super::syntax::{Compare, Filter, Matcher, Part, Pipeline, Query, Stage, Test};

/// Reads a query.
///
/// # Errors
/// When it is none, or uses what is not of the subset.
pub fn parse(text: &str) -> Result<Query, Error> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len() };
    let query = match parser.peek() {
        Some(Token::Sign("{")) => Query::Lines(parser.pipeline()?),
        _ => Query::Metric(parser.metric()?),
    };
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(parser.error(format!("{token:?} is left over"))),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn error(&self, what: impl Into<String>) -> Error {
        Error::at(self.tokens.get(self.next).map_or(self.end, |(at, _)| *at), what)
    }

    fn is(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(here)) if *here == sign);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        if self.is(sign) { Ok(()) } else { Err(self.error(format!("expected {sign}"))) }
    }

    fn is_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(here)) if here == word);
        self.next += usize::from(is);
        is
    }

    fn word(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.error("expected a name")),
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.error("expected a string")),
        }
    }

    fn number(&mut self) -> Result<f64, Error> {
        let error = self.error("expected a number without a unit");
        match self.peek() {
            Some(Token::Number(text)) => {
                let number = text.parse().map_err(|_| error)?;
                self.next += 1;
                Ok(number)
            }
            _ => Err(error),
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Error> {
        self.expect("{")?;
        let mut selector = Vec::new();
        loop {
            let name = self.word()?;
            let sign = self.sign(&["=~", "!~", "!=", "="])?;
            selector.push(Matcher { name, test: self.test(sign)? });
            if !self.is(",") {
                break;
            }
        }
        self.expect("}")?;
        let mut stages = Vec::new();
        loop {
            if self.is("|=") {
                stages.push(Stage::Has(self.text()?));
            } else if self.is("!=") {
                stages.push(Stage::HasNot(self.text()?));
            } else if self.is("|~") {
                stages.push(Stage::Fits(self.regex(false)?));
            } else if self.is("!~") {
                stages.push(Stage::FitsNot(self.regex(false)?));
            } else if matches!(self.tokens.get(self.next + 1), Some((_, Token::Word(word))) if word == "unwrap") {
                return Ok(Pipeline { selector, stages }); // the range takes it
            } else if self.is("|") {
                stages.push(self.stage()?);
            } else {
                return Ok(Pipeline { selector, stages });
            }
        }
    }

    fn stage(&mut self) -> Result<Stage, Error> {
        if self.is_word("json") {
            return match self.peek() {
                Some(Token::Word(_)) => Err(self.error("`json` with parameters is not of the subset")),
                _ => Ok(Stage::Json),
            };
        }
        if self.is_word("keep") {
            return Ok(Stage::Keep(self.names()?));
        }
        if self.is_word("drop") {
            return Ok(Stage::Drop(self.names()?));
        }
        if self.is_word("line_format") {
            let error = self.error("a template with anything but {{.name}} is not of the subset");
            return template(&self.text()?).map(Stage::LineFormat).ok_or(error);
        }
        self.filter().map(Stage::Filter)
    }

    /// The reference says that `and` and `or` are taken from left to right; the grammar gives `and` precedence. So a
    /// mixture needs parentheses here.
    fn filter(&mut self) -> Result<Filter, Error> {
        let mut left = self.condition()?;
        let mut seen: Option<bool> = None;
        loop {
            let is_and = if self.is_word("and") || self.is(",") {
                true
            } else if self.is_word("or") {
                false
            } else {
                return Ok(left);
            };
            if seen.is_some_and(|before| before != is_and) {
                return Err(self.error("`and` beside `or` without parentheses"));
            }
            seen = Some(is_and);
            let (one, other) = (Box::new(left), Box::new(self.condition()?));
            left = if is_and { Filter::And(one, other) } else { Filter::Or(one, other) };
        }
    }

    fn condition(&mut self) -> Result<Filter, Error> {
        if self.is("(") {
            let inner = self.filter()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let name = self.word()?;
        let sign = self.sign(&["=~", "!~", "!=", "==", ">=", "<=", ">", "<", "="])?;
        if matches!(self.peek(), Some(Token::Text(_))) {
            return Ok(Filter::Text(Matcher { name, test: self.test(sign)? }));
        }
        if self.is_word("ip") {
            return self.address(name, sign);
        }
        let compare = compare(sign).ok_or_else(|| self.error("a number has no such comparison"))?;
        Ok(Filter::Number { name, compare, with: self.number()? })
    }

    /// One address or a network; a range from one address to another is not of the subset.
    fn address(&mut self, name: String, sign: &str) -> Result<Filter, Error> {
        let is_in = match sign {
            "=" => true,
            "!=" => false,
            _ => return Err(self.error("an address has no such comparison")),
        };
        self.expect("(")?;
        let error = self.error("expected an address or a network");
        let text = self.text()?;
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| error)?;
        self.expect(")")?;
        Ok(Filter::Address { name, is_in, network })
    }

    fn sign(&mut self, of: &[&'static str]) -> Result<&'static str, Error> {
        let found = of.iter().copied().find(|sign| self.is(sign));
        found.ok_or_else(|| self.error("expected a comparison"))
    }

    fn test(&mut self, sign: &str) -> Result<Test, Error> {
        Ok(match sign {
            "=" => Test::Is(self.text()?),
            "!=" => Test::IsNot(self.text()?),
            "=~" => Test::Fits(self.regex(true)?),
            "!~" => Test::FitsNot(self.regex(true)?),
            _ => return Err(self.error("a text has no such comparison")),
        })
    }

    /// Matchers of labels stand for the whole value; line filters for a part of the line.
    fn regex(&mut self, whole: bool) -> Result<Regex, Error> {
        let text = unquoted(&self.text()?);
        let written = if whole { format!("^(?s:{text})$") } else { text };
        Regex::new(&written).map_err(|error| self.error(error.to_string()))
    }

    fn names(&mut self) -> Result<Vec<String>, Error> {
        let mut names = vec![self.word()?];
        while self.is(",") {
            names.push(self.word()?);
        }
        Ok(names)
    }

    fn grouping(&mut self) -> Result<Option<Vec<String>>, Error> {
        if !self.is_word("by") {
            return Ok(None);
        }
        self.expect("(")?;
        let names = self.names()?;
        self.expect(")")?;
        Ok(Some(names))
    }
}

/// `\Q…\E` is the text itself, in Go's expressions (<https://pkg.go.dev/regexp/syntax>) and not in this crate's.
fn unquoted(text: &str) -> String {
    let mut parts = text.split(r"\Q");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (literal, rest) = part.split_once(r"\E").unwrap_or((part, ""));
        out.push_str(&regex::escape(literal));
        out.push_str(rest);
    }
    out
}

fn compare(sign: &str) -> Option<Compare> {
    Some(match sign {
        "=" | "==" => Compare::Equal,
        "!=" => Compare::NotEqual,
        ">" => Compare::Greater,
        ">=" => Compare::GreaterOrEqual,
        "<" => Compare::Less,
        "<=" => Compare::LessOrEqual,
        _ => return None,
    })
}

fn template(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}")?;
        let name = name.trim().strip_prefix('.')?;
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        parts.extend([Part::Text(before.to_owned()), Part::Label(name.to_owned())]);
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_subset_is_refused() {
        for query in [
            "",
            "{}",
            "{job=\"j\"",
            "{job=j}",
            "{job>\"j\"}",
            "{job=\"j\"} | logfmt",
            "{job=\"j\"} | json a",
            "{job=\"j\"} | json | a = 5m",
            "{job=\"j\"} | json | a =~ 5",
            "{job=\"j\"} | json | a = \"1\" and b = \"2\" or c = \"3\"",
            "{job=\"j\"} | line_format \"{{.a | upper}}\"",
            "{job=\"j\"} | label_format a=b",
            "{job=\"j\"} |~ \"(\"",
            "{job=\"j\"} | json | a =~ ip(\"10.0.0.0/8\")",
            "{job=\"j\"} | json | a = ip(\"10.0.0\")",
            "{job=\"j\"} | json | a = ip(\"10.0.0.1-10.0.0.2\")",
            "absent_over_time({job=\"j\"})",
            "{job=\"j\"} x",
            "rate({job=\"j\"})",
            "rate({job=\"j\"}[5])",
            "rate({job=\"j\"} | json | unwrap n [5m])",
            "sum_over_time({job=\"j\"}[5m])",
            "count_over_time({job=\"j\"}[5m]) by (user)",
            "stddev_over_time({job=\"j\"} | unwrap n [5m])",
            "topk(sum(rate({job=\"j\"}[5m])))",
            "stdvar(rate({job=\"j\"}[5m]))",
            "sum(rate({job=\"j\"}[5m])) / 2",
            "sum(rate({job=\"j\"}[5m]",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn every_name_that_a_query_depends_on_is_told() {
        let query = "topk(3, sum by (f) (quantile_over_time(0.9, {job=\"j\"} | json | a=\"\" and (b>1 or c!=\"\") \
                     | keep d | line_format \"{{.e}}\" | unwrap g [1h]) by (h))) > 1";
        assert_eq!(parse(query).unwrap().names(), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    }
}
