//! Tests of the decisions.

use std::time::Duration;

use crate::model::perturb::Perturb;
use crate::plan::Room;

use super::{About, BYTES, Cut, Delay, FILLS, Perturbation, SMALLEST, Strength, Turn};

fn seeded(seed: u64) -> Perturbation {
    Perturbation { seed, what: Perturb::ALL, room: Room { held: 100, sent: 100 }, held: None }
}

/// Everything that is decided about a step.
fn decisions(perturb: &Perturbation, step: u32, turn: Turn) -> (Delay, Vec<usize>, Vec<Cut>, bool) {
    (
        perturb.delay(step, turn),
        perturb.order(step, turn, 3, 5),
        perturb.cuts(step, turn, 1000, false),
        perturb.joins(step, turn),
    )
}

#[test]
fn a_seed_decides_the_same_again_in_whatever_order_it_is_asked() {
    let turns = [Turn::ONCE, Turn::ONCE.iteration(40, 0, 3), Turn::ONCE.iteration(40, 1, 3)];
    let places: Vec<(u32, Turn)> = (0..20).flat_map(|step| turns.map(|turn| (step * 30, turn))).collect();
    for seed in 0..50 {
        let perturb = seeded(seed);
        let forth: Vec<_> = places.iter().map(|(step, turn)| decisions(&perturb, *step, *turn)).collect();
        let mut back: Vec<_> = places.iter().rev().map(|(step, turn)| decisions(&perturb, *step, *turn)).collect();
        back.reverse();
        assert_eq!(forth, back, "seed {seed}");
    }
}

#[test]
fn seeds_steps_and_iterations_are_told_apart() {
    let all = |at: &dyn Fn(u32) -> (Delay, Vec<usize>, Vec<Cut>, bool)| {
        let mut all: Vec<_> = (0..100).map(|number| format!("{:?}", at(number))).collect();
        all.sort();
        all.dedup();
        all.len()
    };
    assert!(all(&|seed| decisions(&seeded(seed.into()), 7, Turn::ONCE)) > 50);
    let strong = (0..100).find(|seed| seeded(*seed).strength(About::Segments) == Strength::Much).unwrap_or_default();
    assert!(all(&|step| decisions(&seeded(strong), step, Turn::ONCE)) > 50);
    assert!(all(&|iteration| decisions(&seeded(strong), 7, Turn::ONCE.iteration(3, iteration.into(), 8))) > 50);
}

#[test]
fn cuts_are_inside_and_in_order_and_go_down_to_a_byte() {
    let mut single = false;
    for seed in 0..400 {
        for (len, far) in [(1, false), (2, false), (3, true), (70, false), (100_000, true)] {
            let cuts = seeded(seed).cuts(9, Turn::ONCE, len, far);
            let places: Vec<u64> = cuts.iter().map(|cut| cut.at).collect();
            assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
            assert!(places.iter().all(|place| (1..len).contains(place)), "{places:?} of {len}");
            single |= len == 70 && places.len() == BYTES as usize;
            let slept: Duration = cuts.iter().map(|cut| cut.delay.sleep).sum();
            assert!(slept <= Duration::from_millis(BYTES), "{slept:?}");
        }
    }
    assert!(single, "no send was cut byte by byte");
}

#[test]
fn what_is_turned_off_is_left_alone() {
    for seed in 0..50 {
        let what = Perturb { schedule: false, ..Perturb::ALL };
        let calm = Perturbation { what, ..seeded(seed) };
        assert_eq!((calm.delay(5, Turn::ONCE), calm.order(5, Turn::ONCE, 1, 3)), (Delay::default(), vec![0, 1, 2]));
        let what = Perturb { segments: false, ..Perturb::ALL };
        let whole = Perturbation { what, ..seeded(seed) };
        assert_eq!((whole.cuts(5, Turn::ONCE, 99, false), whole.joins(5, Turn::ONCE)), (Vec::new(), false));
    }
}

#[test]
fn buffers_have_room_for_what_is_outstanding() {
    let of = |seed, held| {
        let room = Room { held, sent: 1 << 20 };
        Perturbation { room, ..seeded(seed) }.buffers("conn", Turn::ONCE)
    };
    let mut small = 0;
    for seed in 0..100 {
        assert_eq!(of(seed, 100), of(seed, 100));
        let sizes: Vec<i32> = of(seed, 30_000).into_iter().flatten().collect();
        assert!(sizes.iter().all(|size| *size >= 60_000), "{sizes:?}");
        assert!(of(seed, 100).into_iter().flatten().all(|size| size >= (1 << 20) / FILLS as i32));
        small += usize::from(seeded(seed).buffers("conn", Turn::ONCE).contains(&Some(SMALLEST as i32)));
        let what = Perturb { buffers: false, ..Perturb::ALL };
        assert_eq!(Perturbation { what, ..seeded(seed) }.buffers("conn", Turn::ONCE), [None, None]);
    }
    assert!(small > 20, "{small} of 100 runs have small buffers");
}

#[test]
fn a_long_loop_is_disturbed_as_often_as_a_short_one() {
    let disturbed = |count: u64| {
        let turn = |iteration| Turn::ONCE.iteration(3, iteration, count);
        let delays = |seed| (0..count).filter(|at| seeded(seed).delay(7, turn(*at)) != Delay::default()).count();
        (0..40).map(delays).sum::<usize>()
    };
    let (short, long) = (disturbed(100), disturbed(10_000));
    assert!(long < 2 * short && short > 40, "{short} of 100, {long} of 10,000");
}

#[test]
fn every_step_is_held_back_now_and_then() {
    let candidates = [10, 20, 30];
    let mut held: Vec<_> = (0..200).map(|seed| seeded(seed).to_hold(&candidates)).collect();
    held.sort();
    for step in candidates {
        let runs = held.iter().filter(|held| **held == Some(step)).count();
        assert!((20..60).contains(&runs), "step {step}: {runs} of 200");
    }
    let what = Perturb { schedule: false, ..Perturb::ALL };
    assert!((0..20).all(|seed| Perturbation { what, ..seeded(seed) }.to_hold(&candidates).is_none()));
}

#[test]
fn lanes_are_resumed_in_every_order() {
    let mut orders: Vec<_> = (0..200).map(|seed| seeded(seed).order(3, Turn::ONCE, 0, 3)).collect();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 6);
}
