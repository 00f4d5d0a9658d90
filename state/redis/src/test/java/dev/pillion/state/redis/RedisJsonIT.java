// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.json;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** Documents of RedisJSON, on the server that TEST_REDIS_JSON_URI names. */
class RedisJsonIT {
  private static final String VARIABLE = "TEST_REDIS_JSON_URI";
  private static final Map<String, String> MARKED = Map.of("contentType", "application/json");
  private static final ReadOptions AS_JSON =
      ReadOptions.defaults().metadata("contentType", "application/json");

  /** The script daprd 1.18 saves documents with. */
  private static final String DAPR_SET = """
      	local etag = redis.pcall("JSON.GET", KEYS[1], ".version");
      	if type(etag) == "table" then
      	  redis.call("JSON.DEL", KEYS[1]);
      	end;
      	if not etag or type(etag)=="table" or etag == "" then
      	  etag = ARGV[1];
      	end;
      	local fwr = redis.pcall("JSON.GET", KEYS[1], ".first-write");
      	if etag == ARGV[1] or ((not fwr or type(fwr) == "table") and ARGV[1] == "0") then
      	  redis.call("JSON.SET", KEYS[1], "$", ARGV[2]);
      	  if ARGV[3] == "0" then
      	    redis.call("JSON.SET", KEYS[1], ".first-write", 0);
      	  end;
      	  return redis.call("JSON.SET", KEYS[1], ".version", (etag+1))
      	else
      	  return error("failed to set key " .. KEYS[1])
      	end""";

  private static RedisStateStore store;
  private static RawRedis raw;

  @BeforeAll
  static void open() {
    var uri = System.getenv(VARIABLE);
    if (uri == null) {
      var reason = "RedisJSON: not run, " + VARIABLE + " names no server with the JSON module";
      System.out.println(reason);
      throw new TestAbortedException(reason);
    }
    store = RedisStateStore.at(uri);
    store.open(TestTime.context());
    raw = new RawRedis(uri);
  }

  @AfterAll
  static void close() {
    if (store != null) {
      store.close();
      raw.close();
    }
  }

  @Test
  void aSaveMakesDaprsDocument() {
    var key = key();
    apply(store, json(key, "{\"a\":1}", Condition.none()));
    assertThat(document(key)).isEqualTo("{\"data\":{\"a\":1},\"version\":1}");
    assertThat(read(key)).isEqualTo("{\"a\":1} 1");
    apply(store, json(key, "[1,\"x\",null]", Condition.matches("1")));
    assertThat(read(key)).isEqualTo("[1,\"x\",null] 2");
    for (String json :
        List.of("\"text\"", "12.5", "true", "null", "{}", "{\"version\":{\"data\":[]}}")) {
      apply(store, json(key, json, Condition.none()));
      assertThat(read(key)).startsWith(json + " ");
    }
  }

  @Test
  void firstWriteLeavesDaprsFlag() {
    var key = key();
    apply(store, json(key, "{\"a\":1}", Condition.absent()));
    assertThat(document(key)).isEqualTo("{\"data\":{\"a\":1},\"first-write\":0,\"version\":1}");
    assertThatThrownBy(() -> apply(store, json(key, "1", Condition.absent())))
        .isInstanceOf(EtagMismatchException.class);
    apply(store, json(key, "2", Condition.none()));
    assertThat(read(key)).isEqualTo("2 2");
  }

  @Test
  void whatDaprSavesIsOurs() {
    var key = key();
    raw.commands.eval(
        DAPR_SET, ScriptOutputType.STATUS, new String[] {key}, "0", "{\"data\":{\"a\":1}}", "1");
    assertThat(read(key)).isEqualTo("{\"a\":1} 1");
    apply(store, json(key, "{\"a\":2}", Condition.matches("1")));
    raw.commands.eval(
        DAPR_SET, ScriptOutputType.STATUS, new String[] {key}, "2", "{\"data\":{\"a\":3}}", "1");
    assertThat(read(key)).isEqualTo("{\"a\":3} 3");
    assertThatThrownBy(() -> apply(store, deleteJson(key, Condition.matches("2"))))
        .isInstanceOf(EtagMismatchException.class);
    apply(store, deleteJson(key, Condition.matches("3")));
    assertThat(raw.commands.exists(key)).isZero();
  }

