// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import dev.pillion.component.ComponentMetadata;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.jspecify.annotations.Nullable;

/** Who connects, and by which TLS. */
final class KafkaSecurity {
  private static final String TYPES =
      "none, password, mtls, certificate, oidc, oidc_private_key_jwt";

  private final ComponentMetadata metadata;
  private final Map<String, Object> properties = new LinkedHashMap<>();

  KafkaSecurity(ComponentMetadata metadata) {
    this.metadata = metadata;
    metadata.accept("authType", "authRequired", "saslUsername", "saslPassword", "saslMechanism");
    metadata.accept("caCert", "clientCert", "clientKey", "disableTls", "skipVerify");
    metadata.accept(OidcSettings.KEYS);
    metadata.accept(
        "region",
        "awsRegion",
        "accessKey",
        "awsAccessKey",
        "secretKey",
        "awsSecretKey",
        "sessionToken",
        "awsSessionToken",
        "assumeRoleArn",
        "awsIamRoleArn",
        "sessionName",
        "awsStsSessionName");
  }

  Map<String, Object> properties() {
    var type = authType();
    // Dapr judges TLS by the word as written.
    boolean tls = !type.equals("none") && !metadata.truthy("disableTls", false);
    boolean sasl = false;
    switch (type.toLowerCase(Locale.ROOT)) {
      case "none" -> {}
      case "password" -> sasl = password();
      case "mtls" -> mutualTls(tls);
      case "certificate" -> metadata.required("caCert");
      case "oidc" -> sasl = tokens(false);
      case "oidc_private_key_jwt" -> sasl = tokens(true);
      case "awsiam" ->
        metadata.problem("\"authType\" awsiam is a setting of Dapr's that Pillion does not support;"
            + " use one of " + TYPES
            + ", or in code KafkaSettings.of with the login module of AWS");
      default ->
        metadata.problem(
            metadata.isSecret("authType")
                ? "\"authType\" must be one of %s, and what it refers to is not".formatted(TYPES)
                : "\"authType\" was \"%s\" but must be one of %s".formatted(type, TYPES));
    }
    if (tls) {
      verification();
    }
    properties.put(
        CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
        (sasl ? "SASL_" : "") + (tls ? "SSL" : "PLAINTEXT"));
    return properties;
  }

  private String authType() {
    var written = notEmpty("authType");
    if (written != null) {
      return written.strip();
    }
    if (notEmpty("authRequired") == null) {
      metadata.problem("\"authType\" is missing; it must be one of " + TYPES);
      return "none";
    }
    if (!metadata.strictBoolean("authRequired", false)) {
      return "none";
    }
    return notEmpty("saslPassword") == null ? "mtls" : "password";
  }

  private boolean password() {
    var user = metadata.required("saslUsername");
    var password = metadata.required("saslPassword");
    var mechanism = metadata.oneOf(
        "saslMechanism",
        "PLAIN",
        "PLAIN",
        "PLAINTEXT",
        "SHA-256",
        "SHA-512",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512");
    boolean plain = mechanism.startsWith("PLAIN");
    properties.put(
        SaslConfigs.SASL_MECHANISM,
        plain ? "PLAIN" : "SCRAM-" + mechanism.substring(mechanism.indexOf("SHA")));
    var options = new LinkedHashMap<String, String>();
    options.put("username", user);
    options.put("password", password);
    properties.put(
        SaslConfigs.SASL_JAAS_CONFIG, Jaas.login(plain ? Jaas.PLAIN : Jaas.SCRAM, options));
    return true;
  }

  private void mutualTls(boolean tls) {
    if (!tls) {
      metadata.problem("\"disableTls\" can't go with \"authType\" mtls");
    }
    var certificate = metadata.required("clientCert");
    var key = metadata.required("clientKey");
    if (certificate.isEmpty() || key.isEmpty()) {
      return;
    }
    checked("clientCert", () -> Pem.certificates(certificate));
    checked("clientKey", () -> {
      properties.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, new Password(Pem.text(Pem.key(key))));
      properties.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, new Password(certificate));
      properties.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
    });
  }

  private boolean tokens(boolean assertion) {
    var settings = new OidcSettings(metadata).read(assertion);
    properties.put(SaslConfigs.SASL_MECHANISM, "OAUTHBEARER");
    properties.put(SaslConfigs.SASL_JAAS_CONFIG, Jaas.login(Jaas.TOKEN, settings));
    properties.put(SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OidcLogin.class);
    return true;
  }

  private void verification() {
    var authorities = notEmpty("caCert");
    if (authorities != null) {
      checked("caCert", () -> {
        Pem.certificates(authorities);
        properties.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
        properties.put(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG, new Password(authorities));
      });
    }
    if (metadata.truthy("skipVerify", false)) {
      properties
          .keySet()
          .removeAll(List.of(
              SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG,
              SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG));
      properties.put(SslConfigs.SSL_ENGINE_FACTORY_CLASS_CONFIG, UnverifiedTls.class);
    }
  }

  private void checked(String key, Runnable reading) {
    try {
      reading.run();
    } catch (IllegalArgumentException e) {
      metadata.problem("\"%s\" %s".formatted(key, e.getMessage()));
    }
  }

  private @Nullable String notEmpty(String key) {
    return metadata.text(key).filter(text -> !text.isEmpty()).orElse(null);
  }
}
