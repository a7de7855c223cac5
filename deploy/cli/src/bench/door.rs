//! One keep-alive connection to intake's door that sends requests one after the other. As little as possible is done
//! here, because it is done on the same cores as what is measured: prepared bytes out, status and length in.
use std::{net::SocketAddr, ops::Range};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The largest answer.
const ANSWER_MAX: usize = 16 * 1024;

/// A connection.
pub struct Door {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Door {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("intake's door is closed")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; ANSWER_MAX] })
    }

    /// Sends a whole request and waits for the whole answer. Errors: the connection broke, or the answer is no HTTP.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let free =
                self.answer.get_mut(filled..).filter(|free| !free.is_empty()).context("the answer is too long")?;
            match self.stream.read(free).await? {
                0 => bail!("intake closed the connection"),
                more => filled += more,
            }
            if let Some((status, body)) = whole(self.answer.get(..filled).unwrap_or_default())? {
                return Ok(Answer { status, body: self.answer.get(body).unwrap_or_default() });
            }
        }
    }
}

/// Status, and where the body is; `None` while some of it is still to come.
fn whole(answer: &[u8]) -> anyhow::Result<Option<(u16, Range<usize>)>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = answer.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let head = std::str::from_utf8(answer.get(..end).unwrap_or_default())?;
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("an answer without status")?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let length: usize = length.context("an answer without length")?;
    let body = end + END.len()..end + END.len() + length;
    Ok((body.end <= answer.len()).then_some((status, body)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_is_taken_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\ndate: x\r\n\r\nhello";
        assert_eq!(whole(answer).unwrap(), Some((201, 52..57)));
        for length in 0..answer.len() {
            assert_eq!(whole(&answer[..length]).unwrap(), None, "{length} bytes");
        }
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn a_connection_is_used_again_and_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut door = Door::open(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        for number in 0..3_u8 {
            let (sent, answer) = tokio::join!(door.send(b"hi"), async {
                let mut heard = [0; 2];
                peer.read_exact(&mut heard).await.unwrap();
                peer.write_all(format!("HTTP/1.1 20{number} x\r\ncontent-length: 2\r\n\r\n").as_bytes()).await.unwrap();
                peer.write_all(b"ok").await.unwrap();
                heard
            });
            assert_eq!(&answer, b"hi");
            assert_eq!(sent.unwrap(), Answer { status: 200 + u16::from(number), body: b"ok" });
        }
        drop(peer);
        assert!(door.send(b"hi").await.is_err());
    }
}