  @Test
  void conditionsAndExpiryAreJudgedAsForHashes() {
    var key = key();
    assertThatThrownBy(() -> apply(store, json(key, "1", Condition.matches("1"))))
        .isInstanceOf(EtagMismatchException.class);
    assertThatThrownBy(() -> apply(store, deleteJson(key, Condition.matches("1"))))
        .isInstanceOf(EtagMismatchException.class);
    apply(
        store,
        new StateChange.Put(
            key,
            new StateValue("1".getBytes(UTF_8), true),
            Condition.none(),
            Duration.ofSeconds(60),
            Consistency.EVENTUAL,
            MARKED));
    assertThat(raw.commands.ttl(key)).isBetween(59L, 60L);
    apply(store, json(key, "2", Condition.none()));
    assertThat(raw.commands.ttl(key)).isEqualTo(-1);
  }

  @Test
  void bytesThatAreNoJsonBecomeBase64AsInDapr() {
    var key = key();
    apply(
        store,
        new StateChange.Put(
            key,
            new StateValue("abc".getBytes(UTF_8), false),
            Condition.none(),
            null,
            Consistency.EVENTUAL,
            MARKED));
    assertThat(read(key)).isEqualTo("\"YWJj\" 1");
  }

  @Test
  void aSaveInTheOtherFormReplacesTheKey() {
    var key = key();
    apply(store, put(key, "hash"));
    apply(store, json(key, "1", Condition.none()));
    assertThat(read(key)).isEqualTo("1 1");
    apply(store, put(key, "hash"));
    assertThat(text(store, key)).isEqualTo("hash");
    store.transact(
        List.of(json(key, "2", Condition.none()), put(key, "h"), json(key, "3", Condition.none())),
        Deadline.none());
    assertThat(read(key)).isEqualTo("3 1");
  }

  @Test
  void aTransactionOfBothFormsIsAllOrNothing() {
    var hash = key();
    var document = key();
    store.transact(
        List.of(put(hash, "1"), json(document, "1", Condition.absent())), Deadline.none());
    assertThatThrownBy(() -> store.transact(
            List.of(
                put(hash, "2"),
                json(document, "2", Condition.matches("1")),
                deleteJson(hash, Condition.matches("7"))),
            Deadline.none()))
        .isInstanceOf(EtagMismatchException.class);
    assertThat(text(store, hash) + read(document)).isEqualTo("11 1");
  }

  @Test
  void aTextThatIsNoJsonFailsBeforeAnythingIsWritten() {
    for (String text : List.of("{\"a\":", "abc", "", "1 2", "{\"a\":1},\"version\":7")) {
      var first = key();
      assertThatThrownBy(() -> store.transact(
              List.of(json(first, "1", Condition.none()), json(key(), text, Condition.none())),
              Deadline.none()))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("marked as JSON");
      assertThat(raw.commands.exists(first)).isZero();
    }
  }

  @Test
  void aBulkReadIsOfDocumentsToo() {
    var first = key();
    var second = key();
    apply(store, json(first, "1", Condition.none()));
    apply(store, put(second, "hash"));
    var bulk = store.getAll(List.of(first, second, key()), AS_JSON, Deadline.none());
    assertThat(bulk.found()).containsOnlyKeys(first);
    assertThat(bulk.failures()).containsOnlyKeys(second);
    assertThatThrownBy(() -> store.get(second, AS_JSON, Deadline.none()))
        .isInstanceOf(ComponentException.class);
    assertThatThrownBy(() -> Changes.get(store, first)).isInstanceOf(ComponentException.class);
  }

  private static StateChange deleteJson(String key, Condition condition) {
    return new StateChange.Delete(key, condition, MARKED);
  }

  private static String read(String key) {
    Optional<StoredValue> found = store.get(key, AS_JSON, Deadline.none());
    return found
        .map(value -> new String(value.bytes(), UTF_8) + " " + value.etag())
        .orElse("(none)");
  }

  private static String document(String key) {
    return raw.commands.eval(
        "return redis.call('JSON.GET', KEYS[1])", ScriptOutputType.VALUE, new String[] {key});
  }
}
