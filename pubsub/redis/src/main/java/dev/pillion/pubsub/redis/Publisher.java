// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.BuildingBlockException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.pubsub.spi.OutgoingMessage;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Appends messages to streams. Thread-safe. */
final class Publisher {
  static final byte[] DATA = "data".getBytes(US_ASCII);
  static final byte[] METADATA = "metadata".getBytes(US_ASCII);

  private static final byte[] ANY_ID = {'*'};
  private static final int BATCH = 1_024;

  private final RedisConnection connection;
  private final StreamSettings settings;
  private final TimeSource time;

  Publisher(RedisConnection connection, StreamSettings settings, TimeSource time) {
    this.connection = connection;
    this.settings = settings;
    this.time = time;
  }

  void publish(OutgoingMessage message, Deadline deadline) {
    connection.call(append(message), deadline);
  }

  Map<Integer, BuildingBlockException> publishAll(
      List<OutgoingMessage> messages, Deadline deadline) {
    var failures = new TreeMap<Integer, BuildingBlockException>();
    for (int from = 0; from < messages.size(); from += BATCH) {
      int to = Math.min(from + BATCH, messages.size());
      try {
        publishBatch(messages.subList(from, to), from, deadline, failures);
      } catch (BuildingBlockException e) {
        for (int i = from; i < to; i++) {
          failures.put(i, e);
        }
      }
    }
    return failures;
  }

  private void publishBatch(
      List<OutgoingMessage> messages,
      int from,
      Deadline deadline,
      Map<Integer, BuildingBlockException> failures) {
    var calls = new ArrayList<RedisCall<String>>(messages.size());
    messages.forEach(message -> calls.add(append(message)));
    var replies = connection.callAll(calls, deadline);
    for (int i = 0; i < replies.size(); i++) {
      var failure = replies.get(i).failure();
      if (failure != null) {
        failures.put(from + i, failure);
      }
    }
  }

  private RedisCall<String> append(OutgoingMessage message) {
    var topic = message.topic().getBytes(UTF_8);
    return RedisCall.of(CommandType.XADD, StatusOutput::new, topic, arguments -> {
      arguments.addKey(topic);
      if (settings.maxLenApprox() > 0) {
        arguments.add("MAXLEN").add("~").add(settings.maxLenApprox());
      } else if (!settings.streamTtl().isZero()) {
        long oldest = time.now().minus(settings.streamTtl()).toEpochMilli();
        arguments.add("MINID").add("~").add(oldest + "-1");
      }
      arguments.add(ANY_ID).add(DATA).add(message.data());
      var metadata = message.metadata();
      if (metadata != null) {
        arguments.add(METADATA).add(MetadataField.write(metadata));
      }
    });
  }
}
