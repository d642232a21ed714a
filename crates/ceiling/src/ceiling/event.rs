//! What a ceiling has to say, in the words of the design note.

use std::fmt::{Display, Formatter, Result};

use super::state::CeilingGoal;

/// Something happened to a ceiling. Displayed, it is the line that the design note prints.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The first epoch begins.
    Calibrating {
        /// The epoch.
        epoch: u64,
    },
    /// Ceilings were found.
    Discovered {
        /// The epoch that has ended.
        epoch: u64,
        /// The names of the goals.
        names: &'a [String],
        /// What is known about each.
        goals: &'a [CeilingGoal],
    },
    /// There was no finite value to make a ceiling of; the next epoch tries again.
    NothingDiscovered {
        /// The epoch that has ended.
        epoch: u64,
    },
    /// The discovered ceiling is larger than what is thought sound.
    Exploded {
        /// The goal.
        goal: &'a str,
        /// The ceiling.
        ceiling: f64,
        /// What is thought sound.
        limit: f64,
    },
    /// The discovered ceiling is not above the target: nothing is left to squeeze.
    Converged {
        /// The goal.
        goal: &'a str,
        /// The ceiling.
        ceiling: f64,
    },
    /// The ceiling of this epoch is lower than before.
    Squeezed {
        /// The epoch that begins.
        epoch: u64,
        /// The goal; `None` where all have the same ceiling.
        goal: Option<&'a str>,
        /// The ceiling at the end of the epoch.
        ceiling: f64,
    },
    /// The schedule asks for no less than what is in force.
    Skipped {
        /// The epoch that begins.
        epoch: u64,
        /// The goal; `None` where all have the same ceiling.
        goal: Option<&'a str>,
        /// The ceiling that stays.
        ceiling: f64,
    },
    /// Too many rejections: what the epoch moved was taken back, and the last tightening with it.
    BackedOff {
        /// The epoch that has ended.
        epoch: u64,
        /// Whether the epoch squeezed.
        squeezed: bool,
        /// The rejection rate.
        rate: f64,
        /// d from now on.
        increment: f64,
    },
    /// Too many steps began outside the ceiling: it stays where the epoch left it until the values follow.
    Held {
        /// The epoch that has ended.
        epoch: u64,
        /// The share of the accepted steps that began outside.
        share: f64,
        /// d from now on.
        increment: f64,
    },
    /// More rejections than there should be: the schedule does not become faster.
    AtLimit {
        /// The epoch that has ended.
        epoch: u64,
        /// The rejection rate.
        rate: f64,
    },
    /// Soft scales were tightened.
    Tightened {
        /// The epoch that has ended.
        epoch: u64,
        /// The factor.
        factor: f64,
    },
    /// Soft scales could have been tightened, but the score is too low.
    Unstable {
        /// The epoch that has ended.
        epoch: u64,
        /// The mean of S_min over the window.
        mean: f64,
    },
    /// The target is reached.
    TargetReached {
        /// The epoch that has ended.
        epoch: u64,
    },
    /// Training should stop.
    Stopped {
        /// The epoch that has ended.
        epoch: u64,
    },
}

