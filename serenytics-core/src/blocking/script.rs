//! The blocking script and its runs.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::{Progress, ScriptLog};

/// A script of a server, with blocking calls; see [`crate::Script`].
#[derive(Debug, Clone)]
pub struct Script {
    inner: crate::Script,
    runtime: Runtime,
}

/// A run of a script; see [`crate::RunScript`].
#[must_use = "nothing is run before `.start()` or `.wait()`"]
pub struct RunScript<'s> {
    inner: crate::RunScript<'s>,
    runtime: Runtime,
}

blocking_types! {
    Script;
    RunScript<'s>;
}

impl Client {
    async_methods! {
        Client: script(&self, name: &str) -> blocking Script;
        Client: find_script(&self, name: &str) -> blocking Option<Script>;
        Client: script_by_uuid(&self, uuid: &str) -> blocking Script;
        Client: scripts(&self) -> blocking Vec<Script>;
        Client: create_script(&self, name: &str, code: &str) -> blocking Script;
        Client: store_script_data(&self, script_uuid: &str, data: &(impl Serialize + ?Sized)) -> ();
        Client: <T: DeserializeOwned> retrieve_script_data(&self, script_uuid: &str) -> Option<T>;
    }
}

impl Script {
    sync_methods! {
        Script: name(&self) -> &str;
        Script: uuid(&self) -> &str;
        Script: config(&self) -> &Map<String, Value>;
        Script: run(&self) -> blocking RunScript<'_>;
    }

    async_methods! {
        Script: is_running(&self) -> bool;
        Script: wait(&self, timeout: Duration) -> ();
        Script: last_logs(&self) -> Vec<ScriptLog>;
        Script: delete(self) -> ();
    }
}

impl<'s> RunScript<'s> {
    sync_methods! {
        RunScript: params(self, params: &impl Serialize);
        RunScript: param(self, name: impl Into<String>, value: impl Into<Value>);
        RunScript: raise_on_error(self, raise: bool);
        RunScript: log_result(self, log: bool);
        RunScript: timeout(self, timeout: Duration);
        RunScript: progress(self, progress: impl FnMut(Progress) + Send + 's);
    }

    async_methods! {
        RunScript: start(self) -> ();
        RunScript: wait(self) -> ScriptLog;
    }
}
