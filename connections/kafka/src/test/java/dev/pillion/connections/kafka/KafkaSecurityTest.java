// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.testservers.TestCertificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaSecurityTest {
  private static final TestCertificate CERTIFICATE = TestCertificate.create();
  private static final String CHAIN = Keys.text(CERTIFICATE.certificateFile());
  private static final String KEY = Keys.text(CERTIFICATE.keyFile());

  @ParameterizedTest
  @CsvSource({
    ", PLAIN, plain.Plain",
    "'', PLAIN, plain.Plain",
    "PLAIN, PLAIN, plain.Plain",
    "PLAINTEXT, PLAIN, plain.Plain",
    "SHA-256, SCRAM-SHA-256, scram.Scram",
    "SHA-512, SCRAM-SHA-512, scram.Scram",
    "SCRAM-SHA-512, SCRAM-SHA-512, scram.Scram",
  })
  void aPasswordGoesByTheMechanism(String written, String mechanism, String module) {
    var all = new HashMap<>(
        Map.of("authType", "Password", "saslUsername", "alice", "saslPassword", "s3cret"));
    if (written != null) {
      all.put("saslMechanism", written);
    }
    var properties = read(all);
    assertThat(properties)
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry("sasl.mechanism", mechanism);
    assertThat(login(properties)).isEqualTo(Map.of("username", "alice", "password", "s3cret"));
    assertThat(((Password) properties.get("sasl.jaas.config")).value())
        .startsWith("org.apache.kafka.common.security." + module + "LoginModule required ");
  }

  @Test
  void anUnknownMechanismIsAProblemAndNotThePasswordInTheClear() {
    assertThat(problems(Map.of(
            "authType", "password",
            "saslUsername", "a",
            "saslPassword", "b",
            "saslMechanism", "SHA-1024")))
        .singleElement()
        .asString()
        .contains("saslMechanism", "must be one of");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "quote\"; com.sun.security.auth.module.JndiLoginModule required user.provider.url=\"x",
        "back\\slash\\",
        "two\nlines\r",
        "//comment #'single'",
        "ünï ;=",
      })
  void noPasswordLeavesItsQuotes(String password) {
    var properties = read(
        Map.of("authType", "password", "saslUsername", "u" + password, "saslPassword", password));
    assertThat(login(properties))
        .isEqualTo(Map.of("username", "u" + password, "password", password));
  }

  @Test
  void secretsAreNeverPrinted() {
    var password =
        read(Map.of("authType", "password", "saslUsername", "alice", "saslPassword", "s3cret"));
    assertThat(password.toString()).doesNotContain("s3cret").contains("hidden");
    var mutual = read(Map.of("authType", "mtls", "clientCert", CHAIN, "clientKey", KEY));
    assertThat(mutual.toString()).doesNotContain("BEGIN");
    var oidc = read(oidc(Map.of()));
    assertThat(oidc.toString()).doesNotContain("s3cret");
  }

  @ParameterizedTest
  @CsvSource({
    "true, s3cret, SASL_SSL",
    "1, s3cret, SASL_SSL",
    "false, s3cret, PLAINTEXT",
  })
  void theOldAuthRequiredStandsForAType(String required, String password, String protocol) {
    assertThat(read(
            Map.of("authRequired", required, "saslUsername", "alice", "saslPassword", password)))
        .containsEntry("security.protocol", protocol);
  }

  @Test
  void theOldAuthRequiredWithoutAPasswordIsMutualTls() {
    assertThat(read(Map.of("authRequired", "true", "clientCert", CHAIN, "clientKey", KEY)))
        .containsEntry("security.protocol", "SSL")
        .containsKey("ssl.keystore.key");
    assertThat(problems(Map.of("authRequired", "yes")))
        .singleElement()
        .asString()
        .contains("must be true or false");
    assertThat(read(Map.of("authRequired", "true", "authType", "none")))
        .containsEntry("security.protocol", "PLAINTEXT");
  }

  @ParameterizedTest
  @CsvSource({
    "'', \"authType\" is missing",
    "kerberos, must be one of none",
    "awsiam, does not support; use one of none",
    "AWSIAM, KafkaSettings.of",
    "password, \"saslUsername\" is missing",
    "password, \"saslPassword\" is missing",
    "mtls, \"clientCert\" is missing",
    "mtls, \"clientKey\" is missing",
    "certificate, \"caCert\" is missing",
    "oidc, \"oidcTokenEndpoint\" is missing",
    "oidc, \"oidcClientID\" is missing",
    "oidc, \"oidcClientSecret\" is missing",
    "oidc_private_key_jwt, \"oidcTokenEndpoint\" is missing",
    "oidc_private_key_jwt, \"oidcClientID\" is missing",
    "oidc_private_key_jwt, \"oidcClientAssertionKey\" is missing",
  })
  void whatATypeNeedsIsNamed(String type, String problem) {
    assertThat(problems(Map.of("authType", type)))
        .anySatisfy(found -> assertThat(found).contains(problem));
  }

  @ParameterizedTest
  @CsvSource({
    "none, , PLAINTEXT",
    "None, , SSL",
    "none, false, PLAINTEXT",
    "password, true, SASL_PLAINTEXT",
    "password, false, SASL_SSL",
    "certificate, , SSL",
    "certificate, true, PLAINTEXT",
    "mtls, , SSL",
    "oidc, , SASL_SSL",
    "oidc, yes, SASL_PLAINTEXT",
  })
  void tlsIsOnButForNoneAndWhenDisabled(String type, String disabled, String protocol) {
    var all = new HashMap<>(oidc(Map.of()));
    all.putAll(Map.of(
        "saslUsername", "a",
        "saslPassword", "b",
        "caCert", CHAIN,
        "clientCert", CHAIN,
        "clientKey", KEY));
    all.put("authType", type);
    if (disabled != null) {
      all.put("disableTls", disabled);
    }
    var properties = read(all);
    assertThat(properties).containsEntry("security.protocol", protocol);
    assertThat(properties.containsKey("ssl.truststore.certificates"))
        .isEqualTo(protocol.endsWith("SSL"));
  }

  @Test
  void mutualTlsWithoutTlsIsAProblem() {
    assertThat(problems(Map.of(
            "authType", "mtls", "disableTls", "true", "clientCert", CHAIN, "clientKey", KEY)))
        .singleElement()
        .asString()
        .contains("disableTls");
  }

  @Test
  void certificatesAndKeysArePemInKafkasOwnForm() {
    var mutual =
        read(Map.of("authType", "mtls", "caCert", CHAIN, "clientCert", CHAIN, "clientKey", KEY));
    assertThat(mutual)
        .containsEntry("ssl.truststore.type", "PEM")
        .containsEntry("ssl.truststore.certificates", new Password(CHAIN))
        .containsEntry("ssl.keystore.type", "PEM")
        .containsEntry("ssl.keystore.certificate.chain", new Password(CHAIN))
        .doesNotContainKey("ssl.engine.factory.class");
    var pkcs1 = read(Map.of(
        "authType", "mtls", "clientCert", CHAIN, "clientKey", Keys.pkcs1(Keys.RSA.getPrivate())));
    assertThat(Pem.key(((Password) pkcs1.get("ssl.keystore.key")).value()))
        .isEqualTo(Keys.RSA.getPrivate());
  }

  @Test
  void withoutVerificationTlsIsMadeByAClassOfOurs() {
    assertThat(read(Map.of("authType", "certificate", "caCert", CHAIN, "skipVerify", "true")))
        .containsEntry("ssl.engine.factory.class", UnverifiedTls.class)
        .doesNotContainKey("ssl.truststore.certificates");
  }

  @Test
  void whatIsNoCertificateOrKeyIsAProblemThatHoldsNoneOfIt() {
    assertThat(problems(Map.of("authType", "certificate", "caCert", "s3cret")))
        .singleElement()
        .asString()
        .contains("\"caCert\" holds no certificate")
        .doesNotContain("s3cret");
    for (String key : List.of(
        "s3cret",
        Keys.pem("EC PRIVATE KEY", new byte[] {1, 2, 3}),
        Keys.pem("PRIVATE KEY", new byte[] {1, 2, 3}),
        KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"))) {
      assertThat(problems(Map.of("authType", "mtls", "clientCert", CHAIN, "clientKey", key)))
          .singleElement()
          .asString()
          .contains("\"clientKey\"", "key")
          .doesNotContain("s3cret");
    }
    assertThat(problems(Map.of("authType", "mtls", "clientCert", "x", "clientKey", KEY)))
        .singleElement()
        .asString()
        .contains("\"clientCert\" holds no certificate");
  }

  @Test
  void tokensOfAnIdentityProviderComeByALoginOfOurs() {
    var properties = read(oidc(Map.of(
        "oidcScopes", "openid,kafka",
        "oidcExtensions", "{\"logicalCluster\":\"lkc-1\",\"poolId\":\"p 2\"}",
        "caCert", CHAIN,
        "skipVerify", "true")));
    assertThat(properties)
        .containsEntry("sasl.mechanism", "OAUTHBEARER")
        .containsEntry("sasl.login.callback.handler.class", OidcLogin.class);
    assertThat(login(properties))
        .isEqualTo(Map.of(
            "endpoint", "https://login.example/token",
            "client", "orders",
            "secret", "s3cret",
            "scope", "openid kafka",
            "authorities", CHAIN,
            "unverified", "true",
            "extension_logicalCluster", "lkc-1",
            "extension_poolId", "p 2"));
    assertThat(login(read(oidc(Map.of())))).containsEntry("scope", "openid");
  }

  @Test
  void aSignedAssertionTakesTheSecretsPlace() {
    var key = Keys.pkcs1(Keys.RSA.getPrivate());
    var properties = read(oidc(Map.of(
        "authType", "oidc_private_key_jwt",
        "oidcClientAssertionCert", CHAIN,
        "oidcClientAssertionKey", key,
        "oidcKid", "k1",
        "oidcAudience", "a",
        "oidcResource", "r")));
    assertThat(login(properties))
        .isEqualTo(Map.of(
            "endpoint", "https://login.example/token",
            "client", "orders",
            "scope", "openid",
            "key", key,
            "keyId", "k1",
            "audience", "a",
            "resource", "r",
            "unverified", "false"));
  }

  @ParameterizedTest
  @CsvSource({
    "oidcTokenEndpoint, file:///etc/passwd, must be a URL of http or https",
    "oidcTokenEndpoint, login, must be a URL",
    "oidcExtensions, x, must be a JSON object",
    "oidcExtensions, '{\"a\":1}', must be a JSON object",
    "oidcExtensions, '{\"a b\":\"1\"}', names of letters",
    "oidcExtensions, '{\"auth\":\"1\"}', none of them \"auth\"",
    "oidcExtensions, '{\"a\":\"1\"} x', must be a JSON object",
    "caCert, x, holds no certificate",
  })
  void aWrongSettingOfTheProviderIsAProblem(String key, String value, String problem) {
    assertThat(problems(oidc(Map.of(key, value)))).singleElement().asString().contains(problem);
  }

  @Test
  void anAssertionsKeyIsOfRsa() {
    assertThat(problems(oidc(Map.of(
            "authType",
            "oidc_private_key_jwt",
            "oidcClientAssertionKey",
            Keys.pem("PRIVATE KEY", Keys.EC.getPrivate().getEncoded())))))
        .singleElement()
        .asString()
        .contains("must be a key of RSA");
  }

  private static Map<String, String> oidc(Map<String, String> more) {
    var all = new HashMap<>(Map.of(
        "authType", "oidc",
        "oidcTokenEndpoint", "https://login.example/token",
        "oidcClientID", "orders",
        "oidcClientSecret", "s3cret"));
    all.putAll(more);
    return all;
  }

  /** As Kafka's clients read it. */
  private static Map<String, Object> login(Map<String, Object> properties) {
    var entries = JaasContext.loadClientContext(properties).configurationEntries();
    assertThat(entries).hasSize(1);
    return new HashMap<>(entries.get(0).getOptions());
  }

  private static Map<String, Object> read(Map<String, String> values) {
    var metadata = metadata(values);
    var settings = KafkaSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    assertThat(settings.consumer()).containsAllEntriesOf(security(settings.producer()));
    assertThat(settings.admin()).containsAllEntriesOf(security(settings.producer()));
    return settings.producer();
  }

  private static Map<String, Object> security(Map<String, Object> properties) {
    var only = new HashMap<>(properties);
    only.keySet().removeIf(name -> !name.matches("(sasl|ssl|security)\\..*"));
    return only;
  }

  private static List<String> problems(Map<String, String> values) {
    var metadata = metadata(values);
    KafkaSettings.read(metadata);
    return metadata.problems();
  }

  private static ComponentMetadata metadata(Map<String, String> values) {
    var all = new HashMap<>(values);
    all.put("brokers", "localhost:9092");
    return ComponentMetadata.of(all);
  }
}
