//! Scripts: finding, running and waiting for them, their logs and failures, and their stored data.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use serenytics::{DateTime, Progress, ScriptDateTime, ScriptStatus};

use crate::{Engine, KEY, Outcome, TestServer, error_of};

#[tokio::test]
async fn script_is_found_by_name_by_uuid_and_in_the_list() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    assert!(client.scripts().await?.is_empty());
    let made = client.create_script("nightly \"load\"", "print(1)").await?;
    assert_eq!((made.name(), &made.config()["code"]), ("nightly \"load\"", &json!("print(1)")));
    for found in [
        client.script("nightly \"load\"").await?,
        client.find_script("nightly \"load\"").await?.ok_or("no script")?,
        client.script_by_uuid(made.uuid()).await?,
        client.scripts().await?.pop().ok_or("no script")?,
    ] {
        assert_eq!(found.config(), made.config());
    }
    assert!(client.find_script("nightly").await?.is_none());
    client.create_script("weekly", "").await?;
    let error = error_of(client.script("weeky").await);
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "there is no script named `weeky`; did you mean `weekly`?");
    let error = error_of(client.create_script("weekly", "").await);
    assert!(error.is_rejected() && error.status() == Some(400), "{error}");

    made.clone().delete().await?;
    for error in [
        error_of(client.script_by_uuid(made.uuid()).await),
        error_of(made.is_running().await),
        error_of(made.last_logs().await),
        error_of(made.run().start().await),
        error_of(made.delete().await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn script_runs_with_parameters_and_leaves_a_log() -> Outcome {
    let served = TestServer::open(|builder| builder.allow_scripts()).await?;
    let code = "import json, sys\n\
                params = json.load(open('params.json'))\n\
                print(params['country'], params['days'], params['SERENYTICS_API_KEY'])\n\
                print('careful', file=sys.stderr)\n";
    let script = served.client.create_script("nightly", code).await?;
    assert!(script.last_logs().await?.is_empty() && !script.is_running().await?);

    #[derive(Serialize)]
    struct Parameters {
        country: &'static str,
    }
    let run = script.run().params(&Parameters { country: "FR" }).param("days", 3).log_result(true);
    let log = run.wait().await?;
    assert!(log.is_success() && log.status == ScriptStatus::Success && log.return_code == Some(0));
    // The script has the caller's key, which is redacted from its output.
    assert_eq!((log.stdout.as_str(), log.stderr.as_str()), ("FR 3 [API key]\n", "careful\n"));
    assert!(!format!("{log:?} {script:?}").contains(KEY));
    assert!(log.started_at.ok_or("no start")? <= log.finished_at.ok_or("no end")?);
    assert_eq!(script.last_logs().await?, [log]);
    Ok(())
}

#[tokio::test]
async fn failed_script_is_an_error_with_its_log() -> Outcome {
    let served = TestServer::open(|builder| builder.allow_scripts()).await?;
    let script = served.client.create_script("nightly", "print('before')\nraise ValueError('no rows')\n").await?;
    let error = error_of(script.run().wait().await);
    assert!(error.is_script_failure() && !error.is_rejected(), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("the script `nightly` failed with return code 1:\nTraceback"), "{text}");
    assert!(text.ends_with("ValueError: no rows"), "{text}");
    assert_eq!(error.script_log().ok_or("no log")?.stdout, "before\n");

    let log = script.run().raise_on_error(false).wait().await?;
    assert!(log.is_failure() && log.return_code == Some(1));
    assert_eq!(script.last_logs().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn script_can_be_started_and_waited_for_later() -> Outcome {
    let served = TestServer::open(|builder| builder.allow_scripts()).await?;
    let script = served.client.create_script("slow", "import time\ntime.sleep(1.5)\nprint('done')\n").await?;
    let started = Instant::now();
    script.run().start().await?;
    assert!(script.is_running().await? && started.elapsed() < Duration::from_millis(1_400));
    let error = error_of(script.run().start().await);
    assert!(error.is_rejected() && error.to_string().contains("is already running"), "{error}");
    let error = error_of(script.wait(Duration::from_millis(100)).await);
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains("the script `slow` was not done yet; it keeps running"), "{error}");
    script.wait(Duration::from_secs(30)).await?;
    assert_eq!(script.last_logs().await?[0].stdout, "done\n");

    // Dropping the future does not stop the script.
    let waiting = tokio::time::timeout(Duration::from_millis(500), script.run().wait());
    assert!(waiting.await.is_err() && script.is_running().await?);
    script.wait(Duration::from_secs(30)).await?;
    assert_eq!(script.last_logs().await?.len(), 2);

    let mut reports = Vec::new();
    script.run().progress(|progress| reports.push(progress)).wait().await?;
    let elapsed = reports.iter().map(|progress| match progress {
        Progress::Running { elapsed } => *elapsed,
        other => panic!("{other:?}"),
    });
    assert!(elapsed.is_sorted_by(|one, other| one < other) && reports.len() > 2, "{reports:?}");
    let error = error_of(script.run().timeout(Duration::from_millis(300)).wait().await);
    assert!(error.is_timeout() && error.to_string().contains("`timeout` of the run"), "{error}");
    Ok(())
}

#[tokio::test]
async fn script_that_cannot_be_run_is_an_error() -> Outcome {
    let engine = Engine::open().await?;
    let script = engine.client.create_script("nightly", "print(1)").await?;
    let error = error_of(script.run().start().await);
    assert_eq!(error.status(), Some(501));
    assert!(error.to_string().contains("--allow-scripts"), "{error}");
    for (error, expected) in [
        (error_of(script.run().params(&[1, 2]).start().await), "is not an object"),
        (error_of(script.run().param("async", false).start().await), "the name `async` is reserved"),
    ] {
        assert!(error.to_string().contains(expected) && error.status().is_none(), "{error}");
    }
    assert!(!script.is_running().await?);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Checkpoint {
    last_run: ScriptDateTime,
    runs: Vec<Option<ScriptDateTime>>,
    rows: u64,
}

#[tokio::test]
async fn script_data_round_trips_with_datetimes() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    let script = client.create_script("nightly", "").await?;
    assert_eq!(client.retrieve_script_data::<Checkpoint>(script.uuid()).await?, None);
    let at =
        |text: &str| -> Result<ScriptDateTime, Box<dyn std::error::Error>> { Ok(text.parse::<DateTime>()?.into()) };
    let stored = Checkpoint {
        last_run: at("2016-06-28T12:46:33.123456")?,
        runs: vec![Some(at("2016-06-28")?), None],
        rows: u64::MAX,
    };
    client.store_script_data(script.uuid(), &stored).await?;
    assert_eq!(client.retrieve_script_data(script.uuid()).await?, Some(stored));
    let raw: serde_json::Value = client.retrieve_script_data(script.uuid()).await?.ok_or("nothing")?;
    assert_eq!(raw["last_run"], json!({"__type__": "datetime", "value": "2016-06-28T12:46:33.123456"}));

    let error = error_of(client.retrieve_script_data::<Vec<String>>(script.uuid()).await);
    assert!(error.is_decode(), "{error}");
    client.store_script_data(script.uuid(), "text").await?;
    assert_eq!(client.retrieve_script_data(script.uuid()).await?, Some("text".to_owned()));
    for error in [
        error_of(client.retrieve_script_data::<String>("00000000-0000-4000-8000-000000000000").await),
        error_of(client.store_script_data("00000000-0000-4000-8000-000000000000", &1).await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}
