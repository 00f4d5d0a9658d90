// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import dev.pillion.component.ComponentMetadata;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.jspecify.annotations.Nullable;

/**
 * How to reach Kafka, as properties of its own clients. Immutable, and never prints a secret: those
 * are Kafka's {@code Password}.
 *
 * <p>Made from Dapr's settings by {@link #read}, or in code by {@link #at} or {@link #of}. Dapr's
 * settings reach a fixed list of properties; classes, files and login modules, which Kafka's
 * clients take by property too, are for code alone.
 */
public final class KafkaSettings {
  private final Map<String, Object> properties;
  private final @Nullable String consumerGroup;

  KafkaSettings(Map<String, Object> properties, @Nullable String consumerGroup) {
    this.properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
    this.consumerGroup = consumerGroup;
  }

  /**
   * Reads the settings of Dapr's that its Kafka components share. What is wrong with them is
   * collected in {@code metadata}; defaults stand in for it. What concerns handlers and headers
   * ({@code consumeRetryEnabled}, {@code backOff…}, {@code escapeHeaders} and the like) and schemas
   * is the component's to read.
   *
   * <p>Accepted without effect: {@code version} (Kafka's client asks the broker),
   * {@code channelBufferSize}, {@code clientConnectionKeepAliveInterval} (the system's keep-alive
   * is always on), {@code writeTimeout} ({@code readTimeout} covers sending and answer).
   */
  public static KafkaSettings read(ComponentMetadata metadata) {
    return new KafkaMetadata(metadata).settings();
  }

  /** Brokers that ask nobody for anything, as {@code host:port} with commas between. */
  public static KafkaSettings at(String brokers) {
    return of(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers));
  }

  /**
   * Properties of Kafka's own clients, under Kafka's names; one map for all of them, each takes
   * what it knows. They go before what this library chooses by itself.
   *
   * @throws IllegalArgumentException without {@code bootstrap.servers}, or when automatic commits
   *     are switched on: an offset is committed when its message is handled
   */
  public static KafkaSettings of(Map<String, ?> properties) {
    if (!properties.containsKey(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
      throw new IllegalArgumentException("\"bootstrap.servers\" is missing");
    }
    var automatic = properties.get(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG);
    if (automatic != null && !automatic.toString().equals("false")) {
      throw new IllegalArgumentException("\"enable.auto.commit\" can only be false");
    }
    var group = properties.get(ConsumerConfig.GROUP_ID_CONFIG);
    var all = new LinkedHashMap<String, Object>(KafkaMetadata.defaults());
    if ("consumer"
        .equalsIgnoreCase(String.valueOf(properties.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG)))) {
      // Brokers say these then, and Kafka's client refuses to be told.
      all.keySet()
          .removeAll(List.of(
              ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
              ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
              ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG));
    }
    all.putAll(properties);
    return new KafkaSettings(all, group == null ? null : group.toString());
  }

  /** For an {@code Admin}; a copy. */
  public Map<String, Object> admin() {
    return knownTo(AdminClientConfig.configNames());
  }

  /** For a {@code KafkaProducer}, which is given its serializers as objects; a copy. */
  public Map<String, Object> producer() {
    return knownTo(ProducerConfig.configNames());
  }

  /**
   * For a {@code KafkaConsumer}, which is given its deserializers as objects; a copy. Automatic
   * commits are off.
   */
  public Map<String, Object> consumer() {
    var known = knownTo(ConsumerConfig.configNames());
    known.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    if (consumerGroup != null) {
      known.put(ConsumerConfig.GROUP_ID_CONFIG, consumerGroup);
    }
    return known;
  }

  /** The group that consumers join; empty when no setting names one. */
  public Optional<String> consumerGroup() {
    return Optional.ofNullable(consumerGroup);
  }

  /** The brokers to begin with, and nothing else. */
  @Override
  public String toString() {
    return String.valueOf(properties.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG));
  }

  /** What one client knows, and what none knows: that is for a class which code has named. */
  private Map<String, Object> knownTo(Set<String> client) {
    var known = new HashMap<>(properties);
    known
        .keySet()
        .removeIf(name -> !client.contains(name)
            && (AdminClientConfig.configNames().contains(name)
                || ProducerConfig.configNames().contains(name)
                || ConsumerConfig.configNames().contains(name)));
    return known;
  }
}
