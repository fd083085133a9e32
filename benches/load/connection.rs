//! HTTP on a connection that is kept.

use std::io;

use tokio::net::TcpStream;

/// One request and the status of its answer, over a connection that is kept.
pub async fn exchange(connection: &mut Option<TcpStream>, address: &str, request: &[u8]) -> io::Result<u16> {
    let stream = match connection.take() {
        Some(stream) => stream,
        None => TcpStream::connect(address).await?,
    };
    let mut left = request;
    while !left.is_empty() {
        match stream.try_write(left) {
            Ok(written) => left = &left[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    let mut answer = [0; 2048];
    let mut length = 0;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut answer[length..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some((status, keep)) = whole(&answer[..length]) {
            *connection = keep.then_some(stream);
            return Ok(status);
        }
    }
}

/// Status of an answer that is there to its end, and whether the connection stays open.
fn whole(answer: &[u8]) -> Option<(u16, bool)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let header =
        |name: &str| headers.clone().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let there = match header("content-length") {
        Some(length) => body.len() >= length.parse().ok()?,
        // In chunks.
        None => body.ends_with("0\r\n\r\n"),
    };
    let keep = !header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    there.then(|| (head[9..12].parse().unwrap_or(0), keep))
}
