// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaSettingsTest {
  @Test
  void theDefaultsAreDaprs() {
    var settings = read();
    assertThat(settings).hasToString("localhost:9092");
    assertThat(settings.consumerGroup()).isEmpty();
    assertThat(settings.admin())
        .containsExactlyInAnyOrderEntriesOf(new HashMap<>(Map.of(
            "bootstrap.servers",
            "localhost:9092",
            "security.protocol",
            "PLAINTEXT",
            "socket.connection.setup.timeout.ms",
            30_000L,
            "socket.connection.setup.timeout.max.ms",
            30_000L,
            "request.timeout.ms",
            30_000,
            "default.api.timeout.ms",
            60_000,
            "metadata.max.age.ms",
            480_000L,
            "retries",
            5)));
    assertThat(settings.producer())
        .containsEntry("acks", "all")
        .containsEntry("retries", 5)
        .containsEntry("enable.idempotence", true)
        .containsEntry("compression.type", "none")
        .containsEntry("max.request.size", 1_048_576)
        .containsEntry("delivery.timeout.ms", 120_000)
        .containsEntry("max.block.ms", 60_000L)
        .doesNotContainKeys("client.id", "group.id", "session.timeout.ms");
    assertThat(settings.consumer())
        .containsEntry("auto.offset.reset", "latest")
        .containsEntry("enable.auto.commit", false)
        .containsEntry("heartbeat.interval.ms", 3_000)
        .containsEntry("session.timeout.ms", 10_000)
        .containsEntry("fetch.min.bytes", 1)
        .containsEntry("max.partition.fetch.bytes", 1_048_576)
        .containsEntry(
            "partition.assignment.strategy",
            List.of(RangeAssignor.class, CooperativeStickyAssignor.class))
        .doesNotContainKeys("client.id", "group.id", "acks", "retries");
  }

  @ParameterizedTest
  @CsvSource({
    "clientID, orders, client.id, orders",
    "dialTimeout, 5, socket.connection.setup.timeout.ms, 5000",
    "dialTimeout, 5s, socket.connection.setup.timeout.max.ms, 5000",
    "dialTimeout, 0, socket.connection.setup.timeout.ms, 30000",
    "readTimeout, 1m30s, request.timeout.ms, 90000",
    "readTimeout, 1m30s, default.api.timeout.ms, 90000",
    "metadataTimeout, 20, default.api.timeout.ms, 30000",
    "metadataTimeout, 2m, default.api.timeout.ms, 120000",
    "clientConnectionTopicMetadataRefreshInterval, 3m, metadata.max.age.ms, 180000",
    "clientConnectionTopicMetadataRefreshInterval, -1s, metadata.max.age.ms, 480000",
  })
  void everyClientHasTheSettingsOfTheNetwork(
      String key, String value, String property, String expected) {
    var settings = read(key, value);
    assertThat(settings.consumer().get(property)).hasToString(expected);
    assertThat(settings.admin().get(property)).hasToString(expected);
    if (!property.equals("default.api.timeout.ms")) {
      assertThat(settings.producer().get(property)).hasToString(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "maxMessageBytes, 2048, max.request.size, 2048",
    "maxMessageBytes, 0, max.request.size, 1048576",
    "maxMessageBytes, -1, max.request.size, 1048576",
    "compression, gzip, compression.type, gzip",
    "compression, Snappy, compression.type, snappy",
    "compression, lz4, compression.type, lz4",
    "compression, zstd, compression.type, zstd",
    "producerRequiredAcks, local, acks, 1",
    "producerRequiredAcks, local, enable.idempotence, false",
    "producerRequiredAcks, none, acks, 0",
    "producerRequiredAcks, none, enable.idempotence, false",
    "producerRequiredAcks, all, acks, all",
    "producerRetryMax, 7, retries, 7",
    "producerRetryMax, 0, enable.idempotence, false",
    "readTimeout, 3m, delivery.timeout.ms, 240000",
    "metadataTimeout, 20, max.block.ms, 20000",
  })
  void aProducerHasItsOwn(String key, String value, String property, String expected) {
    assertThat(read(key, value).producer().get(property)).hasToString(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "initialOffset, oldest, auto.offset.reset, earliest",
    "initialOffset, Newest, auto.offset.reset, latest",
    "heartbeatInterval, 1, heartbeat.interval.ms, 1000",
    "heartbeatInterval, 500ms, heartbeat.interval.ms, 500",
    "sessionTimeout, 45s, session.timeout.ms, 45000",
    "consumerFetchMin, 10, fetch.min.bytes, 10",
    "consumerFetchDefault, 2097152, max.partition.fetch.bytes, 2097152",
    "consumerGroup, orders, group.id, orders",
    "consumerID, orders, group.id, orders",
  })
  void aConsumerHasItsOwn(String key, String value, String property, String expected) {
    assertThat(read(key, value).consumer().get(property)).hasToString(expected);
  }

  @Test
  void theConsumerGroupGoesBeforeTheConsumersId() {
    assertThat(read("consumerID", "a", "consumerGroup", "b").consumerGroup()).hasValue("b");
    assertThat(read("consumerID", "a", "consumerGroup", "").consumerGroup()).hasValue("a");
  }

  @Test
  void theRebalanceStrategyComesFirstAndCooperativeStickyAfterIt() {
    assertThat(strategy("range"))
        .containsExactly(RangeAssignor.class, CooperativeStickyAssignor.class);
    assertThat(strategy("Sticky"))
        .containsExactly(StickyAssignor.class, CooperativeStickyAssignor.class);
    assertThat(strategy("roundrobin"))
        .containsExactly(RoundRobinAssignor.class, CooperativeStickyAssignor.class);
  }

  private static List<Object> strategy(String name) {
    return new ArrayList<>((Collection<?>) read("consumerGroupRebalanceStrategy", name)
        .consumer()
        .get("partition.assignment.strategy"));
  }

  @ParameterizedTest
  @CsvSource({
    "'a:9092,b:9093', 'a:9092,b:9093'",
    "' a:9092 , [::1]:9093 ', 'a:9092,[::1]:9093'",
  })
  void severalBrokersStandBetweenCommas(String written, String used) {
    assertThat(read("brokers", written)).hasToString(used);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "a:0", "a:70000", "a:x", ":9092", "a:9092,", "PLAIN://a:1"})
  void aBrokerThatIsNoAddressIsAProblem(String brokers) {
    assertThat(problems("brokers", brokers))
        .singleElement()
        .asString()
        .contains("must be host:port");
  }

  @Test
  void brokersAreRequired() {
    assertThat(problems("brokers", ""))
        .singleElement()
        .asString()
        .contains("\"brokers\" is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "initialOffset, middle, must be one of newest",
    "compression, brotli, must be one of none",
    "producerRequiredAcks, 2, must be one of all",
    "consumerGroupRebalanceStrategy, best, must be one of range",
    "producerRetryMax, -1, must be from 0",
    "consumerFetchMin, 0, must be from 1",
    "consumerFetchDefault, x, must be a whole number",
    "channelBufferSize, x, must be a whole number",
    "maxMessageBytes, x, must be a whole number",
    "heartbeatInterval, 10, must be below",
    "sessionTimeout, 3s, must be below",
    "sessionTimeout, soon, must be a duration",
    "dialTimeout, soon, must be a duration",
    "readTimeout, soon, must be a duration",
    "writeTimeout, soon, must be a duration",
    "metadataTimeout, soon, must be a duration",
    "clientConnectionTopicMetadataRefreshInterval, soon, must be a duration",
    "clientConnectionKeepAliveInterval, soon, must be a duration",
    "version, new, must be a version",
    "consumerGrup, x, did you mean \"consumerGroup\"",
  })
  void aWrongValueIsAProblem(String key, String value, String problem) {
    assertThat(problems(key, value)).singleElement().asString().contains(problem);
  }

  @ParameterizedTest
  @CsvSource({
    "version, 2.0.0",
    "version, 0.10.2.0",
    "channelBufferSize, 512",
    "clientConnectionKeepAliveInterval, 4m",
    "writeTimeout, 10s",
    "region, eu-west-1",
    "awsAccessKey, a",
    "saslMechanism, SHA-512",
    "oidcKid, a",
    "skipVerify, true",
    "disableTls, true",
  })
  void whatHasNoCounterpartOrNoPlaceChangesNothing(String key, String value) {
    assertThat(read(key, value).producer()).isEqualTo(read().producer());
    assertThat(read(key, value).consumer()).isEqualTo(read().consumer());
  }

  @Test
  void keysAreRecognizedInAnyCase() {
    assertThat(read("CLIENTID", "a", "consumerfetchmin", "7").consumer())
        .containsEntry("client.id", "a")
        .containsEntry("fetch.min.bytes", 7);
  }

  @Test
  void kafkasClientsTakeAllOfIt() {
    var settings = read(
        "consumerGroup", "g",
        "readTimeout", "9999h",
        "producerRetryMax", "0",
        "producerRequiredAcks", "none",
        "metadataTimeout", "1",
        "compression", "zstd",
        "consumerGroupRebalanceStrategy", "sticky");
    open(settings);
    open(read("consumerGroup", "g"));
    open(KafkaSettings.at("localhost:9092"));
  }

  @Test
  void onlyAFixedListOfPropertiesIsReachedFromMetadata() {
    var reached = new HashSet<String>();
    var certificate = Keys.pem("X", new byte[0]);
    for (String type : List.of("none", "password", "mtls", "certificate", "oidc")) {
      var metadata = ComponentMetadata.of(Map.of(
          "brokers", "a:1",
          "authType", type,
          "skipVerify", "true",
          "caCert", certificate,
          "sasl.jaas.config", "com.sun.security.auth.module.JndiLoginModule required;",
          "interceptor.classes", "x"));
      var settings = KafkaSettings.read(metadata);
      assertThat(metadata.problems())
          .anySatisfy(
              problem -> assertThat(problem).contains("\"sasl.jaas.config\" is not a setting"))
          .anySatisfy(problem -> assertThat(problem).contains("\"interceptor.classes\" is not"));
      reached.addAll(settings.producer().keySet());
      reached.addAll(settings.consumer().keySet());
      reached.addAll(settings.admin().keySet());
    }
    assertThat(reached)
        .doesNotContain(
            "interceptor.classes",
            "metric.reporters",
            "security.providers",
            "ssl.keystore.location",
            "ssl.truststore.location",
            "sasl.oauthbearer.token.endpoint.url",
            "sasl.oauthbearer.assertion.private.key.file")
        .isSubsetOf(all());
  }

  private static HashSet<String> all() {
    var all = new HashSet<>(ProducerConfig.configNames());
    all.addAll(ConsumerConfig.configNames());
    all.addAll(AdminClientConfig.configNames());
    return all;
  }

  @Test
  void codeReachesEveryPropertyAndItsOwnGoFirst() {
    var settings = KafkaSettings.of(Map.of(
        "bootstrap.servers", "a:1",
        "linger.ms", 5,
        "acks", "1",
        "enable.idempotence", false,
        "max.poll.records", 10,
        "group.id", "g",
        "sasl.mechanism", "AWS_MSK_IAM",
        "of.a.class.of.mine", "x"));
    assertThat(settings.consumerGroup()).hasValue("g");
    assertThat(settings.producer())
        .containsEntry("linger.ms", 5)
        .containsEntry("acks", "1")
        .containsEntry("sasl.mechanism", "AWS_MSK_IAM")
        .containsEntry("of.a.class.of.mine", "x")
        .doesNotContainKeys("max.poll.records", "group.id");
    assertThat(settings.consumer())
        .containsEntry("max.poll.records", 10)
        .containsEntry("session.timeout.ms", 10_000)
        .doesNotContainKey("linger.ms");
    assertThat(settings.admin()).doesNotContainKeys("linger.ms", "max.poll.records");
    assertThatThrownBy(() -> KafkaSettings.of(Map.of("acks", "all")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bootstrap.servers");
    assertThatThrownBy(() ->
            KafkaSettings.of(Map.of("bootstrap.servers", "a:1", "enable.auto.commit", "true")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("enable.auto.commit");
  }

  private static void open(KafkaSettings settings) {
    Admin.create(settings.admin()).close();
    new KafkaProducer<>(settings.producer(), new ByteArraySerializer(), new ByteArraySerializer())
        .close();
    new KafkaConsumer<>(
            settings.consumer(), new ByteArrayDeserializer(), new ByteArrayDeserializer())
        .close();
  }

  private static KafkaSettings read(String... pairs) {
    var metadata = metadata(pairs);
    var settings = KafkaSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return settings;
  }

  private static List<String> problems(String... pairs) {
    var metadata = metadata(pairs);
    KafkaSettings.read(metadata);
    return metadata.problems();
  }

  private static ComponentMetadata metadata(String... pairs) {
    var values = new HashMap<>(Map.of("brokers", "localhost:9092", "authType", "none"));
    for (int i = 0; i < pairs.length; i += 2) {
      values.put(pairs[i], pairs[i + 1]);
    }
    return ComponentMetadata.of(values);
  }
}
