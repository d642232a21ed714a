use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use homeostat_examples::tracking::{MlflowConfig, MlflowTracker, RunStatus};
use serde_json::{Value, json};

/// A request as the server saw it: first line, and the body as JSON (null without a body).
type Request = (String, Value);

/// Answers one request per entry of `answers` on the loopback device, then returns what it saw.
fn serve(answers: Vec<(u16, Value)>) -> (String, JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let answer = |(status, content)| {
            let mut stream = accept(&listener);
            let request = receive(&stream);
            let content = Value::to_string(&content);
            let length = content.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{content}"
            )
            .unwrap();
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (uri, server)
}

/// The next caller; a test whose calls never come must fail, not hang.
fn accept(listener: &TcpListener) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(10);
    listener.set_nonblocking(true).unwrap();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                return stream;
            }
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Err(error) => panic!("no call has come: {error}"),
        }
    }
}

fn receive(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first.trim().to_owned(), serde_json::from_slice(&body).unwrap_or_default())
}

fn config(uri: &str) -> MlflowConfig {
    MlflowConfig {
        tracking_uri: uri.to_owned(),
        experiment: "topo & co".to_owned(),
        run_name: "first".to_owned(),
    }
}

fn known_experiment() -> (u16, Value) {
    (200, json!({ "experiment": { "experiment_id": "7", "lifecycle_stage": "active" } }))
}

fn new_run() -> (u16, Value) {
    (200, json!({ "run": { "info": { "run_id": "abc" } } }))
}

#[test]
fn a_run_makes_the_calls_of_the_published_interface_in_order() {
    let (uri, server) = serve(vec![
        (404, json!({ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no" })),
        (200, json!({ "experiment_id": "7" })),
        new_run(),
        (200, json!({})),
        (200, json!({})),
        (200, json!({})),
    ]);
    let (mut tracker, warning) = MlflowTracker::start(&config(&uri));
    assert!(warning.is_none(), "{}", warning.unwrap());
    let parameters = BTreeMap::from([("lr".to_owned(), "0.001".to_owned())]);
    assert!(tracker.log_parameters(&parameters).is_none());
    let metrics =
        BTreeMap::from([("loss/recon".to_owned(), 0.25), ("loss/total".to_owned(), f64::NAN)]);
    assert!(tracker.log_metrics(3, &metrics).is_none());
    assert!(tracker.finish(RunStatus::Finished).is_none());

    let requests = server.join().unwrap();
    let lines: Vec<&str> = requests.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=topo%20%26%20co HTTP/1.1",
            "POST /api/2.0/mlflow/experiments/create HTTP/1.1",
            "POST /api/2.0/mlflow/runs/create HTTP/1.1",
            "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1",
            "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1",
            "POST /api/2.0/mlflow/runs/update HTTP/1.1",
        ]
    );
    let [_, experiment, run, parameters, metrics, update]: [Value; 6] =
        requests.into_iter().map(|(_, body)| body).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(experiment, json!({ "name": "topo & co" }));
    assert_eq!((&run["experiment_id"], &run["run_name"]), (&json!("7"), &json!("first")));
    let name_tag = json!({ "key": "mlflow.runName", "value": "first" });
    assert!(run["tags"].as_array().unwrap().contains(&name_tag), "{run}");
    assert!(run["start_time"].is_u64(), "{run}");
    assert_eq!(
        parameters,
        json!({ "run_id": "abc", "params": [{ "key": "lr", "value": "0.001" }] })
    );
    assert_eq!(metrics["run_id"], "abc");
    let [metric] = metrics["metrics"].as_array().unwrap().as_slice() else {
        panic!("not one finite metric: {metrics}")
    };
    assert_eq!(
        (&metric["key"], &metric["value"], &metric["step"]),
        (&json!("loss/recon"), &json!(0.25), &json!(3))
    );
    assert_eq!((&update["run_id"], &update["status"]), (&json!("abc"), &json!("FINISHED")));
    assert!(update["end_time"].as_u64() >= run["start_time"].as_u64());
}

#[test]
fn more_parameters_than_a_request_may_hold_are_sent_in_parts() {
    let ok = || (200, json!({}));
    let (uri, server) = serve(vec![known_experiment(), new_run(), ok(), ok(), ok()]);
    let (mut tracker, _) = MlflowTracker::start(&config(&uri));
    let parameters = (0..250).map(|k| (format!("p{k}"), k.to_string())).collect();
    assert!(tracker.log_parameters(&parameters).is_none());
    let requests = server.join().unwrap();
    let sizes: Vec<usize> =
        requests[2..].iter().map(|(_, body)| body["params"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn a_server_that_refuses_gives_one_warning_and_is_not_called_again() {
    let refusal = (500, json!({ "message": "disk full" }));
    let (uri, server) = serve(vec![known_experiment(), new_run(), refusal]);
    let (mut tracker, warning) = MlflowTracker::start(&config(&uri));
    assert!(warning.is_none());
    let metrics = BTreeMap::from([("loss".to_owned(), 1.0)]);
    let warning = tracker.log_metrics(0, &metrics).unwrap().to_string();
    for part in ["runs/log-batch", "status 200, got 500", "disk full"] {
        assert!(warning.contains(part), "{part:?} is not in: {warning}");
    }
    // The server has gone: another call would be a second warning.
    assert_eq!(server.join().unwrap().len(), 3);
    assert!(tracker.log_metrics(1, &metrics).is_none());
    assert!(tracker.finish(RunStatus::Finished).is_none());
    assert!(!tracker.is_on());
}

#[test]
fn a_server_that_is_not_there_gives_one_warning_at_the_start() {
    // A port that was free a moment ago; nothing listens once the listener is dropped.
    let uri = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (mut tracker, warning) = MlflowTracker::start(&config(&uri));
    let warning = warning.unwrap().to_string();
    assert!(warning.contains("experiments/get-by-name"), "{warning}");
    assert!(tracker.log_parameters(&BTreeMap::new()).is_none());
    assert!(!tracker.is_on());
}

#[test]
fn an_answer_without_the_promised_field_is_a_warning_that_names_it() {
    for answer in [json!({}), json!("a page of another server")] {
        let (uri, server) = serve(vec![(200, answer)]);
        let (_, warning) = MlflowTracker::start(&config(&uri));
        let warning = warning.unwrap().to_string();
        assert!(warning.contains("/experiment/experiment_id"), "{warning}");
        server.join().unwrap();
    }
}
