//! Who listens on a port of this machine, so that a taken one can be named with who must free it.
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use anyhow::bail;

/// Errors: somebody listens on `port`; the message says who.
pub fn must_be_free(port: u16, part: &str) -> anyhow::Result<()> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
        return Ok(());
    }
    let who = holder(port).unwrap_or_else(|| "a process of another user".to_owned());
    bail!("port {port}, needed for {part}, is taken by {who}; end it, or use other ports: `aftercare up --port-base N`")
}

/// The process that listens on `port`, in words. `None` when it cannot be seen.
fn holder(port: u16) -> Option<String> {
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let inode = sockets.iter().find_map(|table| listening_inode(table, port))?;
    let link = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten().filter(|entry| is_number(&entry.path()));
    for process in processes {
        let mut files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        if files.any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == link.as_str())) {
            let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            let line: String = line.split('\0').take(3).collect::<Vec<_>>().join(" ");
            return Some(format!("process {} ({})", process.file_name().to_string_lossy(), line.trim_end()));
        }
    }
    None
}

fn is_number(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
}

/// The inode of the socket that listens on `port`, out of the kernel's table of sockets.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTENING: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let same = u16::from_str_radix(local, 16).ok()? == port && fields.get(3) == Some(&LISTENING);
        if same { fields.get(9)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_holder() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let refusal = must_be_free(port, "intake").unwrap_err().to_string();
        assert!(refusal.contains(&port.to_string()) && refusal.contains("intake"), "{refusal}");
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        drop(taken);
        must_be_free(port, "intake").unwrap();
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1BBD 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 11 1\n\
             1: 0100007F:1BBD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1\n";
        assert_eq!(listening_inode(table, 7101), Some(22));
        assert_eq!(listening_inode(table, 7102), None);
    }
}
