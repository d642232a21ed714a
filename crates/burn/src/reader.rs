//! One read from the device per step.
//!
//! All scalars of a step are joined to one vector and copied to the host at once; on a GPU every
//! further read would wait for the queue again.

use burn::prelude::*;
use homeostat_core::{Board, FaultCount, Sink, Slot, SlotIndex};

/// Which step's numbers a read gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delay {
    /// The step's own: the host waits until the device has computed them.
    #[default]
    None,
    /// Those of the step before: the device keeps working on this step while the host decides. The
    /// first read gives nothing.
    OneStep,
}

impl TryFrom<u8> for Delay {
    type Error = homeostat_core::ConfigError;

    fn try_from(steps: u8) -> Result<Self, Self::Error> {
        match steps {
            0 => Ok(Self::None),
            1 => Ok(Self::OneStep),
            _ => Err(homeostat_core::ConfigError::new("delay", "must be 0 or 1", steps)),
        }
    }
}

/// What one step wants read: scalars for the board, and small tensors for the caller.
#[derive(Debug)]
pub struct Readings<B: Backend> {
    sinks: Vec<Sink>,
    scalars: Vec<Tensor<B, 1>>,
    blocks: Vec<Tensor<B, 1>>,
}

impl<B: Backend> Default for Readings<B> {
    fn default() -> Self {
        Self { sinks: Vec::new(), scalars: Vec::new(), blocks: Vec::new() }
    }
}

impl<B: Backend> Readings<B> {
    /// Nothing to read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a scalar, a tensor of shape `[1]`, for a slot of the board.
    pub fn scalar(&mut self, slot: impl Into<Sink>, value: Tensor<B, 1>) {
        debug_assert_eq!(value.dims(), [1], "a scalar reading has one element");
        self.sinks.push(slot.into());
        self.scalars.push(value);
    }

    /// Adds a tensor that comes back to the caller as host numbers, in the order of these calls.
    pub fn block<const D: usize>(&mut self, values: Tensor<B, D>) {
        let count = values.shape().num_elements();
        self.blocks.push(values.reshape([count]));
    }
}

/// What a read gave beside the numbers on the board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Whether anything was read: with [`Delay::OneStep`] the first read gives nothing.
    pub read: bool,
    /// How many scalars were refused, because they are not finite or out of range.
    pub faults: usize,
    /// The first scalar that was refused, and its value.
    pub first_fault: Option<(SlotIndex, f64)>,
    /// The blocks, in the order of [`Readings::block`].
    pub blocks: Vec<Vec<f32>>,
}

/// Reads from the device, once per step, and counts how often.
#[derive(Debug)]
pub struct Reader<B: Backend> {
    delay: Delay,
    faults: Slot<FaultCount>,
    waiting: Option<Readings<B>>,
    reads: u64,
}

impl<B: Backend> Reader<B> {
    /// A reader that reports the number of refused scalars at `faults`.
    pub fn new(delay: Delay, faults: Slot<FaultCount>) -> Self {
        Self { delay, faults, waiting: None, reads: 0 }
    }

    /// How many times the device was read.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Puts the numbers of this step, or with delay of the step before, on the board. A number that
    /// its quantity refuses makes its slot absent and counts as a fault.
    pub fn read(&mut self, readings: Readings<B>, board: &mut Board) -> Report {
        let due = match self.delay {
            Delay::None => Some(readings),
            Delay::OneStep => self.waiting.replace(readings),
        };
        match due {
            Some(due) => self.take(due, board),
            None => {
                board.set(self.faults, FaultCount::new(0.0).expect("zero is a count"));
                Report::default()
            }
        }
    }

    /// Reads what waits, at the end of an epoch or before a checkpoint. With [`Delay::None`] nothing
    /// ever waits.
    pub fn flush(&mut self, board: &mut Board) -> Report {
        self.waiting.take().map_or_else(Report::default, |due| self.take(due, board))
    }

    fn take(&mut self, due: Readings<B>, board: &mut Board) -> Report {
        let lengths: Vec<_> = due.blocks.iter().map(|block| block.dims()[0]).collect();
        let joined: Vec<_> = due.scalars.into_iter().chain(due.blocks).collect();
        let mut report = Report { read: true, ..Report::default() };
        if !joined.is_empty() {
            let data = Tensor::cat(joined, 0).into_data().convert::<f32>();
            self.reads += 1;
            let values = data.as_slice::<f32>().expect("the data was converted to f32");
            for (sink, value) in due.sinks.iter().zip(values) {
                let value = f64::from(*value);
                if sink.observe(board, value).is_err() {
                    report.faults += 1;
                    report.first_fault.get_or_insert((sink.index(), value));
                }
            }
            let mut rest = &values[due.sinks.len()..];
            for length in lengths {
                let (block, others) = rest.split_at(length);
                report.blocks.push(block.to_vec());
                rest = others;
            }
        }
        let count = FaultCount::new(report.faults as f64).expect("a count is finite");
        board.set(self.faults, count);
        report
    }

    /// Forgets what is waiting: after a rollback or a resume.
    pub fn forget(&mut self) {
        self.waiting = None;
    }
}
