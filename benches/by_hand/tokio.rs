//! One current-thread tokio runtime for each thread.

use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// The exchange of [`super::plain::exchange`], once, in a runtime of its own.
pub(crate) fn exchange() -> io::Result<()> {
    runtime()?.block_on(one_exchange())
}

/// So many exchanges.
pub(crate) fn exchanges(count: usize) -> io::Result<()> {
    runtime()?.block_on(async {
        for _ in 0..count {
            one_exchange().await?;
        }
        Ok(())
    })
}

async fn one_exchange() -> io::Result<()> {
    let (client, conn) = connected().await?;
    let mut four = [0; 4];
    write_all(&client, b"ping").await?;
    read_exact(&conn, &mut four).await?;
    write_all(&conn, b"pong").await?;
    read_exact(&client, &mut four).await?;
    drop(client);
    assert_eq!(read(&conn, &mut four).await?, 0);
    Ok(())
}

/// So many round trips of 64 bytes.
pub(crate) fn round_trips(count: usize) -> io::Result<()> {
    runtime()?.block_on(async {
        let (client, conn) = connected().await?;
        let mut buffer = [0; 64];
        for _ in 0..count {
            write_all(&client, &buffer).await?;
            read_exact(&conn, &mut buffer).await?;
            write_all(&conn, &buffer).await?;
            read_exact(&client, &mut buffer).await?;
        }
        Ok(())
    })
}

/// So many bytes one way. The writer yields after each chunk, so that the reader takes it while it
/// is in the processor's cache.
pub(crate) fn one_way(size: usize) -> io::Result<()> {
    runtime()?.block_on(async {
        let (client, conn) = connected().await?;
        let writer = async {
            let chunk: Vec<u8> = b"ab".repeat(128 << 10);
            let mut sent = 0;
            while sent < size {
                client.writable().await?;
                sent += tried(client.try_write(&chunk[..chunk.len().min(size - sent)]))?;
                tokio::task::yield_now().await;
            }
            io::Result::Ok(())
        };
        let reader = async {
            let mut buffer = vec![0; 256 << 10];
            let mut received = 0;
            while received < size {
                received += read(&conn, &mut buffer).await?;
            }
            io::Result::Ok(())
        };
        tokio::try_join!(writer, reader).map(drop)
    })
}

/// So many connections at once, a byte over each, then all are closed.
pub(crate) fn connections(count: usize) -> io::Result<()> {
    runtime()?.block_on(async {
        let (listener, address) = super::listen(4096)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let mut open = Vec::with_capacity(count);
        for _ in 0..count {
            let client = TcpStream::connect(address).await?;
            open.push((client, listener.accept().await?.0));
        }
        for (client, conn) in &open {
            write_all(client, b"x").await?;
            read_exact(conn, &mut [0]).await?;
        }
        Ok(())
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().build()
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    client.set_nodelay(true)?;
    let (conn, _) = listener.accept().await?;
    conn.set_nodelay(true)?;
    Ok((client, conn))
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        bytes = &bytes[tried(stream.try_write(bytes))?..];
    }
    Ok(())
}

async fn read_exact(stream: &TcpStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        let got = read(stream, buffer).await?;
        assert!(got > 0, "the stream ended");
        buffer = &mut buffer[got..];
    }
    Ok(())
}

/// One read, which waits for bytes or the end.
async fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

/// How many bytes went; none where the kernel would have us wait.
fn tried(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
