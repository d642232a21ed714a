//! The way from scores back into the graph.

use burn::prelude::*;

/// Values and slopes do not belong together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurrogateError {
    /// The slopes are no whole number of rows.
    #[error("number of slopes must be a multiple of the values, {values}, got {slopes}")]
    Slopes {
        /// How many values there are.
        values: usize,
        /// How many slopes were given.
        slopes: usize,
    },
    /// A value has another number of samples than there are rows of slopes.
    #[error("value {index} must have 1 element or as many as rows of slopes, {rows}, got {found}")]
    Samples {
        /// Its place.
        index: usize,
        /// The rows.
        rows: usize,
        /// Its length.
        found: usize,
    },
    /// A slope is not finite, or not in the numbers of the backend.
    #[error("slope {index} must be finite in the backend's numbers, got {slope}")]
    NotFinite {
        /// Its place.
        index: usize,
        /// The slope.
        slope: f64,
    },
}

/// `Σ_b Σ_i slopes[b, i] · x[b, i]`, of shape `[1]`: a scalar whose gradient is that of a loss with these
/// slopes, because they are constants of the graph. Its value is not the loss. `None` where every slope is 0:
/// then there is nothing to differentiate.
///
/// `values` are the measured values as tensors of the graph, in the order of the goals; `slopes` are
/// `d loss / d x`, from `Evaluation::slopes` (one row) or `SampleEvaluation::slopes` (a row per sample,
/// row-major). A value has one element per row, or a single one that all rows share, whose slope is then the
/// sum of its column. Scores are computed on the host in double precision, so that the graph holds products
/// with constants only: no exponential overflows in it and no branch that was not taken adds a NaN.
///
/// # Errors
///
/// Counts that do not fit, or a slope that is not finite once it is a number of the backend.
///
/// ```
/// # use burn::backend::Autodiff;
/// # use burn::prelude::*;
/// # type B = Autodiff<burn_flex::Flex>;
/// use homeostat_burn::surrogate;
///
/// let x = Tensor::<B, 1>::from_floats([3.0], &Default::default()).require_grad();
/// let (kl, error) = (x.clone().square(), x.clone().neg());
/// // d loss / d kl = 0.5 and d loss / d error = 2: d loss / d x = 0.5 · 2x − 2.
/// let loss = surrogate(&[kl, error], &[0.5, 2.0])?.expect("some slope is not 0");
/// let gradient = x.grad(&loss.backward()).expect("x is in the graph").into_scalar();
/// assert_eq!(gradient, 1.0);
/// # Ok::<(), homeostat_burn::SurrogateError>(())
/// ```
pub fn surrogate<B: Backend>(
    values: &[Tensor<B, 1>],
    slopes: &[f64],
) -> Result<Option<Tensor<B, 1>>, SurrogateError> {
    let width = values.len();
    let rows = slopes.len().checked_div(width).unwrap_or(0);
    if rows * width != slopes.len() {
        return Err(SurrogateError::Slopes { values: width, slopes: slopes.len() });
    }
    let finite = |slope: f64| slope.elem::<B::FloatElem>().elem::<f64>().is_finite();
    if let Some(index) = slopes.iter().position(|slope| !finite(*slope)) {
        return Err(SurrogateError::NotFinite { index, slope: slopes[index] });
    }
    let mut total: Option<Tensor<B, 1>> = None;
    for (index, value) in values.iter().enumerate() {
        let [found] = value.dims();
        if found != 1 && found != rows {
            return Err(SurrogateError::Samples { index, rows, found });
        }
        let column = || slopes.iter().skip(index).step_by(width).copied();
        let term = if found == 1 {
            let sum: f64 = column().sum();
            if !finite(sum) {
                return Err(SurrogateError::NotFinite { index, slope: sum });
            }
            (sum != 0.0).then(|| value.clone().mul_scalar(sum))
        } else {
            column().any(|slope| slope != 0.0).then(|| {
                let data = TensorData::new(column().collect::<Vec<f64>>(), [rows]);
                let column = Tensor::from_data(data, &value.device());
                (value.clone() * column).sum()
            })
        };
        total = match (total, term) {
            (Some(total), Some(term)) => Some(total + term),
            (total, term) => total.or(term),
        };
    }
    Ok(total)
}
