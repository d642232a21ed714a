//! Steps that are taken back and controllers that run after the verdict, together.

use burn::backend::Autodiff;
use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::prelude::*;
use burn_flex::Flex;
use homeostat::burn::{forget_momentum, try_step};
use homeostat::ceiling::{Decision, Look, StepConfig, violation};
use homeostat::{Builder, Clock, ControlConfig, FaultCount, RawLoss};

type A = Autodiff<Flex>;

#[derive(Module, Debug)]
struct Code<B: Backend> {
    mean: Param<Tensor<B, 1>>,
}

/// KL = ½ Σ μ².
fn divergence(code: &Code<A>) -> Tensor<A, 1> {
    code.mean.val().square().sum().mul_scalar(0.5)
}

/// Sixty attempts at a step, every `nth` of which has no loss afterwards; epochs of ten. What the ceiling
/// knows at the end, and how often the controllers ran.
fn train(nth: usize) -> (f64, f64, f64, u64) {
    let config: ControlConfig = toml::from_str(
        r#"
        [controller.kl-ceiling]
        reads = { measured = "kl", rejections = "rejections", restorations = "restorations" }
        writes = { setpoint = "kl" }
        law.ceiling = { target = { relative = 0.2 } }
        "#,
    )
    .unwrap();
    let mut builder = Builder::new(Clock::new(10).unwrap());
    let kl = builder.sensor::<RawLoss>("kl").unwrap();
    let rejections = builder.sensor::<FaultCount>("rejections").unwrap();
    let restorations = builder.sensor::<FaultCount>("restorations").unwrap();
    builder.configure(&config).unwrap();
    let mut control = builder.build().unwrap();
    let ceiling = control
        .board()
        .slots()
        .find(|slot| control.board().port(*slot).quantity.contains("setpoint"));

    let start = Tensor::<A, 1>::from_floats([4.0, 6.0], &Default::default());
    let mut code = Code { mean: Param::from_tensor(start) };
    let mut optimizer = AdamConfig::new().init::<A, Code<A>>();
    let search = StepConfig { halvings: 0, ..StepConfig::default() }.init().unwrap();
    let (mut memory, mut rejected, mut steps) = (search.init_state(), 0.0, 0);
    for attempt in 1..=60 {
        let limit = ceiling.and_then(|slot| control.board().value(slot));
        let look = |code: &Code<A>| {
            let value = f64::from(divergence(code).into_scalar());
            Look { loss: Ok(value), violation: violation(&[value], [limit]) }
        };
        let before = look(&code);
        let gradients = GradientsParams::from_grads(divergence(&code).backward(), &code);
        let (next, decision) = try_step::<A, _, _>(
            code,
            &mut optimizer,
            |code, optimizer| Optimizer::step(optimizer, 0.1, code, gradients),
            |index, code| {
                let after = look(code);
                let loss = if attempt % nth == 0 { Ok(f64::NAN) } else { after.loss };
                search.decide(&mut memory, index, before, Look { loss, ..after })
            },
        );
        code = next;
        let Decision::Accept { restoration } = decision else {
            rejected += 1.0;
            optimizer = forget_momentum(optimizer);
            continue;
        };
        let board = control.board_mut();
        board.observe(kl, before.loss.unwrap()).unwrap();
        board.observe(rejections, rejected).unwrap();
        board.observe(restorations, f64::from(u8::from(restoration))).unwrap();
        control.step().unwrap();
        (rejected, steps) = (0.0, steps + 1);
    }
    let mut found = std::collections::BTreeMap::new();
    control.probe(&mut |_, name, value| {
        found.insert(name, value);
    });
    (found["epoch"], found["sigma"], found["increment"], steps)
}

#[test]
fn of_alternating_steps_half_are_rejected_and_the_squeeze_backs_off() {
    // Four epochs of the squeeze without a rejection, and a model that follows.
    assert_eq!(train(usize::MAX), (7.0, 6.0, 1.0, 60));
    // Half of the steps, half of the calls, and a rate of 50 % in each epoch. An epoch ends with the accepted
    // step that fills it, so the first has eleven batches and the sixth is not over: three backoffs.
    assert_eq!(train(2), (6.0, 2.0, 0.125, 30));
    // Every tenth is a rate of 10 %: the clock moves and does not become faster.
    let (epoch, sigma, increment, steps) = train(10);
    assert_eq!((epoch, increment, steps), (6.0, 1.0, 54));
    assert!(sigma > 2.0, "{sigma}");
}
