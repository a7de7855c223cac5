//! The servers of a test process end with it, also when it panics or is killed, and leave no folder behind.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use testkit::Servers;

/// Run by the other test as a process of its own; ends as it is told.
#[test]
#[ignore = "the other test runs it in a process of its own"]
fn servers_of_a_process_that_comes_to_a_bad_end() {
    let servers = Servers::get();
    println!("\nservers {} {} {}", servers.postgres, servers.nats, servers.folder.display());
    let mut told = String::new();
    std::io::stdin().read_line(&mut told).unwrap();
    assert_ne!(told, "panic\n", "as it was told");
}

#[test]
fn servers_are_gone_after_a_panic_and_after_a_kill() {
    for end in ["panic", "kill"] {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "servers_of_a_process_that_comes_to_a_bad_end"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("servers ")).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let listens = |port: &str| TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_ok();
        let there = || [listens(words[1]), listens(words[2]), std::fs::exists(words[3]).unwrap()];
        assert_eq!(there(), [true; 3]);
        if end == "kill" {
            process.kill().unwrap();
        } else {
            std::io::Write::write_all(&mut process.stdin.take().unwrap(), b"panic\n").unwrap();
        }
        assert!(!process.wait().unwrap().success());
        let since = Instant::now();
        while there() != [false; 3] && since.elapsed() < Duration::from_secs(60) {
            std::thread::yield_now();
        }
        assert_eq!(there(), [false; 3], "after a {end}");
    }
}
