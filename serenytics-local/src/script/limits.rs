//! The limits of a running script that the system does not enforce: processes and disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::ScriptSettings;

/// How often a running script is measured.
const INTERVAL: Duration = Duration::from_millis(500);

/// The size in bytes that an empty file or folder counts.
const SMALLEST: u64 = 4096;

/// Waits until a script exceeds a limit. Returns what it exceeded.
pub(super) async fn exceeded(settings: &ScriptSettings, group: u32, folder: &Path) -> String {
    let (processes, disk) = (settings.processes, settings.disk);
    loop {
        tokio::time::sleep(INTERVAL).await;
        let folder = folder.to_owned();
        let measured = spawn_blocking(move || (size(folder, disk), processes_of(group))).await;
        let Ok((used, running)) = measured else { continue };
        if used > disk {
            return format!("its folder exceeded {} MiB", disk / 1024 / 1024);
        }
        if running > processes as usize {
            return format!("it had more than {processes} processes");
        }
    }
}

/// Returns the number of processes in a process group. Without `/proc` it is 0.
fn processes_of(group: u32) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| group_of(*id) == Some(group)).count()
}

/// Returns the process group of a process: the third field after its name, which is in parentheses.
fn group_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// Returns the number of processes and threads of the user of this process. `None` without `/proc`.
pub(super) fn threads_of_user() -> Option<usize> {
    let user = |status: &str| Some(field(status, "Uid:")?.split_whitespace().next()?.to_owned());
    let own = user(&std::fs::read_to_string("/proc/self/status").ok()?)?;
    let statuses = std::fs::read_dir("/proc").ok()?.flatten();
    let statuses = statuses.filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok());
    let threads = statuses.filter(|status| user(status).as_ref() == Some(&own));
    Some(threads.filter_map(|status| field(&status, "Threads:")?.trim().parse::<usize>().ok()).sum())
}

fn field<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name))
}

/// Returns the size in bytes of the files in a folder. Stops counting at `limit`. Does not follow links.
fn size(folder: PathBuf, limit: u64) -> u64 {
    let mut size = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        // The script changes its folder while it is measured.
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            size += metadata.len().max(SMALLEST);
            if size > limit {
                return size;
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_includes_subfolders_and_stops_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), [0; 10_000]).unwrap();
        std::fs::write(folder.path().join("c"), "").unwrap();
        assert_eq!(size(folder.path().to_owned(), u64::MAX), 10_000 + 2 * SMALLEST);
        assert!(size(folder.path().to_owned(), 100) > 100);
        assert_eq!(size(folder.path().join("missing"), 100), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_are_counted() {
        let own = std::process::id();
        let group = group_of(own).unwrap();
        assert!(processes_of(group) >= 1);
        assert_eq!(processes_of(u32::MAX), 0);
        assert!(threads_of_user().unwrap() >= 1);
    }
}
