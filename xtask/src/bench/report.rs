//! The figures as a table and as JSON.

use std::collections::BTreeMap;
use std::process::Command;

use super::{COUNTED, Cell, Instructions, REPEATS, WARM_UP};

const BARE: &str = "axum.bare";
/// What a user would take today; the table tells how many of it everything else is.
const REFERENCE: &str = "peer.tracelayer_json";

/// Whether others are compared with it.
pub(super) fn is_reference(cell: &Cell) -> bool {
    [BARE, REFERENCE].contains(&cell.scenario.as_str())
}

/// What of `cell` is more than the bare service takes for the same request.
fn extra(cell: &Cell, cells: &[Cell], measured: &BTreeMap<String, Instructions>) -> Option<Instructions> {
    let of = |scenario: &str| {
        let found = cells.iter().find(|other| other.scenario == scenario && other.request == cell.request)?;
        measured.get(&found.name)
    };
    let (own, bare) = (of(&cell.scenario)?, of(BARE)?);
    Some(Instructions { all: own.all - bare.all, request_thread: own.request_thread - bare.request_thread })
}

/// Name and value of everything that was measured: of the bare service all instructions, else those it adds.
pub(super) fn figures(cells: &[Cell], measured: &BTreeMap<String, Instructions>) -> BTreeMap<String, i64> {
    let mut figures = BTreeMap::new();
    for cell in cells {
        let (what, value) = if cell.scenario == BARE {
            ("instructions", measured.get(&cell.name).copied())
        } else {
            ("extra_instructions", extra(cell, cells, measured))
        };
        if let Some(value) = value {
            figures.insert(format!("{}.{what}", cell.name), value.all);
            figures.insert(format!("{}.{what}.request_thread", cell.name), value.request_thread);
        }
    }
    figures
}

/// One flat object. Names are words and dots, so that none needs an escape.
pub(super) fn json(figures: &BTreeMap<String, i64>) -> String {
    let members: Vec<String> = figures.iter().map(|(name, value)| format!("  \"{name}\": {value}")).collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

pub(super) fn print(cells: &[Cell], measured: &BTreeMap<String, Instructions>) {
    println!("{}", machine());
    println!(
        "instructions a request, the mean of {REPEATS} times {COUNTED} after {WARM_UP}; all threads; x is times {REFERENCE}\n"
    );
    println!(
        "{:<14} {:<28} {:>12} {:>9} {:>15} {:>6}",
        "request", "scenario", "instructions", "extra", "request thread", "x"
    );
    for cell in cells {
        let Some(own) = measured.get(&cell.name) else { continue };
        let added = extra(cell, cells, measured).filter(|_| cell.scenario != BARE);
        let reference = cells
            .iter()
            .find(|other| other.scenario == REFERENCE && other.request == cell.request)
            .and_then(|other| extra(other, cells, measured));
        let number = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), grouped);
        println!(
            "{:<14} {:<28} {:>12} {:>9} {:>15} {:>6}",
            cell.request,
            cell.scenario,
            grouped(own.all),
            number(added.map(|added| added.all)),
            number(added.map(|added| added.request_thread)),
            added.zip(reference).map_or_else(|| "-".to_owned(), |(added, reference)| ratio(added.all, reference.all)),
        );
    }
}

/// Two decimals, without a detour over floating point.
pub(super) fn ratio(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "-".to_owned();
    }
    let hundredths = (part * 100 + whole / 2).div_euclid(whole);
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}

/// With a comma before every three digits.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where and when: processor, date, compiler, valgrind.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let parts =
        [cpu, said("date", &["-u", "+%Y-%m-%d"]), said("rustc", &["--version"]), said("valgrind", &["--version"])];
    parts.map(|part| part.unwrap_or_else(|| "unknown".to_owned())).join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(scenario: &str, name: &str) -> Cell {
        Cell { request: "get".into(), scenario: scenario.into(), lines: 0, name: name.into() }
    }

    #[test]
    fn figures_are_what_is_added_to_the_bare_service() {
        let cells = [cell(BARE, "axum.bare.get"), cell("axum.off", "axum.off"), cell(REFERENCE, "peer.get")];
        let one = |all, request_thread| Instructions { all, request_thread };
        let measured: BTreeMap<String, Instructions> =
            [("axum.bare.get".to_owned(), one(14_000, 14_000)), ("axum.off".to_owned(), one(15_500, 15_400))].into();
        assert_eq!(
            json(&figures(&cells, &measured)),
            "{\n  \"axum.bare.get.instructions\": 14000,\n  \"axum.bare.get.instructions.request_thread\": 14000,\n  \
             \"axum.off.extra_instructions\": 1500,\n  \"axum.off.extra_instructions.request_thread\": 1400\n}\n"
        );
    }

    #[test]
    fn numbers_as_they_are_printed() {
        let numbers = [0, 999, 1000, -1_234_567, 100_000];
        assert_eq!(numbers.map(grouped), ["0", "999", "1,000", "-1,234,567", "100,000"]);
        assert_eq!(ratio(1500, 51_800), "0.03");
        assert_eq!(ratio(-51_800, 51_800), "-1.00");
        assert_eq!(ratio(103_600, 51_800), "2.00");
        assert_eq!(ratio(1, 0), "-");
    }
}
