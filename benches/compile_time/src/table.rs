//! Prints the results as a table: minimum and median of each cell, and the cost of one query relative to hand-written code.

use std::fmt::Write;
use std::time::Duration;

use crate::kinds::HAND;
use crate::{COUNTS, Phase};

/// All measured times of one crate in one phase.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) kind: &'static str,
    pub(crate) count: usize,
    pub(crate) phase: Phase,
    pub(crate) times: Vec<Duration>,
}

#[derive(Debug, Clone, Copy)]
enum Statistic {
    Minimum,
    Median,
}

impl Cell {
    fn milliseconds(&self, statistic: Statistic) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        let index = match statistic {
            Statistic::Minimum => 0,
            Statistic::Median => times.len() / 2,
        };
        times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

/// Returns the table. Each cell is the minimum, with the median in parentheses.
pub(crate) fn markdown(kinds: &[&'static str], cells: &[Cell]) -> String {
    let mut text = String::from("| build | queries |");
    for count in COUNTS {
        let _ = write!(text, " {count} |");
    }
    text.push_str(" ms per query | ratio |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (phase, words) in [
        (Phase::Cold, "clean build"),
        (Phase::Expansion, "its expansion"),
        (Phase::InPlace, "incremental, a number changed"),
        (Phase::Moved, "incremental, a line added"),
    ] {
        for kind in kinds {
            let _ = write!(text, "| {words} | {kind} |");
            for count in COUNTS {
                let time = |statistic| at(cells, kind, count, phase, statistic);
                let _ = write!(text, " {:.0} ({:.0}) |", time(Statistic::Minimum), time(Statistic::Median));
            }
            let slopes =
                |kind| [Statistic::Minimum, Statistic::Median].map(|statistic| slope(cells, kind, phase, statistic));
            let [minimum, median] = slopes(kind);
            let _ = write!(text, " {minimum:.2} ({median:.2}) |");
            let [hand_minimum, hand_median] = slopes(HAND);
            let _ = writeln!(text, " {:.2} ({:.2}) |", minimum / hand_minimum, median / hand_median);
        }
    }
    text
}

/// Returns the cost of one query: the slope between the smallest and the largest crate.
fn slope(cells: &[Cell], kind: &str, phase: Phase, statistic: Statistic) -> f64 {
    let [first, .., last] = COUNTS;
    let time = |count| at(cells, kind, count, phase, statistic);
    (time(last) - time(first)) / (last - first) as f64
}

fn at(cells: &[Cell], kind: &str, count: usize, phase: Phase, statistic: Statistic) -> f64 {
    let is_cell = |cell: &&Cell| cell.kind == kind && cell.count == count && cell.phase == phase;
    cells.iter().find(is_cell).map_or(f64::NAN, |cell| cell.milliseconds(statistic))
}
