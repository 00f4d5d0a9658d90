// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.connections.redis.RedisScript;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.output.StreamReadOutput;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one consumer of one stream's group. Each blocks until it is answered.
 * Thread-safe.
 */
final class Group {
  /** Consumers whose name begins so are this library's, and go when nothing is pending for them. */
  private static final String OURS = "pillion-";

  /** How many entries one script looks at. */
  static final int PAGE = 100;

  /** Leaves the count of deliveries as the server has it. */
  static final int KEEP_COUNT = -1;

  private static final Duration CLOSING_SLACK = Duration.ofMillis(100);

  /** What has become of an entry that was ours. */
  enum Claim {
    /** It is ours, from now on for another processing timeout. */
    HELD,
    /** Another consumer has it, or has done it. */
    TAKEN,
    /** It is in the stream no more: trimmed, deleted, flushed. */
    GONE
  }

  /**
   * Entries that were claimable and are now ours, and how many of those were not there any more.
   */
  record Reclaimed(List<StreamEntry> entries, int gone) {}

  private final RedisConnection connection;
  private final String topic;
  private final byte[] key;
  private final byte[] name;
  private final byte[] consumer;
  private final Duration claimable;
  private final TimeSource time;

  /**
   * @param instance what tells this consumer from all others there ever are
   * @param claimable from which idle time on anyone may claim an entry
   */
  Group(
      RedisConnection connection,
      String topic,
      String name,
      String instance,
      Duration claimable,
      TimeSource time) {
    this.connection = connection;
    this.topic = topic;
    this.key = topic.getBytes(UTF_8);
    this.name = name.getBytes(UTF_8);
    this.consumer = (OURS + instance).getBytes(UTF_8);
    this.claimable = claimable;
    this.time = time;
  }

  String topic() {
    return topic;
  }

  /**
   * Makes the group, and the stream with it, unless they are there; it begins at the first entry.
   */
  void create() {
    try {
      connection.call(
          RedisCall.of(
              CommandType.XGROUP,
              StatusOutput::new,
              key,
              arguments -> arguments.add("CREATE").addKey(key).add(name).add(0).add("MKSTREAM")),
          Deadline.none());
    } catch (ComponentException e) {
      if (!answers(e, "BUSYGROUP")) {
        throw e;
      }
    }
  }

  /** Whether the group, perhaps with its stream, is not there. */
  static boolean isMissing(RuntimeException failure) {
    return answers(failure, "NOGROUP");
  }

  private static boolean answers(RuntimeException failure, String code) {
    return failure.getCause() instanceof RedisCommandExecutionException answer
        && String.valueOf(answer.getMessage()).contains(code);
  }

  /** Entries that nobody has had, as soon as there are any; none after {@code block}. */
  List<StreamEntry> read(RedisConnection reading, int count, Duration block) {
    long sentAt = time.nanos();
    var call = RedisCall.<List<StreamMessage<byte[], byte[]>>>of(
        CommandType.XREADGROUP, StreamReadOutput::new, key, arguments -> arguments
            .add("GROUP")
            .add(name)
            .add(consumer)
            .add("COUNT")
            .add(count)
            .add("BLOCK")
            .add(block.toMillis())
            .add("STREAMS")
            .addKey(key)
            .add(">"));
    var messages = reading.call(call, Deadline.none());
    if (messages == null || messages.isEmpty()) {
      return List.of();
    }
    var entries = new ArrayList<StreamEntry>(messages.size());
    for (var message : messages) {
      var fields = new StreamEntry.Fields();
      message.getBody().forEach(fields::put);
      entries.add(StreamEntry.fresh(this, message.getId(), fields, sentAt));
    }
    return entries;
  }

  void acknowledge(Collection<StreamEntry> entries) {
    connection.call(
        RedisCall.of(CommandType.XACK, IntegerOutput::new, key, arguments -> {
          arguments.addKey(key).add(name);
          entries.forEach(entry -> arguments.add(ascii(entry.id())));
        }),
        Deadline.none());
  }

  /** Shows a sign of life for entries; what became of each, in their order. */
  List<Claim> renew(List<StreamEntry> entries) {
    long sentAt = time.nanos();
    var claims = hold(entries, Duration.ZERO, entry -> KEEP_COUNT);
    for (int i = 0; i < claims.size(); i++) {
      if (claims.get(i) == Claim.HELD) {
        entries.get(i).claimed(sentAt);
      }
    }
    return claims;
  }

