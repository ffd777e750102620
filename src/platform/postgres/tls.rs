//! Decides whose certificate is accepted: public roots, a root named in the configuration (Supabase has its own), or any, where
//! the configuration says so explicitly.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::refused;
use crate::config::{DatabaseTls, files};
use crate::platform::http::install_crypto;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Bytes of a file of certificates at most.
const LONGEST: u64 = 4 << 20;

pub(super) fn connector(mode: DatabaseTls, ca_file: Option<&Path>) -> Result<MakeRustlsConnect, PlatformError> {
    install_crypto();
    let Some(provider) = CryptoProvider::get_default().cloned() else {
        return Err(refused(ErrorKind::Refused, "no provider of cryptography"));
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| refused(ErrorKind::Refused, &error.to_string()))?;
    let config = match mode {
        DatabaseTls::Unverified => {
            let anybody = Arc::new(Anybody { provider });
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        }
        _ => builder.with_root_certificates(roots(ca_file)?).with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, PlatformError> {
    let mut store = RootCertStore::empty();
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        return Ok(store);
    };
    let shown = Text::from(path);
    let bad = |why: String| refused(ErrorKind::Refused, &format!("ca_file {shown} {why}"));
    let read = files::read(path, LONGEST).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let text = read.ok_or_else(|| bad("is longer than 4 MiB, the limit for certificates".to_owned()))?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| bad(format!("is no PEM file: {error}")))?;
        store.add(certificate).map_err(|error| bad(format!("holds no usable root: {error}")))?;
    }
    if store.is_empty() {
        return Err(bad("holds no certificate".to_owned()));
    }
    Ok(store)
}

/// Believes every certificate: the line is encrypted, its other end is not known.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
