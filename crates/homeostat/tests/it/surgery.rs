//! Numbers of gradient surgery on the board: those that a step has, and no others.

use homeostat::surgery::{Gramian, Input, SurgeryConfig};

use crate::builder;

/// What is on the board after a step of a method, by name; `given`: whether a Gramian is made.
fn names(method: &str, given: bool) -> Vec<&'static str> {
    let (mut builder, _) = builder();
    let slots = builder.surgery().expect("declared once");
    let mut control = builder.build().expect("legal");
    let config: SurgeryConfig = toml::from_str(&format!("method = '{method}'")).expect("legal");
    let law = config.init().expect("legal");
    let mut state = law.init_state(2, 1).expect("two rows");
    let gramian = Gramian::of_rows(&[[1.0, 0.0], [-0.5, 1.0]]).expect("legal");
    let mut step = |given: bool| {
        let gramian = given.then_some(&gramian);
        let input = Input { gramian, losses: &[1.0, 2.0], ..Input::default() };
        let report = law.decide(&mut state, 0, &input, &mut [0.0; 2]).expect("a legal step");
        let groups = [(&report, state.monitor(0))];
        slots.observe(control.board_mut(), groups.into_iter()).expect("finite");
    };
    // A step with everything first: nothing of it may stay.
    if !given {
        step(true);
    }
    step(given);
    let board = control.board();
    slots.named().filter(|(_, slot)| board.get(*slot).is_ok()).map(|(name, _)| name).collect()
}

#[test]
fn what_no_gramian_showed_is_not_on_the_board() {
    assert_eq!(names("upgrad", true).len(), 10);
    for method in ["mean", "sum", "famo"] {
        assert_eq!(names(method, true).len(), 10, "{method}");
        assert!(names(method, false).is_empty(), "{method}: {:?}", names(method, false));
    }
    let dropped = names("graddrop", true);
    assert!(dropped.contains(&"surgery_conflict") && dropped.contains(&"surgery_minimum_norm"));
    let absent = ["surgery_least_cosine", "surgery_norm_share"];
    assert!(absent.iter().all(|name| !dropped.contains(name)), "{dropped:?}");
}
