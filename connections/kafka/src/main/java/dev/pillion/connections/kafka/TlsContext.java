// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** TLS where Kafka's clients have no property for it. */
final class TlsContext {
  private static final char[] NO_PASSWORD = {};

  private TlsContext() {}

  /** Takes every server for what it says it is. */
  static SSLContext unverified(List<X509Certificate> shown, PrivateKey key)
      throws GeneralSecurityException {
    var store = emptyStore();
    store.setKeyEntry("client", key, NO_PASSWORD, shown.toArray(X509Certificate[]::new));
    var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return context(factory.getKeyManagers(), new TrustManager[] {new Everybody()});
  }

  static SSLContext unverified() throws GeneralSecurityException {
    return context(new KeyManager[0], new TrustManager[] {new Everybody()});
  }

  /** Trusts these authorities besides the JVM's own. */
  static SSLContext trusting(List<X509Certificate> authorities) throws GeneralSecurityException {
    var store = emptyStore();
    for (var manager : trustManagers(null)) {
      if (manager instanceof X509TrustManager own) {
        add(List.of(own.getAcceptedIssuers()), store);
      }
    }
    add(authorities, store);
    return context(new KeyManager[0], trustManagers(store));
  }

  private static void add(List<X509Certificate> authorities, KeyStore store)
      throws GeneralSecurityException {
    for (var authority : authorities) {
      store.setCertificateEntry("authority-" + store.size(), authority);
    }
  }

  /** Those of the JVM when {@code store} is null. */
  private static TrustManager[] trustManagers(@Nullable KeyStore store)
      throws GeneralSecurityException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static SSLContext context(KeyManager[] keys, TrustManager[] trust)
      throws GeneralSecurityException {
    var context = SSLContext.getInstance("TLS");
    context.init(keys, trust, null);
    return context;
  }

  private static KeyStore emptyStore() throws GeneralSecurityException {
    try {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      return store;
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  /** An extended one, so that Java adds no check of the host's name. */
  private static final class Everybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
