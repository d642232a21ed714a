use crate::{builder, read};

#[track_caller]
fn check(text: &str, expected: &str) {
    let (mut builder, _) = builder();
    let result = builder.configure(&read(text)).and_then(|()| builder.build().map(drop));
    let error = result.expect_err("this cannot be wired").to_string();
    assert!(error.contains(expected), "found: {error}\nexpected: {expected}");
}

const PID: &str = "law.pid = { initial = 0.1, ki = 0.1 }";

#[test]
fn a_wrong_wiring_is_answered_with_both_sides_and_what_there_is() {
    let cases = [
        (
            format!("[controller.a]\nreads = {{ measured = \"kll\", setpoint = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}"),
            "controller 'a': nothing measures 'kll'; measured are 'faults', 'recon', 'kl', 'usage', 'gradient_norm'",
        ),
        (
            format!("[controller.a]\nreads = {{ measured = \"kl\", setpoint = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}"),
            "controller 'a': no setpoint of raw loss named 'kl' is on the board; there is none",
        ),
        (
            format!("[setpoint]\nkl = 1.0\n[controller.a]\nreads = {{ measured = \"usage\", setpoint = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}"),
            "no setpoint of entropy named 'kl' is on the board",
        ),
        (
            format!("[setpoint]\nkl = 1.0\n[controller.a]\nreads = {{ measured = \"kl\", setpoint = \"kl\", extra = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}"),
            "controller 'a' has no role 'extra' under 'reads'; the law 'pid' has 'measured', 'setpoint'",
        ),
        (
            format!("[controller.a]\nreads = {{ setpoint = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}"),
            "controller 'a' needs 'reads.measured' for the law 'pid'",
        ),
        (
            format!("[setpoint]\nkl = 1.0\n[controller.a]\nreads = {{ measured = \"kl\", setpoint = \"kl\" }}\nwrites = {{ wait = \"kl\" }}\n{PID}"),
            "controller 'a' needs 'writes.weight' for the law 'pid'",
        ),
        (
            "[controller.a]\nreads = { measured = \"kl\" }\nwrites = { weight = \"kl\" }\nlaw.multiplier = { initial = 0.1, rate = 0.1 }".into(),
            "controller 'a': target \"setpoint\" needs a wired setpoint, got none",
        ),
        (
            format!("[setpoint]\nkl = 1.0\n[controller.a]\nreads = {{ measured = \"kl\", setpoint = \"kl\" }}\nwrites = {{ weight = \"kl\" }}\n{PID}\n[controller.b]\nreads = {{ measured = \"recon\" }}\nwrites = {{ weight = \"kl\" }}\nlaw.multiplier = {{ initial = 0.1, rate = 0.1, target = {{ baseline = {{}} }} }}"),
            "weight 'kl' is written by controller 'a' and by controller 'b'; disable one of them",
        ),
        (
            "[controller.a]\nreads = { final = \"x\" }\nwrites = { weight = \"y\" }\nlaw.ramp = { start = 1, end = 2 }\n[controller.b]\nreads = { final = \"y\" }\nwrites = { weight = \"x\" }\nlaw.ramp = { start = 1, end = 2 }".into(),
            "the controllers wait for each other: 'a' waits for weight 'x' of 'b' waits for weight 'y' of 'a'",
        ),
        (
            "[controller.a]\nwrites = { learning_rate = \"learning_rate\" }\nlaw.governor = { maximum = 1e-4 }".into(),
            "controller 'a': initial must lie between minimum and maximum, got 0.001",
        ),
        ("[weight]\nkl = -1.0".into(), "weight 'kl': weight must be finite and not negative, got -1"),
        ("[setpoint]\nkl = nan".into(), "setpoint 'kl': setpoint of raw loss must be finite, got NaN"),
        ("[setpoint]\nkll = 1.0".into(), "setpoint 'kll': nothing measures 'kll'"),
    ];
    for (text, expected) in cases {
        check(&text, expected);
    }
}

