// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.redis.RedisStateStore;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * R2 and R3 on Redis: the store beside raw Lettuce, one connection each, 1 KB as {@code byte[]}.
 */
final class RedisComparison {
  private static final byte[] DATA = utf8("data");
  private static final byte[] VERSION = utf8("version");

  /** What an application would write by hand for a save over an etag in Dapr's layout. */
  private static final String COMPARE_AND_SET = """
            if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 1 end
            redis.call('HSET', KEYS[1], 'data', ARGV[2])
            redis.call('HINCRBY', KEYS[1], 'version', 1)
            redis.call('PERSIST', KEYS[1])
            return 0
            """;

  /** And for three saves that belong together. */
  private static final String THREE = """
            for i = 1, 3 do
              redis.call('HSET', KEYS[i], 'data', ARGV[1])
              redis.call('HINCRBY', KEYS[i], 'version', 1)
              redis.call('PERSIST', KEYS[i])
            end
            return 0
            """;

  private final StateStore store;
  private final RedisAsyncCommands<byte[], byte[]> raw;
  private final String compareAndSet;
  private final String three;

  private RedisComparison(StateStore store, RedisAsyncCommands<byte[], byte[]> raw)
      throws Exception {
    this.store = store;
    this.raw = raw;
    this.compareAndSet = raw.scriptLoad(COMPARE_AND_SET).get();
    this.three = raw.scriptLoad(THREE).get();
  }

  static void run(Results results) throws Exception {
    try (var server = RedisServer.start();
        var runtime = EmbeddedRuntime.builder(Values.APP)
            .component("redis", RedisStateStore.at(server.uri().toString()))
            .start()) {
      var client = RedisClient.create(RedisURI.create(server.uri()));
      try (var connection = client.connect(ByteArrayCodec.INSTANCE)) {
        new RedisComparison(runtime.state("redis"), connection.async()).compare(results);
      } finally {
        client.shutdown();
      }
    }
  }

  private void compare(Results results) throws Exception {
    for (int thread = 0; thread < 8; thread++) {
      for (int i = 0; i < Values.KEYS / 8; i++) {
        store.save(Values.key(thread, i), Values.KILOBYTE);
      }
    }
    for (int threads : new int[] {1, 8}) {
      var rounds = new PairedRounds(threads, 16, 600);
      results.add(
          "R2",
          "Redis get, " + threads + " callers, beside raw HMGET",
          rounds.compare(this::get, this::rawGet),
          0.95,
          1.05);
      results.add(
          "R2",
          "Redis save, " + threads + " callers, beside raw SET",
          rounds.compare(this::save, this::rawSet),
          0.95,
          1.05);
      results.add(
          "R3",
          "Redis save over an etag, " + threads + " callers, beside a hand-written EVALSHA",
          rounds.compare(new Etags(false), new Etags(true)),
          0.91,
          1.10);
      results.add(
          "R3",
          "Redis transaction of 3, " + threads + " callers, beside a hand-written EVALSHA",
          rounds.compare(this::transaction, this::rawTransaction),
          0.91,
          1.10);
      results.add(
          "R3",
          "Redis bulk get of 100, " + threads + " callers, beside a pipeline by hand",
          rounds.compare(this::getAll, this::rawGetAll),
          0.95,
          1.05);
    }
  }

  private void get(int thread, long count) {
    Values.found(store.get(Values.key(thread, count), byte[].class));
  }

  private void rawGet(int thread, long count) throws Exception {
    raw.hmget(Values.storedKey(thread, count), DATA, VERSION).get();
  }

  private void save(int thread, long count) {
    store.save(Values.key(thread, count), Values.KILOBYTE);
  }

  private void rawSet(int thread, long count) throws Exception {
    raw.set(utf8("raw-" + Values.key(thread, count)), Values.KILOBYTE).get();
  }

  /** Each caller saves over and over the etag it has seen last, on a key of its own. */
  private final class Etags implements Arm {
    private final boolean byHand;
    private final long[] versions = new long[8];

    Etags(boolean byHand) {
      this.byHand = byHand;
    }

    @Override
    public void call(int thread, long count) throws Exception {
      var key = (byHand ? "etag-raw-" : "etag-") + thread;
      if (versions[thread] == 0) {
        store.delete(key);
        store.save(key, Values.KILOBYTE);
        versions[thread] = 1;
      }
      var version = Long.toString(versions[thread]++);
      if (byHand) {
        Long refused = raw.<Long>evalsha(
                compareAndSet,
                ScriptOutputType.INTEGER,
                new byte[][] {Values.storedKey(key)},
                utf8(version),
                Values.KILOBYTE)
            .get();
        if (refused != 0) {
          throw new IllegalStateException("the arm by hand was refused");
        }
      } else {
        store.save(key, Values.KILOBYTE, SaveOptions.ifMatch(version));
      }
    }
  }

  private void transaction(int thread, long count) {
    store.transaction(tx -> tx.save("a-" + thread, Values.KILOBYTE)
        .save("b-" + thread, Values.KILOBYTE)
        .save("c-" + thread, Values.KILOBYTE));
  }

  private void rawTransaction(int thread, long count) throws Exception {
    raw.<Long>evalsha(
            three,
            ScriptOutputType.INTEGER,
            new byte[][] {
              Values.storedKey("x-" + thread),
              Values.storedKey("y-" + thread),
              Values.storedKey("z-" + thread)
            },
            Values.KILOBYTE)
        .get();
  }

  private static List<String> hundredKeys(int thread, long count) {
    var keys = new ArrayList<String>(100);
    for (int i = 0; i < 100; i++) {
      keys.add(Values.key(thread, count * 100 + i));
    }
    return keys;
  }

  private void getAll(int thread, long count) {
    store.getAll(hundredKeys(thread, count), byte[].class);
  }

  private void rawGetAll(int thread, long count) throws Exception {
    var futures = new ArrayList<RedisFuture<?>>(100);
    for (String key : hundredKeys(thread, count)) {
      futures.add(raw.hmget(Values.storedKey(key), DATA, VERSION));
    }
    for (var future : futures) {
      future.get();
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
