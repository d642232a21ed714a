use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::error::TrackingError;
use super::{RunStart, RunStatus, Store};

/// A server that does not answer within this time is given up, because training waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most parameters and most metrics that a server takes in one request.
const PARAMETERS_PER_REQUEST: usize = 100;
const METRICS_PER_REQUEST: usize = 1000;
/// Characters of an answer that an error repeats.
const QUOTED: usize = 200;

/// A run on a tracking server.
pub(super) struct RestStore {
    client: Client,
    run: String,
}

impl RestStore {
    /// Finds or makes the experiment, then makes the run.
    pub(super) fn start(uri: &str, start: &RunStart) -> Result<Self, TrackingError> {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // The answer to a refused call says why, so that it is read and not thrown away.
            .http_status_as_error(false)
            .build();
        let base = format!("{}/api/2.0/mlflow", uri.trim_end_matches('/'));
        let client = Client { agent: config.into(), base };
        let experiment = client.experiment(start.experiment)?;
        let tags: Vec<Value> =
            start.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let call = json!({
            "experiment_id": experiment,
            "run_name": start.run_name,
            "user_id": start.user,
            "start_time": start.time,
            "tags": tags,
        });
        let run = client.post("runs/create", &call)?.text("/run/info/run_id")?;
        Ok(Self { client, run })
    }

    fn log_batch(&self, content: &str, entries: &[Value]) -> Result<(), TrackingError> {
        let call = json!({ "run_id": self.run, content: entries });
        self.client.post("runs/log-batch", &call).map(drop)
    }
}

impl Store for RestStore {
    fn log_parameters(&mut self, parameters: &[(String, String)]) -> Result<(), TrackingError> {
        let entries: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({ "key": name, "value": value })).collect();
        entries.chunks(PARAMETERS_PER_REQUEST).try_for_each(|part| self.log_batch("params", part))
    }

    fn log_metrics(
        &mut self,
        time: u64,
        step: u64,
        metrics: &[(String, f64)],
    ) -> Result<(), TrackingError> {
        let entries: Vec<Value> = metrics
            .iter()
            .map(|(name, value)| {
                json!({ "key": name, "value": value, "timestamp": time, "step": step })
            })
            .collect();
        entries.chunks(METRICS_PER_REQUEST).try_for_each(|part| self.log_batch("metrics", part))
    }

    fn finish(&mut self, time: u64, status: RunStatus) -> Result<(), TrackingError> {
        let status = match status {
            RunStatus::Finished => "FINISHED",
            RunStatus::Failed => "FAILED",
            RunStatus::Killed => "KILLED",
        };
        let call = json!({ "run_id": self.run, "status": status, "end_time": time });
        self.client.post("runs/update", &call).map(drop)
    }
}

struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    fn experiment(&self, name: &str) -> Result<String, TrackingError> {
        let url = format!("{}/experiments/get-by-name", self.base);
        let response = self.agent.get(&url).query("experiment_name", name).call();
        let answer = Answer::read(url, response)?;
        // MLflow has used both statuses for a name that it does not know.
        if matches!(answer.status, 400 | 404) && answer.content.contains("RESOURCE_DOES_NOT_EXIST")
        {
            let call = json!({ "name": name });
            return self.post("experiments/create", &call)?.text("/experiment_id");
        }
        answer.successful()?.text("/experiment/experiment_id")
    }

    fn post(&self, call: &str, content: &Value) -> Result<Answer, TrackingError> {
        let url = format!("{}/{call}", self.base);
        let request = self.agent.post(&url).header("Content-Type", "application/json");
        let response = request.send(content.to_string());
        Answer::read(url, response)?.successful()
    }
}

struct Answer {
    url: String,
    status: u16,
    content: String,
}

impl Answer {
    fn read(
        url: String,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Self, TrackingError> {
        let content = response.and_then(|mut response| {
            let content = response.body_mut().read_to_string()?;
            Ok((response.status().as_u16(), content))
        });
        match content {
            Ok((status, content)) => Ok(Self { url, status, content }),
            Err(source) => Err(TrackingError::Connection { url, source: Box::new(source) }),
        }
    }

    fn successful(self) -> Result<Self, TrackingError> {
        if self.status == 200 {
            return Ok(self);
        }
        let message = self.content.chars().take(QUOTED).collect();
        Err(TrackingError::Refused { url: self.url, status: self.status, message })
    }

    /// The text at a JSON pointer of the answer.
    fn text(self, field: &'static str) -> Result<String, TrackingError> {
        let content: Value = serde_json::from_str(&self.content).unwrap_or_default();
        content.pointer(field).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
            let message = self.content.chars().take(QUOTED).collect();
            TrackingError::Answer { url: self.url, field, message }
        })
    }
}
