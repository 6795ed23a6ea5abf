//! How work grows: a tenth of it, all of it, ten times as much, each by a process of `sockspec run`.

use std::io;

use crate::child::{self, Took};
use crate::specs::{self, Suite};
use crate::table::median;

const ROUNDS: usize = 5;

/// A piece of work of three sizes.
struct Growth {
    name: &'static str,
    sizes: [usize; 3],
    /// The text of the specs, and how many there are.
    specs: fn(usize) -> (String, usize),
}

const GROWTHS: [Growth; 10] = [
    Growth { name: "specs", sizes: [100, 1000, 10_000], specs: |size| (specs::ECHO.to_owned(), size) },
    Growth { name: "cases of a matrix", sizes: [10, 100, 1000], specs: |size| (specs::cases(size), 1) },
    Growth { name: "steps", sizes: [50, 500, 5000], specs: |size| (specs::steps(size), 1) },
    Growth { name: "endpoints", sizes: [50, 500, 5000], specs: |size| (specs::endpoints(size), 1) },
    Growth { name: "lanes", sizes: [2, 25, 250], specs: |size| (specs::lanes(size), 1) },
    Growth { name: "round trips", sizes: [1000, 10_000, 100_000], specs: |size| (specs::round_trips(size), 1) },
    Growth { name: "computed payloads", sizes: [400, 4000, 40_000], specs: |size| (specs::computed(size), 1) },
    Growth { name: "connections", sizes: [100, 1000, 9900], specs: |size| (specs::connections(size), 1) },
    Growth { name: "MiB one way", sizes: [102, 1024, 10_240], specs: |size| (specs::one_way(size << 20), 1) },
    Growth { name: "KiB up to a delimiter", sizes: [100, 1000, 10_000], specs: |size| (specs::until(size << 10), 1) },
];

/// Prints how long each took, how much more than the one before for as much work, and its memory.
pub(crate) fn print(filter: Option<&str>) -> io::Result<()> {
    println!(
        "| work                  |                  sizes |                         ms | × for ten times as much |    MiB |"
    );
    println!(
        "|-----------------------|-----------------------:|---------------------------:|------------------------:|-------:|"
    );
    for growth in GROWTHS.iter().filter(|growth| filter.is_none_or(|filter| growth.name.contains(filter))) {
        println!("{}", growth.measure()?);
    }
    Ok(())
}

impl Growth {
    #[allow(clippy::cast_precision_loss)]
    fn measure(&self) -> io::Result<String> {
        let suites = self.sizes.map(|size| {
            let (text, copies) = (self.specs)(size);
            Suite::new(&text, copies)
        });
        let [small, middle, large] = suites;
        let suites = [small?, middle?, large?];
        let rounds: Vec<[Took; 3]> =
            std::iter::repeat_with(|| suites.each_ref().map(Suite::watch)).take(ROUNDS).collect();
        let of = |value: &dyn Fn(&[Took; 3]) -> f64| median(rounds.iter().map(value).collect());
        let time = |at: usize| of(&|round| round[at].time.as_secs_f64() * 1e3);
        let tenfold = |at: usize| {
            let more = self.sizes[at + 1] as f64 / self.sizes[at] as f64;
            of(&|round| round[at + 1].time.as_secs_f64() / round[at].time.as_secs_f64()).powf(1.0 / more.log10())
        };
        let peak = |at: usize| of(&|round| round[at].peak as f64 / 1024.0);
        let show = |values: Vec<String>| values.join(" / ");
        Ok(format!(
            "| {:<21} | {:>22} | {:>26} | {:>23} | {:>18} |",
            self.name,
            show(self.sizes.map(|size| size.to_string()).to_vec()),
            show((0..3).map(|at| format!("{:.1}", time(at))).collect()),
            show((0..2).map(|at| format!("{:.1}", tenfold(at))).collect()),
            show((0..3).map(|at| format!("{:.1}", peak(at))).collect()),
        ))
    }
}

impl Suite {
    /// What a process takes that runs all of them.
    fn watch(&self) -> Took {
        child::watch(child::sockspec().arg(self.specs()))
    }
}
