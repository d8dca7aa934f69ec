//! HTTPS: handshakes with a server whose certificate is signed by the test's own authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::{Client, ClientBuilder};

/// Starts a server without sources. Returns its URL and the certificate of its authority.
async fn server() -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With the same name as the server, its certificate would look self-signed.
    authority.distinguished_name.push(DnType::CommonName, "authority of a test");
    let authority_key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    // Named explicitly, because the workspace may compile several providers.
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // The handshake fails if the client does not trust the certificate.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                    let body = r#"{"num_results":0,"objects":[]}"#;
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, pem)
}

/// Returns a client's error from a server without TLS.
async fn error_of_plain_server(builder: ClientBuilder) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let client = builder.url(&url).build().unwrap().with_timeout(std::time::Duration::from_secs(2));
    let error = client.sources().await.unwrap_err();
    assert!(error.is_connection(), "{error}");
    error.to_string()
}

async fn check_handshake(choose: impl Fn(ClientBuilder) -> ClientBuilder) {
    let (url, pem) = server().await;
    let builder = choose(Client::builder().url(&url).api_key("canary-7f3a91"));
    let client = builder.clone().root_certificates(pem).build().unwrap();
    assert!(client.sources().await.unwrap().is_empty());

    let stranger = builder.build().unwrap().with_timeout(std::time::Duration::from_secs(2));
    let error = stranger.sources().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("cannot connect to http"), "{error}");
    assert!(!format!("{error:?}").contains("canary"));
    // A retry would not help.
    assert!(!error.to_string().contains("tried"), "{error}");
    let is_known = cfg!(target_os = "linux") || error.to_string().contains("UnknownIssuer");
    assert!(!is_known || error.to_string().matches("root_certificates").count() == 1, "{error}");
    assert!(error.to_string().matches("UnknownIssuer").count() <= 1, "{error}");

    let message = error_of_plain_server(choose(Client::builder().api_key("canary-7f3a91"))).await;
    // The TLS libraries of other systems have other messages.
    let is_known = cfg!(target_os = "linux") || message.contains("InvalidContentType");
    assert!(!is_known || message.contains("does not seem to use TLS: its URL may begin with `http://`"), "{message}");
}

#[tokio::test]
async fn default_tls_completes_a_handshake() {
    check_handshake(|builder| builder).await;
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn rustls_completes_a_handshake() {
    check_handshake(ClientBuilder::use_rustls).await;
}

#[cfg(feature = "native-tls")]
#[tokio::test]
async fn native_tls_completes_a_handshake() {
    check_handshake(ClientBuilder::use_native_tls).await;
}

#[test]
fn invalid_root_certificates_are_an_error() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = Client::builder().api_key("k").root_certificates(pem).build().unwrap_err().to_string();
        assert!(error.contains("certificate") || error.contains("HTTP client"), "{error}");
    }
}