#[test]
fn what_a_sensor_measures_is_written_by_nobody_else() {
    let (mut builder, _) = builder();
    builder.sensor::<homeostat::Weight>("w").expect("new");
    let error = builder.weight("w", 0.1).expect_err("measured").to_string();
    assert_eq!(
        error,
        "weight 'w' is written by sensor 'w' and by a start value; disable one of them"
    );
    let text = "[controller.a]\nreads = { measured = \"kl\" }\nwrites = { weight = \"w\" }\n\
                law.multiplier = { rate = 0.1, target = { baseline = {} } }";
    builder.configure(&read(text)).and_then(|()| builder.build().map(drop)).map_or_else(
        |error| assert!(error.to_string().contains("initial must be given"), "{error}"),
        |()| panic!("a measured weight cannot be controlled"),
    );
}

#[test]
fn a_limit_or_gate_without_its_reading_is_refused() {
    check(
        "[controller.a]\nwrites = { learning_rate = \"learning_rate\" }\n\
         law.governor = { maximum = 0.1, maximum_update_ratio = 0.01 }",
        "maximum_update_ratio needs a wired parameter norm and a wired update norm, got not both",
    );
    check(
        "[weight]\nlast = 1.0\n[controller.a]\nreads = { final = \"last\" }\n\
         writes = { weight = \"kl\" }\n\
         law.ramp = { start = 1, end = 2, gate = { minimum = 0.1, patience = 2 } }",
        "gate must be set exactly where 'reads.gate' is wired, got no wired gate",
    );
    check(
        "[controller.a]\nreads = { final = \"nowhere\" }\nwrites = { weight = \"kl\" }\n\
         law.ramp = { start = 1, end = 2 }",
        "no weight named 'nowhere'",
    );
}

#[test]
fn a_name_with_two_quantities_must_be_told_apart() {
    let (mut builder, _) = builder();
    builder.sensor::<homeostat::Entropy>("kl").expect("another quantity");
    let error = builder.setpoint_of("kl", 1.0).expect_err("ambiguous").to_string();
    assert!(error.contains("'kl' is measured as raw loss and as entropy"), "{error}");
}

#[test]
fn a_weight_stands_on_the_board_before_the_first_step_wherever_its_start_is_written() {
    let law = "reads = { measured = \"kl\" }\nwrites = { weight = \"kl\" }\n";
    for text in [
        format!(
            "[controller.a]\n{law}law.multiplier = {{ initial = 0.3, rate = 0.1, target = {{ baseline = {{}} }} }}"
        ),
        format!(
            "[weight]\nkl = 0.3\n[controller.a]\n{law}law.multiplier = {{ rate = 0.1, target = {{ baseline = {{}} }} }}"
        ),
    ] {
        let (mut builder, _) = builder();
        builder.configure(&read(&text)).expect("legal");
        let slot = builder.weight_slot("kl").expect("declared");
        let control = builder.build().expect("legal");
        assert_eq!(control.board().get(slot).expect("there").get(), 0.3);
    }
}

#[test]
fn the_order_follows_from_reads_and_writes_and_not_from_the_file() {
    // Names chosen so that alphabetical order would be wrong.
    let text = "
        [controller.a-ramp]
        reads = { final = \"kl_final\" }
        writes = { weight = \"kl\" }
        law.ramp = { start = 0, end = 4 }
        [controller.z-source]
        reads = { measured = \"kl\" }
        writes = { weight = \"kl_final\" }
        law.multiplier = { initial = 0.1, rate = 0.1, target = { baseline = {} } }";
    let (mut builder, _) = builder();
    builder.configure(&read(text)).expect("legal");
    let control = builder.build().expect("legal");
    let names: Vec<_> = control.controllers().map(|(one, _)| one.name().to_owned()).collect();
    assert_eq!(names, ["z-source", "a-ramp"]);
    assert_eq!(
        control.wiring().lines().next(),
        Some("z-source (multiplier): raw loss 'kl' → weight 'kl_final'")
    );
}

#[test]
fn a_disabled_controller_is_as_if_it_were_not_there() {
    let text = "
        [weight]
        kl = 0.5
        [controller.a]
        enabled = false
        reads = { measured = \"kl\" }
        writes = { weight = \"kl\" }
        law.multiplier = { rate = 0.1, target = { baseline = {} } }";
    let (mut builder, _) = builder();
    builder.configure(&read(text)).expect("legal");
    let weight = builder.weight_slot("kl").expect("declared");
    let mut control = builder.build().expect("legal");
    control.step().expect("nothing stops");
    assert_eq!(control.controllers().count(), 0);
    assert_eq!(control.board().get(weight).expect("constant").get(), 0.5);
}
