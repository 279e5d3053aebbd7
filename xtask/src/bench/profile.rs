//! Where one scenario's instructions go, per request, with what its process does besides taken off.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use super::{COUNTED, Cell, WARM_UP, count, files, report::grouped};

/// How many functions are shown.
const SHOWN: usize = 150;

/// Prints the costliest functions: first with what they call, then without.
pub(super) fn print(program: &Path, cell: &Cell) -> Result<(), String> {
    let warm_up = count(program, cell, WARM_UP)?;
    let counted = count(program, cell, WARM_UP + COUNTED)?;
    for (inclusive, title) in [(true, "with what it calls"), (false, "by itself")] {
        let before = functions(warm_up.path(), inclusive)?;
        let mut each: Vec<(i64, String)> = functions(counted.path(), inclusive)?
            .into_iter()
            .map(|(name, more)| ((more - before.get(&name).copied().unwrap_or(0)) / COUNTED.cast_signed(), name))
            .filter(|(instructions, _)| *instructions > 0)
            .collect();
        each.sort_by(|one, other| other.cmp(one));
        println!("\n{}: instructions a request, {title}", cell.name);
        for (instructions, name) in each.iter().take(SHOWN) {
            println!("{:>10}  {name}", grouped(*instructions));
        }
    }
    Ok(())
}

/// `file:function` and its instructions, all threads together.
fn functions(folder: &Path, inclusive: bool) -> Result<HashMap<String, i64>, String> {
    let mut functions = HashMap::new();
    for file in files(folder)? {
        let output = Command::new("callgrind_annotate")
            .args(["--threshold=100", "--auto=no", if inclusive { "--inclusive=yes" } else { "--inclusive=no" }])
            .arg(&file)
            .output()
            .map_err(|error| format!("cannot run callgrind_annotate: {error}"))?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            // `1,234 (5.67%)  file.rs:function [object]`; the object says nothing here.
            let Some((number, rest)) = line.trim_start().split_once(" (") else { continue };
            let (Ok(number), Some((_, name))) = (number.replace(',', "").parse::<i64>(), rest.split_once("%)")) else {
                continue;
            };
            let name = name.split(" [").next().unwrap_or(name).trim();
            *functions.entry(name.to_owned()).or_insert(0) += number;
        }
    }
    Ok(functions)
}
