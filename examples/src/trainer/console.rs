//! What a person sees: a bar while an epoch runs, a line after it. Quiet when not a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::rows::Row;

/// One column of the table: heading, name of the number, decimals.
pub type Column = (&'static str, &'static str, usize);

/// Writes to the terminal.
#[derive(Debug)]
pub struct Console {
    columns: &'static [Column],
    bar: ProgressBar,
    quiet: bool,
    lines: u64,
}

/// The table of `topoencoder_2d`.
pub const COLUMNS: &[Column] = &[
    ("total", "total", 4),
    ("recon", "loss/recon", 4),
    ("test mse", "test_mse", 4),
    ("AMI", "ami", 3),
    ("readout", "readout_accuracy", 3),
    ("charts", "perplexity", 1),
    ("I(X;K)", "i_xk", 3),
    ("lr", "lr", 6),
    ("|Δθ|/|θ|", "update_ratio", 5),
];

impl Console {
    /// A console for this many steps in all, of which some are done.
    pub fn new(columns: &'static [Column], quiet: bool, steps: u64, done: u64) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(8)
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let style = ProgressStyle::with_template(
            "{wide_bar} {percent}%  {per_sec}  {elapsed} of about {eta_precise} left",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        Self { columns, bar, quiet, lines: 0 }
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// One line of the table; a heading now and then.
    pub fn epoch(&mut self, epoch: u64, epochs: u64, row: &Row) {
        if self.quiet {
            return;
        }
        if self.lines.is_multiple_of(20) {
            let mut heading = format!("{:>11}", "epoch");
            for (name, _, _) in self.columns {
                heading.push_str(&format!(" {name:>9}"));
            }
            self.say(&heading);
        }
        self.lines += 1;
        let mut line = format!("{:>11}", format!("{epoch}/{epochs}"));
        for (_, name, decimals) in self.columns {
            let cell = match row.get(*name).copied().flatten() {
                Some(value) => format!("{value:.decimals$}"),
                None => "–".into(),
            };
            line.push_str(&format!(" {cell:>9}"));
        }
        self.say(&line);
    }

    /// A line that is shown unless the run is quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// A line that is always shown.
    #[expect(clippy::print_stdout, reason = "this is the one place that prints for a person")]
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
    }

    /// A warning, on the error stream.
    #[expect(clippy::print_stderr, reason = "this is the one place that warns a person")]
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("warning: {text}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
