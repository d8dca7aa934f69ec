//! What a `query!` costs in compile time: `cargo check` of generated crates with 0, 100 and 400 queries, timed beside the same queries
//! written by hand, beside cynic's derive and beside diesel's typed queries.
//!
//! `cargo run --release -p serenytics-bench-compile` prints one Markdown table; `-- --runs 9` sets how often each cell is measured.
//! The crates stand in the folder `compile_time` of the target directory. cynic and diesel are dependencies of theirs alone.

mod clock;
mod kinds;
mod table;
mod workspace;

use std::error::Error;
use std::time::Duration;

use kinds::{Edit, KINDS};
use table::Cell;
use workspace::{Package, Workspace};

/// The numbers of queries; what a query costs is the slope between the first and the last.
const COUNTS: [usize; 3] = [0, 100, 400];

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// `cargo check` of the crate, from nothing.
    Cold,
    /// Of that, what rustc does until all macros and derives are expanded and all names are resolved.
    Expansion,
    /// `cargo check` after an edit inside a query that moves nothing else, with what the last one left.
    InPlace,
    /// The same after an edit that moves half of the file by a line.
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
    // The runs are interleaved: what else the machine does meanwhile is spread over all cells.
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
            _ => Err(format!("`--runs` takes a number from 1, and not `{number}`")),
        },
        _ => Err("the one option is `--runs NUMBER`".to_owned()),
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

/// The times of incremental checks, there and back: each meets what a check of the other text left.
fn after_edit(workspace: &Workspace, package: &Package, edit: Edit) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::new();
    for edit in [edit, Edit::None] {
        package.write(edit)?;
        times.push(workspace.check(package, true)?);
    }
    Ok(times)
}
