// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.testservers.KafkaOptions;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.TestCertificate;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That a broker lets in whom the settings say, and nobody else. */
class KafkaConnectionIT {
  private static final TestCertificate CERTIFICATE = TestCertificate.create();
  private static KafkaServer users;
  private static KafkaServer certificates;

  @BeforeAll
  static void start() {
    users = KafkaServer.start(new KafkaOptions().user("alice", "s3cret").tls(CERTIFICATE));
    certificates =
        KafkaServer.start(new KafkaOptions().tls(CERTIFICATE).requireClientCertificate());
  }

  @AfterAll
  static void stop() {
    users.close();
    certificates.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PLAIN", "SHA-256", "SHA-512"})
  void aUserWithThePasswordIsLetIn(String mechanism) throws Exception {
    roundTrip(read(users, password("s3cret", mechanism)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PLAIN", "SHA-512"})
  void aWrongPasswordIsRefused(String mechanism) {
    assertThatThrownBy(() -> describe(read(users, password("wrong", mechanism))))
        .hasCauseInstanceOf(AuthenticationException.class)
        .hasMessageNotContaining("wrong\"");
  }

  @Test
  void aBrokerThatNobodyVouchesForIsRefusedUnlessSaidOtherwise() throws Exception {
    var values = new HashMap<>(password("s3cret", "PLAIN"));
    values.remove("caCert");
    assertThatThrownBy(() -> describe(read(users, values)))
        .isInstanceOf(ExecutionException.class)
        .hasStackTraceContaining("SslAuthenticationException");
    values.put("skipVerify", "true");
    roundTrip(read(users, values));
  }

  @Test
  void aClientIsKnownByItsCertificate() throws Exception {
    var pem = Keys.text(CERTIFICATE.certificateFile());
    var key = Keys.text(CERTIFICATE.keyFile());
    roundTrip(read(
        certificates,
        Map.of("authType", "mtls", "caCert", pem, "clientCert", pem, "clientKey", key)));
    roundTrip(read(
        certificates,
        Map.of("authType", "mtls", "skipVerify", "true", "clientCert", pem, "clientKey", key)));
    assertThatThrownBy(
            () -> describe(read(certificates, Map.of("authType", "certificate", "caCert", pem))))
        .isInstanceOf(ExecutionException.class)
        .hasStackTraceContaining("Ssl");
  }

  @Test
  void aClientWithATokenOfTheProviderIsLetIn() throws Exception {
    try (var provider = new Provider(
        Optional.of(CERTIFICATE.sslContext()),
        request -> new Provider.Reply(
            200, "{\"access_token\":\"" + unsigned() + "\",\"expires_in\":3600}"))) {
      roundTrip(read(users, oidc(provider)));
      assertThat(provider.requests)
          .isNotEmpty()
          .allMatch(request -> request.form().get("grant_type").equals("client_credentials"));
    }
  }

  @Test
  void withoutATokenNoClientIsBuilt() throws Exception {
    try (var provider = new Provider(
        Optional.of(CERTIFICATE.sslContext()),
        request -> new Provider.Reply(401, "{\"error\":\"invalid_client\"}"))) {
      var settings = read(users, oidc(provider));
      assertThatThrownBy(() -> Admin.create(settings.admin()))
          .isInstanceOf(KafkaException.class)
          .hasStackTraceContaining("status 401, invalid_client")
          .satisfies(e -> assertThat(e).hasStackTraceContaining("identity provider"));
    }
  }

  private static Map<String, String> oidc(Provider provider) {
    return Map.of(
        "authType", "oidc",
        "caCert", Keys.text(CERTIFICATE.certificateFile()),
        "oidcTokenEndpoint", provider.url(),
        "oidcClientID", "orders",
        "oidcClientSecret", "s3cret");
  }

  /** What Kafka's validator for development takes: a JWT of which nobody checks a signature. */
  private static String unsigned() {
    long now = System.currentTimeMillis() / 1000;
    return base64("{\"alg\":\"none\"}") + "."
        + base64("{\"sub\":\"orders\",\"iat\":" + now + ",\"exp\":" + (now + 3600) + "}") + ".";
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static Map<String, String> password(String password, String mechanism) {
    return Map.of(
        "authType",
        "password",
        "caCert",
        Keys.text(CERTIFICATE.certificateFile()),
        "saslUsername",
        "alice",
        "saslPassword",
        password,
        "saslMechanism",
        mechanism);
  }

  private static KafkaSettings read(KafkaServer kafka, Map<String, String> values) {
    var all = new HashMap<>(values);
    all.put("brokers", kafka.bootstrap());
    all.put("initialOffset", "oldest");
    all.put("consumerGroup", UUID.randomUUID().toString());
    var metadata = ComponentMetadata.of(all);
    var settings = KafkaSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return settings;
  }

  private static void describe(KafkaSettings settings) throws Exception {
    try (var admin = Admin.create(settings.admin())) {
      admin.describeCluster().nodes().get(20, TimeUnit.SECONDS);
    }
  }

  private static void roundTrip(KafkaSettings settings) throws Exception {
    var topic = UUID.randomUUID().toString();
    describe(settings);
    try (var producer =
        new KafkaProducer<>(settings.producer(), new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, "a")).get(20, TimeUnit.SECONDS);
    }
    try (var consumer = new KafkaConsumer<>(
        settings.consumer(), new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      ConsumerRecords<String, String> found = ConsumerRecords.empty();
      for (int attempt = 0; found.isEmpty() && attempt < 20; attempt++) {
        found = consumer.poll(Duration.ofSeconds(1));
      }
      assertThat(found).extracting(record -> record.value()).containsExactly("a");
    }
  }
}
