//! Plain calls, both ends in one thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use super::listen;

/// Listen, connect, accept, four bytes each way, the client closes, the server sees the end.
pub(crate) fn exchange() -> io::Result<()> {
    let (mut client, mut conn) = connected()?;
    let mut four = [0; 4];
    client.write_all(b"ping")?;
    conn.read_exact(&mut four)?;
    conn.write_all(b"pong")?;
    client.read_exact(&mut four)?;
    drop(client);
    assert_eq!(conn.read(&mut four)?, 0);
    Ok(())
}

/// So many exchanges.
pub(crate) fn exchanges(count: usize) -> io::Result<()> {
    (0..count).try_for_each(|_| exchange())
}

/// So many round trips of 64 bytes.
pub(crate) fn round_trips(count: usize) -> io::Result<()> {
    let (mut client, mut conn) = connected()?;
    let mut buffer = [0; 64];
    for _ in 0..count {
        client.write_all(&buffer)?;
        conn.read_exact(&mut buffer)?;
        conn.write_all(&buffer)?;
        client.read_exact(&mut buffer)?;
    }
    Ok(())
}

/// So many bytes one way: as much as the kernel takes, then as much as it has.
pub(crate) fn one_way(size: usize) -> io::Result<()> {
    let (mut client, mut conn) = connected()?;
    client.set_nonblocking(true)?;
    conn.set_nonblocking(true)?;
    let chunk: Vec<u8> = b"ab".repeat(128 << 10);
    let mut buffer = vec![0; 256 << 10];
    let (mut sent, mut received) = (0, 0);
    while received < size {
        if sent < size {
            sent += taken(client.write(&chunk[..chunk.len().min(size - sent)]))?;
        }
        received += taken(conn.read(&mut buffer))?;
    }
    Ok(())
}

/// So many connections at once, a byte over each, then all are closed.
pub(crate) fn connections(count: usize) -> io::Result<()> {
    let (listener, address) = listen(4096)?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let client = TcpStream::connect(address)?;
        open.push((client, listener.accept()?.0));
    }
    let mut byte = [0];
    for (client, conn) in &mut open {
        client.write_all(b"x")?;
        conn.read_exact(&mut byte)?;
    }
    Ok(())
}

fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let (listener, address) = listen(128)?;
    let client = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    let (conn, _) = listener.accept()?;
    conn.set_nodelay(true)?;
    Ok((client, conn))
}

/// How many bytes went; none where the kernel would have us wait.
fn taken(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
