//! Measures the compile time of `query!`: `cargo check` of generated crates with 0, 100 and 400 queries, compared with the
//! same queries written by hand, with cynic's derives, and with diesel's typed queries.
//!
//! `cargo run --release -p serenytics-bench-compile` prints one Markdown table; `-- --runs 9` sets the number of runs. The
//! crates are generated in the folder `compile_time` of the target directory. Only they depend on cynic and diesel.

mod clock;
mod kinds;
mod table;
mod workspace;

use std::error::Error;
use std::time::Duration;

use kinds::{Edit, KINDS};
use table::Cell;
use workspace::{Package, Workspace};

/// The numbers of queries. The cost of one query is the slope between the first and the last.
const COUNTS: [usize; 3] = [0, 100, 400];

/// A step of the compiler to measure.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// `cargo check` of the crate, without incremental data.
    Cold,
    /// The first part of that: rustc until all macros are expanded and all names are resolved.
    Expansion,
    /// An incremental `cargo check` after an edit inside a query that does not move other code.
    InPlace,
    /// The same after an edit that moves half of the file by one line.
    Moved,
}

impl Phase {
    const ALL: [Phase; 4] = [Phase::Cold, Phase::Expansion, Phase::InPlace, Phase::Moved];
}

fn main() -> Result<(), Box<dyn Error>> {
    let runs = runs(std::env::args().skip(1))?;
    let workspace = Workspace::create()?;
    let packages = workspace.prepare()?;
    let mut cells: Vec<Cell> = Vec::new();
    // The runs are interleaved, so that other load on the machine affects all cells alike.
    for run in 0..runs {
        eprintln!("run {} of {runs}", run + 1);
        for package in &packages {
            for phase in Phase::ALL {
                let times = measured(&workspace, package, phase)?;
                let is_cell = |cell: &&mut Cell| {
                    cell.kind == package.kind.name && cell.count == package.count && cell.phase == phase
                };
                match cells.iter_mut().find(is_cell) {
                    Some(cell) => cell.times.extend(times),
                    None => {
                        let (kind, count) = (package.kind.name, package.count);
                        cells.push(Cell { kind, count, phase, times });
                    }
                }
            }
        }
    }
    println!("{}, {}.\n", workspace.versions()?, clock::DESCRIPTION);
    print!("{}", table::markdown(&KINDS.map(|kind| kind.name), &cells));
    Ok(())
}

fn runs(mut arguments: impl Iterator<Item = String>) -> Result<usize, String> {
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, None, None) => Ok(5),
        (Some("--runs"), Some(number), None) => match number.parse() {
            Ok(runs) if runs > 0 => Ok(runs),
            _ => Err(format!("expected a number from 1 after `--runs`, found `{number}`")),
        },
        _ => Err("usage: serenytics-bench-compile [--runs NUMBER]".to_owned()),
    }
}

fn measured(workspace: &Workspace, package: &Package, phase: Phase) -> Result<Vec<Duration>, Box<dyn Error>> {
    match phase {
        Phase::Cold => {
            package.write(Edit::None)?;
            Ok(vec![workspace.check(package, false)?])
        }
        Phase::Expansion => Ok(vec![package.expand()?]),
        Phase::InPlace => after_edit(workspace, package, Edit::InPlace),
        Phase::Moved => after_edit(workspace, package, Edit::Moved),
    }
}

/// Measures two incremental checks: one after the edit, one after undoing it.
fn after_edit(workspace: &Workspace, package: &Package, edit: Edit) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::new();
    for edit in [edit, Edit::None] {
        package.write(edit)?;
        times.push(workspace.check(package, true)?);
    }
    Ok(times)
}
