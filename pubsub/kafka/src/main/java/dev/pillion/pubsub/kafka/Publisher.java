// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.BuildingBlockException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The producer and what becomes a record of it. Publishes of many threads meet in batches by
 * themselves: while one is on its way, the next one fills. Thread-safe.
 */
final class Publisher implements AutoCloseable {
  private static final Duration CLOSE = Duration.ofSeconds(5);

  /**
   * The producer waits on the caller's thread for a topic's metadata and for room, and knows no
   * deadline; so it waits in steps, between which the deadline is looked at.
   */
  private static final long STEP_MILLIS = 200;

  private static final byte[] TOMBSTONE = {'n', 'u', 'l', 'l'};

  private final KafkaProducer<byte[], byte[]> producer;
  private final HeaderRules headers;
  private final TimeSource time;
  private final Duration longestBlock;

  Publisher(KafkaSettings settings, HeaderRules headers, TimeSource time) {
    var properties = settings.producer();
    this.longestBlock = Duration.ofMillis(Long.parseLong(
        String.valueOf(properties.getOrDefault(ProducerConfig.MAX_BLOCK_MS_CONFIG, 60_000))));
    properties.put(
        ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(STEP_MILLIS, longestBlock.toMillis()));
    // A caller waits for its event: to let it wait for others only makes it late.
    properties.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    this.headers = headers;
    this.time = time;
  }

  void publish(OutgoingMessage message, Deadline deadline) {
    requireNoSchema(message);
    await(message.topic(), begin(message, deadline, blockLimit()), deadline);
  }

  /** Sends all of them, then waits; a wrong one keeps all from being sent. */
  Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    messages.forEach(Publisher::requireNoSchema);
    var limit = blockLimit();
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    requirePartitions(messages, deadline, limit);
    var sent = new ArrayList<Future<RecordMetadata>>(messages.size());
    for (var message : messages) {
      sent.add(begin(message, deadline, limit));
    }
    for (int i = 0; i < sent.size(); i++) {
      try {
        await(messages.get(i).topic(), sent.get(i), deadline);
      } catch (BuildingBlockException e) {
        failures.put(i, e);
      }
    }
    return failures;
  }

  private Deadline blockLimit() {
    return Deadline.after(longestBlock, time);
  }

  private void requirePartitions(
      List<OutgoingMessage> messages, Deadline deadline, Deadline limit) {
    for (var message : messages) {
      if (message.metadata("partitionNumber") == null) {
        continue;
      }
      try {
        blocking(() -> partition(message, null) != null, deadline, limit);
      } catch (KafkaException e) {
        // Sending it says so again, for this event alone.
        return;
      }
    }
  }

  /** What fails before the producer has taken the record is a failed future too. */
  private Future<RecordMetadata> begin(OutgoingMessage message, Deadline deadline, Deadline limit) {
    if (deadline.hasPassed() || limit.hasPassed()) {
      return CompletableFuture.failedFuture(KafkaFailures.tooLate(what(message.topic())));
    }
    try {
      return blocking(() -> send(message), deadline, limit);
    } catch (InterruptException e) {
      throw KafkaFailures.interrupted(what(message.topic()), e);
    } catch (KafkaException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private Future<RecordMetadata> send(OutgoingMessage message) {
    var metadata = message.metadata();
    var key = key(message);
    var sent = producer.send(new ProducerRecord<>(
        message.topic(),
        partition(message, key),
        key,
        java.util.Arrays.equals(message.data(), TOMBSTONE) ? null : message.data(),
        headers.headers(metadata)));
    if (sent.isDone()) {
      // Only what was never taken ends this soon with a timeout: it may be tried again.
      try {
        sent.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof TimeoutException timeout) {
          throw timeout;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return sent;
  }

  private static byte @Nullable [] key(OutgoingMessage message) {
    var key = message.metadata("partitionKey");
    if (key == null) {
      key = message.metadata("__key");
    }
    return key == null ? null : key.getBytes(StandardCharsets.UTF_8);
  }

  /** Null lets the producer spread what has no key. */
  private @Nullable Integer partition(OutgoingMessage message, byte @Nullable [] key) {
    var written = message.metadata("partitionNumber");
    if (written == null && key == null) {
      return null;
    }
    int partitions = producer.partitionsFor(message.topic()).size();
    if (written == null) {
      return KeyHash.partition(key == null ? new byte[0] : key, partitions);
    }
    int number;
    try {
      number = Integer.parseInt(written);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "partition number \"%s\" is no whole number".formatted(written), e);
    }
    if (number < 0 || number >= partitions) {
      throw new IllegalArgumentException(
          "partition number %d is out of range, topic has %d partitions"
              .formatted(number, partitions));
    }
    return number;
  }

  private interface Step<T> {
    T run();
  }

  /** Repeats what ends with the producer's own short wait. */
  private static <T> T blocking(Step<T> step, Deadline deadline, Deadline limit) {
    while (true) {
      try {
        return step.run();
      } catch (TimeoutException e) {
        if (deadline.hasPassed() || limit.hasPassed()) {
          throw e;
        }
      }
    }
  }

  private static void await(String topic, Future<RecordMetadata> sent, Deadline deadline) {
    try {
      if (deadline.isSet()) {
        sent.get(Math.max(0, deadline.remainingNanos()), TimeUnit.NANOSECONDS);
      } else {
        sent.get();
      }
    } catch (ExecutionException e) {
      throw KafkaFailures.of(what(topic), e.getCause() == null ? e : e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw KafkaFailures.timeout(what(topic), e);
    } catch (InterruptedException e) {
      throw KafkaFailures.interrupted(what(topic), e);
    }
  }

  private static String what(String topic) {
    return "publishing to \"" + topic + "\"";
  }

  private static void requireNoSchema(OutgoingMessage message) {
    if (message.metadata() != null) {
      message.metadata().forEach(Publisher::requireNoSchema);
    }
  }

  /** The name counts in any case, as in Dapr. */
  static void requireNoSchema(String name, String value) {
    if (name.equalsIgnoreCase("valueSchemaType")
        && !value.isEmpty()
        && !value.toLowerCase(Locale.ROOT).equals("none")) {
      throw new IllegalArgumentException(
          "\"valueSchemaType\" is \"%s\", but this pubsub has no schema registry; publish bytes that the program has serialized, with rawPayload, or use none"
              .formatted(value));
    }
  }

  @Override
  public void close() {
    producer.close(CLOSE);
  }
}
