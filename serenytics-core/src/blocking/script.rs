//! The blocking script, and a run of it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::{Progress, ScriptLog};

/// A script of a server, whose calls wait: see [`crate::Script`].
#[derive(Debug, Clone)]
pub struct Script {
    inner: crate::Script,
    runtime: Runtime,
}

/// A run of a script: see [`crate::RunScript`].
#[must_use = "nothing is run before `.start()` or `.wait()`"]
pub struct RunScript<'s> {
    inner: crate::RunScript<'s>,
    runtime: Runtime,
}

wraps! {
    Script;
    RunScript<'s>;
}

impl Client {
    gives! {
        Client: script(&self, name: &str) -> Script;
        Client: find_script(&self, name: &str) -> Option<Script>;
        Client: script_by_uuid(&self, uuid: &str) -> Script;
        Client: scripts(&self) -> Vec<Script>;
        Client: create_script(&self, name: &str, code: &str) -> Script;
    }

    waits! {
        Client: store_script_data(&self, script_uuid: &str, data: &(impl Serialize + ?Sized)) -> ();
        Client: <T: DeserializeOwned> retrieve_script_data(&self, script_uuid: &str) -> Option<T>;
    }
}

impl Script {
    tells! {
        Script: name(&self) -> &str;
        Script: uuid(&self) -> &str;
        Script: config(&self) -> &Map<String, Value>;
    }

    begins! {
        Script: run(&self) -> RunScript<'_>;
    }

    waits! {
        Script: is_running(&self) -> bool;
        Script: wait(&self, timeout: Duration) -> ();
        Script: last_logs(&self) -> Vec<ScriptLog>;
    }

    ends! {
        Script: delete(self) -> ();
    }
}

impl<'s> RunScript<'s> {
    sets! {
        RunScript: params(self, params: &impl Serialize);
        RunScript: param(self, name: impl Into<String>, value: impl Into<Value>);
        RunScript: raise_on_error(self, raise: bool);
        RunScript: log_result(self, log: bool);
        RunScript: timeout(self, timeout: Duration);
        RunScript: progress(self, progress: impl FnMut(Progress) + Send + 's);
    }

    ends! {
        RunScript: start(self) -> ();
        RunScript: wait(self) -> ScriptLog;
    }
}
