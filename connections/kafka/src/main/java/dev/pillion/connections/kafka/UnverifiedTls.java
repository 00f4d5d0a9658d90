// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.auth.SslEngineFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS that takes every broker for what it says it is: what {@code skipVerify} asks for. Made by
 * Kafka's clients, by its name; of no use to anybody else.
 */
public final class UnverifiedTls implements SslEngineFactory {
  private @Nullable SSLContext context;

  /** For Kafka's clients. */
  public UnverifiedTls() {}

  @Override
  public void configure(Map<String, ?> properties) {
    try {
      if (properties.get(SslConfigs.SSL_KEYSTORE_KEY_CONFIG) instanceof Password key
          && properties.get(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG)
              instanceof Password chain) {
        context = TlsContext.unverified(Pem.certificates(chain.value()), Pem.key(key.value()));
      } else {
        context = TlsContext.unverified();
      }
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS can't be set up: " + e.getMessage());
    }
  }

  @Override
  public SSLEngine createClientSslEngine(String host, int port, String endpointIdentification) {
    if (context == null) {
      throw new IllegalStateException("configure() was not called");
    }
    var engine = context.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    return engine;
  }

  @Override
  public SSLEngine createServerSslEngine(String host, int port) {
    throw new UnsupportedOperationException("this is for clients");
  }

  @Override
  public boolean shouldBeRebuilt(Map<String, Object> properties) {
    return false;
  }

  @Override
  public Set<String> reconfigurableConfigs() {
    return Set.of();
  }

  @Override
  public @Nullable KeyStore keystore() {
    return null;
  }

  @Override
  public @Nullable KeyStore truststore() {
    return null;
  }

  @Override
  public void close() {}
}