  /** Lets the pause of entries begin; what became of each, in their order. */
  List<Claim> fail(List<StreamEntry> entries) {
    return hold(entries, Duration.ZERO, StreamEntry::countToLeave);
  }

  /** Lets anyone have entries at once; what became of each, in their order. */
  List<Claim> release(List<StreamEntry> entries) {
    return hold(entries, claimable, StreamEntry::countToLeave);
  }

  /** Puts the number of attempts on record; false when the entry is no longer ours. */
  boolean record(StreamEntry entry, int attempts) {
    long sentAt = time.nanos();
    int count = deliveries(attempts);
    boolean held = hold(List.of(entry), Duration.ZERO, any -> count).get(0) == Claim.HELD;
    if (held) {
      entry.claimed(sentAt);
    }
    return held;
  }

  /** One delivery more than attempts: the first one was counted when the entry was fetched. */
  static int deliveries(int attempts) {
    return attempts + 1;
  }

  private List<Claim> hold(
      List<StreamEntry> entries, Duration idle, ToIntFunction<StreamEntry> count) {
    var claims = new ArrayList<Claim>(entries.size());
    for (int from = 0; from < entries.size(); from += PAGE) {
      var arguments = arguments(idle.toMillis());
      for (var entry : entries.subList(from, Math.min(from + PAGE, entries.size()))) {
        arguments.add(ascii(entry.id()));
        arguments.add(ascii(count.applyAsInt(entry)));
      }
      for (Object state : run(GroupScripts.HOLD, arguments)) {
        claims.add(Claim.values()[((Long) state).intValue()]);
      }
    }
    return claims;
  }

  /** Takes entries that nobody has renewed for the processing timeout. */
  Reclaimed reclaim(int count) {
    long sentAt = time.nanos();
    var arguments = arguments(claimable.toMillis());
    arguments.add(ascii(count));
    var answer = run(GroupScripts.RECLAIM, arguments);
    var entries = new ArrayList<StreamEntry>();
    for (Object entry : (List<?>) answer.get(1)) {
      var parts = (List<?>) entry;
      var fields = new StreamEntry.Fields();
      var texts = (List<?>) parts.get(2);
      for (int i = 0; i + 1 < texts.size(); i += 2) {
        fields.put((byte[]) texts.get(i), (byte[]) texts.get(i + 1));
      }
      var id = new String((byte[]) parts.get(0), US_ASCII);
      entries.add(StreamEntry.reclaimed(this, id, fields, (Long) parts.get(1), sentAt));
    }
    return new Reclaimed(entries, ((Long) answer.get(0)).intValue());
  }

  /**
   * Ends this consumer if nothing is pending for it, and otherwise lets anyone have at once what
   * was delivered to it {@code since} and is not among {@code kept}: answers that nobody read.
   */
  void leave(Duration since, Collection<StreamEntry> kept) {
    var arguments = arguments(claimable.toMillis());
    arguments.add(ascii(since.plus(CLOSING_SLACK).toMillis()));
    kept.forEach(entry -> arguments.add(ascii(entry.id())));
    connection.call(RedisCall.script(GroupScripts.LEAVE, List.of(key), arguments), Deadline.none());
  }

  /** Removes consumers of this library that were idle for so long and have nothing pending. */
  void tidy(Duration idle) {
    connection.call(
        RedisCall.script(
            GroupScripts.TIDY, List.of(key), List.of(name, ascii(OURS), ascii(idle.toMillis()))),
        Deadline.none());
  }

  private List<byte[]> arguments(long idleMillis) {
    return new ArrayList<>(List.of(name, consumer, ascii(idleMillis)));
  }

  private List<Object> run(RedisScript script, List<byte[]> arguments) {
    @Nullable
    List<Object> answer = connection.call(
        RedisCall.script(script, ArrayOutput::new, List.of(key), arguments), Deadline.none());
    return Objects.requireNonNull(answer, "a script's answer");
  }

  private static byte[] ascii(Object text) {
    return text.toString().getBytes(US_ASCII);
  }
}
