//! Every kind has the properties of every law.

use homeostat_core::{Law, RawLoss};
use homeostat_normalize::Normalize;
use homeostat_testkit::{Splitmix, conformance};

use crate::{KINDS, normalizer};

fn loss(value: f64) -> RawLoss {
    RawLoss::new(value).expect("finite")
}

#[test]
fn every_kind_conforms() {
    for kind in KINDS {
        let input = |step: u64| loss(Splitmix(step).between(-3.0, 3.0));
        // Without a normalizer every finite number is taken in.
        let refused =
            if kind.contains("none") { vec![] } else { vec![loss(f64::MAX), loss(-1e141)] };
        conformance(|| Normalize::new(normalizer(kind)), input, refused);
    }
}

#[test]
fn a_state_of_another_kind_is_refused_and_left_alone() {
    let rank = Normalize::new(normalizer(KINDS[1]));
    let winsor = Normalize::new(normalizer(KINDS[10]));
    let mut state = winsor.init();
    assert!(rank.step(&mut state, loss(1.0)).is_err());
    assert_eq!(state.commits(), 0);
    assert!(winsor.step(&mut state, loss(1.0)).is_ok());
}

#[test]
fn probes_show_fill_scale_and_choice() {
    let mut names = Vec::new();
    for kind in [KINDS[0], KINDS[7], KINDS[10], KINDS[15], KINDS[16]] {
        let law = Normalize::new(normalizer(kind));
        let mut state = law.init();
        law.probe(&state, &mut |_: &'static str, value: f64| assert!(value.is_finite()));
        for step in 0..50 {
            law.step(&mut state, loss(Splitmix(step).uniform())).expect("finite");
        }
        let mut of_this = Vec::new();
        law.probe(&state, &mut |name: &'static str, value: f64| of_this.push((name, value)));
        assert_eq!(of_this[0], ("commits", 50.0));
        names.push(of_this.iter().map(|probe| probe.0).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(
        names,
        [
            "commits scale",
            "commits window scale",
            "commits window scale",
            "commits scale",
            "commits window scale rank_chosen",
        ]
    );
}
