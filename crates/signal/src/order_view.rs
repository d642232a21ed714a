//! Order statistics of a part of a window, or of a window as it will be.

use crate::order_window::OrderWindow;

/// The newest values of an [`OrderWindow`], and perhaps one value more that is not in it.
///
/// It answers "what if this value were pushed" without pushing it, and gives to the bit what the
/// window would give afterwards. Statistics cost what they cost on the window as long as at most the
/// oldest value is left out; with fewer values they take O(n) steps, still without allocating.
#[derive(Clone, Copy, Debug)]
pub struct OrderView<'a> {
    window: &'a OrderWindow,
    /// How many of the newest values of the window take part.
    newest: usize,
    part: Part,
    /// The additional value, and how many of the others are at most as large.
    extra: Option<(f64, usize)>,
}

/// Which of the positions in the window's order take part.
#[derive(Clone, Copy, Debug)]
enum Part {
    All,
    /// All but one, the position of the oldest value.
    Without(usize),
    /// Those whose value is young enough.
    Young,
}

impl<'a> OrderView<'a> {
    pub(crate) fn new(window: &'a OrderWindow, newest: usize, extra: Option<f64>) -> Self {
        let part = match window.len() - newest {
            0 => Part::All,
            1 => Part::Without(window.oldest_position()),
            _ => Part::Young,
        };
        let mut view = Self { window, newest, part, extra: None };
        view.extra = extra.map(|value| (value, view.bounds(value).1));
        view
    }

    /// The newest `count` values of this view, at least one where there is one.
    #[must_use]
    pub fn newest(self, count: usize) -> Self {
        if count >= self.len() {
            return self;
        }
        let kept = count.max(1) - usize::from(self.extra.is_some());
        Self::new(self.window, kept, self.extra.map(|(value, _)| value))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.newest + usize::from(self.extra.is_some())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in the order of their arrival.
    pub fn values(&self) -> impl Iterator<Item = f64> + Clone + 'a {
        let extra = self.extra.map(|(value, _)| value);
        self.window.newest_values(self.newest).chain(extra)
    }

    /// How many values are below `x`, and how many at most `x`.
    pub fn bounds(&self, x: f64) -> (usize, usize) {
        let (below, at_most) = match self.part {
            Part::Young => (self.count(|value| value < x), self.count(|value| value <= x)),
            Part::All => self.window.bounds(x),
            Part::Without(oldest) => {
                let (below, at_most) = self.window.bounds(x);
                let oldest = self.window.value(oldest);
                (below - usize::from(oldest < x), at_most - usize::from(oldest <= x))
            }
        };
        let extra = |counts: fn(f64, f64) -> bool| {
            usize::from(self.extra.is_some_and(|(value, _)| counts(value, x)))
        };
        (below + extra(|value, x| value < x), at_most + extra(|value, x| value <= x))
    }

    /// The value with `position` values before it in ascending order; `None` from `len` on.
    pub fn select(&self, position: usize) -> Option<f64> {
        (position < self.len()).then(|| self.value(position))
    }

    /// The quantile at `p` in `[0, 1]`: with h = (n − 1)·p, the value x₍⌊h⌋₎ + (h − ⌊h⌋)·(x₍⌊h⌋₊₁₎ −
    /// x₍⌊h⌋₎), counted from 0 (type 7 of Hyndman and Fan 1996). `None` while empty.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let last = self.len().checked_sub(1)?;
        let place = last as f64 * p.clamp(0.0, 1.0);
        let position = (place as usize).min(last);
        let (low, fraction) = (self.value(position), place - position as f64);
        Some(if fraction > 0.0 && position < last {
            low + fraction * (self.value(position + 1) - low)
        } else {
            low
        })
    }

    /// The median; `None` while empty.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The median of |x − median|; `None` while empty. Not finite where a deviation is not.
    pub fn median_absolute_deviation(&self) -> Option<f64> {
        let median = self.median()?;
        let (first, second) = match self.part {
            Part::Young => self.middle_deviations_by_walking(median),
            _ => self.middle_deviations(median),
        };
        Some(if self.len() % 2 == 1 { first } else { first + 0.5 * (second - first) })
    }

    /// The deviations at (n − 1)/2 and the one after it, in ascending order.
    ///
    /// Below the middle position deviations fall with the position, from there on they rise. Of these
    /// two sorted lists the middle is found by bisection on how many come from the left one.
    fn middle_deviations(&self, median: f64) -> (f64, f64) {
        let (half, rank) = (self.len() / 2, (self.len() - 1) / 2);
        let lefts = half;
        let rights = self.len() - half;
        let left = |index: usize| median - self.value(half - 1 - index);
        let right = |index: usize| self.value(half + index) - median;
        let (mut least, mut most) = (rank.saturating_sub(rights), rank.min(lefts));
        while least < most {
            let middle = least.midpoint(most);
            if left(middle) < right(rank - middle - 1) {
                least = middle + 1;
            } else {
                most = middle;
            }
        }
        let (mut lower, mut upper) = (least, rank - least);
        let mut next = || {
            let left = if lower < lefts { left(lower) } else { f64::INFINITY };
            let right = if upper < rights { right(upper) } else { f64::INFINITY };
            if left <= right {
                lower += 1;
                left
            } else {
                upper += 1;
                right
            }
        };
        (next(), next())
    }

    /// The same by merging outwards from the median, for a view that leaves out many positions.
    fn middle_deviations_by_walking(&self, median: f64) -> (f64, f64) {
        let middle = self.window.at_most(median);
        let mut lefts = self.young(0..middle).rev().map(|value| median - value).peekable();
        let mut rights =
            self.young(middle..self.window.len()).map(|value| value - median).peekable();
        let mut extra = self.extra.map(|(value, _)| (value - median).abs());
        let mut next = || {
            let left = lefts.peek().copied().unwrap_or(f64::INFINITY);
            let right = rights.peek().copied().unwrap_or(f64::INFINITY);
            let least = left.min(right);
            if let Some(value) = extra.take_if(|value| *value <= least) {
                return value;
            }
            if left <= right { lefts.next() } else { rights.next() }.unwrap_or(least)
        };
        for _ in 0..(self.len() - 1) / 2 {
            next();
        }
        (next(), next())
    }

    /// The value at a position that exists.
    fn value(&self, position: usize) -> f64 {
        match self.extra {
            Some((value, before)) if position == before => value,
            Some((_, before)) => self.base(position - usize::from(position > before)),
            None => self.base(position),
        }
    }

    /// The value at a position among those of the window that take part.
    fn base(&self, position: usize) -> f64 {
        match self.part {
            Part::All => self.window.value(position),
            Part::Without(oldest) => self.window.value(position + usize::from(position >= oldest)),
            Part::Young => {
                let mut values = self.young(0..self.window.len());
                let from_end = self.newest - 1 - position;
                let value = if position <= from_end {
                    values.nth(position)
                } else {
                    values.nth_back(from_end)
                };
                value.expect("the view holds `newest` young values")
            }
        }
    }

    /// The values of a range of the window's order that are young enough, in ascending order.
    fn young(&self, range: std::ops::Range<usize>) -> impl DoubleEndedIterator<Item = f64> + 'a {
        let (window, newest) = (self.window, self.newest);
        range
            .filter(move |position| window.age(*position) < newest)
            .map(move |position| window.value(position))
    }

    fn count(&self, counted: impl Fn(f64) -> bool) -> usize {
        self.window.newest_values(self.newest).filter(|value| counted(*value)).count()
    }
}
