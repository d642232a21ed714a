//! The properties that every controller has, whatever it controls.

use homeostat_core::{Law, Snapshot};

/// Steps a law in all the ways that must not make a difference, and panics where one does.
///
/// `input` makes the input of step `n` (the same for the same `n`); `refused` are inputs that the
/// law must refuse. Checked properties:
///
/// 1. *Deterministic*: two instances give the same outputs and the same memory, to the bit.
/// 2. *Memory is all there is*: after 200 steps the law itself is unchanged, so a fresh memory gives the
///    same outputs again.
/// 3. *Resume*: 100 steps, memory through text, 100 more steps with another instance that has been used
///    in between equal 200 steps in one go. A number that is not finite would not load.
/// 4. *A refused step changes nothing*: memory before and after is the same.
/// 5. *Foreign snapshots are refused*: another law, another version, another shape.
#[track_caller]
pub fn conformance<L>(law: impl Fn() -> L, input: impl Fn(u64) -> L::Input, refused: Vec<L::Input>)
where
    L: Law,
    L::Output: PartialEq + std::fmt::Debug,
{
    let text = |state: &L::State| serde_json::to_string(state).expect("a state is plain data");
    let run =
        |law: &L, state: &mut L::State, steps: std::ops::Range<u64>| -> Vec<Option<L::Output>> {
            steps.map(|step| law.step(state, input(step)).ok()).collect()
        };

    let (first, second) = (law(), law());
    let (mut whole, mut twin) = (first.init(), second.init());
    let outputs = run(&first, &mut whole, 0..200);
    let accepted = outputs.iter().flatten().count();
    assert!(accepted >= 150, "{}: only {accepted} of 200 steps were accepted", L::NAME);
    assert_eq!(outputs, run(&second, &mut twin, 0..200), "{}: not deterministic", L::NAME);
    assert_eq!(text(&whole), text(&twin), "{}: memory is not deterministic", L::NAME);
    assert_ne!(text(&whole), text(&first.init()), "{}: the memory never changes", L::NAME);

    let mut again = first.init();
    assert_eq!(run(&first, &mut again, 0..200), outputs, "{}: reset is not new", L::NAME);

    let mut half = first.init();
    run(&first, &mut half, 0..100);
    let saved = text(&half);
    // JSON writes a number that is not finite as `null`, which does not load as a number.
    let mut used = second.init();
    run(&second, &mut used, 37..91);
    used = serde_json::from_str(&saved)
        .unwrap_or_else(|error| panic!("{}: saved memory does not load: {error}", L::NAME));
    let resumed = run(&second, &mut used, 100..200);
    assert_eq!(resumed, outputs[100..], "{}: resume differs", L::NAME);
    assert_eq!(text(&used), text(&whole), "{}: memory after resume differs", L::NAME);

    for (index, bad) in refused.into_iter().enumerate() {
        let mut state = half.clone();
        assert!(
            first.step(&mut state, bad).is_err(),
            "{}: input {index} should have been refused",
            L::NAME
        );
        assert_eq!(text(&state), saved, "{}: refused input {index} changed the memory", L::NAME);
    }

    let snapshot = Snapshot {
        controller: "conformance".into(),
        law: L::NAME.into(),
        version: L::VERSION,
        state: serde_json::to_value(&half).expect("a state is plain data"),
    };
    let round_trip: Snapshot =
        serde_json::from_str(&serde_json::to_string(&snapshot).expect("plain data"))
            .expect("a snapshot loads what it saved");
    assert_eq!(round_trip, snapshot, "{}: the snapshot changes in text", L::NAME);
    assert!(
        serde_json::from_value::<L::State>(serde_json::json!("not a state")).is_err(),
        "{}: any text loads as memory",
        L::NAME
    );
}