impl Display for Event<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match *self {
            Self::Calibrating { epoch } => {
                write!(formatter, "📊 Epoch {epoch}: Initial calibration of all goal scales...")
            }
            Self::Discovered { epoch, names, goals } => discovered(formatter, epoch, names, goals),
            Self::NothingDiscovered { epoch } => write!(
                formatter,
                "🔍 EPOCH {epoch} KL DISCOVERY: no finite KL was measured, the next epoch tries again"
            ),
            Self::Exploded { goal, ceiling, limit } => write!(
                formatter,
                "⚠️  WARNING: {} ceiling {} is above {}: the squeeze will be steep",
                Name(goal),
                Number(ceiling),
                Number(limit)
            ),
            Self::Converged { goal, ceiling } => {
                write!(formatter, "   ✓ {} already at target: {}", Name(goal), Number(ceiling))
            }
            Self::Squeezed { epoch, goal, ceiling } => write!(
                formatter,
                "🔽 {} ceiling squeezed to {} nats (epoch {epoch})",
                Name(goal.unwrap_or("KL")),
                Number(ceiling)
            ),
            Self::Skipped { epoch, goal, ceiling } => write!(
                formatter,
                "   {} ceiling stays at {} nats: no squeeze needed (epoch {epoch})",
                Name(goal.unwrap_or("KL")),
                Number(ceiling)
            ),
            Self::BackedOff { epoch, squeezed, rate, increment } => {
                let percent = 100.0 * rate;
                write!(formatter, "↩ Backoff: {percent:.1}% of epoch {epoch} rejected")?;
                if squeezed {
                    write!(formatter, ", squeeze taken back, next by {increment} of a step")?;
                }
                Ok(())
            }
            Self::Held { epoch, share, increment } => {
                let percent = 100.0 * share;
                write!(
                    formatter,
                    "⏸ KL ceiling waits: {percent:.1}% of epoch {epoch} began above it, next by \
                     {increment} of a step"
                )
            }
            Self::AtLimit { epoch, rate } => {
                let percent = 100.0 * rate;
                write!(formatter, "   At limit: {percent:.1}% of epoch {epoch} rejected")
            }
            Self::Tightened { epoch, factor } => {
                write!(formatter, "   Soft scales tightened by {factor} (epoch {epoch})")
            }
            Self::Unstable { epoch, mean } => write!(
                formatter,
                "   Unstable: mean S_min {mean:.3}, nothing tightened (epoch {epoch})"
            ),
            Self::TargetReached { epoch } => {
                write!(formatter, "✓ KL ceiling at target (epoch {epoch})")
            }
            Self::Stopped { epoch } => write!(formatter, "Training should stop (epoch {epoch})"),
        }
    }
}

fn discovered(
    formatter: &mut Formatter<'_>,
    epoch: u64,
    names: &[String],
    goals: &[CeilingGoal],
) -> Result {
    writeln!(formatter, "🔍 EPOCH {epoch} KL DISCOVERY:")?;
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) + 1;
    for (name, goal) in names.iter().zip(goals) {
        let label = format!("{}:", Name(name));
        let maximum = Fraction(goal.maximum.unwrap_or(f64::NAN));
        writeln!(formatter, "   Max {label:<width$} {maximum}")?;
    }
    write!(formatter, "   Setting ceiling: ")?;
    let ceilings = || goals.iter().filter_map(|goal| goal.discovered);
    let first = ceilings().next().unwrap_or(f64::NAN);
    if ceilings().all(|ceiling| ceiling == first) {
        write!(formatter, "{}", Fraction(first))?;
    } else {
        for (index, (name, ceiling)) in names.iter().zip(ceilings()).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{} {}", Name(name), Fraction(ceiling))?;
        }
    }
    write!(formatter, "\n   ✓ KL ceiling will activate at start of epoch {}", epoch + 1)
}

/// The name of a goal as the note writes it: `KL_core`.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self.0.strip_prefix("kl") {
            Some(rest) => write!(formatter, "KL{rest}"),
            None => formatter.write_str(self.0),
        }
    }
}

/// A number with thousands separators: whole ones without decimals.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        if self.0.fract() == 0.0 {
            grouped(formatter, self.0, 0)
        } else {
            Fraction(self.0).fmt(formatter)
        }
    }
}

/// A number with thousands separators and one decimal, below 100 with two.
struct Fraction(f64);

impl Display for Fraction {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        grouped(formatter, self.0, if self.0.abs() < 100.0 { 2 } else { 1 })
    }
}

fn grouped(formatter: &mut Formatter<'_>, value: f64, decimals: usize) -> Result {
    let text = format!("{value:.decimals$}");
    let digits = text.split('.').next().unwrap_or_default();
    for (index, character) in text.char_indices() {
        let left = digits.len().saturating_sub(index);
        let inside = index > 0 && left > 0 && left.is_multiple_of(3);
        if inside && !text[..index].ends_with('-') {
            formatter.write_str(",")?;
        }
        write!(formatter, "{character}")?;
    }
    Ok(())
}
