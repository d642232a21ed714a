//! Which backend computes.

use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;

/// A backend by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// The fastest CPU backend.
    Flex,
    /// The other CPU backend.
    NdArray,
    /// An Nvidia GPU by its index.
    Cuda(usize),
}

/// Work that runs on whichever backend is chosen.
pub trait OnBackend {
    /// What comes out.
    type Output;
    /// Does the work on one backend.
    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output;
}

impl BackendChoice {
    /// Does the work on this backend. A GPU is taken to be there: ask [`probe_cuda`] first.
    pub fn run<J: OnBackend>(self, job: J) -> Result<J::Output, BackendError> {
        match self {
            Self::Flex => Ok(job.run::<Autodiff<Flex>>(&Default::default())),
            Self::NdArray => Ok(job.run::<Autodiff<NdArray<f32>>>(&Default::default())),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                Ok(job.run::<Autodiff<burn_cuda::Cuda>>(&burn_cuda::CudaDevice::new(index)))
            }
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(cuda_is_not_built_in()),
        }
    }
}

/// The backend cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No such name.
    #[error("backend must be flex, ndarray, cuda or cuda:INDEX, got '{found}'")]
    Unknown {
        /// What was asked for.
        found: String,
    },
    /// There is no GPU to compute on, or this program cannot use it.
    #[error("backend cuda cannot be used: {reason}")]
    Cuda {
        /// What is missing.
        reason: String,
    },
}

impl std::str::FromStr for BackendChoice {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        let unknown = || BackendError::Unknown { found: text.to_owned() };
        match text {
            "flex" | "cpu" => Ok(Self::Flex),
            "ndarray" => Ok(Self::NdArray),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

/// Asks whether the GPU is there. burn itself would panic in a worker thread.
#[cfg(feature = "cuda")]
pub fn probe_cuda(index: usize) -> Result<(), BackendError> {
    let fail = |reason: String| Err(BackendError::Cuda { reason });
    match without_panic(cudarc::driver::CudaContext::device_count) {
        None => return fail("no Nvidia driver library (libcuda) was found".into()),
        Some(Err(error)) => return fail(format!("the driver does not start: {error:?}")),
        Some(Ok(count)) if index >= usize::try_from(count).unwrap_or(0) => {
            return fail(format!("device {index} is not present, {count} found"));
        }
        Some(Ok(_)) => {}
    }
    let kernel = "extern \"C\" __global__ void nothing() {}";
    match without_panic(|| cudarc::nvrtc::compile_ptx(kernel)) {
        None => return fail("no CUDA run-time compiler (libnvrtc) was found".into()),
        Some(Err(error)) => return fail(format!("the run-time compiler fails: {error:?}")),
        Some(Ok(_)) => {}
    }
    let places = ["/usr/local/cuda", "/opt/cuda", "/usr/bin/nvcc"];
    let headers = std::env::var_os("CUDA_PATH").is_some()
        || places.iter().any(|place| std::path::Path::new(place).exists());
    if !headers {
        return fail("the CUDA toolkit's headers were not found; set CUDA_PATH".into());
    }
    Ok(())
}

/// cudarc answers a missing library with a panic: `None` here, and nothing is printed.
#[cfg(feature = "cuda")]
fn without_panic<T>(ask: impl FnOnce() -> T + std::panic::UnwindSafe) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = std::panic::catch_unwind(ask).ok();
    std::panic::set_hook(hook);
    answer
}

/// Without the feature there is nothing to ask.
#[cfg(not(feature = "cuda"))]
pub fn probe_cuda(_index: usize) -> Result<(), BackendError> {
    Err(cuda_is_not_built_in())
}

#[cfg(not(feature = "cuda"))]
fn cuda_is_not_built_in() -> BackendError {
    BackendError::Cuda {
        reason: "this program was built without it; build with --features cuda".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_backends_are_read() {
        assert_eq!("flex".parse(), Ok(BackendChoice::Flex));
        assert_eq!("cuda:2".parse(), Ok(BackendChoice::Cuda(2)));
        let error = "wgpu".parse::<BackendChoice>().expect_err("unknown");
        assert!(error.to_string().contains("'wgpu'"));
        assert!("cuda:x".parse::<BackendChoice>().is_err());
    }
}
