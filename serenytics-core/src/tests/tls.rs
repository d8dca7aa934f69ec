//! HTTPS: real handshakes with a server whose certificate an authority of the test signed.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::{Client, ClientBuilder};

/// Starts a server with an empty list of sources, and gives its URL and the certificate of its authority.
async fn server() -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of another name than the server's, which would be its own authority otherwise.
    authority.distinguished_name.push(DnType::CommonName, "authority of a test");
    let authority_key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    // Of the providers that the tree of a whole workspace may hold, one has to be named.
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
                // A client that does not trust the certificate ends here.
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

/// What a client is told by a server that speaks no TLS.
async fn told_by_plain_server(builder: ClientBuilder) -> String {
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

async fn shakes_hands(choose: impl Fn(ClientBuilder) -> ClientBuilder) {
    let (url, pem) = server().await;
    let builder = choose(Client::builder().url(&url).api_key("canary-7f3a91"));
    let client = builder.clone().root_certificates(pem).build().unwrap();
    assert!(client.sources().await.unwrap().is_empty());

    let stranger = builder.build().unwrap().with_timeout(std::time::Duration::from_secs(2));
    let error = stranger.sources().await.unwrap_err();
    assert!(error.is_connection() && error.to_string().contains("cannot connect to http"), "{error}");
    assert!(!format!("{error:?}").contains("canary"));

    let told = told_by_plain_server(choose(Client::builder().api_key("canary-7f3a91"))).await;
    // The TLS of other systems has words of its own for it.
    let is_known = cfg!(target_os = "linux") || told.contains("InvalidContentType");
    assert!(!is_known || told.contains("speak no TLS there: its URL may begin with `http://`"), "{told}");
}

#[tokio::test]
async fn hands_are_shaken_by_default() {
    shakes_hands(|builder| builder).await;
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn rustls_shakes_hands() {
    shakes_hands(ClientBuilder::use_rustls).await;
}

#[cfg(feature = "native-tls")]
#[tokio::test]
async fn the_systems_tls_shakes_hands() {
    shakes_hands(ClientBuilder::use_native_tls).await;
}

#[test]
fn certificates_that_are_none_are_told() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = Client::builder().api_key("k").root_certificates(pem).build().unwrap_err().to_string();
        assert!(error.contains("certificate") || error.contains("HTTP client"), "{error}");
    }
}
