//! The part of Alloy's syntax that our files use
//! (<https://grafana.com/docs/alloy/latest/get-started/syntax/>): blocks, attributes, strings, numbers, booleans, lists,
//! maps, calls and references.

use std::iter::Peekable;
use std::str::Chars;

/// A block: `loki.write "name" { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// `loki.write`
    pub name: String,
    /// `name`
    pub label: Option<String>,
    /// What is assigned in it.
    pub attributes: Vec<(String, Value)>,
    /// The blocks in it.
    pub blocks: Vec<Block>,
    /// Where it begins.
    pub line: usize,
}

/// What is assigned.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value {
    Text(String),
    Number(f64),
    Bool(bool),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// `sys.env("NAME")`
    Call(String, Vec<Value>),
    /// `loki.write.name.receiver`
    Reference(String),
}

/// Why a text is no file of Alloy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SyntaxError {
    line: usize,
    what: String,
}

impl Block {
    /// What is assigned to a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl Value {
    /// The text, or an empty one.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

/// Reads a file.
///
/// # Errors
/// When it is none, or uses what is not of the subset.
pub fn parse(text: &str) -> Result<Vec<Block>, SyntaxError> {
    let mut parser = Parser { rest: text.chars().peekable(), line: 1 };
    let (attributes, blocks) = parser.body(true)?;
    match attributes.first() {
        None => Ok(blocks),
        Some((name, _)) => Err(parser.error(format!("{name} is assigned outside any block"))),
    }
}

type Body = (Vec<(String, Value)>, Vec<Block>);

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Parser<'_> {
    fn error(&self, what: impl Into<String>) -> SyntaxError {
        SyntaxError { line: self.line, what: what.into() }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// To what comes next, in this line or a later one.
    fn peek(&mut self) -> Result<Option<char>, SyntaxError> {
        loop {
            match self.rest.peek() {
                Some(c) if c.is_whitespace() => drop(self.bump()),
                Some('/') => {
                    self.bump();
                    if self.bump() != Some('/') {
                        return Err(self.error("a comment begins with //"));
                    }
                    while self.rest.peek().is_some_and(|c| *c != '\n') {
                        self.bump();
                    }
                }
                other => return Ok(other.copied()),
            }
        }
    }

    fn is(&mut self, sign: char) -> Result<bool, SyntaxError> {
        let is = self.peek()? == Some(sign);
        if is {
            self.bump();
        }
        Ok(is)
    }

    fn expect(&mut self, sign: char) -> Result<(), SyntaxError> {
        if self.is(sign)? { Ok(()) } else { Err(self.error(format!("expected {sign:?}"))) }
    }

    fn name(&mut self) -> Result<String, SyntaxError> {
        let mut name = String::new();
        if self.peek()?.is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
                name.push(c);
            }
        }
        if name.is_empty() || name.ends_with('.') || name.contains("..") {
            return Err(self.error("expected a name"));
        }
        Ok(name)
    }

    fn body(&mut self, is_top: bool) -> Result<Body, SyntaxError> {
        let (mut attributes, mut blocks): Body = Default::default();
        let mut last = 0;
        loop {
            match self.peek()? {
                None if is_top => return Ok((attributes, blocks)),
                None => return Err(self.error("a block does not end")),
                Some('}') if !is_top => return Ok((attributes, blocks)),
                Some(_) => {}
            }
            if self.line == last {
                return Err(self.error("each statement is on a line of its own"));
            }
            let line = self.line;
            let name = self.name()?;
            if self.is('=')? {
                let value = self.value()?;
                if attributes.iter().any(|(key, _)| *key == name) {
                    return Err(self.error(format!("{name} is assigned twice")));
                }
                attributes.push((name, value));
            } else {
                let label = if self.peek()? == Some('"') { Some(self.text()?) } else { None };
                self.expect('{')?;
                let (attributes, inner) = self.body(false)?;
                self.expect('}')?;
                blocks.push(Block { name, label, attributes, blocks: inner, line });
            }
            last = self.line;
        }
    }

    fn value(&mut self) -> Result<Value, SyntaxError> {
        match self.peek()? {
            Some('"') => self.text().map(Value::Text),
            Some('[') => {
                self.bump();
                Ok(Value::List(self.sequence(']', Self::value)?))
            }
            Some('{') => {
                self.bump();
                Ok(Value::Map(self.sequence('}', |parser| {
                    let key = if parser.peek()? == Some('"') { parser.text()? } else { parser.name()? };
                    parser.expect('=')?;
                    Ok((key, parser.value()?))
                })?))
            }
            Some(c) if c.is_ascii_digit() => {
                let mut number = String::new();
                while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == '.') {
                    number.push(c);
                }
                number.parse().map(Value::Number).map_err(|_| self.error("expected a number"))
            }
            _ => {
                let name = self.name()?;
                if self.rest.peek() == Some(&'(') {
                    self.bump();
                    return Ok(Value::Call(name, self.sequence(')', Self::value)?));
                }
                Ok(match name.as_str() {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => Value::Reference(name),
                })
            }
        }
    }

    /// Members up to `end`, with commas between them; one may follow the last.
    fn sequence<T>(
        &mut self,
        end: char,
        member: impl Fn(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut members = Vec::new();
        while !self.is(end)? {
            members.push(member(self)?);
            if !self.is(',')? {
                self.expect(end)?;
                break;
            }
        }
        Ok(members)
    }

    fn text(&mut self) -> Result<String, SyntaxError> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('"') => return Ok(text),
                Some('\\') => match self.bump() {
                    Some(c @ ('"' | '\\')) => text.push(c),
                    Some('n') => text.push('\n'),
                    _ => return Err(self.error("an unknown escape")),
                },
                Some('\n') | None => return Err(self.error("a string does not end")),
                Some(c) => text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = "// x\na.b \"c\" {\n\td = [\"e\", f.g.h]\n\ti = {j = \"\", \"k\" = 1.5,}\n\tl.m {\n\t\tn = o.p(\"\\\"\")\n\t}\n}\n";
        let block = &parse(text).unwrap()[0];
        assert_eq!((block.name.as_str(), block.label.as_deref(), block.line), ("a.b", Some("c"), 2));
        let list = Value::List(vec![Value::Text("e".into()), Value::Reference("f.g.h".into())]);
        assert_eq!(block.get("d"), Some(&list));
        let map = Value::Map(vec![("j".into(), Value::Text(String::new())), ("k".into(), Value::Number(1.5))]);
        assert_eq!(block.get("i"), Some(&map));
        let call = Value::Call("o.p".into(), vec![Value::Text("\"".into())]);
        assert_eq!(block.blocks[0].get("n"), Some(&call));
    }

    #[test]
    fn what_is_no_file_is_refused_with_its_line() {
        for (text, line) in [
            ("a = 1", 1),
            ("a {\n b = \"c\n}", 3),
            ("a {\n b = 1 c = 2\n}", 2),
            ("a {\n b = 1\n b = 2\n}", 3),
            ("a {", 1),
            ("a \"b\" c {}", 1),
            ("a {\n b = [1 2]\n}", 2),
            ("a {\n b = {c 1}\n}", 2),
            ("a {\n b = \"\\d\"\n}", 2),
            ("# a", 1),
            ("a. {}", 1),
        ] {
            assert_eq!(parse(text).map_err(|error| error.line), Err(line), "{text}");
        }
    }
}
