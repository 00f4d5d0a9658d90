// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.SerializationException;
import dev.pillion.TypeRef;
import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.Consistency;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the engine makes of keys, values and options before and behind a store. */
class StoreClientTest {
  private final ScriptedStore component = new ScriptedStore();
  private final StateStore store = new StateEngine(
          "orders", "", new TestJson(), CallChain.of(List.of()))
      .store("st", component, ComponentMetadata.of(Map.of()));

  private StateChange.Put put(int position) {
    return (StateChange.Put) component.given.get(position);
  }

  private String text(int position) {
    return new String(put(position).value().bytes(), UTF_8);
  }

  @Test
  void bytesPassUntouchedAndOpaque() {
    byte[] bytes = {0, (byte) 0xff, '"'};
    store.save("k1", bytes);
    assertThat(put(0).key()).isEqualTo("orders||k1");
    assertThat(put(0).value().isJson()).isFalse();
    assertThat(put(0).value().bytes()).isEqualTo(bytes);
    assertThat(store.get("k1", byte[].class)).contains(bytes);
    assertThat(store.get("k1", new TypeRef<byte[]>() {}, ReadOptions.defaults()))
        .contains(bytes);
    store.save("empty", new byte[0]);
    assertThat(store.get("empty", byte[].class)).contains(new byte[0]);
  }

  @Test
  void everythingElseIsJson() {
    store.save("k1", "abc");
    store.save("k1", Map.of("a", List.of(1)));
    assertThat(text(0)).isEqualTo("\"abc\"");
    assertThat(text(1)).isEqualTo("{\"a\":[1]}");
    assertThat(put(1).value().isJson()).isTrue();
    assertThat(
            store.get("k1", new TypeRef<Map<String, List<Integer>>>() {}, ReadOptions.defaults()))
        .contains(Map.of("a", List.of(1)));
  }

  @Test
  void bytesMarkedAsJsonAreStoredCompactAsDaprDoes() {
    store.save(
        "k1", "{\"a\": 1}".getBytes(UTF_8), SaveOptions.defaults().contentType("application/json"));
    assertThat(text(0)).isEqualTo("{\"a\":1}");
    assertThat(put(0).value().isJson()).isTrue();
    assertThat(put(0).isMarkedJson()).isTrue();
    store.save(
        "k1", "{\"a\": 1}".getBytes(UTF_8), SaveOptions.defaults().contentType("application/JSON"));
    assertThat(text(1)).isEqualTo("{\"a\": 1}");
    assertThat(put(1).value().isJson()).isFalse();
  }

  @Test
  void bytesMarkedAsJsonStayOpaqueInATransactionAsInDapr() {
    var json = SaveOptions.defaults().contentType("application/json");
    store.transaction(
        tx -> tx.save("k1", "{\"a\": 1}".getBytes(UTF_8), json).save("k2", Map.of("a", 1), json));
    assertThat(text(0)).isEqualTo("{\"a\": 1}");
    assertThat(put(0).value().isJson()).isFalse();
    assertThat(text(1)).isEqualTo("{\"a\":1}");
    assertThat(put(1).value().isJson()).isTrue();
  }

  @Test
  void aValueOverTheStoresLimitIsRefusedByItsKeyBeforeAnythingIsSent() {
    component.maxValueSize = 4;
    var limited = new StateEngine("orders", "", new TestJson(), CallChain.of(List.of()))
        .store("st", component, ComponentMetadata.of(Map.of()));
    limited.save("k1", new byte[4]);
    for (StateChanges.Writer<RuntimeException> tooLarge :
        List.<StateChanges.Writer<RuntimeException>>of(
            changes -> changes.save("k2", new byte[5]),
            changes -> changes.save("k1", 1).save("k2", "json"))) {
      for (var call : List.<ThrowingCallable>of(
          () -> limited.bulk(tooLarge), () -> limited.transaction(tooLarge))) {
        var refused = catchThrowableOfType(ComponentException.class, call);
        assertThat(refused).hasMessageContaining("\"k2\"").hasMessageContaining("at most 4");
        assertThat(refused.errorCode()).isEqualTo("ERR_STATE_SAVE");
        assertThat(refused.isTransient()).isFalse();
      }
    }
    assertThatThrownBy(() -> limited.save("k2", "json")).isInstanceOf(ComponentException.class);
    assertThat(component.given).hasSize(1);
  }

