// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.delete;
import static dev.pillion.state.redis.Changes.get;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateValue;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies in Redis is what daprd puts there, and what daprd puts there is read. */
@ExtendWith(RealServers.class)
class RedisLayoutIT {
  private static final long NO_EXPIRY = -1;
  private static final String KEY =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  /** "hello" encrypted with it, as Dapr does with the bytes 0 to 11 as its nonce. */
  private static final String E1 = "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||state-key";

  private static final String RECORD = "[A-Za-z0-9+/]{44}\\|\\|state-key";

  private static String uri;
  private static RedisStateStore store;
  private static RawRedis raw;

  @BeforeAll
  static void open(RedisServer redis) {
    uri = redis.uri().toString();
    store = RedisStateStore.at(uri);
    store.open(TestTime.context());
    raw = new RawRedis(uri);
  }

  @AfterAll
  static void close() {
    store.close();
    raw.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\"abc\"", "abc", "3.14159265358979", "{\"b\":\"<x>\"}", "null", "\"0\"", ""})
  @DisplayName("R1, R2, R4, R5, R6, R15: a save makes a hash of data and version 1, without expiry")
  void aSaveMakesDaprsHash(String value) {
    var key = key();
    apply(store, put(key, value));

    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", value, "version", "1"));
    assertThat(raw.commands.ttl(key)).isEqualTo(NO_EXPIRY);
    assertThat(text(store, key)).isEqualTo(value);
    assertThat(get(store, key).orElseThrow().etag()).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"abc\"", "abc", "3.141593", "{\"b\":\"<x>\"}", "null", ""})
  @DisplayName("what daprd saves is read, changed under its etag, and deleted")
  void whatDaprSavesIsOurs(String value) {
    var key = key();
    daprSaves(key, "0", value, "1");

    assertThat(text(store, key)).isEqualTo(value);
    apply(store, put(key, "ours", Condition.matches("1")));
    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", "ours", "version", "2"));
    daprSaves(key, "2", "theirs", "1");
    apply(store, delete(key, Condition.matches("3")));
    assertThat(raw.commands.exists(key)).isZero();
  }

  @Test
  @DisplayName("R3: a second save counts the version up")
  void aSecondSaveCountsUp() {
    var key = key();
    apply(store, put(key, "\"abc\""));
    apply(store, put(key, "\"abc\""));

    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", "\"abc\"", "version", "2"));
  }

  @Test
  @DisplayName("R7: first-write leaves Dapr's flag")
  void firstWriteLeavesItsFlag() {
    var key = key();
    apply(store, put(key, "\"abc\"", Condition.absent()));

    assertThat(raw.commands.hgetall(key))
        .isEqualTo(Map.of("data", "\"abc\"", "first-write", "0", "version", "1"));
  }

  @Test
  void lastWriteWinsOverAFlaggedValueOfDaprs() {
    var key = key();
    daprSaves(key, "0", "flagged", "0");
    apply(store, put(key, "later"));

    assertThat(raw.commands.hgetall(key))
        .isEqualTo(Map.of("data", "later", "first-write", "0", "version", "2"));
  }

  @Test
  @DisplayName("R8, R14: the version is the etag of saves and deletes")
  void theVersionIsTheEtag() {
    var key = key();
    apply(store, put(key, "\"abc\""));
    apply(store, put(key, "\"x\"", Condition.matches("1")));

    assertThat(raw.commands.hgetall(key)).isEqualTo(Map.of("data", "\"x\"", "version", "2"));
    assertThatThrownBy(() -> apply(store, delete(key, Condition.matches("1"))))
        .isInstanceOf(EtagMismatchException.class);
    apply(store, delete(key, Condition.matches("2")));
    assertThat(raw.commands.exists(key)).isZero();
  }

  @Test
  @DisplayName("R9, R10: a time to live is Redis's own, and a save without one clears it")
  void aTimeToLiveIsRedissOwn() {
    var key = key();
    apply(store, put(key, "\"abc\"", Condition.none(), Duration.ofSeconds(60)));
    assertThat(raw.commands.ttl(key)).isBetween(59L, 60L);

    apply(store, put(key, "\"abc\""));
    assertThat(raw.commands.ttl(key)).isEqualTo(NO_EXPIRY);
  }

  @Test
  @DisplayName("R13: a transaction leaves what its operations leave one by one")
  void aTransactionLeavesDaprsHashes() {
    var saved = key();
    var deleted = key();
    apply(store, put(deleted, "x"));
    store.transact(List.of(put(saved, "\"abc\""), delete(deleted)), Deadline.none());

    assertThat(raw.commands.hgetall(saved)).isEqualTo(Map.of("data", "\"abc\"", "version", "1"));
    assertThat(raw.commands.exists(deleted)).isZero();
  }

  @Test
  void whatWeSaveDaprChangesAndDeletes() {
    var key = key();
    apply(store, put(key, "ours"));
    daprSaves(key, "1", "theirs", "1");
    assertThat(text(store, key)).isEqualTo("theirs");
    raw.commands.eval(RawRedis.DAPR_DELETE, ScriptOutputType.INTEGER, new String[] {key}, "2");
    assertThat(get(store, key)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"007", "+7", "7"})
  void anEtagIsANumberHoweverWritten(String etag) {
    var key = key();
    raw.commands.hset(key, Map.of("data", "x", "version", "7"));
    apply(store, put(key, "y", Condition.matches(etag)));
    assertThat(raw.commands.hget(key, "version")).isEqualTo("8");
  }

  @Test
  void zeroIsAnEtagThatMatchesNothing() {
    var key = key();
    apply(store, put(key, "x"));
    assertThatThrownBy(() -> apply(store, put(key, "y", Condition.matches("0"))))
        .isInstanceOf(EtagMismatchException.class);
    assertThatThrownBy(() -> apply(store, delete(key, Condition.matches("0"))))
        .isInstanceOf(EtagMismatchException.class);
    assertThat(text(store, key)).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "1.0", " 1", "1 ", "99999999999999999999", "9223372036854775808"})
  void whatIsNoIntegerIsAMalformedEtag(String etag) {
    var key = key();
    apply(store, put(key, "x"));
    assertThatThrownBy(() -> apply(store, put(key, "y", Condition.matches(etag))))
        .isInstanceOfSatisfying(
            EtagMismatchException.class, e -> assertThat(e.malformedReason()).contains("integer"));
    assertThatThrownBy(() -> apply(store, delete(key, Condition.matches(etag))))
        .isInstanceOfSatisfying(
            EtagMismatchException.class, e -> assertThat(e.malformedReason()).contains("integer"));
    assertThatThrownBy(() -> store.transact(
            List.of(put(key(), "z"), put(key, "y", Condition.matches(etag))), Deadline.none()))
        .isInstanceOf(EtagMismatchException.class);
    assertThat(text(store, key)).isEqualTo("x");
  }

  @Test
  void aStringOfSomebodyElsesIsReadWithoutEtag() {
    var key = key();
    raw.commands.set(key, "plain");
    var other = key();
    apply(store, put(other, "x"));

    assertThat(text(store, key)).isEqualTo("plain");
    assertThat(get(store, key).orElseThrow().etag()).isEmpty();
    var read = store.getAll(List.of(key, other), ReadOptions.defaults(), Deadline.none());
    assertThat(read.found()).containsOnlyKeys(key, other);
    assertThat(new String(read.found().get(key).bytes(), UTF_8)).isEqualTo("plain");
  }

  @Test
  void aKeyOfAnotherTypeIsReplacedByAnUnconditionalSave() {
    for (String type : List.of("string", "list", "odd version")) {
      var key = foreign(type);
      raw.commands.expire(key, 60);
      apply(store, put(key, "x"));
      assertThat(raw.commands.hgetall(key)).as(type).isEqualTo(Map.of("data", "x", "version", "1"));
      assertThat(raw.commands.ttl(key)).as(type).isEqualTo(NO_EXPIRY);
    }
  }

  @Test
  void aKeyOfAnotherTypeIsDeletedByAnUnconditionalDelete() {
    var key = foreign("list");
    apply(store, delete(key));
    assertThat(raw.commands.exists(key)).isZero();
  }

  @Test
  void aKeyOfAnotherTypeIsNeverTouchedByAConditionalWrite() {
    for (String type : List.of("string", "list")) {
      var key = foreign(type);
      assertThatThrownBy(() -> apply(store, put(key, "x", Condition.absent())))
          .isInstanceOf(EtagMismatchException.class);
      assertThatThrownBy(() -> apply(store, put(key, "x", Condition.matches("1"))))
          .isInstanceOf(EtagMismatchException.class);
      assertThatThrownBy(() -> apply(store, delete(key, Condition.matches("1"))))
          .isInstanceOf(EtagMismatchException.class);
      assertThat(raw.commands.type(key)).isEqualTo(type);
    }
  }

  @Test
  void aListCanNotBeRead() {
    var key = foreign("list");
    var other = key();
    apply(store, put(other, "x"));
    assertThatThrownBy(() -> get(store, key))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("WRONGTYPE");
    var read = store.getAll(List.of(key, other), ReadOptions.defaults(), Deadline.none());
    assertThat(read.found()).containsOnlyKeys(other);
    assertThat(read.failures()).containsOnlyKeys(key);
  }

  @ParameterizedTest
  @ValueSource(strings = {"data", "version"})
  void aHashWithOnlyOneOfItsFieldsIsAnErrorAsInDapr(String field) {
    var key = key();
    raw.commands.hset(key, field, "1");
    assertThatThrownBy(() -> get(store, key))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("required hash field 'data' or 'version' was not found");
  }

  @Test
  void theComponentsTimeToLiveIsForSavesThatNameNone() {
    for (String seconds : List.of("100", "0", "-1")) {
      var spec = ComponentSpec.of(
          "st",
          "state.redis",
          Map.of("redisHost", uri.substring("redis://".length()), "ttlInSeconds", seconds));
      var configured = new RedisStateStore.Provider().create(spec);
      assertThat(spec.metadata().problems()).isEmpty();
      configured.open(TestTime.context());
      try (configured) {
        var ours = (RedisStateStore) configured;
        var key = key();
        apply(ours, put(key, "x"));
        assertThat(raw.commands.ttl(key))
            .isBetween(seconds.equals("100") ? 99L : NO_EXPIRY, seconds.equals("100") ? 100L : -1L);
        apply(ours, put(key, "x", Condition.none(), Duration.ofSeconds(50)));
        assertThat(raw.commands.ttl(key)).isBetween(49L, 50L);
      }
    }
  }

  @Test
  void valuesOfAnyBytesComeBack() {
    var bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    var key = key();
    apply(
        store,
        new dev.pillion.state.spi.StateChange.Put(
            key,
            new StateValue(bytes, false),
            Condition.none(),
            null,
            dev.pillion.state.Consistency.EVENTUAL,
            Map.of()));
    assertThat(get(store, key).orElseThrow().bytes()).isEqualTo(bytes);
  }

  @Test
  @DisplayName("E1: an encrypted value is the text of its record, as opaque bytes")
  void anEncryptedValueIsDaprsRecord() {
    try (var runtime = encrypted()) {
      var orders = runtime.state("st");
      raw.commands.hset("orders||e1", Map.of("data", E1, "version", "1"));
      assertThat(orders.get("e1", byte[].class)).contains("hello".getBytes(UTF_8));

      orders.save("ours", "hello".getBytes(UTF_8));
      var stored = raw.commands.hgetall("orders||ours");
      assertThat(stored).containsOnlyKeys("data", "version").containsEntry("version", "1");
      assertThat(stored.get("data")).matches(RECORD);
      assertThat(orders.get("ours", byte[].class)).contains("hello".getBytes(UTF_8));
    }
  }

  private static EmbeddedRuntime encrypted() {
    var metadata = ComponentMetadata.of(
        Map.of("redisHost", uri.substring("redis://".length()), "primaryEncryptionKey", KEY),
        Map.of("primaryEncryptionKey", "state-key"));
    return EmbeddedRuntime.builder("orders")
        .component(
            new ComponentSpec("st", "state.redis", "v1", metadata, Duration.ofSeconds(5), false))
        .start();
  }

  @Test
  void theLargestValueIsTheServersOwnDefault() {
    assertThat(raw.commands.configGet("proto-max-bulk-len"))
        .containsEntry("proto-max-bulk-len", Integer.toString(store.maxValueSize()));
  }

  private static String foreign(String type) {
    var key = key();
    switch (type) {
      case "string" -> raw.commands.set(key, "plain");
      case "list" -> raw.commands.rpush(key, "a", "b");
      default -> raw.commands.hset(key, Map.of("data", "x", "version", "007", "other", "y"));
    }
    return key;
  }

  private static void daprSaves(String key, String version, String data, String firstWrite) {
    raw.commands.eval(
        RawRedis.DAPR_SET, ScriptOutputType.INTEGER, new String[] {key}, version, data, firstWrite);
  }
}
