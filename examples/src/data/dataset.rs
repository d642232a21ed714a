use super::DataError;
use super::fingerprint::Fingerprint;

/// Height, width and channels of a row that is an image, in pixels.
///
/// A row stores the value of channel `c` at line `y` and column `x` at index
/// `(y · width + x) · channels + c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// Lines of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values per pixel: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
}

impl ImageShape {
    /// Values per image: height · width · channels.
    pub fn features(self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Labelled rows, all values in \[0, 1\].
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    name: String,
    inputs: Vec<f32>,
    labels: Vec<u32>,
    features: usize,
    classes: usize,
    image: Option<ImageShape>,
}

impl Dataset {
    /// Joins `inputs` (row-major, one row of `features` values per label) and `labels`.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when there is no row, when the lengths do not fit each other or the
    /// image shape, when a label is not below `classes`, or when a value leaves \[0, 1\].
    pub fn new(
        name: impl Into<String>,
        inputs: Vec<f32>,
        labels: Vec<u32>,
        features: usize,
        classes: usize,
        image: Option<ImageShape>,
    ) -> Result<Self, DataError> {
        if labels.is_empty() {
            return Err(DataError::setting("labels", "at least one", 0));
        }
        if let Some(shape) = image
            && shape.features() != features
        {
            let expected = format!("height · width · channels = {}", shape.features());
            return Err(DataError::setting("features", expected, features));
        }
        if features == 0 || inputs.len() != labels.len() * features {
            let expected = format!("{} rows of {features} ≥ 1 values", labels.len());
            return Err(DataError::setting("inputs", expected, inputs.len()));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(DataError::setting("label", format!("below {classes}"), label));
        }
        if let Some(value) = inputs.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(DataError::setting("input", "from 0 to 1", value));
        }
        Ok(Self { name: name.into(), inputs, labels, features, classes, image })
    }

    /// Name of the data set, such as `mnist`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Values per row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Shape of a row, where rows are images.
    pub fn image(&self) -> Option<ImageShape> {
        self.image
    }

    /// All rows, row-major: `len()` × `features()` values in \[0, 1\].
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// One class per row.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Row `index`, or `None` beyond the last one.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.inputs.get(index * self.features..(index + 1) * self.features)
    }

    /// The rows named by `order`, one after the other, for example one batch of an epoch.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when an index is not below `len()`.
    pub fn gather(&self, order: &[u32]) -> Result<(Vec<f32>, Vec<u32>), DataError> {
        let mut inputs = Vec::with_capacity(order.len() * self.features);
        let mut labels = Vec::with_capacity(order.len());
        for &index in order {
            let row = self.row(index as usize).ok_or_else(|| {
                DataError::setting("row index", format!("below {}", self.len()), index)
            })?;
            inputs.extend_from_slice(row);
            labels.push(self.labels[index as usize]);
        }
        Ok((inputs, labels))
    }

    /// The data set of the rows named by `order`; everything else stays.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when `order` is empty or an index is not below `len()`.
    pub fn select(&self, order: &[u32]) -> Result<Self, DataError> {
        if order.is_empty() {
            return Err(DataError::setting("rows", "at least one", 0));
        }
        let (inputs, labels) = self.gather(order)?;
        Ok(Self { name: self.name.clone(), inputs, labels, ..*self })
    }

    /// A stable 64-bit hash of the content: shape, labels and the bits of every value, not the
    /// name. A checkpoint holds it instead of the data.
    pub fn fingerprint(&self) -> u64 {
        let shape = self.image.unwrap_or(ImageShape { height: 0, width: 0, channels: 0 });
        let mut hash = Fingerprint::new();
        for size in
            [self.len(), self.features, self.classes, shape.height, shape.width, shape.channels]
        {
            hash.write(&(size as u64).to_le_bytes());
        }
        for label in &self.labels {
            hash.write(&label.to_le_bytes());
        }
        for value in &self.inputs {
            hash.write(&value.to_bits().to_le_bytes());
        }
        hash.finish()
    }
}
