//! Where the time of a spec goes, and what a network of its own takes.

use std::io;

use crate::SPECS;
use crate::specs::{self, Suite};
use crate::table::{Unit, median, timed};

/// Where the time of a spec goes: the median of each stage.
pub(crate) fn phases() -> io::Result<()> {
    let suite = Suite::new(specs::ECHO, SPECS)?;
    let rounds: Vec<_> = std::iter::repeat_with(|| suite.run_in_stages()).take(16).skip(1).collect();
    println!("| stage       |    a spec |\n|-------------|----------:|");
    for (stage, (name, _)) in rounds[0].iter().enumerate() {
        let seconds = median(rounds.iter().map(|round| round[stage].1.as_secs_f64()).collect());
        println!("| {name:<11} | {:>9} |", Unit::MicrosEach(SPECS).show(seconds));
    }
    Ok(())
}

/// What a network of its own costs a spec, and a capture on it: the medians of the differences to the
/// same specs on the network of the machine, in the same round.
pub(crate) fn isolated() -> io::Result<()> {
    const COUNT: usize = 200;
    let networks =
        [("host", ""), ("isolated", "network: isolated\n"), ("isolated, wire", "network: isolated\nwire: true\n")];
    let suites = networks.map(|(_, keys)| Suite::new(&specs::ECHO.replace("steps:", &format!("{keys}steps:")), COUNT));
    let [host, alone, wire] = suites;
    let suites = [host?, alone?, wire?];
    if let Err(reason) = sockspec::exec::can_isolate() {
        println!("there are no isolated networks here: {reason}");
        return Ok(());
    }
    let unit = Unit::MicrosEach(COUNT);
    for jobs in [1, 2] {
        println!("| network, -j {jobs}   |    a spec | over host |\n|-----------------|----------:|----------:|");
        let rounds: Vec<[f64; 3]> =
            std::iter::repeat_with(|| [0, 1, 2].map(|which: usize| timed(&|| suites[which].run(jobs)).as_secs_f64()))
                .take(16)
                .skip(1)
                .collect();
        for (which, (name, _)) in networks.iter().enumerate() {
            let time = unit.show(median(rounds.iter().map(|round| round[which]).collect()));
            let over = unit.show(median(rounds.iter().map(|round| round[which] - round[0]).collect()));
            println!("| {name:<15} | {time:>9} | {over:>9} |");
        }
    }
    Ok(())
}
