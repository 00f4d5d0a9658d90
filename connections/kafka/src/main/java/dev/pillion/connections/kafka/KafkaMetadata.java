// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;

/** Dapr's settings of Kafka components, by Dapr's names, units and defaults. */
final class KafkaMetadata {
  private static final Duration REFRESH = Duration.ofMinutes(8);
  private static final Duration NETWORK = Duration.ofSeconds(30);
  private static final int MEBIBYTE = 1024 * 1024;
  /** Kafka's own, unless a request may take longer. */
  private static final int DELIVERY = 120_000;

  private static final int CALL = 60_000;

  private final ComponentMetadata metadata;
  private final Map<String, Object> properties = new LinkedHashMap<>();

  KafkaMetadata(ComponentMetadata metadata) {
    this.metadata = metadata;
  }

  /** What holds when nothing is said; read from no settings at all, so that it is said once. */
  static Map<String, Object> defaults() {
    var none = new KafkaMetadata(ComponentMetadata.of(Map.of()));
    none.network();
    none.consumer();
    none.producer();
    return none.properties;
  }

  KafkaSettings settings() {
    brokers();
    metadata
        .text("clientID")
        .filter(id -> !id.isEmpty())
        .ifPresent(id -> properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, id));
    properties.putAll(new KafkaSecurity(metadata).properties());
    network();
    consumer();
    producer();
    withoutEffect();
    var group = metadata.text("consumerGroup").filter(name -> !name.isEmpty());
    var id = metadata.text("consumerID").filter(name -> !name.isEmpty());
    return new KafkaSettings(properties, group.or(() -> id).orElse(null));
  }

  private void brokers() {
    var written = metadata.required("brokers");
    var all = Arrays.stream(written.split(",", -1)).map(String::strip).toList();
    for (String broker : written.isEmpty() ? List.<String>of() : all) {
      if (!isAddress(broker)) {
        metadata.problem(
            metadata.isSecret("brokers")
                ? "\"brokers\" must be host:port, or several with commas, and what it refers to is not"
                : "\"brokers\" has \"%s\" but must be host:port, or several with commas"
                    .formatted(broker));
      }
    }
    properties.put(
        CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
        all.stream().filter(KafkaMetadata::isAddress).collect(Collectors.joining(",")));
  }

  private static boolean isAddress(String text) {
    int colon = text.lastIndexOf(':');
    var port = text.substring(colon + 1);
    return colon > 0
        && port.matches("\\d{1,5}")
        && Integer.parseInt(port) > 0
        && Integer.parseInt(port) < 65_536
        && text.substring(0, colon).matches("\\[[0-9A-Fa-f:.%]+]|[^\\s:/\\[\\]]+");
  }

  private void network() {
    int dial = positive("dialTimeout", NETWORK);
    properties.put(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, (long) dial);
    properties.put(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG, (long) dial);
    int request = positive("readTimeout", NETWORK);
    properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, request);
    int refresh = positive("clientConnectionTopicMetadataRefreshInterval", REFRESH);
    properties.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, (long) refresh);
    int call = positive("metadataTimeout", Duration.ofMillis(CALL));
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (long) call);
    // Kafka's clients refuse to be built when a request may take longer than what it belongs to.
    properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.max(call, request));
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Math.max(DELIVERY, request + CALL));
  }

  private void consumer() {
    properties.put(
        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
        metadata.oneOf("initialOffset", "newest", "newest", "oldest").equals("oldest")
            ? "earliest"
            : "latest");
    int heartbeat = positive("heartbeatInterval", Duration.ofSeconds(3));
    int session = positive("sessionTimeout", Duration.ofSeconds(10));
    if (heartbeat >= session) {
      metadata.problem("\"heartbeatInterval\" must be below \"sessionTimeout\"");
      heartbeat = Math.max(1, session / 3);
    }
    properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, heartbeat);
    properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, session);
    properties.put(
        ConsumerConfig.FETCH_MIN_BYTES_CONFIG,
        metadata.integer("consumerFetchMin", 1, 1, Integer.MAX_VALUE));
    properties.put(
        ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
        metadata.integer("consumerFetchDefault", MEBIBYTE, 1, Integer.MAX_VALUE));
    var strategy =
        metadata.oneOf("consumerGroupRebalanceStrategy", "range", "range", "sticky", "roundrobin");
    var assignor =
        switch (strategy) {
          case "sticky" -> StickyAssignor.class;
          case "roundrobin" -> RoundRobinAssignor.class;
          default -> RangeAssignor.class;
        };
    // The first is what a daprd in the same group has; the second lets a group leave it behind.
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        List.of(assignor, CooperativeStickyAssignor.class));
  }

  private void producer() {
    var acks = metadata.oneOf("producerRequiredAcks", "all", "all", "local", "none");
    int retries = metadata.integer("producerRetryMax", 5, 0, Integer.MAX_VALUE);
    properties.put(
        ProducerConfig.ACKS_CONFIG,
        switch (acks) {
          case "local" -> "1";
          case "none" -> "0";
          default -> "all";
        });
    properties.put(ProducerConfig.RETRIES_CONFIG, retries);
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, acks.equals("all") && retries > 0);
    properties.put(
        ProducerConfig.COMPRESSION_TYPE_CONFIG,
        metadata.oneOf("compression", "none", "none", "gzip", "snappy", "lz4", "zstd"));
    int size = metadata.integer("maxMessageBytes", 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, size > 0 ? size : MEBIBYTE);
  }

  private void withoutEffect() {
    metadata
        .text("version")
        .filter(version -> !version.isEmpty() && !version.matches("v?\\d+\\.\\d+\\.\\d+(\\.\\d+)?"))
        .ifPresent(
            version -> metadata.problem("\"version\" must be a version of Kafka's such as 2.0.0"));
    metadata.integer("channelBufferSize", 256, 0, Integer.MAX_VALUE);
    metadata.duration("clientConnectionKeepAliveInterval", Duration.ZERO);
    metadata.duration("writeTimeout", NETWORK);
  }

  /** Milliseconds, at most twelve days; zero and less is the default, as in Dapr's client. */
  private int positive(String key, Duration fallback) {
    var written = metadata.duration(key, fallback);
    var used = written.isZero() || written.isNegative() ? fallback : written;
    return (int) Math.min(Math.max(used.toMillis(), 1), Integer.MAX_VALUE / 2);
  }
}
