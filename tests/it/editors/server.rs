//! The YAML language server, over its standard input and output.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// The server that is to be used, where it is not the one in PATH or where `.ci/run` puts it.
const VARIABLE: &str = "YAML_LANGUAGE_SERVER";

/// The server, with a folder that has the schemas.
pub(super) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: TempDir,
    asked: u64,
    /// What was last said about each file.
    diagnostics: HashMap<String, Vec<Json>>,
    opened: u64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program: a script of node's, or an executable.
fn program() -> Option<PathBuf> {
    let given = env::var_os(VARIABLE).map(PathBuf::from);
    let installed = "target/editors/node_modules/.bin/yaml-language-server";
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(installed);
    let in_path = || {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).map(|folder| folder.join("yaml-language-server")).find(|file| file.is_file())
    };
    given.or_else(|| Some(here).filter(|file| file.is_file())).or_else(in_path)
}

impl Server {
    /// Starts it; `None` where it is not installed, which is told.
    pub(super) fn start() -> Option<Self> {
        let Some(program) = program() else {
            let why = format!("skipped: no yaml-language-server; `.ci/run` installs it, or {VARIABLE} names one\n");
            std::io::stderr().write_all(why.as_bytes()).unwrap();
            return None;
        };
        // The server's patterns do not look into folders that begin with a dot.
        let folder = tempfile::Builder::new().prefix("sockspec-editors").tempdir().unwrap();
        fs::write(folder.path().join("sockspec.schema.json"), sockspec::spec::schema::json()).unwrap();
        fs::write(folder.path().join("included.schema.json"), sockspec::spec::schema::included()).unwrap();
        let mut child = Command::new(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, input, output, folder, asked: 0, diagnostics: HashMap::new(), opened: 0 };
        let root = server.uri("");
        let completion = json!({ "completionItem": { "snippetSupport": true, "documentationFormat": ["markdown"] } });
        let capabilities = json!({
            "workspace": { "configuration": true },
            "textDocument": { "completion": completion, "hover": { "contentFormat": ["markdown"] } },
        });
        server.ask("initialize", &json!({ "processId": null, "rootUri": root, "capabilities": capabilities }));
        server.tell("initialized", &json!({}));
        let settings = server.settings();
        server.tell("workspace/didChangeConfiguration", &json!({ "settings": settings }));
        // It asks for its settings and goes on meanwhile: they are in force when a mistake is found.
        while server.check("specs/probe.yaml", "no: spec\n").is_empty() {}
        Some(server)
    }

    /// The mapping that docs/editors.md shows.
    fn settings(&self) -> Json {
        let schemas = json!({
            self.uri("sockspec.schema.json"): ["specs/**/*.yaml", "!specs/**/_*.yaml"],
            self.uri("included.schema.json"): ["specs/**/_*.yaml"],
        });
        json!({ "yaml": {
            "schemas": schemas,
            "completion": true,
            "hover": true,
            "validate": true,
            "schemaStore": { "enable": false },
        } })
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}/{path}", self.folder.path().display())
    }

    /// Has it open a file with that text: one of its own for each text, beside that path.
    pub(super) fn open(&mut self, path: &str, text: &str) -> String {
        self.opened += 1;
        let uri = self.uri(&path.replace(".yaml", &format!("-{}.yaml", self.opened)));
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        uri
    }

    /// Has it check a file, and waits for what it says.
    pub(super) fn check(&mut self, path: &str, text: &str) -> Vec<Json> {
        let uri = self.open(path, text);
        self.found_in(&uri)
    }

    /// Waits for what it says of a file.
    pub(super) fn found_in(&mut self, uri: &str) -> Vec<Json> {
        loop {
            if let Some(found) = self.diagnostics.remove(uri) {
                return found;
            }
            self.receive();
        }
    }

    /// Asks about a place in a file.
    pub(super) fn ask_at(&mut self, method: &str, uri: &str, line: usize, column: usize) -> Json {
        let position = json!({ "line": line, "character": column });
        self.ask(method, &json!({ "textDocument": { "uri": uri }, "position": position }))
    }

    fn ask(&mut self, method: &str, params: &Json) -> Json {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            if let Some(answer) = self.receive().filter(|answer| answer["id"] == id) {
                return answer["result"].clone();
            }
        }
    }

    fn tell(&mut self, method: &str, params: &Json) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Json) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// Reads a message. Requests of the server's own are answered; an answer to one of ours is given.
    fn receive(&mut self) -> Option<Json> {
        let message = self.read();
        match (message["method"].as_str(), message.get("id")) {
            (Some(method), Some(id)) => {
                let result =
                    if method == "workspace/configuration" { self.configuration(&message) } else { Json::Null };
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
                None
            }
            (Some("textDocument/publishDiagnostics"), None) => {
                let params = &message["params"];
                let found = params["diagnostics"].as_array().cloned().unwrap_or_default();
                self.diagnostics.insert(params["uri"].as_str().unwrap().to_owned(), found);
                None
            }
            (Some(_), None) => None,
            (None, _) => Some(message),
        }
    }

    fn configuration(&self, request: &Json) -> Json {
        let settings = self.settings();
        let items = request["params"]["items"].as_array().unwrap().iter();
        items.map(|item| settings[item["section"].as_str().unwrap_or_default()].clone()).collect()
    }

    fn read(&mut self) -> Json {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the language server has ended");
            match line.trim_end() {
                "" => break,
                header => {
                    if let Some(number) = header.strip_prefix("Content-Length: ") {
                        length = number.parse().unwrap();
                    }
                }
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}
