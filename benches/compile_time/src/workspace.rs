//! Generates the crates in a separate workspace inside the target directory, and compiles them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use crate::kinds::{Edit, KINDS, Kind};
use crate::{COUNTS, clock};

/// A generated crate.
pub(crate) struct Package {
    pub(crate) kind: &'static Kind,
    pub(crate) count: usize,
    name: String,
    source: PathBuf,
    /// The shell command that expands its macros.
    rustc: String,
}

pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Creates the folder of the workspace. Dependencies compiled by an earlier run are kept.
    pub(crate) fn create() -> Result<Workspace, Box<dyn Error>> {
        let program = env::current_exe()?;
        let target = program.ancestors().nth(2).ok_or("the program is not in a target directory")?;
        let folder = target.join("compile_time");
        fs::create_dir_all(&folder)?;
        // Start from the versions of this repository. Cargo adds the dependencies that are missing.
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Workspace { folder })
    }

    /// Writes the crates and compiles their dependencies.
    pub(crate) fn prepare(&self) -> Result<Vec<Package>, Box<dyn Error>> {
        let mut packages = Vec::new();
        for count in COUNTS {
            for kind in &KINDS {
                packages.push(self.package(kind, count)?);
            }
        }
        let members: Vec<_> = packages.iter().map(|package| format!("'{}'", package.name)).collect();
        let manifest = format!("[workspace]\nresolver = '3'\nmembers = [{}]\n", members.join(", "));
        fs::write(self.folder.join("Cargo.toml"), manifest)?;
        eprintln!("compiling the dependencies in {}", self.folder.display());
        for incremental in [true, false] {
            let status = self.cargo(incremental).args(["--workspace", "--quiet"]).status()?;
            if !status.success() {
                return Err("the generated crates do not compile".into());
            }
        }
        for package in &mut packages {
            package.write(Edit::None)?;
            package.rustc = self.rustc(package)?;
        }
        Ok(packages)
    }

    fn package(&self, kind: &'static Kind, count: usize) -> Result<Package, Box<dyn Error>> {
        let name = format!("{}_{count}", kind.package);
        let folder = self.folder.join(&name);
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("Cargo.toml"), kind.manifest(&name))?;
        if let Some(schema) = kind.schema {
            fs::write(folder.join("schema.graphql"), schema)?;
            let register = "cynic_codegen::register_schema(\"sales\").from_sdl_file(\"schema.graphql\")";
            let script = format!("fn main() {{ {register}.unwrap().as_default().unwrap(); }}\n");
            fs::write(folder.join("build.rs"), script)?;
        }
        let package = Package { kind, count, name, source: folder.join("src/lib.rs"), rustc: String::new() };
        package.write(Edit::None)?;
        Ok(package)
    }

    /// Returns the command `cargo check` for this workspace, with its own target directory.
    fn cargo(&self, incremental: bool) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.arg("check").current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("CARGO_INCREMENTAL", if incremental { "1" } else { "0" }).env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Measures `cargo check` of a package.
    pub(crate) fn check(&self, package: &Package, incremental: bool) -> Result<Duration, Box<dyn Error>> {
        clock::time(self.cargo(incremental).args(["--package", &package.name, "--quiet", "--offline"]))
    }

    /// Returns the shell command that makes rustc stop after macro expansion and name resolution: cargo's command, with
    /// the list of source files as the only output.
    fn rustc(&self, package: &Package) -> Result<String, Box<dyn Error>> {
        let output = self.cargo(false).args(["--package", &package.name, "-vv", "--offline"]).output()?;
        let text = String::from_utf8(output.stderr)?;
        let is_check = |line: &&str| line.contains(&format!("--crate-name {} ", package.name));
        let line =
            text.lines().find(is_check).ok_or_else(|| format!("cargo did not print the rustc command:\n{text}"))?;
        let command = line.trim().strip_prefix("Running `").and_then(|line| line.strip_suffix('`'));
        let list = format!("--emit=dep-info='{}'", self.folder.join("expanded.d").display());
        match command.filter(|command| command.contains("--emit=dep-info,metadata")) {
            Some(command) => {
                Ok(format!("cd '{}' && {}", self.folder.display(), command.replace("--emit=dep-info,metadata", &list)))
            }
            None => Err(format!("unexpected rustc command:\n{line}").into()),
        }
    }

    /// Returns the versions of rustc, cynic and diesel.
    pub(crate) fn versions(&self) -> Result<String, Box<dyn Error>> {
        let rustc = Command::new("rustc").arg("--version").output()?;
        let mut versions = vec![String::from_utf8(rustc.stdout)?.split(" (").next().unwrap_or_default().to_owned()];
        let lock = fs::read_to_string(self.folder.join("Cargo.lock"))?;
        for name in ["cynic", "diesel"] {
            let entry = format!("name = \"{name}\"\nversion = \"");
            let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
            versions.push(format!("{name} {}", version.map_or("unknown", |(version, _)| version)));
        }
        Ok(versions.join(", "))
    }
}

impl Package {
    /// Writes the source file, which also updates its modification time.
    pub(crate) fn write(&self, edit: Edit) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(&self.source, self.kind.source(self.count, edit))?)
    }

    /// Measures macro expansion.
    pub(crate) fn expand(&self) -> Result<Duration, Box<dyn Error>> {
        clock::time(Command::new("sh").args(["-c", &self.rustc]))
    }
}