  @Test
  void aStoredNullReadsAsEmptyUnlessReadAsBytes() {
    component.stored.put("orders||k1", "null".getBytes(UTF_8));
    assertThat(store.get("k1", String.class)).isEmpty();
    assertThat(store.entry("k1", String.class)).isEmpty();
    assertThat(store.getAll(List.of("k1"), String.class).found()).isEmpty();
    assertThat(store.get("k1", byte[].class)).contains("null".getBytes(UTF_8));
  }

  @Test
  void argumentsInTheWrongOrderAreRefusedByName() {
    var wrong = new LinkedHashMap<Object, String>();
    wrong.put(String.class, "a Class is no value");
    wrong.put(TypeRef.of(String.class), "a TypeRef is no value");
    wrong.put(new TypeRef<List<String>>() {}, "a TypeRef is no value");
    wrong.put(Optional.of("x"), "a Optional is no value");
    wrong.put(SaveOptions.defaults(), "a SaveOptions is no value");
    wrong.put(ReadOptions.defaults(), "a ReadOptions is no value");
    wrong.put(DeleteOptions.defaults(), "a DeleteOptions is no value");
    wrong.forEach((value, message) -> {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.save("k1", value))
          .withMessageContaining(message);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.transaction(tx -> tx.save("k1", value)));
      assertThatIllegalArgumentException().isThrownBy(() -> store.saveAll(Map.of("k1", value)));
    });
    assertThat(component.given).isEmpty();
  }

  @Test
  void nullIsNoValue() {
    assertThatNullPointerException()
        .isThrownBy(() -> store.save("k1", null))
        .withMessageContaining("delete the key instead");
  }

  @Test
  void keysAreCheckedByEveryVerb() {
    for (String key : List.of("", "a||b")) {
      assertThatIllegalArgumentException().isThrownBy(() -> store.get(key, byte[].class));
      assertThatIllegalArgumentException().isThrownBy(() -> store.entry(key, byte[].class));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.getAll(List.of("ok", key), byte[].class));
      assertThatIllegalArgumentException().isThrownBy(() -> store.save(key, 1));
      assertThatIllegalArgumentException().isThrownBy(() -> store.delete(key));
      assertThatIllegalArgumentException().isThrownBy(() -> store.deleteAll(List.of("ok", key)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.bulk(changes -> changes.save("ok", 1).save(key, 1)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.transaction(tx -> tx.save("ok", 1).delete(key)));
    }
    assertThat(component.given).isEmpty();
  }

  @Test
  void optionsReachTheStore() {
    store.save(
        "k1", 1, SaveOptions.ifMatch("7").expireAfter(Duration.ofMillis(1500)).strong());
    store.save("k1", 1, SaveOptions.firstWrite().metadata("a", "b"));
    store.save("k1", 1);
    store.delete("k1", DeleteOptions.ifMatch("8").metadata("c", "d"));
    assertThat(put(0).condition().etag()).isEqualTo("7");
    assertThat(put(0).timeToLive()).isEqualTo(Duration.ofSeconds(2));
    assertThat(put(0).consistency()).isEqualTo(Consistency.STRONG);
    assertThat(put(1).condition().isAbsent()).isTrue();
    assertThat(put(1).metadata()).containsExactly(Map.entry("a", "b"));
    assertThat(put(2).condition().isNone()).isTrue();
    assertThat(put(2).timeToLive()).isNull();
    assertThat(component.given.get(3).condition().etag()).isEqualTo("8");
    assertThat(component.given.get(3).metadata()).containsExactly(Map.entry("c", "d"));
  }

  @Test
  void explicitlyNoExpiryIsToldApartByTheMetadata() {
    store.save("k1", 1, SaveOptions.defaults().metadata("ttlInSeconds", "-1"));
    assertThat(put(0).timeToLive()).isNull();
    assertThat(put(0).metadata()).containsKey("ttlInSeconds");
  }

  @Test
  void neitherArgumentsNorResultsAreShared() {
    byte[] argument = {1, 2, 3};
    store.save("k1", argument);
    store.transaction(tx -> tx.save("k2", argument));
    store.saveAll(Map.of("k3", argument));
    argument[0] = 99;
    for (String key : List.of("k1", "k2", "k3")) {
      byte[] result = store.get(key, byte[].class).orElseThrow();
      assertThat(result).containsExactly(1, 2, 3);
      result[0] = 99;
      assertThat(store.get(key, byte[].class)).contains(new byte[] {1, 2, 3});
    }
    var list = new ArrayList<>(List.of("a"));
    store.save("k4", list);
    list.add("b");
    assertThat(store.get("k4", new TypeRef<List<String>>() {}, ReadOptions.defaults()))
        .contains(List.of("a"));
  }

  @Test
  void changesAreFrozenWhenTheLambdaReturns() {
    var kept = new ArrayList<StateChanges>();
    store.bulk(changes -> kept.add(changes.save("k1", 1)));
    store.transaction(tx -> kept.add(tx.save("k1", 2)));
    for (StateChanges late : kept) {
      assertThatIllegalStateException()
          .isThrownBy(() -> late.save("late", 1))
          .withMessageContaining("\"late\" came too late");
    }
    assertThat(component.given).hasSize(2);
  }

  @Test
  void aLambdaThatThrowsSendsNothingAndKeepsItsException() {
    assertThatExceptionOfType(java.io.IOException.class)
        .isThrownBy(() -> store.transaction(tx -> {
          tx.save("k1", 1);
          throw new java.io.IOException("mine");
        }))
        .withMessage("mine");
    assertThatExceptionOfType(InterruptedException.class)
        .isThrownBy(() -> store.bulk(changes -> {
          changes.save("k1", 1);
          throw new InterruptedException("mine");
        }));
    assertThat(component.given).isEmpty();
  }

  @Test
  void nothingToDoCallsNothing() {
    component.failure = new dev.pillion.ComponentException("X", "must not be called", true, null);
    store.bulk(changes -> {});
    store.transaction(tx -> {});
    store.saveAll(Map.of());
    store.deleteAll(List.of());
    assertThat(store.getAll(List.of(), byte[].class).found()).isEmpty();
  }

  @Test
  void aConditionStandsOnTheFirstChangeOfItsKeyInATransaction() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> store.transaction(tx -> tx.save("k1", 1).save("k1", 2, SaveOptions.ifMatch("1"))))
        .withMessageContaining("\"k1\"");
    store.transaction(tx -> tx.save("k1", 1, SaveOptions.firstWrite()).delete("k1"));
    assertThat(component.given).hasSize(2);
    store.bulk(changes -> changes.save("k1", 1).save("k1", 2, SaveOptions.ifMatch("1")));
  }

  @Test
  void bulkReadKeepsTheOrderOfTheRequestAndReadsAKeyOnce() {
    store.saveAll(new LinkedHashMap<>(Map.of("a", 1, "b", 2, "c", 3)));
    var read = store.getAll(List.of("c", "missing", "a", "c"), Integer.class);
    assertThat(read.found().keySet()).containsExactly("c", "a");
    assertThat(read.get("c")).contains(3);
    assertThat(read.get("missing")).isEmpty();
    assertThat(read.entry("a").orElseThrow().key()).isEqualTo("a");
  }

  @Test
  void aValueOfAnotherTypeNamesTheKeyAndNotThePayload() {
    component.stored.put("orders||k1", "{\"canary\":1}".getBytes(UTF_8));
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> store.get("k1", Integer.class))
        .withMessageStartingWith("fail to get k1 from state store st: ")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("canary"));
    var read = store.getAll(List.of("k1", "k2"), Integer.class);
    assertThat(read.failures().get("k1"))
        .isInstanceOf(SerializationException.class)
        .hasMessageContaining("k1");
    assertThatExceptionOfType(SerializationException.class).isThrownBy(() -> read.get("k1"));
  }
}
