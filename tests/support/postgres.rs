//! A real PostgreSQL server in a folder of its own, with TLS, for the length of a test.

use std::io::BufRead as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The password of the owner.
pub const PASSWORD: &str = "s3cret-0f-the-test";

pub struct Server {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

/// Where `initdb` and `postgres` are: on the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = debian.chain(std::env::split_paths(&path)).collect();
    places.sort();
    places.into_iter().rev().find(|place| place.join("initdb").is_file() && place.join("postgres").is_file())
}

/// As an ordinary user: the server refuses to be run by root.
fn humble(command: &mut Command) -> &mut Command {
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

fn own(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

impl Server {
    /// Starts one; `None`, said loudly, where there is none to start.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: no PostgreSQL server is installed (Debian: apt-get install postgresql-15)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        own(folder.path(), 0o700);
        write(&folder.path().join("password"), PASSWORD, 0o600);
        certificates(folder.path());
        let data = folder.path().join("data");
        let mut init = Command::new(programs.join("initdb"));
        init.args(["-U", "owner", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(&data);
        init.arg("--pwfile").arg(folder.path().join("password")).current_dir(folder.path());
        let made = humble(&mut init).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut serve = Command::new(programs.join("postgres"));
        serve.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
        let at = |name: &str| folder.path().join(name).display().to_string();
        for setting in [
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", at("server.crt")),
            format!("ssl_key_file={}", at("server.key")),
        ] {
            serve.args(["-c", &setting]);
        }
        serve.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = humble(&mut serve).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
        assert!(ready, "the server ended");
        // Nobody reads on: a full pipe would hold the server.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, folder, port })
    }

    /// Its address, for a user with a password.
    pub fn url(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/postgres?sslmode=require", self.port)
    }

    /// The root that signed its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A root that signed nothing here.
    pub fn other_ca_file(&self) -> PathBuf {
        self.folder.path().join("other.crt")
    }

    /// A connection of the owner, for what the test needs to be there.
    pub async fn owner(&self) -> tokio_postgres::Client {
        let url = format!("postgres://owner:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no supervisor; the task ends with the runtime")]
        tokio::spawn(connection);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    own(path, mode);
}

fn certificates(folder: &Path) {
    let root = |name: &str| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap(), rcgen::Issuer::new(params, key))
    };
    let (ca, issuer) = root("the test's own root");
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let server = params.signed_by(&key, &issuer).unwrap();
    write(&folder.join("ca.crt"), &ca.pem(), 0o644);
    write(&folder.join("other.crt"), &root("another root").0.pem(), 0o644);
    write(&folder.join("server.crt"), &server.pem(), 0o644);
    write(&folder.join("server.key"), &key.serialize_pem(), 0o600);
}
