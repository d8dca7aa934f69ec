//! The generated crates, in a workspace of their own below the target directory.

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
    /// The command that expands it.
    rustc: String,
}

pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// The folder, empty but for what was compiled in it before.
    pub(crate) fn create() -> Result<Workspace, Box<dyn Error>> {
        let program = env::current_exe()?;
        let target = program.ancestors().nth(2).ok_or("the program is not in a target directory")?;
        let folder = target.join("compile_time");
        fs::create_dir_all(&folder)?;
        // The repository's own versions, to which cargo adds what else the crates depend on.
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Workspace { folder })
    }

    /// Writes the crates, and compiles all that they depend on.
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

    /// `cargo check`, whose environment is not that of the cargo that runs this program.
    fn cargo(&self, incremental: bool) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.arg("check").current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("CARGO_INCREMENTAL", if incremental { "1" } else { "0" }).env("CARGO_TERM_COLOR", "never");
        command
    }

    /// The time of `cargo check`.
    pub(crate) fn check(&self, package: &Package, incremental: bool) -> Result<Duration, Box<dyn Error>> {
        clock::time(self.cargo(incremental).args(["--package", &package.name, "--quiet", "--offline"]))
    }

    /// The command by which cargo checks a package, as a shell takes it. It stops where all macros are expanded and all names are
    /// resolved, since nothing but the list of the read files is asked for.
    fn rustc(&self, package: &Package) -> Result<String, Box<dyn Error>> {
        let output = self.cargo(false).args(["--package", &package.name, "-vv", "--offline"]).output()?;
        let text = String::from_utf8(output.stderr)?;
        let is_check = |line: &&str| line.contains(&format!("--crate-name {} ", package.name));
        let line = text.lines().find(is_check).ok_or_else(|| format!("cargo did not say how it checks:\n{text}"))?;
        let command = line.trim().strip_prefix("Running `").and_then(|line| line.strip_suffix('`'));
        let list = format!("--emit=dep-info='{}'", self.folder.join("expanded.d").display());
        match command.filter(|command| command.contains("--emit=dep-info,metadata")) {
            Some(command) => {
                Ok(format!("cd '{}' && {}", self.folder.display(), command.replace("--emit=dep-info,metadata", &list)))
            }
            None => Err(format!("cargo checks in another way than this program knows:\n{line}").into()),
        }
    }

    /// The versions of what is measured.
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
    /// Writes the source, whose time is then a new one.
    pub(crate) fn write(&self, edit: Edit) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(&self.source, self.kind.source(self.count, edit))?)
    }

    /// The time of the expansion.
    pub(crate) fn expand(&self) -> Result<Duration, Box<dyn Error>> {
        clock::time(Command::new("sh").args(["-c", &self.rustc]))
    }
}
