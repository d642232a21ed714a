use super::color;
use super::svg::{Anchor, Svg};

/// How values become lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// Decades; for positive values only.
    Logarithmic,
}

/// A range of values on a scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Axis {
    /// The axis that holds all `values` with a margin; \[0, 1\] (or 0.1 … 10) where there are none.
    pub(super) fn around(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let legal = |value: &f64| value.is_finite() && (scale == Scale::Linear || *value > 0.0);
        let to_unit = |value: f64| {
            if scale == Scale::Linear { value } else { value.log10() }
        };
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut low, mut high) = values
            .filter(legal)
            .map(to_unit)
            .fold(start, |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // A constant still needs a width, in proportion to its size.
        let smallest = if scale == Scale::Linear { 0.1 * low.abs().max(1e-12) } else { 0.2 };
        let margin = 0.05 * (high - low).max(smallest);
        let missing = (smallest - (high - low)).max(0.0) / 2.0;
        Self { scale, low: low - margin - missing, high: high + margin + missing }
    }

    /// The axis from `low` to `high` without a margin, at least one unit long: for epochs.
    pub(super) fn exactly(low: f64, high: f64) -> Self {
        Self { scale: Scale::Linear, low, high: high.max(low + 1.0) }
    }

    /// Stretches the shorter of two axes about its middle, until both are equally long.
    pub(super) fn same_length(first: &mut Self, second: &mut Self) {
        let length = (first.high - first.low).max(second.high - second.low);
        for axis in [first, second] {
            let middle = 0.5 * (axis.low + axis.high);
            (axis.low, axis.high) = (middle - 0.5 * length, middle + 0.5 * length);
        }
    }

    /// Where `value` lies between the ends: 0 at the low one, 1 at the high one. `None` for what
    /// the scale cannot show.
    pub(super) fn position(&self, value: f64) -> Option<f64> {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic if value > 0.0 => value.log10(),
            Scale::Logarithmic => return None,
        };
        value.is_finite().then(|| (value - self.low) / (self.high - self.low))
    }

    /// Values worth a grid line, and how they are written.
    fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => round_steps(self.low, self.high),
            Scale::Logarithmic => {
                let ticks = self.decades();
                // A range within a factor of two or so has room for one of them at most.
                if ticks.len() > 1 {
                    return ticks;
                }
                round_steps(10_f64.powf(self.low), 10_f64.powf(self.high))
            }
        }
    }

    /// Powers of ten, at most seven; over a short range also their double and fivefold.
    fn decades(&self) -> Vec<(f64, String)> {
        let length = self.high - self.low;
        let mantissas: &[u8] = if length < 2.5 { &[1, 2, 5] } else { &[1] };
        let stride = (length / 6.0).ceil().max(1.0) as usize;
        let first = if mantissas.len() > 1 { self.low.floor() } else { self.low.ceil() };
        (first as i32..=self.high.floor() as i32)
            .step_by(stride)
            .flat_map(|exponent| {
                mantissas.iter().map(move |&mantissa| {
                    let value = f64::from(mantissa) * 10_f64.powi(exponent);
                    (value, decade(mantissa, exponent))
                })
            })
            .filter(|(value, _)| (self.low..=self.high).contains(&value.log10()))
            .collect()
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, about five of them.
fn round_steps(low: f64, high: f64) -> Vec<(f64, String)> {
    let rough = (high - low) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|&step| step >= rough).unwrap_or(rough);
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let largest = low.abs().max(high.abs());
    ((low / step).ceil() as i64..=(high / step).floor() as i64)
        .map(|count| count as f64 * step)
        .map(|value| (value, number(value, decimals, largest)))
        .collect()
}

fn decade(mantissa: u8, exponent: i32) -> String {
    match exponent {
        0..=3 => format!("{}", u32::from(mantissa) * 10_u32.pow(exponent as u32)),
        -2 | -1 => {
            format!("{:.*}", -exponent as usize, f64::from(mantissa) * 10_f64.powi(exponent))
        }
        _ => format!("{mantissa}e{exponent}"),
    }
}

fn number(value: f64, decimals: usize, largest: f64) -> String {
    if largest >= 1e5 || (value != 0.0 && largest < 1e-3) {
        return format!("{value:.1e}");
    }
    format!("{value:.decimals$}")
}

/// A rectangle of the picture with an axis along its lower and its left side.
pub(super) struct Panel {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) horizontal: Axis,
    pub(super) vertical: Axis,
}

impl Panel {
    /// The pixel of a point, or `None` where a coordinate cannot be shown.
    pub(super) fn pixel(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let right = self.horizontal.position(x)?;
        let up = self.vertical.position(y)?;
        Some((self.x + right * self.width, self.y + (1.0 - up) * self.height))
    }

    /// Grid, frame, numbers and names.
    pub(super) fn draw(&self, svg: &mut Svg, title: &str, x_name: &str, y_name: &str) {
        let (left, bottom) = (self.x, self.y + self.height);
        let mut widest = 0;
        for (value, label) in self.horizontal.ticks() {
            let Some(position) = self.horizontal.position(value) else {
                continue;
            };
            let x = left + position * self.width;
            svg.line((x, self.y), (x, bottom), color::GRID, 1.0);
            svg.faint_text(x, bottom + 15.0, 11.0, Anchor::Middle, &label);
        }
        for (value, label) in self.vertical.ticks() {
            let Some(position) = self.vertical.position(value) else {
                continue;
            };
            let y = bottom - position * self.height;
            svg.line((left, y), (left + self.width, y), color::GRID, 1.0);
            svg.faint_text(left - 6.0, y + 4.0, 11.0, Anchor::End, &label);
            widest = widest.max(label.chars().count());
        }
        svg.frame(self.x, self.y, self.width, self.height);
        svg.bold_text(left + self.width / 2.0, self.y - 8.0, 13.0, Anchor::Middle, title);
        svg.text(left + self.width / 2.0, bottom + 33.0, 12.0, Anchor::Middle, x_name);
        let name_x = left - 14.0 - 6.5 * widest as f64;
        svg.upright_text(name_x, self.y + self.height / 2.0, 12.0, y_name);
    }
}
