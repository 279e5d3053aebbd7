//! `NAME VALUE` pairs on a command line.

use std::collections::BTreeMap;
use std::error::Error;
use std::str::FromStr;

/// What `--name value` pairs say.
#[derive(Debug, Default)]
pub(crate) struct Options {
    values: BTreeMap<String, String>,
    pub(crate) words: Vec<String>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some("list") => options.words.push(argument.clone()),
                Some(name) => {
                    let value = arguments.next().ok_or_else(|| format!("--{name} has no value"))?;
                    options.values.insert(name.to_owned(), value.clone());
                }
                None => options.words.push(argument.clone()),
            }
        }
        Ok(options)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Box<dyn Error>> {
        let parse = |text: &String| text.parse().map_err(|_| format!("--{name} is {text:?}; expected a number").into());
        self.values.get(name).map(parse).transpose()
    }
}
