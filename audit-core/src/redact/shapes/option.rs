//! Options of a command line: `--token value`, and those of known tools.

use std::ops::Range;

use super::Sweep;
use crate::redact::class::Class;
use crate::redact::{steps, values};

/// A tool with options that hold secrets though their names do not say so.
#[derive(Debug)]
pub(super) struct Tool {
    name: &'static str,
    /// The options whose value is a user and a password.
    logins: &'static [&'static str],
    /// The options whose value is a password.
    passwords: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool { name: "curl", logins: &["-u", "--user", "--proxy-user", "-U"], passwords: &[] },
    Tool { name: "sshpass", logins: &[], passwords: &["-p"] },
    Tool { name: "docker login", logins: &[], passwords: &["-p"] },
    Tool { name: "podman login", logins: &[], passwords: &["-p"] },
    Tool { name: "oc login", logins: &[], passwords: &["-p"] },
    Tool { name: "az login", logins: &[], passwords: &["-p"] },
    Tool { name: "mysql", logins: &[], passwords: &["-p"] },
    Tool { name: "mariadb", logins: &[], passwords: &["-p"] },
    Tool { name: "redis-cli", logins: &[], passwords: &["-a"] },
    Tool { name: "ldapsearch", logins: &[], passwords: &["-w"] },
    Tool { name: "smbclient", logins: &[], passwords: &["-U"] },
    Tool { name: "http ", logins: &["-a"], passwords: &[] },
];

impl Tool {
    /// The first of the known tools that a command names.
    pub(super) fn of(command: &str) -> Option<&'static Self> {
        TOOLS.iter().find(|tool| command.contains(tool.name))
    }

    /// Whether the value of `option` is a login, whose password goes, or a password.
    fn holds(&self, option: &str) -> Option<bool> {
        let is_one_of = |options: &[&str]| options.contains(&option);
        // `-sSu`: the last of several letters takes the value.
        let is_run = |options: &[&str]| {
            let letters = option.strip_prefix('-').filter(|letters| letters.len() <= 4 && !letters.starts_with('-'));
            letters.is_some_and(|letters| {
                options.iter().any(|known| known.len() == 2 && letters.ends_with(known.trim_start_matches('-')))
            })
        };
        if is_one_of(self.logins) || is_run(self.logins) {
            Some(true)
        } else {
            is_one_of(self.passwords).then_some(false)
        }
    }
}

impl Sweep<'_> {
    /// `--token value`, `"--token", "value"`, `-u user:password` of curl; the word begins with a dash.
    pub(super) fn option(&mut self, word: &Range<usize>) -> bool {
        let text = self.slice(word.clone());
        let Some(start) = self.next_argument(word.end) else { return self.attached(word) };
        // The name first: a value may be as long as the text, and of most options it does not matter.
        let held = self.tool().and_then(|tool| tool.holds(text));
        let class = if held.is_some() { Class::Secret } else { self.names.classify(text) };
        if !class.is_sensitive() {
            return self.attached(word);
        }
        let opens = values::value_start(self.text.as_bytes(), start);
        if held == Some(true) && (self.next_colon(start) == self.text.len() || self.no_logins.contains(&opens)) {
            return false;
        }
        let value = values::value(self.text, start, false);
        let shown = self.slice(value.clone());
        if shown.starts_with('-') || shown.is_empty() {
            return self.attached(word);
        }
        if held == Some(true) {
            let Some((user, _)) = shown.split_once(':') else {
                if shown.starts_with(['{', '[']) {
                    let no_logins = &mut self.no_logins;
                    values::bracket_end_noting(self.text.as_bytes(), value.start, |at| {
                        no_logins.insert(at);
                    });
                }
                return false;
            };
            self.hide(value.start + user.len() + 1..value.end);
            return true;
        }
        if class.keeps_text(shown) {
            return false;
        }
        self.hide(value);
        true
    }

    /// Where the argument after the one that ends at `at` begins: behind blanks, or, where arguments are quoted one by
    /// one, behind the closing quote and perhaps a comma.
    fn next_argument(&self, at: usize) -> Option<usize> {
        let rest = self.rest(at);
        let Some(after) = rest.strip_prefix(['"', '\'']) else { return rest.starts_with([' ', '\t']).then_some(at) };
        let next = after.strip_prefix(',').unwrap_or(after).trim_start_matches([' ', '\t']);
        next.starts_with(['"', '\'']).then(|| self.text.len() - next.len())
    }

    /// `-psecret` of mysql, `-ubob:secret` of curl.
    fn attached(&mut self, word: &Range<usize>) -> bool {
        let text = self.slice(word.clone());
        let Some((option, value)) = text.split_at_checked(2) else { return false };
        if value.is_empty() || option == "--" {
            return false;
        }
        let Some(is_login) = self.tool().and_then(|tool| tool.holds(option)) else { return false };
        let start = word.start + 2;
        // What follows the run of letters belongs to it.
        let end = self.bare_end(word.start);
        if is_login {
            let colon = self.next_colon(start);
            if colon >= end {
                return false;
            }
            self.hide(colon + 1..end);
        } else {
            self.hide(start..end);
        }
        true
    }

    fn bare_end(&mut self, start: usize) -> usize {
        let text = self.text;
        self.bare.or_find(start, || values::bare_end(text, start))
    }

    /// Where the next colon stands, or the text's end.
    fn next_colon(&mut self, start: usize) -> usize {
        let rest = self.rest(start);
        self.colon.or_find(start, || {
            let length = rest.find(':').unwrap_or(rest.len());
            steps::count(length);
            start + length
        })
    }

    fn tool(&mut self) -> Option<&'static Tool> {
        *self.tool.get_or_insert_with(|| Tool::of(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;
    use super::*;
    use crate::redact::lists::assert_listed;

    #[test]
    fn the_page_lists_every_option() {
        let options = TOOLS.iter().flat_map(|tool| {
            tool.logins.iter().chain(tool.passwords).map(|option| format!("{} {option}", tool.name.trim_end()))
        });
        let options: Vec<String> = options.collect();
        assert_listed("Options of tools", options.iter().map(String::as_str));
    }

    #[test]
    fn values_of_secret_options_go() {
        for (text, expected) in [
            ("[\"tool\", \"--password\", \"x\"]", "[\"tool\", \"--password\", \"[FILTERED]\"]"),
            ("\"tool\" \"--token\" \"x\" \"y\"", "\"tool\" \"--token\" \"[FILTERED]\" \"y\""),
            ("tool --token 'x y' z", "tool --token '[FILTERED]' z"),
            ("curl -sSu bob:x h", "curl -sSu bob:[FILTERED] h"),
            ("curl -ubob:x h", "curl -ubob:[FILTERED] h"),
            ("sshpass -p x ssh h", "sshpass -p [FILTERED] ssh h"),
            ("docker login -u bob -p x r", "docker login -u bob -p [FILTERED] r"),
            ("mysql -ubob -px d", "mysql -ubob -p[FILTERED] d"),
            ("redis-cli -a x", "redis-cli -a [FILTERED]"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }

    #[test]
    fn other_options_stay() {
        for text in [
            "tool -p 80 -u bob",
            "tool --token-type bearer",
            "ssh -p 22 h",
            "docker run -p 80:80 x",
            "-",
            "-- a",
            "a -b\"c",
        ] {
            assert_eq!(swept(text), text);
        }
    }
}
