// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaServerIT {
  private static final Map<String, Object> IMPATIENT =
      Map.of("max.block.ms", 500, "request.timeout.ms", 500, "delivery.timeout.ms", 600);

  @Test
  void startsAndHoldsATopicOfSeveralPartitions() throws Exception {
    try (KafkaServer kafka = KafkaServer.start()) {
      assertThat(kafka.bootstrap()).matches("127\\.0\\.0\\.1:\\d+");
      assertThat(kafka.certificate()).isEmpty();
      kafka.createTopic("orders", 3);
      send(kafka, Map.of(), "orders", 2, "a");
      assertThat(read(kafka, "orders", 2)).containsExactly("a");
      assertThat(read(kafka, "orders", 0)).isEmpty();
      assertThatThrownBy(() -> kafka.createTopic("orders", 3))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("already exists");
    }
  }

  @Test
  void keepsPortAndDataOverAnOrderlyRestartAndACrash() throws Exception {
    try (KafkaServer kafka = KafkaServer.start()) {
      String bootstrap = kafka.bootstrap();
      kafka.createTopic("orders", 1);
      send(kafka, Map.of(), "orders", 0, "a");
      kafka.restart();
      send(kafka, Map.of(), "orders", 0, "b");
      kafka.kill();
      assertThatThrownBy(() -> kafka.createTopic("other", 1)).hasMessageContaining(bootstrap);
      kafka.restart();
      assertThat(kafka.bootstrap()).isEqualTo(bootstrap);
      assertThat(read(kafka, "orders", 0)).containsExactly("a", "b");
    }
  }

  @Test
  void answersNothingWhilePausedAndLater() throws Exception {
    try (KafkaServer kafka = KafkaServer.start()) {
      kafka.createTopic("orders", 1);
      kafka.pause();
      assertThatThrownBy(() -> send(kafka, IMPATIENT, "orders", 0, "a"))
          .rootCause()
          .isInstanceOf(TimeoutException.class);
      kafka.resume();
      send(kafka, Map.of(), "orders", 0, "b");
      assertThat(read(kafka, "orders", 0)).containsExactly("b");
      kafka.pause();
      kafka.restart();
      assertThat(read(kafka, "orders", 0)).containsExactly("b");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
  void asksForAUser(String mechanism) throws Exception {
    try (KafkaServer kafka = KafkaServer.start(new KafkaOptions().user("alice", "s3cret"))) {
      assertThatThrownBy(() -> send(kafka, Map.of("max.block.ms", 1000), "orders", 0, "a"))
          .isInstanceOf(ExecutionException.class);
      assertThatThrownBy(() -> send(kafka, as("alice", "wrong", mechanism), "orders", 0, "a"))
          .hasStackTraceContaining("SaslAuthenticationException");
      send(kafka, as("alice", "s3cret", mechanism), "orders", 0, "a");
    }
  }

  @Test
  void speaksTlsToWhomShowsItsCertificate() throws Exception {
    TestCertificate certificate = TestCertificate.create();
    KafkaOptions options = new KafkaOptions().tls(certificate).requireClientCertificate();
    try (KafkaServer kafka = KafkaServer.start(options)) {
      Map<String, Object> trusting = new HashMap<>(Map.of(
          "security.protocol", "SSL",
          "ssl.truststore.type", "PEM",
          "ssl.truststore.certificates", Files.readString(certificate.certificateFile())));
      assertThatThrownBy(() -> send(kafka, trusting, "orders", 0, "a"))
          .isInstanceOf(ExecutionException.class)
          .hasStackTraceContaining("Ssl");
      trusting.put("ssl.keystore.type", "PEM");
      trusting.put(
          "ssl.keystore.certificate.chain", Files.readString(certificate.certificateFile()));
      trusting.put("ssl.keystore.key", Files.readString(certificate.keyFile()));
      send(kafka, trusting, "orders", 0, "a");
    }
  }

  @Test
  void isReachedThroughAProxyThatItAdvertises() throws Exception {
    int port = Ports.free();
    try (FaultProxy proxy = FaultProxy.to(Ports.HOST, port);
        KafkaServer kafka =
            KafkaServer.start(new KafkaOptions().port(port).advertisedPort(proxy.port()))) {
      assertThat(kafka.bootstrap()).endsWith(":" + proxy.port());
      kafka.createTopic("orders", 1);
      send(kafka, Map.of(), "orders", 0, "a");
      proxy.cut();
      assertThatThrownBy(() -> send(kafka, IMPATIENT, "orders", 0, "b"))
          .rootCause()
          .isInstanceOf(TimeoutException.class);
      proxy.heal();
      assertThat(read(kafka, "orders", 0)).containsExactly("a");
    }
  }

  @Test
  void saysWhatItPrintedWhenItDoesNotStart() {
    assertThatThrownBy(
            () -> KafkaServer.start(new KafkaOptions().setting("num.io.threads", "many")))
        .hasMessageContaining("num.io.threads");
  }

  @Test
  void refusesOptionsThatWouldBreakItsConfiguration() {
    KafkaOptions options = new KafkaOptions().user("alice", "s3cret");
    assertThatThrownBy(() -> options.port(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.user("a b", "c")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.user("alice", "other"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void usesButNeverSteersAServerOfTheEnvironment() {
    try (KafkaServer kafka = KafkaServer.start()) {
      KafkaServer named = KafkaServer.at(kafka.bootstrap(), "TEST_KAFKA_BROKERS");
      named.createTopic("orders", 2);
      assertThatThrownBy(named::stop)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("TEST_KAFKA_BROKERS");
      named.close();
      assertThatThrownBy(() -> kafka.createTopic("orders", 2)).hasMessageContaining("exists");
      assertThatThrownBy(() -> KafkaServer.at("nothing", "TEST_KAFKA_BROKERS"))
          .hasMessageContaining("host:port");
    }
  }

  @Test
  void bringsNoJarOfTheBrokerOntoTheClassPath() {
    assertThat(System.getProperty("java.class.path"))
        .doesNotContain("kafka_2.13", "scala", "kafka-server", "slf4j-simple");
  }

  private static Map<String, Object> as(String user, String password, String mechanism) {
    String module = mechanism.equals("PLAIN") ? "plain.Plain" : "scram.Scram";
    return Map.of(
        "security.protocol",
        "SASL_PLAINTEXT",
        "sasl.mechanism",
        mechanism,
        "sasl.jaas.config",
        "org.apache.kafka.common.security." + module + "LoginModule required username=\"" + user
            + "\" password=\"" + password + "\";");
  }

  private static void send(
      KafkaServer kafka, Map<String, Object> settings, String topic, int partition, String value)
      throws Exception {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("bootstrap.servers", kafka.bootstrap());
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(all, new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, partition, null, value)).get(20, TimeUnit.SECONDS);
    }
  }

  private static List<String> read(KafkaServer kafka, String topic, int number) {
    TopicPartition partition = new TopicPartition(topic, number);
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", kafka.bootstrap()),
        new StringDeserializer(),
        new StringDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      List<String> values = new ArrayList<>();
      Await.until(Duration.ofSeconds(20), () -> "read only " + values, () -> {
        consumer.poll(Duration.ofMillis(50)).forEach(found -> values.add(found.value()));
        return consumer.position(partition) >= end;
      });
      return values;
    }
  }
}
