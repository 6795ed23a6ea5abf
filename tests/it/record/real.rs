//! Real servers, where they are installed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use super::{passes_twenty_times, steps};
use crate::project::Project;

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// The path of a program, where it is installed.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a server, and waits for a line with these words; if there are none, until somebody listens.
fn start(program: &PathBuf, arguments: &[&str], port: u16, ready: &str) -> Server {
    let mut command = Command::new(program);
    command.args(arguments).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let server = Server { child, port };
    if ready.is_empty() {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::yield_now();
        }
        return server;
    }
    let (found, waiting) = std::sync::mpsc::channel();
    let words = ready.to_owned();
    for stream in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
        let (found, words) = (found.clone(), words.clone());
        // Reads on, so that the server never waits for its output to be taken.
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if String::from_utf8_lossy(&line).contains(&words) {
                    let _ = found.send(());
                }
            }
        });
    }
    drop(found);
    waiting.recv().unwrap_or_else(|_| panic!("{} has ended", program.display()));
    server
}

/// Records a client, and sees to it that the spec passes twenty times.
fn recorded(project: &Project, network: &str, server: &Server, client: &[&str]) -> String {
    let to = format!("{network}://127.0.0.1:{}", server.port);
    let arguments = [&["record", "--to", &to, "-o", "specs/a.yaml", "--"], client].concat();
    project.run(&arguments).exits(0).says("verified");
    passes_twenty_times(project);
    steps(project, &to)
}

#[test]
fn redis() {
    let (Some(redis), Some(_)) = (installed("redis-server"), installed("redis-cli")) else { return };
    let port = free_port();
    let server = start(&redis, &["--port", &port.to_string(), "--save", ""], port, "Ready to accept connections");
    let project = Project::new(&[]);
    let commands = "SET a 1\\nINCR n\\nGET a\\nTIME\\nINFO\\nCLIENT ID\\nACL GENPASS\\n";
    let client = format!("printf '{commands}' | redis-cli -h {{host}} -p {{port}}");
    let steps = recorded(&project, "tcp", &server, &["sh", "-c", &client]);
    for step in [
        "  - client: {recv: \"+OK\\r\\n\"}\n",
        "  - client: {recv: [\":\", {until: \"\\r\\n\", match: '\\d+'}]}\n",
        "  - client: {recv: \"$1\\r\\n1\\r\\n\"}\n",
        // A long page stays line by line.
        "        - \"redis_mode:standalone\\r\\n\"\n",
        "        - \"run_id:\"\n        - {until: \"\\r\\n\", match: '[0-9a-f]+'}\n",
        "        - \"uptime_in_seconds:\"\n        - {until: \"\\r\\n\", match: '\\d+'}\n",
    ] {
        assert!(steps.contains(step), "no {step} in {steps}");
    }
}

#[test]
fn nginx() {
    let (Some(nginx), Some(_)) = (installed("nginx"), installed("curl")) else { return };
    let project = Project::new(&[]);
    let (folder, port) = (project.root().display().to_string(), free_port());
    project.write("www/index.html", "<h1>hello</h1>\n");
    project.write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; pid {folder}/pid; error_log stderr notice; events {{}}\n\
             http {{ access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;\n\
             uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;\n\
             server {{ listen 127.0.0.1:{port}; root {folder}/www;\n\
             location = /id {{ add_header X-Id $request_id; return 200 \"$request_id for $http_host\\n\"; }} }} }}\n"
        ),
    );
    let server = start(&nginx, &["-p", &folder, "-c", "nginx.conf", "-e", "stderr"], port, "getrlimit");
    let client = ["curl", "-s", "http://{address}/", "http://{address}/id", "http://{address}/nothing"];
    let steps = recorded(&project, "tcp", &server, &client);
    for line in [
        "        - \"Host: 127.0.0.1:${port}\\r\\n\"\n",
        "        - {until: \"\\r\\n\", match: '\\w+, \\d+ \\w+ \\d+ \\d+:\\d+:\\d+ GMT'}\n",
        "        - \"X-Id: \"\n        - {until: \"\\r\\n\", match: '(?<x_id>[0-9a-f]+)'}\n",
        "        - \"${x_id} for 127.0.0.1:${port}\\n\"\n",
        "        - \"<h1>hello</h1>\\n\"\n",
        "HTTP/1.1 404 Not Found",
    ] {
        assert!(steps.contains(line), "no {line} in {steps}");
    }
}

#[test]
fn vsftpd_in_passive_and_active_mode() {
    let (Some(vsftpd), Some(_)) = (installed("vsftpd"), installed("curl")) else { return };
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let project = Project::new(&[]);
    let (folder, port) = (project.root().display().to_string(), free_port());
    project.write("root/hello.txt", "hello\nworld\n");
    fs::create_dir(project.path("empty")).unwrap();
    std::os::unix::fs::chown(project.path("root"), Some(0), Some(0)).unwrap();
    project.write(
        "vsftpd.conf",
        &format!(
            "listen=YES\nbackground=NO\nlisten_address=127.0.0.1\nlisten_port={port}\nanonymous_enable=YES\nftp_username=daemon\n\
             anon_root={folder}/root\nsecure_chroot_dir={folder}/empty\nconnect_from_port_20=NO\nseccomp_sandbox=NO\n"
        ),
    );
    // Whom vsftpd serves, it serves as somebody who may not look into a folder of ours.
    for open in [project.root().to_owned(), project.path("root")] {
        fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let configuration = project.path("vsftpd.conf").display().to_string();
    let server = start(&vsftpd, &[&configuration], port, "");
    let url = "ftp://{address}/hello.txt";
    let steps = recorded(&project, "tcp", &server, &["curl", "-s", "--disable-epsv", url]);
    assert!(steps.contains("data_port: \"high|int * 256 + low|int\""), "{steps}");
    fs::remove_dir_all(project.path("specs")).unwrap();
    fs::remove_dir_all(project.path("snapshots")).unwrap();
    let steps = recorded(&project, "tcp", &server, &["curl", "-s", "-P", "-", url]);
    assert!(steps.contains("{accept: data_listener}"), "{steps}");
}

#[test]
fn unbound() {
    let (Some(unbound), Some(_)) = (installed("unbound"), installed("dig")) else { return };
    let project = Project::new(&[]);
    let port = free_port();
    project.write(
        "unbound.conf",
        &format!(
            "server:\n interface: 127.0.0.1@{port}\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n use-syslog: no\n \
             local-zone: \"test.\" static\n local-data: \"a.test. 60 IN A 192.0.2.1\"\n local-data: \"a.test. 60 IN A 192.0.2.2\"\n"
        ),
    );
    let configuration = project.path("unbound.conf").display().to_string();
    let server = start(&unbound, &["-d", "-c", &configuration], port, "start of service");
    for (network, option) in [("udp", "+notcp"), ("tcp", "+tcp")] {
        let steps = recorded(&project, network, &server, &["dig", option, "@{host}", "-p", "{port}", "a.test"]);
        assert!(steps.contains("hex"), "{steps}");
        fs::remove_dir_all(project.path("specs")).unwrap();
        fs::remove_dir_all(project.path("snapshots")).unwrap();
    }
}
