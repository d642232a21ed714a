use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{Delay, Reader, Readings};
use homeostat_core::{Board, FaultCount, Layout, Port, RawLoss, Slot};

struct Desk {
    board: Board,
    recon: Slot<RawLoss>,
    kl: Slot<RawLoss>,
    faults: Slot<FaultCount>,
}

fn desk() -> Desk {
    let mut layout = Layout::new();
    let recon = layout.declare(&Port::new("recon")).expect("new");
    let kl = layout.declare(&Port::new("kl")).expect("new");
    let faults = layout.declare(&Port::new("faults")).expect("new");
    Desk { board: Board::new(layout), recon, kl, faults }
}

fn step<B: Backend>(reader: &mut Reader<B>, desk: &mut Desk, recon: f32, kl: f32) -> usize {
    let device = B::Device::default();
    let mut readings = Readings::new();
    readings.scalar(desk.recon, Tensor::<B, 1>::from_floats([recon], &device));
    readings.scalar(desk.kl, Tensor::<B, 1>::from_floats([kl], &device));
    reader.read(readings, &mut desk.board).faults
}

fn any_number_of_scalars_and_blocks_take_one_read<B: AutodiffBackend>() {
    let device = Default::default();
    let mut desk = desk();
    let mut reader = Reader::<B::InnerBackend>::new(Delay::None, desk.faults);
    for count in 1..=3_u64 {
        let mut readings = Readings::new();
        readings.scalar(desk.recon, Tensor::from_floats([2.5], &device));
        readings
            .block(Tensor::<B::InnerBackend, 2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device));
        readings.scalar(desk.kl, Tensor::from_floats([0.25], &device));
        readings.block(Tensor::<B::InnerBackend, 1>::from_floats([5.0], &device));
        let report = reader.read(readings, &mut desk.board);
        assert_eq!(reader.reads(), count);
        assert_eq!(report.blocks, vec![vec![1.0, 2.0, 3.0, 4.0], vec![5.0]]);
        assert_eq!(report.faults, 0);
    }
    assert_eq!(desk.board.value(desk.recon.index()), Some(2.5));
    assert_eq!(desk.board.value(desk.kl.index()), Some(0.25));
}

fn a_reading_that_is_not_finite_is_absent_and_counted<B: AutodiffBackend>() {
    let mut desk = desk();
    let mut reader = Reader::<B::InnerBackend>::new(Delay::None, desk.faults);
    assert_eq!(step(&mut reader, &mut desk, 1.0, 2.0), 0);
    assert_eq!(step(&mut reader, &mut desk, f32::NAN, f32::INFINITY), 2);
    assert_eq!(desk.board.value(desk.recon.index()), None);
    assert_eq!(desk.board.value(desk.kl.index()), None);
    assert_eq!(desk.board.value(desk.faults.index()), Some(2.0));
    assert_eq!(step(&mut reader, &mut desk, 1.0, 2.0), 0);
    assert_eq!(desk.board.value(desk.faults.index()), Some(0.0));
}

fn a_delayed_reader_gives_the_numbers_of_the_step_before<B: AutodiffBackend>() {
    let mut desk = desk();
    let mut reader = Reader::<B::InnerBackend>::new(Delay::OneStep, desk.faults);
    step(&mut reader, &mut desk, 1.0, 10.0);
    assert_eq!(desk.board.value(desk.recon.index()), None, "nothing was read yet");
    step(&mut reader, &mut desk, 2.0, 20.0);
    assert_eq!(desk.board.value(desk.recon.index()), Some(1.0));
    assert_eq!(step(&mut reader, &mut desk, f32::NAN, 30.0), 0);
    assert_eq!(desk.board.value(desk.kl.index()), Some(20.0));
    assert_eq!(step(&mut reader, &mut desk, 4.0, 40.0), 1, "the fault arrives one step later");
    assert_eq!(reader.reads(), 3);
    let report = reader.flush(&mut desk.board);
    assert!(report.read && report.faults == 0);
    assert_eq!(desk.board.value(desk.kl.index()), Some(40.0));
    assert!(!reader.flush(&mut desk.board).read, "nothing waits any more");
}

mod both {
    crate::on_both_backends! {
        any_number_of_scalars_and_blocks_take_one_read
        a_reading_that_is_not_finite_is_absent_and_counted
        a_delayed_reader_gives_the_numbers_of_the_step_before
    }
}
