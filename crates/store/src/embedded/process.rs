//! Which processes are a PostgreSQL server on exactly this directory. A process id in a file proves
//! nothing (the file may be stale and the id given to another), so the kernel is asked: the program
//! must be `postgres` and its working directory, which a server sets to its data, must be ours.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What a server says about itself in `postmaster.pid`.
#[derive(Clone, Debug)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
    /// It accepts connections.
    pub(super) ready: bool,
}

/// Reads `postmaster.pid`; `None` when it is absent or not complete (yet).
pub(super) fn postmaster(cluster: &Path) -> Option<Postmaster> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    Some(Postmaster {
        pid: lines.first()?.trim().parse().ok()?,
        port: lines.get(3)?.trim().parse().ok()?,
        socket_dir: PathBuf::from(lines.get(4).filter(|line| !line.is_empty())?),
        ready: lines.get(7).is_some_and(|line| line.trim() == "ready"),
    })
}

/// The process in `postmaster.pid`, when it is alive and really a server on `cluster`.
pub(super) fn live(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    serves(pid, cluster).then_some(pid)
}

/// Whether the process is a living `postgres` that works in `cluster`. A zombie is not alive; one
/// that is just ending is, until the kernel has closed its files.
pub(super) fn serves(pid: i32, cluster: &Path) -> bool {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let is_postgres = match fs::read_link(proc.join("exe")) {
        Ok(exe) => {
            // After an upgrade of the package the kernel appends a mark to the program's old path.
            let name = exe.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_suffix(" (deleted)").unwrap_or(name) == "postgres"
        }
        // The program goes first when a process ends, then its files, then its directory.
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    is_postgres
        && matches!(
            (fs::metadata(proc.join("cwd")), fs::metadata(cluster)),
            (Ok(cwd), Ok(ours)) if (cwd.dev(), cwd.ino()) == (ours.dev(), ours.ino())
        )
}

/// Every living process of a server on `cluster`: also what outlived a killed postmaster.
pub(super) fn all(cluster: &Path) -> Vec<i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| serves(*pid, cluster))
        .collect()
}

/// Sends `signal` to the process if it is a server on `cluster`; says whether it was sent.
pub(super) fn signal(pid: i32, cluster: &Path, signal: Signal) -> io::Result<bool> {
    let Some(id) = Pid::from_raw(pid) else { return Ok(false) };
    // The handle pins the process: between the check and the signal its id can't become another's.
    let handle = match pidfd_open(id, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(rustix::io::Errno::SRCH) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if !serves(pid, cluster) {
        return Ok(false);
    }
    match pidfd_send_signal(&handle, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_in_the_directory_that_is_not_postgres_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut sleeper = Command::new("sleep")
            .arg("30")
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = i32::try_from(sleeper.id()).unwrap();
        fs::write(dir.path().join("postmaster.pid"), format!("{pid}\n")).unwrap();
        assert_eq!(live(dir.path()), None);
        assert!(!signal(pid, dir.path(), Signal::KILL).unwrap());
        assert_eq!(sleeper.try_wait().unwrap(), None, "it was not signalled");
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }

    #[test]
    fn a_postgres_of_another_directory_is_left_alone() {
        let ours = tempfile::tempdir().unwrap();
        let theirs = tempfile::tempdir().unwrap();
        // A program called `postgres` that waits, in another directory.
        let program = theirs.path().join("postgres");
        fs::copy(fs::canonicalize("/bin/sh").unwrap(), &program).unwrap();
        let mut other = Command::new(&program)
            .args(["-c", "read line"])
            .current_dir(theirs.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(other.id()).unwrap();
        assert!(serves(pid, theirs.path()));
        assert!(!serves(pid, ours.path()));
        assert!(!signal(pid, ours.path(), Signal::KILL).unwrap());
        assert_eq!(other.try_wait().unwrap(), None);
        assert!(signal(pid, theirs.path(), Signal::KILL).unwrap());
        other.wait().unwrap();
        assert!(!serves(pid, theirs.path()));
    }

    #[test]
    fn a_half_written_pid_file_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postmaster.pid");
        for text in ["", "12", "12\n/data\n170\n5432\n", "x\n/data\n170\n5432\n/s\n\n0 0\nready\n"]
        {
            fs::write(&file, text).unwrap();
            assert!(postmaster(dir.path()).is_none(), "{text:?}");
        }
        fs::write(&file, "12\n/data\n170\n5432\n/s\n\n  0  0\nready   \n").unwrap();
        let server = postmaster(dir.path()).unwrap();
        assert_eq!((server.pid, server.port, server.ready), (12, 5432, true));
        assert_eq!(server.socket_dir, Path::new("/s"));
    }
}
